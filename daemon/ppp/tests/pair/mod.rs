//! An access server's link and a subscriber's, a wire between them, and virtual time.

#![allow(dead_code)] // Each test program uses its part of this.

mod host;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::convert::Infallible;
use std::net::Ipv6Addr;
use std::time::Duration;

use fogline_auth::{Method, Timing};
use fogline_ppp::{
    Access, CloseReason, Config, Ipv4Grant, Ipv6Grant, LcpConfig, NetworkConfig, Role, Secret,
    Subscriber,
};
use scramble::agreement::Transform;
use scramble::keys::Secrets;
use scramble::negotiator::{self, DataMode, Policy};

pub use host::{Host, Users};

pub const ACCESS: usize = 0;
pub const SUBSCRIBER: usize = 1;

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

// What the ends are configured with.

pub fn phs(policy: Policy, transform: Transform) -> negotiator::Config {
    let mut config = negotiator::Config::new(policy);
    config.terms.want = transform;
    config
}

pub fn access(methods: &[Method], scrambling: negotiator::Config) -> Config {
    Config {
        lcp: LcpConfig::default(),
        role: Role::Access(Access {
            methods: methods.to_vec(),
            name: "lns".into(),
            timing: Timing::default(),
        }),
        network: NetworkConfig::default(),
        scrambling,
    }
}

pub fn subscriber(accept: &[Method], scrambling: negotiator::Config) -> Config {
    Config {
        lcp: LcpConfig::default(),
        role: Role::Subscriber(Subscriber {
            name: "alice".into(),
            password: Secret::new("open sesame".into()),
            accept: accept.to_vec(),
            ipv4: true,
            ipv6: true,
            request_dns: true,
            timing: Timing::default(),
        }),
        network: NetworkConfig::default(),
        scrambling,
    }
}

pub fn users() -> Users {
    Users {
        password: "open sesame",
        ipv4: Some(Ipv4Grant {
            local: [10, 64, 0, 1].into(),
            peer: [10, 64, 0, 9].into(),
            dns: [Some([9, 9, 9, 9].into()), None],
        }),
        ipv6: Some(Ipv6Grant {
            prefix: Ipv6Addr::new(0x2001, 0xDB8, 1, 2, 0, 0, 0, 0),
            dns: vec![Ipv6Addr::new(0x2620, 0xFE, 0, 0, 0, 0, 0, 9)],
        }),
        scrambling: None,
        secrets: Secrets::default(),
        by_hand: false,
    }
}

/// Loses, duplicates and, as delays vary, reorders.
pub struct Wire {
    pub dice: Dice,
    pub loss: u64,
    pub duplication: u64,
    pub least: Duration,
    pub most: Duration,
}

impl Wire {
    pub fn perfect() -> Self {
        Self {
            dice: Dice(0),
            loss: 0,
            duplication: 0,
            least: ms(10),
            most: ms(10),
        }
    }

    pub fn lossy(seed: u64, loss: u64) -> Self {
        Self {
            dice: Dice(seed),
            loss,
            duplication: loss / 2,
            least: ms(5),
            most: ms(40),
        }
    }

    fn delay(&mut self) -> Duration {
        let spread = (self.most - self.least).as_micros() as u64;
        self.least + Duration::from_micros(self.dice.below(spread + 1))
    }
}

/// What somebody on the way makes of a frame from an end: frames, each to an end.
pub type Tamper = Box<dyn FnMut(usize, Vec<u8>) -> Vec<(usize, Vec<u8>)>>;

enum Due {
    Deliver { to: usize, frame: Vec<u8> },
    Data { end: usize },
}

struct Entry {
    at: Duration,
    order: u64,
    due: Due,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

pub struct Pair {
    pub hosts: [Host; 2],
    pub wire: Wire,
    pub tamper: Option<Tamper>,
    pub now: Duration,
    /// Every frame that an end put onto the wire.
    pub seen: Vec<(usize, Vec<u8>)>,
    pub data_every: Duration,
    order: u64,
    queue: BinaryHeap<Reverse<Entry>>,
}

impl Pair {
    pub fn new(access: Config, subscriber: Config, users: Users, wire: Wire) -> Self {
        let seed = wire.dice.0;
        Self {
            hosts: [
                Host::new(access, users.clone(), seed + 1000),
                Host::new(subscriber, users, seed + 2000),
            ],
            wire,
            tamper: None,
            now: Duration::ZERO,
            seen: Vec::new(),
            data_every: ms(100),
            order: 0,
            queue: BinaryHeap::new(),
        }
    }

    pub fn start(&mut self) {
        for end in 0..2 {
            self.hosts[end].link.start(self.now);
            self.settle(end);
        }
    }

    pub fn start_data(&mut self) {
        for end in 0..2 {
            self.at(self.now, Due::Data { end });
        }
    }

    pub fn close(&mut self, end: usize, reason: CloseReason) {
        self.hosts[end].link.close(self.now, reason);
        self.settle(end);
    }

    fn at(&mut self, at: Duration, due: Due) {
        self.order += 1;
        let order = self.order;
        self.queue.push(Reverse(Entry { at, order, due }));
    }

    /// Puts a frame onto the last yard of the wire to `to`.
    pub fn inject(&mut self, to: usize, frame: &[u8]) {
        let frame = frame.to_vec();
        self.at(self.now, Due::Deliver { to, frame });
    }

    pub fn settle(&mut self, end: usize) {
        let frames = self.hosts[end].settle(self.now);
        for frame in frames {
            self.carry(end, frame);
        }
    }

    fn carry(&mut self, from: usize, frame: Vec<u8>) {
        self.seen.push((from, frame.clone()));
        let onward = match &mut self.tamper {
            Some(tamper) => tamper(from, frame),
            None => vec![(1 - from, frame)],
        };
        for (to, frame) in onward {
            let copies = 1 + usize::from(self.wire.dice.percent(self.wire.duplication));
            for _ in 0..copies {
                if !self.wire.dice.percent(self.wire.loss) {
                    let at = self.now + self.wire.delay();
                    let frame = frame.clone();
                    self.at(at, Due::Deliver { to, frame });
                }
            }
        }
    }

    fn next_time(&self) -> Option<Duration> {
        let queued = self.queue.peek().map(|Reverse(entry)| entry.at);
        let timers = self
            .hosts
            .iter()
            .filter_map(|host| host.link.poll_timeout());
        timers.chain(queued).min().map(|at| at.max(self.now))
    }

    /// Lets time pass until `until`, or until `stop` says so after some step; whether it did.
    pub fn run_until(&mut self, until: Duration, mut stop: impl FnMut(&Self) -> bool) -> bool {
        let mut steps = 0;
        while let Some(at) = self.next_time().filter(|at| *at <= until) {
            steps = if at == self.now { steps + 1 } else { 0 };
            assert!(steps < 10_000, "time stands still");
            self.now = at;
            self.step();
            if stop(self) {
                return true;
            }
        }
        self.now = until;
        false
    }

    pub fn run(&mut self, until: Duration) {
        self.run_until(until, |_| false);
    }

    fn step(&mut self) {
        for end in 0..2 {
            let link = &mut self.hosts[end].link;
            if link.poll_timeout().is_some_and(|due| due <= self.now) {
                link.handle_timeout(self.now);
                let next = link.poll_timeout();
                assert!(
                    next.is_none_or(|next| next > self.now),
                    "a timer was not served"
                );
                self.settle(end);
            }
        }
        while let Some(Reverse(entry)) = self.queue.peek() {
            if entry.at > self.now {
                break;
            }
            if let Some(Reverse(entry)) = self.queue.pop() {
                match entry.due {
                    Due::Deliver { to, frame } => {
                        self.hosts[to].frame_in(self.now, &frame);
                        self.settle(to);
                    }
                    Due::Data { end } => self.send_data(end),
                }
            }
        }
    }

    fn send_data(&mut self, end: usize) {
        let host = &mut self.hosts[end];
        let mode = host.link.data_mode();
        if host.ipv4() && matches!(mode, DataMode::Clear | DataMode::Scrambled) {
            let frame = [&[0, 0x21][..], &udp(end)].concat();
            if mode == DataMode::Scrambled {
                host.link.packets_sent(self.now, 1);
                self.settle(end);
            }
            if let Some(frame) = self.hosts[end].frame_out(&frame) {
                self.carry(end, frame);
            }
        }
        self.at(self.now + self.data_every, Due::Data { end });
    }

    pub fn modes(&self) -> [DataMode; 2] {
        [
            self.hosts[0].link.data_mode(),
            self.hosts[1].link.data_mode(),
        ]
    }

    /// IPv4, IPv6 and the subscriber's prefix are there.
    pub fn is_up(&self) -> bool {
        let all = |host: &Host| host.ipv4() && host.ipv6();
        self.hosts.iter().all(all) && self.hosts[SUBSCRIBER].prefix().is_some()
    }

    pub fn is_scrambled(&self) -> bool {
        self.modes() == [DataMode::Scrambled; 2]
    }
}

/// An IPv4 packet that `end` sends, with UDP and a well-known text in it.
pub fn udp(end: usize) -> Vec<u8> {
    let payload = b"GET /private HTTP/1.0";
    let mut packet = vec![0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 17, 0, 0];
    let addresses = [[10, 64, 0, 1], [10, 64, 0, 9]];
    packet.extend_from_slice(&addresses[end]);
    packet.extend_from_slice(&addresses[1 - end]);
    packet.extend_from_slice(&[0x13, 0x88, 0x13, 0x89, 0, 8 + payload.len() as u8, 0, 0]);
    packet.extend_from_slice(payload);
    packet[3] = packet.len() as u8;
    packet
}

/// An LCP frame.
pub fn lcp(code: u8, identifier: u8, data: &[u8]) -> Vec<u8> {
    let length = (4 + data.len()) as u16;
    let mut frame = vec![0xC0, 0x21, code, identifier];
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(data);
    frame
}

/// The protocol of a frame as the link gives it.
pub fn protocol_of(frame: &[u8]) -> u16 {
    u16::from_be_bytes([frame[0], frame[1]])
}
