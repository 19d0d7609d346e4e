//! Block functions, unrolled: one block a cycle.

use super::State;
use super::short::{self, DoubleRound};
use rust_hdl::prelude::*;

/// `N` double rounds in a row, of short quarter rounds.
///
/// Inputs: `clock`, `x`. Output: `y`, `4 * N` cycles later, the initial state not yet added. A new `x` may come every cycle.
#[derive(LogicBlock)]
pub struct Rounds<const N: usize> {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// The state before.
    pub x: Signal<In, State>,
    /// The state behind.
    pub y: Signal<Out, State>,
    double: [DoubleRound; N],
    state: Signal<Local, State>,
}

impl<const N: usize> Rounds<N> {
    /// Cycles from `x` to `y`.
    pub const LATENCY: usize = N * short::LATENCY;
}

impl<const N: usize> Default for Rounds<N> {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            x: Signal::default(),
            y: Signal::default(),
            double: array_init::array_init(|_| DoubleRound::default()),
            state: Signal::default(),
        }
    }
}

impl<const N: usize> Logic for Rounds<N> {
    #[hdl_gen]
    fn update(&mut self) {
        self.state.next = self.x.val();
        for k in 0..N {
            self.double[k].clock.next = self.clock.val();
            self.double[k].x.next = self.state.val();
            self.state.next = self.double[k].y.val();
        }
        self.y.next = self.state.val();
    }
}

/// The ChaCha20 block function, one block a cycle.
///
/// Inputs: `clock`, `s_valid` and the initial state `s_state`. Outputs: `m_valid` and the block `m_state`,
/// [`ChaCha20Block::LATENCY`] cycles later. There is no `ready`.
///
/// ```
/// use fogline_hdl::chacha::ChaCha20Block;
/// let verilog = fogline_hdl::emit::verilog(ChaCha20Block::default(), "chacha20_block");
/// assert!(verilog.contains("module chacha20_block("));
/// ```
#[derive(LogicBlock)]
pub struct ChaCha20Block {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// `s_state` is one.
    pub s_valid: Signal<In, Bit>,
    /// The initial state.
    pub s_state: Signal<In, State>,
    /// `m_state` is one.
    pub m_valid: Signal<Out, Bit>,
    /// The block, as 16 words.
    pub m_state: Signal<Out, State>,
    rounds: Rounds<10>,
    /// The initial states of the blocks that are in `rounds`.
    waiting: RAM<State, 6>,
    at: DFF<Bits<6>>,
    /// `waiting` is read so many cycles behind the write.
    depth: Constant<Bits<6>>,
    start: Signal<Local, State>,
    last: Signal<Local, State>,
    sum: DFF<State>,
    valid: DFF<Bits<41>>,
}

impl ChaCha20Block {
    /// Cycles from `s_valid` to `m_valid`.
    pub const LATENCY: usize = Rounds::<10>::LATENCY + 1;
}

impl Default for ChaCha20Block {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            s_valid: Signal::default(),
            s_state: Signal::default(),
            m_valid: Signal::default(),
            m_state: Signal::default(),
            rounds: Rounds::default(),
            waiting: RAM::default(),
            at: DFF::default(),
            // One less than the rounds take: the RAM's own register is the last cycle.
            depth: Constant::new((Rounds::<10>::LATENCY as u64 - 1).into()),
            start: Signal::default(),
            last: Signal::default(),
            sum: DFF::default(),
            valid: DFF::default(),
        }
    }
}

macro_rules! block {
    ($($w:ident)+) => {
        impl Logic for ChaCha20Block {
            #[hdl_gen]
            fn update(&mut self) {
                dff_setup!(self, clock, at, sum, valid);
                self.rounds.clock.next = self.clock.val();
                self.rounds.x.next = self.s_state.val();
                self.waiting.read_clock.next = self.clock.val();
                self.waiting.write_clock.next = self.clock.val();
                self.at.d.next = self.at.q.val() + 1;
                self.waiting.write_address.next = self.at.q.val();
                self.waiting.write_data.next = self.s_state.val();
                self.waiting.write_enable.next = true;
                self.waiting.read_address.next = self.at.q.val() - self.depth.val();
                self.start.next = self.waiting.read_data.val();
                self.last.next = self.rounds.y.val();
                $(self.sum.d.next.$w = self.start.val().$w + self.last.val().$w;)+
                self.m_state.next = self.sum.q.val();
                self.valid.d.next = (self.valid.q.val() << 1) | bit_cast::<41, 1>(self.s_valid.val().into());
                self.m_valid.next = self.valid.q.val().get_bit(40);
            }
        }
    };
}
block!(w0 w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12 w13 w14 w15);
