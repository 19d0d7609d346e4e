//! Two negotiators against each other in virtual time, over links that lose, reorder and duplicate.

mod pair;

use pair::{Dice, Host, Lcp, Lossy, Pair, ms, s};
use scramble::agreement::{Coverage, Transform, Transforms};
use scramble::keys::{Secret, Secrets};
use scramble::negotiator::{Alarm, Config, Policy, Reason, SecretSource, State};
use std::time::Duration;

const POLICIES: [Policy; 3] = [Policy::Off, Policy::Prefer, Policy::Require];

/// What the secrets of the two ends are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SecretCase {
    None,
    Same,
    SameFromAuthentication,
    Differing,
    OneOnly,
}

/// Everything that a seed decides.
#[derive(Clone, Debug)]
struct Scenario {
    policies: [Policy; 2],
    early: [bool; 2],
    lcp: Lcp,
    secrets: SecretCase,
    compatible: bool,
    network_after: [Duration; 2],
    loss: u64,
    duplication: u64,
    most_delay: Duration,
    restart_lcp: bool,
}

impl Scenario {
    fn roll(dice: &mut Dice) -> Self {
        use SecretCase::*;
        let late = |dice: &mut Dice| match dice.below(8) {
            0 => ms(dice.below(9000)),
            _ => ms(dice.below(300)),
        };
        Self {
            policies: [dice.pick(&POLICIES), dice.pick(&POLICIES)],
            early: [dice.percent(50), dice.percent(50)],
            lcp: dice.pick(&[Lcp::EndToEnd, Lcp::EndToEnd, Lcp::Unread, Lcp::OneSided]),
            secrets: dice.pick(&[
                None,
                None,
                Same,
                Same,
                SameFromAuthentication,
                Differing,
                OneOnly,
            ]),
            compatible: dice.below(10) != 0,
            network_after: [late(dice), late(dice)],
            loss: dice.below(31),
            duplication: dice.below(31),
            most_delay: ms(10 + dice.below(490)),
            restart_lcp: dice.percent(20),
        }
    }

    /// Neither end is off, and what they want, can and know goes together.
    fn may_confirm(&self) -> bool {
        let secrets_fit = !matches!(self.secrets, SecretCase::Differing | SecretCase::OneOnly);
        self.compatible && secrets_fit && !self.policies.contains(&Policy::Off)
    }

    fn host(&self, end: usize, dice: &mut Dice) -> Host {
        let mut config = Config::new(self.policies[end]);
        config.early_offer = self.early[end];
        config.timing.overlap = dice.pick(&[ms(700), ms(700), ms(2500)]);
        config.timing.rekey_interval = ms(3000 + dice.below(5000));
        config.timing.rekey_packets = if dice.percent(20) { 20 } else { 1 << 28 };
        config.timing.ask_again = s(5);
        if !self.compatible && end == 0 {
            config.terms.can_send = Transforms::NONE.with(Transform::Decoy);
            config.terms.max_coverage = Coverage::new(2).expect("2 is not 0");
        }
        let secret = |byte| Secret::generated(vec![byte; 16]);
        let mut secrets = Secrets::default();
        config.secret = match (self.secrets, end) {
            (SecretCase::None, _) | (SecretCase::OneOnly, 1) => SecretSource::None,
            (SecretCase::Differing, 1) => SecretSource::Configured(secret(2)),
            (SecretCase::SameFromAuthentication, _) => {
                secrets.msk = Some(secret(3));
                SecretSource::Authentication
            }
            _ => SecretSource::Configured(secret(1)),
        };
        Host::new(config, secrets, dice.next())
    }
}

fn is_settled(state: State) -> bool {
    matches!(
        state,
        State::Confirmed | State::Clear(_) | State::Refused(_)
    )
}

#[derive(Default, Debug)]
struct Tally {
    possible: u64,
    confirmed: u64,
    confirmed_after_restart: u64,
    clear: u64,
    refused_by_doubt: u64,
    rekeys: u64,
    unscrambled: u64,
}

/// One seed: plays a scenario and checks how it ends.
fn play(seed: u64, tally: &mut Tally) {
    let mut dice = Dice(seed);
    let scenario = Scenario::roll(&mut dice);
    let hosts = [scenario.host(0, &mut dice), scenario.host(1, &mut dice)];
    let wire = Lossy {
        dice: Dice(dice.next()),
        loss: scenario.loss,
        duplication: scenario.duplication,
        least: ms(5),
        most: scenario.most_delay,
    };
    let mut pair = Pair::new(hosts, wire);
    pair.lcp = scenario.lcp;
    pair.start(scenario.network_after);
    pair.start_data();
    for _ in 0..dice.below(4) {
        pair.rekey_at(ms(500 + dice.below(30_000)), dice.below(2) as usize);
    }
    let context = |pair: &Pair<Lossy>| format!("seed {seed}: {:?} in {scenario:?}", pair.states());

    let settled = |pair: &Pair<Lossy>| pair.states().into_iter().all(is_settled);
    assert!(
        pair.run_until(s(120), settled),
        "undecided, {}",
        context(&pair)
    );
    pair.run(pair.now + s(25));
    check_end(&pair, &scenario, &context(&pair), tally);

    if scenario.restart_lcp
        && pair
            .states()
            .iter()
            .all(|state| !matches!(state, State::Refused(_)))
    {
        let were_confirmed = pair.both_confirmed();
        pair.lcp_down_at(pair.now + ms(1));
        pair.run(pair.now + ms(2));
        assert!(
            pair.run_until(pair.now + s(120), settled),
            "undecided, {}",
            context(&pair)
        );
        pair.run(pair.now + s(25));
        check_end(&pair, &scenario, &context(&pair), tally);
        if were_confirmed {
            tally.confirmed_after_restart += u64::from(pair.both_confirmed());
        }
    }
}

fn check_end(pair: &Pair<Lossy>, scenario: &Scenario, context: &str, tally: &mut Tally) {
    tally.possible += u64::from(scenario.may_confirm());
    for (end, host) in pair.hosts.iter().enumerate() {
        // No rekey and no upgrade loses what the link delivered, and nothing is ever taken for something else.
        assert_eq!(host.garbled, 0, "garbled at {end}, {context}");
        assert_eq!(host.keyless, 0, "no key at {end}, {context}");
        let peer_confirmed = pair.hosts[1 - end].ever_confirmed;
        let expected = match (host.policy, host.state()) {
            (Policy::Off, State::Clear(Reason::Off)) => true,
            (Policy::Prefer, State::Clear(_)) => !host.ever_confirmed,
            (Policy::Prefer, State::Refused(_)) => host.ever_confirmed,
            (Policy::Require, State::Refused(_)) => true,
            (Policy::Prefer | Policy::Require, State::Confirmed) => {
                scenario.may_confirm() && peer_confirmed
            }
            _ => false,
        };
        assert!(expected, "end {end}, {context}");
        tally.refused_by_doubt += u64::from(
            host.policy == Policy::Prefer && host.reason() == Some(Reason::Unacknowledged),
        );
    }
    let [a, b] = &pair.hosts;
    match pair.states() {
        [State::Confirmed, State::Confirmed] => {
            tally.confirmed += 1;
            tally.unscrambled += a.unscrambled + b.unscrambled;
            tally.rekeys += a.negotiator.counters().rekeys;
            assert_ne!(a.own, b.own, "{context}");
            // Whatever either end sends now, the other holds the key for.
            for (from, to) in [(a, b), (b, a)] {
                let keys = from.send.as_ref().expect("a confirmed end sends");
                assert_eq!(
                    to.receive[usize::from(keys.parity())].as_ref(),
                    Some(keys),
                    "{context}"
                );
            }
            let mirrored = a.negotiator.agreement().expect("confirmed ends agreed");
            assert_eq!(
                b.negotiator
                    .agreement()
                    .expect("confirmed ends agreed")
                    .send,
                mirrored.receive
            );
            assert_eq!(
                b.negotiator
                    .agreement()
                    .expect("confirmed ends agreed")
                    .receive,
                mirrored.send
            );
        }
        [State::Clear(_), State::Clear(_)] => tally.clear += 1,
        [State::Confirmed, State::Clear(_)] | [State::Clear(_), State::Confirmed] => {
            panic!("apart, {context}")
        }
        _ => {}
    }
    let punctual =
        scenario.network_after.iter().all(|after| *after <= ms(300)) && scenario.loss == 0;
    if punctual && scenario.secrets == SecretCase::Differing && scenario.compatible {
        let off = scenario.policies.contains(&Policy::Off);
        assert!(
            off || pair.hosts.iter().any(|host| host.has_alarm(Alarm::BadTag)),
            "{context}"
        );
    }
    if punctual && scenario.may_confirm() {
        assert!(pair.both_confirmed(), "no loss and yet {context}");
    }
}

#[test]
fn thousands_of_seeds_end_as_the_policies_say() {
    let seeds: u64 = std::env::var("SEEDS")
        .ok()
        .and_then(|seeds| seeds.parse().ok())
        .unwrap_or(8000);
    let mut tally = Tally::default();
    for seed in 0..seeds {
        play(seed, &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.confirmed * 10 > tally.possible * 8, "{tally:?}");
    assert!(
        tally.rekeys > seeds / 2 && tally.unscrambled > seeds * 20,
        "{tally:?}"
    );
}
