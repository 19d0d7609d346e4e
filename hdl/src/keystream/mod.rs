//! Line100's keystream: 64-byte ChaCha20 blocks, one a cycle, in the order in which frames ask for them.
//!
//! A frame gives its [`Seal`] once and gets `blocks` blocks, counters 0 on (RFC 8439 section 2.4). A frame of one block
//! takes one cycle, so that no mix of frames leaves a gap. A block is begun only when there is room for it behind the
//! core, which therefore never stops.
//!
//! `s_valid, s_ready, s: Seal` in, `m_valid, m_ready, m_block` out; a block leaves [`ChaCha20Block`]'s latency and three
//! cycles after it is asked for.

use crate::chacha::{ChaCha20Block, State};
use crate::records::Seal;
use crate::streams::fifo::Fifo;
use rust_hdl::prelude::*;

/// See the module.
#[derive(LogicBlock)]
pub struct Keystream100 {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, Bit>,
    /// A frame asks.
    pub s_valid: Signal<In, Bit>,
    /// Its request is taken.
    pub s_ready: Signal<Out, Bit>,
    /// What it asks for; `blocks` is not 0.
    pub s: Signal<In, Seal>,
    /// A block is there.
    pub m_valid: Signal<Out, Bit>,
    /// It is taken.
    pub m_ready: Signal<In, Bit>,
    /// The block, in lane order.
    pub m_block: Signal<Out, Bits<512>>,
    core: ChaCha20Block,
    queue: Fifo<State, 7>,
    /// The frame whose later blocks are being asked for.
    held: DFF<Seal>,
    holding: DFF<Bit>,
    counter: DFF<Bits<8>>,
    /// Blocks begun and not yet taken.
    begun: DFF<Bits<8>>,
    limit: Constant<Bits<8>>,
    constants: [Constant<Bits<32>>; 4],
    oldest: Signal<Local, State>,
    room: Signal<Local, Bit>,
    begins: Signal<Local, Bit>,
    taken: Signal<Local, Bit>,
    next: Signal<Local, Bits<8>>,
    chosen: Signal<Local, Seal>,
    key: Signal<Local, Bits<256>>,
    nonce: Signal<Local, Bits<96>>,
    index: Signal<Local, Bits<8>>,
    state: DFF<State>,
    state_valid: DFF<Bit>,
}

impl Default for Keystream100 {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            s_valid: Default::default(),
            s_ready: Default::default(),
            s: Default::default(),
            m_valid: Default::default(),
            m_ready: Default::default(),
            m_block: Default::default(),
            core: Default::default(),
            queue: Default::default(),
            held: Default::default(),
            holding: Default::default(),
            counter: Default::default(),
            begun: Default::default(),
            limit: Constant::new(120.into()),
            constants: [0x6170_7865u64, 0x3320_646E, 0x7962_2D32, 0x6B20_6574]
                .map(|word| Constant::new(word.into())),
            oldest: Default::default(),
            room: Default::default(),
            begins: Default::default(),
            taken: Default::default(),
            next: Default::default(),
            chosen: Default::default(),
            key: Default::default(),
            nonce: Default::default(),
            index: Default::default(),
            state: Default::default(),
            state_valid: Default::default(),
        }
    }
}

impl Logic for Keystream100 {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            held,
            holding,
            counter,
            begun,
            state,
            state_valid
        );
        self.core.clock.next = self.clock.val();
        self.queue.clock.next = self.clock.val();
        self.queue.reset.next = self.reset.val();

        self.room.next = self.begun.q.val() < self.limit.val();
        self.s_ready.next = self.room.val() & !self.holding.q.val();
        self.begins.next = self.room.val() & (self.holding.q.val() | self.s_valid.val());
        self.chosen.next = self.s.val();
        self.index.next = 0.into();
        if self.holding.q.val() {
            self.chosen.next = self.held.q.val();
            self.index.next = self.counter.q.val();
        }
        self.next.next = self.index.val() + 1;
        if self.begins.val() {
            self.held.d.next = self.chosen.val();
            self.counter.d.next = self.next.val();
            self.holding.d.next = self.next.val() != self.chosen.val().blocks;
        }

        self.key.next = self.chosen.val().key;
        self.nonce.next = self.chosen.val().nonce;
        self.state.d.next.w0 = self.constants[0].val();
        self.state.d.next.w1 = self.constants[1].val();
        self.state.d.next.w2 = self.constants[2].val();
        self.state.d.next.w3 = self.constants[3].val();
        self.state.d.next.w4 = self.key.val().get_bits::<32>(0);
        self.state.d.next.w5 = self.key.val().get_bits::<32>(32);
        self.state.d.next.w6 = self.key.val().get_bits::<32>(64);
        self.state.d.next.w7 = self.key.val().get_bits::<32>(96);
        self.state.d.next.w8 = self.key.val().get_bits::<32>(128);
        self.state.d.next.w9 = self.key.val().get_bits::<32>(160);
        self.state.d.next.w10 = self.key.val().get_bits::<32>(192);
        self.state.d.next.w11 = self.key.val().get_bits::<32>(224);
        self.state.d.next.w13 = self.nonce.val().get_bits::<32>(0);
        self.state.d.next.w14 = self.nonce.val().get_bits::<32>(32);
        self.state.d.next.w15 = self.nonce.val().get_bits::<32>(64);
        self.state.d.next.w12 = bit_cast::<32, 8>(self.index.val());
        self.state_valid.d.next = self.begins.val();
        self.core.s_valid.next = self.state_valid.q.val();
        self.core.s_state.next = self.state.q.val();

        self.queue.s_valid.next = self.core.m_valid.val();
        self.queue.s_data.next = self.core.m_state.val();
        self.m_valid.next = self.queue.m_valid.val();
        self.queue.m_ready.next = self.m_ready.val();
        self.oldest.next = self.queue.m_data.val();
        self.m_block.next = bit_cast::<512, 32>(self.oldest.val().w0)
            | (bit_cast::<512, 32>(self.oldest.val().w1) << 32)
            | (bit_cast::<512, 32>(self.oldest.val().w2) << 64)
            | (bit_cast::<512, 32>(self.oldest.val().w3) << 96)
            | (bit_cast::<512, 32>(self.oldest.val().w4) << 128)
            | (bit_cast::<512, 32>(self.oldest.val().w5) << 160)
            | (bit_cast::<512, 32>(self.oldest.val().w6) << 192)
            | (bit_cast::<512, 32>(self.oldest.val().w7) << 224)
            | (bit_cast::<512, 32>(self.oldest.val().w8) << 256)
            | (bit_cast::<512, 32>(self.oldest.val().w9) << 288)
            | (bit_cast::<512, 32>(self.oldest.val().w10) << 320)
            | (bit_cast::<512, 32>(self.oldest.val().w11) << 352)
            | (bit_cast::<512, 32>(self.oldest.val().w12) << 384)
            | (bit_cast::<512, 32>(self.oldest.val().w13) << 416)
            | (bit_cast::<512, 32>(self.oldest.val().w14) << 448)
            | (bit_cast::<512, 32>(self.oldest.val().w15) << 480);

        self.taken.next = self.queue.m_valid.val() & self.m_ready.val();
        if self.begins.val() & !self.taken.val() {
            self.begun.d.next = self.begun.q.val() + 1;
        }
        if self.taken.val() & !self.begins.val() {
            self.begun.d.next = self.begun.q.val() - 1;
        }
        if self.reset.val() {
            self.holding.d.next = false;
            self.begun.d.next = 0.into();
            self.state_valid.d.next = false;
        }
    }
}
