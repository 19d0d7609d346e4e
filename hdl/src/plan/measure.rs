//! Where everything lies before and after, and how much a frame grows.

use super::choice::{Choice, Size};
use crate::records::Parsed;
use rust_hdl::prelude::*;

/// Lengths and offsets. One frame a cycle.
///
/// - `s_parsed` in cycle 0, `s_coverage` in cycle 1, `s_choice` in cycle 3.
/// - `m_growth`, `m_outer_growth` in cycle 5; `m_size` in cycle 7, [`Measure::LATENCY`] later.
#[derive(LogicBlock, Default)]
pub struct Measure {
    /// Everything moves on its rising edge.
    pub clock: Signal<In, Clock>,
    /// From the line. A constant level.
    pub receive: Signal<In, Bit>,
    /// The longest frame that may leave.
    pub max_frame: Signal<In, Bits<14>>,
    /// The frame.
    pub s_parsed: Signal<In, Parsed>,
    /// The coverage in units of 64 bytes, 255 for all.
    pub s_coverage: Signal<In, Bits<8>>,
    /// What becomes of the frame.
    pub s_choice: Signal<In, Choice>,
    /// Bytes by which the PPP frame grows, negative in two's complement.
    pub m_growth: Signal<Out, Bits<16>>,
    /// Bytes by which the outer IP packet grows: what stood in its datagram behind the PPP frame is left out.
    pub m_outer_growth: Signal<Out, Bits<16>>,
    /// Where everything lies.
    pub m_size: Signal<Out, Size>,
    /// The frame so many cycles later; of most of them few fields are used.
    parsed: [DFF<Parsed>; 4],
    /// Cycle 1.
    info_length: DFF<Bits<14>>,
    payload_length1: DFF<Bits<14>>,
    udp_end: DFF<Bits<14>>,
    /// Cycle 2.
    framed_length: DFF<Bits<14>>,
    payload_length2: DFF<Bits<14>>,
    excess: DFF<Bits<14>>,
    trailer2: DFF<Bits<14>>,
    outer_end2: DFF<Bits<14>>,
    limit: DFF<Bits<14>>,
    /// Cycle 3.
    frame_covered: DFF<Bits<14>>,
    decoy_covered: DFF<Bits<14>>,
    decoy_end: DFF<Bits<14>>,
    decoy_growth: DFF<Bits<16>>,
    trailer3: DFF<Bits<14>>,
    outer_end3: DFF<Bits<14>>,
    /// Cycle 4.
    size4: DFF<Size>,
    live: DFF<Bit>,
    base: DFF<Bits<14>>,
    growth4: DFF<Bits<16>>,
    trailer4: DFF<Bits<14>>,
    header: DFF<Bits<8>>,
    stream_length4: DFF<Bits<14>>,
    sum_length4: DFF<Bits<14>>,
    stream_skip4: DFF<Bits<9>>,
    sum_skip4: DFF<Bits<9>>,
    /// Cycle 5.
    size5: DFF<Size>,
    live5: DFF<Bit>,
    growth5: DFF<Bits<16>>,
    outer_growth: DFF<Bits<16>>,
    stream_length5: DFF<Bits<14>>,
    sum_length5: DFF<Bits<14>>,
    stream_skip5: DFF<Bits<9>>,
    sum_skip5: DFF<Bits<9>>,
    /// Cycle 6.
    size6: DFF<Size>,
    stream_length6: DFF<Bits<14>>,
    sum_length6: DFF<Bits<14>>,
    /// Cycle 7.
    size7: DFF<Size>,
    address_control: Signal<Local, Bit>,
    compressed: Signal<Local, Bit>,
    s4: Signal<Local, Size>,
    s5: Signal<Local, Size>,
    s6: Signal<Local, Size>,
    s7: Signal<Local, Size>,
    short_growth: Signal<Local, Bits<14>>,
    out_end: Signal<Local, Bits<14>>,
    rounded: Signal<Local, Bits<14>>,
}

impl Measure {
    /// Cycles from `s_parsed` to `m_size`.
    pub const LATENCY: usize = 7;
}

impl Logic for Measure {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            info_length,
            payload_length1,
            udp_end,
            framed_length,
            payload_length2,
            excess,
            trailer2,
            outer_end2,
            limit,
            frame_covered,
            decoy_covered,
            decoy_end,
            decoy_growth,
            trailer3,
            outer_end3,
            size4,
            live,
            base,
            growth4,
            trailer4,
            header,
            stream_length4,
            sum_length4,
            stream_skip4,
            sum_skip4,
            size5,
            live5,
            growth5,
            outer_growth,
            stream_length5,
            sum_length5,
            stream_skip5,
            sum_skip5,
            size6,
            stream_length6,
            sum_length6,
            size7
        );
        for k in 0..4 {
            self.parsed[k].clock.next = self.clock.val();
        }
        self.parsed[0].d.next = self.s_parsed.val();
        for k in 1..4 {
            self.parsed[k].d.next = self.parsed[k - 1].q.val();
        }

        // Cycle 0.
        self.info_length.d.next =
            self.s_parsed.val().ppp_end - bit_cast::<14, 8>(self.s_parsed.val().info_at);
        self.payload_length1.d.next =
            self.s_parsed.val().total - bit_cast::<14, 7>(self.s_parsed.val().payload_at);
        self.udp_end.d.next = bit_cast::<14, 16>(self.s_parsed.val().udp_length)
            + bit_cast::<14, 7>(self.s_parsed.val().udp_at);

        // Cycle 1. What is framed: protocol and information field; from the line, what follows the word.
        if self.receive.val() {
            self.framed_length.d.next = self.info_length.q.val() - 4;
        } else {
            self.framed_length.d.next = self.info_length.q.val() + 2;
        }
        self.payload_length2.d.next = self.payload_length1.q.val();
        self.excess.d.next = self.info_length.q.val() - self.parsed[0].q.val().total;
        self.trailer2.d.next = self.udp_end.q.val() - self.parsed[0].q.val().ppp_end;
        self.outer_end2.d.next = self.udp_end.q.val();
        if self.parsed[0].q.val().kind == 1 {
            self.trailer2.d.next = 0.into();
            self.outer_end2.d.next = self.parsed[0].q.val().ppp_end;
        }
        self.limit.d.next = bit_cast::<14, 8>(self.s_coverage.val()) << 6;

        // Cycle 2. No frame is longer than the limit that 255 would be.
        self.frame_covered.d.next = self.framed_length.q.val();
        if self.limit.q.val() < self.framed_length.q.val() {
            self.frame_covered.d.next = self.limit.q.val();
        }
        self.decoy_covered.d.next = self.payload_length2.q.val();
        if self.limit.q.val() < self.payload_length2.q.val() {
            self.decoy_covered.d.next = self.limit.q.val();
        }
        self.decoy_end.d.next = self.parsed[1].q.val().ppp_end - self.excess.q.val();
        self.decoy_growth.d.next = bit_cast::<16, 1>(self.parsed[1].q.val().compressed.into())
            - bit_cast::<16, 14>(self.excess.q.val());
        self.trailer3.d.next = self.trailer2.q.val();
        self.outer_end3.d.next = self.outer_end2.q.val();

        // Cycle 3. The choice is there.
        self.address_control.next = self.parsed[2].q.val().address_control;
        self.compressed.next = self.parsed[2].q.val().compressed;
        self.s4.next = self.size4.q.val();
        self.s4.next.at = 0.into();
        self.s4.next.cut = 0.into();
        self.s4.next.put = 0.into();
        self.s4.next.end = self.parsed[2].q.val().length;
        self.s4.next.outer_end = self.parsed[2].q.val().length;
        self.base.d.next = self.parsed[2].q.val().length;
        self.growth4.d.next = 0.into();
        self.trailer4.d.next = 0.into();
        self.header.d.next = 0.into();
        self.stream_length4.d.next = 0.into();
        self.sum_length4.d.next = 0.into();
        self.stream_skip4.d.next = 0.into();
        self.sum_skip4.d.next = 20.into();
        self.live.d.next = self.s_choice.val().frame | self.s_choice.val().decoy;
        if self.s_choice.val().frame | self.s_choice.val().decoy {
            self.s4.next.at = self.parsed[2].q.val().ppp_at;
            self.s4.next.outer_end = self.outer_end3.q.val();
            self.base.d.next = self.parsed[2].q.val().ppp_end;
            self.trailer4.d.next = self.trailer3.q.val();
            self.header.d.next = 2.into();
            if self.address_control.val() {
                self.header.d.next = 4.into();
            }
        }
        if self.s_choice.val().frame {
            self.s4.next.end = self.parsed[2].q.val().ppp_end;
            self.stream_length4.d.next = self.frame_covered.q.val();
            // From the inner protocol on.
            self.stream_skip4.d.next = 0x1FE.into();
            if self.receive.val() {
                // FF 03 stays.
                self.s4.next.at = self.parsed[2].q.val().ppp_at;
                if self.address_control.val() {
                    self.s4.next.at = self.parsed[2].q.val().ppp_at + 2;
                }
                self.s4.next.cut = 6.into();
                self.growth4.d.next = 0xFFFA.into();
                if self.compressed.val() {
                    self.s4.next.cut = 5.into();
                    self.growth4.d.next = 0xFFFB.into();
                }
            } else {
                self.s4.next.put = 8.into();
                self.header.d.next = 8.into();
                if self.address_control.val() {
                    self.s4.next.put = 10.into();
                    self.header.d.next = 10.into();
                }
                self.growth4.d.next = 6.into();
                if self.compressed.val() {
                    self.growth4.d.next = 7.into();
                }
            }
        }
        if self.s_choice.val().decoy {
            self.s4.next.end = self.decoy_end.q.val();
            self.s4.next.put = 2.into();
            if self.address_control.val() {
                self.s4.next.put = 4.into();
            }
            self.growth4.d.next = self.decoy_growth.q.val();
            self.stream_skip4.d.next = bit_cast::<9, 7>(self.parsed[2].q.val().payload_at) + 32;
            if self.decoy_covered.q.val() > 32 {
                self.stream_length4.d.next = self.decoy_covered.q.val() - 32;
            }
            // Under a checksum: the opaque region, or IPv4's options.
            if self.parsed[2].q.val().ports {
                self.sum_skip4.d.next = bit_cast::<9, 7>(self.parsed[2].q.val().payload_at);
                self.sum_length4.d.next = self.decoy_covered.q.val();
            } else if self.parsed[2].q.val().ipv4 {
                self.sum_length4.d.next = bit_cast::<14, 6>(self.parsed[2].q.val().summed) - 20;
            }
        }
        // The old header, where it goes: FF 03, then one byte or two.
        if self.s_choice.val().decoy | (self.s_choice.val().frame & !self.receive.val()) {
            if self.address_control.val() {
                self.s4.next.cut = 4.into();
                if self.compressed.val() {
                    self.s4.next.cut = 3.into();
                }
            } else {
                self.s4.next.cut = 2.into();
                if self.compressed.val() {
                    self.s4.next.cut = 1.into();
                }
            }
        }
        self.size4.d.next = self.s4.val();

        // Cycle 4.
        self.short_growth.next = bit_cast::<14, 16>(self.growth4.q.val());
        self.rounded.next = self.stream_length4.q.val() + 63;
        self.s5.next = self.size4.q.val();
        self.s5.next.out_end = self.base.q.val() + self.short_growth.val();
        self.s5.next.out_info_at = self.parsed[3].q.val().ppp_at + self.header.q.val();
        self.s5.next.blocks = self.rounded.val().get_bits::<8>(6);
        self.size5.d.next = self.s5.val();
        self.live5.d.next = self.live.q.val();
        self.growth5.d.next = self.growth4.q.val();
        self.outer_growth.d.next = self.growth4.q.val() - bit_cast::<16, 14>(self.trailer4.q.val());
        self.stream_length5.d.next = self.stream_length4.q.val();
        self.sum_length5.d.next = self.sum_length4.q.val();
        self.stream_skip5.d.next = self.stream_skip4.q.val();
        self.sum_skip5.d.next = self.sum_skip4.q.val();

        // Cycle 5.
        self.m_growth.next = self.growth5.q.val();
        self.m_outer_growth.next = self.outer_growth.q.val();
        self.out_end.next = self.size5.q.val().out_end;
        self.s6.next = self.size5.q.val();
        self.s6.next.too_big = self.live5.q.val() & (self.out_end.val() > self.max_frame.val());
        self.s6.next.stream_from =
            bit_cast::<9, 8>(self.size5.q.val().out_info_at) + self.stream_skip5.q.val();
        self.s6.next.sum_from =
            bit_cast::<9, 8>(self.size5.q.val().out_info_at) + self.sum_skip5.q.val();
        self.size6.d.next = self.s6.val();
        self.stream_length6.d.next = self.stream_length5.q.val();
        self.sum_length6.d.next = self.sum_length5.q.val();

        // Cycle 6.
        self.s7.next = self.size6.q.val();
        self.s7.next.stream_to =
            bit_cast::<14, 9>(self.size6.q.val().stream_from) + self.stream_length6.q.val();
        self.s7.next.sum_to =
            bit_cast::<14, 9>(self.size6.q.val().sum_from) + self.sum_length6.q.val();
        self.size7.d.next = self.s7.val();

        // Cycle 7.
        self.m_size.next = self.size7.q.val();
    }
}
