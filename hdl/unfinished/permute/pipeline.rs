//! DECOY's permutations unrolled: one record a cycle.

use super::{Change, Fixed, Halves, Input, Join, Split};
use crate::chacha::{CONSTANTS, Initial, Rounds, State, constants};
use crate::records::Scramble;
use rust_hdl::prelude::*;

/// One half round, a record a cycle; records that are not active stay as they are.
///
/// Inputs: `clock`, `s`. Output: `m`, [`HalfRound::LATENCY`] cycles later.
#[derive(LogicBlock)]
pub struct HalfRound {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// The halves before.
    pub s: Signal<In, Halves>,
    /// The halves behind.
    pub m: Signal<Out, Halves>,
    round: Constant<Bits<3>>,
    receive: Constant<Bit>,
    query: Input,
    rounds: Rounds<4>,
    change: Change,
    /// Halves that wait for their PRF.
    waiting: RAM<Halves, 5>,
    /// The secret's fifth and sixth byte, which the PRF's output needs a little earlier.
    secret: RAM<Bits<16>, 5>,
    at: DFF<Bits<5>>,
    waiting_depth: Constant<Bits<5>>,
    secret_depth: Constant<Bits<5>>,
    word0: Constant<Bits<32>>,
    word1: Constant<Bits<32>>,
    word2: Constant<Bits<32>>,
    word3: Constant<Bits<32>>,
    constants: Constant<Bits<128>>,
    start: Signal<Local, Initial>,
    sent: Signal<Local, Fixed>,
    last: Signal<Local, State>,
    f: DFF<Output>,
    old: Signal<Local, Halves>,
    fixed: Signal<Local, Fixed>,
    changed: DFF<Halves>,
}

/// The first 18 bytes of the PRF's output.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
struct Output {
    w0: Bits<32>,
    w1: Bits<32>,
    w2: Bits<32>,
    w3: Bits<32>,
    port: Bits<16>,
}

impl HalfRound {
    /// Cycles from `s` to `m`.
    pub const LATENCY: usize = Rounds::<4>::LATENCY + 3;

    /// Half round `round`, or what undoes it.
    pub fn new(round: u64, receive: bool) -> Self {
        let rounds = Rounds::<4>::LATENCY as u64;
        Self {
            clock: Signal::default(),
            s: Signal::default(),
            m: Signal::default(),
            round: Constant::new(round.into()),
            receive: Constant::new(receive),
            query: Input::default(),
            rounds: Rounds::default(),
            change: Change::default(),
            waiting: RAM::default(),
            secret: RAM::default(),
            at: DFF::default(),
            // The secret is there with the last round's output, the rest two cycles later; the RAM's own register is
            // one of the cycles.
            waiting_depth: Constant::new((rounds + 1).into()),
            secret_depth: Constant::new((rounds - 1).into()),
            word0: Constant::new(CONSTANTS[0].into()),
            word1: Constant::new(CONSTANTS[1].into()),
            word2: Constant::new(CONSTANTS[2].into()),
            word3: Constant::new(CONSTANTS[3].into()),
            constants: constants(),
            start: Signal::default(),
            sent: Signal::default(),
            last: Signal::default(),
            f: DFF::default(),
            old: Signal::default(),
            fixed: Signal::default(),
            changed: DFF::default(),
        }
    }
}

impl Logic for HalfRound {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, at, f, changed);
        self.at.d.next = self.at.q.val() + 1;

        self.sent.next = self.s.val().fixed;
        self.query.round.next = self.round.val();
        self.query.fixed.next = self.sent.val();
        if self.round.val().get_bit(2) {
            if self.round.val().get_bit(0) {
                self.query.from.next = self.s.val().b;
            } else {
                self.query.from.next = self.s.val().a;
            }
        } else {
            if self.round.val().get_bit(0) {
                self.query.from.next = self.s.val().y;
            } else {
                self.query.from.next = self.s.val().x;
            }
        }
        self.query.x_port.next = self.s.val().x_port;
        self.query.y_port.next = self.s.val().y_port;
        self.rounds.clock.next = self.clock.val();
        self.start.next.constants = self.constants.val();
        self.start.next.seed = self.query.seed.val();
        self.rounds.x.next = self.start.val().into();

        self.waiting.read_clock.next = self.clock.val();
        self.waiting.write_clock.next = self.clock.val();
        self.waiting.write_enable.next = true;
        self.waiting.write_address.next = self.at.q.val();
        self.waiting.write_data.next = self.s.val();
        self.waiting.read_address.next = self.at.q.val() - self.waiting_depth.val();
        self.secret.read_clock.next = self.clock.val();
        self.secret.write_clock.next = self.clock.val();
        self.secret.write_enable.next = true;
        self.secret.write_address.next = self.at.q.val();
        self.secret.write_data.next = bit_cast::<16, 128>(self.sent.val().prp);
        self.secret.read_address.next = self.at.q.val() - self.secret_depth.val();

        self.last.next = self.rounds.y.val();
        self.f.d.next.w0 = self.last.val().w0 + self.word0.val();
        self.f.d.next.w1 = self.last.val().w1 + self.word1.val();
        self.f.d.next.w2 = self.last.val().w2 + self.word2.val();
        self.f.d.next.w3 = self.last.val().w3 + self.word3.val();
        self.f.d.next.port = bit_cast::<16, 32>(self.last.val().w4) + self.secret.read_data.val();

        self.old.next = self.waiting.read_data.val();
        self.fixed.next = self.old.val().fixed;
        self.change.clock.next = self.clock.val();
        self.change.receive.next = self.receive.val();
        self.change.f.next = self.f.q.val().into();
        self.change.round.next = self.round.val();
        self.change.v6.next = self.fixed.val().v6;
        self.change.ports.next = self.fixed.val().ports;
        self.change.n.next = self.fixed.val().n;
        self.changed.d.next = self.old.val();
        if self.round.val().get_bit(2) {
            self.change.port.next = 0.into();
            if self.round.val().get_bit(0) {
                self.change.into.next = self.old.val().a;
            } else {
                self.change.into.next = self.old.val().b;
            }
        } else {
            if self.round.val().get_bit(0) {
                self.change.into.next = self.old.val().x;
                self.change.port.next = self.old.val().x_port;
            } else {
                self.change.into.next = self.old.val().y;
                self.change.port.next = self.old.val().y_port;
            }
        }
        if self.fixed.val().active {
            if self.round.val().get_bit(2) {
                if self.round.val().get_bit(0) {
                    self.changed.d.next.a = self.change.m_into.val();
                } else {
                    self.changed.d.next.b = self.change.m_into.val();
                }
            } else {
                if self.round.val().get_bit(0) {
                    self.changed.d.next.x = self.change.m_into.val();
                    self.changed.d.next.x_port = self.change.m_port.val();
                } else {
                    self.changed.d.next.y = self.change.m_into.val();
                    self.changed.d.next.y_port = self.change.m_port.val();
                }
            }
        }
        self.m.next = self.changed.q.val();
    }
}

/// All eight half rounds of one direction, a record a cycle.
///
/// Inputs: `clock`, `s_valid` and `s`. Outputs: `m_valid` and `m`, [`Permute100::LATENCY`] cycles later, in order; records
/// that are not active come out as they went in. There is no `ready`. Nothing is reset: for a clean start hold `s_valid`
/// low for [`Permute100::LATENCY`] cycles.
///
/// ```
/// use fogline_hdl::permute::Permute100;
/// let verilog = fogline_hdl::emit::verilog(Permute100::new(false), "permute100_tx");
/// assert!(verilog.contains("module permute100_tx("));
/// ```
#[derive(LogicBlock)]
pub struct Permute100 {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// `s` is one.
    pub s_valid: Signal<In, Bit>,
    /// The record before.
    pub s: Signal<In, Scramble>,
    /// `m` is one.
    pub m_valid: Signal<Out, Bit>,
    /// The record behind.
    pub m: Signal<Out, Scramble>,
    split: Split,
    first: DFF<Halves>,
    rounds: [HalfRound; 8],
    joiner: Join,
    last: DFF<Scramble>,
    valid: DFF<Bits<154>>,
    halves: Signal<Local, Halves>,
}

impl Permute100 {
    /// Cycles from `s_valid` to `m_valid`.
    pub const LATENCY: usize = 8 * HalfRound::LATENCY + 2;

    /// Towards the line, or from there (`receive`).
    pub fn new(receive: bool) -> Self {
        Self {
            clock: Signal::default(),
            s_valid: Signal::default(),
            s: Signal::default(),
            m_valid: Signal::default(),
            m: Signal::default(),
            split: Split::default(),
            first: DFF::default(),
            rounds: array_init::array_init(|k| {
                HalfRound::new(if receive { 7 - k as u64 } else { k as u64 }, receive)
            }),
            joiner: Join::default(),
            last: DFF::default(),
            valid: DFF::default(),
            halves: Signal::default(),
        }
    }
}

impl Logic for Permute100 {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, first, last, valid);
        self.split.s.next = self.s.val();
        self.first.d.next = self.split.m.val();
        self.halves.next = self.first.q.val();
        for k in 0..8 {
            self.rounds[k].clock.next = self.clock.val();
            self.rounds[k].s.next = self.halves.val();
            self.halves.next = self.rounds[k].m.val();
        }
        self.joiner.s.next = self.halves.val();
        self.last.d.next = self.joiner.m.val();
        self.m.next = self.last.q.val();
        self.valid.d.next =
            (self.valid.q.val() << 1) | bit_cast::<154, 1>(self.s_valid.val().into());
        self.m_valid.next = self.valid.q.val().get_bit(153);
    }
}
