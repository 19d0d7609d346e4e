//! What access server and subscriber have in common: the way between them, and the timers of its protocols.

use std::time::Duration;

use scramble::agreement::Transform;

/// The backhaul to the peers of a listener, or to the client's server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// `path-mtu`: the largest IP packet that the way carries, in bytes; bounds the MRU.
    pub mtu: u16,
    /// `sequencing`: ask for Ns and Nr in data messages (RFC 2661 section 5.4).
    pub sequencing: bool,
    /// `ff03`: the Address and Control fields (RFC 1661 section 2) of PPP in L2TP.
    pub ff03: AddressControl,
    /// Whether L2TP goes over IPv6. Not an option of its own: it follows from the address; true where a name decides.
    pub ipv6: bool,
}

impl Path {
    const UDP: u16 = 8;
    /// Flags and version, Length, Tunnel ID and Session ID (RFC 2661 section 3.1).
    const L2TP: u16 = 8;
    const NS_NR: u16 = 4;
    const PPP_PROTOCOL: u16 = 2;

    /// The largest MRU (RFC 1661 section 6.1) whose packets go through the way in one piece, in bytes; 0 where none does.
    pub const fn max_mru(&self) -> u16 {
        let ip = if self.ipv6 { 40 } else { 20 };
        let ns_nr = if self.sequencing { Self::NS_NR } else { 0 };
        let ff03 = match self.ff03 {
            AddressControl::Never => 0,
            AddressControl::Follow | AddressControl::Always => 2,
        };
        self.mtu
            .saturating_sub(ip + Self::UDP + Self::L2TP + ns_nr + ff03 + Self::PPP_PROTOCOL)
    }

    /// The largest IP packet of a subscriber that goes through the way in one piece under `transform`, in bytes.
    pub const fn max_packet(&self, transform: Transform) -> u16 {
        self.max_mru().saturating_sub(Self::overhead(transform))
    }

    /// What `transform` adds to a packet, in bytes.
    pub const fn overhead(transform: Transform) -> u16 {
        match transform {
            Transform::Decoy => 0,
            Transform::Header => 6,
            Transform::Full => 22,
        }
    }
}

/// The Address and Control fields FF 03 before PPP frames in L2TP data messages. Both are always understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressControl {
    /// Send them if the peer does (and until it has sent anything).
    Follow,
    /// Always send them.
    Always,
    /// Never send them.
    Never,
}

/// `[lns.lcp]` and `[client.lcp]`: the Link Control Protocol, and the timers of the NCPs (RFC 1661 section 4.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lcp {
    /// The MRU to ask for, in bytes; `None` for the best that [`Path::max_mru`] allows.
    pub mru: Option<u16>,
    /// The Restart timer.
    pub restart: Duration,
    /// Max-Configure: Configure-Requests without an answer before giving up.
    pub max_configure: u32,
    /// Max-Terminate: Terminate-Requests without an answer before giving up.
    pub max_terminate: u32,
    /// Max-Failure: Configure-Naks before an option is rejected.
    pub max_failure: u32,
    /// Between Echo-Requests; `None` (in the file `"off"`) for none.
    pub echo_interval: Option<Duration>,
    /// Echo-Requests in a row without an answer after which the link is dead.
    pub echo_failures: u32,
    /// Whether to tell the peer name and version of the program (RFC 1570 section 2.1).
    pub identification: bool,
}

/// `[lns.l2tp]` and `[client.l2tp]`: control connections (RFC 2661).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct L2tp {
    /// The Receive Window Size AVP: messages that a peer may have under way, at least 1.
    pub receive_window: u16,
    /// Before the first retransmission of a message; doubles each time.
    pub restart: Duration,
    /// What the doubling stops at.
    pub restart_cap: Duration,
    /// Retransmissions before the peer counts as gone.
    pub retries: u32,
    /// Silence of the control connection after which a Hello is sent.
    pub hello_interval: Duration,
    /// How long a tunnel or call may take to come up.
    pub setup_timeout: Duration,
    /// How long a closed tunnel still answers retransmissions (RFC 2661 section 5.7).
    pub linger: Duration,
    /// Whether a tunnel follows its peer to another UDP port (a NAT that forgot it).
    pub follow_peer_port: bool,
}
