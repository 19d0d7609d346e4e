//! Small captures, made in code.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests to all but clippy"
)]

use etherparse::PacketBuilder;
use fogline::capture::{LinkType, Record, Time, Writer};

/// The subscriber, and those it speaks with.
pub const SUBSCRIBER: [u8; 4] = [100, 64, 0, 9];
pub const RESOLVER: [u8; 4] = [9, 9, 9, 9];
pub const SERVER: [u8; 4] = [93, 184, 215, 14];
pub const LAC: [u8; 4] = [10, 255, 0, 1];
pub const LNS: [u8; 4] = [10, 255, 0, 2];

/// A ClientHello for example.com, from RFC 9001 appendix A.2.
const HELLO: &str = "\
    010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c000004\
    13011302010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d\
    0017001800100007000504616c706e000500050100000000003300260024001d00209370b2c9caa47f\
    babaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e040305\
    0306030203080408050806002d00020101001c00024001003900320408ffffffffffffffff05048000\
    ffff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff";

/// That ClientHello in a TLS record.
pub fn tls_hello() -> Vec<u8> {
    let hello = hex::decode(HELLO).unwrap();
    let length = (hello.len() as u16).to_be_bytes();
    [&[0x16, 3, 1], &length[..], &hello].concat()
}

/// A hex file of tests/data.
pub fn hex_data(text: &str) -> Vec<u8> {
    hex::decode(text.split_ascii_whitespace().collect::<String>()).unwrap()
}

/// The client's Initial packets of RFC 9001 and RFC 9369, appendix A.2.
pub fn quic_v1() -> Vec<u8> {
    hex_data(include_str!("../data/rfc9001-a2.hex"))
}

pub fn quic_v2() -> Vec<u8> {
    hex_data(include_str!("../data/rfc9369-a2.hex"))
}

/// A DNS query for `name`, and its answer with an address.
pub fn dns(name: &str, address: Option<[u8; 4]>) -> Vec<u8> {
    let flags: u16 = if address.is_some() { 0x8180 } else { 0x0100 };
    let answers = u16::from(address.is_some());
    let mut message = Vec::new();
    for word in [0x1234, flags, 1, answers, 0, 0] {
        message.extend(word.to_be_bytes());
    }
    for label in name.split('.') {
        message.push(label.len() as u8);
        message.extend(label.as_bytes());
    }
    message.extend([0, 0, 1, 0, 1]);
    if let Some(address) = address {
        message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        message.extend(address);
    }
    message
}

pub fn udp(from: ([u8; 4], u16), to: ([u8; 4], u16), payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    let builder = PacketBuilder::ipv4(from.0, to.0, 64).udp(from.1, to.1);
    builder.write(&mut packet, payload).unwrap();
    packet
}

/// A segment with ACK, or with SYN where `syn` says so.
pub fn tcp(
    from: ([u8; 4], u16),
    to: ([u8; 4], u16),
    sequence: u32,
    syn: bool,
    payload: &[u8],
) -> Vec<u8> {
    let mut packet = Vec::new();
    let builder = PacketBuilder::ipv4(from.0, to.0, 64).tcp(from.1, to.1, sequence, 1024);
    let builder = if syn { builder.syn() } else { builder.ack(1) };
    builder.write(&mut packet, payload).unwrap();
    packet
}

/// PPP's protocol field and a packet.
pub fn ppp(protocol: u16, packet: &[u8]) -> Vec<u8> {
    [&protocol.to_be_bytes(), packet].concat()
}

/// An Ethernet frame of an L2TP tunnel, from or to the subscriber, with the optional fields
/// that the bits in `flags` announce.
pub fn l2tp(up: bool, flags: u16, ppp: &[u8]) -> Vec<u8> {
    let mut message = (flags | 2).to_be_bytes().to_vec();
    if flags & 0x4000 != 0 {
        message.extend([0, 0]);
    }
    message.extend([0, 7, 0, 9]);
    if flags & 0x0800 != 0 {
        message.extend([0, 1, 0, 2]);
    }
    if flags & 0x0200 != 0 {
        message.extend([0, 3, 0xaa, 0xbb, 0xcc]);
    }
    message.extend(ppp);
    if flags & 0x4000 != 0 {
        let length = (message.len() as u16).to_be_bytes();
        message[2..4].copy_from_slice(&length);
    }
    let (from, to) = if up { (LAC, LNS) } else { (LNS, LAC) };
    let mut frame = Vec::new();
    PacketBuilder::ethernet2([2; 6], [4; 6])
        .ipv4(from, to, 64)
        .udp(1701, 1701)
        .write(&mut frame, &message)
        .unwrap();
    frame
}

/// A PPPoE frame behind VLAN tags, padded as Ethernet does.
pub fn pppoe(up: bool, tags: usize, ppp: &[u8]) -> Vec<u8> {
    let macs = if up {
        [[2; 6], [4; 6]]
    } else {
        [[4; 6], [2; 6]]
    };
    let mut frame = macs.concat();
    for _ in 0..tags {
        frame.extend([0x81, 0, 0, 5]);
    }
    frame.extend([0x88, 0x64, 0x11, 0, 0, 9]);
    frame.extend((ppp.len() as u16).to_be_bytes());
    frame.extend(ppp);
    frame.resize(frame.len().max(60), 0);
    frame
}

/// What a subscriber does, as packets that go up (`true`) or down.
pub fn session() -> Vec<(bool, Vec<u8>)> {
    let me = |port| (SUBSCRIBER, port);
    let (resolver, https, http) = ((RESOLVER, 53), (SERVER, 443), (SERVER, 80));
    let hello = tls_hello();
    let (first, second) = hello.split_at(100);
    let get = b"GET / HTTP/1.1\r\nUser-Agent: test\r\nHost: plain.example.net:80\r\n\r\n";
    vec![
        (
            true,
            udp(me(40000), resolver, &dns("www.example.org", None)),
        ),
        (
            false,
            udp(resolver, me(40000), &dns("www.example.org", Some(SERVER))),
        ),
        (true, tcp(me(40001), https, 999, true, b"")),
        (false, tcp(https, me(40001), 5, true, b"")),
        // In the wrong order.
        (true, tcp(me(40001), https, 1100, false, second)),
        (true, tcp(me(40001), https, 1000, false, first)),
        (true, tcp(me(40002), http, 7, false, get)),
        (true, udp(me(40003), https, &quic_v1())),
        (true, udp(me(40004), https, &quic_v2())),
    ]
}

/// The IPv4 protocol field over PPP.
pub const IPV4: u16 = 0x0021;

/// The session through L2TP, a second a frame.
pub fn l2tp_session(protocol: u16) -> Vec<Record> {
    let frames = session().into_iter().enumerate();
    frames
        .map(|(at, (up, packet))| {
            let frame = l2tp(up, 0x4000, &ppp(protocol, &packet));
            Record::new(Time::new(1000 + at as u64, 0), LinkType::Ethernet, &frame).unwrap()
        })
        .collect()
}

/// The same with HEADER framing: nothing but an opaque PPP packet.
pub fn opaque_session(protocol: u16) -> Vec<Record> {
    let frames = session().into_iter().enumerate();
    frames
        .map(|(at, (up, packet))| {
            let mut hidden = vec![0x80, 0, 0, at as u8];
            hidden.extend(packet.iter().enumerate().map(|(n, b)| b ^ (n as u8 ^ 0xa5)));
            let frame = l2tp(up, 0x4000, &ppp(protocol, &hidden));
            Record::new(Time::new(1000 + at as u64, 0), LinkType::Ethernet, &frame).unwrap()
        })
        .collect()
}

/// A pcap file of records.
pub fn file(records: &[Record]) -> Vec<u8> {
    let mut writer = Writer::pcap(Vec::new(), LinkType::Ethernet).unwrap();
    for record in records {
        writer.write_record(record).unwrap();
    }
    writer.finish().unwrap()
}
