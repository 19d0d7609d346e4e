//! IPv4 (RFC 791) and IPv6 (RFC 8200) headers.

use super::{Malformed, array_at, put_u16, u16_at};
use crate::checksum;

/// IP protocol number of TCP.
pub const TCP: u8 = 6;
/// IP protocol number of UDP.
pub const UDP: u8 = 17;

/// A view of an IPv4 header whose first 20 bytes are there.
#[derive(Clone, Copy, Debug)]
pub struct Ipv4<'a>(&'a [u8; 20]);

impl<'a> Ipv4<'a> {
    /// Length of a header without options.
    pub const HEADER: usize = 20;

    /// A view of the first 20 bytes of `packet`.
    ///
    /// # Errors
    /// `Malformed` where they are not there or the version is not 4.
    pub fn parse(packet: &'a [u8]) -> Result<Self, Malformed> {
        let have = packet.len();
        let truncated = Malformed::Truncated {
            layer: "IPv4",
            need: Self::HEADER,
            have,
        };
        let header = packet.first_chunk().ok_or(truncated)?;
        if header[0] >> 4 != 4 {
            return Err(Malformed::Field {
                layer: "IPv4",
                field: "version",
            });
        }
        Ok(Self(header))
    }

    /// Header length in bytes as stated, 0 to 60; nothing below 20 is possible.
    pub const fn header_len(&self) -> usize {
        (self.0[0] & 15) as usize * 4
    }

    /// Total length in bytes as stated.
    pub fn total_len(&self) -> usize {
        u16_at(self.0, 2).into()
    }

    /// The reserved flag bit (RFC 791, bit 0 of the flags).
    pub const fn reserved_bit(&self) -> bool {
        self.0[6] & 0x80 != 0
    }

    /// Whether this is a fragment: more to come, or an offset.
    pub const fn is_fragment(&self) -> bool {
        self.0[6] & 0x3F != 0 || self.0[7] != 0
    }

    /// The protocol of the payload.
    pub const fn protocol(&self) -> u8 {
        self.0[9]
    }

    /// Source address.
    pub fn source(&self) -> [u8; 4] {
        array_at(self.0, 12)
    }

    /// Destination address.
    pub fn destination(&self) -> [u8; 4] {
        array_at(self.0, 16)
    }
}

/// A view of an IPv6 header, which is there whole.
#[derive(Clone, Copy, Debug)]
pub struct Ipv6<'a>(&'a [u8; 40]);

impl<'a> Ipv6<'a> {
    /// Length of the fixed header.
    pub const HEADER: usize = 40;

    /// A view of the first 40 bytes of `packet`.
    ///
    /// # Errors
    /// `Malformed` where they are not there or the version is not 6.
    pub fn parse(packet: &'a [u8]) -> Result<Self, Malformed> {
        let have = packet.len();
        let truncated = Malformed::Truncated {
            layer: "IPv6",
            need: Self::HEADER,
            have,
        };
        let header = packet.first_chunk().ok_or(truncated)?;
        if header[0] >> 4 != 6 {
            return Err(Malformed::Field {
                layer: "IPv6",
                field: "version",
            });
        }
        Ok(Self(header))
    }

    /// Payload length in bytes as stated.
    pub fn payload_len(&self) -> usize {
        u16_at(self.0, 4).into()
    }

    /// The flow label, 20 bits.
    pub fn flow_label(&self) -> u32 {
        u32::from_be_bytes(array_at(self.0, 0)) & 0x000F_FFFF
    }

    /// The first Next Header.
    pub const fn next_header(&self) -> u8 {
        self.0[6]
    }

    /// Source address.
    pub fn source(&self) -> [u8; 16] {
        array_at(self.0, 8)
    }

    /// Destination address.
    pub fn destination(&self) -> [u8; 16] {
        array_at(self.0, 24)
    }
}

/// What a new IPv4 header without options says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4Header {
    /// Source address.
    pub source: [u8; 4],
    /// Destination address.
    pub destination: [u8; 4],
    /// Protocol of the payload.
    pub protocol: u8,
    /// Identification.
    pub identification: u16,
    /// Bytes after the header, at most 65,515.
    pub payload_len: u16,
}

impl Ipv4Header {
    /// The header's bytes, time to live 64, its checksum right.
    pub fn emit(&self) -> [u8; 20] {
        let mut header = [0; 20];
        header[0] = 0x45;
        put_u16(&mut header, 2, self.payload_len + 20);
        put_u16(&mut header, 4, self.identification);
        header[8] = 64;
        header[9] = self.protocol;
        header[12..16].copy_from_slice(&self.source);
        header[16..20].copy_from_slice(&self.destination);
        let sum = !checksum::sum(&header);
        put_u16(&mut header, 10, sum);
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emitted_header_reads_back_and_sums_to_zero() {
        let header = Ipv4Header {
            source: [192, 0, 2, 1],
            destination: [198, 51, 100, 2],
            protocol: UDP,
            identification: 7,
            payload_len: 100,
        }
        .emit();
        let view = Ipv4::parse(&header).unwrap();
        assert_eq!((view.header_len(), view.total_len()), (20, 120));
        assert_eq!(
            (view.source(), view.destination()),
            ([192, 0, 2, 1], [198, 51, 100, 2])
        );
        assert!(!view.is_fragment() && !view.reserved_bit());
        assert_eq!(checksum::sum(&header) % 0xFFFF, 0);
    }

    #[test]
    fn other_versions_and_short_packets_are_refused() {
        assert!(Ipv4::parse(&[0x45; 19]).is_err());
        assert!(Ipv4::parse(&[0x65; 20]).is_err());
        assert!(Ipv6::parse(&[0x60; 39]).is_err());
        assert!(Ipv6::parse(&[0x45; 40]).is_err());
        assert_eq!(Ipv6::parse(&[0x6F; 40]).unwrap().flow_label(), 0xF6F6F);
    }
}
