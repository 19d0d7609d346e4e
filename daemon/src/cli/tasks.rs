//! `fogline kick`, `rekey` and `reload`: what a daemon is told to do.

use std::io::{self, Write};

use fogline::control::printable;

use super::daemon::{Socket, Target};
use super::exit::{Coded, Exit};
use super::output;

/// End sessions
///
/// The subscribers are told the reason, where their side shows it. Routers usually dial again at
/// once.
///
/// Exit status: 0 done, 1 failed (no such session, too), 2 usage, 69 no daemon answers.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline kick 17
  fogline kick --user alice@example.net --reason 'please call us'
  fogline kick --all --reason 'maintenance until 5 am'")]
pub struct Kick {
    #[command(flatten)]
    target: Target,
    /// What subscribers are told; 200 characters at most
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    #[command(flatten)]
    socket: Socket,
}

/// Runs `fogline kick`.
pub fn kick(args: Kick) -> anyhow::Result<()> {
    let who = args.target.who();
    let sessions = args.socket.connect()?.kick(who, args.reason)?;
    done(sessions, "being ended")
}

/// Have sessions agree on new keys
///
/// Sessions that are not scrambled have none, and are left alone.
///
/// Exit status: 0 done, 1 failed (no such session, too), 2 usage, 69 no daemon answers.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline rekey 17
  fogline rekey --all")]
pub struct Rekey {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    socket: Socket,
}

/// Runs `fogline rekey`.
pub fn rekey(args: Rekey) -> anyhow::Result<()> {
    let who = args.target.who();
    let sessions = args.socket.connect()?.rekey(who)?;
    done(sessions, "being rekeyed")
}

/// Have the daemon read its configuration again
///
/// Sessions stay up. What a reload cannot change is listed, and waits for a restart. With an
/// error in the file, everything stays as it is.
///
/// Exit status: 0 applied, 1 refused, 2 usage, 69 no daemon answers.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline check-config /etc/fogline/fogline.toml && fogline reload")]
pub struct Reload {
    #[command(flatten)]
    socket: Socket,
}

/// Runs `fogline reload`.
pub fn reload(args: &Reload) -> anyhow::Result<()> {
    let reload = args.socket.connect()?.reload()?;
    for message in &reload.messages {
        let _ = writeln!(io::stderr(), "{}", printable(message));
    }
    if !reload.applied {
        let message = "the configuration was refused; the daemon goes on with the old one";
        return Err(Coded::new(Exit::Failure, message).into());
    }
    Ok(output::print("the configuration was read again\n")?)
}

fn done(sessions: u64, what: &str) -> anyhow::Result<()> {
    let text = match sessions {
        1 => format!("1 session is {what}\n"),
        n => format!("{} sessions are {what}\n", output::units::count(n)),
    };
    Ok(output::print(&text)?)
}
