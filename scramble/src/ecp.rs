//! Packets of the Encryption Control Protocol (RFC 1968, protocol 0x8053) as PHS uses it.
//!
//! A packet is what follows the PPP protocol field: Code, Identifier, Length, Data (RFC 1661 section 5).
//! [`Packet`] is a checked view over borrowed bytes; [`Reset`] the bodies that PHS puts into Reset-Request and
//! Reset-Ack. All of it takes hostile bytes.

use alloc::vec::Vec;

use crate::option::PhsOption;

/// The length of a tag, in bytes.
pub const TAG_LEN: usize = 16;

/// The length of Code, Identifier and Length, in bytes.
pub const HEADER_LEN: usize = 4;

/// What an ECP packet is (RFC 1661 section 5, RFC 1968 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Code {
    /// Carries the PHS option.
    ConfigureRequest = 1,
    /// Repeats the options of the request it accepts.
    ConfigureAck = 2,
    /// Never sent: PHS is not negotiated by hints.
    ConfigureNak = 3,
    /// Lists the options that were not understood.
    ConfigureReject = 4,
    /// Ends the negotiation.
    TerminateRequest = 5,
    /// Answers Terminate-Request.
    TerminateAck = 6,
    /// Answers a code that is not in this list.
    CodeReject = 7,
    /// Carries a [`Reset`].
    ResetRequest = 14,
    /// Carries the answer to a [`Reset`].
    ResetAck = 15,
}

impl Code {
    /// The code of that number, `None` for one that ECP does not have.
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::ConfigureRequest,
            2 => Self::ConfigureAck,
            3 => Self::ConfigureNak,
            4 => Self::ConfigureReject,
            5 => Self::TerminateRequest,
            6 => Self::TerminateAck,
            7 => Self::CodeReject,
            14 => Self::ResetRequest,
            15 => Self::ResetAck,
            _ => return None,
        })
    }
}

/// Why bytes are not an ECP packet, or not one of the expected form. Such packets are discarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Fewer than four bytes, or the Length field is below 4 or beyond the bytes at hand.
    #[error("ECP packet's Length does not fit its {0} bytes; discarded (RFC 1661 section 5)")]
    Length(usize),
    /// An option whose length is below 2 or beyond the packet.
    #[error("ECP option's length does not fit its packet; discarded")]
    OptionLength,
    /// A Reset body of an unknown kind.
    #[error("ECP Reset of unknown kind {0}; discarded")]
    ResetKind(u8),
    /// A Reset body whose length does not fit its kind exactly.
    #[error("ECP Reset body of {0} bytes does not fit its kind; discarded")]
    ResetLength(usize),
}

/// A packet whose Length was checked; what lies behind it (padding) is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    bytes: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Checks the Length field.
    ///
    /// # Errors
    /// [`ParseError::Length`]; the packet is to be discarded silently (RFC 1661 section 5).
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let error = ParseError::Length(bytes.len());
        let [_, _, high, low, ..] = *bytes else {
            return Err(error);
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        match bytes.get(..length) {
            Some(bytes) if length >= HEADER_LEN => Ok(Self { bytes }),
            _ => Err(error),
        }
    }

    /// The Code field as it stands.
    pub fn code_number(&self) -> u8 {
        self.bytes[0]
    }

    /// What the Code field means; `None` for one that ECP does not have.
    pub fn code(&self) -> Option<Code> {
        Code::from_number(self.code_number())
    }

    /// The Identifier field.
    pub fn identifier(&self) -> u8 {
        self.bytes[1]
    }

    /// What follows the Length field.
    pub fn data(&self) -> &'a [u8] {
        &self.bytes[HEADER_LEN..]
    }

    /// The whole packet, without padding.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What a Configure-Request asks for.
    ///
    /// # Errors
    /// [`ParseError::OptionLength`] where the options do not fill the packet exactly; it is to be discarded.
    pub fn request(&self) -> Result<Request<'a>, ParseError> {
        Request::parse(self.data())
    }

    /// The body of a Reset-Request or Reset-Ack.
    ///
    /// # Errors
    /// [`ParseError::ResetKind`] or [`ParseError::ResetLength`]; the packet is to be counted and ignored.
    pub fn reset(&self) -> Result<Reset, ParseError> {
        Reset::parse(self.data())
    }
}

/// The options of a Configure-Request, as far as PHS knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Exactly one option, and it is PHS's.
    Phs(PhsOption),
    /// No option at all.
    Empty,
    /// The options to be Configure-Rejected: all but the first parsable PHS option, unchanged, in order.
    Unacceptable(Vec<&'a [u8]>),
}

impl<'a> Request<'a> {
    fn parse(mut options: &'a [u8]) -> Result<Self, ParseError> {
        let mut phs = None;
        let mut unacceptable = Vec::new();
        while !options.is_empty() {
            let length = options.get(1).map_or(0, |&length| usize::from(length));
            if length < 2 || length > options.len() {
                return Err(ParseError::OptionLength);
            }
            let (option, rest) = options.split_at(length);
            match PhsOption::parse(option) {
                Ok(option) if phs.is_none() => phs = Some(option),
                _ => unacceptable.push(option),
            }
            options = rest;
        }
        Ok(match phs {
            _ if !unacceptable.is_empty() => Self::Unacceptable(unacceptable),
            Some(option) => Self::Phs(option),
            None => Self::Empty,
        })
    }
}

/// What a Reset-Request or Reset-Ack of PHS says. Every one ends with a tag, made by
/// [`KeySchedule::tag`](crate::keys::KeySchedule::tag) over everything before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// The sender holds the keys of epoch 0.
    Confirm {
        /// Tag of epoch 0.
        tag: [u8; TAG_LEN],
    },
    /// A fresh public key for the next epoch.
    Rekey {
        /// The next epoch, e+1.
        epoch: u32,
        /// The sender's new X25519 public key.
        public_key: [u8; 32],
        /// Request: tag of epoch e. Acknowledgement: of e+1.
        tag: [u8; TAG_LEN],
    },
    /// The sender sends with the next epoch's keys now.
    Switched {
        /// The next epoch, e+1.
        epoch: u32,
        /// Tag of epoch e+1.
        tag: [u8; TAG_LEN],
    },
    /// The higher end would like a rekey.
    Ask {
        /// Tag of the current epoch.
        tag: [u8; TAG_LEN],
    },
}

/// The bodies' first byte.
mod kind {
    pub const CONFIRM: u8 = 1;
    pub const REKEY: u8 = 2;
    pub const SWITCHED: u8 = 3;
    pub const ASK: u8 = 4;
}

impl Reset {
    /// Checks a body: its kind is known, its length the kind's.
    ///
    /// # Errors
    /// [`ParseError::ResetKind`] or [`ParseError::ResetLength`].
    pub fn parse(body: &[u8]) -> Result<Self, ParseError> {
        let wrong = ParseError::ResetLength(body.len());
        let (&kind, rest) = body.split_first().ok_or(wrong)?;
        let (rest, tag) = match rest.split_last_chunk() {
            Some((rest, tag)) => (rest, *tag),
            None => (rest, [0; TAG_LEN]),
        };
        let exact = body.len() == Self::body_len(kind).ok_or(ParseError::ResetKind(kind))?;
        let reset = match (kind, rest.split_first_chunk()) {
            (kind::CONFIRM, _) => Some(Self::Confirm { tag }),
            (kind::ASK, _) => Some(Self::Ask { tag }),
            (kind::SWITCHED, Some((epoch, _))) => Some(Self::Switched {
                epoch: u32::from_be_bytes(*epoch),
                tag,
            }),
            (kind::REKEY, Some((epoch, key))) => key.first_chunk().map(|public_key| Self::Rekey {
                epoch: u32::from_be_bytes(*epoch),
                public_key: *public_key,
                tag,
            }),
            _ => None,
        };
        reset.filter(|_| exact).ok_or(wrong)
    }

    fn body_len(kind: u8) -> Option<usize> {
        Some(match kind {
            kind::CONFIRM | kind::ASK => 1 + TAG_LEN,
            kind::SWITCHED => 1 + 4 + TAG_LEN,
            kind::REKEY => 1 + 4 + 32 + TAG_LEN,
            _ => return None,
        })
    }
}

/// A Reset's body up to its tag: what is said before it is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetBody {
    /// See [`Reset::Confirm`].
    Confirm,
    /// See [`Reset::Rekey`].
    Rekey {
        /// The next epoch.
        epoch: u32,
        /// The sender's new public key.
        public_key: [u8; 32],
    },
    /// See [`Reset::Switched`].
    Switched {
        /// The next epoch.
        epoch: u32,
    },
    /// See [`Reset::Ask`].
    Ask,
}

/// A Reset-Request or Reset-Ack. `seal` makes the tag of Code, Identifier, Length and the body before the tag.
pub fn reset(
    code: Code,
    identifier: u8,
    body: ResetBody,
    seal: impl FnOnce(&[u8]) -> [u8; TAG_LEN],
) -> Vec<u8> {
    let mut data = Vec::with_capacity(1 + 4 + 32 + TAG_LEN);
    match body {
        ResetBody::Confirm => data.push(kind::CONFIRM),
        ResetBody::Ask => data.push(kind::ASK),
        ResetBody::Switched { epoch } => {
            data.push(kind::SWITCHED);
            data.extend_from_slice(&epoch.to_be_bytes());
        }
        ResetBody::Rekey { epoch, public_key } => {
            data.push(kind::REKEY);
            data.extend_from_slice(&epoch.to_be_bytes());
            data.extend_from_slice(&public_key);
        }
    }
    let untagged = data.len();
    data.resize(untagged + TAG_LEN, 0);
    let mut message = packet(code, identifier, &data);
    let tag_at = HEADER_LEN + untagged;
    let tag = seal(&message[..tag_at]);
    message[tag_at..].copy_from_slice(&tag);
    message
}

/// A packet of any code. `data` beyond what the Length field can say is cut.
pub fn packet(code: Code, identifier: u8, data: &[u8]) -> Vec<u8> {
    let data = &data[..data.len().min(usize::from(u16::MAX) - HEADER_LEN)];
    let length = (HEADER_LEN + data.len()) as u16;
    let mut message = Vec::with_capacity(usize::from(length));
    message.extend_from_slice(&[code as u8, identifier]);
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(data);
    message
}

/// A Configure-Request that carries `option`.
pub fn configure_request(identifier: u8, option: &PhsOption) -> Vec<u8> {
    packet(Code::ConfigureRequest, identifier, option.as_bytes())
}

/// The Configure-Ack of `request`: the same identifier and options.
pub fn configure_ack(request: &Packet<'_>) -> Vec<u8> {
    packet(Code::ConfigureAck, request.identifier(), request.data())
}

/// The Configure-Reject of `request` that lists `options`.
pub fn configure_reject(request: &Packet<'_>, options: &[&[u8]]) -> Vec<u8> {
    packet(
        Code::ConfigureReject,
        request.identifier(),
        &options.concat(),
    )
}

/// A Terminate-Request without data.
pub fn terminate_request(identifier: u8) -> Vec<u8> {
    packet(Code::TerminateRequest, identifier, &[])
}

/// The Terminate-Ack of `request`.
pub fn terminate_ack(request: &Packet<'_>) -> Vec<u8> {
    packet(Code::TerminateAck, request.identifier(), &[])
}

/// A Code-Reject of `rejected`, cut to fit the least MRU that IPv6 allows (RFC 1661 section 5.6).
pub fn code_reject(identifier: u8, rejected: &Packet<'_>) -> Vec<u8> {
    let bytes = rejected.as_bytes();
    packet(
        Code::CodeReject,
        identifier,
        &bytes[..bytes.len().min(1280 - HEADER_LEN)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::option::{LEN, Terms};
    use alloc::vec;
    use proptest::prelude::*;

    fn option() -> PhsOption {
        PhsOption::new(&Terms::default(), false, &[7; 32])
    }

    #[test]
    fn length_is_checked_and_padding_cut() {
        let packet = Packet::parse(&[5, 9, 0, 4, 0xFF, 0xFF]).unwrap();
        assert_eq!(packet.code(), Some(Code::TerminateRequest));
        assert_eq!((packet.identifier(), packet.data()), (9, &[][..]));
        for bad in [&[][..], &[5, 9, 0], &[5, 9, 0, 3], &[5, 9, 0, 5]] {
            assert_eq!(Packet::parse(bad), Err(ParseError::Length(bad.len())));
        }
        assert_eq!(Packet::parse(&[13, 0, 0, 4]).unwrap().code(), None);
    }

    #[test]
    fn configure_request_and_its_answers() {
        let bytes = configure_request(3, &option());
        assert_eq!(bytes[..4], [1, 3, 0, 51]);
        let request = Packet::parse(&bytes).unwrap();
        assert_eq!(request.request(), Ok(Request::Phs(option())));
        let ack = configure_ack(&request);
        assert_eq!(
            (&ack[..4], &ack[4..]),
            (&[2, 3, 0, 51][..], &option().emit()[..])
        );
        assert_eq!(terminate_ack(&request), [6, 3, 0, 4]);
        assert_eq!(code_reject(8, &request)[..6], [7, 8, 0, 55, 1, 3]);
    }

    #[test]
    fn other_options_and_second_ones_are_rejected_exactly() {
        let stranger = [1, 4, 0xAA, 0xBB];
        let data = [&stranger[..], &option().emit(), &option().emit()].concat();
        let bytes = packet(Code::ConfigureRequest, 1, &data);
        let request = Packet::parse(&bytes).unwrap();
        let Ok(Request::Unacceptable(options)) = request.request() else {
            panic!("must be rejected");
        };
        assert_eq!(options, [&stranger[..], &option().emit()]);
        let reject = configure_reject(&request, &options);
        assert_eq!(reject.len(), HEADER_LEN + stranger.len() + LEN);
        assert_eq!(Request::parse(&[]), Ok(Request::Empty));
        for bad in [&[0][..], &[0, 1], &[0, 3], &[1, 2, 9]] {
            assert_eq!(Request::parse(bad), Err(ParseError::OptionLength));
        }
    }

    #[test]
    fn resets_construct_and_deconstruct() {
        let seal = |before: &[u8]| [before.len() as u8; TAG_LEN];
        let confirm = reset(Code::ResetRequest, 2, ResetBody::Confirm, seal);
        assert_eq!(confirm[..5], [14, 2, 0, 21, 1]);
        let parsed = Packet::parse(&confirm).unwrap().reset();
        assert_eq!(parsed, Ok(Reset::Confirm { tag: [5; 16] }));
        let body = ResetBody::Rekey {
            epoch: 0x01020304,
            public_key: [8; 32],
        };
        let rekey = reset(Code::ResetAck, 2, body, seal);
        assert_eq!(rekey[..10], [15, 2, 0, 57, 2, 1, 2, 3, 4, 8]);
        let parsed = Packet::parse(&rekey).unwrap().reset();
        let expected = Reset::Rekey {
            epoch: 0x01020304,
            public_key: [8; 32],
            tag: [41; 16],
        };
        assert_eq!(parsed, Ok(expected));
        let switched = reset(
            Code::ResetRequest,
            2,
            ResetBody::Switched { epoch: 7 },
            seal,
        );
        assert_eq!(
            Reset::parse(&switched[4..]),
            Ok(Reset::Switched {
                epoch: 7,
                tag: [9; 16]
            })
        );
        let ask = reset(Code::ResetRequest, 2, ResetBody::Ask, seal);
        assert_eq!(Reset::parse(&ask[4..]), Ok(Reset::Ask { tag: [5; 16] }));
    }

    #[test]
    fn resets_of_any_other_length_or_kind_are_refused() {
        for (kind, right) in [(1, 17), (2, 53), (3, 21), (4, 17)] {
            for length in 1..80 {
                let mut body = vec![0; length];
                body[0] = kind;
                assert_eq!(
                    Reset::parse(&body).is_ok(),
                    length == right,
                    "kind {kind}, {length} bytes"
                );
            }
        }
        assert_eq!(Reset::parse(&[5; 17]), Err(ParseError::ResetKind(5)));
        assert_eq!(Reset::parse(&[]), Err(ParseError::ResetLength(0)));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(packet) = Packet::parse(&bytes) {
                prop_assert!(packet.as_bytes().len() <= bytes.len());
                let _ = (packet.code(), packet.request(), packet.reset());
                let _ = (configure_ack(&packet), code_reject(0, &packet));
            }
            let _ = (Request::parse(&bytes), Reset::parse(&bytes));
        }
    }
}
