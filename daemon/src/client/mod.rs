//! The subscriber: dials, keeps one call, dials again when it is gone.
//!
//! Sans-I/O like [`Calls`], which it stands on. What its host has to do comes as [`ClientEvent`]s.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use fogline_l2tp::{CallCause, CallRequest, StopCause, TunnelId};
use fogline_ppp::CloseReason;
use rand_core::CryptoRng;
use scramble::transform::Packet;
use tracing::{info, warn};

use crate::calls::{CallEvent, Calls, Datagram, Port, Randomness, Session, SessionKey};
use crate::config::model as config;
use crate::ip::{Addresses, icmp};
use crate::lns::{Notice, Totals, close_reason, printable};

/// What the client's host has to do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// Find the server's address and call [`Client::dial`].
    Dial,
    /// IPv4 works: set addresses, routes, name servers; run hooks.
    Ipv4Up {
        /// This end's address.
        local: Ipv4Addr,
        /// The server's.
        peer: Ipv4Addr,
        /// Name servers.
        dns: [Option<Ipv4Addr>; 2],
        /// The largest packet.
        mtu: u16,
    },
    /// IPv4 works no more.
    Ipv4Down,
    /// IPv6 works on the link; hooks run.
    Ipv6Up {
        /// This end's link-local address.
        local: Ipv6Addr,
        /// The server's.
        peer: Ipv6Addr,
        /// The largest packet.
        mtu: u16,
    },
    /// The largest packet has changed, as scrambling came or went.
    Mtu(u16),
    /// A prefix was advertised, or what was said with it has changed: set the address, and the default route.
    Ipv6Prefix {
        /// This end's address in the prefix.
        address: Ipv6Addr,
        /// The prefix's length.
        length: u8,
        /// Name servers.
        dns: Vec<Ipv6Addr>,
        /// Whether the server is a default router.
        is_router: bool,
    },
    /// IPv6 works no more.
    Ipv6Down,
    /// The call is over; dialling goes on after a while.
    Down {
        /// Why.
        reason: String,
        /// When [`ClientEvent::Dial`] comes.
        redial_in: Duration,
    },
    /// The peer proved its keys: remember it.
    Scrambled,
}

/// A subscriber's end.
pub struct Client<R> {
    calls: Calls<R>,
    config: Arc<config::Client>,
    randomness: Randomness<R>,
    state: State,
    /// Failures in a row: each doubles the pause.
    failures: u32,
    /// The prefix that is in use, until when, and what was said with it. An advertisement that says nothing new, or
    /// speaks of another prefix, changes nothing.
    advertised: Option<(Ipv6Addr, Duration, Vec<Ipv6Addr>, bool)>,
    /// This server was scrambled in an earlier call.
    known: bool,
    events: VecDeque<ClientEvent>,
    totals: Totals,
}

/// Where dialling stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The host was asked for the server's address, or is about to be.
    Resolving,
    /// A control connection, and a call in it, come up.
    Dialling(TunnelId),
    /// The call is up.
    Called(SessionKey, Duration),
    /// Until dialling again.
    Waiting(Duration),
    /// No more calls.
    Stopped,
}

/// A call that lasted so long was no failure.
const LASTED: Duration = Duration::from_secs(60);

impl<R: CryptoRng> Client<R> {
    /// A subscriber that is about to dial. `known` says that the server was scrambled in an earlier run.
    pub fn new(
        config: Arc<config::Client>,
        mut make_randomness: impl FnMut() -> Randomness<R>,
        known: bool,
        show_keys: bool,
    ) -> Self {
        let mut calls = Calls::new(make_randomness());
        calls.listen(config.l2tp_config(), config.terms(show_keys));
        Self {
            calls,
            config,
            randomness: make_randomness(),
            state: State::Resolving,
            failures: 0,
            advertised: None,
            known,
            events: VecDeque::from([ClientEvent::Dial]),
            totals: Totals::default(),
        }
    }

    /// Takes over another configuration: it holds for the next call. `known` says that its server
    /// was scrambled before.
    pub fn reload(&mut self, config: Arc<config::Client>, known: bool, show_keys: bool) {
        self.calls
            .reconfigure(0, config.l2tp_config(), config.terms(show_keys));
        self.config = config;
        self.known = known;
    }

    /// The server's address is found, the call starts.
    pub fn dial<P: Port>(&mut self, now: Duration, server: SocketAddr, port: &mut P) {
        if self.state != State::Resolving {
            return;
        }
        let tunnel = self.calls.dial(now, 0, server, port);
        let called = tunnel.and_then(|tunnel| {
            self.state = State::Dialling(tunnel);
            self.calls
                .call(now, 0, tunnel, CallRequest::default(), port)
        });
        if let Err(error) = called {
            self.wait(now, error.to_string());
        }
        self.digest(now, port);
    }

    /// The server's address cannot be found.
    pub fn cannot_dial(&mut self, now: Duration, reason: String) {
        if self.state == State::Resolving {
            self.wait(now, reason);
        }
    }

    /// Datagrams arrived.
    pub fn datagrams<'b, P: Port>(
        &mut self,
        now: Duration,
        burst: impl IntoIterator<Item = Datagram<'b>>,
        port: &mut P,
    ) {
        self.calls.datagrams(now, 0, burst, port);
        self.digest(now, port);
    }

    /// This host's packets, with room around each (see [`Calls::packets`]); without a call they are lost.
    pub fn packets<'b, P: Port>(
        &mut self,
        now: Duration,
        burst: impl IntoIterator<Item = Packet<'b>>,
        port: &mut P,
    ) {
        let State::Called(key, _) = self.state else {
            return;
        };
        self.calls.packets(
            now,
            // What is meant for this host's neighbours stays here: the link has its own neighbour discovery.
            burst.into_iter().filter_map(|packet| {
                let leaves = Addresses::of(packet.bytes()).is_some_and(|ip| !ip.is_link_local());
                leaves.then_some((key.index, packet))
            }),
            port,
        );
        self.digest(now, port);
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&mut self) -> Option<Duration> {
        let redial = match self.state {
            State::Waiting(until) => Some(until),
            _ => None,
        };
        self.calls.poll_timeout().into_iter().chain(redial).min()
    }

    /// Does what is due at `now`.
    pub fn handle_timeout<P: Port>(&mut self, now: Duration, port: &mut P) {
        self.calls.handle_timeout(now, port);
        if matches!(self.state, State::Waiting(until) if until <= now) {
            self.state = State::Resolving;
            self.events.push_back(ClientEvent::Dial);
        }
        self.digest(now, port);
    }

    /// What the host has to do next.
    pub fn poll(&mut self) -> Option<ClientEvent> {
        self.events.pop_front()
    }

    /// Ends the call; it is dialled again.
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

    /// Starts a rekey; `false` unless the call is scrambled.
    pub fn rekey<P: Port>(&mut self, now: Duration, key: SessionKey, port: &mut P) -> bool {
        let started = self.calls.rekey(now, key, port);
        self.digest(now, port);
        started
    }

    /// Ends the call and dials no more.
    pub fn drain<P: Port>(&mut self, now: Duration, port: &mut P) {
        self.state = State::Stopped;
        self.calls.drain(now, &CloseReason::Shutdown, port);
        self.digest(now, port);
    }

    /// Hangs up what is left, and ends the control connection.
    pub fn stop<P: Port>(&mut self, now: Duration, port: &mut P) {
        self.state = State::Stopped;
        let left: Vec<_> = self.calls.sessions().map(|session| session.key).collect();
        for key in left {
            self.calls.hang_up(
                now,
                key,
                CallCause::administrative("the client is shutting down"),
                port,
            );
        }
        self.calls.stop(
            now,
            &StopCause::shutdown("the client is shutting down"),
            port,
        );
        self.digest(now, port);
    }

    /// The calls, for whoever shows them.
    pub const fn calls(&self) -> &Calls<R> {
        &self.calls
    }

    /// The prefix that the server advertised.
    pub fn prefix_of(&self, _: SessionKey) -> Option<Ipv6Addr> {
        self.advertised.as_ref().map(|(prefix, ..)| *prefix)
    }

    /// What was counted.
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The calls, and what was counted: to take notices and keys from.
    pub const fn parts(&mut self) -> (&Calls<R>, &mut Totals) {
        (&self.calls, &mut self.totals)
    }

    /// The session there is.
    pub fn session(&self) -> Option<&Session<R>> {
        self.calls.sessions().next()
    }

    fn digest<P: Port>(&mut self, now: Duration, port: &mut P) {
        while let Some(event) = self.calls.poll() {
            self.call_event(now, event, port);
        }
    }

    fn call_event<P: Port>(&mut self, now: Duration, event: CallEvent<R>, port: &mut P) {
        match event {
            CallEvent::TunnelUp {
                peer, host_name, ..
            } => {
                info!(%peer, host = printable(&host_name), "control connection up");
            }
            CallEvent::TunnelDown { id, reason, .. } => {
                info!(reason, "control connection down");
                if self.state == State::Dialling(TunnelId(id)) {
                    self.wait(now, reason);
                }
            }
            CallEvent::CallFailed { reason, .. } => self.give_up_tunnel(now, reason, port),
            CallEvent::CallUp(key) => {
                self.totals.calls += 1;
                self.state = State::Called(key, now);
                self.calls.set_identity(
                    key,
                    Some(&self.config.user),
                    None,
                    icmp::Source::default(),
                );
                if self.known {
                    self.calls.peer_is_known(key);
                }
            }
            CallEvent::Ipv4Up {
                key,
                local,
                peer,
                dns,
            } => {
                info!(%local, %peer, "IPv4 up");
                // The server's address answers this host's packets that are too big.
                let user = self.user(key);
                let icmp = icmp::Source {
                    ipv4: Some(peer),
                    ipv6: self
                        .calls
                        .session(key)
                        .and_then(|session| session.icmp.ipv6),
                };
                self.calls.set_identity(key, Some(&user), None, icmp);
                let mtu = self.mtu(key);
                let user = self.user(key);
                self.totals.notice(Notice::Up { at: now, key, user });
                self.events.push_back(ClientEvent::Ipv4Up {
                    local,
                    peer,
                    dns,
                    mtu,
                });
            }
            CallEvent::Ipv4Down(_) => self.events.push_back(ClientEvent::Ipv4Down),
            CallEvent::Ipv6Up { key, local, peer } => {
                info!("IPv6 up");
                let (local, peer) = (link_local(local), link_local(peer));
                let user = self.user(key);
                let icmp = icmp::Source {
                    ipv4: self
                        .calls
                        .session(key)
                        .and_then(|session| session.icmp.ipv4),
                    ipv6: Some(peer),
                };
                self.calls.set_identity(key, Some(&user), None, icmp);
                let mtu = self.mtu(key);
                self.events
                    .push_back(ClientEvent::Ipv6Up { local, peer, mtu });
            }
            CallEvent::Ipv6Down(_) => {
                self.advertised = None;
                self.events.push_back(ClientEvent::Ipv6Down);
            }
            CallEvent::Ipv6Prefix {
                key,
                prefix,
                length,
                valid,
                dns,
                is_router,
            } => {
                // Without a valid lifetime there is nothing to use, and what is in use does not end for it: anybody
                // could say so (RFC 4862 section 5.5.3 e).
                if length == 64 && !valid.is_zero() {
                    self.advertised(now, key, prefix, valid, dns, is_router);
                }
            }
            CallEvent::Scrambled { key, agreement } => {
                info!(send = ?agreement.send.transform, receive = ?agreement.receive.transform, "scrambled");
                self.known = true;
                self.events.push_back(ClientEvent::Mtu(self.mtu(key)));
                self.events.push_back(ClientEvent::Scrambled);
            }
            CallEvent::Rekeyed { .. } => self.totals.rekeys += 1,
            CallEvent::Clear { reason, .. } => {
                self.totals.fallback(reason);
                warn!(%reason, "in clear");
            }
            CallEvent::Alarm { key, alarm } => {
                warn!("ALARM: {alarm}");
                let user = self.user(key);
                self.totals.alarm(now, key, &user, alarm.to_string());
            }
            CallEvent::Keys(record) => self.totals.keys.push_back(*record),
            CallEvent::Warning { warning, .. } => warn!("{warning}"),
            CallEvent::Down {
                session,
                cause,
                reason,
            } => {
                self.totals.ended(cause);
                self.down(now, &session, reason, port);
            }
            // Nobody calls a subscriber, and nobody proves anything to it but by MS-CHAPv2, which its link checks.
            CallEvent::CallRefused { .. }
            | CallEvent::Authenticate { .. }
            | CallEvent::Phase { .. } => {}
        }
    }

    fn down<P: Port>(&mut self, now: Duration, session: &Session<R>, reason: String, port: &mut P) {
        let notice = Notice::Down {
            at: now,
            key: session.key,
            user: session.user.as_deref().unwrap_or_default().to_owned(),
            reason: reason.clone(),
        };
        self.totals.notice(notice);
        if session.ipv4.is_some() {
            self.events.push_back(ClientEvent::Ipv4Down);
        }
        if session.ipv6.is_some() {
            self.events.push_back(ClientEvent::Ipv6Down);
        }
        if now.saturating_sub(session.since) >= LASTED {
            self.failures = 0;
        }
        self.give_up_tunnel(now, reason, port);
    }

    /// The call is gone, and so is what its control connection was for.
    fn give_up_tunnel<P: Port>(&mut self, now: Duration, reason: String, port: &mut P) {
        if matches!(self.state, State::Waiting(_) | State::Resolving) {
            return;
        }
        self.calls
            .stop_tunnels(now, &StopCause::shutdown("the call is over"), port);
        self.wait(now, reason);
    }

    fn wait(&mut self, now: Duration, reason: String) {
        if self.state == State::Stopped {
            return;
        }
        let config::Redial { min, max } = self.config.redial;
        let doubled = min.saturating_mul(1 << self.failures.min(20)).min(max);
        // Not all subscribers at once after their server was away.
        let jitter = doubled / 4 * ((self.randomness)().next_u32() % 1024) / 1024;
        let redial_in = doubled - doubled / 8 + jitter;
        self.failures = self.failures.saturating_add(1);
        warn!(
            reason,
            redial_seconds = redial_in.as_secs_f32(),
            "call over"
        );
        self.state = State::Waiting(now + redial_in);
        self.events
            .push_back(ClientEvent::Down { reason, redial_in });
    }

    fn user(&self, key: SessionKey) -> String {
        let session = self.calls.session(key);
        let user = session.and_then(|session| session.user.as_deref());
        user.unwrap_or_default().to_owned()
    }

    /// An advertisement came, with a prefix of 64 bits.
    fn advertised(
        &mut self,
        now: Duration,
        key: SessionKey,
        prefix: Ipv6Addr,
        valid: Duration,
        dns: Vec<Ipv6Addr>,
        is_router: bool,
    ) {
        let until = now.saturating_add(valid);
        if let Some((known, known_until, known_dns, known_router)) = &mut self.advertised {
            if *known != prefix && now < *known_until {
                return;
            }
            if *known == prefix && *known_dns == dns && *known_router == is_router {
                *known_until = until;
                return;
            }
        }
        let Some((local, _)) = self.calls.session(key).and_then(|session| session.ipv6) else {
            return;
        };
        let low = u128::from(u64::from_be_bytes(local));
        let address = Ipv6Addr::from_bits(prefix.to_bits() >> 64 << 64 | low);
        info!(%address, "IPv6 address");
        self.advertised = Some((prefix, until, dns.clone(), is_router));
        self.events.push_back(ClientEvent::Ipv6Prefix {
            address,
            length: 64,
            dns,
            is_router,
        });
    }

    fn mtu(&self, key: SessionKey) -> u16 {
        self.calls.session(key).map_or(1280, |session| session.mtu)
    }
}

/// The link-local address of an interface identifier (RFC 5072 section 5).
pub fn link_local(id: [u8; 8]) -> Ipv6Addr {
    Ipv6Addr::from_bits(0xFE80 << 112 | u128::from(u64::from_be_bytes(id)))
}
