//! Addresses for subscribers: one IPv4 address and one IPv6 /64 each, from pools or their own.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::{Ipv4Addr, Ipv6Addr};

use fogline_auth::Prefix64;

use crate::config::model::{Lns, Pool, PoolIpv4};

/// Numbers from 0 up, each handed out to one holder at a time. A number that comes back rests behind all others, so
/// that late packets for its last holder do not reach the next one at once.
#[derive(Debug, Default)]
struct Numbers {
    capacity: u64,
    fresh: u64,
    returned: VecDeque<u64>,
    used: u64,
}

impl Numbers {
    fn new(capacity: u64) -> Self {
        Self {
            capacity,
            ..Self::default()
        }
    }

    fn take(&mut self) -> Option<u64> {
        let number = if self.fresh < self.capacity {
            self.fresh += 1;
            self.fresh - 1
        } else {
            self.returned.pop_front()?
        };
        self.used += 1;
        Some(number)
    }

    /// The last number taken is for nobody: it is not asked about again, and nobody uses it.
    fn withhold(&mut self) {
        self.used -= 1;
    }

    fn give_back(&mut self, number: u64) {
        self.used -= 1;
        self.returned.push_back(number);
    }
}

/// One pool's numbers.
#[derive(Debug)]
struct PoolState {
    pool: Pool,
    ipv4: Numbers,
    ipv6: Numbers,
}

/// All pools.
#[derive(Debug)]
pub struct Pools {
    pools: Vec<PoolState>,
    by_name: HashMap<String, usize>,
    /// Addresses that belong to users, wherever they lie: no pool hands them out.
    own: HashSet<Ipv4Addr>,
    own_prefixes: HashSet<Ipv6Addr>,
}

/// What one session was given; to be given back.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Lease {
    pool: usize,
    /// The subscriber's address and ours.
    pub ipv4: Option<(Ipv4Addr, Ipv4Addr)>,
    /// The subscriber's /64.
    pub ipv6: Option<Ipv6Addr>,
    number_v4: Option<u64>,
    number_v6: Option<u64>,
    /// Name servers to tell.
    pub dns_ipv4: [Option<Ipv4Addr>; 2],
    /// Name servers to tell.
    pub dns_ipv6: Vec<Ipv6Addr>,
}

/// There is no address to give.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAddress {
    /// The user's pool does not exist.
    #[error("pool \"{0}\" is not configured")]
    NoPool(String),
    /// Every address is in use.
    #[error("pool \"{0}\" has no address left; make it larger")]
    Exhausted(String),
}

/// How full a pool is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The pool's name.
    pub pool: String,
    /// `ipv4` or `ipv6`.
    pub family: &'static str,
    /// Addresses or prefixes in use.
    pub used: u64,
    /// Addresses or prefixes in all.
    pub size: u64,
}

impl Pools {
    /// The pools of a configuration, nothing handed out.
    pub fn new(config: &Lns) -> Self {
        let pools: Vec<_> = config.pools.iter().cloned().map(PoolState::new).collect();
        let by_name = pools.iter().enumerate();
        let by_name = by_name
            .map(|(at, state)| (state.pool.name.clone(), at))
            .collect();
        let mut all = Self {
            pools,
            by_name,
            own: HashSet::new(),
            own_prefixes: HashSet::new(),
        };
        all.set_users(config);
        all
    }

    /// Learns the users' own addresses. Sessions that have one of them from a pool keep it.
    pub fn set_users(&mut self, config: &Lns) {
        let users = config.users.by_name.values();
        self.own = users.clone().filter_map(|user| user.ipv4).collect();
        self.own_prefixes = users
            .filter_map(|user| user.ipv6)
            .map(Prefix64::network)
            .collect();
    }

    /// Addresses for a user that has `ipv4` and `ipv6` of its own, or gets them from the pool of that name, or else
    /// from the first.
    ///
    /// # Errors
    /// [`NoAddress`], and nothing is taken.
    pub fn lease(
        &mut self,
        pool: Option<&str>,
        ipv4: Option<Ipv4Addr>,
        ipv6: Option<Ipv6Addr>,
    ) -> Result<Lease, NoAddress> {
        let at = match pool {
            None => 0,
            Some(name) => *self
                .by_name
                .get(name)
                .ok_or_else(|| NoAddress::NoPool(name.into()))?,
        };
        let Some(state) = self.pools.get_mut(at) else {
            return Err(NoAddress::NoPool(pool.unwrap_or_default().into()));
        };
        let mut lease = Lease {
            pool: at,
            dns_ipv4: state.pool.dns_ipv4,
            dns_ipv6: state.pool.dns_ipv6.clone(),
            ..Lease::default()
        };
        let gateway = state.pool.ipv4.map(|side| side.gateway);
        match (ipv4, state.pool.ipv4) {
            (Some(own), _) => lease.ipv4 = Some((own, gateway.unwrap_or(FALLBACK_GATEWAY))),
            (None, Some(side)) => {
                let (number, address) = next_ipv4(&mut state.ipv4, side, &self.own)
                    .ok_or_else(|| NoAddress::Exhausted(state.pool.name.clone()))?;
                lease.number_v4 = Some(number);
                lease.ipv4 = Some((address, side.gateway));
            }
            (None, None) => {}
        }
        match (ipv6, state.pool.ipv6) {
            (Some(own), _) => lease.ipv6 = Some(own),
            (None, Some(prefix)) => {
                match next_ipv6(&mut state.ipv6, prefix.network(), &self.own_prefixes) {
                    Some((number, prefix)) => {
                        lease.number_v6 = Some(number);
                        lease.ipv6 = Some(prefix);
                    }
                    None => {
                        let name = state.pool.name.clone();
                        self.give_back(&lease);
                        return Err(NoAddress::Exhausted(name));
                    }
                }
            }
            (None, None) => {}
        }
        Ok(lease)
    }

    /// A session is over.
    pub fn give_back(&mut self, lease: &Lease) {
        let Some(state) = self.pools.get_mut(lease.pool) else {
            return;
        };
        if let Some(number) = lease.number_v4 {
            state.ipv4.give_back(number);
        }
        if let Some(number) = lease.number_v6 {
            state.ipv6.give_back(number);
        }
    }

    /// How full they are.
    pub fn usage(&self) -> impl Iterator<Item = Usage> + '_ {
        self.pools.iter().flat_map(|state| {
            let addresses = state.pool.ipv4.map_or(0, |side| side.capacity());
            let prefixes = state.ipv6.capacity;
            let families = [
                ("ipv4", &state.ipv4, addresses),
                ("ipv6", &state.ipv6, prefixes),
            ];
            let families = families
                .into_iter()
                .filter(|(_, numbers, _)| numbers.capacity > 0);
            families.map(|(family, numbers, size)| Usage {
                pool: state.pool.name.clone(),
                family,
                used: numbers.used,
                size,
            })
        })
    }
}

/// What a subscriber with an address of its own sees as the peer's where no pool has a gateway: of the range for
/// carriers' inner use (RFC 6598).
const FALLBACK_GATEWAY: Ipv4Addr = Ipv4Addr::new(100, 64, 0, 1);

impl PoolState {
    fn new(pool: Pool) -> Self {
        let ipv4 = Numbers::new(pool.ipv4.map_or(0, hosts));
        let prefixes = pool.ipv6.map_or(0, |net| {
            1u64.checked_shl((64 - net.prefix_len()).into())
                .unwrap_or(u64::MAX)
        });
        Self {
            pool,
            ipv4,
            ipv6: Numbers::new(prefixes),
        }
    }
}

/// Every address between the first host and the last, the gateway included.
fn hosts(side: PoolIpv4) -> u64 {
    match side.prefix.prefix_len() {
        32 => 1,
        31 => 2,
        length => (1 << (32 - length)) - 2,
    }
}

fn next_ipv4(
    numbers: &mut Numbers,
    side: PoolIpv4,
    own: &HashSet<Ipv4Addr>,
) -> Option<(u64, Ipv4Addr)> {
    let skipped = u32::from(side.prefix.prefix_len() < 31);
    loop {
        let number = numbers.take()?;
        let address = u32::from(side.prefix.network()) + skipped + number as u32;
        let address = Ipv4Addr::from(address);
        if address != side.gateway && !own.contains(&address) {
            return Some((number, address));
        }
        numbers.withhold();
    }
}

fn next_ipv6(
    numbers: &mut Numbers,
    network: Ipv6Addr,
    own: &HashSet<Ipv6Addr>,
) -> Option<(u64, Ipv6Addr)> {
    loop {
        let number = numbers.take()?;
        let prefix = Ipv6Addr::from_bits(network.to_bits() + (u128::from(number) << 64));
        if !own.contains(&prefix) {
            return Some((number, prefix));
        }
        numbers.withhold();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(ipv4: &str, gateway: &str, ipv6: &str) -> Pool {
        Pool {
            name: "home".into(),
            ipv4: Some(PoolIpv4 {
                prefix: ipv4.parse().unwrap(),
                gateway: gateway.parse().unwrap(),
            }),
            ipv6: Some(ipv6.parse().unwrap()),
            dns_ipv4: [None; 2],
            dns_ipv6: Vec::new(),
        }
    }

    fn pools(own: &[&str]) -> Pools {
        let pool = PoolState::new(pool("10.0.0.0/29", "10.0.0.1", "2001:db8::/61"));
        Pools {
            pools: vec![pool],
            by_name: HashMap::from([("home".into(), 0)]),
            own: own.iter().map(|own| own.parse().unwrap()).collect(),
            own_prefixes: HashSet::new(),
        }
    }

    #[test]
    fn every_host_but_gateway_and_own_addresses_is_handed_out_once() {
        let mut pools = pools(&["10.0.0.4"]);
        let leases: Vec<_> = std::iter::from_fn(|| pools.lease(None, None, None).ok()).collect();
        let last = |lease: &Lease| lease.ipv4.unwrap().0.octets()[3];
        assert_eq!(leases.iter().map(last).collect::<Vec<_>>(), [2, 3, 5, 6]);
        assert_eq!(leases[1].ipv6, Some("2001:db8:0:1::".parse().unwrap()));
        assert_eq!(
            pools.lease(None, None, None),
            Err(NoAddress::Exhausted("home".into()))
        );
        pools.give_back(&leases[2]);
        let again = pools.lease(None, None, None).unwrap();
        assert_eq!(
            (last(&again), again.ipv6),
            (5, Some("2001:db8:0:4::".parse().unwrap()))
        );
    }

    #[test]
    fn what_nobody_can_have_is_not_in_use() {
        let mut pools = pools(&["10.0.0.3"]);
        let first = pools.lease(None, None, None).unwrap();
        let second = pools.lease(None, None, None).unwrap();
        let usage = |pools: &Pools| {
            pools
                .usage()
                .map(|usage| (usage.used, usage.size))
                .collect::<Vec<_>>()
        };
        assert_eq!(usage(&pools), [(2, 5), (2, 8)]);
        pools.give_back(&first);
        pools.give_back(&second);
        assert_eq!(usage(&pools), [(0, 5), (0, 8)]);
    }

    #[test]
    fn a_returned_address_rests_behind_the_others() {
        let mut pools = pools(&[]);
        let first = pools.lease(None, None, None).unwrap();
        pools.give_back(&first);
        let second = pools.lease(None, None, None).unwrap();
        assert_ne!(first.ipv4, second.ipv4);
    }

    #[test]
    fn an_address_of_ones_own_takes_nothing_from_the_pool() {
        let mut pools = pools(&[]);
        let own = "192.0.2.9".parse().unwrap();
        let lease = pools
            .lease(
                Some("home"),
                Some(own),
                Some("2001:db8:9::".parse().unwrap()),
            )
            .unwrap();
        assert_eq!(lease.ipv4, Some((own, Ipv4Addr::new(10, 0, 0, 1))));
        assert!(pools.usage().all(|usage| usage.used == 0));
        assert_eq!(
            pools.lease(Some("x"), None, None),
            Err(NoAddress::NoPool("x".into()))
        );
    }
}
