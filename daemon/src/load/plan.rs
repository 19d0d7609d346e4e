//! What a load is made of.

use std::net::{SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use fogline_auth::{Method, Timing};
use fogline_ppp::{LcpConfig, NetworkConfig, Role, Subscriber};
use scramble::negotiator;
use zeroize::Zeroizing;

use crate::calls::Terms;
use crate::config::Hidden;
use crate::config::model::Path;

/// What to do, and to whom.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The access server.
    pub server: SocketAddr,
    /// UDP sockets to call from, at least 1; tunnels take them in turn.
    pub sockets: usize,
    /// Control connections, at least 1; lines take them in turn.
    pub tunnels: usize,
    /// Lines, each of which has one call at a time.
    pub sessions: usize,
    /// Calls to start, and at the end to hang up, each second.
    pub rate: Rate,
    /// How long to keep them, from when the last one came up or failed; `None` until told to stop.
    pub duration: Option<Duration>,
    /// Calls to hang up, and to make again, each second.
    pub churn: Option<Rate>,
    /// What to send inside.
    pub traffic: Option<Traffic>,
    /// From a call's start to its address; what takes longer has failed.
    pub setup_timeout: Duration,
    /// Who calls.
    pub users: Users,
    /// What the server may ask for, best first; may be empty where it asks nobody.
    pub methods: Vec<Method>,
    /// How to scramble.
    pub scrambling: negotiator::Config,
    /// Ask for IPv6 beside IPv4.
    pub ipv6: bool,
    /// Between LCP Echo-Requests on each line; `None` for none.
    pub echo_interval: Option<Duration>,
    /// The way to the server.
    pub path: Path,
    /// Shared with the server (RFC 2661 section 5.1.1).
    pub tunnel_secret: Option<Hidden>,
}

/// So many a second; more than none, and fewer than a million.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate(f64);

impl Rate {
    const MOST: f64 = 1e6;

    /// `per_second` a second; `None` where that is nothing, or too much.
    pub fn new(per_second: f64) -> Option<Self> {
        (per_second > 1e-3 && per_second <= Self::MOST).then_some(Self(per_second))
    }

    /// How many a second.
    pub const fn per_second(self) -> f64 {
        self.0
    }

    /// The time from one to the next.
    pub fn interval(self) -> Duration {
        Duration::from_secs_f64(1.0 / self.0)
    }
}

/// Small UDP packets inside every call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Traffic {
    /// Packets of each line.
    pub per_session: Rate,
    /// Their length, IP header included, in bytes: [`LEAST_SIZE`](super::LEAST_SIZE) or more.
    pub size: u16,
    /// Where they go; `None` for the next line's address: up one call, through the server, and down another.
    pub to: Option<SocketAddrV4>,
}

/// Names and passwords of the lines: `%d` stands for the line's number.
#[derive(Clone, Debug)]
pub struct Users {
    /// The user's name.
    pub name: String,
    /// The user's password.
    pub password: Hidden,
    /// The number of the first line.
    pub first: u64,
}

impl Users {
    /// The name of a line.
    pub fn name(&self, line: usize) -> String {
        self.name.replace("%d", &self.number(line))
    }

    fn password(&self, line: usize) -> String {
        self.password.as_str().replace("%d", &self.number(line))
    }

    fn number(&self, line: usize) -> String {
        self.first.saturating_add(line as u64).to_string()
    }
}

/// PPP's own MRU (RFC 1661 section 6.1).
const USUAL_MRU: u16 = 1500;

impl Plan {
    /// What the control connections are told.
    pub(super) fn l2tp_config(&self) -> fogline_l2tp::Config {
        let secret = self.tunnel_secret.as_ref();
        fogline_l2tp::Config {
            host_name: "fogline-load".into(),
            vendor_name: concat!("Fogline ", env!("CARGO_PKG_VERSION")).into(),
            secret: secret.map(|secret| fogline_l2tp::Secret::new(secret.as_str())),
            sequencing: self.path.sequencing,
            receive_window: 128,
            setup_timeout: self.setup_timeout,
            max_tunnels: self.tunnels,
            max_calls_per_tunnel: usize::from(u16::MAX),
            accept_incoming: false,
            ..fogline_l2tp::Config::default()
        }
    }

    /// How the calls of every socket are treated.
    pub(super) fn terms(&self) -> Terms {
        Terms {
            ppp: self.ppp_config(0),
            path: self.path,
            accept_proxy: false,
            mss_clamp: false,
            any_source: true,
            trusts_proxy: false,
            max_sessions: usize::MAX,
            calls_per_second: u32::MAX,
            show_keys: false,
        }
    }

    /// What the link of a line starts with.
    pub(super) fn ppp_config(&self, line: usize) -> Arc<fogline_ppp::Config> {
        let best = self.path.max_mru();
        let wanted = USUAL_MRU + Path::overhead(self.scrambling.terms.want);
        Arc::new(fogline_ppp::Config {
            lcp: LcpConfig {
                mru: wanted.min(best),
                max_peer_mru: best,
                echo_interval: self.echo_interval,
                ..LcpConfig::default()
            },
            role: Role::Subscriber(Subscriber {
                name: self.users.name(line),
                password: fogline_ppp::Secret::new(self.users.password(line)),
                accept: self.methods.clone(),
                ipv4: true,
                ipv6: self.ipv6,
                request_dns: true,
                timing: Timing::default(),
            }),
            network: NetworkConfig {
                ipv6: self.ipv6,
                ..NetworkConfig::default()
            },
            scrambling: self.scrambling.clone(),
        })
    }
}

impl Users {
    /// Every line is `name` with `password`, `%d` being its number, `first` for the first.
    pub fn new(name: String, password: String, first: u64) -> Self {
        Self {
            name,
            password: Hidden::new(Zeroizing::new(password)),
            first,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_user_of_its_own() {
        let users = Users::new("line%d@example.net".into(), "%d-secret-%d".into(), 7);
        assert_eq!(users.name(0), "line7@example.net");
        assert_eq!(users.password(3), "10-secret-10");
    }

    #[test]
    fn a_rate_is_neither_nothing_nor_beyond_reason() {
        let refused = [0.0, -1.0, f64::NAN, f64::INFINITY, 1e7];
        assert!(refused.iter().all(|rate| Rate::new(*rate).is_none()));
        assert_eq!(
            Rate::new(0.5).map(Rate::interval),
            Some(Duration::from_secs(2))
        );
    }
}
