//! `fogline client`: the daemon.

use std::path::PathBuf;

use fogline::service::{self, Options};

/// Dial an L2TP access server as a subscriber
///
/// Keeps one call up: sets the address, the default route and name servers as configured, runs hooks,
/// dials again when the call is over. SIGTERM hangs up and ends.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline check-config /etc/fogline/fogline.toml
  fogline client
  fogline client --config test.toml --keylog keys.jsonl")]
pub struct Args {
    /// The configuration
    #[arg(
        long,
        short,
        value_name = "FILE",
        default_value = "/etc/fogline/fogline.toml"
    )]
    config: PathBuf,
    /// Write the keys of all sessions to FILE, for `fogline pcap restore`. Whoever has it can undo the
    /// scrambling: for finding faults only
    #[arg(long, value_name = "FILE")]
    keylog: Option<PathBuf>,
}

/// Runs the subcommand.
pub fn run(args: Args) -> anyhow::Result<()> {
    service::run_client(&Options {
        config: args.config,
        keylog: args.keylog,
    })
}
