//! A password in clear.

use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::CredentialError;

/// The longest password, in bytes: PAP's length field has eight bits.
const MAX_LEN: usize = 255;

/// A password in clear, of 1 to 255 bytes. Erased when dropped, and nothing under `Debug`.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes a password as it stands.
    ///
    /// # Errors
    /// [`CredentialError::SecretLength`].
    pub fn parse(text: &str) -> Result<Self, CredentialError> {
        match text.len() {
            1..=MAX_LEN => Ok(Self(text.as_bytes().to_vec().into())),
            length => Err(CredentialError::SecretLength(length)),
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether `password` is this one. Both are compared at full length, so that not even their lengths show.
    pub(super) fn is(&self, password: &[u8]) -> bool {
        match (padded(&self.0), padded(password)) {
            (Some(own), Some(shown)) => own.ct_eq(&*shown).into(),
            _ => false,
        }
    }
}

/// The length, the password, and zeros; `None` if it is too long for one.
fn padded(password: &[u8]) -> Option<Zeroizing<[u8; 1 + MAX_LEN]>> {
    let mut padded = Zeroizing::new([0; 1 + MAX_LEN]);
    let (length, bytes) = padded.split_first_mut()?;
    *length = u8::try_from(password.len()).ok()?;
    bytes.get_mut(..password.len())?.copy_from_slice(password);
    Some(padded)
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_password_has_1_to_255_bytes() {
        for length in [0, 256, 1000] {
            let refused = Secret::parse(&"a".repeat(length)).err();
            assert_eq!(refused, Some(CredentialError::SecretLength(length)));
        }
        let longest = "a".repeat(255);
        assert!(Secret::parse(&longest).unwrap().is(longest.as_bytes()));
    }

    proptest! {
        #[test]
        fn it_is_itself_and_nothing_else(text in "\\PC{1,60}", other in vec(any::<u8>(), 0..300)) {
            let secret = Secret::parse(&text).unwrap();
            prop_assert!(secret.is(text.as_bytes()));
            prop_assert_eq!(secret.is(&other), text.as_bytes() == other);
            let longer = [text.as_bytes(), &[0]].concat();
            prop_assert!(!secret.is(&longer));
        }
    }
}
