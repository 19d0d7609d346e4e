//! Confirmation: each end proves that it holds the keys before the other sends data with them.

use core::time::Duration;

use rand_core::CryptoRng;

use super::retry::{Retry, Tick};
use super::{Event, Negotiator, Reason, State};
use crate::ecp::{Code, Packet, Reset, ResetBody};
use crate::keys::Secrets;

impl<R: CryptoRng> Negotiator<R> {
    pub(super) fn start_confirm(&mut self, now: Duration) {
        let identifier = self.next_identifier();
        let timing = self.config.timing;
        if let Some(session) = &mut self.period.session {
            let message = session.seal(Code::ResetRequest, identifier, ResetBody::Confirm);
            self.transmits.push_back(message.clone());
            session.confirm = Some(Retry::new(
                now,
                message,
                timing.restart,
                timing.confirm_requests,
            ));
        }
    }

    pub(super) fn confirm_timeout(&mut self, now: Duration) {
        let Some(confirm) = self
            .period
            .session
            .as_mut()
            .and_then(|session| session.confirm.as_mut())
        else {
            return;
        };
        match confirm.tick(now) {
            Tick::Wait => {}
            Tick::Again => self.transmits.push_back(confirm.message.clone()),
            Tick::Exhausted if self.state == State::Confirmed => self.fail(Reason::Unacknowledged),
            Tick::Exhausted => self.fail(Reason::ConfirmTimeout),
        }
    }

    pub(super) fn reset_request(&mut self, now: Duration, packet: &Packet<'_>) {
        let (Some(session), Ok(reset)) = (&mut self.period.session, packet.reset()) else {
            self.ignore_reset(packet);
            return;
        };
        if let Some(answer) = session.answered(packet) {
            self.transmits.push_back(answer.to_vec());
            return;
        }
        match (self.state, reset) {
            (State::Confirming, Reset::Confirm { .. }) if !session.is_from_peer(packet) => {
                self.fail(Reason::BadTag)
            }
            (_, Reset::Confirm { .. })
                if session.schedule.epoch() == 0 && session.is_from_peer(packet) =>
            {
                let answer = session.answer(packet, ResetBody::Confirm);
                self.transmits.push_back(answer);
                self.peer_confirmed(now);
            }
            (_, Reset::Confirm { .. }) => self.counters.bad_tags += 1,
            (
                State::Confirmed,
                Reset::Rekey {
                    epoch, public_key, ..
                },
            ) => {
                self.rekey_request(packet, epoch, &public_key);
            }
            (State::Confirmed, Reset::Switched { epoch, .. }) => {
                self.switched_request(now, packet, epoch)
            }
            (State::Confirmed, Reset::Ask { .. }) => self.ask_request(packet),
            _ => self.counters.unexpected += 1,
        }
    }

    pub(super) fn reset_ack(&mut self, now: Duration, packet: &Packet<'_>) {
        let (Some(session), Ok(reset)) = (&mut self.period.session, packet.reset()) else {
            self.ignore_reset(packet);
            return;
        };
        match (self.state, reset) {
            (_, Reset::Confirm { .. }) => {
                let ours = session.confirm.as_ref().map(Retry::identifier);
                if ours != Some(packet.identifier()) {
                    self.counters.unexpected += 1;
                } else if session.is_from_peer(packet) {
                    session.confirm = None;
                    self.peer_confirmed(now);
                } else if self.state == State::Confirming {
                    self.fail(Reason::BadTag);
                } else {
                    self.counters.bad_tags += 1;
                }
            }
            (
                State::Confirmed,
                Reset::Rekey {
                    epoch, public_key, ..
                },
            ) => {
                self.rekey_ack(now, packet, epoch, &public_key);
            }
            (State::Confirmed, Reset::Switched { epoch, .. }) => {
                self.switched_ack(now, packet, epoch)
            }
            (State::Confirmed, Reset::Ask { .. }) => self.ask_ack(now, packet),
            _ => self.counters.unexpected += 1,
        }
    }

    fn ignore_reset(&mut self, packet: &Packet<'_>) {
        match packet.reset() {
            Ok(_) => self.counters.unexpected += 1,
            Err(_) => self.counters.malformed += 1,
        }
    }

    /// The peer holds the keys: data may be sent to it.
    fn peer_confirmed(&mut self, now: Duration) {
        if self.state != State::Confirming {
            return;
        }
        self.state = State::Confirmed;
        self.was_confirmed = true;
        self.peer_known = true;
        self.period.in_clear = false;
        // Nothing is derived from these any more.
        self.period.exchange = None;
        self.period.secrets = Secrets::default();
        let due = self.next_interval(now);
        if let Some(session) = &mut self.period.session {
            session.rekey_due = due;
            if let Some(confirm) = &mut session.confirm {
                confirm.refill(self.config.timing.confirm_requests);
            }
        }
        self.events.push_back(Event::Confirmed);
        self.events.push_back(Event::Send { epoch: 0 });
    }
}
