//! What the outer headers say.

use super::Phase;
use crate::records::Parsed;
use rust_hdl::prelude::*;

/// Ethernet, PPPoE, outer IP, UDP and L2TP: everything up to `message_length` in the record, and the checks of it.
#[derive(LogicBlock, Default)]
pub struct Outer {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// As in `Parse64`.
    pub receive: Signal<In, Bit>,
    /// A frame starts.
    pub start: Signal<In, Bit>,
    /// Its kind, as in `Store`.
    pub frame_kind: Signal<In, Bits<2>>,
    /// Its VLAN tags.
    pub frame_tags: Signal<In, Bits<2>>,
    /// Its length.
    pub frame_length: Signal<In, Bits<14>>,
    /// As in `Steps`.
    pub phase: Signal<In, Phase>,
    /// As in `Steps`.
    pub step: Signal<In, Bits<5>>,
    /// What was fetched three steps ago.
    pub word: Signal<In, Bits<64>>,
    /// It is not data, as far as is known.
    pub bad: Signal<Out, Bit>,
    /// Outer IPv6.
    pub v6: Signal<Out, Bit>,
    /// Where the PPP frame starts, at `Ip` step 10.
    pub ppp_next: Signal<Out, Bits<8>>,
    /// The record, up to `message_length`.
    pub m: Signal<Out, Parsed>,
    /// What needs no more than a register.
    record: DFF<Parsed>,
    pppoe: DFF<Bit>,
    tags: DFF<Bits<2>>,
    failed: DFF<Bit>,
    fragment: DFF<Bit>,
    /// Offset padding over 4 bytes.
    wide: DFF<Bit>,
    version4: DFF<Bit>,
    version6: DFF<Bit>,
    words: DFF<Bits<4>>,
    /// Fragment offset or MF, and the two header lengths that must be there before one is believed.
    partial: DFF<Bit>,
    rest: DFF<Bits<15>>,
    next_header: DFF<Bits<8>>,
    peer_start: DFF<Bits<48>>,
    peer_vlan0: DFF<Bits<16>>,
    peer_vlan1: DFF<Bits<16>>,
    peer_end: DFF<Bits<48>>,
    ppp_at: DFF<Bits<17>>,
    ppp_end: DFF<Bits<17>>,
    /// Bytes 6 and 7 of the L2TP header.
    late: DFF<Bits<16>>,
    offset: DFF<Bits<16>>,
    /// Behind L2TP's fields.
    fields_end: DFF<Bits<17>>,
    /// Where UDP's or PPPoE's length ends.
    end_at: DFF<Bits<17>>,
    /// Where L2TP's length ends.
    stated_end: DFF<Bits<17>>,
    /// Bytes behind the outer IP header, by its own length; the top bit is a borrow.
    payload: DFF<Bits<17>>,
    length: Signal<Local, Bits<14>>,
    outer_at: Signal<Local, Bits<5>>,
    udp_at: Signal<Local, Bits<7>>,
    message_at: Signal<Local, Bits<7>>,
    outer_length: Signal<Local, Bits<16>>,
    udp_length: Signal<Local, Bits<16>>,
    message_length: Signal<Local, Bits<16>>,
    flags: Signal<Local, Bits<16>>,
    version: Signal<Local, Bits<4>>,
    fields: Signal<Local, Bits<17>>,
    number0: Signal<Local, Bits<16>>,
    number2: Signal<Local, Bits<16>>,
    number4: Signal<Local, Bits<16>>,
    number6: Signal<Local, Bits<16>>,
    end_base: Signal<Local, Bits<17>>,
    end_length: Signal<Local, Bits<17>>,
    end_sum: Signal<Local, Bits<17>>,
    ppp_start: Signal<Local, Bits<17>>,
    wide_length: Signal<Local, Bits<17>>,
    wide_udp: Signal<Local, Bits<17>>,
    offset_now: Signal<Local, Bits<16>>,
    message: Signal<Local, Bits<17>>,
    counted: Signal<Local, Bit>,
    sequenced: Signal<Local, Bit>,
    padded: Signal<Local, Bit>,
    first: Signal<Local, Bits<5>>,
    rest_here: Signal<Local, Bits<14>>,
}

impl Logic for Outer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, record, pppoe, tags, failed, fragment, wide, version4, version6, words, partial, rest,
            next_header, peer_start, peer_vlan0, peer_vlan1, peer_end, ppp_at, ppp_end, late, offset, fields_end,
            end_at, stated_end, payload
        );
        self.length.next = self.record.q.val().length;
        self.outer_at.next = self.record.q.val().outer_at;
        self.udp_at.next = self.record.q.val().udp_at;
        self.message_at.next = self.record.q.val().message_at;
        self.outer_length.next = self.record.q.val().outer_length;
        self.udp_length.next = self.record.q.val().udp_length;
        self.message_length.next = self.record.q.val().message_length;
        self.flags.next = self.record.q.val().flags;
        self.number0.next = (bit_cast::<16, 8>(self.word.val().get_bits::<8>(0)) << 8)
            | bit_cast::<16, 8>(self.word.val().get_bits::<8>(8));
        self.number2.next = (bit_cast::<16, 8>(self.word.val().get_bits::<8>(16)) << 8)
            | bit_cast::<16, 8>(self.word.val().get_bits::<8>(24));
        self.number4.next = (bit_cast::<16, 8>(self.word.val().get_bits::<8>(32)) << 8)
            | bit_cast::<16, 8>(self.word.val().get_bits::<8>(40));
        self.number6.next = (bit_cast::<16, 8>(self.word.val().get_bits::<8>(48)) << 8)
            | bit_cast::<16, 8>(self.word.val().get_bits::<8>(56));
        self.version.next = self.word.val().get_bits::<4>(4);
        self.counted.next = self.flags.val().get_bit(14);
        self.sequenced.next = self.flags.val().get_bit(11);
        self.padded.next = self.flags.val().get_bit(9);
        self.wide_length.next = bit_cast::<17, 14>(self.length.val());
        self.wide_udp.next = bit_cast::<17, 16>(self.udp_length.val());
        self.message.next = bit_cast::<17, 7>(self.message_at.val());

        // One adder for both ends that a length states.
        self.end_base.next = bit_cast::<17, 7>(self.udp_at.val());
        self.end_length.next = self.wide_udp.val();
        if self.pppoe.q.val() {
            self.end_base.next = self.ppp_at.q.val();
            self.end_length.next = bit_cast::<17, 16>(self.message_length.val());
        }
        self.end_sum.next = self.end_base.val() + self.end_length.val();

        // L2TP's fields: 6 bytes, and 2, 4, 2 for what is there.
        self.fields.next = 6.into();
        if self.counted.val() {
            self.fields.next = 8.into();
        }
        if self.sequenced.val() {
            self.fields.next = 10.into();
            if self.counted.val() {
                self.fields.next = 12.into();
            }
        }
        // Offset Size is the last of them.
        self.offset_now.next = self.late.q.val();
        if self.counted.val() {
            self.offset_now.next = self.number0.val();
        }
        if self.sequenced.val() {
            self.offset_now.next = self.number2.val();
            if self.counted.val() {
                self.offset_now.next = self.number4.val();
            }
        }
        self.ppp_start.next = self.fields_end.q.val() + bit_cast::<17, 16>(self.offset.q.val());
        self.ppp_next.next = self.ppp_start.val().get_bits::<8>(0);
        self.rest_here.next = self.rest.q.val().get_bits::<14>(0);

        match self.phase.val() {
            Phase::Pppoe => {
                if self.step.val() == 0 {
                    self.record.d.next.message_at = bit_cast::<7, 5>(self.outer_at.val());
                    self.ppp_at.d.next = bit_cast::<17, 5>(self.outer_at.val()) + 6;
                }
                if self.step.val() == 2 {
                    self.peer_vlan0.d.next = 0.into();
                    self.peer_vlan1.d.next = 0.into();
                    if self.tags.q.val() != 0 {
                        self.peer_vlan0.d.next =
                            (self.word.val().get_bits::<16>(0) & 0xFF0F) | 0x0080;
                    }
                    if self.tags.q.val() == 2 {
                        self.peer_vlan1.d.next =
                            (self.word.val().get_bits::<16>(32) & 0xFF0F) | 0x0080;
                    }
                }
                if self.step.val() == 3 {
                    self.record.d.next.flags = self.number0.val();
                    self.record.d.next.ids = bit_cast::<32, 16>(self.number2.val());
                    self.record.d.next.message_length = self.number4.val();
                    if (self.number0.val() & 0xFF7F) != 0x1100 {
                        self.failed.d.next = true;
                    }
                }
                if self.step.val() == 4 {
                    self.peer_start.d.next = self.word.val().get_bits::<48>(0);
                    self.peer_end.d.next = 0.into();
                    self.end_at.d.next = self.end_sum.val();
                }
                if self.step.val() == 5 {
                    self.ppp_end.d.next = self.end_at.q.val();
                    if self.end_at.q.val() > self.wide_length.val() {
                        self.failed.d.next = true;
                    }
                }
            }
            Phase::Ip => {
                if self.step.val() == 0 {
                    self.rest.d.next = bit_cast::<15, 14>(self.length.val())
                        - bit_cast::<15, 5>(self.outer_at.val());
                }
                if self.step.val() == 3 {
                    self.version4.d.next = self.version.val() == 4;
                    self.version6.d.next = self.version.val() == 6;
                    self.words.d.next = self.word.val().get_bits::<4>(0);
                    self.record.d.next.outer_length = self.number2.val();
                    // The length rules bound the rest; only a fragment is told before them.
                    self.partial.d.next =
                        ((self.number6.val() & 0x3FFF) != 0) & (self.rest_here.val() > 19);
                    self.record.d.next.udp_at = bit_cast::<7, 5>(self.outer_at.val())
                        + (bit_cast::<7, 4>(self.word.val().get_bits::<4>(0)) << 2);
                    if self.version.val() == 6 {
                        self.record.d.next.outer_length = self.number4.val();
                        self.next_header.d.next = self.word.val().get_bits::<8>(48);
                        self.partial.d.next = self.rest_here.val() > 39;
                        self.record.d.next.udp_at = bit_cast::<7, 5>(self.outer_at.val()) + 40;
                    } else if self.version.val() != 4 {
                        self.failed.d.next = true;
                    }
                }
                if self.step.val() == 4 {
                    self.record.d.next.outer_checksum = self.number2.val();
                    self.payload.d.next = bit_cast::<17, 16>(self.outer_length.val());
                    if !self.version6.q.val() {
                        self.next_header.d.next = self.word.val().get_bits::<8>(8);
                        self.payload.d.next = bit_cast::<17, 16>(self.outer_length.val())
                            - (bit_cast::<17, 4>(self.words.q.val()) << 2);
                        if self.words.q.val() < 5 {
                            self.failed.d.next = true;
                        }
                    }
                }
                if self.step.val() == 5 {
                    self.record.d.next.message_at = self.udp_at.val() + 8;
                    if self.next_header.q.val() != 17 {
                        self.failed.d.next = true;
                    }
                    if self.version6.q.val() {
                        self.fragment.d.next = (self.next_header.q.val() == 44)
                            & self.partial.q.val()
                            & !self.rest.q.val().get_bit(14);
                    } else {
                        self.fragment.d.next = (self.next_header.q.val() == 17)
                            & self.partial.q.val()
                            & !self.rest.q.val().get_bit(14)
                            & self.version4.q.val();
                        if self.partial.q.val() | self.payload.q.val().get_bit(16) {
                            self.failed.d.next = true;
                        }
                    }
                }
                if self.step.val() == 7 {
                    self.record.d.next.udp_length = self.number4.val();
                    self.record.d.next.udp_checksum = self.number6.val();
                    if (self.number0.val() != 1701) & (self.number2.val() != 1701) {
                        self.failed.d.next = true;
                    }
                }
                if self.step.val() == 8 {
                    self.record.d.next.flags = self.number0.val();
                    self.record.d.next.message_length = self.number2.val();
                    self.late.d.next = self.number6.val();
                    self.record.d.next.ids = (bit_cast::<32, 16>(self.number2.val()) << 16)
                        | bit_cast::<32, 16>(self.number4.val());
                    if self.number0.val().get_bit(14) {
                        self.record.d.next.ids = (bit_cast::<32, 16>(self.number4.val()) << 16)
                            | bit_cast::<32, 16>(self.number6.val());
                    }
                    self.end_at.d.next = self.end_sum.val();
                    if (self.udp_length.val() < 8) | (self.wide_udp.val() > self.payload.q.val()) {
                        self.failed.d.next = true;
                    }
                }
                if self.step.val() == 9 {
                    self.fields_end.d.next = self.message.val() + self.fields.val();
                    self.offset.d.next = 0.into();
                    if self.padded.val() {
                        self.fields_end.d.next = self.message.val() + self.fields.val() + 2;
                        self.offset.d.next = self.offset_now.val();
                    }
                    self.stated_end.d.next =
                        self.message.val() + bit_cast::<17, 16>(self.message_length.val());
                    if self.end_at.q.val() > self.wide_length.val() {
                        self.failed.d.next = true;
                    }
                }
                if self.step.val() == 10 {
                    self.ppp_at.d.next = self.ppp_start.val();
                    self.wide.d.next = self.offset.q.val() > 4;
                    self.ppp_end.d.next = self.end_at.q.val();
                    if self.counted.val() {
                        self.ppp_end.d.next = self.stated_end.q.val();
                    }
                    // Version 2, and the T bit clear.
                    if (self.flags.val() & 0x800F) != 2 {
                        self.failed.d.next = true;
                    }
                    self.peer_start.d.next = self.word.val().get_bits::<48>(0);
                    self.peer_vlan0.d.next = self.word.val().get_bits::<16>(48);
                    if !self.version6.q.val() {
                        self.peer_start.d.next =
                            bit_cast::<48, 32>(self.word.val().get_bits::<32>(0));
                        self.peer_vlan0.d.next = 0.into();
                    }
                }
                if self.step.val() == 11 {
                    self.peer_vlan1.d.next = self.word.val().get_bits::<16>(0);
                    self.peer_end.d.next = self.word.val().get_bits::<48>(16);
                    if !self.version6.q.val() {
                        self.peer_vlan1.d.next = 0.into();
                        self.peer_end.d.next = 0.into();
                    }
                    if (self.ppp_at.q.val() > self.ppp_end.q.val())
                        | (self.ppp_end.q.val() > self.end_at.q.val())
                    {
                        self.failed.d.next = true;
                    }
                }
            }
            _ => {}
        }
        self.first.next = 14.into();
        if self.frame_tags.val() == 1 {
            self.first.next = 18.into();
        }
        if self.frame_tags.val() == 2 {
            self.first.next = 22.into();
        }
        if self.start.val() {
            self.record.d.next.length = self.frame_length.val();
            self.record.d.next.outer_at = self.first.val();
            self.pppoe.d.next = self.frame_kind.val() == 1;
            self.tags.d.next = self.frame_tags.val();
            self.failed.d.next = self.frame_kind.val() == 0;
            self.fragment.d.next = false;
            self.wide.d.next = false;
            self.version6.d.next = false;
        }
        self.bad.next = self.failed.q.val() | self.fragment.q.val();
        self.v6.next = self.version6.q.val();

        self.m.next = self.record.q.val();
        self.m.next.kind = 0.into();
        self.m.next.fault = 0.into();
        self.m.next.marked = false;
        if self.fragment.q.val() {
            self.m.next.fault = 1.into();
        } else if !self.failed.q.val() {
            self.m.next.marked = self.flags.val().get_bit(7);
            if self.wide.q.val() {
                self.m.next.fault = 2.into();
            } else if self.pppoe.q.val() {
                self.m.next.kind = 1.into();
            } else if self.version6.q.val() {
                self.m.next.kind = 3.into();
            } else {
                self.m.next.kind = 2.into();
            }
        }
        self.m.next.peer = bit_cast::<128, 48>(self.peer_start.q.val())
            | (bit_cast::<128, 16>(self.peer_vlan0.q.val()) << 48)
            | (bit_cast::<128, 16>(self.peer_vlan1.q.val()) << 64)
            | (bit_cast::<128, 48>(self.peer_end.q.val()) << 80);
        self.m.next.ppp_at = self.ppp_at.q.val().get_bits::<8>(0);
        self.m.next.ppp_end = self.ppp_end.q.val().get_bits::<14>(0);
        self.m.next.has_message_length = self.counted.val() & !self.pppoe.q.val();
    }
}
