//! One double round for eight blocks at a time.

use super::Step;
use crate::chacha::long::DoubleRound;
use crate::chacha::{Initial, State, constants};
use rust_hdl::prelude::*;

/// A block on its way through the double round.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
struct Slot {
    busy: Bit,
    /// This is its last pass.
    last: Bit,
    /// Passes, this one counted.
    passes: Bits<4>,
    step: Step,
}

/// ChaCha8 blocks for half rounds and ChaCha20 blocks for the keystream, eight at a time in one eight-stage double round.
///
/// Inputs: `s_valid`, `s_step` (whether it is a half round's, and which) and `s_seed`, the initial state without the
/// constants; taken where `s_ready`, that is where the slot that comes around is free or gets free. Outputs: `m_valid`, and
/// then `m_step` and the block `m`, for one cycle, [`FoldedCore::CHACHA8`] or [`FoldedCore::CHACHA20`] cycles later: there is
/// no `m_ready`. A new block starts in the cycle in which one ends, so that no double round is lost where work waits.
#[derive(LogicBlock)]
pub struct FoldedCore {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Forgets the blocks inside.
    pub reset: Signal<In, Bit>,
    /// There is a block to make.
    pub s_valid: Signal<In, Bit>,
    /// It is taken at the next edge.
    pub s_ready: Signal<Out, Bit>,
    /// Whose it is.
    pub s_step: Signal<In, Step>,
    /// Its key, counter and nonce.
    pub s_seed: Signal<In, Bits<384>>,
    /// `m` is a block.
    pub m_valid: Signal<Out, Bit>,
    /// Whose it is.
    pub m_step: Signal<Out, Step>,
    /// The block.
    pub m: Signal<Out, State>,
    double: DoubleRound,
    slots: [DFF<Slot>; 8],
    at: DFF<Bits<3>>,
    /// Seeds of the blocks that are inside.
    seeds: RAM<Bits<384>, 3>,
    constants: Constant<Bits<128>>,
    chacha8: Constant<Bits<4>>,
    chacha20: Constant<Bits<4>>,
    free: Signal<Local, Bit>,
    start: Signal<Local, Initial>,
    entering: Signal<Local, Slot>,
    entered: Signal<Local, Slot>,
    entered_step: Signal<Local, Step>,
    limit: Signal<Local, Bits<4>>,
    kept: Signal<Local, Initial>,
    added: Signal<Local, State>,
    last: Signal<Local, State>,
    valid: DFF<Bit>,
    step: DFF<Step>,
    sum: DFF<State>,
}

impl FoldedCore {
    /// Cycles that a half round's block takes.
    pub const CHACHA8: usize = 4 * 8 + 1;
    /// Cycles that a block of keystream takes.
    pub const CHACHA20: usize = 10 * 8 + 1;
}

impl Default for FoldedCore {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            s_valid: Signal::default(),
            s_ready: Signal::default(),
            s_step: Signal::default(),
            s_seed: Signal::default(),
            m_valid: Signal::default(),
            m_step: Signal::default(),
            m: Signal::default(),
            double: DoubleRound::default(),
            slots: array_init::array_init(|_| DFF::default()),
            at: DFF::default(),
            seeds: RAM::default(),
            constants: constants(),
            chacha8: Constant::new(4u64.into()),
            chacha20: Constant::new(10u64.into()),
            free: Signal::default(),
            start: Signal::default(),
            entering: Signal::default(),
            entered: Signal::default(),
            entered_step: Signal::default(),
            limit: Signal::default(),
            kept: Signal::default(),
            added: Signal::default(),
            last: Signal::default(),
            valid: DFF::default(),
            step: DFF::default(),
            sum: DFF::default(),
        }
    }
}

macro_rules! folded_core {
    ($($w:ident)+) => {
        impl Logic for FoldedCore {
            #[hdl_gen]
            fn update(&mut self) {
                dff_setup!(self, clock, at, valid, step, sum);
                for k in 0..8 {
                    self.slots[k].clock.next = self.clock.val();
                }
                for k in 1..8 {
                    self.slots[k].d.next = self.slots[k - 1].q.val();
                }
                self.at.d.next = self.at.q.val() + 1;

                // What comes around goes in again, unless it is done or nothing.
                self.free.next = !self.slots[7].q.val().busy | self.slots[7].q.val().last;
                self.s_ready.next = self.free.val();
                self.start.next.constants = self.constants.val();
                self.start.next.seed = self.s_seed.val();
                self.double.clock.next = self.clock.val();
                self.entering.next = self.slots[7].q.val();
                if self.free.val() {
                    self.double.x.next = self.start.val().into();
                    self.entering.next.busy = self.s_valid.val();
                    self.entering.next.passes = 1.into();
                    self.entering.next.step = self.s_step.val();
                } else {
                    self.double.x.next = self.double.y.val();
                    self.entering.next.passes = self.slots[7].q.val().passes + 1;
                }
                self.slots[0].d.next = self.entering.val();
                // A pass knows early that it is the last.
                self.entered.next = self.slots[0].q.val();
                self.entered_step.next = self.slots[0].q.val().step;
                if self.entered_step.val().chain {
                    self.limit.next = self.chacha8.val();
                } else {
                    self.limit.next = self.chacha20.val();
                }
                self.entered.next.last = self.slots[0].q.val().passes == self.limit.val();
                self.slots[1].d.next = self.entered.val();

                // The slots' places in `seeds` go around with them.
                self.seeds.read_clock.next = self.clock.val();
                self.seeds.write_clock.next = self.clock.val();
                self.seeds.write_enable.next = self.free.val();
                self.seeds.write_address.next = self.at.q.val();
                self.seeds.write_data.next = self.s_seed.val();
                self.seeds.read_address.next = self.at.q.val() + 1;
                self.kept.next.constants = self.constants.val();
                self.kept.next.seed = self.seeds.read_data.val();
                self.added.next = self.kept.val().into();
                self.last.next = self.double.y.val();
                $(self.sum.d.next.$w = self.last.val().$w + self.added.val().$w;)+
                self.valid.d.next = self.slots[7].q.val().busy & self.slots[7].q.val().last;
                self.step.d.next = self.slots[7].q.val().step;
                self.m_valid.next = self.valid.q.val();
                self.m_step.next = self.step.q.val();
                self.m.next = self.sum.q.val();
                if self.reset.val() {
                    for k in 0..8 {
                        self.slots[k].d.next.busy = false;
                    }
                    self.valid.d.next = false;
                }
            }
        }
    };
}
folded_core!(w0 w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12 w13 w14 w15);
