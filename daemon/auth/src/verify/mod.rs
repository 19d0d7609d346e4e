//! Checks what a caller presented against what a file of users stores.
//!
//! Each method needs the password in another form: PAP can do with a slow hash, CHAP-MD5 needs it in clear, MS-CHAPv2
//! needs its NT hash. Comparisons take the same time wherever the difference is.

mod crypt;
mod secret;

use subtle::ConstantTimeEq;

pub use crypt::CryptHash;
pub use secret::Secret;

use crate::chap::md5_response;
use crate::credentials::Proof;
use crate::method::Method;
use crate::mschapv2::{Exchange, NtHash};

/// What is stored of one user; a method whose form is missing is refused.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// For PAP.
    pub pap: Option<PapSecret>,
    /// For CHAP with MD5.
    pub chap_md5: Option<Secret>,
    /// For MS-CHAPv2.
    pub nt_hash: Option<NtHash>,
}

/// What PAP's password is compared with.
#[derive(Clone, Debug)]
pub enum PapSecret {
    /// A hash of it.
    Crypt(CryptHash),
    /// The password itself.
    Plain(Secret),
}

/// The proof is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// For MS-CHAPv2, what [`Verdict::Accept`](crate::Verdict::Accept) wants.
    pub mschapv2_response: Option<[u8; 20]>,
}

/// The proof is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The password is another one.
    #[error("wrong name or password")]
    Wrong,
    /// The user may have the right password, but not in the form that the method needs.
    #[error("no password is stored for {0}; store one for it, or ask for another method")]
    NotStored(Method),
}

impl Stored {
    /// Checks `proof`. PAP against a [`CryptHash`] is slow on purpose, some milliseconds or what its rounds cost: call
    /// it where nobody waits for packets.
    ///
    /// # Errors
    /// [`Refused`]; tell the caller no more than [`Refused::Wrong`], whichever it is.
    pub fn verify(&self, proof: &Proof) -> Result<Verified, Refused> {
        let (good, mschapv2_response) = match proof {
            Proof::Pap { password } => {
                let stored = self.pap.as_ref().ok_or(Refused::NotStored(Method::Pap))?;
                (stored.is(password), None)
            }
            Proof::ChapMd5 {
                identifier,
                challenge,
                response,
            } => {
                let secret = self
                    .chap_md5
                    .as_ref()
                    .ok_or(Refused::NotStored(Method::ChapMd5))?;
                let expected = md5_response(*identifier, secret.as_bytes(), challenge);
                (expected.ct_eq(response).into(), None)
            }
            Proof::MsChapV2 {
                identifier: _,
                authenticator_challenge,
                peer_challenge,
                nt_response,
                user_name,
            } => {
                let nt_hash = self
                    .nt_hash
                    .as_ref()
                    .ok_or(Refused::NotStored(Method::MsChapV2))?;
                let exchange = Exchange {
                    authenticator_challenge: *authenticator_challenge,
                    peer_challenge: *peer_challenge,
                    user_name,
                };
                let good = exchange.nt_response(nt_hash).ct_eq(nt_response).into();
                let response = exchange.authenticator_response(nt_hash, nt_response);
                (good, Some(response))
            }
        };
        if good {
            Ok(Verified { mschapv2_response })
        } else {
            Err(Refused::Wrong)
        }
    }
}

impl PapSecret {
    /// Whether this is the secret of `password`.
    fn is(&self, password: &[u8]) -> bool {
        match self {
            Self::Crypt(hash) => hash.is_of(password),
            Self::Plain(secret) => secret.is(password),
        }
    }
}

/// Why a line of the file of users is not what it should be. It never repeats the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// Nothing is there, or more than PAP can carry.
    #[error("a password has 1 to 255 bytes, not {0}")]
    SecretLength(usize),
    /// Not the form of crypt(3) with SHA-512 or SHA-256.
    #[error("not a password hash of the form $6$salt$hash; make one with `openssl passwd -6`")]
    CryptForm,
    /// Rounds that are too few or would take a second or more.
    #[error("a password hash's rounds are 1000 to 1000000; leave them out for 5000")]
    CryptRounds,
    /// Not 32 hexadecimal digits.
    #[error("an NT hash has 32 hexadecimal digits: MD4 over the password in UTF-16")]
    NtHash,
}

/// Reads an NT hash from a file of users: 32 hexadecimal digits.
///
/// # Errors
/// [`CredentialError::NtHash`].
pub fn parse_nt_hash(digits: &str) -> Result<NtHash, CredentialError> {
    let mut bytes = zeroize::Zeroizing::new([0; 16]);
    hex::decode_to_slice(digits, &mut *bytes).map_err(|_| CredentialError::NtHash)?;
    Ok(NtHash::from_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mschapv2::nt_hash;

    fn pap(password: &[u8]) -> Proof {
        Proof::Pap {
            password: password.to_vec().into(),
        }
    }

    fn chap(secret: &[u8]) -> Proof {
        let (identifier, challenge) = (7, vec![1; 16]);
        Proof::ChapMd5 {
            identifier,
            response: md5_response(identifier, secret, &challenge),
            challenge,
        }
    }

    fn mschapv2(password: &str, user_name: &[u8]) -> Proof {
        let exchange = Exchange {
            authenticator_challenge: [1; 16],
            peer_challenge: [2; 16],
            user_name,
        };
        Proof::MsChapV2 {
            identifier: 7,
            authenticator_challenge: exchange.authenticator_challenge,
            peer_challenge: exchange.peer_challenge,
            nt_response: exchange.nt_response(&nt_hash(password)),
            user_name: user_name.to_vec(),
        }
    }

    fn alice() -> Stored {
        Stored {
            pap: Some(PapSecret::Plain(Secret::parse("for pap").unwrap())),
            chap_md5: Some(Secret::parse("for chap").unwrap()),
            nt_hash: Some(nt_hash("for mschap")),
        }
    }

    #[test]
    fn each_method_has_its_own_secret() {
        let good = Ok(Verified {
            mschapv2_response: None,
        });
        assert_eq!(alice().verify(&pap(b"for pap")), good);
        assert_eq!(alice().verify(&chap(b"for chap")), good);
        let verified = alice().verify(&mschapv2("for mschap", b"DOM\\alice"));
        assert!(verified.is_ok_and(|verified| verified.mschapv2_response.is_some()));
    }

    #[test]
    fn another_secret_is_refused() {
        for proof in [
            pap(b"for chap"),
            pap(b"for pap\0"),
            pap(b""),
            chap(b"for pap"),
            mschapv2("for pap", b"alice"),
        ] {
            assert_eq!(alice().verify(&proof), Err(Refused::Wrong));
        }
    }

    #[test]
    fn the_response_of_another_name_is_refused() {
        let Proof::MsChapV2 { nt_response, .. } = mschapv2("for mschap", b"mallory") else {
            panic!("not MS-CHAPv2");
        };
        let stolen = Proof::MsChapV2 {
            identifier: 7,
            authenticator_challenge: [1; 16],
            peer_challenge: [2; 16],
            nt_response,
            user_name: b"alice".to_vec(),
        };
        assert_eq!(alice().verify(&stolen), Err(Refused::Wrong));
    }

    #[test]
    fn what_is_not_stored_is_refused() {
        for proof in [pap(b""), chap(b""), mschapv2("", b"")] {
            let refused = Stored::default().verify(&proof);
            assert_eq!(refused, Err(Refused::NotStored(proof.method())));
        }
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let text = format!("{:?}", alice());
        assert!(!text.contains("for") && !text.contains("0x"), "{text}");
    }

    #[test]
    fn an_nt_hash_has_32_digits() {
        let hash = parse_nt_hash("44ebba8d5312B8D611474411F56989AE").unwrap();
        assert_eq!(hash.as_bytes(), nt_hash("clientPass").as_bytes());
        for wrong in [
            "",
            "44EB",
            &"44".repeat(17),
            "x4EBBA8D5312B8D611474411F56989AE",
        ] {
            assert_eq!(parse_nt_hash(wrong).err(), Some(CredentialError::NtHash));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,120}") {
            let _ = parse_nt_hash(&text);
        }
    }
}
