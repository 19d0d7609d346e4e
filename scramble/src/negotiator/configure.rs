//! The Configure exchange (RFC 1661 section 4, RFC 1968), and how it ends.

use alloc::vec::Vec;
use core::time::Duration;

use rand_core::CryptoRng;

use super::session::Offer;
use super::{Negotiator, Reason, State};
use crate::ecp::{self, Code, HEADER_LEN, Packet, Request};
use crate::keys::KeySchedule;
use crate::option::{self, PhsOption};

/// Our side of the exchange.
#[derive(Default)]
pub(super) struct Configure {
    /// Our Configure-Request.
    message: Option<Vec<u8>>,
    /// When it is sent again; `None` once nothing more is to be waited for.
    due: Option<Duration>,
    /// How often it was sent.
    sent: u32,
    /// The peer showed a PHS option in ECP.
    heard: bool,
    /// The peer ended the negotiation, which is no end to one that must scramble.
    peer_gave_up: bool,
    /// The peer's option that we acknowledged last.
    offer: Option<Offer>,
    /// Both options came by LCP, and our Configure-Request was never acknowledged in ECP.
    pub opened_by_lcp: bool,
}

impl Configure {
    pub fn due(&self) -> Option<Duration> {
        self.due
    }

    /// Nothing is sent any more; what was sent is still known.
    pub fn stop(&mut self) {
        self.due = None;
    }

    fn is_answered_by(&self, packet: &Packet<'_>) -> bool {
        let message = self.message.as_deref();
        message.and_then(|message| message.get(1)) == Some(&packet.identifier())
    }

    fn is_acknowledged_by(&self, packet: &Packet<'_>) -> bool {
        let options = self
            .message
            .as_deref()
            .and_then(|message| message.get(HEADER_LEN..));
        self.is_answered_by(packet) && options == Some(packet.data())
    }
}

impl<R: CryptoRng> Negotiator<R> {
    /// Sends our Configure-Request and starts its timer.
    pub(super) fn start_configure(&mut self, now: Duration) {
        self.send_configure_request();
        self.period.configure.sent = 1;
        self.period.configure.due = Some(now.saturating_add(self.config.timing.restart));
    }

    fn send_configure_request(&mut self) {
        if self.period.configure.message.is_none() {
            let identifier = self.next_identifier();
            let option = self.own_option(false);
            self.period.configure.message = Some(ecp::configure_request(identifier, &option));
        }
        self.transmits.extend(self.period.configure.message.clone());
    }

    pub(super) fn configure_timeout(&mut self, now: Duration) {
        if self.period.configure.due.is_none_or(|due| now < due) {
            return;
        }
        let timing = &self.config.timing;
        let configure = &mut self.period.configure;
        let patient = self.config.policy == super::Policy::Require || self.was_confirmed;
        let (tries, reason) = match (configure.heard, patient) {
            (true, _) => (timing.heard_requests, Reason::Timeout),
            (false, true) => (timing.patient_requests, Reason::Silent),
            (false, false) => (timing.silent_requests, Reason::Silent),
        };
        let reason = match configure.peer_gave_up {
            true => Reason::PeerTerminated,
            false => reason,
        };
        if configure.sent >= tries {
            self.fail(reason);
            return;
        }
        configure.sent += 1;
        let wait = if configure.heard || configure.sent <= timing.silent_requests {
            timing.restart
        } else {
            timing.patient_restart
        };
        configure.due = Some(now.saturating_add(wait));
        self.send_configure_request();
    }

    pub(super) fn configure_request(&mut self, now: Duration, packet: &Packet<'_>) {
        let Ok(request) = packet.request() else {
            self.counters.malformed += 1;
            return;
        };
        let known = self.period.session.as_ref().map(|session| session.peer);
        match (self.state, request) {
            (State::Confirmed, Request::Phs(peer)) if known == Some(peer) => {
                self.transmit(ecp::configure_ack(packet));
            }
            (State::Confirmed, _) => self.counters.after_confirmation += 1,
            (State::Refused(_), _) => self.decline(),
            (State::Clear(reason), _) if !reason.is_soft() => self.decline(),
            (_, Request::Unacceptable(options)) => {
                self.transmit(ecp::configure_reject(packet, &options))
            }
            (State::Clear(_), Request::Empty) => self.decline(),
            (_, Request::Empty) => self.fail(Reason::NoOption),
            (_, Request::Phs(peer)) => self.peer_asks(now, packet, peer),
        }
    }

    fn decline(&mut self) {
        let identifier = self.next_identifier();
        self.transmit(ecp::terminate_request(identifier));
    }

    /// The peer's Configure-Request carries `peer`, and nothing is decided yet (or a soft Clear may be left).
    fn peer_asks(&mut self, now: Duration, packet: &Packet<'_>, peer: PhsOption) {
        let confirming = self.state == State::Confirming;
        let session = self.period.session.as_ref();
        if confirming && session.is_some_and(|session| session.peer == peer) {
            self.transmit(ecp::configure_ack(packet));
            if self.period.configure.opened_by_lcp {
                // The peer found LCP's exchange incomplete and needs our Configure-Request.
                self.send_configure_request();
            }
            return;
        }
        let known = self.period.configure.offer.take();
        let offer = match known.filter(|offer| offer.peer == peer) {
            Some(offer) => offer,
            None => match self.evaluate(&peer) {
                Ok(offer) => offer,
                Err(reason) => return self.fail(reason),
            },
        };
        self.period.configure.heard = true;
        self.transmit(ecp::configure_ack(packet));
        match self.state {
            State::AckRcvd | State::Confirming => self.open(now, offer),
            _ => {
                if matches!(self.state, State::Clear(_)) {
                    self.start_configure(now);
                }
                self.period.configure.offer = Some(offer);
                self.state = State::AckSent;
            }
        }
    }

    /// What our option and `peer`'s come to.
    pub(super) fn evaluate(&mut self, peer: &PhsOption) -> Result<Offer, Reason> {
        let own = self.own_option(false);
        let agreement = option::agree(&own, peer).map_err(Reason::Disagreement)?;
        let exchange = self.period.exchange.as_ref().ok_or(Reason::WeakKey)?;
        let schedule = KeySchedule::agree(exchange, &own, peer, &self.period.secrets)
            .map_err(|_| Reason::WeakKey)?;
        let own = own
            .end(peer)
            .ok_or(Reason::Disagreement(option::Disagreement::Loop))?;
        Ok(Offer {
            peer: *peer,
            own,
            agreement,
            schedule,
        })
    }

    pub(super) fn configure_ack(&mut self, now: Duration, packet: &Packet<'_>) {
        if !self.period.configure.is_acknowledged_by(packet) {
            self.counters.unexpected += 1;
            return;
        }
        self.period.configure.opened_by_lcp = false;
        match (self.state, self.period.configure.offer.take()) {
            (State::AckSent, Some(offer)) => self.open(now, offer),
            (State::ReqSent, _) => self.state = State::AckRcvd,
            _ => self.counters.unexpected += 1,
        }
    }

    /// Configure-Nak or Configure-Reject.
    pub(super) fn configure_refusal(&mut self, packet: &Packet<'_>) {
        if self.is_negotiating() && self.period.configure.is_answered_by(packet) {
            self.fail(Reason::Rejected);
        } else {
            self.counters.unexpected += 1;
        }
    }

    pub(super) fn peer_terminates(&mut self, packet: &Packet<'_>) {
        self.transmit(ecp::terminate_ack(packet));
        match self.state {
            // A peer under `prefer` that does not hear us ends like this, and comes back when it does. Our timer runs on.
            State::ReqSent | State::AckRcvd | State::AckSent if self.must_scramble() => {
                self.period.configure.peer_gave_up = true;
                self.period.configure.offer = None;
                self.state = State::ReqSent;
            }
            _ if self.is_negotiating() => self.fail(Reason::PeerTerminated),
            _ => {}
        }
    }

    pub(super) fn code_reject(&mut self, packet: &Packet<'_>) {
        let rejected = packet.data().first().copied().and_then(Code::from_number);
        let fatal = match self.state {
            State::Confirming => rejected == Some(Code::ResetRequest),
            State::ReqSent | State::AckRcvd | State::AckSent => {
                rejected == Some(Code::ConfigureRequest)
            }
            _ => false,
        };
        if fatal {
            self.fail(Reason::Rejected);
        } else {
            self.counters.unexpected += 1;
        }
    }
}
