//! One PPP link at one end.
//!
//! Sans-I/O: time is a [`Duration`] since any start that the host likes, as long as it never runs backwards. After every
//! call, the host takes every [`poll`](Link::poll), then every [`poll_transmit`](Link::poll_transmit), and calls
//! [`handle_timeout`](Link::handle_timeout) at [`poll_timeout`](Link::poll_timeout). The host scrambles what it sends, and
//! unscrambles what comes, as the negotiator's events say: everything but the control protocols
//! ([`is_link_control`]).

mod authentication;
mod discovery;
mod network;
mod phs;
mod proxy;
mod receive;

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use rand_core::CryptoRng;
use scramble::agreement::End;
use scramble::negotiator::{self, DataMode, State as PhsState};
use scramble::option::Agreement;
use scramble::wire::ppp::{is_link_control, protocol};

use crate::automaton::State;
use crate::config::{Config, Role};
use crate::control::{Context, Layer};
use crate::event::{CloseReason, Counters, DownReason, Event, Granted};
use crate::hold::Hold;
use crate::lcp::{Env, Fatal, Lcp, LcpOptions, Outcome};
use crate::queue::Queue;
use authentication::{Authentication, Owed};
use network::Networks;
use phs::Phs;
pub use proxy::{Proxy, ProxyAuthentication};

/// Where a link stands (RFC 1661 section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Not started, or over.
    Dead,
    /// LCP negotiates.
    Establish,
    /// LCP is Opened, somebody proves who it is.
    Authenticate,
    /// PHS is negotiated, then network protocols come up.
    Network,
    /// LCP is being closed.
    Terminate,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dead => "dead",
            Self::Establish => "establish",
            Self::Authenticate => "authenticate",
            Self::Network => "network",
            Self::Terminate => "terminate",
        })
    }
}

/// One PPP link at one end. See the [module](self).
pub struct Link<R> {
    config: Arc<Config>,
    random: R,
    phase: Phase,
    lcp: Lcp,
    /// With the passive option, how long the peer may take to begin.
    listen_until: Option<Duration>,
    authentication: Option<Box<Authentication>>,
    owed: Owed,
    /// From the host's decision to the Network phase.
    granted: Option<Box<Granted>>,
    phs: Phs<R>,
    networks: Option<Box<Networks>>,
    hold: Hold,
    frames: Queue<Vec<u8>>,
    events: Queue<Event>,
    counters: Counters,
    /// What the peer's Terminate-Request said.
    said: Option<Box<str>>,
    /// Why the link ends; the first reason counts.
    reason: Option<Box<DownReason>>,
    is_over: bool,
}

/// The longest text in a Terminate-Request, sent or shown, in bytes.
const FAREWELL: usize = 200;

impl<R: CryptoRng> Link<R> {
    /// A link that is not started. Both generators must be the system's randomness, or seeded by it, each by itself:
    /// the second one's output becomes keys.
    pub fn new(config: Arc<Config>, random: R, negotiator_random: R) -> Self {
        Self {
            random,
            phase: Phase::Dead,
            lcp: Lcp::new(),
            listen_until: None,
            authentication: None,
            owed: Owed::default(),
            granted: None,
            phs: Phs::new(Arc::clone(&config), negotiator_random),
            networks: None,
            hold: Hold::default(),
            frames: Queue::default(),
            events: Queue::default(),
            counters: Counters::default(),
            said: None,
            reason: None,
            is_over: false,
            config,
        }
    }

    /// The host remembers this peer as one that used PHS before: clear then raises an alarm.
    pub fn peer_is_known(&mut self) {
        self.phs.peer_is_known();
    }

    /// The lower layer is up, and the link wanted. Does nothing but the first time.
    pub fn start(&mut self, now: Duration) {
        if !self.is_fresh() {
            return;
        }
        self.phase = Phase::Establish;
        let lcp = &self.config.lcp;
        self.listen_until = lcp
            .silent_start
            .then(|| now.saturating_add(lcp.restart.saturating_mul(lcp.max_configure)));
        let (lcp, mut env) = self.lcp_env(now);
        lcp.start(&mut env);
    }

    /// As [`start`](Self::start), but a LAC negotiated LCP already: takes over as if that had been this end, and checks
    /// what the subscriber told the LAC, or asks it again. `false`, and nothing happens, where the LAC agreed to what
    /// this end would not have, or this end is a subscriber.
    pub fn start_proxied(&mut self, now: Duration, proxy: &Proxy) -> bool {
        if !self.is_fresh() || matches!(self.config.role, Role::Subscriber(_)) {
            return false;
        }
        let (lcp, mut env) = self.lcp_env(now);
        if !lcp.take_over(&mut env, &proxy.last_sent, &proxy.last_received) {
            return false;
        }
        self.events.push(Event::LcpUp);
        self.start_authentication(now, proxy.authentication.as_ref());
        self.settle(now);
        true
    }

    /// Ends the link; the reason goes to the peer. [`Event::Down`] follows.
    pub fn close(&mut self, now: Duration, reason: CloseReason) {
        self.terminate(now, DownReason::Closed(reason));
        self.settle(now);
    }

    /// The operator wants new keys. Whether a rekey is or will be under way.
    pub fn request_rekey(&mut self, now: Duration) -> bool {
        let phs = self.phs.get_mut();
        let will = phs.is_some_and(|phs| phs.request_rekey(now));
        self.settle(now);
        will
    }

    /// `count` more packets were sent scrambled. Some thousand at a time will do.
    pub fn packets_sent(&mut self, now: Duration, count: u64) {
        if let Some(phs) = self.phs.get_mut() {
            phs.packets_sent(now, count);
        }
        self.settle(now);
    }

    /// Does what is due at `now`. Calling it early or late does no harm.
    pub fn handle_timeout(&mut self, now: Duration) {
        if self.listen_until.is_some_and(|until| until <= now) {
            self.over();
        }
        if self.phase == Phase::Dead {
            return;
        }
        let (lcp, mut env) = self.lcp_env(now);
        let outcome = lcp.handle_timeout(&mut env);
        self.lcp_outcome(now, outcome);
        self.authentication_timeout(now);
        if let Some(phs) = self.phs.get_mut() {
            phs.handle_timeout(now);
        }
        self.network_timeout(now);
        self.settle(now);
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next; `None` when nothing is under way.
    pub fn poll_timeout(&self) -> Option<Duration> {
        if self.phase == Phase::Dead {
            return None;
        }
        let authentication = self.authentication.as_ref();
        [
            self.listen_until,
            self.lcp.next_timeout(),
            authentication.and_then(|both| both.poll_timeout()),
            self.phs.get().and_then(|phs| phs.poll_timeout()),
            self.networks
                .as_ref()
                .and_then(|networks| networks.next_timeout()),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The next frame to send: protocol field (2 bytes) and information. Take every event first.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        loop {
            let frame = self.frames.pop()?;
            // Whatever else goes wrong, data leaves only in the form that was decided.
            let may_go = frame
                .first_chunk()
                .is_some_and(|protocol| self.may_send(u16::from_be_bytes(*protocol)));
            if may_go {
                return Some(frame);
            }
            self.counters.withdrawn += 1;
        }
    }

    fn may_send(&self, protocol: u16) -> bool {
        is_link_control(protocol)
            || matches!(self.data_mode(), DataMode::Clear | DataMode::Scrambled)
    }

    /// The next thing that the host has to do or to know.
    pub fn poll(&mut self) -> Option<Event> {
        self.events.pop()
    }

    // What the host may ask.

    /// What to do with data packets. Outside of the Network phase there are none.
    pub fn data_mode(&self) -> DataMode {
        match self.phase {
            Phase::Network => self.phs.data_mode(),
            Phase::Establish | Phase::Authenticate => DataMode::Hold,
            Phase::Dead | Phase::Terminate => DataMode::Drop,
        }
    }

    /// Where the link stands.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// What LCP agreed to; its defaults until it is Opened.
    pub fn lcp_options(&self) -> LcpOptions {
        self.lcp.options(&self.config)
    }

    /// What PHS does in each direction; `None` until ECP is Opened.
    pub fn agreement(&self) -> Option<Agreement> {
        self.phs.get().and_then(|phs| phs.agreement())
    }

    /// Which end of PHS this is; `None` until ECP is Opened.
    pub fn end(&self) -> Option<End> {
        self.phs.get().and_then(|phs| phs.end())
    }

    /// Where the negotiation of PHS stands, and so why the link is in clear.
    pub fn negotiator_state(&self) -> PhsState {
        self.phs.get().map_or(PhsState::Initial, |phs| phs.state())
    }

    /// What the negotiator of PHS did not act upon.
    pub fn phs_counters(&self) -> negotiator::Counters {
        self.phs
            .get()
            .map_or_else(Default::default, |phs| phs.counters())
    }

    /// What happened to frames.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The round trip of the last LCP echo that was answered.
    pub fn round_trip(&self) -> Option<Duration> {
        self.lcp.round_trip()
    }

    // How things follow from each other.

    /// Lets every part see what the others did.
    fn settle(&mut self, now: Duration) {
        if self.lcp.state() != State::Stopped {
            self.listen_until = None;
        }
        if let Some(fatal) = self.lcp.fatal(&self.config) {
            let reason = match fatal {
                Fatal::LoopedBack => DownReason::LoopedBack,
                Fatal::AuthenticationRefused => DownReason::AuthenticationRefused,
                Fatal::NoConvergence => DownReason::NoConvergence,
            };
            self.terminate(now, reason);
        }
        if self.owed.is_too_much() {
            self.terminate(now, DownReason::Restarting);
        }
        self.pump_authentication(now);
        self.pump_phs(now);
        self.follow_phs(now);
    }

    fn lcp_outcome(&mut self, now: Duration, outcome: Outcome) {
        match outcome {
            Outcome::Nothing => {}
            Outcome::Layer(Layer::Up) => {
                self.said = None;
                self.events.push(Event::LcpUp);
                self.start_authentication(now, None);
            }
            Outcome::Layer(Layer::Down) => self.lcp_down(),
            Outcome::Layer(Layer::Finished) => self.over(),
            Outcome::ProtocolRejected(protocol) => self.protocol_rejected(now, protocol),
            Outcome::EchoLost => self.terminate(now, DownReason::EchoLost),
        }
    }

    /// LCP left Opened; the negotiator of PHS was told already. If the peer began anew, so do we.
    fn lcp_down(&mut self) {
        self.phase = match self.lcp.state() {
            State::Closing | State::Stopping => Phase::Terminate,
            _ => Phase::Establish,
        };
        self.end_network();
        self.authentication = None;
        self.granted = None;
        self.owed.forget();
        self.hold = Hold::default();
        // What was for the period that is over; an answer to authentication still has to go.
        let counters = &mut self.counters;
        self.frames.retain(|frame| {
            let protocol = frame.first_chunk().map(|bytes| u16::from_be_bytes(*bytes));
            let keep = protocol
                .is_some_and(|protocol| is_link_control(protocol) && protocol != protocol::ECP);
            counters.withdrawn += u64::from(!keep);
            keep
        });
    }

    /// Ends the link for `reason`, unless it is ending already.
    fn terminate(&mut self, now: Duration, reason: DownReason) {
        if self.is_over || self.reason.is_some() {
            return;
        }
        let farewell = reason.to_string();
        let end = farewell.floor_char_boundary(FAREWELL);
        self.reason = Some(Box::new(reason));
        let (lcp, mut env) = self.lcp_env(now);
        let layer = lcp.close(&mut env, &farewell[..end]);
        if layer == Some(Layer::Down) {
            self.lcp_down();
        }
        self.phase = Phase::Terminate;
        if matches!(
            self.lcp.state(),
            State::Initial | State::Closed | State::Stopped
        ) {
            self.over();
        }
    }

    fn over(&mut self) {
        if self.is_over {
            return;
        }
        self.is_over = true;
        self.end_network();
        self.phase = Phase::Dead;
        self.listen_until = None;
        self.authentication = None;
        self.granted = None;
        let said = self.said.take();
        let reason = match (self.reason.take(), said) {
            (Some(reason), _) => *reason,
            (None, Some(said)) => DownReason::PeerTerminated(said.into()),
            (None, None) => DownReason::NoAnswer,
        };
        self.events.push(Event::Down(reason));
    }

    fn is_fresh(&self) -> bool {
        self.phase == Phase::Dead && !self.is_over
    }

    /// LCP, and all that it works with.
    fn lcp_env(&mut self, now: Duration) -> (&mut Lcp, Env<'_>) {
        let mtu = self.lcp.options(&self.config).peer_mru.into();
        let env = Env {
            context: Context {
                now,
                rules: self.config.lcp.rules(),
                random: &mut self.random,
                frames: &mut self.frames,
                counters: &mut self.counters,
                mtu,
            },
            config: &self.config,
            offer: &mut self.phs,
        };
        (&mut self.lcp, env)
    }
}

impl<R> fmt::Debug for Link<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link {{ phase: {}, .. }}", self.phase)
    }
}
