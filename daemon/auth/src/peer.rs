//! The end that proves who it is: a subscriber.

use core::time::Duration;

use rand_core::CryptoRng;

use crate::chap::{self, Algorithm};
use crate::failure::Failure;
use crate::method::Method;
use crate::timing::Timing;
use crate::{outbox, pap, text};

/// What the host has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerEvent {
    /// The other end accepted this one, and proved itself where the method has it do so. Told once.
    Succeeded,
    /// It did not. End the link.
    Failed(Failure),
}

pub(crate) type Outbox = outbox::Outbox<PeerEvent>;

/// One peer serves one Authentication phase and, with CHAP, the time after it. See the [crate] for how to host it.
pub struct Peer {
    machine: Machine,
    out: Outbox,
}

enum Machine {
    Pap(pap::Peer),
    Chap(chap::Peer),
}

impl Peer {
    /// A peer with a name, cut to 253 bytes, and a password, of which PAP sends 255 bytes at most. PAP forgets the
    /// password with the answer, CHAP keeps it (MS-CHAPv2 its hash) since it may be challenged again; both erase it
    /// when dropped.
    pub fn new(method: Method, name: &str, password: &str, timing: Timing) -> Self {
        let name = text::bounded(name);
        let chap = |algorithm| Machine::Chap(chap::Peer::new(algorithm, name, password, timing));
        Self {
            machine: match method {
                Method::Pap => Machine::Pap(pap::Peer::new(name, password, timing)),
                Method::ChapMd5 => chap(Algorithm::Md5),
                Method::MsChapV2 => chap(Algorithm::MsChapV2),
            },
            out: Outbox::default(),
        }
    }

    /// LCP is Opened: sends PAP's request, or waits for CHAP's Challenge. Only the first call does something.
    pub fn start(&mut self, now: Duration) {
        match &mut self.machine {
            Machine::Pap(pap) => pap.start(now, &mut self.out),
            Machine::Chap(chap) => chap.start(now),
        }
    }

    /// A packet of the method's protocol came: what follows the PPP protocol field. Any bytes are safe; what is
    /// malformed or untimely is discarded silently, as the RFCs have it.
    pub fn handle<R: CryptoRng>(&mut self, now: Duration, packet: &[u8], random: &mut R) {
        match &mut self.machine {
            Machine::Pap(pap) => pap.handle(packet, &mut self.out),
            Machine::Chap(chap) => chap.handle(now, packet, random, &mut self.out),
        }
    }

    /// [`poll_timeout`](Self::poll_timeout) has come. Harmless at any other time.
    pub fn handle_timeout(&mut self, now: Duration) {
        match &mut self.machine {
            Machine::Pap(pap) => pap.handle_timeout(now, &mut self.out),
            Machine::Chap(chap) => chap.handle_timeout(now, &mut self.out),
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
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
    pub fn poll(&mut self) -> Option<PeerEvent> {
        self.out.events.pop_front()
    }
}
