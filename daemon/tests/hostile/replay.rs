//! A carrier that replays what it saw, at once or a whole session later, and one that reflects.

use scramble::wire::ppp::protocol;

use crate::attacker::is_victims;
use crate::scene::{
    BYSTANDER, ENDS, Pings, Scene, VICTIM, assert_recovers, downs, scenes, scenes_of_all_transforms,
};
use crate::world::wire::{ControlHeader, Frame};
use crate::world::{Flying, ms, s};

/// Everything comes again while the session goes on, twice. FULL takes each packet once, which the guard checks too.
/// HEADER and DECOY take copies, as the draft says (sections 15.3 and 15.4.4): of data when it is up; and of NCPs, so that
/// a carrier that repeats everything from the beginning keeps them from coming up, as it could by dropping it.
#[test]
fn everything_again_while_the_session_goes_on() {
    for scene in scenes_of_all_transforms() {
        for from_the_beginning in [true, false] {
            let mut world = if from_the_beginning {
                scene.world()
            } else {
                scene.confirmed()
            };
            if !from_the_beginning {
                world.run_for(ms(500));
            }
            let mut held: Vec<Flying> = Vec::new();
            world.carrier.attack(move |_, flying| {
                held.push(flying.clone());
                let again = |back: usize| {
                    held.len()
                        .checked_sub(back)
                        .and_then(|at| held.get(at))
                        .cloned()
                };
                [Some(flying.clone()), again(5), again(40)]
                    .into_iter()
                    .flatten()
                    .collect()
            });
            let mut pings = Pings::default();
            pings.run(&mut world, s(10));
            assert!(
                world.is_scrambled(VICTIM),
                "{scene:?}: {:?}",
                world.states(VICTIM)
            );
            world.rekey(VICTIM);
            pings.run(&mut world, s(10));
            pings.assert_all_arrived(BYSTANDER);
            assert!(
                world.is_scrambled(VICTIM) && downs(&world) == 0,
                "{scene:?}: {:?}",
                world.events[VICTIM]
            );
            let (sent, arrived) = (pings.sent[VICTIM], pings.arrived[VICTIM]);
            match (scene.transform, from_the_beginning) {
                ("full", _) => assert_eq!(arrived, sent, "{scene:?}"),
                (_, false) => assert!(arrived > 2 * sent, "{scene:?}: {sent} {arrived}"),
                (_, true) => {}
            }
            assert!(world.lns.totals().rekeys > 0);
            assert_recovers(&mut world, &scene);
        }
    }
}

/// A whole session, from SCCRQ to its end, comes again into the next one of the same user from the same address. Under
/// FULL the guard sees to it that no packet comes out a second time.
#[test]
fn a_whole_session_again_in_the_next() {
    for scene in scenes() {
        let mut world = scene.confirmed();
        let mut pings = Pings::default();
        pings.run(&mut world, s(2));
        assert!(world.rekey(VICTIM));
        pings.run(&mut world, s(2));
        world.kick(VICTIM, "for the test");
        assert!(world.run_while(s(20), |world| downs(world) == 0));
        let recorded = world.carrier.seen.clone();
        assert!(world.run_while(s(20), |world| !(world.is_scrambled(VICTIM)
            && world.ipv4(VICTIM).is_some())));
        let session = world.session_of(VICTIM);

        for flying in &recorded {
            assert!(is_victims(flying));
            world.launch(ms(1), flying.clone());
            world.run_for(ms(1));
        }
        // And once more under the ids of the session that is up, but for what may end any call: LCP and authentication.
        for to in ENDS {
            let latest = crate::scene::latest(&world, to).unwrap();
            for flying in recorded.iter().filter(|flying| flying.to == to) {
                let frame = Frame::of(&flying.payload);
                if let Some(frame) =
                    frame.filter(|frame| frame.is_data() || frame.protocol == protocol::ECP)
                {
                    let payload = latest.instead(frame.protocol, &frame.information);
                    world.launch(
                        ms(1),
                        Flying {
                            payload,
                            ..flying.clone()
                        },
                    );
                    world.run_for(ms(1));
                }
            }
        }
        let mut pings = Pings::default();
        pings.run(&mut world, s(5));
        pings.assert_all_arrived(BYSTANDER);
        assert_eq!(
            world.session_of(VICTIM),
            session,
            "{scene:?}: {:?}",
            world.events[VICTIM]
        );
        pings.assert_all_arrived(VICTIM);
        assert!(world.is_scrambled(VICTIM));
        assert_recovers(&mut world, &scene);
    }
}

/// Every datagram comes back to its sender: from the start, or after confirmation.
#[test]
fn everything_reflected() {
    for scene in scenes_of_all_transforms() {
        for before in [true, false] {
            let mut world = if before {
                scene.world()
            } else {
                scene.confirmed()
            };
            world.carrier.attack(|_, flying| {
                let back = Flying {
                    from: flying.to,
                    to: flying.from,
                    payload: flying.payload.clone(),
                };
                vec![flying.clone(), back]
            });
            let mut pings = Pings::default();
            pings.run(&mut world, s(10));
            world.rekey(VICTIM);
            pings.run(&mut world, s(20));
            pings.assert_all_arrived(BYSTANDER);
            if !before && downs(&world) == 0 {
                assert!(pings.arrived[VICTIM] >= pings.sent[VICTIM], "{scene:?}");
            }
            assert_recovers(&mut world, &scene);
        }
    }
}

/// Reflected under the ids that the receiver expects: only keys of its own direction keep it apart from the peer's.
#[test]
fn data_reflected_under_the_right_ids() {
    for scene in scenes_of_all_transforms() {
        let mut world = scene.confirmed();
        world.carrier.attack(|seen, flying| {
            let frame = Frame::of(&flying.payload).filter(Frame::is_data);
            let back = frame.and_then(|frame| {
                crate::attacker::answer(seen, flying, frame.protocol, &frame.information)
            });
            [Some(flying.clone()), back].into_iter().flatten().collect()
        });
        let mut pings = Pings::default();
        pings.run(&mut world, s(10));
        pings.assert_all_arrived(VICTIM);
        pings.assert_all_arrived(BYSTANDER);
        assert!(world.is_scrambled(VICTIM), "{scene:?}");
        assert_recovers(&mut world, &scene);
    }
}

/// A replayed SCCRQ makes a half-open control connection, which nobody answers and which is soon gone.
#[test]
fn old_requests_for_a_control_connection() {
    let scene = Scene {
        seed: 3,
        ..scenes().next().unwrap()
    };
    let mut world = scene.confirmed();
    let request = world.carrier.seen.iter().find(|flying| {
        ControlHeader::of(&flying.payload).is_some_and(|header| header.kind == Some(1))
    });
    let request = request.cloned().unwrap();
    let mut pings = Pings::default();
    for _ in 0..200 {
        world.launch(ms(1), request.clone());
        pings.send(&mut world);
        world.run_for(ms(100));
        pings.receive(&mut world);
        assert!(world.lns.calls().endpoint(0).tunnels().count() <= 4);
    }
    world.run_for(s(1));
    pings.receive(&mut world);
    pings.assert_all_arrived(VICTIM);
    pings.assert_all_arrived(BYSTANDER);
    assert_recovers(&mut world, &scene);
}
