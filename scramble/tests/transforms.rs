//! The transforms as a carrier and the two ends see them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use proptest::prelude::*;
use scramble::agreement::{Carrier, Coverage, Direction, End, EpochKeys, Transform};
use scramble::checksum;
use scramble::sample::{Address, Checksum, Ip, PppForm, client_hello, frame};
use scramble::transform::{
    HEADROOM, HelloForm, HostName, Packet, Received, Receiver, Refused, Sender, Sent, TAILROOM,
};

const A4: Address = Address::V4([100, 64, 7, 23]);
const B4: Address = Address::V4([192, 0, 2, 80]);
const A6: Address = Address::V6([0x20, 1, 0xD, 0xB8, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x23]);
const B6: Address = Address::V6([0x2A, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);

fn keys(epoch: u32) -> EpochKeys {
    EpochKeys {
        epoch,
        data_lower: [1 + epoch as u8; 32],
        data_higher: [101 + epoch as u8; 32],
        prp: [201 + epoch as u8; 16],
    }
}

fn direction(transform: Transform, coverage: Coverage, carrier: Carrier) -> Direction {
    Direction {
        transform,
        coverage,
        carrier,
    }
}

fn decoy() -> Direction {
    direction(Transform::Decoy, Coverage::ALL, Carrier::Natural)
}

/// The two ends of one direction.
struct Link {
    sender: Sender,
    receiver: Receiver,
}

impl Link {
    fn new(end: End, direction: Direction, epoch: u32) -> Self {
        let mut receiver = Receiver::new(end, direction);
        receiver.install(keys(epoch));
        Self {
            sender: Sender::new(end, direction, keys(epoch)),
            receiver,
        }
    }

    fn scramble(&mut self, frame: &[u8]) -> Result<Vec<u8>, Refused> {
        let mut buffer = [&[0xEE; HEADROOM][..], frame, &[0xEE; TAILROOM]].concat();
        let mut packet = Packet::new(&mut buffer, HEADROOM..HEADROOM + frame.len());
        let growth = self.sender.growth(frame);
        match self.sender.scramble(&mut packet)? {
            Sent::Clear => assert_eq!(packet.bytes(), frame),
            Sent::Scrambled => {
                let grown = packet.bytes().len() as isize - frame.len() as isize;
                assert_eq!(growth, Ok(grown));
            }
        }
        Ok(packet.bytes().to_vec())
    }

    fn restore(&mut self, wire: &[u8]) -> Result<Vec<u8>, Refused> {
        let mut buffer = wire.to_vec();
        let mut packet = Packet::new(&mut buffer, 0..wire.len());
        self.receiver.restore(&mut packet)?;
        Ok(packet.bytes().to_vec())
    }
}

/// What a frame looks like once both ends have handled it: two bytes of protocol.
fn expanded(form: PppForm, protocol: u16, info: &[u8]) -> Vec<u8> {
    frame(
        PppForm {
            compressed: false,
            ..form
        },
        protocol,
        info,
    )
}

fn any_direction() -> impl Strategy<Value = Direction> {
    let transform =
        prop::sample::select(vec![Transform::Decoy, Transform::Header, Transform::Full]);
    let coverage = prop::sample::select(vec![1, 2, 9, 255]);
    (transform, coverage, any::<bool>()).prop_map(|(transform, units, lcp)| {
        let carrier = if lcp { Carrier::Lcp } else { Carrier::Natural };
        direction(transform, Coverage::new(units).unwrap(), carrier)
    })
}

fn any_end() -> impl Strategy<Value = End> {
    prop::sample::select(vec![End::Lower, End::Higher])
}

fn any_form() -> impl Strategy<Value = PppForm> {
    (any::<bool>(), any::<bool>()).prop_map(|(address_control, compressed)| PppForm {
        address_control,
        compressed,
    })
}

/// IP packets of every kind, most of them well-formed, some with a byte or two changed.
fn any_ip() -> impl Strategy<Value = (u16, Vec<u8>)> {
    let data = prop::collection::vec(any::<u8>(), 0..700);
    let checksum = prop_oneof![
        Just(Checksum::Right),
        any::<u16>().prop_map(Checksum::Value)
    ];
    let shape = (
        any::<bool>(),
        any::<bool>(),
        0u8..6,
        any::<u16>(),
        0usize..11,
        0u8..16,
    );
    let damage = prop::collection::vec((0usize..80, any::<u8>()), 0..3);
    (data, checksum, shape, damage, any::<u32>(), any::<bool>()).prop_map(
        |(data, checksum, (v6, up, kind, word, options, offset), damage, sequence, damaged)| {
            let (a, b) = if v6 { (A6, B6) } else { (A4, B4) };
            let (source, destination) = if up { (a, b) } else { (b, a) };
            let protocol = [17, 6, 6, 1, 58, 47][usize::from(kind)];
            let mut ip = Ip {
                identification: word,
                ..Ip::new(source, destination, protocol)
            };
            ip.checksum = checksum;
            if kind == 5 {
                ip.options = vec![1; options.min(10) * 4];
                ip.fragment = word & 0x7FFF;
            }
            let hello = client_hello(32, offset, b"www.example.com");
            let mut packet = match kind {
                0 => ip.udp((word, 53), checksum, &data),
                1 => ip.tcp((word, 443), sequence, (offset, &[]), checksum, &data),
                2 => ip.tcp((word, 443), sequence, (5, &[]), checksum, &hello),
                _ => ip.packet(&data),
            };
            if damaged {
                let len = packet.len();
                damage
                    .iter()
                    .for_each(|(at, byte)| packet[at % len] = *byte);
            }
            (ip.ppp_protocol(), packet)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn every_packet_comes_back_byte_for_byte(
        (protocol, info) in any_ip(), form in any_form(), direction in any_direction(),
        end in any_end(), epoch in 0u32..4,
    ) {
        let mut link = Link::new(end, direction, epoch);
        let wire = link.scramble(&frame(form, protocol, &info)).unwrap();
        let plain = expanded(form, protocol, &info);
        let back = link.restore(&wire).unwrap();
        // A damaged length field may leave padding, which DECOY cuts.
        prop_assert!(back == plain || direction.transform == Transform::Decoy
            && back.len() < plain.len() && plain.starts_with(&back));
        prop_assert!(wire != plain || info.len() < 10);
    }

    #[test]
    fn any_frame_is_taken_and_comes_back(
        bytes: Vec<u8>, direction in any_direction(), end in any_end(),
    ) {
        let mut link = Link::new(end, direction, 0);
        if let Ok(wire) = link.scramble(&bytes) {
            prop_assert!(link.restore(&wire).is_ok());
        }
    }

    #[test]
    fn any_bytes_may_arrive(
        bytes: Vec<u8>, (protocol, info) in any_ip(), direction in any_direction(),
        end in any_end(), at in 0usize..200, cut in 0usize..800,
    ) {
        let mut link = Link::new(end, direction, 0);
        let _ = link.restore(&bytes);
        let mut wire = link.scramble(&frame(PppForm::default(), protocol, &info)).unwrap();
        let len = wire.len();
        wire[at % len] ^= 0x5A;
        let _ = link.restore(&wire[..len.min(cut)]);
    }

    /// A DPI engine sees an IP packet of the same kind, both ways of a flow as one flow, checksums
    /// right where they were right.
    #[test]
    fn a_decoy_is_a_plausible_packet_of_one_flow(
        v6: bool, tcp: bool, ports: (u16, u16), data in prop::collection::vec(any::<u8>(), 0..200),
        end in any_end(), epoch in 0u32..2,
    ) {
        let (a, b) = if v6 { (A6, B6) } else { (A4, B4) };
        let build = |source, destination, (from, to)| {
            let ip = Ip::new(source, destination, if tcp { 6 } else { 17 });
            let packet = match tcp {
                true => ip.tcp((from, to), 7, (5, &[]), Checksum::Right, &data),
                false => ip.udp((from, to), Checksum::Right, &data),
            };
            frame(PppForm::default(), ip.ppp_protocol(), &packet)
        };
        let there = build(a, b, ports);
        let back = build(b, a, (ports.1, ports.0));
        let there = Link::new(end, decoy(), epoch).scramble(&there).unwrap();
        let back = Link::new(end.peer(), decoy(), epoch).scramble(&back).unwrap();
        prop_assert_eq!(there.len(), back.len());
        let (there, back) = (&there[2..], &back[2..]);
        let (header, width) = if v6 { (40, 16) } else { (20, 4) };
        let addresses = header - 2 * width;
        let source = |p: &[u8]| (p[addresses..addresses + width].to_vec(), p[header..header + 2].to_vec());
        let destination =
            |p: &[u8]| (p[addresses + width..header].to_vec(), p[header + 2..header + 4].to_vec());
        let unmarked = |mut end: (Vec<u8>, Vec<u8>)| {
            end.0[0] &= if v6 { 0xEF } else { 0xFF };
            end
        };
        prop_assert_eq!(unmarked(source(there)), destination(back));
        prop_assert_eq!(destination(there), unmarked(source(back)));
        for packet in [there, back] {
            if !v6 {
                prop_assert_eq!(checksum::sum(&packet[..20]), 0);
            }
            let mut pseudo = packet[addresses..].to_vec();
            pseudo.extend([0, 0, 0, if tcp { 6 } else { 17 }]);
            if pseudo.len() % 2 == 1 {
                pseudo.splice(pseudo.len() - 4..pseudo.len() - 4, [0]);
            }
            pseudo.extend(((packet.len() - header) as u32).to_be_bytes());
            prop_assert_eq!(checksum::sum(&pseudo), 0);
        }
    }
}

#[test]
fn the_links_own_protocols_go_in_clear_and_are_not_taken_from_inside() {
    for transform in [Transform::Decoy, Transform::Header, Transform::Full] {
        let mut link = Link::new(
            End::Lower,
            direction(transform, Coverage::ALL, Carrier::Natural),
            0,
        );
        for protocol in [0xC021, 0x8053, 0xC023, 0xC223, 0xC227] {
            let plain = frame(PppForm::default(), protocol, &[1, 2, 0, 4]);
            assert_eq!(link.scramble(&plain), Ok(plain.clone()));
            let mut buffer = plain.clone();
            let mut packet = Packet::new(&mut buffer, 0..plain.len());
            assert_eq!(link.receiver.restore(&mut packet), Ok(Received::Control));
        }
    }
    // HEADER has no integrity: a carrier that knows a packet's protocol can change it, but not to
    // one of the link's own.
    let mut link = Link::new(
        End::Lower,
        direction(Transform::Header, Coverage::ALL, Carrier::Natural),
        0,
    );
    let mut wire = link
        .scramble(&frame(PppForm::default(), 0x8021, &[1, 2, 0, 4]))
        .unwrap();
    let header = (wire[6], wire[7]);
    wire[6] ^= 0x80 ^ 0xC0;
    assert_eq!(link.restore(&wire), Err(Refused::ForbiddenProtocol));
    // Nor to address and control bytes that would make the host look for a protocol behind them.
    (wire[6], wire[7]) = (header.0 ^ 0x80 ^ 0xFF, header.1 ^ 0x21 ^ 0x03);
    assert_eq!(link.restore(&wire), Err(Refused::ForbiddenProtocol));
    assert_eq!(link.sender.skip_to(1 << 29), Ok(()));
    let ncp = frame(PppForm::default(), 0x8021, &[1, 2, 0, 4]);
    assert_eq!(link.scramble(&ncp), Err(Refused::CounterExhausted));
    assert_eq!(link.sender.skip_to(7), Err(Refused::CounterExhausted));
}

#[test]
fn data_in_clear_is_dropped() {
    let ip = Ip::new(A4, B4, 17).udp((1, 2), Checksum::Right, b"data");
    let clear = frame(PppForm::default(), 0x0021, &ip);
    for carrier in [Carrier::Natural, Carrier::Lcp] {
        for transform in [Transform::Header, Transform::Full] {
            let mut link = Link::new(End::Lower, direction(transform, Coverage::ALL, carrier), 0);
            assert_eq!(link.restore(&clear), Err(Refused::InClear));
        }
        let mut link = Link::new(
            End::Lower,
            direction(Transform::Decoy, Coverage::ALL, carrier),
            0,
        );
        let ncp = frame(PppForm::default(), 0x8021, &[1, 1, 0, 4]);
        assert_eq!(link.restore(&ncp), Err(Refused::InClear));
    }
    let scrambled = frame(PppForm::default(), 0x0053, &[0x80, 0, 0, 0, 1, 2]);
    let mut link = Link::new(
        End::Lower,
        direction(Transform::Header, Coverage::ALL, Carrier::Lcp),
        0,
    );
    assert_eq!(link.restore(&scrambled), Err(Refused::InClear));
}

#[test]
fn full_refuses_replays_and_any_change() {
    let mut link = Link::new(
        End::Higher,
        direction(Transform::Full, Coverage::ALL, Carrier::Natural),
        0,
    );
    let plain = frame(PppForm::default(), 0x0021, b"a packet");
    let wire = link.scramble(&plain).unwrap();
    for at in 2..wire.len() {
        let mut changed = wire.clone();
        changed[at] ^= 1;
        assert!(link.restore(&changed).is_err(), "byte {at}");
    }
    assert_eq!(link.restore(&wire), Ok(plain));
    assert_eq!(link.restore(&wire), Err(Refused::Replayed));
    link.receiver.install(keys(0));
    assert_eq!(link.restore(&wire), Err(Refused::Replayed));
}

#[test]
fn a_rekey_loses_nothing_and_retired_keys_are_gone() {
    for transform in [Transform::Decoy, Transform::Header, Transform::Full] {
        let mut link = Link::new(
            End::Lower,
            direction(transform, Coverage::ALL, Carrier::Natural),
            0,
        );
        let ip = Ip::new(A4, B4, 17).udp((1, 2), Checksum::Right, b"data");
        let plain = frame(PppForm::default(), 0x0021, &ip);
        let late = [
            link.scramble(&plain).unwrap(),
            link.scramble(&plain).unwrap(),
        ];
        link.receiver.install(keys(1));
        link.sender.switch(keys(1)).unwrap();
        let early = link.scramble(&plain).unwrap();
        assert_eq!(link.restore(&early), Ok(plain.clone()));
        assert_eq!(link.restore(&late[0]), Ok(plain.clone()));
        link.receiver.retire(0);
        assert_eq!(link.restore(&late[1]), Err(Refused::NoKey));
        assert!(
            link.sender.switch(keys(1)).is_err(),
            "an epoch's keys are used once"
        );
    }
}

#[test]
fn what_decoy_cannot_represent_travels_framed() {
    let reserved = Ip {
        fragment: 0x8000,
        ..Ip::new(A4, B4, 17)
    };
    let multicast = Ip::new(A4, Address::V4([224, 0, 0, 251]), 17);
    let zero = Ip::new(Address::V4([0; 4]), B4, 17);
    let link_local = Ip::new(Address::V6([0xFE; 16]), B6, 58);
    let nat64 = Ip::new(A6, Address::V6([0; 16]), 17);
    let third = Ip::new(Address::V6([0x30; 16]), B6, 17);
    let mut link = Link::new(End::Lower, decoy(), 0);
    for ip in [&reserved, &multicast, &zero, &link_local, &nat64, &third] {
        let plain = frame(
            PppForm::default(),
            ip.ppp_protocol(),
            &ip.packet(b"12345678abc"),
        );
        let wire = link.scramble(&plain).unwrap();
        assert_eq!(wire[..2], [0x00, 0x53], "{ip:?}");
        assert_eq!(link.restore(&wire), Ok(plain));
    }
    let add_addr = [30, 8, 0x30, 2, 192, 0, 2, 9];
    let announcing = Ip::new(A4, B4, 6).tcp((1, 2), 3, (7, &add_addr), Checksum::Right, b"");
    let plain = frame(PppForm::default(), 0x0021, &announcing);
    let wire = link.scramble(&plain).unwrap();
    assert_eq!(wire[..2], [0x00, 0x53]);
    assert_eq!(link.restore(&wire), Ok(plain));
    let short = frame(PppForm::default(), 0x0021, &[0x45; 19]);
    assert_eq!(link.scramble(&short).unwrap()[..2], [0x00, 0x53]);
    let six_in_four = frame(PppForm::default(), 0x0021, &[0x60; 60]);
    assert_eq!(link.scramble(&six_in_four).unwrap()[..2], [0x00, 0x53]);
}

#[test]
fn padding_is_cut_from_decoys_only() {
    let mut link = Link::new(End::Lower, decoy(), 0);
    let ip = Ip::new(A4, B4, 17).udp((1, 2), Checksum::Right, b"data");
    let plain = frame(PppForm::default(), 0x0021, &ip);
    let padded = [&plain[..], &[0; 9]].concat();
    let wire = link.scramble(&padded).unwrap();
    assert_eq!(wire.len(), plain.len());
    assert_eq!(link.restore(&[&wire[..], &[0; 5]].concat()), Ok(plain));
    let multicast = Ip::new(A4, Address::V4([224, 0, 0, 1]), 2).packet(b"igmp");
    let padded = [&frame(PppForm::default(), 0x0021, &multicast)[..], &[0; 9]].concat();
    let wire = link.scramble(&padded).unwrap();
    assert_eq!(link.restore(&wire), Ok(padded));
}

#[test]
fn a_hello_names_a_host_that_does_not_exist_or_is_opaque() {
    let name = b"www.example.com";
    let hello = client_hello(32, 4, name);
    let tcp = Ip::new(A4, B4, 6).tcp((50000, 443), 99, (5, &[]), Checksum::Right, &hello);
    let plain = frame(PppForm::default(), 0x0021, &tcp);
    let at = plain
        .windows(name.len())
        .position(|window| window == name)
        .unwrap();
    let header = plain.len() - hello.len();

    let mut link = Link::new(End::Lower, decoy(), 0);
    let wire = link.scramble(&plain).unwrap();
    let moved = &wire[at..at + name.len()];
    assert_ne!(moved, name);
    assert!(HostName::parse(moved).is_some());
    let unchanged = plain.len() - 32 - 32 - name.len();
    let same = plain[header..]
        .iter()
        .zip(&wire[header..])
        .filter(|(a, b)| a == b)
        .count();
    assert!(same >= unchanged - header);
    assert_eq!(link.restore(&wire), Ok(plain.clone()));

    let sender = Sender::new(End::Lower, decoy(), keys(0)).with_hello_form(HelloForm::Opaque);
    let mut link = Link {
        sender,
        receiver: link.receiver,
    };
    let wire = link.scramble(&plain).unwrap();
    assert_ne!(wire[header..header + 2], [0x16, 0x03]);
    assert_eq!(link.restore(&wire), Ok(plain));

    // A hello without a name that could have been moved was made by nobody.
    let bad = client_hello(32, 4, b"localhost.");
    let tcp = Ip::new(A4, B4, 6).tcp((50000, 443), 99, (5, &[]), Checksum::Right, &bad);
    assert_eq!(
        link.restore(&frame(PppForm::default(), 0x0021, &tcp)),
        Err(Refused::BadHello)
    );
}

#[test]
fn too_little_room_is_an_error_and_no_panic() {
    for transform in [Transform::Header, Transform::Full, Transform::Decoy] {
        let mut link = Link::new(
            End::Lower,
            direction(transform, Coverage::ALL, Carrier::Natural),
            0,
        );
        let mut bytes = frame(PppForm::default(), 0x8021, &[1, 1, 0, 4]);
        let len = bytes.len();
        let mut packet = Packet::new(&mut bytes, 0..len);
        assert_eq!(link.sender.scramble(&mut packet), Err(Refused::NoRoom));
    }
}

/// A burst is what data paths take: packets of different sessions, each with an outcome of its own.
#[test]
fn a_burst_of_packets_of_different_sessions() {
    use scramble::transform::burst::{DataPath, Job, Session, SessionIndex, Software};

    let (mut ours, mut theirs) = (Software::default(), Software::default());
    let directions = [
        decoy(),
        direction(Transform::Header, Coverage::ALL, Carrier::Lcp),
        direction(Transform::Full, Coverage::ALL, Carrier::Natural),
    ];
    for (i, direction) in (0..).zip(directions) {
        let session = |end: End| {
            let mut receiver = Receiver::new(end.peer(), direction);
            receiver.install(keys(i));
            Session {
                sender: Some(Sender::new(end, direction, keys(i))),
                receiver,
            }
        };
        ours.insert(SessionIndex(i), session(End::Lower));
        theirs.insert(SessionIndex(i), session(End::Higher));
    }
    let ip = Ip::new(A4, B4, 17).udp((1, 2), Checksum::Right, b"a packet");
    let plain = frame(PppForm::default(), 0x0021, &ip);
    let lcp = frame(PppForm::default(), 0xC021, &[9, 1, 0, 8, 0, 0, 0, 0]);
    // Sessions in turn, an LCP packet among them, and one of a session that is not there.
    let sent = [
        (0, &plain),
        (1, &plain),
        (2, &plain),
        (1, &lcp),
        (0, &plain),
        (7, &plain),
    ];

    let mut buffers: Vec<_> = sent
        .iter()
        .map(|(_, frame)| [&[0; HEADROOM][..], frame, &[0; TAILROOM]].concat())
        .collect();
    let mut burst: Vec<_> = buffers
        .iter_mut()
        .zip(&sent)
        .map(|(buffer, (session, frame))| {
            let packet = Packet::new(buffer, HEADROOM..HEADROOM + frame.len());
            Job::new(SessionIndex(*session), packet)
        })
        .collect();
    ours.scramble(&mut burst);
    let outcomes: Vec<_> = burst.iter().map(|job| job.outcome).collect();
    let (scrambled, clear) = (Ok(Sent::Scrambled), Ok(Sent::Clear));
    assert_eq!(
        outcomes,
        [
            scrambled,
            scrambled,
            scrambled,
            clear,
            scrambled,
            Err(Refused::NoSession)
        ]
    );
    let ranges: Vec<_> = burst.iter().map(|job| job.packet.range()).collect();

    let mut burst: Vec<_> = buffers
        .iter_mut()
        .zip(&sent)
        .zip(ranges)
        .map(|((buffer, (session, _)), range)| {
            Job::new(SessionIndex(*session), Packet::new(buffer, range))
        })
        .collect();
    theirs.restore(&mut burst);
    let (data, control) = (Ok(Received::Data), Ok(Received::Control));
    let outcomes: Vec<_> = burst.iter().map(|job| job.outcome).collect();
    assert_eq!(
        outcomes,
        [data, data, data, control, data, Err(Refused::NoSession)]
    );
    for (job, (_, frame)) in burst.iter().zip(&sent).take(5) {
        assert_eq!(job.packet.bytes(), frame.as_slice());
    }
    assert!(ours.remove(SessionIndex(0)).is_some());
    assert!(ours.get_mut(SessionIndex(0)).is_none());
}
