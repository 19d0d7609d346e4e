//! TCP's Maximum Segment Size (RFC 9293 section 3.7.1) held below a link's MTU, because path MTU discovery fails
//! wherever ICMP is filtered.

use scramble::checksum::Delta;
use scramble::wire::ip::{Ipv4, Ipv6};

const TCP: u8 = 6;
const SYN: u8 = 0x02;
/// Offsets in a TCP header.
mod field {
    pub const DATA_OFFSET: usize = 12;
    pub const FLAGS: usize = 13;
    pub const CHECKSUM: usize = 16;
    pub const OPTIONS: usize = 20;
}

/// Lowers the MSS option of a SYN in the IP packet `packet` to what fits into `mtu`. Everything else stays as it is.
pub fn clamp(packet: &mut [u8], mtu: usize) {
    let Some((tcp_at, limit)) = syn(packet, mtu) else {
        return;
    };
    let tcp = &mut packet[tcp_at..];
    let Some(at) = mss_option(tcp) else {
        return;
    };
    let old = u16::from_be_bytes([tcp[at], tcp[at + 1]]);
    if old <= limit {
        return;
    }
    // An option may stand at an odd offset: the words that change are then its neighbours' too.
    let words = at & !1..(at + 3) & !1;
    let delta = Delta::default().old(&tcp[words.clone()]);
    tcp[at..at + 2].copy_from_slice(&limit.to_be_bytes());
    let delta = delta.new(&tcp[words]);
    let checksum = [tcp[field::CHECKSUM], tcp[field::CHECKSUM + 1]];
    let checksum = delta.apply(u16::from_be_bytes(checksum));
    tcp[field::CHECKSUM..field::CHECKSUM + 2].copy_from_slice(&checksum.to_be_bytes());
}

/// Where the TCP header of an unfragmented SYN starts, and the largest MSS for `mtu`.
fn syn(packet: &[u8], mtu: usize) -> Option<(usize, u16)> {
    let (tcp_at, overhead) = match packet.first()? >> 4 {
        4 => {
            let ip = Ipv4::parse(packet).ok()?;
            let usable = ip.protocol() == TCP && !ip.is_fragment() && ip.header_len() >= 20;
            (usable.then(|| ip.header_len())?, 40)
        }
        6 => {
            let ip = Ipv6::parse(packet).ok()?;
            ((ip.next_header() == TCP).then_some(40)?, 60)
        }
        _ => return None,
    };
    let tcp = packet.get(tcp_at..)?;
    let is_syn = tcp.len() >= field::OPTIONS && tcp[field::FLAGS] & SYN != 0;
    let limit = u16::try_from(mtu.checked_sub(overhead)?).ok()?;
    is_syn.then_some((tcp_at, limit))
}

/// Where the value of the MSS option stands in the TCP header `tcp`.
fn mss_option(tcp: &[u8]) -> Option<usize> {
    const END: u8 = 0;
    const NO_OPERATION: u8 = 1;
    const MSS: u8 = 2;
    let end = usize::from(tcp[field::DATA_OFFSET] >> 4) * 4;
    // Even, so that the words around an option lie within the header.
    let header = tcp.get(..end)?;
    let mut at = field::OPTIONS;
    while at < header.len() {
        match (header[at], header.get(at + 1)) {
            (END, _) => return None,
            (NO_OPERATION, _) => at += 1,
            (MSS, Some(4)) if at + 4 <= header.len() => return Some(at + 2),
            (_, Some(&length)) if length >= 2 => at += usize::from(length),
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use scramble::checksum::sum;

    /// An IPv4 SYN with `options` before its MSS option of `mss`, and a right checksum.
    fn syn_packet(mss: u16, options: &[u8]) -> Vec<u8> {
        let mut tcp = vec![
            0x1F, 0x90, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0, SYN, 0xFF, 0xFF, 0, 0, 0, 0,
        ];
        tcp.extend_from_slice(options);
        tcp.extend_from_slice(&[2, 4]);
        tcp.extend_from_slice(&mss.to_be_bytes());
        tcp.resize(tcp.len().next_multiple_of(4), 0);
        tcp[12] = ((tcp.len() / 4) as u8) << 4;
        let mut packet = vec![
            0x45,
            0,
            0,
            (20 + tcp.len()) as u8,
            0,
            0,
            0x40,
            0,
            64,
            TCP,
            0,
            0,
        ];
        packet.extend_from_slice(&[192, 0, 2, 1, 198, 51, 100, 7]);
        packet.extend_from_slice(&tcp);
        let checksum = !pseudo_sum(&packet);
        packet[36..38].copy_from_slice(&checksum.to_be_bytes());
        packet
    }

    /// The sum of pseudo-header and segment: 0 modulo 65535 where the checksum is right.
    fn pseudo_sum(packet: &[u8]) -> u16 {
        let length = (packet.len() - 20) as u32;
        let total = u32::from(sum(&packet[12..])) + u32::from(TCP) + length;
        (total % 0xFFFF) as u16
    }

    #[test]
    fn a_large_mss_is_lowered_and_the_checksum_follows() {
        for options in [
            &[][..],
            &[1],
            &[1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0],
            &[3, 3, 7],
        ] {
            let mut packet = syn_packet(1460, options);
            clamp(&mut packet, 1494);
            assert_eq!(packet, syn_packet(1454, options), "{options:?}");
            assert_eq!(pseudo_sum(&packet) % 0xFFFF, 0);
        }
    }

    #[test]
    fn a_small_mss_and_other_packets_stay() {
        let small = syn_packet(1200, &[]);
        let mut packet = small.clone();
        clamp(&mut packet, 1494);
        assert_eq!(packet, small);
        let mut ack = syn_packet(1460, &[]);
        ack[33] = 0x10;
        let before = ack.clone();
        clamp(&mut ack, 1494);
        assert_eq!(ack, before);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_no_harm(mut bytes in proptest::collection::vec(any::<u8>(), 0..120), mtu in 0usize..2000) {
            clamp(&mut bytes, mtu);
            if let Some(first) = bytes.first_mut() { *first = 0x45; }
            if bytes.len() > 33 { bytes[9] = TCP; bytes[33] |= SYN; bytes[6] = 0; bytes[7] = 0; }
            clamp(&mut bytes, mtu);
        }
    }
}
