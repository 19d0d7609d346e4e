//! The Password Authentication Protocol (RFC 1334 section 2, protocol 0xC023).

mod authenticator;
mod peer;

pub(crate) use authenticator::Authenticator;
pub(crate) use peer::Peer;

use crate::packet::{self, Header, ParseError};

/// A PAP packet, borrowed from its bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Who the peer is, and its password.
    AuthenticateRequest {
        /// Another one for each request sent.
        identifier: u8,
        /// Peer-ID, the name.
        peer_id: &'a [u8],
        /// The password, in clear.
        password: &'a [u8],
    },
    /// The peer is who it says.
    AuthenticateAck(Answer<'a>),
    /// It is not.
    AuthenticateNak(Answer<'a>),
}

/// The answer to an Authenticate-Request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The request's.
    pub identifier: u8,
    /// For people.
    pub message: &'a [u8],
}

const REQUEST: u8 = 1;
const ACK: u8 = 2;
const NAK: u8 = 3;

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
        let answer = || Answer {
            identifier,
            // Some implementations leave the message out, length byte and all; nothing depends on it.
            message: packet::counted(data).map_or(&[], |(message, _)| message),
        };
        match code {
            REQUEST => {
                let (peer_id, rest) = packet::counted(data)?;
                let (password, _) = packet::counted(rest)?;
                Ok(Self::AuthenticateRequest {
                    identifier,
                    peer_id,
                    password,
                })
            }
            ACK => Ok(Self::AuthenticateAck(answer())),
            NAK => Ok(Self::AuthenticateNak(answer())),
            code => Err(ParseError::Code(code)),
        }
    }

    /// The packet's bytes. Fields have at most 255.
    pub(crate) fn emit(&self) -> Vec<u8> {
        match *self {
            Self::AuthenticateRequest {
                identifier,
                peer_id,
                password,
            } => packet::emit(
                REQUEST,
                identifier,
                &[&count(peer_id), peer_id, &count(password), password],
            ),
            Self::AuthenticateAck(answer) => answer.emit(ACK),
            Self::AuthenticateNak(answer) => answer.emit(NAK),
        }
    }
}

impl Answer<'_> {
    fn emit(&self, code: u8) -> Vec<u8> {
        packet::emit(code, self.identifier, &[&count(self.message), self.message])
    }
}

/// The length byte before a field.
fn count(field: &[u8]) -> [u8; 1] {
    debug_assert!(field.len() <= 255);
    [field.len() as u8]
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const REQUEST_BYTES: &[u8] = b"\x01\x05\x00\x0F\x05alice\x04open";

    #[test]
    fn a_request_is_read_and_written() {
        let request = Packet::AuthenticateRequest {
            identifier: 5,
            peer_id: b"alice",
            password: b"open",
        };
        assert_eq!(request.emit(), REQUEST_BYTES);
        assert!(Packet::parse(REQUEST_BYTES) == Ok(request));
    }

    #[test]
    fn an_answer_without_a_message_is_an_answer() {
        for (bytes, message) in [
            (&b"\x02\x05\x00\x04"[..], &b""[..]),
            (b"\x02\x05\x00\x05\x00", b""),
            (b"\x02\x05\x00\x07\x02hi", b"hi"),
            (b"\x02\x05\x00\x07\x09hi", b""),
        ] {
            let answer = Answer {
                identifier: 5,
                message,
            };
            assert!(Packet::parse(bytes) == Ok(Packet::AuthenticateAck(answer)));
        }
    }

    #[test]
    fn a_request_whose_fields_lie_is_refused() {
        for bytes in [
            &b"\x01\x05\x00\x04"[..],
            b"\x01\x05\x00\x06\x02a",
            b"\x01\x05\x00\x06\x01a",
            b"\x01\x05\x00\x08\x01a\x02b",
        ] {
            assert!(Packet::parse(bytes) == Err(ParseError::Field));
        }
        assert!(Packet::parse(b"\x04\x05\x00\x04") == Err(ParseError::Code(4)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..80)) {
            let _ = Packet::parse(&bytes);
        }

        #[test]
        fn what_is_written_is_read(
            code in 0..3,
            identifier: u8,
            a in vec(any::<u8>(), 0..=255),
            password in vec(any::<u8>(), 0..=255),
        ) {
            let answer = Answer { identifier, message: &a };
            let packet = match code {
                0 => Packet::AuthenticateRequest { identifier, peer_id: &a, password: &password },
                1 => Packet::AuthenticateAck(answer),
                _ => Packet::AuthenticateNak(answer),
            };
            prop_assert!(Packet::parse(&packet.emit()) == Ok(packet));
        }
    }
}
