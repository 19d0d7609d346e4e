//! Whose frames of live sessions are: by addresses, ids and direction.

use std::net::SocketAddr;

use scramble::encap::Flow;

use super::live::{Installed, as_on_the_wire};

/// One direction of a session by what its frames have in common, as the writer of the keylog sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Trail {
    pub sense: Sense,
    peer: SocketAddr,
    /// `None` where the keylog does not say.
    local: Option<SocketAddr>,
    /// The receiver's tunnel id and session id.
    ids: (u16, u16),
}

/// Who sends, as the writer of the keylog sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sense {
    /// The writer.
    Sent,
    /// Its peer.
    Received,
}

impl Trail {
    /// What the writer sends in the session of `line`, and what it receives.
    pub fn of_session(line: &Installed) -> [Self; 2] {
        let local = as_on_the_wire(line.local);
        let specified = !local.ip().is_unspecified() && local.port() != 0;
        let trail = |sense, ids| Self {
            sense,
            peer: as_on_the_wire(line.peer),
            local: specified.then_some(local),
            ids,
        };
        [
            trail(Sense::Sent, line.peer_ids),
            trail(Sense::Received, line.local_ids),
        ]
    }

    /// The trails that a frame of `flow` may be on.
    pub fn of_flow(flow: &Flow) -> impl Iterator<Item = Self> + use<> {
        let trails = match *flow {
            Flow::Pppoe { .. } => None,
            Flow::L2tp {
                source,
                destination,
                tunnel,
                session,
                ..
            } => {
                let ids = (tunnel, session);
                let trail = |sense, peer, local| Self {
                    sense,
                    peer,
                    local,
                    ids,
                };
                Some([
                    trail(Sense::Sent, destination, Some(source)),
                    trail(Sense::Sent, destination, None),
                    trail(Sense::Received, source, Some(destination)),
                    trail(Sense::Received, source, None),
                ])
            }
        };
        trails.into_iter().flatten()
    }
}
