//! A carrier that makes packets of its own: LCP, ECP and NCPs in the peer's name, and data in clear.

use fogline::calls::Drop;
use scramble::ecp::{self, Code, ResetBody};
use scramble::option::{PhsOption, Terms};
use scramble::wire::ppp::protocol;

use crate::attacker::{Attacker, on_frames};
use crate::scene::{
    BYSTANDER, ENDS, Pings, VICTIM, alarms, assert_recovers, carries_data, downs, forged_packet,
    in_clear, inject, is_up, latest, other, scenes, scenes_of_all_transforms,
};
use crate::world::wire::{ControlHeader, cdn, control, stop_ccn};
use crate::world::{Flying, Place, World, ms, s};

/// A Reset message with a tag that nobody made.
fn untagged(code: Code, identifier: u8, body: ResetBody) -> Vec<u8> {
    ecp::reset(code, identifier, body, |_| [0xAB; 16])
}

/// Every ECP packet that PHS knows, in every form that an outsider can give it, and some that it does not know.
fn ecp_packets(world: &World<Attacker>, to: Place) -> Vec<Vec<u8>> {
    let key = [9; 32];
    let options = [false, true].map(|secret| PhsOption::new(&Terms::default(), secret, &key));
    let low_order = PhsOption::new(&Terms::default(), false, &[0; 32]);
    let mut packets = Vec::new();
    for identifier in 0..=255 {
        packets.push(control(2, identifier, options[0].as_bytes()));
        packets.push(control(3, identifier, options[0].as_bytes()));
        packets.push(control(4, identifier, options[0].as_bytes()));
        packets.push(untagged(Code::ResetAck, identifier, ResetBody::Confirm));
        packets.push(untagged(Code::ResetAck, identifier, ResetBody::Ask));
        packets.push(untagged(
            Code::ResetAck,
            identifier,
            ResetBody::Switched { epoch: 1 },
        ));
        packets.push(untagged(
            Code::ResetAck,
            identifier,
            ResetBody::Rekey {
                epoch: 1,
                public_key: key,
            },
        ));
    }
    for option in options.iter().chain([&low_order]) {
        packets.push(control(1, 200, option.as_bytes()));
    }
    packets.push(control(1, 201, &[]));
    packets.push(control(1, 202, &[1, 2]));
    packets.push(control(5, 203, b"go away"));
    packets.push(control(6, 204, &[]));
    for code in [1, 14, 15, 99] {
        packets.push(control(7, 205, &control(code, 1, &[])));
        packets.push(control(code, 206, &[]));
    }
    for epoch in [0, 1, 2, u32::MAX] {
        packets.push(untagged(
            Code::ResetRequest,
            207,
            ResetBody::Rekey {
                epoch,
                public_key: key,
            },
        ));
        packets.push(untagged(
            Code::ResetRequest,
            208,
            ResetBody::Rekey {
                epoch,
                public_key: [0; 32],
            },
        ));
        packets.push(untagged(
            Code::ResetRequest,
            209,
            ResetBody::Switched { epoch },
        ));
    }
    packets.push(untagged(Code::ResetRequest, 210, ResetBody::Confirm));
    packets.push(untagged(Code::ResetRequest, 211, ResetBody::Ask));
    // The peer's own, from before, a little changed.
    let theirs = world.carrier.seen.iter().filter(|flying| flying.to == to);
    let frames = theirs.filter_map(|flying| crate::world::wire::Frame::of(&flying.payload));
    for frame in frames.filter(|frame| frame.protocol == protocol::ECP) {
        let mut packet = frame.information;
        packets.push(packet.clone());
        if let Some(last) = packet.last_mut() {
            *last ^= 1;
        }
        packets.push(packet);
    }
    packets
}

/// "After confirmation, forged ECP messages do nothing" (draft section 15.7): also while a rekey is under way.
#[test]
fn ecp_in_opened_does_nothing() {
    for scene in scenes_of_all_transforms() {
        let mut world = scene.confirmed();
        let mut pings = Pings::default();
        pings.run(&mut world, s(1));
        for rekeying in [false, true] {
            for to in ENDS {
                let session = world.session_of(VICTIM);
                for (number, packet) in ecp_packets(&world, to).iter().enumerate() {
                    if rekeying && number % 400 == 0 {
                        world.rekey(VICTIM);
                    }
                    inject(&mut world, to, protocol::ECP, packet);
                    if number % 20 == 0 {
                        pings.send(&mut world);
                        world.run_for(ms(5));
                        pings.receive(&mut world);
                    }
                }
                pings.run(&mut world, s(1));
                pings.assert_all_arrived(VICTIM);
                pings.assert_all_arrived(BYSTANDER);
                assert!(
                    world.is_scrambled(VICTIM),
                    "{scene:?} {to:?}: {:?}",
                    world.states(VICTIM)
                );
                assert_eq!(world.session_of(VICTIM), session, "{scene:?} {to:?}");
            }
        }
        assert!(world.lns.totals().rekeys > 0, "{scene:?}");
        assert_recovers(&mut world, &scene);
    }
}

/// Data and NCPs in clear do not come out, do nothing, and are counted.
#[test]
fn data_in_clear_after_confirmation_does_not_come_out() {
    for scene in scenes_of_all_transforms() {
        let mut world = scene.confirmed();
        let mut pings = Pings::default();
        pings.run(&mut world, s(1));
        for to in ENDS {
            let packet = forged_packet(&world, to);
            for _ in 0..50 {
                for carrier in [protocol::IPV4, protocol::IPV6, 0x0053, 0x00FD, 0x0055] {
                    inject(&mut world, to, carrier, &packet);
                }
                // Compressed to one byte, and "IP over LCP".
                inject(&mut world, to, protocol::LCP, &packet);
                if let Some(frame) = latest(&world, to) {
                    let payload = [&frame.before[..], &[0x21], &packet].concat();
                    world.launch(
                        ms(1),
                        Flying {
                            from: other(to),
                            to,
                            payload,
                        },
                    );
                }
                // As under HEADER, with a word of either parity and what would be IPv4 if it were not encrypted.
                for word in [0x80, 0xA0] {
                    let framed = [&[word, 0, 1, 0, 0, 0x21][..], &packet].concat();
                    inject(&mut world, to, protocol::SCRAMBLED, &framed);
                }
                for ncp in [protocol::IPCP, protocol::IPV6CP] {
                    inject(&mut world, to, ncp, &control(1, 66, &[3, 6, 6, 6, 6, 6]));
                    inject(&mut world, to, ncp, &control(5, 67, &[]));
                    inject(&mut world, to, ncp, &control(7, 68, &control(1, 1, &[])));
                }
                pings.send(&mut world);
                world.run_for(ms(100));
                pings.receive(&mut world);
            }
        }
        world.run_for(s(1));
        pings.receive(&mut world);
        pings.assert_all_arrived(VICTIM);
        pings.assert_all_arrived(BYSTANDER);
        assert!(
            world.is_scrambled(VICTIM) && downs(&world) == 0,
            "{scene:?}"
        );
        for calls in [world.clients[VICTIM].calls(), world.lns.calls()] {
            let drops = calls.all_drops();
            let dropped =
                drops.get(Drop::InClear) + drops.get(Drop::BadScrambled) + drops.get(Drop::Forged);
            assert!(
                dropped > 50,
                "{scene:?}: {:?}",
                drops.iter().collect::<Vec<_>>()
            );
        }
        assert_recovers(&mut world, &scene);
    }
}

/// Before it is decided whether a session is scrambled, and while keys are not proved, no data is taken either.
#[test]
fn data_before_confirmation_does_not_come_out() {
    for scene in scenes_of_all_transforms() {
        let mut world = scene.world();
        // Confirmation takes 2 s more than it should, so that there is a time before it.
        let mut lost = 0;
        world.carrier.attack(on_frames(move |_, flying, frame| {
            let is_reset = frame.protocol == protocol::ECP
                && matches!(frame.information.first(), Some(14 | 15));
            lost += u32::from(is_reset);
            if is_reset && lost < 5 {
                vec![]
            } else {
                vec![flying.clone()]
            }
        }));
        let mut pings = Pings::default();
        while !world.is_scrambled(VICTIM) {
            for to in ENDS {
                let packet = forged_packet(&world, to);
                inject(&mut world, to, protocol::IPV4, &packet);
                inject(&mut world, to, protocol::LCP, &packet);
                for word in [0x80, 0xA0] {
                    let framed = [&[word, 0, 1, 0, 0, 0x21][..], &packet].concat();
                    inject(&mut world, to, protocol::SCRAMBLED, &framed);
                }
            }
            pings.send(&mut world);
            world.run_for(ms(20));
            for place in ENDS {
                let arrived = world.arrived.get(&place).into_iter().flatten();
                let forged = arrived.filter(|packet| {
                    crate::world::guard::holds(packet, crate::world::guard::FORGED)
                });
                assert_eq!(forged.count(), 0, "{scene:?} {place:?}");
            }
            pings.receive(&mut world);
            assert!(world.now < s(20), "{scene:?}: {:?}", world.states(VICTIM));
        }
        assert!(downs(&world) == 0, "{scene:?}");
        assert_recovers(&mut world, &scene);
    }
}

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
            assert_ne!(
                mode,
                Some(scramble::negotiator::DataMode::Clear),
                "{scene:?}"
            );
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
    headers.next().expect("a data message was seen")
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
                pings.run(&mut world, s(110));
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
