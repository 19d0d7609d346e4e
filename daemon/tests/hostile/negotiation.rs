//! A carrier that keeps the two ends from agreeing: it strips the offer, or answers ECP in the peer's place.

use std::cell::Cell;
use std::rc::Rc;

use scramble::negotiator::{Reason, State};
use scramble::option::{LEN, OUI};
use scramble::wire::ppp::protocol;

use crate::attacker::{Attacker, answer, on_frames};
use crate::scene::{
    BYSTANDER, ENDS, Pings, Scene, VICTIM, alarms, assert_recovers, carries_data, downs, in_clear,
    inject, is_up, scenes, scenes_of_all_transforms,
};
use crate::world::wire::{Frame, control};
use crate::world::{Flying, Place, World, s};

/// What the carrier does about ECP.
#[derive(Clone, Copy, Debug)]
enum Deed {
    /// Nothing of it arrives.
    Strip,
    /// The end that sent a Configure-Request or Reset-Request is told that its peer does not know ECP.
    ProtocolReject,
    /// ... that its peer does not know the option.
    ConfigureReject,
    /// ... that its peer gives up.
    Terminate,
    /// ... that its peer does not know the code.
    CodeReject,
}

const DEEDS: [Deed; 5] = [
    Deed::Strip,
    Deed::ProtocolReject,
    Deed::ConfigureReject,
    Deed::Terminate,
    Deed::CodeReject,
];

impl Deed {
    fn reason(self) -> Reason {
        match self {
            Self::Strip => Reason::Silent,
            Self::ProtocolReject => Reason::ProtocolRejected,
            Self::ConfigureReject | Self::CodeReject => Reason::Rejected,
            Self::Terminate => Reason::PeerTerminated,
        }
    }

    fn attack(self) -> impl FnMut(&[Flying], &Flying) -> Vec<Flying> {
        on_frames(move |seen, flying, frame| match frame.protocol {
            protocol::ECP => self.answer(seen, flying, &frame).into_iter().collect(),
            _ => vec![flying.clone()],
        })
    }

    fn answer(self, seen: &[Flying], flying: &Flying, frame: &Frame) -> Option<Flying> {
        const CONFIGURE_REQUEST: u8 = 1;
        const RESET_REQUEST: u8 = 14;
        let [code, identifier, _, _, options @ ..] = &frame.information[..] else {
            return None;
        };
        if !matches!(*code, CONFIGURE_REQUEST | RESET_REQUEST) {
            return None;
        }
        let (protocol, packet) = match self {
            Self::Strip => return None,
            Self::ProtocolReject => {
                let rejected = [&protocol::ECP.to_be_bytes()[..], &frame.information].concat();
                (protocol::LCP, control(8, 77, &rejected))
            }
            Self::ConfigureReject => (protocol::ECP, control(4, *identifier, options)),
            Self::Terminate => (protocol::ECP, control(5, 77, &[])),
            Self::CodeReject => (protocol::ECP, control(7, 77, &frame.information)),
        };
        answer(seen, flying, protocol, &packet)
    }
}

/// Before anything is confirmed, a carrier has its way under `prefer`, and the reason is told; under `require` there is
/// no call.
#[test]
fn before_confirmation() {
    for scene in scenes() {
        for deed in DEEDS {
            let mut world = scene.world();
            world.carrier.attack(deed.attack());
            let mut pings = Pings::default();
            pings.run(&mut world, s(40));
            pings.assert_all_arrived(BYSTANDER);
            if scene.is_require() {
                assert!(
                    !carries_data(&world) && pings.sent[VICTIM] == 0,
                    "{scene:?} {deed:?}"
                );
                assert!(downs(&world) > 0, "{scene:?} {deed:?}");
                let reasons = &world.lns.totals().ended;
                assert!(
                    reasons.contains_key("scrambling") || reasons.contains_key("peer-terminated"),
                    "{reasons:?}"
                );
            } else {
                assert_eq!(in_clear(&world), Some(deed.reason()), "{scene:?} {deed:?}");
                assert!(pings.arrived[VICTIM] > 0);
                assert!(world.lns.totals().fallbacks.values().sum::<u64>() > 0);
                assert_eq!(
                    alarms(&world),
                    [vec![], vec![]] as [Vec<String>; 2],
                    "nobody was scrambled before"
                );
            }
            assert_recovers(&mut world, &scene);
        }
    }
}

/// What a carrier does about ECP after confirmation is in vain, until keys are to be replaced; the call then ends, and
/// is never in clear. When the victim dials again, `prefer` gives in, and raises an alarm at both ends.
#[test]
fn after_confirmation() {
    for scene in scenes() {
        for deed in DEEDS {
            let mut world = scene.confirmed();
            world.carrier.attack(deed.attack());
            let mut pings = Pings::default();
            pings.run(&mut world, s(10));
            pings.assert_all_arrived(VICTIM);
            assert!(world.is_scrambled(VICTIM));
            let session = world.session_of(VICTIM);

            assert!(world.rekey(VICTIM));
            pings.run(&mut world, s(50));
            pings.assert_all_arrived(VICTIM);
            assert_eq!(world.session_of(VICTIM), session);
            assert!(
                world.is_scrambled(VICTIM),
                "60 tries of a second each are not over"
            );
            pings.run(&mut world, s(60));
            pings.assert_all_arrived(BYSTANDER);
            // Under `require` the next calls end as well.
            let ended = downs(&world);
            assert!(
                ended == 1 || ended > 1 && scene.is_require(),
                "{scene:?} {deed:?}: {:?}",
                world.events[VICTIM]
            );
            assert_ne!(world.session_of(VICTIM), session);
            if scene.is_require() {
                assert!(!carries_data(&world));
            } else {
                assert!(
                    in_clear(&world).is_some(),
                    "{scene:?} {deed:?}: {:?}",
                    world.states(VICTIM)
                );
                assert_alarm(&world, "used PHS before");
            }
            assert_recovers(&mut world, &scene);
        }
    }
}

/// Each end raised an alarm that says so.
fn assert_alarm(world: &World<Attacker>, what: &str) {
    for alarms in alarms(world) {
        assert!(
            alarms.iter().any(|alarm| alarm.contains(what)),
            "{alarms:?}"
        );
    }
}

/// What is confirmed is remembered by user, across calls: also where the call ended well.
#[test]
fn a_fallback_on_redial_raises_the_alarm() {
    for scene in scenes().filter(|scene| !scene.is_require()) {
        for deed in DEEDS {
            let mut world = scene.confirmed();
            world.carrier.attack(deed.attack());
            world.kick(VICTIM, "for the test");
            assert!(
                world.run_while(s(30), |world| !(downs(world) > 0 && is_up(world, VICTIM))),
                "{scene:?} {deed:?}"
            );
            assert_eq!(in_clear(&world), Some(deed.reason()), "{scene:?} {deed:?}");
            world.run_for(s(1));
            assert_alarm(&world, "used PHS before");
        }
    }
}

/// The option of an early offer, if an LCP Configure-Request ends with it.
fn early_offer(frame: &Frame) -> Option<&[u8]> {
    let is_request = frame.protocol == protocol::LCP && frame.information.first() == Some(&1);
    let at = frame.information.len().checked_sub(LEN)?;
    let option = frame.information.get(at..).filter(|_| is_request)?;
    (option[0] == 0 && option[2..5] == OUI).then_some(option)
}

/// An early offer that a carrier rejects is made again in ECP; where it strips that as well, the offer is as if never
/// made.
#[test]
fn stripping_the_early_offer_from_lcp() {
    for scene in scenes() {
        for both in [false, true] {
            let scene = Scene {
                early_offer: true,
                ..scene
            };
            let mut world = scene.world();
            let stripped = Rc::new(Cell::new(0));
            let count = Rc::clone(&stripped);
            world.carrier.attack(on_frames(move |seen, flying, frame| {
                if let Some(option) = early_offer(&frame) {
                    count.set(count.get() + 1);
                    let reject = control(4, frame.information[1], option);
                    return answer(seen, flying, protocol::LCP, &reject)
                        .into_iter()
                        .collect();
                }
                if both && frame.protocol == protocol::ECP {
                    return vec![];
                }
                vec![flying.clone()]
            }));
            let mut pings = Pings::default();
            pings.run(&mut world, s(40));
            pings.assert_all_arrived(BYSTANDER);
            assert!(stripped.get() >= 2, "both ends offered");
            match (both, scene.is_require()) {
                (false, _) => assert!(
                    world.is_scrambled(VICTIM),
                    "{scene:?}: {:?}",
                    world.states(VICTIM)
                ),
                (true, false) => assert_eq!(in_clear(&world), Some(Reason::Silent), "{scene:?}"),
                (true, true) => assert!(!carries_data(&world) && downs(&world) > 0),
            }
            assert_recovers(&mut world, &scene);
        }
    }
}

/// One end's CONFIRM never arrives: no end stays scrambled while the other is in clear.
#[test]
fn a_confirmation_in_one_direction_only() {
    for scene in scenes() {
        for from in ENDS {
            let mut world = scene.world();
            world.carrier.attack(on_frames(move |_, flying, frame| {
                let is_reset = frame.protocol == protocol::ECP
                    && matches!(frame.information.first(), Some(14 | 15));
                if is_reset && flying.from == from {
                    vec![]
                } else {
                    vec![flying.clone()]
                }
            }));
            let mut pings = Pings::default();
            pings.run(&mut world, s(15));
            // One end is confirmed, the other is not: data is neither sent in clear by the first, nor taken by the second.
            assert_eq!(pings.arrived[VICTIM], 0, "{scene:?}");
            pings.run(&mut world, s(45));
            pings.assert_all_arrived(BYSTANDER);
            assert!(downs(&world) > 0 || in_clear(&world).is_some(), "{scene:?}");
            assert_recovers(&mut world, &scene);
        }
    }
}

/// A call that is in clear because nothing of ECP got through is upgraded when a Configure-Request comes late (draft section
/// 3.5.1). A carrier that lets one end's confirmation through and not the other's has the first send scrambled and the
/// second in clear: neither takes what the other sends, until the confirmation arrives.
#[test]
fn an_upgrade_that_is_held_up() {
    for scene in scenes_of_all_transforms().filter(|scene| !scene.is_require()) {
        for held_up in ENDS {
            let mut world = scene.world();
            world
                .carrier
                .attack(on_frames(|_, flying, frame| match frame.protocol {
                    protocol::ECP => vec![],
                    _ => vec![flying.clone()],
                }));
            let mut pings = Pings::default();
            pings.run(&mut world, s(8));
            assert_eq!(
                world.states(VICTIM),
                [Some(State::Clear(Reason::Silent)); 2],
                "{scene:?}"
            );
            assert!(pings.arrived[VICTIM] > 0);

            // Resets to this end are lost, so the other is confirmed first.
            world.carrier.attack(on_frames(move |_, flying, frame| {
                let is_reset = frame.protocol == protocol::ECP
                    && matches!(frame.information.first(), Some(14 | 15));
                if is_reset && flying.to == held_up {
                    vec![]
                } else {
                    vec![flying.clone()]
                }
            }));
            let from_client = world
                .carrier
                .seen
                .iter()
                .filter(|flying| flying.to == Place::Lns);
            let frames = from_client.filter_map(|flying| Frame::of(&flying.payload));
            let mut requests =
                frames.filter(|frame| frame.protocol == protocol::ECP && frame.information[0] == 1);
            let late = requests.next().expect("a Configure-Request").information;
            inject(&mut world, Place::Lns, protocol::ECP, &late);
            let index = usize::from(held_up == Place::Lns);
            let confirmed = world.run_while(s(5), |world| {
                world.states(VICTIM)[1 - index] != Some(State::Confirmed)
            });
            assert!(confirmed, "{scene:?}: {:?}", world.states(VICTIM));
            world.run_for(s(1));
            let mut between = Pings::default();
            between.run(&mut world, s(5));
            assert_eq!(
                world.states(VICTIM)[index],
                Some(State::Confirming),
                "{scene:?}"
            );
            assert!(between.sent[VICTIM] > 0);
            assert_eq!(
                between.arrived[VICTIM], 0,
                "{scene:?}: {held_up:?} has no proof of the other's keys"
            );

            world.carrier.calm();
            assert!(
                world.run_while(s(5), |world| !world.is_scrambled(VICTIM)),
                "{scene:?}: {:?}",
                world.states(VICTIM)
            );
            world.run_for(s(1));
            let mut after = Pings::default();
            after.run(&mut world, s(5));
            after.assert_all_arrived(VICTIM);
            for pings in [&pings, &between, &after] {
                pings.assert_all_arrived(BYSTANDER);
            }
            assert_eq!(
                downs(&world),
                0,
                "{scene:?}: {:?}",
                world.events[VICTIM].last()
            );
            assert_recovers(&mut world, &scene);
        }
    }
}
