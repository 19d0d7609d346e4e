//! What a carrier can do by design, since LCP and L2TP are not protected: end a call. It is dialled again, never in clear
//! unless `prefer` gives in, and that raises the alarm.

use scramble::negotiator::DataMode;
use scramble::wire::ppp::protocol;

use crate::attacker::{Attacker, on_frames};
use crate::scene::{
    BYSTANDER, ENDS, Pings, VICTIM, alarms, assert_recovers, carries_data, downs, in_clear, inject,
    is_up, other, scenes,
};
use crate::world::wire::{ControlHeader, cdn, control, stop_ccn};
use crate::world::{Flying, Place, World, ms, s};

/// LCP that a carrier may end or restart a link with, in any case without a word in clear.
fn lcp_packets() -> Vec<(&'static str, Vec<u8>)> {
    let reject = |protocol: u16| {
        control(
            8,
            90,
            &[&protocol.to_be_bytes()[..], &[1, 1, 0, 4]].concat(),
        )
    };
    vec![
        ("Configure-Request", control(1, 91, &[5, 6, 9, 9, 9, 9])),
        (
            "Configure-Request of the MRU",
            control(1, 92, &[1, 4, 0, 64]),
        ),
        ("empty Configure-Request", control(1, 93, &[])),
        ("Configure-Ack", control(2, 94, &[])),
        ("Configure-Nak", control(3, 95, &[5, 6, 9, 9, 9, 9])),
        ("Configure-Reject", control(4, 96, &[5, 6, 9, 9, 9, 9])),
        ("Terminate-Request", control(5, 97, b"go away")),
        ("Terminate-Ack", control(6, 98, &[])),
        (
            "Code-Reject of Configure-Request",
            control(7, 99, &control(1, 1, &[])),
        ),
        (
            "Code-Reject of Echo-Request",
            control(7, 100, &control(9, 1, &[0; 4])),
        ),
        ("Protocol-Reject of LCP", reject(protocol::LCP)),
        ("Protocol-Reject of ECP", reject(protocol::ECP)),
        ("Protocol-Reject of IPCP", reject(protocol::IPCP)),
        ("Protocol-Reject of IPV6CP", reject(protocol::IPV6CP)),
        ("Protocol-Reject of CHAP", reject(protocol::CHAP)),
        (
            "Protocol-Reject of scrambled data",
            reject(protocol::SCRAMBLED),
        ),
        ("Echo-Reply", control(10, 101, &[0; 4])),
        ("unknown code", control(77, 102, &[0; 4])),
        ("CHAP Failure", Vec::new()),
    ]
}

/// LCP is not protected. A carrier can end a call by it, or have it start again; the victim dials again, and is scrambled
/// again, and never in clear.
#[test]
fn lcp_in_opened_ends_a_call_at_worst() {
    for scene in scenes() {
        for to in ENDS {
            for (name, packet) in lcp_packets() {
                let mut world = scene.confirmed();
                let mut pings = Pings::default();
                pings.run(&mut world, s(1));
                match name {
                    "CHAP Failure" => {
                        inject(&mut world, to, protocol::CHAP, &control(4, 1, b"E=691 R=0"))
                    }
                    _ => inject(&mut world, to, protocol::LCP, &packet),
                }
                pings.run(&mut world, s(10));
                pings.assert_all_arrived(BYSTANDER);
                let harmless = name.starts_with("Protocol-Reject of") && !name.ends_with(" LCP")
                    || matches!(
                        name,
                        "Echo-Reply"
                            | "unknown code"
                            | "CHAP Failure"
                            | "Code-Reject of Echo-Request"
                    );
                if harmless {
                    assert_eq!(
                        downs(&world),
                        0,
                        "{scene:?} {to:?} {name}: {:?}",
                        world.events[VICTIM]
                    );
                    pings.assert_all_arrived(VICTIM);
                }
                assert!(downs(&world) <= 1, "{scene:?} {to:?} {name}");
                assert!(
                    world.run_while(s(30), |world| !(world.is_scrambled(VICTIM)
                        && is_up(world, VICTIM))),
                    "{scene:?} {to:?} {name}"
                );
                assert_eq!(alarms(&world).concat(), [""; 0], "{scene:?} {to:?} {name}");
            }
        }
    }
}

/// The same, by a carrier that then keeps the next call from being scrambled: the alarm.
#[test]
fn a_call_ended_by_force_and_its_successor_in_clear_raise_the_alarm() {
    for scene in scenes() {
        let mut world = scene.confirmed();
        world
            .carrier
            .attack(on_frames(|_, flying, frame| match frame.protocol {
                protocol::ECP => vec![],
                _ => vec![flying.clone()],
            }));
        let mut pings = Pings::default();
        pings.run(&mut world, s(1));
        for to in ENDS {
            inject(&mut world, to, protocol::LCP, &control(5, 97, b"go away"));
        }
        pings.run(&mut world, s(30));
        pings.assert_all_arrived(BYSTANDER);
        assert!(downs(&world) > 0);
        if scene.is_require() {
            assert!(!carries_data(&world));
        } else {
            assert!(in_clear(&world).is_some());
            for alarms in alarms(&world) {
                assert!(
                    alarms.iter().any(|alarm| alarm.contains("used PHS before")),
                    "{alarms:?}"
                );
            }
        }
        assert_recovers(&mut world, &scene);
    }
}

/// LCP starts again in the same call, and ECP is stripped from then on: after one confirmation there is no way to clear
/// in a call, whatever the policy (draft section 3.5).
#[test]
fn lcp_started_again_and_ecp_stripped_is_refused() {
    for scene in scenes() {
        let mut world = scene.confirmed();
        let session = world.session_of(VICTIM);
        let mut pings = Pings::default();
        pings.run(&mut world, s(1));
        world
            .carrier
            .attack(on_frames(|_, flying, frame| match frame.protocol {
                protocol::ECP => vec![],
                _ => vec![flying.clone()],
            }));
        inject(
            &mut world,
            Place::Lns,
            protocol::LCP,
            &control(1, 91, &[5, 6, 9, 9, 9, 9]),
        );
        let end = world.now + s(20);
        while world.now < end && world.session_of(VICTIM) == session {
            pings.send(&mut world);
            world.run_for(ms(100));
            let calls = world.lns.calls();
            let mode = session
                .and_then(|key| calls.session(key))
                .map(|session| session.link.data_mode());
            assert_ne!(mode, Some(DataMode::Clear), "{scene:?}");
        }
        assert_eq!(
            world.session_of(VICTIM),
            session,
            "{scene:?}: 10 requests, 3 s apart, are not over"
        );
        assert!(
            world.run_while(s(60), |world| downs(world) == 0),
            "{scene:?}"
        );
        assert_recovers(&mut world, &scene);
    }
}

/// The latest control message from an end of the victim's call, and the ids that its peer gave it.
fn control_of(world: &World<Attacker>, from: Place) -> ControlHeader {
    let theirs = world
        .carrier
        .seen
        .iter()
        .rev()
        .filter(|flying| flying.from == from);
    let mut headers = theirs.filter_map(|flying| ControlHeader::of(&flying.payload));
    headers.next().expect("a control message")
}

/// L2TP is not protected either: whoever knows its numbers can hang up. The victim dials again, and is scrambled.
#[test]
fn l2tp_from_the_right_address_ends_a_call_at_worst() {
    for scene in scenes() {
        for to in ENDS {
            for stops in [true, false] {
                let mut world = scene.confirmed();
                // A Hello later, so that a message and its acknowledgement went both ways.
                world.run_for(s(70));
                let mut pings = Pings::default();
                pings.run(&mut world, s(1));
                let from = other(to);
                let (theirs, ours) = (control_of(&world, from), control_of(&world, to));
                let session = world
                    .session_of(VICTIM)
                    .and_then(|key| world.lns.calls().session(key))
                    .unwrap();
                let (own, peer) = (session.call.session, session.peer_ids.1);
                let (at_receiver, at_sender) = if to == Place::Lns {
                    (own, peer)
                } else {
                    (peer, own)
                };
                for ns in [theirs.ns, theirs.ns.wrapping_add(1), ours.nr] {
                    let payload = match stops {
                        true => stop_ccn(theirs.tunnel, ours.tunnel, ns, ours.ns),
                        false => cdn(theirs.tunnel, at_receiver, at_sender, ns, ours.ns),
                    };
                    world.launch(ms(1), Flying { from, to, payload });
                }
                // An access server that was fooled does not tell the client, which finds out by its echoes.
                pings.run(&mut world, s(170));
                pings.assert_all_arrived(BYSTANDER);
                assert!(
                    downs(&world) == 1,
                    "{scene:?} {to:?}: {:?}",
                    world.events[VICTIM]
                );
                assert!(world.is_scrambled(VICTIM), "{scene:?} {to:?}");
                assert_eq!(alarms(&world).concat(), [""; 0]);
                assert_recovers(&mut world, &scene);
            }
        }
    }
}
