//! Who is attacked: two subscribers at one access server, the second of whom must not notice.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use fogline::client::ClientEvent;
use fogline_l2tp::TunnelState;
use scramble::negotiator::{DataMode, Reason, State};

use crate::attacker::Attacker;
use crate::world::guard::{FORGED, Guard, SECRET};
use crate::world::packet::udp4;
use crate::world::wire::{Frame, latest_frame};
use crate::world::{Flying, Place, World, client_config, lns_config, ms, s};

pub const INTERNET: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 80);
pub const VICTIM: usize = 0;
pub const BYSTANDER: usize = 1;

/// How the two ends are configured.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    pub policy: &'static str,
    /// Whether they share a secret.
    pub secret: bool,
    pub transform: &'static str,
    /// Whether they offer PHS in LCP already.
    pub early_offer: bool,
    pub seed: u64,
}

/// Both policies, with and without a secret, under FULL.
pub fn scenes() -> impl Iterator<Item = Scene> {
    [
        ("prefer", false),
        ("prefer", true),
        ("require", false),
        ("require", true),
    ]
    .into_iter()
    .map(|(policy, secret)| Scene {
        policy,
        secret,
        transform: "full",
        early_offer: false,
        seed: 7,
    })
}

/// The same under every transform.
pub fn scenes_of_all_transforms() -> impl Iterator<Item = Scene> {
    ["decoy", "header", "full"]
        .into_iter()
        .flat_map(|transform| scenes().map(move |scene| Scene { transform, ..scene }))
}

/// As `fogline genpsk` makes them.
const PSK_TEXT: &str = "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo=";

impl Scene {
    pub fn is_require(&self) -> bool {
        self.policy == "require"
    }

    fn section(&self, name: &str) -> String {
        let Self {
            policy,
            transform,
            early_offer,
            ..
        } = self;
        let secret = if self.secret {
            format!("secret = \"{PSK_TEXT}\"\n")
        } else {
            String::new()
        };
        format!(
            "policy = \"{policy}\"\ntransform = \"{transform}\"\nearly-offer = {early_offer}\n{secret}\
             rekey-overlap = \"200ms\"\n[{name}.timing]\nrekey-requests = 60\n"
        )
    }

    /// A world with `clients` such clients and an access server with `limits`; nobody has dialled yet.
    pub fn world_of(&self, clients: usize, limits: &str) -> World<Attacker> {
        let clients = (0..clients).map(|number| {
            client_config(
                number,
                &self.section("client.scrambling"),
                "mss-clamp = false",
            )
        });
        // What comes out is compared with what went in.
        let limits = format!("mss-clamp = false\n{limits}");
        let lns = lns_config(&self.section("lns.listen.scrambling"), &limits);
        let mut world = World::new(self.seed, lns, clients.collect(), Attacker::default());
        world.guard = Some(Guard::new(self.is_require()));
        world
    }

    pub fn world(&self) -> World<Attacker> {
        self.world_of(2, "")
    }

    /// A world in which both clients are up and scrambled.
    pub fn confirmed(&self) -> World<Attacker> {
        let mut world = self.world();
        assert!(
            world.run_while(s(10), |world| !(is_up(world, VICTIM)
                && is_up(world, BYSTANDER))),
            "{self:?}"
        );
        assert!(world.is_scrambled(VICTIM) && world.is_scrambled(BYSTANDER));
        world
    }
}

/// Whether IPv4 goes through both ways.
pub fn is_up(world: &World<Attacker>, client: usize) -> bool {
    let at_lns = world
        .session_of(client)
        .and_then(|key| world.lns.calls().session(key));
    world.ipv4(client).is_some() && at_lns.is_some_and(|session| session.ipv4.is_some())
}

/// Packets that went by, by client.
#[derive(Debug, Default)]
pub struct Pings {
    pub sent: [usize; 2],
    pub arrived: [usize; 2],
    /// Whose a packet is.
    packets: HashMap<Vec<u8>, usize>,
}

impl Pings {
    /// One packet each way, for each client that has an address.
    pub fn send(&mut self, world: &mut World<Attacker>) {
        for client in [VICTIM, BYSTANDER] {
            let Some((own, _)) = world.ipv4(client) else {
                continue;
            };
            for (from, source, destination) in [
                (Place::Client(client), own, INTERNET),
                (Place::Lns, INTERNET, own),
            ] {
                let number = self.packets.len() as u32;
                let packet = udp4(
                    source,
                    destination,
                    &[SECRET, &number.to_be_bytes()].concat(),
                );
                world.send(from, &packet);
                self.packets.insert(packet, client);
                self.sent[client] += 1;
            }
        }
    }

    /// Takes what arrived.
    pub fn receive(&mut self, world: &mut World<Attacker>) {
        for place in [Place::Lns, Place::Client(VICTIM), Place::Client(BYSTANDER)] {
            for packet in world.take(place) {
                // What was changed on the way is nobody's.
                if let Some(client) = self.packets.get(&packet) {
                    self.arrived[*client] += 1;
                }
            }
        }
    }

    /// Pings for a while, ten times a second, and another second until the last is there.
    pub fn run(&mut self, world: &mut World<Attacker>, time: Duration) {
        let end = world.now + time;
        while world.now < end {
            self.send(world);
            world.run_for(ms(100));
            self.receive(world);
        }
    }

    /// None of a client's was lost.
    pub fn assert_all_arrived(&self, client: usize) {
        assert!(
            self.sent[client] > 0,
            "client {client} had nothing to send on"
        );
        assert_eq!(
            self.arrived[client], self.sent[client],
            "packets of client {client}"
        );
    }
}

/// When the attack is over, everything is as before: both clients are there, scrambled, and nothing else is.
pub fn assert_recovers(world: &mut World<Attacker>, scene: &Scene) {
    world.carrier.calm();
    let well = |world: &World<Attacker>| {
        [VICTIM, BYSTANDER]
            .iter()
            .all(|client| is_up(world, *client))
    };
    assert!(
        world.run_while(s(120), |world| !well(world)),
        "{scene:?}: {:?}",
        world.events[VICTIM]
    );
    // Forged control messages may have put the numbers of a control connection out of step: the next Hello finds that out
    // at one end, and a later one at the other.
    world.run_for(s(400));
    assert!(well(world), "{scene:?}: {:?}", world.events[VICTIM].last());
    let calls = world.lns.calls();
    assert_eq!(calls.len(), 2, "{scene:?}: sessions");
    let tunnels = calls.endpoint(0).tunnels();
    let live: Vec<_> = tunnels
        .filter(|tunnel| tunnel.state != TunnelState::Stopping)
        .collect();
    let at_client: Vec<_> = world.clients[VICTIM]
        .calls()
        .endpoint(0)
        .tunnels()
        .collect();
    assert_eq!(
        live.len(),
        2,
        "{scene:?} at {:?}: {live:?}, {at_client:?}",
        world.now
    );
    assert_eq!(at_client.len(), 1, "{scene:?}: {at_client:?}");
    world.arrived.clear();
    let mut pings = Pings::default();
    pings.run(world, s(1));
    pings.assert_all_arrived(VICTIM);
    pings.assert_all_arrived(BYSTANDER);
}

/// Why the victim is in clear, at either end.
pub fn in_clear(world: &World<Attacker>) -> Option<Reason> {
    world
        .states(VICTIM)
        .into_iter()
        .flatten()
        .find_map(|state| match state {
            State::Clear(reason) => Some(reason),
            _ => None,
        })
}

/// Whether an end of the victim's call would send data.
pub fn carries_data(world: &World<Attacker>) -> bool {
    let client = world.clients[VICTIM]
        .session()
        .map(|session| session.link.data_mode());
    matches!(client, Some(DataMode::Clear | DataMode::Scrambled)) && world.ipv4(VICTIM).is_some()
}

/// Alarms that both ends raised about the victim, the client's first.
pub fn alarms(world: &World<Attacker>) -> [Vec<String>; 2] {
    let texts = |records: &std::collections::VecDeque<fogline::lns::AlarmRecord>| {
        records
            .iter()
            .filter(|record| record.user == "user0")
            .map(|record| record.text.clone())
            .collect()
    };
    [
        texts(&world.clients[VICTIM].totals().recent_alarms),
        texts(&world.lns.totals().recent_alarms),
    ]
}

/// How often the victim's call went.
pub fn downs(world: &World<Attacker>) -> usize {
    world.events[VICTIM]
        .iter()
        .filter(|event| matches!(event, ClientEvent::Down { .. }))
        .count()
}

/// Has a frame of the carrier's arrive at an end of the victim's call, as from the other.
pub fn inject(world: &mut World<Attacker>, to: Place, protocol: u16, information: &[u8]) {
    let from = other(to);
    if let Some(frame) = latest(world, to) {
        let payload = frame.instead(protocol, information);
        world.launch(ms(1), Flying { from, to, payload });
    }
}

/// The latest data message to an end of the victim's call.
pub fn latest(world: &World<Attacker>, to: Place) -> Option<Frame> {
    latest_frame(&world.carrier.seen, other(to), to)
}

pub fn other(place: Place) -> Place {
    match place {
        Place::Lns => Place::Client(VICTIM),
        _ => Place::Lns,
    }
}

/// Both ends of the victim's call.
pub const ENDS: [Place; 2] = [Place::Lns, Place::Client(VICTIM)];

/// An IP packet of the carrier's own, for a host behind `to`.
pub fn forged_packet(world: &World<Attacker>, to: Place) -> Vec<u8> {
    let own = world
        .ipv4(VICTIM)
        .map_or(Ipv4Addr::new(10, 64, 0, 2), |(own, _)| own);
    match to {
        Place::Lns => udp4(own, INTERNET, FORGED),
        _ => udp4(INTERNET, own, FORGED),
    }
}
