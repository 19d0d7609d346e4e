//! An access server, clients, and the carrier between them, in virtual time.
//!
//! The engines are the daemon's own; the carrier sees every datagram and does with it what a test wants.

#![allow(dead_code)] // Each test program uses its part of this.

pub mod carrier;
pub mod guard;
pub mod packet;
pub mod wire;

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashSet};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fogline::calls::{Calls, Datagram, HEADROOM, Port, SessionKey, TAILROOM};
use fogline::client::{Client, ClientEvent};
use fogline::config::{self, Contents, Files, model};
use fogline::io::users::check;
use fogline::lns::Lns;
use fogline_auth::{CallInfo, Request};
use scramble::negotiator::State as PhsState;
use scramble::transform::Packet;

use carrier::Carrier;
use guard::Guard;

pub const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub const fn s(s: u64) -> Duration {
    Duration::from_secs(s)
}

/// SplitMix64: tests need to be repeatable, not secret.
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0 up to, not including, `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

impl rand_core::TryRng for Dice {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.next() as u32)
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next())
    }
    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        to.iter_mut().for_each(|byte| *byte = self.next() as u8);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Dice {}

/// Generators with seeds of their own.
fn randomness(seed: u64) -> Box<dyn FnMut() -> Dice + Send> {
    let mut seeds = Dice(seed);
    Box::new(move || Dice(seeds.next()))
}

/// Which end of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    Lns,
    Client(usize),
    /// Somebody else on the Internet, one of 2^24: no engine is there, the carrier sees what is sent to it.
    Stranger(u32),
}

/// A datagram under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flying {
    pub from: Place,
    pub to: Place,
    pub payload: Vec<u8>,
}

/// What an engine sent.
#[derive(Default)]
struct Sent {
    datagrams: Vec<(SocketAddr, Vec<u8>)>,
    packets: Vec<Vec<u8>>,
}

impl Port for Sent {
    fn to_peer(&mut self, _: usize, to: SocketAddr, datagram: &[u8]) {
        self.datagrams.push((to, datagram.to_vec()));
    }

    fn to_host(&mut self, packet: &[u8]) {
        self.packets.push(packet.to_vec());
    }
}

/// All of it.
pub struct World<C> {
    pub now: Duration,
    pub carrier: C,
    pub lns: Lns<Dice>,
    pub clients: Vec<Client<Dice>>,
    /// What each client's host has heard.
    pub events: Vec<Vec<ClientEvent>>,
    /// IP packets that came out, by place.
    pub arrived: BTreeMap<Place, Vec<Vec<u8>>>,
    /// Looks at everything, where there is one.
    pub guard: Option<Guard>,
    users: model::Users,
    flying: BinaryHeap<Reverse<(Duration, u64)>>,
    cargo: BTreeMap<u64, Flying>,
    next: u64,
    /// How often something was due at the same time.
    steps: (Duration, u32),
    configs: (Arc<model::Lns>, Vec<Arc<model::Client>>),
}

const LNS: ([u8; 4], u16) = ([198, 51, 100, 1], 1701);

fn client_address(client: usize) -> SocketAddr {
    ([192, 0, (client >> 8) as u8, client as u8], 40000).into()
}

fn place(address: SocketAddr) -> Option<Place> {
    if address == LNS.into() {
        return Some(Place::Lns);
    }
    let SocketAddr::V4(address) = address else {
        return None;
    };
    match address.ip().octets() {
        [192, 0, high, low] => Some(Place::Client(usize::from(high) << 8 | usize::from(low))),
        [100, a, b, c] => Some(Place::Stranger(u32::from_be_bytes([0, a, b, c]))),
        _ => None,
    }
}

fn address(place: Place) -> SocketAddr {
    match place {
        Place::Lns => LNS.into(),
        Place::Client(client) => client_address(client),
        Place::Stranger(number) => {
            let [_, a, b, c] = number.to_be_bytes();
            ([100, a, b, c], 1701).into()
        }
    }
}

/// What an access server of the tests is like; `scrambling` and `more` are lines of its listener and of `[lns]`.
pub fn lns_config(scrambling: &str, more: &str) -> model::Lns {
    let text = format!(
        r#"
[lns]
name = "lns.test"
tun = "fogline0"
{more}
[[lns.listen]]
address = "198.51.100.1:1701"
authentication = ["ms-chap-v2", "chap-md5", "pap"]
path-mtu = 1600
[lns.listen.scrambling]
{scrambling}
[[lns.pool]]
name = "home"
ipv4 = "10.64.0.0/16"
gateway = "10.64.0.1"
ipv6 = "2001:db8:4000::/40"
dns = ["10.64.0.1", "2001:db8::53"]
[lns.users]
file = "users.toml"
"#
    );
    load(&text).lns.expect("a section [lns]")
}

/// What client `number` of the tests is like.
pub fn client_config(number: usize, scrambling: &str, more: &str) -> model::Client {
    let text = format!(
        r#"
[client]
server = "198.51.100.1:1701"
user = "user{number}"
password = "secret{number}"
tun = "fogline1"
path-mtu = 1600
{more}
[client.redial]
min = "1s"
max = "8s"
[client.scrambling]
{scrambling}
"#
    );
    load(&text).client.expect("a section [client]")
}

fn load(text: &str) -> model::Config {
    struct Made<'a>(&'a str);
    impl Files for Made<'_> {
        fn read(&self, path: &Path, _: u64) -> io::Result<Contents> {
            let text = match path.ends_with("users.toml") {
                true => (0..64)
                    .map(|n| format!("[[user]]\nname = \"user{n}\"\npassword = \"secret{n}\"\n"))
                    .collect(),
                false => self.0.to_owned(),
            };
            Ok(Contents {
                text: text.into(),
                owner: 0,
                mode: 0o600,
            })
        }
        fn user_id(&self, _: &str) -> Option<u32> {
            Some(0)
        }
        fn own_id(&self) -> u32 {
            0
        }
    }
    match config::load_from(Path::new("test.toml"), &Made(text)) {
        Ok(loaded) => loaded.config,
        Err(errors) => panic!("{errors}\n{text}"),
    }
}

fn calls_at<'w>(
    lns: &'w Lns<Dice>,
    clients: &'w [Client<Dice>],
    place: Place,
) -> Option<&'w Calls<Dice>> {
    match place {
        Place::Lns => Some(lns.calls()),
        Place::Client(client) => clients.get(client).map(Client::calls),
        Place::Stranger(_) => None,
    }
}

impl<C: Carrier> World<C> {
    /// An access server and as many clients, all of them about to dial.
    pub fn new(seed: u64, lns: model::Lns, clients: Vec<model::Client>, carrier: C) -> Self {
        let seeds = Rc::new(Cell::new(seed));
        let seed = move || {
            seeds.set(seeds.get().wrapping_add(0x1234_5677));
            seeds.get()
        };
        let lns = Arc::new(lns);
        let configs: Vec<_> = clients.into_iter().map(Arc::new).collect();
        let clients = configs
            .iter()
            .map(|config| Client::new(config.clone(), || randomness(seed()), false, false));
        Self {
            now: Duration::ZERO,
            carrier,
            lns: Lns::new(lns.clone(), randomness(seed()), HashSet::new(), true),
            clients: clients.collect(),
            events: vec![Vec::new(); configs.len()],
            arrived: BTreeMap::new(),
            guard: None,
            users: lns.users.clone(),
            flying: BinaryHeap::new(),
            cargo: BTreeMap::new(),
            next: 0,
            steps: (Duration::ZERO, 0),
            configs: (lns, configs),
        }
    }

    /// The configuration of the access server.
    pub fn lns_config(&self) -> &Arc<model::Lns> {
        &self.configs.0
    }

    /// Lets time pass until `until`.
    pub fn run_until(&mut self, until: Duration) {
        self.settle();
        while let Some(at) = self.next_event().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.step();
            self.settle();
        }
        self.now = self.now.max(until);
    }

    /// Lets time pass.
    pub fn run_for(&mut self, time: Duration) {
        self.run_until(self.now + time);
    }

    /// Lets time pass until `done`, at most for `patience`; whether it came to that.
    pub fn run_while(&mut self, patience: Duration, mut going: impl FnMut(&Self) -> bool) -> bool {
        let end = self.now + patience;
        self.settle();
        while going(self) {
            let Some(at) = self.next_event().filter(|at| *at <= end) else {
                return false;
            };
            self.now = self.now.max(at);
            self.step();
            self.settle();
        }
        true
    }

    fn next_event(&mut self) -> Option<Duration> {
        let flying = self.flying.peek().map(|Reverse((at, _))| *at);
        let clients = self.clients.iter_mut().filter_map(Client::poll_timeout);
        clients.chain(self.lns.poll_timeout()).chain(flying).min()
    }

    /// An engine whose timer is due again and again at the same instant would keep its host busy for ever.
    fn mind_busy_loops(&mut self) {
        let (at, steps) = &mut self.steps;
        if *at != self.now {
            (*at, *steps) = (self.now, 0);
        }
        *steps += 1;
        assert!(
            *steps < 100_000,
            "something is due for ever at {:?}",
            self.now
        );
    }

    fn step(&mut self) {
        self.mind_busy_loops();
        while let Some(Reverse((at, number))) = self.flying.peek().copied() {
            if at > self.now {
                break;
            }
            self.flying.pop();
            if let Some(flying) = self.cargo.remove(&number) {
                self.deliver(flying);
            }
        }
        let mut sent = Sent::default();
        if self.lns.poll_timeout().is_some_and(|at| at <= self.now) {
            self.lns.handle_timeout(self.now, &mut sent);
        }
        self.took(Place::Lns, sent);
        for client in 0..self.clients.len() {
            let mut sent = Sent::default();
            if self.clients[client]
                .poll_timeout()
                .is_some_and(|at| at <= self.now)
            {
                self.clients[client].handle_timeout(self.now, &mut sent);
            }
            self.took(Place::Client(client), sent);
        }
    }

    fn deliver(&mut self, flying: Flying) {
        let mut sent = Sent::default();
        let original = self.guard.is_some().then(|| flying.payload.clone());
        let mut payload = flying.payload;
        let range = 0..payload.len();
        let datagram = Datagram {
            from: address(flying.from),
            payload: Packet::new(&mut payload, range),
        };
        match flying.to {
            Place::Lns => self.lns.datagrams(self.now, 0, [datagram], &mut sent),
            Place::Client(client) => {
                if let Some(client) = self.clients.get_mut(client) {
                    client.datagrams(self.now, [datagram], &mut sent);
                }
            }
            Place::Stranger(_) => {}
        }
        if let (Some(guard), Some(original)) = (&mut self.guard, original)
            && let Some(calls) = calls_at(&self.lns, &self.clients, flying.to)
        {
            guard.look(flying.to, calls);
            guard.engine_delivers(flying.to, calls, &original, &sent.packets);
        }
        self.took(flying.to, sent);
    }

    /// Does at once what engines leave to their hosts.
    fn settle(&mut self) {
        loop {
            let mut idle = true;
            while let Some(request) = self.lns.poll_authentication() {
                idle = false;
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
                self.took(Place::Lns, sent);
            }
            for client in 0..self.clients.len() {
                while let Some(event) = self.clients[client].poll() {
                    idle = false;
                    if event == ClientEvent::Dial {
                        let mut sent = Sent::default();
                        self.clients[client].dial(self.now, LNS.into(), &mut sent);
                        self.took(Place::Client(client), sent);
                    }
                    self.events[client].push(event);
                }
            }
            if idle {
                return;
            }
        }
    }

    fn took(&mut self, from: Place, sent: Sent) {
        self.arrived.entry(from).or_default().extend(sent.packets);
        let calls = calls_at(&self.lns, &self.clients, from);
        if let (Some(guard), Some(calls)) = (&mut self.guard, calls) {
            guard.look(from, calls);
            for (to, payload) in &sent.datagrams {
                if let Some(to) = place(*to) {
                    guard.engine_sends(from, calls, to, payload);
                }
            }
        }
        for (to, payload) in sent.datagrams {
            let Some(to) = place(to) else { continue };
            let flying = Flying { from, to, payload };
            for (after, flying) in self.carrier.carry(self.now, flying) {
                self.launch(after, flying);
            }
        }
    }

    /// Puts a datagram on the wire, past the carrier.
    pub fn launch(&mut self, after: Duration, flying: Flying) {
        self.next += 1;
        self.flying.push(Reverse((self.now + after, self.next)));
        self.cargo.insert(self.next, flying);
    }

    /// This host has a packet.
    pub fn send(&mut self, place: Place, packet: &[u8]) {
        if let Some(guard) = &mut self.guard {
            guard.host_sends(packet);
        }
        let mut buffer = vec![0; HEADROOM + packet.len() + TAILROOM];
        let range = HEADROOM..HEADROOM + packet.len();
        buffer[range.clone()].copy_from_slice(packet);
        let packet = Packet::new(&mut buffer, range);
        let mut sent = Sent::default();
        match place {
            Place::Lns => self.lns.packets(self.now, [packet], &mut sent),
            Place::Client(client) => self.clients[client].packets(self.now, [packet], &mut sent),
            Place::Stranger(_) => {}
        }
        self.took(place, sent);
    }

    /// What has come out at a place since the last time.
    pub fn take(&mut self, place: Place) -> Vec<Vec<u8>> {
        std::mem::take(self.arrived.entry(place).or_default())
    }

    /// The session of a client at the access server.
    pub fn session_of(&self, client: usize) -> Option<SessionKey> {
        let user = format!("user{client}");
        self.lns.sessions_of(&user).last().copied()
    }

    /// The IPv4 addresses of a client's call, its own and the server's.
    pub fn ipv4(&self, client: usize) -> Option<(std::net::Ipv4Addr, std::net::Ipv4Addr)> {
        let session = self.clients[client].session()?;
        session.ipv4.map(|ipv4| (ipv4.local, ipv4.peer))
    }

    /// Whether every client has IPv4.
    pub fn all_up(&self) -> bool {
        (0..self.clients.len()).all(|client| self.ipv4(client).is_some())
    }

    /// Starts a rekey from a client's side.
    pub fn rekey_by_client(&mut self, client: usize) -> bool {
        let Some(key) = self.clients[client].session().map(|session| session.key) else {
            return false;
        };
        let mut sent = Sent::default();
        let started = self.clients[client].rekey(self.now, key, &mut sent);
        self.took(Place::Client(client), sent);
        started
    }

    /// Ends a client's call at the access server.
    pub fn kick(&mut self, client: usize, reason: &str) {
        if let Some(key) = self.session_of(client) {
            let mut sent = Sent::default();
            self.lns.kick(self.now, key, reason, &mut sent);
            self.took(Place::Lns, sent);
        }
    }

    /// Where a client's negotiation stands, at the client and at the access server.
    pub fn states(&self, client: usize) -> [Option<PhsState>; 2] {
        let at_client = self.clients[client].session();
        let at_lns = self
            .session_of(client)
            .and_then(|key| self.lns.calls().session(key));
        [at_client, at_lns].map(|session| session.map(|session| session.link.negotiator_state()))
    }

    /// Whether both ends of a client's call send scrambled.
    pub fn is_scrambled(&self, client: usize) -> bool {
        self.states(client) == [Some(PhsState::Confirmed); 2]
    }

    /// Starts a rekey from the access server's side.
    pub fn rekey(&mut self, client: usize) -> bool {
        let Some(key) = self.session_of(client) else {
            return false;
        };
        let mut sent = Sent::default();
        let started = self.lns.rekey(self.now, key, &mut sent);
        self.took(Place::Lns, sent);
        started
    }

    /// Ends everything at the access server.
    pub fn stop_lns(&mut self) {
        let mut sent = Sent::default();
        self.lns.drain(self.now, &mut sent);
        self.took(Place::Lns, sent);
    }
}
