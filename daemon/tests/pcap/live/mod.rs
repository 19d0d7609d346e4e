//! The keylog of live sessions: what was captured while it was written comes back.

mod call;
mod file;
mod hostile;

use std::net::SocketAddr;

use call::{Call, Capture, SECOND, at, change};
use fogline::capture::Time;
use fogline::pcap::keylog::Live;
use scramble::agreement::{Carrier, End, Transform};
use scramble::option::Agreement;

use super::Bench;

use Carrier::{Lcp, Natural};
use Transform::{Decoy, Full, Header};

/// Three calls with other transforms each way, over IPv4 and IPv6, to one and to another peer.
fn calls() -> [Call; 3] {
    let lns = "192.0.2.2:1701";
    let call = |session, peer: &str, send, receive| Call {
        agreement: Agreement { send, receive },
        ..Call::new(session, lns, peer)
    };
    [
        call(
            1,
            "198.51.100.7:1701",
            change(Decoy, 255, Natural),
            change(Full, 255, Lcp),
        ),
        Call {
            // The same ids as the first call's, of another peer.
            own: End::Lower,
            ..call(
                2,
                "198.51.100.8:40001",
                change(Header, 2, Lcp),
                change(Decoy, 9, Lcp),
            )
        },
        Call {
            local: "[2001:db8::2]:1701".parse().unwrap(),
            peer_ids: (7, 8),
            ..call(
                3,
                "[2001:db8::7]:1701",
                change(Full, 255, Natural),
                change(Header, 255, Natural),
            )
        },
    ]
}

/// Restores what `capture` has on the wire by the bench's keylog, and checks that all is there again.
fn comes_back(bench: &Bench, capture: &Capture) {
    let (restored, done) = bench.restore(&capture.wire());
    let counts = done.counts;
    assert_eq!(counts.refused.total(), 0, "{counts}");
    assert_eq!(counts.untouched.total(), 0, "{counts}");
    assert_eq!(counts.restored.total(), capture.data, "{counts}");
    assert_eq!(counts.link_control, capture.control, "{counts}");
    assert!(capture.wire() != capture.plain());
    assert!(restored == capture.plain());
}

fn live(bench: &Bench) -> Live {
    Live::create(&bench.path("keylog")).unwrap()
}

#[test]
fn epochs_follow_one_another_with_packets_of_the_old_one_among_the_new() {
    let bench = Bench::new();
    let (mut keylog, mut capture) = (live(&bench), Capture::default());
    let mut calls = calls();
    for epoch in 0..5 {
        let start = at(3600 + 60 * u64::from(epoch));
        for call in &mut calls {
            call.install(&mut keylog, start, epoch);
            capture.control(call, start, &[0xC0, 0x21, 9, 1, 0, 8, 0, 0, 0, 0]);
            capture.control(call, start, &[0x80, 0x53, 14, 1, 0, 4]);
        }
        for step in 0..20 {
            let now = Time::from_nanos(start.as_nanos() + step * SECOND);
            for call in &mut calls {
                capture.packets(call, now, epoch);
                capture.packets(call, now, epoch.saturating_sub(1));
            }
        }
    }
    comes_back(&bench, &capture);
}

#[test]
fn rekeys_closer_than_the_slack_do_not_lose_the_epoch_in_use() {
    let bench = Bench::new();
    let (mut keylog, mut capture) = (live(&bench), Capture::default());
    let [mut call, ..] = calls();
    let spacing = SECOND / 5;
    for epoch in 0..40 {
        let start = Time::from_nanos(at(3600).as_nanos() + u64::from(epoch) * spacing);
        call.install(&mut keylog, start, epoch);
        for eighth in 0..8 {
            let now = Time::from_nanos(start.as_nanos() + eighth * spacing / 8);
            capture.packets(&mut call, now, epoch);
            // The peer switches a little later; what is on the way arrives later still.
            if eighth < 4 {
                capture.packets(&mut call, now, epoch.saturating_sub(1));
            }
        }
    }
    comes_back(&bench, &capture);
}

#[test]
fn ids_used_again_are_of_the_session_of_their_time() {
    let bench = Bench::new();
    let (mut keylog, mut capture) = (live(&bench), Capture::default());
    let [decoy, header, _] = calls();
    // First another call, then another period of the same call, then the program has started anew.
    let agreements = [decoy.agreement, header.agreement, decoy.agreement];
    for (n, (session, agreement)) in (0..).zip(
        [1, 4, 4, 1]
            .into_iter()
            .zip(agreements.into_iter().chain([header.agreement])),
    ) {
        let mut call = Call {
            session,
            agreement,
            seed: n,
            ..Call::new(1, "192.0.2.2:1701", "198.51.100.7:1701")
        };
        for epoch in 0..3 {
            let start = at(1000 * u64::from(n) + 100 * u64::from(epoch));
            call.install(&mut keylog, start, epoch);
            capture.packets(&mut call, start, epoch);
            capture.packets(
                &mut call,
                at(1000 * u64::from(n) + 100 * u64::from(epoch) + 99),
                epoch,
            );
        }
        // The next one begins a second after the last packet of this one.
        capture.packets(&mut call, at(1000 * u64::from(n) + 999), 2);
        capture.packets(&mut call, at(1000 * u64::from(n) + 999), 1);
    }
    comes_back(&bench, &capture);
}

#[test]
fn an_unspecified_local_address_stands_for_any() {
    for logged in ["0.0.0.0:1701", "[::]:1701", "0.0.0.0:0"] {
        let bench = Bench::new();
        let (mut keylog, mut capture) = (live(&bench), Capture::default());
        let logged: SocketAddr = logged.parse().unwrap();
        for mut call in calls() {
            call.logged_local = Some(logged);
            // A socket for both IP versions shows IPv4 peers so.
            if let (SocketAddr::V4(v4), true) = (call.peer, logged.is_ipv6()) {
                let mapped = v4.ip().to_ipv6_mapped();
                call.logged_peer = Some((mapped, v4.port()).into());
            }
            for epoch in 0..3 {
                let start = at(3600 + 60 * u64::from(epoch));
                call.install(&mut keylog, start, epoch);
                capture.packets(&mut call, start, epoch);
            }
        }
        comes_back(&bench, &capture);
    }
}

#[test]
fn both_directions_with_equal_ids_and_addresses_that_differ_in_nothing_but_the_port() {
    let bench = Bench::new();
    let (mut keylog, mut capture) = (live(&bench), Capture::default());
    let mut call = Call {
        local_ids: (1, 1),
        peer_ids: (1, 1),
        agreement: calls()[1].agreement,
        ..Call::new(1, "127.0.0.1:1701", "127.0.0.1:40000")
    };
    call.install(&mut keylog, at(1), 0);
    capture.packets(&mut call, at(2), 0);
    comes_back(&bench, &capture);
}

#[test]
fn what_is_twice_on_the_wire_is_twice_restored() {
    let bench = Bench::new();
    let (mut keylog, mut capture) = (live(&bench), Capture::default());
    for mut call in calls() {
        call.install(&mut keylog, at(1), 0);
        capture.packets(&mut call, at(2), 0);
    }
    capture.repeat();
    comes_back(&bench, &capture);
}

#[test]
fn clocks_may_differ_by_the_slack_and_no_more() {
    for (offset, found) in [(-4, true), (4, true), (-6, false)] {
        let bench = Bench::new();
        let (mut keylog, mut capture) = (live(&bench), Capture::default());
        for mut call in calls() {
            call.install(&mut keylog, at(100), 0);
            capture.packets(&mut call, at(100_u64.strict_add_signed(offset)), 0);
        }
        match found {
            true => comes_back(&bench, &capture),
            false => {
                let (restored, done) = bench.restore(&capture.wire());
                let why = "a session without keys in the keylog at the time of the frame";
                assert_eq!(done.counts.untouched.of(why), capture.data);
                assert!(restored == capture.wire());
            }
        }
    }
}

#[test]
fn erased_keys_are_for_nothing_that_comes_later() {
    let bench = Bench::new();
    let (mut keylog, mut capture) = (live(&bench), Capture::default());
    let [mut call, ..] = calls();
    call.install(&mut keylog, at(100), 0);
    capture.packets(&mut call, at(150), 0);
    keylog.erased(at(200).into(), call.session).unwrap();
    comes_back(&bench, &capture);

    // A stock peer got the ids: its packets are in clear, and DECOY cannot tell.
    let mut stock = Capture::default();
    stock.packets(&mut call, at(206), 0);
    let (restored, done) = bench.restore(&stock.plain());
    assert!(restored == stock.plain());
    assert_eq!(done.counts.untouched.total(), stock.data);
    // Keys that come after are of another period, whatever their epoch.
    call.install(&mut keylog, at(300), 1);
    capture.packets(&mut call, at(301), 1);
    comes_back(&bench, &capture);
}

#[test]
fn between_two_periods_the_nearer_one_counts() {
    let bench = Bench::new();
    let (mut keylog, mut capture) = (live(&bench), Capture::default());
    let [_, mut first, _] = calls();
    first.install(&mut keylog, at(100), 0);
    keylog.erased(at(200).into(), first.session).unwrap();
    capture.packets(&mut first, at(201), 0);
    let mut second = Call { seed: 9, ..first };
    second.install(&mut keylog, at(204), 0);
    capture.packets(&mut second, at(203), 0);
    comes_back(&bench, &capture);
}

#[test]
fn other_calls_and_other_keys_are_counted_and_stay_as_they_are() {
    let bench = Bench::new();
    let (mut keylog, mut capture) = (live(&bench), Capture::default());
    let [_, _, mut full] = calls();
    full.agreement.receive = full.agreement.send;
    let mut logged = Call {
        seed: 77,
        ..full.clone()
    };
    logged.install(&mut keylog, at(1), 0);
    let mut sent = full.clone();
    sent.epoch(0);
    capture.packets(&mut sent, at(2), 0);
    let ours = capture.data;
    let mut stranger = Call {
        peer_ids: (7, 9),
        local_ids: (7, 9),
        ..full
    };
    stranger.epoch(0);
    capture.packets(&mut stranger, at(2), 0);
    let (restored, done) = bench.restore(&capture.wire());
    let counts = done.counts;
    assert!(restored == capture.wire());
    assert_eq!(
        counts.untouched.of("a session without keys in the keylog"),
        capture.data - ours
    );
    let forged = "authentication failed: altered on the way, or of other keys";
    assert_eq!(counts.refused.of(forged), ours, "{counts}");
}

#[test]
fn a_capture_without_times_says_that_they_are_needed() {
    let bench = Bench::new();
    let (mut keylog, mut capture) = (live(&bench), Capture::default());
    let [mut call, ..] = calls();
    call.install(&mut keylog, at(1), 0);
    capture.packets(&mut call, at(2), 0);
    let (_, done) = bench.restore(&capture.untimed());
    assert_eq!(done.counts.refused.total(), capture.data);
    assert!(done.counts.to_string().contains("capture with times"));
}
