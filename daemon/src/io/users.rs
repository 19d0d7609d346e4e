//! The file of users as an authentication back end.

use std::sync::{Arc, PoisonError, RwLock};

use fogline_auth::verify::{PapSecret, Stored};
use fogline_auth::{Authenticate, Deciding, Decision, Grant, Proof, Request};

use crate::config::model::{ScramblingOverride, Users};

/// Checks callers against the users of the configuration.
pub struct UserFile {
    users: RwLock<Arc<Users>>,
}

impl UserFile {
    /// The users as they are now.
    pub fn new(users: Users) -> Self {
        Self {
            users: RwLock::new(Arc::new(users)),
        }
    }

    /// Replaces them; callers that are being checked are checked against the old ones.
    pub fn replace(&self, users: Users) {
        *self.users.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(users);
    }

    fn users(&self) -> Arc<Users> {
        self.users
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Authenticate for UserFile {
    type Scrambling = ScramblingOverride;

    fn authenticate(&self, request: Request) -> Deciding<ScramblingOverride> {
        let users = self.users();
        // Password hashes are slow on purpose: not on a thread that moves packets. All else is quick.
        if !matches!(request.credentials.proof, Proof::Pap { .. }) {
            let decision = check(&users, &request);
            return Box::pin(std::future::ready(decision));
        }
        Box::pin(async move {
            let checked = tokio::task::spawn_blocking(move || check(&users, &request));
            checked.await.unwrap_or_else(|error| Decision::Unavailable {
                reason: format!("the check of a password failed: {error}"),
            })
        })
    }
}

/// Decides about a caller. Whoever is not there costs as much time as whoever is, so that names cannot be probed.
pub fn check(users: &Users, request: &Request) -> Decision<ScramblingOverride> {
    let user = users.by_name.get(&request.credentials.name);
    let verified = match user {
        Some(user) => user.credential.stored().verify(&request.credentials.proof),
        None => decoy(users, &request.credentials.proof),
    };
    match (user, verified) {
        (Some(user), Ok(verified)) if !user.disabled => Decision::Accept(Box::new(Grant {
            mschapv2_response: verified.mschapv2_response,
            pool: user.pool.clone(),
            sessions: user.sessions,
            ipv4: user.ipv4,
            ipv6: user.ipv6,
            scrambling: Some(user.scrambling.clone()),
            ..Grant::new(user.name.clone())
        })),
        _ => Decision::Reject {
            message: "wrong name or password".into(),
        },
    }
}

/// The check of a user that does not exist: as slow as that of one whose password is stored as a hash.
fn decoy(
    users: &Users,
    proof: &Proof,
) -> Result<fogline_auth::verify::Verified, fogline_auth::verify::Refused> {
    let mut stored = users.by_name.values().map(|user| user.credential.stored());
    let is_slow = |stored: &&Stored| matches!(stored.pap, Some(PapSecret::Crypt(_)));
    let stored = match proof {
        Proof::Pap { .. } => stored.clone().find(is_slow).or_else(|| stored.next()),
        _ => stored.next(),
    };
    stored.map_or_else(
        || Stored::default().verify(proof),
        |stored| stored.verify(proof),
    )
}
