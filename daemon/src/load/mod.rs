//! A load of many subscribers on an access server: opens control connections and calls, keeps them, sends packets inside,
//! hangs up, and measures.
//!
//! Sans-I/O like [`Calls`], which it stands on. Nothing in it asks the server to be ours.

mod line;
mod pace;
mod plan;
mod probe;
mod progress;
mod tally;
mod tunnels;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use fogline_l2tp::{CallId, StopCause};
use fogline_ppp::CloseReason;
use rand_core::CryptoRng;

pub use plan::{Plan, Rate, Traffic, Users};
pub use probe::LEAST_SIZE;
pub use tally::{Reasons, Report, Step, Summary};

use crate::calls::{BURST, Calls, Datagram, Port, Randomness};
use line::{Line, State};
use pace::Pace;
use probe::{Catch, Probes, to_line};
use tally::Tally;
use tunnels::Tunnels;

/// Where a load stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Control connections come up.
    Tunnels,
    /// Calls come up.
    Ramp,
    /// All calls that could come up have; until then.
    Hold(Option<Duration>),
    /// No more packets are sent; those under way arrive.
    Quiet(Duration),
    /// Calls are hung up, until then at most.
    HangUp(Duration),
    /// Control connections are ended, until then at most.
    Close(Duration),
    /// All is done.
    Over,
}

/// How a load gets on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Where it stands.
    pub stage: Stage,
    /// Calls that have an address.
    pub up: usize,
    /// Calls that are being set up.
    pub coming: usize,
    /// Calls that failed.
    pub failed: u64,
    /// Calls that fell.
    pub fallen: u64,
    /// Packets sent inside calls.
    pub sent: u64,
    /// Packets that came.
    pub received: u64,
}

/// How long packets may be under way.
const QUIET: Duration = Duration::from_secs(1);
/// The same for packets of a line that is about to be hung up on purpose.
const LEAVE: Duration = Duration::from_millis(500);
/// What peers have to answer to the end of the last call, and of a control connection.
const PATIENCE: Duration = Duration::from_secs(10);
const FAREWELL: Duration = Duration::from_secs(2);
/// Between bursts of packets.
const TICK: Duration = Duration::from_millis(5);
/// What a late tick makes up for at most: where the machine is too slow, packets are left out rather than sent in floods.
const TICK_MOST: Duration = Duration::from_millis(20);
/// Packets of one tick at most.
const TICK_PACKETS: f64 = 16_384.0;

/// Many subscribers.
pub struct Load<R> {
    plan: Plan,
    calls: Calls<R>,
    random: R,
    stage: Stage,
    tunnels: Tunnels,
    lines: Vec<Line>,
    /// The line of each call that L2TP sets up, by socket and call.
    calling: HashMap<(usize, CallId), usize>,
    /// The line of each session, by the session's index.
    sessions: Vec<usize>,
    /// Lines that are to call; at the end, those that are to be hung up.
    ready: VecDeque<usize>,
    /// Lines that packets go to and come from.
    up: Vec<usize>,
    /// Calls being set up.
    coming: usize,
    dialling: Pace,
    churning: Option<Pace>,
    /// Calls that must have their address by then, in order: line, and which of its calls.
    setups: VecDeque<(Duration, usize, u32)>,
    /// Lines that are to be hung up by then, in order.
    leaving: VecDeque<(Duration, usize)>,
    probes: Probes,
    /// When packets are sent next, how many are owed, and whose turn it is.
    next_tick: Duration,
    owed: f64,
    turn: usize,
    tally: Tally,
}

impl<R: CryptoRng> Load<R> {
    /// A load that has not begun.
    pub fn new(plan: Plan, mut make_randomness: impl FnMut() -> Randomness<R>) -> Self {
        let mut random = make_randomness()();
        let mut calls = Calls::new(make_randomness());
        for _ in 0..plan.sockets.max(1) {
            calls.listen(plan.l2tp_config(), plan.terms());
        }
        let tunnels = Tunnels::new(plan.tunnels.max(1), plan.sockets.max(1));
        let mut tag = [0; 8];
        random.fill_bytes(&mut tag);
        let size = plan.traffic.map_or(LEAST_SIZE, |traffic| traffic.size);
        Self {
            calls,
            random,
            stage: Stage::Tunnels,
            lines: (0..plan.sessions)
                .map(|line| Line::new(line % tunnels.len()))
                .collect(),
            tunnels,
            calling: HashMap::new(),
            sessions: Vec::new(),
            ready: VecDeque::new(),
            up: Vec::new(),
            coming: 0,
            dialling: Pace::new(plan.rate, Duration::ZERO),
            churning: None,
            setups: VecDeque::new(),
            leaving: VecDeque::new(),
            probes: Probes::new(tag, size),
            next_tick: Duration::ZERO,
            owed: 0.0,
            turn: 0,
            tally: Tally::new(),
            plan,
        }
    }

    /// Begins.
    pub fn start<P: Port>(&mut self, now: Duration, port: &mut P) {
        self.next_tick = now;
        self.settle(now, port);
    }

    /// Datagrams arrived at a socket.
    pub fn datagrams<'b, P: Port>(
        &mut self,
        now: Duration,
        socket: usize,
        burst: impl IntoIterator<Item = Datagram<'b>>,
        port: &mut P,
    ) {
        let mut catch = Catch {
            now,
            port,
            probes: &self.probes,
            tally: &mut self.tally,
        };
        self.calls.datagrams(now, socket, burst, &mut catch);
        self.settle(now, port);
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&mut self) -> Option<Duration> {
        let dial = (!self.ready.is_empty()).then(|| self.dialling.due());
        let churn = self
            .churning
            .filter(|_| !self.up.is_empty())
            .map(|pace| pace.due());
        let stage = match self.stage {
            Stage::Hold(until) => until,
            Stage::Quiet(until) | Stage::HangUp(until) | Stage::Close(until) => Some(until),
            Stage::Tunnels | Stage::Ramp | Stage::Over => None,
        };
        [
            self.calls.poll_timeout(),
            dial,
            churn,
            stage,
            self.setups.front().map(|(due, ..)| *due),
            self.leaving.front().map(|(due, _)| *due),
            self.sends().then_some(self.next_tick),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Does what is due at `now`.
    pub fn handle_timeout<P: Port>(&mut self, now: Duration, port: &mut P) {
        self.calls.handle_timeout(now, port);
        while self.makes_calls()
            && let Some(line) = self.ready.front().copied()
            && self.dialling.take(now)
        {
            self.ready.pop_front();
            self.dial(now, line, port);
        }
        self.give_up_late_ones(now, port);
        self.churn(now);
        while let Some((_, line)) = self.leaving.pop_front_if(|(due, _)| *due <= now) {
            self.close(now, line, port);
        }
        if self.sends() && self.next_tick <= now {
            self.send(now, port);
        }
        self.settle(now, port);
    }

    /// Ends it before its time: calls are hung up, control connections ended.
    pub fn stop<P: Port>(&mut self, now: Duration, port: &mut P) {
        if matches!(self.stage, Stage::Tunnels | Stage::Ramp | Stage::Hold(_)) {
            self.enter(now, Stage::Quiet(now + QUIET));
        }
        self.settle(now, port);
    }

    /// Whether all is done.
    pub fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// How it gets on.
    pub fn progress(&self) -> Progress {
        Progress {
            stage: self.stage,
            up: self.up.len(),
            coming: self.coming,
            failed: self.tally.failed.total(),
            fallen: self.tally.fallen.total(),
            sent: self.tally.packets_sent,
            received: self.tally.packets_received,
        }
    }

    /// What came of it so far.
    pub fn report(&self) -> Report {
        let drops = self.calls.all_drops();
        let drops = drops
            .iter()
            .map(|(reason, count)| (reason.name(), count))
            .collect();
        self.tally.report(drops)
    }

    /// Takes what calls say, and goes from one stage to the next.
    fn settle<P: Port>(&mut self, now: Duration, port: &mut P) {
        loop {
            while let Some(event) = self.calls.poll() {
                self.call_event(now, event);
            }
            let Some(next) = self.next_stage(now, port) else {
                return;
            };
            self.enter(now, next);
        }
    }

    fn next_stage<P: Port>(&mut self, now: Duration, port: &mut P) -> Option<Stage> {
        match self.stage {
            Stage::Tunnels => {
                self.dial_tunnels(now, port);
                self.tunnels.are_decided().then_some(Stage::Ramp)
            }
            Stage::Ramp if self.ready.is_empty() && self.coming == 0 => Some(Stage::Hold(
                self.plan.duration.map(|duration| now + duration),
            )),
            Stage::Hold(_) if self.tunnels.are_gone() => Some(Stage::Over),
            Stage::Hold(Some(until)) if until <= now => Some(Stage::Quiet(now + QUIET)),
            Stage::Quiet(until) if until <= now => {
                let rate = self.plan.rate.per_second();
                let time = Duration::from_secs_f64(self.calls.len() as f64 / rate);
                Some(Stage::HangUp(now + time + PATIENCE))
            }
            Stage::HangUp(until) => {
                while let Some(line) = self.ready.front().copied()
                    && self.dialling.take(now)
                {
                    self.ready.pop_front();
                    self.close(now, line, port);
                }
                (self.calls.is_empty() || until <= now).then(|| {
                    self.calls
                        .stop(now, &StopCause::request("the load is over"), port);
                    Stage::Close(now + FAREWELL)
                })
            }
            Stage::Close(until) if until <= now || self.tunnels.are_gone() => Some(Stage::Over),
            _ => None,
        }
    }

    fn enter(&mut self, now: Duration, stage: Stage) {
        match stage {
            Stage::Ramp => {
                self.dialling = Pace::new(self.plan.rate, now);
                self.tally.ramp = Some((now, now));
                // Lines of control connections that failed have failed with them.
                self.ready = (0..self.lines.len())
                    .filter(|line| self.tunnel_of(*line).is_some())
                    .collect();
            }
            Stage::Hold(_) => {
                if let Some((_, end)) = &mut self.tally.ramp {
                    *end = now;
                }
                self.churning = self
                    .plan
                    .churn
                    .map(|rate| Pace::new(rate, now + rate.interval()));
            }
            Stage::Quiet(_) => {
                self.churning = None;
                self.ready.clear();
            }
            Stage::HangUp(_) => {
                self.dialling = Pace::new(self.plan.rate, now);
                self.ready = (0..self.lines.len())
                    .filter(|line| self.lines[*line].session().is_some())
                    .collect();
            }
            Stage::Tunnels | Stage::Close(_) | Stage::Over => {}
        }
        self.stage = stage;
    }

    fn makes_calls(&self) -> bool {
        matches!(self.stage, Stage::Ramp | Stage::Hold(_))
    }

    /// Whether it is the end that calls come to: they do not fall then.
    fn is_ending(&self) -> bool {
        matches!(
            self.stage,
            Stage::Quiet(_) | Stage::HangUp(_) | Stage::Close(_) | Stage::Over
        )
    }

    /// A line's call starts.
    fn dial<P: Port>(&mut self, now: Duration, line: usize, port: &mut P) {
        let Some((socket, tunnel)) = self.tunnel_of(line) else {
            return;
        };
        let ppp = self.plan.ppp_config(line);
        let at = &mut self.lines[line];
        at.start(now);
        self.tally.calls += 1;
        match self.calls.call_as(now, socket, tunnel, ppp, port) {
            Ok(call) => {
                self.calling.insert((socket, call), line);
                self.coming += 1;
                self.setups
                    .push_back((now + self.plan.setup_timeout, line, at.calls));
            }
            Err(error) => {
                at.state = State::Idle;
                self.tally
                    .failed
                    .count(&format!("{}: {error}", Step::Call.name()));
            }
        }
    }

    fn give_up_late_ones<P: Port>(&mut self, now: Duration, port: &mut P) {
        while let Some((_, line, call)) = self.setups.pop_front_if(|(due, ..)| *due <= now) {
            let at = &self.lines[line];
            // L2TP gives its part of the set-up up by itself.
            if let State::Linking(key) = at.state
                && at.calls == call
            {
                let timeout = humantime::format_duration(self.plan.setup_timeout);
                let reason = CloseReason::Other(format!("no address within {timeout}"));
                self.calls.close(now, key, reason, port);
            }
        }
    }

    /// Lines that are up are picked, to be hung up soon.
    fn churn(&mut self, now: Duration) {
        while !self.up.is_empty() && self.churning.as_mut().is_some_and(|pace| pace.take(now)) {
            let line = self.up[self.random.next_u32() as usize % self.up.len()];
            if let State::Up(key) = self.lines[line].state {
                self.lines[line].state = State::Leaving(key);
                self.leaving.push_back((now + LEAVE, line));
            }
            self.leave(line);
        }
    }

    /// A line's call is ended on purpose.
    fn close<P: Port>(&mut self, now: Duration, line: usize, port: &mut P) {
        if let Some(key) = self.lines[line].session() {
            if let State::Linking(_) = self.lines[line].state {
                self.coming -= 1;
            }
            self.leave(line);
            self.lines[line].state = State::Closing(key);
            self.calls.close(
                now,
                key,
                CloseReason::Other("the load is over".into()),
                port,
            );
        }
    }

    fn sends(&self) -> bool {
        self.plan.traffic.is_some() && !self.up.is_empty() && self.makes_calls()
    }

    /// The packets of a tick.
    fn send<P: Port>(&mut self, now: Duration, port: &mut P) {
        let Some(traffic) = self.plan.traffic else {
            return;
        };
        let since = (now.saturating_sub(self.next_tick) + TICK).min(TICK_MOST);
        self.next_tick = now + TICK;
        let rate = traffic.per_session.per_second() * self.up.len() as f64;
        self.owed = (self.owed + rate * since.as_secs_f64()).min(TICK_PACKETS);
        while self.owed >= 1.0 {
            let count = (self.owed as usize).min(BURST);
            self.owed -= count as f64;
            let Self {
                lines,
                up,
                turn,
                probes,
                calls,
                tally,
                ..
            } = self;
            let ways = (0..count).filter_map(|_| {
                *turn = (*turn + 1) % up.len();
                let line = &lines[up[*turn]];
                let next = lines[up[(*turn + 1) % up.len()]].address;
                let to = traffic.to.or(next.map(to_line))?;
                Some((line.session()?.index, line.address?, to))
            });
            let made = probes.make(now, ways).inspect(|_| tally.packets_sent += 1);
            calls.packets(now, made, port);
        }
    }
}
