//! Masks for 8-byte beats: what [`align100`](super::align100) does, folded into shift registers.
//!
//! The same ports and rules; a mask beat a cycle once the frame is in, and one cycle more for each frame. Each of the three
//! sources (tuple, block, keystream) is a shift register that gives eight bytes a beat from its first beat on, and eight
//! bytes are moved into place together with the eight before them.
//!
//! ```
//! use fogline_hdl::emit::verilog;
//! use fogline_hdl::streams::align64::Align64;
//!
//! let text = verilog(Align64::default(), "align");
//! assert!(text.contains("module align("));
//! ```

use super::beat::{Below, Spread};
use super::protocol::Allowed;
use crate::records::{Edit, Head};
use rust_hdl::prelude::*;

/// Cycles from the frame to its first mask beat.
pub const LATENCY: usize = 2;

/// See the module.
#[derive(LogicBlock, Default)]
pub struct Align64 {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// A frame with a mask.
    pub e_valid: Signal<In, Bit>,
    /// It is taken.
    pub e_ready: Signal<Out, Bit>,
    /// Its edit.
    pub e_edit: Signal<In, Edit>,
    /// Its change of tuple and block.
    pub e_head: Signal<In, Head>,
    /// A block of keystream.
    pub w_valid: Signal<In, Bit>,
    /// It is taken.
    pub w_ready: Signal<Out, Bit>,
    /// Its bytes.
    pub w_block: Signal<In, Bits<512>>,
    /// A mask beat.
    pub m_valid: Signal<Out, Bit>,
    /// It is taken.
    pub m_ready: Signal<In, Bit>,
    /// What is XORed over the beat out.
    pub m_mask: Signal<Out, Bits<64>>,
    /// The frame's protocol, uncovered, is not allowed: with the beat that its keystream starts in.
    pub m_forbidden: Signal<Out, Bit>,

    // The frame that is worked on.
    working: DFF<Bit>,
    beat: DFF<Bits<11>>,
    last_at: DFF<Bits<11>>,
    tuple_at: DFF<Bits<11>>,
    tuple_turn: DFF<Bits<3>>,
    tuple: DFF<Bits<352>>,
    tuple_before: DFF<Bits<64>>,
    block_at: DFF<Bits<11>>,
    block_turn: DFF<Bits<3>>,
    block: DFF<Bits<256>>,
    block_before: DFF<Bits<64>>,
    stream_at: DFF<Bits<11>>,
    stream_turn: DFF<Bits<3>>,
    stream_to: DFF<Bits<16>>,
    blocks: DFF<Bits<8>>,
    part: DFF<Bits<3>>,
    stream: DFF<Bits<512>>,
    stream_before: DFF<Bits<64>>,
    check: DFF<Bit>,
    sealed: DFF<Bits<16>>,
    allowed: Allowed,
    below: Below<8>,
    spread: Spread<64, 8>,
    out: DFF<Bit>,
    out_mask: DFF<Bits<64>>,
    out_forbidden: DFF<Bit>,

    load: Signal<Local, Bit>,
    step: Signal<Local, Bit>,
    free: Signal<Local, Bit>,
    from: Signal<Local, Bits<16>>,
    to: Signal<Local, Bits<16>>,
    end: Signal<Local, Bits<16>>,
    covered: Signal<Local, Bits<16>>,
    block_from: Signal<Local, Bits<16>>,
    tuple_on: Signal<Local, Bit>,
    block_on: Signal<Local, Bit>,
    stream_on: Signal<Local, Bit>,
    take: Signal<Local, Bit>,
    source: Signal<Local, Bits<512>>,
    word: Signal<Local, Bits<64>>,
    amount: [Signal<Local, Bits<7>>; 3],
    pair: [Signal<Local, Bits<128>>; 3],
    moved: [Signal<Local, Bits<128>>; 3],
    tuple_mask: Signal<Local, Bits<64>>,
    block_mask: Signal<Local, Bits<64>>,
    stream_mask: Signal<Local, Bits<64>>,
}

impl Logic for Align64 {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            working,
            beat,
            last_at,
            tuple_at,
            tuple_turn,
            tuple,
            tuple_before
        );
        dff_setup!(
            self,
            clock,
            block_at,
            block_turn,
            block,
            block_before,
            stream_at,
            stream_turn,
            stream_to
        );
        dff_setup!(
            self,
            clock,
            blocks,
            part,
            stream,
            stream_before,
            check,
            sealed,
            out,
            out_mask,
            out_forbidden
        );

        // A step gives one mask beat.
        self.tuple_on.next = self.beat.q.val() >= self.tuple_at.q.val();
        self.block_on.next = self.beat.q.val() >= self.block_at.q.val();
        self.stream_on.next = self.beat.q.val() >= self.stream_at.q.val();
        self.take.next =
            self.stream_on.val() & (self.part.q.val() == 0) & (self.blocks.q.val() != 0);
        self.free.next = !self.out.q.val() | self.m_ready.val();
        self.step.next =
            self.working.q.val() & self.free.val() & (self.w_valid.val() | !self.take.val());
        self.w_ready.next = self.working.q.val() & self.free.val() & self.take.val();
        self.source.next = self.stream.q.val();
        if self.take.val() {
            self.source.next = self.w_block.val();
        }
        self.word.next = self.source.val().get_bits::<64>(0);

        // Eight bytes of each source in their place, with the eight before.
        self.amount[0].next = (8 - bit_cast::<7, 3>(self.tuple_turn.q.val())) << 3;
        self.amount[1].next = (8 - bit_cast::<7, 3>(self.block_turn.q.val())) << 3;
        self.amount[2].next = (8 - bit_cast::<7, 3>(self.stream_turn.q.val())) << 3;
        self.pair[0].next = bit_cast::<128, 64>(self.tuple_before.q.val())
            | (bit_cast::<128, 64>(self.tuple.q.val().get_bits::<64>(0)) << 64);
        self.pair[1].next = bit_cast::<128, 64>(self.block_before.q.val())
            | (bit_cast::<128, 64>(self.block.q.val().get_bits::<64>(0)) << 64);
        self.pair[2].next = bit_cast::<128, 64>(self.stream_before.q.val())
            | (bit_cast::<128, 64>(self.word.val()) << 64);
        for k in 0..3 {
            self.moved[k].next = self.pair[k].val() >> self.amount[k].val();
        }
        self.below.at.next = self.stream_to.q.val();
        self.below.beat.next = bit_cast::<16, 11>(self.beat.q.val());
        self.spread.lanes.next = self.below.lanes.val();
        self.tuple_mask.next = 0.into();
        if self.tuple_on.val() {
            self.tuple_mask.next = self.moved[0].val().get_bits::<64>(0);
        }
        self.block_mask.next = 0.into();
        if self.block_on.val() {
            self.block_mask.next = self.moved[1].val().get_bits::<64>(0);
        }
        self.stream_mask.next = 0.into();
        if self.stream_on.val() {
            self.stream_mask.next = self.moved[2].val().get_bits::<64>(0) & self.spread.bytes.val();
        }
        self.allowed.sealed.next = self.sealed.q.val();
        self.allowed.stream.next = self.w_block.val().get_bits::<16>(0);
        if self.free.val() {
            self.out.d.next = self.step.val();
            self.out_mask.d.next =
                (self.tuple_mask.val() ^ self.block_mask.val()) ^ self.stream_mask.val();
            self.out_forbidden.d.next =
                self.check.q.val() & self.take.val() & !self.allowed.allowed.val();
        }
        self.m_valid.next = self.out.q.val();
        self.m_mask.next = self.out_mask.q.val();
        self.m_forbidden.next = self.out_forbidden.q.val();

        // The next frame.
        self.from.next = bit_cast::<16, 9>(self.e_edit.val().stream_from);
        self.to.next = bit_cast::<16, 14>(self.e_edit.val().stream_to);
        self.end.next = bit_cast::<16, 14>(self.e_edit.val().out_end) - 1;
        self.covered.next = (self.to.val() - self.from.val()) + 63;
        self.block_from.next = bit_cast::<16, 8>(self.e_edit.val().out_info_at)
            + bit_cast::<16, 7>(self.e_edit.val().payload_at);
        self.load.next = !self.working.q.val();
        self.e_ready.next = self.load.val();
        if self.step.val() {
            self.beat.d.next = self.beat.q.val() + 1;
            if self.beat.q.val() == self.last_at.q.val() {
                self.working.d.next = false;
            }
            if self.tuple_on.val() {
                self.tuple.d.next = self.tuple.q.val() >> 64;
                self.tuple_before.d.next = self.tuple.q.val().get_bits::<64>(0);
            }
            if self.block_on.val() {
                self.block.d.next = self.block.q.val() >> 64;
                self.block_before.d.next = self.block.q.val().get_bits::<64>(0);
            }
            if self.stream_on.val() {
                self.part.d.next = self.part.q.val() + 1;
                self.stream.d.next = self.source.val() >> 64;
                self.stream_before.d.next = self.word.val();
            }
            if self.take.val() {
                self.blocks.d.next = self.blocks.q.val() - 1;
                self.check.d.next = false;
            }
        }
        if self.load.val() {
            self.working.d.next = self.e_valid.val();
            self.beat.d.next = 0.into();
            self.last_at.d.next = self.end.val().get_bits::<11>(3);
            self.tuple_at.d.next =
                bit_cast::<11, 5>(self.e_edit.val().out_info_at.get_bits::<5>(3));
            self.tuple_turn.d.next = self.e_edit.val().out_info_at.get_bits::<3>(0);
            self.tuple.d.next = self.e_head.val().tuple;
            self.tuple_before.d.next = 0.into();
            self.block_at.d.next = self.block_from.val().get_bits::<11>(3);
            self.block_turn.d.next = self.block_from.val().get_bits::<3>(0);
            self.block.d.next = self.e_head.val().block;
            self.block_before.d.next = 0.into();
            self.stream_at.d.next = self.from.val().get_bits::<11>(3);
            self.stream_turn.d.next = self.from.val().get_bits::<3>(0);
            self.stream_to.d.next = self.to.val();
            self.stream.d.next = 0.into();
            self.stream_before.d.next = 0.into();
            self.part.d.next = 0.into();
            self.blocks.d.next = 0.into();
            if self.to.val() > self.from.val() {
                self.blocks.d.next = self.covered.val().get_bits::<8>(6);
            }
            self.check.d.next = self.e_edit.val().check_protocol;
            self.sealed.d.next = self.e_edit.val().sealed_protocol;
        }

        if self.reset.val() {
            self.working.d.next = false;
            self.out.d.next = false;
        }
    }
}
