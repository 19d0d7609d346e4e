//! line64's core: one folded double round for a direction's permutations and keystream.

use super::{Contexts, FoldedCore, Step};
use crate::chacha::Seed;
use crate::records::{Scramble, Seal};
use crate::streams::Fifo;
use rust_hdl::prelude::*;

/// Permutations and keystream of one direction.
///
/// Records go in at `s` and come out at `m`, permuted where they are active, in order, up to 16 at a time. Seals go in at `k`
/// and give `k.blocks` blocks of keystream at `w`, counters from 0 on, in order. Half rounds go before keystream. Neither
/// waits for the other's output: a block of keystream is made only when it has a place at `w`, of which there are 16.
///
/// A double round starts every cycle as long as both have work: a record takes 32 of them (16 without a block), a block of
/// keystream 10. A lone record comes out after about 310 cycles, a lone block after 83.
///
/// `s` is taken into a register: `s_ready` is low for at most 14 cycles afterwards while fewer than 16 records are inside. `k` must stand
/// until its last block is begun.
///
/// ```
/// use fogline_hdl::permute::Engine64;
/// let verilog = fogline_hdl::emit::verilog(Engine64::new(true), "engine64_rx");
/// assert!(verilog.contains("module engine64_rx("));
/// ```
#[derive(LogicBlock)]
pub struct Engine64 {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Forgets all that is inside.
    pub reset: Signal<In, Bit>,
    /// There is a record.
    pub s_valid: Signal<In, Bit>,
    /// It is taken at the next edge.
    pub s_ready: Signal<Out, Bit>,
    /// The record before.
    pub s: Signal<In, Scramble>,
    /// There is a record, permuted.
    pub m_valid: Signal<Out, Bit>,
    /// It is taken at the next edge.
    pub m_ready: Signal<In, Bit>,
    /// The record behind.
    pub m: Signal<Out, Scramble>,
    /// There is a seal.
    pub k_valid: Signal<In, Bit>,
    /// Its last block is begun at the next edge, or it has none.
    pub k_ready: Signal<Out, Bit>,
    /// The keystream that is needed.
    pub k: Signal<In, Seal>,
    /// There is a block of keystream.
    pub w_valid: Signal<Out, Bit>,
    /// It is taken at the next edge.
    pub w_ready: Signal<In, Bit>,
    /// The block.
    pub w_block: Signal<Out, Bits<512>>,
    contexts: Contexts,
    core: FoldedCore,
    blocks: Fifo<Bits<512>, 4>,
    counter: DFF<Bits<8>>,
    behind: Signal<Local, Bits<8>>,
    seed: Signal<Local, Seed>,
    keystream: Signal<Local, Step>,
    block: Signal<Local, Bits<512>>,
    begins: Signal<Local, Bit>,
    leaves: Signal<Local, Bit>,
    /// Blocks begun and not yet taken at `w`.
    outstanding: DFF<Bits<5>>,
}

impl Engine64 {
    /// Towards the line, or from there (`receive`).
    pub fn new(receive: bool) -> Self {
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            s_valid: Signal::default(),
            s_ready: Signal::default(),
            s: Signal::default(),
            m_valid: Signal::default(),
            m_ready: Signal::default(),
            m: Signal::default(),
            k_valid: Signal::default(),
            k_ready: Signal::default(),
            k: Signal::default(),
            w_valid: Signal::default(),
            w_ready: Signal::default(),
            w_block: Signal::default(),
            contexts: Contexts::new(receive),
            core: FoldedCore::default(),
            blocks: Fifo::default(),
            counter: DFF::default(),
            behind: Signal::default(),
            seed: Signal::default(),
            keystream: Signal::default(),
            block: Signal::default(),
            begins: Signal::default(),
            leaves: Signal::default(),
            outstanding: DFF::default(),
        }
    }
}

impl Logic for Engine64 {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, counter, outstanding);
        self.contexts.clock.next = self.clock.val();
        self.contexts.reset.next = self.reset.val();
        self.core.clock.next = self.clock.val();
        self.core.reset.next = self.reset.val();
        self.blocks.clock.next = self.clock.val();
        self.blocks.reset.next = self.reset.val();

        self.contexts.s_valid.next = self.s_valid.val();
        self.s_ready.next = self.contexts.s_ready.val();
        self.contexts.s.next = self.s.val();
        self.m_valid.next = self.contexts.m_valid.val();
        self.contexts.m_ready.next = self.m_ready.val();
        self.m.next = self.contexts.m.val();

        // Half rounds first; keystream where there is room for it.
        self.behind.next = self.counter.q.val() + 1;
        self.begins.next = self.core.s_ready.val()
            & !self.contexts.q_valid.val()
            & self.k_valid.val()
            & (self.k.val().blocks != 0)
            & (self.outstanding.q.val() != 16);
        self.k_ready.next = (self.k.val().blocks == 0)
            | (self.begins.val() & (self.behind.val() == self.k.val().blocks));
        if self.begins.val() {
            self.counter.d.next = self.behind.val();
            if self.behind.val() == self.k.val().blocks {
                self.counter.d.next = 0.into();
            }
        }
        self.seed.next.key = self.k.val().key;
        self.seed.next.counter = bit_cast::<32, 8>(self.counter.q.val());
        self.seed.next.nonce = self.k.val().nonce;
        self.keystream.next.chain = false;
        self.keystream.next.id = 0.into();
        self.keystream.next.round = 0.into();
        self.core.s_valid.next = self.contexts.q_valid.val() | self.begins.val();
        self.contexts.q_ready.next = self.core.s_ready.val();
        if self.contexts.q_valid.val() {
            self.core.s_seed.next = self.contexts.q_seed.val();
            self.core.s_step.next = self.contexts.q_step.val();
        } else {
            self.core.s_seed.next = self.seed.val().into();
            self.core.s_step.next = self.keystream.val();
        }

        self.block.next = self.core.m.val().into();
        self.contexts.f_valid.next = self.core.m_valid.val() & self.core.m_step.val().chain;
        self.contexts.f_step.next = self.core.m_step.val();
        self.contexts.f.next = bit_cast::<144, 512>(self.block.val());
        self.blocks.s_valid.next = self.core.m_valid.val() & !self.core.m_step.val().chain;
        self.blocks.s_data.next = self.block.val();
        self.w_valid.next = self.blocks.m_valid.val();
        self.w_block.next = self.blocks.m_data.val();
        self.blocks.m_ready.next = self.w_ready.val();
        self.leaves.next = self.blocks.m_valid.val() & self.w_ready.val();
        if self.begins.val() & !self.leaves.val() {
            self.outstanding.d.next = self.outstanding.q.val() + 1;
        }
        if self.leaves.val() & !self.begins.val() {
            self.outstanding.d.next = self.outstanding.q.val() - 1;
        }
        if self.reset.val() {
            self.counter.d.next = 0.into();
            self.outstanding.d.next = 0.into();
        }
    }
}
