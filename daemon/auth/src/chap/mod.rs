//! The Challenge Handshake Authentication Protocol (RFC 1994, protocol 0xC223), with MD5 or as MS-CHAPv2.

mod authenticator;
mod peer;

pub(crate) use authenticator::Authenticator;
pub(crate) use peer::Peer;

use md5::{Digest, Md5};

use crate::packet::{self, Header, ParseError};

/// A CHAP packet, borrowed from its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// The authenticator asks.
    Challenge(Exchange<'a>),
    /// The peer answers.
    Response(Exchange<'a>),
    /// The peer is who it says.
    Success(Verdict<'a>),
    /// It is not.
    Failure(Verdict<'a>),
}

/// A Challenge or a Response (RFC 1994 section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange<'a> {
    /// A Response has its Challenge's.
    pub identifier: u8,
    /// One byte at least.
    pub value: &'a [u8],
    /// Who sends this.
    pub name: &'a [u8],
}

/// A Success or a Failure (RFC 1994 section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// The Response's.
    pub identifier: u8,
    /// For people; MS-CHAPv2 puts more into it.
    pub message: &'a [u8],
}

const CHALLENGE: u8 = 1;
const RESPONSE: u8 = 2;
const SUCCESS: u8 = 3;
const FAILURE: u8 = 4;

impl<'a> Packet<'a> {
    /// Reads what follows the PPP protocol field.
    ///
    /// # Errors
    /// [`ParseError`]; the packet is to be discarded silently.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let Header {
            code,
            identifier,
            data,
        } = Header::parse(bytes)?;
        let exchange = || match packet::counted(data)? {
            ([], _) => Err(ParseError::Field),
            (value, name) => Ok(Exchange {
                identifier,
                value,
                name,
            }),
        };
        let verdict = Verdict {
            identifier,
            message: data,
        };
        match code {
            CHALLENGE => exchange().map(Self::Challenge),
            RESPONSE => exchange().map(Self::Response),
            SUCCESS => Ok(Self::Success(verdict)),
            FAILURE => Ok(Self::Failure(verdict)),
            code => Err(ParseError::Code(code)),
        }
    }

    /// The packet's bytes. A value has at most 255, a name or a message not many more.
    pub(crate) fn emit(&self) -> Vec<u8> {
        match self {
            Self::Challenge(exchange) => exchange.emit(CHALLENGE),
            Self::Response(exchange) => exchange.emit(RESPONSE),
            Self::Success(verdict) => verdict.emit(SUCCESS),
            Self::Failure(verdict) => verdict.emit(FAILURE),
        }
    }
}

impl Exchange<'_> {
    fn emit(&self, code: u8) -> Vec<u8> {
        debug_assert!(self.value.len() <= 255);
        let value_size = [self.value.len() as u8];
        packet::emit(code, self.identifier, &[&value_size, self.value, self.name])
    }
}

impl Verdict<'_> {
    fn emit(&self, code: u8) -> Vec<u8> {
        packet::emit(code, self.identifier, &[self.message])
    }
}

/// What a Response's value is made with (RFC 1994 section 3, RFC 2759 section 3).
#[derive(Clone, Copy)]
pub(crate) enum Algorithm {
    Md5,
    MsChapV2,
}

/// The Response's value with MD5: "the Identifier, followed by (concatenated with) the 'secret', followed by the
/// Challenge Value" (RFC 1994 section 4.1).
pub fn md5_response(identifier: u8, secret: &[u8], challenge: &[u8]) -> [u8; 16] {
    let hash = Md5::new_with_prefix([identifier]);
    hash.chain_update(secret)
        .chain_update(challenge)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_challenge_is_read_and_written() {
        let bytes = b"\x01\x09\x00\x0B\x03\xAA\xBB\xCCisp";
        let challenge = Packet::Challenge(Exchange {
            identifier: 9,
            value: &[0xAA, 0xBB, 0xCC],
            name: b"isp",
        });
        assert_eq!(challenge.emit(), bytes);
        assert_eq!(Packet::parse(bytes), Ok(challenge));
    }

    #[test]
    fn an_exchange_without_a_value_is_refused() {
        for code in [1, 2] {
            for body in [&[][..], &[0], &[0, b'a'], &[3, 1, 2]] {
                let bytes = packet::emit(code, 9, &[body]);
                assert_eq!(Packet::parse(&bytes), Err(ParseError::Field));
            }
        }
        assert_eq!(
            Packet::parse(&[5, 9, 0, 4]),
            Err(ParseError::Code(5)),
            "RFC 1994 has four codes"
        );
    }

    /// The same hash by Python's hashlib: md5(17 | "Wörter" | 00 01 .. 0f).
    #[test]
    fn md5_takes_identifier_secret_and_challenge_in_this_order() {
        let challenge: Vec<u8> = (0..16).collect();
        let response = md5_response(0x17, "Wörter".as_bytes(), &challenge);
        assert_eq!(hex::encode(response), "f3bf382117133987b9f6c34153b49534");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..80)) {
            let _ = Packet::parse(&bytes);
        }

        #[test]
        fn what_is_written_is_read(
            code in 0..4,
            identifier: u8,
            value in vec(any::<u8>(), 1..=255),
            text in vec(any::<u8>(), 0..300),
        ) {
            let exchange = Exchange { identifier, value: &value, name: &text };
            let verdict = Verdict { identifier, message: &text };
            let packet = match code {
                0 => Packet::Challenge(exchange),
                1 => Packet::Response(exchange),
                2 => Packet::Success(verdict),
                _ => Packet::Failure(verdict),
            };
            let bytes = packet.emit();
            prop_assert_eq!(Packet::parse(&bytes), Ok(packet));
        }
    }
}
