//! A carrier that loses, repeats and reorders: calls come up and stay up, and rekeys lose nothing.
//!
//! `FOGLINE_LOSSY_SEEDS=N` plays everything with N seeds instead of two.

mod world;

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use fogline::client::ClientEvent;
use scramble::agreement::Transform;
use scramble::negotiator::State;
use world::carrier::{Carrier, Lossy};
use world::packet::udp4;
use world::wire::{Frame, control};
use world::{Flying, Place, World, client_config, lns_config, ms, s};

const INTERNET: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 80);
const LOSSES: [u64; 3] = [0, 5, 20];
const TRANSFORMS: [(&str, Transform); 3] = [
    ("decoy", Transform::Decoy),
    ("header", Transform::Header),
    ("full", Transform::Full),
];
fn seeds() -> impl Iterator<Item = u64> {
    let seeds = std::env::var("FOGLINE_LOSSY_SEEDS").ok();
    1..=seeds.and_then(|seeds| seeds.parse().ok()).unwrap_or(2)
}

/// A lossy carrier that writes down what became of each data message.
struct Scribe {
    lossy: Lossy,
    /// How often the data messages since the last look will arrive, in order.
    fates: Vec<usize>,
}

impl Scribe {
    fn new(seed: u64, loss: u64) -> Self {
        Self {
            lossy: Lossy::new(seed, loss),
            fates: Vec::new(),
        }
    }
}

impl Carrier for Scribe {
    fn carry(&mut self, now: Duration, flying: Flying) -> Vec<(Duration, Flying)> {
        let is_data = Frame::of(&flying.payload).is_some_and(|frame| frame.is_data());
        let arriving = self.lossy.carry(now, flying);
        self.lossy.lost.clear();
        if is_data {
            self.fates.push(arriving.len());
        }
        arriving
    }
}

fn world(seed: u64, loss: u64, policies: (&str, &str), scrambling: &str) -> World<Scribe> {
    let section = |policy: &str| format!("policy = \"{policy}\"\n{scrambling}");
    let lns = lns_config(&section(policies.0), "");
    let client = client_config(0, &section(policies.1), "");
    World::new(
        seed,
        lns,
        vec![client],
        Scribe::new(seed ^ loss << 32, loss),
    )
}

/// Numbered packets both ways, with an account of each.
#[derive(Default)]
struct Account {
    next: u32,
    /// By number: whose it is, how often the carrier lets it arrive, how often it came.
    packets: HashMap<u32, (Place, Vec<u8>, usize, usize)>,
}

impl Account {
    /// One packet each way; both must leave.
    fn send(&mut self, world: &mut World<Scribe>) {
        let left = self.try_send(world);
        assert_eq!(left, 2, "{:?} at {:?}", world.states(0), world.now);
    }

    /// One packet each way; how many left.
    fn try_send(&mut self, world: &mut World<Scribe>) -> usize {
        let Some((own, _)) = world.ipv4(0) else {
            return 0;
        };
        let mut left = 0;
        for (from, source, destination) in [
            (Place::Client(0), own, INTERNET),
            (Place::Lns, INTERNET, own),
        ] {
            let number = self.next;
            self.next += 1;
            let payload = [&number.to_be_bytes()[..], b" and some text to go with it"].concat();
            let packet = udp4(source, destination, &payload);
            world.carrier.fates.clear();
            world.send(from, &packet);
            let fate = world.carrier.fates.first().copied();
            left += usize::from(fate.is_some());
            self.packets
                .insert(number, (from, packet, fate.unwrap_or(0), 0));
        }
        left
    }

    /// Takes what came out: each must be one that was sent, to the other end, byte for byte.
    fn receive(&mut self, world: &mut World<Scribe>) {
        for at in [Place::Lns, Place::Client(0)] {
            for packet in world.take(at) {
                let number = packet[28..32]
                    .try_into()
                    .map(u32::from_be_bytes)
                    .expect("four bytes");
                let (from, sent, _, came) = self
                    .packets
                    .get_mut(&number)
                    .expect("a packet that nobody sent");
                assert_ne!(*from, at);
                assert!(*sent == packet, "packet {number} was changed");
                *came += 1;
            }
        }
    }

    /// What the carrier carried came, as often as it did; under FULL once.
    fn settle(&mut self, world: &mut World<Scribe>, transform: Transform) {
        world.run_for(ms(200));
        self.receive(world);
        for (number, (from, _, carried, came)) in self.packets.drain() {
            let expected = if transform == Transform::Full {
                carried.min(1)
            } else {
                carried
            };
            assert_eq!(came, expected, "packet {number} from {from:?}");
        }
    }
}

#[test]
fn calls_come_up_and_stay_up() {
    for seed in seeds() {
        for loss in LOSSES {
            for (name, transform) in TRANSFORMS {
                for policies in [
                    ("require", "require"),
                    ("require", "prefer"),
                    ("prefer", "prefer"),
                    ("prefer", "off"),
                    ("off", "prefer"),
                    ("off", "off"),
                ] {
                    let what = format!("{name}, {policies:?}, {loss} %, seed {seed}");
                    let mut world = world(seed, loss, policies, &format!("transform = \"{name}\""));
                    assert!(
                        world.run_while(s(120), |world| !is_ready(world)),
                        "{what}: {:?}",
                        world.events[0]
                    );
                    let went = |event: &&ClientEvent| matches!(event, ClientEvent::Down { .. });
                    let dials = world.events[0].iter().filter(went).count();
                    world.run_for(s(10));
                    let [client, lns] = world.states(0);
                    let off = policies.0 == "off" || policies.1 == "off";
                    if off {
                        assert!(
                            matches!(client, Some(State::Clear(_))),
                            "{what}: {client:?}"
                        );
                    } else {
                        assert!(world.is_scrambled(0), "{what}: {client:?} and {lns:?}");
                        let agreement = world.clients[0]
                            .session()
                            .and_then(|session| session.agreement);
                        assert_eq!(
                            agreement.map(|agreed| agreed.send.transform),
                            Some(transform),
                            "{what}"
                        );
                    }
                    let mut account = Account::default();
                    let session = world.session_of(0);
                    for _ in 0..300 {
                        account.send(&mut world);
                        world.run_for(s(1));
                    }
                    // In clear nobody can know copies.
                    account.settle(&mut world, if off { Transform::Header } else { transform });
                    assert_eq!(world.session_of(0), session, "{what}");
                    assert_eq!(world.events[0].iter().filter(went).count(), dials, "{what}");
                }
            }
        }
    }
}

/// How fast requests of a rekey are repeated. The overlap is longer than the largest delay, which is 40 ms.
const QUICK: &str =
    "rekey-overlap = \"50ms\"\n[SECTION.timing]\nrestart = \"100ms\"\nrekey-requests = 1000\n";

fn quick(seed: u64, loss: u64, transform: &str, more: &str) -> World<Scribe> {
    let text = |section: &str| {
        let quick = QUICK.replace("SECTION", section);
        format!("policy = \"require\"\ntransform = \"{transform}\"\n{more}\n{quick}")
    };
    let lns = lns_config(&text("lns.listen.scrambling"), "");
    let client = client_config(0, &text("client.scrambling"), "");
    let mut world = World::new(
        seed,
        lns,
        vec![client],
        Scribe::new(seed ^ loss << 32, loss),
    );
    assert!(world.run_while(s(120), |world| !(is_ready(world) && world.is_scrambled(0))));
    world
}

/// Whether IPv4 goes through both ways.
fn is_ready(world: &World<Scribe>) -> bool {
    let at_lns = world
        .session_of(0)
        .and_then(|key| world.lns.calls().session(key));
    world.all_up() && at_lns.is_some_and(|session| session.ipv4.is_some())
}

/// As both ends see it.
fn epochs(world: &World<Scribe>) -> [u32; 2] {
    let at_lns = world
        .session_of(0)
        .and_then(|key| world.lns.calls().session(key));
    let at_client = world.clients[0].session();
    [at_client, at_lns].map(|session| session.map_or(0, |session| session.epoch))
}

#[test]
fn a_thousand_rekeys_lose_nothing_that_the_carrier_did_not() {
    for seed in seeds() {
        for loss in LOSSES {
            for (name, transform) in TRANSFORMS {
                let mut world = quick(seed, loss, name, "");
                let mut account = Account::default();
                let session = world.session_of(0);
                while epochs(&world)[0] < 1000 {
                    // Whoever asks: both ends in turn, and now and then both at once.
                    let turn = world.carrier.lossy.dice.below(3);
                    assert!(turn == 1 || world.rekey(0));
                    assert!(turn == 0 || world.rekey_by_client(0));
                    for _ in 0..5 {
                        account.send(&mut world);
                        world.run_for(ms(23));
                        account.receive(&mut world);
                    }
                    assert!(
                        world.now < s(3600),
                        "{name}, {loss} %: {:?}",
                        epochs(&world)
                    );
                }
                account.settle(&mut world, transform);
                assert_eq!(world.session_of(0), session, "{name}, {loss} %");
                assert!(world.lns.totals().rekeys >= 999);
            }
        }
    }
}

#[test]
fn nor_do_rekeys_under_the_protocol_number_of_lcp() {
    for (name, transform) in TRANSFORMS {
        let mut world = quick(2, 5, name, "carrier = \"lcp\"");
        let mut account = Account::default();
        while epochs(&world)[0] < 100 {
            assert!(world.rekey(0));
            for _ in 0..5 {
                account.send(&mut world);
                world.run_for(ms(23));
                account.receive(&mut world);
            }
            assert!(world.now < s(600), "{name}: {:?}", epochs(&world));
        }
        account.settle(&mut world, transform);
    }
}

#[test]
fn rekeys_come_by_themselves_after_a_while_and_lose_nothing() {
    for (name, transform) in TRANSFORMS {
        let mut world = quick(3, 5, name, "rekey-interval = \"1s\"");
        let mut account = Account::default();
        for _ in 0..2000 {
            account.send(&mut world);
            world.run_for(ms(20));
            account.receive(&mut world);
        }
        account.settle(&mut world, transform);
        let [client, lns] = epochs(&world);
        assert!(
            (28..=44).contains(&client),
            "{name}: {client} in 40 s, each after 0.9 to 1.1 s and the exchange"
        );
        assert!(client.abs_diff(lns) <= 1);
    }
}

#[test]
fn rekeys_come_by_themselves_after_so_many_packets_and_lose_nothing() {
    // The data path tells the negotiator of every 4096 packets.
    for (name, transform) in TRANSFORMS {
        let mut world = quick(4, 5, name, "rekey-packets = 4096");
        let mut account = Account::default();
        for _ in 0..4 * 4096 {
            account.send(&mut world);
            world.run_for(ms(1));
            account.receive(&mut world);
        }
        account.settle(&mut world, transform);
        let [client, lns] = epochs(&world);
        assert!(
            (2..=9).contains(&client),
            "{name}: {client} after 4 times 4096 packets each way"
        );
        assert!(client.abs_diff(lns) <= 1);
    }
}

/// LCP starts again in the middle of everything, as after a forged Configure-Request: no data meanwhile, never in
/// clear, and exactly as before when it is over.
#[test]
fn lcp_restarts_in_mid_session() {
    for loss in LOSSES {
        for (name, transform) in TRANSFORMS {
            let mut world = quick(5, loss, name, "");
            world.guard = Some(world::guard::Guard::new(true));
            let session = world.session_of(0);
            for restart in 0..20 {
                let mut account = Account::default();
                for turn in 0..30 {
                    account.send(&mut world);
                    if turn % 10 == 0 {
                        world.rekey(0);
                    }
                    world.run_for(ms(20));
                    account.receive(&mut world);
                }
                account.settle(&mut world, transform);

                let key = world.session_of(0).unwrap();
                let (ids, call) = {
                    let session = world.lns.calls().session(key).unwrap();
                    (session.peer_ids, session.call)
                };
                // Of an identifier that nobody used, so it is no late copy.
                let request = control(1, 0xE0 + restart, &[5, 6, 1, 2, 3, restart]);
                let (to, ids) = match restart % 2 {
                    0 => (Place::Client(0), ids),
                    _ => (Place::Lns, (call.tunnel.0, call.session)),
                };
                let from = if to == Place::Lns {
                    Place::Client(0)
                } else {
                    Place::Lns
                };
                let header = scramble::wire::l2tp::emit_plain(ids.0, ids.1);
                let payload = [&header[..], &[0xFF, 0x03, 0xC0, 0x21], &request].concat();
                world.launch(ms(1), Flying { from, to, payload });
                world.run_for(ms(2));
                assert!(!world.is_scrambled(0), "{name}: LCP did not start again");
                let mut meanwhile = Account::default();
                let end = world.now + s(60);
                while !(world.is_scrambled(0) && is_ready(&world)) {
                    assert!(
                        world.now < end,
                        "{name}, {loss} %: {:?} {:?}",
                        world.states(0),
                        world.events[0].last()
                    );
                    meanwhile.try_send(&mut world);
                    world.run_for(ms(20));
                    meanwhile.receive(&mut world);
                }
                world.run_for(ms(100));
                meanwhile.receive(&mut world);
                assert_eq!(
                    world.session_of(0),
                    session,
                    "{name}, {loss} %: {:?}",
                    world.events[0]
                );
            }
        }
    }
}
