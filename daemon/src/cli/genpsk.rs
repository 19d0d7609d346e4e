//! `fogline genpsk`: a pre-shared secret.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::exit::{Coded, Exit};

/// Make a pre-shared secret for both ends of scrambling: 256 random bits in base64
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline genpsk --out /etc/fogline/psk     for secret-file = \"/etc/fogline/psk\", at both ends
  fogline genpsk                            for secret = \"...\", or for a user of the file of users")]
pub struct Args {
    /// A new file to write it to, for its owner alone (mode 0600); never one that is there already
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let mut secret = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *secret).context("the system gives no random numbers")?;
    let mut line = Zeroizing::new(STANDARD.encode(*secret));
    line.push('\n');
    match &args.out {
        None => io::stdout().lock().write_all(line.as_bytes())?,
        Some(path) => write_new(path, line.as_bytes())
            .map_err(|error| Coded::new(Exit::CannotCreate, why(path, &error)))?,
    }
    Ok(())
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn why(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::AlreadyExists => {
            format!(
                "{path} is there already; a secret in use is never overwritten: choose another name"
            )
        }
        _ => format!("cannot write {path}: {error}"),
    }
}
