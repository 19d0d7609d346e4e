//! PPP in HDLC-like framing without flags and FCS, as L2TP and PPPoE carry it (RFC 1661, RFC 1662).

use super::{Malformed, u16_at};

/// PPP protocol numbers that this library knows by name.
pub mod protocol {
    /// Internet Protocol version 4 (RFC 1332).
    pub const IPV4: u16 = 0x0021;
    /// Internet Protocol version 6 (RFC 5072).
    pub const IPV6: u16 = 0x0057;
    /// Encrypted data (RFC 1968), where HEADER and FULL put scrambled packets.
    pub const SCRAMBLED: u16 = 0x0053;
    /// IP Control Protocol (RFC 1332).
    pub const IPCP: u16 = 0x8021;
    /// IPv6 Control Protocol (RFC 5072).
    pub const IPV6CP: u16 = 0x8057;
    /// Encryption Control Protocol (RFC 1968).
    pub const ECP: u16 = 0x8053;
    /// Link Control Protocol (RFC 1661).
    pub const LCP: u16 = 0xC021;
    /// Password Authentication Protocol (RFC 1334).
    pub const PAP: u16 = 0xC023;
    /// Challenge Handshake Authentication Protocol (RFC 1994).
    pub const CHAP: u16 = 0xC223;
    /// Extensible Authentication Protocol (RFC 3748).
    pub const EAP: u16 = 0xC227;
}

/// Whether packets of `protocol` always travel as they are: the link's own control protocols.
pub const fn is_link_control(protocol: u16) -> bool {
    matches!(
        protocol,
        protocol::LCP | protocol::ECP | protocol::PAP | protocol::CHAP | protocol::EAP
    )
}

/// What stands before the information field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whether the frame starts with the address and control fields FF 03.
    pub address_control: bool,
    /// The protocol number, whether it was sent in one byte or two.
    pub protocol: u16,
    /// Whether the protocol field was compressed to one byte.
    pub compressed: bool,
}

impl Header {
    /// Reads the header of a PPP frame.
    ///
    /// # Errors
    /// `Malformed` where the frame ends before its protocol field does.
    pub fn parse(frame: &[u8]) -> Result<Self, Malformed> {
        let address_control = frame.starts_with(&[0xFF, 0x03]);
        let skipped = if address_control { 2 } else { 0 };
        let rest = &frame[skipped..];
        Malformed::length("PPP", skipped + 1, frame.len())?;
        if rest[0] & 1 == 1 {
            return Ok(Self {
                address_control,
                protocol: rest[0].into(),
                compressed: true,
            });
        }
        Malformed::length("PPP", skipped + 2, frame.len())?;
        Ok(Self {
            address_control,
            protocol: u16_at(rest, 0),
            compressed: false,
        })
    }

    /// Bytes before the information field: 1 to 4.
    #[expect(clippy::len_without_is_empty, reason = "a header is never empty")]
    pub const fn len(&self) -> usize {
        (if self.address_control { 2 } else { 0 }) + (if self.compressed { 1 } else { 2 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(address_control: bool, protocol: u16, compressed: bool) -> Result<Header, Malformed> {
        Ok(Header {
            address_control,
            protocol,
            compressed,
        })
    }

    #[test]
    fn every_form_of_header() {
        assert_eq!(
            Header::parse(&[0xFF, 0x03, 0x00, 0x21, 0x45]),
            header(true, 0x21, false)
        );
        assert_eq!(
            Header::parse(&[0xFF, 0x03, 0x21, 0x45]),
            header(true, 0x21, true)
        );
        assert_eq!(
            Header::parse(&[0xC0, 0x21, 0x01]),
            header(false, 0xC021, false)
        );
        assert_eq!(Header::parse(&[0x57, 0x60]), header(false, 0x57, true));
    }

    #[test]
    fn a_frame_without_a_whole_protocol_field_is_refused() {
        for frame in [&[][..], &[0xFF, 0x03], &[0x00], &[0xFF, 0x03, 0xC0]] {
            assert!(
                matches!(Header::parse(frame), Err(Malformed::Truncated { .. })),
                "{frame:?}"
            );
        }
    }
}
