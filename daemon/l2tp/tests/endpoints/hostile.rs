//! Whatever the wire brings: floods, garbage, and messages that are almost right.

use std::net::SocketAddr;
use std::time::Duration;

use fogline_l2tp::wire::Header;
use fogline_l2tp::{
    CallCause, CallRequest, Config, Endpoint, Event, Secret, StopCause, TunnelState,
};
use proptest::prelude::*;

use crate::pair::{Dice, LNS, Pair, Wire, ms, s};
use crate::raw::{Lns, message, peer, sccrq};

fn source(number: u32) -> SocketAddr {
    (std::net::Ipv4Addr::from(0x0A00_0000 + number), 1701).into()
}

#[test]
fn a_flood_of_requests_costs_bounded_memory_and_peers_still_get_in() {
    let mut pair = Pair::new(
        Config::default(),
        Config {
            max_half_open: 50,
            ..Config::default()
        },
        Wire::perfect(),
    );
    pair.dial();
    for number in 0..2000 {
        pair.inject(LNS, source(number), &sccrq(number as u16 + 1));
        if number % 40 == 0 {
            // 40 requests in each millisecond, and a real peer's round trip takes 20.
            pair.run(ms(25));
        }
        assert!(pair.lns().live() <= 51);
    }
    pair.run(s(2));
    assert_eq!(pair.client().up.len(), 1);
    assert!(pair.lns().endpoint.counters().half_open_evicted >= 1900);
    // Nobody else came up, and none is told of.
    assert_eq!((pair.lns().up.len(), pair.lns().tunnels_down.len()), (1, 0));
    pair.run(s(60));
    assert_eq!(pair.lns().endpoint.tunnels().count(), 1);
}

#[test]
fn one_source_shuts_out_only_itself() {
    let lns = Config {
        max_half_open_per_source: 5,
        ..Config::default()
    };
    let mut pair = Pair::new(Config::default(), lns, Wire::perfect());
    for id in 1..100 {
        pair.inject(LNS, ([10, 0, 0, 1], 1000 + id).into(), &sccrq(id));
    }
    assert_eq!(pair.lns().live(), 5);
    assert_eq!(
        pair.lns()
            .endpoint
            .counters()
            .start_requests_over_source_limit,
        94
    );
    pair.dial();
    pair.run(s(1));
    assert_eq!(pair.lns().up.len(), 1);
    // An IPv6 source is its /64.
    for id in 1..100u16 {
        let address = std::net::Ipv6Addr::new(0x2001, 0xDB8, 0, 1, 0, 0, 0, id);
        pair.inject(LNS, (address, 1701).into(), &sccrq(id));
    }
    assert_eq!(
        pair.lns()
            .endpoint
            .counters()
            .start_requests_over_source_limit,
        94 * 2
    );
}

#[test]
fn no_answer_to_a_request_is_longer_than_it_is_worth() {
    let closed = Config {
        accept_incoming: false,
        ..Config::default()
    };
    let mut lns = Endpoint::new(closed, Dice(1));
    for avps in [
        "8008 0000 0000 0001 8008 0000 0009 0007",
        "8008 0000 0000 0001 8008 0000 0009 0007 8006 0000 0063",
    ] {
        let request = message(0, 0, 0, 0, avps);
        lns.handle_control(s(0), peer(), &request);
        let sent: usize = std::iter::from_fn(|| lns.poll_transmit())
            .map(|transmit| transmit.payload.len())
            .sum();
        assert!(sent <= request.len(), "{sent} > {}", request.len());
    }
    assert_eq!(lns.poll_timeout(), None);
}

#[test]
fn what_is_not_from_the_peer_is_not_heard() {
    let mut lns = Lns::with_call(Config::default());
    let stop = message(
        1,
        0,
        4,
        2,
        "8008 0000 0000 0004 8008 0000 0009 4e21 8008 0000 0001 0001",
    );
    lns.endpoint.handle_control(s(0), source(1), &stop);
    lns.endpoint
        .handle_control(s(0), ([192, 0, 2, 1], 1702).into(), &stop);
    assert_eq!(
        (lns.endpoint.poll(), lns.endpoint.counters().wrong_sources),
        (None, 2)
    );
    assert_eq!(lns.sent(), []);
}

#[test]
fn an_acknowledgement_of_what_was_never_sent_changes_nothing() {
    let mut lns = Lns::new(Config::default());
    lns.take(&sccrq(7));
    lns.take(&message(1, 0, 1, 999, ""));
    assert!(
        lns.endpoint.poll_timeout().is_some_and(|due| due == s(1)),
        "SCCRP is still to be acknowledged"
    );
}

#[test]
fn timers_of_zero_do_not_spin() {
    let zero = Duration::ZERO;
    let config = Config {
        restart: zero,
        restart_cap: zero,
        hello_interval: zero,
        linger: zero,
        ..Config::default()
    };
    let mut pair = Pair::new(config.clone(), config, Wire::perfect());
    pair.dial();
    pair.run(s(10));
    assert!(pair.sent[0] + pair.sent[1] < 100);
    assert_eq!(pair.lns().up.len(), 1);
}

/// What may happen to an LNS.
#[derive(Clone, Debug)]
enum Step {
    /// Any bytes.
    Bytes(Vec<u8>),
    /// A well-formed header with numbers near the right ones, then AVPs that may be right.
    Message {
        tunnel: u16,
        session: u16,
        ns: u16,
        nr: u16,
        avps: Vec<Vec<u8>>,
        port: u16,
    },
    /// Time passes.
    Wait(u64),
    /// The host does something with a call.
    HangUp(u16),
    Call,
    Stop,
}

fn avp() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        (0..17u16).prop_map(|word| word.to_be_bytes().to_vec()),
        (0..5u32).prop_map(|word| word.to_be_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..20),
    ];
    (any::<bool>(), prop::bool::weighted(0.1), 0..42u16, value).prop_map(
        |(mandatory, hidden, attribute, value)| {
            let flags =
                (u16::from(mandatory) << 15) | (u16::from(hidden) << 14) | (6 + value.len() as u16);
            [
                &flags.to_be_bytes()[..],
                &[0, 0],
                &attribute.to_be_bytes(),
                &value,
            ]
            .concat()
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let kind =
        (0..18u16).prop_map(|kind| [&[0x80, 8, 0, 0, 0, 0], &kind.to_be_bytes()[..]].concat());
    let avps = (kind, prop::collection::vec(avp(), 0..9)).prop_map(|(kind, mut avps)| {
        avps.insert(0, kind);
        avps
    });
    let whole = (0..3u16, 0..6u16).prop_map(|(kind, id)| {
        let full = match kind {
            0 => sccrq(id)[12..].to_vec(),
            1 => hex::decode(
                format!("80080000000000 0a 80080000000e{id:04x} 800a0000000f00000001")
                    .replace(' ', ""),
            )
            .expect("hex"),
            _ => hex::decode(
                "800800000000000c800a000000180098968080 0a00000013 00000001".replace(' ', ""),
            )
            .unwrap_or_default(),
        };
        vec![full]
    });
    let avps = prop_oneof![3 => avps, 2 => whole, 1 => Just(vec![])];
    prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..80).prop_map(Step::Bytes),
        12 => (0..4u16, 0..4u16, 0..12u16, 0..8u16, avps, 0..3u16).prop_map(|(tunnel, session, ns, nr, avps, port)| {
            Step::Message { tunnel, session, ns, nr, avps, port: 1700 + port }
        }),
        2 => (0..70_000u64).prop_map(Step::Wait),
        1 => (0..5u16).prop_map(Step::HangUp),
        1 => Just(Step::Call),
        1 => Just(Step::Stop),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_sequence_of_messages_is_survived(
        steps in prop::collection::vec(step(), 1..60),
        is_up: bool,
        secret: bool,
        follows: bool,
    ) {
        let config = Config {
            max_tunnels: 4,
            max_calls_per_tunnel: 4,
            follow_peer_port: follows,
            secret: (secret && !is_up).then(|| Secret::new("sesame")),
            ..Config::default()
        };
        let mut lns = match is_up {
            true => Lns::with_call(config),
            false => Lns::new(config),
        };
        let mut now = s(0);
        for step in steps {
            let known = lns.endpoint.tunnels().next().map(|tunnel| tunnel.id);
            match step {
                Step::Bytes(bytes) => lns.endpoint.handle_control(now, peer(), &bytes),
                Step::Message { tunnel, session, ns, nr, avps, port } => {
                    let avps = avps.concat();
                    let header = Header { tunnel, session, ns, nr };
                    let bytes = [header.emit(avps.len()).as_slice(), &avps].concat();
                    lns.endpoint.handle_control(now, (peer().ip(), port).into(), &bytes);
                }
                Step::Wait(time) => {
                    now += ms(time);
                    lns.endpoint.handle_timeout(now);
                    prop_assert!(lns.endpoint.poll_timeout().is_none_or(|due| due > now));
                }
                Step::HangUp(session) => {
                    if let Some(tunnel) = known {
                        let call = fogline_l2tp::CallId { tunnel, session };
                        lns.endpoint.hang_up(now, call, CallCause::administrative("enough"));
                        prop_assert_eq!(lns.endpoint.call_info(call), None);
                    }
                }
                Step::Call => {
                    if let Some(tunnel) = known {
                        let _ = lns.endpoint.call(now, tunnel, CallRequest::default());
                    }
                }
                Step::Stop => {
                    if let Some(tunnel) = known {
                        lns.endpoint.stop(now, tunnel, StopCause::request("enough"));
                    }
                }
            }
            while let Some(event) = lns.endpoint.poll() {
                if let Event::Incoming { call, .. } = event {
                    lns.endpoint.accept(now, call);
                }
            }
            while let Some(transmit) = lns.endpoint.poll_transmit() {
                prop_assert!(Header::parse(&transmit.payload).is_ok());
            }
            let live = lns.endpoint.tunnels().filter(|tunnel| tunnel.state != TunnelState::Stopping);
            prop_assert!(live.count() <= 4);
            prop_assert!(lns.endpoint.tunnels().all(|tunnel| tunnel.calls <= 4));
        }
        // Left alone, everything ends: nobody acknowledges anything.
        for _ in 0..200 {
            let Some(due) = lns.endpoint.poll_timeout() else { break };
            now = now.max(due);
            lns.endpoint.handle_timeout(now);
        }
        prop_assert_eq!(lns.endpoint.tunnels().count(), 0);
        prop_assert_eq!(lns.endpoint.poll_timeout(), None);
    }
}
