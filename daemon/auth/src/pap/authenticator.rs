//! The end that waits for a name and a password.

use core::time::Duration;

use super::{Answer, Packet};
use crate::authenticator::{AuthenticatorEvent, Outbox};
use crate::credentials::{Credentials, Proof, Verdict};
use crate::failure::Failure;
use crate::text;
use crate::timing::Timing;

/// A PAP authenticator.
pub(crate) struct Authenticator {
    deadline: Duration,
    state: State,
}

enum State {
    Initial,
    /// For a first Authenticate-Request.
    Waiting {
        until: Duration,
    },
    /// The host is asked.
    Verifying {
        identifier: u8,
    },
    /// The same answer for every request to come: "the same reply Code returned when the Authentication phase
    /// completed" (RFC 1334 section 2.2.1).
    Answered {
        accepted: bool,
        message: String,
    },
    TimedOut,
}

impl Authenticator {
    pub fn new(timing: Timing) -> Self {
        Self {
            deadline: timing.deadline,
            state: State::Initial,
        }
    }

    /// A LAC received request `identifier` already.
    pub fn proxied(timing: Timing, identifier: u8) -> Self {
        Self {
            state: State::Verifying { identifier },
            ..Self::new(timing)
        }
    }

    pub fn start(&mut self, now: Duration) {
        if let State::Initial = self.state {
            self.state = State::Waiting {
                until: now.saturating_add(self.deadline),
            };
        }
    }

    pub fn handle(&mut self, packet: &[u8], out: &mut Outbox) {
        let Ok(Packet::AuthenticateRequest {
            identifier,
            peer_id,
            password,
        }) = Packet::parse(packet)
        else {
            return;
        };
        match &self.state {
            State::Waiting { .. } => {
                self.state = State::Verifying { identifier };
                out.tell(AuthenticatorEvent::Verify(Credentials {
                    name: text::shown(peer_id),
                    proof: Proof::Pap {
                        password: password.to_vec().into(),
                    },
                }));
            }
            State::Answered { accepted, message } => {
                out.send(answer(*accepted, identifier, message));
            }
            State::Initial | State::Verifying { .. } | State::TimedOut => {}
        }
    }

    pub fn answer(&mut self, verdict: Verdict, out: &mut Outbox) {
        let State::Verifying { identifier } = self.state else {
            return;
        };
        let (accepted, message) = match verdict {
            Verdict::Accept { message, .. } => (true, message),
            Verdict::Reject { message } => (false, message),
        };
        let message = text::bounded(&message).to_owned();
        out.send(answer(accepted, identifier, &message));
        out.tell(if accepted {
            AuthenticatorEvent::Succeeded
        } else {
            AuthenticatorEvent::Failed(Failure::Rejected {
                message: message.clone(),
            })
        });
        self.state = State::Answered { accepted, message };
    }

    pub fn handle_timeout(&mut self, now: Duration, out: &mut Outbox) {
        if let State::Waiting { until } = self.state
            && until <= now
        {
            self.state = State::TimedOut;
            out.tell(AuthenticatorEvent::Failed(Failure::Silent));
        }
    }

    pub fn poll_timeout(&self) -> Option<Duration> {
        match self.state {
            State::Waiting { until } => Some(until),
            _ => None,
        }
    }
}

fn answer(accepted: bool, identifier: u8, message: &str) -> Vec<u8> {
    let answer = Answer {
        identifier,
        message: message.as_bytes(),
    };
    let packet = if accepted {
        Packet::AuthenticateAck(answer)
    } else {
        Packet::AuthenticateNak(answer)
    };
    packet.emit()
}
