//! Why authentication failed.

use core::fmt;

/// Why an end of the link is not authenticated. The host ends the link (RFC 1661 section 3.5).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The other end did not do its part in time.
    #[error(
        "the other end stopped answering during authentication; the link loses too much, or it wants another method"
    )]
    Silent,
    /// The name or the proof was refused.
    #[error("authentication refused{}", Reason(message))]
    Rejected {
        /// What whoever refused had to say, at most 253 bytes.
        message: String,
    },
    /// MS-CHAPv2: the authenticator accepted, but did not prove that it knows the password (RFC 2759 section 8.8).
    #[error(
        "the other end did not prove that it knows the password: it is not your access server, or somebody is in between"
    )]
    WrongAuthenticatorResponse,
    /// MS-CHAPv2: the back end accepted the caller, but gave no proof for it, without which it would hang up.
    #[error(
        "the back end accepted MS-CHAPv2 without an authenticator response; have it send MS-CHAP2-Success, or use CHAP"
    )]
    NoAuthenticatorResponse,
}

/// The message as the end of a sentence.
struct Reason<'a>(&'a str);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => f.write_str(", no reason given; check name and password"),
            message => write!(f, ": {message}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_why() {
        let refusal = |message: &str| {
            let message = message.to_owned();
            Failure::Rejected { message }.to_string()
        };
        assert_eq!(refusal("no dialin"), "authentication refused: no dialin");
        assert_eq!(
            refusal(""),
            "authentication refused, no reason given; check name and password"
        );
    }
}
