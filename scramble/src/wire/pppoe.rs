//! The PPPoE session stage header (RFC 2516 section 4).

use super::{Malformed, u16_at};

/// Ethertype of the session stage.
pub const ETHERTYPE: u16 = 0x8864;

/// A session stage packet's header: the session it belongs to, and where its PPP frame ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionHeader {
    /// Session id.
    pub session: u16,
    /// Where the PPP frame ends, counted from the start of the PPPoE header.
    pub end: usize,
}

impl SessionHeader {
    /// Length of the header: the PPP frame starts there.
    pub const HEADER: usize = 6;
    /// Where the length stands.
    pub const LENGTH: usize = 4;

    /// Reads the header of the PPPoE packet at the start of `bytes`.
    ///
    /// # Errors
    /// `Malformed` where version, type or code are not those of session data or the length does not
    /// fit.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        Malformed::length("PPPoE", Self::HEADER, bytes.len())?;
        if bytes[0] != 0x11 {
            return Err(Malformed::Field {
                layer: "PPPoE",
                field: "version or type",
            });
        }
        if bytes[1] != 0 {
            return Err(Malformed::Field {
                layer: "PPPoE",
                field: "code",
            });
        }
        let end = Self::HEADER + usize::from(u16_at(bytes, Self::LENGTH));
        Malformed::length("PPPoE", end, bytes.len())?;
        Ok(Self {
            session: u16_at(bytes, 2),
            end,
        })
    }

    /// The header's bytes, for a PPP frame of `length` bytes.
    pub fn emit(session: u16, length: u16) -> [u8; 6] {
        let ([s0, s1], [l0, l1]) = (session.to_be_bytes(), length.to_be_bytes());
        [0x11, 0, s0, s1, l0, l1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emitted_header_reads_back_and_padding_is_left_out() {
        let mut bytes = SessionHeader::emit(0xBEEF, 2).to_vec();
        bytes.extend([0xC0, 0x21, 0, 0, 0]);
        assert_eq!(
            SessionHeader::parse(&bytes),
            Ok(SessionHeader {
                session: 0xBEEF,
                end: 8
            })
        );
    }

    #[test]
    fn discovery_codes_and_long_lengths_are_refused() {
        assert!(SessionHeader::parse(&[0x11, 0xA7, 0, 1, 0, 0]).is_err());
        assert!(SessionHeader::parse(&[0x12, 0, 0, 1, 0, 0]).is_err());
        assert!(SessionHeader::parse(&[0x11, 0, 0, 1, 0, 1]).is_err());
    }
}
