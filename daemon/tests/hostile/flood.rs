//! Floods, and whatever else can be sent to an access server by those who are not its subscribers.

use fogline::calls::Drop;
use fogline_l2tp::TunnelState;

use crate::attacker::Attacker;
use crate::scene::{
    BYSTANDER, ENDS, Pings, Scene, VICTIM, assert_recovers, downs, is_up, latest, scenes,
};
use crate::world::guard::FORGED;
use crate::world::wire::{ControlHeader, Frame, cdn, control, icrq, l2tp, sccrq, stop_ccn};
use crate::world::{Dice, Flying, Place, World, ms, s};

/// A datagram from a stranger to the access server.
fn from_stranger(stranger: u32, payload: Vec<u8>) -> Flying {
    Flying {
        from: Place::Stranger(stranger),
        to: Place::Lns,
        payload,
    }
}

fn tunnels(world: &World<Attacker>) -> usize {
    world.lns.calls().endpoint(0).tunnels().count()
}

/// A call that comes up while an attack goes on.
fn comes_up(world: &World<Attacker>, client: usize) -> bool {
    world.ipv4(client).is_some() && world.is_scrambled(client)
}

/// 10,000 addresses ask for a control connection, a thousand a second, and answer nothing. Calls that are up notice
/// nothing, a subscriber that dials gets in, and half-open control connections are bounded.
#[test]
fn sccrq_from_ten_thousand_addresses() {
    for scene in scenes() {
        let mut world = scene.world_of(3, "[lns.limits]\nhalf-open-tunnels = 256\n");
        assert!(world.run_while(s(10), |world| !(0..3).all(|client| is_up(world, client))));
        world.kick(2, "to dial in the flood");
        let mut pings = Pings::default();
        for stranger in 0..10_000 {
            world.launch(
                ms(0),
                from_stranger(stranger, sccrq(1 + (stranger % 7) as u16)),
            );
            if stranger % 100 == 0 {
                pings.send(&mut world);
            }
            world.run_for(ms(1));
            assert!(tunnels(&world) <= 256 + 3 + 1, "{}", tunnels(&world));
            pings.receive(&mut world);
        }
        assert!(comes_up(&world, 2), "{:?}", world.events[2]);
        world.run_for(s(1));
        pings.receive(&mut world);
        pings.assert_all_arrived(VICTIM);
        pings.assert_all_arrived(BYSTANDER);
        // No answer is longer than what it answers, so the flood is not passed on to others, larger.
        world.run_for(s(120));
        assert_eq!(tunnels(&world), 3);
    }
}

/// One address asks for many.
#[test]
fn sccrq_from_one_address_shuts_out_that_address_only() {
    let scene = scenes().next().unwrap();
    let mut world = scene.confirmed();
    for own_tunnel in 1..5000 {
        world.launch(ms(0), from_stranger(5, sccrq(own_tunnel)));
    }
    world.run_for(ms(1));
    assert!(tunnels(&world) <= 32 + 2, "{}", tunnels(&world));
    assert_recovers(&mut world, &scene);
}

/// A stranger that holds one control connection.
struct Caller {
    stranger: u32,
    /// The access server's tunnel id.
    tunnel: u16,
    ns: u16,
}

impl Caller {
    /// Without a tunnel secret, anybody may.
    fn connect(world: &mut World<Attacker>, stranger: u32) -> Self {
        world.carrier.to_strangers.clear();
        world.launch(ms(0), from_stranger(stranger, sccrq(9)));
        world.run_for(ms(1));
        let reply = world.carrier.to_strangers.iter().find(|flying| {
            ControlHeader::of(&flying.payload).is_some_and(|header| header.kind == Some(2))
        });
        let reply = reply.expect("a SCCRP").payload.clone();
        let tunnel = assigned(&reply, 9).expect("an Assigned Tunnel ID");
        let scccn = l2tp(tunnel, 0, 1, 1, &[(0, &[0, 3])]);
        world.launch(ms(0), from_stranger(stranger, scccn));
        world.run_for(ms(1));
        Self {
            stranger,
            tunnel,
            ns: 2,
        }
    }

    fn call(&mut self, world: &mut World<Attacker>, own_session: u16) {
        world.launch(
            ms(0),
            from_stranger(self.stranger, icrq(self.tunnel, own_session, self.ns, 1)),
        );
        self.ns = self.ns.wrapping_add(1);
    }

    /// Acknowledges everything that came.
    fn acknowledge(&self, world: &mut World<Attacker>) {
        let to_this = |flying: &&Flying| flying.to == Place::Stranger(self.stranger);
        let headers = world
            .carrier
            .to_strangers
            .iter()
            .filter(to_this)
            .filter_map(|flying| ControlHeader::of(&flying.payload));
        let last = headers
            .filter(|header| header.kind.is_some())
            .map(|header| header.ns)
            .max();
        world.carrier.to_strangers.clear();
        if let Some(last) = last {
            world.launch(
                ms(0),
                from_stranger(
                    self.stranger,
                    l2tp(self.tunnel, 0, self.ns, last.wrapping_add(1), &[]),
                ),
            );
        }
    }
}

/// The value of an AVP that is an id.
fn assigned(message: &[u8], attribute: u16) -> Option<u16> {
    let mut avps = message.get(12..)?;
    while let [high, low, _, _, a, b, rest @ ..] = avps {
        let length = usize::from(u16::from_be_bytes([*high, *low]) & 0x3FF);
        if u16::from_be_bytes([*a, *b]) == attribute {
            return rest.first_chunk().map(|id| u16::from_be_bytes(*id));
        }
        avps = avps.get(length.max(6)..)?;
    }
    None
}

/// A stranger makes calls that it never connects: no sessions come of it, the calls of its tunnel are bounded, and
/// subscribers get in.
#[test]
fn icrq_by_the_thousand() {
    for scene in scenes() {
        for acknowledges in [false, true] {
            let limits = "max-sessions = 500\n[lns.limits]\ncalls-per-tunnel = 100\ncalls-per-second = 500\n";
            let mut world = scene.world_of(3, limits);
            assert!(world.run_while(s(10), |world| !(0..3).all(|client| is_up(world, client))));
            let mut caller = Caller::connect(&mut world, 77);
            world.kick(2, "to dial in the flood");
            let mut pings = Pings::default();
            for number in 0..5000 {
                caller.call(&mut world, 1 + number);
                if number % 100 == 0 {
                    pings.send(&mut world);
                }
                if acknowledges {
                    caller.acknowledge(&mut world);
                }
                world.run_for(ms(1));
                pings.receive(&mut world);
                let calls = world
                    .lns
                    .calls()
                    .endpoint(0)
                    .tunnels()
                    .map(|tunnel| tunnel.calls)
                    .sum::<usize>();
                assert!(calls <= 100 + 3, "{calls}");
                assert!(world.lns.calls().len() <= 3);
            }
            assert!(comes_up(&world, 2), "{scene:?}: {:?}", world.events[2]);
            world.run_for(s(1));
            pings.receive(&mut world);
            pings.assert_all_arrived(VICTIM);
            pings.assert_all_arrived(BYSTANDER);
            world.run_for(s(240));
            assert_eq!(world.lns.calls().len(), 3, "{scene:?}");
            assert!(tunnels(&world) <= 4);
            assert!((0..3).all(|client| is_up(&world, client)));
        }
    }
}

/// A stranger connects its calls, and then says nothing: LCP gives each of them up.
#[test]
fn calls_on_which_nobody_speaks_ppp() {
    for scene in scenes() {
        let limits = "max-sessions = 300\n[lns.limits]\ncalls-per-tunnel = 100\n";
        let mut world = scene.world_of(2, limits);
        assert!(world.run_while(s(10), |world| !(0..2).all(|client| is_up(world, client))));
        let mut caller = Caller::connect(&mut world, 77);
        let mut pings = Pings::default();
        for number in 0..300_u16 {
            world.carrier.to_strangers.clear();
            caller.call(&mut world, 1 + number);
            world.run_for(ms(1));
            let reply = world.carrier.to_strangers.iter().rev().find(|flying| {
                ControlHeader::of(&flying.payload).is_some_and(|header| header.kind == Some(11))
            });
            let Some((session, nr)) = reply.and_then(|flying| {
                Some((
                    assigned(&flying.payload, 14)?,
                    ControlHeader::of(&flying.payload)?.ns.wrapping_add(1),
                ))
            }) else {
                continue;
            };
            let iccn = l2tp(
                caller.tunnel,
                session,
                caller.ns,
                nr,
                &[(0, &[0, 12]), (24, &[0, 1, 0, 0]), (19, &[0, 0, 0, 1])],
            );
            caller.ns += 1;
            world.launch(ms(0), from_stranger(77, iccn));
            pings.send(&mut world);
            world.run_for(ms(10));
            pings.receive(&mut world);
        }
        let sessions = world.lns.calls().len();
        assert!((50..=102).contains(&sessions), "{sessions}");
        pings.run(&mut world, s(60));
        pings.assert_all_arrived(VICTIM);
        pings.assert_all_arrived(BYSTANDER);
        assert_recovers(&mut world, &scene);
    }
}

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
        pings.run(&mut world, s(100));
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

/// Half-open control connections are among those that are bounded by state, not merely by number.
#[test]
fn control_connections_that_nobody_uses_are_found_dead() {
    let scene = Scene {
        seed: 9,
        ..scenes().next().unwrap()
    };
    let mut world = scene.confirmed();
    for stranger in 0..50 {
        Caller::connect(&mut world, 1000 + stranger);
    }
    let established = world
        .lns
        .calls()
        .endpoint(0)
        .tunnels()
        .filter(|tunnel| tunnel.state == TunnelState::Established);
    assert_eq!(established.count(), 52);
    world.run_for(s(60 + 60));
    assert_recovers(&mut world, &scene);
}
