//! line64's parser against the reference's parsers.

use fogline_hdl::parse::walker::Parse64;
use fogline_sim::parsed::frames::Frames;
use fogline_sim::parsed::{Parsed, parsed};
use fogline_sim::verilated::{Input, Model, Output};
use scramble::sample::{Address, Checksum, Ip, PppForm, frame};
use scramble::wire::ip::{TCP, UDP};
use scramble::wire::l2tp::emit_plain;
use scramble::wire::pppoe::SessionHeader;
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
    /// `tap_ready` in the last cycle: an ingress may look at it that late.
    ready_before: bool,
}

impl Bench {
    fn new(receive: bool) -> Self {
        let verilog = fogline_hdl::emit::verilog(Parse64::default(), "parse64");
        let mut model = Model::build(&verilog, "parse64").expect("Verilator takes it");
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
            ready_before: false,
        }
    }

    /// One cycle.
    fn cycle(&mut self, ready: bool) {
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
        self.ready_before = self.model.get_at(self.tap_ready) != 0;
        self.model.tick();
        self.cycles += 1;
    }

    /// Hands a frame in. `pause` and `ready` say in each cycle if no beat comes, and if a record is taken.
    fn frame(
        &mut self,
        frame: &[u8],
        good: bool,
        mut pause: impl FnMut() -> bool,
        mut ready: impl FnMut() -> bool,
    ) {
        while !self.ready_before {
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
            self.model.set_at(
                self.tap_length,
                if last { frame.len() as u64 } else { 0x1555 },
            );
            if last && good {
                self.expected
                    .push_back((frame.to_vec(), parsed(frame, self.receive)));
            }
            self.cycle(ready());
            self.model.set_at(self.tap_valid, 0);
        }
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
    random(false, 1, 500_000);
}

#[test]
fn random_frames_from_the_line() {
    random(true, 2, 500_000);
}

/// Frames one after the other, of the same kind: cycles for each.
fn pace(frame: &[u8]) -> f64 {
    let mut bench = Bench::new(false);
    for _ in 0..20 {
        bench.frame(frame, true, || false, || true);
    }
    let (cycles, records) = (bench.cycles, bench.records);
    for _ in 0..200 {
        bench.frame(frame, true, || false, || true);
    }
    let pace = (bench.cycles - cycles) as f64 / (bench.records - records) as f64;
    bench.drain();
    pace
}

fn ipv4(protocol: u8) -> Ip {
    Ip::new(
        Address::V4([192, 0, 2, 1]),
        Address::V4([198, 51, 100, 2]),
        protocol,
    )
}

fn pppoe(packet: &[u8]) -> Vec<u8> {
    let ppp = frame(PppForm::default(), 0x0021, packet);
    let mut out = [&[2; 12][..], &[0x88, 0x64]].concat();
    out.extend(SessionHeader::emit(7, ppp.len() as u16));
    out.extend(ppp);
    out.resize(out.len().max(60), 0);
    out
}

fn l2tp(packet: &[u8]) -> Vec<u8> {
    let ppp = frame(PppForm::default(), 0x0021, packet);
    let message = [&emit_plain(3, 4)[..], &ppp].concat();
    let datagram = ipv4(UDP).udp((1701, 1701), Checksum::Right, &message);
    [&[2; 12][..], &[0x08, 0x00], &datagram].concat()
}

#[test]
fn frames_of_2_5_gbit_keep_pace() {
    let udp = ipv4(UDP).udp((1, 2), Checksum::Right, &[5; 4]);
    let tcp = |options: &[u8]| {
        let offset = 5 + options.len() as u8 / 4;
        ipv4(TCP).tcp((1, 2), 3, (offset, options), Checksum::Right, &[])
    };
    let stamps = [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8];
    let cases = [
        ("PPPoE, UDP", pppoe(&udp), 26.0),
        ("PPPoE, TCP", pppoe(&tcp(&[])), 34.0),
        (
            "PPPoE, TCP with 12 bytes of options",
            pppoe(&tcp(&stamps)),
            34.0,
        ),
        ("PPPoE, TCP with 40", pppoe(&tcp(&[1; 40])), 34.0),
        ("L2TP, UDP", l2tp(&udp), 34.0),
        ("L2TP, TCP", l2tp(&tcp(&[])), 34.0),
        ("L2TP, TCP with 12", l2tp(&tcp(&stamps)), 34.0),
        ("L2TP, TCP with 40", l2tp(&tcp(&[1; 40])), 34.0),
        ("neither", vec![0; 60], 10.0),
    ];
    for (name, frame, minimum) in cases {
        let pace = pace(&frame);
        // The check sequence, too, is on the line: a frame of 60 bytes is one of 64.
        let budget = minimum + 0.4 * (frame.len() as f64 - 60.0);
        println!(
            "{name}: {} bytes, {pace:.1} cycles of {budget:.1}",
            frame.len()
        );
        assert!(pace <= budget, "{name}: {pace} cycles, {budget} allowed");
    }
}

#[test]
fn what_is_past_a_frame_or_its_length_changes_nothing() {
    let mut bench = Bench::new(false);
    let mut frames = Frames::new(3);
    for _ in 0..300 {
        let (ppp, long) = (frames.ppp(), frames.ppp());
        let whole = frames.outer(&ppp);
        let long = frames.outer(&long);
        // Every length, after a longer frame in the same slots.
        for length in 1..=whole.len().min(170) {
            if length % 8 == 1 {
                bench.frame(&long, true, || false, || true);
            }
            bench.frame(&whole[..length], true, || false, || true);
        }
    }
    bench.drain();
}
