//! The aligners against their definition, byte by byte.

use crate::wires::{Random, Sink, Source, beats, reset, words};
use anyhow::Result;
use fogline_hdl::emit::verilog;
use fogline_hdl::records::{Edit, Head};
use fogline_hdl::streams::{align64::Align64, align100::Align100};
use fogline_sim::record::Record;
use fogline_sim::verilated::Model;
use std::collections::VecDeque;

const NEVER: [u16; 5] = [0xC021, 0x8053, 0xC023, 0xC223, 0xC227];

/// A random frame, queued: its mask, and whether it is forbidden.
fn frame(
    random: &mut Random,
    lanes: usize,
    whole: Option<usize>,
    sources: &mut [Source; 2],
) -> (Vec<Vec<u32>>, bool) {
    let out_end = whole.unwrap_or_else(|| random.length(lanes) + 1);
    let info_at = random.of(0..out_end.min(256));
    let payload_at = random.of(0..(out_end - info_at).min(128));
    let mut tuple = random.bytes(44.min(out_end - info_at));
    let mut block = random.bytes(32.min(out_end - info_at - payload_at));
    if random.percent(30) {
        (tuple, block) = (vec![], vec![]);
    }
    let mut from = random.of(0..out_end.min(512));
    let mut to = match random.of(0..3) {
        0 => out_end,
        1 => random.of(from..out_end + 1),
        _ => (from + 64 * random.of(0..3)).min(out_end),
    };
    if whole.is_some() {
        (from, to) = (random.of(0..64), out_end);
    }
    if random.percent(5) {
        (from, to) = (random.of(0..512), 0);
    }
    let stream = random.bytes(to.saturating_sub(from));
    let covered = stream.len();
    let (mut check, mut sealed, mut forbidden) = (false, random.next() as u16, false);
    if covered >= 2 && random.percent(50) {
        let protocol = match random.of(0..4) {
            0 => NEVER[random.of(0..5)] ^ (u16::from(random.percent(20)) << random.of(0..16)),
            1 => 0x0021,
            _ => random.next() as u16,
        };
        check = true;
        sealed = protocol ^ u16::from_be_bytes([stream[0], stream[1]]);
        forbidden = protocol & 0x0100 != 0 || NEVER.contains(&protocol);
    }
    let edit = Record::<Edit>::new()
        .set("out_end", out_end as u64)
        .set("out_info_at", info_at as u64)
        .set("payload_at", payload_at as u64)
        .set("stream_from", from as u64)
        .set("stream_to", to as u64)
        .set("check_protocol", u64::from(check))
        .set("sealed_protocol", u64::from(sealed))
        .set("mask", 1u64);
    let head = Record::<Head>::new()
        .set_bytes("tuple", &tuple)
        .set_bytes("block", &block);
    sources[0].queue.push_back(vec![edit.words(), head.words()]);
    let mut mask = vec![0; out_end];
    let mut place = |at: usize, bytes: &[u8]| {
        mask[at..]
            .iter_mut()
            .zip(bytes)
            .for_each(|(mask, byte)| *mask ^= byte)
    };
    place(info_at, &tuple);
    place(info_at + payload_at, &block);
    if covered > 0 {
        place(from, &stream);
    }
    for chunk in stream.chunks(64) {
        let mut chunk = chunk.to_vec();
        chunk.resize_with(64, || random.next() as u8);
        sources[1].queue.push_back(vec![words(&chunk)]);
    }
    (beats(&mask, lanes, || 0), forbidden)
}

fn run(
    text: &str,
    lanes: usize,
    frames: usize,
    idle: usize,
    busy: usize,
    whole: Option<usize>,
) -> Result<usize> {
    let mut model = Model::build(text, "align")?;
    reset(&mut model);
    let mut random = Random((lanes + idle + busy) as u64);
    let mut sources = [
        Source::new(&model, "e_valid", "e_ready", &["e_edit", "e_head"]),
        Source::new(&model, "w_valid", "w_ready", &["w_block"]),
    ];
    sources.iter_mut().for_each(|source| source.idle = idle);
    let mut sink = Sink::new(
        &model,
        "m_valid",
        Some("m_ready"),
        &["m_mask", "m_forbidden"],
    );
    sink.busy = busy;
    let mut expected: VecDeque<(Vec<Vec<u32>>, bool)> = VecDeque::new();
    let (mut made, mut done, mut beat, mut forbidden) = (0, 0, 0, false);
    let (mut cycles, mut stuck) = (0, 0);
    while done < frames {
        while expected.len() < 12 && made < frames {
            expected.push_back(frame(&mut random, lanes, whole, &mut sources));
            made += 1;
        }
        sources
            .iter_mut()
            .for_each(|source| source.drive(&mut model, &mut random));
        sink.drive(&mut model, &mut random);
        model.eval();
        sources.iter_mut().for_each(|source| source.settle(&model));
        sink.settle(&model);
        stuck += 1;
        if let Some(data) = sink.got.pop_front() {
            assert_eq!(data[0], expected[0].0[beat], "beat {beat} of frame {done}");
            forbidden |= data[1][0] == 1;
            beat += 1;
            stuck = 0;
            if beat == expected[0].0.len() {
                assert_eq!(forbidden, expected[0].1, "frame {done}");
                (beat, forbidden) = (0, false);
                expected.pop_front();
                done += 1;
            }
        }
        model.tick();
        cycles += 1;
        assert!(stuck < 1000, "stuck");
    }
    assert!(
        sources.iter().all(|source| source.queue.is_empty()),
        "all keystream is used up"
    );
    Ok(cycles)
}

fn both(text: &str, lanes: usize, frames: usize, extra: usize) -> Result<()> {
    for (idle, busy) in [(0, 0), (30, 30), (60, 5), (5, 60)] {
        run(text, lanes, frames, idle, busy, None)?;
    }
    for beats in [1, 2, 3] {
        let cycles = run(text, lanes, 5000, 0, 0, Some(beats * lanes))?;
        assert!(
            cycles <= 5000 * (beats + extra) + 20,
            "{cycles} cycles for frames of {beats} beats"
        );
    }
    Ok(())
}

#[test]
fn line100() -> Result<()> {
    both(&verilog(Align100::default(), "align"), 64, 20_000, 0)
}

#[test]
fn line64() -> Result<()> {
    both(&verilog(Align64::default(), "align"), 8, 20_000, 1)
}
