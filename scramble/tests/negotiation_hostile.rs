//! A third party that strips, flips, replays, reflects and forges every message at every stage.
//!
//! The hosts of `pair` check at every step that no data is sent in clear after confirmation or under `require`, and
//! that whoever sends scrambled uses keys that its peer derived too. Here is what tries to make them fail.

mod pair;

use std::time::Duration;

use pair::{Delivery, Dice, Host, Message, Pair, Wire, ms, s};
use proptest::prelude::*;
use scramble::agreement::EpochKeys;
use scramble::ecp::{self, Code, Packet, ResetBody};
use scramble::keys::{ExchangeSecret, Secret, Secrets};
use scramble::negotiator::{
    Alarm, Config, DataMode, Event, Negotiator, Policy, Reason, SecretSource, State,
};
use scramble::option::{PhsOption, Terms};

/// What becomes of the `index`th ECP packet, `packet` from end `from`: what arrives where.
type Attack<'a> = Box<dyn FnMut(&mut Seen, usize, usize, &[u8]) -> Vec<(usize, Message)> + 'a>;

/// Everything that the third party saw, with its sender.
#[derive(Default)]
struct Seen {
    packets: Vec<(usize, Vec<u8>)>,
}

struct Hostile<'a> {
    seen: Seen,
    attack: Attack<'a>,
}

impl Wire for Hostile<'_> {
    fn carry(&mut self, _now: Duration, from: usize, message: Message) -> Vec<Delivery> {
        let arriving = match &message {
            Message::Ecp(packet) => {
                let index = self.seen.packets.len();
                self.seen.packets.push((from, packet.clone()));
                (self.attack)(&mut self.seen, index, from, packet)
            }
            _ => vec![(1 - from, message)],
        };
        let deliveries = arriving.into_iter().map(|(to, message)| Delivery {
            to,
            after: ms(10),
            message,
        });
        deliveries.collect()
    }
}

/// Who is attacked.
#[derive(Clone, Copy, Debug)]
enum Victims {
    Prefer,
    Require,
    PreferWithSecret,
}

const VICTIMS: [Victims; 3] = [Victims::Prefer, Victims::Require, Victims::PreferWithSecret];

fn config(victims: Victims) -> Config {
    let mut config = Config::new(match victims {
        Victims::Require => Policy::Require,
        _ => Policy::Prefer,
    });
    if matches!(victims, Victims::PreferWithSecret) {
        config.secret = SecretSource::Configured(Secret::generated(vec![1; 16]));
    }
    config.timing.overlap = s(1);
    config
}

/// Plays a session with confirmation, an ASK and two rekeys under `attack`, and an LCP restart if so wished.
fn play<'a>(victims: Victims, restart: bool, attack: Attack<'a>) -> Pair<Hostile<'a>> {
    let hosts = [11, 22].map(|seed| Host::new(config(victims), Secrets::default(), seed));
    let wire = Hostile {
        seen: Seen::default(),
        attack,
    };
    let mut pair = Pair::new(hosts, wire);
    pair.data_every = ms(400);
    pair.start([ms(0), ms(5)]);
    pair.start_data();
    for (at, end) in [(ms(300), 0), (ms(1900), 1), (ms(3500), 0)] {
        pair.rekey_at(at, end);
    }
    if restart {
        pair.lcp_down_at(s(5));
        pair.rekey_at(s(6), 0);
        pair.rekey_at(s(6), 1);
    }
    pair.run(s(32));
    pair
}

/// How many ECP packets a session has that nobody attacks.
fn peaceful(restart: bool) -> Vec<(usize, Vec<u8>)> {
    let pair = play(
        Victims::Prefer,
        restart,
        Box::new(|_, _, from, packet| deliver(from, packet)),
    );
    assert!(pair.both_confirmed());
    assert!(pair.hosts[0].negotiator.counters().rekeys >= 3);
    pair.wire.seen.packets
}

fn deliver(from: usize, packet: &[u8]) -> Vec<(usize, Message)> {
    vec![(1 - from, Message::Ecp(packet.to_vec()))]
}

/// Nothing that was sent was taken for something else.
fn assert_nothing_garbled(pair: &Pair<Hostile<'_>>) {
    assert!(pair.hosts.iter().all(|host| host.garbled == 0));
}

#[test]
fn stripping_any_message_once_costs_time_only() {
    for index in 0..peaceful(false).len() {
        let strip: Attack<'_> = Box::new(move |_, at, from, packet| match at == index {
            true => Vec::new(),
            false => deliver(from, packet),
        });
        let pair = play(Victims::Require, false, strip);
        assert!(pair.both_confirmed(), "{index}: {:?}", pair.states());
        assert_nothing_garbled(&pair);
    }
}

#[test]
fn stripping_every_message_of_a_kind() {
    let kind = |packet: &[u8]| {
        (
            packet[0],
            packet[4..].first().copied().filter(|_| packet[0] >= 14),
        )
    };
    let mut kinds: Vec<_> = peaceful(false)
        .iter()
        .map(|(from, packet)| (*from, kind(packet)))
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert!(kinds.len() >= 12, "{kinds:?}");
    for victims in VICTIMS {
        for stripped in &kinds {
            let strip: Attack<'_> =
                Box::new(
                    |_, _, from, packet| match (from, kind(packet)) == *stripped {
                        true => Vec::new(),
                        false => deliver(from, packet),
                    },
                );
            let pair = play(victims, false, strip);
            assert_nothing_garbled(&pair);
            let apart = matches!(
                pair.states(),
                [State::Confirmed, State::Clear(_)] | [State::Clear(_), State::Confirmed]
            );
            assert!(!apart, "{stripped:?}: {:?}", pair.states());
        }
    }
}

#[test]
fn flipping_every_byte_of_every_message() {
    for victims in VICTIMS {
        for (index, (sender, packet)) in peaceful(false).into_iter().enumerate() {
            for byte in 0..packet.len() {
                for repeatedly in [false, true] {
                    let original = &packet;
                    let flip: Attack<'_> = Box::new(move |_, at, from, packet| {
                        let hit = match repeatedly {
                            false => at == index,
                            true => {
                                from == sender
                                    && packet[0] == original[0]
                                    && packet.len() == original.len()
                            }
                        };
                        let mut packet = packet.to_vec();
                        if hit {
                            packet[byte] ^= 1 << (byte % 8);
                        }
                        deliver(from, &packet)
                    });
                    let pair = play(victims, false, flip);
                    let altered_exchange = original[0] == 1;
                    assert!(altered_exchange || pair.hosts.iter().all(|host| host.garbled == 0));
                }
            }
        }
    }
}

#[test]
fn replaying_and_reflecting_everything_at_every_stage() {
    for restart in [false, true] {
        for index in 0..peaceful(restart).len() {
            for victims in VICTIMS {
                let replay: Attack<'_> = Box::new(move |seen, at, from, packet| {
                    let mut arriving = deliver(from, packet);
                    if at == index {
                        for (_, packet) in &seen.packets {
                            arriving.extend([0, 1].map(|to| (to, Message::Ecp(packet.clone()))));
                        }
                    }
                    arriving
                });
                assert_nothing_garbled(&play(victims, restart, replay));
            }
        }
    }
}

#[test]
fn replaying_what_each_end_saw_before_does_not_even_disturb() {
    // Without reflection and within an LCP period, replay is what a duplicating link does.
    for index in 0..peaceful(false).len() {
        let replay: Attack<'_> = Box::new(move |seen, at, from, packet| {
            let mut arriving = deliver(from, packet);
            if at == index {
                arriving.extend(
                    seen.packets
                        .iter()
                        .flat_map(|(from, packet)| deliver(*from, packet)),
                );
            }
            arriving
        });
        let pair = play(Victims::Require, false, replay);
        assert!(pair.both_confirmed(), "{index}: {:?}", pair.states());
        assert!(
            pair.hosts
                .iter()
                .all(|host| host.garbled == 0 && host.keyless == 0)
        );
        assert_eq!(pair.hosts[0].negotiator.counters().rekeys, 3);
    }
}

#[test]
fn reflecting_instead_of_delivering() {
    for index in 0..peaceful(false).len() {
        for victims in VICTIMS {
            let reflect: Attack<'_> = Box::new(move |_, at, from, packet| match at >= index {
                true => vec![(from, Message::Ecp(packet.to_vec()))],
                false => deliver(from, packet),
            });
            let pair = play(victims, false, reflect);
            assert_nothing_garbled(&pair);
            if index == 0 {
                assert!(pair.hosts.iter().all(|host| !host.ever_confirmed));
            }
        }
    }
}

/// A sort of message that a third party can make up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Forgery {
    /// Terminate-Request, with every identifier.
    Terminate,
    /// The answer to the victim's Configure-Request, with its options.
    Configure(Code),
    /// A Reset message of every epoch and identifier that may fit, without knowing a key.
    Reset(Code, u8),
    /// A packet without data.
    Bare(u8),
    CodeReject(u8),
    /// A Configure-Request of the third party's own.
    Request {
        secret: bool,
    },
    WeakRequest,
    EmptyRequest,
    StrangeRequest,
    ProtocolReject,
}

impl Forgery {
    fn all() -> Vec<Self> {
        let mut all = vec![
            Self::Terminate,
            Self::Request { secret: false },
            Self::Request { secret: true },
            Self::WeakRequest,
            Self::EmptyRequest,
            Self::StrangeRequest,
            Self::ProtocolReject,
        ];
        all.extend(
            [
                Code::ConfigureAck,
                Code::ConfigureNak,
                Code::ConfigureReject,
            ]
            .map(Self::Configure),
        );
        for kind in 0..4 {
            all.extend([Code::ResetRequest, Code::ResetAck].map(|code| Self::Reset(code, kind)));
        }
        for code in (0..18).chain([255]) {
            all.extend([Self::Bare(code), Self::CodeReject(code)]);
        }
        all
    }

    /// Whether the third party puts itself in an end's place in the exchange.
    fn is_request(self) -> bool {
        matches!(
            self,
            Self::Request { .. } | Self::WeakRequest | Self::EmptyRequest
        )
    }

    /// The messages to `to`, made from all that was seen.
    fn messages(self, seen: &Seen, to: usize) -> Vec<Message> {
        let sent = seen
            .packets
            .iter()
            .filter(|(from, _)| *from == to)
            .map(|(_, packet)| packet);
        let mut identifiers: Vec<_> = sent.clone().map(|packet| packet[1]).collect();
        identifiers.push(0);
        identifiers.sort_unstable();
        identifiers.dedup();
        let public_key = ExchangeSecret::from_bytes([6; 32]).public_key();
        let request = |secret, key| {
            ecp::configure_request(1, &PhsOption::new(&Terms::default(), secret, key))
        };
        let packets: Vec<_> = match self {
            Self::ProtocolReject => return vec![Message::ProtocolReject],
            Self::Terminate => identifiers
                .into_iter()
                .map(ecp::terminate_request)
                .collect(),
            Self::Configure(code) => {
                let requests = sent.filter(|packet| packet[0] == 1);
                requests
                    .map(|request| ecp::packet(code, request[1], &request[4..]))
                    .collect()
            }
            Self::Reset(code, kind) => {
                let body = |epoch| match kind {
                    0 => ResetBody::Confirm,
                    1 => ResetBody::Rekey { epoch, public_key },
                    2 => ResetBody::Switched { epoch },
                    _ => ResetBody::Ask,
                };
                let forge = |identifier: u8| {
                    (0..5).map(move |epoch| ecp::reset(code, identifier, body(epoch), |_| [0; 16]))
                };
                identifiers.into_iter().flat_map(forge).collect()
            }
            Self::Bare(code) => vec![vec![code, 1, 0, 4]],
            Self::CodeReject(code) => vec![ecp::packet(Code::CodeReject, 1, &[code, 1, 0, 4])],
            Self::Request { secret } => vec![request(secret, &public_key)],
            Self::WeakRequest => [false, true].map(|secret| request(secret, &[0; 32])).into(),
            Self::EmptyRequest => vec![ecp::packet(Code::ConfigureRequest, 1, &[])],
            Self::StrangeRequest => vec![ecp::packet(Code::ConfigureRequest, 1, &[1, 4, 2, 2])],
        };
        packets.into_iter().map(Message::Ecp).collect()
    }
}

/// Each sort of forgery alone, to both ends, at every stage.
#[test]
fn forging_one_sort_of_message_at_every_stage() {
    let plain = VICTIMS.map(|victims| (victims, false));
    for (victims, restart) in plain.into_iter().chain([(Victims::Prefer, true)]) {
        for index in 0..peaceful(restart).len() {
            for forgery in Forgery::all() {
                let forge: Attack<'_> = Box::new(move |seen, at, from, packet| {
                    let mut arriving = Vec::new();
                    if at == index {
                        for to in 0..2 {
                            arriving.extend(
                                forgery
                                    .messages(seen, to)
                                    .into_iter()
                                    .map(|message| (to, message)),
                            );
                        }
                    }
                    arriving.extend(deliver(from, packet));
                    arriving
                });
                let pair = play(victims, restart, forge);
                let harmless = pair.hosts.iter().all(|host| host.garbled == 0);
                assert!(forgery.is_request() || harmless, "{forgery:?} at {index}");
            }
        }
    }
}

#[test]
fn forging_everything_after_confirmation_changes_nothing() {
    let first_after = 8;
    for index in first_after..peaceful(false).len() {
        for victims in VICTIMS {
            let forge: Attack<'_> = Box::new(move |seen, at, from, packet| {
                let mut arriving = Vec::new();
                if at == index {
                    for to in 0..2 {
                        for forgery in Forgery::all() {
                            arriving
                                .extend(forgery.messages(seen, to).into_iter().map(|it| (to, it)));
                        }
                    }
                }
                arriving.extend(deliver(from, packet));
                arriving
            });
            let pair = play(victims, false, forge);
            assert!(pair.both_confirmed(), "{index}: {:?}", pair.states());
            let after = pair.wire.seen.packets[index..].iter();
            assert!(
                after.clone().all(|(_, packet)| packet[0] >= 14),
                "only Reset is answered"
            );
            assert!(
                pair.hosts
                    .iter()
                    .all(|host| host.garbled == 0 && host.keyless == 0)
            );
            for host in &pair.hosts {
                let counters = host.negotiator.counters();
                assert_eq!(counters.rekeys, 3);
                assert_eq!(counters.protocol_rejects_after_confirmation, 1);
                assert!(
                    counters.bad_tags > 0
                        && counters.after_confirmation > 0
                        && counters.malformed > 0
                );
            }
        }
    }
}

/// A third party that does something else with every message, thousands of times over.
#[test]
fn a_third_party_without_a_plan() {
    let seeds: u64 = std::env::var("SEEDS")
        .ok()
        .and_then(|seeds| seeds.parse().ok())
        .unwrap_or(3000);
    let (mut confirmed, mut ever) = (0, 0);
    for seed in 0..seeds {
        let mut dice = Dice(seed);
        let victims = dice.pick(&VICTIMS);
        let restart = dice.percent(30);
        let peace = dice.below(100);
        let chaos: Attack<'_> = Box::new(|seen, _, from, packet| {
            if dice.percent(peace) {
                return deliver(from, packet);
            }
            let mut arriving = Vec::new();
            for _ in 0..dice.below(4) {
                let to = dice.below(2) as usize;
                let (_, past) = &seen.packets[dice.below(seen.packets.len() as u64) as usize];
                let message = match dice.below(5) {
                    0 => Message::Ecp(packet.to_vec()),
                    1 => Message::Ecp(past.clone()),
                    2 => {
                        let mut past = past.clone();
                        let at = dice.below(past.len() as u64) as usize;
                        past[at] ^= 1 << dice.below(8);
                        Message::Ecp(past)
                    }
                    3 => Message::Ecp(past[..dice.below(past.len() as u64) as usize].to_vec()),
                    _ => {
                        let made_up = dice.pick(&Forgery::all()).messages(seen, to);
                        arriving.extend(made_up.into_iter().map(|message| (to, message)));
                        continue;
                    }
                };
                arriving.push((to, message));
            }
            if dice.percent(80) {
                arriving.extend(deliver(from, packet));
            }
            arriving
        });
        let pair = play(victims, restart, chaos);
        confirmed += u64::from(pair.both_confirmed());
        ever += u64::from(pair.hosts.iter().all(|host| host.ever_confirmed));
        for host in pair.hosts.iter().filter(|host| host.ever_confirmed) {
            assert_ne!(host.negotiator.data_mode(), DataMode::Clear);
        }
    }
    assert!(
        confirmed > seeds / 10 && ever > confirmed,
        "{confirmed} of {ever} of {seeds} stayed confirmed"
    );
}

/// Someone between the ends who negotiates with each of them, and knows `secret` or none.
struct Middle {
    faces: [Negotiator<Dice>; 2],
    keys: [Vec<EpochKeys>; 2],
}

impl Middle {
    fn new(secret: SecretSource) -> Self {
        let face = |seed| {
            let mut config = Config::new(Policy::Require);
            config.secret = secret.clone();
            let mut face = Negotiator::new(config, Dice(seed));
            face.network_phase(Duration::ZERO, Secrets::default())
                .expect("no offer was made");
            face
        };
        Self {
            faces: [face(100), face(200)],
            keys: [Vec::new(), Vec::new()],
        }
    }
}

impl Wire for Middle {
    fn carry(&mut self, now: Duration, from: usize, message: Message) -> Vec<Delivery> {
        let face = &mut self.faces[from];
        if let Message::Ecp(packet) = message {
            face.handle_ecp(now, &packet);
        }
        while let Some(event) = face.poll() {
            if let Event::Install { keys, .. } = event {
                self.keys[from].push(keys);
            }
        }
        let answers = std::iter::from_fn(|| face.poll_transmit()).map(|packet| Delivery {
            to: from,
            after: ms(10),
            message: Message::Ecp(packet),
        });
        answers.collect()
    }
}

fn with_a_man_in_the_middle(
    policy: Policy,
    own: SecretSource,
    theirs: SecretSource,
) -> Pair<Middle> {
    let hosts = [11, 22].map(|seed| {
        let mut config = Config::new(policy);
        config.secret = own.clone();
        Host::new(config, Secrets::default(), seed)
    });
    let mut pair = Pair::new(hosts, Middle::new(theirs));
    pair.divided = true;
    pair.start([ms(0), ms(0)]);
    pair.run(s(60));
    pair
}

#[test]
fn without_a_secret_a_man_in_the_middle_of_the_exchange_succeeds() {
    let pair = with_a_man_in_the_middle(Policy::Require, SecretSource::None, SecretSource::None);
    for (host, keys) in pair.hosts.iter().zip(&pair.wire.keys) {
        assert_eq!(host.state(), State::Confirmed);
        assert!(
            keys.contains(host.send.as_ref().unwrap()),
            "the man in the middle reads everything"
        );
    }
}

#[test]
fn a_secret_stops_the_man_in_the_middle() {
    let secret = |byte| SecretSource::Configured(Secret::generated(vec![byte; 16]));
    for (theirs, guessed) in [(secret(2), true), (SecretSource::None, false)] {
        for policy in [Policy::Prefer, Policy::Require] {
            let pair = with_a_man_in_the_middle(policy, secret(1), theirs.clone());
            for host in &pair.hosts {
                assert!(!host.ever_confirmed && host.send.is_none());
                let mode = match policy {
                    Policy::Require => DataMode::Drop,
                    _ => DataMode::Clear,
                };
                assert_eq!(host.negotiator.data_mode(), mode);
                let told =
                    host.has_alarm(Alarm::BadTag) || host.reason() == Some(Reason::PeerTerminated);
                assert_eq!(told, guessed, "{:?}", host.reason());
            }
        }
    }
}

/// A negotiator in one of its states, and what it last sent.
fn at_stage(stage: u8) -> Negotiator<Dice> {
    let now = Duration::ZERO;
    let [mut a, mut b] =
        [3, 4].map(|seed| Negotiator::new(Config::new(Policy::Prefer), Dice(seed)));
    if stage == 0 {
        return a;
    }
    a.network_phase(now, Secrets::default())
        .expect("no offer was made");
    b.network_phase(now, Secrets::default())
        .expect("no offer was made");
    for _ in 1..stage {
        while let Some(packet) = a.poll_transmit() {
            b.handle_ecp(now, &packet);
        }
        if let Some(packet) = b.poll_transmit() {
            a.handle_ecp(now, &packet);
        }
    }
    if stage == 9 {
        a.request_rekey(now);
        b.request_rekey(now);
    }
    a
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_no_harm(
        stage in 0_u8..10,
        packets in proptest::collection::vec(
            (any::<u8>(), any::<u8>(), 0_u8..18, proptest::collection::vec(any::<u8>(), 0..90), any::<bool>()),
            1..20,
        ),
    ) {
        let mut negotiator = at_stage(stage);
        let mut now = Duration::ZERO;
        for (kind, identifier, code, mut data, framed) in packets {
            if framed {
                if let Some(first) = data.first_mut() {
                    *first = kind % 6;
                }
                let mut packet = vec![code, identifier];
                packet.extend_from_slice(&(data.len() as u16 + 4).to_be_bytes());
                packet.append(&mut data);
                data = packet;
            }
            let confirmed = negotiator.state() == State::Confirmed;
            negotiator.handle_ecp(now, &data);
            negotiator.lcp_received_option(&data);
            now += ms(u64::from(kind) * 20);
            negotiator.handle_timeout(now);
            while let Some(packet) = negotiator.poll_transmit() {
                prop_assert!(Packet::parse(&packet).is_ok());
            }
            while negotiator.poll().is_some() {}
            prop_assert!(!confirmed || negotiator.data_mode() != DataMode::Clear);
        }
    }
}
