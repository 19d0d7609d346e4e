//! Calls (RFC 2661 sections 5.2, 5.6 and 7.4).

use fogline_l2tp::{
    CallCause, CallId, CallRequest, CallResult, CallState, Config, DialError, DownReason, TunnelId,
};

use crate::pair::{CLIENT, LNS, Pair, Wire, ms, s};

#[test]
fn a_call_waits_for_its_tunnel_and_both_ends_know_what_data_needs() {
    let mut pair = Pair::default_ends();
    let tunnel = pair.dial();
    let request = CallRequest {
        called_number: "0800\n1".into(),
        calling_number: "line 7".into(),
        tx_speed: 50_000_000,
        ..CallRequest::default()
    };
    let call = pair.hosts[CLIENT]
        .endpoint
        .call(s(0), tunnel, request)
        .unwrap();
    assert_eq!(
        pair.hosts[CLIENT].endpoint.call_info(call).unwrap().state,
        CallState::WaitTunnel
    );
    pair.run(s(1));
    let (there, at_lns) = pair.hosts[LNS].calls.pop_first().unwrap();
    let at_client = &pair.hosts[CLIENT].calls[&call];
    assert_eq!(
        (at_client.peer_tunnel, at_client.peer_session),
        (there.tunnel.0, there.session)
    );
    assert_eq!(
        (at_lns.peer_tunnel, at_lns.peer_session),
        (call.tunnel.0, call.session)
    );
    assert_eq!(
        (at_client.peer, at_lns.peer),
        (pair.hosts[LNS].address, pair.hosts[CLIENT].address)
    );
    assert_eq!(
        (
            at_lns.called_number.as_str(),
            at_lns.calling_number.as_str()
        ),
        ("0800?1", "line 7")
    );
    assert_eq!(
        (at_lns.tx_speed, at_lns.rx_speed, at_lns.framing),
        (50_000_000, 50_000_000, 1)
    );
    assert_eq!(
        (at_lns.proxy, at_lns.sequencing, at_client.sequencing),
        (None, false, false)
    );
    let info = pair.hosts[CLIENT].endpoint.call_info(call).unwrap();
    assert_eq!(
        (info.state, info.peer_session),
        (CallState::Established, there.session)
    );
}

#[test]
fn a_call_costs_two_datagrams_each_way() {
    let mut pair = Pair::default_ends();
    let tunnel = pair.dial();
    pair.run(s(1));
    pair.sent = [0; 2];
    pair.call(tunnel);
    pair.run(s(1));
    // ICRQ, ICCN; ICRP, which acknowledges ICRQ, and the acknowledgement of ICCN.
    assert_eq!(pair.sent, [2, 2]);
}

#[test]
fn either_end_may_ask_for_numbered_data() {
    let sequencing = Config {
        sequencing: true,
        ..Config::default()
    };
    let (pair, ..) = Pair::connected(sequencing.clone(), Config::default());
    assert!(
        pair.hosts
            .iter()
            .all(|host| host.calls.values().all(|call| call.sequencing))
    );
    let (pair, ..) = Pair::connected(Config::default(), sequencing);
    assert!(pair.hosts[LNS].calls.values().all(|call| call.sequencing));
}

#[test]
fn the_host_refuses_a_call_and_the_peer_hears_why() {
    let mut pair = Pair::default_ends();
    pair.lns().accepts = false;
    let tunnel = pair.dial();
    let call = pair.call(tunnel);
    pair.run(ms(100));
    let offered = pair.lns().offered[0];
    let now = pair.now;
    pair.lns()
        .endpoint
        .reject(now, offered, CallCause::busy("max-sessions"));
    pair.run(s(1));
    let [(down, reason)] = &pair.hosts[CLIENT].calls_down[..] else {
        panic!()
    };
    assert_eq!(*down, call);
    assert_eq!(
        reason.to_string(),
        "the peer hung up: no facilities for the time being (result code 4): max-sessions"
    );
    assert!(pair.lns().calls_down.is_empty(), "the host knows");
    assert_eq!(pair.lns().endpoint.call_info(offered), None);
    assert_eq!(pair.lns().endpoint.counters().calls_refused, 1);
    // Too late.
    pair.lns().endpoint.accept(now, offered);
    pair.run(s(1));
    assert!(pair.client().calls.is_empty());
}

#[test]
fn either_end_hangs_up_in_any_state() {
    // The client hangs up after each millisecond of a set-up that takes 60.
    for at in 0..80 {
        for end in [CLIENT, LNS] {
            let mut pair = Pair::default_ends();
            let tunnel = pair.dial();
            let call = pair.call(tunnel);
            pair.run(ms(at));
            let now = pair.now;
            let cause = CallCause::administrative("enough");
            let own = match end {
                CLIENT => Some(call),
                _ => pair.lns().offered.first().copied(),
            };
            let Some(own) = own else { continue };
            pair.hosts[end].hang_up(now, own, cause);
            pair.run(s(2));
            assert!(
                pair.client().calls.is_empty() && pair.lns().calls.is_empty(),
                "{at} {end}"
            );
            assert_eq!(
                (pair.client().up.len(), pair.lns().up.len()),
                (1, 1),
                "{at} {end}"
            );
            let unanswered = pair
                .hosts
                .iter()
                .flat_map(|host| host.endpoint.tunnels())
                .map(|tunnel| tunnel.calls);
            assert_eq!(unanswered.sum::<usize>(), 0, "{at} {end}");
            let mut reasons = pair.hosts[1 - end]
                .calls_down
                .iter()
                .map(|(_, reason)| reason);
            assert!(
                reasons.all(|reason| matches!(reason, DownReason::PeerHungUp(cause) if cause.result == CallResult::ADMINISTRATIVE)),
                "{at} {end}"
            );
        }
    }
}

#[test]
fn a_call_that_nobody_answers_is_given_up() {
    let mut pair = Pair::default_ends();
    pair.lns().accepts = false;
    let tunnel = pair.dial();
    let call = pair.call(tunnel);
    pair.run(s(29));
    assert!(pair.client().calls_down.is_empty());
    pair.run(s(2));
    assert_eq!(pair.client().calls_down.len(), 1);
    assert_eq!(pair.client().calls_down[0].0, call);
    assert!(
        matches!(&pair.client().calls_down[0].1, DownReason::HungUp(cause) if cause.result == CallResult::TIMEOUT)
    );
    assert_eq!(pair.lns().calls_down.len(), 1, "the offer is withdrawn");
    assert_eq!((pair.client().up.len(), pair.lns().up.len()), (1, 1));
}

#[test]
fn an_end_that_takes_no_calls_says_so() {
    let closed = Config {
        accept_incoming: false,
        ..Config::default()
    };
    let mut pair = Pair::new(closed, Config::default(), Wire::perfect());
    pair.dial();
    pair.run(s(1));
    let now = pair.now;
    let tunnel = *pair.lns().up.first().unwrap();
    pair.lns()
        .endpoint
        .call(now, tunnel, CallRequest::default())
        .unwrap();
    pair.run(s(1));
    assert!(
        matches!(&pair.lns().calls_down[0].1, DownReason::PeerHungUp(cause) if cause.result == CallResult::NO_FACILITIES)
    );
    assert!(pair.client().offered.is_empty());
}

#[test]
fn limits_are_kept_and_ids_rest() {
    let few = Config {
        max_calls_per_tunnel: 3,
        ..Config::default()
    };
    let mut pair = Pair::new(few, Config::default(), Wire::perfect());
    let tunnel = pair.dial();
    let calls: Vec<_> = (0..3).map(|_| pair.call(tunnel)).collect();
    assert_eq!(
        calls.iter().map(|call| call.session).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    let fourth = pair.hosts[CLIENT]
        .endpoint
        .call(s(0), tunnel, CallRequest::default());
    assert_eq!(fourth, Err(DialError::TooManyCalls));
    pair.run(s(1));
    let now = pair.now;
    pair.client()
        .hang_up(now, calls[1], CallCause::administrative("enough"));
    assert_eq!(pair.call(tunnel).session, 4, "2 rests");
    pair.run(s(31));
    let now = pair.now;
    pair.client()
        .hang_up(now, calls[0], CallCause::administrative("enough"));
    assert_eq!(pair.call(tunnel).session, 2);
    let nowhere = pair.hosts[CLIENT]
        .endpoint
        .call(s(40), TunnelId(9), CallRequest::default());
    assert_eq!(nowhere, Err(DialError::NoTunnel));
}

#[test]
fn an_lns_keeps_its_own_limit_of_calls() {
    let few = Config {
        max_calls_per_tunnel: 2,
        ..Config::default()
    };
    let mut pair = Pair::new(Config::default(), few, Wire::perfect());
    let tunnel = pair.dial();
    for _ in 0..3 {
        pair.call(tunnel);
    }
    pair.run(s(1));
    assert_eq!((pair.lns().calls.len(), pair.client().calls.len()), (2, 2));
    let call = CallId { tunnel, session: 3 };
    assert!(
        matches!(&pair.client().calls_down[..], [(down, DownReason::PeerHungUp(_))] if *down == call)
    );
}

#[test]
fn ten_thousand_calls_stand_in_ten_tunnels() {
    let mut pair = Pair::default_ends();
    pair.wire.least = ms(1);
    pair.wire.most = ms(1);
    let tunnels: Vec<_> = (0..10).map(|_| pair.dial()).collect();
    for _ in 0..1000 {
        for tunnel in &tunnels {
            pair.call(*tunnel);
        }
    }
    pair.run(s(20));
    assert_eq!(
        (pair.client().calls.len(), pair.lns().calls.len()),
        (10_000, 10_000)
    );
    assert_eq!(pair.lns().endpoint.counters().retransmissions, 0);
    let highest = pair.lns().calls.keys().map(|call| call.session).max();
    assert_eq!(highest, Some(1000), "ids are dense");
}
