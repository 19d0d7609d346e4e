//! One direction of a session by what its frames have in common.

use std::net::SocketAddr;

use scramble::encap::Flow;
use scramble::wire::ethernet::MAX_TAGS;
use serde::{Deserialize, Serialize};

/// One direction of a session on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "encap", rename_all = "lowercase")]
pub enum Way {
    /// L2TP over UDP.
    L2tp {
        /// VLAN ids from the outside in.
        vlans: Vec<u16>,
        /// Outer source.
        from: SocketAddr,
        /// Outer destination.
        to: SocketAddr,
        /// Tunnel id.
        tunnel: u16,
        /// Session id.
        session: u16,
    },
    /// PPPoE.
    Pppoe {
        /// VLAN ids from the outside in.
        vlans: Vec<u16>,
        /// Source.
        from: Mac,
        /// Destination.
        to: Mac,
        /// Session id.
        session: u16,
    },
}

impl From<Flow> for Way {
    fn from(flow: Flow) -> Self {
        let list = |vlans: [Option<u16>; MAX_TAGS]| vlans.into_iter().flatten().collect();
        match flow {
            Flow::L2tp {
                vlans,
                source,
                destination,
                tunnel,
                session,
            } => Self::L2tp {
                vlans: list(vlans),
                from: source,
                to: destination,
                tunnel,
                session,
            },
            Flow::Pppoe {
                vlans,
                source,
                destination,
                session,
            } => Self::Pppoe {
                vlans: list(vlans),
                from: Mac(source),
                to: Mac(destination),
                session,
            },
        }
    }
}

impl Way {
    /// The flow; `None` where there are more VLAN tags than a flow has.
    pub fn flow(&self) -> Option<Flow> {
        let array = |list: &[u16]| {
            let mut vlans = [None; MAX_TAGS];
            let used = vlans.get_mut(..list.len())?;
            used.copy_from_slice(&list.iter().copied().map(Some).collect::<Vec<_>>());
            Some(vlans)
        };
        Some(match self {
            Self::L2tp {
                vlans,
                from,
                to,
                tunnel,
                session,
            } => Flow::L2tp {
                vlans: array(vlans)?,
                source: *from,
                destination: *to,
                tunnel: *tunnel,
                session: *session,
            },
            Self::Pppoe {
                vlans,
                from,
                to,
                session,
            } => Flow::Pppoe {
                vlans: array(vlans)?,
                source: from.0,
                destination: to.0,
                session: *session,
            },
        })
    }
}

/// A MAC address, written with colons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mac(pub [u8; 6]);

impl From<Mac> for String {
    fn from(mac: Mac) -> Self {
        mac.0.map(|byte| format!("{byte:02x}")).join(":")
    }
}

impl TryFrom<String> for Mac {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bytes: Option<Vec<u8>> = text
            .split(':')
            .map(|byte| u8::from_str_radix(byte, 16).ok())
            .collect();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(Self)
            .ok_or_else(|| format!("`{text}` is no MAC address"))
    }
}
