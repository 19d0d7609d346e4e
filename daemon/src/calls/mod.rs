//! Calls: L2TP control connections, the PPP sessions in them, and the data that goes through. The core of the access
//! server, of the client and of the load generator.
//!
//! Sans-I/O: datagrams, IP packets and the time come in, [`Port`] takes what goes out, [`CallEvent`]s say what happened.
//! One thread owns all of it; packets come in bursts, and none is locked, allocated or queued for on its way.

mod drive;
mod drops;
mod event;
mod inbound;
mod outbound;
mod port;
mod routes;
mod session;
mod table;
mod terms;
mod timers;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fogline_l2tp::{CallCause, CallId, CallRequest, DialError, Endpoint, StopCause, TunnelId};
use fogline_ppp::{CloseReason, Decision};
use rand_core::CryptoRng;
use scramble::transform::burst::Software;

pub use drops::{Drop, Drops};
pub use event::{CallEvent, KeyRecord};
pub use port::{Datagram, HEADROOM, Port, TAILROOM};
pub use session::{Ipv4Link, Session, SessionKey, Source, Traffic};
pub use terms::{Allowance, Terms};

use crate::ip::icmp;
use routes::Routes;
use table::Table;
use timers::Timers;

/// Packets that are looked up, scrambled and sent together.
pub const BURST: usize = 64;

/// ICMP errors sent in a second at most (RFC 4443 section 2.4 (f)).
const ICMP_PER_SECOND: u32 = 1000;

/// Makes generators of random numbers, one for each use.
pub type Randomness<R> = Box<dyn FnMut() -> R + Send>;

/// All calls of one program.
pub struct Calls<R> {
    randomness: Randomness<R>,
    listeners: Vec<Listener<R>>,
    sessions: Table<R>,
    scrambler: Software,
    timers: Timers,
    events: VecDeque<CallEvent<R>>,
    icmp_allowance: Allowance,
    call_allowance: Allowance,
    /// No new calls: the program is about to end.
    draining: bool,
    /// Packets that belong to no session, and those of sessions that are gone.
    drops: Drops,
    /// Of sessions that are gone.
    traffic: Traffic,
}

/// A UDP socket's control connections.
struct Listener<R> {
    endpoint: Endpoint<R>,
    routes: Routes,
    terms: Terms,
    /// What the links of calls under way start with, where that is not what the terms say.
    own_ppp: HashMap<CallId, Arc<fogline_ppp::Config>>,
}

impl<R: CryptoRng> Calls<R> {
    /// No calls yet. `randomness` must give the system's, or generators that it seeded.
    pub fn new(randomness: Randomness<R>) -> Self {
        Self {
            randomness,
            listeners: Vec::new(),
            sessions: Table::default(),
            scrambler: Software::default(),
            timers: Timers::default(),
            events: VecDeque::new(),
            icmp_allowance: Allowance::new(ICMP_PER_SECOND),
            call_allowance: Allowance::new(u32::MAX),
            draining: false,
            drops: Drops::default(),
            traffic: Traffic::default(),
        }
    }

    /// Adds a socket, with how its control connections and its calls are treated; gives its number.
    pub fn listen(&mut self, l2tp: fogline_l2tp::Config, terms: Terms) -> usize {
        self.call_allowance = Allowance::new(terms.calls_per_second);
        self.listeners.push(Listener {
            endpoint: Endpoint::new(l2tp, (self.randomness)()),
            routes: Routes::default(),
            terms,
            own_ppp: HashMap::new(),
        });
        self.listeners.len() - 1
    }

    /// Treats new tunnels and calls of a listener differently from now on.
    pub fn reconfigure(&mut self, listener: usize, l2tp: fogline_l2tp::Config, terms: Terms) {
        let at = &mut self.listeners[listener];
        at.endpoint.set_config(l2tp);
        if terms.calls_per_second != at.terms.calls_per_second {
            self.call_allowance = Allowance::new(terms.calls_per_second);
        }
        at.terms = terms;
    }

    /// Starts a control connection.
    ///
    /// # Errors
    /// Where there are too many already.
    pub fn dial<P: Port>(
        &mut self,
        now: Duration,
        listener: usize,
        peer: SocketAddr,
        port: &mut P,
    ) -> Result<TunnelId, DialError> {
        let tunnel = self.listeners[listener].endpoint.dial(now, peer)?;
        self.pump(now, listener, port);
        Ok(tunnel)
    }

    /// Starts a call in a control connection, as soon as that is up.
    ///
    /// # Errors
    /// Where the connection is gone, or has too many calls.
    pub fn call<P: Port>(
        &mut self,
        now: Duration,
        listener: usize,
        tunnel: TunnelId,
        request: CallRequest,
        port: &mut P,
    ) -> Result<(), DialError> {
        self.listeners[listener]
            .endpoint
            .call(now, tunnel, request)?;
        self.pump(now, listener, port);
        Ok(())
    }

    /// As [`call`](Self::call), with a link that starts with `ppp` instead of what the listener's terms say: a
    /// subscriber of its own. [`CallEvent::CallUp`] or [`CallEvent::CallFailed`] follows.
    ///
    /// # Errors
    /// As for [`call`](Self::call).
    pub fn call_as<P: Port>(
        &mut self,
        now: Duration,
        listener: usize,
        tunnel: TunnelId,
        ppp: Arc<fogline_ppp::Config>,
        port: &mut P,
    ) -> Result<CallId, DialError> {
        let at = &mut self.listeners[listener];
        let call = at.endpoint.call(now, tunnel, CallRequest::default())?;
        at.own_ppp.insert(call, ppp);
        self.pump(now, listener, port);
        Ok(call)
    }

    /// The answer to [`CallEvent::Authenticate`]; nothing where the session is gone. `known` says that the peer is
    /// remembered as one that was scrambled in an earlier call.
    pub fn authenticated<P: Port>(
        &mut self,
        now: Duration,
        key: SessionKey,
        decision: Decision,
        known: bool,
        port: &mut P,
    ) {
        let Some(session) = self.session_mut(key) else {
            return;
        };
        if known {
            session.link.peer_is_known();
        }
        session.link.authenticated(now, decision);
        self.drive(now, key.index, port);
    }

    /// Ends a session, telling the peer why.
    pub fn close<P: Port>(
        &mut self,
        now: Duration,
        key: SessionKey,
        reason: CloseReason,
        port: &mut P,
    ) -> bool {
        let Some(session) = self.session_mut(key) else {
            return false;
        };
        session.link.close(now, reason);
        self.drive(now, key.index, port);
        true
    }

    /// Starts a rekey; `false` unless the session is scrambled.
    pub fn rekey<P: Port>(&mut self, now: Duration, key: SessionKey, port: &mut P) -> bool {
        let Some(session) = self.session_mut(key) else {
            return false;
        };
        let started = session.link.request_rekey(now);
        self.drive(now, key.index, port);
        started
    }

    /// Takes no new calls, and closes all there are; peers are told `reason`.
    pub fn drain<P: Port>(&mut self, now: Duration, reason: &CloseReason, port: &mut P) {
        self.draining = true;
        let keys: Vec<_> = self.sessions().map(|session| session.key).collect();
        for key in keys {
            self.close(now, key, reason.clone(), port);
        }
    }

    /// Ends every control connection, after [`drain`](Self::drain) or instead of it.
    pub fn stop<P: Port>(&mut self, now: Duration, cause: &StopCause, port: &mut P) {
        self.draining = true;
        self.stop_tunnels(now, cause, port);
    }

    /// Ends every control connection; new ones can be made.
    pub fn stop_tunnels<P: Port>(&mut self, now: Duration, cause: &StopCause, port: &mut P) {
        for listener in 0..self.listeners.len() {
            self.listeners[listener]
                .endpoint
                .stop_all(now, cause.clone());
            self.pump(now, listener, port);
        }
    }

    /// Says that the peer of a session is remembered as one that was scrambled in an earlier call.
    pub fn peer_is_known(&mut self, key: SessionKey) {
        if let Some(session) = self.session_mut(key) {
            session.link.peer_is_known();
        }
    }

    /// Ends one call at once, without closing its link first.
    pub fn hang_up<P: Port>(
        &mut self,
        now: Duration,
        key: SessionKey,
        cause: CallCause,
        port: &mut P,
    ) {
        if self.session(key).is_some() {
            let reason = cause.to_string();
            self.end_session(now, key.index, cause, "shutdown", reason, port);
        }
    }

    /// What happened since the last time.
    pub fn poll(&mut self) -> Option<CallEvent<R>> {
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&mut self) -> Option<Duration> {
        let endpoints = self
            .listeners
            .iter()
            .filter_map(|at| at.endpoint.poll_timeout());
        endpoints.chain(self.timers.next()).min()
    }

    /// Does what is due at `now`.
    pub fn handle_timeout<P: Port>(&mut self, now: Duration, port: &mut P) {
        for listener in 0..self.listeners.len() {
            let endpoint = &mut self.listeners[listener].endpoint;
            if endpoint.poll_timeout().is_some_and(|due| due <= now) {
                endpoint.handle_timeout(now);
                self.pump(now, listener, port);
            }
        }
        while let Some(index) = self.timers.due(now) {
            if let Some(session) = self.sessions.get_mut(index) {
                session.link.handle_timeout(now);
                self.drive(now, index, port);
            }
        }
    }

    /// A session, if it is still there.
    pub fn session(&self, key: SessionKey) -> Option<&Session<R>> {
        self.sessions.find(key)
    }

    /// Every session.
    pub fn sessions(&self) -> impl Iterator<Item = &Session<R>> {
        self.sessions.iter_from(0)
    }

    /// Every session whose index is `first` or more, in order.
    pub fn sessions_from(&self, first: u32) -> impl Iterator<Item = &Session<R>> {
        self.sessions.iter_from(first)
    }

    /// How many sessions there are.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sessions.len() == 0
    }

    /// A listener's control connections, for whoever shows them.
    pub fn endpoint(&self, listener: usize) -> &Endpoint<R> {
        &self.listeners[listener].endpoint
    }

    /// How many listeners there are.
    pub fn listeners(&self) -> usize {
        self.listeners.len()
    }

    /// Every packet dropped, by reason: also by sessions that are there.
    pub fn all_drops(&self) -> Drops {
        let mut all = self.drops.clone();
        self.sessions().for_each(|session| all.add(&session.drops));
        all
    }

    /// What went through all sessions, those that are gone included.
    pub fn all_traffic(&self) -> Traffic {
        let mut all = self.traffic;
        self.sessions()
            .for_each(|session| all.add(&session.traffic));
        all
    }

    /// Says whose a session is, which source addresses it may use, and who answers what is too big for it.
    pub fn set_identity(
        &mut self,
        key: SessionKey,
        user: Option<&str>,
        source: Option<Source>,
        icmp: icmp::Source,
    ) {
        if let Some(session) = self.session_mut(key) {
            session.user = user.map(Into::into);
            session.source = source;
            session.icmp = icmp;
        }
    }

    fn session_mut(&mut self, key: SessionKey) -> Option<&mut Session<R>> {
        let session = self.sessions.get_mut(key.index);
        session.filter(|session| session.key == key)
    }
}
