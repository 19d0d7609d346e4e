//! What the PPP frame and the packet in it say.

use super::{Options, Phase};
use crate::records::Parsed;
use rust_hdl::prelude::*;

/// The PPP header, the inner IP and transport headers and the payload's first bytes: the record from `not_ppp` on.
#[derive(LogicBlock, Default)]
pub struct Inner {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// As in `Steps`.
    pub phase: Signal<In, Phase>,
    /// As in `Steps`.
    pub step: Signal<In, Bits<5>>,
    /// What was fetched three steps ago.
    pub word: Signal<In, Bits<64>>,
    /// The record, up to `message_length`.
    pub s: Signal<In, Parsed>,
    /// The whole record.
    pub m: Signal<Out, Parsed>,
    /// Where the information field starts, in the step before `Inner`.
    pub info_next: Signal<Out, Bits<8>>,
    /// The inner packet is IPv6, as far as its version says. From `Inner` step 4 on.
    pub v6: Signal<Out, Bit>,
    /// TCP options are to be looked at. From `Inner` step 9 on.
    pub has_options: Signal<Out, Bit>,
    /// They are.
    pub options_done: Signal<Out, Bit>,
    options: Options,
    /// What needs no more than a register.
    record: DFF<Parsed>,
    /// Bytes from the field that is fetched to its end.
    span: DFF<Bits<14>>,
    /// Those of the word that are within.
    keep: DFF<Bits<64>>,
    next: DFF<Bits<8>>,
    version4: DFF<Bit>,
    version6: DFF<Bit>,
    words: DFF<Bits<4>>,
    /// Neither options nor fragment.
    whole: DFF<Bit>,
    failed: DFF<Bit>,
    /// The IP packet, and what is behind its header.
    total: DFF<Bits<17>>,
    segment: DFF<Bits<17>>,
    /// `segment` in words of four bytes, at most 15.
    room: DFF<Bits<4>>,
    udp: DFF<Bit>,
    data_offset: DFF<Bits<4>>,
    source_start: DFF<Bits<64>>,
    source_end: DFF<Bits<64>>,
    destination_start: DFF<Bits<64>>,
    destination_end: DFF<Bits<64>>,
    block0: DFF<Bits<64>>,
    block1: DFF<Bits<64>>,
    block2: DFF<Bits<64>>,
    block3: DFF<Bits<64>>,
    kept: Signal<Local, Bits<64>>,
    byte0: Signal<Local, Bits<8>>,
    byte2: Signal<Local, Bits<8>>,
    version: Signal<Local, Bits<4>>,
    number0: Signal<Local, Bits<16>>,
    number2: Signal<Local, Bits<16>>,
    number4: Signal<Local, Bits<16>>,
    number6: Signal<Local, Bits<16>>,
    address_control: Signal<Local, Bit>,
    compressed: Signal<Local, Bit>,
    not_ppp: Signal<Local, Bit>,
    short_span: Signal<Local, Bits<4>>,
    info_start: Signal<Local, Bits<8>>,
    head_phase: Signal<Local, Bit>,
    stated: Signal<Local, Bits<17>>,
    tcp: Signal<Local, Bit>,
    header: Signal<Local, Bits<7>>,
    payload_at: Signal<Local, Bits<7>>,
    network: Signal<Local, Bits<7>>,
    left: Signal<Local, Bits<14>>,
    span_start: Signal<Local, Bits<14>>,
    span_end: Signal<Local, Bits<14>>,
    wide_span: Signal<Local, Bits<17>>,
    wide_header: Signal<Local, Bits<17>>,
    unicast: Signal<Local, Bit>,
    options_bytes: Signal<Local, Bits<7>>,
    looks_like_hello: DFF<Bit>,
}

impl Logic for Inner {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, record, next, span, keep, version4, version6, words, whole, failed, total, segment, room, udp,
            data_offset, source_start, source_end, destination_start, destination_end, block0, block1, block2,
            block3, looks_like_hello
        );
        self.options.clock.next = self.clock.val();
        self.number0.next = (bit_cast::<16, 8>(self.word.val().get_bits::<8>(0)) << 8)
            | bit_cast::<16, 8>(self.word.val().get_bits::<8>(8));
        self.number2.next = (bit_cast::<16, 8>(self.word.val().get_bits::<8>(16)) << 8)
            | bit_cast::<16, 8>(self.word.val().get_bits::<8>(24));
        self.number4.next = (bit_cast::<16, 8>(self.word.val().get_bits::<8>(32)) << 8)
            | bit_cast::<16, 8>(self.word.val().get_bits::<8>(40));
        self.number6.next = (bit_cast::<16, 8>(self.word.val().get_bits::<8>(48)) << 8)
            | bit_cast::<16, 8>(self.word.val().get_bits::<8>(56));
        self.version.next = self.word.val().get_bits::<4>(4);

        // What lies past the field's end reads as zero.
        self.keep.d.next = 0.into();
        if self.span.q.val() > 0 {
            self.keep.d.next = 0xFFu64.into();
        }
        if self.span.q.val() > 1 {
            self.keep.d.next = 0xFFFFu64.into();
        }
        if self.span.q.val() > 2 {
            self.keep.d.next = 0xFFFFFFu64.into();
        }
        if self.span.q.val() > 3 {
            self.keep.d.next = 0xFFFFFFFFu64.into();
        }
        if self.span.q.val() > 4 {
            self.keep.d.next = 0xFFFFFFFFFFu64.into();
        }
        if self.span.q.val() > 5 {
            self.keep.d.next = 0xFFFFFFFFFFFFu64.into();
        }
        if self.span.q.val() > 6 {
            self.keep.d.next = 0xFFFFFFFFFFFFFFu64.into();
        }
        if self.span.q.val() > 7 {
            self.keep.d.next = 0xFFFFFFFFFFFFFFFFu64.into();
        }
        self.kept.next = self.word.val() & self.keep.q.val();

        // The PPP header.
        self.address_control.next = self.kept.val().get_bits::<16>(0) == 0x03FF;
        self.byte0.next = self.kept.val().get_bits::<8>(0);
        self.byte2.next = self.kept.val().get_bits::<8>(16);
        self.short_span.next = self.span.q.val().get_bits::<4>(0);
        if self.span.q.val() > 7 {
            self.short_span.next = 8.into();
        }
        self.compressed.next = self.byte0.val().get_bit(0);
        self.not_ppp.next = self.short_span.val() < 2;
        self.info_start.next = self.s.val().ppp_at;
        self.info_next.next = self.info_start.val() + 2;
        if self.address_control.val() {
            self.compressed.next = self.byte2.val().get_bit(0);
            self.not_ppp.next = self.short_span.val() < 4;
            self.info_next.next = self.info_start.val() + 4;
            if self.byte2.val().get_bit(0) {
                self.not_ppp.next = false;
                self.info_next.next = self.info_start.val() + 3;
            }
        } else if self.byte0.val().get_bit(0) {
            self.not_ppp.next = false;
            self.info_next.next = self.info_start.val() + 1;
        }
        self.head_phase.next = false;

        self.network.next = 20.into();
        if self.version6.q.val() {
            self.network.next = 40.into();
        }
        self.stated.next = bit_cast::<17, 16>(self.number2.val());
        if self.version.val() == 6 {
            self.stated.next = bit_cast::<17, 16>(self.number4.val()) + 40;
        }
        self.wide_span.next = bit_cast::<17, 14>(self.span.q.val());
        self.wide_header.next = bit_cast::<17, 4>(self.words.q.val()) << 2;
        self.tcp.next = self.record.q.val().tcp;
        self.payload_at.next = self.record.q.val().payload_at;
        // An offset below 5 or past the end counts as 5.
        self.header.next = 0.into();
        if self.udp.q.val() {
            self.header.next = 8.into();
        }
        if self.tcp.val() {
            self.header.next = 20.into();
            if (self.data_offset.q.val() > 4) & (self.data_offset.q.val() <= self.room.q.val()) {
                self.header.next = bit_cast::<7, 4>(self.data_offset.q.val()) << 2;
            }
        }
        self.options_bytes.next = self.payload_at.val() - self.network.val() - 20;
        self.unicast.next = (self.word.val().get_bits::<8>(0) != 0)
            & (self.word.val().get_bits::<3>(5) != 7);

        // One subtractor for what is left of a field.
        self.span_end.next = self.s.val().ppp_end;
        self.span_start.next = bit_cast::<14, 8>(self.info_start.val());
        self.options.begin.next = false;
        self.options.load.next = false;

        match self.phase.val() {
            Phase::Pppoe => {
                if self.step.val() == 3 {
                    self.span.d.next = self.number4.val().get_bits::<14>(0);
                }
                self.head_phase.next = self.step.val() == 5;
            }
            Phase::Ip => {
                if self.step.val() == 11 {
                    self.span.d.next = self.left.val();
                }
                self.head_phase.next = self.step.val() == 14;
            }
            Phase::Inner => {
                self.span_start.next = bit_cast::<14, 8>(self.record.q.val().info_at);
                if self.step.val() == 0 {
                    self.span.d.next = self.left.val();
                    if self.record.q.val().not_ppp {
                        self.span.d.next = 0.into();
                    }
                    self.failed.d.next = false;
                }
                if self.step.val() == 3 {
                    self.record.d.next.head = self.kept.val().get_bits::<48>(0);
                    self.version4.d.next = self.version.val() == 4;
                    self.version6.d.next = self.version.val() == 6;
                    self.words.d.next = self.word.val().get_bits::<4>(0);
                    self.total.d.next = self.stated.val();
                    self.whole.d.next = (self.word.val().get_bits::<4>(0) == 5)
                        & ((self.number6.val() & 0x3FFF) == 0);
                    self.record.d.next.parity = self.word.val().get_bit(55);
                    self.segment.d.next = bit_cast::<17, 16>(self.number2.val())
                        - 20;
                    self.record.d.next.t =
                        self.word.val().get_bits::<32>(32) & 0xFF7FFFFFu64;
                    if self.version.val() == 6 {
                        self.next.d.next = self.word.val().get_bits::<8>(48);
                        self.whole.d.next = true;
                        self.segment.d.next = bit_cast::<17, 16>(self.number4.val());
                        self.record.d.next.t = self.word.val().get_bits::<32>(0) & 0xFFFF0F00u64;
                    }
                }
                if self.step.val() == 4 {
                    if self.version6.q.val() {
                        self.source_start.d.next = self.word.val();
                        self.record.d.next.parity = self.word.val().get_bit(4);
                        if self.word.val().get_bits::<3>(5) != 1 {
                            self.failed.d.next = true;
                        }
                        if self.segment.q.val() == 0 {
                            self.failed.d.next = true;
                        }
                    } else {
                        self.next.d.next = self.word.val().get_bits::<8>(8);
                        self.record.d.next.ip_checksum = self.number2.val();
                        // A total length below 20.
                        if self.segment.q.val().get_bit(16) {
                            self.failed.d.next = true;
                        }
                    }
                    if self.total.q.val() > self.wide_span.val() {
                        self.failed.d.next = true;
                    }
                    self.record.d.next.summed = 20.into();
                    if (self.words.q.val() > 4) & (self.wide_header.val() <= self.total.q.val()) {
                        self.record.d.next.summed = bit_cast::<6, 4>(self.words.q.val()) << 2;
                    }
                    self.room.d.next = 15.into();
                    if self.segment.q.val() < 64 {
                        self.room.d.next = self.segment.q.val().get_bits::<4>(2);
                    }
                }
                if self.step.val() == 5 {
                    if !self.version6.q.val() {
                        self.source_start.d.next =
                            bit_cast::<64, 32>(self.word.val().get_bits::<32>(0));
                        self.source_end.d.next = 0.into();
                        if !self.unicast.val() {
                            self.failed.d.next = true;
                        }
                    }
                    self.record.d.next.tcp = self.whole.q.val()
                        & (self.next.q.val() == 6)
                        & (self.segment.q.val() > 19);
                    self.udp.d.next = self.whole.q.val()
                        & (self.next.q.val() == 17)
                        & (self.segment.q.val() > 7);
                }
                if self.step.val() == 6 {
                    if self.version6.q.val() {
                        self.source_end.d.next = self.word.val();
                    } else {
                        self.destination_start.d.next =
                            bit_cast::<64, 32>(self.word.val().get_bits::<32>(0));
                        self.destination_end.d.next = 0.into();
                        if !self.unicast.val() {
                            self.failed.d.next = true;
                        }
                    }
                }
                if self.step.val() == 7 {
                    self.data_offset.d.next = self.word.val().get_bits::<4>(36);
                }
                if self.step.val() == 8 {
                    self.record.d.next.payload_at = self.network.val() + self.header.val();
                    self.record.d.next.source_port = 0.into();
                    self.record.d.next.destination_port = 0.into();
                    self.record.d.next.transport_checksum = 0.into();
                    if self.tcp.val() | self.udp.q.val() {
                        self.record.d.next.source_port = self.number0.val();
                        self.record.d.next.destination_port = self.number2.val();
                        self.record.d.next.transport_checksum = self.number6.val();
                    }
                    if self.tcp.val() {
                        self.record.d.next.t = self.word.val().get_bits::<32>(32);
                    }
                }
                if self.step.val() == 9 {
                    if self.tcp.val() {
                        self.record.d.next.transport_checksum = self.number0.val();
                    }
                    self.span_end.next = self.total.q.val().get_bits::<14>(0);
                    self.span_start.next = bit_cast::<14, 7>(self.payload_at.val());
                    self.span.d.next = self.left.val();
                }
                if self.step.val() == 10 {
                    if self.version6.q.val() {
                        self.destination_start.d.next = self.word.val();
                        if self.version.val() != 2 {
                            self.failed.d.next = true;
                        }
                    }
                    self.record.d.next.block_length = self.span.q.val().get_bits::<6>(0);
                    if self.span.q.val() > 31 {
                        self.record.d.next.block_length = 32.into();
                    }
                }
                if self.step.val() == 11 {
                    if self.version6.q.val() {
                        self.destination_end.d.next = self.word.val();
                    }
                }
                if self.step.val() == 12 {
                    self.options.begin.next = true;
                    if self.record.q.val().not_ppp {
                        self.record.d.next.info_at = 0.into();
                    }
                }
                if self.step.val() > 11 {
                    self.span.d.next = 0.into();
                    if self.span.q.val() > 7 {
                        self.span.d.next = self.span.q.val() - 8;
                    }
                }
                if self.step.val() == 13 {
                    self.block0.d.next = self.kept.val();
                    self.looks_like_hello.d.next = self.tcp.val()
                        & ((self.kept.val() & 0x00FFFF000000FFFFu64) == 0x0000010000000316u64);
                }
                if self.step.val() == 14 {
                    self.block1.d.next = self.kept.val();
                    self.record.d.next.hello = self.looks_like_hello.q.val()
                        & (self.kept.val().get_bits::<8>(8) == 3);
                }
                if self.step.val() == 15 {
                    self.block2.d.next = self.kept.val();
                }
                if self.step.val() == 16 {
                    self.block3.d.next = self.kept.val();
                }
            }
            Phase::Options => {
                self.options.load.next = self.step.val().get_bits::<2>(0) == 0;
            }
            _ => {}
        }
        self.left.next = self.span_end.val() - self.span_start.val();
        if self.head_phase.val() {
            self.record.d.next.not_ppp = self.not_ppp.val();
            self.record.d.next.address_control = self.address_control.val() & !self.not_ppp.val();
            self.record.d.next.compressed = self.compressed.val() & !self.not_ppp.val();
            self.record.d.next.info_at = self.info_next.val();
            self.record.d.next.protocol = (bit_cast::<16, 8>(self.byte0.val()) << 8)
                | bit_cast::<16, 8>(self.kept.val().get_bits::<8>(8));
            if self.compressed.val() {
                self.record.d.next.protocol = bit_cast::<16, 8>(self.byte0.val());
            }
            if self.address_control.val() {
                self.record.d.next.protocol = (bit_cast::<16, 8>(self.byte2.val()) << 8)
                    | bit_cast::<16, 8>(self.kept.val().get_bits::<8>(24));
                if self.compressed.val() {
                    self.record.d.next.protocol = bit_cast::<16, 8>(self.byte2.val());
                }
            }
            if self.not_ppp.val() {
                self.record.d.next.protocol = 0.into();
            }
        }
        self.options.bytes.next = self.options_bytes.val().get_bits::<6>(0);
        self.options.word.next = self.word.val();
        self.options_done.next = self.options.done.val();
        self.has_options.next = self.tcp.val() & (self.options_bytes.val() != 0);
        self.v6.next = self.version6.q.val();

        self.m.next = self.record.q.val();
        self.m.next.length = self.s.val().length;
        self.m.next.kind = self.s.val().kind;
        self.m.next.fault = self.s.val().fault;
        self.m.next.marked = self.s.val().marked;
        self.m.next.peer = self.s.val().peer;
        self.m.next.ids = self.s.val().ids;
        self.m.next.outer_at = self.s.val().outer_at;
        self.m.next.udp_at = self.s.val().udp_at;
        self.m.next.message_at = self.s.val().message_at;
        self.m.next.ppp_at = self.s.val().ppp_at;
        self.m.next.ppp_end = self.s.val().ppp_end;
        self.m.next.outer_length = self.s.val().outer_length;
        self.m.next.outer_checksum = self.s.val().outer_checksum;
        self.m.next.udp_length = self.s.val().udp_length;
        self.m.next.udp_checksum = self.s.val().udp_checksum;
        self.m.next.flags = self.s.val().flags;
        self.m.next.has_message_length = self.s.val().has_message_length;
        self.m.next.message_length = self.s.val().message_length;
        self.m.next.ipv4 = self.version4.q.val() & !self.failed.q.val();
        self.m.next.ipv6 = self.version6.q.val() & !self.failed.q.val();
        self.m.next.plain = !self.record.q.val().parity & !(self.tcp.val() & self.options.found.val());
        self.m.next.set_value_next(self.next.q.val());
        self.m.next.total = self.total.q.val().get_bits::<14>(0);
        self.m.next.ports = self.tcp.val() | self.udp.q.val();
        self.m.next.source = bit_cast::<128, 64>(self.source_start.q.val())
            | (bit_cast::<128, 64>(self.source_end.q.val()) << 64);
        self.m.next.destination = bit_cast::<128, 64>(self.destination_start.q.val())
            | (bit_cast::<128, 64>(self.destination_end.q.val()) << 64);
        self.m.next.block = bit_cast::<256, 64>(self.block0.q.val())
            | (bit_cast::<256, 64>(self.block1.q.val()) << 64)
            | (bit_cast::<256, 64>(self.block2.q.val()) << 128)
            | (bit_cast::<256, 64>(self.block3.q.val()) << 192);
    }
}
