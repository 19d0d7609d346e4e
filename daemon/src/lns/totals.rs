//! What an access server counts over all its sessions.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use scramble::negotiator::Reason;

use crate::calls::{KeyRecord, SessionKey};

/// Alarms that are kept for the operator.
const ALARMS: usize = 100;

/// Counted since the program started.
#[derive(Debug, Default)]
pub struct Totals {
    /// Calls that came up.
    pub calls: u64,
    /// Calls that ended, by who or what ended them.
    pub ended: BTreeMap<&'static str, u64>,
    /// Calls refused, by reason.
    pub refused: BTreeMap<&'static str, u64>,
    /// Authentications that failed.
    pub rejected: u64,
    /// Sessions that fell back to clear, by reason.
    pub fallbacks: BTreeMap<&'static str, u64>,
    /// Rekeys completed.
    pub rekeys: u64,
    /// Alarms raised.
    pub alarms: u64,
    /// The latest of them.
    pub recent_alarms: VecDeque<AlarmRecord>,
    /// What happened since somebody took it, for whoever listens.
    pub notices: VecDeque<Notice>,
    /// Keys that came and went, for the key log, where there is one.
    pub keys: VecDeque<KeyRecord>,
}

/// Something worth telling whoever listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A session has an address.
    Up {
        /// When, since the program's start.
        at: Duration,
        /// The session.
        key: SessionKey,
        /// Whose it is.
        user: String,
    },
    /// A session is over.
    Down {
        /// When, since the program's start.
        at: Duration,
        /// The session.
        key: SessionKey,
        /// Whose it was.
        user: String,
        /// Why.
        reason: String,
    },
    /// An alarm was raised.
    Alarm(AlarmRecord),
}

/// Notices that wait for somebody; older ones go.
const NOTICES: usize = 1024;

/// An alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmRecord {
    /// When, since the program's start.
    pub at: Duration,
    /// The session.
    pub session: SessionKey,
    /// Whose it is.
    pub user: String,
    /// What.
    pub text: String,
}

impl Totals {
    pub(crate) fn refused(&mut self, reason: &'static str) {
        *self.refused.entry(reason).or_default() += 1;
    }

    pub(crate) fn fallback(&mut self, reason: Reason) {
        *self.fallbacks.entry(reason_name(reason)).or_default() += 1;
    }

    pub(crate) fn alarm(&mut self, at: Duration, session: SessionKey, user: &str, text: String) {
        self.alarms += 1;
        if self.recent_alarms.len() == ALARMS {
            self.recent_alarms.pop_front();
        }
        let record = AlarmRecord {
            at,
            session,
            user: user.into(),
            text,
        };
        self.notice(Notice::Alarm(record.clone()));
        self.recent_alarms.push_back(record);
    }

    pub(crate) fn notice(&mut self, notice: Notice) {
        if self.notices.len() == NOTICES {
            self.notices.pop_front();
        }
        self.notices.push_back(notice);
    }

    pub(crate) fn ended(&mut self, cause: &'static str) {
        *self.ended.entry(cause).or_default() += 1;
    }
}

/// A reason as metrics name it.
pub const fn reason_name(reason: Reason) -> &'static str {
    match reason {
        Reason::Off => "off",
        Reason::Silent => "silent",
        Reason::ProtocolRejected => "protocol-rejected",
        Reason::Rejected => "rejected",
        Reason::PeerTerminated => "peer-terminated",
        Reason::Timeout => "timeout",
        Reason::Disagreement(_) => "disagreement",
        Reason::WeakKey => "weak-key",
        Reason::NoOption => "no-option",
        Reason::BadTag => "bad-tag",
        Reason::ConfirmTimeout => "confirm-timeout",
        Reason::Unacknowledged => "unacknowledged",
        Reason::RekeyTimeout => "rekey-timeout",
        Reason::EpochsExhausted => "epochs-exhausted",
    }
}
