//! A load on an access server of ours, in virtual time.

#[path = "world/mod.rs"]
mod world;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet, VecDeque};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use fogline::calls::{Datagram, HEADROOM, Port, Randomness, TAILROOM};
use fogline::config::model::{self, AddressControl, Path};
use fogline::io::users::check;
use fogline::lns::Lns;
use fogline::load::{Load, Plan, Rate, Report, Stage, Step, Traffic, Users};
use fogline_auth::{CallInfo, Method, Request};
use scramble::negotiator::{self, Policy};
use scramble::transform::Packet;
use world::{Dice, lns_config, ms, s};

const SERVER: ([u8; 4], u16) = ([198, 51, 100, 1], 1701);
/// How long a datagram is under way.
const WAY: Duration = ms(10);

fn socket_address(socket: usize) -> SocketAddr {
    ([192, 0, 2, socket as u8], 40000).into()
}

fn randomness(seed: u64) -> Randomness<Dice> {
    let mut seeds = Dice(seed);
    Box::new(move || Dice(seeds.next()))
}

/// What an engine sent: datagrams from a socket, and IP packets.
#[derive(Default)]
struct Sent {
    datagrams: Vec<(usize, SocketAddr, Vec<u8>)>,
    packets: Vec<Vec<u8>>,
}

impl Port for Sent {
    fn to_peer(&mut self, socket: usize, to: SocketAddr, datagram: &[u8]) {
        self.datagrams.push((socket, to, datagram.to_vec()));
    }

    fn to_host(&mut self, packet: &[u8]) {
        self.packets.push(packet.to_vec());
    }
}

/// A datagram under way: when it arrives, its number, the socket of the load that it is for (`None` for the server),
/// the one that it is from, its payload.
type Flying = (Duration, u64, Option<usize>, usize, Vec<u8>);

/// A load, and the server that it is on; the server's host forwards between subscribers.
struct World {
    now: Duration,
    lns: Lns<Dice>,
    users: model::Users,
    load: Load<Dice>,
    wire: BinaryHeap<Reverse<Flying>>,
    number: u64,
    /// Nothing reaches the server any more.
    server_is_gone: bool,
    /// Packets of subscribers to elsewhere.
    beyond: Vec<Vec<u8>>,
}

impl World {
    fn new(lns: model::Lns, plan: Plan) -> Self {
        let lns = Arc::new(lns);
        let mut seed = 40;
        let make = || {
            seed += 1;
            randomness(seed)
        };
        let mut world = Self {
            now: Duration::ZERO,
            users: lns.users.clone(),
            lns: Lns::new(lns, randomness(1), HashSet::new(), false),
            load: Load::new(plan, make),
            wire: BinaryHeap::new(),
            number: 0,
            server_is_gone: false,
            beyond: Vec::new(),
        };
        let mut sent = Sent::default();
        world.load.start(world.now, &mut sent);
        world.load_sent(sent);
        world
    }

    fn load_sent(&mut self, sent: Sent) {
        for (socket, to, payload) in sent.datagrams {
            assert_eq!(to, SERVER.into());
            self.number += 1;
            self.wire.push(Reverse((
                self.now + WAY,
                self.number,
                None,
                socket,
                payload,
            )));
        }
    }

    fn lns_sent(&mut self, sent: Sent) {
        for (_, to, payload) in sent.datagrams {
            let SocketAddr::V4(to) = to else {
                panic!("{to}")
            };
            let socket = usize::from(to.ip().octets()[3]);
            self.number += 1;
            self.wire.push(Reverse((
                self.now + WAY,
                self.number,
                Some(socket),
                0,
                payload,
            )));
        }
        let mut packets: VecDeque<_> = sent.packets.into();
        while let Some(packet) = packets.pop_front() {
            if packet[16] != 10 {
                self.beyond.push(packet);
                continue;
            }
            let mut buffer = vec![0; HEADROOM + packet.len() + TAILROOM];
            let range = HEADROOM..HEADROOM + packet.len();
            buffer[range.clone()].copy_from_slice(&packet);
            let mut again = Sent::default();
            self.lns
                .packets(self.now, [Packet::new(&mut buffer, range)], &mut again);
            self.lns_sent(again);
        }
    }

    /// Lets time pass until `done`, at most for `patience`.
    fn run(&mut self, patience: Duration, done: impl Fn(&Self) -> bool) {
        let end = self.now + patience;
        while !done(self) {
            let flying = self.wire.peek().map(|Reverse((at, ..))| *at);
            let next = [flying, self.lns.poll_timeout(), self.load.poll_timeout()];
            let next = next.into_iter().flatten().min().expect("something is due");
            assert!(
                next <= end,
                "not done after {patience:?}: {:?}",
                self.load.progress()
            );
            self.now = self.now.max(next);
            self.step();
        }
    }

    fn step(&mut self) {
        while let Some(Reverse((at, ..))) = self.wire.peek()
            && *at <= self.now
        {
            let Some(Reverse((_, _, to, from, mut payload))) = self.wire.pop() else {
                break;
            };
            let range = 0..payload.len();
            let payload = Packet::new(&mut payload, range);
            let mut sent = Sent::default();
            match to {
                Some(socket) => {
                    let datagram = Datagram {
                        from: SERVER.into(),
                        payload,
                    };
                    self.load.datagrams(self.now, socket, [datagram], &mut sent);
                    self.load_sent(sent);
                }
                None if self.server_is_gone => {}
                None => {
                    let datagram = Datagram {
                        from: socket_address(from),
                        payload,
                    };
                    self.lns.datagrams(self.now, 0, [datagram], &mut sent);
                    self.lns_sent(sent);
                    self.decide();
                }
            }
        }
        let mut sent = Sent::default();
        self.lns.handle_timeout(self.now, &mut sent);
        self.lns_sent(sent);
        let mut sent = Sent::default();
        self.load.handle_timeout(self.now, &mut sent);
        self.load_sent(sent);
    }

    fn decide(&mut self) {
        while let Some(request) = self.lns.poll_authentication() {
            let decision = check(
                &self.users,
                &Request {
                    credentials: *request.credentials,
                    call: CallInfo {
                        calling_number: None,
                        called_number: None,
                        tunnel_peer: request.host_name,
                        peer_address: request.peer,
                        proxy: false,
                    },
                },
            );
            let mut sent = Sent::default();
            self.lns
                .authenticated(self.now, request.key, &decision, &mut sent);
            self.lns_sent(sent);
        }
    }

    fn run_to_the_end(&mut self) -> Report {
        self.run(s(300), |world| world.load.is_over());
        self.load.report()
    }

    fn run_until_held(&mut self) {
        self.run(s(60), |world| {
            matches!(world.load.progress().stage, Stage::Hold(_))
        });
    }
}

fn rate(per_second: f64) -> Rate {
    Rate::new(per_second).expect("tests give rates that are some")
}

/// Ten lines in two control connections, for five seconds.
fn plan() -> Plan {
    Plan {
        server: SERVER.into(),
        sockets: 1,
        tunnels: 2,
        sessions: 10,
        rate: rate(100.0),
        duration: Some(s(5)),
        churn: None,
        traffic: None,
        setup_timeout: s(30),
        users: Users::new("user%d".into(), "secret%d".into(), 0),
        methods: Method::ALL.to_vec(),
        scrambling: negotiator::Config::new(Policy::Require),
        ipv6: false,
        echo_interval: Some(s(30)),
        path: Path {
            mtu: 1500,
            sequencing: false,
            ff03: AddressControl::Follow,
            ipv6: false,
        },
        tunnel_secret: None,
    }
}

const PREFER: &str = "policy = \"prefer\"";

#[test]
fn all_calls_come_up_and_are_hung_up_at_the_end() {
    let mut world = World::new(lns_config(PREFER, ""), plan());
    world.run_until_held();
    assert_eq!(world.load.progress().up, 10);
    assert_eq!(world.lns.calls().len(), 10);
    assert_eq!(world.lns.calls().endpoint(0).tunnels().count(), 2);
    let report = world.run_to_the_end();
    assert!(report.is_good(), "{report:?}");
    assert_eq!(
        (
            report.tunnels_up,
            report.calls,
            report.came_up,
            report.hung_up
        ),
        (2, 10, 10, 10)
    );
    assert_eq!((report.scrambled, report.clear), (10, 0));
    world.run(s(1), |world| world.lns.calls().is_empty());
}

#[test]
fn calls_start_as_fast_as_the_rate_says() {
    let slow = Plan {
        rate: rate(2.0),
        ..plan()
    };
    let mut world = World::new(lns_config(PREFER, ""), slow);
    world.run_until_held();
    let took = world.now.as_secs_f64();
    assert!(
        (4.5..5.5).contains(&took),
        "ten calls, two a second: {took}"
    );
}

#[test]
fn each_step_of_the_set_up_is_measured() {
    let mut world = World::new(lns_config(PREFER, ""), plan());
    let report = world.run_to_the_end();
    let steps = Step::ALL.map(|step| report.setup_ms[&step]);
    assert_eq!(
        steps.map(|summary| summary.count),
        [2, 10, 10, 10, 10, 10, 10]
    );
    // Every step takes whole round trips of 20 ms here.
    assert!(
        steps[..6]
            .iter()
            .all(|summary| (19.9..61.0).contains(&summary.p50)),
        "{steps:?}"
    );
    let sum: f64 = steps[1..6].iter().map(|summary| summary.p50).sum();
    assert!((sum - steps[6].p50).abs() < 1.0, "{steps:?}");
}

#[test]
fn without_a_policy_nothing_is_said_of_scrambling() {
    let clear = Plan {
        scrambling: negotiator::Config::new(Policy::Off),
        ..plan()
    };
    let mut world = World::new(lns_config(PREFER, ""), clear);
    let report = world.run_to_the_end();
    assert!(report.is_good(), "{report:?}");
    assert_eq!(
        (report.scrambled, report.clear, report.in_clear.total()),
        (0, 10, 0)
    );
}

#[test]
fn packets_go_up_one_call_and_down_another_and_none_is_lost() {
    let traffic = Traffic {
        per_session: rate(10.0),
        size: 100,
        to: None,
    };
    let mut world = World::new(
        lns_config(PREFER, ""),
        Plan {
            traffic: Some(traffic),
            ..plan()
        },
    );
    let report = world.run_to_the_end();
    assert!(report.packets_sent >= 10 * 10 * 5, "{report:?}");
    assert_eq!(
        (report.packets_lost, report.drops.len()),
        (0, 0),
        "{report:?}"
    );
    let delay = report.delay_ms.unwrap();
    assert!(
        (19.9..20.1).contains(&delay.p50) && delay.max < 30.0,
        "{delay:?}"
    );
    assert_eq!(
        world.lns.calls().all_traffic().packets_received,
        report.packets_sent
    );
}

#[test]
fn packets_go_where_they_are_told() {
    let to = SocketAddrV4::new(Ipv4Addr::new(203, 0, 113, 7), 7);
    let traffic = Traffic {
        per_session: rate(1.0),
        size: 64,
        to: Some(to),
    };
    let mut world = World::new(
        lns_config(PREFER, ""),
        Plan {
            traffic: Some(traffic),
            ..plan()
        },
    );
    let report = world.run_to_the_end();
    assert_eq!(world.beyond.len() as u64, report.packets_sent);
    assert!(
        world
            .beyond
            .iter()
            .all(|packet| packet[16..20] == to.ip().octets() && packet.len() == 64)
    );
}

#[test]
fn calls_that_are_hung_up_on_purpose_are_made_again() {
    let traffic = Traffic {
        per_session: rate(10.0),
        size: 64,
        to: None,
    };
    let churn = Plan {
        churn: Some(rate(4.0)),
        traffic: Some(traffic),
        ..plan()
    };
    let mut world = World::new(lns_config(PREFER, ""), churn);
    let report = world.run_to_the_end();
    assert!(report.is_good(), "{report:?}");
    assert!(report.calls >= 10 + 15, "{report:?}");
    assert_eq!(report.calls, report.hung_up);
    assert_eq!(report.packets_lost, 0, "{report:?}");
}

#[test]
fn calls_come_from_every_socket() {
    let sources = Plan {
        sockets: 3,
        tunnels: 3,
        ..plan()
    };
    let mut world = World::new(lns_config(PREFER, ""), sources);
    world.run_until_held();
    let peers: HashSet<_> = world
        .lns
        .calls()
        .sessions()
        .map(|session| session.peer)
        .collect();
    assert_eq!(peers, (0..3).map(socket_address).collect());
}

#[test]
fn calls_that_fail_are_counted_by_step_and_reason() {
    let wrong = Plan {
        users: Users::new("user%d".into(), "wrong".into(), 0),
        ..plan()
    };
    let mut world = World::new(lns_config(PREFER, ""), wrong);
    let report = world.run_to_the_end();
    assert!(!report.is_good());
    assert_eq!((report.came_up, report.failed.total()), (0, 10));
    assert!(
        report
            .failed
            .iter()
            .all(|(reason, _)| reason.starts_with("authentication: ")),
        "{report:?}"
    );

    let mut world = World::new(lns_config("policy = \"off\"", ""), plan());
    let report = world.run_to_the_end();
    assert_eq!(report.failed.total(), 10);
    assert!(
        report
            .failed
            .iter()
            .all(|(reason, _)| reason.starts_with("scrambling: ")),
        "{report:?}"
    );
}

#[test]
fn what_takes_too_long_has_failed() {
    let mut world = World::new(
        lns_config(PREFER, ""),
        Plan {
            setup_timeout: ms(70),
            ..plan()
        },
    );
    let report = world.run_to_the_end();
    assert_eq!(
        (report.came_up, report.failed.total()),
        (0, 10),
        "{report:?}"
    );
    assert!(
        report
            .failed
            .iter()
            .all(|(reason, _)| reason.contains("no address within 70ms")),
        "{report:?}"
    );
}

#[test]
fn calls_that_the_server_ends_have_fallen() {
    let mut world = World::new(lns_config(PREFER, ""), plan());
    world.run_until_held();
    let mut sent = Sent::default();
    world.lns.drain(world.now, &mut sent);
    world.lns_sent(sent);
    let report = world.run_to_the_end();
    assert!(!report.is_good());
    assert_eq!(report.fallen.total(), 10);
    assert!(
        report
            .fallen
            .iter()
            .all(|(reason, _)| reason.contains("shutting down")),
        "{report:?}"
    );
}

#[test]
fn a_server_that_is_not_there_or_goes_away_is_no_reason_to_wait_for_ever() {
    let mut world = World::new(lns_config(PREFER, ""), plan());
    world.server_is_gone = true;
    let report = world.run_to_the_end();
    assert_eq!((report.tunnels_failed.total(), report.calls), (2, 0));
    assert!(!report.is_good());

    let mut world = World::new(
        lns_config(PREFER, ""),
        Plan {
            duration: None,
            ..plan()
        },
    );
    world.run_until_held();
    world.server_is_gone = true;
    let report = world.run_to_the_end();
    assert_eq!(report.fallen.total(), 10, "{report:?}");
}

#[test]
fn it_can_be_stopped_while_calls_come_up() {
    let mut world = World::new(
        lns_config(PREFER, ""),
        Plan {
            rate: rate(2.0),
            duration: None,
            ..plan()
        },
    );
    world.run(s(10), |world| world.load.progress().up == 3);
    let mut sent = Sent::default();
    world.load.stop(world.now, &mut sent);
    world.load_sent(sent);
    let report = world.run_to_the_end();
    assert!(report.is_good(), "{report:?}");
    assert_eq!(report.calls, report.hung_up);
    assert!((3..=5).contains(&report.calls));
    world.run(s(1), |world| world.lns.calls().is_empty());
}
