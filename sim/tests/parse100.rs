//! line100's parser against the reference's parsers.

use fogline_hdl::parse::window::Parse100;
use fogline_sim::parsed::frames::Frames;
use fogline_sim::parsed::{Parsed, parsed};
use fogline_sim::verilated::{Input, Model, Output};
use std::collections::VecDeque;

/// What must come out, and in which cycle.
struct Expected {
    cycle: u64,
    frame: Vec<u8>,
    parsed: Parsed,
}

/// One beat a cycle goes in; records come out a constant time later.
struct Bench {
    model: Model,
    tap_valid: Input,
    tap_data: Input,
    tap_last: Input,
    tap_good: Input,
    tap_length: Input,
    m_valid: Output,
    m: Output,
    receive: bool,
    expected: VecDeque<Expected>,
    cycle: u64,
    records: u64,
    /// Records that say data, and those that say IP inside.
    data: u64,
    inner: u64,
}

impl Bench {
    fn new(receive: bool) -> Self {
        let verilog = fogline_hdl::emit::verilog(Parse100::default(), "parse100");
        let mut model = Model::build(&verilog, "parse100").unwrap();
        model.set("receive", receive.into());
        model.set("reset", 1);
        model.tick();
        model.tick();
        model.set("reset", 0);
        Self {
            tap_valid: model.input("tap_valid"),
            tap_data: model.input("tap_data"),
            tap_last: model.input("tap_last"),
            tap_good: model.input("tap_good"),
            tap_length: model.input("tap_length"),
            m_valid: model.output("m_valid"),
            m: model.output("m"),
            model,
            receive,
            expected: VecDeque::new(),
            cycle: 0,
            records: 0,
            data: 0,
            inner: 0,
        }
    }

    /// Looks at the output of this cycle and goes on to the next.
    fn tick(&mut self) {
        self.model.eval();
        let due = self
            .expected
            .front()
            .is_some_and(|first| first.cycle == self.cycle);
        assert_eq!(
            self.model.get_at(self.m_valid) != 0,
            due,
            "m_valid in cycle {}, {} frames on the way",
            self.cycle,
            self.expected.len()
        );
        if due {
            let Expected { frame, parsed, .. } = self.expected.pop_front().unwrap();
            let mut got = [0; Parsed::BITS.div_ceil(32)];
            self.model.get_wide_at(self.m, &mut got);
            let differences = parsed.differences(&got);
            assert!(
                differences.is_empty(),
                "record {}: {differences:#?}\nof {frame:02x?}\nexpected {parsed:?}",
                self.records
            );
            self.records += 1;
            self.data += u64::from(parsed.kind != 0);
            self.inner += u64::from(parsed.kind != 0 && (parsed.ipv4 || parsed.ipv6));
        }
        self.model.tick();
        self.cycle += 1;
    }

    /// Hands a frame in; `junk` gives the bytes of no meaning, `pause` says in each cycle if no beat comes.
    fn frame(
        &mut self,
        frame: &[u8],
        good: bool,
        junk: &mut Frames,
        mut pause: impl FnMut() -> bool,
    ) {
        for (i, beat) in frame.chunks(64).enumerate() {
            while pause() {
                self.junk(junk);
                self.model.set_at(self.tap_valid, 0);
                self.tick();
            }
            let last = (i + 1) * 64 >= frame.len();
            self.junk(junk);
            if beat.len() == 64 || !junk.one_in(8) {
                // Most often what is past the end is not zero.
                let mut bytes = [junk.bits() as u8; 64];
                bytes[..beat.len()].copy_from_slice(beat);
                self.data(&bytes);
            } else {
                let mut bytes = [0; 64];
                bytes[..beat.len()].copy_from_slice(beat);
                self.data(&bytes);
            }
            self.model.set_at(self.tap_valid, 1);
            self.model.set_at(self.tap_last, last.into());
            if last {
                self.model.set_at(self.tap_good, good.into());
                self.model.set_at(self.tap_length, frame.len() as u64);
            }
            if last && good {
                self.expected.push_back(Expected {
                    cycle: self.cycle + Parse100::LATENCY as u64,
                    frame: frame.to_vec(),
                    parsed: parsed(frame, self.receive),
                });
            }
            self.tick();
        }
        self.model.set_at(self.tap_valid, 0);
    }

    /// Everything that must not matter.
    fn junk(&mut self, junk: &mut Frames) {
        let bits = junk.bits();
        self.data(&[bits as u8; 64]);
        self.model.set_at(self.tap_last, (bits >> 8) & 1);
        self.model.set_at(self.tap_good, (bits >> 9) & 1);
        self.model.set_at(self.tap_length, (bits >> 10) & 0x3FFF);
    }

    fn data(&mut self, bytes: &[u8; 64]) {
        let words: [u32; 16] =
            std::array::from_fn(|i| u32::from_le_bytes(std::array::from_fn(|k| bytes[4 * i + k])));
        self.model.set_wide_at(self.tap_data, &words);
    }

    fn drain(&mut self) {
        for _ in 0..=Parse100::LATENCY {
            self.tick();
        }
        assert!(self.expected.is_empty());
    }
}

fn random(receive: bool, seed: u64, count: usize) {
    let mut bench = Bench::new(receive);
    let mut frames = Frames::new(seed);
    let mut junk = Frames::new(frames.bits());
    let mut dice = Frames::new(frames.bits());
    for _ in 0..count {
        let frame = frames.frame();
        let good = !dice.one_in(10);
        // Mostly back to back.
        let idle = dice.one_in(6);
        bench.frame(&frame, good, &mut junk, || idle && dice.one_in(3));
    }
    bench.drain();
    let count = count as u64;
    assert!(bench.records > count * 8 / 10);
    println!(
        "{} records, {} of data, {} with IP inside, {} cycles",
        bench.records, bench.data, bench.inner, bench.cycle
    );
    assert!(bench.data > count * 3 / 10 && bench.inner > count / 10);
}

#[test]
fn random_frames_towards_the_line() {
    random(false, 1, 600_000);
}

#[test]
fn random_frames_from_the_line() {
    random(true, 2, 600_000);
}

/// Every cycle one whole frame of one beat.
#[test]
fn one_beat_frames_back_to_back() {
    let mut bench = Bench::new(false);
    let mut frames = Frames::new(3);
    let mut junk = Frames::new(4);
    let mut count = 0;
    while count < 50_000 {
        let mut frame = frames.frame();
        frame.truncate(1 + junk.pick(40..64));
        bench.frame(&frame, true, &mut junk, || false);
        count += 1;
    }
    assert_eq!(bench.cycle, count);
    bench.drain();
    assert_eq!(bench.records, count);
}

/// What a reset cuts off gives no record, and the frame behind it is read from its own first byte.
#[test]
fn a_reset_forgets_an_unfinished_frame() {
    let mut bench = Bench::new(false);
    let mut frames = Frames::new(5);
    let mut junk = Frames::new(6);
    for _ in 0..2_000 {
        for _ in 0..junk.pick(0..5) {
            bench.junk(&mut junk);
            bench.model.set_at(bench.tap_valid, 1);
            bench.model.set_at(bench.tap_last, 0);
            bench.tick();
        }
        for _ in 0..junk.pick(0..4) {
            let frame = frames.frame();
            bench.frame(&frame, true, &mut junk, || false);
        }
        bench.model.set("reset", 1);
        bench.model.tick();
        bench.model.set("reset", 0);
        bench.expected.clear();
        for _ in 0..=Parse100::LATENCY {
            bench.tick();
        }
        let frame = frames.frame();
        bench.frame(&frame, true, &mut junk, || false);
        bench.drain();
    }
}
