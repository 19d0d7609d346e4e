//! Two hosts with an endpoint each, a wire between them, and virtual time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use fogline_l2tp::{
    CallCause, CallId, CallRequest, Config, DownReason, Endpoint, Established, Event, TunnelId,
    TunnelState,
};

pub const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub const fn s(s: u64) -> Duration {
    Duration::from_secs(s)
}

/// SplitMix64: tests need to be repeatable, not secret.
#[derive(Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

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

/// A host, which checks what an endpoint tells it.
pub struct Host {
    pub endpoint: Endpoint<Dice>,
    pub address: SocketAddr,
    /// Takes every call.
    pub accepts: bool,
    pub up: BTreeSet<TunnelId>,
    pub calls: BTreeMap<CallId, Established>,
    pub offered: Vec<CallId>,
    pub tunnels_down: Vec<(TunnelId, DownReason)>,
    pub calls_down: Vec<(CallId, DownReason)>,
    pub moved: Vec<SocketAddr>,
}

impl Host {
    fn new(config: Config, address: &str, seed: u64) -> Self {
        Self {
            endpoint: Endpoint::new(config, Dice(seed)),
            address: address.parse().expect("an address"),
            accepts: true,
            up: BTreeSet::new(),
            calls: BTreeMap::new(),
            offered: Vec::new(),
            tunnels_down: Vec::new(),
            calls_down: Vec::new(),
            moved: Vec::new(),
        }
    }

    fn take_events(&mut self, now: Duration) {
        while let Some(event) = self.endpoint.poll() {
            match event {
                Event::TunnelUp(tunnel) => assert!(self.up.insert(tunnel), "up twice"),
                Event::TunnelMoved { peer, .. } => self.moved.push(peer),
                Event::TunnelDown { tunnel, reason } => {
                    self.up.remove(&tunnel);
                    assert!(
                        self.calls.keys().all(|call| call.tunnel != tunnel),
                        "a call outlives its tunnel"
                    );
                    self.tunnels_down.push((tunnel, reason));
                }
                Event::Incoming { call, .. } => {
                    self.offered.push(call);
                    if self.accepts {
                        self.endpoint.accept(now, call);
                    }
                }
                Event::CallUp { call, info } => {
                    assert!(self.up.contains(&call.tunnel), "a call without its tunnel");
                    assert!(self.calls.insert(call, *info).is_none(), "up twice");
                }
                Event::CallDown { call, reason } => {
                    self.calls.remove(&call);
                    self.calls_down.push((call, reason));
                }
            }
        }
    }

    pub fn hang_up(&mut self, now: Duration, call: CallId, cause: CallCause) {
        self.calls.remove(&call);
        self.endpoint.hang_up(now, call, cause);
    }

    /// Control connections that are not stopped.
    pub fn live(&self) -> usize {
        self.endpoint
            .tunnels()
            .filter(|tunnel| tunnel.state != TunnelState::Stopping)
            .count()
    }
}

struct Flight {
    to: usize,
    from: SocketAddr,
    bytes: Vec<u8>,
}

/// What the wire does to datagrams.
#[derive(Clone)]
pub struct Wire {
    pub loss: u64,
    pub duplication: u64,
    pub least: Duration,
    pub most: Duration,
    pub dice: Dice,
}

impl Wire {
    pub fn perfect() -> Self {
        Self {
            loss: 0,
            duplication: 0,
            least: ms(10),
            most: ms(10),
            dice: Dice(0),
        }
    }

    /// Loses, duplicates and reorders.
    pub fn poor(percent: u64, seed: u64) -> Self {
        Self {
            loss: percent,
            duplication: percent,
            least: ms(5),
            most: ms(300),
            dice: Dice(seed),
        }
    }
}

pub const CLIENT: usize = 0;
pub const LNS: usize = 1;

/// A client and an LNS.
pub struct Pair {
    pub now: Duration,
    pub hosts: [Host; 2],
    pub wire: Wire,
    /// Where the LNS sees the client, if not where it is.
    pub nat: Option<SocketAddr>,
    /// Datagrams that each end sent.
    pub sent: [usize; 2],
    flights: BTreeMap<u64, Flight>,
    arrivals: BinaryHeap<Reverse<(Duration, u64)>>,
    count: u64,
}

impl Pair {
    pub fn new(client: Config, lns: Config, wire: Wire) -> Self {
        Self {
            now: Duration::ZERO,
            hosts: [
                Host::new(client, "192.0.2.1:40001", 11),
                Host::new(lns, "192.0.2.2:1701", 22),
            ],
            wire,
            nat: None,
            sent: [0; 2],
            flights: BTreeMap::new(),
            arrivals: BinaryHeap::new(),
            count: 0,
        }
    }

    pub fn default_ends() -> Self {
        Self::new(Config::default(), Config::default(), Wire::perfect())
    }

    pub fn client(&mut self) -> &mut Host {
        &mut self.hosts[CLIENT]
    }

    pub fn lns(&mut self) -> &mut Host {
        &mut self.hosts[LNS]
    }

    pub fn dial(&mut self) -> TunnelId {
        let (now, to) = (self.now, self.hosts[LNS].address);
        self.client().endpoint.dial(now, to).expect("a tunnel")
    }

    pub fn call(&mut self, tunnel: TunnelId) -> CallId {
        let now = self.now;
        self.client()
            .endpoint
            .call(now, tunnel, CallRequest::default())
            .expect("a call")
    }

    /// A client with a tunnel and a call that are up at both ends.
    pub fn connected(client: Config, lns: Config) -> (Self, TunnelId, CallId) {
        let mut pair = Self::new(client, lns, Wire::perfect());
        let tunnel = pair.dial();
        let call = pair.call(tunnel);
        pair.run(s(1));
        assert_eq!(
            (pair.hosts[CLIENT].calls.len(), pair.hosts[LNS].calls.len()),
            (1, 1)
        );
        (pair, tunnel, call)
    }

    /// Delivers a datagram as if `from` had sent it.
    pub fn inject(&mut self, to: usize, from: SocketAddr, bytes: &[u8]) {
        let now = self.now;
        self.hosts[to].endpoint.handle_control(now, from, bytes);
    }

    fn pump(&mut self) {
        for end in [CLIENT, LNS] {
            let now = self.now;
            self.hosts[end].take_events(now);
            while let Some(transmit) = self.hosts[end].endpoint.poll_transmit() {
                self.sent[end] += 1;
                self.carry(end, transmit.to, &transmit.payload);
            }
        }
    }

    fn carry(&mut self, end: usize, to: SocketAddr, bytes: &[u8]) {
        let (from, target) = match (end, self.nat) {
            (CLIENT, Some(nat)) => (nat, self.hosts[LNS].address),
            (LNS, Some(nat)) => (self.hosts[LNS].address, nat),
            (end, _) => (self.hosts[end].address, self.hosts[1 - end].address),
        };
        if to != target {
            return;
        }
        let copies = 1 + usize::from(self.wire.dice.percent(self.wire.duplication));
        for _ in 0..copies {
            if !self.wire.dice.percent(self.wire.loss) {
                let spread = (self.wire.most - self.wire.least).as_micros() as u64;
                let delay =
                    self.wire.least + Duration::from_micros(self.wire.dice.below(spread + 1));
                self.count += 1;
                let flight = Flight {
                    to: 1 - end,
                    from,
                    bytes: bytes.to_vec(),
                };
                self.flights.insert(self.count, flight);
                self.arrivals.push(Reverse((self.now + delay, self.count)));
            }
        }
    }

    /// Lets `time` pass.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        self.run_until(end, |_| false);
    }

    /// Goes on until `done`, or until `end`; says whether it is done.
    pub fn run_until(&mut self, end: Duration, mut done: impl FnMut(&Self) -> bool) -> bool {
        loop {
            self.pump();
            if done(self) {
                return true;
            }
            let timers = self
                .hosts
                .iter()
                .filter_map(|host| host.endpoint.poll_timeout());
            let arrival = self.arrivals.peek().map(|Reverse((at, _))| *at);
            let next = timers.chain(arrival).min().filter(|next| *next <= end);
            let Some(next) = next else {
                self.now = end;
                return false;
            };
            self.now = self.now.max(next);
            let now = self.now;
            while let Some(&Reverse((at, number))) = self.arrivals.peek()
                && at <= now
            {
                self.arrivals.pop();
                if let Some(Flight { to, from, bytes }) = self.flights.remove(&number) {
                    self.hosts[to].endpoint.handle_control(now, from, &bytes);
                    self.pump();
                }
            }
            for host in &mut self.hosts {
                if host.endpoint.poll_timeout().is_some_and(|due| due <= now) {
                    host.endpoint.handle_timeout(now);
                }
            }
        }
    }
}
