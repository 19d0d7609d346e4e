//! IPv4 fragmentation (RFC 791 section 3.2), for packets that are too big and allow it.

use scramble::checksum::sum;
use scramble::wire::ip::Ipv4;

const LENGTH: usize = 2;
const FLAGS: usize = 6;
const CHECKSUM: usize = 10;
const DONT_FRAGMENT: u16 = 0x4000;
const MORE_FRAGMENTS: u16 = 0x2000;
const OFFSET: u16 = 0x1FFF;

/// What to do with an IPv4 packet that is larger than an MTU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fragments {
    /// Send these instead.
    Cut(Vec<Vec<u8>>),
    /// Its Don't Fragment flag is set: answer with ICMP.
    Forbidden,
    /// It is no IPv4 packet that can be cut.
    Malformed,
}

/// Cuts `packet` into fragments of at most `mtu` bytes.
pub fn fragments(packet: &[u8], mtu: usize) -> Fragments {
    let Ok(ip) = Ipv4::parse(packet) else {
        return Fragments::Malformed;
    };
    let flags = u16::from_be_bytes([packet[FLAGS], packet[FLAGS + 1]]);
    if flags & DONT_FRAGMENT != 0 {
        return Fragments::Forbidden;
    }
    let header_len = ip.header_len();
    let room = mtu.saturating_sub(header_len) & !7;
    let (Some(header), Some(payload)) = (
        packet.get(..header_len),
        packet.get(header_len..ip.total_len()),
    ) else {
        return Fragments::Malformed;
    };
    if header_len < Ipv4::HEADER || room == 0 {
        return Fragments::Malformed;
    }
    let last = payload.len().div_ceil(room).saturating_sub(1);
    let cut = payload.chunks(room).enumerate().map(|(index, part)| {
        let offset = (flags & OFFSET).wrapping_add((index * room / 8) as u16) & OFFSET;
        let more = if index < last {
            MORE_FRAGMENTS
        } else {
            flags & MORE_FRAGMENTS
        };
        // Options are copied into every fragment: those that should not be are harmless there.
        let mut fragment = [header, part].concat();
        let length = (header_len + part.len()) as u16;
        fragment[LENGTH..LENGTH + 2].copy_from_slice(&length.to_be_bytes());
        let word = flags & !(OFFSET | MORE_FRAGMENTS) | more | offset;
        fragment[FLAGS..FLAGS + 2].copy_from_slice(&word.to_be_bytes());
        fragment[CHECKSUM..CHECKSUM + 2].fill(0);
        let checksum = !sum(&fragment[..header_len]);
        fragment[CHECKSUM..CHECKSUM + 2].copy_from_slice(&checksum.to_be_bytes());
        fragment
    });
    Fragments::Cut(cut.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(payload: usize, flags: u16) -> Vec<u8> {
        let mut packet = vec![
            0x45, 0, 0, 0, 7, 7, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2,
        ];
        packet.extend((0..payload).map(|i| i as u8));
        let length = packet.len() as u16;
        packet[2..4].copy_from_slice(&length.to_be_bytes());
        packet[6..8].copy_from_slice(&flags.to_be_bytes());
        packet
    }

    #[test]
    fn fragments_join_to_the_original() {
        let Fragments::Cut(parts) = fragments(&packet(1480, 0), 1494) else {
            panic!("it may be cut")
        };
        assert_eq!(parts.len(), 2);
        assert_eq!(
            parts.iter().map(Vec::len).collect::<Vec<_>>(),
            [20 + 1472, 28]
        );
        assert_eq!([parts[0][6], parts[0][7]], [0x20, 0]);
        assert_eq!([parts[1][6], parts[1][7]], [0, 184]);
        let joined: Vec<u8> = parts.iter().flat_map(|part| part[20..].to_vec()).collect();
        assert_eq!(joined, packet(1480, 0)[20..]);
        assert!(
            parts
                .iter()
                .all(|part| sum(&part[..20]).is_multiple_of(0xFFFF))
        );
    }

    #[test]
    fn a_fragment_is_cut_further_and_keeps_its_place() {
        let Fragments::Cut(parts) = fragments(&packet(64, MORE_FRAGMENTS | 100), 60) else {
            panic!("it may be cut")
        };
        assert_eq!([parts[0][6], parts[0][7]], [0x20, 100]);
        assert_eq!([parts[1][6], parts[1][7]], [0x20, 105]);
    }

    #[test]
    fn what_must_not_be_cut_is_not() {
        assert_eq!(
            fragments(&packet(1480, DONT_FRAGMENT), 1494),
            Fragments::Forbidden
        );
        assert_eq!(fragments(&[0x45; 10], 1494), Fragments::Malformed);
        assert_eq!(fragments(&packet(100, 0), 20), Fragments::Malformed);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200), mtu in 0usize..300) {
            let mut bytes = bytes;
            if let Some(first) = bytes.first_mut() { *first = 0x40 | *first & 15; }
            if let Fragments::Cut(parts) = fragments(&bytes, mtu) {
                prop_assert!(parts.iter().all(|part| part.len() <= mtu));
            }
        }
    }
}
