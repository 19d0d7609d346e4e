//! The end of a frame: its last checksums, and the words that egress writes over what it holds.
//!
//! ```
//! use fogline_hdl::{closing::Closing, emit::verilog};
//! assert!(verilog(Closing::new(64), "closing").contains("module closing("));
//! ```

use crate::plan::delay::Delay;
use crate::plan::modulo::{Add, Apply};
use crate::records::{Edit, Finished, Sums};
use rust_hdl::prelude::*;

/// Makes of what Apply has summed what Egress writes. One frame a cycle; `m_*` follows `s_*` by [`Closing::LATENCY`].
///
/// The inner checksums follow addresses, ports and payload. The outer UDP checksum follows the PPP frame, the outer
/// lengths and the inner checksums themselves.
#[derive(LogicBlock)]
pub struct Closing {
    /// Everything moves on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets what is under way.
    pub reset: Signal<In, Bit>,
    /// A frame has ended.
    pub s_valid: Signal<In, Bit>,
    /// What was done to it.
    pub s_edit: Signal<In, Edit>,
    /// Its sums.
    pub s_sums: Signal<In, Sums>,
    /// The drop reason that Apply has found; 0 for none.
    pub s_dropped: Signal<In, Bits<5>>,
    /// A frame is finished.
    pub m_valid: Signal<Out, Bit>,
    /// Its edit, as it came.
    pub m_edit: Signal<Out, Edit>,
    /// What Egress does with it. A frame that was to be dropped before its bytes came has no beats.
    pub m_finished: Signal<Out, Finished>,
    valid: DFF<Bits<15>>,
    /// The edit so many cycles later; of most of them few fields are used.
    edit: [DFF<Edit>; 13],
    edit_line: Delay<Edit, 4>,
    dropped_line: Delay<Bits<5>, 4>,
    inner: Add,
    outer: Add,
    ip_delta: Add,
    transport_delta: Add,
    outer_delta: Add,
    ip: Apply,
    transport: Apply,
    ip_change: Add,
    transport_change: Add,
    change: Add,
    outer_change: Add,
    outer_udp: Apply,
    outer_waits: [DFF<Bits<16>>; 6],
    ip_waits: [DFF<Bits<16>>; 8],
    transport_waits: [DFF<Bits<16>>; 8],
    last: DFF<Edit>,
    dropped: DFF<Bits<5>>,
    length: DFF<Bits<14>>,
    finished: DFF<Finished>,
    out: DFF<Edit>,
    rounding: Constant<Bits<14>>,
    wide: Constant<Bit>,
    not_inner_new: Signal<Local, Bits<16>>,
    not_outer_new: Signal<Local, Bits<16>>,
    inner_now: Signal<Local, Bits<16>>,
    place: Signal<Local, Bits<8>>,
    ip_now: Signal<Local, Bits<16>>,
    transport_now: Signal<Local, Bits<16>>,
    change_now: Signal<Local, Bits<16>>,
    place_late: Signal<Local, Bits<8>>,
    ending: Signal<Local, Edit>,
    rounded: Signal<Local, Bits<14>>,
    outer_at: Signal<Local, Bits<9>>,
    udp_at: Signal<Local, Bits<9>>,
    message_at: Signal<Local, Bits<9>>,
    info_at: Signal<Local, Bits<9>>,
    l2tp: Signal<Local, Bit>,
    word: Signal<Local, Finished>,
    patches: Signal<Local, Bits<8>>,
}

impl Closing {
    /// Cycles from `s_valid` to `m_valid`.
    pub const LATENCY: usize = 15;

    /// For streams of `lanes` bytes a beat.
    ///
    /// # Panics
    /// Where `lanes` is neither 8 nor 64.
    pub fn new(lanes: usize) -> Self {
        assert!(
            lanes == 8 || lanes == 64,
            "no streams of {lanes} bytes a beat"
        );
        Self {
            clock: Default::default(),
            reset: Default::default(),
            s_valid: Default::default(),
            s_edit: Default::default(),
            s_sums: Default::default(),
            s_dropped: Default::default(),
            m_valid: Default::default(),
            m_edit: Default::default(),
            m_finished: Default::default(),
            valid: Default::default(),
            edit: Default::default(),
            edit_line: Delay::new(13),
            dropped_line: Delay::new(13),
            inner: Default::default(),
            outer: Default::default(),
            ip_delta: Default::default(),
            transport_delta: Default::default(),
            outer_delta: Default::default(),
            ip: Default::default(),
            transport: Default::default(),
            ip_change: Default::default(),
            transport_change: Default::default(),
            change: Default::default(),
            outer_change: Default::default(),
            outer_udp: Default::default(),
            outer_waits: Default::default(),
            ip_waits: Default::default(),
            transport_waits: Default::default(),
            last: Default::default(),
            dropped: Default::default(),
            length: Default::default(),
            finished: Default::default(),
            out: Default::default(),
            rounding: Constant::new((lanes as u64 - 1).into()),
            wide: Constant::new(lanes == 64),
            not_inner_new: Default::default(),
            not_outer_new: Default::default(),
            inner_now: Default::default(),
            place: Default::default(),
            ip_now: Default::default(),
            transport_now: Default::default(),
            change_now: Default::default(),
            place_late: Default::default(),
            ending: Default::default(),
            rounded: Default::default(),
            outer_at: Default::default(),
            udp_at: Default::default(),
            message_at: Default::default(),
            info_at: Default::default(),
            l2tp: Default::default(),
            word: Default::default(),
            patches: Default::default(),
        }
    }
}

impl Logic for Closing {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, valid, last, dropped, length, finished, out);
        self.valid.d.next =
            (self.valid.q.val() << 1) | bit_cast::<15, 1>(self.s_valid.val().into());
        for k in 0..13 {
            self.edit[k].clock.next = self.clock.val();
        }
        self.edit[0].d.next = self.s_edit.val();
        for k in 1..13 {
            self.edit[k].d.next = self.edit[k - 1].q.val();
        }
        self.edit_line.clock.next = self.clock.val();
        self.dropped_line.clock.next = self.clock.val();
        self.edit_line.s.next = self.s_edit.val();
        self.dropped_line.s.next = self.s_dropped.val();
        self.inner.clock.next = self.clock.val();
        self.outer.clock.next = self.clock.val();
        self.ip_delta.clock.next = self.clock.val();
        self.transport_delta.clock.next = self.clock.val();
        self.outer_delta.clock.next = self.clock.val();
        self.ip.clock.next = self.clock.val();
        self.transport.clock.next = self.clock.val();
        self.ip_change.clock.next = self.clock.val();
        self.transport_change.clock.next = self.clock.val();
        self.change.clock.next = self.clock.val();
        self.outer_change.clock.next = self.clock.val();
        self.outer_udp.clock.next = self.clock.val();

        // Cycles 0 and 1: what changed between the sums.
        self.not_inner_new.next = !self.s_sums.val().inner_new;
        self.not_outer_new.next = !self.s_sums.val().outer_new;
        self.inner.a.next = self.s_sums.val().inner_old;
        self.inner.b.next = self.not_inner_new.val();
        self.outer.a.next = self.s_sums.val().outer_old;
        self.outer.b.next = self.not_outer_new.val();

        // Cycles 2 and 3, the edit that of edit[1]: added to what is known of headers. The inner packet's words start at
        // even offsets from its own first byte.
        self.place.next = self.edit[1].q.val().out_info_at;
        self.inner_now.next = self.inner.m.val();
        if self.place.val().get_bit(0) {
            self.inner_now.next = (self.inner.m.val() << 8) | (self.inner.m.val() >> 8);
        }
        self.ip_delta.a.next = self.edit[1].q.val().ip_delta;
        self.ip_delta.b.next = 0.into();
        if self.edit[1].q.val().ip_options {
            self.ip_delta.b.next = self.inner_now.val();
        }
        self.transport_delta.a.next = self.edit[1].q.val().transport_delta;
        self.transport_delta.b.next = self.inner_now.val();
        self.outer_delta.a.next = self.edit[1].q.val().outer_delta;
        self.outer_delta.b.next = self.outer.m.val();

        // Cycles 4 and 5: the inner checksums.
        self.ip.checksum.next = self.edit[3].q.val().ip_checksum;
        self.ip.delta.next = self.ip_delta.m.val();
        self.ip.udp.next = false;
        self.transport.checksum.next = self.edit[3].q.val().transport_checksum;
        self.transport.delta.next = self.transport_delta.m.val();
        self.transport.udp.next = !self.edit[3].q.val().tcp;

        // Cycles 6 and 7: what they changed under the outer one.
        self.ip_now.next = !self.ip.m.val();
        self.transport_now.next = !self.transport.m.val();
        self.ip_change.a.next = 0.into();
        self.ip_change.b.next = 0.into();
        if self.edit[5].q.val().fix_ip {
            self.ip_change.a.next = self.edit[5].q.val().ip_checksum;
            self.ip_change.b.next = self.ip_now.val();
        }
        self.transport_change.a.next = 0.into();
        self.transport_change.b.next = 0.into();
        if self.edit[5].q.val().fix_transport {
            self.transport_change.a.next = self.edit[5].q.val().transport_checksum;
            self.transport_change.b.next = self.transport_now.val();
        }

        // Cycles 8 and 9.
        self.change.a.next = self.ip_change.m.val();
        self.change.b.next = self.transport_change.m.val();

        // Cycles 10 and 11.
        for k in 0..6 {
            self.outer_waits[k].clock.next = self.clock.val();
        }
        self.outer_waits[0].d.next = self.outer_delta.m.val();
        for k in 1..6 {
            self.outer_waits[k].d.next = self.outer_waits[k - 1].q.val();
        }
        self.place_late.next = self.edit[9].q.val().out_info_at;
        self.change_now.next = self.change.m.val();
        if self.place_late.val().get_bit(0) {
            self.change_now.next = (self.change.m.val() << 8) | (self.change.m.val() >> 8);
        }
        self.outer_change.a.next = self.outer_waits[5].q.val();
        self.outer_change.b.next = self.change_now.val();

        // Cycles 12 and 13: the outer UDP checksum.
        self.outer_udp.checksum.next = self.edit[11].q.val().udp_checksum;
        self.outer_udp.delta.next = self.outer_change.m.val();
        self.outer_udp.udp.next = true;

        // Cycle 13: the length, from the edit that has waited.
        self.ending.next = self.edit_line.m.val();
        self.last.d.next = self.ending.val();
        self.dropped.d.next = self.dropped_line.m.val();
        self.length.d.next = self.ending.val().out_end;
        if self.ending.val().pad & (self.ending.val().out_end < 60) {
            self.length.d.next = 60.into();
        }

        // Cycle 14: the words.
        for k in 0..8 {
            self.ip_waits[k].clock.next = self.clock.val();
            self.transport_waits[k].clock.next = self.clock.val();
        }
        self.ip_waits[0].d.next = self.ip.m.val();
        self.transport_waits[0].d.next = self.transport.m.val();
        for k in 1..8 {
            self.ip_waits[k].d.next = self.ip_waits[k - 1].q.val();
            self.transport_waits[k].d.next = self.transport_waits[k - 1].q.val();
        }
        self.l2tp.next = self.last.q.val().kind != 1;
        self.outer_at.next = bit_cast::<9, 5>(self.last.q.val().outer_at);
        self.udp_at.next = bit_cast::<9, 7>(self.last.q.val().udp_at);
        self.message_at.next = bit_cast::<9, 7>(self.last.q.val().message_at);
        self.info_at.next = bit_cast::<9, 8>(self.last.q.val().out_info_at);
        self.rounded.next = self.length.q.val() + self.rounding.val();
        self.patches.next = 0.into();
        if self.last.q.val().fix_outer {
            self.patches.next = 0x21.into();
            if self.l2tp.val() {
                self.patches.next = 0x1B.into();
                if self.last.q.val().kind == 2 {
                    self.patches.next = 0x1F.into();
                }
                if self.last.q.val().has_message_length {
                    self.patches.next = self.patches.val() | 0x20;
                }
            }
        }
        if self.last.q.val().fix_ip {
            self.patches.next = self.patches.val() | 0x40;
        }
        if self.last.q.val().fix_transport {
            self.patches.next = self.patches.val() | 0x80;
        }
        self.word.next = self.finished.q.val();
        self.word.next.verdict = self.last.q.val().verdict;
        self.word.next.transformed = self.last.q.val().transformed;
        self.word.next.length = self.length.q.val();
        if self.wide.val() {
            self.word.next.beats = bit_cast::<11, 8>(self.rounded.val().get_bits::<8>(6));
        } else {
            self.word.next.beats = self.rounded.val().get_bits::<11>(3);
        }
        if self.last.q.val().verdict != 0 {
            self.word.next.beats = 0.into();
        } else {
            self.word.next.verdict = self.dropped.q.val();
        }
        self.word.next.queue = self.last.q.val().queue;
        self.word.next.patches = self.patches.val();
        self.word.next.at0 = self.message_at.val();
        self.word.next.word0 = self.last.q.val().flags;
        self.word.next.at1 = self.outer_at.val() + 4;
        if self.last.q.val().kind == 2 {
            self.word.next.at1 = self.outer_at.val() + 2;
        }
        self.word.next.word1 = self.last.q.val().outer_length;
        self.word.next.at2 = self.outer_at.val() + 10;
        self.word.next.word2 = self.last.q.val().outer_checksum;
        self.word.next.at3 = self.udp_at.val() + 4;
        self.word.next.word3 = self.last.q.val().udp_length;
        self.word.next.at4 = self.udp_at.val() + 6;
        self.word.next.word4 = self.outer_udp.m.val();
        self.word.next.at5 = self.message_at.val() + 2;
        if !self.l2tp.val() {
            self.word.next.at5 = self.message_at.val() + 4;
        }
        self.word.next.word5 = self.last.q.val().message_length;
        self.word.next.at6 = self.info_at.val() + 10;
        self.word.next.word6 = self.ip_waits[7].q.val();
        if self.last.q.val().v6 {
            if self.last.q.val().tcp {
                self.word.next.at7 = self.info_at.val() + 56;
            } else {
                self.word.next.at7 = self.info_at.val() + 46;
            }
        } else {
            if self.last.q.val().tcp {
                self.word.next.at7 = self.info_at.val() + 36;
            } else {
                self.word.next.at7 = self.info_at.val() + 26;
            }
        }
        self.word.next.word7 = self.transport_waits[7].q.val();
        self.finished.d.next = self.word.val();
        self.out.d.next = self.last.q.val();

        // Cycle 15.
        self.m_valid.next = self.valid.q.val().get_bit(14);
        self.m_edit.next = self.out.q.val();
        self.m_finished.next = self.finished.q.val();
        if self.reset.val() {
            self.valid.d.next = 0.into();
        }
    }
}
