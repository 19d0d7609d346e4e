//! The end that challenges.

use core::time::Duration;

use rand_core::CryptoRng;

use super::{Algorithm, Exchange, Packet, Verdict as Outcome};
use crate::authenticator::{AuthenticatorEvent, Outbox};
use crate::credentials::{Credentials, Proof, Verdict};
use crate::failure::Failure;
use crate::retry::{Retry, Tick};
use crate::timing::Timing;
use crate::{mschapv2, text};

/// A CHAP authenticator.
pub(crate) struct Authenticator {
    algorithm: Algorithm,
    own_name: String,
    timing: Timing,
    /// Of the latest Challenge.
    identifier: u8,
    /// Some exchange succeeded: this is told once.
    succeeded: bool,
    state: State,
}

enum State {
    Initial,
    /// The Challenge is repeated as it is until it is answered. "The Identifier field MUST be changed each time a
    /// Challenge is sent" (RFC 1994 section 4.1) is taken to mean a new Challenge, as everybody does: a Response that
    /// takes longer than the timer would otherwise never be in time.
    Challenged {
        value: [u8; 16],
        retry: Retry,
    },
    /// The host is asked.
    Verifying,
    /// The same answer for every Response that has the Challenge's identifier (RFC 1994 section 4.1).
    Answered {
        packet: Vec<u8>,
        rechallenge: Option<Duration>,
    },
    TimedOut,
}

impl Authenticator {
    pub fn new(algorithm: Algorithm, own_name: &str, timing: Timing) -> Self {
        Self {
            algorithm,
            own_name: own_name.to_owned(),
            timing,
            identifier: 0,
            succeeded: false,
            state: State::Initial,
        }
    }

    /// A LAC sent Challenge `identifier` and received its Response already.
    pub fn proxied(algorithm: Algorithm, own_name: &str, timing: Timing, identifier: u8) -> Self {
        Self {
            identifier,
            state: State::Verifying,
            ..Self::new(algorithm, own_name, timing)
        }
    }

    pub fn start<R: CryptoRng>(&mut self, now: Duration, random: &mut R, out: &mut Outbox) {
        if let State::Initial = self.state {
            self.identifier = random.next_u32() as u8;
            self.challenge(now, random, out);
        }
    }

    pub fn handle(&mut self, packet: &[u8], out: &mut Outbox) {
        let Ok(Packet::Response(response)) = Packet::parse(packet) else {
            return;
        };
        if response.identifier != self.identifier {
            return;
        }
        match &self.state {
            State::Challenged { value, .. } => {
                if let Some(proof) = self.proof(value, response) {
                    self.state = State::Verifying;
                    out.tell(AuthenticatorEvent::Verify(Credentials {
                        name: text::shown(response.name),
                        proof,
                    }));
                }
            }
            State::Answered { packet, .. } => out.send(packet.clone()),
            State::Initial | State::Verifying | State::TimedOut => {}
        }
    }

    pub fn answer<R: CryptoRng>(
        &mut self,
        now: Duration,
        verdict: Verdict,
        random: &mut R,
        out: &mut Outbox,
    ) {
        let State::Verifying = self.state else {
            return;
        };
        let answer = self.answer_packet(verdict, random);
        let packet = match &answer {
            Answer::Success(message) => Packet::Success(self.outcome(message)),
            Answer::Failure(message, _) => Packet::Failure(self.outcome(message)),
        };
        let packet = packet.emit();
        out.send(packet.clone());
        let mut rechallenge = None;
        match answer {
            Answer::Success(_) => {
                rechallenge = self
                    .timing
                    .rechallenge
                    .map(|after| now.saturating_add(after));
                if !core::mem::replace(&mut self.succeeded, true) {
                    out.tell(AuthenticatorEvent::Succeeded);
                }
            }
            Answer::Failure(_, failure) => out.tell(AuthenticatorEvent::Failed(failure)),
        }
        self.state = State::Answered {
            packet,
            rechallenge,
        };
    }

    pub fn handle_timeout<R: CryptoRng>(
        &mut self,
        now: Duration,
        random: &mut R,
        out: &mut Outbox,
    ) {
        match &mut self.state {
            State::Challenged { value, retry } => match retry.tick(now) {
                Tick::Wait => {}
                Tick::Again => {
                    let value = *value;
                    self.send_challenge(&value, out);
                }
                Tick::Exhausted => {
                    self.state = State::TimedOut;
                    out.tell(AuthenticatorEvent::Failed(Failure::Silent));
                }
            },
            State::Answered {
                rechallenge: Some(at),
                ..
            } if *at <= now => self.challenge(now, random, out),
            _ => {}
        }
    }

    pub fn poll_timeout(&self) -> Option<Duration> {
        match &self.state {
            State::Challenged { retry, .. } => Some(retry.due()),
            State::Answered { rechallenge, .. } => *rechallenge,
            State::Initial | State::Verifying | State::TimedOut => None,
        }
    }

    /// A new Challenge, under the next identifier.
    fn challenge<R: CryptoRng>(&mut self, now: Duration, random: &mut R, out: &mut Outbox) {
        self.identifier = self.identifier.wrapping_add(1);
        let mut value = [0; 16];
        random.fill_bytes(&mut value);
        self.send_challenge(&value, out);
        self.state = State::Challenged {
            value,
            retry: Retry::new(now, self.timing.restart, self.timing.requests),
        };
    }

    fn send_challenge(&self, value: &[u8; 16], out: &mut Outbox) {
        let challenge = Packet::Challenge(Exchange {
            identifier: self.identifier,
            value,
            name: self.own_name.as_bytes(),
        });
        out.send(challenge.emit());
    }

    /// `None` if the Response's value is not of the algorithm's form.
    fn proof(&self, challenge: &[u8; 16], response: Exchange<'_>) -> Option<Proof> {
        match self.algorithm {
            Algorithm::Md5 => Some(Proof::ChapMd5 {
                identifier: response.identifier,
                challenge: challenge.to_vec(),
                response: response.value.try_into().ok()?,
            }),
            Algorithm::MsChapV2 => {
                let value = mschapv2::ResponseValue::parse(response.value)?;
                Some(Proof::MsChapV2 {
                    identifier: response.identifier,
                    authenticator_challenge: *challenge,
                    peer_challenge: value.peer_challenge,
                    nt_response: value.nt_response,
                    user_name: response.name.to_vec(),
                })
            }
        }
    }

    fn answer_packet<R: CryptoRng>(&self, verdict: Verdict, random: &mut R) -> Answer {
        match (self.algorithm, verdict) {
            (Algorithm::Md5, Verdict::Accept { message, .. }) => {
                Answer::Success(text::bounded(&message).to_owned())
            }
            (Algorithm::Md5, Verdict::Reject { message }) => {
                let message = text::bounded(&message).to_owned();
                Answer::Failure(message.clone(), Failure::Rejected { message })
            }
            (
                Algorithm::MsChapV2,
                Verdict::Accept {
                    message,
                    mschapv2_response: Some(response),
                },
            ) => Answer::Success(mschapv2::success_message(
                &response,
                text::bounded(&message),
            )),
            (
                Algorithm::MsChapV2,
                Verdict::Accept {
                    mschapv2_response: None,
                    ..
                },
            ) => Answer::Failure(
                mschapv2_failure("", random),
                Failure::NoAuthenticatorResponse,
            ),
            (Algorithm::MsChapV2, Verdict::Reject { message }) => {
                let message = text::bounded(&message).to_owned();
                Answer::Failure(
                    mschapv2_failure(&message, random),
                    Failure::Rejected { message },
                )
            }
        }
    }

    fn outcome<'a>(&self, message: &'a str) -> Outcome<'a> {
        Outcome {
            identifier: self.identifier,
            message: message.as_bytes(),
        }
    }
}

/// What goes to the peer, and why if it is no success.
enum Answer {
    Success(String),
    Failure(String, Failure),
}

fn mschapv2_failure<R: CryptoRng>(message: &str, random: &mut R) -> String {
    let mut challenge = [0; 16];
    random.fill_bytes(&mut challenge);
    mschapv2::failure_message(&challenge, message)
}
