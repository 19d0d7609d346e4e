//! Timers and retry counts, the same for every method.

use core::time::Duration;

/// How long an end waits, and how often it repeats itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Between repetitions of a Challenge, a Response or an Authenticate-Request.
    pub restart: Duration,
    /// How often each of those is sent, the first time included.
    pub requests: u32,
    /// How long a peer waits to be authenticated, and an authenticator for the first PAP request.
    pub deadline: Duration,
    /// When a CHAP authenticator asks again after success (RFC 1994 section 2); `None` for never.
    pub rechallenge: Option<Duration>,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            restart: Duration::from_secs(3),
            requests: 10,
            deadline: Duration::from_secs(60),
            rechallenge: None,
        }
    }
}
