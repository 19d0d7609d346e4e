//! The daemon as a whole.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Protection, SessionId, SessionState, Tally, Timestamp, Volume};

/// What the daemon is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// `fogline lns`: terminates subscribers' calls.
    Lns,
    /// `fogline client`: dials as a subscriber.
    Client,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Lns => "lns",
            Self::Client => "client",
        })
    }
}

/// How many sessions there are of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionCount {
    /// Where they are.
    pub state: SessionState,
    /// What protects them.
    pub scrambling: Protection,
    /// How many.
    pub sessions: u64,
}

/// Tunnels there are now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TunnelCount {
    /// Tunnels that are up.
    pub established: u64,
    /// Tunnels that are being set up.
    pub half_open: u64,
}

/// What became of calls since the daemon started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// Calls that peers, or this end as a client, asked for.
    pub offered: u64,
    /// Calls set up as far as L2TP goes.
    pub answered: u64,
    /// Calls refused before that, by reason.
    pub refused: Tally,
    /// Calls ended after that, by reason.
    pub ended: Tally,
}

/// Something that an operator ought to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// When.
    pub time: Timestamp,
    /// The session it is about, which may be over by now.
    pub session: Option<SessionId>,
    /// The session's user; empty where there is none.
    pub user: String,
    /// What happened and what to do, as a sentence.
    pub text: String,
}

/// A version of IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// IPv4 addresses.
    Ipv4,
    /// IPv6 prefixes, a /64 each.
    Ipv6,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
        })
    }
}

/// One pool of addresses, of one version of IP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// Its name in the configuration.
    pub name: String,
    /// Which of its addresses these are.
    pub family: Family,
    /// Addresses, or prefixes, in use.
    pub used: u64,
    /// All that there are.
    pub size: u64,
}

/// How a reload of the configuration ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reload {
    /// When.
    pub time: Timestamp,
    /// Whether the new configuration is in force.
    pub applied: bool,
    /// Warnings, errors, and what waits for a restart, a sentence each.
    pub messages: Vec<String>,
}

/// Where the configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// The file.
    pub file: String,
    /// The last reload; none since the start.
    pub reload: Option<Reload>,
}

/// The daemon as a whole. Every counter counts from the daemon's start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// What the daemon is.
    pub mode: Mode,
    /// When it started.
    pub started: Timestamp,
    /// Seconds since then, by a clock that nobody sets.
    pub uptime_seconds: u64,
    /// Sessions there are now, by kind; kinds of which there are none may be left out.
    pub sessions: Vec<SessionCount>,
    /// Sessions that fell back to clear, by reason.
    pub fallbacks: Tally,
    /// Tunnels there are now.
    pub tunnels: TunnelCount,
    /// What became of calls.
    pub calls: Calls,
    /// IP packets sent to peers.
    pub sent: Volume,
    /// IP packets received from peers.
    pub received: Volume,
    /// Packets dropped, by reason.
    pub drops: Tally,
    /// L2TP control messages that were not as they should be, by what was wrong.
    #[serde(default)]
    pub l2tp_faults: Tally,
    /// Alarms ever raised.
    pub alarms_raised: u64,
    /// The latest alarms, oldest first, at most [`Self::MAX_ALARMS`].
    pub alarms: Vec<Alarm>,
    /// Rekeys completed.
    pub rekeys: u64,
    /// Subscribers refused for their password, or peers for their tunnel's secret.
    pub authentication_failures: u64,
    /// Pools of addresses; a client has none.
    pub pools: Vec<Pool>,
    /// Where the configuration comes from.
    pub configuration: Configuration,
}

impl Status {
    /// How many of the latest alarms a daemon keeps.
    pub const MAX_ALARMS: usize = 32;

    /// Sessions in `state`.
    pub fn sessions_in(&self, state: SessionState) -> u64 {
        self.count(|kind| kind.state == state)
    }

    /// Sessions that are up and protected by `protection`.
    pub fn up_with(&self, protection: Protection) -> u64 {
        self.count(|kind| kind.state == SessionState::Up && kind.scrambling == protection)
    }

    /// All sessions.
    pub fn session_total(&self) -> u64 {
        self.count(|_| true)
    }

    fn count(&self, kind: impl Fn(&SessionCount) -> bool) -> u64 {
        let counted = self.sessions.iter().filter(|k| kind(k));
        counted.fold(0, |sum, kind| sum.saturating_add(kind.sessions))
    }
}
