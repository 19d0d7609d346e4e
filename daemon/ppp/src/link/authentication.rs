//! The Authentication phase (RFC 1661 section 3.5), and CHAP's repetitions after it.

use core::time::Duration;

use fogline_auth::{
    Authenticator, AuthenticatorEvent, Credentials, Failure, Method, Peer, PeerEvent, Verdict,
};
use rand_core::CryptoRng;

use super::{Link, Phase, ProxyAuthentication};
use crate::config::{Access, Role};
use crate::event::{Decision, DownReason, Event};
use crate::packet::frame;

/// Who proves what to whom.
pub(super) struct Authentication {
    method: Method,
    side: Side,
}

enum Side {
    /// The peer to us.
    Authenticator(Authenticator),
    /// We to the peer.
    Peer(Peer),
}

/// The most decisions that nobody waits for any more and that the host still owes. A check of a password is work, and
/// a peer that restarts LCP as soon as one has begun would ask for the next with three small packets.
const MOST_POINTLESS: u32 = 2;

/// Decisions that the host owes us. It answers in order, so those that an LCP restart made pointless come first.
#[derive(Default)]
pub(super) struct Owed {
    pointless: u32,
    wanted: bool,
}

impl Owed {
    fn ask(&mut self) {
        self.wanted = true;
    }

    /// Nobody waits for the answer any more.
    pub fn forget(&mut self) {
        self.pointless += u32::from(core::mem::take(&mut self.wanted));
    }

    /// The peer asks for more than is answered, again and again.
    pub fn is_too_much(&self) -> bool {
        self.pointless > MOST_POINTLESS
    }

    /// A decision came; whether it is the one that is wanted.
    fn answered(&mut self) -> bool {
        match self.pointless.checked_sub(1) {
            Some(left) => {
                self.pointless = left;
                false
            }
            None => core::mem::take(&mut self.wanted),
        }
    }
}

impl Authentication {
    fn new(method: Method, side: Side) -> Box<Self> {
        Box::new(Self { method, side })
    }

    pub fn method(&self) -> Method {
        self.method
    }

    pub fn poll_timeout(&self) -> Option<Duration> {
        match &self.side {
            Side::Authenticator(authenticator) => authenticator.poll_timeout(),
            Side::Peer(peer) => peer.poll_timeout(),
        }
    }

    fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        match &mut self.side {
            Side::Authenticator(authenticator) => authenticator.poll_transmit(),
            Side::Peer(peer) => peer.poll_transmit(),
        }
    }

    fn poll(&mut self) -> Option<Progress> {
        Some(match &mut self.side {
            Side::Authenticator(authenticator) => match authenticator.poll()? {
                AuthenticatorEvent::Verify(credentials) => Progress::Verify(credentials),
                AuthenticatorEvent::Succeeded => Progress::Succeeded,
                AuthenticatorEvent::Failed(failure) => Progress::Failed(failure),
            },
            Side::Peer(peer) => match peer.poll()? {
                PeerEvent::Succeeded => Progress::Succeeded,
                PeerEvent::Failed(failure) => Progress::Failed(failure),
            },
        })
    }
}

/// What either side reports.
enum Progress {
    Verify(Credentials),
    Succeeded,
    Failed(Failure),
}

impl<R: CryptoRng> Link<R> {
    /// LCP is Opened. `proxied` is what a LAC heard from the subscriber already.
    pub(super) fn start_authentication(
        &mut self,
        now: Duration,
        proxied: Option<&ProxyAuthentication>,
    ) {
        self.phase = Phase::Authenticate;
        let agreed = self.lcp.authentication();
        match &self.config.role {
            Role::Access(access) => match agreed.of_peer {
                Some(method) => {
                    let authenticator = ask(access, method, now, proxied, &mut self.random);
                    self.authentication = Some(Authentication::new(
                        method,
                        Side::Authenticator(authenticator),
                    ));
                }
                None => {
                    self.owed.ask();
                    self.events.push(Event::Authorize);
                }
            },
            Role::Subscriber(subscriber) => match agreed.of_us {
                Some(method) => {
                    let password = subscriber.password.as_str();
                    let mut peer = Peer::new(method, &subscriber.name, password, subscriber.timing);
                    peer.start(now);
                    self.authentication = Some(Authentication::new(method, Side::Peer(peer)));
                }
                None => self.begin_network(now, None),
            },
        }
    }

    /// Nobody is asked who it is, and the host has yet to say what such a caller gets.
    pub(super) fn awaits_host(&self) -> bool {
        self.phase == Phase::Authenticate && self.authentication.is_none()
    }

    /// The answer to [`Event::Authenticate`] or [`Event::Authorize`]. The host owes exactly one for each, in order; one
    /// that LCP has overtaken does nothing.
    pub fn authenticated(&mut self, now: Duration, decision: Decision) {
        if !self.owed.answered() {
            return;
        }
        let side = self.authentication.as_mut().map(|both| &mut both.side);
        match (side, decision) {
            (Some(Side::Authenticator(authenticator)), Decision::Accept(granted)) => {
                authenticator.answer(now, granted.verdict.clone(), &mut self.random);
                // Later exchanges of CHAP change nothing about what was granted.
                self.granted = Some(granted).filter(|_| self.phase == Phase::Authenticate);
            }
            (Some(Side::Authenticator(authenticator)), Decision::Reject(verdict)) => {
                let message = message(verdict);
                authenticator.answer(now, Verdict::Reject { message }, &mut self.random);
            }
            (None, Decision::Accept(granted)) => self.begin_network(now, Some(granted)),
            (None, Decision::Reject(verdict)) => {
                let message = message(verdict);
                let failure = Failure::Rejected { message };
                self.terminate(now, DownReason::AuthenticationFailed(failure));
            }
            (Some(Side::Peer(_)), _) => {}
        }
        self.settle(now);
    }

    /// A PAP or CHAP packet came, with LCP Opened.
    pub(super) fn handle_authentication(&mut self, now: Duration, protocol: u16, packet: &[u8]) {
        match &mut self.authentication {
            Some(both) if both.method.ppp_protocol() == protocol => match &mut both.side {
                Side::Authenticator(authenticator) => {
                    authenticator.handle(now, packet, &mut self.random);
                }
                Side::Peer(peer) => peer.handle(now, packet, &mut self.random),
            },
            _ => self.counters.untimely += 1,
        }
    }

    pub(super) fn authentication_timeout(&mut self, now: Duration) {
        match self.authentication.as_mut().map(|both| &mut both.side) {
            Some(Side::Authenticator(authenticator)) => {
                authenticator.handle_timeout(now, &mut self.random);
            }
            Some(Side::Peer(peer)) => peer.handle_timeout(now),
            None => {}
        }
    }

    /// The peer is in its Network phase, so it knows that it is authenticated: an authenticator that will not ask again
    /// has nothing left to repeat.
    pub(super) fn forget_authentication(&mut self) {
        self.authentication.take_if(|both| {
            matches!(both.side, Side::Authenticator(_)) && both.poll_timeout().is_none()
        });
    }

    /// Sends what is to be sent, and does what the authenticator or peer reports.
    pub(super) fn pump_authentication(&mut self, now: Duration) {
        while let Some(both) = &mut self.authentication {
            let protocol = both.method.ppp_protocol();
            while let Some(packet) = both.poll_transmit() {
                self.frames.push(frame(protocol, &packet));
            }
            match both.poll() {
                None => return,
                Some(Progress::Verify(credentials)) => {
                    self.owed.ask();
                    self.events.push(Event::Authenticate(credentials));
                }
                Some(Progress::Succeeded) if self.phase == Phase::Authenticate => {
                    let granted = self.granted.take();
                    self.begin_network(now, granted);
                }
                Some(Progress::Succeeded) => {}
                Some(Progress::Failed(failure)) => {
                    self.terminate(now, DownReason::AuthenticationFailed(failure));
                }
            }
        }
    }
}

fn ask<R: CryptoRng>(
    access: &Access,
    method: Method,
    now: Duration,
    proxied: Option<&ProxyAuthentication>,
    random: &mut R,
) -> Authenticator {
    let heard = proxied.and_then(|proxied| {
        let credentials = proxied.credentials(method)?;
        Some((proxied.identifier, credentials))
    });
    match heard {
        Some((identifier, credentials)) => {
            Authenticator::proxied(identifier, credentials, &access.name, access.timing)
        }
        None => {
            let mut authenticator = Authenticator::new(method, &access.name, access.timing);
            authenticator.start(now, random);
            authenticator
        }
    }
}

fn message(verdict: Verdict) -> String {
    match verdict {
        Verdict::Accept { message, .. } | Verdict::Reject { message } => message,
    }
}
