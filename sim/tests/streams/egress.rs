//! Egress holds, patches, drops, and speaks AXI4-Stream.

use crate::wires::{Random, Sink, Source, beats, reset};
use anyhow::Result;
use fogline_hdl::emit::verilog;
use fogline_hdl::records::Finished;
use fogline_hdl::streams::apply::MARGIN;
use fogline_hdl::streams::egress::Egress;
use fogline_sim::record::Record;
use fogline_sim::verilated::Model;
use std::collections::VecDeque;

/// A frame as it leaves, or is dropped.
struct Expected {
    beats: Vec<Vec<u32>>,
    length: usize,
    queue: u64,
    user: u64,
    dropped: bool,
}

/// A random frame: what to hold, how it is finished, and what must come.
fn frame(
    random: &mut Random,
    lanes: usize,
    length: Option<usize>,
) -> (Vec<Vec<u32>>, Record<Finished>, u64, Expected) {
    let plain = length.is_some();
    let length = length.unwrap_or_else(|| random.length(lanes));
    let mut bytes = random.bytes(length);
    let dropped = !plain && random.percent(15);
    let held = match dropped && random.percent(50) {
        true => vec![],
        false => beats(&bytes, lanes, || 0),
    };
    let queue = random.next() & 0xFFFF;
    let user = random.next() & 0xFFFF;
    let mut finished = Record::<Finished>::new()
        .set("verdict", if dropped { random.of(1..18) as u64 } else { 0 })
        .set("length", length as u64)
        .set("beats", held.len() as u64)
        .set("queue", queue);
    let mut patches = 0;
    let mut taken = vec![false; length.min(513)];
    for patch in 0..8 {
        let at = random.of(0..length.clamp(2, 512) - 1);
        let word = random.next() as u16;
        finished = finished
            .set(&format!("at{patch}"), at as u64)
            .set(&format!("word{patch}"), u64::from(word));
        if length < 2 || taken[at] || taken[at + 1] || random.percent(30) {
            continue;
        }
        patches |= 1u64 << patch;
        bytes[at..at + 2].copy_from_slice(&word.to_be_bytes());
        (taken[at], taken[at + 1]) = (true, true);
    }
    finished = finished.set("patches", patches);
    let expected = Expected {
        beats: beats(&bytes, lanes, || 0),
        length,
        queue,
        user,
        dropped,
    };
    (held, finished, user, expected)
}

fn run(
    text: &str,
    lanes: usize,
    frames: usize,
    idle: usize,
    busy: usize,
    length: Option<usize>,
) -> Result<usize> {
    let mut model = Model::build(text, "egress")?;
    reset(&mut model);
    let mut random = Random((lanes + idle + busy) as u64);
    let mut finish = Source::new(&model, "f_valid", "f_ready", &["f"]);
    let mut users = Source::new(&model, "u_valid", "u_ready", &["u_user"]);
    (finish.idle, users.idle) = (idle, idle);
    let names =
        ["tdata", "tkeep", "tlast", "tuser", "tdest", "tlen"].map(|name| format!("m_axis_{name}"));
    let names = names.each_ref().map(String::as_str);
    let mut stream = Sink::new(&model, "m_axis_tvalid", Some("m_axis_tready"), &names);
    stream.busy = busy;
    let mut drops = Sink::new(&model, "dropped_valid", None, &["dropped_user"]);
    let (valid, ready, data) = (
        model.input("h_valid"),
        model.output("h_ready"),
        model.input("h_data"),
    );
    // Frames made, of which the first is being held; those whose beats are all held.
    let mut making: VecDeque<(VecDeque<Vec<u32>>, Record<Finished>)> = VecDeque::new();
    let (mut expected, mut dropped): (VecDeque<Expected>, VecDeque<u64>) = Default::default();
    let (mut made, mut done, mut beat, mut late, mut cycles, mut stuck) = (0, 0, 0, 0, 0, 0);
    // The edge after which a frame's beats are held, and its record.
    let mut soon: VecDeque<(usize, Record<Finished>)> = VecDeque::new();
    while done < frames {
        while making.len() < 4 && made < frames {
            let (held, finished, user, frame) = frame(&mut random, lanes, length);
            making.push_back((held.into(), finished));
            users.queue.push_back(vec![vec![user as u32]]);
            match frame.dropped {
                true => dropped.push_back(frame.user & !1),
                false => expected.push_back(frame),
            }
            made += 1;
        }
        while soon.front().is_some_and(|(at, _)| *at <= cycles) {
            finish
                .queue
                .push_back(vec![soon.pop_front().expect("there is one").1.words()]);
        }
        finish.drive(&mut model, &mut random);
        users.drive(&mut model, &mut random);
        stream.drive(&mut model, &mut random);
        model.eval();
        // Beats that are under way arrive although it is no longer ready.
        late = if model.get_at(ready) == 1 {
            0
        } else {
            late + 1
        };
        let offer = late < MARGIN
            && !random.percent(idle)
            && making.front().is_some_and(|frame| !frame.0.is_empty());
        model.set_at(valid, offer.into());
        if offer {
            model.set_wide_at(data, &making[0].0.pop_front().expect("there is one"));
        }
        while making.front().is_some_and(|frame| frame.0.is_empty()) {
            soon.push_back((cycles + 3, making.pop_front().expect("there is one").1));
        }
        model.eval();
        finish.settle(&model);
        users.settle(&model);
        stream.settle(&model);
        drops.settle(&model);
        stuck += 1;
        if let Some(data) = stream.got.pop_front() {
            let frame = &expected[0];
            let last = beat + 1 == frame.beats.len();
            let count = (frame.length - lanes * beat).min(lanes);
            let keep = u64::MAX >> (64 - count);
            assert_eq!(data[0], frame.beats[beat], "beat {beat} of frame {done}");
            assert_eq!(
                u64::from(data[1][0]) | u64::from(*data[1].get(1).unwrap_or(&0)) << 32,
                keep
            );
            assert_eq!(data[2][0] == 1, last);
            assert_eq!(u64::from(data[3][0]), frame.user & !1);
            assert_eq!(u64::from(data[4][0]), frame.queue);
            assert_eq!(data[5][0] as usize, frame.length);
            beat += 1;
            stuck = 0;
            if last {
                expected.pop_front();
                (beat, done) = (0, done + 1);
            }
        }
        if let Some(data) = drops.got.pop_front() {
            assert_eq!(Some(u64::from(data[0][0])), dropped.pop_front());
            done += 1;
            stuck = 0;
        }
        model.tick();
        cycles += 1;
        assert!(stuck < 10_000, "stuck");
    }
    Ok(cycles)
}

fn both(text: &str, lanes: usize, frames: usize) -> Result<()> {
    for (idle, busy) in [(0, 0), (30, 30), (60, 5), (5, 60), (0, 90)] {
        run(text, lanes, frames, idle, busy, None)?;
    }
    for beats in [1, 2, 3] {
        let cycles = run(text, lanes, 5000, 0, 0, Some(beats * lanes))?;
        assert!(
            cycles <= 5000 * beats + 20,
            "{cycles} cycles for frames of {beats} beats"
        );
    }
    Ok(())
}

#[test]
fn line100() -> Result<()> {
    both(
        &verilog(Egress::<512, 64, 8, 16>::default(), "egress"),
        64,
        20_000,
    )
}

#[test]
fn line64() -> Result<()> {
    both(
        &verilog(Egress::<64, 8, 11, 16>::default(), "egress"),
        8,
        20_000,
    )
}
