//! The keys of a whole keylog, by the frames they are for.

use std::collections::HashMap;

use scramble::agreement::{Direction, End, EpochKeys};
use scramble::encap::Flow;
use scramble::transform::Receiver;

use super::{Periods, Session};
use crate::capture::Time;

/// The keys of a whole keylog, by the frames they are for.
#[derive(Debug, Default)]
pub struct Keyring {
    sessions: HashMap<Flow, Half>,
    periods: Periods,
}

/// Why there are no keys for a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoKeys {
    /// The keylog does not know the session.
    #[error("a session without keys in the keylog")]
    Session,
    /// The keylog knows the session, but at other times.
    #[error("a session without keys in the keylog at the time of the frame")]
    Time,
    /// The session has keys that change with time, and the capture does not say when the frame came.
    #[error("a frame without a time, which the keylog of live sessions needs: capture with times")]
    Undated,
}

impl Keyring {
    /// The keys of `sessions` and `periods`.
    pub fn new(sessions: &[Session], periods: Periods) -> Self {
        let halves = sessions.iter().flat_map(halves).collect();
        Self {
            sessions: halves,
            periods,
        }
    }

    /// What may restore a frame of `flow` captured at `time`: one at least, the likeliest first.
    ///
    /// They have seen no packet yet, so that one that is twice in the capture, sent again or caught on
    /// two interfaces, is so afterwards too: a capture is no place for a replay window.
    ///
    /// # Errors
    /// `NoKeys` where nothing is there to try.
    pub fn receivers(&self, flow: &Flow, time: Option<Time>) -> Result<Vec<Receiver>, NoKeys> {
        if let Some(half) = self.sessions.get(flow) {
            return Ok(vec![half.receiver()]);
        }
        if !self.periods.know(flow) {
            return Err(NoKeys::Session);
        }
        let receivers = self.periods.receivers(flow, time.ok_or(NoKeys::Undated)?);
        match receivers.is_empty() {
            true => Err(NoKeys::Time),
            false => Ok(receivers),
        }
    }
}

/// One direction of a session of a capture.
#[derive(Debug)]
struct Half {
    sender: End,
    direction: Direction,
    keys: EpochKeys,
}

impl Half {
    fn receiver(&self) -> Receiver {
        let mut receiver = Receiver::new(self.sender, self.direction);
        receiver.install(self.keys.clone());
        receiver
    }
}

fn halves(session: &Session) -> impl Iterator<Item = (Flow, Half)> {
    let ends = session.flows().into_iter().flatten();
    ends.filter_map(|(flow, sender)| {
        let half = Half {
            sender,
            direction: session.direction()?,
            keys: session.keys(),
        };
        Some((flow, half))
    })
}
