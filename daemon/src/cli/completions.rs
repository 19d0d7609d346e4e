//! `fogline completions`: for shells.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

/// Print completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline completions bash > /etc/bash_completion.d/fogline
  fogline completions fish > ~/.config/fish/completions/fogline.fish")]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut super::Cli::command(),
        "fogline",
        &mut script,
    );
    io::stdout().lock().write_all(&script)?;
    Ok(())
}
