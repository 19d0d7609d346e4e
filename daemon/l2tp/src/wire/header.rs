//! The header of a control message (RFC 2661 section 3.1).

const TYPE: u16 = 0x8000;
const LENGTH: u16 = 0x4000;
const SEQUENCE: u16 = 0x0800;
const OFFSET: u16 = 0x0200;
const PRIORITY: u16 = 0x0100;
const VERSION: u16 = 0x000F;

const NS: usize = 8;
const NR: usize = 10;

/// A control message's header. Reserved bits are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The tunnel id that the receiver assigned; 0 before it could.
    pub tunnel: u16,
    /// The session id that the receiver assigned; 0 where none is meant or known.
    pub session: u16,
    /// This message's number.
    pub ns: u16,
    /// The number that its sender expects next.
    pub nr: u16,
}

/// Not a control message of L2TP version 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an L2TPv2 control message")]
pub struct NotControl;

impl Header {
    /// Bytes before the first AVP.
    pub const LEN: usize = 12;

    /// Reads the header of `message`, a UDP payload; gives the AVPs too: none in a ZLB. What follows the stated length
    /// is padding.
    ///
    /// # Errors
    /// `NotControl` where the T, L or S bit is not set, O or P is, the version is not 2, or the stated length does not
    /// fit.
    pub fn parse(message: &[u8]) -> Result<(Self, &[u8]), NotControl> {
        let (fixed, _) = message
            .split_first_chunk::<{ Self::LEN }>()
            .ok_or(NotControl)?;
        let word = |at: usize| u16::from_be_bytes([fixed[at], fixed[at + 1]]);
        let needed = TYPE | LENGTH | SEQUENCE;
        if word(0) & (needed | OFFSET | PRIORITY | VERSION) != needed | 2 {
            return Err(NotControl);
        }
        let avps = message.get(Self::LEN..word(2).into()).ok_or(NotControl)?;
        let header = Self {
            tunnel: word(4),
            session: word(6),
            ns: word(NS),
            nr: word(NR),
        };
        Ok((header, avps))
    }

    /// The header's bytes, before `avps` bytes of AVPs. Length is 16 bits wide: no message that is built here comes
    /// near that.
    pub fn emit(&self, avps: usize) -> [u8; Self::LEN] {
        let length = u16::try_from(Self::LEN + avps).unwrap_or(u16::MAX);
        let words = [
            TYPE | LENGTH | SEQUENCE | 2,
            length,
            self.tunnel,
            self.session,
            self.ns,
            self.nr,
        ];
        let mut bytes = [0; Self::LEN];
        for (to, word) in bytes.chunks_exact_mut(2).zip(words) {
            to.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }

    /// Writes both numbers into a message that is about to be sent.
    pub(crate) fn number(message: &mut [u8], ns: u16, nr: u16) {
        let numbers = [ns.to_be_bytes(), nr.to_be_bytes()];
        if let Some(to) = message.get_mut(NS..Self::LEN) {
            to.copy_from_slice(numbers.as_flattened());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZLB: [u8; 12] = [0xC8, 0x02, 0, 12, 0x12, 0x34, 0, 7, 0, 3, 0, 2];

    #[test]
    fn a_zlb_is_a_header_alone() {
        let header = Header {
            tunnel: 0x1234,
            session: 7,
            ns: 3,
            nr: 2,
        };
        assert_eq!(Header::parse(&ZLB), Ok((header, &[][..])));
        assert_eq!(header.emit(0), ZLB);
    }

    #[test]
    fn bits_that_rfc_2661_fixes_are_required() {
        for (at, bits) in [
            (0, 0x80),
            (0, 0x40),
            (0, 0x08),
            (0, 0x02),
            (0, 0x01),
            (1, 0x01),
        ] {
            let mut message = ZLB;
            message[at] ^= bits;
            assert_eq!(Header::parse(&message), Err(NotControl), "{at} {bits:#x}");
        }
        let mut reserved = ZLB;
        reserved[0] |= 0x30;
        assert!(Header::parse(&reserved).is_ok());
    }

    #[test]
    fn length_must_fit_and_padding_is_left_out() {
        let mut message = ZLB.to_vec();
        message.extend(b"padding");
        assert_eq!(Header::parse(&message).map(|(_, avps)| avps.len()), Ok(0));
        message[3] = 14;
        assert_eq!(
            Header::parse(&message).map(|(_, avps)| avps),
            Ok(&b"pa"[..])
        );
        message[3] = 20;
        assert_eq!(Header::parse(&message), Err(NotControl));
        message[3] = 11;
        assert_eq!(Header::parse(&message), Err(NotControl));
    }
}
