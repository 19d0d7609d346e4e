//! One call, as little of it as can be kept.

use std::time::Duration;

use crate::event::{CallInfo, CallRequest, CallState};

/// A call. Ten thousand of them are idle most of the time, so what serves only until a call is up goes then.
#[derive(Debug)]
pub(crate) struct Call {
    pub info: CallInfo,
    pub setup: Option<Box<Setup>>,
}

/// What is needed until a call is up.
#[derive(Debug)]
pub(crate) enum Setup {
    /// A call that this end makes.
    Outward(CallRequest),
    /// A call that the peer makes.
    Inward {
        /// Called Number.
        called: String,
        /// Calling Number.
        calling: String,
    },
}

impl Call {
    pub fn new(now: Duration, state: CallState, peer_session: u16, setup: Setup) -> Self {
        Self {
            info: CallInfo {
                state,
                peer_session,
                since: now,
                sequencing: false,
            },
            setup: Some(Box::new(setup)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_call_is_small() {
        // Beside this, it has an entry by its own session id and one by its peer's, in trees that are half empty at
        // worst.
        let entries = 2 * (size_of::<(u16, Call)>() + size_of::<(u16, u16)>());
        assert!(entries <= 150, "{entries}");
    }
}
