//! The outer IP or PPPoE header.

use super::link::Linked;
use rust_hdl::prelude::*;

/// What the header behind the link's says.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Networked {
    /// A whole IP header with UDP behind it, and no fragment.
    pub ip: Bit,
    /// It is IPv6's.
    pub v6: Bit,
    /// PPPoE session data that fits into the frame.
    pub pppoe: Bit,
    /// A fragment of an IP packet.
    pub fragment: Bit,
    /// The UDP header's first byte is 34 + 4 x slot.
    pub slot: Bits<4>,
    /// The peer, as `Parsed` has it.
    pub peer: Bits<128>,
    /// The header's first byte.
    pub at: Bits<5>,
    /// The byte behind it.
    pub behind: Bits<7>,
    /// The IP payload's length as stated.
    pub payload: Bits<16>,
    /// The frame's bytes behind the IP header.
    pub rest: Bits<15>,
    /// IPv4's total length or IPv6's payload length.
    pub length: Bits<16>,
    /// IPv4's checksum.
    pub checksum: Bits<16>,
    /// PPPoE's first two bytes.
    pub flags: Bits<16>,
    /// PPPoE's session id.
    pub session: Bits<16>,
    /// PPPoE's length.
    pub ppp_length: Bits<16>,
    /// The four bytes behind PPPoE's header.
    pub ppp: Bits<32>,
}

/// Reads the outer header at byte 0 of `s_network`: version, length fields, protocol, fragmentation.
///
/// Out: `m`, `Network::LATENCY` cycles later. `rest` is negative (bit 14) where the frame ends within the IP header.
#[derive(LogicBlock, Default)]
pub struct Network {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// The peer is the source.
    pub receive: Signal<In, Bit>,
    /// The link header.
    pub s: Signal<In, Linked>,
    /// 40 bytes from the network header on.
    pub s_network: Signal<In, Bits<320>>,
    /// The network header.
    pub m: Signal<Out, Networked>,
    first: Signal<Local, Bits<8>>,
    total: Signal<Local, Bits<16>>,
    payload6: Signal<Local, Bits<16>>,
    fragment4: Signal<Local, Bit>,
    linked: DFF<Linked>,
    network: DFF<Bits<320>>,
    v4: DFF<Bit>,
    v6: DFF<Bit>,
    pppoe: DFF<Bit>,
    udp: DFF<Bit>,
    fragment: DFF<Bit>,
    /// IHL is possible.
    whole: DFF<Bit>,
    /// The IP header's length.
    header: DFF<Bits<6>>,
    stated: DFF<Bits<16>>,
    /// What the stated length counts beside the payload.
    less: DFF<Bits<6>>,
    /// Words before the UDP header beyond 34 bytes, tags left out.
    words: DFF<Bits<4>>,
    ppp_length: DFF<Bits<16>>,
    /// Bytes behind a PPPoE header.
    room: DFF<Bits<14>>,
    payload: Signal<Local, Bits<17>>,
    networked: DFF<Networked>,
    held: Signal<Local, Linked>,
    enough: Signal<Local, Bit>,
}

impl Network {
    /// Cycles from `s` to `m`.
    pub const LATENCY: usize = 2;
}

impl Logic for Network {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, linked, network, v4, v6, pppoe, udp, fragment, whole, header, stated,
            less, words, ppp_length, room, networked
        );
        self.linked.d.next = self.s.val();
        self.network.d.next = self.s_network.val();
        self.first.next = self.s_network.val().get_bits::<8>(0);
        self.total.next = (bit_cast::<16, 8>(self.s_network.val().get_bits::<8>(16)) << 8)
            | bit_cast::<16, 8>(self.s_network.val().get_bits::<8>(24));
        self.payload6.next = (bit_cast::<16, 8>(self.s_network.val().get_bits::<8>(32)) << 8)
            | bit_cast::<16, 8>(self.s_network.val().get_bits::<8>(40));
        // Lane order: byte 6's upper two bits are the reserved bit and DF.
        self.fragment4.next = (self.s_network.val().get_bits::<16>(48) & 0xFF3F).any();
        self.v4.d.next =
            self.s.val().ip & (self.first.val().get_bits::<4>(4) == 4) & (self.s.val().rest >= 20);
        self.v6.d.next =
            self.s.val().ip & (self.first.val().get_bits::<4>(4) == 6) & (self.s.val().rest >= 40);
        // PPPoE: version, type, and the code but for the mark.
        self.pppoe.d.next = self.s.val().pppoe
            & (self.s.val().rest >= 6)
            & ((self.s_network.val().get_bits::<16>(0) & 0x7FFF) == 0x0011);
        self.ppp_length.d.next = self.payload6.val();
        self.room.d.next = self.s.val().rest - 6;
        self.udp.d.next = self.s_network.val().get_bits::<8>(72) == 17;
        self.fragment.d.next = self.fragment4.val();
        self.whole.d.next = self.first.val().get_bits::<4>(0) >= 5;
        self.header.d.next = bit_cast::<6, 4>(self.first.val().get_bits::<4>(0)) << 2;
        self.less.d.next = bit_cast::<6, 4>(self.first.val().get_bits::<4>(0)) << 2;
        self.words.d.next = self.first.val().get_bits::<4>(0) - 5;
        self.stated.d.next = self.total.val();
        if self.first.val().get_bits::<4>(4) == 6 {
            self.udp.d.next = self.s_network.val().get_bits::<8>(48) == 17;
            self.fragment.d.next = self.s_network.val().get_bits::<8>(48) == 44;
            self.whole.d.next = true;
            self.header.d.next = 40.into();
            self.less.d.next = 0.into();
            self.words.d.next = 5.into();
            self.stated.d.next = self.payload6.val();
        }

        self.held.next = self.linked.q.val();
        self.payload.next =
            bit_cast::<17, 16>(self.stated.q.val()) - bit_cast::<17, 6>(self.less.q.val());
        self.enough.next = !self.payload.val().get_bit(16);
        self.networked.d.next.ip = self.udp.q.val()
            & self.whole.q.val()
            & self.enough.val()
            & ((self.v4.q.val() & !self.fragment.q.val()) | self.v6.q.val());
        self.networked.d.next.v6 = self.v6.q.val();
        // An IPv4 fragment counts only with UDP inside; IPv6's Next Header says fragment instead of it.
        self.networked.d.next.fragment =
            self.fragment.q.val() & ((self.v4.q.val() & self.udp.q.val()) | self.v6.q.val());
        self.networked.d.next.pppoe =
            self.pppoe.q.val() & (self.ppp_length.q.val() <= bit_cast::<16, 14>(self.room.q.val()));
        self.networked.d.next.slot = self.words.q.val() + bit_cast::<4, 2>(self.held.val().tags);
        self.networked.d.next.at = self.held.val().at;
        self.networked.d.next.behind =
            bit_cast::<7, 5>(self.held.val().at) + bit_cast::<7, 6>(self.header.q.val());
        self.networked.d.next.payload = self.payload.val().get_bits::<16>(0);
        self.networked.d.next.rest =
            bit_cast::<15, 14>(self.held.val().rest) - bit_cast::<15, 6>(self.header.q.val());
        self.networked.d.next.length = self.stated.q.val();
        self.networked.d.next.checksum = 0.into();
        if self.v4.q.val() {
            self.networked.d.next.checksum =
                (bit_cast::<16, 8>(self.network.q.val().get_bits::<8>(80)) << 8)
                    | bit_cast::<16, 8>(self.network.q.val().get_bits::<8>(88));
        }
        self.networked.d.next.flags = (bit_cast::<16, 8>(self.network.q.val().get_bits::<8>(0))
            << 8)
            | bit_cast::<16, 8>(self.network.q.val().get_bits::<8>(8));
        self.networked.d.next.session = (bit_cast::<16, 8>(self.network.q.val().get_bits::<8>(16))
            << 8)
            | bit_cast::<16, 8>(self.network.q.val().get_bits::<8>(24));
        self.networked.d.next.ppp_length = self.ppp_length.q.val();
        self.networked.d.next.ppp = self.network.q.val().get_bits::<32>(48);
        if self.pppoe.q.val() {
            self.networked.d.next.peer = bit_cast::<128, 80>(self.held.val().mac);
        } else if self.v6.q.val() {
            if self.receive.val() {
                self.networked.d.next.peer = self.network.q.val().get_bits::<128>(64);
            } else {
                self.networked.d.next.peer = self.network.q.val().get_bits::<128>(192);
            }
        } else if self.receive.val() {
            self.networked.d.next.peer =
                bit_cast::<128, 32>(self.network.q.val().get_bits::<32>(96));
        } else {
            self.networked.d.next.peer =
                bit_cast::<128, 32>(self.network.q.val().get_bits::<32>(128));
        }
        self.m.next = self.networked.q.val();
    }
}
