//! The card in software: two of them, back to back, give the frame back, and each reason to drop is given once.

use fogline_card::model::{Card, Event, Outcome, outer::Class};
use fogline_card::registers::*;
use scramble::sample::{Address, Checksum, Ip, PppForm, frame};
use scramble::wire::ip::{TCP, UDP};

const LINE: Direction = Direction::Line;
const HOST: Direction = Direction::Host;
const ALL: u8 = 255;

fn geometry() -> Geometry {
    Geometry {
        table: 6,
        sessions: 3,
        key_slots: 4,
        bus_bytes: 8,
        clock_khz: 125_000,
    }
}

/// Session 5 with `side` both ways, at the lower or the higher end.
fn card(higher: bool, side: Side) -> Card {
    let mut card = Card::new(geometry());
    card.enable = true;
    card.seeds = [[0x1234_5678; 6], [0x9ABC_DEF1; 6]];
    *card.descriptor(5) = Some(Descriptor {
        host_marks: false,
        higher,
        tx: side,
        rx: side,
        even: Some(7),
        odd: None,
        epoch: 0,
        queue: 9,
    });
    let (tx, rx) = if higher {
        ([2; 32], [1; 32])
    } else {
        ([1; 32], [2; 32])
    };
    *card.keys(7) = Keys {
        tx,
        rx,
        prp: [3; 16],
    };
    card
}

fn learn(card: &mut Card, direction: Direction, frame: &[u8]) {
    let Class::Data(outer) = Class::of(frame, direction) else {
        panic!("no session data: {frame:02x?}");
    };
    let entry = Entry {
        kind: outer.kind,
        peer: outer.peer,
        tunnel: (outer.ids >> 16) as u16,
        id: outer.ids as u16,
        session: 5,
    };
    let slot = card.free_slot(direction, &entry).expect("a free place");
    *card.entry(direction, slot) = Some(entry);
}

fn side(transform: Transform, lcp: bool) -> Side {
    Side {
        transform,
        coverage: ALL,
        lcp,
    }
}

fn ip(protocol: u8) -> Ip {
    Ip::new(
        Address::V4([10, 1, 2, 3]),
        Address::V4([192, 0, 2, 9]),
        protocol,
    )
}

fn ppp(info: &[u8]) -> Vec<u8> {
    frame(PppForm::default(), 0x21, info)
}

fn pppoe(code: u8, ppp: &[u8]) -> Vec<u8> {
    let mut out = [[2; 6], [4; 6]].concat();
    out.extend([0x88, 0x64, 0x11, code, 0, 77]);
    out.extend((ppp.len() as u16).to_be_bytes());
    out.extend(ppp);
    out
}

/// With L2TP's Length, and `trailer` behind the message in the datagram.
fn l2tp(flags: u16, checksum: Checksum, ppp: &[u8], trailer: &[u8]) -> Vec<u8> {
    let mut message = (flags | 0x4002).to_be_bytes().to_vec();
    message.extend((8 + ppp.len() as u16).to_be_bytes());
    message.extend([0, 1, 0, 2]);
    message.extend(ppp);
    message.extend(trailer);
    let mut out = [[2; 6], [4; 6]].concat();
    out.extend([8, 0]);
    out.extend(ip(UDP).udp((1701, 1701), checksum, &message));
    out
}

fn forwarded(outcome: Outcome) -> Vec<u8> {
    assert_eq!(outcome.verdict, None);
    outcome.frame
}

#[test]
fn what_one_card_scrambles_the_other_restores() {
    let tcp = ip(TCP).tcp((80, 5000), 7, (5, &[]), Checksum::Right, &[0x55; 90]);
    let bare = ppp(&tcp);
    for (transform, lcp) in [
        (Transform::Decoy, false),
        (Transform::Decoy, true),
        (Transform::Header, false),
        (Transform::Header, true),
    ] {
        for original in [
            pppoe(0, &bare),
            l2tp(0, Checksum::Right, &bare, &[]),
            l2tp(0, Checksum::Value(0), &bare, &[]),
        ] {
            let (mut lower, mut higher) = (
                card(false, side(transform, lcp)),
                card(true, side(transform, lcp)),
            );
            learn(&mut lower, LINE, &original);
            learn(&mut higher, HOST, &original);
            let scrambled = forwarded(lower.host_to_line(&original, false));
            assert_ne!(scrambled, original);
            let restored = higher.line_to_host(&scrambled, false);
            assert_eq!((restored.transformed, restored.queue), (true, 9));
            assert_eq!(restored.frame, original, "{transform:?} {lcp}");
            let count = *lower.count(LINE, 5);
            assert_eq!((count.packets, count.bytes), (1, original.len() as u64));
            assert_eq!(
                count.sequence,
                u32::from(transform == Transform::Header),
                "only framing takes a number"
            );
        }
    }
}

#[test]
fn what_follows_the_ppp_frame_is_left_out_and_checksums_stay_right() {
    let bare = ppp(&ip(UDP).udp((5, 6), Checksum::Right, b"some data"));
    let with = l2tp(0x0080, Checksum::Right, &bare, b"trailer");
    let without = l2tp(0, Checksum::Right, &bare, &[]);
    let make = || {
        let mut card = card(false, side(Transform::Decoy, false));
        learn(&mut card, LINE, &without);
        card
    };
    let mut padded = with.clone();
    padded.extend([0xEE; 5]);
    let expected = forwarded(make().host_to_line(&without, false));
    assert_eq!(forwarded(make().host_to_line(&padded, false)), expected);
    assert_eq!(expected.len(), without.len());
}

#[test]
fn short_frames_are_filled_up() {
    let original = pppoe(0, &ppp(&ip(1).packet(&[])));
    let mut lower = card(false, side(Transform::Header, false));
    learn(&mut lower, LINE, &original);
    let scrambled = forwarded(lower.host_to_line(&original, false));
    assert_eq!((original.len(), scrambled.len()), (42, 60));
}

#[test]
fn marks_decide_where_the_host_marks() {
    let bare = ppp(&ip(UDP).udp((5, 6), Checksum::Right, &[7; 100]));
    let (plain, marked) = (pppoe(0, &bare), pppoe(0x80, &bare));
    let mut lower = card(false, side(Transform::Header, false));
    let miss = lower.host_to_line(&marked, false);
    assert_eq!(miss.verdict, Some(Drop::MarkedMiss));
    learn(&mut lower, LINE, &plain);
    learn(&mut lower, HOST, &plain);
    lower.descriptor(5).as_mut().expect("it was set").host_marks = true;
    assert_eq!(forwarded(lower.host_to_line(&plain, false)), plain);
    let scrambled = forwarded(lower.host_to_line(&marked, false));
    assert_eq!((scrambled[15], scrambled.len()), (0, plain.len() + 6));

    let mut higher = card(true, side(Transform::Header, false));
    learn(&mut higher, HOST, &plain);
    higher
        .descriptor(5)
        .as_mut()
        .expect("it was set")
        .host_marks = true;
    assert_eq!(forwarded(higher.line_to_host(&scrambled, false)), marked);
    // A mark from the line means nothing.
    let control = pppoe(0x80, &[0xC0, 0x21, 9, 0, 0, 8, 0, 0, 0, 0]);
    assert_eq!(forwarded(higher.line_to_host(&control, false))[15], 0);
    // Without an entry neither.
    *higher.descriptor(5) = None;
    assert_eq!(forwarded(higher.line_to_host(&marked, false)), plain);
}

#[test]
fn sequence_numbers_run_out_and_a_new_epoch_starts_again() {
    let original = pppoe(0, &ppp(&ip(UDP).udp((5, 6), Checksum::Right, &[7; 100])));
    let mut lower = card(false, side(Transform::Header, false));
    learn(&mut lower, LINE, &original);
    lower.count(LINE, 5).sequence = 1 << 28;
    forwarded(lower.host_to_line(&original, false));
    lower.count(LINE, 5).sequence = (1 << 29) - 1;
    forwarded(lower.host_to_line(&original, false));
    let refused = lower.host_to_line(&original, false);
    assert_eq!(refused.verdict, Some(Drop::CounterExhausted));
    let event = |kind| Event { kind, session: 5 };
    assert_eq!(
        lower.events,
        [
            event(EventKind::SequenceHalf),
            event(EventKind::SequenceUsedUp)
        ]
    );
    let descriptor = lower.descriptor(5).as_mut().expect("it was set");
    (descriptor.odd, descriptor.epoch) = (Some(1), 1);
    forwarded(lower.host_to_line(&original, false));
    let count = *lower.count(LINE, 5);
    assert_eq!((count.epoch, count.sequence, count.packets), (1, 1, 3));
}

#[test]
fn every_reason_to_drop() {
    let bare = ppp(&ip(UDP).udp((5, 6), Checksum::Right, &[7; 100]));
    let original = pppoe(0, &bare);
    let mut card = card(false, side(Transform::Header, false));
    let verdict = |outcome: Outcome| outcome.verdict;
    assert_eq!(
        verdict(card.host_to_line(&original, true)),
        Some(Drop::Errored)
    );
    assert_eq!(verdict(card.host_to_line(&[], false)), Some(Drop::Errored));
    assert_eq!(
        verdict(card.host_to_line(&[0; 9601], false)),
        Some(Drop::Giant)
    );
    card.policy(LINE).drop_missed = true;
    assert_eq!(
        verdict(card.host_to_line(&original, false)),
        Some(Drop::Missed)
    );
    learn(&mut card, LINE, &original);
    learn(&mut card, HOST, &original);
    let mut fragment = l2tp(0, Checksum::Right, &bare, &[]);
    fragment[20] = 0x20;
    card.policy(LINE).drop_fragments = true;
    assert_eq!(
        verdict(card.host_to_line(&fragment, false)),
        Some(Drop::OuterFragment)
    );
    assert_eq!(verdict(card.line_to_host(&fragment, false)), None);
    card.policy(LINE).max_frame = original.len() as u16 + 5;
    assert_eq!(
        verdict(card.host_to_line(&original, false)),
        Some(Drop::TooBig)
    );
    card.policy(LINE).max_frame = 1514;
    card.descriptor(5).as_mut().expect("it was set").even = None;
    assert_eq!(
        verdict(card.host_to_line(&original, false)),
        Some(Drop::NoKey)
    );
    assert_eq!(
        verdict(card.host_to_line(&pppoe(0, &[0xFF, 3]), false)),
        Some(Drop::NotPpp)
    );
    card.descriptor(5).as_mut().expect("it was set").even = Some(7);

    let from_line = |card: &mut Card, protocol: u16, info: &[u8]| {
        let ppp = [&protocol.to_be_bytes(), info].concat();
        card.line_to_host(&pppoe(0, &ppp), false).verdict
    };
    assert_eq!(from_line(&mut card, 0x21, &[0x45]), Some(Drop::InClear));
    assert_eq!(
        from_line(&mut card, 0x53, &[0x80, 0, 0, 0, 0]),
        Some(Drop::Truncated)
    );
    assert_eq!(from_line(&mut card, 0x53, &[0; 8]), Some(Drop::BadWord));
    assert_eq!(
        from_line(&mut card, 0x53, &[0xA0, 0, 0, 0, 0, 0]),
        Some(Drop::NoKey)
    );
    let found = (0..=255u8)
        .map(|byte| from_line(&mut card, 0x53, &[0x80, 0, 0, byte, 1, 2]))
        .filter(|verdict| *verdict == Some(Drop::ForbiddenProtocol))
        .count();
    assert!(
        (64..192).contains(&found),
        "half of all first bytes: {found}"
    );
    let descriptor = card.descriptor(5).as_mut().expect("it was set");
    descriptor.rx = side(Transform::Decoy, false);
    descriptor.tx.lcp = true;
    assert_eq!(from_line(&mut card, 0x21, &[0x45]), Some(Drop::BadDecoy));
    assert_eq!(
        verdict(card.host_to_line(&pppoe(0, &[0xC0, 0x21, 0x90]), false)),
        Some(Drop::LcpLooksLikeData)
    );
    for reason in Drop::ALL {
        let elsewhere = [
            Drop::MarkedMiss,
            Drop::Exception,
            Drop::CounterExhausted,
            Drop::OpaqueLooksLikeHello,
        ];
        let drops = card.drops(LINE, *reason) + card.drops(HOST, *reason);
        assert_eq!(drops == 0, elsewhere.contains(reason), "{reason:?}");
    }
    let out = card.counter(HOST, Counter::FramesOut);
    let dropped: u64 = Drop::ALL
        .iter()
        .map(|reason| card.drops(HOST, *reason))
        .sum();
    assert_eq!(card.counter(HOST, Counter::FramesIn), out + dropped);
}
