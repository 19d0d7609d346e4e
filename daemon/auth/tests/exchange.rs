//! Two ends that behave, over a good wire and bad ones.

mod pair;

use std::time::Duration;

use fogline_auth::{Failure, Method, Timing};
use pair::{End, PASSWORD, Pair, Wire, ms, s};
use proptest::prelude::*;

fn rejected(message: &str) -> Result<(), Failure> {
    let message = message.to_owned();
    Err(Failure::Rejected { message })
}

#[test]
fn who_knows_the_password_is_let_in() {
    for method in Method::ALL {
        let mut pair = Pair::alice(method);
        pair.run(s(1));
        assert_eq!(pair.at_access, [Ok(())], "{method}");
        assert_eq!(pair.at_subscriber, [Ok(())], "{method}");
        assert_eq!(pair.asked.len(), 1);
        assert_eq!(pair.asked[0].name, "alice");
        assert_eq!(pair.asked[0].proof.method(), method);
    }
}

#[test]
fn an_exchange_takes_no_more_packets_than_it_must_and_leaves_no_timer() {
    for (method, packets) in [
        (Method::Pap, 2),
        (Method::ChapMd5, 3),
        (Method::MsChapV2, 3),
    ] {
        let mut pair = Pair::alice(method);
        pair.run(s(1000));
        assert_eq!(pair.sent.len(), packets, "{method}");
        assert_eq!(pair.access.poll_timeout(), None);
        assert_eq!(pair.subscriber.poll_timeout(), None);
    }
}

#[test]
fn who_does_not_is_refused_and_told() {
    for method in Method::ALL {
        for (name, password) in [("alice", "Sésame"), ("alice", ""), ("bob", PASSWORD)] {
            let mut pair = Pair::new(method, name, password, Timing::default());
            pair.run(s(100));
            assert_eq!(pair.at_access, [rejected("go away")], "{method}");
            let told = match method {
                Method::MsChapV2 => "go away (error 691: wrong name or password)",
                _ => "go away",
            };
            assert_eq!(pair.at_subscriber, [rejected(told)], "{method}");
        }
    }
}

#[test]
fn pap_sends_what_rfc_1334_draws() {
    let mut pair = Pair::new(Method::Pap, "alice", "open", Timing::default());
    pair.run(s(1));
    assert_eq!(
        pair.packets(End::Subscriber),
        [b"\x01\x01\x00\x0F\x05alice\x04open"]
    );
    assert_eq!(pair.packets(End::Access), [b"\x03\x01\x00\x0C\x07go away"]);
}

#[test]
fn chap_sends_what_rfc_1994_draws() {
    let mut pair = Pair::alice(Method::ChapMd5);
    pair.run(s(1));
    let access = pair.packets(End::Access);
    let identifier = access[0][1];
    assert_eq!(access[0][..5], [1, identifier, 0, 4 + 1 + 16 + 3, 16]);
    assert_eq!(&access[0][21..], b"isp");
    let response = pair.packets(End::Subscriber)[0];
    assert_eq!(response[..5], [2, identifier, 0, 4 + 1 + 16 + 5, 16]);
    assert_eq!(&response[21..], b"alice");
    let success = [&[3, identifier, 0, 11][..], b"welcome"].concat();
    assert_eq!(access[1], success);
}

#[test]
fn mschapv2_sends_what_rfc_2759_draws() {
    let mut pair = Pair::alice(Method::MsChapV2);
    pair.run(s(1));
    let access = pair.packets(End::Access);
    let response = pair.packets(End::Subscriber)[0];
    assert_eq!(access[0][4], 16);
    assert_eq!(response[4], 49);
    assert_eq!(response[21..29], [0; 8], "reserved");
    assert_eq!(response[53], 0, "flags");
    assert_eq!(&response[54..], b"alice");
    let message = str::from_utf8(&access[1][4..]).unwrap();
    assert!(message.starts_with("S=") && message[42..] == *" M=welcome");
}

#[test]
fn a_domain_before_the_name_is_no_matter() {
    let mut pair = Pair::new(Method::MsChapV2, "DOM\\alice", PASSWORD, Timing::default());
    pair.run(s(1));
    assert_eq!(pair.asked[0].name, "DOM\\alice");
    assert_eq!(pair.at_subscriber, [Ok(())]);
}

#[test]
fn a_slow_back_end_is_asked_once() {
    for method in Method::ALL {
        let mut pair = Pair::alice(method);
        pair.verifying = s(10);
        pair.run(s(20));
        assert_eq!(pair.asked.len(), 1, "{method}");
        assert_eq!(pair.at_access, [Ok(())], "{method}");
        assert_eq!(pair.at_subscriber, [Ok(())], "{method}");
        let repeated = pair.packets(End::Subscriber).len();
        assert_eq!(repeated, 4, "at 0, 3, 6 and 9 s");
    }
}

#[test]
fn nobody_waits_for_ever() {
    let dead = Wire {
        lost_percent: 100,
        ..pair::GOOD
    };
    let ends_at = |method, end: End, at: Duration| {
        let mut pair = Pair::alice(method);
        pair.wire = dead;
        pair.run(at - ms(1));
        let told = |pair: &Pair| match end {
            End::Access => pair.at_access.clone(),
            End::Subscriber => pair.at_subscriber.clone(),
        };
        assert_eq!(told(&pair), [], "{method}");
        pair.run_on(s(1000));
        assert_eq!(told(&pair), [Err(Failure::Silent)], "{method}");
        assert_eq!(pair.access.poll_timeout(), None);
        assert_eq!(pair.subscriber.poll_timeout(), None);
    };
    ends_at(Method::Pap, End::Access, s(60));
    ends_at(Method::Pap, End::Subscriber, s(30));
    for method in [Method::ChapMd5, Method::MsChapV2] {
        ends_at(method, End::Access, s(30));
        ends_at(method, End::Subscriber, s(60));
    }
}

#[test]
fn a_repeated_challenge_is_the_same_challenge() {
    let mut pair = Pair::alice(Method::ChapMd5);
    pair.wire.lost_percent = 100;
    pair.run(s(100));
    let challenges = pair.packets(End::Access);
    assert_eq!(challenges.len(), 10);
    assert!(challenges.iter().all(|packet| *packet == challenges[0]));
}

#[test]
fn a_repeated_pap_request_has_an_identifier_of_its_own() {
    let mut pair = Pair::alice(Method::Pap);
    pair.wire.lost_percent = 100;
    pair.run(s(100));
    let requests = pair.packets(End::Subscriber);
    let identifiers: Vec<u8> = requests.iter().map(|packet| packet[1]).collect();
    assert_eq!(identifiers, (1..=10).collect::<Vec<u8>>());
}

#[test]
fn chap_asks_again_when_told_to() {
    for method in [Method::ChapMd5, Method::MsChapV2] {
        let timing = Timing {
            rechallenge: Some(s(60)),
            ..Timing::default()
        };
        let mut pair = Pair::new(method, "alice", PASSWORD, timing);
        pair.run(s(150));
        assert_eq!(pair.asked.len(), 3);
        assert_eq!(pair.at_access, [Ok(())], "told once");
        assert_eq!(pair.at_subscriber, [Ok(())], "told once");
        let mut challenges: Vec<Vec<u8>> = Vec::new();
        for packet in pair.packets(End::Access) {
            if packet[0] == 1 {
                challenges.push(packet.to_vec());
            }
        }
        assert_eq!(challenges.len(), 3);
        assert_eq!(challenges[1][1], challenges[0][1].wrapping_add(1));
        assert_ne!(challenges[1][5..21], challenges[0][5..21]);

        // The password is changed during the call.
        pair.back_end = Box::new(|_| fogline_auth::Verdict::Reject {
            message: "no more".to_owned(),
        });
        pair.run_on(s(60));
        assert_eq!(pair.at_access, [Ok(()), rejected("no more")]);
        assert!(matches!(
            pair.at_subscriber[..],
            [Ok(()), Err(Failure::Rejected { .. })]
        ));
    }
}

#[test]
fn a_peer_that_vanishes_is_missed_at_the_next_challenge() {
    let timing = Timing {
        rechallenge: Some(s(60)),
        ..Timing::default()
    };
    let mut pair = Pair::new(Method::ChapMd5, "alice", PASSWORD, timing);
    pair.run(s(1));
    pair.wire.lost_percent = 100;
    pair.run_on(s(200));
    assert_eq!(pair.at_access, [Ok(()), Err(Failure::Silent)]);
}

#[test]
fn texts_too_long_for_a_packet_are_cut() {
    for method in Method::ALL {
        let name = "a".repeat(100_000) + "alice";
        let mut pair = Pair::new(method, &name, &"p".repeat(100_000), Timing::default());
        pair.back_end = Box::new(|_| fogline_auth::Verdict::Reject {
            message: "é".repeat(100_000),
        });
        pair.run(s(10));
        assert_eq!(pair.asked[0].name, "a".repeat(253));
        let cut = "é".repeat(126);
        assert_eq!(pair.at_access, [rejected(&cut)], "{method}");
        assert!(pair.sent.iter().all(|(_, _, packet)| packet.len() < 600));
    }
}

#[test]
fn bad_wires_only_take_longer() {
    for method in Method::ALL {
        for seed in 0..300 {
            let mut pair = Pair::alice(method);
            pair.dice.0 = seed;
            pair.wire = Wire {
                lost_percent: 20,
                doubled_percent: 20,
                latency: (10, 4000),
            };
            pair.verifying = ms(1500);
            pair.run(s(120));
            assert_eq!(pair.at_access, [Ok(())], "{method}, seed {seed}");
            assert_eq!(pair.at_subscriber, [Ok(())], "{method}, seed {seed}");
            assert_eq!(pair.asked.len(), 1, "{method}, seed {seed}");
        }
    }
}

proptest! {
    /// Whatever the wire does, an end is told one thing, and success only if it is true.
    #[test]
    fn no_wire_lets_in_who_does_not_know_the_password(
        method in prop::sample::select(&Method::ALL[..]),
        seed: u64,
        good: bool,
        lost_percent in 0_u64..100,
        doubled_percent in 0_u64..100,
        latency in 11_u64..10_000,
        verifying in 0_u64..20_000,
    ) {
        let password = if good { PASSWORD } else { "guess" };
        let mut pair = Pair::new(method, "alice", password, Timing::default());
        pair.dice.0 = seed;
        pair.wire = Wire { lost_percent, doubled_percent, latency: (10, latency) };
        pair.verifying = ms(verifying);
        pair.run(s(1000));
        prop_assert!(pair.asked.len() <= 1);
        for told in [&pair.at_access, &pair.at_subscriber] {
            prop_assert!(told.len() <= 1);
            prop_assert!(good || told.iter().all(Result::is_err));
            let refused = |told: &Result<(), Failure>| matches!(told, Err(Failure::Rejected { .. }));
            prop_assert!(!good || !told.iter().any(refused));
        }
        if pair.at_subscriber == [Ok(())] {
            prop_assert_eq!(pair.at_access, [Ok(())]);
        }
    }
}
