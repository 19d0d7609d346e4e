//! Messages for tunnel id 0: whoever sends them does not know this end's id yet.
//!
//! Anybody can send SCCRQs from addresses that are not theirs, so:
//! - nothing is kept for one that is not whole, and a refusal is never longer than the request;
//! - SCCRP may be longer, so it goes a few times only, where the peer does not confirm it;
//! - a source that has many half-open control connections gets no more: it shuts out itself only;
//! - where there are too many in all, the oldest gives way, and nobody is told. A peer that is real comes up within a
//!   round trip, so it is lost only where the flood replaces all of them in less. Were the newest turned away instead,
//!   a flood of a few a second would keep every real peer out.

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
        if request.tie_breaker.is_some() {
            self.yield_to(now, from);
        }
        if self.roster.half_open_of(from.ip()) >= self.core.config.max_half_open_per_source {
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

    /// A peer that this end is dialling too wants one control connection only, and says so by a Tie Breaker. This end
    /// sends none, which counts as the highest value, and the lower one wins (RFC 2661 section 4.4.3).
    fn yield_to(&mut self, now: Duration, from: SocketAddr) {
        for id in self.roster.dialling(from.ip()) {
            self.core.counters.collisions += 1;
            self.with(now, id, |tunnel, core| tunnel.lose_tie(core, now));
        }
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
        has_room.then(|| self.free_id(now)).flatten()
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
