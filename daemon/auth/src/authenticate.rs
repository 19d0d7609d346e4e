//! Whoever knows the users: a file now, RADIUS later.

use core::net::SocketAddr;
use core::pin::Pin;

use crate::credentials::{Credentials, Verdict};
use crate::grant::Grant;

/// A back end that decides about callers.
///
/// It may ask another machine, or compute a slow hash, so it answers with a future. A call that ended meanwhile drops
/// the future: nothing may depend on its being run to the end.
pub trait Authenticate: Send + Sync {
    /// What a user may have of its own in scrambling's configuration. This crate does not look into it.
    type Scrambling;

    /// Decides about one caller.
    fn authenticate(&self, request: Request) -> Deciding<Self::Scrambling>;
}

/// A decision to come.
pub type Deciding<S> = Pin<Box<dyn Future<Output = Decision<S>> + Send>>;

/// Who wants to be let in, and whence it calls.
#[derive(Clone, Debug)]
pub struct Request {
    /// What the caller presented.
    pub credentials: Credentials,
    /// How it reached us.
    pub call: CallInfo,
}

/// What L2TP says about a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallInfo {
    /// Calling Number (RFC 2661 section 4.4.3), the subscriber's line as a rule.
    pub calling_number: Option<String>,
    /// Called Number (RFC 2661 section 4.4.3).
    pub called_number: Option<String>,
    /// The Host Name that the tunnel's other end gave (RFC 2661 section 4.4.3).
    pub tunnel_peer: String,
    /// Where that end is.
    pub peer_address: SocketAddr,
    /// A LAC asked for the credentials and passed them on.
    pub proxy: bool,
}

/// What a back end decides.
#[derive(Clone, Debug)]
pub enum Decision<S> {
    /// The caller is let in.
    Accept(Box<Grant<S>>),
    /// It is not.
    Reject {
        /// For the caller; name no user and no reason that helps to guess.
        message: String,
    },
    /// Nobody can tell at the moment: the caller is refused, and may try again.
    Unavailable {
        /// For the operator: what is the matter, and what to do.
        reason: String,
    },
}

impl<S> Decision<S> {
    /// What [`Authenticator::answer`](crate::Authenticator::answer) is to be told.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Accept(grant) => Verdict::Accept {
                message: grant.message.clone(),
                mschapv2_response: grant.mschapv2_response,
            },
            Self::Reject { message } => Verdict::Reject {
                message: message.clone(),
            },
            // The reason is about our own machines, and none of the caller's business.
            Self::Unavailable { .. } => Verdict::Reject {
                message: "authentication is out of order, try again later".to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use core::task::{Context, Poll, Waker};

    use super::*;
    use crate::credentials::Proof;

    /// Lets in whom it knows.
    struct OneUser(&'static str);

    impl Authenticate for OneUser {
        type Scrambling = ();

        fn authenticate(&self, request: Request) -> Deciding<()> {
            let known = request.credentials.name == self.0;
            Box::pin(async move {
                if known {
                    let mut grant = Grant::new(request.credentials.name);
                    grant.mschapv2_response = Some([7; 20]);
                    Decision::Accept(Box::new(grant))
                } else {
                    Decision::Reject {
                        message: "no".to_owned(),
                    }
                }
            })
        }
    }

    fn decide(users: &dyn Authenticate<Scrambling = ()>, name: &str) -> Decision<()> {
        let mut deciding = users.authenticate(Request {
            credentials: Credentials {
                name: name.to_owned(),
                proof: Proof::Pap {
                    password: Vec::new().into(),
                },
            },
            call: CallInfo {
                calling_number: None,
                called_number: None,
                tunnel_peer: "lac".to_owned(),
                peer_address: ([192, 0, 2, 1], 1701).into(),
                proxy: false,
            },
        });
        match deciding
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(decision) => decision,
            Poll::Pending => panic!("OneUser never waits"),
        }
    }

    #[test]
    fn a_back_end_is_a_trait_object_whose_decision_is_a_verdict() {
        let users = OneUser("alice");
        assert_eq!(
            decide(&users, "alice").verdict(),
            Verdict::Accept {
                message: String::new(),
                mschapv2_response: Some([7; 20]),
            }
        );
        assert_eq!(
            decide(&users, "bob").verdict(),
            Verdict::Reject {
                message: "no".to_owned()
            }
        );
    }

    #[test]
    fn what_is_wrong_with_our_machines_is_not_for_callers() {
        let decision = Decision::<()>::Unavailable {
            reason: "users.toml: permission denied".to_owned(),
        };
        let Verdict::Reject { message } = decision.verdict() else {
            panic!("nobody is let in unasked");
        };
        assert!(!message.contains("users.toml"));
    }
}
