//! Two hosts with a negotiator each, a wire between them, and virtual time.
//!
//! The hosts do with events what a real one does, and check at every step what must hold whatever the wire does.

#![allow(dead_code)] // Each test program uses its part of this.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use scramble::agreement::{End, EpochKeys};
use scramble::keys::Secrets;
use scramble::negotiator::{
    Alarm, Config, DataMode, Event, LcpAnswer, Negotiator, Policy, Reason, State,
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

    /// 0 up to, not including, `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
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

/// What crosses the wire.
#[derive(Clone, Debug)]
pub enum Message {
    Ecp(Vec<u8>),
    /// LCP's Protocol-Reject of ECP.
    ProtocolReject,
    Data(Data),
}

/// A data packet, with what a receiver cannot see but a test can.
#[derive(Clone, Debug)]
pub enum Data {
    Clear,
    /// Packets carry the epoch's parity only; the keys are what the sender used.
    Scrambled {
        parity: bool,
        keys: Rc<EpochKeys>,
        sender: End,
    },
}

/// Carries a message, or does not, or does something else instead.
pub trait Wire {
    fn carry(&mut self, now: Duration, from: usize, message: Message) -> Vec<Delivery>;
}

pub struct Delivery {
    pub to: usize,
    pub after: Duration,
    pub message: Message,
}

/// Loses, duplicates and, as delays vary, reorders.
pub struct Lossy {
    pub dice: Dice,
    pub loss: u64,
    pub duplication: u64,
    pub least: Duration,
    pub most: Duration,
}

impl Lossy {
    pub fn perfect() -> Self {
        Self {
            dice: Dice(0),
            loss: 0,
            duplication: 0,
            least: ms(10),
            most: ms(10),
        }
    }

    fn delay(&mut self) -> Duration {
        let spread = (self.most - self.least).as_micros() as u64;
        self.least + Duration::from_micros(self.dice.below(spread + 1))
    }
}

impl Wire for Lossy {
    fn carry(&mut self, _now: Duration, from: usize, message: Message) -> Vec<Delivery> {
        let copies = 1 + usize::from(self.dice.percent(self.duplication));
        let mut deliveries = Vec::new();
        for _ in 0..copies {
            if !self.dice.percent(self.loss) {
                deliveries.push(Delivery {
                    to: 1 - from,
                    after: self.delay(),
                    message: message.clone(),
                });
            }
        }
        deliveries
    }
}

/// One end: a negotiator, and the keys that its host holds.
pub struct Host {
    pub negotiator: Negotiator<Dice>,
    pub policy: Policy,
    pub secrets: Secrets,
    /// By parity.
    pub receive: [Option<Rc<EpochKeys>>; 2],
    pub send: Option<Rc<EpochKeys>>,
    pub own: Option<End>,
    /// Every set of keys that this end ever installed.
    pub history: Vec<Rc<EpochKeys>>,
    pub ever_confirmed: bool,
    pub in_network_phase: bool,
    pub events: Vec<Event>,
    /// Data packets that found their key.
    pub unscrambled: u64,
    /// Data packets that came scrambled and found no key, though ECP was Opened.
    pub keyless: u64,
    /// Data packets that found another key than theirs. Only an attack may cause them.
    pub garbled: u64,
    /// Data packets that came in clear and were taken.
    pub taken_clear: u64,
}

impl Host {
    pub fn new(config: Config, secrets: Secrets, seed: u64) -> Self {
        Self {
            policy: config.policy,
            negotiator: Negotiator::new(config, Dice(seed)),
            secrets,
            receive: [None, None],
            send: None,
            own: None,
            history: Vec::new(),
            ever_confirmed: false,
            in_network_phase: false,
            events: Vec::new(),
            unscrambled: 0,
            keyless: 0,
            garbled: 0,
            taken_clear: 0,
        }
    }

    /// Does what the events say, as a real host must.
    fn obey(&mut self) {
        while let Some(event) = self.negotiator.poll() {
            match &event {
                Event::Install { keys, own, .. } => {
                    let slot = &mut self.receive[usize::from(keys.parity())];
                    assert!(
                        slot.is_none(),
                        "keys installed over others of the same parity"
                    );
                    let keys = Rc::new(keys.clone());
                    *slot = Some(keys.clone());
                    self.history.push(keys);
                    self.own = Some(*own);
                }
                Event::Send { epoch } => {
                    assert!(self.ever_confirmed, "sends before the peer proved its key");
                    let installed = self
                        .receive
                        .iter()
                        .flatten()
                        .find(|keys| keys.epoch == *epoch);
                    let keys = installed.expect("sending starts with installed keys");
                    self.send = Some(keys.clone());
                }
                Event::Retire { epoch } => {
                    let sending = self.send.as_ref().expect("only a confirmed end rekeys");
                    assert_eq!(epoch.checked_add(1), Some(sending.epoch));
                    let slot = &mut self.receive[(*epoch & 1) as usize];
                    assert_eq!(
                        slot.take().expect("retired keys were installed").epoch,
                        *epoch
                    );
                }
                Event::Erase => {
                    self.receive = [None, None];
                    self.send = None;
                }
                Event::Confirmed => self.ever_confirmed = true,
                Event::Fallback(_) => assert_eq!(self.send, None),
                Event::Refused(_) => {
                    assert_eq!((&self.send, &self.receive), (&None, &[None, None]))
                }
                Event::Rekeyed { .. } | Event::Alarm(_) => {}
            }
            self.events.push(event);
        }
        self.check();
    }

    /// What must hold at all times, whatever the wire does.
    fn check(&self) {
        let state = self.negotiator.state();
        let mode = self.negotiator.data_mode();
        if self.ever_confirmed {
            assert_ne!(
                mode,
                DataMode::Clear,
                "in clear after confirmation, in {state:?}"
            );
            assert!(!matches!(state, State::Clear(_)));
        }
        if self.policy == Policy::Require {
            assert_ne!(
                mode,
                DataMode::Clear,
                "in clear under require, in {state:?}"
            );
        }
        if self.policy == Policy::Off {
            assert_eq!(mode, DataMode::Clear);
        }
        assert_eq!(mode == DataMode::Scrambled, self.send.is_some());
        assert_eq!(mode == DataMode::Scrambled, state == State::Confirmed);
        if self.negotiator.may_open_ncps() {
            assert!(matches!(mode, DataMode::Clear | DataMode::Scrambled));
        }
    }

    pub fn state(&self) -> State {
        self.negotiator.state()
    }

    pub fn has_alarm(&self, alarm: Alarm) -> bool {
        self.events.contains(&Event::Alarm(alarm))
    }

    /// The reason of the last fallback or refusal.
    pub fn reason(&self) -> Option<Reason> {
        match self.state() {
            State::Clear(reason) | State::Refused(reason) => Some(reason),
            _ => None,
        }
    }

    /// The data packet that this end would send now.
    fn data(&self) -> Option<Data> {
        match self.negotiator.data_mode() {
            DataMode::Clear if self.in_network_phase => Some(Data::Clear),
            DataMode::Scrambled => {
                let keys = self.send.clone()?;
                Some(Data::Scrambled {
                    parity: keys.parity(),
                    keys,
                    sender: self.own?,
                })
            }
            _ => None,
        }
    }

    fn receive_data(&mut self, data: &Data) {
        match data {
            Data::Clear => {
                if self.negotiator.data_mode() == DataMode::Clear {
                    self.taken_clear += 1;
                }
            }
            Data::Scrambled {
                parity,
                keys,
                sender,
            } => match &self.receive[usize::from(*parity)] {
                None if matches!(self.state(), State::Confirming | State::Confirmed) => {
                    self.keyless += 1
                }
                None => {}
                Some(own) if own == keys && self.own == Some(sender.peer()) => {
                    self.unscrambled += 1
                }
                Some(_) => self.garbled += 1,
            },
        }
    }
}

/// What is to happen at some time.
enum Due {
    Deliver {
        to: usize,
        message: Message,
        generation: u32,
    },
    NetworkPhase {
        end: usize,
        generation: u32,
    },
    Data {
        end: usize,
    },
    Rekey {
        end: usize,
    },
    LcpDown,
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

/// How LCP's negotiation of the option ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lcp {
    /// Both ends negotiate with each other.
    EndToEnd,
    /// Someone in between acknowledges the first end's option unread, and shows it to nobody.
    Unread,
    /// As end to end, but the second end's word that LCP acknowledged gets lost to a proxy.
    OneSided,
}

pub struct Pair<W> {
    pub hosts: [Host; 2],
    pub wire: W,
    pub now: Duration,
    pub data_every: Duration,
    pub lcp: Lcp,
    /// A third party took both ends' keys over: they share none.
    pub divided: bool,
    /// Messages of an earlier LCP period do not arrive in a later one.
    generation: u32,
    order: u64,
    queue: BinaryHeap<Reverse<Entry>>,
    /// Ends notice `LcpDown` together and start anew that much later.
    pub restart_after: [Duration; 2],
}

impl<W: Wire> Pair<W> {
    pub fn new(hosts: [Host; 2], wire: W) -> Self {
        Self {
            hosts,
            wire,
            now: Duration::ZERO,
            data_every: ms(100),
            lcp: Lcp::EndToEnd,
            divided: false,
            generation: 0,
            order: 0,
            queue: BinaryHeap::new(),
            restart_after: [ms(500); 2],
        }
    }

    /// LCP's negotiation, then the Network phase `after` so long at each end.
    pub fn start(&mut self, after: [Duration; 2]) {
        self.negotiate_lcp();
        for (end, after) in after.into_iter().enumerate() {
            let generation = self.generation;
            self.at(self.now + after, Due::NetworkPhase { end, generation });
        }
    }

    pub fn start_data(&mut self) {
        for end in 0..2 {
            self.at(self.now, Due::Data { end });
        }
    }

    pub fn rekey_at(&mut self, at: Duration, end: usize) {
        self.at(at, Due::Rekey { end });
    }

    pub fn lcp_down_at(&mut self, at: Duration) {
        self.at(at, Due::LcpDown);
    }

    fn negotiate_lcp(&mut self) {
        for from in 0..2 {
            let Some(option) = self.hosts[from].negotiator.lcp_option() else {
                continue;
            };
            // A repeated request carries the same body.
            assert_eq!(self.hosts[from].negotiator.lcp_option(), Some(option));
            if self.lcp == Lcp::Unread && from == 0 {
                self.hosts[0].negotiator.lcp_option_acknowledged();
                continue;
            }
            let answer = self.hosts[1 - from].negotiator.lcp_received_option(&option);
            assert_eq!(
                answer == LcpAnswer::Reject,
                self.hosts[1 - from].policy == Policy::Off
            );
            match answer {
                LcpAnswer::Acknowledge if self.lcp == Lcp::OneSided && from == 1 => {}
                LcpAnswer::Acknowledge => self.hosts[from].negotiator.lcp_option_acknowledged(),
                LcpAnswer::Reject => self.hosts[from].negotiator.lcp_option_rejected(),
            }
        }
    }

    fn at(&mut self, at: Duration, due: Due) {
        self.order += 1;
        let order = self.order;
        self.queue.push(Reverse(Entry { at, order, due }));
    }

    /// Puts a message onto the last yard of the wire to `to`.
    pub fn inject(&mut self, to: usize, message: Message) {
        let generation = self.generation;
        self.at(
            self.now,
            Due::Deliver {
                to,
                message,
                generation,
            },
        );
    }

    fn settle(&mut self, end: usize) {
        self.hosts[end].obey();
        if let Some(keys) = &self.hosts[end].send {
            let is_known = self.hosts[1 - end].history.contains(keys);
            assert_eq!(
                is_known, !self.divided,
                "sends under keys that the peer never had"
            );
        }
        while let Some(packet) = self.hosts[end].negotiator.poll_transmit() {
            self.carry(end, Message::Ecp(packet));
        }
    }

    fn carry(&mut self, from: usize, message: Message) {
        let generation = self.generation;
        for delivery in self.wire.carry(self.now, from, message) {
            let Delivery { to, after, message } = delivery;
            self.at(
                self.now + after,
                Due::Deliver {
                    to,
                    message,
                    generation,
                },
            );
        }
    }

    fn next_time(&self) -> Option<Duration> {
        let queued = self.queue.peek().map(|Reverse(entry)| entry.at);
        let timers = self
            .hosts
            .iter()
            .filter_map(|host| host.negotiator.poll_timeout());
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
            let due = self.hosts[end].negotiator.poll_timeout();
            if due.is_some_and(|due| due <= self.now) {
                self.hosts[end].negotiator.handle_timeout(self.now);
                let next = self.hosts[end].negotiator.poll_timeout();
                assert!(
                    next.is_none_or(|next| next > self.now),
                    "a timer was not served"
                );
                self.settle(end);
            }
        }
        while self
            .queue
            .peek()
            .is_some_and(|Reverse(entry)| entry.at <= self.now)
        {
            if let Some(Reverse(entry)) = self.queue.pop() {
                self.happen(entry.due);
            }
        }
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Deliver { generation, .. } | Due::NetworkPhase { generation, .. }
                if generation != self.generation => {}
            Due::Deliver { to, message, .. } => self.deliver(to, message),
            Due::NetworkPhase { end, .. } => {
                let host = &mut self.hosts[end];
                let secrets = host.secrets.clone();
                host.in_network_phase = true;
                host.negotiator
                    .network_phase(self.now, secrets)
                    .expect("secrets fit the offer");
                self.settle(end);
            }
            Due::Data { end } => {
                if let Some(data) = self.hosts[end].data() {
                    if matches!(data, Data::Scrambled { .. }) {
                        self.hosts[end].negotiator.packets_sent(self.now, 1);
                        self.settle(end);
                    }
                    self.carry(end, Message::Data(data));
                }
                self.at(self.now + self.data_every, Due::Data { end });
            }
            Due::Rekey { end } => {
                self.hosts[end].negotiator.request_rekey(self.now);
                self.settle(end);
            }
            Due::LcpDown => {
                self.generation += 1;
                for end in 0..2 {
                    self.hosts[end].negotiator.lcp_down();
                    self.hosts[end].in_network_phase = false;
                    self.settle(end);
                    assert_eq!(self.hosts[end].receive, [None, None]);
                }
                let after = self.restart_after;
                self.start(after);
            }
        }
    }

    fn deliver(&mut self, to: usize, message: Message) {
        let host = &mut self.hosts[to];
        match message {
            Message::Ecp(_) if host.policy == Policy::Off => {
                self.carry(to, Message::ProtocolReject)
            }
            Message::Ecp(packet) => host.negotiator.handle_ecp(self.now, &packet),
            Message::ProtocolReject => host.negotiator.handle_protocol_reject(self.now),
            Message::Data(data) => host.receive_data(&data),
        }
        self.settle(to);
    }

    pub fn states(&self) -> [State; 2] {
        [self.hosts[0].state(), self.hosts[1].state()]
    }

    pub fn both_confirmed(&self) -> bool {
        self.states() == [State::Confirmed; 2]
    }
}
