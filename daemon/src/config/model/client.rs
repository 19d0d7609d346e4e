//! `[client]`: a subscriber.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use fogline_auth::{Method, Timing};

use super::{Hidden, L2tp, Lcp, Path, Scrambling};

/// A subscriber that dials an access server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Whom to dial.
    pub server: Server,
    /// The address and port to dial from; port 0 for any.
    pub local: Option<SocketAddr>,
    /// The host name in L2TP.
    pub name: String,
    /// `tunnel-secret` or `tunnel-secret-file`: shared with the server.
    pub tunnel_secret: Option<Hidden>,
    /// Whether AVPs that may be hidden are (RFC 2661 section 4.3); only with a tunnel secret.
    pub hide_avps: bool,
    /// The user's name.
    pub user: String,
    /// `password` or `password-file`.
    pub password: Hidden,
    /// The methods that the server may ask for; at least one.
    pub authentication: Vec<Method>,
    /// The TUN interface.
    pub tun: String,
    /// Whether to ask for an IPv4 address. One of this and `ipv6` is on.
    pub ipv4: bool,
    /// Whether to ask for an IPv6 prefix.
    pub ipv6: bool,
    /// `default-route` and `metric`: the default routes to set; `None` for none.
    pub default_route: Option<DefaultRoute>,
    /// What becomes of the name servers that the server names.
    pub dns: Dns,
    /// Whether the MSS of TCP connections is lowered to what fits.
    pub mss_clamp: bool,
    /// `path-mtu`, `sequencing`, `ff03`.
    pub path: Path,
    /// `[client.redial]`.
    pub redial: Redial,
    /// `[client.hooks]`.
    pub hooks: Hooks,
    /// `[client.scrambling]`.
    pub scrambling: Scrambling,
    /// `[client.lcp]`.
    pub lcp: Lcp,
    /// `[client.authentication-timing]`.
    pub authentication_timing: Timing,
    /// `[client.l2tp]`.
    pub l2tp: L2tp,
}

/// A server by name or address, and its UDP port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// A name, or an address without brackets.
    pub host: String,
    /// The port, 1701 unless given.
    pub port: u16,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// The default routes, over the TUN interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultRoute {
    /// Their metric; `None` for the kernel's.
    pub metric: Option<u32>,
}

/// What becomes of the name servers that the server names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dns {
    /// Nothing.
    Ignore,
    /// They go to `/etc/resolv.conf`, which is put back afterwards.
    ResolvConf,
    /// They go to a file of that form.
    File(PathBuf),
}

/// How long to wait before dialling again: doubles from `min` to `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redial {
    /// After the first failure.
    pub min: Duration,
    /// At most; not less than `min`.
    pub max: Duration,
}

/// Programs to run, with pppd's environment (pppd(8), "SCRIPTS").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hooks {
    /// IPv4 is up.
    pub ip_up: Option<PathBuf>,
    /// IPv4 is down.
    pub ip_down: Option<PathBuf>,
    /// IPv6 is up.
    pub ipv6_up: Option<PathBuf>,
    /// IPv6 is down.
    pub ipv6_down: Option<PathBuf>,
}
