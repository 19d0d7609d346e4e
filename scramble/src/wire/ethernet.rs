//! Ethernet II with VLAN tags (IEEE 802.3, 802.1Q, 802.1ad).

use super::{Malformed, array_at, u16_at};

/// Ethertype of IPv4.
pub const IPV4: u16 = 0x0800;
/// Ethertype of IPv6.
pub const IPV6: u16 = 0x86DD;

/// At most this many VLAN tags are looked through.
pub const MAX_TAGS: usize = 2;

const fn is_tag(ethertype: u16) -> bool {
    matches!(ethertype, 0x8100 | 0x88A8 | 0x9100)
}

/// What stands before an Ethernet frame's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// Destination MAC address.
    pub destination: [u8; 6],
    /// Source MAC address.
    pub source: [u8; 6],
    /// VLAN ids from the outside in, `None` where there is no tag.
    pub vlans: [Option<u16>; MAX_TAGS],
    /// The ethertype of the payload, after the tags.
    pub ethertype: u16,
    /// Where the payload starts.
    pub payload: usize,
}

impl Header {
    /// Reads the header of `frame`.
    ///
    /// # Errors
    /// `Malformed` where the frame ends within it.
    pub fn parse(frame: &[u8]) -> Result<Self, Malformed> {
        Malformed::length("Ethernet", 14, frame.len())?;
        let mut header = Self {
            destination: array_at(frame, 0),
            source: array_at(frame, 6),
            vlans: [None; MAX_TAGS],
            ethertype: u16_at(frame, 12),
            payload: 14,
        };
        for vlan in &mut header.vlans {
            if !is_tag(header.ethertype) {
                break;
            }
            Malformed::length("Ethernet", header.payload + 4, frame.len())?;
            *vlan = Some(u16_at(frame, header.payload) & 0x0FFF);
            header.ethertype = u16_at(frame, header.payload + 2);
            header.payload += 4;
        }
        Ok(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(tail: &[u8]) -> alloc::vec::Vec<u8> {
        [&[2; 6][..], &[4; 6], tail].concat()
    }

    #[test]
    fn none_one_or_two_tags() {
        let plain = Header::parse(&frame(&[8, 0])).unwrap();
        assert_eq!(
            (plain.ethertype, plain.payload, plain.vlans),
            (IPV4, 14, [None, None])
        );
        let one = Header::parse(&frame(&[0x81, 0, 0xE0, 7, 0x88, 0x64])).unwrap();
        assert_eq!(
            (one.ethertype, one.payload, one.vlans),
            (0x8864, 18, [Some(7), None])
        );
        let two = frame(&[0x88, 0xA8, 0, 100, 0x81, 0, 0, 7, 0x88, 0x64]);
        let two = Header::parse(&two).unwrap();
        assert_eq!(
            (two.ethertype, two.payload, two.vlans),
            (0x8864, 22, [Some(100), Some(7)])
        );
    }

    #[test]
    fn a_third_tag_is_left_standing_and_short_frames_are_refused() {
        let tags = [0x81, 0, 0, 1, 0x81, 0, 0, 2, 0x81, 0, 0, 3, 8, 0];
        assert_eq!(Header::parse(&frame(&tags)).unwrap().ethertype, 0x8100);
        assert!(Header::parse(&[0; 13]).is_err());
        assert!(Header::parse(&frame(&[0x81, 0, 0, 1])).is_err());
    }
}
