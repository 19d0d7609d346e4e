//! What must hold whatever a carrier does. Looked at whenever an engine sent something.

use std::collections::{HashMap, HashSet};

use fogline::calls::{Calls, Session, SessionKey};
use fogline_l2tp::{CallId, TunnelId};
use scramble::agreement::Transform;
use scramble::negotiator::State;
use scramble::wire::l2tp::{DataHeader, Message};

use super::{Dice, Place};

/// In every packet of the test's own hosts.
pub const SECRET: &[u8] = b"what the subscriber reads is nobody's business";
/// In every packet that an attacker makes.
pub const FORGED: &[u8] = b"this packet was made by the carrier itself";

/// Whether `needle` is somewhere in `hay`.
pub fn holds(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|part| part == needle)
}

/// Watches over a world.
#[derive(Default)]
pub struct Guard {
    /// Nothing may ever be in clear: the policy is `require`.
    never_clear: bool,
    /// Sessions whose peer proved its keys once.
    confirmed: HashSet<(Place, SessionKey)>,
    /// Packets that hosts sent, and how often they may still come out under FULL.
    sent: HashMap<Vec<u8>, usize>,
}

impl Guard {
    /// A guard, which lets data be in clear before it was ever scrambled, or not.
    pub fn new(never_clear: bool) -> Self {
        Self {
            never_clear,
            ..Self::default()
        }
    }

    /// A host has a packet.
    pub fn host_sends(&mut self, packet: &[u8]) {
        *self.sent.entry(packet.to_vec()).or_default() += 1;
    }

    /// `from` did something, and now sends `datagram` to `to`.
    pub fn engine_sends(&mut self, from: Place, calls: &Calls<Dice>, to: Place, datagram: &[u8]) {
        if !holds(datagram, SECRET) {
            return;
        }
        assert!(
            !self.never_clear,
            "{from:?} sends data in clear under `require`"
        );
        let Ok(Message::Data(header)) = Message::parse(datagram) else {
            panic!("{from:?} sends data in a control message");
        };
        let is_it = |session: &&Session<Dice>| {
            super::place(session.peer) == Some(to)
                && session.peer_ids == (header.tunnel, header.session)
        };
        let Some(session) = calls.sessions().find(is_it) else {
            panic!("{from:?} sends data of no session");
        };
        assert!(
            !self.confirmed.contains(&(from, session.key)),
            "{from:?} sends data in clear after it was scrambled: {:?}",
            session.link.negotiator_state()
        );
    }

    /// `at` did something: who is confirmed now?
    pub fn look(&mut self, at: Place, calls: &Calls<Dice>) {
        for session in calls.sessions() {
            if session.link.negotiator_state() == State::Confirmed {
                self.confirmed.insert((at, session.key));
            }
        }
    }

    /// Of `datagram`, `packets` came out at `at`.
    pub fn engine_delivers(
        &mut self,
        at: Place,
        calls: &Calls<Dice>,
        datagram: &[u8],
        packets: &[Vec<u8>],
    ) {
        if packets.is_empty() {
            return;
        }
        let Ok(Message::Data(header)) = Message::parse(datagram) else {
            panic!("{at:?} delivers what came in a control message");
        };
        let Some(session) = session(calls, &header) else {
            panic!("{at:?} delivers data of no session");
        };
        let state = session.link.negotiator_state();
        let proved = state == State::Confirmed;
        for packet in packets {
            if !proved {
                assert!(
                    !self.never_clear && !self.confirmed.contains(&(at, session.key)),
                    "{at:?} delivers data in {state:?}"
                );
                assert!(
                    holds(datagram, packet),
                    "{at:?} delivers what was scrambled, in {state:?}"
                );
                continue;
            }
            assert!(
                !holds(packet, FORGED),
                "{at:?} delivers what the carrier made"
            );
            let full = session
                .agreement
                .is_some_and(|agreed| agreed.receive.transform == Transform::Full);
            if full {
                let left = self.sent.get_mut(packet).filter(|left| **left > 0);
                let Some(left) = left else {
                    panic!(
                        "{at:?} delivers under FULL what nobody sent, or sent once only: {packet:?}"
                    );
                };
                *left -= 1;
            }
        }
    }
}

fn session<'c>(calls: &'c Calls<Dice>, header: &DataHeader) -> Option<&'c Session<Dice>> {
    let call = CallId {
        tunnel: TunnelId(header.tunnel),
        session: header.session,
    };
    calls.sessions().find(|session| session.call == call)
}
