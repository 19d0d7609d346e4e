//! The file of users as an authentication back end.

use std::sync::{Arc, PoisonError, RwLock};

use fogline_auth::{Authenticate, Deciding, Decision, Grant, Request};

use crate::config::model::{ScramblingOverride, User, Users};

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
        self.users.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Authenticate for UserFile {
    type Scrambling = ScramblingOverride;

    fn authenticate(&self, request: Request) -> Deciding<ScramblingOverride> {
        let users = self.users();
        // Password hashes are slow on purpose: not on a thread that moves packets.
        Box::pin(async move {
            let checked = tokio::task::spawn_blocking(move || check(&users, &request));
            checked.await.unwrap_or_else(|error| Decision::Unavailable {
                reason: format!("the check of a password failed: {error}"),
            })
        })
    }
}
