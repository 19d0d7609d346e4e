//! One L2TP tunnel: a control connection (RFC 2661 section 5).

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// Where a tunnel is; the states of RFC 2661 section 7.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TunnelState {
    /// The dialing end waits for SCCRP.
    WaitCtlReply,
    /// The answering end waits for SCCCN.
    WaitCtlConn,
    /// It is up.
    Established,
    /// StopCCN was sent or received; what is left is to acknowledge late copies.
    Stopping,
}

impl fmt::Display for TunnelState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::WaitCtlReply => "wait-ctl-reply",
            Self::WaitCtlConn => "wait-ctl-conn",
            Self::Established => "established",
            Self::Stopping => "stopping",
        })
    }
}

/// One tunnel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tunnel {
    /// Tunnel ID that this end assigned.
    pub id: u16,
    /// Tunnel ID that the peer assigned; 0 as long as it did not.
    pub peer_id: u16,
    /// This end's address.
    pub local: SocketAddr,
    /// Where the peer's packets come from.
    pub peer: SocketAddr,
    /// The peer's Host Name AVP.
    pub host_name: String,
    /// Where it is.
    pub state: TunnelState,
    /// Calls in it.
    pub calls: u32,
    /// When it was opened.
    pub since: Timestamp,
    /// Control messages sent again.
    pub retransmissions: u64,
    /// Control messages that may be under way unacknowledged: the peer's receive window, or less
    /// while slow start lasts.
    pub window: u16,
}
