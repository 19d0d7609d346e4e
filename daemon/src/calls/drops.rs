//! Why packets are dropped, and how often.

use scramble::transform::Refused;

macro_rules! drops {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// Why a packet was dropped.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Drop {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Drop {
            /// Every reason, in the order of [`Drops::iter`].
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The reason as metrics and status name it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

drops! {
    /// No L2TP or PPP header where one must be.
    Malformed = "malformed",
    /// A data message of no call.
    NoCall = "no-call",
    /// A data message for a call from an address that is not its peer's.
    WrongPeer = "wrong-peer",
    /// An IP packet for an address that no session has.
    NoSession = "no-session",
    /// The session's IPCP or IPV6CP is not up.
    NotUp = "not-up",
    /// Whether the session is scrambled is not decided.
    Undecided = "undecided",
    /// Data before the peer has proved its key, or after the session was refused.
    Unproved = "unproved",
    /// Data in clear where it must be scrambled.
    InClear = "in-clear",
    /// No keys of the packet's epoch.
    NoKey = "no-key",
    /// FULL's tag is wrong.
    Forged = "forged",
    /// FULL's sequence number was seen.
    Replayed = "replayed",
    /// Not what any sender of the transform makes.
    BadScrambled = "bad-scrambled",
    /// It cannot be sent scrambled.
    Unsendable = "unsendable",
    /// The sequence numbers of the epoch are used up.
    CounterExhausted = "counter-exhausted",
    /// The source address is not the subscriber's.
    WrongSource = "wrong-source",
    /// Neither IPv4 nor IPv6, or not what the PPP protocol says.
    NotIp = "not-ip",
    /// Larger than the link's MTU; answered with ICMP where that is allowed.
    TooBig = "too-big",
    /// L2TP sequence numbers say that it is a late copy.
    OutOfOrder = "out-of-order",
}

impl From<Refused> for Drop {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NoSession | Refused::NoKey => Self::NoKey,
            Refused::NotPpp => Self::Malformed,
            Refused::CounterExhausted => Self::CounterExhausted,
            Refused::NoRoom | Refused::OpaqueLooksLikeHello | Refused::LcpLooksLikeData => {
                Self::Unsendable
            }
            Refused::InClear => Self::InClear,
            Refused::Truncated
            | Refused::BadWord
            | Refused::ForbiddenProtocol
            | Refused::BadDecoy
            | Refused::BadHello => Self::BadScrambled,
            Refused::Replayed => Self::Replayed,
            Refused::Forged => Self::Forged,
        }
    }
}

/// Packets dropped by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drops([u64; Drop::ALL.len()]);

impl Drops {
    /// Counts one; a counter stops at its end.
    pub fn count(&mut self, reason: Drop) {
        let count = &mut self.0[reason as usize];
        *count = count.saturating_add(1);
    }

    /// How many of `reason`.
    pub fn get(&self, reason: Drop) -> u64 {
        self.0[reason as usize]
    }

    /// Adds what another counter counted.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count = count.saturating_add(more);
        }
    }

    /// Those that happened.
    pub fn iter(&self) -> impl Iterator<Item = (Drop, u64)> + '_ {
        let all = Drop::ALL.iter().map(|reason| (*reason, self.get(*reason)));
        all.filter(|(_, count)| *count > 0)
    }
}
