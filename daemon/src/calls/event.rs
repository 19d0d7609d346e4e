//! What the owner of calls has to do or to know.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use fogline_auth::Credentials;
use fogline_l2tp::CallId;
use fogline_ppp::{Phase, Warning};
use scramble::agreement::{End, EpochKeys};
use scramble::negotiator::{Alarm, Reason};
use scramble::option::Agreement;

use super::session::{Session, SessionKey};

/// What happened, in order.
pub enum CallEvent<R> {
    /// A control connection is up.
    TunnelUp {
        /// The listener.
        listener: usize,
        /// Who is at the other end.
        peer: SocketAddr,
        /// What it calls itself.
        host_name: String,
        /// Our id of it.
        id: u16,
    },
    /// A control connection is gone, and its calls with it.
    TunnelDown {
        /// The listener.
        listener: usize,
        /// Our id of it.
        id: u16,
        /// Why.
        reason: String,
    },
    /// A call was not taken.
    CallRefused {
        /// Why.
        reason: &'static str,
    },
    /// A call that this end made never came up.
    CallFailed {
        /// The listener.
        listener: usize,
        /// The call.
        call: CallId,
        /// Why.
        reason: String,
    },
    /// A call is up, PPP starts.
    CallUp(SessionKey),
    /// The link is in another phase (RFC 1661 section 3.2) than it was.
    Phase {
        /// The session.
        key: SessionKey,
        /// The phase.
        phase: Phase,
    },
    /// Find out whether the peer is who it says, and answer by
    /// [`authenticated`](super::Calls::authenticated).
    Authenticate {
        /// The session.
        key: SessionKey,
        /// What the peer presented; `None` where nobody is asked who it is.
        credentials: Option<Box<Credentials>>,
    },
    /// IPCP is up.
    Ipv4Up {
        /// The session.
        key: SessionKey,
        /// This end's address.
        local: Ipv4Addr,
        /// The peer's.
        peer: Ipv4Addr,
        /// Name servers that the peer named.
        dns: [Option<Ipv4Addr>; 2],
    },
    /// IPCP is down again.
    Ipv4Down(SessionKey),
    /// IPV6CP is up.
    Ipv6Up {
        /// The session.
        key: SessionKey,
        /// This end's interface identifier.
        local: [u8; 8],
        /// The peer's.
        peer: [u8; 8],
    },
    /// IPV6CP is down again.
    Ipv6Down(SessionKey),
    /// A router advertised a prefix.
    Ipv6Prefix {
        /// The session.
        key: SessionKey,
        /// The prefix.
        prefix: Ipv6Addr,
        /// Its length in bits.
        length: u8,
        /// How long it is valid.
        valid: Duration,
        /// Name servers that the router named.
        dns: Vec<Ipv6Addr>,
        /// Whether the peer is a default router.
        is_router: bool,
    },
    /// The peer has proved its keys.
    Scrambled {
        /// The session.
        key: SessionKey,
        /// What is done in each direction.
        agreement: Agreement,
    },
    /// A rekey is complete.
    Rekeyed {
        /// The session.
        key: SessionKey,
        /// The new epoch.
        epoch: u32,
    },
    /// Data flows in clear.
    Clear {
        /// The session.
        key: SessionKey,
        /// Why.
        reason: Reason,
    },
    /// The operator ought to know.
    Alarm {
        /// The session.
        key: SessionKey,
        /// What.
        alarm: Alarm,
    },
    /// Something is not as configured, and the session goes on.
    Warning {
        /// The session.
        key: SessionKey,
        /// What.
        warning: Warning,
    },
    /// Keys came or went, where they are shown.
    Keys(Box<KeyRecord>),
    /// The session is over.
    Down {
        /// All that is known of it.
        session: Box<Session<R>>,
        /// What ended it, in a word, for counters.
        cause: &'static str,
        /// Why.
        reason: String,
    },
}

/// Keys that came or went, for a key log.
#[derive(Debug)]
pub enum KeyRecord {
    /// Keys of an epoch were installed.
    Installed {
        /// The session.
        key: SessionKey,
        /// Whose it is, if that is known.
        user: Option<Box<str>>,
        /// The listener whose socket it uses.
        listener: usize,
        /// The L2TP peer.
        peer: SocketAddr,
        /// Tunnel and session id that this end gave.
        local_ids: (u16, u16),
        /// Tunnel and session id that the peer gave.
        peer_ids: (u16, u16),
        /// Which end this is.
        own: End,
        /// What is done in each direction.
        agreement: Agreement,
        /// The keys.
        keys: EpochKeys,
    },
    /// All keys of a session are gone.
    Erased(SessionKey),
}
