//! What a negotiator tells its host.

use crate::agreement::{End, EpochKeys};
use crate::option::{Agreement, Disagreement};

/// Why a session is in clear, or refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// This end's policy is `off`.
    #[error("PHS is off at this end; set the policy to prefer or require to use it")]
    Off,
    /// The peer showed no PHS option in ECP.
    #[error(
        "the peer does not answer ECP with a PHS option; it has no PHS, or something on the way drops ECP"
    )]
    Silent,
    /// The peer, or whoever answers in its place, does not know ECP.
    #[error("the peer Protocol-Rejected ECP: it has no PHS, or its policy is off")]
    ProtocolRejected,
    /// The peer knows ECP, but not PHS.
    #[error(
        "the peer rejected the PHS option, or a message of PHS: it has ECP without PHS, or another version"
    )]
    Rejected,
    /// The peer ended the negotiation.
    #[error("the peer ended the negotiation with Terminate-Request; its log says why")]
    PeerTerminated,
    /// The peer showed its option but never acknowledged this end's.
    #[error(
        "the peer offers PHS but never acknowledged this end's offer; the link loses too much, or only one way works"
    )]
    Timeout,
    /// The options do not go together.
    #[error("{0}")]
    Disagreement(Disagreement),
    /// The peer's public key forces an all-zero shared secret.
    #[error(
        "the peer's public key is one that gives no secret; somebody tampers with the exchange or the peer is broken"
    )]
    WeakKey,
    /// The peer's Configure-Request carries no option at all.
    #[error("the peer asks for encryption without naming one; it has ECP without PHS")]
    NoOption,
    /// The peer does not hold the keys that this end derived.
    #[error(
        "the peer's confirmation is wrong: the pre-shared secrets differ, or somebody tampers with the exchange"
    )]
    BadTag,
    /// The peer never proved that it holds the keys.
    #[error(
        "the peer never confirmed its keys; the link loses too much, or somebody drops ECP Reset messages"
    )]
    ConfirmTimeout,
    /// The peer proved its keys, but never acknowledged this end's proof: it may have fallen back to clear.
    #[error(
        "the peer confirmed, then never acknowledged this end's confirmation; it may be in clear, so the link ends"
    )]
    Unacknowledged,
    /// A rekey was never answered.
    #[error(
        "the peer did not answer a rekey; the link is dead, or somebody drops ECP Reset messages"
    )]
    RekeyTimeout,
    /// All 2^32 epochs are used up.
    #[error("no epoch is left after 2^32 rekeys; restart LCP")]
    EpochsExhausted,
}

impl Reason {
    /// Whether a Configure-Request that comes after all may lead out of clear.
    pub fn is_soft(self) -> bool {
        matches!(
            self,
            Self::Silent
                | Self::ProtocolRejected
                | Self::Rejected
                | Self::PeerTerminated
                | Self::Timeout
        )
    }

    /// Whether the peer is told with a Terminate-Request.
    pub(super) fn terminates(self) -> bool {
        matches!(
            self,
            Self::Silent
                | Self::Timeout
                | Self::Disagreement(_)
                | Self::WeakKey
                | Self::NoOption
                | Self::BadTag
                | Self::ConfirmTimeout
        )
    }
}

/// Where the negotiation stands. The first three names after `Initial` are RFC 1661's (section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Before the Network phase.
    Initial,
    /// Configure-Request sent.
    ReqSent,
    /// ... and acknowledged by the peer.
    AckRcvd,
    /// ... and the peer's acknowledged, but not this end's.
    AckSent,
    /// ECP is Opened, receive keys are installed, the peer has not proved its key yet.
    Confirming,
    /// The peer proved its key: packets are scrambled until LCP leaves Opened.
    Confirmed,
    /// Packets are in clear.
    Clear(Reason),
    /// The host must end the link.
    Refused(Reason),
}

/// What to do with data packets: NCPs and everything they bring up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataMode {
    /// Keep the latest NCP packet of each protocol for later, send none. Packets that arrive scrambled are unscrambled
    /// where receive keys are installed.
    Hold,
    /// Send and receive in clear. Packets that arrive in HEADER or FULL framing are unscrambled where receive keys
    /// are installed (an upgrade under way).
    Clear,
    /// Send scrambled, drop what arrives in clear.
    Scrambled,
    /// Neither send nor receive.
    Drop,
}

/// Something that the operator ought to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Alarm {
    /// See [`Reason::BadTag`].
    #[error(
        "wrong confirmation: the pre-shared secrets differ, or somebody tampers with the key exchange"
    )]
    BadTag,
    /// A peer that is remembered as confirmed is in clear now.
    #[error(
        "a peer that used PHS before is in clear now ({0}); was it reconfigured, or does somebody interfere?"
    )]
    ConfirmedPeerInClear(Reason),
    /// The only pre-shared secrets can be guessed.
    #[error(
        "the pre-shared secret is weak (short, or from a password): whoever interferes once can guess it at leisure"
    )]
    WeakSecret,
}

/// What the host has to do or to know, in order. Take every event before sending, and before the next packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Install `keys` for receiving, beside those of the other parity; they serve for sending once
    /// [`Event::Send`] says so.
    Install {
        /// The keys of one epoch.
        keys: EpochKeys,
        /// Which end this is: it sends with `keys.data(own)` and receives with `keys.data(own.peer())`.
        own: End,
        /// What is done in each direction.
        agreement: Agreement,
    },
    /// Send with the installed keys of `epoch` from now on, the sequence starting at 0.
    Send {
        /// The epoch.
        epoch: u32,
    },
    /// Erase the keys of `epoch`.
    Retire {
        /// The epoch.
        epoch: u32,
    },
    /// Erase every key, stop sending scrambled.
    Erase,
    /// The peer proved its key. Data flows scrambled; remember the peer.
    Confirmed,
    /// A rekey is complete as this end knows it.
    Rekeyed {
        /// The new epoch.
        epoch: u32,
    },
    /// Data flows in clear: log and count it.
    Fallback(Reason),
    /// End the link (LCP Terminate-Request) and show the reason.
    Refused(Reason),
    /// Tell the operator.
    Alarm(Alarm),
}

/// What was not acted upon, and how often; for the operator's statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets or bodies that are not what RFC 1661 or PHS define.
    pub malformed: u64,
    /// Packets that came before the Network phase, or though the policy is `off`.
    pub untimely: u64,
    /// Packets that fit no request or state: late copies, mostly.
    pub unexpected: u64,
    /// Tags that do not verify.
    pub bad_tags: u64,
    /// Configure, Terminate, Code-Reject and unknown packets that came after confirmation. Mostly late copies, else an
    /// attempt to force the session into clear.
    pub after_confirmation: u64,
    /// Protocol-Rejects of ECP that came after confirmation: an attempt to force the session into clear.
    pub protocol_rejects_after_confirmation: u64,
    /// REKEYs not answered because the last one's overlap is not over, or their key is unusable.
    pub rekeys_ignored: u64,
    /// Times that this call fell back to clear.
    pub fallbacks: u64,
    /// Rekeys completed.
    pub rekeys: u64,
}

/// What to answer to the PHS option in the peer's LCP Configure-Request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LcpAnswer {
    /// Acknowledge it with the rest.
    Acknowledge,
    /// Configure-Reject it.
    Reject,
}
