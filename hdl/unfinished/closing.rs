//! Finish and Closing against arithmetic written down anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod words;

use fogline_hdl::closing::Closing;
use fogline_hdl::emit::verilog;
use fogline_hdl::finish::Finish;
use fogline_hdl::records::{Edit, Finished, Head, Scramble, Seal, Sums};
use fogline_sim::verilated::Model;
use scramble::checksum::sum;
use std::collections::VecDeque;
use words::{Layout, Random, Words};

const VECTORS: usize = 1_000_000;

fn apply(c: u64, delta: u64) -> u64 {
    if c == 65535 { c } else { (c + delta) % 65535 }
}

fn apply_udp(c: u64, delta: u64) -> u64 {
    if c == 0 {
        c
    } else {
        (c - 1 + delta) % 65535 + 1
    }
}

/// Old minus new.
fn less(old: u64, new: u64) -> u64 {
    (old + 65535 - new % 65535) % 65535
}

/// At an odd place.
fn turned(x: u64, odd: bool) -> u64 {
    if odd {
        x % 65535 * 256 % 65535
    } else {
        x % 65535
    }
}

fn random_edit<'l>(layout: &'l Layout, r: &mut Random) -> Words<'l> {
    let mut edit = layout.zero().random(r);
    let length = if r.once_in(3) {
        r.below(80)
    } else {
        r.below(9608)
    };
    edit.set("verdict", if r.once_in(8) { r.from(1, 18) } else { 0 })
        .set("out_end", length)
        .set("kind", r.from(1, 4))
        .set("queue", r.below(65536));
    for name in [
        "outer_checksum",
        "udp_checksum",
        "ip_checksum",
        "transport_checksum",
        "outer_delta",
        "ip_delta",
        "transport_delta",
    ] {
        edit.set(name, r.word());
    }
    edit
}

fn closed(edit: &Words<'_>, sums: &Words<'_>, dropped: u64, lanes: u64, out: &mut Words<'_>) {
    let odd = edit.get("out_info_at") & 1 == 1;
    let (fix_ip, fix_transport) = (edit.get("fix_ip") == 1, edit.get("fix_transport") == 1);
    let inner = turned(less(sums.get("inner_old"), sums.get("inner_new")), odd);
    let options = if edit.get("ip_options") == 1 {
        inner
    } else {
        0
    };
    let ip = apply(edit.get("ip_checksum"), edit.get("ip_delta") + options);
    let old = edit.get("transport_checksum");
    let delta = edit.get("transport_delta") + inner;
    let transport = if edit.get("tcp") == 1 {
        apply(old, delta)
    } else {
        apply_udp(old, delta)
    };
    let mut outer = less(sums.get("outer_old"), sums.get("outer_new")) + edit.get("outer_delta");
    if fix_ip {
        outer += turned(less(edit.get("ip_checksum"), ip), odd);
    }
    if fix_transport {
        outer += turned(less(old, transport), odd);
    }
    let udp = apply_udp(edit.get("udp_checksum"), outer);
    let kind = edit.get("kind");
    let l2tp = kind != 1;
    let fix = edit.get("fix_outer") == 1;
    let patched = [
        fix,
        fix && l2tp,
        fix && kind == 2,
        fix && l2tp,
        fix && l2tp,
        fix && (!l2tp || edit.get("has_message_length") == 1),
        fix_ip,
        fix_transport,
    ];
    let (outer_at, udp_at, message_at) = (
        edit.get("outer_at"),
        edit.get("udp_at"),
        edit.get("message_at"),
    );
    let info_at = edit.get("out_info_at");
    let header = if edit.get("v6") == 1 { 40 } else { 20 };
    let words = [
        (message_at, edit.get("flags")),
        (
            outer_at + if kind == 2 { 2 } else { 4 },
            edit.get("outer_length"),
        ),
        (outer_at + 10, edit.get("outer_checksum")),
        (udp_at + 4, edit.get("udp_length")),
        (udp_at + 6, udp),
        (
            message_at + if l2tp { 2 } else { 4 },
            edit.get("message_length"),
        ),
        (info_at + 10, ip),
        (
            info_at + header + if edit.get("tcp") == 1 { 16 } else { 6 },
            transport,
        ),
    ];
    let length = edit
        .get("out_end")
        .max(if edit.get("pad") == 1 { 60 } else { 0 });
    let doomed = edit.get("verdict");
    out.set("verdict", if doomed == 0 { dropped } else { doomed })
        .set("transformed", edit.get("transformed"))
        .set("length", length)
        .set(
            "beats",
            if doomed == 0 {
                length.div_ceil(lanes)
            } else {
                0
            },
        )
        .set("queue", edit.get("queue"));
    let mut patches = 0u64;
    for (i, (patched, (at, word))) in patched.iter().zip(words).enumerate() {
        patches |= u64::from(*patched) << i;
        // A checksum that is not written may be anything.
        if i < 4 || i == 5 || *patched {
            out.set(&format!("at{i}"), at)
                .set(&format!("word{i}"), word);
        }
    }
    out.set("patches", patches);
}

#[test]
fn closing_computes_every_word() {
    for lanes in [64, 8] {
        let verilog = verilog(Closing::new(lanes), "closing");
        let mut model = Model::build(&verilog, "closing").unwrap();
        let (edits, sums, finished) = (
            Layout::of::<Edit>(),
            Layout::of::<Sums>(),
            Layout::of::<Finished>(),
        );
        let mut r = Random(lanes as u64);
        let mut expected: VecDeque<Option<(Words<'_>, Words<'_>)>> =
            (1..Closing::LATENCY).map(|_| None).collect();
        let mut seen = 0;
        for _ in 0..VECTORS / 2 {
            let valid = !r.once_in(8);
            let edit = random_edit(&edits, &mut r);
            let mut sum = sums.zero();
            for name in ["outer_old", "outer_new", "inner_old", "inner_new"] {
                sum.set(name, r.word());
            }
            let dropped = if r.once_in(8) { 13 } else { 0 };
            let mut out = finished.zero();
            closed(&edit, &sum, dropped, lanes as u64, &mut out);
            model.set("s_valid", valid.into());
            model.set_wide("s_edit", &edit.words);
            model.set_wide("s_sums", &sum.words);
            model.set("s_dropped", dropped);
            expected.push_back(valid.then_some((edit, out)));
            model.tick();
            let due = expected.pop_front().unwrap();
            assert_eq!(model.get("m_valid") == 1, due.is_some());
            let Some((edit, out)) = due else { continue };
            assert_eq!(model.get_wide("m_edit"), edit.words);
            let mut is = finished.with(&model.get_wide("m_finished"));
            for i in [4, 6, 7] {
                if out.get("patches") >> i & 1 == 0 {
                    is.set(&format!("at{i}"), 0u64)
                        .set(&format!("word{i}"), 0u64);
                }
            }
            for name in finished.names() {
                assert_eq!(is.get(name), out.get(name), "{name} of {seen}");
            }
            seen += 1;
        }
    }
}

fn tuple(scramble: &Words<'_>, v6: bool) -> Vec<u8> {
    let mut bytes = vec![0; 44];
    let (at, width) = if v6 { (8, 16) } else { (12, 4) };
    bytes[at..at + width].copy_from_slice(&scramble.bytes("source")[..width]);
    bytes[at + width..at + 2 * width].copy_from_slice(&scramble.bytes("destination")[..width]);
    let ports = at + 2 * width;
    bytes[ports..ports + 2].copy_from_slice(&(scramble.get("source_port") as u16).to_be_bytes());
    bytes[ports + 2..ports + 4]
        .copy_from_slice(&(scramble.get("destination_port") as u16).to_be_bytes());
    bytes
}

#[test]
fn finish_sums_and_masks() {
    let verilog = verilog(Finish::default(), "finish");
    let mut model = Model::build(&verilog, "finish").unwrap();
    let edits = Layout::of::<Edit>();
    let (seals, scrambles, heads) = (
        Layout::of::<Seal>(),
        Layout::of::<Scramble>(),
        Layout::of::<Head>(),
    );
    let mut r = Random(1);
    type Due<'l> = (Words<'l>, Words<'l>, Words<'l>, bool, bool);
    let mut expected: VecDeque<Option<Due<'_>>> = (1..Finish::LATENCY).map(|_| None).collect();
    let mut hellos = 0;
    for _ in 0..VECTORS {
        let valid = !r.once_in(8);
        let mut edit = random_edit(&edits, &mut r);
        let mut seal = seals.zero().random(&mut r);
        let (active, v6, ports) = (!r.once_in(4), r.once_in(2), r.once_in(2));
        let n = r.below(33);
        let mut random = |r: &mut Random| {
            let mut scramble = scrambles.zero();
            let (source, destination) = (r.bytes::<16>(), r.bytes::<16>());
            let width = if v6 { 16 } else { 4 };
            let mut block = r.bytes::<32>();
            if r.once_in(4) {
                for (i, byte) in [(0, 0x16), (1, 3), (5, 1), (6, 0), (9, 3)] {
                    block[i] = byte;
                }
                if r.once_in(2) {
                    block[r.below(10) as usize] ^= 1;
                }
            }
            scramble
                .set("active", active)
                .set("v6", v6)
                .set("ports", ports)
                .set("n", n)
                .set_bytes("source", &source[..width])
                .set_bytes("destination", &destination[..width])
                .set_bytes("block", &block[..n as usize]);
            if ports {
                scramble
                    .set("source_port", r.word())
                    .set("destination_port", r.word());
            }
            scramble
        };
        let (old, new) = (random(&mut r), random(&mut r));
        model.set("s_valid", valid.into());
        model.set_wide("s_edit", &edit.words);
        model.set_wide("s_seal", &seal.words);
        model.set_wide("s_old", &old.words);
        model.set_wide("s_new", &new.words);

        let mut head = heads.zero();
        if active {
            let (mut before, mut after) = (tuple(&old, v6), tuple(&new, v6));
            let (at, bit) = if v6 { (8, 0x10) } else { (6, 0x80) };
            before[at] ^= if edit.get("old_parity") == 1 { bit } else { 0 };
            after[at] ^= if edit.get("parity") == 1 { bit } else { 0 };
            let mask: Vec<u8> = before.iter().zip(&after).map(|(a, b)| a ^ b).collect();
            let block: Vec<u8> = old
                .bytes("block")
                .iter()
                .zip(new.bytes("block"))
                .map(|(a, b)| a ^ b)
                .collect();
            head.set_bytes("tuple", &mask).set_bytes("block", &block);
            let received = edit.get("receive") == 1;
            let mut nonce = vec![0x80];
            nonce.extend(&if received { &old } else { &new }.bytes("block")[..11]);
            seal.set_bytes("nonce", &nonce);
            let parity = |name: &str, weight: u64| edit.get(name) * weight;
            let words = |scramble: &Words<'_>| {
                let bytes = tuple(scramble, v6);
                let from = if v6 { 8 } else { 12 };
                (
                    u64::from(sum(&bytes[from..if v6 { 40 } else { 20 }])),
                    u64::from(sum(&bytes[from..])),
                )
            };
            let (old_words, new_words) = (words(&old), words(&new));
            let v6_parity = if v6 { 0x1000 } else { 0 };
            let transport = less(
                old_words.1 + parity("old_parity", v6_parity),
                new_words.1 + parity("parity", v6_parity),
            );
            let ip = less(
                old_words.0 + parity("old_parity", 0x8000),
                new_words.0 + parity("parity", 0x8000),
            );
            let block = new.bytes("block");
            let hello = n >= 10
                && block[..2] == [0x16, 3]
                && block[5..7] == [1, 0]
                && block[9] == 3
                && ports
                && edit.get("tcp") == 1
                && !received
                && edit.get("verdict") == 0;
            if hello {
                edit.set("verdict", 15u64);
                hellos += usize::from(valid);
            }
            edit.set("transport_delta", transport).set("ip_delta", ip);
        }
        expected.push_back(valid.then_some((edit, seal, head, active, v6)));
        model.tick();
        let due = expected.pop_front().unwrap();
        assert_eq!(model.get("m_valid") == 1, due.is_some());
        let Some((edit, seal, head, active, v6)) = due else {
            continue;
        };
        assert_eq!(model.get_wide("m_seal"), seal.words);
        assert_eq!(model.get_wide("m_head"), head.words);
        let is = edits.with(&model.get_wide("m_edit"));
        for name in edits.names().filter(|name| edits.bits(name) <= 64) {
            let (is, should) = (is.get(name), edit.get(name));
            match name {
                "transport_delta" if !active => {}
                "ip_delta" if !active || v6 => {}
                "transport_delta" | "ip_delta" => assert_eq!(is % 65535, should, "{name}"),
                _ => assert_eq!(is, should, "{name}"),
            }
        }
        assert_eq!(is.bytes("put_bytes"), edit.bytes("put_bytes"));
    }
    assert!(hellos > 1000);
}
