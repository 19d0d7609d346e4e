//! Attribute Value Pairs (RFC 2661 section 4.1).

/// Attribute types (section 4.4).
#[allow(missing_docs, reason = "the RFC's own names")]
pub mod attribute {
    pub const MESSAGE_TYPE: u16 = 0;
    pub const RESULT_CODE: u16 = 1;
    pub const PROTOCOL_VERSION: u16 = 2;
    pub const FRAMING_CAPABILITIES: u16 = 3;
    pub const BEARER_CAPABILITIES: u16 = 4;
    pub const TIE_BREAKER: u16 = 5;
    pub const FIRMWARE_REVISION: u16 = 6;
    pub const HOST_NAME: u16 = 7;
    pub const VENDOR_NAME: u16 = 8;
    pub const ASSIGNED_TUNNEL_ID: u16 = 9;
    pub const RECEIVE_WINDOW_SIZE: u16 = 10;
    pub const CHALLENGE: u16 = 11;
    pub const CHALLENGE_RESPONSE: u16 = 13;
    pub const ASSIGNED_SESSION_ID: u16 = 14;
    pub const CALL_SERIAL_NUMBER: u16 = 15;
    pub const BEARER_TYPE: u16 = 18;
    pub const FRAMING_TYPE: u16 = 19;
    pub const CALLED_NUMBER: u16 = 21;
    pub const CALLING_NUMBER: u16 = 22;
    pub const SUB_ADDRESS: u16 = 23;
    pub const TX_CONNECT_SPEED: u16 = 24;
    pub const INITIAL_RECEIVED_LCP_CONFREQ: u16 = 26;
    pub const LAST_SENT_LCP_CONFREQ: u16 = 27;
    pub const LAST_RECEIVED_LCP_CONFREQ: u16 = 28;
    pub const PROXY_AUTHEN_TYPE: u16 = 29;
    pub const PROXY_AUTHEN_NAME: u16 = 30;
    pub const PROXY_AUTHEN_CHALLENGE: u16 = 31;
    pub const PROXY_AUTHEN_ID: u16 = 32;
    pub const PROXY_AUTHEN_RESPONSE: u16 = 33;
    pub const RANDOM_VECTOR: u16 = 36;
    pub const RX_CONNECT_SPEED: u16 = 38;
    pub const SEQUENCING_REQUIRED: u16 = 39;

    /// A reserved number among those that RFC 2661 defines.
    const RESERVED: u16 = 20;

    /// Whether RFC 2661 defines the attribute, so that its M bit is satisfied; Q.931 Cause Code and the like are
    /// recognised though nobody here asks for them.
    pub const fn is_known(attribute: u16) -> bool {
        attribute <= SEQUENCING_REQUIRED && attribute != RESERVED
    }

    /// The RFC's name of an attribute, or its number.
    pub fn name(attribute: u16) -> String {
        let name = match attribute {
            MESSAGE_TYPE => "Message Type",
            RESULT_CODE => "Result Code",
            PROTOCOL_VERSION => "Protocol Version",
            FRAMING_CAPABILITIES => "Framing Capabilities",
            BEARER_CAPABILITIES => "Bearer Capabilities",
            TIE_BREAKER => "Tie Breaker",
            FIRMWARE_REVISION => "Firmware Revision",
            HOST_NAME => "Host Name",
            VENDOR_NAME => "Vendor Name",
            ASSIGNED_TUNNEL_ID => "Assigned Tunnel ID",
            RECEIVE_WINDOW_SIZE => "Receive Window Size",
            CHALLENGE => "Challenge",
            CHALLENGE_RESPONSE => "Challenge Response",
            ASSIGNED_SESSION_ID => "Assigned Session ID",
            CALL_SERIAL_NUMBER => "Call Serial Number",
            BEARER_TYPE => "Bearer Type",
            FRAMING_TYPE => "Framing Type",
            CALLED_NUMBER => "Called Number",
            CALLING_NUMBER => "Calling Number",
            SUB_ADDRESS => "Sub-Address",
            TX_CONNECT_SPEED => "(Tx) Connect Speed",
            RANDOM_VECTOR => "Random Vector",
            SEQUENCING_REQUIRED => "Sequencing Required",
            other => return format!("attribute {other}"),
        };
        name.into()
    }
}

const MANDATORY: u16 = 0x8000;
const HIDDEN: u16 = 0x4000;
const RESERVED: u16 = 0x3C00;
const LENGTH: u16 = 0x03FF;

/// Bytes before an AVP's value.
pub const HEADER: usize = 6;

/// The longest value: Length is 10 bits wide.
pub const MAX_VALUE: usize = LENGTH as usize - HEADER;

/// One AVP, its value still hidden if it travels so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avp<'a> {
    /// The M bit.
    pub mandatory: bool,
    /// The H bit.
    pub hidden: bool,
    /// A reserved bit is set: to be treated as unknown (section 4.1).
    pub reserved: bool,
    /// The Vendor ID; 0 for the IETF.
    pub vendor: u16,
    /// The attribute type.
    pub attribute: u16,
    /// The value.
    pub value: &'a [u8],
}

/// An AVP's length is less than its header's, or more than is there. Where the next one starts is then unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an AVP's length does not fit")]
pub struct BadLength;

/// The AVPs of a message, in order. Ends after an error.
#[derive(Clone, Copy, Debug)]
pub struct Avps<'a>(&'a [u8]);

impl<'a> Avps<'a> {
    /// Reads `bytes`, what follows a control message's header.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn split(&mut self) -> Option<Avp<'a>> {
        let (header, _) = self.0.split_first_chunk::<HEADER>()?;
        let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        let flags = word(0);
        let (avp, rest) = self.0.split_at_checked((flags & LENGTH).into())?;
        let value = avp.get(HEADER..)?;
        self.0 = rest;
        Some(Avp {
            mandatory: flags & MANDATORY != 0,
            hidden: flags & HIDDEN != 0,
            reserved: flags & RESERVED != 0,
            vendor: word(2),
            attribute: word(4),
            value,
        })
    }
}

impl<'a> Iterator for Avps<'a> {
    type Item = Result<Avp<'a>, BadLength>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let avp = self.split();
        if avp.is_none() {
            self.0 = &[];
        }
        Some(avp.ok_or(BadLength))
    }
}

/// Appends an AVP of the IETF's. A value that is too long is cut: texts only can be.
pub(super) fn emit(to: &mut Vec<u8>, attribute: u16, mandatory: bool, hidden: bool, value: &[u8]) {
    let value = value.get(..MAX_VALUE).unwrap_or(value);
    let flags = (u16::from(mandatory) * MANDATORY) | (u16::from(hidden) * HIDDEN);
    to.extend((flags | (HEADER + value.len()) as u16).to_be_bytes());
    to.extend([0, 0]);
    to.extend(attribute.to_be_bytes());
    to.extend(value);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn avps_follow_each_other() {
        let bytes = hex::decode("8008000000000001 0009000000086161 62".replace(' ', "")).unwrap();
        let avps: Result<Vec<_>, _> = Avps::new(&bytes).collect();
        let plain = Avp {
            mandatory: true,
            hidden: false,
            reserved: false,
            vendor: 0,
            attribute: 0,
            value: &[0, 1],
        };
        let second = Avp {
            mandatory: false,
            attribute: 8,
            value: b"aab",
            ..plain
        };
        assert_eq!(avps.unwrap(), [plain, second]);
    }

    #[test]
    fn flags_and_vendor_are_read() {
        let bytes = hex::decode("C40600090001").unwrap();
        let avp = Avps::new(&bytes).next().unwrap().unwrap();
        assert!(avp.mandatory && avp.hidden && avp.reserved);
        assert_eq!((avp.vendor, avp.attribute), (9, 1));
    }

    #[test]
    fn a_length_that_does_not_fit_ends_the_list() {
        for bytes in [
            "8005000000000001",
            "8009000000000001",
            "80080000",
            "800800000000",
        ] {
            let bytes = hex::decode(bytes).unwrap();
            let mut avps = Avps::new(&bytes);
            assert_eq!(avps.next(), Some(Err(BadLength)));
            assert_eq!(avps.next(), None);
        }
    }

    proptest! {
        #[test]
        fn what_is_emitted_is_read_again(
            list in prop::collection::vec((any::<u16>(), any::<bool>(), any::<bool>(), prop::collection::vec(any::<u8>(), 0..40)), 0..8)
        ) {
            let mut bytes = Vec::new();
            for (attribute, mandatory, hidden, value) in &list {
                emit(&mut bytes, *attribute, *mandatory, *hidden, value);
            }
            let read: Vec<_> = Avps::new(&bytes)
                .map(|avp| avp.map(|avp| (avp.attribute, avp.mandatory, avp.hidden, avp.value.to_vec())))
                .collect::<Result<_, _>>()
                .unwrap();
            prop_assert_eq!(read, list);
        }

        #[test]
        fn any_bytes_come_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let values: usize = Avps::new(&bytes).flatten().map(|avp| HEADER + avp.value.len()).sum();
            prop_assert!(values <= bytes.len());
        }
    }
}
