//! What the subcommands share that talk to a running daemon.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use fogline::control::model::SessionId;
use fogline::control::{Client, ClientError, DEFAULT_SOCKET, Who};

/// Where the daemon listens.
#[derive(Debug, clap::Args)]
pub struct Socket {
    /// The daemon's control socket
    #[arg(long = "socket", value_name = "PATH", env = "FOGLINE_SOCKET", default_value = DEFAULT_SOCKET)]
    path: PathBuf,
}

impl Socket {
    /// A connection to the daemon.
    pub fn connect(&self) -> Result<Client, ClientError> {
        Client::connect(&self.path)
    }
}

/// Which sessions a task is about.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct Target {
    /// The session's number
    #[arg(value_name = "ID")]
    id: Option<SessionId>,
    /// Every session of a user
    // Sessions that have not authenticated have an empty name; "$USER_TO_KICK" unset must not mean
    // all of them.
    #[arg(long, value_name = "USER", value_parser = NonEmptyStringValueParser::new())]
    user: Option<String>,
    /// Every session
    #[arg(long)]
    all: bool,
}

impl Target {
    /// The same in the protocol's words.
    pub fn who(self) -> Who {
        match (self.id, self.user) {
            (Some(id), _) => Who::Id(id),
            (None, Some(user)) => Who::User(user),
            (None, None) => Who::All,
        }
    }
}
