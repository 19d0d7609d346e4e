//! Messages for tunnel id 0: whoever sends them does not know this end's id yet.
//!
//! Anybody can send SCCRQs from addresses that are not theirs, so:
//! - nothing is kept for one that is not whole, and no answer is longer than the request;
//! - a source that has many half-open control connections gets no more: it shuts out itself only;
//! - where there are too many in all, the oldest gives way, and nobody is told. A peer that is real comes up within a
//!   round trip, so it is lost only where the flood replaces all of them in less. Were the newest turned away instead,
//!   a flood of a few a second would keep every real peer out.

use std::cmp::Ordering;
use std::net::SocketAddr;
use std::time::Duration;

use rand_core::CryptoRng;

use super::Endpoint;
use crate::cause::{ErrorCode, StopCause, StopResult};
use crate::event::{Transmit, TunnelId};
use crate::ids::NOBODY;
use crate::tunnel::{Tunnel, objection};
use crate::wire::message::{Start, kind};
use crate::wire::{Header, Message};

/// Where a SCCRQ came from, and how long it was.
#[derive(Clone, Copy)]
struct Origin {
    from: SocketAddr,
    length: usize,
}

impl<R: CryptoRng> Endpoint<R> {
    /// A message for tunnel id 0.
    pub(super) fn handle_start(
        &mut self,
        now: Duration,
        from: SocketAddr,
        header: &Header,
        avps: &[u8],
        length: usize,
    ) {
        let origin = Origin { from, length };
        match Message::parse(avps, self.core.config.secret.as_ref())
            .map(|parsed| (parsed.message, parsed.ignored))
        {
            Ok((Message::Sccrq(request), ignored)) => {
                if let Some(id) = self.roster.requested(from, request.tunnel) {
                    // Sent again: acknowledged again.
                    self.carry(now, id, from, header, avps);
                } else if header.ns == 0 {
                    self.core.counters.ignored_avps += ignored;
                    self.requested(now, origin, *request);
                } else {
                    self.core.counters.unexpected += 1;
                }
            }
            // A peer that gives up before it knows this end's id names its own.
            Ok((
                Message::StopCcn {
                    tunnel: Some(peer_id),
                    ..
                },
                _,
            )) => match self.roster.requested(from, peer_id) {
                Some(id) => self.carry(now, id, from, header, avps),
                None => self.core.counters.unknown_tunnels += 1,
            },
            Ok(_) => self.core.counters.unknown_tunnels += 1,
            Err(_) if avps.is_empty() => self.core.counters.unknown_tunnels += 1,
            Err(refusal) => {
                self.core.counters.fault(refusal.fault);
                if let (Some(kind::SCCRQ), Some(peer_id)) = (refusal.kind, refusal.tunnel) {
                    let cause =
                        StopCause::general(refusal.fault.error_code(), refusal.fault.to_string());
                    self.refuse_start(origin, peer_id, cause);
                }
            }
        }
    }

    /// A peer wants a control connection.
    fn requested(&mut self, now: Duration, origin: Origin, request: Start) {
        let from = origin.from;
        if let Some(cause) = self.start_objection(&request) {
            return self.refuse_start(origin, request.tunnel, cause);
        }
        if !self.wins_tie(now, from, request.tie_breaker) {
            return;
        }
        let config = &self.core.config;
        if config.one_tunnel_per_peer && self.roster.has_peer(from.ip()) {
            let message = "there is a control connection already";
            let cause = StopCause::said(StopResult::ALREADY_EXISTS, message);
            return self.refuse_start(origin, request.tunnel, cause);
        }
        if self.roster.half_open_of(from.ip()) >= config.max_half_open_per_source {
            self.core.counters.start_requests_over_source_limit += 1;
            return;
        }
        let Some(id) = self.make_room(now) else {
            let cause = StopCause::general(ErrorCode::RESOURCES, "too many control connections");
            return self.refuse_start(origin, request.tunnel, cause);
        };
        let tunnel = Tunnel::answer(&mut self.core, now, id, from, request);
        self.tunnels.insert(id, tunnel);
        self.settle(now, id);
    }

    fn start_objection(&self, request: &Start) -> Option<StopCause> {
        let config = &self.core.config;
        if !config.accept_incoming {
            let message = "no control connections are taken here";
            return Some(StopCause::said(StopResult::NOT_AUTHORIZED, message));
        }
        objection(request, config.secret.as_ref())
    }

    /// Whether a peer that this end is dialling too gets its way (RFC 2661 section 4.4.3, Tie Breaker): the lower value
    /// wins, none is the highest, and where neither end has one, both control connections are wanted.
    fn wins_tie(&mut self, now: Duration, from: SocketAddr, theirs: Option<[u8; 8]>) -> bool {
        let mut wins = true;
        for id in self.roster.dialling(from.ip()) {
            let ours = self.tunnels.get(&id).and_then(|tunnel| tunnel.tie_breaker);
            let order = match (ours, theirs) {
                (None, None) => continue,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(ours), Some(theirs)) => ours.cmp(&theirs),
            };
            self.core.counters.collisions += 1;
            // Equal values end both.
            wins &= order == Ordering::Greater;
            if order != Ordering::Less {
                self.with(now, id, |tunnel, core| tunnel.lose_tie(core, now));
            }
        }
        wins
    }

    /// The id for one more half-open control connection.
    fn make_room(&mut self, now: Duration) -> Option<TunnelId> {
        let (most, most_half_open) = (self.core.config.max_tunnels, self.core.config.max_half_open);
        if (self.live() >= most || self.roster.half_open() >= most_half_open)
            && let Some(oldest) = self.roster.oldest_half_open()
        {
            self.core.counters.half_open_evicted += 1;
            self.forget(now, oldest);
        }
        let has_room = self.live() < most && self.roster.half_open() < most_half_open;
        has_room.then(|| self.ids.take(now)).flatten().map(TunnelId)
    }

    /// Answers a SCCRQ by StopCCN, once: nothing is kept of it. If the answer is lost, the peer asks again.
    fn refuse_start(
        &mut self,
        Origin { from, length }: Origin,
        peer_id: u16,
        mut cause: StopCause,
    ) {
        self.core.counters.start_requests_refused += 1;
        let stop = |cause| {
            Message::StopCcn {
                tunnel: Some(NOBODY),
                cause,
            }
            .emit(peer_id, 0, None)
        };
        let mut payload = stop(cause.clone());
        if payload.len() > length {
            cause.message = None;
            payload = stop(cause);
        }
        if payload.len() <= length {
            Header::number(&mut payload, 0, 1);
            self.core
                .transmits
                .push_back(Transmit { to: from, payload });
        }
    }
}
