//! How control connections end (RFC 2661 sections 5.5 and 5.7).

use fogline_l2tp::{
    CallRequest, Config, DialError, DownReason, StopCause, StopResult, TunnelState,
};

use crate::pair::{CLIENT, LNS, Pair, ms, s};

#[test]
fn the_peer_hears_why_and_every_call_goes_first() {
    let (mut pair, tunnel, call) = Pair::connected(Config::default(), Config::default());
    pair.call(tunnel);
    pair.run(s(1));
    let now = pair.now;
    pair.lns().endpoint.stop_all(
        now,
        StopCause::shutdown("the access server is shutting down"),
    );
    pair.run(s(1));
    let [(down, reason)] = &pair.hosts[CLIENT].tunnels_down[..] else {
        panic!()
    };
    assert_eq!(*down, tunnel);
    assert_eq!(
        reason.to_string(),
        "the peer ended the control connection: shutting down (result code 6): the access server is shutting down"
    );
    assert_eq!(pair.client().calls_down.len(), 2);
    assert_eq!(
        pair.hosts[CLIENT].calls_down[0],
        (call, pair.hosts[CLIENT].tunnels_down[0].1.clone())
    );
    assert_eq!(pair.lns().calls_down.len(), 2);
    assert!(matches!(
        &pair.lns().tunnels_down[..],
        [(_, DownReason::Stopped(_))]
    ));
}

#[test]
fn a_stopped_control_connection_lingers_then_is_forgotten() {
    let (mut pair, tunnel, _) = Pair::connected(Config::default(), Config::default());
    let now = pair.now;
    pair.client()
        .endpoint
        .stop(now, tunnel, StopCause::request("enough"));
    pair.run(s(30));
    for host in &pair.hosts {
        assert_eq!(
            host.endpoint
                .tunnels()
                .map(|tunnel| tunnel.state)
                .collect::<Vec<_>>(),
            [TunnelState::Stopping]
        );
    }
    let call = pair.hosts[CLIENT]
        .endpoint
        .call(now, tunnel, CallRequest::default());
    assert_eq!(call, Err(DialError::NoTunnel));
    let next = pair.dial();
    assert_ne!(next, tunnel, "the id is not free yet");
    pair.run(s(2));
    assert_eq!(
        pair.hosts
            .each_ref()
            .map(|host| host.endpoint.tunnels().count()),
        [1, 1]
    );
    assert_eq!((pair.client().up.len(), pair.lns().up.len()), (1, 1));
}

#[test]
fn stop_is_heard_even_where_it_gets_lost_at_first() {
    let (mut pair, tunnel, _) = Pair::connected(Config::default(), Config::default());
    pair.wire.loss = 100;
    let now = pair.now;
    pair.client()
        .endpoint
        .stop(now, tunnel, StopCause::request("enough"));
    pair.run(s(2));
    pair.wire.loss = 0;
    pair.run(s(3));
    assert!(
        matches!(&pair.lns().tunnels_down[..], [(_, DownReason::PeerStopped(cause))] if cause.result == StopResult::GENERAL_REQUEST)
    );
    // The copy whose acknowledgement gets lost is acknowledged again.
    assert!(
        pair.hosts[CLIENT]
            .endpoint
            .tunnel(tunnel)
            .unwrap()
            .retransmissions
            >= 1
    );
    pair.run(s(60));
    assert_eq!(
        pair.hosts
            .each_ref()
            .map(|host| host.endpoint.tunnels().count()),
        [0, 0]
    );
    assert!(
        pair.hosts
            .iter()
            .all(|host| host.endpoint.poll_timeout().is_none())
    );
}

#[test]
fn hello_keeps_a_quiet_control_connection_up() {
    let (mut pair, ..) = Pair::connected(Config::default(), Config::default());
    pair.sent = [0; 2];
    pair.run(s(610));
    assert_eq!((pair.client().up.len(), pair.lns().up.len()), (1, 1));
    // A Hello and its acknowledgement a minute; whoever hears the other's needs none of its own.
    let sent = pair.sent[CLIENT] + pair.sent[LNS];
    assert!((18..=24).contains(&sent), "{sent}");
}

#[test]
fn a_peer_that_is_gone_is_noticed() {
    let (mut pair, tunnel, call) = Pair::connected(Config::default(), Config::default());
    pair.wire.loss = 100;
    pair.run(s(59));
    assert_eq!(pair.client().up.len(), 1);
    // Hello after 60 s, and 1 + 2 + 4 + 8 * 5 s.
    pair.run(s(50));
    assert_eq!(
        pair.client().tunnels_down,
        [(tunnel, DownReason::Silent(8))]
    );
    assert_eq!(pair.client().calls_down, [(call, DownReason::Silent(8))]);
    assert_eq!(pair.lns().tunnels_down.len(), 1);
    assert_eq!(
        pair.hosts
            .each_ref()
            .map(|host| host.endpoint.tunnels().count()),
        [0, 0]
    );
}

#[test]
fn no_more_stopped_control_connections_are_kept_than_live_ones() {
    let lns = Config {
        max_tunnels: 3,
        ..Config::default()
    };
    let mut pair = Pair::new(Config::default(), lns, crate::pair::Wire::perfect());
    for _ in 0..20 {
        let tunnel = pair.dial();
        pair.run(ms(100));
        let now = pair.now;
        pair.client()
            .endpoint
            .stop(now, tunnel, StopCause::request("enough"));
        pair.run(ms(100));
    }
    assert_eq!(pair.lns().tunnels_down.len(), 20);
    assert_eq!(pair.lns().endpoint.tunnels().count(), 3);
}
