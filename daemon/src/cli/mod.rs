//! The command line: one module for each subcommand.

mod check_config;
mod client;
mod completions;
mod daemon;
mod demo;
pub mod exit;
mod genpsk;
mod hash_password;
mod lns;
mod load;
mod output;
mod pcap;
mod report;
mod scrambling;
mod session;
mod sessions;
mod status;
mod tasks;
mod top;
mod tunnels;
mod vectors;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use exit::Exit;

/// Scrambles the headers of PPP traffic between a subscriber and an ISP, so that a carrier's
/// DPI in between records nothing true.
#[derive(Debug, Parser)]
#[command(
    name = "fogline",
    version,
    after_help = "Examples:
  fogline demo                      what a carrier records before and after, in one process
  fogline demo --transform decoy    the same with bogus records instead of none
  fogline pcap --help               scramble captures of your own
  fogline report BEFORE AFTER       what DPI sees of two captures
  fogline lns                       terminate subscribers' calls, as /etc/fogline/fogline.toml says
  fogline client                    dial as a subscriber
  fogline load                      dial as many thousands of them, and measure the access server
  fogline status                    how the daemon on this machine is
  fogline top                       its sessions, live

Exit status: 0 done, 1 failed, 2 usage, 65 damaged or unknown input, 66 input not there,
69 another program is missing or the daemon does not answer, 73 output cannot be made."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Lns(lns::Args),
    Client(client::Args),
    Load(load::Args),
    Demo(demo::Args),
    Pcap(pcap::Args),
    Report(report::Args),
    CheckConfig(check_config::Args),
    Genpsk(genpsk::Args),
    HashPassword(hash_password::Args),
    Status(status::Args),
    Sessions(sessions::Args),
    Session(session::Args),
    Tunnels(tunnels::Args),
    Top(top::Args),
    Kick(tasks::Kick),
    Rekey(tasks::Rekey),
    Reload(tasks::Reload),
    Vectors(vectors::Args),
    Completions(completions::Args),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Lns(args) => lns::run(args),
        Command::Client(args) => client::run(args),
        Command::Load(args) => load::run(args),
        Command::Demo(args) => demo::run(&args),
        Command::Pcap(args) => pcap::run(&args),
        Command::Report(args) => report::run(&args),
        Command::CheckConfig(args) => check_config::run(&args),
        Command::Genpsk(args) => genpsk::run(&args),
        Command::HashPassword(args) => hash_password::run(&args),
        Command::Status(args) => status::run(&args),
        Command::Sessions(args) => sessions::run(args),
        Command::Session(args) => session::run(&args),
        Command::Tunnels(args) => tunnels::run(&args),
        Command::Top(args) => top::run(&args),
        Command::Kick(args) => tasks::kick(args),
        Command::Rekey(args) => tasks::rekey(args),
        Command::Reload(args) => tasks::reload(&args),
        Command::Vectors(args) => vectors::run(&args),
        Command::Completions(args) => completions::run(&args),
    };
    match result {
        Ok(()) => Exit::Ok.into(),
        // Whoever read our output has read enough.
        Err(error) if is_broken_pipe(&error) => Exit::Ok.into(),
        Err(error) => {
            let _ = writeln!(io::stderr(), "fogline: {error:#}");
            Exit::of(&error).into()
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |e: &io::Error| e.kind() == io::ErrorKind::BrokenPipe;
    error.chain().filter_map(|c| c.downcast_ref()).any(broken)
}

/// Whether standard output may be coloured: it is a terminal, and nobody asked otherwise
/// (NO_COLOR, see <https://no-color.org>).
pub fn use_color() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|v| v == "dumb");
    !refused && !dumb && io::stdout().is_terminal()
}

/// The columns of the terminal, or 80 where output goes elsewhere.
pub fn width() -> usize {
    const USUAL: usize = 80;
    match terminal_size::terminal_size_of(io::stdout()) {
        Some((terminal_size::Width(width), _)) if width > 0 => width.into(),
        _ => USUAL,
    }
}
