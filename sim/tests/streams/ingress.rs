//! Ingress passes whole good frames, and nothing else.

use crate::wires::{Random, Sink, Source, beats, reset};
use anyhow::Result;
use fogline_hdl::emit::verilog;
use fogline_hdl::streams::ingress::Ingress;
use fogline_sim::verilated::Model;
use std::collections::VecDeque;

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Good,
    Errored,
    Giant,
}

struct Frame {
    kind: Kind,
    length: usize,
    beats: Vec<Vec<u32>>,
    user: u64,
}

/// One frame, pushed to the source.
fn frame(random: &mut Random, lanes: usize, plain: bool, source: &mut Source) -> Frame {
    let mut kind = Kind::Good;
    let mut length = random.length(lanes);
    let fault = match plain {
        true => 100,
        false => random.of(0..100),
    };
    match fault {
        0..4 => kind = Kind::Errored,
        4 => {
            length = random.of(9601..12000);
            kind = Kind::Giant;
        }
        5 => length = 9600,
        _ => {}
    }
    let bytes = random.bytes(length);
    let beats = beats(&bytes, lanes, || 0xEE);
    let user = random.next() & 0xFFFF;
    let full = u64::MAX >> (64 - lanes);
    let mut keeps: Vec<_> = (0..beats.len())
        .map(|beat| match (length - lanes * beat).min(lanes) {
            64 => u64::MAX,
            rest => (1 << rest) - 1,
        })
        .collect();
    let last = beats.len() - 1;
    match fault {
        // Empty; a beat without a byte at the end; a hole before the last beat; a hole in the last one.
        6 => {
            (keeps[last], kind) = (0, Kind::Errored);
        }
        7 if last > 0 => {
            (keeps[random.of(0..last)], kind) = (full >> random.of(1..lanes), Kind::Errored);
        }
        8 if keeps[last].trailing_ones() < lanes as u32 - 1 => {
            keeps[last] |= full & full << (keeps[last].trailing_ones() + 1);
        }
        _ => {}
    }
    for (i, (beat, keep)) in beats.iter().zip(&keeps).enumerate() {
        let end = i == last;
        let error = match end {
            true => kind == Kind::Errored && fault < 4,
            false => random.percent(50),
        };
        let first = if i == 0 { user } else { random.next() & 0xFFFF };
        source.queue.push_back(vec![
            beat.clone(),
            vec![*keep as u32, (*keep >> 32) as u32],
            vec![end.into()],
            vec![(first & !1) as u32 | u32::from(error)],
        ]);
    }
    Frame {
        kind,
        length,
        beats,
        user: user & !1,
    }
}

struct Load {
    frames: usize,
    idle: usize,
    busy: usize,
    plain: Option<usize>,
}

/// Runs `load.frames` frames; how many cycles they took.
fn run(text: &str, lanes: usize, load: &Load) -> Result<usize> {
    let mut model = Model::build(text, "ingress")?;
    reset(&mut model);
    let mut random = Random(7);
    let stream = [
        "s_axis_tdata",
        "s_axis_tkeep",
        "s_axis_tlast",
        "s_axis_tuser",
    ];
    let mut source = Source::new(&model, "s_axis_tvalid", "s_axis_tready", &stream);
    let taps = ["tap_data", "tap_last", "tap_good", "tap_length"];
    let mut tap = Sink::new(&model, "tap_valid", None, &taps);
    let mut body = Sink::new(&model, "b_valid", Some("b_ready"), &["b_data"]);
    let mut users = Sink::new(&model, "u_valid", Some("u_ready"), &["u_user"]);
    (source.idle, body.busy, users.busy) = (load.idle, load.busy, load.busy);
    let gates = ["pause", "tap_ready", "room"].map(|name| model.input(name));
    let pulses = ["errored", "giant"].map(|name| model.output(name));
    let (mut sent, mut tapped) = (VecDeque::new(), 0);
    let mut pulsed = [0, 0];
    let mut expected = [0, 0];
    // Beats and sideband of frames that the tap called good, which may come out now.
    let (mut due, mut due_users) = (VecDeque::new(), VecDeque::new());
    let (mut cycles, mut made, mut quiet, mut stuck) = (0, 0, 0, 0);
    while quiet < 50 {
        while source.queue.len() < 4 && made < load.frames {
            sent.push_back(match load.plain {
                Some(beats) => {
                    let mut frame = frame(&mut Random(lanes as u64), lanes, true, &mut source);
                    source
                        .queue
                        .truncate(source.queue.len() - frame.beats.len());
                    frame.beats.truncate(1);
                    frame.length = lanes * beats;
                    frame.beats = vec![frame.beats[0].clone(); beats];
                    for beat in 0..beats {
                        let keep = vec![u32::MAX; lanes.div_ceil(32)];
                        let keep = if lanes == 8 { vec![0xFF] } else { keep };
                        let last = vec![u32::from(beat + 1 == beats)];
                        source
                            .queue
                            .push_back(vec![frame.beats[0].clone(), keep, last, vec![0]]);
                    }
                    frame.user = 0;
                    frame
                }
                None => frame(&mut random, lanes, false, &mut source),
            });
            made += 1;
        }
        let open = [load.busy / 2, 100 - load.busy / 2, 100 - load.busy / 2]
            .map(|open| random.percent(open));
        for (port, open) in gates.iter().zip(open) {
            model.set_at(*port, open.into());
        }
        source.drive(&mut model, &mut random);
        body.drive(&mut model, &mut random);
        users.drive(&mut model, &mut random);
        model.eval();
        source.settle(&model);
        tap.settle(&model);
        body.settle(&model);
        users.settle(&model);
        for (count, port) in pulsed.iter_mut().zip(pulses) {
            *count += model.get_at(port);
        }
        quiet += 1;
        while let Some(data) = body.got.pop_front() {
            assert_eq!(Some(&data[0]), due.front(), "a beat of a good frame");
            due.pop_front();
            quiet = 0;
        }
        while let Some(data) = users.got.pop_front() {
            assert_eq!(Some(u64::from(data[0][0])), due_users.pop_front());
            quiet = 0;
        }
        if let Some(data) = tap.got.pop_front() {
            quiet = 0;
            let [beat, last, good, length] = &data[..] else {
                panic!()
            };
            if tapped == 0 {
                assert_eq!(open, [false, true, true], "starts only when it may");
            }
            let frame: &Frame = sent.front().expect("there is a frame");
            if frame.kind != Kind::Giant || tapped < 9600 / lanes {
                assert_eq!(*beat, frame.beats[tapped]);
            } else {
                assert!(
                    tapped <= 9600 / lanes + 1,
                    "tap of a giant frame is bounded"
                );
            }
            tapped += 1;
            if last[0] == 1 {
                assert_eq!(
                    good[0] == 1,
                    frame.kind == Kind::Good,
                    "{:?} {}",
                    frame.kind,
                    frame.length
                );
                if frame.kind == Kind::Good {
                    assert_eq!(tapped, frame.beats.len());
                    assert_eq!(length[0] as usize, frame.length);
                    due.extend(frame.beats.iter().cloned());
                    due_users.push_back(frame.user);
                }
                expected[0] += u64::from(frame.kind == Kind::Errored);
                expected[1] += u64::from(frame.kind == Kind::Giant);
                tapped = 0;
                sent.pop_front();
            }
        }
        model.tick();
        cycles += 1;
        stuck = if quiet == 1 { stuck + 1 } else { 0 };
        assert!(stuck < 20_000, "stuck");
        if made < load.frames || !sent.is_empty() || !due.is_empty() {
            quiet = 0;
        }
    }
    assert_eq!(
        (made, sent.len(), due.len(), due_users.len()),
        (load.frames, 0, 0, 0)
    );
    assert_eq!(pulsed, expected);
    Ok(cycles - 50)
}

fn both(text: &str, lanes: usize, frames: usize) -> Result<()> {
    for (idle, busy) in [(0, 0), (30, 30), (60, 10), (0, 60)] {
        let load = Load {
            frames,
            idle,
            busy,
            plain: None,
        };
        run(text, lanes, &load)?;
    }
    for beats in [1, 2, 3] {
        let plain = Load {
            frames: 10_000,
            idle: 0,
            busy: 0,
            plain: Some(beats),
        };
        let cycles = run(text, lanes, &plain)?;
        assert!(
            cycles <= 10_000 * beats + 10,
            "a beat a cycle: {cycles} for {beats}"
        );
    }
    Ok(())
}

#[test]
fn line100() -> Result<()> {
    both(
        &verilog(Ingress::<512, 64, 9, 16, 10>::default(), "ingress"),
        64,
        20_000,
    )
}

#[test]
fn line64() -> Result<()> {
    both(
        &verilog(Ingress::<64, 8, 12, 16, 10>::default(), "ingress"),
        8,
        20_000,
    )
}
