//! Masks for 64-byte beats: DECOY's changes and the keystream in their places.
//!
//! For each frame, which is one with `edit.mask`, ceil(out_end / 64) mask beats leave at `m`: `head.tuple` from
//! `out_info_at` on, `head.block` from `out_info_at + payload_at` on, and keystream byte i at `stream_from` + i below
//! `stream_to`, XORed where they meet. A frame whose keystream covers anything takes ceil((stream_to - stream_from) / 64)
//! blocks at `w`; `stream_to` must not lie past `out_end`. What a frame has no use for in `head` must be zero.
//!
//! One beat every cycle, a frame every cycle where all are one beat, whatever the offsets. A mask beat is there
//! [`LATENCY`] cycles after its frame, or its keystream, was.
//!
//! ```
//! use fogline_hdl::emit::verilog;
//! use fogline_hdl::streams::align100::Align100;
//!
//! let text = verilog(Align100::default(), "align");
//! assert!(text.contains("module align("));
//! ```

use super::beat::{Below, Spread};
use super::fifo::{self, Fifo};
use super::protocol::Allowed;
use crate::records::{Edit, Head};
use rust_hdl::prelude::*;

/// Cycles from the frame to its first mask beat.
pub const LATENCY: usize = 4 + fifo::LATENCY;

/// See the module.
#[derive(LogicBlock, Default)]
pub struct Align100 {
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
    pub m_mask: Signal<Out, Bits<512>>,
    /// The frame's protocol, uncovered, is not allowed: with the beat that its keystream starts in.
    pub m_forbidden: Signal<Out, Bit>,

    // The frame that is worked on.
    working: DFF<Bit>,
    edit: DFF<Edit>,
    head: DFF<Head>,
    last_at: DFF<Bits<16>>,
    stream_at: DFF<Bits<16>>,
    stream_end: DFF<Bits<16>>,
    beat: DFF<Bits<16>>,
    // Beats between here and the reader.
    outside: DFF<Bits<6>>,
    // First stage.
    step1: DFF<Bit>,
    head1: DFF<Head>,
    info1: DFF<Bits<8>>,
    block_at1: DFF<Bits<9>>,
    beat1: DFF<Bits<16>>,
    word1: DFF<Bits<512>>,
    turn1: DFF<Bits<6>>,
    word_here1: DFF<Bit>,
    word_before1: DFF<Bit>,
    check1: DFF<Bit>,
    sealed1: DFF<Bits<16>>,
    to1: DFF<Bits<16>>,
    allowed: Allowed,
    below_to: Below<64>,
    // Second stage: moved within the beat.
    step2: DFF<Bit>,
    tuple2: DFF<Bits<864>>,
    tuple_here2: DFF<Bit>,
    tuple_before2: DFF<Bit>,
    block2: DFF<Bits<768>>,
    block_here2: DFF<Bit>,
    block_before2: DFF<Bit>,
    word2: DFF<Bits<512>>,
    here2: DFF<Bits<64>>,
    before2: DFF<Bits<64>>,
    forbidden2: DFF<Bit>,
    spread_here: Spread<512, 64>,
    spread_before: Spread<512, 64>,
    // Third stage: chosen.
    step3: DFF<Bit>,
    mask3: DFF<Bits<512>>,
    forbidden3: DFF<Bit>,
    carried: DFF<Bits<512>>,
    out: Fifo<Bits<513>, 5>,

    load: Signal<Local, Bit>,
    step: Signal<Local, Bit>,
    last: Signal<Local, Bit>,
    take: Signal<Local, Bit>,
    room: Signal<Local, Bit>,
    from: Signal<Local, Bits<16>>,
    to: Signal<Local, Bits<16>>,
    covered: Signal<Local, Bits<16>>,
    pop: Signal<Local, Bit>,
    info_beat: Signal<Local, Bits<16>>,
    block_beat: Signal<Local, Bits<16>>,
    info_after: Signal<Local, Bits<16>>,
    block_after: Signal<Local, Bits<16>>,
    turned: [Signal<Local, Bits<512>>; 6],
    through: Signal<Local, Bits<64>>,
    inside: Signal<Local, Bits<64>>,
    tuple: Signal<Local, Bits<512>>,
    block: Signal<Local, Bits<512>>,
    stream: Signal<Local, Bits<512>>,
}

impl Logic for Align100 {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, working, edit, head, last_at, stream_at, stream_end, beat, outside
        );
        dff_setup!(
            self,
            clock,
            step1,
            head1,
            info1,
            block_at1,
            beat1,
            word1,
            turn1,
            word_here1,
            word_before1
        );
        dff_setup!(self, clock, check1, sealed1, to1);
        dff_setup!(
            self,
            clock,
            step2,
            tuple2,
            tuple_here2,
            tuple_before2,
            block2,
            block_here2,
            block_before2,
            word2
        );
        dff_setup!(
            self, clock, here2, before2, forbidden2, step3, mask3, forbidden3, carried
        );
        self.out.clock.next = self.clock.val();
        self.out.reset.next = self.reset.val();

        // A step takes what one mask beat needs. Beats stream_at to stream_end - 1 take a block.
        self.take.next = (self.beat.q.val() >= self.stream_at.q.val())
            & (self.beat.q.val() < self.stream_end.q.val());
        self.room.next = !self.outside.q.val().get_bit(5);
        self.step.next =
            self.working.q.val() & self.room.val() & (self.w_valid.val() | !self.take.val());
        self.last.next = self.beat.q.val() == self.last_at.q.val();
        self.w_ready.next = self.working.q.val() & self.room.val() & self.take.val();
        self.pop.next = self.out.m_valid.val() & self.m_ready.val();
        if self.step.val() & !self.pop.val() {
            self.outside.d.next = self.outside.q.val() + 1;
        } else if self.pop.val() & !self.step.val() {
            self.outside.d.next = self.outside.q.val() - 1;
        }

        // The next frame.
        self.from.next = bit_cast::<16, 9>(self.e_edit.val().stream_from);
        self.to.next = bit_cast::<16, 14>(self.e_edit.val().stream_to);
        self.covered.next = self.to.val() - self.from.val();
        self.load.next = !self.working.q.val() | (self.step.val() & self.last.val());
        self.e_ready.next = self.load.val();
        if self.step.val() {
            self.beat.d.next = self.beat.q.val() + 1;
        }
        if self.load.val() {
            self.working.d.next = self.e_valid.val();
            self.edit.d.next = self.e_edit.val();
            self.head.d.next = self.e_head.val();
            self.beat.d.next = 0.into();
            self.last_at.d.next = (bit_cast::<16, 14>(self.e_edit.val().out_end) - 1) >> 6;
            self.stream_at.d.next = self.from.val() >> 6;
            self.stream_end.d.next = 0.into();
            if self.to.val() > self.from.val() {
                self.stream_end.d.next = (self.from.val() >> 6) + ((self.covered.val() + 63) >> 6);
            }
        }

        // First stage.
        self.step1.d.next = self.step.val();
        self.head1.d.next = self.head.q.val();
        self.info1.d.next = self.edit.q.val().out_info_at;
        self.block_at1.d.next = bit_cast::<9, 8>(self.edit.q.val().out_info_at)
            + bit_cast::<9, 7>(self.edit.q.val().payload_at);
        self.beat1.d.next = self.beat.q.val();
        self.word1.d.next = self.w_block.val();
        self.turn1.d.next = self.edit.q.val().stream_from.get_bits::<6>(0);
        self.word_here1.d.next = self.take.val();
        // The block before reaches into this beat: its first beat was at least one before.
        self.word_before1.d.next = (self.beat.q.val() > self.stream_at.q.val())
            & (self.beat.q.val() <= self.stream_end.q.val());
        self.check1.d.next = (self.edit.q.val().check_protocol & self.take.val())
            & (self.beat.q.val() == self.stream_at.q.val());
        self.sealed1.d.next = self.edit.q.val().sealed_protocol;
        self.to1.d.next = bit_cast::<16, 14>(self.edit.q.val().stream_to);

        // Second stage: tuple and block moved by where they start in their first beat, the keystream rotated.
        self.step2.d.next = self.step1.q.val();
        self.info_beat.next = bit_cast::<16, 8>(self.info1.q.val()) >> 6;
        self.block_beat.next = bit_cast::<16, 9>(self.block_at1.q.val()) >> 6;
        self.info_after.next = self.info_beat.val() + 1;
        self.block_after.next = self.block_beat.val() + 1;
        self.tuple_here2.d.next = self.beat1.q.val() == self.info_beat.val();
        self.tuple_before2.d.next = self.beat1.q.val() == self.info_after.val();
        self.block_here2.d.next = self.beat1.q.val() == self.block_beat.val();
        self.block_before2.d.next = self.beat1.q.val() == self.block_after.val();
        self.tuple2.d.next = bit_cast::<864, 352>(self.head1.q.val().tuple)
            << (bit_cast::<9, 6>(self.info1.q.val().get_bits::<6>(0)) << 3);
        self.block2.d.next = bit_cast::<768, 256>(self.head1.q.val().block)
            << (bit_cast::<9, 6>(self.block_at1.q.val().get_bits::<6>(0)) << 3);
        self.turned[0].next = self.word1.q.val();
        if self.turn1.q.val().get_bit(0) {
            self.turned[0].next = (self.word1.q.val() << 8) | (self.word1.q.val() >> 504);
        }
        self.turned[1].next = self.turned[0].val();
        if self.turn1.q.val().get_bit(1) {
            self.turned[1].next = (self.turned[0].val() << 16) | (self.turned[0].val() >> 496);
        }
        self.turned[2].next = self.turned[1].val();
        if self.turn1.q.val().get_bit(2) {
            self.turned[2].next = (self.turned[1].val() << 32) | (self.turned[1].val() >> 480);
        }
        self.turned[3].next = self.turned[2].val();
        if self.turn1.q.val().get_bit(3) {
            self.turned[3].next = (self.turned[2].val() << 64) | (self.turned[2].val() >> 448);
        }
        self.turned[4].next = self.turned[3].val();
        if self.turn1.q.val().get_bit(4) {
            self.turned[4].next = (self.turned[3].val() << 128) | (self.turned[3].val() >> 384);
        }
        self.turned[5].next = self.turned[4].val();
        if self.turn1.q.val().get_bit(5) {
            self.turned[5].next = (self.turned[4].val() << 256) | (self.turned[4].val() >> 256);
        }
        self.word2.d.next = self.turned[5].val();
        self.below_to.at.next = self.to1.q.val();
        self.below_to.beat.next = self.beat1.q.val();
        self.inside.next = self.below_to.lanes.val();
        self.through.next = 0xFFFF_FFFF_FFFF_FFFF_u64.into();
        self.through.next = self.through.val() << self.turn1.q.val();
        self.here2.d.next = 0.into();
        if self.word_here1.q.val() {
            self.here2.d.next = self.through.val() & self.inside.val();
        }
        self.before2.d.next = 0.into();
        if self.word_before1.q.val() {
            self.before2.d.next = !self.through.val() & self.inside.val();
        }
        self.allowed.sealed.next = self.sealed1.q.val();
        self.allowed.stream.next = self.word1.q.val().get_bits::<16>(0);
        self.forbidden2.d.next = self.check1.q.val() & !self.allowed.allowed.val();

        // Third stage.
        self.spread_here.lanes.next = self.here2.q.val();
        self.spread_before.lanes.next = self.before2.q.val();
        self.tuple.next = 0.into();
        if self.tuple_here2.q.val() {
            self.tuple.next = self.tuple2.q.val().get_bits::<512>(0);
        } else if self.tuple_before2.q.val() {
            self.tuple.next = bit_cast::<512, 352>(self.tuple2.q.val().get_bits::<352>(512));
        }
        self.block.next = 0.into();
        if self.block_here2.q.val() {
            self.block.next = self.block2.q.val().get_bits::<512>(0);
        } else if self.block_before2.q.val() {
            self.block.next = bit_cast::<512, 256>(self.block2.q.val().get_bits::<256>(512));
        }
        self.stream.next = (self.word2.q.val() & self.spread_here.bytes.val())
            | (self.carried.q.val() & self.spread_before.bytes.val());
        if self.step2.q.val() {
            self.carried.d.next = self.word2.q.val();
        }
        self.step3.d.next = self.step2.q.val();
        self.mask3.d.next = (self.tuple.val() ^ self.block.val()) ^ self.stream.val();
        self.forbidden3.d.next = self.forbidden2.q.val();
        self.out.s_valid.next = self.step3.q.val();
        self.out.s_data.next = bit_cast::<513, 512>(self.mask3.q.val())
            | (bit_cast::<513, 1>(self.forbidden3.q.val().into()) << 512);
        self.out.m_ready.next = self.m_ready.val();
        self.m_valid.next = self.out.m_valid.val();
        self.m_mask.next = self.out.m_data.val().get_bits::<512>(0);
        self.m_forbidden.next = self.out.m_data.val().get_bit(512);

        if self.reset.val() {
            self.working.d.next = false;
            self.outside.d.next = 0.into();
            self.step1.d.next = false;
            self.step2.d.next = false;
            self.step3.d.next = false;
        }
    }
}
