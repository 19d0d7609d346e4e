//! What a caller presents, and what a back end says to it.

use core::fmt;

use zeroize::Zeroizing;

use crate::method::Method;

/// What a caller presented, to be checked by a back end. `Debug` shows nothing that helps to guess a password.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The name to look up, at most 253 bytes; what is not UTF-8 or not printable is U+FFFD.
    pub name: String,
    /// How the caller proves the name.
    pub proof: Proof,
}

/// How a caller proves its name.
#[derive(Clone)]
pub enum Proof {
    /// An Authenticate-Request (RFC 1334 section 2.2.1).
    Pap {
        /// At most 255 bytes.
        password: Zeroizing<Vec<u8>>,
    },
    /// A Response with MD5 (RFC 1994 section 4.1).
    ChapMd5 {
        /// Of the Challenge; it is hashed as well.
        identifier: u8,
        /// The Challenge's value.
        challenge: Vec<u8>,
        /// The Response's value.
        response: [u8; 16],
    },
    /// A Response of MS-CHAPv2 (RFC 2759 section 4).
    MsChapV2 {
        /// Of the Challenge; not hashed, but RADIUS wants it (RFC 2548 section 2.3.2).
        identifier: u8,
        /// The Challenge's value.
        authenticator_challenge: [u8; 16],
        /// What the peer added.
        peer_challenge: [u8; 16],
        /// The proof.
        nt_response: [u8; 24],
        /// The name as it was sent, domain and all; what is hashed is
        /// [`without_domain`](crate::mschapv2::without_domain).
        user_name: Vec<u8>,
    },
}

impl Proof {
    /// The method that the proof belongs to.
    pub fn method(&self) -> Method {
        match self {
            Self::Pap { .. } => Method::Pap,
            Self::ChapMd5 { .. } => Method::ChapMd5,
            Self::MsChapV2 { .. } => Method::MsChapV2,
        }
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(..)", self.method())
    }
}

/// What a back end says to [`Credentials`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The caller is who it says.
    Accept {
        /// Shown to the caller; cut to 253 bytes.
        message: String,
        /// For MS-CHAPv2, the authenticator's own proof (RFC 2759 section 8.7): what stands as 40 digits behind `S=`.
        mschapv2_response: Option<[u8; 20]>,
    },
    /// It is not, or may not call.
    Reject {
        /// Shown to the caller; cut to 253 bytes.
        message: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_shows_no_secret() {
        let credentials = Credentials {
            name: "alice".to_owned(),
            proof: Proof::Pap {
                password: b"secret".to_vec().into(),
            },
        };
        assert_eq!(
            format!("{credentials:?}"),
            r#"Credentials { name: "alice", proof: PAP(..) }"#
        );
    }
}
