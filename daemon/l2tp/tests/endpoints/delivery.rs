//! Reliable delivery over wires that lose, duplicate and reorder (RFC 2661 section 5.8).

use std::collections::BTreeSet;

use fogline_l2tp::{CallCause, Config, Secret, StopCause};

use crate::pair::{CLIENT, LNS, Pair, Wire, s};

/// Calls come up, some are hung up by either end, the rest goes with the tunnels; and both ends agree all the while.
fn exercise(wire: Wire, config: &Config) {
    // Patience: 20 % loss each way and then some.
    let config = Config {
        retries: 12,
        setup_timeout: s(300),
        ..config.clone()
    };
    let mut pair = Pair::new(config.clone(), config, wire);
    let tunnels = [pair.dial(), pair.dial(), pair.dial()];
    let mut calls: BTreeSet<_> = (0..60).map(|at| pair.call(tunnels[at % 3])).collect();
    let up = pair.run_until(s(400), |pair| {
        pair.hosts.iter().all(|host| host.calls.len() == 60)
    });
    assert!(
        up,
        "{:?}",
        pair.hosts.each_ref().map(|host| host.calls.len())
    );
    for (at, call) in calls
        .clone()
        .into_iter()
        .enumerate()
        .filter(|(at, _)| at % 2 == 0)
    {
        let now = pair.now;
        let cause = CallCause::administrative("enough");
        if at % 4 == 0 {
            pair.hosts[CLIENT].hang_up(now, call, cause);
        } else {
            let own = pair.hosts[LNS].calls.iter();
            let own = own.filter(|(_, info)| {
                (info.peer_tunnel, info.peer_session) == (call.tunnel.0, call.session)
            });
            let own = own.map(|(call, _)| *call).next().expect("the same call");
            pair.hosts[LNS].hang_up(now, own, cause);
        }
        calls.remove(&call);
    }
    let half = pair.run_until(s(800), |pair| {
        pair.hosts.iter().all(|host| host.calls.len() == 30)
    });
    assert!(
        half,
        "{:?}",
        pair.hosts.each_ref().map(|host| host.calls.len())
    );
    assert_eq!(
        pair.hosts[CLIENT]
            .calls
            .keys()
            .copied()
            .collect::<BTreeSet<_>>(),
        calls
    );
    let now = pair.now;
    pair.hosts[CLIENT]
        .endpoint
        .stop_all(now, StopCause::shutdown("bye"));
    let down = pair.run_until(now + s(200), |pair| {
        pair.hosts.iter().all(|host| host.up.is_empty())
    });
    assert!(down);
    pair.run(s(300));
    for host in &pair.hosts {
        assert_eq!(host.endpoint.tunnels().count(), 0);
        assert_eq!(host.endpoint.poll_timeout(), None);
        assert_eq!(
            host.endpoint.counters().unexpected,
            0,
            "no message was acted upon twice or out of order"
        );
    }
}

#[test]
fn calls_come_up_and_go_over_poor_wires() {
    for seed in 0..12 {
        for percent in [0, 5, 20] {
            exercise(Wire::poor(percent, seed), &Config::default());
        }
    }
}

#[test]
fn so_they_do_with_everything_hidden_and_a_small_window() {
    let config = Config {
        secret: Some(Secret::new("sesame")),
        hide_avps: true,
        receive_window: 1,
        ..Config::default()
    };
    for seed in 0..4 {
        exercise(Wire::poor(10, seed), &config);
    }
}

#[test]
fn a_wire_that_only_duplicates_costs_nothing_twice() {
    let mut pair = Pair::new(
        Config::default(),
        Config::default(),
        Wire {
            duplication: 100,
            ..Wire::perfect()
        },
    );
    let tunnel = pair.dial();
    for _ in 0..20 {
        pair.call(tunnel);
    }
    pair.run(s(5));
    assert_eq!(
        (pair.client().calls.len(), pair.lns().calls.len()),
        (20, 20)
    );
    assert_eq!(
        pair.lns().endpoint.tunnels().count(),
        1,
        "a copy of SCCRQ is no second one"
    );
    assert!(pair.lns().endpoint.counters().duplicates > 20);
    assert_eq!(pair.lns().offered.len(), 20);
}
