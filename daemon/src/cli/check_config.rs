//! `fogline check-config`: what is wrong with a configuration, before a daemon finds out.

use std::io::{self, Write};
use std::path::PathBuf;

use fogline::config::{self, Problem};

use super::exit::{Coded, Exit};

/// Check a configuration file: every mistake with its line
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline check-config /etc/fogline/fogline.toml
  fogline check-config --json fogline.toml | jq -r .message

The files that it names (users, secrets) are read too. Exit status: 0 it can be used, 65 it cannot,
66 it is not there.")]
pub struct Args {
    /// The file
    #[arg(default_value = "/etc/fogline/fogline.toml")]
    file: PathBuf,
    /// One JSON object a line for each mistake: file, line, column, severity, message
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let file = args.file.display();
    match config::load(&args.file) {
        Ok(loaded) => {
            let warnings = loaded.warnings;
            print(args, warnings.iter())?;
            if !args.json {
                let after = count(warnings.len(), "warning");
                writeln!(io::stdout(), "{file} can be used: {after}")?;
            }
            Ok(())
        }
        Err(found) => {
            print(args, found.errors.iter().chain(&found.warnings))?;
            let exit = Exit::of_config(&found);
            let message = format!(
                "{file} cannot be used: {}",
                count(found.errors.len(), "error")
            );
            Err(Coded::new(exit, message).into())
        }
    }
}

fn print<'p>(args: &Args, problems: impl Iterator<Item = &'p Problem>) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    for problem in problems {
        if args.json {
            serde_json::to_writer(&mut out, problem)?;
            writeln!(out)?;
        } else {
            writeln!(out, "{problem}")?;
        }
    }
    Ok(())
}

fn count(number: usize, what: &str) -> String {
    match number {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}
