//! UDP and L2TP, and which session's data a frame is.

use super::network::Networked;
use rust_hdl::prelude::*;

/// Whose the PPP frame is, and where it lies.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Message {
    /// As `Parsed` has it.
    pub kind: Bits<2>,
    /// As `Parsed` has it.
    pub fault: Bits<2>,
    /// The host link mark.
    pub marked: Bit,
    /// The peer.
    pub peer: Bits<128>,
    /// Tunnel and session id.
    pub ids: Bits<32>,
    /// The outer IP or PPPoE header.
    pub outer_at: Bits<5>,
    /// The UDP header.
    pub udp_at: Bits<7>,
    /// The L2TP or PPPoE header.
    pub message_at: Bits<7>,
    /// IP's length.
    pub outer_length: Bits<16>,
    /// IPv4's checksum.
    pub outer_checksum: Bits<16>,
    /// UDP's length.
    pub udp_length: Bits<16>,
    /// UDP's checksum.
    pub udp_checksum: Bits<16>,
    /// L2TP's or PPPoE's first two bytes.
    pub flags: Bits<16>,
    /// L2TP has a Length field.
    pub has_message_length: Bit,
    /// L2TP's or PPPoE's Length.
    pub message_length: Bits<16>,
    /// The PPP frame.
    pub ppp_at: Bits<8>,
    /// Its length.
    pub ppp_length: Bits<16>,
    /// Its first four bytes.
    pub ppp: Bits<32>,
}

/// What a stage knows of an L2TP message.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Stated {
    ok: Bit,
    udp_length: Bits<16>,
    udp_checksum: Bits<16>,
    flags: Bits<16>,
    ids: Bits<32>,
    /// Bytes of L2TP.
    bytes: Bits<16>,
    /// L2TP's Length, or `bytes`.
    end: Bits<16>,
    /// The header's length: 6 to 14.
    header: Bits<4>,
    /// Offset padding.
    offset: Bits<16>,
}

/// Fetches the UDP header, reads it and the L2TP header, and unites them with PPPoE.
///
/// In: `s` and, with it, the frame's bytes 34 to 111. Out: `m`, `Datagram::LATENCY` cycles later.
#[derive(LogicBlock, Default)]
pub struct Datagram {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// The network header.
    pub s: Signal<In, Networked>,
    /// The frame's bytes 34 to 111.
    pub s_bytes: Signal<In, Bits<624>>,
    /// The message.
    pub m: Signal<Out, Message>,
    // Fetch.
    slot: Signal<Local, Bits<4>>,
    coarse: Signal<Local, Bits<336>>,
    fetched: DFF<Bits<240>>,
    net0: DFF<Networked>,
    candidate: DFF<Bit>,
    // UDP's fields, L2TP's flags.
    u: Signal<Local, Bits<240>>,
    udp_length: Signal<Local, Bits<16>>,
    bits: Signal<Local, Bits<16>>,
    long: Signal<Local, Bit>,
    numbered: Signal<Local, Bit>,
    padded: Signal<Local, Bit>,
    port: Signal<Local, Bit>,
    padding: Signal<Local, Bits<16>>,
    stated: DFF<Stated>,
    net1: DFF<Networked>,
    read: DFF<Bits<240>>,
    // Where PPP starts.
    now: Signal<Local, Stated>,
    ok: DFF<Bit>,
    far: DFF<Bit>,
    start: DFF<Bits<17>>,
    near: DFF<Bits<4>>,
    last: DFF<Stated>,
    net2: DFF<Networked>,
    ready: DFF<Bits<240>>,
    // Where it ends, and its bytes.
    then: Signal<Local, Stated>,
    net: Signal<Local, Networked>,
    length: Signal<Local, Bits<17>>,
    good: Signal<Local, Bit>,
    shifted: Signal<Local, Bits<56>>,
    ppp: Signal<Local, Bits<32>>,
    message: DFF<Message>,
}

impl Datagram {
    /// Cycles from `s` to `m`.
    pub const LATENCY: usize = 4;
}

impl Logic for Datagram {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, fetched, net0, candidate, stated, net1, read, ok, far, start, near, last,
            net2, ready, message
        );
        self.net0.d.next = self.s.val();
        self.net1.d.next = self.net0.q.val();
        self.net2.d.next = self.net1.q.val();

        self.slot.next = self.s.val().slot;
        if self.slot.val().get_bit(3) {
            if self.slot.val().get_bit(2) {
                self.coarse.next = bit_cast::<336, 240>(self.s_bytes.val().get_bits::<240>(384));
            } else {
                self.coarse.next = self.s_bytes.val().get_bits::<336>(256);
            }
        } else if self.slot.val().get_bit(2) {
            self.coarse.next = self.s_bytes.val().get_bits::<336>(128);
        } else {
            self.coarse.next = self.s_bytes.val().get_bits::<336>(0);
        }
        if self.slot.val().get_bit(1) {
            if self.slot.val().get_bit(0) {
                self.fetched.d.next = self.coarse.val().get_bits::<240>(96);
            } else {
                self.fetched.d.next = self.coarse.val().get_bits::<240>(64);
            }
        } else if self.slot.val().get_bit(0) {
            self.fetched.d.next = self.coarse.val().get_bits::<240>(32);
        } else {
            self.fetched.d.next = self.coarse.val().get_bits::<240>(0);
        }
        self.candidate.d.next =
            self.s.val().ip & (self.s.val().rest >= 8) & (self.s.val().rest < 0x4000);

        self.u.next = self.fetched.q.val();
        self.read.d.next = self.fetched.q.val();
        self.udp_length.next = (bit_cast::<16, 8>(self.u.val().get_bits::<8>(32)) << 8)
            | bit_cast::<16, 8>(self.u.val().get_bits::<8>(40));
        // 1701, in lane order.
        self.port.next = (self.u.val().get_bits::<16>(0) == 0xA506)
            | (self.u.val().get_bits::<16>(16) == 0xA506);
        self.bits.next = (bit_cast::<16, 8>(self.u.val().get_bits::<8>(64)) << 8)
            | bit_cast::<16, 8>(self.u.val().get_bits::<8>(72));
        self.long.next = self.bits.val().get_bit(14);
        self.numbered.next = self.bits.val().get_bit(11);
        self.padded.next = self.bits.val().get_bit(9);
        self.stated.d.next.ok = self.candidate.q.val()
            & self.port.val()
            & (self.udp_length.val() >= 8)
            & (self.udp_length.val() <= self.net0.q.val().payload)
            & (self.udp_length.val() <= bit_cast::<16, 15>(self.net0.q.val().rest))
            & (self.bits.val().get_bits::<4>(0) == 2)
            & !self.bits.val().get_bit(15);
        self.stated.d.next.udp_length = self.udp_length.val();
        self.stated.d.next.udp_checksum = (bit_cast::<16, 8>(self.u.val().get_bits::<8>(48)) << 8)
            | bit_cast::<16, 8>(self.u.val().get_bits::<8>(56));
        self.stated.d.next.flags = self.bits.val();
        self.stated.d.next.bytes = self.udp_length.val() - 8;
        if self.long.val() {
            self.stated.d.next.ids = (bit_cast::<32, 8>(self.u.val().get_bits::<8>(96)) << 24)
                | (bit_cast::<32, 8>(self.u.val().get_bits::<8>(104)) << 16)
                | (bit_cast::<32, 8>(self.u.val().get_bits::<8>(112)) << 8)
                | bit_cast::<32, 8>(self.u.val().get_bits::<8>(120));
            self.stated.d.next.end = (bit_cast::<16, 8>(self.u.val().get_bits::<8>(80)) << 8)
                | bit_cast::<16, 8>(self.u.val().get_bits::<8>(88));
        } else {
            self.stated.d.next.ids = (bit_cast::<32, 8>(self.u.val().get_bits::<8>(80)) << 24)
                | (bit_cast::<32, 8>(self.u.val().get_bits::<8>(88)) << 16)
                | (bit_cast::<32, 8>(self.u.val().get_bits::<8>(96)) << 8)
                | bit_cast::<32, 8>(self.u.val().get_bits::<8>(104));
            self.stated.d.next.end = self.udp_length.val() - 8;
        }
        if self.numbered.val() {
            if self.long.val() {
                self.stated.d.next.header = 12.into();
                self.padding.next = self.u.val().get_bits::<16>(160);
            } else {
                self.stated.d.next.header = 10.into();
                self.padding.next = self.u.val().get_bits::<16>(144);
            }
        } else if self.long.val() {
            self.stated.d.next.header = 8.into();
            self.padding.next = self.u.val().get_bits::<16>(128);
        } else {
            self.stated.d.next.header = 6.into();
            self.padding.next = self.u.val().get_bits::<16>(112);
        }
        self.stated.d.next.offset = 0.into();
        if self.padded.val() {
            self.stated.d.next.offset = (bit_cast::<16, 8>(self.padding.val().get_bits::<8>(0))
                << 8)
                | bit_cast::<16, 8>(self.padding.val().get_bits::<8>(8));
        }

        // The Offset Size field itself, where there is one, belongs to the header.
        self.now.next = self.stated.q.val();
        self.now.next.header =
            self.stated.q.val().header + (bit_cast::<4, 16>((self.stated.q.val().flags >> 8) & 2));
        self.ready.d.next = self.read.q.val();
        self.last.d.next = self.now.val();
        self.ok.d.next = self.now.val().ok
            & (self.now.val().bytes >= bit_cast::<16, 4>(self.now.val().header))
            & (self.now.val().end <= self.now.val().bytes);
        self.far.d.next = self.now.val().offset > 4;
        self.start.d.next =
            bit_cast::<17, 4>(self.now.val().header) + bit_cast::<17, 16>(self.now.val().offset);
        // PPP's place among the 13 that it can have; nonsense where `far`.
        self.near.d.next =
            (self.now.val().header - 6) + bit_cast::<4, 16>(self.now.val().offset & 7);

        self.then.next = self.last.q.val();
        self.net.next = self.net2.q.val();
        self.length.next = bit_cast::<17, 16>(self.then.val().end) - self.start.q.val();
        self.good.next =
            self.ok.q.val() & (self.start.q.val() <= bit_cast::<17, 16>(self.then.val().end));
        if self.near.q.val().get_bit(3) {
            if self.near.q.val().get_bit(2) {
                self.shifted.next = bit_cast::<56, 32>(self.ready.q.val().get_bits::<32>(208));
            } else {
                self.shifted.next = self.ready.q.val().get_bits::<56>(176);
            }
        } else if self.near.q.val().get_bit(2) {
            self.shifted.next = self.ready.q.val().get_bits::<56>(144);
        } else {
            self.shifted.next = self.ready.q.val().get_bits::<56>(112);
        }
        if self.near.q.val().get_bit(1) {
            if self.near.q.val().get_bit(0) {
                self.ppp.next = self.shifted.val().get_bits::<32>(24);
            } else {
                self.ppp.next = self.shifted.val().get_bits::<32>(16);
            }
        } else if self.near.q.val().get_bit(0) {
            self.ppp.next = self.shifted.val().get_bits::<32>(8);
        } else {
            self.ppp.next = self.shifted.val().get_bits::<32>(0);
        }

        self.message.d.next.peer = self.net.val().peer;
        self.message.d.next.outer_at = self.net.val().at;
        if self.net.val().pppoe {
            self.message.d.next.kind = 1.into();
            self.message.d.next.fault = 0.into();
            self.message.d.next.marked = (self.net.val().flags & 0x0080).any();
            self.message.d.next.ids = bit_cast::<32, 16>(self.net.val().session);
            self.message.d.next.udp_at = 0.into();
            self.message.d.next.message_at = bit_cast::<7, 5>(self.net.val().at);
            self.message.d.next.outer_length = 0.into();
            self.message.d.next.outer_checksum = 0.into();
            self.message.d.next.udp_length = 0.into();
            self.message.d.next.udp_checksum = 0.into();
            self.message.d.next.flags = self.net.val().flags;
            self.message.d.next.has_message_length = false;
            self.message.d.next.message_length = self.net.val().ppp_length;
            self.message.d.next.ppp_at = bit_cast::<8, 5>(self.net.val().at) + 6;
            self.message.d.next.ppp_length = self.net.val().ppp_length;
            self.message.d.next.ppp = self.net.val().ppp;
        } else {
            self.message.d.next.kind = 0.into();
            self.message.d.next.fault = 0.into();
            self.message.d.next.marked = false;
            if self.net.val().fragment {
                self.message.d.next.fault = 1.into();
            }
            if self.good.val() {
                self.message.d.next.marked = (self.then.val().flags & 0x0080).any();
                if self.far.q.val() {
                    self.message.d.next.fault = 2.into();
                } else if self.net.val().v6 {
                    self.message.d.next.kind = 3.into();
                } else {
                    self.message.d.next.kind = 2.into();
                }
            }
            self.message.d.next.ids = self.then.val().ids;
            self.message.d.next.udp_at = self.net.val().behind;
            self.message.d.next.message_at = self.net.val().behind + 8;
            self.message.d.next.outer_length = self.net.val().length;
            self.message.d.next.outer_checksum = self.net.val().checksum;
            self.message.d.next.udp_length = self.then.val().udp_length;
            self.message.d.next.udp_checksum = self.then.val().udp_checksum;
            self.message.d.next.flags = self.then.val().flags;
            self.message.d.next.has_message_length = (self.then.val().flags & 0x4000).any();
            self.message.d.next.message_length = 0.into();
            if (self.then.val().flags & 0x4000).any() {
                self.message.d.next.message_length = self.then.val().end;
            }
            self.message.d.next.ppp_at =
                bit_cast::<8, 7>(self.net.val().behind) + bit_cast::<8, 4>(self.near.q.val()) + 14;
            self.message.d.next.ppp_length = self.length.val().get_bits::<16>(0);
            self.message.d.next.ppp = self.ppp.val();
        }
        self.m.next = self.message.q.val();
    }
}
