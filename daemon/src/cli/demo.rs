//! `fogline demo`: what a carrier records before and after scrambling, in one process.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde_json::json;

use fogline::capture::Reader;
use fogline::demo::{self, Data, Outcome, transform_name};
use fogline::dpi::json::to_json;
use fogline::dpi::{self, Style};
use fogline::ip::Addresses;
use fogline::pcap::{Encap, Wrapper, Wrapping};
use scramble::agreement::{Coverage, Direction};
use scramble::encap::{Encapsulation, Link};
use scramble::wire::ppp::Header;

use super::exit::{Coded, Exit};
use super::scrambling::Scrambling;

/// A household's traffic, recorded in network namespaces (tests/capture).
const HOUSEHOLD: &[u8] = include_bytes!("../../../tests/capture/household.pcap");

/// Show what a carrier's DPI records of a subscriber's traffic, before scrambling and after
///
/// A subscriber's router calls an ISP's access server over L2TP, in this process and over the loopback
/// interface: both are what `fogline client` and `fogline lns` run. They agree on PPP Header Scrambling,
/// a capture goes through their link, and the carrier in between writes its records. Needs no privileges
/// and sends nothing anywhere else. Without --capture the traffic is a recorded household's.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline demo
  fogline demo --transform decoy
  fogline demo --transform header --coverage 2 --capture my-traffic.pcapng")]
pub struct Args {
    #[command(flatten)]
    scrambling: Scrambling,
    /// A pcap or pcapng file of your own: Ethernet or IP
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
    /// Show so many records, one of each remote address and name
    #[arg(long, value_name = "N", default_value_t = 40, conflicts_with_all = ["all", "json"])]
    limit: usize,
    /// Show every record
    #[arg(long)]
    all: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let (data, skipped) = match &args.capture {
        Some(path) => packets(Reader::open(path)?)?,
        None => packets(Reader::new(HOUSEHOLD)?)?,
    };
    let direction = args.scrambling.direction();
    if data.is_empty() {
        return Err(Coded::new(Exit::BadInput, "there is no IP packet in the capture").into());
    }
    let outcome = demo::run(direction, &data)?;
    let text = match args.json {
        true => serde_json::to_string_pretty(&as_json(direction, &outcome, skipped))? + "\n",
        false => as_text(args, direction, &outcome, skipped),
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    let (refused, reason) = outcome.refused;
    if let Some(reason) = reason {
        anyhow::bail!("{refused} packets were dropped; the first: {reason}");
    }
    if outcome.exact != outcome.packets {
        anyhow::bail!(
            "{} packets did not come back as they were",
            outcome.packets - outcome.exact
        );
    }
    Ok(())
}

/// The IP packets of a capture in frames on the backhaul, and how many frames had none.
fn packets<R: Read>(capture: Reader<R>) -> anyhow::Result<(Vec<Data>, usize)> {
    let wrapping = Wrapping {
        encap: Encap::L2tp,
        vlans: Vec::new(),
    };
    let mut wrapper = Wrapper::new(&wrapping);
    let mut data = Vec::new();
    let mut skipped = 0;
    for record in capture.frames() {
        let record = record?;
        match wrapper.wrap(record.link(), record.frame()) {
            Ok((up, frame)) => match routable(&frame) {
                Some(packet) => data.push(Data {
                    time: record.time(),
                    up,
                    packet: packet.to_vec(),
                    frame,
                }),
                None => skipped += 1,
            },
            Err(_) => skipped += 1,
        }
    }
    Ok((data, skipped))
}

/// The IP packet in a frame on the backhaul, without PPP padding; `None` where no router forwards it, or no call carries it.
fn routable(frame: &[u8]) -> Option<&[u8]> {
    const LARGEST: usize = 65_000;
    let found = Encapsulation::parse(Link::Ethernet, frame).ok()?;
    let ppp = frame.get(found.ppp())?;
    let packet = &ppp[Header::parse(ppp).ok()?.len()..];
    let leaves = Addresses::of(packet).is_some_and(|addresses| !addresses.is_link_local());
    (leaves && packet.len() <= LARGEST).then_some(packet)
}

fn as_json(direction: Direction, outcome: &Outcome, skipped: usize) -> serde_json::Value {
    let [scramble, restore] = outcome.per_packet();
    json!({
        "transform": transform_name(direction.transform).to_lowercase(),
        "coverage": direction.coverage.units(),
        "messages": outcome.messages.iter().map(|message| json!({
            "from": if message.up { "subscriber" } else { "isp" },
            "bytes": message.length,
            "what": message.what,
        })).collect::<Vec<_>>(),
        "packets": outcome.packets,
        "skipped": skipped,
        "refused": outcome.refused.0,
        "byte_exact": outcome.exact,
        "true_left": outcome.true_left(),
        "overhead_bytes_per_packet": outcome.overhead(),
        "nanoseconds_per_packet": {
            "scramble": scramble.as_nanos() as u64,
            "restore": restore.as_nanos() as u64,
        },
        "report": to_json(&outcome.comparison, "builtin"),
    })
}

fn as_text(args: &Args, direction: Direction, outcome: &Outcome, skipped: usize) -> String {
    use std::fmt::Write;

    let style = Style {
        width: super::width(),
        color: super::use_color(),
        rows: (!args.all).then_some(args.limit),
        distinct: !args.all,
    };
    let name = transform_name(direction.transform);
    let covered = match direction.coverage {
        Coverage::ALL => "all of each packet".into(),
        coverage => format!(
            "{} bytes of each packet",
            64 * usize::from(coverage.units())
        ),
    };
    let mut text = String::new();
    let _ = writeln!(text, "A router and an ISP agree on {name}, {covered}:\n");
    // Once both ends have proved their keys, the rest of the link's own packets is scrambled as well.
    let in_clear = outcome
        .messages
        .iter()
        .take_while(|message| !message.is_scrambled);
    for message in in_clear {
        let arrow = if message.up {
            "subscriber --> ISP"
        } else {
            "subscriber <-- ISP"
        };
        let _ = writeln!(
            text,
            "  {arrow}  {} ({} bytes)",
            message.what, message.length
        );
    }
    let _ = writeln!(
        text,
        "\nWhat the carrier records of {} packets, before and after:\n",
        outcome.packets
    );
    text.push_str(&dpi::render(&outcome.comparison, &style));
    let [scramble, restore] = outcome.per_packet();
    let _ = writeln!(text);
    if skipped > 0 {
        let _ = writeln!(
            text,
            "{skipped} frames of the capture held no IP packet, or one that never leaves the house, and were left out"
        );
    }
    let _ = writeln!(
        text,
        "true records left: {}   came back byte for byte: {} of {} packets",
        outcome.true_left(),
        outcome.exact,
        outcome.packets
    );
    let _ = writeln!(
        text,
        "through PPP and L2TP: {} ns to send, {} ns to receive, {:.1} bytes added",
        scramble.as_nanos(),
        restore.as_nanos(),
        outcome.overhead()
    );
    text
}
