//! The inner IP packet: `scramble`'s `Shape`, as far as it does not need the TCP options.

use rust_hdl::prelude::*;

/// What the information field is.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Shaped {
    /// The information field's first six bytes.
    pub head: Bits<48>,
    /// An IPv4 packet that a DECOY sender could have made.
    pub ipv4: Bit,
    /// The same of IPv6.
    pub ipv6: Bit,
    /// One that it takes, its options not looked at.
    pub plain: Bit,
    /// As in `Parsed`.
    pub parity: Bit,
    /// The packet's length.
    pub total: Bits<14>,
    /// The protocol.
    pub protocol: Bits<8>,
    /// Plain TCP or UDP.
    pub ports: Bit,
    /// Plain TCP.
    pub tcp: Bit,
    /// Where the payload starts.
    pub payload_at: Bits<7>,
    /// Four-byte words of TCP options.
    pub options: Bits<4>,
    /// Bytes under the IPv4 header checksum; 0 for IPv6.
    pub summed: Bits<6>,
    /// Source address.
    pub source: Bits<128>,
    /// Destination address.
    pub destination: Bits<128>,
    /// Source port.
    pub source_port: Bits<16>,
    /// Destination port.
    pub destination_port: Bits<16>,
    /// T, in lane order.
    pub t: Bits<32>,
    /// IPv4 header checksum; 0 for IPv6.
    pub ip_checksum: Bits<16>,
    /// TCP or UDP checksum.
    pub transport_checksum: Bits<16>,
}

/// What the first stage finds true, of whichever version.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Facts {
    ipv4: Bit,
    ipv6: Bit,
    plain4: Bit,
    plain6: Bit,
    /// IPv4 without options and no fragment.
    whole: Bit,
    tcp4: Bit,
    udp4: Bit,
    tcp6: Bit,
    udp6: Bit,
    /// IPv4's header fits into the packet.
    summed: Bit,
    total4: Bits<16>,
    payload6: Bits<16>,
    head: Bits<48>,
}

/// Takes the packet apart that `s_info` starts with.
///
/// In: the information field's first 132 bytes and its length. Out: `m`, `Packet::LATENCY` cycles later.
#[derive(LogicBlock, Default)]
pub struct Packet {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// The information field.
    pub s_info: Signal<In, Bits<1056>>,
    /// Its length.
    pub s_length: Signal<In, Bits<14>>,
    /// The packet.
    pub m: Signal<Out, Shaped>,
    // Facts.
    total: Signal<Local, Bits<16>>,
    payload: Signal<Local, Bits<16>>,
    limit: Signal<Local, Bits<16>>,
    limit6: Signal<Local, Bits<16>>,
    header: Signal<Local, Bits<6>>,
    head: Signal<Local, Bits<48>>,
    facts: DFF<Facts>,
    info: DFF<Bits<1056>>,
    // Which of them hold together.
    f: Signal<Local, Facts>,
    six: Signal<Local, Bit>,
    tcp: Signal<Local, Bit>,
    udp: Signal<Local, Bit>,
    base_total: Signal<Local, Bits<16>>,
    shaped: DFF<Shaped>,
    /// Bytes behind the IP header.
    segment: DFF<Bits<14>>,
    /// TCP's data offset.
    offset: DFF<Bits<4>>,
    v6: DFF<Bit>,
    // Where the payload starts.
    stated: Signal<Local, Bits<14>>,
    words: Signal<Local, Bits<4>>,
    base: Signal<Local, Bits<7>>,
    placed: DFF<Shaped>,
}

impl Packet {
    /// Cycles from `s_info` to `m`.
    pub const LATENCY: usize = 3;
}

impl Logic for Packet {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, facts, info, shaped, segment, offset, v6, placed
        );
        self.info.d.next = self.s_info.val();
        self.total.next = (bit_cast::<16, 8>(self.s_info.val().get_bits::<8>(16)) << 8)
            | bit_cast::<16, 8>(self.s_info.val().get_bits::<8>(24));
        self.payload.next = (bit_cast::<16, 8>(self.s_info.val().get_bits::<8>(32)) << 8)
            | bit_cast::<16, 8>(self.s_info.val().get_bits::<8>(40));
        self.limit.next = bit_cast::<16, 14>(self.s_length.val());
        self.limit6.next = self.limit.val() - 40;
        self.header.next = bit_cast::<6, 4>(self.s_info.val().get_bits::<4>(0)) << 2;
        self.head.next = self.s_info.val().get_bits::<48>(0);
        if self.s_length.val() < 6 {
            self.head.next = self.head.val() & 0xFFFFFFFFFFu64;
        }
        if self.s_length.val() < 5 {
            self.head.next = self.head.val() & 0xFFFFFFFFu64;
        }
        if self.s_length.val() < 4 {
            self.head.next = self.head.val() & 0xFFFFFF;
        }
        if self.s_length.val() < 3 {
            self.head.next = self.head.val() & 0xFFFF;
        }
        if self.s_length.val() < 2 {
            self.head.next = self.head.val() & 0xFF;
        }
        if self.s_length.val() == 0 {
            self.head.next = 0.into();
        }
        self.facts.d.next.head = self.head.val();
        self.facts.d.next.total4 = self.total.val();
        self.facts.d.next.payload6 = self.payload.val();
        // First address bytes 1 to 223; 2000::/4, where a source may also be in 3000::/4.
        self.facts.d.next.ipv4 = (self.s_info.val().get_bits::<4>(4) == 4)
            & (self.limit.val() >= 20)
            & (self.total.val() >= 20)
            & (self.total.val() <= self.limit.val())
            & (self.s_info.val().get_bits::<8>(96) != 0)
            & (self.s_info.val().get_bits::<8>(96) < 224)
            & (self.s_info.val().get_bits::<8>(128) != 0)
            & (self.s_info.val().get_bits::<8>(128) < 224);
        self.facts.d.next.ipv6 = (self.s_info.val().get_bits::<4>(4) == 6)
            & (self.limit.val() >= 40)
            & (self.payload.val() != 0)
            & (self.payload.val() <= self.limit6.val())
            & (self.s_info.val().get_bits::<3>(69) == 1)
            & (self.s_info.val().get_bits::<4>(196) == 2);
        self.facts.d.next.plain4 = !self.s_info.val().get_bit(55);
        self.facts.d.next.plain6 = !self.s_info.val().get_bit(68);
        self.facts.d.next.whole = (self.s_info.val().get_bits::<4>(0) == 5)
            & ((self.s_info.val().get_bits::<16>(48) & 0xFF3F) == 0);
        self.facts.d.next.tcp4 =
            (self.s_info.val().get_bits::<8>(72) == 6) & (self.total.val() >= 40);
        self.facts.d.next.udp4 =
            (self.s_info.val().get_bits::<8>(72) == 17) & (self.total.val() >= 28);
        self.facts.d.next.tcp6 =
            (self.s_info.val().get_bits::<8>(48) == 6) & (self.payload.val() >= 20);
        self.facts.d.next.udp6 =
            (self.s_info.val().get_bits::<8>(48) == 17) & (self.payload.val() >= 8);
        self.facts.d.next.summed = (self.s_info.val().get_bits::<4>(0) >= 5)
            & (bit_cast::<16, 6>(self.header.val()) <= self.total.val());

        self.f.next = self.facts.q.val();
        self.six.next = self.f.val().ipv6;
        self.tcp.next = (self.f.val().tcp4 & self.f.val().whole & !self.six.val())
            | (self.f.val().tcp6 & self.six.val());
        self.udp.next = (self.f.val().udp4 & self.f.val().whole & !self.six.val())
            | (self.f.val().udp6 & self.six.val());
        self.v6.d.next = self.six.val();
        self.shaped.d.next.head = self.f.val().head;
        self.shaped.d.next.ipv4 = self.f.val().ipv4;
        self.shaped.d.next.ipv6 = self.six.val();
        self.shaped.d.next.tcp = self.tcp.val();
        self.shaped.d.next.ports = self.tcp.val() | self.udp.val();
        self.shaped.d.next.payload_at = 0.into();
        self.shaped.d.next.options = 0.into();
        if self.six.val() {
            self.base_total.next = self.f.val().payload6 + 40;
            self.segment.d.next = self.f.val().payload6.get_bits::<14>(0);
            self.offset.d.next = self.info.q.val().get_bits::<4>(420);
            self.shaped.d.next.plain = self.f.val().plain6;
            self.shaped.d.next.parity = !self.f.val().plain6;
            self.shaped.d.next.protocol = self.info.q.val().get_bits::<8>(48);
            self.shaped.d.next.summed = 0.into();
            self.shaped.d.next.source = self.info.q.val().get_bits::<128>(64);
            self.shaped.d.next.destination = self.info.q.val().get_bits::<128>(192);
            self.shaped.d.next.source_port =
                (bit_cast::<16, 8>(self.info.q.val().get_bits::<8>(320)) << 8)
                    | bit_cast::<16, 8>(self.info.q.val().get_bits::<8>(328));
            self.shaped.d.next.destination_port =
                (bit_cast::<16, 8>(self.info.q.val().get_bits::<8>(336)) << 8)
                    | bit_cast::<16, 8>(self.info.q.val().get_bits::<8>(344));
            self.shaped.d.next.ip_checksum = 0.into();
            if self.tcp.val() {
                self.shaped.d.next.t = self.info.q.val().get_bits::<32>(352);
                self.shaped.d.next.transport_checksum =
                    (bit_cast::<16, 8>(self.info.q.val().get_bits::<8>(448)) << 8)
                        | bit_cast::<16, 8>(self.info.q.val().get_bits::<8>(456));
            } else {
                self.shaped.d.next.t = self.info.q.val().get_bits::<32>(0) & 0xFFFF0F00u64;
                self.shaped.d.next.transport_checksum =
                    (bit_cast::<16, 8>(self.info.q.val().get_bits::<8>(368)) << 8)
                        | bit_cast::<16, 8>(self.info.q.val().get_bits::<8>(376));
            }
        } else {
            self.base_total.next = self.f.val().total4;
            self.segment.d.next = self.f.val().total4.get_bits::<14>(0) - 20;
            self.offset.d.next = self.info.q.val().get_bits::<4>(260);
            self.shaped.d.next.plain = self.f.val().plain4;
            self.shaped.d.next.parity = !self.f.val().plain4;
            self.shaped.d.next.protocol = self.info.q.val().get_bits::<8>(72);
            self.shaped.d.next.summed = 20.into();
            if self.f.val().summed {
                self.shaped.d.next.summed =
                    bit_cast::<6, 4>(self.info.q.val().get_bits::<4>(0)) << 2;
            }
            self.shaped.d.next.source = bit_cast::<128, 32>(self.info.q.val().get_bits::<32>(96));
            self.shaped.d.next.destination =
                bit_cast::<128, 32>(self.info.q.val().get_bits::<32>(128));
            self.shaped.d.next.source_port =
                (bit_cast::<16, 8>(self.info.q.val().get_bits::<8>(160)) << 8)
                    | bit_cast::<16, 8>(self.info.q.val().get_bits::<8>(168));
            self.shaped.d.next.destination_port =
                (bit_cast::<16, 8>(self.info.q.val().get_bits::<8>(176)) << 8)
                    | bit_cast::<16, 8>(self.info.q.val().get_bits::<8>(184));
            self.shaped.d.next.ip_checksum =
                (bit_cast::<16, 8>(self.info.q.val().get_bits::<8>(80)) << 8)
                    | bit_cast::<16, 8>(self.info.q.val().get_bits::<8>(88));
            if self.tcp.val() {
                self.shaped.d.next.t = self.info.q.val().get_bits::<32>(192);
                self.shaped.d.next.transport_checksum =
                    (bit_cast::<16, 8>(self.info.q.val().get_bits::<8>(288)) << 8)
                        | bit_cast::<16, 8>(self.info.q.val().get_bits::<8>(296));
            } else {
                self.shaped.d.next.t = self.info.q.val().get_bits::<32>(32) & 0xFF7FFFFFu64;
                self.shaped.d.next.transport_checksum =
                    (bit_cast::<16, 8>(self.info.q.val().get_bits::<8>(208)) << 8)
                        | bit_cast::<16, 8>(self.info.q.val().get_bits::<8>(216));
            }
        }
        self.shaped.d.next.total = self.base_total.val().get_bits::<14>(0);
        if !(self.tcp.val() | self.udp.val()) {
            self.shaped.d.next.source_port = 0.into();
            self.shaped.d.next.destination_port = 0.into();
            self.shaped.d.next.transport_checksum = 0.into();
        }

        self.placed.d.next = self.shaped.q.val();
        self.stated.next = bit_cast::<14, 4>(self.offset.q.val()) << 2;
        // Behind a TCP header of five words.
        self.words.next = 0.into();
        if (self.offset.q.val() > 5) & (self.stated.val() <= self.segment.q.val()) {
            self.words.next = self.offset.q.val() - 5;
        }
        self.base.next = 20.into();
        if self.v6.q.val() {
            self.base.next = 40.into();
        }
        self.placed.d.next.payload_at = self.base.val();
        if self.shaped.q.val().tcp {
            self.placed.d.next.options = self.words.val();
            self.placed.d.next.payload_at =
                self.base.val() + (bit_cast::<7, 4>(self.words.val()) << 2) + 20;
        } else if self.shaped.q.val().ports {
            self.placed.d.next.payload_at = self.base.val() + 8;
        }
        self.m.next = self.placed.q.val();
    }
}
