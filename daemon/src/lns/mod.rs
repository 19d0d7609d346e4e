//! The access server: admits subscribers, gives them addresses, and moves their packets between L2TP and this host.
//!
//! Sans-I/O like [`Calls`], which it stands on. What it does is told to the log by `tracing`, what it counts is in
//! [`Totals`].

mod addresses;
mod admission;
mod pools;
mod totals;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use fogline_l2tp::{CallCause, StopCause};
use fogline_ppp::CloseReason;
use rand_core::CryptoRng;
use scramble::transform::Packet;
use tracing::{info, warn};

pub use admission::AuthenticationRequest;
pub use pools::{NoAddress, Usage};
pub use totals::{AlarmRecord, Notice, Totals};

use crate::calls::{
    CallEvent, Calls, Datagram, Drop, Drops, Port, Randomness, Session, SessionKey,
};
use crate::config::model as config;
use crate::ip::Addresses as IpAddresses;
use crate::service::id;
use addresses::Addresses;
use pools::{Lease, Pools};

/// An access server.
pub struct Lns<R> {
    calls: Calls<R>,
    config: Arc<config::Lns>,
    pools: Pools,
    addresses: Addresses,
    /// By session index.
    subscribers: Vec<Option<Subscriber>>,
    by_user: HashMap<Box<str>, Vec<SessionKey>>,
    /// Users that were scrambled once: in clear they raise an alarm.
    known: HashSet<Box<str>>,
    /// Users that became known, to be written down.
    newly_known: VecDeque<Box<str>>,
    /// Sessions that must have an address by then.
    setups: BTreeSet<(Duration, SessionKey)>,
    requests: VecDeque<AuthenticationRequest>,
    totals: Totals,
    drops: Drops,
}

/// Who has a session, and what it was given.
struct Subscriber {
    key: SessionKey,
    user: Box<str>,
    lease: Lease,
    /// It had an address in use once: it may be without one for a while, when LCP starts again.
    was_up: bool,
}

impl<R: CryptoRng> Lns<R> {
    /// An access server without calls. `known` are the users that were scrambled in earlier runs.
    pub fn new(
        config: Arc<config::Lns>,
        randomness: Randomness<R>,
        known: HashSet<Box<str>>,
        show_keys: bool,
    ) -> Self {
        let mut calls = Calls::new(randomness);
        for listener in &config.listeners {
            calls.listen(
                config.l2tp_config(listener),
                config.terms(listener, show_keys),
            );
        }
        Self {
            calls,
            pools: Pools::new(&config),
            addresses: Addresses::new(&config),
            config,
            subscribers: Vec::new(),
            by_user: HashMap::new(),
            known,
            newly_known: VecDeque::new(),
            setups: BTreeSet::new(),
            requests: VecDeque::new(),
            totals: Totals::default(),
            drops: Drops::default(),
        }
    }

    /// Takes over what can change while calls go on: users, and how new calls are treated.
    pub fn reload(&mut self, config: Arc<config::Lns>, show_keys: bool) {
        for (at, listener) in config
            .listeners
            .iter()
            .enumerate()
            .take(self.calls.listeners())
        {
            let terms = config.terms(listener, show_keys);
            self.calls
                .reconfigure(at, config.l2tp_config(listener), terms);
        }
        self.pools.set_users(&config);
        self.config = config;
    }

    /// Datagrams arrived at `listener`.
    pub fn datagrams<'b, P: Port>(
        &mut self,
        now: Duration,
        listener: usize,
        burst: impl IntoIterator<Item = Datagram<'b>>,
        port: &mut P,
    ) {
        self.calls.datagrams(now, listener, burst, port);
        self.digest(now, port);
    }

    /// This host's packets for subscribers, with room around each (see [`Calls::packets`]).
    pub fn packets<'b, P: Port>(
        &mut self,
        now: Duration,
        burst: impl IntoIterator<Item = Packet<'b>>,
        port: &mut P,
    ) {
        let Self {
            addresses,
            drops,
            calls,
            ..
        } = self;
        let found = burst.into_iter().filter_map(|packet| {
            let ip = IpAddresses::of(packet.bytes()).filter(|ip| !ip.is_link_local())?;
            let session = addresses.find(ip.destination());
            if session.is_none() && !ip.destination().is_multicast() {
                drops.count(Drop::NoSession);
            }
            session.map(|session| (session, packet))
        });
        calls.packets(now, found, port);
        self.digest(now, port);
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&mut self) -> Option<Duration> {
        let setup = self.setups.first().map(|(due, _)| *due);
        self.calls.poll_timeout().into_iter().chain(setup).min()
    }

    /// Does what is due at `now`.
    pub fn handle_timeout<P: Port>(&mut self, now: Duration, port: &mut P) {
        self.calls.handle_timeout(now, port);
        while self.setups.first().is_some_and(|(due, _)| *due <= now) {
            let Some((_, key)) = self.setups.pop_first() else {
                break;
            };
            if !self
                .subscriber(key)
                .is_some_and(|subscriber| subscriber.was_up)
            {
                self.calls.close(
                    now,
                    key,
                    CloseReason::Other("no address was agreed in time".into()),
                    port,
                );
            }
        }
        self.digest(now, port);
    }

    /// Ends a session; `false` where it is not there.
    pub fn kick<P: Port>(
        &mut self,
        now: Duration,
        key: SessionKey,
        reason: &str,
        port: &mut P,
    ) -> bool {
        let there = self.calls.close(now, key, close_reason(reason), port);
        self.digest(now, port);
        there
    }

    /// The sessions of a user.
    pub fn sessions_of(&self, user: &str) -> Vec<SessionKey> {
        self.by_user.get(user).cloned().unwrap_or_default()
    }

    /// Starts a rekey; `false` unless the session is there and scrambled.
    pub fn rekey<P: Port>(&mut self, now: Duration, key: SessionKey, port: &mut P) -> bool {
        let started = self.calls.rekey(now, key, port);
        self.digest(now, port);
        started
    }

    /// Takes no new calls, and closes those there are.
    pub fn drain<P: Port>(&mut self, now: Duration, port: &mut P) {
        self.calls.drain(now, &CloseReason::Shutdown, port);
        self.digest(now, port);
    }

    /// Hangs up what is left, and ends every control connection.
    pub fn stop<P: Port>(&mut self, now: Duration, port: &mut P) {
        let left: Vec<_> = self.calls.sessions().map(|session| session.key).collect();
        for key in left {
            let cause = CallCause::administrative("the access server is shutting down");
            self.calls.hang_up(now, key, cause, port);
        }
        self.calls.stop(
            now,
            &StopCause::shutdown("the access server is shutting down"),
            port,
        );
        self.digest(now, port);
    }

    /// The calls, for whoever shows them.
    pub const fn calls(&self) -> &Calls<R> {
        &self.calls
    }

    /// What was counted.
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The calls, and what was counted: to take notices and keys from.
    pub const fn parts(&mut self) -> (&Calls<R>, &mut Totals) {
        (&self.calls, &mut self.totals)
    }

    /// The /64 that a session was given.
    pub fn prefix_of(&self, key: SessionKey) -> Option<std::net::Ipv6Addr> {
        self.subscriber(key)?.lease.ipv6
    }

    /// Every packet dropped so far, by reason; those of sessions that are there included.
    pub fn all_drops(&self) -> Drops {
        let mut all = self.calls.all_drops();
        all.add(&self.drops);
        all
    }

    /// How full the pools are.
    pub fn pool_usage(&self) -> impl Iterator<Item = Usage> + '_ {
        self.pools.usage()
    }

    /// A user that was scrambled for the first time ever; to be written down.
    pub fn poll_newly_known(&mut self) -> Option<Box<str>> {
        self.newly_known.pop_front()
    }

    /// Takes what the calls say.
    fn digest<P: Port>(&mut self, now: Duration, port: &mut P) {
        while let Some(event) = self.calls.poll() {
            self.call_event(now, event, port);
        }
    }

    fn call_event<P: Port>(&mut self, now: Duration, event: CallEvent<R>, port: &mut P) {
        match event {
            CallEvent::TunnelUp {
                peer,
                host_name,
                id,
                ..
            } => {
                info!(tunnel = id, %peer, host = printable(&host_name), "control connection up");
            }
            CallEvent::TunnelDown { id, reason, .. } => {
                info!(tunnel = id, reason, "control connection down")
            }
            CallEvent::CallRefused { reason } => {
                warn!(reason, "call refused");
                self.totals.refused(reason);
            }
            CallEvent::CallFailed { reason, .. } => info!(reason, "call failed"),
            CallEvent::CallUp(key) => {
                self.totals.calls += 1;
                if self
                    .calls
                    .session(key)
                    .is_some_and(|session| session.offered_to_lac)
                {
                    info!(session = %id(key), "the subscriber has PHS: it offered it to its LAC");
                }
                self.setups
                    .insert((now + self.config.limits.call_setup, key));
            }
            CallEvent::Authenticate { key, credentials } => self.ask(now, key, credentials, port),
            CallEvent::Ipv4Up { key, peer, .. } => {
                self.take_over(now, key, peer.into(), port);
                self.addresses.set_ipv4(peer, Some(key.index));
                self.up(now, key, &peer);
            }
            CallEvent::Ipv6Up { key, .. } => {
                if let Some(prefix) = self
                    .subscriber(key)
                    .and_then(|subscriber| subscriber.lease.ipv6)
                {
                    self.take_over(now, key, prefix.into(), port);
                    self.addresses.set_ipv6(prefix, Some(key.index));
                    self.up(now, key, &prefix);
                }
            }
            CallEvent::Ipv4Down(key) => self.forget_ipv4(key),
            CallEvent::Ipv6Down(key) => self.forget_ipv6(key),
            // A subscriber has no prefixes to advertise, and its phases are for whoever looks.
            CallEvent::Ipv6Prefix { .. } | CallEvent::Phase { .. } => {}
            CallEvent::Scrambled { key, agreement } => self.scrambled(key, &agreement),
            CallEvent::Rekeyed { .. } => self.totals.rekeys += 1,
            CallEvent::Clear { key, reason } => {
                self.totals.fallback(reason);
                info!(session = %id(key), user = self.user(key), %reason, "in clear");
            }
            CallEvent::Alarm { key, alarm } => {
                let user = self.user(key).to_owned();
                warn!(session = %id(key), user, "ALARM: {alarm}");
                self.totals.alarm(now, key, &user, alarm.to_string());
            }
            CallEvent::Keys(record) => self.totals.keys.push_back(*record),
            CallEvent::Warning { key, warning } => {
                warn!(session = %id(key), user = self.user(key), "{warning}");
            }
            CallEvent::Down {
                session,
                cause,
                reason,
            } => {
                self.totals.ended(cause);
                self.down(now, &session, &reason);
            }
        }
    }

    /// After users have changed, somebody may still have what is another's now: the newest call is the true one.
    fn take_over<P: Port>(
        &mut self,
        now: Duration,
        key: SessionKey,
        address: IpAddr,
        port: &mut P,
    ) {
        let holder = self.addresses.find(address);
        let holder = holder.filter(|holder| *holder != key.index);
        let place = holder.and_then(|holder| self.subscribers.get(holder as usize)?.as_ref());
        if let Some(other) = place.map(|subscriber| subscriber.key) {
            warn!(session = %id(other), %address, "its address belongs to another user now");
            let reason = CloseReason::Other("the address belongs to another user now".into());
            self.calls.close(now, other, reason, port);
        }
    }

    fn up(&mut self, now: Duration, key: SessionKey, address: &dyn std::fmt::Display) {
        let place = self
            .subscribers
            .get_mut(key.index as usize)
            .and_then(Option::as_mut);
        if let Some(subscriber) = place.filter(|subscriber| subscriber.key == key) {
            subscriber.was_up = true;
        }
        let user = self.user(key).to_owned();
        info!(session = %id(key), user, %address, "up");
        let session = self.calls.session(key);
        let is_first =
            session.is_some_and(|session| session.ipv4.is_some() != session.ipv6.is_some());
        if is_first {
            self.totals.notice(Notice::Up { at: now, key, user });
        }
    }

    fn scrambled(&mut self, key: SessionKey, agreement: &scramble::option::Agreement) {
        let user = self.user(key);
        info!(
            session = %id(key),
            user,
            send = ?agreement.send.transform,
            receive = ?agreement.receive.transform,
            "scrambled"
        );
        if !user.is_empty() && !self.known.contains(user) {
            let user: Box<str> = user.into();
            self.known.insert(user.clone());
            self.newly_known.push_back(user);
        }
    }

    fn down(&mut self, now: Duration, session: &Session<R>, reason: &str) {
        let key = session.key;
        self.forget_ipv4(key);
        self.forget_ipv6(key);
        let traffic = &session.traffic;
        info!(
            session = %id(key),
            user = self.user(key),
            peer = %session.peer,
            seconds = now.saturating_sub(session.since).as_secs(),
            packets_up = traffic.packets_received,
            bytes_up = traffic.bytes_received,
            packets_down = traffic.packets_sent,
            bytes_down = traffic.bytes_sent,
            reason,
            "session over"
        );
        let notice = Notice::Down {
            at: now,
            key,
            user: self.user(key).to_owned(),
            reason: reason.to_owned(),
        };
        self.totals.notice(notice);
        let place = self.subscribers.get_mut(key.index as usize);
        let Some(subscriber) = place.and_then(|place| place.take_if(|held| held.key == key)) else {
            return;
        };
        self.pools.give_back(&subscriber.lease);
        if let Some(sessions) = self.by_user.get_mut(&subscriber.user) {
            sessions.retain(|other| *other != key);
            if sessions.is_empty() {
                self.by_user.remove(&subscriber.user);
            }
        }
    }

    fn forget_ipv4(&mut self, key: SessionKey) {
        let address = self
            .subscriber(key)
            .and_then(|subscriber| subscriber.lease.ipv4);
        if let Some((address, _)) = address
            && self.addresses.find(address.into()) == Some(key.index)
        {
            self.addresses.set_ipv4(address, None);
        }
    }

    fn forget_ipv6(&mut self, key: SessionKey) {
        let prefix = self
            .subscriber(key)
            .and_then(|subscriber| subscriber.lease.ipv6);
        if let Some(prefix) = prefix
            && self.addresses.find(prefix.into()) == Some(key.index)
        {
            self.addresses.set_ipv6(prefix, None);
        }
    }

    fn subscriber(&self, key: SessionKey) -> Option<&Subscriber> {
        let place = self.subscribers.get(key.index as usize)?.as_ref();
        place.filter(|subscriber| subscriber.key == key)
    }

    fn user(&self, key: SessionKey) -> &str {
        self.subscriber(key)
            .map_or("", |subscriber| &subscriber.user)
    }
}

/// What a peer is told when an operator ends its call for `reason`.
pub(crate) fn close_reason(reason: &str) -> CloseReason {
    match reason {
        "" => CloseReason::Administrative,
        reason => CloseReason::Other(reason.into()),
    }
}

/// Text of a peer's without what a terminal would obey.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
        .collect()
}
