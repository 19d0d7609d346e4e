//! Why a control connection or a call ends: result and error codes (RFC 2661 section 4.4.2) with their names.

use std::fmt;

use crate::text::printable;

/// A Result Code AVP's content: `C` is [`StopResult`] or [`CallResult`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause<C> {
    /// The result code.
    pub result: C,
    /// The general error code, meaningful with result code 2.
    pub error: Option<ErrorCode>,
    /// What a human is told, without control characters.
    pub message: Option<String>,
}

/// Why a control connection ends (StopCCN).
pub type StopCause = Cause<StopResult>;

/// Why a call ends (CDN).
pub type CallCause = Cause<CallResult>;

/// A StopCCN's result code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StopResult(pub u16);

/// A CDN's result code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallResult(pub u16);

/// A general error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(pub u16);

impl StopResult {
    /// General request to clear the control connection.
    pub const GENERAL_REQUEST: Self = Self(1);
    /// The error code says more.
    pub const GENERAL_ERROR: Self = Self(2);
    /// Control channel already exists.
    pub const ALREADY_EXISTS: Self = Self(3);
    /// The requester is not authorized.
    pub const NOT_AUTHORIZED: Self = Self(4);
    /// The protocol version is not supported.
    pub const VERSION: Self = Self(5);
    /// The requester is being shut down.
    pub const SHUTDOWN: Self = Self(6);
    /// Finite state machine error.
    pub const STATE_MACHINE: Self = Self(7);

    const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            1 => "general request to clear the control connection",
            2 => "general error",
            3 => "a control channel already exists",
            4 => "not authorized to establish a control channel",
            5 => "protocol version not supported",
            6 => "shutting down",
            7 => "finite state machine error",
            _ => return None,
        })
    }
}

impl CallResult {
    /// Loss of carrier.
    pub const LOST_CARRIER: Self = Self(1);
    /// The error code says more.
    pub const GENERAL_ERROR: Self = Self(2);
    /// Administrative reasons.
    pub const ADMINISTRATIVE: Self = Self(3);
    /// No facilities for the time being.
    pub const NO_FACILITIES_NOW: Self = Self(4);
    /// No facilities, and none to come.
    pub const NO_FACILITIES: Self = Self(5);
    /// The call was not established in time.
    pub const TIMEOUT: Self = Self(10);

    const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            1 => "loss of carrier",
            2 => "general error",
            3 => "administrative reasons",
            4 => "no facilities for the time being",
            5 => "no facilities",
            6 => "invalid destination",
            7 => "no carrier detected",
            8 => "busy signal",
            9 => "no dial tone",
            10 => "not established in the time allotted",
            11 => "no appropriate framing detected",
            _ => return None,
        })
    }
}

impl ErrorCode {
    /// No general error.
    pub const NONE: Self = Self(0);
    /// A length is wrong.
    pub const LENGTH: Self = Self(2);
    /// A field's value is out of range, or a reserved field is not zero.
    pub const VALUE: Self = Self(3);
    /// Insufficient resources.
    pub const RESOURCES: Self = Self(4);
    /// The session id is invalid here.
    pub const SESSION: Self = Self(5);
    /// A vendor-specific error; the message says which.
    pub const VENDOR: Self = Self(6);
    /// An unknown mandatory AVP.
    pub const UNKNOWN_MANDATORY: Self = Self(8);

    const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "no general error",
            1 => "no control connection exists yet",
            2 => "length is wrong",
            3 => "field value out of range",
            4 => "insufficient resources",
            5 => "session id invalid",
            6 => "vendor-specific error",
            7 => "try another peer",
            8 => "unknown mandatory AVP",
            9 => "try another peer of the list",
            _ => return None,
        })
    }
}

impl From<u16> for StopResult {
    fn from(code: u16) -> Self {
        Self(code)
    }
}

impl From<u16> for CallResult {
    fn from(code: u16) -> Self {
        Self(code)
    }
}

impl From<StopResult> for u16 {
    fn from(result: StopResult) -> Self {
        result.0
    }
}

impl From<CallResult> for u16 {
    fn from(result: CallResult) -> Self {
        result.0
    }
}

impl StopCause {
    /// This end is being shut down.
    pub fn shutdown(message: impl Into<String>) -> Self {
        Self::said(StopResult::SHUTDOWN, message)
    }

    /// This end has no more use for the control connection.
    pub fn request(message: impl Into<String>) -> Self {
        Self::said(StopResult::GENERAL_REQUEST, message)
    }

    pub(crate) fn general(error: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            error: Some(error),
            ..Self::said(StopResult::GENERAL_ERROR, message)
        }
    }
}

impl CallCause {
    /// There is no room for the call now; it may be made again later.
    pub fn busy(message: impl Into<String>) -> Self {
        Self::said(CallResult::NO_FACILITIES_NOW, message)
    }

    /// The operator, or the link in the call, wants it ended.
    pub fn administrative(message: impl Into<String>) -> Self {
        Self::said(CallResult::ADMINISTRATIVE, message)
    }

    pub(crate) fn general(error: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            error: Some(error),
            ..Self::said(CallResult::GENERAL_ERROR, message)
        }
    }
}

impl<C> Cause<C> {
    /// A result code and what a human is told; no error code.
    pub fn said(result: C, message: impl Into<String>) -> Self {
        let message = printable(message.into().as_bytes());
        Self {
            result,
            error: None,
            message: Some(message).filter(|message| !message.is_empty()),
        }
    }
}

/// Names a code where it has a name.
fn named(f: &mut fmt::Formatter<'_>, name: Option<&str>, what: &str, code: u16) -> fmt::Result {
    match name {
        Some(name) => write!(f, "{name} ({what} {code})"),
        None => write!(f, "{what} {code}"),
    }
}

impl fmt::Display for StopResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        named(f, self.name(), "result code", self.0)
    }
}

impl fmt::Display for CallResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        named(f, self.name(), "result code", self.0)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        named(f, self.name(), "error code", self.0)
    }
}

impl<C: fmt::Display> fmt::Display for Cause<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.result)?;
        if let Some(error) = self.error.filter(|error| *error != ErrorCode::NONE) {
            write!(f, ", {error}")?;
        }
        match &self.message {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

/// Why a control connection or a call is gone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DownReason {
    /// The peer sent StopCCN.
    #[error("the peer ended the control connection: {0}")]
    PeerStopped(StopCause),
    /// The peer sent CDN.
    #[error("the peer hung up: {0}")]
    PeerHungUp(CallCause),
    /// This end sent StopCCN, or would have if it had come that far.
    #[error("this end ended the control connection: {0}")]
    Stopped(StopCause),
    /// This end sent CDN, because of what the peer did or failed to do.
    #[error("this end hung up: {0}")]
    HungUp(CallCause),
    /// The peer did not acknowledge a message that was sent so many times.
    #[error(
        "the peer does not answer: a control message was sent {0} times; is it up, is its address right, does UDP get through both ways?"
    )]
    Silent(u32),
    /// The peer acknowledges, but the control connection did not come up in time.
    #[error(
        "the peer acknowledges, but the control connection did not come up in time; look into its log"
    )]
    SetupTimeout,
    /// The peer dialled at the same time, and its control connection is the one that stays (section 4.4.3, Tie
    /// Breaker).
    #[error("the peer dialled at the same time, and its control connection won the tie")]
    TieLost,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_shown_with_their_names_and_the_peers_words() {
        let cause = CallCause {
            result: CallResult(2),
            error: Some(ErrorCode(4)),
            message: Some("no modem".into()),
        };
        let shown = DownReason::PeerHungUp(cause).to_string();
        assert_eq!(
            shown,
            "the peer hung up: general error (result code 2), insufficient resources (error code 4): no modem"
        );
        let unknown = StopCause {
            result: StopResult(77),
            error: None,
            message: None,
        };
        assert_eq!(unknown.to_string(), "result code 77");
        assert_eq!(
            CallCause::busy("max-sessions").to_string(),
            "no facilities for the time being (result code 4): max-sessions"
        );
    }

    #[test]
    fn what_a_human_is_told_has_no_control_characters() {
        let cause = StopCause::shutdown("bye\r\n\x1B[31m");
        assert_eq!(cause.message.as_deref(), Some("bye???[31m"));
        assert_eq!(StopCause::shutdown("").message, None);
    }
}
