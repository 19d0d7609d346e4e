//! The expected record is what a DECOY sender and receiver see, and its frames are of every kind.

use fogline_sim::parsed::frames::Frames;
use fogline_sim::parsed::parsed;
use scramble::agreement::{Carrier, Coverage, Direction, End, EpochKeys, Transform};
use scramble::transform::{HEADROOM, Packet, Receiver, Refused, Sender, TAILROOM};

#[test]
fn frames_are_of_every_kind() {
    let mut frames = Frames::new(7);
    let mut seen = [0usize; 16];
    for _ in 0..100_000 {
        let frame = frames.frame();
        let p = parsed(&frame, false);
        let facts = [
            p.kind == 0,
            p.kind == 1,
            p.kind == 2,
            p.kind == 3,
            p.fault == 1,
            p.fault == 2,
            p.not_ppp,
            p.ipv4,
            p.ipv6,
            p.plain,
            p.tcp,
            p.ports,
            p.hello,
            p.parity,
            p.tcp && !p.plain && !p.parity,
            p.marked,
        ];
        for (count, fact) in seen.iter_mut().zip(facts) {
            *count += usize::from(fact);
        }
    }
    println!("{seen:?}");
    assert!(seen.iter().all(|count| *count > 200), "{seen:?}");
}

#[test]
fn shapes_are_those_of_the_transform() {
    let direction = Direction {
        transform: Transform::Decoy,
        coverage: Coverage::ALL,
        carrier: Carrier::Natural,
    };
    let keys = EpochKeys {
        epoch: 1,
        data_lower: [1; 32],
        data_higher: [2; 32],
        prp: [3; 16],
    };
    let mut odd = Receiver::new(End::Lower, direction);
    odd.install(keys.clone());
    let mut keyless = Receiver::new(End::Lower, direction);
    let sender = Sender::new(End::Lower, direction, keys);
    let mut frames = Frames::new(11);
    let mut seen = [0; 4];
    for _ in 0..100_000 {
        let frame = frames.frame();
        let p = parsed(&frame, false);
        if p.kind == 0 || p.not_ppp {
            continue;
        }
        let info = &frame[p.info_at.into()..p.ppp_end.into()];
        for (protocol, told) in [(0x21u16, p.ipv4), (0x57, p.ipv6)] {
            let ppp = [&protocol.to_be_bytes()[..], info].concat();
            let restore = |receiver: &mut Receiver| {
                let mut buffer = [&[0; HEADROOM][..], &ppp, &[0; TAILROOM]].concat();
                let mut packet = Packet::new(&mut buffer, HEADROOM..HEADROOM + ppp.len());
                receiver.restore(&mut packet)
            };
            let wire = restore(&mut keyless) == Err(Refused::NoKey);
            assert_eq!(wire, told, "{protocol:x} {frame:02x?} {p:?}");
            let growth = sender.growth(&ppp);
            if told {
                assert_eq!(p.parity, restore(&mut odd) != Err(Refused::NoKey));
            }
            let plain = told && p.plain;
            let want = if plain {
                isize::from(p.total as i16) - info.len() as isize
            } else {
                6
            };
            assert_eq!(growth, Ok(want), "{protocol:x} {frame:02x?} {p:?}");
            seen[0] += usize::from(wire);
            seen[1] += usize::from(plain);
            seen[2] += usize::from(told && p.tcp && !p.plain && !p.parity);
            seen[3] += usize::from(told && p.parity);
        }
    }
    assert!(seen.iter().all(|count| *count > 200), "{seen:?}");
}
