//! A password's hash by crypt(3) with SHA-512 (`$6$`) or SHA-256 (`$5$`).

use core::fmt;

use mcf::{Base64, PasswordHash};
use sha_crypt::{Algorithm, PasswordVerifier, ShaCrypt};

use super::CredentialError;

/// A hash such as `openssl passwd -6` makes, checked for its form. Nothing of it is shown under `Debug`.
#[derive(Clone)]
pub struct CryptHash(PasswordHash);

/// The longest salt that crypt(3) takes, in bytes.
const MAX_SALT: usize = 16;

impl CryptHash {
    /// Reads `$6$salt$hash` or `$5$salt$hash`, with `rounds=N$` before the salt or without.
    ///
    /// # Errors
    /// [`CredentialError::CryptForm`] or [`CredentialError::CryptRounds`].
    pub fn parse(text: &str) -> Result<Self, CredentialError> {
        let form = CredentialError::CryptForm;
        let hash = PasswordHash::new(text).map_err(|_| form)?;
        let hash_length = match Algorithm::new(hash.as_password_hash_ref().id()) {
            Ok(Algorithm::Sha512Crypt) => 64,
            Ok(Algorithm::Sha256Crypt) => 32,
            _ => return Err(form),
        };
        let fields: Vec<_> = hash.as_password_hash_ref().fields().collect();
        let (salt, digest) = match *fields {
            [rounds, salt, digest] => {
                check_rounds(rounds.as_str())?;
                (salt, digest)
            }
            [salt, digest] => (salt, digest),
            _ => return Err(form),
        };
        let salt = salt.as_str();
        if salt.len() > MAX_SALT || salt.starts_with("rounds=") {
            return Err(form);
        }
        match digest.decode_base64_into(Base64::Crypt, &mut [0; 64]) {
            Ok(digest) if digest.len() == hash_length => Ok(Self(hash)),
            _ => Err(form),
        }
    }

    /// Whether this is the hash of `password`. Slow on purpose.
    pub(super) fn is_of(&self, password: &[u8]) -> bool {
        ShaCrypt::default()
            .verify_password(password, &self.0)
            .is_ok()
    }
}

/// At the upper end, one call takes about a second.
fn check_rounds(field: &str) -> Result<(), CredentialError> {
    let rounds = field
        .strip_prefix("rounds=")
        .ok_or(CredentialError::CryptForm)?;
    match rounds.parse() {
        Ok(1_000..=1_000_000_u32) => Ok(()),
        _ => Err(CredentialError::CryptRounds),
    }
}

impl fmt::Debug for CryptHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CryptHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// From the specification of SHA-crypt.
    const SHA512: &str = "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";
    const SHA512_ROUNDS: &str = "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.";
    const SHA256: &str = "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5";

    #[test]
    fn the_password_is_known_by_its_hash() {
        for hash in [SHA512, SHA512_ROUNDS, SHA256] {
            let hash = CryptHash::parse(hash).unwrap();
            assert!(hash.is_of(b"Hello world!"));
            assert!(!hash.is_of(b"Hello world"));
            assert!(!hash.is_of(b""));
        }
    }

    #[test]
    fn another_form_is_refused() {
        let digest = SHA512.rsplit('$').next().unwrap();
        for text in [
            "",
            "secret",
            "$6$",
            "$6$salt",
            "$6$salt$",
            "$6$salt$short",
            &format!("$1$salt${digest}"),
            &format!("$5$salt${digest}"),
            &format!("$6$longer-than-sixteen${digest}"),
            &format!("$6$rounds=5000${digest}"),
            &format!("$6$5000$salt${digest}"),
            &format!("$6$salt${digest}$"),
            &format!("$6$salt${}z", &digest[..85]),
            &format!("$6$salt${digest}a"),
        ] {
            let refused = CryptHash::parse(text).err();
            assert_eq!(refused, Some(CredentialError::CryptForm), "{text}");
        }
    }

    #[test]
    fn rounds_are_bounded() {
        let digest = SHA512.rsplit('$').next().unwrap();
        for (rounds, refused) in [
            ("999", true),
            ("1000", false),
            ("1000000", false),
            ("1000001", true),
            ("99999999999", true),
            ("", true),
        ] {
            let hash = CryptHash::parse(&format!("$6$rounds={rounds}$salt${digest}"));
            let expected = refused.then_some(CredentialError::CryptRounds);
            assert_eq!(hash.err(), expected, "{rounds}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(\\$[56])?(\\$(rounds=)?[./0-9A-Za-z$=]{0,90}){0,4}\\PC{0,5}") {
            let _ = CryptHash::parse(&text);
        }
    }
}
