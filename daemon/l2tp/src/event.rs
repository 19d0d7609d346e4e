//! What an endpoint tells its host, and what it is told.

use std::net::SocketAddr;
use std::time::Duration;

use crate::cause::DownReason;
use crate::wire::message::Proxy;

/// A control connection: this end's tunnel id, never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TunnelId(pub u16);

/// A call: its control connection, and this end's session id in it, never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId {
    /// The control connection.
    pub tunnel: TunnelId,
    /// This end's session id.
    pub session: u16,
}

/// A datagram to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub to: SocketAddr,
    /// The UDP payload.
    pub payload: Vec<u8>,
}

/// What happened, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A control connection is up.
    TunnelUp(TunnelId),
    /// A control connection follows its peer to another port: data goes there, and comes from there.
    TunnelMoved {
        /// The control connection.
        tunnel: TunnelId,
        /// Where its peer is now.
        peer: SocketAddr,
    },
    /// A control connection is gone. Each of its calls had its [`Event::CallDown`] before. One that a peer started and
    /// that never came up is reported only where somebody said why; it was not announced then.
    TunnelDown {
        /// The control connection; [`Endpoint::tunnel`](crate::Endpoint::tunnel) still knows it for a while, unless the
        /// peer was silent.
        tunnel: TunnelId,
        /// Why.
        reason: DownReason,
    },
    /// A peer wants to make a call: to be answered by [`Endpoint::accept`](crate::Endpoint::accept) or
    /// [`Endpoint::reject`](crate::Endpoint::reject).
    Incoming {
        /// The call.
        call: CallId,
        /// What its peer says of it.
        info: Box<IncomingInfo>,
    },
    /// A call is up: data may flow.
    CallUp {
        /// The call.
        call: CallId,
        /// What its data needs.
        info: Box<Established>,
    },
    /// A call is gone that [`Event::Incoming`] told of, or that [`Endpoint::call`](crate::Endpoint::call) made. Those
    /// that the host rejected or hung up are not told of again.
    CallDown {
        /// The call.
        call: CallId,
        /// Why.
        reason: DownReason,
    },
}

/// What ICRQ says of a call. Text is printable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingInfo {
    /// Who sent it.
    pub peer: SocketAddr,
    /// Call Serial Number.
    pub serial: u32,
    /// Bearer Type: bit 0 digital, bit 1 analog.
    pub bearer: Option<u32>,
    /// Called Number, or nothing.
    pub called_number: String,
    /// Calling Number, or nothing.
    pub calling_number: String,
    /// Sub-Address, or nothing.
    pub sub_address: String,
}

/// What is known of a call that came up, and what its data messages need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Established {
    /// Where its data goes, and comes from.
    pub peer: SocketAddr,
    /// The peer's tunnel id, for the headers of data messages.
    pub peer_tunnel: u16,
    /// The peer's session id, for the headers of data messages.
    pub peer_session: u16,
    /// Whether data messages have to be numbered: either end asked for it.
    pub sequencing: bool,
    /// Whether this end made the call. It is the LAC then, and the peer says when data messages are numbered where that
    /// is not required (section 5.4).
    pub is_dialled: bool,
    /// (Tx) Connect Speed, bits per second.
    pub tx_speed: u32,
    /// Rx Connect Speed, bits per second.
    pub rx_speed: u32,
    /// Framing Type: bit 0 synchronous, bit 1 asynchronous.
    pub framing: u32,
    /// Called Number, or nothing.
    pub called_number: String,
    /// Calling Number, or nothing.
    pub calling_number: String,
    /// What a LAC negotiated already.
    pub proxy: Option<Box<Proxy>>,
}

/// A call to make, as a LAC does for a subscriber (ICRQ, ICCN).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRequest {
    /// Called Number; empty for none.
    pub called_number: String,
    /// Calling Number; empty for none.
    pub calling_number: String,
    /// Sub-Address; empty for none.
    pub sub_address: String,
    /// (Tx) Connect Speed, bits per second.
    pub tx_speed: u32,
    /// Bearer Type: bit 0 digital, bit 1 analog; 0 where there is no such thing.
    pub bearer: u32,
    /// Framing Type: bit 0 synchronous, bit 1 asynchronous.
    pub framing: u32,
}

impl Default for CallRequest {
    /// No numbers, 1 Gbit/s, synchronous framing.
    fn default() -> Self {
        Self {
            called_number: String::new(),
            calling_number: String::new(),
            sub_address: String::new(),
            tx_speed: 1_000_000_000,
            bearer: 0,
            framing: 1,
        }
    }
}

/// Where a control connection is (section 7.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TunnelState {
    /// SCCRQ was sent.
    WaitCtlReply,
    /// SCCRP was sent.
    WaitCtlConn,
    /// It is up.
    Established,
    /// StopCCN was sent or received; late copies are still acknowledged.
    Stopping,
}

/// What is known of a control connection. Text is printable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TunnelInfo {
    /// This end's id.
    pub id: TunnelId,
    /// The peer's id; 0 as long as it is not known.
    pub peer_id: u16,
    /// Where its peer is.
    pub peer: SocketAddr,
    /// The peer's Host Name; empty as long as it is not known.
    pub host_name: String,
    /// The peer's Vendor Name, or nothing.
    pub vendor_name: String,
    /// Where it is.
    pub state: TunnelState,
    /// Whether this end started it.
    pub is_dialled: bool,
    /// Calls in it, in any state.
    pub calls: usize,
    /// When it was started.
    pub since: Duration,
    /// Control messages sent again.
    pub retransmissions: u64,
    /// Control messages that may be under way now.
    pub window: u16,
}

/// Where a call is (sections 7.4.1 and 7.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallState {
    /// The control connection is not up yet.
    WaitTunnel,
    /// ICRQ was sent.
    WaitReply,
    /// ICRQ was received, the host decides.
    Offered,
    /// ICRP was sent.
    WaitConnect,
    /// It is up.
    Established,
}

/// What is kept of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallInfo {
    /// Where it is.
    pub state: CallState,
    /// The peer's session id; 0 as long as it is not known.
    pub peer_session: u16,
    /// When it was started.
    pub since: Duration,
    /// Whether data messages have to be numbered.
    pub sequencing: bool,
}

/// Why a control connection or a call cannot be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// As many control connections as are allowed are there.
    #[error("too many control connections; allow more, or end some")]
    TooManyTunnels,
    /// The control connection is gone.
    #[error("the control connection is gone; dial again")]
    NoTunnel,
    /// As many calls as are allowed are in the control connection.
    #[error("too many calls in this control connection; allow more, or dial another one")]
    TooManyCalls,
}
