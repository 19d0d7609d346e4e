//! Two links against each other, as they should be.

mod pair;

use fogline_auth::Method;
use fogline_ppp::{CloseReason, DownReason, Event, Link, Phase, Warning};
use pair::*;
use scramble::agreement::Transform;
use scramble::negotiator::{DataMode, Policy, Reason, State};

const CHAP: [Method; 1] = [Method::ChapMd5];

fn pair(policies: [Policy; 2], transform: Transform, wire: Wire) -> Pair {
    Pair::new(
        access(&CHAP, phs(policies[0], transform)),
        subscriber(&Method::ALL, phs(policies[1], transform)),
        users(),
        wire,
    )
}

fn up(mut pair: Pair) -> Pair {
    pair.start();
    assert!(
        pair.run_until(s(120), Pair::is_up),
        "{:?}",
        pair.hosts[1].events
    );
    pair
}

#[test]
fn every_method_authenticates() {
    for method in Method::ALL {
        let pair = up(Pair::new(
            access(&[method], phs(Policy::Prefer, Transform::Header)),
            subscriber(&Method::ALL, phs(Policy::Prefer, Transform::Header)),
            users(),
            Wire::perfect(),
        ));
        assert!(pair.is_scrambled(), "{method}");
        assert!(pair.now < s(1), "{method} took {:?}", pair.now);
    }
}

#[test]
fn nobody_is_asked_where_no_method_is_configured() {
    let pair = up(Pair::new(
        access(&[], phs(Policy::Prefer, Transform::Header)),
        subscriber(&[], phs(Policy::Prefer, Transform::Header)),
        users(),
        Wire::perfect(),
    ));
    assert_eq!(
        pair.hosts[ACCESS].count(|event| matches!(event, Event::Authorize)),
        1
    );
}

#[test]
fn methods_are_tried_in_order_until_the_subscriber_accepts_one() {
    let mut pair = Pair::new(
        access(
            &[Method::MsChapV2, Method::ChapMd5, Method::Pap],
            phs(Policy::Off, Transform::Header),
        ),
        subscriber(&[Method::ChapMd5], phs(Policy::Off, Transform::Header)),
        users(),
        Wire::perfect(),
    );
    pair.start();
    assert!(pair.run_until(s(10), Pair::is_up));
    let chap = |frame: &[u8]| protocol_of(frame) == 0xC223;
    assert!(pair.seen.iter().any(|(_, frame)| chap(frame)));
}

#[test]
fn a_subscriber_refuses_weaker_methods() {
    let mut pair = Pair::new(
        access(&[Method::Pap], phs(Policy::Off, Transform::Header)),
        subscriber(&[Method::MsChapV2], phs(Policy::Off, Transform::Header)),
        users(),
        Wire::perfect(),
    );
    pair.start();
    pair.run(s(60));
    assert_eq!(
        pair.hosts[ACCESS].down(),
        Some(&DownReason::AuthenticationRefused)
    );
    let reason = pair.hosts[SUBSCRIBER].down().unwrap().to_string();
    assert!(
        reason.contains("refuses every authentication protocol"),
        "{reason}"
    );
    assert!(
        !pair
            .seen
            .iter()
            .any(|(_, frame)| protocol_of(frame) == 0xC023)
    );
}

#[test]
fn every_policy_with_every_transform() {
    use Policy::{Off, Prefer, Require};
    for transform in [Transform::Header, Transform::Full, Transform::Decoy] {
        for a in [Off, Prefer, Require] {
            for b in [Off, Prefer, Require] {
                let mut pair = pair([a, b], transform, Wire::perfect());
                pair.start();
                pair.start_data();
                pair.run(s(40));
                let modes = pair.modes();
                match (a, b) {
                    (Off, Require) | (Require, Off) => {
                        assert!(pair.hosts.iter().all(|host| host.down().is_some()));
                        assert!(pair.hosts.iter().all(|host| host.taken.is_empty()));
                    }
                    (Off, _) | (_, Off) => {
                        assert!(pair.is_up());
                        assert_eq!(modes, [DataMode::Clear; 2]);
                    }
                    _ => {
                        assert!(pair.is_up());
                        assert_eq!(modes, [DataMode::Scrambled; 2]);
                        assert!(!reads(&pair, b"/private"), "{transform:?} shows data");
                    }
                }
                if pair.is_up() {
                    for end in 0..2 {
                        assert_eq!(pair.hosts[end].taken.last(), Some(&udp(1 - end)));
                    }
                }
            }
        }
    }
}

/// Whether the middle of the wire could read `text`.
fn reads(pair: &Pair, text: &[u8]) -> bool {
    pair.seen
        .iter()
        .any(|(_, frame)| frame.windows(text.len()).any(|window| window == text))
}

#[test]
fn with_policy_off_prefer_takes_no_longer() {
    let time = |policy| {
        up(pair(
            [Policy::Off, policy],
            Transform::Header,
            Wire::perfect(),
        ))
        .now
    };
    assert!(time(Policy::Prefer) <= time(Policy::Off) + ms(50));
}

#[test]
fn an_early_offer_saves_the_exchange_in_ecp() {
    let mut early = phs(Policy::Require, Transform::Header);
    early.early_offer = true;
    let pair = up(Pair::new(
        access(&CHAP, early.clone()),
        subscriber(&CHAP, early),
        users(),
        Wire::perfect(),
    ));
    assert!(pair.is_scrambled());
    let is_ecp_request = |frame: &[u8]| protocol_of(frame) == 0x8053 && frame[2] == 1;
    assert!(!pair.seen.iter().any(|(_, frame)| is_ecp_request(frame)));
}

#[test]
fn an_early_offer_of_one_end_alone_leads_to_ecp() {
    let mut early = phs(Policy::Require, Transform::Header);
    early.early_offer = true;
    let pair = up(Pair::new(
        access(&CHAP, phs(Policy::Require, Transform::Header)),
        subscriber(&CHAP, early),
        users(),
        Wire::perfect(),
    ));
    assert!(pair.is_scrambled());
}

#[test]
fn terms_of_a_users_own_take_the_place_of_the_listeners() {
    let mut users = users();
    users.scrambling = Some(phs(Policy::Require, Transform::Full));
    let pair = up(Pair::new(
        access(&CHAP, phs(Policy::Off, Transform::Header)),
        subscriber(&CHAP, phs(Policy::Prefer, Transform::Header)),
        users,
        Wire::perfect(),
    ));
    assert!(pair.is_scrambled());
    let agreement = pair.hosts[ACCESS].link.agreement().unwrap();
    assert_eq!(agreement.receive.transform, Transform::Full);
}

#[test]
fn terms_that_come_after_an_early_offer_are_reported() {
    let mut early = phs(Policy::Require, Transform::Header);
    early.early_offer = true;
    let mut users = users();
    users.scrambling = Some(phs(Policy::Require, Transform::Full));
    let pair = up(Pair::new(
        access(&CHAP, early.clone()),
        subscriber(&CHAP, early),
        users,
        Wire::perfect(),
    ));
    let warnings = pair.hosts[ACCESS].count(|event| matches!(event, Event::Warning(_)));
    assert_eq!(warnings, 1);
    let agreement = pair.hosts[ACCESS].link.agreement().unwrap();
    assert_eq!(agreement.receive.transform, Transform::Header);
}

#[test]
fn calls_come_up_and_stay_up_whatever_is_lost() {
    for loss in [0, 5, 20] {
        for seed in 0..20 {
            for policy in [Policy::Prefer, Policy::Require] {
                let mut pair = any_pair(policy, loss, seed);
                comes_up_and_stays_up(&mut pair, &format!("{policy:?}, loss {loss}, seed {seed}"));
                // Under prefer, where too much is lost to agree, both are in clear.
                assert!(pair.is_scrambled() || policy == Policy::Prefer && loss == 20);
                assert_eq!(pair.modes()[0], pair.modes()[1]);
            }
        }
    }
}

/// The seed chooses method and transform, too.
fn any_pair(policy: Policy, loss: u64, seed: u64) -> Pair {
    let transforms = [Transform::Header, Transform::Full, Transform::Decoy];
    let scrambling = phs(policy, transforms[(seed / 3 % 3) as usize]);
    Pair::new(
        access(&[Method::ALL[(seed % 3) as usize]], scrambling.clone()),
        subscriber(&Method::ALL, scrambling),
        users(),
        Wire::lossy(seed, loss),
    )
}

fn comes_up_and_stays_up(pair: &mut Pair, case: &str) {
    pair.start();
    pair.start_data();
    assert!(
        pair.run_until(s(200), Pair::is_up),
        "{case}: {:?}",
        pair.hosts[1].events
    );
    // RFC 1661's automaton may start an NCP once more where requests overtake each other, but not later.
    pair.run(pair.now + s(20));
    let downs = |pair: &Pair| [0, 1].map(|end| pair.hosts[end].count(is_down));
    let before = downs(pair);
    let taken = [0, 1].map(|end| pair.hosts[end].taken.len());
    pair.run(pair.now + s(60));
    assert!(pair.is_up(), "{case}");
    assert_eq!(downs(pair), before, "{case}");
    for (host, before) in pair.hosts.iter().zip(taken) {
        assert!(host.taken.len() > before + 400, "{case}");
    }
}

fn is_down(event: &Event) -> bool {
    matches!(event, Event::Ipv4Down | Event::Ipv6Down | Event::Down(_))
}

#[test]
fn rekeys_lose_nothing() {
    let mut config = phs(Policy::Require, Transform::Full);
    config.timing.overlap = s(1);
    let mut pair = Pair::new(
        access(&CHAP, config.clone()),
        subscriber(&CHAP, config),
        users(),
        Wire::perfect(),
    );
    pair.start();
    assert!(pair.run_until(s(10), Pair::is_up));
    pair.start_data();
    for _ in 0..20 {
        assert!(pair.hosts[ACCESS].link.request_rekey(pair.now));
        pair.settle(ACCESS);
        pair.run(pair.now + s(3));
    }
    let rekeyed = |event: &Event| {
        matches!(
            event,
            Event::Phs(scramble::negotiator::Event::Rekeyed { .. })
        )
    };
    for host in &pair.hosts {
        assert!(host.count(rekeyed) >= 19);
        assert_eq!((host.garbled, host.in_clear_dropped), (0, 0));
        assert!(host.taken.len() >= 598);
    }
}

#[test]
fn addresses_and_name_servers_are_what_was_granted() {
    let pair = up(pair(
        [Policy::Prefer; 2],
        Transform::Header,
        Wire::perfect(),
    ));
    let subscriber = &pair.hosts[SUBSCRIBER].events;
    let ipv4 = subscriber.iter().find_map(|event| match event {
        Event::Ipv4Up { local, peer, dns } => Some((*local, *peer, *dns)),
        _ => None,
    });
    let expected = (
        [10, 64, 0, 9].into(),
        [10, 64, 0, 1].into(),
        [Some([9, 9, 9, 9].into()), None],
    );
    assert_eq!(ipv4, Some(expected));
    let Some(Event::Ipv6Prefix {
        prefix,
        length,
        dns,
        ..
    }) = pair.hosts[SUBSCRIBER].prefix()
    else {
        panic!("no prefix");
    };
    assert_eq!(
        (prefix.to_string().as_str(), *length),
        ("2001:db8:1:2::", 64)
    );
    assert_eq!(dns[0].to_string(), "2620:fe::9");
}

#[test]
fn without_a_grant_ipcp_is_refused_in_clear_and_scrambled() {
    for policy in [Policy::Off, Policy::Require] {
        let mut users = users();
        users.ipv4 = None;
        let mut pair = Pair::new(
            access(&CHAP, phs(policy, Transform::Header)),
            subscriber(&CHAP, phs(policy, Transform::Header)),
            users,
            Wire::perfect(),
        );
        pair.start();
        pair.run(s(60));
        for host in &pair.hosts {
            assert!(host.ipv6() && !host.ipv4() && host.down().is_none());
        }
        // A Protocol-Reject would quote scrambled data in clear.
        let rejects = pair.hosts[ACCESS].link.counters().protocol_rejects_sent;
        assert_eq!(rejects > 0, policy == Policy::Off);
    }
}

#[test]
fn without_any_network_protocol_the_link_ends() {
    let mut users = users();
    (users.ipv4, users.ipv6) = (None, None);
    let mut pair = Pair::new(
        access(&CHAP, phs(Policy::Off, Transform::Header)),
        subscriber(&CHAP, phs(Policy::Off, Transform::Header)),
        users,
        Wire::perfect(),
    );
    pair.start();
    pair.run(s(30));
    assert_eq!(pair.hosts[ACCESS].down(), Some(&DownReason::NoNetwork));
    assert!(pair.hosts[SUBSCRIBER].down().is_some());
}

#[test]
fn a_wrong_password_ends_the_link_with_the_reason_at_both_ends() {
    for method in Method::ALL {
        let mut users = users();
        users.password = "something else";
        let mut pair = Pair::new(
            access(&[method], phs(Policy::Prefer, Transform::Header)),
            subscriber(&Method::ALL, phs(Policy::Prefer, Transform::Header)),
            users,
            Wire::perfect(),
        );
        pair.start();
        pair.run(s(30));
        for host in &pair.hosts {
            let reason = host.down().unwrap();
            assert!(
                matches!(reason, DownReason::AuthenticationFailed(_)),
                "{method}: {reason}"
            );
            assert!(
                reason.to_string().contains("wrong name or password"),
                "{reason}"
            );
        }
    }
}

#[test]
fn a_close_reaches_the_peer_with_its_reason() {
    let mut pair = up(pair(
        [Policy::Require; 2],
        Transform::Header,
        Wire::perfect(),
    ));
    pair.close(ACCESS, CloseReason::Idle);
    assert_eq!(pair.hosts[ACCESS].link.data_mode(), DataMode::Drop);
    pair.run(pair.now + s(10));
    assert_eq!(
        pair.hosts[ACCESS].down(),
        Some(&DownReason::Closed(CloseReason::Idle))
    );
    let said = DownReason::PeerTerminated("idle for too long".into());
    assert_eq!(pair.hosts[SUBSCRIBER].down(), Some(&said));
    for host in &pair.hosts {
        assert_eq!(host.link.phase(), Phase::Dead);
        assert!(!host.ipv4() && !host.ipv6());
        assert_eq!(host.link.poll_timeout(), None);
    }
}

#[test]
fn require_against_off_says_why_at_both_ends() {
    let mut pair = pair(
        [Policy::Require, Policy::Off],
        Transform::Header,
        Wire::perfect(),
    );
    pair.start();
    pair.run(s(30));
    let reason = DownReason::Refused(Reason::ProtocolRejected);
    assert_eq!(pair.hosts[ACCESS].down(), Some(&reason));
    let said = pair.hosts[SUBSCRIBER].down().unwrap().to_string();
    assert!(said.contains("scrambling is required"), "{said}");
}

#[test]
fn mru_beyond_1500_is_used_where_both_have_it_and_lowered_where_not() {
    let mut config = access(&CHAP, phs(Policy::Off, Transform::Header));
    config.lcp.mru = 1506;
    config.lcp.max_peer_mru = 1506;
    let mut other = subscriber(&CHAP, phs(Policy::Off, Transform::Header));
    other.lcp.mru = 1492;
    other.lcp.max_peer_mru = 1506;
    let pair = up(Pair::new(
        config.clone(),
        other.clone(),
        users(),
        Wire::perfect(),
    ));
    let [a, b] = [0, 1].map(|end| pair.hosts[end].link.lcp_options());
    assert_eq!((a.mru, a.peer_mru), (1506, 1492));
    assert_eq!((b.mru, b.peer_mru), (1492, 1506));

    // A peer that rejects the option.
    let mut pair = Pair::new(config, other, users(), Wire::perfect());
    pair.tamper = Some(Box::new(|from, frame| {
        if from == ACCESS
            && frame[..3] == [0xC0, 0x21, 1]
            && frame.windows(4).any(|w| w == [1, 4, 5, 0xE2])
        {
            return vec![(ACCESS, lcp(4, frame[3], &[1, 4, 5, 0xE2]))];
        }
        vec![(1 - from, frame)]
    }));
    let pair = up(pair);
    assert_eq!(pair.hosts[ACCESS].link.lcp_options().mru, 1500);
}

#[test]
fn what_we_send_is_bounded_whatever_the_peer_takes() {
    let mut config = access(&CHAP, phs(Policy::Off, Transform::Header));
    config.lcp.max_peer_mru = 1400;
    let pair = up(Pair::new(
        config,
        subscriber(&CHAP, phs(Policy::Off, Transform::Header)),
        users(),
        Wire::perfect(),
    ));
    assert_eq!(pair.hosts[ACCESS].link.lcp_options().peer_mru, 1400);
}

#[test]
fn a_silent_start_waits_for_the_peer() {
    let mut config = access(&CHAP, phs(Policy::Prefer, Transform::Header));
    config.lcp.silent_start = true;
    let mut pair = Pair::new(
        config.clone(),
        subscriber(&CHAP, phs(Policy::Prefer, Transform::Header)),
        users(),
        Wire::perfect(),
    );
    pair.hosts[ACCESS].link.start(pair.now);
    pair.settle(ACCESS);
    assert!(pair.seen.is_empty());
    pair.hosts[SUBSCRIBER].link.start(pair.now);
    pair.settle(SUBSCRIBER);
    assert!(pair.run_until(s(10), Pair::is_up));

    let mut alone = Host::new(config, users(), 1);
    alone.link.start(s(0));
    assert_eq!(alone.link.poll_timeout(), Some(s(30)));
    alone.link.handle_timeout(s(30));
    alone.settle(s(30));
    assert_eq!(alone.down(), Some(&DownReason::NoAnswer));
}

#[test]
fn echoes_measure_the_round_trip_and_find_a_dead_link() {
    let mut pair = up(pair(
        [Policy::Prefer; 2],
        Transform::Header,
        Wire::perfect(),
    ));
    pair.run(pair.now + s(100));
    assert_eq!(pair.hosts[ACCESS].link.round_trip(), Some(ms(20)));
    pair.wire.loss = 100;
    let cut = pair.now;
    pair.run(cut + s(300));
    for host in &pair.hosts {
        assert_eq!(host.down(), Some(&DownReason::EchoLost));
        assert_eq!(host.link.counters().echoes_lost, 4);
    }
}

#[test]
fn identification_is_sent_once_opened() {
    let mut config = access(&CHAP, phs(Policy::Prefer, Transform::Header));
    config.lcp.identification = Some("fogline".into());
    let pair = up(Pair::new(
        config,
        subscriber(&CHAP, phs(Policy::Prefer, Transform::Header)),
        users(),
        Wire::perfect(),
    ));
    let sent: Vec<_> = pair
        .seen
        .iter()
        .filter(|(_, frame)| frame[..3] == [0xC0, 0x21, 12])
        .collect();
    assert_eq!(sent.len(), 1);
    assert!(sent[0].1.ends_with(b"fogline"));
}

#[test]
fn a_restart_of_lcp_begins_everything_anew_and_never_in_clear() {
    let mut pair = up(pair(
        [Policy::Prefer; 2],
        Transform::Header,
        Wire::perfect(),
    ));
    pair.start_data();
    pair.run(pair.now + s(1));
    let seen = pair.seen.len();
    // Somebody forges a new Configure-Request of the subscriber's.
    pair.inject(ACCESS, &lcp(1, 200, &[5, 6, 1, 2, 3, 4]));
    pair.run(pair.now + ms(1));
    assert!(!pair.hosts[ACCESS].ipv4() && !pair.hosts[ACCESS].ipv6());
    assert_eq!(pair.hosts[ACCESS].link.phase(), Phase::Establish);
    assert!(pair.run_until(pair.now + s(30), |pair| pair.is_up() && pair.is_scrambled()));
    pair.run(pair.now + s(1));
    let authentications = pair.hosts[ACCESS].count(|event| matches!(event, Event::Authenticate(_)));
    assert_eq!(authentications, 2);
    let in_clear = |frame: &[u8]| matches!(protocol_of(frame), 0x0021 | 0x0057 | 0x8021 | 0x8057);
    assert!(!pair.seen[seen..].iter().any(|(_, frame)| in_clear(frame)));
}

#[test]
fn a_decision_that_lcp_has_overtaken_does_nothing() {
    let mut users = users();
    users.by_hand = true;
    let mut pair = Pair::new(
        access(&CHAP, phs(Policy::Off, Transform::Header)),
        subscriber(&CHAP, phs(Policy::Off, Transform::Header)),
        users,
        Wire::perfect(),
    );
    pair.start();
    let asked =
        |pair: &Pair| pair.hosts[ACCESS].count(|event| matches!(event, Event::Authenticate(_)));
    assert!(pair.run_until(s(10), |pair| asked(pair) == 1));
    pair.inject(ACCESS, &lcp(1, 200, &[5, 6, 1, 2, 3, 4]));
    assert!(pair.run_until(s(60), |pair| asked(pair) == 2));
    let stale = pair.hosts[ACCESS].granted(None);
    pair.hosts[ACCESS]
        .link
        .authenticated(pair.now, fogline_ppp::Decision::Accept(stale));
    assert_eq!(pair.hosts[ACCESS].link.phase(), Phase::Authenticate);
    let fresh = pair.hosts[ACCESS].granted(None);
    pair.hosts[ACCESS]
        .link
        .authenticated(pair.now, fogline_ppp::Decision::Accept(fresh));
    assert_eq!(pair.hosts[ACCESS].link.phase(), Phase::Network);
}

#[test]
fn a_peer_that_restarts_lcp_at_each_check_is_hung_up_on() {
    let mut users = users();
    users.by_hand = true;
    let mut pair = Pair::new(
        access(&CHAP, phs(Policy::Off, Transform::Header)),
        subscriber(&CHAP, phs(Policy::Off, Transform::Header)),
        users,
        Wire::perfect(),
    );
    pair.start();
    let asked =
        |pair: &Pair| pair.hosts[ACCESS].count(|event| matches!(event, Event::Authenticate(_)));
    for checks in 1..=3 {
        assert!(pair.run_until(pair.now + s(60), |pair| asked(pair) == checks));
        assert_eq!(pair.hosts[ACCESS].down(), None);
        pair.inject(ACCESS, &lcp(1, 200, &[5, 6, 1, 2, 3, checks as u8]));
    }
    pair.run(pair.now + s(60));
    assert_eq!(pair.hosts[ACCESS].down(), Some(&DownReason::Restarting));
    assert_eq!(asked(&pair), 3);
}

#[test]
fn ipv6_needs_1280_bytes_of_room() {
    for (policy, transform, mru, has_room) in [
        (Policy::Off, Transform::Header, 1280, true),
        (Policy::Off, Transform::Header, 1279, false),
        (Policy::Require, Transform::Header, 1286, true),
        (Policy::Require, Transform::Header, 1285, false),
        (Policy::Require, Transform::Decoy, 1286, true),
        (Policy::Require, Transform::Decoy, 1285, false),
        (Policy::Require, Transform::Full, 1302, true),
        (Policy::Require, Transform::Full, 1301, false),
    ] {
        let mut config = access(&CHAP, phs(policy, transform));
        config.lcp.max_peer_mru = mru;
        let mut pair = Pair::new(
            config,
            subscriber(&CHAP, phs(policy, transform)),
            users(),
            Wire::perfect(),
        );
        pair.start();
        pair.run(s(30));
        let access = &pair.hosts[ACCESS];
        let case = format!("{policy:?} {transform:?} {mru}");
        assert_eq!((access.ipv4(), access.ipv6()), (true, has_room), "{case}");
        let warnings = access
            .count(|event| matches!(event, Event::Warning(Warning::TooNarrowForIpv6(1..1280))));
        assert_eq!(warnings, usize::from(!has_room), "{case}");
    }
}

#[test]
fn an_idle_link_is_small() {
    let size = size_of::<Link<Dice>>();
    println!("Link: {size} bytes");
    assert!(size <= 2048, "{size}");
    assert_eq!(
        State::Initial,
        Host::new(
            access(&CHAP, phs(Policy::Prefer, Transform::Header)),
            users(),
            1,
        )
        .link
        .negotiator_state()
    );
}

#[test]
fn where_nobody_is_asked_early_packets_wait_for_the_host() {
    for policy in [Policy::Off, Policy::Require] {
        let mut users = users();
        users.by_hand = true;
        let mut pair = Pair::new(
            access(&[], phs(policy, Transform::Header)),
            subscriber(&[], phs(policy, Transform::Header)),
            users,
            Wire::perfect(),
        );
        pair.start();
        let network =
            |end: usize| move |pair: &Pair| pair.hosts[end].link.phase() == Phase::Network;
        assert!(pair.run_until(s(10), network(SUBSCRIBER)));
        // The subscriber's first packet of the Network phase arrives, and the host takes its time.
        pair.run(pair.now + ms(500));
        let granted = pair.hosts[ACCESS].granted(None);
        let decided = pair.now;
        pair.hosts[ACCESS]
            .link
            .authenticated(decided, fogline_ppp::Decision::Accept(granted));
        pair.settle(ACCESS);
        let has_ipv4 = |pair: &Pair| pair.hosts.iter().all(Host::ipv4);
        // Less than any restart timer: nothing had to be sent again.
        assert!(
            pair.run_until(decided + ms(450), has_ipv4),
            "{policy:?}: not up in time"
        );
    }
}
