//! A session's scrambling: how far the negotiation got, what protects each direction, and why a
//! session is in clear.

use std::fmt;

use scramble::agreement;
use scramble::negotiator;
use serde::{Deserialize, Serialize};

/// What protects a session, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protection {
    /// Nothing is decided yet, and no data flows.
    Undecided,
    /// Packets travel in clear.
    Clear,
    /// DECOY in both directions, or in the weaker one.
    Decoy,
    /// HEADER in both directions, or in the weaker one.
    Header,
    /// FULL in both directions.
    Full,
}

impl Protection {
    /// Every value, from none to most.
    pub const ALL: [Self; 5] = [
        Self::Undecided,
        Self::Clear,
        Self::Decoy,
        Self::Header,
        Self::Full,
    ];

    /// The word that JSON and metrics use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Undecided => "undecided",
            Self::Clear => "clear",
            Self::Decoy => "decoy",
            Self::Header => "header",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl From<Transform> for Protection {
    fn from(transform: Transform) -> Self {
        match transform {
            Transform::Decoy => Self::Decoy,
            Transform::Header => Self::Header,
            Transform::Full => Self::Full,
        }
    }
}

/// How packets are changed in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transform {
    /// Still looks like IP, but says who did not talk to whom.
    Decoy,
    /// The first bytes of each packet are encrypted.
    Header,
    /// Everything is encrypted and authenticated.
    Full,
}

impl From<agreement::Transform> for Transform {
    fn from(transform: agreement::Transform) -> Self {
        match transform {
            agreement::Transform::Decoy => Self::Decoy,
            agreement::Transform::Header => Self::Header,
            agreement::Transform::Full => Self::Full,
        }
    }
}

impl fmt::Display for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Protection::from(*self).fmt(f)
    }
}

/// How many bytes of each packet are covered: a number of bytes, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coverage {
    /// The whole packet.
    All,
    /// So many bytes from its beginning.
    Bytes(u16),
}

impl From<agreement::Coverage> for Coverage {
    fn from(coverage: agreement::Coverage) -> Self {
        if coverage == agreement::Coverage::ALL {
            Self::All
        } else {
            Self::Bytes(u16::from(coverage.units()) * 64)
        }
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.pad("all"),
            Self::Bytes(bytes) => write!(f, "{bytes} bytes"),
        }
    }
}

/// The PPP protocol that scrambled packets travel under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carrier {
    /// 0x0053, and DECOY's 0x0021 and 0x0057.
    Natural,
    /// 0xC021, "IP over LCP".
    Lcp,
}

impl From<agreement::Carrier> for Carrier {
    fn from(carrier: agreement::Carrier) -> Self {
        match carrier {
            agreement::Carrier::Natural => Self::Natural,
            agreement::Carrier::Lcp => Self::Lcp,
        }
    }
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Natural => "natural",
            Self::Lcp => "lcp",
        })
    }
}

/// What is done in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Direction {
    /// How packets are changed.
    pub transform: Transform,
    /// How much of each.
    pub coverage: Coverage,
    /// Under which PPP protocol they travel.
    pub carrier: Carrier,
}

impl From<agreement::Direction> for Direction {
    fn from(direction: agreement::Direction) -> Self {
        Self {
            transform: direction.transform.into(),
            coverage: direction.coverage.into(),
            carrier: direction.carrier.into(),
        }
    }
}

/// How far the negotiation got; see [`negotiator::State`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhsState {
    /// Before the Network phase.
    #[default]
    Initial,
    /// Configure-Request sent.
    ReqSent,
    /// ... and acknowledged by the peer.
    AckRcvd,
    /// ... and the peer's acknowledged, but not this end's.
    AckSent,
    /// Keys are there, the peer has not proved its own yet.
    Confirming,
    /// The peer proved its key: packets are scrambled.
    Confirmed,
    /// Packets are in clear.
    Clear,
    /// The link is ending, because the policy requires what the peer does not do.
    Refused,
}

impl From<negotiator::State> for PhsState {
    fn from(state: negotiator::State) -> Self {
        match state {
            negotiator::State::Initial => Self::Initial,
            negotiator::State::ReqSent => Self::ReqSent,
            negotiator::State::AckRcvd => Self::AckRcvd,
            negotiator::State::AckSent => Self::AckSent,
            negotiator::State::Confirming => Self::Confirming,
            negotiator::State::Confirmed => Self::Confirmed,
            negotiator::State::Clear(_) => Self::Clear,
            negotiator::State::Refused(_) => Self::Refused,
        }
    }
}

impl fmt::Display for PhsState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Initial => "initial",
            Self::ReqSent => "req-sent",
            Self::AckRcvd => "ack-rcvd",
            Self::AckSent => "ack-sent",
            Self::Confirming => "confirming",
            Self::Confirmed => "confirmed",
            Self::Clear => "clear",
            Self::Refused => "refused",
        })
    }
}

/// What the negotiator did not act upon, and how often; see [`negotiator::Counters`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhsCounters {
    /// Packets or bodies that are not what RFC 1661 or PHS define.
    pub malformed: u64,
    /// Packets that came before the Network phase, or though the policy is `off`.
    pub untimely: u64,
    /// Packets that fit no request or state: late copies, mostly.
    pub unexpected: u64,
    /// Confirmation tags that do not verify.
    pub bad_tags: u64,
    /// Packets that came after confirmation and could force the session into clear, were they
    /// believed.
    pub after_confirmation: u64,
    /// Protocol-Rejects of ECP that came after confirmation.
    pub protocol_rejects_after_confirmation: u64,
    /// Rekeys of the peer's that were not answered.
    pub rekeys_ignored: u64,
    /// Times that this call fell back to clear.
    pub fallbacks: u64,
    /// Rekeys completed.
    pub rekeys: u64,
}

impl From<negotiator::Counters> for PhsCounters {
    fn from(counters: negotiator::Counters) -> Self {
        Self {
            malformed: counters.malformed,
            untimely: counters.untimely,
            unexpected: counters.unexpected,
            bad_tags: counters.bad_tags,
            after_confirmation: counters.after_confirmation,
            protocol_rejects_after_confirmation: counters.protocol_rejects_after_confirmation,
            rekeys_ignored: counters.rekeys_ignored,
            fallbacks: counters.fallbacks,
            rekeys: counters.rekeys,
        }
    }
}

/// A session's scrambling.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scrambling {
    /// How far the negotiation got.
    pub state: PhsState,
    /// Why packets travel in clear or the link was refused, as a sentence for the operator.
    pub why_clear: Option<String>,
    /// What this end does to what it sends, once agreed.
    pub send: Option<Direction>,
    /// What the peer does to what it sends, once agreed.
    pub receive: Option<Direction>,
    /// The number of the keys in use for sending, counted from 0.
    pub epoch: Option<u32>,
    /// What the negotiator counted.
    pub counters: PhsCounters,
}

impl Scrambling {
    /// What protects the session: the weaker of both directions.
    pub fn protection(&self) -> Protection {
        match (self.state, self.send, self.receive) {
            (PhsState::Confirmed, Some(send), Some(receive)) => {
                send.transform.min(receive.transform).into()
            }
            (PhsState::Clear, ..) => Protection::Clear,
            _ => Protection::Undecided,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn direction(transform: Transform) -> Option<Direction> {
        Some(Direction {
            transform,
            coverage: Coverage::All,
            carrier: Carrier::Natural,
        })
    }

    #[test]
    fn a_session_is_as_protected_as_its_weaker_direction() {
        let mut scrambling = Scrambling {
            state: PhsState::Confirmed,
            send: direction(Transform::Full),
            receive: direction(Transform::Header),
            ..Scrambling::default()
        };
        assert_eq!(scrambling.protection(), Protection::Header);
        scrambling.state = PhsState::Confirming;
        assert_eq!(scrambling.protection(), Protection::Undecided);
        scrambling.state = PhsState::Clear;
        assert_eq!(scrambling.protection(), Protection::Clear);
    }

    #[test]
    fn json_has_the_words_that_are_displayed() {
        for protection in Protection::ALL {
            let json = serde_json::to_string(&protection).unwrap();
            assert_eq!(json, format!("\"{protection}\""));
        }
        let coverage = agreement::Coverage::new(2).map(Coverage::from).unwrap();
        assert_eq!(coverage, Coverage::Bytes(128));
        assert_eq!(
            serde_json::to_string(&coverage).unwrap(),
            r#"{"bytes":128}"#
        );
        let all = Coverage::from(agreement::Coverage::ALL);
        assert_eq!(serde_json::to_string(&all).unwrap(), r#""all""#);
    }
}
