//! What hostile bytes may be given to: one function for every parser and every receive side.
//!
//! Each takes any bytes and must return. The fuzz targets in `tests/fuzz` feed them under a
//! coverage-guided fuzzer; `tests/tests/hostile.rs` feeds them on stable Rust in every test run.

use scramble::agreement::{Carrier, Coverage, Direction, End, EpochKeys, Transform};
use scramble::ecp;
use scramble::encap::{Encapsulation, Link};
use scramble::option::{PhsOption, agree};
use scramble::transform::{HEADROOM, Packet, Receiver, Sender, TAILROOM};
use scramble::wire::{hdlc, ip, l2tp, ppp, pppoe, transport};

/// A function that must survive any bytes.
pub type Target = fn(&[u8]);

/// Every target with its name.
pub const TARGETS: [(&str, Target); 6] = [
    ("option", option),
    ("ecp", ecp_packet),
    ("wire", wire),
    ("encap", encap),
    ("receive", receive),
    ("send", send),
];

/// A PHS option, and what follows from two of them.
pub fn option(bytes: &[u8]) {
    let (a, b) = bytes.split_at(bytes.len() / 2);
    if let (Ok(a), Ok(b)) = (PhsOption::parse(a), PhsOption::parse(b)) {
        let (one, other) = (agree(&a, &b), agree(&b, &a));
        assert_eq!(one.is_ok(), other.is_ok());
        if let (Ok(one), Ok(other)) = (one, other) {
            assert_eq!((one.send, one.receive), (other.receive, other.send));
        }
    }
}

/// An ECP packet with everything that may be in it.
pub fn ecp_packet(bytes: &[u8]) {
    if let Ok(packet) = ecp::Packet::parse(bytes) {
        let _ = packet.request();
        let _ = packet.reset();
    }
}

/// Every header of the wire module.
pub fn wire(bytes: &[u8]) {
    let _ = ppp::Header::parse(bytes);
    let _ = l2tp::Message::parse(bytes);
    let _ = pppoe::SessionHeader::parse(bytes);
    let _ = ip::Ipv4::parse(bytes).map(|ip| (ip.total_len(), ip.header_len(), ip.is_fragment()));
    let _ = ip::Ipv6::parse(bytes).map(|ip| (ip.payload_len(), ip.flow_label()));
    let _ = transport::Tcp::parse(bytes).map(|tcp| (tcp.header_len(), tcp.sequence()));
    let _ = transport::Udp::parse(bytes).map(|udp| udp.length());
    let mut decoder = hdlc::Decoder::new(64);
    for byte in bytes {
        decoder.push(*byte);
    }
}

/// A frame with PPP in L2TP or PPPoE in it, transformed in place.
pub fn encap(bytes: &[u8]) {
    for link in [Link::Ethernet, Link::Ip] {
        let Ok(found) = Encapsulation::parse(link, bytes) else {
            continue;
        };
        assert!(found.ppp().end <= bytes.len());
        for transform in TRANSFORMS {
            let direction = direction(transform, Carrier::Natural, Coverage::ALL);
            let mut sender = Sender::new(End::Lower, direction, keys(0));
            let mut receiver = Receiver::new(End::Lower, direction);
            receiver.install(keys(0));
            let mut buffer = [&[0; HEADROOM][..], bytes, &[0; TAILROOM]].concat();
            let mut packet = Packet::new(&mut buffer, HEADROOM..HEADROOM + bytes.len());
            let _ = found.apply(&mut packet, |ppp| sender.scramble(ppp));
            let mut buffer = [&[0; HEADROOM][..], bytes, &[0; TAILROOM]].concat();
            let mut packet = Packet::new(&mut buffer, HEADROOM..HEADROOM + bytes.len());
            let _ = found.apply(&mut packet, |ppp| receiver.restore(ppp));
        }
    }
}

/// A PPP frame as it arrives, under every transform, carrier and parity.
pub fn receive(bytes: &[u8]) {
    for direction in directions() {
        let mut receiver = Receiver::new(End::Higher, direction);
        receiver.install(keys(0));
        receiver.install(keys(1));
        let mut buffer = bytes.to_vec();
        let mut packet = Packet::new(&mut buffer, 0..bytes.len());
        let _ = receiver.restore(&mut packet);
    }
}

/// A PPP frame to send, which must come back if it was sent.
pub fn send(bytes: &[u8]) {
    for direction in directions() {
        let mut sender = Sender::new(End::Lower, direction, keys(1));
        let mut buffer = [&[0; HEADROOM][..], bytes, &[0; TAILROOM]].concat();
        let mut packet = Packet::new(&mut buffer, HEADROOM..HEADROOM + bytes.len());
        if sender.scramble(&mut packet).is_ok() {
            let mut receiver = Receiver::new(End::Lower, direction);
            receiver.install(keys(1));
            assert!(receiver.restore(&mut packet).is_ok());
        }
    }
}

const TRANSFORMS: [Transform; 3] = [Transform::Decoy, Transform::Header, Transform::Full];

const fn direction(transform: Transform, carrier: Carrier, coverage: Coverage) -> Direction {
    Direction {
        transform,
        coverage,
        carrier,
    }
}

fn directions() -> impl Iterator<Item = Direction> {
    let coverages = [Coverage::new(1), Some(Coverage::ALL)]
        .into_iter()
        .flatten();
    coverages.flat_map(|coverage| {
        TRANSFORMS.into_iter().flat_map(move |transform| {
            [Carrier::Natural, Carrier::Lcp].map(|carrier| direction(transform, carrier, coverage))
        })
    })
}

fn keys(epoch: u32) -> EpochKeys {
    EpochKeys {
        epoch,
        data_lower: [1; 32],
        data_higher: [2; 32],
        prp: [3; 16],
    }
}
