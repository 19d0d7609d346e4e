//! How a control connection comes up (RFC 2661 sections 5.1 and 7.2.1).

use std::net::SocketAddr;
use std::time::Duration;

use rand_core::CryptoRng;

use super::Tunnel;
use crate::authentication::{self, Carrier};
use crate::cause::{ErrorCode, StopCause, StopResult};
use crate::config::Secret;
use crate::endpoint::Core;
use crate::event::{Event, TunnelId, TunnelState};
use crate::text::printable;
use crate::wire::Message;
use crate::wire::message::Start;

/// Version 1, revision 0 (section 4.4.3).
const PROTOCOL_VERSION: [u8; 2] = [1, 0];

/// Synchronous and asynchronous.
const FRAMING: u32 = 3;

/// How often SCCRP is sent again at most: whoever asked for it may have done so in somebody else's name.
const SCCRP_RETRIES: u32 = 3;

/// Firmware Revision: of this implementation, not of the program.
const FIRMWARE: u16 = 1;

impl Tunnel {
    /// Starts a control connection by SCCRQ.
    pub fn dial<R: CryptoRng>(
        core: &mut Core<R>,
        now: Duration,
        id: TunnelId,
        peer: SocketAddr,
    ) -> Self {
        let mut tunnel = Self::new(core, now, id, peer, TunnelState::WaitCtlReply);
        let start = tunnel.start(None);
        tunnel.send(core, now, 0, &Message::Sccrq(Box::new(start)));
        tunnel
    }

    /// Answers a SCCRQ, which [`objection`] found nothing against, by SCCRP.
    pub fn answer<R: CryptoRng>(
        core: &mut Core<R>,
        now: Duration,
        id: TunnelId,
        from: SocketAddr,
        request: Start,
    ) -> Self {
        let mut tunnel = Self::new(core, now, id, from, TunnelState::WaitCtlConn);
        tunnel.requester = Some((from, request.tunnel));
        let retries = tunnel.config.retries.min(SCCRP_RETRIES);
        tunnel.channel.set_retries(retries);
        // SCCRQ is the first message of the stream.
        tunnel.channel.arrived(0, 0, &[]);
        let response = tunnel.answer_to(Carrier::Sccrp, request.challenge.as_deref());
        tunnel.get_to_know(request);
        let start = tunnel.start(response);
        tunnel.send(core, now, 0, &Message::Sccrp(Box::new(start)));
        tunnel
    }

    /// SCCRP came.
    pub(super) fn replied<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        from: SocketAddr,
        reply: Start,
    ) {
        let objection = objection(&reply, self.config.secret.as_ref());
        let response = self.answer_to(Carrier::Scccn, reply.challenge.as_deref());
        let proof = reply.challenge_response;
        self.peer = from;
        self.get_to_know(reply);
        if let Some(cause) = objection {
            self.stop(core, now, cause);
        } else if self.is_proved(core, now, Carrier::Sccrp, proof) {
            let message = Message::Scccn {
                challenge_response: response,
            };
            self.send(core, now, 0, &message);
            self.up(core, now);
        }
    }

    /// SCCCN came.
    pub(super) fn connected<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        proof: Option<[u8; 16]>,
    ) {
        if self.is_proved(core, now, Carrier::Scccn, proof) {
            self.up(core, now);
        }
    }

    fn up<R: CryptoRng>(&mut self, core: &mut Core<R>, now: Duration) {
        self.state = TunnelState::Established;
        self.was_up = true;
        self.expires = None;
        self.channel.set_retries(self.config.retries);
        core.counters.tunnels_up += 1;
        core.events.push_back(Event::TunnelUp(self.id));
        self.start_calls(core, now);
    }

    /// Whether the peer proved that it knows the secret; ends the control connection where it did not.
    fn is_proved<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        carrier: Carrier,
        proof: Option<[u8; 16]>,
    ) -> bool {
        let (Some(secret), Some(challenge)) = (&self.config.secret, self.challenge.take()) else {
            return true;
        };
        let complaint = match proof {
            Some(proof) if authentication::is_right(carrier, secret, &challenge, &proof) => {
                return true;
            }
            Some(_) => "the Challenge Response is wrong; do both ends have the same tunnel secret?",
            None => "there is no Challenge Response; a tunnel secret is needed",
        };
        core.counters.authentication_failures += 1;
        self.stop(
            core,
            now,
            StopCause::said(StopResult::NOT_AUTHORIZED, complaint),
        );
        false
    }

    fn answer_to(&self, carrier: Carrier, challenge: Option<&[u8]>) -> Option<[u8; 16]> {
        let secret = self.config.secret.as_ref()?;
        Some(authentication::response(carrier, secret, challenge?))
    }

    fn get_to_know(&mut self, start: Start) {
        self.peer_id = start.tunnel;
        self.host_name = start.host_name;
        self.vendor_name = start.vendor_name.unwrap_or_default();
        self.channel.set_peer_window(start.receive_window);
    }

    /// What this end says of itself. Without Bearer Capabilities, nobody asks it for outgoing calls.
    fn start(&self, challenge_response: Option<[u8; 16]>) -> Start {
        Start {
            protocol_version: PROTOCOL_VERSION,
            framing: FRAMING,
            bearer: None,
            tie_breaker: None,
            firmware: Some(FIRMWARE),
            host_name: printable(self.config.host_name.as_bytes()),
            vendor_name: Some(printable(self.config.vendor_name.as_bytes())),
            tunnel: self.id.0,
            receive_window: Some(self.config.receive_window.max(1)),
            challenge: self.challenge.map(Into::into),
            challenge_response,
        }
    }
}

/// Why a SCCRQ or SCCRP cannot lead to a control connection.
pub(crate) fn objection(start: &Start, secret: Option<&Secret>) -> Option<StopCause> {
    if start.protocol_version[0] != PROTOCOL_VERSION[0] {
        return Some(StopCause {
            result: StopResult::VERSION,
            error: Some(ErrorCode(u16::from_be_bytes(PROTOCOL_VERSION))),
            message: None,
        });
    }
    (start.challenge.is_some() && secret.is_none()).then(|| {
        let message = "a Challenge came, but no tunnel secret is configured here";
        StopCause::said(StopResult::NOT_AUTHORIZED, message)
    })
}
