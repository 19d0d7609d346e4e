//! The three transforms, in both directions, on PPP frames in a caller's buffer.
//!
//! [`Sender`] and [`Receiver`] are the two halves of one session; [`burst`] applies those of many
//! sessions to a slice of packets.

pub mod burst;
mod decoy;
pub mod framed;
mod hello;
mod hostname;
mod opaque;
mod packet;
mod prf;
mod replay;
mod session;
mod stream;
mod tuple;

pub use decoy::HelloForm;
pub use hello::{Hello, is_hello};
pub use hostname::HostName;
pub use packet::{HEADROOM, Packet, TAILROOM};
pub use session::{Receiver, Sender, StaleEpoch};

/// What became of a packet to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It was scrambled.
    Scrambled,
    /// It is of one of the link's own protocols, and goes as it is.
    Clear,
}

/// What became of a packet received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It was scrambled, and is restored.
    Data,
    /// It is of one of the link's own protocols, and came as it is.
    Control,
}

/// Why a packet is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refused {
    /// No keys are there to send or receive with.
    #[error("no session with keys")]
    NoSession,
    /// The frame ends before its PPP protocol field does.
    #[error("no PPP frame: it has no whole protocol field")]
    NotPpp,
    /// The buffer has no room for what scrambling adds.
    #[error("no room in the buffer for the bytes that scrambling adds")]
    NoRoom,
    /// The epoch's sequence numbers are used up; a rekey is overdue.
    #[error("sequence numbers of this epoch are used up: rekey")]
    CounterExhausted,
    /// An opaque payload happens to look like a ClientHello, so the receiver would take it for one.
    #[error("the opaque payload happens to look like a ClientHello")]
    OpaqueLooksLikeHello,
    /// An LCP packet of a code that, under LCP's protocol number, is taken for a scrambled packet.
    #[error("an LCP packet whose code stands for data under carrier LCP")]
    LcpLooksLikeData,
    /// It arrived in clear.
    #[error("data in clear where it must be scrambled")]
    InClear,
    /// A framed packet is too short.
    #[error("scrambled packet cut short")]
    Truncated,
    /// A framed packet's first two bits are not 10.
    #[error("not a scrambled packet: its word does not start with bits 10")]
    BadWord,
    /// There are no keys of its parity.
    #[error("no keys for the epoch that the packet is of")]
    NoKey,
    /// A protocol that never travels scrambled, or none at all, was inside.
    #[error("a link control protocol, or none, inside a scrambled packet")]
    ForbiddenProtocol,
    /// An IP packet that no sender of DECOY makes.
    #[error("an IP packet that no DECOY sender makes")]
    BadDecoy,
    /// A ClientHello that no sender of DECOY makes.
    #[error("a ClientHello that no DECOY sender makes")]
    BadHello,
    /// A sequence number seen before, or older than the replay window.
    #[error("replayed, or older than the replay window")]
    Replayed,
    /// FULL's tag is wrong.
    #[error("authentication failed: altered on the way, or of other keys")]
    Forged,
}
