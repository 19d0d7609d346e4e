//! line64's parser against the reference's parsers.

use fogline_hdl::parse::walker::Parse64;
use fogline_sim::parsed::frames::Frames;
use fogline_sim::parsed::{Parsed, parsed};
use fogline_sim::verilated::{Input, Model, Output};
use std::collections::VecDeque;

/// Beats of one frame at a time go in when the parser says so; records come out when the bench does.
struct Bench {
    model: Model,
    tap_valid: Input,
    tap_data: Input,
    tap_last: Input,
    tap_good: Input,
    tap_length: Input,
    m_ready: Input,
    tap_ready: Output,
    m_valid: Output,
    m: Output,
    receive: bool,
    expected: VecDeque<(Vec<u8>, Parsed)>,
    cycles: u64,
    records: u64,
}

impl Bench {
    fn new(receive: bool) -> Self {
        let verilog = fogline_hdl::emit::verilog(Parse64::default(), "parse64");
        let mut model = Model::build(&verilog, "parse64").unwrap();
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
            m_ready: model.input("m_ready"),
            tap_ready: model.output("tap_ready"),
            m_valid: model.output("m_valid"),
            m: model.output("m"),
            model,
            receive,
            expected: VecDeque::new(),
            cycles: 0,
            records: 0,
        }
    }

    /// One cycle; whether a frame may start in the next one.
    fn cycle(&mut self, ready: bool) -> bool {
        self.model.set_at(self.m_ready, ready.into());
        self.model.eval();
        if ready && self.model.get_at(self.m_valid) != 0 {
            let (frame, want) = self.expected.pop_front().expect("a record too many");
            let mut got = [0; Parsed::BITS.div_ceil(32)];
            self.model.get_wide_at(self.m, &mut got);
            let differences = want.differences(&got);
            assert!(
                differences.is_empty(),
                "record {}: {differences:#?}\nof {frame:02x?}\nexpected {want:?}",
                self.records
            );
            self.records += 1;
        }
        let may_start = self.model.get_at(self.tap_ready) != 0;
        self.model.tick();
        self.cycles += 1;
        may_start
    }

    /// Hands a frame in. `pause` and `ready` say in each cycle if no beat comes, and if a record is taken.
    fn frame(
        &mut self,
        frame: &[u8],
        good: bool,
        mut pause: impl FnMut() -> bool,
        mut ready: impl FnMut() -> bool,
    ) {
        while !self.may_start() {
            self.cycle(ready());
        }
        for (i, beat) in frame.chunks(8).enumerate() {
            while pause() {
                self.cycle(ready());
            }
            let last = (i + 1) * 8 >= frame.len();
            // What is past the end is not always zero.
            let mut bytes = [0xA5; 8];
            bytes[..beat.len()].copy_from_slice(beat);
            self.model.set_at(self.tap_valid, 1);
            self.model.set_at(self.tap_data, u64::from_le_bytes(bytes));
            self.model.set_at(self.tap_last, last.into());
            self.model.set_at(self.tap_good, (last && good).into());
            self.model
                .set_at(self.tap_length, if last { frame.len() as u64 } else { 0x1555 });
            if last && good {
                self.expected
                    .push_back((frame.to_vec(), parsed(frame, self.receive)));
            }
            self.cycle(ready());
            self.model.set_at(self.tap_valid, 0);
        }
    }

    fn may_start(&mut self) -> bool {
        self.model.eval();
        self.model.get_at(self.tap_ready) != 0
    }

    fn drain(&mut self) {
        for _ in 0..2000 {
            if self.expected.is_empty() {
                return;
            }
            self.cycle(true);
        }
        panic!("{} records are missing", self.expected.len());
    }
}

fn random(receive: bool, seed: u64, count: usize) {
    let mut bench = Bench::new(receive);
    let mut frames = Frames::new(seed);
    for _ in 0..count {
        let frame = frames.frame();
        let good = !frames.one_in(10);
        let (idle, slow) = (frames.one_in(4), frames.one_in(4));
        let mut ready_dice = frames.clone();
        let mut pause_dice = Frames::new(frames.bits());
        bench.frame(
            &frame,
            good,
            || idle && pause_dice.one_in(3),
            || !slow || ready_dice.one_in(8),
        );
    }
    bench.drain();
    assert!(bench.records > count as u64 * 8 / 10);
}

#[test]
fn random_frames_towards_the_line() {
    random(false, 1, 200_000);
}

#[test]
fn random_frames_from_the_line() {
    random(true, 2, 200_000);
}
