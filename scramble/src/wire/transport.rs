//! TCP (RFC 9293) and UDP (RFC 768) headers, as much of them as is looked at.

use super::{Malformed, array_at, u16_at};

/// Kinds of TCP options (RFC 9293 section 3.2, RFC 8684 section 3).
const END_OF_OPTIONS: u8 = 0;
const NO_OPERATION: u8 = 1;
const MPTCP: u8 = 30;
/// MPTCP's subtype of an address announced.
const ADD_ADDR: u8 = 3;

/// A view of a TCP segment whose first 20 bytes are there.
#[derive(Clone, Copy, Debug)]
pub struct Tcp<'a> {
    segment: &'a [u8],
}

impl<'a> Tcp<'a> {
    /// Length of a header without options.
    pub const HEADER: usize = 20;
    /// Where the checksum stands.
    pub const CHECKSUM: usize = 16;

    /// A view of `segment`.
    ///
    /// # Errors
    /// `Malformed` where its first 20 bytes are not there.
    pub fn parse(segment: &'a [u8]) -> Result<Self, Malformed> {
        Malformed::length("TCP", Self::HEADER, segment.len())?;
        Ok(Self { segment })
    }

    /// Source and destination port.
    pub fn ports(&self) -> (u16, u16) {
        (u16_at(self.segment, 0), u16_at(self.segment, 2))
    }

    /// The sequence number's four bytes.
    pub fn sequence(&self) -> [u8; 4] {
        array_at(self.segment, 4)
    }

    /// Whether the options hold an MPTCP ADD_ADDR (RFC 8684 section 3.4.1), which carries an address of the
    /// sender's. A walk over the options ends at the first that does not fit.
    pub fn announces_address(&self) -> bool {
        let mut options = &self.segment[Self::HEADER..self.header_len()];
        loop {
            options = match options {
                [NO_OPERATION, rest @ ..] => rest,
                [END_OF_OPTIONS, ..] | [] | [_] => return false,
                [MPTCP, 3..=u8::MAX, third, ..] if third >> 4 == ADD_ADDR => return true,
                [_, length @ 2..=u8::MAX, ..] => match options.get(usize::from(*length)..) {
                    Some(rest) => rest,
                    None => return false,
                },
                _ => return false,
            };
        }
    }

    /// Bytes before the payload. An offset below 5 or past the end of the segment counts as 5.
    pub fn header_len(&self) -> usize {
        let stated = usize::from(self.segment[12] >> 4) * 4;
        if (Self::HEADER..=self.segment.len()).contains(&stated) {
            stated
        } else {
            Self::HEADER
        }
    }
}

/// A view of a UDP header.
#[derive(Clone, Copy, Debug)]
pub struct Udp<'a> {
    header: &'a [u8],
}

impl<'a> Udp<'a> {
    /// Length of the header.
    pub const HEADER: usize = 8;
    /// Where the length stands.
    pub const LENGTH: usize = 4;
    /// Where the checksum stands.
    pub const CHECKSUM: usize = 6;

    /// A view of `datagram`.
    ///
    /// # Errors
    /// `Malformed` where its first 8 bytes are not there.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, Malformed> {
        Malformed::length("UDP", Self::HEADER, datagram.len())?;
        Ok(Self {
            header: &datagram[..Self::HEADER],
        })
    }

    /// Source and destination port.
    pub fn ports(&self) -> (u16, u16) {
        (u16_at(self.header, 0), u16_at(self.header, 2))
    }

    /// Length of header and payload as stated.
    pub fn length(&self) -> usize {
        u16_at(self.header, Self::LENGTH).into()
    }

    /// The checksum as it stands, 0 for none.
    pub fn checksum(&self) -> u16 {
        u16_at(self.header, Self::CHECKSUM)
    }

    /// The bytes of a header.
    pub fn emit(source: u16, destination: u16, length: u16, checksum: u16) -> [u8; 8] {
        let mut header = [0; 8];
        for (pair, value) in header
            .chunks_exact_mut(2)
            .zip([source, destination, length, checksum])
        {
            pair.copy_from_slice(&value.to_be_bytes());
        }
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_impossible_data_offset_counts_as_five() {
        let mut segment = [0; 28];
        for (offset, header) in [
            (0, 20),
            (4, 20),
            (5, 20),
            (6, 24),
            (7, 28),
            (8, 20),
            (15, 20),
        ] {
            segment[12] = offset << 4;
            assert_eq!(
                Tcp::parse(&segment).unwrap().header_len(),
                header,
                "{offset}"
            );
        }
        assert!(Tcp::parse(&segment[..19]).is_err());
    }

    #[test]
    fn an_announced_address_is_found_among_the_options() {
        let announces = |options: &[u8]| {
            let mut segment = [&[0; 20][..], options, &[0; 3]].concat();
            segment[12] = (5 + options.len() as u8 / 4) << 4;
            Tcp::parse(&segment).unwrap().announces_address()
        };
        let add_addr = [30, 8, 0x31, 2, 192, 0, 2, 1];
        assert!(announces(&add_addr));
        assert!(announces(
            &[&[1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8][..], &add_addr].concat()
        ));
        assert!(!announces(&[]));
        assert!(!announces(&[30, 8, 0x11, 2, 192, 0, 2, 1]), "MP_JOIN");
        assert!(
            !announces(&[&[0, 0, 0, 0][..], &add_addr].concat()),
            "behind the end"
        );
        assert!(
            !announces(&[&[8, 1, 1, 1][..], &add_addr].concat()),
            "behind a length of 1"
        );
        assert!(!announces(&[1, 1, 1, 30]), "cut short");
        assert!(!announces(&[1, 2, 30, 2]), "no subtype");
    }

    #[test]
    fn an_emitted_udp_header_reads_back() {
        let header = Udp::emit(1701, 53, 20, 0xBEEF);
        let view = Udp::parse(&header).unwrap();
        assert_eq!(
            (view.ports(), view.length(), view.checksum()),
            ((1701, 53), 20, 0xBEEF)
        );
        assert!(Udp::parse(&header[..7]).is_err());
    }
}
