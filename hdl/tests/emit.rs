//! Emission: what is the same is written once, what differs is told apart, and no name needs `$`.

#![expect(missing_docs, reason = "rust-hdl's derives write methods without docs")]

use fogline_hdl::emit::verilog;
use rust_hdl::prelude::*;

#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Pair {
    pub a: Bits<4>,
    pub b: Bits<4>,
}

#[derive(LogicState, Debug, Copy, Clone, PartialEq)]
pub enum Phase {
    Idle,
    Busy,
}

/// Adds `step` to what comes.
#[derive(LogicBlock)]
pub struct Adder {
    pub clock: Signal<In, Clock>,
    pub s: Signal<In, Pair>,
    pub m: Signal<Out, Pair>,
    pub s_a: Signal<In, Bit>,
    held: DFF<Pair>,
    phase: DFF<Phase>,
    memory: RAM<Pair, 3>,
    step: Constant<Bits<4>>,
}

impl Adder {
    fn new(step: u64) -> Self {
        Self {
            clock: Signal::default(),
            s: Signal::default(),
            m: Signal::default(),
            s_a: Signal::default(),
            held: DFF::default(),
            phase: DFF::default(),
            memory: RAM::default(),
            step: Constant::new(step.into()),
        }
    }
}

impl Logic for Adder {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, held, phase);
        self.memory.read_clock.next = self.clock.val();
        self.memory.write_clock.next = self.clock.val();
        self.memory.read_address.next = self.s.val().a.get_bits::<3>(0);
        self.memory.write_address.next = self.s.val().b.get_bits::<3>(0);
        self.memory.write_data.next = self.s.val();
        self.memory.write_enable.next = self.s_a.val();
        self.held.d.next = self.memory.read_data.val();
        self.held.d.next.a = self.s.val().a + self.step.val();
        match self.phase.q.val() {
            Phase::Idle => {
                self.phase.d.next = Phase::Busy;
            }
            Phase::Busy => {
                self.phase.d.next = Phase::Idle;
            }
            _ => {}
        }
        self.m.next = self.held.q.val();
    }
}

/// Two adders of one kind and one of another; `lane$0$s` and `lane_0_s` must not become one.
#[derive(LogicBlock)]
pub struct Chain {
    pub clock: Signal<In, Clock>,
    pub s: Signal<In, Pair>,
    pub m: Signal<Out, Pair>,
    lane: [Adder; 3],
    lane_0_s: Signal<Local, Bit>,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            s: Signal::default(),
            m: Signal::default(),
            lane: [1, 1, 2].map(Adder::new),
            lane_0_s: Signal::default(),
        }
    }
}

impl Logic for Chain {
    #[hdl_gen]
    fn update(&mut self) {
        self.lane_0_s.next = self.s.val().a.get_bit(0);
        for k in 0..3 {
            self.lane[k].clock.next = self.clock.val();
            self.lane[k].s_a.next = self.lane_0_s.val();
        }
        self.lane[0].s.next = self.s.val();
        for k in 1..3 {
            self.lane[k].s.next = self.lane[k - 1].m.val();
        }
        self.m.next = self.lane[2].m.val();
    }
}

fn modules(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("module ")?.split('(').next())
        .collect()
}

#[test]
fn the_same_is_written_once() {
    let text = verilog(Chain::default(), "chain");
    assert_eq!(
        modules(&text),
        [
            "chain",
            "chain_lane_0",
            "chain_lane_1",
            "chain_dff_8",
            "chain_ram_8x8",
            "chain_dff_1",
        ]
    );
    for (instance, kind) in [(0, 0), (1, 0), (2, 1)] {
        assert!(text.contains(&format!("chain_lane_{kind} lane_{instance}(")));
    }
    assert!(text.contains("lane__0__s = s;") && text.contains("lane_0_s = s["));
}

#[test]
fn names_are_plain() {
    let text = verilog(Chain::default(), "chain");
    let plain = text.replace("$signed", "").replace("$unsigned", "");
    assert!(!plain.contains('$'), "{text}");
    assert!(!text.contains("top"));
    assert!(text.contains("Phase_Idle"));
}

#[test]
fn twice_the_same() {
    assert_eq!(
        verilog(Chain::default(), "chain"),
        verilog(Chain::default(), "chain")
    );
}
/// Yosys and Icarus take no select of a select.
#[test]
fn selects_are_single() {
    let text = verilog(Chain::default(), "chain");
    assert!(text.contains("s[((64'h0) + (32'h0))]"));
    assert!(!text.contains("]["));
}
