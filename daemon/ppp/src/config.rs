//! What the owner of an end configures.

use core::fmt;
use core::time::Duration;

use fogline_auth::{Method, Timing};
use scramble::negotiator;
use zeroize::Zeroizing;

use crate::control::Rules;

/// Everything that a link is told in advance; one serves many links.
#[derive(Clone, Debug)]
pub struct Config {
    /// The link itself.
    pub lcp: LcpConfig,
    /// Which end this is.
    pub role: Role,
    /// IPv4 and IPv6.
    pub network: NetworkConfig,
    /// PHS, unless authentication gives other terms.
    pub scrambling: negotiator::Config,
}

/// Which end of the link this is.
#[derive(Clone, Debug)]
pub enum Role {
    /// The end that gives access (LNS): asks who calls, and assigns addresses.
    Access(Access),
    /// The end that calls.
    Subscriber(Subscriber),
}

/// What an access server does about callers.
#[derive(Clone, Debug)]
pub struct Access {
    /// Authentication methods in order of preference. With none, nobody is asked.
    pub methods: Vec<Method>,
    /// This end's name in CHAP.
    pub name: String,
    /// Timers of authentication.
    pub timing: Timing,
}

/// What a subscriber is.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// The user's name.
    pub name: String,
    /// The user's password.
    pub password: Secret,
    /// Authentication methods to agree to, in order of preference.
    pub accept: Vec<Method>,
    /// Ask for IPv4.
    pub ipv4: bool,
    /// Ask for IPv6.
    pub ipv6: bool,
    /// Ask for name servers in IPCP.
    pub request_dns: bool,
    /// Timers of authentication.
    pub timing: Timing,
}

/// A password: erased when dropped, and nothing under `Debug`.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a password as it stands.
    pub fn new(password: String) -> Self {
        Self(password.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// LCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LcpConfig {
    /// The Maximum-Receive-Unit to ask for. 1500 is the default of PPP, and is not asked for; a larger one (RFC 4638)
    /// is given up for it where the peer refuses.
    pub mru: u16,
    /// The longest information field to send, whatever the peer takes.
    pub max_peer_mru: u16,
    /// The least MRU to accept from the peer.
    pub min_mru: u16,
    /// Use the Magic-Number, which finds looped links.
    pub magic: bool,
    /// Let the peer ask for Protocol-Field-Compression. This end never uses it.
    pub accept_pfc: bool,
    /// Let the peer ask for Address-and-Control-Field-Compression. Whether to use it is the host's.
    pub accept_acfc: bool,
    /// The Restart timer.
    pub restart: Duration,
    /// Max-Configure: Configure-Requests without an answer.
    pub max_configure: u32,
    /// Max-Terminate: Terminate-Requests without an answer.
    pub max_terminate: u32,
    /// Max-Failure: Configure-Naks before options are rejected instead.
    pub max_failure: u32,
    /// Send Echo-Requests that often.
    pub echo_interval: Option<Duration>,
    /// Echo-Requests in a row without an answer after which the link is over.
    pub echo_failures: u32,
    /// What to say in an Identification (RFC 1570) once LCP is Opened.
    pub identification: Option<String>,
    /// Let the peer begin (RFC 1661's passive option), for as long as it had time to answer otherwise.
    pub silent_start: bool,
}

impl Default for LcpConfig {
    fn default() -> Self {
        Self {
            mru: DEFAULT_MRU,
            max_peer_mru: DEFAULT_MRU,
            min_mru: 128,
            magic: true,
            accept_pfc: true,
            accept_acfc: true,
            restart: Duration::from_secs(3),
            max_configure: 10,
            max_terminate: 2,
            max_failure: 5,
            echo_interval: Some(Duration::from_secs(30)),
            echo_failures: 4,
            identification: None,
            silent_start: false,
        }
    }
}

/// The MRU of a link whose LCP says nothing about it (RFC 1661 section 6.1).
pub(crate) const DEFAULT_MRU: u16 = 1500;

impl LcpConfig {
    pub(crate) fn rules(&self) -> Rules {
        Rules {
            restart: self.restart,
            max_configure: self.max_configure,
            max_terminate: self.max_terminate,
            max_failure: self.max_failure,
        }
    }
}

/// IPCP, IPV6CP and router advertisements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkConfig {
    /// Whether there is IPv4 at all.
    pub ipv4: bool,
    /// Whether there is IPv6 at all.
    pub ipv6: bool,
    /// The Restart timer.
    pub restart: Duration,
    /// Max-Configure.
    pub max_configure: u32,
    /// Max-Terminate.
    pub max_terminate: u32,
    /// Max-Failure.
    pub max_failure: u32,
    /// What an access server advertises.
    pub router_advertisement: RouterAdvertisement,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            ipv4: true,
            ipv6: true,
            restart: Duration::from_secs(3),
            max_configure: 10,
            max_terminate: 2,
            max_failure: 5,
            router_advertisement: RouterAdvertisement::default(),
        }
    }
}

impl NetworkConfig {
    pub(crate) fn rules(&self) -> Rules {
        Rules {
            restart: self.restart,
            max_configure: self.max_configure,
            max_terminate: self.max_terminate,
            max_failure: self.max_failure,
        }
    }
}

/// Router Advertisements (RFC 4861 section 6.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterAdvertisement {
    /// The longest time between two, once the first three are sent.
    pub interval: Duration,
    /// How long the subscriber may use us as its default router; at most 65,535 s.
    pub router_lifetime: Duration,
    /// How long its addresses are valid.
    pub valid: Duration,
    /// How long its addresses are preferred.
    pub preferred: Duration,
    /// The MTU option.
    pub mtu: Option<u32>,
}

impl Default for RouterAdvertisement {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(600),
            router_lifetime: Duration::from_secs(1800),
            valid: Duration::from_secs(86_400),
            preferred: Duration::from_secs(14_400),
            mtu: None,
        }
    }
}
