//! From a data message's tunnel and session id to the session: two look-ups in tables, because both ids are ours. Tunnel
//! ids are anywhere in their range, so all of it has a place; session ids are dense.

use fogline_l2tp::CallId;

/// The calls of one L2TP endpoint.
#[derive(Debug)]
pub struct Routes {
    /// One place for each tunnel id.
    tunnels: Box<[Option<Box<Tunnel>>]>,
}

/// The calls of one tunnel: one at least.
#[derive(Debug, Default)]
struct Tunnel {
    /// By session id; [`NONE`] where there is no call.
    calls: Vec<u32>,
    /// How many calls there are.
    used: u32,
}

const NONE: u32 = u32::MAX;

/// Tunnel ids are 16 bits.
const TUNNELS: usize = 1 << 16;

impl Default for Routes {
    fn default() -> Self {
        Self {
            tunnels: std::iter::repeat_with(|| None).take(TUNNELS).collect(),
        }
    }
}

impl Routes {
    /// The session behind a call.
    pub fn find(&self, tunnel: u16, session: u16) -> Option<u32> {
        let tunnel = self.tunnels[usize::from(tunnel)].as_ref()?;
        tunnel
            .calls
            .get(usize::from(session))
            .copied()
            .filter(|index| *index != NONE)
    }

    /// Says which session is behind `call`.
    pub fn insert(&mut self, call: CallId, index: u32) {
        let tunnel = self.tunnels[usize::from(call.tunnel.0)].get_or_insert_default();
        let session = usize::from(call.session);
        if tunnel.calls.len() <= session {
            tunnel.calls.resize(session + 1, NONE);
        }
        let before = std::mem::replace(&mut tunnel.calls[session], index);
        tunnel.used += u32::from(before == NONE);
    }

    /// The sessions behind the calls of a tunnel.
    pub fn of_tunnel(&self, tunnel: u16) -> impl Iterator<Item = u32> + '_ {
        let tunnel = self.tunnels[usize::from(tunnel)].as_ref();
        tunnel
            .into_iter()
            .flat_map(|tunnel| &tunnel.calls)
            .copied()
            .filter(|index| *index != NONE)
    }

    /// Forgets a call.
    pub fn remove(&mut self, call: CallId) {
        let place = &mut self.tunnels[usize::from(call.tunnel.0)];
        let Some(tunnel) = place else {
            return;
        };
        let Some(index) = tunnel.calls.get_mut(usize::from(call.session)) else {
            return;
        };
        if std::mem::replace(index, NONE) != NONE {
            tunnel.used -= 1;
        }
        if tunnel.used == 0 {
            *place = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fogline_l2tp::TunnelId;

    fn call(tunnel: u16, session: u16) -> CallId {
        CallId {
            tunnel: TunnelId(tunnel),
            session,
        }
    }

    #[test]
    fn calls_are_found_by_both_ids_until_they_are_removed() {
        let mut routes = Routes::default();
        routes.insert(call(65_534, 1), 7);
        routes.insert(call(65_534, 65_534), 8);
        routes.insert(call(1, 1), 9);
        assert_eq!(routes.find(65_534, 1), Some(7));
        assert_eq!(routes.find(65_534, 65_534), Some(8));
        assert_eq!(routes.find(1, 1), Some(9));
        assert_eq!(routes.find(65_534, 2), None);
        assert_eq!(routes.find(65_535, 65_535), None);
        assert!(routes.of_tunnel(65_534).eq([7, 8]));

        routes.remove(call(65_534, 1));
        routes.remove(call(65_534, 1));
        assert_eq!(routes.find(65_534, 1), None);
        assert_eq!(routes.find(65_534, 65_534), Some(8), "one removal each");
        routes.remove(call(65_534, 65_534));
        assert_eq!(routes.of_tunnel(65_534).count(), 0);
        assert_eq!(routes.find(1, 1), Some(9));
    }

    #[test]
    fn nothing_is_kept_of_a_tunnel_without_calls() {
        let mut routes = Routes::default();
        for index in [3, 4] {
            routes.insert(call(5, 6), index);
        }
        assert_eq!(routes.find(5, 6), Some(4));
        routes.remove(call(5, 6));
        assert!(routes.tunnels.iter().all(Option::is_none));
    }
}
