//! The outer lengths and checksums.

use crate::records::Parsed;
use rust_hdl::prelude::*;

/// Makes the outer headers follow a frame's growth. One frame a cycle.
///
/// - `s_parsed`, `s_growth`, `s_outer_growth`, `s_mark` in cycle 0.
/// - `m_overflow`, the lengths in cycle 1; `m_checksum` in cycle 3; `m_delta` in cycle 4.
#[derive(LogicBlock, Default)]
pub struct Outer {
    /// Everything moves on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The frame.
    pub s_parsed: Signal<In, Parsed>,
    /// Bytes by which the PPP frame grows, negative in two's complement.
    pub s_growth: Signal<In, Bits<16>>,
    /// Bytes by which the outer IP packet grows.
    pub s_outer_growth: Signal<In, Bits<16>>,
    /// It leaves with the host link mark.
    pub s_mark: Signal<In, Bit>,
    /// The outer IP length overflows.
    pub m_overflow: Signal<Out, Bit>,
    /// The new outer IP length.
    pub m_outer_length: Signal<Out, Bits<16>>,
    /// The new UDP length.
    pub m_udp_length: Signal<Out, Bits<16>>,
    /// The new L2TP or PPPoE Length.
    pub m_message_length: Signal<Out, Bits<16>>,
    /// The new IPv4 checksum.
    pub m_checksum: Signal<Out, Bits<16>>,
    /// Old minus new of flags and lengths under the UDP checksum: a residue.
    pub m_delta: Signal<Out, Bits<16>>,
    /// Cycle 1.
    outer_length: DFF<Bits<17>>,
    udp_length: DFF<Bits<16>>,
    message_length: DFF<Bits<16>>,
    less: DFF<Bits<16>>,
    outer_less: DFF<Bits<16>>,
    flags: DFF<Bits<16>>,
    has_message_length: DFF<Bit>,
    checksum1: DFF<Bits<16>>,
    /// Cycle 2.
    sum: DFF<Bits<17>>,
    kept: DFF<Bit>,
    message: DFF<Bits<17>>,
    twice: DFF<Bits<16>>,
    /// Cycle 3.
    checksum: DFF<Bits<16>>,
    all: DFF<Bits<17>>,
    /// Cycle 4.
    delta: DFF<Bits<16>>,
    growth: Signal<Local, Bits<16>>,
    outer_growth: Signal<Local, Bits<16>>,
    widened: Signal<Local, Bits<17>>,
    not_growth: Signal<Local, Bits<16>>,
    not_outer_growth: Signal<Local, Bits<16>>,
    length: Signal<Local, Bits<17>>,
    low: Signal<Local, Bits<17>>,
    one_more: Signal<Local, Bits<17>>,
    message_now: Signal<Local, Bits<17>>,
    all_now: Signal<Local, Bits<17>>,
}

impl Logic for Outer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            outer_length,
            udp_length,
            message_length,
            less,
            outer_less,
            flags,
            has_message_length,
            checksum1,
            sum,
            kept,
            message,
            twice,
            checksum,
            all,
            delta
        );
        // Cycle 0. The residue of -x is !x, and one more where x is negative.
        self.growth.next = self.s_growth.val();
        self.outer_growth.next = self.s_outer_growth.val();
        self.widened.next = bit_cast::<17, 16>(self.s_outer_growth.val());
        if self.outer_growth.val().get_bit(15) {
            self.widened.next = bit_cast::<17, 16>(self.s_outer_growth.val()) | 0x10000;
        }
        self.not_growth.next = !self.growth.val();
        self.not_outer_growth.next = !self.outer_growth.val();
        self.outer_length.d.next =
            bit_cast::<17, 16>(self.s_parsed.val().outer_length) + self.widened.val();
        self.udp_length.d.next = self.s_parsed.val().udp_length + self.outer_growth.val();
        self.message_length.d.next = self.s_parsed.val().message_length + self.growth.val();
        self.less.d.next =
            self.not_growth.val() + bit_cast::<16, 1>(self.growth.val().get_bits::<1>(15));
        self.outer_less.d.next = self.not_outer_growth.val()
            + bit_cast::<16, 1>(self.outer_growth.val().get_bits::<1>(15));
        self.flags.d.next = 0.into();
        if self.s_parsed.val().marked & !self.s_mark.val() {
            self.flags.d.next = 0x0080.into();
        }
        if self.s_mark.val() & !self.s_parsed.val().marked {
            self.flags.d.next = 0xFF7F.into();
        }
        self.has_message_length.d.next = self.s_parsed.val().has_message_length;
        self.checksum1.d.next = self.s_parsed.val().outer_checksum;

        // Cycle 1.
        self.length.next = self.outer_length.q.val();
        self.m_overflow.next = self.length.val().get_bit(16);
        self.m_outer_length.next = self.length.val().get_bits::<16>(0);
        self.m_udp_length.next = self.udp_length.q.val();
        self.m_message_length.next = self.message_length.q.val();
        self.kept.d.next = false;
        self.sum.d.next = bit_cast::<17, 16>(self.checksum1.q.val())
            + bit_cast::<17, 16>(self.outer_less.q.val());
        if self.checksum1.q.val() == 65535 {
            self.kept.d.next = true;
            self.sum.d.next = 0xFFFF.into();
        }
        self.message.d.next = bit_cast::<17, 16>(self.flags.q.val());
        if self.has_message_length.q.val() {
            self.message.d.next =
                bit_cast::<17, 16>(self.flags.q.val()) + bit_cast::<17, 16>(self.less.q.val());
        }
        // UDP's length counts twice: in its header and in the pseudo-header.
        self.twice.d.next = (self.outer_less.q.val() << 1) | (self.outer_less.q.val() >> 15);

        // Cycle 2.
        self.low.next = self.sum.q.val();
        self.one_more.next = self.sum.q.val() + 1;
        self.checksum.d.next = self.low.val().get_bits::<16>(0);
        if self.one_more.val().get_bit(16) & !self.kept.q.val() {
            self.checksum.d.next = self.one_more.val().get_bits::<16>(0);
        }
        self.message_now.next = self.message.q.val();
        self.all.d.next = bit_cast::<17, 16>(self.twice.q.val())
            + bit_cast::<17, 16>(self.message_now.val().get_bits::<16>(0))
            + bit_cast::<17, 1>(self.message_now.val().get_bits::<1>(16));

        // Cycle 3.
        self.m_checksum.next = self.checksum.q.val();
        self.all_now.next = self.all.q.val();
        self.delta.d.next = self.all_now.val().get_bits::<16>(0)
            + bit_cast::<16, 1>(self.all_now.val().get_bits::<1>(16));

        // Cycle 4.
        self.m_delta.next = self.delta.q.val();
    }
}
