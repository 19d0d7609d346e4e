//! The end that is challenged.

use core::time::Duration;

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Algorithm, Exchange, Packet, Verdict, md5_response};
use crate::failure::Failure;
use crate::mschapv2::{self, NtHash};
use crate::peer::{Outbox, PeerEvent};
use crate::retry::{Retry, Tick};
use crate::text;
use crate::timing::Timing;

/// A CHAP peer.
pub(crate) struct Peer {
    name: String,
    secret: Secret,
    timing: Timing,
    state: State,
    /// The latest Response.
    response: Option<Response>,
}

enum Secret {
    Md5(Zeroizing<Vec<u8>>),
    MsChapV2(NtHash),
}

enum State {
    Initial,
    /// Not authenticated yet.
    Waiting {
        until: Duration,
    },
    /// Challenges are answered all the same.
    Succeeded,
    Failed,
}

/// A Response, repeated as it is for the same Challenge: the authenticator will answer the first that it gets.
struct Response {
    identifier: u8,
    challenge: Vec<u8>,
    packet: Vec<u8>,
    /// MS-CHAPv2: what the authenticator must prove.
    authenticator_response: Option<[u8; 20]>,
    /// Neither Success nor Failure came yet.
    open: bool,
    /// While there are tries left. "Because the Success might be lost, the authenticator MUST allow repeated Response
    /// packets" (RFC 1994 section 4.1).
    retry: Option<Retry>,
}

impl Peer {
    pub fn new(algorithm: Algorithm, name: &str, password: &str, timing: Timing) -> Self {
        Self {
            name: name.to_owned(),
            secret: match algorithm {
                Algorithm::Md5 => Secret::Md5(password.as_bytes().to_vec().into()),
                Algorithm::MsChapV2 => Secret::MsChapV2(mschapv2::nt_hash(password)),
            },
            timing,
            state: State::Initial,
            response: None,
        }
    }

    pub fn start(&mut self, now: Duration) {
        if let State::Initial = self.state {
            self.state = State::Waiting {
                until: now.saturating_add(self.timing.deadline),
            };
        }
    }

    pub fn handle<R: CryptoRng>(
        &mut self,
        now: Duration,
        packet: &[u8],
        random: &mut R,
        out: &mut Outbox,
    ) {
        if matches!(self.state, State::Initial | State::Failed) {
            return;
        }
        match Packet::parse(packet) {
            Ok(Packet::Challenge(challenge)) => self.challenged(now, challenge, random, out),
            Ok(Packet::Success(verdict)) => self.success(verdict, out),
            Ok(Packet::Failure(verdict)) => self.failure(verdict, out),
            Ok(Packet::Response(_)) | Err(_) => {}
        }
    }

    pub fn handle_timeout(&mut self, now: Duration, out: &mut Outbox) {
        if let State::Waiting { until } = self.state
            && until <= now
        {
            self.fail(Failure::Silent, out);
            return;
        }
        if let Some(response) = &mut self.response
            && let Some(retry) = &mut response.retry
        {
            match retry.tick(now) {
                Tick::Wait => {}
                Tick::Again => out.send(response.packet.clone()),
                Tick::Exhausted => response.retry = None,
            }
        }
    }

    pub fn poll_timeout(&self) -> Option<Duration> {
        let deadline = match self.state {
            State::Waiting { until } => Some(until),
            _ => None,
        };
        let retry = self
            .response
            .as_ref()
            .and_then(|response| response.retry.as_ref())
            .map(Retry::due);
        deadline.into_iter().chain(retry).min()
    }

    fn challenged<R: CryptoRng>(
        &mut self,
        now: Duration,
        challenge: Exchange<'_>,
        random: &mut R,
        out: &mut Outbox,
    ) {
        if let Some(response) = &self.response
            && response.identifier == challenge.identifier
            && response.challenge == challenge.value
        {
            out.send(response.packet.clone());
            return;
        }
        let Some((value, authenticator_response)) = self.value(challenge, random) else {
            return;
        };
        let packet = Packet::Response(Exchange {
            identifier: challenge.identifier,
            value: &value,
            name: self.name.as_bytes(),
        });
        let packet = packet.emit();
        out.send(packet.clone());
        self.response = Some(Response {
            identifier: challenge.identifier,
            challenge: challenge.value.to_vec(),
            packet,
            authenticator_response,
            open: true,
            retry: Some(Retry::new(now, self.timing.restart, self.timing.requests)),
        });
    }

    /// The Response's value, and what MS-CHAPv2's authenticator must prove; `None` if the Challenge is not of the
    /// algorithm's form.
    fn value<R: CryptoRng>(
        &self,
        challenge: Exchange<'_>,
        random: &mut R,
    ) -> Option<(Vec<u8>, Option<[u8; 20]>)> {
        match &self.secret {
            Secret::Md5(secret) => {
                let value = md5_response(challenge.identifier, secret, challenge.value);
                Some((value.to_vec(), None))
            }
            Secret::MsChapV2(nt_hash) => {
                let mut exchange = mschapv2::Exchange {
                    authenticator_challenge: challenge.value.try_into().ok()?,
                    peer_challenge: [0; 16],
                    user_name: self.name.as_bytes(),
                };
                random.fill_bytes(&mut exchange.peer_challenge);
                let nt_response = exchange.nt_response(nt_hash);
                let value = mschapv2::ResponseValue {
                    peer_challenge: exchange.peer_challenge,
                    nt_response,
                };
                let expected = exchange.authenticator_response(nt_hash, &nt_response);
                Some((value.emit().to_vec(), Some(expected)))
            }
        }
    }

    fn success(&mut self, verdict: Verdict<'_>, out: &mut Outbox) {
        let Some(response) = self.settled(verdict.identifier) else {
            return;
        };
        if let Some(expected) = &response.authenticator_response {
            let proved = mschapv2::parse_success(verdict.message)
                .is_some_and(|shown| bool::from(shown.ct_eq(expected)));
            if !proved {
                self.fail(Failure::WrongAuthenticatorResponse, out);
                return;
            }
        }
        if let State::Waiting { .. } = self.state {
            out.tell(PeerEvent::Succeeded);
        }
        self.state = State::Succeeded;
    }

    fn failure(&mut self, verdict: Verdict<'_>, out: &mut Outbox) {
        if self.settled(verdict.identifier).is_none() {
            return;
        }
        let message = match self.secret {
            Secret::Md5(_) => text::shown(verdict.message),
            Secret::MsChapV2(_) => mschapv2::explain_failure(verdict.message),
        };
        self.fail(Failure::Rejected { message }, out);
    }

    /// Closes the Response that `identifier` belongs to, if it is open: a verdict that nothing was said for is
    /// nobody's.
    fn settled(&mut self, identifier: u8) -> Option<&Response> {
        let response = self
            .response
            .as_mut()
            .filter(|response| response.open && response.identifier == identifier)?;
        response.open = false;
        response.retry = None;
        Some(response)
    }

    fn fail(&mut self, failure: Failure, out: &mut Outbox) {
        self.state = State::Failed;
        self.response = None;
        out.tell(PeerEvent::Failed(failure));
    }
}
