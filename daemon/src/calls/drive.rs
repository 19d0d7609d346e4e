//! What a session's link and a listener's control connections want done is done.

use std::net::SocketAddr;
use std::time::Duration;

use fogline_l2tp::{CallCause, CallId, Established, Event as L2tpEvent};
use fogline_ppp::option::Options;
use fogline_ppp::{DownReason, Event as LinkEvent, Link, Phase};
use rand_core::CryptoRng;
use scramble::negotiator::{DataMode, Event as PhsEvent};
use scramble::option::PhsOption;
use scramble::transform::burst::{Session as Keys, SessionIndex};
use scramble::transform::{Receiver, Sender};

use super::drops::Drops;
use super::event::{CallEvent, KeyRecord};
use super::port::Port;
use super::session::{Ipv4Link, Sequence, Session, Source, Traffic};
use super::{Calls, Listener};
use crate::ip::icmp;

impl<R: CryptoRng> Calls<R> {
    /// Takes what a listener's control connections have to say and to send.
    pub(super) fn pump<P: Port>(&mut self, now: Duration, listener: usize, port: &mut P) {
        loop {
            let endpoint = &mut self.listeners[listener].endpoint;
            match endpoint.poll() {
                Some(event) => self.l2tp_event(now, listener, event, port),
                None if self.transmit(listener, port) => {}
                None => return,
            }
        }
    }

    /// Sends the control messages that wait; whether there were any.
    fn transmit<P: Port>(&mut self, listener: usize, port: &mut P) -> bool {
        let mut sent = false;
        while let Some(transmit) = self.listeners[listener].endpoint.poll_transmit() {
            port.to_peer(listener, transmit.to, &transmit.payload);
            sent = true;
        }
        sent
    }

    fn l2tp_event<P: Port>(
        &mut self,
        now: Duration,
        listener: usize,
        event: L2tpEvent,
        port: &mut P,
    ) {
        match event {
            L2tpEvent::TunnelUp(tunnel) => {
                if let Some(info) = self.listeners[listener].endpoint.tunnel(tunnel) {
                    self.events.push_back(CallEvent::TunnelUp {
                        listener,
                        peer: info.peer,
                        host_name: info.host_name.clone(),
                        id: tunnel.0,
                    });
                }
            }
            L2tpEvent::TunnelMoved { tunnel, peer } => {
                let Self {
                    listeners,
                    sessions,
                    ..
                } = self;
                for index in listeners[listener].routes.of_tunnel(tunnel.0) {
                    if let Some(session) = sessions.get_mut(index) {
                        session.peer = peer;
                    }
                }
            }
            L2tpEvent::TunnelDown { tunnel, reason } => {
                self.events.push_back(CallEvent::TunnelDown {
                    listener,
                    id: tunnel.0,
                    reason: reason.to_string(),
                })
            }
            L2tpEvent::Incoming { call, .. } => self.incoming(now, listener, call),
            L2tpEvent::CallUp { call, info } => {
                // The ICCN of a call that this end made goes first: before it, data has nowhere to go.
                self.transmit(listener, port);
                self.call_up(now, listener, call, *info, port);
            }
            L2tpEvent::CallDown { call, reason } => {
                let route = self.listeners[listener]
                    .routes
                    .find(call.tunnel.0, call.session);
                match route {
                    Some(index) => self.hung_up(index, &reason),
                    None => {
                        self.listeners[listener].own_ppp.remove(&call);
                        let reason = reason.to_string();
                        self.events.push_back(CallEvent::CallFailed {
                            listener,
                            call,
                            reason,
                        });
                    }
                }
            }
        }
    }

    /// The peer ended a call, or the connection that it was in.
    fn hung_up(&mut self, index: u32, reason: &fogline_l2tp::DownReason) {
        let phase = self
            .sessions
            .get_mut(index)
            .map(|session| session.link.phase());
        match phase {
            // Some access servers answer a wrong password with nothing but this.
            Some(Phase::Authenticate) => {
                let reason = format!("authentication refused, or cut short: {reason}");
                self.remove(index, "authentication", reason);
            }
            _ => self.remove(index, "l2tp", reason.to_string()),
        }
    }

    fn incoming(&mut self, now: Duration, listener: usize, call: CallId) {
        let terms = &self.listeners[listener].terms;
        let refusal = if self.draining {
            Some("draining")
        } else if self.sessions.len() >= terms.max_sessions {
            Some("max-sessions")
        } else if !self.call_allowance.take(now) {
            Some("calls-per-second")
        } else {
            None
        };
        let endpoint = &mut self.listeners[listener].endpoint;
        match refusal {
            None => endpoint.accept(now, call),
            Some(reason) => {
                endpoint.reject(now, call, CallCause::busy(reason));
                self.events.push_back(CallEvent::CallRefused { reason });
            }
        }
    }

    fn call_up<P: Port>(
        &mut self,
        now: Duration,
        listener: usize,
        call: CallId,
        info: Established,
        port: &mut P,
    ) {
        let at = &mut self.listeners[listener];
        // Others came up since it was accepted.
        if self.sessions.len() >= at.terms.max_sessions {
            let reason = "max-sessions";
            at.own_ppp.remove(&call);
            at.endpoint.hang_up(now, call, CallCause::busy(reason));
            self.events.push_back(CallEvent::CallRefused { reason });
            return;
        }
        let ppp = at
            .own_ppp
            .remove(&call)
            .unwrap_or_else(|| at.terms.ppp.clone());
        let link = Link::new(ppp, (self.randomness)(), (self.randomness)());
        let sequence = Sequence::new(info.sequencing, info.is_dialled);
        let peer: SocketAddr = info.peer;
        let numbers = (info.calling_number, info.called_number);
        let key = self.sessions.insert(|key| Session {
            key,
            listener,
            call,
            peer_ids: (info.peer_tunnel, info.peer_session),
            peer,
            numbers: (numbers != Default::default()).then(|| Box::new(numbers)),
            is_proxied: false,
            offered_to_lac: info.proxy.as_deref().is_some_and(offers_phs),
            link,
            since: now,
            user: None,
            ipv4: None,
            ipv6: None,
            source: (!at.terms.any_source).then(Source::default),
            icmp: icmp::Source::default(),
            mtu: at.terms.path.max_mru(),
            tcp_mtu: at.terms.path.max_mru(),
            agreement: None,
            epoch: 0,
            why_clear: None,
            traffic: Traffic::default(),
            drops: Drops::default(),
            address_control: at.terms.starts_with_address_control(),
            sequence,
            mode: DataMode::Hold,
            phase: Phase::Dead,
            pending: None,
            unreported: 0,
        });
        let Listener { routes, terms, .. } = &mut self.listeners[listener];
        routes.insert(call, key.index);
        self.events.push_back(CallEvent::CallUp(key));
        if let Some(session) = self.sessions.get_mut(key.index) {
            let mut proxy = info
                .proxy
                .filter(|_| terms.accept_proxy)
                .and_then(|proxy| proxy_of(*proxy));
            if let Some(proxy) = &mut proxy
                && !terms.trusts_proxy
            {
                proxy.authentication = None;
            }
            session.is_proxied = proxy
                .as_ref()
                .is_some_and(|proxy| proxy.authentication.is_some());
            let taken_over = proxy.is_some_and(|proxy| session.link.start_proxied(now, &proxy));
            if !taken_over {
                session.is_proxied = false;
                session.link.start(now);
            }
            self.drive(now, key.index, port);
        }
    }

    /// Takes what a session's link has to say and to send.
    pub(super) fn drive<P: Port>(&mut self, now: Duration, index: u32, port: &mut P) {
        loop {
            let Some(session) = self.sessions.get_mut(index) else {
                return;
            };
            if let Some(event) = session.link.poll() {
                self.link_event(now, index, event, port);
            } else if let Some(frame) = session.link.poll_transmit() {
                self.link_frame(index, &frame, port);
            } else {
                break;
            }
        }
        if let Some(session) = self.sessions.get_mut(index) {
            session.mode = session.link.data_mode();
            let phase = session.link.phase();
            if std::mem::replace(&mut session.phase, phase) != phase {
                self.events.push_back(CallEvent::Phase {
                    key: session.key,
                    phase,
                });
            }
            session.fit(self.listeners[session.listener].terms.path);
            self.timers.set(index, session.link.poll_timeout());
        }
    }

    fn link_event<P: Port>(&mut self, now: Duration, index: u32, event: LinkEvent, port: &mut P) {
        let Some(session) = self.sessions.get_mut(index) else {
            return;
        };
        let key = session.key;
        let event = match event {
            LinkEvent::Phs(event) => {
                self.phs_event(index, event);
                return;
            }
            LinkEvent::LcpUp => return,
            LinkEvent::Authenticate(credentials) => CallEvent::Authenticate {
                key,
                credentials: Some(Box::new(credentials)),
            },
            LinkEvent::Authorize => CallEvent::Authenticate {
                key,
                credentials: None,
            },
            LinkEvent::Warning(warning) => CallEvent::Warning { key, warning },
            LinkEvent::Ipv4Up { local, peer, dns } => {
                session.ipv4 = Some(Ipv4Link { local, peer });
                CallEvent::Ipv4Up {
                    key,
                    local,
                    peer,
                    dns,
                }
            }
            LinkEvent::Ipv4Down => {
                session.ipv4 = None;
                CallEvent::Ipv4Down(key)
            }
            LinkEvent::Ipv6Up { local_id, peer_id } => {
                session.ipv6 = Some((local_id, peer_id));
                CallEvent::Ipv6Up {
                    key,
                    local: local_id,
                    peer: peer_id,
                }
            }
            LinkEvent::Ipv6Down => {
                session.ipv6 = None;
                CallEvent::Ipv6Down(key)
            }
            LinkEvent::Ipv6Prefix {
                prefix,
                length,
                valid,
                dns,
                router_lifetime,
                ..
            } => CallEvent::Ipv6Prefix {
                key,
                prefix,
                length,
                valid,
                dns,
                is_router: !router_lifetime.is_zero(),
            },
            LinkEvent::Down(reason) => {
                let cause = CallCause::administrative(reason.to_string());
                self.end_session(
                    now,
                    index,
                    cause,
                    cause_name(&reason),
                    reason.to_string(),
                    port,
                );
                return;
            }
        };
        self.events.push_back(event);
    }

    fn phs_event(&mut self, index: u32, event: PhsEvent) {
        let Some(session) = self.sessions.get_mut(index) else {
            return;
        };
        let key = session.key;
        let place = SessionIndex(index);
        match event {
            PhsEvent::Install {
                keys,
                own,
                agreement,
            } => {
                session.agreement = Some(agreement);
                if self.scrambler.get_mut(place).is_none() {
                    let receiver = Receiver::new(own.peer(), agreement.receive);
                    self.scrambler.insert(
                        place,
                        Keys {
                            sender: None,
                            receiver,
                        },
                    );
                }
                if let Some(installed) = self.scrambler.get_mut(place) {
                    installed.receiver.install(keys.clone());
                }
                if self.listeners[session.listener].terms.show_keys {
                    let record = KeyRecord::Installed {
                        key,
                        user: session.user.clone(),
                        listener: session.listener,
                        peer: session.peer,
                        local_ids: (session.call.tunnel.0, session.call.session),
                        peer_ids: session.peer_ids,
                        own,
                        agreement,
                        keys: keys.clone(),
                    };
                    self.events.push_back(CallEvent::Keys(Box::new(record)));
                }
                session.pending = Some(Box::new((own, agreement.send, keys)));
            }
            PhsEvent::Send { epoch } => {
                let pending = session
                    .pending
                    .take()
                    .filter(|pending| pending.2.epoch == epoch);
                if let (Some(pending), Some(installed)) = (pending, self.scrambler.get_mut(place)) {
                    let (own, direction, keys) = *pending;
                    match &mut installed.sender {
                        // An epoch that is not later is refused: its numbers may have been used.
                        Some(sender) => drop(sender.switch(keys)),
                        none => *none = Some(Sender::new(own, direction, keys)),
                    }
                    session.epoch = epoch;
                    session.unreported = 0;
                }
            }
            PhsEvent::Retire { epoch } => {
                if let Some(installed) = self.scrambler.get_mut(place) {
                    installed.receiver.retire(epoch);
                }
            }
            PhsEvent::Erase => {
                self.scrambler.remove(place);
                session.agreement = None;
                session.pending = None;
                if self.listeners[session.listener].terms.show_keys {
                    self.events
                        .push_back(CallEvent::Keys(Box::new(KeyRecord::Erased(key))));
                }
            }
            PhsEvent::Confirmed => {
                session.why_clear = None;
                if let Some(agreement) = session.agreement {
                    self.events
                        .push_back(CallEvent::Scrambled { key, agreement });
                }
            }
            PhsEvent::Rekeyed { epoch } => self.events.push_back(CallEvent::Rekeyed { key, epoch }),
            PhsEvent::Fallback(reason) => {
                session.why_clear = Some(reason);
                self.events.push_back(CallEvent::Clear { key, reason });
            }
            // The link ends itself, and says why.
            PhsEvent::Refused(_) => {}
            PhsEvent::Alarm(alarm) => self.events.push_back(CallEvent::Alarm { key, alarm }),
        }
    }

    /// The call of a session is hung up, and the session is no more.
    pub(super) fn end_session<P: Port>(
        &mut self,
        now: Duration,
        index: u32,
        cause: CallCause,
        name: &'static str,
        reason: String,
        port: &mut P,
    ) {
        let Some(session) = self.sessions.get_mut(index) else {
            return;
        };
        let (listener, call) = (session.listener, session.call);
        self.remove(index, name, reason);
        self.listeners[listener].endpoint.hang_up(now, call, cause);
        self.pump(now, listener, port);
    }

    fn remove(&mut self, index: u32, cause: &'static str, reason: String) {
        self.scrambler.remove(SessionIndex(index));
        self.timers.clear(index);
        if let Some(session) = self.sessions.remove(index) {
            let listener = &mut self.listeners[session.listener];
            listener.routes.remove(session.call);
            if listener.terms.show_keys && session.agreement.is_some() {
                self.events
                    .push_back(CallEvent::Keys(Box::new(KeyRecord::Erased(session.key))));
            }
            self.traffic.add(&session.traffic);
            self.drops.add(&session.drops);
            self.events.push_back(CallEvent::Down {
                session,
                cause,
                reason,
            });
        }
    }
}

/// What ended a link, in a word.
const fn cause_name(reason: &DownReason) -> &'static str {
    match reason {
        DownReason::Closed(_) => "closed",
        DownReason::PeerTerminated(_) => "peer-terminated",
        DownReason::NoAnswer => "no-answer",
        DownReason::EchoLost => "echo-lost",
        DownReason::LoopedBack => "looped-back",
        DownReason::NoConvergence | DownReason::LcpRejected => "lcp",
        DownReason::AuthenticationRefused
        | DownReason::AuthenticationFailed(_)
        | DownReason::Restarting => "authentication",
        DownReason::Refused(_) | DownReason::SecretAfterOffer(_) => "scrambling",
        DownReason::NoNetwork => "no-network",
    }
}

/// Whether the first LCP request that a LAC got from its subscriber has a PHS option in it.
fn offers_phs(proxy: &fogline_l2tp::Proxy) -> bool {
    let request = proxy
        .initial_received_lcp_confreq
        .as_deref()
        .unwrap_or_default();
    Options::parse(request).is_ok_and(|options| {
        options
            .iter()
            .any(|option| PhsOption::parse(option.bytes).is_ok())
    })
}

/// What a LAC negotiated, from L2TP's to PPP's form; `None` where it did not tell both sides of it.
fn proxy_of(proxy: fogline_l2tp::Proxy) -> Option<fogline_ppp::Proxy> {
    Some(fogline_ppp::Proxy {
        last_sent: proxy.last_sent_lcp_confreq?,
        last_received: proxy.last_received_lcp_confreq?,
        authentication: proxy.authentication.map(|authentication| {
            fogline_ppp::ProxyAuthentication {
                kind: authentication.kind,
                name: authentication.name,
                challenge: authentication.challenge,
                identifier: authentication.id,
                response: authentication.response,
            }
        }),
    })
}
