//! `fogline lns`: the daemon.

use std::path::PathBuf;

use fogline::service::{self, Options};

/// Terminate L2TP calls of subscribers
///
/// Answers L2TP on the configured addresses, authenticates subscribers, gives them addresses, agrees with
/// their routers on header scrambling, and moves their packets through a TUN interface. SIGHUP reloads
/// the configuration, SIGTERM closes all calls and ends.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline check-config /etc/fogline/fogline.toml
  fogline lns
  fogline lns --config test.toml --keylog keys.jsonl")]
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
    service::run_lns(&Options {
        config: args.config,
        keylog: args.keylog,
    })
}
