//! Packets of LCP and of the network control protocols (RFC 1661 section 5).
//!
//! ```text
//!   0 Code    1 Identifier    2 Length (2, of the whole packet)    4 Data
//! ```

/// Bytes before the data.
pub const HEADER_LEN: usize = 4;

/// What a packet is for (RFC 1661 section 5, RFC 1570 section 1.1). The first seven are every control protocol's,
/// the others LCP's alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// Asks for options.
    ConfigureRequest = 1,
    /// Accepts every option of the request.
    ConfigureAck = 2,
    /// Suggests other values for the options that it lists.
    ConfigureNak = 3,
    /// Lists options that are not known or not negotiable.
    ConfigureReject = 4,
    /// Ends the protocol, or with LCP the link.
    TerminateRequest = 5,
    /// Answers Terminate-Request.
    TerminateAck = 6,
    /// Answers an unknown code.
    CodeReject = 7,
    /// Answers an unknown protocol.
    ProtocolReject = 8,
    /// Asks for an Echo-Reply.
    EchoRequest = 9,
    /// Answers Echo-Request.
    EchoReply = 10,
    /// To be ignored.
    DiscardRequest = 11,
    /// Says what the sender is.
    Identification = 12,
    /// Says when the link will end.
    TimeRemaining = 13,
}

impl Code {
    /// The code of that number, `None` for one that LCP does not have.
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::ConfigureRequest,
            2 => Self::ConfigureAck,
            3 => Self::ConfigureNak,
            4 => Self::ConfigureReject,
            5 => Self::TerminateRequest,
            6 => Self::TerminateAck,
            7 => Self::CodeReject,
            8 => Self::ProtocolReject,
            9 => Self::EchoRequest,
            10 => Self::EchoReply,
            11 => Self::DiscardRequest,
            12 => Self::Identification,
            13 => Self::TimeRemaining,
            _ => return None,
        })
    }
}

/// The Length field does not fit the bytes at hand. Such packets are silently discarded (RFC 1661 section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("control packet's Length does not fit its {0} bytes; discarded (RFC 1661 section 5)")]
pub struct Malformed(pub usize);

/// A packet whose Length was checked; what lies behind it (padding) is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    code: u8,
    identifier: u8,
    bytes: &'a [u8],
    data: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Checks what follows the PPP protocol field.
    ///
    /// # Errors
    /// [`Malformed`]: fewer than four bytes, or a Length below 4 or beyond the bytes at hand.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let malformed = Malformed(bytes.len());
        let [code, identifier, high, low, ..] = *bytes else {
            return Err(malformed);
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let bytes = bytes.get(..length).ok_or(malformed)?;
        let data = bytes.get(HEADER_LEN..).ok_or(malformed)?;
        Ok(Self {
            code,
            identifier,
            bytes,
            data,
        })
    }

    /// The Code field as it stands.
    pub fn code_number(&self) -> u8 {
        self.code
    }

    /// What the Code field means; `None` for one that LCP does not have.
    pub fn code(&self) -> Option<Code> {
        Code::from_number(self.code)
    }

    /// The Identifier field.
    pub fn identifier(&self) -> u8 {
        self.identifier
    }

    /// What follows the Length field.
    pub fn data(&self) -> &'a [u8] {
        self.data
    }

    /// The whole packet, without padding.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// A PPP frame of `protocol` with `information`, without address and control field.
pub fn frame(protocol: u16, information: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(2 + information.len());
    frame.extend_from_slice(&protocol.to_be_bytes());
    frame.extend_from_slice(information);
    frame
}

/// A PPP frame of `protocol` with one control packet. `data` beyond what the Length field can say is cut.
pub fn control_frame(protocol: u16, code: Code, identifier: u8, data: &[u8]) -> Vec<u8> {
    let data = data
        .get(..usize::from(u16::MAX) - HEADER_LEN)
        .unwrap_or(data);
    let length = (HEADER_LEN + data.len()) as u16;
    let mut frame = Vec::with_capacity(2 + usize::from(length));
    frame.extend_from_slice(&protocol.to_be_bytes());
    frame.extend_from_slice(&[code as u8, identifier]);
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(data);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn deconstruct() {
        let packet = Packet::parse(&[9, 7, 0, 6, 0xAA, 0xBB, 0xFF]).unwrap();
        assert_eq!(packet.code(), Some(Code::EchoRequest));
        assert_eq!((packet.identifier(), packet.data()), (7, &[0xAA, 0xBB][..]));
        assert_eq!(packet.as_bytes(), [9, 7, 0, 6, 0xAA, 0xBB]);
    }

    #[test]
    fn construct() {
        let frame = control_frame(0xC021, Code::ConfigureRequest, 3, &[5, 6, 1, 2, 3, 4]);
        assert_eq!(frame, [0xC0, 0x21, 1, 3, 0, 10, 5, 6, 1, 2, 3, 4]);
        let long = control_frame(0xC021, Code::CodeReject, 3, &[0; 70_000]);
        assert_eq!(long.len(), 2 + 65_535);
    }

    #[test]
    fn a_length_that_does_not_fit_is_discarded() {
        for bad in [&[][..], &[1, 1, 0], &[1, 1, 0, 3], &[1, 1, 0, 5]] {
            assert_eq!(Packet::parse(bad), Err(Malformed(bad.len())));
        }
        assert_eq!(Packet::parse(&[14, 1, 0, 4]).unwrap().code(), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(bytes: Vec<u8>) {
            if let Ok(packet) = Packet::parse(&bytes) {
                prop_assert!(bytes.starts_with(packet.as_bytes()));
                if let Some(code) = packet.code() {
                    let frame = control_frame(0x8021, code, packet.identifier(), packet.data());
                    prop_assert_eq!(&frame[2..], packet.as_bytes());
                }
            }
        }
    }
}
