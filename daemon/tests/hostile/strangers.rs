//! What those send who are not its subscribers, or mere noise: broken messages, data for the sessions of others, hang-ups
//! from elsewhere; and a carrier that breaks or drops everything.

use fogline::calls::Drop;

use crate::attacker::Attacker;
use crate::attacker::from_stranger;
use crate::scene::{BYSTANDER, ENDS, Pings, VICTIM, assert_recovers, downs, latest, scenes};
use crate::world::guard::FORGED;
use crate::world::wire::{Frame, cdn, control, l2tp, sccrq, stop_ccn};
use crate::world::{Dice, Flying, Place, World, ms, s};

/// Control messages that are none, or not whole, or too much: from a stranger, and as if from the victim.
fn broken(world: &World<Attacker>) -> Vec<Vec<u8>> {
    let mut dice = Dice(5);
    let mut random = |length: usize| (0..length).map(|_| dice.next() as u8).collect::<Vec<_>>();
    let good = sccrq(3);
    let mut all: Vec<Vec<u8>> = (0..good.len())
        .map(|length| good[..length].to_vec())
        .collect();
    for at in 0..good.len() {
        for value in [0, 0x7F, 0xFF] {
            let mut changed = good.clone();
            changed[at] = value;
            all.push(changed);
        }
    }
    let (hidden, unknown) = (0x4000_u16, 999_u16);
    for bits in [
        hidden | 0x8000 | 8,
        0x8000 | 5,
        0x8000 | 0x3FF,
        0x8006,
        0x0006,
        0xBC06,
    ] {
        let avp = [
            &bits.to_be_bytes()[..],
            &[0, 0],
            &unknown.to_be_bytes(),
            &[0, 0],
        ]
        .concat();
        let mut message = [&good[..], &avp].concat();
        let length = message.len() as u16;
        message[2..4].copy_from_slice(&length.to_be_bytes());
        all.push(message);
    }
    // As long as UDP allows, of AVPs without end.
    let avps: Vec<(u16, &[u8])> = (0..8000).map(|_| (999, &[0, 0][..])).collect();
    all.push(l2tp(0, 0, 0, 0, &avps[..]));
    all.extend([0, 1, 5, 6, 7, 11, 12, 13, 1500, 65_507].map(&mut random));
    for flags in [
        0x0002_u16, 0x4002, 0x0802, 0x0202, 0x4B02, 0xC802, 0xC803, 0xFFFF,
    ] {
        for length in [0, 4, 10, 65_500] {
            all.push([&flags.to_be_bytes()[..], &vec![0xFF; length]].concat());
        }
    }
    // For the victim's own tunnel, with numbers from elsewhere.
    for to in ENDS {
        if let Some(frame) = latest(world, to) {
            all.push(frame.before.clone());
            all.push(frame.instead(0xC021, &control(1, 1, &[1])));
            all.push(frame.instead(0xC021, &control(1, 1, &[1, 255, 0])));
            all.push(frame.instead(0xC021, &[1, 1, 0xFF, 0xFF]));
            all.push(frame.instead(0xC021, &[9; 65_000]));
            all.push(frame.instead(0x8053, &control(1, 1, &[0, 46, 2, 0x46, 0x4F])));
            all.push(frame.instead(0x8053, &control(1, 1, &[0, 255])));
            all.push(frame.instead(0x0053, &[0x80]));
            all.push(frame.instead(0xC223, &[1, 1, 0, 200, 16]));
        }
    }
    all
}

#[test]
fn broken_messages_of_every_kind() {
    for scene in scenes() {
        let mut world = scene.confirmed();
        let mut pings = Pings::default();
        pings.run(&mut world, s(1));
        for (number, payload) in broken(&world).into_iter().enumerate() {
            for from in [Place::Stranger(number as u32), Place::Client(VICTIM)] {
                world.launch(
                    ms(0),
                    Flying {
                        from,
                        to: Place::Lns,
                        payload: payload.clone(),
                    },
                );
            }
            world.launch(
                ms(0),
                Flying {
                    from: Place::Lns,
                    to: Place::Client(VICTIM),
                    payload,
                },
            );
            if number % 50 == 0 {
                pings.send(&mut world);
            }
            world.run_for(ms(1));
            pings.receive(&mut world);
        }
        pings.run(&mut world, s(1));
        pings.assert_all_arrived(BYSTANDER);
        assert_eq!(downs(&world), 0, "{scene:?}: {:?}", world.events[VICTIM]);
        pings.assert_all_arrived(VICTIM);
        assert_recovers(&mut world, &scene);
    }
}

/// Data for the sessions of others, and the very datagrams of the victim, from other addresses.
#[test]
fn data_for_the_sessions_of_others() {
    for scene in scenes() {
        let mut world = scene.confirmed();
        let mut pings = Pings::default();
        pings.run(&mut world, s(1));
        let stolen: Vec<_> = world
            .carrier
            .seen
            .iter()
            .filter(|flying| flying.to == Place::Lns)
            .cloned()
            .collect();
        for flying in stolen {
            for from in [Place::Stranger(1), Place::Client(BYSTANDER)] {
                world.launch(
                    ms(0),
                    Flying {
                        from,
                        ..flying.clone()
                    },
                );
            }
            world.run_for(ms(1));
        }
        for tunnel in 0..40 {
            for session in 0..40 {
                for frame in [
                    &[0xFF, 0x03, 0xC0, 0x21, 5, 9, 0, 4][..],
                    &[0x00, 0x21],
                    &[0x80, 0x53, 5, 9, 0, 4],
                ] {
                    let header = scramble::wire::l2tp::emit_plain(tunnel, session);
                    let payload = [&header[..], frame, FORGED].concat();
                    world.launch(ms(0), from_stranger(1, payload));
                }
            }
            pings.send(&mut world);
            world.run_for(ms(20));
            pings.receive(&mut world);
        }
        world.run_for(s(1));
        pings.receive(&mut world);
        pings.assert_all_arrived(VICTIM);
        pings.assert_all_arrived(BYSTANDER);
        assert_eq!(downs(&world), 0, "{scene:?}");
        let drops = world.lns.calls().all_drops();
        assert!(drops.get(Drop::WrongPeer) > 0 && drops.get(Drop::NoCall) > 0);
        assert_recovers(&mut world, &scene);
    }
}

/// StopCCN and CDN with all the right numbers, but from elsewhere.
#[test]
fn hanging_up_from_another_address() {
    for scene in scenes() {
        let mut world = scene.confirmed();
        let mut pings = Pings::default();
        pings.run(&mut world, s(1));
        let session = world
            .session_of(VICTIM)
            .and_then(|key| world.lns.calls().session(key))
            .unwrap();
        let (call, peer) = (session.call, session.peer_ids);
        for to in ENDS {
            let (tunnel, at_receiver, own_tunnel, own_session) = match to {
                Place::Lns => (call.tunnel.0, call.session, peer.0, peer.1),
                _ => (peer.0, peer.1, call.tunnel.0, call.session),
            };
            for ns in 0..20 {
                for nr in [0, 4] {
                    for payload in [
                        stop_ccn(tunnel, own_tunnel, ns, nr),
                        cdn(tunnel, at_receiver, own_session, ns, nr),
                    ] {
                        for from in [Place::Stranger(1), Place::Client(BYSTANDER)] {
                            world.launch(
                                ms(0),
                                Flying {
                                    from,
                                    to,
                                    payload: payload.clone(),
                                },
                            );
                        }
                    }
                    // A peer that gives up before it knows this end's id names its own.
                    world.launch(
                        ms(0),
                        Flying {
                            from: Place::Stranger(1),
                            to,
                            payload: stop_ccn(0, own_tunnel, ns, nr),
                        },
                    );
                }
            }
        }
        pings.run(&mut world, s(5));
        pings.assert_all_arrived(VICTIM);
        pings.assert_all_arrived(BYSTANDER);
        assert_eq!(downs(&world), 0, "{scene:?}");
        assert!(world.lns.calls().endpoint(0).counters().wrong_sources > 0);
        assert_recovers(&mut world, &scene);
    }
}

/// A carrier that drops everything for a while: calls time out, and come back scrambled.
#[test]
fn nothing_arrives_for_a_while() {
    for scene in scenes() {
        let mut world = scene.confirmed();
        world.carrier.attack(|_, _| Vec::new());
        let mut pings = Pings::default();
        pings.run(&mut world, s(160));
        assert!(downs(&world) > 0);
        pings.assert_all_arrived(BYSTANDER);
        assert_recovers(&mut world, &scene);
        assert!(world.is_scrambled(VICTIM));
    }
}

/// The victim's data is changed in one byte, every byte of it in turn: under FULL none of it comes out.
#[test]
fn every_byte_of_data_changed() {
    for scene in scenes() {
        let mut world = scene.confirmed();
        let mut place = 0;
        world.carrier.attack(move |_, flying| {
            let is_data = Frame::of(&flying.payload).is_some_and(|frame| frame.is_data());
            let mut flying = flying.clone();
            if is_data {
                let at = place % flying.payload.len();
                flying.payload[at] ^= 1 << (place % 8);
                place += 1;
            }
            vec![flying]
        });
        let mut pings = Pings::default();
        for _ in 0..400 {
            pings.send(&mut world);
            world.run_for(ms(20));
            pings.receive(&mut world);
        }
        // Bits of the L2TP header that mean nothing may be changed: FF 03, and reserved ones.
        assert!(
            pings.arrived[VICTIM] * 5 < pings.sent[VICTIM],
            "{}",
            pings.arrived[VICTIM]
        );
        pings.assert_all_arrived(BYSTANDER);
        assert_recovers(&mut world, &scene);
    }
}
