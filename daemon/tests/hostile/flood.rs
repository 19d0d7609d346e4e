//! Floods of control connections and calls.

use fogline_l2tp::TunnelState;

use crate::attacker::{Attacker, from_stranger};
use crate::scene::{BYSTANDER, Pings, Scene, VICTIM, assert_recovers, is_up, scenes};
use crate::world::wire::{ControlHeader, icrq, l2tp, sccrq};
use crate::world::{Flying, Place, World, ms, s};

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
        // The flood is not passed on to those whose addresses it abuses many times larger.
        let answers = world
            .carrier
            .to_strangers
            .iter()
            .map(|flying| flying.payload.len());
        assert!(answers.sum::<usize>() < 3 * 10_000 * sccrq(1).len());
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
