//! How control connections come up, or do not (RFC 2661 sections 5.1, 5.8, 7.2 and 8.1).

use fogline_l2tp::{Config, DialError, DownReason, Secret, StopResult, TunnelState};

use crate::pair::{CLIENT, LNS, Pair, Wire, ms, s};
use crate::raw::{Lns, sccrq};

fn with_secret(secret: &str) -> Config {
    Config {
        secret: Some(Secret::new(secret)),
        ..Config::default()
    }
}

#[test]
fn a_control_connection_comes_up_and_each_end_knows_the_other() {
    let config = |name: &str| Config {
        host_name: name.into(),
        vendor_name: format!("{name}'s"),
        ..Config::default()
    };
    let mut pair = Pair::new(config("router"), config("lns"), Wire::perfect());
    let tunnel = pair.dial();
    pair.run(s(1));
    let here = pair.hosts[CLIENT].endpoint.tunnel(tunnel).unwrap();
    let there = pair.hosts[LNS].endpoint.tunnels().next().unwrap();
    assert_eq!(
        (here.state, there.state),
        (TunnelState::Established, TunnelState::Established)
    );
    assert_eq!((here.id.0, here.peer_id), (there.peer_id, there.id.0));
    assert_eq!(
        (here.host_name.as_str(), here.vendor_name.as_str()),
        ("lns", "lns's")
    );
    assert_eq!(there.host_name, "router");
    assert!(here.is_dialled && !there.is_dialled);
    assert_eq!(there.peer, pair.hosts[CLIENT].address);
    // SCCRQ, SCCCN; SCCRP and the acknowledgement of SCCCN.
    assert_eq!(pair.sent, [2, 2]);
}

#[test]
fn many_tunnels_to_one_peer_stand_side_by_side() {
    let mut pair = Pair::default_ends();
    let tunnels: Vec<_> = (0..5).map(|_| pair.dial()).collect();
    pair.run(s(1));
    assert!(
        tunnels
            .iter()
            .all(|tunnel| pair.client().up.contains(tunnel))
    );
    assert_eq!((pair.client().up.len(), pair.lns().up.len()), (5, 5));
}

#[test]
fn both_ends_prove_that_they_know_the_secret() {
    let mut pair = Pair::new(
        with_secret("sesame"),
        with_secret("sesame"),
        Wire::perfect(),
    );
    pair.dial();
    pair.run(s(1));
    assert_eq!((pair.client().up.len(), pair.lns().up.len()), (1, 1));
}

#[test]
fn hidden_avps_are_understood_by_a_peer_with_the_secret() {
    let hiding = Config {
        hide_avps: true,
        ..with_secret("sesame")
    };
    let (mut pair, ..) = Pair::connected(hiding.clone(), hiding.clone());
    assert_eq!(pair.lns().endpoint.counters().unreadable_avps, 0);
    Pair::connected(hiding, with_secret("sesame"));
}

#[test]
fn a_wrong_secret_is_found_out_and_both_ends_say_so() {
    let mut pair = Pair::new(
        with_secret("sesame"),
        with_secret("Sesame"),
        Wire::perfect(),
    );
    let tunnel = pair.dial();
    pair.call(tunnel);
    pair.run(s(1));
    // The client is the first to see a proof, and finds it wrong.
    let (_, reason) = &pair.client().tunnels_down[0];
    assert!(
        matches!(reason, DownReason::Stopped(cause) if cause.result == StopResult::NOT_AUTHORIZED)
    );
    assert!(
        reason.to_string().contains("same tunnel secret"),
        "{reason}"
    );
    let (_, reason) = &pair.lns().tunnels_down[0];
    assert!(
        matches!(reason, DownReason::PeerStopped(cause) if cause.result == StopResult::NOT_AUTHORIZED)
    );
    assert_eq!(pair.client().calls_down.len(), 1);
    assert_eq!((pair.client().up.len(), pair.lns().up.len()), (0, 0));
    assert_eq!(pair.client().endpoint.counters().authentication_failures, 1);
}

#[test]
fn an_lns_with_a_secret_takes_nobody_without() {
    let mut pair = Pair::new(Config::default(), with_secret("sesame"), Wire::perfect());
    pair.dial();
    pair.run(s(1));
    let (_, reason) = &pair.client().tunnels_down[0];
    assert!(
        reason
            .to_string()
            .contains("no tunnel secret is configured here"),
        "{reason}"
    );
    assert_eq!(pair.lns().up.len(), 0);

    let mut pair = Pair::new(with_secret("sesame"), Config::default(), Wire::perfect());
    pair.dial();
    pair.run(s(1));
    let (_, reason) = &pair.client().tunnels_down[0];
    assert!(
        matches!(reason, DownReason::PeerStopped(cause) if cause.result == StopResult::NOT_AUTHORIZED)
    );
    assert_eq!(
        pair.lns().endpoint.tunnels().count(),
        0,
        "nothing is kept of what is refused"
    );
}

#[test]
fn an_end_that_takes_no_control_connections_says_so() {
    let closed = Config {
        accept_incoming: false,
        ..Config::default()
    };
    let mut pair = Pair::new(Config::default(), closed, Wire::perfect());
    pair.dial();
    pair.run(s(1));
    let (_, reason) = &pair.client().tunnels_down[0];
    assert!(
        matches!(reason, DownReason::PeerStopped(cause) if cause.result == StopResult::NOT_AUTHORIZED),
        "{reason}"
    );
}

#[test]
fn a_peer_that_is_not_there_is_given_up() {
    let mut pair = Pair::default_ends();
    pair.wire.loss = 100;
    let tunnel = pair.dial();
    pair.call(tunnel);
    // The setup timeout comes before the last retransmission.
    pair.run(s(29));
    assert!(pair.client().tunnels_down.is_empty());
    assert!(
        pair.hosts[CLIENT]
            .endpoint
            .tunnel(tunnel)
            .unwrap()
            .retransmissions
            >= 4
    );
    pair.run(s(2));
    assert_eq!(
        pair.client().tunnels_down,
        [(tunnel, DownReason::Silent(6))]
    );
    assert_eq!(pair.client().calls_down.len(), 1);

    let patient = Config {
        setup_timeout: s(300),
        retries: 5,
        ..Config::default()
    };
    let mut pair = Pair::new(
        patient,
        Config::default(),
        Wire {
            loss: 100,
            ..Wire::perfect()
        },
    );
    let tunnel = pair.dial();
    pair.run(ms(30_999));
    assert!(pair.client().tunnels_down.is_empty());
    // 1 + 2 + 4 + 8 + 8 + 8 s.
    pair.run(ms(1));
    assert_eq!(
        pair.client().tunnels_down,
        [(tunnel, DownReason::Silent(6))]
    );
    assert!(pair.hosts[CLIENT].endpoint.tunnel(tunnel).is_none());
    assert_eq!(
        pair.hosts[CLIENT].endpoint.poll_timeout(),
        None,
        "nothing is left behind"
    );
}

#[test]
fn limits_are_kept() {
    let few = Config {
        max_tunnels: 2,
        ..Config::default()
    };
    let mut pair = Pair::new(few.clone(), few, Wire::perfect());
    pair.dial();
    pair.dial();
    let to = pair.hosts[LNS].address;
    let third = pair.hosts[CLIENT].endpoint.dial(s(0), to);
    assert_eq!(third, Err(DialError::TooManyTunnels));
    pair.run(s(1));
    let from = "192.0.2.9:1701".parse().unwrap();
    pair.inject(LNS, from, &sccrq(7));
    pair.run(s(1));
    assert_eq!(pair.lns().live(), 2);
    assert_eq!(pair.lns().endpoint.counters().start_requests_refused, 1);
}

#[test]
fn where_both_dial_there_are_two() {
    let mut pair = Pair::default_ends();
    let (client, lns) = (pair.hosts[CLIENT].address, pair.hosts[LNS].address);
    pair.hosts[CLIENT].endpoint.dial(s(0), lns).unwrap();
    pair.hosts[LNS].endpoint.dial(s(0), client).unwrap();
    pair.run(s(5));
    assert_eq!((pair.client().up.len(), pair.lns().up.len()), (2, 2));
}

#[test]
fn answers_go_where_the_request_came_from() {
    let mut pair = Pair::default_ends();
    let nat = "198.51.100.7:61234".parse().unwrap();
    pair.nat = Some(nat);
    let tunnel = pair.dial();
    pair.call(tunnel);
    pair.run(s(1));
    assert_eq!(
        pair.lns()
            .calls
            .values()
            .map(|call| call.peer)
            .collect::<Vec<_>>(),
        [nat]
    );
    assert_eq!(pair.client().calls.len(), 1);
}

#[test]
fn a_control_connection_follows_its_peer_only_where_it_may() {
    for follows in [false, true] {
        let lns = Config {
            follow_peer_port: follows,
            ..Config::default()
        };
        let mut pair = Pair::new(
            Config {
                hello_interval: s(20),
                ..Config::default()
            },
            lns,
            Wire::perfect(),
        );
        pair.nat = Some("198.51.100.7:61234".parse().unwrap());
        pair.dial();
        pair.run(s(1));
        let moved = "198.51.100.7:61235".parse().unwrap();
        pair.nat = Some(moved);
        pair.run(s(300));
        assert_eq!(pair.client().up.len(), usize::from(follows), "{follows}");
        assert_eq!(pair.lns().up.len(), usize::from(follows));
        assert_eq!(pair.lns().moved.len(), usize::from(follows));
        if !follows {
            assert!(pair.lns().endpoint.counters().wrong_sources > 0);
        }
    }
}

#[test]
fn a_control_connection_never_follows_to_another_address() {
    let lns = Config {
        follow_peer_port: true,
        ..Config::default()
    };
    let mut pair = Pair::new(
        Config {
            hello_interval: s(20),
            ..Config::default()
        },
        lns,
        Wire::perfect(),
    );
    pair.nat = Some("198.51.100.7:61234".parse().unwrap());
    pair.dial();
    pair.run(s(1));
    pair.nat = Some("198.51.100.8:61234".parse().unwrap());
    pair.run(s(300));
    assert_eq!((pair.lns().moved.len(), pair.lns().up.len()), (0, 0));
}

#[test]
fn a_new_configuration_is_for_new_control_connections() {
    let mut pair = Pair::default_ends();
    pair.dial();
    pair.run(s(1));
    let config = Config {
        accept_incoming: false,
        ..Config::default()
    };
    pair.lns().endpoint.set_config(config);
    pair.dial();
    pair.run(s(1));
    assert_eq!(
        (pair.lns().up.len(), pair.client().tunnels_down.len()),
        (1, 1)
    );
}

#[test]
fn sccrp_goes_to_a_source_that_may_be_forged_four_times_at_most() {
    let mut lns = Lns::new(Config::default());
    lns.take(&sccrq(7));
    let mut copies = 0;
    while let Some(due) = lns.endpoint.poll_timeout() {
        lns.endpoint.handle_timeout(due);
        copies += lns.sent().len();
    }
    assert_eq!(copies, 3, "beside the first");
    assert_eq!(lns.endpoint.tunnels().count(), 0);
    assert_eq!(lns.endpoint.counters().half_open_expired, 1);
}

#[test]
fn tunnel_ids_cannot_be_guessed() {
    let mut pair = Pair::default_ends();
    let ids: std::collections::BTreeSet<_> = (0..100).map(|_| pair.dial().0).collect();
    assert_eq!(ids.len(), 100);
    assert!(ids.iter().filter(|id| **id > 0x8000).count() > 20);
}
