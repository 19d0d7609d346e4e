//! A carrier that makes packets of its own in the peer's name, which have no effect: ECP and NCPs after confirmation, and
//! data in clear.

use fogline::calls::Drop;
use scramble::ecp::{self, Code, ResetBody};
use scramble::option::{PhsOption, Terms};
use scramble::wire::ppp::protocol;

use crate::attacker::{Attacker, on_frames};
use crate::scene::{
    BYSTANDER, ENDS, Pings, VICTIM, assert_recovers, downs, forged_packet, inject, latest, other,
    scenes_of_all_transforms,
};
use crate::world::wire::control;
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
