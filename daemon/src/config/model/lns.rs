//! `[lns]`: an access server.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use fogline_auth::{Method, Timing};
use ipnet::{Ipv4Net, Ipv6Net};

use super::{Hidden, L2tp, Lcp, Path, Scrambling, User};

/// An L2TP access server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lns {
    /// The host name in L2TP, and the name that challenges carry.
    pub name: String,
    /// The TUN interface of all subscribers.
    pub tun: String,
    /// The MTU of that interface, in bytes.
    pub mtu: u16,
    /// Sessions at the same time, at least 1.
    pub max_sessions: u32,
    /// Whether the MSS of TCP connections is lowered to what fits.
    pub mss_clamp: bool,
    /// `[[lns.listen]]`, at least one; no two with the same address.
    pub listeners: Vec<Listener>,
    /// `[[lns.pool]]`, names differ, prefixes do not overlap.
    pub pools: Vec<Pool>,
    /// `[lns.users]`.
    pub users: Users,
    /// `[lns.limits]`.
    pub limits: Limits,
    /// `[lns.lcp]`.
    pub lcp: Lcp,
    /// `[lns.authentication-timing]`.
    pub authentication_timing: Timing,
    /// `[lns.l2tp]`.
    pub l2tp: L2tp,
    /// `[lns.router-advertisement]`.
    pub router_advertisement: RouterAdvertisement,
}

impl Lns {
    /// The pool of that name, or the first for `None`.
    pub fn pool(&self, name: Option<&str>) -> Option<&Pool> {
        self.pools
            .iter()
            .find(|pool| name.is_none_or(|name| pool.name == name))
    }
}

/// `[[lns.listen]]`: a UDP socket, and how those that call there are treated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The address and port.
    pub address: SocketAddr,
    /// `tunnel-secret` or `tunnel-secret-file`: shared with the peers; with one, a peer must prove it (RFC 2661
    /// section 5.1.1).
    pub tunnel_secret: Option<Hidden>,
    /// Whether AVPs that may be hidden are (RFC 2661 section 4.3); only with a tunnel secret.
    pub hide_avps: bool,
    /// What becomes of proxy LCP and authentication (RFC 2661 section 4.4.5).
    pub proxy: Proxy,
    /// `path-mtu`, `sequencing`, `ff03`.
    pub path: Path,
    /// The methods to ask for, best first; nobody is asked where empty.
    pub authentication: Vec<Method>,
    /// `[lns.listen.scrambling]`.
    pub scrambling: Scrambling,
}

/// What to do with the LCP and authentication that a LAC has already done with the subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// Take it over where it can be.
    Accept,
    /// Negotiate again.
    Restart,
}

/// `[[lns.pool]]`: addresses for subscribers. Has IPv4, IPv6 or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// What users refer to.
    pub name: String,
    /// The prefix that IPv4 addresses are from.
    pub ipv4: Option<PoolIpv4>,
    /// The prefix of which each subscriber gets a /64; its length is at most 64.
    pub ipv6: Option<Ipv6Net>,
    /// IPv4 addresses of `dns`; IPCP can tell two (RFC 1877).
    pub dns_ipv4: [Option<Ipv4Addr>; 2],
    /// IPv6 addresses of `dns` (RFC 8106).
    pub dns_ipv6: Vec<Ipv6Addr>,
}

/// The IPv4 side of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolIpv4 {
    /// The prefix.
    pub prefix: Ipv4Net,
    /// Our address, the peer address of every subscriber; the prefix's first host if not given. Never handed out.
    pub gateway: Ipv4Addr,
}

impl PoolIpv4 {
    /// The addresses to hand out: every host of the prefix but the gateway.
    pub fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> + use<> {
        let gateway = self.gateway;
        self.prefix.hosts().filter(move |&host| host != gateway)
    }

    /// How many [`addresses`](Self::addresses) there are.
    pub fn capacity(&self) -> u64 {
        let hosts = match self.prefix.prefix_len() {
            32 => 1,
            31 => 2,
            length => (1 << (32 - length)) - 2,
        };
        hosts - u64::from(self.hands_out_unless_ours(self.gateway))
    }

    fn hands_out_unless_ours(&self, address: Ipv4Addr) -> bool {
        let edge = address == self.prefix.network() || address == self.prefix.broadcast();
        self.prefix.contains(&address) && (self.prefix.prefix_len() >= 31 || !edge)
    }
}

/// `[lns.users]`: who may call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Users {
    /// The file they are from.
    pub file: Option<PathBuf>,
    /// By name.
    pub by_name: BTreeMap<String, User>,
}

/// `[lns.limits]`: what keeps callers from using up the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Tunnels of one listener.
    pub tunnels: u32,
    /// Tunnels of one listener that are not yet up.
    pub half_open_tunnels: u32,
    /// Those of them from one IPv4 address or IPv6 /64.
    pub half_open_per_source: u32,
    /// Calls in one tunnel, at most 65535.
    pub calls_per_tunnel: u16,
    /// New calls accepted each second; further ones are refused as "try again later".
    pub calls_per_second: u32,
    /// From a call's arrival to the first address, before it is hung up.
    pub call_setup: Duration,
    /// Sessions of a user at the same time, where the user has no number of its own.
    pub sessions_per_user: u32,
}

/// `[lns.router-advertisement]`: what subscribers are told over IPv6 (RFC 4861 section 6.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterAdvertisement {
    /// Between unsolicited advertisements.
    pub interval: Duration,
    /// How long we are a default router after one, at most 9000 s.
    pub router_lifetime: Duration,
    /// How long the prefix is valid after one.
    pub prefix_valid: Duration,
    /// How long addresses of the prefix are preferred after one, not longer than valid.
    pub prefix_preferred: Duration,
}
