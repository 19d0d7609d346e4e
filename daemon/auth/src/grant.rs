//! What a caller that is let in gets.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

/// What a back end grants one caller. `S` is its part of scrambling's configuration, which this crate does not look
/// into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant<S> {
    /// Who it is, for status and logs: the name it gave, or another that the back end knows it by.
    pub user: String,
    /// Shown to the caller.
    pub message: String,
    /// See [`Verdict::Accept`](crate::Verdict::Accept).
    pub mschapv2_response: Option<[u8; 20]>,
    /// The pool that addresses come from (RADIUS's Framed-Pool, RFC 2869 section 5.18); `None` for the first.
    pub pool: Option<String>,
    /// Calls at the same time (RADIUS's Port-Limit, RFC 2865 section 5.42); `None` for the server's limit.
    pub sessions: Option<u32>,
    /// Its own address; `None` for one of the pool.
    pub ipv4: Option<Ipv4Addr>,
    /// Its own prefix; `None` for one of the pool.
    pub ipv6: Option<Prefix64>,
    /// Its own DNS servers, in order; empty for the listener's.
    pub dns: Vec<IpAddr>,
    /// The call ends after so long without data.
    pub idle_timeout: Option<Duration>,
    /// The call ends after so long.
    pub session_timeout: Option<Duration>,
    /// Instead of the listener's.
    pub scrambling: Option<S>,
}

impl<S> Grant<S> {
    /// Lets `user` in with everything as the listener has it.
    pub fn new(user: String) -> Self {
        Self {
            user,
            message: String::new(),
            mschapv2_response: None,
            pool: None,
            sessions: None,
            ipv4: None,
            ipv6: None,
            dns: Vec::new(),
            idle_timeout: None,
            session_timeout: None,
            scrambling: None,
        }
    }
}

/// An IPv6 prefix of 64 bits, as one subscriber's link has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Prefix64(Ipv6Addr);

impl Prefix64 {
    /// The prefix `network`/64; `None` if the address says more than the prefix.
    pub const fn new(network: Ipv6Addr) -> Option<Self> {
        if network.to_bits() as u64 == 0 {
            Some(Self(network))
        } else {
            None
        }
    }

    /// Its first address, which ends in 64 zeros.
    pub const fn network(self) -> Ipv6Addr {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_in_zeros() {
        let network: Ipv6Addr = "2001:db8:1:2::".parse().unwrap();
        assert_eq!(Prefix64::new(network).map(Prefix64::network), Some(network));
        let address: Ipv6Addr = "2001:db8:1:2::1".parse().unwrap();
        assert_eq!(Prefix64::new(address), None);
    }
}
