//! Bursts: a slice of packets of different sessions, the unit that every data path takes.
//!
//! [`DataPath`] is what SIMD and hardware back ends implement too; [`Software`] is the reference,
//! one packet after the other.

use super::packet::Packet;
use super::session::{Receiver, Sender};
use super::{Received, Refused, Sent};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A session's place in a data path's table, dense from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionIndex(pub u32);

/// One packet of a burst; `O` is what becomes of it.
#[derive(Debug)]
pub struct Job<'b, O> {
    /// The session that it belongs to.
    pub session: SessionIndex,
    /// The PPP frame.
    pub packet: Packet<'b>,
    /// What became of it; written by the data path.
    pub outcome: Result<O, Refused>,
}

impl<'b, O> Job<'b, O> {
    /// A packet that has not been looked at.
    pub const fn new(session: SessionIndex, packet: Packet<'b>) -> Self {
        Self {
            session,
            packet,
            outcome: Err(Refused::NoSession),
        }
    }
}

/// Scrambles and restores bursts.
pub trait DataPath {
    /// Scrambles each packet that this end sends, and says what became of it.
    fn scramble(&mut self, burst: &mut [Job<'_, Sent>]);
    /// Restores each packet that this end received, and says what became of it.
    fn restore(&mut self, burst: &mut [Job<'_, Received>]);
}

/// A session's two directions.
#[derive(Debug)]
pub struct Session {
    /// What this end sends; `None` until the peer has proved its key.
    pub sender: Option<Sender>,
    /// What this end receives.
    pub receiver: Receiver,
}

/// The software data path: a table of sessions.
#[derive(Debug, Default)]
pub struct Software {
    sessions: Vec<Option<Box<Session>>>,
}

impl Software {
    /// Puts a session in place `index`, in place of what was there.
    pub fn insert(&mut self, index: SessionIndex, session: Session) {
        let at = index.0 as usize;
        if self.sessions.len() <= at {
            self.sessions.resize_with(at + 1, || None);
        }
        self.sessions[at] = Some(Box::new(session));
    }

    /// Takes a session out; its keys are erased when it is dropped.
    pub fn remove(&mut self, index: SessionIndex) -> Option<Box<Session>> {
        self.sessions.get_mut(index.0 as usize)?.take()
    }

    /// A session, to install keys in.
    pub fn get_mut(&mut self, index: SessionIndex) -> Option<&mut Session> {
        self.sessions.get_mut(index.0 as usize)?.as_deref_mut()
    }
}

impl DataPath for Software {
    fn scramble(&mut self, burst: &mut [Job<'_, Sent>]) {
        for job in burst {
            let sender = self
                .get_mut(job.session)
                .and_then(|session| session.sender.as_mut());
            job.outcome = match sender {
                Some(sender) => sender.scramble(&mut job.packet),
                None => Err(Refused::NoSession),
            };
        }
    }

    fn restore(&mut self, burst: &mut [Job<'_, Received>]) {
        for job in burst {
            job.outcome = match self.get_mut(job.session) {
                Some(session) => session.receiver.restore(&mut job.packet),
                None => Err(Refused::NoSession),
            };
        }
    }
}
