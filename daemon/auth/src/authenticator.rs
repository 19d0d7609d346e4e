//! The end that asks who calls: an access server.

use core::time::Duration;

use rand_core::CryptoRng;

use crate::chap::{self, Algorithm};
use crate::credentials::{Credentials, Proof, Verdict};
use crate::failure::Failure;
use crate::method::Method;
use crate::timing::Timing;
use crate::{outbox, pap, text};

/// What the host has to do or to know, in order.
#[derive(Clone, Debug)]
pub enum AuthenticatorEvent {
    /// Check these and call [`Authenticator::answer`]. Asked once for each exchange, however often the peer repeats
    /// itself; with [`Timing::rechallenge`] there are further exchanges.
    Verify(Credentials),
    /// The caller is authenticated. Told once: a caller that passes a later exchange stays what it is.
    Succeeded,
    /// The caller is not, or is no more. End the link.
    Failed(Failure),
}

pub(crate) type Outbox = outbox::Outbox<AuthenticatorEvent>;

/// One authenticator serves one Authentication phase and, with CHAP, the time after it. See the [crate] for how to host
/// it.
pub struct Authenticator {
    machine: Machine,
    out: Outbox,
}

enum Machine {
    Pap(pap::Authenticator),
    Chap(chap::Authenticator),
}

impl Authenticator {
    /// An authenticator that will tell CHAP's peers its name, cut to 253 bytes; PAP's are told none.
    pub fn new(method: Method, own_name: &str, timing: Timing) -> Self {
        let own_name = text::bounded(own_name);
        let chap = |algorithm| Machine::Chap(chap::Authenticator::new(algorithm, own_name, timing));
        Self {
            machine: match method {
                Method::Pap => Machine::Pap(pap::Authenticator::new(timing)),
                Method::ChapMd5 => chap(Algorithm::Md5),
                Method::MsChapV2 => chap(Algorithm::MsChapV2),
            },
            out: Outbox::default(),
        }
    }

    /// An authenticator that takes over from a LAC, which asked already and passed on what the caller said (the Proxy
    /// Authen AVPs of RFC 2661 section 4.4.5; `identifier` is Proxy Authen ID). The next [`poll`](Self::poll) asks to
    /// verify it; [`start`](Self::start) is not needed.
    pub fn proxied(
        identifier: u8,
        credentials: Credentials,
        own_name: &str,
        timing: Timing,
    ) -> Self {
        let own_name = text::bounded(own_name);
        let chap = |algorithm| {
            Machine::Chap(chap::Authenticator::proxied(
                algorithm, own_name, timing, identifier,
            ))
        };
        let machine = match credentials.proof {
            Proof::Pap { .. } => Machine::Pap(pap::Authenticator::proxied(timing, identifier)),
            Proof::ChapMd5 { .. } => chap(Algorithm::Md5),
            Proof::MsChapV2 { .. } => chap(Algorithm::MsChapV2),
        };
        let mut out = Outbox::default();
        out.tell(AuthenticatorEvent::Verify(credentials));
        Self { machine, out }
    }

    /// LCP is Opened: waits for PAP's request, or sends CHAP's Challenge. Only the first call does something.
    pub fn start<R: CryptoRng>(&mut self, now: Duration, random: &mut R) {
        match &mut self.machine {
            Machine::Pap(pap) => pap.start(now),
            Machine::Chap(chap) => chap.start(now, random, &mut self.out),
        }
    }

    /// A packet of the method's protocol came: what follows the PPP protocol field. Any bytes are safe; what is
    /// malformed or untimely is discarded silently, as the RFCs have it.
    pub fn handle<R: CryptoRng>(&mut self, _now: Duration, packet: &[u8], _random: &mut R) {
        match &mut self.machine {
            Machine::Pap(pap) => pap.handle(packet, &mut self.out),
            Machine::Chap(chap) => chap.handle(packet, &mut self.out),
        }
    }

    /// The answer to [`AuthenticatorEvent::Verify`]. Does nothing if none is awaited.
    pub fn answer<R: CryptoRng>(&mut self, now: Duration, verdict: Verdict, random: &mut R) {
        match &mut self.machine {
            Machine::Pap(pap) => pap.answer(verdict, &mut self.out),
            Machine::Chap(chap) => chap.answer(now, verdict, random, &mut self.out),
        }
    }

    /// [`poll_timeout`](Self::poll_timeout) has come. Harmless at any other time.
    pub fn handle_timeout<R: CryptoRng>(&mut self, now: Duration, random: &mut R) {
        match &mut self.machine {
            Machine::Pap(pap) => pap.handle_timeout(now, &mut self.out),
            Machine::Chap(chap) => chap.handle_timeout(now, random, &mut self.out),
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout). There is no timer while the host verifies: how long a
    /// back end may take is its own business.
    pub fn poll_timeout(&self) -> Option<Duration> {
        match &self.machine {
            Machine::Pap(pap) => pap.poll_timeout(),
            Machine::Chap(chap) => chap.poll_timeout(),
        }
    }

    /// The next packet to send: what follows the PPP protocol field.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.out.transmits.pop_front()
    }

    /// The next event.
    pub fn poll(&mut self) -> Option<AuthenticatorEvent> {
        self.out.events.pop_front()
    }
}
