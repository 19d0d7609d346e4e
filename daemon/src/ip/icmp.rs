//! "Too big": ICMP Fragmentation Needed (RFC 1191 section 4) and ICMPv6 Packet Too Big (RFC 4443 section 3.2).

use std::net::{Ipv4Addr, Ipv6Addr};

use scramble::checksum::sum;
use scramble::wire::ip::{Ipv4, Ipv6};

const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
const HOP_LIMIT: u8 = 64;
/// What an ICMPv6 error may be in all (RFC 4443 section 2.4).
const LEAST_MTU: usize = 1280;

/// Who sends the errors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// In ICMP.
    pub ipv4: Option<Ipv4Addr>,
    /// In ICMPv6.
    pub ipv6: Option<Ipv6Addr>,
}

/// The answer to `packet`, which is larger than `mtu`, for its sender. `None` where there is to be none: to errors,
/// multicast, later fragments, and where this end has no address of that family.
pub fn too_big(packet: &[u8], mtu: u16, source: Source) -> Option<Vec<u8>> {
    match packet.first()? >> 4 {
        4 => fragmentation_needed(packet, mtu, source.ipv4?),
        6 => packet_too_big(packet, mtu, source.ipv6?),
        _ => None,
    }
}

fn fragmentation_needed(packet: &[u8], mtu: u16, source: Ipv4Addr) -> Option<Vec<u8>> {
    const UNREACHABLE: u8 = 3;
    const FRAGMENTATION_NEEDED: u8 = 4;
    let ip = Ipv4::parse(packet).ok()?;
    let to = Ipv4Addr::from(ip.source());
    let is_later_fragment = u16::from_be_bytes([packet[6], packet[7]]) & 0x1FFF != 0;
    if is_later_fragment
        || to.is_multicast()
        || to.is_broadcast()
        || to.is_unspecified()
        || Ipv4Addr::from(ip.destination()).is_multicast()
        || (ip.protocol() == ICMP && is_icmp_error(packet.get(ip.header_len()..)?))
    {
        return None;
    }
    let quoted = &packet[..packet.len().min(ip.header_len() + 8)];
    let total = (20 + 8 + quoted.len()) as u16;
    let mut answer = Vec::with_capacity(total.into());
    answer.extend_from_slice(&[0x45, 0xC0]);
    answer.extend_from_slice(&total.to_be_bytes());
    answer.extend_from_slice(&[0, 0, 0, 0, HOP_LIMIT, ICMP, 0, 0]);
    answer.extend_from_slice(&source.octets());
    answer.extend_from_slice(&to.octets());
    put_checksum(&mut answer, 0, 10, 0);
    answer.extend_from_slice(&[UNREACHABLE, FRAGMENTATION_NEEDED, 0, 0, 0, 0]);
    answer.extend_from_slice(&mtu.to_be_bytes());
    answer.extend_from_slice(quoted);
    put_checksum(&mut answer, 20, 2, 0);
    Some(answer)
}

/// Every type but those of queries (RFC 1122 section 3.2.2).
fn is_icmp_error(message: &[u8]) -> bool {
    !matches!(message.first(), Some(0 | 8 | 13..=18))
}

fn packet_too_big(packet: &[u8], mtu: u16, source: Ipv6Addr) -> Option<Vec<u8>> {
    const PACKET_TOO_BIG: u8 = 2;
    let ip = Ipv6::parse(packet).ok()?;
    let to = Ipv6Addr::from(ip.source());
    let is_error = ip.next_header() == ICMPV6 && *packet.get(40)? < 128;
    if to.is_multicast() || to.is_unspecified() || is_error {
        return None;
    }
    let quoted = &packet[..packet.len().min(LEAST_MTU - 48)];
    let length = (8 + quoted.len()) as u16;
    let mut answer = Vec::with_capacity(48 + quoted.len());
    answer.extend_from_slice(&[0x60, 0, 0, 0]);
    answer.extend_from_slice(&length.to_be_bytes());
    answer.extend_from_slice(&[ICMPV6, HOP_LIMIT]);
    answer.extend_from_slice(&source.octets());
    answer.extend_from_slice(&to.octets());
    answer.extend_from_slice(&[PACKET_TOO_BIG, 0, 0, 0, 0, 0]);
    answer.extend_from_slice(&mtu.to_be_bytes());
    answer.extend_from_slice(quoted);
    let pseudo = u32::from(sum(&answer[8..40])) + u32::from(length) + u32::from(ICMPV6);
    put_checksum(&mut answer, 40, 2, (pseudo % 0xFFFF) as u16);
    Some(answer)
}

/// Puts the checksum of what follows `from`, and `pseudo` besides, at `from + at`, which holds 0.
fn put_checksum(packet: &mut [u8], from: usize, at: usize, pseudo: u16) {
    let total = u32::from(sum(&packet[from..])) + u32::from(pseudo);
    let checksum = !((total % 0xFFFF) as u16);
    packet[from + at..from + at + 2].copy_from_slice(&checksum.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const US: Source = Source {
        ipv4: Some(Ipv4Addr::new(192, 0, 2, 1)),
        ipv6: Some(Ipv6Addr::new(0x2001, 0xDB8, 0, 0, 0, 0, 0, 1)),
    };

    fn v4(protocol: u8, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, protocol, 0, 0];
        packet.extend_from_slice(&[198, 51, 100, 9, 192, 0, 2, 77]);
        packet.extend_from_slice(payload);
        let length = packet.len() as u16;
        packet[2..4].copy_from_slice(&length.to_be_bytes());
        packet
    }

    fn v6(next_header: u8, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x60, 0, 0, 0];
        packet.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        packet.extend_from_slice(&[next_header, 64, 0x20, 1, 0xD, 0xB8]);
        packet.resize(24, 9);
        packet.extend_from_slice(&[0x20, 1, 0xD, 0xB8]);
        packet.resize(40, 7);
        packet.extend_from_slice(payload);
        packet
    }

    #[test]
    fn ipv4_gets_fragmentation_needed_with_the_mtu() {
        let packet = v4(17, &[5; 1480]);
        let answer = too_big(&packet, 1494, US).unwrap();
        assert_eq!(answer.len(), 20 + 8 + 28);
        assert_eq!(answer[12..20], [192, 0, 2, 1, 198, 51, 100, 9]);
        assert_eq!(
            (answer[20], answer[21], &answer[26..28]),
            (3, 4, &1494u16.to_be_bytes()[..])
        );
        assert_eq!(answer[28..], packet[..28]);
        assert_eq!(
            (sum(&answer[..20]) % 0xFFFF, sum(&answer[20..]) % 0xFFFF),
            (0, 0)
        );
    }

    #[test]
    fn ipv6_gets_packet_too_big_with_the_mtu() {
        let answer = too_big(&v6(17, &[5; 1460]), 1494, US).unwrap();
        assert_eq!(answer.len(), 1280);
        assert_eq!(
            (answer[40], &answer[44..48]),
            (2, &1494u32.to_be_bytes()[..])
        );
        let pseudo = u32::from(sum(&answer[8..40])) + (answer.len() - 40) as u32 + 58;
        assert_eq!((pseudo + u32::from(sum(&answer[40..]))) % 0xFFFF, 0);
    }

    #[test]
    fn errors_are_never_answered() {
        assert_eq!(too_big(&v4(1, &[3; 1400]), 1400, US), None);
        assert!(too_big(&v4(1, &[8; 1400]), 1400, US).is_some());
        assert_eq!(too_big(&v6(58, &[1; 1400]), 1400, US), None);
        assert!(too_big(&v6(58, &[128; 1400]), 1400, US).is_some());
        assert_eq!(too_big(&v4(17, &[0; 1400]), 1400, Source::default()), None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..120), mtu: u16) {
            let _ = too_big(&bytes, mtu, US);
        }
    }
}
