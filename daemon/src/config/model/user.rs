//! Who may call.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Hidden, ScramblingOverride};

/// How a subscriber proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// RFC 1334: the password itself.
    Pap,
    /// RFC 1994 with MD5.
    ChapMd5,
    /// RFC 2759.
    MsChapV2,
}

/// A user of the file of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name that authentication gives.
    pub name: String,
    /// What the user's proof is checked against.
    pub stored: Stored,
    /// The user's own IPv4 address; `None` for one of the pool.
    pub ipv4: Option<Ipv4Addr>,
    /// The user's own /64; `None` for one of the pool.
    pub ipv6: Option<Ipv6Addr>,
    /// The [`Pool`](super::Pool) by name; `None` for the first.
    pub pool: Option<String>,
    /// Sessions at the same time, at least 1; `None` for [`Limits::sessions_per_user`](super::Limits::sessions_per_user).
    pub sessions: Option<u32>,
    /// Calls are refused.
    pub disabled: bool,
    /// What differs from the listener's scrambling.
    pub scrambling: ScramblingOverride,
}

/// What a user's proof is checked against; at least one is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The password: good for every method.
    pub password: Option<Hidden>,
    /// A `$6$` hash of it (crypt(3)): good for PAP.
    pub password_hash: Option<Hidden>,
    /// Its NT hash (RFC 2759 section 8.3): good for MS-CHAPv2.
    pub nt_hash: Option<Hidden>,
}

impl Stored {
    /// Whether a proof of `method` can be checked against it.
    pub fn serves(&self, method: Method) -> bool {
        self.password.is_some()
            || match method {
                Method::Pap => self.password_hash.is_some(),
                Method::ChapMd5 => false,
                Method::MsChapV2 => self.nt_hash.is_some(),
            }
    }
}
