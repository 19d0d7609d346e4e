//! What hostile bytes may be given to: one function for every parser and every receive side.
//!
//! Each takes any bytes and must return. The fuzz targets in `tests/fuzz` feed them under a
//! coverage-guided fuzzer; `tests/tests/hostile.rs` feeds them on stable Rust in every test run.

mod daemon;

use std::time::Duration;

pub use daemon::{
    authentication, configuration, control_request, ip_packet, key_log, l2tp_control, l2tp_message,
    neighbour_discovery, ppp_link,
};
use fogline::capture::{LinkType, Reader};
use fogline::dpi::Builder;
use scramble::agreement::{Carrier, Coverage, Direction, End, EpochKeys, Transform};
use scramble::ecp;
use scramble::encap::{Encapsulation, Link};
use scramble::keys::Secrets;
use scramble::negotiator::{Config, DataMode, Negotiator, Policy};
use scramble::option::{PhsOption, agree};
use scramble::transform::{HEADROOM, Packet, Receiver, Sender, TAILROOM};
use scramble::wire::{hdlc, ip, l2tp, ppp, pppoe, transport};

/// A function that must survive any bytes.
pub type Target = fn(&[u8]);

/// Every target with its name.
pub const TARGETS: [(&str, Target); 18] = [
    ("option", option),
    ("ecp", ecp_packet),
    ("wire", wire),
    ("encap", encap),
    ("receive", receive),
    ("send", send),
    ("negotiator", negotiator),
    ("capture", capture),
    ("dpi", dpi),
    ("l2tp_message", l2tp_message),
    ("l2tp_control", l2tp_control),
    ("ppp_link", ppp_link),
    ("authentication", authentication),
    ("neighbour_discovery", neighbour_discovery),
    ("ip_packet", ip_packet),
    ("configuration", configuration),
    ("control_request", control_request),
    ("key_log", key_log),
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

/// ECP packets and Protocol-Rejects that reach a negotiator in its various states. The first byte says how
/// far it has come before; then come packets, each after a byte with its length.
pub fn negotiator(bytes: &[u8]) {
    let Some((&stage, mut rest)) = bytes.split_first() else {
        return;
    };
    let policy = [Policy::Prefer, Policy::Require][usize::from(stage & 1)];
    let mut victim = Negotiator::new(Config::new(policy), Counter(1));
    let mut peer = Negotiator::new(Config::new(policy), Counter(99));
    let mut now = Duration::ZERO;
    for end in [&mut victim, &mut peer] {
        if end.network_phase(now, Secrets::default()).is_err() {
            return;
        }
    }
    for _ in 0..stage >> 1 & 7 {
        while let Some(packet) = victim.poll_transmit() {
            peer.handle_ecp(now, &packet);
        }
        while let Some(packet) = peer.poll_transmit() {
            victim.handle_ecp(now, &packet);
        }
    }
    let mut was_scrambled = false;
    while let Some((&length, after)) = rest.split_first() {
        let (packet, after) = after.split_at(after.len().min(length.into()));
        rest = after;
        match packet {
            [] => victim.handle_protocol_reject(now),
            packet => victim.handle_ecp(now, packet),
        }
        now += Duration::from_millis(100);
        victim.handle_timeout(now);
        while victim.poll().is_some() || victim.poll_transmit().is_some() {}
        was_scrambled |= victim.data_mode() == DataMode::Scrambled;
        assert!(!was_scrambled || victim.data_mode() != DataMode::Clear);
    }
}

/// Randomness for a fuzzer, which needs the same run for the same bytes.
struct Counter(u64);

impl rand_core::TryRng for Counter {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.try_next_u64().map(|number| number as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 = self.0.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        Ok(self.0)
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
        for byte in to {
            *byte = (self.try_next_u64()? >> 56) as u8;
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Counter {}

/// A capture file, read to its end or its damage.
pub fn capture(bytes: &[u8]) {
    if let Ok(mut reader) = Reader::new(bytes) {
        while let Ok(Some(item)) = reader.next_item() {
            assert!(item.as_bytes().len() <= bytes.len() + 64);
        }
    }
}

/// Frames that DPI looks into; the first byte is the link type, then come frames, each after a byte with
/// its length.
pub fn dpi(bytes: &[u8]) {
    let Some((&link, mut rest)) = bytes.split_first() else {
        return;
    };
    let links = [
        LinkType::Ethernet,
        LinkType::Ipv4,
        LinkType::Ppp,
        LinkType::PppEther,
        LinkType::LinuxSll,
    ];
    let mut builder = Builder::default();
    while let Some((&length, after)) = rest.split_first() {
        let (frame, after) = after.split_at(after.len().min(usize::from(length) * 4));
        rest = after;
        builder.frame(None, links[usize::from(link) % links.len()], frame);
    }
    builder.finish();
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
            // As it was, but for padding that DECOY cuts and a protocol field that becomes two bytes.
            let header = ppp::Header::parse(bytes).expect("it was sent");
            let info = &bytes[header.len()..];
            let back = packet.bytes();
            let behind = if header.address_control { 4 } else { 2 };
            assert!(back == bytes || info.starts_with(&back[behind..]));
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
