//! `fogline report`: what DPI puts on record before and after scrambling.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::ValueEnum;

use fogline::capture::{self, Reader};
use fogline::dpi::engine::{Engine, Looker};
use fogline::dpi::json::to_json;
use fogline::dpi::{self, Comparison, Search, Style, View};

/// Show what a carrier's DPI puts on record of a capture, before scrambling and after
///
/// Both captures may be pcap or pcapng, with L2TP, PPPoE, PPP or plain IP in them; the tunnels
/// are taken off first, as a carrier does. Records that began with the same frame stand side by
/// side. The summary counts what is true and still on record, what a search of the bytes finds
/// beyond that (and how much of it so many random bytes would hold), and the bogus records.
///
/// Exit status: 0 done, 1 failed, 2 usage, 65 a damaged or unknown file (the report is of what
/// could be read), 66 a file is not there, 69 the engine is not installed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline report l2tp.pcap carrier.pcap
  fogline report l2tp.pcap carrier.pcap --engine tshark --all
  fogline report l2tp.pcap carrier.pcap --json | jq .left")]
pub struct Args {
    /// The capture from before scrambling: the truth
    before: PathBuf,
    /// The capture from after scrambling
    after: PathBuf,
    /// Write JSON, with every record ("schema": 1)
    #[arg(long)]
    json: bool,
    /// Who looks at the packets
    #[arg(long, value_enum, default_value_t = EngineName::Builtin)]
    engine: EngineName,
    /// Show every record
    #[arg(long, conflicts_with_all = ["limit", "json"])]
    all: bool,
    /// Show so many records
    #[arg(long, value_name = "N", default_value_t = 40, conflicts_with = "json")]
    limit: usize,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EngineName {
    /// Fogline itself
    Builtin,
    /// Wireshark's tshark
    Tshark,
    /// nDPI's ndpiReader
    Ndpi,
}

impl EngineName {
    fn engine(self) -> Engine {
        match self {
            Self::Builtin => Engine::Builtin,
            Self::Tshark => Engine::Tshark,
            Self::Ndpi => Engine::Ndpi,
        }
    }
}

/// Runs the subcommand.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let engine = args.engine.engine();
    // The names of missing files are worth knowing before the work begins.
    let before = Reader::open(&args.before)?;
    let after = Reader::open(&args.after)?;
    let mut damage = Vec::new();
    let before = look(before, engine, None, &mut damage)?;
    let mut search = Search::new(&before).context("too many names to search for")?;
    let after = look(after, engine, Some(&mut search), &mut damage)?;
    let comparison = Comparison::new(before, after, search.finish());

    let mut text = if args.json {
        let name = args.engine.to_possible_value();
        let name = name.as_ref().map_or("", |v| v.get_name());
        serde_json::to_string_pretty(&to_json(&comparison, name))?
    } else {
        let style = Style {
            width: super::width(),
            color: super::use_color(),
            rows: (!args.all).then_some(args.limit),
            distinct: false,
        };
        dpi::render(&comparison, &style)
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    for error in damage.iter().skip(1) {
        let _ = writeln!(io::stderr(), "fogline: {error}");
    }
    match damage.into_iter().next() {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

/// An engine's view of a capture, up to where it is damaged.
fn look<R: io::Read>(
    reader: Reader<R>,
    engine: Engine,
    mut search: Option<&mut Search>,
    damage: &mut Vec<capture::Error>,
) -> anyhow::Result<View> {
    let mut looker = Looker::new(engine)?;
    for record in reader.frames() {
        match record {
            Ok(record) => {
                looker.frame(record.time(), record.link(), record.frame())?;
                if let Some(search) = &mut search {
                    search.frame(record.link(), record.frame());
                }
            }
            Err(error) => damage.push(error),
        }
    }
    Ok(looker.finish()?)
}
