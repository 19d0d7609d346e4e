//! Who may call.

use std::net::Ipv4Addr;

use fogline_auth::verify::{CredentialError, CryptHash, PapSecret, Secret, Stored, parse_nt_hash};
use fogline_auth::{Method, Prefix64, mschapv2};

use super::{Hidden, ScramblingOverride};

/// A user of the file of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name that authentication gives.
    pub name: String,
    /// `password`, or `password-hash` and `nt-hash`.
    pub credential: Credential,
    /// The user's own IPv4 address; `None` for one of the pool.
    pub ipv4: Option<Ipv4Addr>,
    /// The user's own prefix; `None` for one of the pool.
    pub ipv6: Option<Prefix64>,
    /// The [`Pool`](super::Pool) by name; `None` for the first.
    pub pool: Option<String>,
    /// Sessions at the same time, at least 1; `None` for [`Limits::sessions_per_user`](super::Limits::sessions_per_user).
    /// At most 1 for a user with an address of its own.
    pub sessions: Option<u32>,
    /// Calls are refused.
    pub disabled: bool,
    /// What differs from the listener's scrambling.
    pub scrambling: ScramblingOverride,
}

/// What a user's proof is checked against. Two are equal that are written the same.
#[derive(Clone, Debug)]
pub struct Credential {
    stored: Stored,
    written: Written,
}

/// What stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Written {
    Password(Hidden),
    Hashes {
        crypt: Option<Hidden>,
        nt: Option<Hidden>,
    },
}

impl Credential {
    /// The password itself: good for every method.
    ///
    /// # Errors
    /// [`CredentialError::SecretLength`].
    pub fn password(password: Hidden) -> Result<Self, CredentialError> {
        let secret = Secret::parse(password.as_str())?;
        Ok(Self {
            stored: Stored {
                pap: Some(PapSecret::Plain(secret.clone())),
                chap_md5: Some(secret),
                nt_hash: Some(mschapv2::nt_hash(password.as_str())),
            },
            written: Written::Password(password),
        })
    }

    /// A hash of crypt(3), good for PAP, and an NT hash (RFC 2759 section 8.3), good for MS-CHAPv2.
    ///
    /// # Errors
    /// [`CredentialError`] where one of them has another form.
    pub fn hashes(crypt: Option<Hidden>, nt: Option<Hidden>) -> Result<Self, CredentialError> {
        let parse_crypt = |hash: &Hidden| CryptHash::parse(hash.as_str()).map(PapSecret::Crypt);
        Ok(Self {
            stored: Stored {
                pap: crypt.as_ref().map(parse_crypt).transpose()?,
                chap_md5: None,
                nt_hash: nt
                    .as_ref()
                    .map(|hash| parse_nt_hash(hash.as_str()))
                    .transpose()?,
            },
            written: Written::Hashes { crypt, nt },
        })
    }

    /// What checks proofs.
    pub fn stored(&self) -> &Stored {
        &self.stored
    }

    /// Whether a proof of `method` can be checked.
    pub fn serves(&self, method: Method) -> bool {
        match method {
            Method::Pap => self.stored.pap.is_some(),
            Method::ChapMd5 => self.stored.chap_md5.is_some(),
            Method::MsChapV2 => self.stored.nt_hash.is_some(),
        }
    }
}

impl PartialEq for Credential {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for Credential {}
