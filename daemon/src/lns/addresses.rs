//! From a destination address to the session: addresses of pools by arrays, because they are dense, others by a map.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::model::Lns;

const NONE: u32 = u32::MAX;

/// A prefix whose addresses (or /64s) are counted from its base; the array grows as far as it is used.
#[derive(Debug)]
struct Range {
    base: u64,
    size: u64,
    sessions: Vec<u32>,
}

impl Range {
    fn place(&mut self, number: u64) -> Option<&mut u32> {
        let at = usize::try_from(self.offset(number)?).ok()?;
        if self.sessions.len() <= at {
            self.sessions.resize(at + 1, NONE);
        }
        self.sessions.get_mut(at)
    }

    fn get(&self, number: u64) -> Option<u32> {
        let at = usize::try_from(self.offset(number)?).ok()?;
        self.sessions
            .get(at)
            .copied()
            .filter(|session| *session != NONE)
    }

    fn offset(&self, number: u64) -> Option<u64> {
        number
            .checked_sub(self.base)
            .filter(|offset| *offset < self.size)
    }
}

/// Ranges and a map for what is in none.
#[derive(Debug, Default)]
struct Family {
    ranges: Vec<Range>,
    others: HashMap<u64, u32>,
}

impl Family {
    fn get(&self, number: u64) -> Option<u32> {
        let in_range = self
            .ranges
            .iter()
            .find(|range| range.offset(number).is_some());
        match in_range {
            Some(range) => range.get(number),
            None => self.others.get(&number).copied(),
        }
    }

    fn set(&mut self, number: u64, session: Option<u32>) {
        if let Some(place) = self.ranges.iter_mut().find_map(|range| range.place(number)) {
            *place = session.unwrap_or(NONE);
        } else if let Some(session) = session {
            self.others.insert(number, session);
        } else {
            self.others.remove(&number);
        }
    }
}

/// Which session has which address.
#[derive(Debug, Default)]
pub struct Addresses {
    ipv4: Family,
    /// By the upper 64 bits.
    ipv6: Family,
}

impl Addresses {
    /// None yet, with arrays for the pools of `config` as far as they are of a reasonable size.
    pub fn new(config: &Lns) -> Self {
        const LARGEST: u64 = 1 << 24;
        let mut table = Self::default();
        for pool in &config.pools {
            if let Some(side) = pool.ipv4 {
                let base = u64::from(u32::from(side.prefix.network()));
                let size = (1u64 << (32 - side.prefix.prefix_len())).min(LARGEST);
                table.ipv4.ranges.push(Range {
                    base,
                    size,
                    sessions: Vec::new(),
                });
            }
            if let Some(prefix) = pool.ipv6 {
                let base = upper(prefix.network());
                let size = 1u64
                    .checked_shl((64 - prefix.prefix_len()).into())
                    .unwrap_or(u64::MAX)
                    .min(LARGEST);
                table.ipv6.ranges.push(Range {
                    base,
                    size,
                    sessions: Vec::new(),
                });
            }
        }
        table
    }

    /// The session that packets for `address` go to.
    pub fn find(&self, address: IpAddr) -> Option<u32> {
        match address {
            IpAddr::V4(address) => self.ipv4.get(u32::from(address).into()),
            IpAddr::V6(address) => self.ipv6.get(upper(address)),
        }
    }

    /// Packets for `address` go to `session` from now on, or to nobody.
    pub fn set_ipv4(&mut self, address: Ipv4Addr, session: Option<u32>) {
        self.ipv4.set(u32::from(address).into(), session);
    }

    /// Packets for the /64 of `prefix` go to `session` from now on, or to nobody.
    pub fn set_ipv6(&mut self, prefix: Ipv6Addr, session: Option<u32>) {
        self.ipv6.set(upper(prefix), session);
    }
}

fn upper(address: Ipv6Addr) -> u64 {
    (address.to_bits() >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Addresses {
        let range = |base: u64, size| Range {
            base,
            size,
            sessions: Vec::new(),
        };
        Addresses {
            ipv4: Family {
                ranges: vec![range(0x0A00_0000, 256)],
                others: HashMap::new(),
            },
            ipv6: Family {
                ranges: vec![range(0x2001_0DB8_0000_0000, 16)],
                others: HashMap::new(),
            },
        }
    }

    #[test]
    fn sessions_are_found_by_their_addresses_in_and_out_of_pools() {
        let mut table = table();
        let find = |table: &Addresses, text: &str| table.find(text.parse().unwrap());
        table.set_ipv4(Ipv4Addr::new(10, 0, 0, 9), Some(4));
        table.set_ipv4(Ipv4Addr::new(192, 0, 2, 1), Some(5));
        table.set_ipv6("2001:db8:0:3::".parse().unwrap(), Some(6));
        table.set_ipv6("2001:db8:ffff::".parse().unwrap(), Some(7));
        assert_eq!(find(&table, "10.0.0.9"), Some(4));
        assert_eq!(find(&table, "10.0.0.8"), None);
        assert_eq!(find(&table, "10.0.1.9"), None);
        assert_eq!(find(&table, "192.0.2.1"), Some(5));
        assert_eq!(find(&table, "2001:db8:0:3:aa::1"), Some(6));
        assert_eq!(find(&table, "2001:db8:ffff::1"), Some(7));
        table.set_ipv4(Ipv4Addr::new(10, 0, 0, 9), None);
        table.set_ipv6("2001:db8:ffff::".parse().unwrap(), None);
        assert_eq!(find(&table, "10.0.0.9"), None);
        assert_eq!(find(&table, "2001:db8:ffff::1"), None);
    }
}
