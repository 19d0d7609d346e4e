//! Scrambling inside L2TP and PPPoE frames: outer lengths and checksums follow, and all comes back.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use proptest::prelude::*;
use scramble::agreement::{Carrier, Coverage, Direction, End, EpochKeys, Transform};
use scramble::checksum;
use scramble::encap::{Encapsulation, Flow, Link, NotData};
use scramble::sample::{Address, Checksum, Ip, PppForm, frame};
use scramble::transform::{HEADROOM, Packet, Receiver, Sender, TAILROOM};

const LAC4: Address = Address::V4([10, 255, 0, 1]);
const LNS4: Address = Address::V4([10, 255, 0, 2]);
const LAC6: Address = Address::V6([0xFC; 16]);
const LNS6: Address = Address::V6([0xFD; 16]);

fn ppp() -> Vec<u8> {
    let source = Address::V4([100, 64, 0, 1]);
    let destination = Address::V4([192, 0, 2, 1]);
    let ip = Ip::new(source, destination, 17).udp((4000, 53), Checksum::Right, b"a question");
    frame(
        PppForm {
            address_control: true,
            compressed: false,
        },
        0x0021,
        &ip,
    )
}

/// An Ethernet frame with `tags` VLAN tags and `payload` of `ethertype`, and a trailer.
fn ethernet(tags: usize, ethertype: u16, payload: &[u8], trailer: usize) -> Vec<u8> {
    let mut out = vec![2; 12];
    for tag in 0..tags {
        out.extend([0x81, 0x00, 0x00, tag as u8 + 1]);
    }
    out.extend(ethertype.to_be_bytes());
    out.extend(payload);
    out.resize(out.len() + trailer, 0xA5);
    out
}

/// An L2TP data message with the flags' optional fields.
fn l2tp(length: bool, sequence: bool, offset: bool, ppp: &[u8]) -> Vec<u8> {
    let flag = |on: bool, bit: u16| if on { bit } else { 0 };
    let flags = 2 | flag(length, 0x4000) | flag(sequence, 0x0800) | flag(offset, 0x0200);
    let mut tail = vec![0, 7, 0, 9];
    if sequence {
        tail.extend([0, 1, 0, 0]);
    }
    if offset {
        tail.extend([0, 3, 0, 0, 0]);
    }
    tail.extend(ppp);
    let mut out = flags.to_be_bytes().to_vec();
    if length {
        out.extend((4 + tail.len() as u16).to_be_bytes());
    }
    out.extend(tail);
    out
}

fn keys() -> EpochKeys {
    EpochKeys {
        epoch: 0,
        data_lower: [1; 32],
        data_higher: [2; 32],
        prp: [3; 16],
    }
}

fn there_and_back(link: Link, transform: Transform, plain: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let direction = Direction {
        transform,
        coverage: Coverage::ALL,
        carrier: Carrier::Natural,
    };
    let mut sender = Sender::new(End::Lower, direction, keys());
    let mut receiver = Receiver::new(End::Lower, direction);
    receiver.install(keys());
    let apply = |frame: &[u8], change: &mut dyn FnMut(&mut Packet<'_>)| {
        let encapsulation = Encapsulation::parse(link, frame).unwrap();
        let mut buffer = [&[0; HEADROOM][..], frame, &[0; TAILROOM]].concat();
        let mut packet = Packet::new(&mut buffer, HEADROOM..HEADROOM + frame.len());
        encapsulation
            .apply(&mut packet, |ppp| {
                change(ppp);
                Ok::<_, ()>(())
            })
            .unwrap();
        packet.bytes().to_vec()
    };
    let wire = apply(plain, &mut |ppp| assert!(sender.scramble(ppp).is_ok()));
    let back = apply(&wire, &mut |ppp| assert!(receiver.restore(ppp).is_ok()));
    (wire, back)
}

fn any_transform() -> impl Strategy<Value = Transform> {
    prop::sample::select(vec![Transform::Decoy, Transform::Header, Transform::Full])
}

proptest! {
    #[test]
    fn l2tp_frames_come_back_with_right_or_wrong_checksums(
        v6: bool, tags in 0usize..3, flags: (bool, bool, bool), checksum: Option<u16>,
        header: Option<u16>, trailer in 0usize..9, transform in any_transform(),
    ) {
        let (source, destination) = if v6 { (LAC6, LNS6) } else { (LAC4, LNS4) };
        let mut ip = Ip::new(source, destination, 17);
        ip.checksum = header.map_or(Checksum::Right, Checksum::Value);
        let message = l2tp(flags.0, flags.1, flags.2, &ppp());
        let wanted = checksum.map_or(Checksum::Right, Checksum::Value);
        let ethertype = if v6 { 0x86DD } else { 0x0800 };
        let plain = ethernet(tags, ethertype, &ip.udp((1701, 50000), wanted, &message), trailer);
        let (wire, back) = there_and_back(Link::Ethernet, transform, &plain);
        prop_assert_eq!(&back, &plain);
        let ip = 14 + 4 * tags;
        let udp = ip + if v6 { 40 } else { 20 };
        let end = wire.len() - trailer;
        if !v6 && header.is_none() {
            prop_assert_eq!(checksum::sum(&wire[ip..udp]), 0);
        }
        let (at, length) = if v6 { (ip + 4, end - udp) } else { (ip + 2, end - ip) };
        prop_assert_eq!(usize::from(u16::from_be_bytes([wire[at], wire[at + 1]])), length);
        match checksum {
            Some(0) => prop_assert_eq!(&wire[udp + 6..udp + 8], &[0, 0]),
            Some(_) => {}
            None => {
                let mut pseudo = wire[if v6 { ip + 8 } else { ip + 12 }..end].to_vec();
                if pseudo.len() % 2 == 1 {
                    pseudo.push(0);
                }
                pseudo.extend([0, 17]);
                pseudo.extend(((end - udp) as u16).to_be_bytes());
                prop_assert_eq!(checksum::sum(&pseudo), 0);
            }
        }
    }

    #[test]
    fn pppoe_frames_come_back(
        tags in 0usize..3, trailer in 0usize..47, transform in any_transform(),
    ) {
        let ppp = &ppp()[2..];
        let header = [0x11, 0, 0, 42, 0, ppp.len() as u8];
        let plain = ethernet(tags, 0x8864, &[&header[..], ppp].concat(), trailer);
        let (wire, back) = there_and_back(Link::Ethernet, transform, &plain);
        prop_assert_eq!(&back, &plain);
        let parsed = Encapsulation::parse(Link::Ethernet, &wire).unwrap();
        prop_assert_eq!(parsed.ppp().end, wire.len() - trailer);
        let ours = matches!(parsed.flow, Flow::Pppoe { session: 42, .. });
        prop_assert!(ours);
    }

    #[test]
    fn any_frame_may_be_parsed(
        bytes: Vec<u8>, at in 0usize..80, byte: u8, cut in 0usize..120,
    ) {
        let _ = Encapsulation::parse(Link::Ethernet, &bytes);
        let _ = Encapsulation::parse(Link::Ip, &bytes);
        let udp = Ip::new(LAC4, LNS4, 17)
            .udp((1701, 1701), Checksum::Right, &l2tp(true, true, true, &ppp()));
        let mut plain = ethernet(1, 0x0800, &udp, 3);
        let len = plain.len();
        plain[at % len] = byte;
        if let Ok(found) = Encapsulation::parse(Link::Ethernet, &plain[..len.min(cut)]) {
            prop_assert!(found.ppp().end <= cut);
        }
    }
}

#[test]
fn what_is_no_data_is_told_apart() {
    let ip = Ip::new(LAC4, LNS4, 17);
    let control = ip.udp(
        (1701, 1701),
        Checksum::Right,
        &[0xC8, 2, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0],
    );
    assert_eq!(
        Encapsulation::parse(Link::Ip, &control),
        Err(NotData::Control)
    );
    let fragment = Ip {
        fragment: 0x2000,
        ..ip.clone()
    }
    .packet(&[0; 64]);
    assert_eq!(
        Encapsulation::parse(Link::Ip, &fragment),
        Err(NotData::Fragment)
    );
    let dns = ip.udp((4000, 53), Checksum::Right, b"not L2TP");
    assert_eq!(Encapsulation::parse(Link::Ip, &dns), Err(NotData::Other));
    let whole = ip.udp(
        (1701, 1701),
        Checksum::Right,
        &l2tp(false, false, false, &ppp()),
    );
    let cut = Encapsulation::parse(Link::Ip, &whole[..whole.len() - 1]);
    assert!(matches!(cut, Err(NotData::Malformed(_))));
    let arp = ethernet(0, 0x0806, &[0; 28], 18);
    assert_eq!(
        Encapsulation::parse(Link::Ethernet, &arp),
        Err(NotData::Other)
    );
}

#[test]
fn a_frame_that_cannot_grow_is_an_error() {
    let info = vec![0; 65535 - 20 - 8 - 6 - 2];
    let message = l2tp(
        false,
        false,
        false,
        &frame(PppForm::default(), 0x8021, &info),
    );
    let plain = Ip::new(LAC4, LNS4, 17).udp((1701, 1701), Checksum::Right, &message);
    let direction = Direction {
        transform: Transform::Header,
        coverage: Coverage::ALL,
        carrier: Carrier::Natural,
    };
    let mut sender = Sender::new(End::Lower, direction, keys());
    let mut buffer = [&[0; HEADROOM][..], &plain, &[0; TAILROOM]].concat();
    let mut packet = Packet::new(&mut buffer, HEADROOM..HEADROOM + plain.len());
    let found = Encapsulation::parse(Link::Ip, &plain).unwrap();
    let error = found
        .apply(&mut packet, |ppp| sender.scramble(ppp))
        .unwrap_err();
    assert!(error.to_string().contains("length fields"), "{error}");
}
