//! Microsoft's CHAP version 2 (RFC 2759): what it puts into CHAP's packets. The computations are in
//! [`Exchange`] and [`nt_hash`].
//!
//! Its DES and MD4 are broken: whoever records an exchange finds the NT hash with 2^56 tries. It is here for the
//! subscribers' routers that have nothing better.

mod hash;
mod message;

pub use hash::{Exchange, NtHash, nt_hash, without_domain};
pub use message::parse_success;
pub(crate) use message::{explain_failure, failure_message, success_message};

/// The value of a Response (RFC 2759 section 4).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ResponseValue {
    /// What the peer adds to the authenticator's challenge.
    pub peer_challenge: [u8; 16],
    /// The proof.
    pub nt_response: [u8; 24],
}

impl ResponseValue {
    /// Peer-Challenge, 8 reserved bytes, NT-Response, Flags.
    pub const LEN: usize = 16 + 8 + 24 + 1;

    /// Reads the value; `None` unless it has 49 bytes. What the reserved bytes and the flags say is left alone.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let (peer_challenge, rest) = value.split_first_chunk()?;
        let (_reserved, rest) = rest.split_first_chunk::<8>()?;
        let (nt_response, [_flags]) = rest.split_first_chunk()? else {
            return None;
        };
        Some(Self {
            peer_challenge: *peer_challenge,
            nt_response: *nt_response,
        })
    }

    /// The value's bytes.
    pub fn emit(&self) -> [u8; Self::LEN] {
        let mut value = [0; Self::LEN];
        value[..16].copy_from_slice(&self.peer_challenge);
        value[24..48].copy_from_slice(&self.nt_response);
        value
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_value_has_49_bytes(bytes in vec(any::<u8>(), 0..60)) {
            prop_assert_eq!(ResponseValue::parse(&bytes).is_some(), bytes.len() == 49);
        }

        #[test]
        fn what_is_written_is_read(peer_challenge: [u8; 16], nt_response: [u8; 24]) {
            let value = ResponseValue { peer_challenge, nt_response };
            prop_assert!(ResponseValue::parse(&value.emit()) == Some(value));
        }
    }
}
