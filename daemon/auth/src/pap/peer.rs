//! The end that sends its name and password until it is answered.

use core::time::Duration;

use zeroize::Zeroizing;

use super::Packet;
use crate::failure::Failure;
use crate::peer::{Outbox, PeerEvent};
use crate::retry::{Retry, Tick};
use crate::text;
use crate::timing::Timing;

/// The longest password that a request carries, in bytes.
const MAX_PASSWORD: usize = 255;

/// A PAP peer.
pub(crate) struct Peer {
    timing: Timing,
    state: State,
}

enum State {
    Initial(Login),
    Requesting {
        login: Login,
        /// Of the latest request; the first has 1.
        identifier: u8,
        sent: u32,
        retry: Retry,
        until: Duration,
    },
    Over,
}

/// Erased as soon as there is an answer.
#[derive(Default)]
struct Login {
    name: String,
    password: Zeroizing<Vec<u8>>,
}

impl Peer {
    pub fn new(name: &str, password: &str, timing: Timing) -> Self {
        let password = password.as_bytes();
        let password = password.get(..MAX_PASSWORD).unwrap_or(password);
        Self {
            timing,
            state: State::Initial(Login {
                name: name.to_owned(),
                password: password.to_vec().into(),
            }),
        }
    }

    pub fn start(&mut self, now: Duration, out: &mut Outbox) {
        let State::Initial(login) = &mut self.state else {
            return;
        };
        let login = core::mem::take(login);
        out.send(login.request(1));
        self.state = State::Requesting {
            login,
            identifier: 1,
            sent: 1,
            retry: Retry::new(now, self.timing.restart, self.timing.requests),
            until: now.saturating_add(self.timing.deadline),
        };
    }

    pub fn handle(&mut self, packet: &[u8], out: &mut Outbox) {
        let State::Requesting {
            identifier, sent, ..
        } = self.state
        else {
            return;
        };
        let (answer, event) = match Packet::parse(packet) {
            Ok(Packet::AuthenticateAck(answer)) => (answer, PeerEvent::Succeeded),
            Ok(Packet::AuthenticateNak(answer)) => {
                let message = text::shown(answer.message);
                (answer, PeerEvent::Failed(Failure::Rejected { message }))
            }
            _ => return,
        };
        // Any of the requests will do: a slow back end answers the first when the second is under way.
        if u32::from(identifier.wrapping_sub(answer.identifier)) < sent {
            self.state = State::Over;
            out.tell(event);
        }
    }

    pub fn handle_timeout(&mut self, now: Duration, out: &mut Outbox) {
        let State::Requesting {
            login,
            identifier,
            sent,
            retry,
            until,
        } = &mut self.state
        else {
            return;
        };
        let tick = if *until <= now {
            Tick::Exhausted
        } else {
            retry.tick(now)
        };
        match tick {
            Tick::Wait => {}
            Tick::Again => {
                // "The Identifier field MUST be changed each time an Authenticate-Request packet is issued"
                // (RFC 1334 section 2.2.1).
                *identifier = identifier.wrapping_add(1);
                *sent = sent.saturating_add(1);
                out.send(login.request(*identifier));
            }
            Tick::Exhausted => {
                self.state = State::Over;
                out.tell(PeerEvent::Failed(Failure::Silent));
            }
        }
    }

    pub fn poll_timeout(&self) -> Option<Duration> {
        match &self.state {
            State::Requesting { retry, until, .. } => Some(retry.due().min(*until)),
            _ => None,
        }
    }
}

impl Login {
    fn request(&self, identifier: u8) -> Vec<u8> {
        let request = Packet::AuthenticateRequest {
            identifier,
            peer_id: self.name.as_bytes(),
            password: &self.password,
        };
        request.emit()
    }
}
