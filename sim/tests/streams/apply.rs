//! Apply against its definition, byte by byte.

use crate::wires::{Random, Sink, Source, beats, reset};
use anyhow::Result;
use fogline_hdl::emit::verilog;
use fogline_hdl::records::{Edit, Sums};
use fogline_hdl::streams::apply::{FORBIDDEN, MARGIN};
use fogline_hdl::streams::{Apply64, Apply100};
use fogline_sim::record::Record;
use fogline_sim::verilated::Model;
use std::collections::VecDeque;

/// What must come of one frame.
struct Expected {
    edit: Vec<u32>,
    held: Vec<Vec<u32>>,
    /// Nobody needs those of a frame that is dropped.
    sums: Option<Record<Sums>>,
    dropped: u64,
}

/// The sum of big-endian words at even offsets over `range` of `bytes`.
fn sum(bytes: &[u8], range: std::ops::Range<usize>) -> u64 {
    let weight = |at: usize| if at.is_multiple_of(2) { 256 } else { 1 };
    range
        .map(|at| weight(at) * bytes.get(at).map_or(0, |byte| u64::from(*byte)))
        .sum::<u64>()
        % 65535
}

/// A random frame and edit, queued; `length` where it is to be untouched.
fn frame(
    random: &mut Random,
    lanes: usize,
    length: Option<usize>,
    sources: &mut [Source; 3],
) -> Expected {
    let plain = length.is_some();
    let length = length.unwrap_or_else(|| random.length(lanes));
    // All ones make sums of 65535.
    let mut old = match random.percent(5) {
        true => vec![0xFF; length],
        false => random.bytes(length),
    };
    if random.percent(5) {
        old.fill(0);
    }
    let (mut at, mut cut, mut put, mut end) = (0, 0, 0, length);
    let mut mask = plain;
    if !plain && random.percent(80) {
        at = random.of(0..length.min(200));
        cut = random.of(0..9).min(length - at);
        put = random.of(0..11);
        end = match random.percent(50) {
            true => length,
            false => random.of(at + cut..length + 1),
        };
        mask = random.percent(70);
    }
    let mut out_end = end + put - cut;
    if out_end == 0 || out_end > 9610 {
        (cut, put, end) = (0, 0, length);
        out_end = length;
    }
    let put_bytes = random.bytes(put);
    let pad = random.percent(50);
    let verdict = if !plain && random.percent(10) {
        random.of(1..18)
    } else {
        0
    };
    let sum_from = random.of(0..out_end.min(500));
    let sum_to = random.of(sum_from..out_end + 1);
    let edit = Record::<Edit>::new()
        .set("verdict", verdict as u64)
        .set("length", length as u64)
        .set("at", at as u64)
        .set("cut", cut as u64)
        .set("put", put as u64)
        .set_bytes("put_bytes", &put_bytes)
        .set("end", end as u64)
        .set("out_end", out_end as u64)
        .set("pad", u64::from(pad))
        .set("mask", u64::from(mask))
        .set("sum_from", sum_from as u64)
        .set("sum_to", sum_to as u64)
        .set("udp_checksum", random.next() & 0xFFFF)
        .set("queue", random.next() & 0xFFFF);
    let mut plain_out = [&old[..at], &put_bytes, &old[at + cut..end]].concat();
    assert_eq!(plain_out.len(), out_end);
    let mut new = plain_out.clone();
    let mut forbidden = false;
    if mask {
        let mask = random.bytes(out_end);
        new.iter_mut()
            .zip(&mask)
            .for_each(|(byte, mask)| *byte ^= mask);
        let mut beats = beats(&mask, lanes, || random.next() as u8);
        let bad = random.of(0..beats.len());
        forbidden = random.percent(10);
        for (i, beat) in beats.drain(..).enumerate() {
            sources[2]
                .queue
                .push_back(vec![beat, vec![u32::from(forbidden && i == bad)]]);
        }
    }
    let sums = Record::<Sums>::new()
        .set("outer_old", sum(&old, at..end))
        .set("outer_new", sum(&new, at..out_end))
        .set("inner_old", sum(&plain_out, sum_from..sum_to))
        .set("inner_new", sum(&new, sum_from..sum_to));
    if pad && new.len() < 60 {
        new.resize(60, 0);
    }
    plain_out.clear();
    sources[0].queue.push_back(vec![edit.words()]);
    let body = beats(&old, lanes, || random.next() as u8);
    sources[1]
        .queue
        .extend(body.into_iter().map(|beat| vec![beat]));
    Expected {
        edit: edit.words(),
        held: if verdict == 0 {
            beats(&new, lanes, || 0)
        } else {
            vec![]
        },
        sums: (verdict == 0).then_some(sums),
        dropped: if forbidden { FORBIDDEN } else { 0 },
    }
}

fn run(
    text: &str,
    lanes: usize,
    frames: usize,
    idle: usize,
    busy: usize,
    length: Option<usize>,
) -> Result<usize> {
    let mut model = Model::build(text, "apply")?;
    reset(&mut model);
    let mut random = Random((lanes + idle + busy) as u64);
    let mut sources = [
        Source::new(&model, "e_valid", "e_ready", &["e_edit"]),
        Source::new(&model, "b_valid", "b_ready", &["b_data"]),
        Source::new(&model, "m_valid", "m_ready", &["m_mask", "m_forbidden"]),
    ];
    sources.iter_mut().for_each(|source| source.idle = idle);
    let mut hold = Sink::new(&model, "h_valid", None, &["h_data"]);
    let mut close = Sink::new(&model, "c_valid", None, &["c_edit", "c_sums", "c_dropped"]);
    let ready = model.input("h_ready");
    let (mut expected, mut closing): (VecDeque<Expected>, VecDeque<Expected>) = Default::default();
    let (mut made, mut done, mut held, mut late, mut cycles, mut stuck) = (0, 0, 0, 0, 0, 0);
    while done < frames {
        while expected.len() + closing.len() < 40 && made < frames {
            expected.push_back(frame(&mut random, lanes, length, &mut sources));
            made += 1;
        }
        let is_ready = !random.percent(busy);
        model.set_at(ready, is_ready.into());
        late = if is_ready { 0 } else { late };
        sources
            .iter_mut()
            .for_each(|source| source.drive(&mut model, &mut random));
        model.eval();
        sources.iter_mut().for_each(|source| source.settle(&model));
        hold.settle(&model);
        close.settle(&model);
        if let Some(data) = hold.got.pop_front() {
            while expected[0].held.len() == held {
                closing.push_back(expected.pop_front().expect("there is one"));
                held = 0;
            }
            assert_eq!(
                data[0],
                expected[0].held[held],
                "beat {held} of frame {}",
                done + closing.len()
            );
            held += 1;
            late += 1;
            assert!(late <= MARGIN || is_ready, "more than the margin holds");
        }
        stuck += 1;
        if let Some(data) = close.got.pop_front() {
            if closing.is_empty() {
                assert_eq!(
                    expected[0].held.len(),
                    held,
                    "all beats are held before the frame closes"
                );
                closing.push_back(expected.pop_front().expect("there is one"));
                held = 0;
            }
            let frame = closing.pop_front().expect("there is one");
            assert_eq!(data[0], frame.edit);
            if let Some(sums) = frame.sums {
                let differences = Record::<Sums>::from_words(&data[1]).differences(&sums);
                assert!(differences.is_empty(), "{differences:?}");
            }
            assert_eq!(u64::from(data[2][0]), frame.dropped);
            done += 1;
            stuck = 0;
        }
        model.tick();
        cycles += 1;
        assert!(stuck < 100_000, "stuck");
    }
    Ok(cycles)
}

fn both(text: &str, lanes: usize, frames: usize) -> Result<()> {
    for (idle, busy) in [(0, 0), (30, 30), (60, 5), (5, 60)] {
        run(text, lanes, frames, idle, busy, None)?;
    }
    for beats in [1, 2, 3] {
        let cycles = run(text, lanes, 5000, 0, 0, Some(beats * lanes))?;
        let per_frame = beats.max(if lanes == 8 { 8 } else { 0 });
        assert!(
            cycles <= 5000 * per_frame + 20,
            "{cycles} cycles for frames of {beats} beats"
        );
    }
    Ok(())
}

#[test]
fn line100() -> Result<()> {
    both(&verilog(Apply100::default(), "apply"), 64, 20_000)
}

#[test]
fn line64() -> Result<()> {
    both(&verilog(Apply64::default(), "apply"), 8, 20_000)
}
