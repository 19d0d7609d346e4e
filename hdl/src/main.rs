//! Writes the card's Verilog.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use fogline_hdl::emit::{self, Design, MODULES, Parameters, Size, TOPS};

const EXAMPLES: &str = "Examples:
  fogline-hdl list
  fogline-hdl emit --size line100 --sessions 65536 --out build
  fogline-hdl emit --size line64 --sessions 512 --clock-khz 100000 --out build
  fogline-hdl emit --module NAME --out build";

/// The Verilog of Fogline's card: PPP Header Scrambling as a pipeline between two streams
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a card, or one module of it, as one Verilog file; the same arguments give the same file
    #[command(after_help = EXAMPLES)]
    Emit(Emit),
    /// Tell which cards and modules there are
    List,
}

#[derive(Args)]
struct Emit {
    /// The card's width
    #[arg(long, required_unless_present = "module")]
    size: Option<Size>,
    /// Sessions that its tables hold
    #[arg(
        long,
        value_name = "N",
        requires = "size",
        required_unless_present = "module"
    )]
    sessions: Option<u32>,
    /// The clock it will run at, for its timers [default: 250000 for line100, 125000 for line64]
    #[arg(long, value_name = "KHZ", requires = "size", value_parser = clap::value_parser!(u32).range(1..))]
    clock_khz: Option<u32>,
    /// One module by itself, for synthesis
    #[arg(long, value_name = "NAME", conflicts_with = "size")]
    module: Option<String>,
    /// The directory to write to; it is made
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::List => {
            for top in TOPS {
                println!("{} for {} sessions", top.size, top.sessions);
            }
            for module in MODULES {
                println!("{} of {}", module.name, module.size);
            }
            Ok(())
        }
        Command::Emit(arguments) => {
            let design = match (&arguments.module, arguments.size, arguments.sessions) {
                (Some(name), ..) => emit::module(name)?,
                (None, Some(size), Some(sessions)) => {
                    let clock_khz = arguments.clock_khz.unwrap_or(size.clock_khz());
                    let parameters = Parameters {
                        sessions,
                        clock_khz,
                    };
                    emit::design(size, &parameters)?
                }
                _ => anyhow::bail!("--size and --sessions, or --module"),
            };
            write(&design, &arguments.out)
        }
    }
}

fn write(design: &Design, out: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let path = out.join(format!("{}.v", design.name));
    std::fs::write(&path, &design.verilog)
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!(
        "{}: {} modules, {} lines",
        path.display(),
        design.verilog.matches("\nendmodule").count(),
        design.verilog.lines().count()
    );
    Ok(())
}
