//! The configuration, checked: what the daemon works with.
//!
//! Everything here has the type that it is used as, and nothing here is contradictory: who has a [`Config`] need not check it
//! again. The names of the fields are those of the file, `-` for `_`, unless said otherwise.

mod client;
mod link;
mod lns;
mod scrambling;
mod user;

use std::net::SocketAddr;
use std::path::PathBuf;

pub use client::{Client, DefaultRoute, Dns, Hooks, Redial, Server};
pub use link::{AddressControl, L2tp, Lcp, Path};
pub use lns::{Limits, Listener, Lns, Pool, PoolIpv4, Proxy, RouterAdvertisement, Users};
pub use scrambling::{Scrambling, ScramblingOverride};
pub use user::{Credential, User};

use super::Hidden;

/// A whole file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `[lns]`: what `fogline lns` does; `None` where the section is absent.
    pub lns: Option<Lns>,
    /// `[client]`: what `fogline client` does; `None` where the section is absent.
    pub client: Option<Client>,
    /// `[control]`.
    pub control: Control,
    /// `[metrics]`; `None` where the section is absent: no endpoint.
    pub metrics: Option<Metrics>,
    /// `[log]`.
    pub log: Log,
    /// `[state]`.
    pub state: State,
    /// `[process]`.
    pub process: Process,
}

/// Where `fogline status` and its like reach the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// The Unix socket.
    pub socket: PathBuf,
}

/// The Prometheus endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Whether it may be asked for a series for each session.
    pub per_session: bool,
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// A filter that tracing-subscriber's `EnvFilter` understands, e.g. `info` or `info,fogline::lns=debug`.
    pub filter: String,
    /// How a line looks.
    pub format: LogFormat,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What outlives the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The directory it is kept in: the peers that were once confirmed.
    pub directory: PathBuf,
}

/// What the process becomes once its sockets are open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// The user; `None` to stay who started it.
    pub user: Option<String>,
    /// The group; `None` for the user's own.
    pub group: Option<String>,
}
