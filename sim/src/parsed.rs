//! What the parser must say of a frame: the record [`Parsed`](fogline_hdl::records::Parsed), made with the reference's own parsers.
//!
//! `T`, peers, addresses, head and block are byte strings (lane order); everything else is a number.
//!
//! ```
//! let frame = [0; 60];
//! let parsed = fogline_sim::parsed::parsed(&frame, false);
//! assert_eq!((parsed.length, parsed.kind), (60, 0));
//! ```

pub mod frames;

use scramble::encap::{Encapsulation, Flow, Link, NotData};
use scramble::transform::is_hello;
use scramble::wire::ip::{Ipv4, Ipv6, TCP, UDP};
use scramble::wire::transport::{Tcp, Udp};
use scramble::wire::{ethernet, l2tp, ppp, pppoe};
use std::net::{IpAddr, SocketAddr};

/// The host link mark in L2TP's flags.
pub const L2TP_MARK: u16 = 0x0080;
/// The host link mark in PPPoE's code.
pub const PPPOE_MARK: u8 = 0x80;
/// Offset padding above this is a fault.
const MAX_OFFSET: u16 = 4;

/// A field's value as bits, lowest word first.
type Words = [u32; 8];

/// What can be a field.
trait Value {
    fn words(&self) -> Words;
}

impl Value for bool {
    fn words(&self) -> Words {
        u64::from(*self).words()
    }
}

impl Value for u64 {
    fn words(&self) -> Words {
        [*self as u32, (*self >> 32) as u32, 0, 0, 0, 0, 0, 0]
    }
}

macro_rules! numbers {
    ($($number:ty)*) => { $(impl Value for $number {
        fn words(&self) -> Words {
            u64::from(*self).words()
        }
    })* };
}
numbers!(u8 u16 u32);

impl<const N: usize> Value for [u8; N] {
    fn words(&self) -> Words {
        let mut words = [0; 8];
        for (i, byte) in self.iter().enumerate() {
            words[i / 4] |= u32::from(*byte) << (8 * (i % 4));
        }
        words
    }
}

/// When a field matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Always,
    Data,
    L2tp,
    OuterIpv4,
    Counted,
    Inner,
    InnerIpv4,
}

macro_rules! record {
    ($($name:ident: $type:ty, $bits:literal, $when:ident;)*) => {
        /// The record's fields by name. Those without a meaning for the frame are 0.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[expect(missing_docs, reason = "fogline_hdl::records::Parsed says what each is")]
        pub struct Parsed {
            $(pub $name: $type,)*
        }

        impl Parsed {
            /// Bits in the record.
            pub const BITS: usize = 0 $(+ $bits)*;

            /// The fields in the record's order: name, bits, value, and whether it matters for this frame.
            pub fn fields(&self) -> Vec<(&'static str, usize, [u32; 8], bool)> {
                vec![$((stringify!($name), $bits, self.$name.words(), self.matters(When::$when)),)*]
            }
        }
    };
}

record! {
    length: u16, 14, Always;
    kind: u8, 2, Always;
    fault: u8, 2, Always;
    marked: bool, 1, Always;
    peer: [u8; 16], 128, Data;
    ids: u32, 32, Data;
    outer_at: u8, 5, Data;
    udp_at: u8, 7, L2tp;
    message_at: u8, 7, Data;
    ppp_at: u8, 8, Data;
    ppp_end: u16, 14, Data;
    outer_length: u16, 16, L2tp;
    outer_checksum: u16, 16, OuterIpv4;
    udp_length: u16, 16, L2tp;
    udp_checksum: u16, 16, L2tp;
    flags: u16, 16, Data;
    has_message_length: bool, 1, Data;
    message_length: u16, 16, Counted;
    not_ppp: bool, 1, Data;
    address_control: bool, 1, Data;
    compressed: bool, 1, Data;
    protocol: u16, 16, Data;
    info_at: u8, 8, Data;
    head: [u8; 6], 48, Data;
    ipv4: bool, 1, Data;
    ipv6: bool, 1, Data;
    plain: bool, 1, Inner;
    parity: bool, 1, Inner;
    total: u16, 14, Inner;
    next: u8, 8, Inner;
    ports: bool, 1, Inner;
    tcp: bool, 1, Inner;
    payload_at: u8, 7, Inner;
    summed: u8, 6, InnerIpv4;
    source: [u8; 16], 128, Inner;
    destination: [u8; 16], 128, Inner;
    source_port: u16, 16, Inner;
    destination_port: u16, 16, Inner;
    t: [u8; 4], 32, Inner;
    ip_checksum: u16, 16, InnerIpv4;
    transport_checksum: u16, 16, Inner;
    block: [u8; 32], 256, Inner;
    block_length: u8, 6, Inner;
    hello: bool, 1, Inner;
}

impl Parsed {
    fn matters(&self, when: When) -> bool {
        let data = self.kind != 0;
        match when {
            When::Always => true,
            When::Data => data,
            When::L2tp => self.kind > 1,
            When::OuterIpv4 => self.kind == 2,
            When::Counted => self.kind == 1 || data && self.has_message_length,
            When::Inner => data && (self.ipv4 || self.ipv6),
            When::InnerIpv4 => data && self.ipv4,
        }
    }

    /// The names of the fields in which `bits`, the record as the card packs it, differs, with both values.
    pub fn differences(&self, bits: &[u32]) -> Vec<String> {
        let mut at = 0;
        let mut differences = Vec::new();
        for (name, width, want, matters) in self.fields() {
            let got: Words = std::array::from_fn(|i| {
                slice(bits, at + 32 * i, width.saturating_sub(32 * i).min(32))
            });
            if matters && got != want {
                differences.push(format!("{name}: {got:08x?}, expected {want:08x?}"));
            }
            at += width;
        }
        differences
    }
}

/// `width` bits of `words` from bit `at` on.
fn slice(words: &[u32], at: usize, width: usize) -> u32 {
    if width == 0 {
        return 0;
    }
    let word = |i: usize| u64::from(words.get(i).copied().unwrap_or(0));
    let both = word(at / 32) | word(at / 32 + 1) << 32;
    ((both >> (at % 32)) & ((1 << width) - 1)) as u32
}

/// What the parser must say of `frame`, which comes from the line if `receive`.
pub fn parsed(frame: &[u8], receive: bool) -> Parsed {
    let mut out = Parsed {
        length: frame.len() as u16,
        ..Parsed::default()
    };
    let Ok(header) = ethernet::Header::parse(frame) else {
        return out;
    };
    let mut unmarked = frame.to_vec();
    let mut marked = false;
    if header.ethertype == pppoe::ETHERTYPE
        && let Some(code) = unmarked.get_mut(header.payload + 1)
        && *code == PPPOE_MARK
    {
        *code = 0;
        marked = true;
    }
    let encapsulation = match Encapsulation::parse(Link::Ethernet, &unmarked) {
        Ok(encapsulation) => encapsulation,
        Err(NotData::Fragment) => {
            out.fault = 1;
            return out;
        }
        Err(_) => return out,
    };
    let known = match encapsulation.flow {
        Flow::L2tp {
            source,
            destination,
            tunnel,
            session,
            ..
        } => {
            let peer = if receive { source } else { destination };
            out.ids = u32::from(tunnel) << 16 | u32::from(session);
            l2tp_fields(&mut out, frame, header.payload, peer)
        }
        Flow::Pppoe {
            source,
            destination,
            session,
            ..
        } => {
            let mac = if receive { source } else { destination };
            out.marked = marked;
            out.kind = 1;
            out.peer[..6].copy_from_slice(&mac);
            for (at, vlan) in [6, 8].into_iter().zip(header.vlans) {
                let word = vlan.map_or(0, |id| 0x8000 | id);
                out.peer[at..at + 2].copy_from_slice(&word.to_be_bytes());
            }
            out.ids = session.into();
            out.message_at = header.payload as u8;
            out.flags = number(frame, header.payload);
            out.message_length = number(frame, header.payload + pppoe::SessionHeader::LENGTH);
            true
        }
    };
    if known {
        let ppp = encapsulation.ppp();
        out.outer_at = header.payload as u8;
        (out.ppp_at, out.ppp_end) = (ppp.start as u8, ppp.end as u16);
        ppp_fields(&mut out, &frame[ppp]);
    }
    out
}

/// The outer IP, UDP and L2TP headers; `false` where the offset padding is a fault.
fn l2tp_fields(out: &mut Parsed, frame: &[u8], ip: usize, peer: SocketAddr) -> bool {
    let (udp, kind, length_at) = match peer.ip() {
        IpAddr::V4(address) => {
            out.peer[..4].copy_from_slice(&address.octets());
            out.outer_checksum = number(frame, ip + 10);
            (ip + usize::from(frame[ip] & 15) * 4, 2, ip + 2)
        }
        IpAddr::V6(address) => {
            out.peer = address.octets();
            (ip + Ipv6::HEADER, 3, ip + 4)
        }
    };
    let message = udp + Udp::HEADER;
    out.udp_length = number(frame, udp + Udp::LENGTH);
    out.udp_checksum = number(frame, udp + Udp::CHECKSUM);
    out.outer_length = number(frame, length_at);
    out.flags = number(frame, message);
    out.marked = out.flags & L2TP_MARK != 0;
    let datagram = &frame[message..udp + usize::from(out.udp_length)];
    let Ok(l2tp::Message::Data(data)) = l2tp::Message::parse(datagram) else {
        unreachable!("the encapsulation was parsed");
    };
    if data.offset.is_some_and(|offset| offset > MAX_OFFSET) {
        out.fault = 2;
        return false;
    }
    out.kind = kind;
    (out.udp_at, out.message_at) = (udp as u8, message as u8);
    out.has_message_length = data.length_at.is_some();
    out.message_length = data.length_at.map_or(0, |at| number(datagram, at));
    true
}

fn ppp_fields(out: &mut Parsed, frame: &[u8]) {
    let Ok(header) = ppp::Header::parse(frame) else {
        out.not_ppp = true;
        return;
    };
    out.address_control = header.address_control;
    out.compressed = header.compressed;
    out.protocol = header.protocol;
    out.info_at = out.ppp_at + header.len() as u8;
    let info = &frame[header.len()..];
    out.head = start(info);
    match info.first().map(|byte| byte >> 4) {
        Some(4) => ipv4_fields(out, info),
        Some(6) => ipv6_fields(out, info),
        _ => {}
    }
}

/// As the reference's `Shape::parse_v4` has it.
fn ipv4_fields(out: &mut Parsed, info: &[u8]) {
    let Ok(ip) = Ipv4::parse(info) else { return };
    let unicast = |address: [u8; 4]| (1..224).contains(&address[0]);
    let total = ip.total_len();
    if !(Ipv4::HEADER..=info.len()).contains(&total)
        || !unicast(ip.source())
        || !unicast(ip.destination())
    {
        return;
    }
    out.ipv4 = true;
    out.parity = ip.reserved_bit();
    out.next = ip.protocol();
    let possible = (Ipv4::HEADER..=total).contains(&ip.header_len());
    out.summed = if possible { ip.header_len() as u8 } else { 20 };
    out.source[..4].copy_from_slice(&ip.source());
    out.destination[..4].copy_from_slice(&ip.destination());
    out.ip_checksum = number(info, 10);
    out.t = start(&info[4..8]);
    out.t[2] &= 0x7F;
    let whole = ip.header_len() == Ipv4::HEADER && !ip.is_fragment();
    let announces = transport_fields(out, &info[..total], Ipv4::HEADER, whole);
    out.plain = !out.parity && !announces;
}

/// As the reference's `Shape::parse_v6` has it.
fn ipv6_fields(out: &mut Parsed, info: &[u8]) {
    let Ok(ip) = Ipv6::parse(info) else { return };
    let total = Ipv6::HEADER + ip.payload_len();
    let source = ip.source()[0] >> 4;
    if ip.payload_len() == 0
        || total > info.len()
        || !matches!(source, 2 | 3)
        || ip.destination()[0] >> 4 != 2
    {
        return;
    }
    out.ipv6 = true;
    out.parity = source == 3;
    out.next = ip.next_header();
    out.source = ip.source();
    out.destination = ip.destination();
    out.t = start(&info[..4]);
    out.t[0] = 0;
    out.t[1] &= 0x0F;
    let announces = transport_fields(out, &info[..total], Ipv6::HEADER, true);
    out.plain = !out.parity && !announces;
}

/// Transport header and payload of an IP packet; whether it announces an address.
fn transport_fields(out: &mut Parsed, packet: &[u8], network: usize, whole: bool) -> bool {
    let segment = &packet[network..];
    let mut header = 0;
    let mut announces = false;
    match out.next {
        TCP if whole => {
            if let Ok(tcp) = Tcp::parse(segment) {
                (out.ports, out.tcp) = (true, true);
                header = tcp.header_len();
                announces = tcp.announces_address();
                out.t = tcp.sequence();
                (out.source_port, out.destination_port) = tcp.ports();
                out.transport_checksum = number(segment, Tcp::CHECKSUM);
            }
        }
        UDP if whole => {
            if let Ok(udp) = Udp::parse(segment) {
                out.ports = true;
                header = Udp::HEADER;
                (out.source_port, out.destination_port) = udp.ports();
                out.transport_checksum = udp.checksum();
            }
        }
        _ => {}
    }
    let payload = &segment[header..];
    out.total = packet.len() as u16;
    out.payload_at = (network + header) as u8;
    out.block = start(payload);
    out.block_length = payload.len().min(32) as u8;
    out.hello = out.tcp && is_hello(payload);
    announces
}

/// The first N bytes, zeros past the end.
fn start<const N: usize>(bytes: &[u8]) -> [u8; N] {
    std::array::from_fn(|i| bytes.get(i).copied().unwrap_or(0))
}

/// The big-endian number at `at`.
fn number(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}
