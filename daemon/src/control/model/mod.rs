//! What a daemon reports of itself, LNS and client alike: the words of the control socket, of
//! `--json` and of the metrics.
//!
//! Keys keep their names and meaning as long as [`VERSION`](super::VERSION) stands; new ones may
//! come. A map from reasons to counts ([`Tally`]) has kebab-case words of a fixed set as its
//! keys: they become label values of metrics, so nothing a peer chose may get into them. "Sent"
//! is what this end sent to the peer, "received" what the peer sent.

mod scrambling;
mod session;
mod status;
mod time;
mod tunnel;

pub use scrambling::Transform;
pub use scrambling::{Carrier, Coverage, Direction, PhsCounters, PhsState, Protection, Scrambling};
pub use session::{Ipv4, Ipv6, L2tpCall, Session, SessionCounters, SessionId, SessionState};
pub use session::{SessionTraffic, Volume};
pub use status::{
    Alarm, Calls, Configuration, Family, Mode, Pool, Reload, SessionCount, Status, TunnelCount,
};
pub use time::Timestamp;
pub use tunnel::{Tunnel, TunnelState};

use std::collections::BTreeMap;

/// How often each thing happened, by the reason's word.
pub type Tally = BTreeMap<String, u64>;
