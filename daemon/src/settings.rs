//! From the configuration to what the protocols are told.

use std::net::Ipv6Addr;
use std::sync::Arc;

use fogline_ppp::{Access, LcpConfig, NetworkConfig, Role, RouterAdvertisement, Subscriber};

use crate::calls::Terms;
use crate::config::model::{Client, L2tp, Lcp, Listener, Lns, Path, Proxy, Scrambling};

/// PPP's own MRU (RFC 1661 section 6.1), which an IP packet of 1500 bytes needs.
const USUAL_MRU: u16 = 1500;

impl Lns {
    /// What the control connections of `listener` are told.
    pub(crate) fn l2tp_config(&self, listener: &Listener) -> fogline_l2tp::Config {
        let limits = &self.limits;
        fogline_l2tp::Config {
            host_name: self.name.clone(),
            secret: listener
                .tunnel_secret
                .as_ref()
                .map(|secret| fogline_l2tp::Secret::new(secret.as_str())),
            hide_avps: listener.hide_avps,
            sequencing: listener.path.sequencing,
            max_tunnels: limits.tunnels as usize,
            max_half_open: limits.half_open_tunnels as usize,
            max_half_open_per_source: limits.half_open_per_source as usize,
            max_calls_per_tunnel: limits.calls_per_tunnel.into(),
            accept_incoming: true,
            ..l2tp(&self.l2tp)
        }
    }

    /// How the calls of `listener` are treated.
    pub(crate) fn terms(&self, listener: &Listener, show_keys: bool) -> Terms {
        let advertisement = &self.router_advertisement;
        let ppp = fogline_ppp::Config {
            lcp: lcp(&self.lcp, &listener.path, &listener.scrambling),
            role: Role::Access(Access {
                methods: listener.authentication.clone(),
                name: self.name.clone(),
                timing: self.authentication_timing,
            }),
            network: NetworkConfig {
                ipv4: self.pools.iter().any(|pool| pool.ipv4.is_some())
                    || self.users.by_name.values().any(|user| user.ipv4.is_some()),
                ipv6: self.pools.iter().any(|pool| pool.ipv6.is_some())
                    || self.users.by_name.values().any(|user| user.ipv6.is_some()),
                router_advertisement: RouterAdvertisement {
                    interval: advertisement.interval,
                    router_lifetime: advertisement.router_lifetime,
                    valid: advertisement.prefix_valid,
                    preferred: advertisement.prefix_preferred,
                    mtu: None,
                },
                ..network(&self.lcp)
            },
            scrambling: listener.scrambling.negotiator(),
        };
        Terms {
            ppp: Arc::new(ppp),
            path: listener.path,
            accept_proxy: listener.proxy == Proxy::Accept,
            mss_clamp: self.mss_clamp,
            any_source: false,
            trusts_proxy: listener.tunnel_secret.is_some(),
            max_sessions: self.max_sessions as usize,
            calls_per_second: self.limits.calls_per_second,
            show_keys,
        }
    }

    /// Who answers subscribers' IPv6 packets that are too big: the first address of the first pool that has IPv6.
    /// No subscriber gets that address: it is the subnet-router anycast address of the first subscriber's /64
    /// (RFC 4291 section 2.6.1), which belongs to routers.
    pub(crate) fn router_address(&self) -> Option<Ipv6Addr> {
        self.pools
            .iter()
            .find_map(|pool| pool.ipv6)
            .map(|prefix| prefix.network())
    }
}

impl Client {
    /// What the control connection is told.
    pub(crate) fn l2tp_config(&self) -> fogline_l2tp::Config {
        fogline_l2tp::Config {
            host_name: self.name.clone(),
            secret: self
                .tunnel_secret
                .as_ref()
                .map(|secret| fogline_l2tp::Secret::new(secret.as_str())),
            hide_avps: self.hide_avps,
            sequencing: self.path.sequencing,
            accept_incoming: false,
            ..l2tp(&self.l2tp)
        }
    }

    /// How the call is treated.
    pub(crate) fn terms(&self, show_keys: bool) -> Terms {
        let ppp = fogline_ppp::Config {
            lcp: lcp(&self.lcp, &self.path, &self.scrambling),
            role: Role::Subscriber(Subscriber {
                name: self.user.clone(),
                password: fogline_ppp::Secret::new(self.password.as_str().to_owned()),
                accept: self.authentication.clone(),
                ipv4: self.ipv4,
                ipv6: self.ipv6,
                request_dns: true,
                timing: self.authentication_timing,
            }),
            network: NetworkConfig {
                ipv4: self.ipv4,
                ipv6: self.ipv6,
                ..network(&self.lcp)
            },
            scrambling: self.scrambling.negotiator(),
        };
        Terms {
            ppp: Arc::new(ppp),
            path: self.path,
            accept_proxy: false,
            mss_clamp: self.mss_clamp,
            any_source: true,
            trusts_proxy: false,
            max_sessions: 1,
            calls_per_second: u32::MAX,
            show_keys,
        }
    }
}

fn l2tp(timers: &L2tp) -> fogline_l2tp::Config {
    fogline_l2tp::Config {
        vendor_name: concat!("Fogline ", env!("CARGO_PKG_VERSION")).into(),
        receive_window: timers.receive_window,
        restart: timers.restart,
        restart_cap: timers.restart_cap,
        retries: timers.retries,
        hello_interval: timers.hello_interval,
        setup_timeout: timers.setup_timeout,
        linger: timers.linger,
        follow_peer_port: timers.follow_peer_port,
        ..fogline_l2tp::Config::default()
    }
}

/// The MRU to ask for is the usual one and what scrambling adds, so that a packet of 1500 bytes goes through whole, where
/// the path has room for that.
fn lcp(lcp: &Lcp, path: &Path, scrambling: &Scrambling) -> LcpConfig {
    let best = path.max_mru();
    let wanted = USUAL_MRU + Path::overhead(scrambling.negotiator().terms.want);
    LcpConfig {
        mru: lcp.mru.unwrap_or(wanted).min(best),
        max_peer_mru: best,
        restart: lcp.restart,
        max_configure: lcp.max_configure,
        max_terminate: lcp.max_terminate,
        max_failure: lcp.max_failure,
        echo_interval: lcp.echo_interval,
        echo_failures: lcp.echo_failures,
        identification: lcp
            .identification
            .then(|| concat!("Fogline ", env!("CARGO_PKG_VERSION")).into()),
        ..LcpConfig::default()
    }
}

fn network(lcp: &Lcp) -> NetworkConfig {
    NetworkConfig {
        restart: lcp.restart,
        max_configure: lcp.max_configure,
        max_terminate: lcp.max_terminate,
        max_failure: lcp.max_failure,
        ..NetworkConfig::default()
    }
}
