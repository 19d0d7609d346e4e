//! `[[lns.pool]]`, and what addresses of users may be.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

use super::super::document::{At, Section};
use super::super::model::{Pool, PoolIpv4};
use super::super::value::{host_address, host_ipv4, list, name, prefix_ipv4, prefix_ipv6};

/// The pools, as far as they were understood, checked against each other.
pub(super) fn pools(sections: Vec<Section<'_>>) -> Vec<Pool> {
    let mut pools: Vec<Pool> = Vec::new();
    for mut section in sections {
        if let Some(pool) = pool(&mut section, &pools) {
            pools.push(pool);
        }
        section.finish();
    }
    pools
}

fn pool(section: &mut Section<'_>, others: &[Pool]) -> Option<Pool> {
    const NAME_LONGEST: usize = 64;
    const IPV6_LONGEST: u8 = 64;

    let own = section.required("name", "users refer to pools by it", name(NAME_LONGEST));
    if let Some(own) = &own {
        section.call(format!("pool {:?}", own.value));
        if others.iter().any(|other| other.name == own.value) {
            section.error(own.span.clone(), "another pool has that name");
        }
    }
    let (has_ipv4, has_ipv6) = (section.has_any(&["ipv4"]), section.has_any(&["ipv6"]));
    let ipv4 = section.at("ipv4", prefix_ipv4);
    let ipv6 = section.at("ipv6", prefix_ipv6);
    if let Some(long) = ipv6
        .as_ref()
        .filter(|at| at.value.prefix_len() > IPV6_LONGEST)
    {
        let message = format!(
            "ipv6: {} has no room for the /64 of a single subscriber; take a shorter prefix",
            long.value
        );
        section.error(long.span.clone(), message);
    }
    let ipv4_net = ipv4.as_ref().map(|at| (IpNet::V4(at.value), &at.span));
    let ipv6_net = ipv6.as_ref().map(|at| (IpNet::V6(at.value), &at.span));
    for (net, span) in ipv4_net.into_iter().chain(ipv6_net) {
        if let Some((other, theirs)) = overlapping(&net, others) {
            let message = format!("{net} overlaps with {theirs} of pool {:?}", other.name);
            section.error(span.clone(), message);
        }
    }
    let gateway = section.at("gateway", host_ipv4);
    if let Some(gateway) = gateway.as_ref().filter(|_| !has_ipv4) {
        section.error(
            gateway.span.clone(),
            "gateway: belongs to ipv4, which is missing",
        );
    }
    if !has_ipv4 && !has_ipv6 {
        section.error(
            section.span.clone(),
            "has neither ipv4 nor ipv6: nothing to hand out",
        );
    }
    let ipv4 = ipv4.and_then(|prefix| pool_ipv4(section, prefix, gateway, others));
    let (dns_ipv4, dns_ipv6) = name_servers(section);
    Some(Pool {
        name: own?.value,
        ipv4,
        ipv6: ipv6.map(|at| at.value),
        dns_ipv4,
        dns_ipv6,
    })
}

fn overlapping<'p>(net: &IpNet, others: &'p [Pool]) -> Option<(&'p Pool, IpNet)> {
    others.iter().find_map(|other| {
        let ipv4 = other.ipv4.map(|ipv4| IpNet::V4(ipv4.prefix));
        let ipv6 = other.ipv6.map(IpNet::V6);
        let theirs = ipv4
            .into_iter()
            .chain(ipv6)
            .find(|theirs| theirs.contains(net) || net.contains(theirs))?;
        Some((other, theirs))
    })
}

fn pool_ipv4(
    section: &Section<'_>,
    prefix: At<Ipv4Net>,
    given: Option<At<Ipv4Addr>>,
    others: &[Pool],
) -> Option<PoolIpv4> {
    let first = prefix.value.hosts().next()?;
    let gateway = given.as_ref().map_or(first, |at| at.value);
    let ipv4 = PoolIpv4 {
        prefix: prefix.value,
        gateway,
    };
    let span = given.map_or(prefix.span.clone(), |at| at.span);
    let inside = ipv4.prefix.contains(&gateway);
    let edge = gateway == ipv4.prefix.network() || gateway == ipv4.prefix.broadcast();
    if inside && edge && ipv4.prefix.prefix_len() < 31 {
        let message = format!(
            "gateway: {gateway} is the first or last of {}; take another",
            ipv4.prefix
        );
        section.error(span.clone(), message);
    }
    let elsewhere = others.iter().find(|other| {
        let theirs = other.ipv4.filter(|theirs| theirs.gateway != gateway);
        theirs.is_some_and(|theirs| theirs.prefix.contains(&gateway))
    });
    if let Some(other) = elsewhere {
        let message = format!(
            "gateway: {gateway} is among the addresses that pool {:?} hands out; take that pool's gateway or another",
            other.name
        );
        section.error(span, message);
    }
    if ipv4.capacity() == 0 {
        let message = format!(
            "ipv4: {} has no address left beside the gateway {gateway}",
            ipv4.prefix
        );
        section.error(prefix.span, message);
    }
    Some(ipv4)
}

fn name_servers(section: &mut Section<'_>) -> ([Option<Ipv4Addr>; 2], Vec<Ipv6Addr>) {
    /// As many as fit the option of RFC 8106 with room to spare.
    const IPV6_MOST: usize = 8;

    let servers = section.at("dns", list(host_address));
    let Some(At { value, span }) = servers else {
        return ([None; 2], Vec::new());
    };
    let mut ipv4 = Vec::new();
    let mut ipv6 = Vec::new();
    for server in value {
        match server {
            IpAddr::V4(server) => ipv4.push(server),
            IpAddr::V6(server) => ipv6.push(server),
        }
    }
    if ipv4.len() > 2 || ipv6.len() > IPV6_MOST {
        let message = format!("dns: at most 2 IPv4 addresses (RFC 1877) and {IPV6_MOST} IPv6 ones");
        section.error(span, message);
        ipv6.truncate(IPV6_MOST);
    }
    ([ipv4.first().copied(), ipv4.get(1).copied()], ipv6)
}

/// The addresses that users have of their own, each at most once.
#[derive(Default)]
pub(super) struct StaticAddresses {
    owners: HashMap<IpAddr, String>,
}

impl StaticAddresses {
    /// Gives `address` to `user`.
    ///
    /// # Errors
    /// Who has it already.
    pub fn give(&mut self, address: IpAddr, user: &str) -> Result<(), String> {
        match self.owners.insert(address, user.into()) {
            None => Ok(()),
            Some(owner) => Err(format!("{address} belongs to user {owner:?} already")),
        }
    }
}
