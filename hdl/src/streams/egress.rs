//! Where frames go out: held until what their headers must say is known.
//!
//! Beats come at `h` into a ring of 2^A; `h_ready` says that [`MARGIN`](super::apply::MARGIN) places are free. A frame's
//! `Finished` comes at `f` when all its beats are held, and says how many they are; its sideband waits at `u`. Without a verdict the
//! frame leaves on AXI4-Stream, up to eight 16-bit words of it written at any offset below 512; with one, its beats are
//! dropped in one cycle, whatever their number, and `dropped_valid` and `dropped_user` tell whose they were.
//!
//! One beat a cycle, frames without a bubble. `tdest` (the queue), `tlen` (the length) and `tuser` (the sideband, bit 0
//! clear) stand on every beat of a frame, the first as the last. All outputs come out of a register or memory and stay
//! while they wait. `length` must be above (beats - 1) K.
//!
//! ```
//! use fogline_hdl::emit::verilog;
//! use fogline_hdl::streams::egress::Egress;
//!
//! let text = verilog(Egress::<512, 64, 9, 16>::default(), "egress");
//! assert!(text.contains("module egress("));
//! ```

use super::apply::MARGIN;
use super::beat::{Below, Single, Spread};
use super::fifo::Fifo;
use crate::records::Finished;
use rust_hdl::prelude::*;
use seq_macro::seq;

/// What stands beside a beat on its way out.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
struct Beside {
    last: Bit,
    queue: Bits<16>,
    length: Bits<14>,
}

/// AXI4-Stream out, `D` bits or `K` lanes wide, a ring of 2^`A` beats, `U` bits of tuser.
#[derive(LogicBlock)]
pub struct Egress<const D: usize, const K: usize, const A: usize, const U: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// A beat to be held: goes in whatever `h_ready` says.
    pub h_valid: Signal<In, Bit>,
    /// There are `MARGIN` places free.
    pub h_ready: Signal<Out, Bit>,
    /// Its bytes.
    pub h_data: Signal<In, Bits<D>>,
    /// A frame is finished.
    pub f_valid: Signal<In, Bit>,
    /// It is taken.
    pub f_ready: Signal<Out, Bit>,
    /// How.
    pub f: Signal<In, Finished>,
    /// The sideband of the oldest frame.
    pub u_valid: Signal<In, Bit>,
    /// It is taken.
    pub u_ready: Signal<Out, Bit>,
    /// Its bits; bit 0 does not count.
    pub u_user: Signal<In, Bits<U>>,
    /// AXI4-Stream.
    pub m_axis_tdata: Signal<Out, Bits<D>>,
    /// Contiguous from lane 0, full but on the last beat.
    pub m_axis_tkeep: Signal<Out, Bits<K>>,
    /// A beat.
    pub m_axis_tvalid: Signal<Out, Bit>,
    /// It is taken.
    pub m_axis_tready: Signal<In, Bit>,
    /// The frame's last.
    pub m_axis_tlast: Signal<Out, Bit>,
    /// The sideband.
    pub m_axis_tuser: Signal<Out, Bits<U>>,
    /// The queue.
    pub m_axis_tdest: Signal<Out, Bits<16>>,
    /// The frame's length in bytes.
    pub m_axis_tlen: Signal<Out, Bits<16>>,
    /// A frame was dropped: one cycle.
    pub dropped_valid: Signal<Out, Bit>,
    /// Its sideband.
    pub dropped_user: Signal<Out, Bits<U>>,

    ring: RAM<Bits<D>, A>,
    write_at: DFF<Bits<A>>,
    read_at: DFF<Bits<A>>,
    held: DFF<Bits<16>>,
    // The frame that is worked on.
    working: DFF<Bit>,
    dropping: DFF<Bit>,
    finished: DFF<Finished>,
    user: DFF<Bits<U>>,
    beat: DFF<Bits<16>>,
    // Beats between here and the reader.
    outside: DFF<Bits<6>>,
    // First stage: the beat comes out of the ring.
    step1: DFF<Bit>,
    beat1: DFF<Bits<16>>,
    finished1: DFF<Finished>,
    user1: DFF<Bits<U>>,
    last1: DFF<Bit>,
    patch_at: [Signal<Local, Bits<16>>; 8],
    patch_word: [Signal<Local, Bits<16>>; 8],
    patch_after: [Signal<Local, Bits<16>>; 8],
    high: [Single<K>; 8],
    low: [Single<K>; 8],
    below: Below<K>,
    // Second: where its words go.
    step2: DFF<Bit>,
    data2: DFF<Bits<D>>,
    keep2: DFF<Bits<K>>,
    user2: DFF<Bits<U>>,
    beside2: DFF<Beside>,
    high2: [DFF<Bits<K>>; 8],
    low2: [DFF<Bits<K>>; 8],
    word2: [DFF<Bits<16>>; 8],
    plane: [Signal<Local, Bits<K>>; 8],
    spread_plane: [Spread<D, K>; 8],
    written: Signal<Local, Bits<K>>,
    spread_written: Spread<D, K>,
    bits: [Signal<Local, Bits<D>>; 8],
    patch: Signal<Local, Bits<D>>,
    // Third: written.
    step3: DFF<Bit>,
    data3: DFF<Bits<D>>,
    keep3: DFF<Bits<K>>,
    user3: DFF<Bits<U>>,
    beside3: DFF<Beside>,
    out_data: Fifo<Bits<D>, 5>,
    out_keep: Fifo<Bits<K>, 5>,
    out_user: Fifo<Bits<U>, 5>,
    out_beside: Fifo<Beside, 5>,
    dropped: DFF<Bit>,
    dropped_who: DFF<Bits<U>>,

    load: Signal<Local, Bit>,
    step: Signal<Local, Bit>,
    drop: Signal<Local, Bit>,
    following: Signal<Local, Bits<16>>,
    last: Signal<Local, Bit>,
    pop: Signal<Local, Bit>,
    fewer: Signal<Local, Bits<16>>,
    sideband: Constant<Bits<U>>,
    full: Constant<Bits<16>>,
}

impl<const D: usize, const K: usize, const A: usize, const U: usize> Default
    for Egress<D, K, A, U>
{
    fn default() -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            h_valid: Default::default(),
            h_ready: Default::default(),
            h_data: Default::default(),
            f_valid: Default::default(),
            f_ready: Default::default(),
            f: Default::default(),
            u_valid: Default::default(),
            u_ready: Default::default(),
            u_user: Default::default(),
            m_axis_tdata: Default::default(),
            m_axis_tkeep: Default::default(),
            m_axis_tvalid: Default::default(),
            m_axis_tready: Default::default(),
            m_axis_tlast: Default::default(),
            m_axis_tuser: Default::default(),
            m_axis_tdest: Default::default(),
            m_axis_tlen: Default::default(),
            dropped_valid: Default::default(),
            dropped_user: Default::default(),
            ring: Default::default(),
            write_at: Default::default(),
            read_at: Default::default(),
            held: Default::default(),
            working: Default::default(),
            dropping: Default::default(),
            finished: Default::default(),
            user: Default::default(),
            beat: Default::default(),
            outside: Default::default(),
            step1: Default::default(),
            beat1: Default::default(),
            finished1: Default::default(),
            user1: Default::default(),
            last1: Default::default(),
            patch_at: Default::default(),
            patch_word: Default::default(),
            patch_after: Default::default(),
            high: Default::default(),
            low: Default::default(),
            below: Default::default(),
            step2: Default::default(),
            data2: Default::default(),
            keep2: Default::default(),
            user2: Default::default(),
            beside2: Default::default(),
            high2: Default::default(),
            low2: Default::default(),
            word2: Default::default(),
            plane: Default::default(),
            spread_plane: Default::default(),
            written: Default::default(),
            spread_written: Default::default(),
            bits: Default::default(),
            patch: Default::default(),
            step3: Default::default(),
            data3: Default::default(),
            keep3: Default::default(),
            user3: Default::default(),
            beside3: Default::default(),
            out_data: Default::default(),
            out_keep: Default::default(),
            out_user: Default::default(),
            out_beside: Default::default(),
            dropped: Default::default(),
            dropped_who: Default::default(),
            load: Default::default(),
            step: Default::default(),
            drop: Default::default(),
            following: Default::default(),
            last: Default::default(),
            pop: Default::default(),
            fewer: Default::default(),
            sideband: Constant::new(Bits::<U>::mask().replace_bit(0, false)),
            full: Constant::new(((1_u64 << A) - MARGIN).into()),
        }
    }
}

seq!(N in 0..8 {
impl<const D: usize, const K: usize, const A: usize, const U: usize> Logic for Egress<D, K, A, U> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, write_at, read_at, held, working, dropping, finished, user, beat, outside);
        dff_setup!(self, clock, step1, beat1, finished1, user1, last1);
        dff_setup!(self, clock, step2, data2, keep2, user2, beside2, step3, data3, keep3, user3, beside3);
        dff_setup!(self, clock, dropped, dropped_who);
        self.ring.read_clock.next = self.clock.val();
        self.ring.write_clock.next = self.clock.val();
        self.out_data.clock.next = self.clock.val();
        self.out_keep.clock.next = self.clock.val();
        self.out_user.clock.next = self.clock.val();
        self.out_beside.clock.next = self.clock.val();
        self.out_data.reset.next = self.reset.val();
        self.out_keep.reset.next = self.reset.val();
        self.out_user.reset.next = self.reset.val();
        self.out_beside.reset.next = self.reset.val();

        // A step reads one beat of the frame; a drop passes over all of them.
        self.following.next = self.beat.q.val() + 1;
        self.last.next = self.following.val() == bit_cast::<16, 11>(self.finished.q.val().beats);
        self.step.next = self.working.q.val() & !self.outside.q.val().get_bit(5);
        self.drop.next = self.dropping.q.val();
        self.load.next = (!self.working.q.val() | (self.step.val() & self.last.val())) & self.f_valid.val() & self.u_valid.val();
        self.f_ready.next = self.load.val();
        self.u_ready.next = self.load.val();
        self.dropping.d.next = false;
        self.fewer.next = 0.into();
        if self.step.val() {
            self.beat.d.next = self.following.val();
            self.fewer.next = 1.into();
            if self.last.val() {
                self.working.d.next = false;
            }
        }
        if self.drop.val() {
            self.fewer.next = bit_cast::<16, 11>(self.finished.q.val().beats);
        }
        if self.load.val() {
            self.working.d.next = self.f.val().verdict == 0;
            self.dropping.d.next = self.f.val().verdict != 0;
            self.finished.d.next = self.f.val();
            self.user.d.next = self.u_user.val() & self.sideband.val();
            self.beat.d.next = 0.into();
        }
        self.dropped.d.next = self.drop.val();
        self.dropped_who.d.next = self.user.q.val();
        self.dropped_valid.next = self.dropped.q.val();
        self.dropped_user.next = self.dropped_who.q.val();

        // The ring.
        self.ring.write_address.next = self.write_at.q.val();
        self.ring.write_data.next = self.h_data.val();
        self.ring.write_enable.next = self.h_valid.val();
        self.ring.read_address.next = self.read_at.q.val();
        self.read_at.d.next = bit_cast::<A, 16>(bit_cast::<16, A>(self.read_at.q.val()) + self.fewer.val());
        self.held.d.next = self.held.q.val() - self.fewer.val();
        if self.h_valid.val() {
            self.write_at.d.next = self.write_at.q.val() + 1;
            self.held.d.next = (self.held.q.val() - self.fewer.val()) + 1;
        }
        self.h_ready.next = self.held.q.val() <= self.full.val();

        // First stage.
        self.step1.d.next = self.step.val();
        self.beat1.d.next = self.beat.q.val();
        self.finished1.d.next = self.finished.q.val();
        self.user1.d.next = self.user.q.val();
        self.last1.d.next = self.last.val();

        // Second: the lanes of each word's two bytes.
        #(
            self.patch_at[N].next = bit_cast::<16, 9>(self.finished1.q.val().at~N);
            self.patch_word[N].next = self.finished1.q.val().word~N;
            self.high[N].valid.next = self.finished1.q.val().patches.get_bit(N);
            self.low[N].valid.next = self.finished1.q.val().patches.get_bit(N);
        )*
        for k in 0..8 {
            self.high2[k].clock.next = self.clock.val();
            self.low2[k].clock.next = self.clock.val();
            self.word2[k].clock.next = self.clock.val();
            self.patch_after[k].next = self.patch_at[k].val() + 1;
            self.high[k].at.next = self.patch_at[k].val();
            self.high[k].beat.next = self.beat1.q.val();
            self.low[k].at.next = self.patch_after[k].val();
            self.low[k].beat.next = self.beat1.q.val();
            self.high2[k].d.next = self.high[k].lanes.val();
            self.low2[k].d.next = self.low[k].lanes.val();
            self.word2[k].d.next = self.patch_word[k].val();
        }
        self.below.at.next = bit_cast::<16, 14>(self.finished1.q.val().length);
        self.below.beat.next = self.beat1.q.val();
        self.step2.d.next = self.step1.q.val();
        self.data2.d.next = self.ring.read_data.val();
        self.keep2.d.next = self.below.lanes.val();
        self.user2.d.next = self.user1.q.val();
        self.beside2.d.next.last = self.last1.q.val();
        self.beside2.d.next.queue = self.finished1.q.val().queue;
        self.beside2.d.next.length = self.finished1.q.val().length;

        // Third: bit by bit of a byte, the lanes where it is set.
        self.written.next = 0.into();
        for b in 0..8 {
            self.plane[b].next = 0.into();
        }
        for k in 0..8 {
            self.written.next = (self.written.val() | self.high2[k].q.val()) | self.low2[k].q.val();
            for b in 0..8 {
                if self.word2[k].q.val().get_bit(b + 8) {
                    self.plane[b].next = self.plane[b].val() | self.high2[k].q.val();
                }
                if self.word2[k].q.val().get_bit(b) {
                    self.plane[b].next = self.plane[b].val() | self.low2[k].q.val();
                }
            }
        }
        self.spread_written.lanes.next = self.written.val();
        self.patch.next = 0.into();
        #(
            self.spread_plane[N].lanes.next = self.plane[N].val();
            self.bits[N].next = self.spread_plane[N].ones.val() << N;
            self.patch.next = self.patch.val() | self.bits[N].val();
        )*
        self.step3.d.next = self.step2.q.val();
        self.data3.d.next = (self.data2.q.val() & !self.spread_written.bytes.val()) | self.patch.val();
        self.keep3.d.next = self.keep2.q.val();
        self.user3.d.next = self.user2.q.val();
        self.beside3.d.next = self.beside2.q.val();

        // Out.
        self.pop.next = self.out_data.m_valid.val() & self.m_axis_tready.val();
        if self.step.val() & !self.pop.val() {
            self.outside.d.next = self.outside.q.val() + 1;
        } else if self.pop.val() & !self.step.val() {
            self.outside.d.next = self.outside.q.val() - 1;
        }
        self.out_data.s_valid.next = self.step3.q.val();
        self.out_data.s_data.next = self.data3.q.val();
        self.out_data.m_ready.next = self.m_axis_tready.val();
        self.out_keep.s_valid.next = self.step3.q.val();
        self.out_keep.s_data.next = self.keep3.q.val();
        self.out_keep.m_ready.next = self.m_axis_tready.val();
        self.out_user.s_valid.next = self.step3.q.val();
        self.out_user.s_data.next = self.user3.q.val();
        self.out_user.m_ready.next = self.m_axis_tready.val();
        self.out_beside.s_valid.next = self.step3.q.val();
        self.out_beside.s_data.next = self.beside3.q.val();
        self.out_beside.m_ready.next = self.m_axis_tready.val();
        self.m_axis_tvalid.next = self.out_data.m_valid.val();
        self.m_axis_tdata.next = self.out_data.m_data.val();
        self.m_axis_tkeep.next = self.out_keep.m_data.val();
        self.m_axis_tuser.next = self.out_user.m_data.val();
        self.m_axis_tlast.next = self.out_beside.m_data.val().last;
        self.m_axis_tdest.next = self.out_beside.m_data.val().queue;
        self.m_axis_tlen.next = bit_cast::<16, 14>(self.out_beside.m_data.val().length);

        if self.reset.val() {
            self.write_at.d.next = 0.into();
            self.read_at.d.next = 0.into();
            self.held.d.next = 0.into();
            self.working.d.next = false;
            self.dropping.d.next = false;
            self.outside.d.next = 0.into();
            self.step1.d.next = false;
            self.step2.d.next = false;
            self.step3.d.next = false;
            self.dropped.d.next = false;
        }
    }
}
});
