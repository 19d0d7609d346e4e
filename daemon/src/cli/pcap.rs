//! `fogline pcap`: captures wrapped, scrambled and restored.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use fogline::pcap::{self, Done, Input, Output, Plan, Secrets, Wrapping};
use scramble::agreement::Direction;

use super::scrambling::Scrambling;

/// Wrap captures into L2TP or PPPoE, scramble them, and restore them
///
/// From captures to captures, pcap and pcapng, with all times kept. `-` is standard input or
/// output, so that these can be piped: `wrap`, `scramble` and `restore` in a row give back the
/// wrapped capture byte for byte. What became of the frames is written on standard error.
///
/// Exit status: 0 done, 1 failed, 2 usage, 65 a file is damaged or no capture, keylog or secrets
/// file (what a damaged capture has before the damage is dealt with and written), 66 a file to
/// read is not there, 73 a file to write cannot be made.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline pcap wrap web.pcapng l2tp.pcap --encap l2tp
  fogline pcap scramble l2tp.pcap carrier.pcap --transform decoy --keylog keys
  fogline pcap restore carrier.pcap again.pcap --keylog keys && cmp l2tp.pcap again.pcap")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Wrap(WrapArgs),
    Scramble(ScrambleArgs),
    Restore(RestoreArgs),
}

/// Put the IP packets of a capture into PPP frames of one L2TP or PPPoE session
///
/// The capture may hold Ethernet with any VLAN tags, raw IP, Linux cooked, loopback or PPP frames.
/// IP packets are cut of what the link layer put behind them; a packet that the capture had cut
/// short is wrapped as it is. Frames without an IP packet are left out, and those too large are
/// refused: both are counted.
///
/// L2TP goes between 192.0.2.1 (LAC) and 192.0.2.2 (LNS), UDP port 1701, tunnel and session id 1,
/// PPP with FF 03; PPPoE between 02:00:00:00:00:01 and 02:00:00:00:00:02, session id 1. The
/// subscriber is the end with a private address (RFC 1918, RFC 6598, RFC 4193), else the end that
/// sent first.
///
/// OUT is a classic pcap file of Ethernet frames: of IN's byte order and time resolution where IN
/// is one too, with nanoseconds where IN is pcapng.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline pcap wrap web.pcapng l2tp.pcap
  fogline pcap wrap web.pcapng pppoe.pcap --encap pppoe --vlan 100 --vlan 7
  tcpdump -w - | fogline pcap wrap - l2tp.pcap")]
struct WrapArgs {
    #[command(flatten)]
    files: Files,
    /// What the PPP frames travel in
    #[arg(long, value_enum, default_value_t = Encap::L2tp)]
    encap: Encap,
    /// A VLAN tag; once or twice, the outer one first
    #[arg(long = "vlan", value_name = "N", value_parser = clap::value_parser!(u16).range(0..=4095))]
    vlans: Vec<u16>,
}

/// Scramble the PPP sessions of a capture of L2TP or PPPoE
///
/// Each PPP session gets keys of its own, as if its two ends had agreed on them by X25519. End A is
/// the one that sends first in the capture, end B the other. The options of both say Want and
/// WantCoverage as asked, MinCoverage the same as WantCoverage, Accept and CanSend everything,
/// MaxCoverage 255, and both bits of Carrier with `--carrier lcp`, else none.
///
/// Link control (LCP, authentication, ECP), L2TP control messages, PPPoE discovery and whatever is
/// neither L2TP nor PPPoE pass as they are. So do PPP frames that cannot be scrambled: cut short by
/// the capture, fragments of outer packets, too large, malformed. They stay in clear: a warning says
/// how many and why.
///
/// The keylog is made with permissions 0600. It is lines of JSON: {"fogline_keylog":1}; then for
/// each session its two directions on the wire, option bodies, ends, transform, coverage, carrier
/// and keys; then a line for each frame that the protocol alone would not bring back byte for byte:
/// a compressed protocol field, padding that DECOY cuts.
///
/// The keylog of live sessions, which `fogline lns` and `fogline client` write, is another: lines of
/// JSON too, {"fogline_keylog":2}; then a line whenever a session installs keys, with its number
/// ("live"), time, user, both ends' addresses and L2TP ids, the writer's end ("own"), what either side
/// does ("send", "receive") and the epoch and its keys; and a line when its keys are "erased".
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline pcap scramble l2tp.pcap carrier.pcap --keylog keys
  fogline pcap scramble l2tp.pcap carrier.pcap --transform decoy --coverage 9 --keylog keys
  fogline pcap scramble l2tp.pcap carrier.pcap --carrier lcp --keylog keys --secrets fixed --json")]
struct ScrambleArgs {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    scrambling: Scrambling,
    /// Where to write the keylog
    #[arg(long, value_name = "FILE")]
    keylog: PathBuf,
    /// Fixed X25519 secrets, to make the same bytes again: end A's and end B's, 64 hex digits on a
    /// line each, `#` starts a comment
    ///
    /// They serve the first session as they are; session k, from 1, has SHA-256("fogline pcap
    /// session" | k as 4 bytes, big-endian | secret) of each. For tests: a secret used twice
    /// protects nothing.
    #[arg(long, value_name = "FILE")]
    secrets: Option<PathBuf>,
}

/// Restore a scrambled capture with its keylog, byte for byte
///
/// Frames that are not of the keylog's sessions pass as they are, and so do those that cannot be
/// restored: altered, of other keys, or never scrambled. They are counted with the reason.
///
/// The keylog is that of `scramble`, or one that `fogline lns` or `fogline client` wrote (`--keylog`)
/// while the capture was taken. With a live one, frames are told apart by addresses, ids and time: the
/// clocks of the two may differ by up to 5 s, and IN must have the addresses that the writer saw, so
/// that behind a NAT only the keylog of the LNS will do. Frames come back as they were but for a
/// compressed protocol field, which gets its two bytes, and PPP padding, which DECOY cuts.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline pcap restore carrier.pcap again.pcap --keylog keys
  fogline pcap restore - - --keylog keys < carrier.pcap | tshark -r -
  fogline pcap restore backhaul.pcap plain.pcap --keylog live-keys")]
struct RestoreArgs {
    #[command(flatten)]
    files: Files,
    /// The keylog that `scramble`, `lns` or `client` wrote
    #[arg(long, value_name = "FILE")]
    keylog: PathBuf,
}

#[derive(Debug, clap::Args)]
struct Files {
    /// The capture to read, `-` for standard input
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The capture to write, `-` for standard output
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// Write the counts as JSON on standard output (on standard error where OUT is `-`)
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Encap {
    /// L2TP over UDP and IPv4
    L2tp,
    /// PPPoE in Ethernet
    Pppoe,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> anyhow::Result<()> {
    match &args.command {
        Command::Wrap(args) => wrap(args),
        Command::Scramble(args) => scramble(args),
        Command::Restore(args) => restore(args),
    }
}

fn wrap(args: &WrapArgs) -> anyhow::Result<()> {
    if args.vlans.len() > 2 {
        let mut command = <super::Cli as clap::CommandFactory>::command();
        let message = "at most two VLAN tags";
        command
            .error(clap::error::ErrorKind::TooManyValues, message)
            .exit();
    }
    let wrapping = Wrapping {
        encap: match args.encap {
            Encap::L2tp => pcap::Encap::L2tp,
            Encap::Pppoe => pcap::Encap::Pppoe,
        },
        vlans: args.vlans.clone(),
    };
    let files = &args.files;
    files.check(&[], &[])?;
    let done = pcap::wrap(&files.input(), || files.output(), &wrapping)?;
    let counts = &done.counts;
    let refused = counts.refused.total();
    if refused > 0 {
        warn(format_args!(
            "{refused} IP packets are too large to wrap, and missing from the output"
        ));
    } else if counts.wrapped == 0 {
        warn("nothing was wrapped: there is no IP packet in the capture");
    }
    files.report(done)
}

fn scramble(args: &ScrambleArgs) -> anyhow::Result<()> {
    let files = &args.files;
    let secrets = args.secrets.as_deref();
    files.check(&secrets.into_iter().collect::<Vec<_>>(), &[&args.keylog])?;
    let Direction {
        transform,
        coverage,
        carrier,
    } = args.scrambling.direction();
    let plan = Plan {
        transform,
        coverage,
        carrier,
        secrets: secrets.map_or(Ok(Secrets::Random), Secrets::read)?,
    };
    let done = pcap::scramble(files.input(), || files.output(), &args.keylog, &plan)?;
    let counts = &done.counts;
    if counts.in_clear.total() > 0 {
        let clear = counts.in_clear.total();
        warn(format_args!(
            "{clear} frames that may hold PPP data could not be scrambled and are in clear"
        ));
    }
    if counts.sessions == 0 {
        warn(
            "nothing was scrambled: there is no L2TP or PPPoE data in the capture (`fogline pcap wrap` puts IP into it)",
        );
    }
    files.report(done)
}

fn restore(args: &RestoreArgs) -> anyhow::Result<()> {
    let files = &args.files;
    files.check(&[&args.keylog], &[])?;
    let done = pcap::restore(files.input(), || files.output(), &args.keylog)?;
    let counts = &done.counts;
    if counts.refused.total() > 0 {
        let refused = counts.refused.total();
        warn(format_args!(
            "{refused} frames of the keylog's sessions could not be restored"
        ));
    }
    if counts.notes_unused > 0 {
        let unused = counts.notes_unused;
        warn(format_args!(
            "{unused} notes of the keylog fit no frame: the capture is not as `scramble` wrote it"
        ));
    }
    if counts.restored.total() == 0 {
        warn("nothing was restored: is this the capture's keylog?");
    }
    files.report(done)
}

impl Files {
    fn input(&self) -> Input {
        Input::new(&self.input)
    }

    fn output(&self) -> Result<Output, pcap::Error> {
        Output::create(&self.output)
    }

    /// Checks that no file is overwritten that is needed.
    fn check(&self, read: &[&Path], write: &[&Path]) -> Result<(), pcap::Error> {
        let read = [&[self.input.as_path()], read].concat();
        let write = [&[self.output.as_path()], write].concat();
        pcap::distinct(&read, &write)
    }

    /// Writes the counts, and says what damage there was.
    fn report<C: Display + Serialize>(&self, done: Done<C>) -> anyhow::Result<()> {
        #[derive(Serialize)]
        struct Json<'c, C> {
            schema: u32,
            #[serde(flatten)]
            counts: &'c C,
            damage: Option<String>,
        }
        let Done { counts, damage } = done;
        if self.json {
            let mut text = serde_json::to_string_pretty(&Json {
                schema: 1,
                counts: &counts,
                damage: damage.as_ref().map(ToString::to_string),
            })?;
            text.push('\n');
            if pcap::is_standard(&self.output) {
                io::stderr().write_all(text.as_bytes())?;
            } else {
                io::stdout().write_all(text.as_bytes())?;
            }
        } else {
            write!(io::stderr(), "{counts}")?;
        }
        match damage {
            Some(damage) => Err(pcap::Error::from(damage).into()),
            None => Ok(()),
        }
    }
}

fn warn(what: impl Display) {
    let _ = writeln!(io::stderr(), "fogline: warning: {what}");
}
