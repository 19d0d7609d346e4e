//! What a link and its host tell each other.

use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use fogline_auth::{Credentials, Failure, Verdict};
use scramble::keys::Secrets;
use scramble::negotiator::{self, Reason, SecretAfterOffer};

/// How a frame came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arrival {
    /// As it is.
    Clear,
    /// Scrambled; the host unscrambled it.
    Scrambled,
}

/// Something that the host has to do or to know, in order. Take every event before sending, and before the next
/// frame.
#[derive(Debug)]
pub enum Event {
    /// The negotiator's: install, use and erase keys.
    Phs(negotiator::Event),
    /// LCP is Opened.
    LcpUp,
    /// Is this caller who it says? Answer each with exactly one [`Link::authenticated`](crate::Link::authenticated),
    /// in order.
    Authenticate(Credentials),
    /// No authentication is configured: what does a caller get that nobody asks who it is? Answer as for
    /// [`Authenticate`](Self::Authenticate).
    Authorize,
    /// IPCP is Opened.
    Ipv4Up {
        /// This end's address.
        local: Ipv4Addr,
        /// The peer's address; unspecified where the peer does not say.
        peer: Ipv4Addr,
        /// The name servers that were given to this end (subscriber), or offered to the peer (access).
        dns: [Option<Ipv4Addr>; 2],
    },
    /// IPCP left Opened.
    Ipv4Down,
    /// IPV6CP is Opened: the link-local addresses are fe80::/64 with these identifiers.
    Ipv6Up {
        /// This end's interface identifier.
        local_id: [u8; 8],
        /// The peer's; zero where the peer does not say.
        peer_id: [u8; 8],
    },
    /// IPV6CP left Opened.
    Ipv6Down,
    /// A Router Advertisement came with a prefix to make an address of (subscriber). It comes again with every
    /// advertisement.
    Ipv6Prefix {
        /// The prefix; bits beyond its length are 0.
        prefix: Ipv6Addr,
        /// Its length in bits.
        length: u8,
        /// How long addresses are valid.
        valid: Duration,
        /// How long addresses are preferred.
        preferred: Duration,
        /// Name servers (RFC 8106), 8 at most.
        dns: Vec<Ipv6Addr>,
        /// The MTU option.
        mtu: Option<u32>,
        /// How long the peer is a default router; zero for not at all.
        router_lifetime: Duration,
    },
    /// Something is not as configured, and the link goes on.
    Warning(Warning),
    /// The link is over: hang up.
    Down(DownReason),
}

/// Something that the operator ought to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// See the text.
    #[error(
        "authentication gave other scrambling terms than this call began with (by an early offer in LCP, or before LCP restarted), and those stand; turn the early offer off where users have terms of their own"
    )]
    ScramblingAfterOffer,
    /// The peer gave us no address.
    #[error(
        "the peer assigns no IPv4 address (it accepted 0.0.0.0 or rejected the option); IPv4 is off"
    )]
    NoIpv4Address,
    /// The link's IP packets, of so many bytes at most, are too small for IPv6.
    #[error(
        "the link carries IP packets of {0} bytes at most, and IPv6 needs 1280 (RFC 8200 section 5); IPv6 is off; raise the MTU of the path, or use a transform that adds less"
    )]
    TooNarrowForIpv6(u16),
    /// A network control protocol came to nothing.
    #[error("{0} did not agree with the peer about its options and was closed")]
    Diverged(Network),
}

/// A network protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Network {
    /// IPCP.
    Ipv4,
    /// IPV6CP.
    Ipv6,
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ipv4 => "IPCP",
            Self::Ipv6 => "IPV6CP",
        })
    }
}

/// Why the host closes a link. The text goes to the peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    /// An operator asked for it.
    #[error("closed by the operator")]
    Administrative,
    /// The program ends.
    #[error("shutting down")]
    Shutdown,
    /// No data for too long.
    #[error("idle for too long")]
    Idle,
    /// The session's time is over.
    #[error("the session's time is over")]
    SessionTimeout,
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// Why a link is over. The text is for both ends' operators.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DownReason {
    /// This end's host closed it.
    #[error("{0}")]
    Closed(CloseReason),
    /// The peer sent Terminate-Request, with this text.
    #[error("the peer ended the link{}", Said(.0))]
    PeerTerminated(String),
    /// LCP was never answered to the end.
    #[error("the peer does not answer LCP, or never accepts it; is there PPP at the other end?")]
    NoAnswer,
    /// The peer went silent.
    #[error("the peer does not answer LCP echoes any more")]
    EchoLost,
    /// Our own packets come back.
    #[error("the link is looped back: this end's own LCP packets return; check the carrier")]
    LoopedBack,
    /// LCP found no options that suit both ends.
    #[error("LCP does not converge: each end insists on options that the other refuses")]
    NoConvergence,
    /// The peer rejected LCP itself, or one of its basic packets.
    #[error(
        "the peer rejects LCP or a basic packet of it; it does not speak PPP as RFC 1661 has it"
    )]
    LcpRejected,
    /// The peer will not say who it is.
    #[error(
        "the peer refuses every authentication protocol that this end allows; allow one that it has"
    )]
    AuthenticationRefused,
    /// Authentication failed, at this end's judgement or the peer's.
    #[error("{0}")]
    AuthenticationFailed(Failure),
    /// The peer restarted LCP again and again without waiting for the host's decisions.
    #[error(
        "the peer restarts LCP again and again while who it is is being checked; is the check too slow for its timers?"
    )]
    Restarting,
    /// PHS is required, and did not come to be.
    #[error("header scrambling is required, but {0}")]
    Refused(Reason),
    /// See [`SecretAfterOffer`].
    #[error("{0}")]
    SecretAfterOffer(SecretAfterOffer),
    /// Neither IPv4 nor IPv6 came up, or both ended.
    #[error(
        "no network protocol is left: neither IPv4 nor IPv6 is granted, or the peer refused them"
    )]
    NoNetwork,
}

/// What the peer said about it, if anything.
struct Said<'a>(&'a str);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => Ok(()),
            said => write!(f, ": {said}"),
        }
    }
}

/// The answer to [`Event::Authenticate`] and [`Event::Authorize`].
#[derive(Debug)]
pub enum Decision {
    /// The caller is welcome.
    Accept(Box<Granted>),
    /// It is not; the verdict must be a rejection.
    Reject(Verdict),
}

/// What an authenticated caller gets.
#[derive(Debug)]
pub struct Granted {
    /// What is said to the caller.
    pub verdict: Verdict,
    /// IPv4, if at all.
    pub ipv4: Option<Ipv4Grant>,
    /// IPv6, if at all.
    pub ipv6: Option<Ipv6Grant>,
    /// Scrambling terms in place of the configuration's.
    pub scrambling: Option<negotiator::Config>,
    /// Secrets for PHS that authentication gave.
    pub secrets: Secrets,
}

/// Addresses for IPCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4Grant {
    /// This end's address.
    pub local: Ipv4Addr,
    /// The caller's address.
    pub peer: Ipv4Addr,
    /// Name servers (RFC 1877).
    pub dns: [Option<Ipv4Addr>; 2],
}

/// What is advertised to a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ipv6Grant {
    /// The caller's /64.
    pub prefix: Ipv6Addr,
    /// Name servers (RFC 8106).
    pub dns: Vec<Ipv6Addr>,
}

/// What happened to frames, over the whole link; for the operator's statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames, packets or option lists that are not what the RFCs define.
    pub malformed: u64,
    /// Frames that came before their phase (RFC 1661 section 3), or for a protocol that is not in use.
    pub untimely: u64,
    /// Answers that fit no request: late copies, mostly.
    pub unexpected: u64,
    /// Copies of the peer's last Configure-Request that came in Opened and were acknowledged again.
    pub repeated_requests: u64,
    /// Code-Rejects sent.
    pub code_rejects_sent: u64,
    /// Code-Rejects received.
    pub code_rejects_received: u64,
    /// Protocol-Rejects sent.
    pub protocol_rejects_sent: u64,
    /// Protocol-Rejects received.
    pub protocol_rejects_received: u64,
    /// Protocol-Rejects of network protocols that came in a scrambled session, where nobody may send them.
    pub protocol_rejects_forged: u64,
    /// NCP packets held while PHS was undecided.
    pub held: u64,
    /// Held packets that were dropped for newer ones, for want of room, or because they turned out not to be wanted.
    pub held_dropped: u64,
    /// NCP packets that came in clear though the session is scrambled.
    pub clear_dropped: u64,
    /// Scrambled packets of protocols that this end does not know. They must not be answered (draft section 8.1).
    pub unknown_scrambled: u64,
    /// LCP, ECP or authentication packets that came scrambled, which nobody may send.
    pub control_scrambled: u64,
    /// Neighbour discovery packets that are not valid, or not for this end.
    pub discovery_ignored: u64,
    /// LCP Echo-Requests that were not answered in time.
    pub echoes_lost: u64,
    /// Frames that were about to be sent when the link left the state that they were for.
    pub withdrawn: u64,
}
