//! Whoever stands on the wire: loops, forgeries, and bytes of any kind.

mod pair;

use fogline_auth::Method;
use fogline_ppp::{Arrival, DownReason, Event};
use pair::*;
use proptest::prelude::*;
use scramble::agreement::Transform;
use scramble::negotiator::{DataMode, Policy};

fn pair(policy: Policy, seed: u64) -> Pair {
    let wire = Wire {
        dice: Dice(seed),
        ..Wire::perfect()
    };
    Pair::new(
        access(&[Method::ChapMd5], phs(policy, Transform::Header)),
        subscriber(&[Method::ChapMd5], phs(policy, Transform::Header)),
        users(),
        wire,
    )
}

fn up(policy: Policy) -> Pair {
    let mut pair = pair(policy, 0);
    pair.start();
    assert!(pair.run_until(s(10), Pair::is_up));
    pair
}

/// With HEADER, nothing but control protocols and scrambled packets may be on the wire.
fn shows_data(frame: &[u8]) -> bool {
    !matches!(
        protocol_of(frame),
        0xC021 | 0x8053 | 0xC023 | 0xC223 | 0x0053
    )
}

#[test]
fn a_looped_back_link_is_found() {
    for end in [ACCESS, SUBSCRIBER] {
        let mut pair = pair(Policy::Prefer, 1);
        pair.tamper = Some(Box::new(|from, frame| vec![(from, frame)]));
        pair.hosts[end].link.start(pair.now);
        pair.settle(end);
        pair.run(s(30));
        assert_eq!(pair.hosts[end].down(), Some(&DownReason::LoopedBack));
    }
}

#[test]
fn a_link_that_becomes_a_loop_is_found_by_its_echoes() {
    let mut pair = up(Policy::Prefer);
    pair.tamper = Some(Box::new(|from, frame| vec![(from, frame)]));
    pair.run(pair.now + s(300));
    for host in &pair.hosts {
        let reason = host.down().unwrap();
        assert!(matches!(
            reason,
            DownReason::LoopedBack | DownReason::EchoLost
        ));
    }
}

/// Frames that anybody can forge, each meant to bring data into clear.
fn forgeries() -> Vec<Vec<u8>> {
    let ecp = |code: u8, data: &[u8]| {
        let mut frame = lcp(code, 0x55, data);
        frame[..2].copy_from_slice(&[0x80, 0x53]);
        frame
    };
    let ncp = |protocol: u16, code: u8, data: &[u8]| {
        let mut frame = lcp(code, 0x55, data);
        frame[..2].copy_from_slice(&protocol.to_be_bytes());
        frame
    };
    vec![
        lcp(8, 1, &[0x80, 0x53]),
        lcp(8, 1, &[0x80, 0x53, 1, 1, 0, 4]),
        lcp(8, 1, &[0x80, 0x21]),
        lcp(8, 1, &[0x80, 0x57]),
        lcp(8, 1, &[0x00, 0x53]),
        lcp(8, 1, &[0xC2, 0x23]),
        lcp(7, 1, &[14, 1, 0, 4]),
        ecp(1, &[]),
        ecp(3, &[]),
        ecp(4, &[]),
        ecp(5, &[]),
        ecp(6, &[]),
        ecp(7, &[1, 1, 0, 4]),
        ecp(14, &[]),
        ncp(0x8021, 1, &[3, 6, 10, 64, 0, 9]),
        ncp(0x8021, 5, b"bye"),
        ncp(0x8057, 5, b"bye"),
        ncp(0x8057, 1, &[1, 10, 1, 2, 3, 4, 5, 6, 7, 8]),
        ncp(0x80FD, 1, &[]),
        ncp(0x0021, 0x45, &[0; 40]),
        ncp(0xC223, 1, &[16, 0, 0, 0, 0]),
        ncp(0xC223, 4, b"no"),
        lcp(9, 1, &[0, 0, 0, 0]),
        lcp(0x80, 1, &[1, 2, 3]),
        lcp(3, 0x77, &[]),
        lcp(2, 0x77, &[]),
    ]
}

#[test]
fn no_forgery_takes_down_a_scrambled_session_or_puts_it_in_clear() {
    for forged in forgeries() {
        for end in [ACCESS, SUBSCRIBER] {
            let mut pair = up(Policy::Prefer);
            pair.start_data();
            pair.run(pair.now + ms(500));
            let (seen, taken) = (pair.seen.len(), pair.hosts[end].taken.len());
            pair.inject(end, &forged);
            pair.run(pair.now + s(5));
            // Forged CHAP ends the call: it is in clear by nature. It puts nothing in clear.
            let ends_it = forged[..3] == [0xC2, 0x23, 4] && pair.hosts[end].down().is_some();
            assert!(
                pair.is_scrambled() && pair.is_up() || ends_it,
                "{forged:02x?} to {end}"
            );
            assert!(!pair.seen[seen..].iter().any(|(_, frame)| shows_data(frame)));
            assert!(ends_it || pair.hosts[end].taken.len() >= taken + 45);
        }
    }
}

/// With carrier LCP, packets of such codes are scrambled data, which nobody may quote in clear.
#[test]
fn lcp_packets_that_may_be_data_are_not_answered() {
    let mut pair = up(Policy::Require);
    for code in [0x45, 0x60, 0x80, 0xBF] {
        pair.inject(ACCESS, &lcp(code, 1, &[1, 2, 3]));
    }
    let seen = pair.seen.len();
    pair.run(pair.now + s(1));
    assert_eq!(pair.seen.len(), seen);
}

#[test]
fn what_ends_lcp_ends_the_session_and_never_shows_data() {
    let forged = [
        lcp(5, 1, b"bye"),
        lcp(6, 1, &[]),
        lcp(1, 99, &[]),
        lcp(7, 1, &[1, 1, 0, 4]),
    ];
    for forged in forged {
        for end in [ACCESS, SUBSCRIBER] {
            let mut pair = up(Policy::Prefer);
            pair.start_data();
            pair.run(pair.now + ms(500));
            let seen = pair.seen.len();
            pair.inject(end, &forged);
            pair.run(pair.now + s(60));
            assert!(!pair.seen[seen..].iter().any(|(_, frame)| shows_data(frame)));
            let is_over = pair.hosts[end].down().is_some();
            assert!(
                is_over || pair.is_scrambled() && pair.is_up(),
                "{forged:02x?}"
            );
        }
    }
}

#[test]
fn after_an_lcp_restart_a_stripped_offer_does_not_lead_to_clear() {
    let mut pair = up(Policy::Prefer);
    let seen = pair.seen.len();
    pair.tamper = Some(Box::new(|from, frame| match protocol_of(&frame) {
        0x8053 => vec![],
        _ => vec![(1 - from, frame)],
    }));
    pair.inject(ACCESS, &lcp(1, 99, &[]));
    pair.run(pair.now + s(120));
    assert!(!pair.seen[seen..].iter().any(|(_, frame)| shows_data(frame)));
    for host in &pair.hosts {
        assert!(host.down().is_some());
    }
}

#[test]
fn held_ncps_that_came_in_clear_are_forgotten_once_confirmed() {
    let mut pair = pair(Policy::Require, 0);
    pair.start();
    assert!(pair.run_until(s(5), |pair| pair.hosts[ACCESS].link.phase()
        == fogline_ppp::Phase::Network));
    pair.inject(ACCESS, &[0x80, 0x21, 1, 9, 0, 10, 3, 6, 1, 2, 3, 4]);
    assert!(pair.run_until(s(5), Pair::is_up));
    let counters = pair.hosts[ACCESS].link.counters();
    assert!(counters.held >= 1 && counters.held_dropped >= 1);
    assert!(!pair.seen.iter().any(|(_, frame)| shows_data(frame)));
}

#[test]
fn unknown_protocols_inside_a_scrambled_session_are_not_answered() {
    let mut pair = up(Policy::Require);
    let ccp = [0x80, 0xFD, 1, 1, 0, 4];
    let scrambled = pair.hosts[SUBSCRIBER].frame_out(&ccp).unwrap();
    let seen = pair.seen.len();
    pair.inject(ACCESS, &scrambled);
    pair.inject(ACCESS, &ccp);
    pair.run(pair.now + s(1));
    let counters = pair.hosts[ACCESS].link.counters();
    assert_eq!((counters.unknown_scrambled, counters.clear_dropped), (1, 1));
    assert_eq!(counters.protocol_rejects_sent, 0);
    assert_eq!(pair.seen.len(), seen);
}

#[test]
fn control_protocols_that_come_scrambled_are_dropped() {
    let mut pair = up(Policy::Require);
    let link = &mut pair.hosts[ACCESS].link;
    link.handle_frame(pair.now, &lcp(5, 1, b"bye"), Arrival::Scrambled);
    link.handle_frame(pair.now, &[0x80, 0x53, 5, 1, 0, 4], Arrival::Scrambled);
    assert_eq!(link.counters().control_scrambled, 2);
    assert_eq!(link.data_mode(), DataMode::Scrambled);
}

#[test]
fn a_stray_early_proposal_of_ncps_before_authentication_is_not_heard() {
    let mut host = Host::new(
        access(&[Method::Pap], phs(Policy::Off, Transform::Header)),
        users(),
        3,
    );
    host.link.start(s(0));
    host.settle(s(0));
    host.frame_in(s(0), &[0x80, 0x21, 1, 1, 0, 10, 3, 6, 0, 0, 0, 0]);
    assert!(host.settle(s(0)).is_empty());
    assert_eq!(host.link.counters().untimely, 1);
}

/// A frame that comes closer to the code than random bytes do.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let protocol = prop::sample::select(vec![
        0xC021u16, 0x8053, 0x8021, 0x8057, 0xC023, 0xC223, 0xC227, 0x80FD, 0x0053, 0x0021, 0x0057,
        0x00FD,
    ]);
    let body = prop::collection::vec(any::<u8>(), 0..70);
    let options = prop::collection::vec((0u8..10, prop::collection::vec(any::<u8>(), 0..9)), 0..4);
    let with_header = (
        protocol,
        0u8..18,
        0u8..12,
        body.clone(),
        options,
        any::<bool>(),
    )
        .prop_map(|(protocol, code, identifier, body, options, structured)| {
            let data = match structured {
                true => options
                    .iter()
                    .flat_map(|(kind, value)| [&[*kind, value.len() as u8 + 2][..], value].concat())
                    .collect(),
                false => body,
            };
            let mut frame = lcp(code, identifier, &data);
            frame[..2].copy_from_slice(&protocol.to_be_bytes());
            frame
        });
    prop_oneof![1 => body, 6 => with_header]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever comes at any stage: no panic, timers are served, and after confirmation nothing is shown.
    #[test]
    fn any_frames_are_safe(
        seed in 0u64..1000,
        policy in prop::sample::select(vec![Policy::Off, Policy::Prefer, Policy::Require]),
        frames in prop::collection::vec((0usize..2, 0u64..400, frame()), 0..40),
    ) {
        let mut pair = pair(policy, seed);
        pair.start();
        pair.start_data();
        let mut confirmed = [None; 2];
        for (end, after, frame) in frames {
            pair.inject(end, &frame);
            pair.run(pair.now + ms(after));
            for (host, confirmed) in pair.hosts.iter().zip(&mut confirmed) {
                if host.ever_confirmed && confirmed.is_none() {
                    *confirmed = Some(pair.seen.len());
                }
            }
        }
        pair.run(pair.now + s(400));
        for (end, since) in confirmed.into_iter().enumerate() {
            let since = since.unwrap_or(pair.seen.len());
            let mut own = pair.seen[since..].iter().filter(|(from, _)| *from == end);
            prop_assert!(!own.any(|(_, frame)| shows_data(frame)));
        }
        if policy == Policy::Require {
            prop_assert!(!pair.seen.iter().any(|(_, frame)| shows_data(frame)));
        }
    }

    #[test]
    fn any_bytes_are_safe_for_a_link_alone(
        frames in prop::collection::vec((frame(), any::<bool>()), 0..30),
        is_access: bool,
    ) {
        let config = match is_access {
            true => access(&Method::ALL, phs(Policy::Prefer, Transform::Header)),
            false => subscriber(&Method::ALL, phs(Policy::Prefer, Transform::Header)),
        };
        let mut host = Host::new(config, users(), 5);
        host.link.start(s(0));
        for (at, (frame, scrambled)) in frames.iter().enumerate() {
            let arrival = if *scrambled { Arrival::Scrambled } else { Arrival::Clear };
            host.link.handle_frame(s(at as u64), frame, arrival);
            host.link.handle_neighbour_discovery(s(at as u64), frame);
            while host.link.poll().is_some() {}
            while host.link.poll_transmit().is_some() {}
        }
        prop_assert!(host.count(|event| matches!(event, Event::Down(_))) <= 1);
    }
}
