//! What the protocol says, case by case, over a link that loses nothing.

mod pair;

use std::time::Duration;

use pair::{Delivery, Dice, Host, Lcp, Lossy, Message, Pair, Wire, ms, s};
use scramble::ecp::{self, Code, Packet, Reset};
use scramble::keys::{ExchangeSecret, Secret, Secrets};
use scramble::negotiator::{
    Alarm, Config, DataMode, Event, LcpAnswer, Negotiator, Policy, Reason, SecretAfterOffer,
    SecretSource, State,
};
use scramble::option::{Disagreement, PhsOption, Terms};

fn config(policy: Policy) -> Config {
    let mut config = Config::new(policy);
    config.timing.overlap = s(2);
    config
}

fn host(config: Config, seed: u64) -> Host {
    Host::new(config, Secrets::default(), seed)
}

type Cut = dyn FnMut(Duration, usize, &[u8]) -> bool;

/// Delivers after 10 ms, and keeps what it saw; drops what `cut` says.
struct Tap {
    seen: Vec<(Duration, usize, Vec<u8>)>,
    cut: Box<Cut>,
}

impl Tap {
    fn new() -> Self {
        Self::cutting(|_, _, _| false)
    }

    fn cutting(cut: impl FnMut(Duration, usize, &[u8]) -> bool + 'static) -> Self {
        Self {
            seen: Vec::new(),
            cut: Box::new(cut),
        }
    }

    fn codes(&self, from: usize) -> Vec<u8> {
        let sent = self.seen.iter().filter(|(_, sender, _)| *sender == from);
        sent.map(|(_, _, packet)| packet[0]).collect()
    }
}

impl Wire for Tap {
    fn carry(&mut self, now: Duration, from: usize, message: Message) -> Vec<Delivery> {
        if let Message::Ecp(packet) = &message {
            self.seen.push((now, from, packet.clone()));
            if (self.cut)(now, from, packet) {
                return Vec::new();
            }
        }
        vec![Delivery {
            to: 1 - from,
            after: ms(10),
            message,
        }]
    }
}

fn pair_of(a: Config, b: Config) -> Pair<Tap> {
    Pair::new([host(a, 1), host(b, 2)], Tap::new())
}

fn confirmed_pair() -> Pair<Tap> {
    let mut pair = pair_of(config(Policy::Prefer), config(Policy::Prefer));
    pair.start([ms(0), ms(0)]);
    pair.run(ms(500));
    assert!(pair.both_confirmed());
    pair
}

/// An end whose peer is a script: the test.
fn alone(config: Config) -> Negotiator<Dice> {
    let mut negotiator = Negotiator::new(config, Dice(7));
    negotiator
        .network_phase(Duration::ZERO, Secrets::default())
        .expect("no offer was made");
    negotiator
}

fn sent(negotiator: &mut Negotiator<Dice>) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| negotiator.poll_transmit()).collect()
}

fn an_option() -> PhsOption {
    PhsOption::new(
        &Terms::default(),
        false,
        &ExchangeSecret::from_bytes([5; 32]).public_key(),
    )
}

#[test]
fn four_messages_each_way_and_both_are_confirmed() {
    let pair = confirmed_pair();
    for end in 0..2 {
        let mut codes = pair.wire.codes(end);
        codes.sort_unstable();
        assert_eq!(codes, [1, 2, 14, 15]);
    }
    let confirmed = pair.hosts[0].events.iter().map(|event| match event {
        Event::Install { .. } => "install",
        Event::Confirmed => "confirmed",
        Event::Send { epoch: 0 } => "send",
        _ => "?",
    });
    assert_eq!(
        confirmed.collect::<Vec<_>>(),
        ["install", "confirmed", "send"]
    );
}

#[test]
fn with_early_offers_ecp_starts_opened() {
    let mut early = config(Policy::Prefer);
    early.early_offer = true;
    let mut pair = pair_of(early.clone(), early);
    pair.start([ms(0), ms(3)]);
    pair.run(s(2));
    assert!(pair.both_confirmed());
    assert!(
        pair.wire.seen.iter().all(|(_, _, packet)| packet[0] >= 14),
        "only Reset was needed"
    );
}

#[test]
fn an_early_offer_that_only_one_end_made_or_saw_changes_nothing() {
    let mut early = config(Policy::Require);
    early.early_offer = true;
    for lcp in [Lcp::EndToEnd, Lcp::Unread, Lcp::OneSided] {
        for both in [false, true] {
            let other = if both {
                early.clone()
            } else {
                config(Policy::Require)
            };
            let mut pair = pair_of(early.clone(), other);
            pair.lcp = lcp;
            pair.start([ms(0), ms(0)]);
            pair.run(s(5));
            let first = [0, 1].map(|end| pair.wire.codes(end)[0]);
            assert!(
                both || first == [1, 1],
                "who lacks an option or its acknowledgement asks"
            );
            assert!(
                pair.both_confirmed(),
                "{lcp:?}, both {both}: {:?}",
                pair.states()
            );
        }
    }
}

#[test]
fn the_option_in_lcp_is_judged() {
    let mut negotiator = Negotiator::new(config(Policy::Prefer), Dice(1));
    assert_eq!(
        negotiator.lcp_option(),
        None,
        "no early offer is configured"
    );
    assert_eq!(
        negotiator.lcp_received_option(&an_option().emit()),
        LcpAnswer::Acknowledge
    );
    assert_eq!(
        negotiator.lcp_received_option(&[0, 6, 1, 2, 3, 4]),
        LcpAnswer::Reject
    );
    let mut off = Negotiator::new(config(Policy::Off), Dice(1));
    assert_eq!(
        off.lcp_received_option(&an_option().emit()),
        LcpAnswer::Reject
    );
    let mut early = config(Policy::Prefer);
    early.early_offer = true;
    let mut offering = Negotiator::new(early.clone(), Dice(1));
    assert!(offering.lcp_option().is_some());
    offering.lcp_option_rejected();
    assert_eq!(offering.lcp_option(), None);
    early.secret = SecretSource::Authentication;
    assert_eq!(Negotiator::new(early, Dice(1)).lcp_option(), None);
}

#[test]
fn a_secret_that_comes_after_the_offer_is_refused() {
    let mut early = config(Policy::Prefer);
    early.early_offer = true;
    let mut negotiator = Negotiator::new(early, Dice(1));
    negotiator.lcp_option();
    let secrets = Secrets {
        configured: None,
        msk: Some(Secret::generated(vec![1; 64])),
    };
    assert_eq!(
        negotiator.network_phase(ms(0), secrets),
        Err(SecretAfterOffer)
    );
    assert_eq!(negotiator.state(), State::Initial);
}

#[test]
fn against_a_peer_without_ecp() {
    for (policy, state) in [
        (Policy::Prefer, State::Clear(Reason::ProtocolRejected)),
        (Policy::Require, State::Refused(Reason::ProtocolRejected)),
    ] {
        let mut pair = pair_of(config(policy), config(Policy::Off));
        pair.start([ms(0), ms(0)]);
        pair.run(ms(30));
        assert_eq!(
            pair.states(),
            [state, State::Clear(Reason::Off)],
            "within a round trip"
        );
        assert!(pair.hosts[1].negotiator.may_open_ncps());
        assert_eq!(
            pair.hosts[0].negotiator.may_open_ncps(),
            policy == Policy::Prefer
        );
    }
}

/// When each Configure-Request went out, and when the end gave up.
fn silence(policy: Policy) -> (Vec<u64>, u64) {
    let silent = Tap::cutting(|_, _, _| true);
    let mut pair = Pair::new(
        [host(config(policy), 1), host(config(Policy::Prefer), 2)],
        silent,
    );
    pair.start([ms(0), s(1000)]);
    let gave_up = |pair: &Pair<Tap>| pair.hosts[0].reason().is_some();
    assert!(pair.run_until(s(100), gave_up));
    assert_eq!(pair.hosts[0].reason(), Some(Reason::Silent));
    assert_eq!(
        pair.wire.codes(0).last(),
        Some(&(Code::TerminateRequest as u8))
    );
    let requests = pair
        .wire
        .seen
        .iter()
        .filter(|(_, _, packet)| packet[0] == 1);
    (
        requests.map(|(at, _, _)| at.as_secs()).collect(),
        pair.now.as_secs(),
    )
}

#[test]
fn a_silent_peer_is_given_up() {
    assert_eq!(silence(Policy::Prefer), (vec![0, 1, 2], 3));
    assert_eq!(
        silence(Policy::Require),
        (vec![0, 1, 2, 3, 6, 9, 12, 15, 18, 21], 24)
    );
}

#[test]
fn an_acknowledgement_alone_proves_nothing() {
    let mut negotiator = alone(config(Policy::Prefer));
    let request = sent(&mut negotiator).remove(0);
    let ack = ecp::configure_ack(&Packet::parse(&request).unwrap());
    let mut altered = ack.clone();
    altered[20] ^= 1;
    for other in [
        &altered,
        &ecp::packet(Code::ConfigureAck, ack[1] ^ 1, &ack[4..]),
    ] {
        negotiator.handle_ecp(ms(1), other);
        assert_eq!(negotiator.state(), State::ReqSent);
    }
    negotiator.handle_ecp(ms(1), &ack);
    assert_eq!(negotiator.state(), State::AckRcvd);
    while let Some(at) = negotiator.poll_timeout() {
        negotiator.handle_timeout(at);
        assert_eq!(negotiator.end(), None, "no keys");
    }
    assert_eq!(negotiator.state(), State::Clear(Reason::Silent));
}

#[test]
fn a_peer_that_rejects_or_naks_is_left_in_clear_at_once() {
    for code in [Code::ConfigureReject, Code::ConfigureNak, Code::CodeReject] {
        let mut negotiator = alone(config(Policy::Prefer));
        let request = sent(&mut negotiator).remove(0);
        let packet = Packet::parse(&request).unwrap();
        let answer = match code {
            Code::CodeReject => ecp::code_reject(9, &packet),
            _ => ecp::packet(code, packet.identifier(), packet.data()),
        };
        negotiator.handle_ecp(ms(1), &answer);
        assert_eq!(negotiator.state(), State::Clear(Reason::Rejected));
    }
    let mut negotiator = alone(config(Policy::Prefer));
    let request = sent(&mut negotiator).remove(0);
    negotiator.handle_ecp(
        ms(1),
        &ecp::packet(Code::ConfigureReject, request[1] ^ 1, &request[4..]),
    );
    assert_eq!(negotiator.state(), State::ReqSent, "another identifier");
}

#[test]
fn unknown_codes_and_options_are_rejected_and_harmless() {
    let mut negotiator = alone(config(Policy::Prefer));
    sent(&mut negotiator);
    negotiator.handle_ecp(ms(1), &[9, 4, 0, 4]);
    assert_eq!(sent(&mut negotiator)[0][4..], [9, 4, 0, 4]);
    let dese = [3, 10, 1, 2, 3, 4, 5, 6, 7, 8];
    negotiator.handle_ecp(ms(1), &ecp::packet(Code::ConfigureRequest, 3, &dese));
    assert_eq!(
        sent(&mut negotiator),
        [ecp::packet(Code::ConfigureReject, 3, &dese)]
    );
    assert_eq!(negotiator.state(), State::ReqSent);
    negotiator.handle_ecp(ms(1), &ecp::packet(Code::ConfigureRequest, 4, &[]));
    assert_eq!(negotiator.state(), State::Clear(Reason::NoOption));
}

#[test]
fn a_peer_that_heard_nothing_in_time_does_not_end_the_link_of_one_that_requires() {
    // Nothing of the requiring end's reaches the other for five seconds.
    let deaf = Tap::cutting(|at, from, _| from == 1 && at < s(5));
    let mut pair = Pair::new(
        [
            host(config(Policy::Prefer), 1),
            host(config(Policy::Require), 2),
        ],
        deaf,
    );
    pair.start([ms(0), ms(0)]);
    pair.run(s(4));
    assert_eq!(pair.hosts[0].state(), State::Clear(Reason::Silent));
    assert_eq!(pair.hosts[1].reason(), None);
    pair.run(s(30));
    assert!(pair.both_confirmed(), "upgraded, {:?}", pair.states());
}

#[test]
fn a_peer_that_gives_up_for_good_is_named_as_the_reason() {
    let mut negotiator = alone(config(Policy::Require));
    sent(&mut negotiator);
    negotiator.handle_ecp(ms(1), &ecp::packet(Code::TerminateRequest, 4, &[]));
    assert_eq!(negotiator.state(), State::ReqSent);
    assert_eq!(sent(&mut negotiator), [[Code::TerminateAck as u8, 4, 0, 4]]);
    while let Some(due) = negotiator.poll_timeout() {
        negotiator.handle_timeout(due);
    }
    assert_eq!(negotiator.state(), State::Refused(Reason::PeerTerminated));
    let mut negotiator = alone(config(Policy::Prefer));
    negotiator.handle_ecp(ms(1), &ecp::packet(Code::TerminateRequest, 4, &[]));
    assert_eq!(negotiator.state(), State::Clear(Reason::PeerTerminated));
}

#[test]
fn a_looped_link_is_found() {
    let mut negotiator = alone(config(Policy::Require));
    let request = sent(&mut negotiator).remove(0);
    negotiator.handle_ecp(ms(1), &request);
    assert_eq!(
        negotiator.state(),
        State::Refused(Reason::Disagreement(Disagreement::Loop))
    );
    assert_eq!(sent(&mut negotiator)[0][0], Code::TerminateRequest as u8);
}

#[test]
fn a_key_that_gives_no_secret_is_found() {
    let mut negotiator = alone(config(Policy::Prefer));
    let weak = PhsOption::new(&Terms::default(), false, &[0; 32]);
    negotiator.handle_ecp(ms(1), &ecp::configure_request(1, &weak));
    assert_eq!(negotiator.state(), State::Clear(Reason::WeakKey));
}

#[test]
fn a_late_peer_leads_out_of_a_soft_clear_only() {
    let mut pair = pair_of(config(Policy::Prefer), config(Policy::Prefer));
    pair.start([ms(0), s(10)]);
    pair.start_data();
    pair.run(s(9));
    assert_eq!(pair.hosts[0].state(), State::Clear(Reason::Silent));
    pair.run(s(11));
    assert!(pair.both_confirmed(), "upgraded, {:?}", pair.states());

    let mut negotiator = alone(config(Policy::Prefer));
    negotiator.handle_ecp(ms(1), &ecp::packet(Code::ConfigureRequest, 4, &[]));
    sent(&mut negotiator);
    negotiator.handle_ecp(ms(2), &ecp::configure_request(1, &an_option()));
    assert_eq!(negotiator.state(), State::Clear(Reason::NoOption), "hard");
    assert_eq!(sent(&mut negotiator)[0][0], Code::TerminateRequest as u8);
}

#[test]
fn traffic_stays_clear_during_an_upgrade_that_fails() {
    let mut negotiator = alone(config(Policy::Prefer));
    negotiator.handle_protocol_reject(ms(5));
    let request = sent(&mut negotiator).remove(0);
    negotiator.handle_ecp(ms(9), &ecp::configure_request(1, &an_option()));
    assert_eq!(
        (negotiator.state(), negotiator.data_mode()),
        (State::AckSent, DataMode::Clear)
    );
    let answers = sent(&mut negotiator);
    assert_eq!(answers.len(), 2);
    let again = answers.iter().find(|packet| packet[0] == 1).unwrap();
    assert_eq!(again[4..], request[4..], "one body for the period");
    negotiator.handle_ecp(ms(9), &ecp::configure_ack(&Packet::parse(again).unwrap()));
    assert_eq!(
        (negotiator.state(), negotiator.data_mode()),
        (State::Confirming, DataMode::Clear)
    );
    while negotiator.state() == State::Confirming {
        let at = negotiator.poll_timeout().unwrap();
        negotiator.handle_timeout(at);
    }
    assert_eq!(negotiator.state(), State::Clear(Reason::ConfirmTimeout));
    assert_eq!(
        sent(&mut negotiator)
            .iter()
            .filter(|packet| packet[0] == 14)
            .count(),
        20
    );
}

#[test]
fn one_end_confirmed_and_the_other_not_does_not_last() {
    // Nothing of the first end's after its Configure messages arrives.
    let deaf = Tap::cutting(|_, from, packet| from == 0 && packet[0] >= 14);
    let mut pair = Pair::new(
        [
            host(config(Policy::Prefer), 1),
            host(config(Policy::Prefer), 2),
        ],
        deaf,
    );
    pair.start([ms(0), ms(0)]);
    pair.run(s(1));
    assert_eq!(pair.states(), [State::Confirmed, State::Confirming]);
    pair.run(s(60));
    let [first, second] = pair.states();
    assert_eq!(first, State::Refused(Reason::Unacknowledged));
    assert_eq!(second, State::Clear(Reason::ConfirmTimeout));
}

#[test]
fn differing_secrets_are_told_loudly() {
    let with = |byte| {
        let mut config = config(Policy::Prefer);
        config.secret = SecretSource::Configured(Secret::generated(vec![byte; 16]));
        config
    };
    let mut pair = pair_of(with(1), with(2));
    pair.start([ms(0), ms(0)]);
    pair.run(s(1));
    assert!(pair.hosts.iter().any(|host| host.has_alarm(Alarm::BadTag)));
    assert!(
        pair.hosts
            .iter()
            .all(|host| !host.ever_confirmed && host.reason().is_some())
    );
    let mut same = pair_of(with(1), with(1));
    same.start([ms(0), ms(0)]);
    same.run(s(1));
    assert!(same.both_confirmed());
}

#[test]
fn weak_secrets_and_known_peers_in_clear_raise_alarms() {
    let mut weak = config(Policy::Prefer);
    weak.secret = SecretSource::Configured(Secret::human(vec![1; 40]));
    let mut pair = pair_of(weak, config(Policy::Prefer));
    pair.hosts[1].negotiator.peer_is_known();
    pair.start([ms(0), ms(0)]);
    pair.run(s(1));
    assert!(pair.hosts[0].has_alarm(Alarm::WeakSecret));
    let reason = Reason::Disagreement(Disagreement::SecretFlags);
    assert_eq!(pair.hosts[1].state(), State::Clear(reason));
    assert!(pair.hosts[1].has_alarm(Alarm::ConfirmedPeerInClear(reason)));
}

/// The lower end's index, then the higher's.
fn by_key(pair: &Pair<Tap>) -> [usize; 2] {
    match pair.hosts[0].own {
        Some(scramble::agreement::End::Lower) => [0, 1],
        _ => [1, 0],
    }
}

fn rekeys(pair: &Pair<Tap>) -> [u64; 2] {
    [0, 1].map(|end| pair.hosts[end].negotiator.counters().rekeys)
}

#[test]
fn either_end_may_want_a_rekey() {
    for who in 0..2 {
        let mut pair = confirmed_pair();
        let end = by_key(&pair)[who];
        pair.rekey_at(s(1), end);
        pair.run(ms(1500));
        assert_eq!(rekeys(&pair), [1, 1]);
        assert!(
            pair.hosts
                .iter()
                .all(|host| host.receive.iter().flatten().count() == 2),
            "overlap"
        );
        pair.run(s(5));
        assert!(
            pair.hosts
                .iter()
                .all(|host| host.receive.iter().flatten().count() == 1)
        );
        let asked = pair
            .wire
            .seen
            .iter()
            .any(|(_, _, packet)| packet[0] == 14 && packet[4] == 4);
        assert_eq!(asked, who == 1);
    }
}

#[test]
fn a_rekey_waits_for_the_overlap_of_the_last() {
    let mut pair = confirmed_pair();
    let [lower, higher] = by_key(&pair);
    for (at, end) in [(s(1), lower), (ms(1200), lower), (ms(1300), higher)] {
        pair.rekey_at(at, end);
    }
    pair.run(ms(2900));
    assert_eq!(rekeys(&pair), [1, 1]);
    pair.run(s(9));
    assert_eq!(
        rekeys(&pair),
        [2, 2],
        "two wishes during the overlap make one rekey"
    );
}

#[test]
fn rekeys_come_by_time_and_by_packets() {
    let mut timed = config(Policy::Prefer);
    timed.timing.rekey_interval = s(100);
    let mut pair = pair_of(timed.clone(), timed);
    pair.start([ms(0), ms(0)]);
    pair.run(s(89));
    assert_eq!(rekeys(&pair), [0, 0]);
    pair.run(s(111));
    assert_eq!(rekeys(&pair), [1, 1]);

    let mut counted = config(Policy::Prefer);
    counted.timing.rekey_packets = 100;
    let mut pair = pair_of(counted.clone(), config(Policy::Prefer));
    pair.start([ms(0), ms(0)]);
    pair.start_data();
    pair.run(s(12));
    assert_eq!(rekeys(&pair), [1, 1]);
    let mut pair = pair_of(config(Policy::Prefer), counted);
    pair.start([ms(0), ms(0)]);
    pair.start_data();
    pair.run(s(12));
    assert_eq!(rekeys(&pair), [1, 1]);
}

#[test]
fn a_rekey_that_nobody_answers_ends_the_link() {
    let cut = Tap::cutting(|now, _, packet| now > ms(900) && packet[0] == 15);
    let mut pair = Pair::new(
        [
            host(config(Policy::Prefer), 1),
            host(config(Policy::Prefer), 2),
        ],
        cut,
    );
    pair.start([ms(0), ms(0)]);
    pair.run(ms(800));
    let [lower, _] = by_key(&pair);
    pair.rekey_at(s(1), lower);
    pair.run(s(60));
    assert_eq!(pair.hosts[lower].state(), State::Confirmed);
    pair.run(s(62));
    assert_eq!(
        pair.hosts[lower].state(),
        State::Refused(Reason::RekeyTimeout)
    );
    let repeats = pair
        .wire
        .seen
        .iter()
        .filter(|(_, from, packet)| *from == lower && packet[0] == 14 && packet[4] == 2);
    let repeats: Vec<_> = repeats.map(|(_, _, packet)| packet).collect();
    assert_eq!(repeats.len(), 60);
    assert!(
        repeats.iter().all(|packet| *packet == repeats[0]),
        "byte-identical"
    );
}

#[test]
fn a_higher_end_whose_ask_came_to_nothing_asks_again() {
    // REKEY does not get through for a while.
    let cut = Tap::cutting(|now, _, packet| now < s(20) && packet[0] == 14 && packet[4] == 2);
    let mut asking = config(Policy::Prefer);
    asking.timing.ask_again = s(5);
    let mut pair = Pair::new([host(asking.clone(), 1), host(asking, 2)], cut);
    pair.start([ms(0), ms(0)]);
    pair.run(ms(800));
    let [_, higher] = by_key(&pair);
    pair.rekey_at(s(1), higher);
    pair.run(s(30));
    assert_eq!(rekeys(&pair), [1, 1]);
    let asks = pair
        .wire
        .seen
        .iter()
        .filter(|(_, _, packet)| packet[0] == 14 && packet[4] == 4);
    assert_eq!(asks.count(), 4);
}

#[test]
fn after_an_lcp_restart_nothing_flows_until_confirmed_again() {
    let mut pair = confirmed_pair();
    pair.start_data();
    pair.restart_after = [s(1), s(2)];
    let before: Vec<_> = pair.hosts[0].history.clone();
    pair.lcp_down_at(s(1));
    pair.run(ms(1900));
    assert!(
        pair.hosts
            .iter()
            .all(|host| host.negotiator.data_mode() == DataMode::Drop)
    );
    assert!(
        pair.hosts
            .iter()
            .all(|host| !host.negotiator.may_open_ncps())
    );
    pair.run(s(6));
    assert!(pair.both_confirmed());
    assert!(
        !before.contains(pair.hosts[0].send.as_ref().unwrap()),
        "fresh keys"
    );
    assert_eq!(pair.hosts[0].taken_clear + pair.hosts[1].taken_clear, 0);
}

#[test]
fn after_an_lcp_restart_whatever_fails_ends_the_link() {
    // Only LCP is let through after the restart.
    let cut = Tap::cutting(|now, _, _| now > s(2));
    let mut pair = Pair::new(
        [
            host(config(Policy::Prefer), 1),
            host(config(Policy::Prefer), 2),
        ],
        cut,
    );
    pair.start([ms(0), ms(0)]);
    pair.lcp_down_at(s(2));
    pair.run(s(90));
    assert_eq!(pair.states(), [State::Refused(Reason::Silent); 2]);

    let mut pair = confirmed_pair();
    pair.lcp_down_at(s(2));
    pair.run(ms(2100));
    pair.inject(0, Message::ProtocolReject);
    pair.run(ms(2300));
    assert_eq!(
        pair.hosts[0].state(),
        State::Initial,
        "nothing counts before the Network phase"
    );
    pair.run(ms(2501));
    pair.inject(0, Message::ProtocolReject);
    pair.run(ms(2505));
    assert_eq!(
        pair.hosts[0].state(),
        State::Refused(Reason::ProtocolRejected)
    );
}

#[test]
fn answers_are_repeated_byte_for_byte() {
    let mut pair = confirmed_pair();
    let [lower, _] = by_key(&pair);
    pair.rekey_at(s(1), lower);
    pair.run(ms(1500));
    let seen = pair.wire.seen.clone();
    let requests: Vec<_> = seen
        .iter()
        .filter(|(_, _, packet)| matches!(packet[0], 1 | 14))
        .collect();
    assert_eq!(
        requests.len(),
        6,
        "Configure and CONFIRM of both ends, REKEY, SWITCHED"
    );
    for (_, from, request) in requests {
        let before = pair.wire.seen.len();
        pair.inject(1 - from, Message::Ecp(request.clone()));
        pair.run(pair.now + ms(5));
        let (_, _, answer) = pair.wire.seen.last().unwrap();
        assert_eq!(pair.wire.seen.len(), before + 1);
        assert!(
            seen.iter()
                .any(|(_, sender, packet)| sender != from && packet == answer)
        );
    }
    assert!(pair.both_confirmed());
}

#[test]
fn reset_bodies_are_what_the_draft_says() {
    let mut pair = confirmed_pair();
    pair.rekey_at(s(1), 0);
    pair.rekey_at(s(1), 1);
    pair.run(s(3));
    let mut kinds = std::collections::BTreeSet::new();
    for (_, _, packet) in &pair.wire.seen {
        let packet = Packet::parse(packet).unwrap();
        if matches!(packet.code(), Some(Code::ResetRequest | Code::ResetAck)) {
            let (kind, length) = match packet.reset().unwrap() {
                Reset::Confirm { .. } => (1, 21),
                Reset::Rekey { epoch, .. } => (2, 56 + epoch as usize),
                Reset::Switched { epoch, .. } => (3, 24 + epoch as usize),
                Reset::Ask { .. } => (4, 21),
            };
            assert_eq!(packet.as_bytes().len(), length);
            kinds.insert((packet.code_number(), kind));
        }
    }
    assert!(kinds.is_superset(&[(14, 1), (14, 2), (14, 3), (15, 1), (15, 2), (15, 3)].into()));
}

/// Many rekeys, started by either end, on a bad link full of data: every packet that arrives finds its key.
#[test]
fn rekeys_lose_no_packet_that_the_link_delivered() {
    let mut total = 0;
    for seed in 0..150 {
        let mut dice = Dice(seed);
        let mut config = Config::new(Policy::Require);
        config.timing.overlap = ms(330);
        config.timing.rekey_interval = ms(700);
        let hosts = [host(config.clone(), dice.next()), host(config, dice.next())];
        let wire = Lossy {
            dice: Dice(dice.next()),
            loss: 30,
            duplication: 20,
            least: ms(1),
            most: ms(300),
        };
        let mut pair = Pair::new(hosts, wire);
        pair.data_every = ms(10);
        pair.start([ms(0), ms(0)]);
        pair.start_data();
        for _ in 0..10 {
            pair.rekey_at(ms(dice.below(40_000)), dice.below(2) as usize);
        }
        pair.run(s(40));
        if !pair.both_confirmed() {
            assert!(
                pair.hosts.iter().any(|host| !host.ever_confirmed),
                "{seed}: {:?}",
                pair.states()
            );
            continue;
        }
        for host in &pair.hosts {
            assert_eq!((host.keyless, host.garbled), (0, 0), "seed {seed}");
            assert!(host.unscrambled > 1000);
        }
        total += pair.hosts[0].negotiator.counters().rekeys;
    }
    assert!(total > 1000, "{total} rekeys");
}
