//! Code, Identifier, Length: the header that PAP and CHAP share (RFC 1334 section 2.2, RFC 1994 section 4).

/// Why bytes are not a packet of PAP or CHAP. Such packets are discarded silently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Fewer than four bytes, or the Length field is below 4 or beyond the bytes at hand.
    #[error("authentication packet's Length does not fit its {0} bytes; discarded")]
    Length(usize),
    /// The protocol has no such code.
    #[error("authentication packet of unknown code {0}; discarded")]
    Code(u8),
    /// A length inside the packet points beyond its end.
    #[error("a field of the authentication packet is longer than the packet; discarded")]
    Field,
}

/// A packet whose Length was checked; what lies behind it (padding) is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    pub code: u8,
    pub identifier: u8,
    pub data: &'a [u8],
}

const LEN: usize = 4;

impl<'a> Header<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let error = ParseError::Length(bytes.len());
        let [code, identifier, high, low, ..] = *bytes else {
            return Err(error);
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let data = bytes.get(LEN..length).ok_or(error)?;
        Ok(Self {
            code,
            identifier,
            data,
        })
    }
}

/// A packet of `fields`, each of which its maker bounded to 255 bytes or so: the Length field holds their sum.
pub(crate) fn emit(code: u8, identifier: u8, fields: &[&[u8]]) -> Vec<u8> {
    let length = LEN + fields.iter().map(|field| field.len()).sum::<usize>();
    debug_assert!(u16::try_from(length).is_ok());
    // Room for all of it at once: growing would leave copies of a password behind.
    let mut packet = Vec::with_capacity(length);
    packet.extend([code, identifier]);
    packet.extend((length as u16).to_be_bytes());
    for field in fields {
        packet.extend_from_slice(field);
    }
    packet
}

/// A field with a length byte before it, and what follows.
pub(crate) fn counted(bytes: &[u8]) -> Result<(&[u8], &[u8]), ParseError> {
    let (&length, rest) = bytes.split_first().ok_or(ParseError::Field)?;
    rest.split_at_checked(length.into())
        .ok_or(ParseError::Field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_cut() {
        let header = Header::parse(&[1, 7, 0, 6, b'a', b'b', 0, 0]);
        let (code, identifier, data) = (1, 7, &b"ab"[..]);
        assert_eq!(
            header,
            Ok(Header {
                code,
                identifier,
                data
            })
        );
    }

    #[test]
    fn a_length_that_lies_is_refused() {
        for bytes in [&[1, 7, 0][..], &[1, 7, 0, 3], &[1, 7, 0, 5], &[1, 7, 0, 0]] {
            assert_eq!(Header::parse(bytes), Err(ParseError::Length(bytes.len())));
        }
    }

    #[test]
    fn counted_fields_end_where_they_say() {
        assert_eq!(counted(&[2, 8, 9, 1]), Ok((&[8, 9][..], &[1][..])));
        assert_eq!(counted(&[0]), Ok((&[][..], &[][..])));
        assert_eq!(counted(&[]), Err(ParseError::Field));
        assert_eq!(counted(&[2, 8]), Err(ParseError::Field));
    }
}
