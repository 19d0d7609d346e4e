//! From a data message's tunnel and session id to the session: two look-ups in tables, because both ids are ours and
//! dense.

use fogline_l2tp::CallId;

/// The calls of one L2TP endpoint.
#[derive(Debug, Default)]
pub struct Routes {
    tunnels: Vec<Vec<u32>>,
}

const NONE: u32 = u32::MAX;

impl Routes {
    /// The session behind a call.
    pub fn find(&self, tunnel: u16, session: u16) -> Option<u32> {
        let calls = self.tunnels.get(usize::from(tunnel))?;
        calls
            .get(usize::from(session))
            .copied()
            .filter(|index| *index != NONE)
    }

    /// Says which session is behind `call`.
    pub fn insert(&mut self, call: CallId, index: u32) {
        let (tunnel, session) = (usize::from(call.tunnel.0), usize::from(call.session));
        if self.tunnels.len() <= tunnel {
            self.tunnels.resize_with(tunnel + 1, Vec::new);
        }
        let calls = &mut self.tunnels[tunnel];
        if calls.len() <= session {
            calls.resize(session + 1, NONE);
        }
        calls[session] = index;
    }

    /// The sessions behind the calls of a tunnel.
    pub fn of_tunnel(&self, tunnel: u16) -> impl Iterator<Item = u32> + '_ {
        let calls = self.tunnels.get(usize::from(tunnel));
        calls
            .into_iter()
            .flatten()
            .copied()
            .filter(|index| *index != NONE)
    }

    /// Forgets a call.
    pub fn remove(&mut self, call: CallId) {
        let Some(calls) = self.tunnels.get_mut(usize::from(call.tunnel.0)) else {
            return;
        };
        if let Some(index) = calls.get_mut(usize::from(call.session)) {
            *index = NONE;
        }
        if calls.iter().all(|index| *index == NONE) {
            *calls = Vec::new();
        }
    }
}
