//! Rekey: new keys for the next epoch, without losing a packet. Only the lower end starts one; the higher end asks.

use core::time::Duration;

use rand_core::CryptoRng;

use super::retry::{Retry, Tick};
use super::session::{Ask, Rekey, Session};
use super::{Event, Negotiator, Reason, State};
use crate::agreement::End;
use crate::ecp::{Code, Packet, ResetBody};
use crate::keys::ExchangeSecret;

impl<R: CryptoRng> Negotiator<R> {
    /// The operator wants new keys. Whether a rekey is or will be under way; `false` unless confirmed.
    pub fn request_rekey(&mut self, now: Duration) -> bool {
        if self.state != State::Confirmed {
            return false;
        }
        self.want_rekey(now);
        self.start_due_rekey(now);
        true
    }

    /// `count` more packets were sent scrambled. Some thousand at a time will do: a rekey is due at 2^28, and
    /// sequence numbers end at 2^29.
    pub fn packets_sent(&mut self, now: Duration, count: u64) {
        let limit = self.config.timing.rekey_packets;
        let Some(session) = self
            .period
            .session
            .as_mut()
            .filter(|_| self.state == State::Confirmed)
        else {
            return;
        };
        session.sent = session.sent.saturating_add(count);
        if session.sent >= limit {
            self.want_rekey(now);
            self.start_due_rekey(now);
        }
    }

    fn want_rekey(&mut self, now: Duration) {
        let Some(session) = &mut self.period.session else {
            return;
        };
        // One that is under way serves as well.
        if !matches!(session.rekey, Rekey::Idle | Rekey::Overlap { .. }) {
            return;
        }
        match session.own {
            End::Lower => session.wanted = true,
            End::Higher if matches!(session.ask, Ask::None) => self.send_ask(now),
            End::Higher => {}
        }
    }

    /// Starts a rekey if one is due and nothing stands in its way.
    pub(super) fn start_due_rekey(&mut self, now: Duration) {
        let session = self.period.session.as_ref();
        if !session.is_some_and(|session| {
            self.may_start(session) && (session.wanted || session.rekey_due <= now)
        }) {
            return;
        }
        let secret = ExchangeSecret::random(&mut self.random);
        let identifier = self.next_identifier();
        let timing = self.config.timing;
        let Some(session) = &mut self.period.session else {
            return;
        };
        let Some(epoch) = session.schedule.epoch().checked_add(1) else {
            self.fail(Reason::EpochsExhausted);
            return;
        };
        session.wanted = false;
        let body = ResetBody::Rekey {
            epoch,
            public_key: secret.public_key(),
        };
        let message = session.seal(Code::ResetRequest, identifier, body);
        self.transmits.push_back(message.clone());
        let request = Retry::new(now, message, timing.restart, timing.rekey_requests);
        session.rekey = Rekey::Offered { secret, request };
    }

    fn may_start(&self, session: &Session) -> bool {
        self.state == State::Confirmed
            && session.own == End::Lower
            && session.confirm.is_none()
            && matches!(session.rekey, Rekey::Idle)
    }

    pub(super) fn next_interval(&mut self, now: Duration) -> Duration {
        let interval = self.config.timing.rekey_interval;
        let jitter = (interval / 5).saturating_mul(self.random.next_u32() % 1001) / 1000;
        now.saturating_add(interval - interval / 10)
            .saturating_add(jitter)
    }

    // The higher end's part.

    pub(super) fn rekey_request(&mut self, packet: &Packet<'_>, epoch: u32, public_key: &[u8; 32]) {
        let Some(session) = &mut self.period.session else {
            return;
        };
        if session.own == End::Lower || !session.is_from_peer(packet) {
            self.counters.bad_tags += 1;
            return;
        }
        session.confirm = None;
        let secret = ExchangeSecret::random(&mut self.random);
        let is_next = session.schedule.epoch().checked_add(1) == Some(epoch);
        let usable =
            is_next && matches!(session.rekey, Rekey::Idle) && secret.public_key() != *public_key;
        let shared = usable.then(|| secret.shared(public_key).ok()).flatten();
        let Some(next) = shared.and_then(|shared| session.schedule.next(&shared)) else {
            self.counters.rekeys_ignored += 1;
            return;
        };
        session.schedule = next;
        session.rekey = Rekey::Answered;
        session.ask = Ask::None;
        let body = ResetBody::Rekey {
            epoch,
            public_key: secret.public_key(),
        };
        let answer = session.answer(packet, body);
        self.transmits.push_back(answer);
        self.install();
    }

    pub(super) fn switched_request(&mut self, now: Duration, packet: &Packet<'_>, epoch: u32) {
        let Some(session) = &mut self.period.session else {
            return;
        };
        if session.own == End::Lower || !session.is_from_peer(packet) {
            self.counters.bad_tags += 1;
        } else if !matches!(session.rekey, Rekey::Answered) || session.schedule.epoch() != epoch {
            self.counters.unexpected += 1;
        } else {
            let answer = session.answer(packet, ResetBody::Switched { epoch });
            self.transmits.push_back(answer);
            self.switch_sending();
            self.rekeyed(now);
        }
    }

    fn send_ask(&mut self, now: Duration) {
        let identifier = self.next_identifier();
        let timing = self.config.timing;
        if let Some(session) = &mut self.period.session {
            let message = session.seal(Code::ResetRequest, identifier, ResetBody::Ask);
            self.transmits.push_back(message.clone());
            session.ask = Ask::Sent(Retry::new(
                now,
                message,
                timing.restart,
                timing.rekey_requests,
            ));
        }
    }

    pub(super) fn ask_ack(&mut self, now: Duration, packet: &Packet<'_>) {
        let again = now.saturating_add(self.config.timing.ask_again);
        let Some(session) = &mut self.period.session else {
            return;
        };
        match &session.ask {
            Ask::Sent(request) if request.identifier() == packet.identifier() => {
                if session.is_from_peer(packet) {
                    session.confirm = None;
                    session.ask = Ask::Acknowledged(again);
                } else {
                    self.counters.bad_tags += 1;
                }
            }
            _ => self.counters.unexpected += 1,
        }
    }

    // The lower end's part.

    pub(super) fn rekey_ack(
        &mut self,
        now: Duration,
        packet: &Packet<'_>,
        epoch: u32,
        public_key: &[u8; 32],
    ) {
        let Some(session) = &mut self.period.session else {
            return;
        };
        let next = match &session.rekey {
            Rekey::Offered { secret, request } if request.identifier() == packet.identifier() => {
                secret
                    .shared(public_key)
                    .ok()
                    .and_then(|shared| session.schedule.next(&shared))
            }
            _ => {
                self.counters.unexpected += 1;
                return;
            }
        };
        let peer = session.own.peer();
        let Some(next) =
            next.filter(|next| next.epoch() == epoch && next.verify(peer, packet.as_bytes()))
        else {
            self.counters.bad_tags += 1;
            return;
        };
        session.schedule = next;
        // What it was wanted for is done, whoever wanted it meanwhile.
        session.wanted = false;
        self.install();
        self.switch_sending();
        let identifier = self.next_identifier();
        let timing = self.config.timing;
        if let Some(session) = &mut self.period.session {
            let message = session.seal(
                Code::ResetRequest,
                identifier,
                ResetBody::Switched { epoch },
            );
            self.transmits.push_back(message.clone());
            let request = Retry::new(now, message, timing.restart, timing.rekey_requests);
            session.rekey = Rekey::Switching { request };
        }
    }

    pub(super) fn switched_ack(&mut self, now: Duration, packet: &Packet<'_>, epoch: u32) {
        let Some(session) = &mut self.period.session else {
            return;
        };
        match &session.rekey {
            Rekey::Switching { request }
                if request.identifier() == packet.identifier()
                    && session.schedule.epoch() == epoch =>
            {
                if session.is_from_peer(packet) {
                    self.rekeyed(now);
                } else {
                    self.counters.bad_tags += 1;
                }
            }
            _ => self.counters.unexpected += 1,
        }
    }

    pub(super) fn ask_request(&mut self, packet: &Packet<'_>) {
        let Some(session) = &mut self.period.session else {
            return;
        };
        if session.own == End::Higher || !session.is_from_peer(packet) {
            self.counters.bad_tags += 1;
            return;
        }
        session.confirm = None;
        session.wanted = true;
        let answer = session.answer(packet, ResetBody::Ask);
        self.transmits.push_back(answer);
    }

    // Both ends' part.

    /// Data is sent with the newest keys from now on.
    fn switch_sending(&mut self) {
        if let Some(session) = &mut self.period.session {
            session.sent = 0;
            self.events.push_back(Event::Send {
                epoch: session.schedule.epoch(),
            });
        }
    }

    /// The exchange is over; the old keys stay for what is still under way.
    fn rekeyed(&mut self, now: Duration) {
        let due = self.next_interval(now);
        let until = now.saturating_add(self.config.timing.overlap);
        if let Some(session) = &mut self.period.session {
            let epoch = session.schedule.epoch();
            session.rekey = Rekey::Overlap {
                until,
                retire: epoch.wrapping_sub(1),
            };
            session.rekey_due = due;
            self.counters.rekeys += 1;
            self.events.push_back(Event::Rekeyed { epoch });
        }
    }

    pub(super) fn rekey_timeout(&mut self, now: Duration) {
        let Some(session) = &mut self.period.session else {
            return;
        };
        match &mut session.rekey {
            Rekey::Idle | Rekey::Answered => {}
            Rekey::Overlap { until, .. } if now < *until => {}
            Rekey::Overlap { retire, .. } => {
                self.events.push_back(Event::Retire { epoch: *retire });
                session.rekey = Rekey::Idle;
            }
            Rekey::Offered { request, .. } | Rekey::Switching { request } => {
                match request.tick(now) {
                    Tick::Wait => {}
                    Tick::Again => self.transmits.push_back(request.message.clone()),
                    Tick::Exhausted => return self.fail(Reason::RekeyTimeout),
                }
            }
        }
        match &mut session.ask {
            Ask::None => {}
            Ask::Acknowledged(until) if now < *until => {}
            Ask::Acknowledged(_) => self.send_ask(now),
            Ask::Sent(request) => match request.tick(now) {
                Tick::Wait => {}
                Tick::Again => self.transmits.push_back(request.message.clone()),
                Tick::Exhausted => self.fail(Reason::RekeyTimeout),
            },
        }
    }

    pub(super) fn next_rekey_timeout(&self, session: &Session) -> Option<Duration> {
        let exchange = match &session.rekey {
            Rekey::Idle if self.may_start(session) => Some(session.rekey_due),
            Rekey::Idle | Rekey::Answered => None,
            Rekey::Offered { request, .. } | Rekey::Switching { request } => Some(request.due()),
            Rekey::Overlap { until, .. } => Some(*until),
        };
        let ask = match &session.ask {
            Ask::None => None,
            Ask::Sent(request) => Some(request.due()),
            Ask::Acknowledged(until) => Some(*until),
        };
        exchange.into_iter().chain(ask).min()
    }
}
