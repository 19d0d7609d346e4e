//! A frame's bytes on their way from ingress to the hold buffer: the PPP header cut and put, the mask XORed, the tail left
//! out, and the sums under the checksums taken.
//!
//! Frames come in order: an `Edit` each at `e`, its beats at `b`, and where `edit.mask` is set ceil(out_end / K) mask beats
//! at `m`. A frame takes max(beats in, beats out) cycles and frames follow one another without a bubble, as long as all
//! three are there. Beats for the hold buffer leave at `h` [`LATENCY`] cycles after they were taken, whatever the buffer
//! says then: `h_ready` must leave [`MARGIN`] places. ceil(length on leaving / K) beats are held of each frame without a
//! verdict, none of others. [`CLOSING`] cycles after the frame's last step, `c` gives its sums, once.
//!
//! Of frames with a verdict everything is read and thrown away; `c_edit` says why. `m_forbidden` on any of a frame's mask
//! beats sets `c_dropped`: what is held of the frame must then be dropped.
//!
//! Edits must be sound: at + cut <= end <= length, out_end = end - cut + put, none of them 0, -8 <= put - cut <= 10.
//!
//! ```
//! use fogline_hdl::emit::verilog;
//! use fogline_hdl::streams::apply::Apply;
//!
//! let text = verilog(Apply::<64, 8, 256>::default(), "apply");
//! assert!(text.contains("module apply("));
//! ```

use super::beat::{Below, Spread, shift};
use super::fifo::Fifo;
use super::sums::{self, Sum};
use crate::records::{Edit, Sums};
use rust_hdl::prelude::*;

/// Cycles from taking a beat to holding it.
pub const LATENCY: usize = 3;
/// Cycles from a frame's last step to its sums.
pub const CLOSING: usize = LATENCY + sums::LATENCY;
/// Places that the hold buffer keeps free for beats under way when it says that it is ready.
pub const MARGIN: u64 = 8;
/// `c_dropped` of a frame that hides a protocol which is not allowed.
pub const FORBIDDEN: u64 = 13;

/// `D` bits or `K` lanes wide, `W` = D + 192.
#[derive(LogicBlock)]
pub struct Apply<const D: usize, const K: usize, const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// A frame.
    pub e_valid: Signal<In, Bit>,
    /// It is taken.
    pub e_ready: Signal<Out, Bit>,
    /// What to do with it.
    pub e_edit: Signal<In, Edit>,
    /// A beat of it.
    pub b_valid: Signal<In, Bit>,
    /// It is taken.
    pub b_ready: Signal<Out, Bit>,
    /// Its bytes.
    pub b_data: Signal<In, Bits<D>>,
    /// A mask beat.
    pub m_valid: Signal<In, Bit>,
    /// It is taken.
    pub m_ready: Signal<Out, Bit>,
    /// What is XORed over the beat out.
    pub m_mask: Signal<In, Bits<D>>,
    /// The frame must not leave.
    pub m_forbidden: Signal<In, Bit>,
    /// A beat to be held.
    pub h_valid: Signal<Out, Bit>,
    /// There are `MARGIN` places free.
    pub h_ready: Signal<In, Bit>,
    /// Its bytes, zero past the frame's end.
    pub h_data: Signal<Out, Bits<D>>,
    /// A frame is done: one cycle.
    pub c_valid: Signal<Out, Bit>,
    /// Its edit.
    pub c_edit: Signal<Out, Edit>,
    /// Its sums.
    pub c_sums: Signal<Out, Sums>,
    /// 0, or `FORBIDDEN`.
    pub c_dropped: Signal<Out, Bits<5>>,

    // The frame that is worked on.
    working: DFF<Bit>,
    edit: DFF<Edit>,
    beats_in: DFF<Bits<16>>,
    beats_mask: DFF<Bits<16>>,
    beats_held: DFF<Bits<16>>,
    steps: DFF<Bits<16>>,
    beat: DFF<Bits<16>>,
    bad: DFF<Bit>,
    // The beat that its next step takes, and the 16 bytes before it.
    here: DFF<Bit>,
    current: DFF<Bits<D>>,
    history: DFF<Bits<128>>,
    edits: Fifo<Edit, 4>,
    dropped: DFF<Bits<16>>,
    // First stage: all that a step needs.
    step1: DFF<Bit>,
    hold1: DFF<Bit>,
    first1: DFF<Bit>,
    last1: DFF<Bit>,
    beat1: DFF<Bits<16>>,
    window1: DFF<Bits<W>>,
    mask1: DFF<Bits<D>>,
    amount1: DFF<Bits<8>>,
    put1: DFF<Bits<80>>,
    bound1: [DFF<Bits<16>>; 6],
    below: [Below<K>; 6],
    // Second stage: bytes in their places, and which of them count.
    step2: DFF<Bit>,
    hold2: DFF<Bit>,
    first2: DFF<Bit>,
    last2: DFF<Bit>,
    old2: DFF<Bits<D>>,
    moved2: DFF<Bits<D>>,
    put2: DFF<Bits<D>>,
    mask2: DFF<Bits<D>>,
    below2: [DFF<Bits<K>>; 6],
    spread: [Spread<D, K>; 6],
    // Third stage: the beat out, and what is summed.
    step3: DFF<Bit>,
    hold3: DFF<Bit>,
    first3: DFF<Bit>,
    last3: DFF<Bit>,
    out3: DFF<Bits<D>>,
    summed3: [DFF<Bits<D>>; 4],
    sum: [Sum<D>; 4],

    length_up: Signal<Local, Bits<16>>,
    out_up: Signal<Local, Bits<16>>,
    padded: Signal<Local, Bits<16>>,
    padded_up: Signal<Local, Bits<16>>,
    in_beats: Signal<Local, Bits<16>>,
    out_beats: Signal<Local, Bits<16>>,
    mask_beats: Signal<Local, Bits<16>>,
    load: Signal<Local, Bit>,
    following: Signal<Local, Bits<16>>,
    has_in: Signal<Local, Bit>,
    has_more: Signal<Local, Bit>,
    has_mask: Signal<Local, Bit>,
    step: Signal<Local, Bit>,
    last: Signal<Local, Bit>,
    bad_now: Signal<Local, Bit>,
    joined: Signal<Local, Bits<W>>,
    shifted: Signal<Local, Bits<W>>,
    amount: Signal<Local, Bits<8>>,
    window: Signal<Local, Bits<W>>,
    moved: Signal<Local, Bits<W>>,
    old: Signal<Local, Bits<W>>,
    base: Signal<Local, Bits<16>>,
    put_at: Signal<Local, Bits<16>>,
    put_bits: Signal<Local, Bits<10>>,
    put_wide: Signal<Local, Bits<W>>,
    put_moved: Signal<Local, Bits<W>>,
    plain: Signal<Local, Bits<D>>,
    masked: Signal<Local, Bits<D>>,

    log: Constant<Bits<16>>,
    up: Constant<Bits<16>>,
    width: Constant<Bits<16>>,
    next_at: Constant<Bits<16>>,
}

impl<const D: usize, const K: usize, const W: usize> Default for Apply<D, K, W> {
    fn default() -> Self {
        assert!(D == 8 * K && W == D + 192, "the widths belong together");
        Self {
            clock: Default::default(),
            reset: Default::default(),
            e_valid: Default::default(),
            e_ready: Default::default(),
            e_edit: Default::default(),
            b_valid: Default::default(),
            b_ready: Default::default(),
            b_data: Default::default(),
            m_valid: Default::default(),
            m_ready: Default::default(),
            m_mask: Default::default(),
            m_forbidden: Default::default(),
            h_valid: Default::default(),
            h_ready: Default::default(),
            h_data: Default::default(),
            c_valid: Default::default(),
            c_edit: Default::default(),
            c_sums: Default::default(),
            c_dropped: Default::default(),
            working: Default::default(),
            edit: Default::default(),
            beats_in: Default::default(),
            beats_mask: Default::default(),
            beats_held: Default::default(),
            steps: Default::default(),
            beat: Default::default(),
            bad: Default::default(),
            here: Default::default(),
            current: Default::default(),
            history: Default::default(),
            edits: Default::default(),
            dropped: Default::default(),
            step1: Default::default(),
            hold1: Default::default(),
            first1: Default::default(),
            last1: Default::default(),
            beat1: Default::default(),
            window1: Default::default(),
            mask1: Default::default(),
            amount1: Default::default(),
            put1: Default::default(),
            bound1: Default::default(),
            below: Default::default(),
            step2: Default::default(),
            hold2: Default::default(),
            first2: Default::default(),
            last2: Default::default(),
            old2: Default::default(),
            moved2: Default::default(),
            put2: Default::default(),
            mask2: Default::default(),
            below2: Default::default(),
            spread: Default::default(),
            step3: Default::default(),
            hold3: Default::default(),
            first3: Default::default(),
            last3: Default::default(),
            out3: Default::default(),
            summed3: Default::default(),
            sum: Default::default(),
            length_up: Default::default(),
            out_up: Default::default(),
            padded: Default::default(),
            padded_up: Default::default(),
            in_beats: Default::default(),
            out_beats: Default::default(),
            mask_beats: Default::default(),
            load: Default::default(),
            following: Default::default(),
            has_in: Default::default(),
            has_more: Default::default(),
            has_mask: Default::default(),
            step: Default::default(),
            last: Default::default(),
            bad_now: Default::default(),
            joined: Default::default(),
            shifted: Default::default(),
            amount: Default::default(),
            window: Default::default(),
            moved: Default::default(),
            old: Default::default(),
            base: Default::default(),
            put_at: Default::default(),
            put_bits: Default::default(),
            put_wide: Default::default(),
            put_moved: Default::default(),
            plain: Default::default(),
            masked: Default::default(),
            log: Constant::new(shift(K)),
            up: Constant::new((K as u64 - 1).into()),
            width: Constant::new((D as u64).into()),
            next_at: Constant::new((D as u64 + 128).into()),
        }
    }
}

impl<const D: usize, const K: usize, const W: usize> Logic for Apply<D, K, W> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, working, edit, beats_in, beats_mask, beats_held, steps, beat, bad, here,
            current, history, dropped
        );
        dff_setup!(
            self, clock, step1, hold1, first1, last1, beat1, window1, mask1, amount1, put1
        );
        dff_setup!(
            self, clock, step2, hold2, first2, last2, old2, moved2, put2, mask2
        );
        dff_setup!(self, clock, step3, hold3, first3, last3, out3);
        self.edits.clock.next = self.clock.val();
        self.edits.reset.next = self.reset.val();

        // Is there all that the next step needs? A step takes one beat in and one mask beat and gives one beat out, as
        // far as there are any, and looks at the beat behind.
        self.following.next = self.beat.q.val() + 1;
        self.has_in.next = self.beat.q.val() < self.beats_in.q.val();
        self.has_more.next = self.following.val() < self.beats_in.q.val();
        self.has_mask.next = self.beat.q.val() < self.beats_mask.q.val();
        self.last.next = self.following.val() >= self.steps.q.val();
        self.step.next = self.working.q.val()
            & self.h_ready.val()
            & (self.here.q.val() | !self.has_in.val())
            & (self.b_valid.val() | !self.has_more.val())
            & (self.m_valid.val() | !self.has_mask.val());
        self.m_ready.next = self.step.val() & self.has_mask.val();
        self.b_ready.next = !self.here.q.val() | (self.step.val() & self.has_in.val());
        if !self.here.q.val() | (self.step.val() & self.has_in.val()) {
            self.here.d.next = self.b_valid.val();
            self.current.d.next = self.b_data.val();
        }
        self.bad_now.next = (self.has_mask.val() & self.m_forbidden.val()) | self.bad.q.val();

        // The next frame.
        self.length_up.next = bit_cast::<16, 14>(self.e_edit.val().length) + self.up.val();
        self.out_up.next = bit_cast::<16, 14>(self.e_edit.val().out_end) + self.up.val();
        self.padded.next = bit_cast::<16, 14>(self.e_edit.val().out_end);
        if self.e_edit.val().pad & (self.e_edit.val().out_end < 60) {
            self.padded.next = 60.into();
        }
        self.padded_up.next = self.padded.val() + self.up.val();
        self.in_beats.next = self.length_up.val() >> self.log.val();
        self.mask_beats.next = 0.into();
        if self.e_edit.val().mask {
            self.mask_beats.next = self.out_up.val() >> self.log.val();
        }
        self.out_beats.next = self.mask_beats.val();
        if self.e_edit.val().verdict == 0 {
            self.out_beats.next = self.padded_up.val() >> self.log.val();
        }
        self.load.next = self.edits.s_ready.val()
            & (!self.working.q.val() | (self.step.val() & self.last.val()));
        self.e_ready.next = self.load.val();
        self.edits.s_valid.next = self.load.val() & self.e_valid.val();
        self.edits.s_data.next = self.e_edit.val();
        if self.step.val() {
            self.beat.d.next = self.following.val();
            self.bad.d.next = self.bad_now.val();
            if self.last.val() {
                self.working.d.next = false;
            }
        }
        if self.load.val() {
            self.working.d.next = self.e_valid.val();
            self.edit.d.next = self.e_edit.val();
            self.beat.d.next = 0.into();
            self.bad.d.next = false;
            self.beats_in.d.next = self.in_beats.val();
            self.beats_mask.d.next = self.mask_beats.val();
            self.beats_held.d.next = 0.into();
            if self.e_edit.val().verdict == 0 {
                self.beats_held.d.next = self.out_beats.val();
            }
            self.steps.d.next = self.in_beats.val();
            if self.out_beats.val() > self.in_beats.val() {
                self.steps.d.next = self.out_beats.val();
            }
        }

        // First stage. The window: 16 bytes before the beat, the beat, 8 bytes behind it.
        self.joined.next = bit_cast::<W, 128>(self.history.q.val())
            | (bit_cast::<W, D>(self.current.q.val()) << 128);
        self.shifted.next = self.joined.val() >> self.width.val();
        if self.step.val() {
            self.history.d.next = bit_cast::<128, W>(self.shifted.val());
        }
        self.amount.next = (bit_cast::<8, 4>(self.edit.q.val().cut) + 16)
            - bit_cast::<8, 4>(self.edit.q.val().put);
        self.step1.d.next = self.step.val();
        self.hold1.d.next = self.step.val() & (self.beat.q.val() < self.beats_held.q.val());
        self.first1.d.next = self.beat.q.val() == 0;
        self.last1.d.next = self.last.val();
        self.beat1.d.next = self.beat.q.val();
        self.window1.d.next = self.joined.val()
            | (bit_cast::<W, 64>(self.b_data.val().get_bits::<64>(0)) << self.next_at.val());
        self.mask1.d.next = 0.into();
        if self.has_mask.val() {
            self.mask1.d.next = self.m_mask.val();
        }
        self.amount1.d.next = self.amount.val();
        self.put1.d.next = self.edit.q.val().put_bytes;
        for k in 0..6 {
            self.bound1[k].clock.next = self.clock.val();
            self.below2[k].clock.next = self.clock.val();
        }
        self.bound1[0].d.next = bit_cast::<16, 8>(self.edit.q.val().at);
        self.bound1[1].d.next =
            bit_cast::<16, 8>(self.edit.q.val().at) + bit_cast::<16, 4>(self.edit.q.val().put);
        self.bound1[2].d.next = bit_cast::<16, 14>(self.edit.q.val().outer_end);
        self.bound1[3].d.next = bit_cast::<16, 14>(self.edit.q.val().out_end);
        self.bound1[4].d.next = bit_cast::<16, 9>(self.edit.q.val().sum_from);
        self.bound1[5].d.next = bit_cast::<16, 14>(self.edit.q.val().sum_to);

        // Second stage: what stays before `at` as it was, what is put (10 bytes before the beat are its frame's lane 0),
        // what is moved behind. Where a part does not reach into the beat its lanes below say so.
        for k in 0..6 {
            self.below[k].at.next = self.bound1[k].q.val();
            self.below[k].beat.next = self.beat1.q.val();
            self.below2[k].d.next = self.below[k].lanes.val();
        }
        self.window.next = self.window1.q.val();
        self.moved.next = self.window.val() >> (bit_cast::<16, 8>(self.amount1.q.val()) << 3);
        self.old.next = self.window.val() >> 128;
        self.base.next = self.beat1.q.val() << self.log.val();
        self.put_at.next = (self.bound1[0].q.val() + 10) - self.base.val();
        self.put_bits.next = bit_cast::<10, 7>(self.put_at.val().get_bits::<7>(0)) << 3;
        self.put_wide.next = bit_cast::<W, 80>(self.put1.q.val()) << self.put_bits.val();
        self.put_moved.next = self.put_wide.val() >> 80;
        self.step2.d.next = self.step1.q.val();
        self.hold2.d.next = self.hold1.q.val();
        self.first2.d.next = self.first1.q.val();
        self.last2.d.next = self.last1.q.val();
        self.old2.d.next = bit_cast::<D, W>(self.old.val());
        self.moved2.d.next = bit_cast::<D, W>(self.moved.val());
        self.put2.d.next = bit_cast::<D, W>(self.put_moved.val());
        self.mask2.d.next = self.mask1.q.val();

        // Third stage.
        self.spread[0].lanes.next = self.below2[0].q.val();
        self.spread[1].lanes.next = self.below2[1].q.val() & !self.below2[0].q.val();
        self.spread[2].lanes.next = self.below2[3].q.val() & !self.below2[1].q.val();
        self.spread[3].lanes.next = self.below2[3].q.val();
        self.spread[4].lanes.next = self.below2[5].q.val() & !self.below2[4].q.val();
        self.spread[5].lanes.next = self.below2[2].q.val() & !self.below2[0].q.val();
        self.plain.next = ((self.old2.q.val() & self.spread[0].bytes.val())
            | (self.put2.q.val() & self.spread[1].bytes.val()))
            | (self.moved2.q.val() & self.spread[2].bytes.val());
        self.masked.next = self.plain.val() ^ (self.mask2.q.val() & self.spread[3].bytes.val());
        self.step3.d.next = self.step2.q.val();
        self.hold3.d.next = self.hold2.q.val();
        self.first3.d.next = self.first2.q.val();
        self.last3.d.next = self.last2.q.val();
        self.out3.d.next = self.masked.val();
        for k in 0..4 {
            self.summed3[k].clock.next = self.clock.val();
            self.sum[k].clock.next = self.clock.val();
            self.sum[k].s_valid.next = self.step3.q.val();
            self.sum[k].s_first.next = self.first3.q.val();
            self.sum[k].s_last.next = self.last3.q.val();
            self.sum[k].s_data.next = self.summed3[k].q.val();
        }
        self.summed3[0].d.next = self.old2.q.val() & self.spread[5].bytes.val();
        self.summed3[1].d.next =
            self.masked.val() & (self.spread[3].bytes.val() & !self.spread[0].bytes.val());
        self.summed3[2].d.next = self.plain.val() & self.spread[4].bytes.val();
        self.summed3[3].d.next = self.masked.val() & self.spread[4].bytes.val();
        self.h_valid.next = self.hold3.q.val();
        self.h_data.next = self.out3.q.val();

        // The sums, and the verdict that went along.
        self.dropped.d.next = (self.dropped.q.val() << 1)
            | bit_cast::<16, 1>((self.step.val() & self.last.val() & self.bad_now.val()).into());
        self.c_valid.next = self.sum[0].m_valid.val();
        self.edits.m_ready.next = self.sum[0].m_valid.val();
        self.c_edit.next = self.edits.m_data.val();
        self.c_sums.next.outer_old = self.sum[0].m_sum.val();
        self.c_sums.next.outer_new = self.sum[1].m_sum.val();
        self.c_sums.next.inner_old = self.sum[2].m_sum.val();
        self.c_sums.next.inner_new = self.sum[3].m_sum.val();
        self.c_dropped.next = 0.into();
        if self.dropped.q.val().get_bit(8) {
            self.c_dropped.next = 13.into();
        }

        if self.reset.val() {
            self.working.d.next = false;
            self.here.d.next = false;
            self.step1.d.next = false;
            self.hold1.d.next = false;
            self.step2.d.next = false;
            self.hold2.d.next = false;
            self.step3.d.next = false;
            self.hold3.d.next = false;
        }
    }
}
