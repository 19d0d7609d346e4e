//! A carrier that swaps public keys: it holds PHS with each end, and reads everything in between.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use scramble::agreement::{Direction, End, EpochKeys};
use scramble::keys::{Secret, Secrets};
use scramble::negotiator::{Config, Event, Negotiator, Policy, Reason, SecretSource, State};
use scramble::option::Disagreement;
use scramble::transform::{HEADROOM, Packet, Receiver, Sender, TAILROOM};
use scramble::wire::ppp::protocol;

use crate::attacker::on_frames;
use crate::scene::{
    BYSTANDER, Pings, VICTIM, alarms, assert_recovers, carries_data, downs, in_clear, is_up,
    scenes_of_all_transforms,
};
use crate::world::guard::{SECRET, holds};
use crate::world::wire::{Frame, latest_frame};
use crate::world::{Dice, Flying, Place, s};

/// The carrier's own PHS with one of the ends.
struct Leg {
    negotiator: Negotiator<Dice>,
    receiver: Option<Receiver>,
    sender: Option<Sender>,
    pending: Option<(End, Direction, EpochKeys)>,
}

impl Leg {
    fn new(secret: SecretSource, seed: u64) -> Self {
        let config = Config {
            secret,
            ..Config::new(Policy::Prefer)
        };
        Self {
            negotiator: Negotiator::new(config, Dice(seed)),
            receiver: None,
            sender: None,
            pending: None,
        }
    }

    fn digest(&mut self) {
        while let Some(event) = self.negotiator.poll() {
            match event {
                Event::Install {
                    keys,
                    own,
                    agreement,
                } => {
                    let receiver = self
                        .receiver
                        .get_or_insert_with(|| Receiver::new(own.peer(), agreement.receive));
                    receiver.install(keys.clone());
                    self.pending = Some((own, agreement.send, keys));
                }
                Event::Send { .. } => {
                    if let Some((own, direction, keys)) = self.pending.take() {
                        match &mut self.sender {
                            Some(sender) => sender.switch(keys).expect("a later epoch"),
                            none => *none = Some(Sender::new(own, direction, keys)),
                        }
                    }
                }
                Event::Retire { epoch } => {
                    if let Some(receiver) = &mut self.receiver {
                        receiver.retire(epoch);
                    }
                }
                Event::Erase => (self.receiver, self.sender, self.pending) = (None, None, None),
                _ => {}
            }
        }
    }
}

/// The carrier between both ends.
struct Middle {
    /// To the client, to the access server.
    legs: [Leg; 2],
    now: Duration,
    /// Packets of the subscriber's that it read.
    read: Rc<RefCell<usize>>,
}

const ENDS: [Place; 2] = [Place::Client(VICTIM), Place::Lns];

impl Middle {
    fn new(secret: &SecretSource, read: &Rc<RefCell<usize>>) -> Self {
        Self {
            legs: [1, 2].map(|seed| Leg::new(secret.clone(), seed)),
            now: Duration::ZERO,
            read: Rc::clone(read),
        }
    }

    fn frame(&mut self, seen: &[Flying], flying: &Flying, frame: Frame) -> Vec<Flying> {
        let near = usize::from(flying.from == Place::Lns);
        // There is no clock here; so that a second has passed now and then is enough.
        self.now += Duration::from_millis(20);
        let mut passed = Vec::new();
        if frame.protocol == protocol::ECP {
            for leg in &mut self.legs {
                let secrets = Secrets::default();
                leg.negotiator
                    .network_phase(self.now, secrets)
                    .expect("no offer was made in LCP");
            }
            self.legs[near]
                .negotiator
                .handle_ecp(self.now, &frame.information);
        } else if frame.is_data() {
            passed.extend(self.pass(near, &frame).map(|payload| Flying {
                payload,
                ..flying.clone()
            }));
        } else {
            passed.push(flying.clone());
        }
        for (end, leg) in ENDS.into_iter().zip(&mut self.legs) {
            leg.negotiator.handle_timeout(self.now);
            leg.digest();
            while let Some(packet) = leg.negotiator.poll_transmit() {
                let from = if end == Place::Lns {
                    ENDS[0]
                } else {
                    Place::Lns
                };
                // The frame at hand is the latest, if it goes there.
                let theirs = if flying.to == end {
                    Frame::of(&flying.payload)
                } else {
                    latest_frame(seen, from, end)
                };
                if let Some(theirs) = theirs {
                    let payload = theirs.instead(protocol::ECP, &packet);
                    passed.push(Flying {
                        from,
                        to: end,
                        payload,
                    });
                }
            }
        }
        passed
    }

    /// Opens data with the keys of one leg, reads it, and closes it with those of the other.
    fn pass(&mut self, near: usize, frame: &Frame) -> Option<Vec<u8>> {
        let ppp = [&frame.protocol.to_be_bytes()[..], &frame.information].concat();
        let mut buffer = vec![0; HEADROOM + ppp.len() + TAILROOM];
        let range = HEADROOM..HEADROOM + ppp.len();
        buffer[range.clone()].copy_from_slice(&ppp);
        let mut packet = Packet::new(&mut buffer, range);
        self.legs[near]
            .receiver
            .as_mut()?
            .restore(&mut packet)
            .ok()?;
        if holds(packet.bytes(), SECRET) {
            *self.read.borrow_mut() += 1;
        }
        self.legs[1 - near]
            .sender
            .as_mut()?
            .scramble(&mut packet)
            .ok()?;
        Some([&frame.before, packet.bytes()].concat())
    }
}

/// "Without a pre-shared secret, PHS withstands passive attackers only" (draft section 4.2): nobody notices.
#[test]
fn without_a_secret_it_goes_unnoticed() {
    for scene in scenes_of_all_transforms().filter(|scene| !scene.secret) {
        let mut world = scene.world();
        let read = Rc::new(RefCell::new(0));
        let mut middle = Middle::new(&SecretSource::None, &read);
        world.carrier.attack(on_frames(move |seen, flying, frame| {
            middle.frame(seen, flying, frame)
        }));
        assert!(
            world.run_while(s(10), |world| !is_up(world, VICTIM)),
            "{scene:?}: {:?}",
            world.states(VICTIM)
        );
        let mut pings = Pings::default();
        pings.run(&mut world, s(2));
        assert!(world.rekey(VICTIM));
        pings.run(&mut world, s(3));
        pings.assert_all_arrived(VICTIM);
        assert!(world.lns.totals().rekeys > 0);
        assert!(world.is_scrambled(VICTIM));
        assert_eq!(*read.borrow(), pings.sent[VICTIM], "{scene:?}");
        assert_eq!(alarms(&world).concat(), [""; 0]);
        // It cannot leave unnoticed: what the ends send is for its keys. A new call is clean.
        world.carrier.calm();
        world.kick(VICTIM, "for the test");
        assert!(world.run_while(s(20), |world| downs(world) == 0));
        assert_recovers(&mut world, &scene);
    }
}

/// "It cannot come in later" (section 15.2).
#[test]
fn it_cannot_come_in_later() {
    for scene in scenes_of_all_transforms() {
        let mut world = scene.confirmed();
        let mut pings = Pings::default();
        pings.run(&mut world, s(1));
        let read = Rc::new(RefCell::new(0));
        let mut middle = Middle::new(&SecretSource::None, &read);
        world.carrier.attack(on_frames(move |seen, flying, frame| {
            let is_ecp = frame.protocol == protocol::ECP;
            let own = middle.frame(seen, flying, frame);
            // What it makes of ECP goes beside what the ends send; data it can only let pass.
            let ecp = own.into_iter().filter(|_| is_ecp);
            std::iter::once(flying.clone()).chain(ecp).collect()
        }));
        assert!(world.rekey(VICTIM));
        pings.run(&mut world, s(5));
        pings.assert_all_arrived(VICTIM);
        assert!(world.lns.totals().rekeys > 0 && world.is_scrambled(VICTIM));
        assert_eq!(*read.borrow(), 0);
        assert_recovers(&mut world, &scene);
    }
}

/// With a secret, whoever does not know it is found out: by its option where it claims none, by its confirmation where it
/// has a wrong one. Nothing is sent on its keys.
#[test]
fn with_a_secret_it_is_found_out() {
    let wrong = SecretSource::Configured(Secret::generated(vec![0x33; 32]));
    for scene in scenes_of_all_transforms().filter(|scene| scene.secret) {
        for (secret, reason) in [
            (
                &SecretSource::None,
                Reason::Disagreement(Disagreement::SecretFlags),
            ),
            (&wrong, Reason::BadTag),
        ] {
            let mut world = scene.world();
            let read = Rc::new(RefCell::new(0));
            let mut middle = Middle::new(secret, &read);
            world.carrier.attack(on_frames(move |seen, flying, frame| {
                // In clear there is no need to pass itself off.
                let told = frame.is_data()
                    && middle
                        .legs
                        .iter()
                        .all(|leg| leg.negotiator.state() != State::Confirmed);
                if told {
                    vec![flying.clone()]
                } else {
                    middle.frame(seen, flying, frame)
                }
            }));
            let mut pings = Pings::default();
            pings.run(&mut world, s(40));
            pings.assert_all_arrived(BYSTANDER);
            assert_eq!(*read.borrow(), 0, "{scene:?}: read on its keys");
            assert!(
                !world.states(VICTIM).contains(&Some(State::Confirmed)),
                "{scene:?}"
            );
            if reason == Reason::BadTag {
                for alarms in alarms(&world) {
                    assert!(
                        alarms
                            .iter()
                            .any(|alarm| alarm.contains("wrong confirmation")),
                        "{scene:?}: {alarms:?}"
                    );
                }
            }
            if scene.is_require() {
                assert!(!carries_data(&world) && downs(&world) > 0);
                let ended = &world.lns.totals().ended;
                assert!(
                    ended.contains_key("scrambling") || ended.contains_key("peer-terminated"),
                    "{ended:?}"
                );
            } else {
                let name = if reason == Reason::BadTag {
                    "bad-tag"
                } else {
                    "disagreement"
                };
                assert!(
                    world.lns.totals().fallbacks.contains_key(name),
                    "{scene:?}: {:?}",
                    world.lns.totals().fallbacks
                );
                assert!(in_clear(&world).is_some());
                // It is hard: the call stays in clear. The next one is not.
                world.carrier.calm();
                world.kick(VICTIM, "for the test");
                assert!(world.run_while(s(20), |world| downs(world) == 0));
            }
            assert_recovers(&mut world, &scene);
        }
    }
}
