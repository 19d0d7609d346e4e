//! Which control connections are there, by peer, by state and by age.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::event::{TunnelId, TunnelState};
use crate::tunnel::Tunnel;

/// Where the roster has a control connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Not at all.
    Nowhere,
    /// Among those that this end started, and that are not up.
    Dialling,
    /// Among those that peers started, and that are not up; by age.
    HalfOpen(u64),
    /// Among those that are up.
    Up,
    /// Among those that are stopped; by age.
    Stopping(u64),
}

/// Control connections by peer, state and age.
#[derive(Debug, Default)]
pub(super) struct Roster {
    /// Not stopped, by where SCCRQ came from and the tunnel id in it.
    by_request: BTreeMap<(SocketAddr, u16), TunnelId>,
    dialling: BTreeSet<(IpAddr, TunnelId)>,
    half_open: BTreeMap<u64, TunnelId>,
    /// How many half-open ones each source has.
    sources: BTreeMap<IpAddr, usize>,
    stopping: BTreeMap<u64, TunnelId>,
    age: u64,
}

impl Roster {
    /// Takes up a control connection's new state.
    pub fn update(&mut self, tunnel: &mut Tunnel) {
        let fits = matches!(
            (tunnel.state, tunnel.place),
            (TunnelState::WaitCtlReply, Place::Dialling)
                | (TunnelState::WaitCtlConn, Place::HalfOpen(_))
                | (TunnelState::Established, Place::Up)
                | (TunnelState::Stopping, Place::Stopping(_))
        );
        if !fits {
            self.leave(tunnel);
            self.enter(tunnel);
        }
    }

    fn enter(&mut self, tunnel: &mut Tunnel) {
        let (id, address) = (tunnel.id, tunnel.peer.ip());
        self.age += 1;
        tunnel.place = match tunnel.state {
            TunnelState::WaitCtlReply => {
                self.dialling.insert((address, id));
                Place::Dialling
            }
            TunnelState::WaitCtlConn => {
                self.half_open.insert(self.age, id);
                *self.sources.entry(source(address)).or_default() += 1;
                Place::HalfOpen(self.age)
            }
            TunnelState::Established => Place::Up,
            TunnelState::Stopping => {
                self.stopping.insert(self.age, id);
                Place::Stopping(self.age)
            }
        };
        if tunnel.state != TunnelState::Stopping
            && let Some(request) = tunnel.requester
        {
            self.by_request.insert(request, id);
        }
    }

    /// Strikes a control connection off.
    pub fn leave(&mut self, tunnel: &mut Tunnel) {
        let (id, address) = (tunnel.id, tunnel.peer.ip());
        match std::mem::replace(&mut tunnel.place, Place::Nowhere) {
            Place::Nowhere => return,
            Place::Dialling => {
                self.dialling.remove(&(address, id));
            }
            Place::HalfOpen(age) => {
                self.half_open.remove(&age);
                self.leave_source(source(address));
            }
            Place::Up => {}
            Place::Stopping(age) => {
                self.stopping.remove(&age);
                return;
            }
        }
        if let Some(request) = tunnel.requester {
            self.by_request.remove(&request);
        }
    }

    fn leave_source(&mut self, source: IpAddr) {
        if let Some(count) = self.sources.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                self.sources.remove(&source);
            }
        }
    }

    /// The control connection that a SCCRQ with that tunnel id led to.
    pub fn requested(&self, from: SocketAddr, peer_id: u16) -> Option<TunnelId> {
        self.by_request.get(&(from, peer_id)).copied()
    }

    /// Those on which this end waits for that address to answer.
    pub fn dialling(&self, address: IpAddr) -> Vec<TunnelId> {
        self.dialling
            .range(all_of(address))
            .map(|(_, id)| *id)
            .collect()
    }

    /// How many half-open control connections `address` has, with all that share its source.
    pub fn half_open_of(&self, address: IpAddr) -> usize {
        self.sources.get(&source(address)).copied().unwrap_or(0)
    }

    pub fn half_open(&self) -> usize {
        self.half_open.len()
    }

    pub fn oldest_half_open(&self) -> Option<TunnelId> {
        self.half_open.first_key_value().map(|(_, id)| *id)
    }

    pub fn stopping(&self) -> usize {
        self.stopping.len()
    }

    pub fn oldest_stopping(&self) -> Option<TunnelId> {
        self.stopping.first_key_value().map(|(_, id)| *id)
    }
}

fn all_of(address: IpAddr) -> std::ops::RangeInclusive<(IpAddr, TunnelId)> {
    (address, TunnelId(0))..=(address, TunnelId(u16::MAX))
}

/// Who is behind an address: with IPv6, whoever has one has its /64.
fn source(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(_) => address,
            None => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_source_is_its_64_and_an_ipv4_source_itself() {
        let source = |text: &str| source(text.parse().unwrap()).to_string();
        assert_eq!(source("192.0.2.7"), "192.0.2.7");
        assert_eq!(source("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(source("::ffff:192.0.2.7"), "::ffff:192.0.2.7");
    }
}
