//! One subscriber's session.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use ipnet::Ipv6Net;
use serde::{Deserialize, Serialize};

use super::{Scrambling, Tally, Timestamp};

/// Which session: its place in the daemon's table, and how many sessions had that place before.
///
/// Printed as one number, small for the first sessions of each place, and never beyond 2^52, so
/// that any JSON reader keeps it exact. A number that a session had is another session's only
/// after 2^32 calls in the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct SessionId(u64);

impl SessionId {
    /// How many places a table can have.
    pub const PLACES: u32 = 1 << Self::INDEX_BITS;

    const INDEX_BITS: u32 = 20;

    /// The id of the session at `index` in the table, `generation` others having been there
    /// before it; `None` for an index of [`Self::PLACES`] or more.
    pub fn new(index: u32, generation: u32) -> Option<Self> {
        let number = u64::from(generation) << Self::INDEX_BITS | u64::from(index);
        (index < Self::PLACES).then_some(Self(number))
    }

    /// The place in the table.
    pub fn index(self) -> u32 {
        (self.0 % u64::from(Self::PLACES)) as u32
    }

    /// How many sessions had the place before.
    pub fn generation(self) -> u32 {
        (self.0 >> Self::INDEX_BITS) as u32
    }

    /// The number that stands for both.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// Why a number or text is no [`SessionId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a session's number; `fogline sessions` shows them in its first column")]
pub struct BadSessionId;

impl TryFrom<u64> for SessionId {
    type Error = BadSessionId;

    fn try_from(number: u64) -> Result<Self, BadSessionId> {
        let fits = number >> Self::INDEX_BITS <= u64::from(u32::MAX);
        fits.then_some(Self(number)).ok_or(BadSessionId)
    }
}

impl FromStr for SessionId {
    type Err = BadSessionId;

    fn from_str(text: &str) -> Result<Self, BadSessionId> {
        text.parse::<u64>().map_err(|_| BadSessionId)?.try_into()
    }
}

impl From<SessionId> for u64 {
    fn from(id: SessionId) -> Self {
        id.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a session is on its way up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionState {
    /// The call is being set up (L2TP).
    Dialing,
    /// LCP negotiates.
    Lcp,
    /// The subscriber is being authenticated.
    Authenticating,
    /// ECP and the NCPs negotiate.
    Negotiating,
    /// Data flows.
    Up,
    /// It is ending.
    Closing,
}

impl SessionState {
    /// Every state, in the order of a session's life.
    pub const ALL: [Self; 6] = [
        Self::Dialing,
        Self::Lcp,
        Self::Authenticating,
        Self::Negotiating,
        Self::Up,
        Self::Closing,
    ];

    /// The word that JSON, metrics and the command line use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Dialing => "dialing",
            Self::Lcp => "lcp",
            Self::Authenticating => "authenticating",
            Self::Negotiating => "negotiating",
            Self::Up => "up",
            Self::Closing => "closing",
        }
    }
}

impl fmt::Display for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// The numbers of a session's L2TP call (RFC 2661 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct L2tpCall {
    /// Tunnel ID that this end assigned.
    pub tunnel: u16,
    /// Session ID that this end assigned.
    pub session: u16,
    /// Tunnel ID that the peer assigned; 0 as long as it did not.
    pub peer_tunnel: u16,
    /// Session ID that the peer assigned; 0 as long as it did not.
    pub peer_session: u16,
}

/// What IPCP brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ipv4 {
    /// This end's address.
    pub local: Ipv4Addr,
    /// The peer's address.
    pub remote: Ipv4Addr,
}

/// What IPV6CP and router advertisements brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ipv6 {
    /// This end's link-local address, which holds its interface identifier.
    pub local: Ipv6Addr,
    /// The peer's link-local address.
    pub remote: Ipv6Addr,
    /// The subscriber's prefix, once advertised.
    pub prefix: Option<Ipv6Net>,
}

/// Packets, and the bytes in them: IP headers and payloads, without PPP, L2TP or overhead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

/// What a session carried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionCounters {
    /// IP packets sent to the peer.
    pub sent: Volume,
    /// IP packets received from the peer.
    pub received: Volume,
    /// Packets dropped, by reason.
    pub drops: Tally,
    /// PPP control packets that were not as they should be, by what was wrong.
    #[serde(default)]
    pub ppp_faults: Tally,
}

/// One session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// The name authenticated with; empty before that.
    pub user: String,
    /// Where it is.
    pub state: SessionState,
    /// When the call began.
    pub since: Timestamp,
    /// Its L2TP call; none where it is no L2TP session.
    pub l2tp: Option<L2tpCall>,
    /// Where the peer's packets come from.
    pub peer: SocketAddr,
    /// The network interface that its packets go through.
    pub interface: String,
    /// IPv4, once IPCP is up.
    pub ipv4: Option<Ipv4>,
    /// IPv6, once IPV6CP is up.
    pub ipv6: Option<Ipv6>,
    /// Its scrambling.
    pub scrambling: Scrambling,
    /// Bytes of the largest IP packet that fits, scrambling's overhead taken off.
    pub mtu: u16,
    /// Bytes of PPP information that this end asked the peer to send at most (LCP MRU).
    pub mru: u16,
    /// The last LCP echo's round trip, in microseconds.
    pub echo_rtt_us: Option<u64>,
    /// What it carried.
    pub counters: SessionCounters,
    /// Who called, as the peer says (Calling Number AVP).
    pub calling_number: Option<String>,
    /// Who was called, as the peer says (Called Number AVP).
    pub called_number: Option<String>,
    /// What transforms its packets: `software`.
    pub handled_by: String,
}

/// What one session carried so far, and no more: cheap to ask of every session each second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionTraffic {
    /// The session's number.
    pub id: SessionId,
    /// IP packets sent to the peer.
    pub sent: Volume,
    /// IP packets received from the peer.
    pub received: Volume,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_session_of_a_place_has_the_place_as_its_number() {
        assert_eq!(SessionId::new(17, 0).unwrap().to_string(), "17");
        assert_eq!(SessionId::new(17, 1).unwrap().to_string(), "1048593");
        assert_eq!(SessionId::new(SessionId::PLACES, 0), None);
    }

    proptest! {
        #[test]
        fn a_number_stands_for_place_and_generation(index in 0..SessionId::PLACES, generation: u32) {
            let id = SessionId::new(index, generation).unwrap();
            prop_assert_eq!((id.index(), id.generation()), (index, generation));
            prop_assert!(id.number() < 1 << 53);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            prop_assert_eq!(serde_json::to_string(&id).unwrap(), id.to_string());
        }

        #[test]
        fn any_number_is_a_session_or_refused(number: u64) {
            match SessionId::try_from(number) {
                Ok(id) => prop_assert_eq!(SessionId::new(id.index(), id.generation()), Some(id)),
                Err(BadSessionId) => prop_assert!(number >= 1 << 52),
            }
        }
    }
}
