//! ICMPv6 in IPv6 (RFC 8200, RFC 4443), as far as neighbour discovery needs it: no extension headers, no fragments.

use core::net::Ipv6Addr;

use scramble::checksum;

/// ICMPv6's number among next headers.
const ICMPV6: u8 = 58;
/// Bytes of the IPv6 header.
const IPV6_LEN: usize = 40;

/// Message types.
pub mod kind {
    /// Echo Request (RFC 4443 section 4.1).
    pub const ECHO_REQUEST: u8 = 128;
    /// Echo Reply (RFC 4443 section 4.2).
    pub const ECHO_REPLY: u8 = 129;
    /// Router Solicitation (RFC 4861 section 4.1).
    pub const ROUTER_SOLICITATION: u8 = 133;
    /// Router Advertisement (RFC 4861 section 4.2).
    pub const ROUTER_ADVERTISEMENT: u8 = 134;
    /// Neighbor Solicitation (RFC 4861 section 4.3).
    pub const NEIGHBOR_SOLICITATION: u8 = 135;
    /// Neighbor Advertisement (RFC 4861 section 4.4).
    pub const NEIGHBOR_ADVERTISEMENT: u8 = 136;
}

/// Why a packet is silently discarded (RFC 4861 sections 6.1 and 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Not an IPv6 packet with ICMPv6 right behind its header, or cut short.
    #[error("not a whole ICMPv6 packet")]
    NotIcmpv6,
    /// The checksum is wrong.
    #[error("wrong ICMPv6 checksum")]
    Checksum,
    /// The hop limit shows that a router forwarded it.
    #[error("hop limit {0} is not 255: the packet is not from this link")]
    HopLimit(u8),
    /// Something in the message is not as the RFC has it.
    #[error("malformed neighbour discovery message")]
    Message,
    /// It is not for this end, or of a type that this end does not take.
    #[error("not for this end")]
    NotForUs,
}

/// A packet whose lengths and checksum were checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Icmpv6<'a> {
    /// The sender.
    pub source: Ipv6Addr,
    /// The receiver.
    pub destination: Ipv6Addr,
    /// 255 unless forwarded.
    pub hop_limit: u8,
    /// The message's type.
    pub kind: u8,
    /// The message's code.
    pub code: u8,
    /// What follows the checksum.
    pub body: &'a [u8],
}

impl<'a> Icmpv6<'a> {
    /// Checks an IPv6 packet.
    ///
    /// # Errors
    /// [`Invalid::NotIcmpv6`] or [`Invalid::Checksum`].
    pub fn parse(packet: &'a [u8]) -> Result<Self, Invalid> {
        let (header, rest) = packet
            .split_first_chunk::<IPV6_LEN>()
            .ok_or(Invalid::NotIcmpv6)?;
        let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
        let message = rest.get(..length).ok_or(Invalid::NotIcmpv6)?;
        if header[0] >> 4 != 6 || header[6] != ICMPV6 {
            return Err(Invalid::NotIcmpv6);
        }
        let (&[kind, code, _, _], body) =
            message.split_first_chunk::<4>().ok_or(Invalid::NotIcmpv6)?;
        let (source, destination) = (address(header, 8), address(header, 24));
        if sum(source, destination, message) != 0 {
            return Err(Invalid::Checksum);
        }
        Ok(Self {
            source,
            destination,
            hop_limit: header[7],
            kind,
            code,
            body,
        })
    }

    /// The IPv6 packet. A body beyond what its header can say is cut.
    pub fn emit(&self) -> Vec<u8> {
        let body = self
            .body
            .get(..usize::from(u16::MAX) - 4)
            .unwrap_or(self.body);
        let length = (4 + body.len()) as u16;
        let mut packet = Vec::with_capacity(IPV6_LEN + usize::from(length));
        packet.extend_from_slice(&[0x60, 0, 0, 0]);
        packet.extend_from_slice(&length.to_be_bytes());
        packet.extend_from_slice(&[ICMPV6, self.hop_limit]);
        packet.extend_from_slice(&self.source.octets());
        packet.extend_from_slice(&self.destination.octets());
        packet.extend_from_slice(&[self.kind, self.code, 0, 0]);
        packet.extend_from_slice(body);
        let checksum = !sum(self.source, self.destination, &packet[IPV6_LEN..]);
        packet[IPV6_LEN + 2..][..2].copy_from_slice(&checksum.to_be_bytes());
        packet
    }
}

/// The sum over pseudo-header and message (RFC 8200 section 8.1); 0 where the checksum is right.
fn sum(source: Ipv6Addr, destination: Ipv6Addr, message: &[u8]) -> u16 {
    let parts = [
        checksum::sum(&source.octets()),
        checksum::sum(&destination.octets()),
        checksum::sum(&(message.len() as u32).to_be_bytes()),
        ICMPV6.into(),
        checksum::sum(message),
    ];
    (parts.into_iter().map(u32::from).sum::<u32>() % 0xFFFF) as u16
}

fn address(header: &[u8; IPV6_LEN], at: usize) -> Ipv6Addr {
    let mut octets = [0; 16];
    octets.copy_from_slice(&header[at..at + 16]);
    octets.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An echo request from fe80::1 to fe80::2.
    const PING: [u8; 48] = [
        0x60, 0x00, 0x00, 0x00, 0x00, 0x08, 0x3A, 0xFF, 0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 1, 0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x80, 0x00, 0x82, 0xB5,
        0x00, 0x01, 0x00, 0x02,
    ];

    #[test]
    fn deconstruct_and_construct() {
        let ping = Icmpv6::parse(&PING).unwrap();
        assert_eq!(ping.source, "fe80::1".parse::<Ipv6Addr>().unwrap());
        assert_eq!(ping.destination, "fe80::2".parse::<Ipv6Addr>().unwrap());
        assert_eq!((ping.kind, ping.code, ping.hop_limit), (128, 0, 255));
        assert_eq!(ping.body, [0, 1, 0, 2]);
        assert_eq!(ping.emit(), PING);
    }

    #[test]
    fn what_is_not_whole_or_not_right_is_discarded() {
        for length in 0..PING.len() {
            assert_eq!(Icmpv6::parse(&PING[..length]), Err(Invalid::NotIcmpv6));
        }
        for at in [9, 30, 40, 43, 47] {
            let mut wrong = PING;
            wrong[at] ^= 1;
            assert_eq!(Icmpv6::parse(&wrong), Err(Invalid::Checksum));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(mut bytes: Vec<u8>) {
            if bytes.len() > 6 {
                bytes[0] = 0x60;
                bytes[6] = ICMPV6;
            }
            if let Ok(packet) = Icmpv6::parse(&bytes) {
                prop_assert!(Icmpv6::parse(&packet.emit()).is_ok());
            }
        }

        #[test]
        fn what_is_emitted_is_parsed(body: Vec<u8>, kind: u8, source: u128, destination: u128) {
            let packet = Icmpv6 {
                source: source.into(), destination: destination.into(), hop_limit: 1, kind, code: 0, body: &body,
            };
            let bytes = packet.emit();
            prop_assert_eq!(Icmpv6::parse(&bytes), Ok(packet));
        }
    }
}
