//! The PHS option: what an end wants to receive, what it can send, and its public key.
//!
//! One body of 47 bytes, the same in LCP (vendor option, RFC 2153 section 2.1) and in ECP (proprietary
//! option, RFC 1968 section 4.1). [`PhsOption`] is a checked view of such a body that keeps every byte as it was on
//! the wire, because all of them go into the keys; [`Terms`] is what an owner configures.
//!
//! ```text
//!   0 Type = 0    1 Length = 47   2 OUI 02 46 4F        5 Kind = 1        6 Version = 1
//!   7 Want        8 WantCoverage  9 Accept              10 MinCoverage
//!  11 CanSend    12 MaxCoverage  13 Carrier             14 Flags         15 Public key (32)
//! ```

use crate::agreement::{Carrier, Coverage, Direction, End, Transform, Transforms};

/// The length of the option, its Type and Length included, in bytes.
pub const LEN: usize = 47;

/// The organizationally unique identifier: locally administered, experimental, to be replaced by an assigned one.
pub const OUI: [u8; 3] = [0x02, 0x46, 0x4F];

/// The option's Type, in LCP and in ECP.
pub const TYPE: u8 = 0;

const KIND: u8 = 1;
const VERSION: u8 = 1;

/// Where the fields stand.
mod field {
    use core::ops::Range;
    pub const TYPE: usize = 0;
    pub const LENGTH: usize = 1;
    pub const OUI: Range<usize> = 2..5;
    pub const KIND: usize = 5;
    pub const VERSION: usize = 6;
    pub const WANT: usize = 7;
    pub const WANT_COVERAGE: usize = 8;
    pub const ACCEPT: usize = 9;
    pub const MIN_COVERAGE: usize = 10;
    pub const CAN_SEND: usize = 11;
    pub const MAX_COVERAGE: usize = 12;
    pub const CARRIER: usize = 13;
    pub const FLAGS: usize = 14;
    pub const PUBLIC_KEY: Range<usize> = 15..47;
}

const CARRIER_WANT: u8 = 0x01;
const CARRIER_CAN_SEND: u8 = 0x02;
const FLAG_SECRET: u8 = 0x01;

/// Why bytes are not a PHS option of this version. The answer is Configure-Reject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Another option altogether, or not even an option.
    #[error(
        "not a PHS option (type, length, OUI or kind differ); another vendor's option is rejected as usual"
    )]
    NotPhs,
    /// A version that this implementation does not know.
    #[error("the peer offers PHS version {0}, this end knows version 1 only; update the older end")]
    Version(u8),
    /// Want, WantCoverage, MinCoverage or MaxCoverage is 0.
    #[error(
        "the peer's PHS option has a 0 where none may be (Want or a coverage); its implementation is at fault"
    )]
    ZeroField,
}

/// What an owner configures of the option, in one place for both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The transform wanted on what this end receives.
    pub want: Transform,
    /// How much of each received packet should be covered.
    pub want_coverage: Coverage,
    /// The transforms accepted on what this end receives, if the peer cannot send the one wanted.
    pub accept: Transforms,
    /// The least coverage accepted on what this end receives.
    pub min_coverage: Coverage,
    /// The transforms that this end can send.
    pub can_send: Transforms,
    /// The most coverage that this end can send.
    pub max_coverage: Coverage,
    /// Whether packets received should come under LCP's protocol number ("IP over LCP").
    pub want_lcp_carrier: bool,
    /// Whether this end can send under LCP's protocol number.
    pub can_send_lcp_carrier: bool,
}

impl Default for Terms {
    /// HEADER over whole packets both ways, everything else accepted, natural protocol numbers.
    fn default() -> Self {
        Self {
            want: Transform::Header,
            want_coverage: Coverage::ALL,
            accept: Transforms::ALL,
            min_coverage: Coverage::ALL,
            can_send: Transforms::ALL,
            max_coverage: Coverage::ALL,
            want_lcp_carrier: false,
            can_send_lcp_carrier: true,
        }
    }
}

/// A PHS option whose every field was checked, byte for byte as it is on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhsOption {
    bytes: [u8; LEN],
}

impl PhsOption {
    /// The option that states `terms`. `secret` says that a pre-shared secret is mixed into the keys (Flags bit 0).
    pub fn new(terms: &Terms, secret: bool, public_key: &[u8; 32]) -> Self {
        let mut bytes = [0; LEN];
        bytes[field::TYPE] = TYPE;
        bytes[field::LENGTH] = LEN as u8;
        bytes[field::OUI].copy_from_slice(&OUI);
        bytes[field::KIND] = KIND;
        bytes[field::VERSION] = VERSION;
        bytes[field::WANT] = terms.want.number();
        bytes[field::WANT_COVERAGE] = terms.want_coverage.units();
        bytes[field::ACCEPT] = terms.accept.bits();
        bytes[field::MIN_COVERAGE] = terms.min_coverage.units();
        bytes[field::CAN_SEND] = terms.can_send.bits();
        bytes[field::MAX_COVERAGE] = terms.max_coverage.units();
        bytes[field::CARRIER] = if terms.want_lcp_carrier {
            CARRIER_WANT
        } else {
            0
        } | if terms.can_send_lcp_carrier {
            CARRIER_CAN_SEND
        } else {
            0
        };
        bytes[field::FLAGS] = if secret { FLAG_SECRET } else { 0 };
        bytes[field::PUBLIC_KEY].copy_from_slice(public_key);
        Self { bytes }
    }

    /// Checks `option`: Type, Length and data of exactly one option.
    ///
    /// Reserved transform numbers and reserved bits are no error: they are never met, and ignored.
    ///
    /// # Errors
    /// Says why the option cannot be used; it is to be Configure-Rejected.
    pub fn parse(option: &[u8]) -> Result<Self, ParseError> {
        let bytes: [u8; LEN] = option.try_into().map_err(|_| ParseError::NotPhs)?;
        let ours = bytes[field::TYPE] == TYPE
            && usize::from(bytes[field::LENGTH]) == LEN
            && bytes[field::OUI] == OUI
            && bytes[field::KIND] == KIND;
        if !ours {
            return Err(ParseError::NotPhs);
        }
        if bytes[field::VERSION] != VERSION {
            return Err(ParseError::Version(bytes[field::VERSION]));
        }
        let never_zero = [
            field::WANT,
            field::WANT_COVERAGE,
            field::MIN_COVERAGE,
            field::MAX_COVERAGE,
        ];
        if never_zero.iter().any(|&at| bytes[at] == 0) {
            return Err(ParseError::ZeroField);
        }
        Ok(Self { bytes })
    }

    /// The option as it stands on the wire, Type and Length included; what goes into the keys as oL or oH.
    pub fn as_bytes(&self) -> &[u8; LEN] {
        &self.bytes
    }

    /// The option as it stands on the wire.
    pub fn emit(&self) -> [u8; LEN] {
        self.bytes
    }

    /// The transform wanted on what this end receives; `None` for a number that nothing can meet.
    pub fn want(&self) -> Option<Transform> {
        Transform::from_number(self.bytes[field::WANT])
    }

    /// The coverage wanted on what this end receives.
    pub fn want_coverage(&self) -> Coverage {
        self.coverage(field::WANT_COVERAGE)
    }

    /// The transforms accepted on what this end receives.
    pub fn accept(&self) -> Transforms {
        Transforms::from_bits(self.bytes[field::ACCEPT])
    }

    /// The least coverage accepted on what this end receives.
    pub fn min_coverage(&self) -> Coverage {
        self.coverage(field::MIN_COVERAGE)
    }

    /// The transforms that this end can send.
    pub fn can_send(&self) -> Transforms {
        Transforms::from_bits(self.bytes[field::CAN_SEND])
    }

    /// The most coverage that this end can send.
    pub fn max_coverage(&self) -> Coverage {
        self.coverage(field::MAX_COVERAGE)
    }

    /// Whether this end wants to receive under LCP's protocol number.
    pub fn wants_lcp_carrier(&self) -> bool {
        self.bytes[field::CARRIER] & CARRIER_WANT != 0
    }

    /// Whether this end can send under LCP's protocol number.
    pub fn can_send_lcp_carrier(&self) -> bool {
        self.bytes[field::CARRIER] & CARRIER_CAN_SEND != 0
    }

    /// Whether this end mixes a pre-shared secret into the keys.
    pub fn has_secret(&self) -> bool {
        self.bytes[field::FLAGS] & FLAG_SECRET != 0
    }

    /// The X25519 public key.
    pub fn public_key(&self) -> [u8; 32] {
        let mut key = [0; 32];
        key.copy_from_slice(&self.bytes[field::PUBLIC_KEY]);
        key
    }

    /// Which end the owner of this option is, opposite `peer`; `None` where the public keys are equal.
    pub fn end(&self, peer: &Self) -> Option<End> {
        match self.public_key().cmp(&peer.public_key()) {
            core::cmp::Ordering::Less => Some(End::Lower),
            core::cmp::Ordering::Equal => None,
            core::cmp::Ordering::Greater => Some(End::Higher),
        }
    }

    fn coverage(&self, at: usize) -> Coverage {
        // `new` and `parse` admit no 0 here; should one appear, the largest demand is the safe reading.
        Coverage::new(self.bytes[at]).unwrap_or(Coverage::ALL)
    }
}

/// What two options come to, seen from one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Agreement {
    /// What this end does to what it sends.
    pub send: Direction,
    /// What the peer does to what this end receives.
    pub receive: Direction,
}

/// Which way a disagreement lies, seen from one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// About what this end sends.
    Send,
    /// About what this end receives.
    Receive,
}

impl core::fmt::Display for Way {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Send => "what this end sends",
            Self::Receive => "what this end receives",
        })
    }
}

/// Why two options come to nothing. Both ends find the same, seen from their side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disagreement {
    /// Both options carry the same public key.
    #[error(
        "the peer's public key is this end's own: the link is looped back; check the carrier's wiring"
    )]
    Loop,
    /// One end mixes in a pre-shared secret, the other does not.
    #[error("only one end has a pre-shared secret configured; configure it at both or at neither")]
    SecretFlags,
    /// The receiver neither wants nor accepts anything that the sender can send.
    #[error("no common transform for {0}; allow more in `accept` or `can-send` at one end")]
    Transform(Way),
    /// The sender covers less than the receiver insists on.
    #[error(
        "too little coverage for {way}: {offered} units of 64 bytes of the {least} insisted on; lower the receiver's minimum or raise the sender's maximum"
    )]
    Coverage {
        /// Which way.
        way: Way,
        /// What the two would come to, in units of 64 bytes.
        offered: u8,
        /// The receiver's minimum, in units of 64 bytes.
        least: u8,
    },
}

/// What the two ends do in both directions.
///
/// # Errors
/// Says what the two ends cannot agree about.
pub fn agree(own: &PhsOption, peer: &PhsOption) -> Result<Agreement, Disagreement> {
    if own.public_key() == peer.public_key() {
        return Err(Disagreement::Loop);
    }
    if own.has_secret() != peer.has_secret() {
        return Err(Disagreement::SecretFlags);
    }
    Ok(Agreement {
        send: direction(own, peer, Way::Send)?,
        receive: direction(peer, own, Way::Receive)?,
    })
}

fn direction(
    sender: &PhsOption,
    receiver: &PhsOption,
    way: Way,
) -> Result<Direction, Disagreement> {
    let wanted = receiver
        .want()
        .filter(|&want| sender.can_send().contains(want));
    let transform = wanted
        .or_else(|| receiver.accept().and(sender.can_send()).highest())
        .ok_or(Disagreement::Transform(way))?;
    let coverage = receiver.want_coverage().min(sender.max_coverage());
    let least = receiver.min_coverage();
    if coverage < least {
        return Err(Disagreement::Coverage {
            way,
            offered: coverage.units(),
            least: least.units(),
        });
    }
    let carrier = if receiver.wants_lcp_carrier() && sender.can_send_lcp_carrier() {
        Carrier::Lcp
    } else {
        Carrier::Natural
    };
    Ok(Direction {
        transform,
        coverage,
        carrier,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[rustfmt::skip]
    const BYTES: [u8; LEN] = [
        0, 47, 0x02, 0x46, 0x4F, 1, 1,
        2, 255, 0b101, 3, 0b111, 200, 0b11, 1,
        9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
    ];

    fn units(units: u8) -> Coverage {
        Coverage::new(units).unwrap()
    }

    fn terms() -> Terms {
        Terms {
            want: Transform::Header,
            want_coverage: Coverage::ALL,
            accept: [Transform::Decoy, Transform::Full].into_iter().collect(),
            min_coverage: units(3),
            can_send: Transforms::ALL,
            max_coverage: units(200),
            want_lcp_carrier: true,
            can_send_lcp_carrier: true,
        }
    }

    #[test]
    fn construct() {
        assert_eq!(PhsOption::new(&terms(), true, &[9; 32]).emit(), BYTES);
    }

    #[test]
    fn deconstruct() {
        let option = PhsOption::parse(&BYTES).unwrap();
        assert_eq!(option.want(), Some(Transform::Header));
        assert_eq!(option.want_coverage(), Coverage::ALL);
        assert_eq!(option.accept().bits(), 0b101);
        assert_eq!(option.min_coverage().units(), 3);
        assert_eq!(option.can_send(), Transforms::ALL);
        assert_eq!(option.max_coverage().units(), 200);
        assert!(option.wants_lcp_carrier() && option.can_send_lcp_carrier() && option.has_secret());
        assert_eq!(option.public_key(), [9; 32]);
    }

    #[test]
    fn what_cannot_be_parsed() {
        let changed = |at: usize, to: u8| {
            let mut bytes = BYTES;
            bytes[at] = to;
            PhsOption::parse(&bytes)
        };
        for at in 0..=5 {
            assert_eq!(changed(at, 0x77), Err(ParseError::NotPhs));
        }
        assert_eq!(changed(6, 2), Err(ParseError::Version(2)));
        for at in [7, 8, 10, 12] {
            assert_eq!(changed(at, 0), Err(ParseError::ZeroField));
        }
        assert_eq!(PhsOption::parse(&BYTES[..46]), Err(ParseError::NotPhs));
        assert_eq!(PhsOption::parse(&[]), Err(ParseError::NotPhs));
    }

    #[test]
    fn reserved_numbers_and_bits_are_ignored_and_kept() {
        let mut bytes = BYTES;
        bytes[7] = 200;
        bytes[9] = 0xFF;
        bytes[11] = 0xF8;
        bytes[13] = 0xFC;
        bytes[14] = 0xFE;
        let option = PhsOption::parse(&bytes).unwrap();
        assert_eq!(option.want(), None);
        assert_eq!(option.accept(), Transforms::ALL);
        assert_eq!(option.can_send(), Transforms::NONE);
        assert!(
            !option.wants_lcp_carrier() && !option.can_send_lcp_carrier() && !option.has_secret()
        );
        assert_eq!(option.emit(), bytes);
    }

    #[test]
    fn the_wanted_transform_else_the_highest_accepted() {
        let own = PhsOption::new(&terms(), false, &[1; 32]);
        let only = |can_send| {
            PhsOption::new(
                &Terms {
                    can_send,
                    ..terms()
                },
                false,
                &[2; 32],
            )
        };
        let received = |can_send| agree(&own, &only(can_send)).map(|a| a.receive.transform);
        assert_eq!(received(Transforms::ALL), Ok(Transform::Header));
        assert_eq!(
            received(Transforms::NONE.with(Transform::Full)),
            Ok(Transform::Full)
        );
        assert_eq!(
            received(Transforms::NONE.with(Transform::Decoy)),
            Ok(Transform::Decoy)
        );
        let none = received(Transforms::NONE);
        assert_eq!(none, Err(Disagreement::Transform(Way::Receive)));
    }

    #[test]
    fn coverage_is_the_lesser_of_wanted_and_possible() {
        let own = PhsOption::new(&terms(), false, &[1; 32]);
        let most = |max| {
            PhsOption::new(
                &Terms {
                    max_coverage: units(max),
                    ..terms()
                },
                false,
                &[2; 32],
            )
        };
        assert_eq!(agree(&own, &most(3)).unwrap().receive.coverage.units(), 3);
        let least = Disagreement::Coverage {
            way: Way::Receive,
            offered: 2,
            least: 3,
        };
        assert_eq!(agree(&own, &most(2)), Err(least));
    }

    #[test]
    fn loops_and_secret_flags() {
        let own = PhsOption::new(&terms(), false, &[1; 32]);
        assert_eq!(agree(&own, &own), Err(Disagreement::Loop));
        let peer = PhsOption::new(&terms(), true, &[2; 32]);
        assert_eq!(agree(&own, &peer), Err(Disagreement::SecretFlags));
        assert_eq!(
            (own.end(&peer), peer.end(&own)),
            (Some(End::Lower), Some(End::Higher))
        );
    }

    #[test]
    fn defaults_agree_on_whole_packets_in_header() {
        let own = PhsOption::new(&Terms::default(), false, &[1; 32]);
        let peer = PhsOption::new(&Terms::default(), false, &[2; 32]);
        let header = Direction {
            transform: Transform::Header,
            coverage: Coverage::ALL,
            carrier: Carrier::Natural,
        };
        assert_eq!(
            agree(&own, &peer),
            Ok(Agreement {
                send: header,
                receive: header
            })
        );
    }

    proptest! {
        #[test]
        fn parsing_arbitrary_bytes_keeps_them(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(option) = PhsOption::parse(&bytes) {
                prop_assert_eq!(&option.emit()[..], &bytes[..]);
            }
        }

        /// Any two bodies: each end computes the other's view mirrored, and the receiver's least is kept.
        #[test]
        fn both_ends_agree_about_what_they_agreed(
            a in proptest::collection::vec(any::<u8>(), 40),
            b in proptest::collection::vec(any::<u8>(), 40),
        ) {
            let body = |rest: &[u8]| {
                let mut bytes = BYTES;
                bytes[7..].copy_from_slice(rest);
                PhsOption::parse(&bytes)
            };
            if let (Ok(a), Ok(b)) = (body(&a), body(&b)) {
                match (agree(&a, &b), agree(&b, &a)) {
                    (Ok(at_a), Ok(at_b)) => {
                        prop_assert_eq!(at_a.send, at_b.receive);
                        prop_assert_eq!(at_a.receive, at_b.send);
                        prop_assert!(at_a.receive.coverage >= a.min_coverage());
                        prop_assert!(b.can_send().contains(at_a.receive.transform));
                    }
                    (at_a, at_b) => prop_assert!(at_a.is_err() && at_b.is_err()),
                }
            }
        }
    }
}
