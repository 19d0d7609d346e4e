//! What there is to emit: the designs in their sizes, and single modules of them for synthesis and lint.

use std::fmt;

use anyhow::{Context, bail};
use rust_hdl::prelude::Bits;

use super::verilog;
use crate::streams::fifo::Fifo;

/// A design's width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Size {
    /// 512-bit streams, everything pipelined, for 250 MHz on UltraScale+.
    Line100,
    /// 64-bit streams, folded, for 125 MHz on ECP5.
    Line64,
}

impl Size {
    /// The clock that it is made for.
    #[must_use]
    pub fn clock_khz(self) -> u32 {
        match self {
            Self::Line100 => 250_000,
            Self::Line64 => 125_000,
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Line100 => "line100",
            Self::Line64 => "line64",
        })
    }
}

/// What a design is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Sessions that its tables hold.
    pub sessions: u32,
    /// Its clock: what the registers say, and what the heartbeat is timed by.
    pub clock_khz: u32,
}

/// A whole card with tables of one depth.
#[derive(Clone, Copy)]
pub struct Top {
    /// Its width.
    pub size: Size,
    /// Sessions.
    pub sessions: u32,
    /// Emits it as a module of the size's name.
    pub build: fn(&Parameters) -> String,
}

/// Every card that can be emitted. Depths of tables are types in rust-hdl, so that each stands here by itself.
pub const TOPS: &[Top] = &[];

/// A part of a card, by itself.
#[derive(Clone, Copy)]
pub struct Module {
    /// Its name, of the module too.
    pub name: &'static str,
    /// The card that it is of.
    pub size: Size,
    /// Emits it.
    pub build: fn(&'static str) -> String,
}

/// The parts that synthesis reports on and that Verilator lints.
pub const MODULES: &[Module] = &[
    Module {
        name: "fifo_line100",
        size: Size::Line100,
        build: |name| verilog(Fifo::<Bits<512>, 9>::default(), name),
    },
    Module {
        name: "fifo_line64",
        size: Size::Line64,
        build: |name| verilog(Fifo::<Bits<64>, 9>::default(), name),
    },
];

/// Verilog, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Design {
    /// The top module, and the file without `.v`.
    pub name: String,
    /// The file.
    pub verilog: String,
}

/// Emits the card of `size` for `parameters`. Fails where there is none, saying which there are.
pub fn design(size: Size, parameters: &Parameters) -> anyhow::Result<Design> {
    let of_size = TOPS.iter().filter(|top| top.size == size);
    let Some(top) = of_size
        .clone()
        .find(|top| top.sessions == parameters.sessions)
    else {
        let depths = of_size
            .map(|top| top.sessions.to_string())
            .collect::<Vec<_>>();
        bail!(
            "there is no {size} for {} sessions, only for: {}",
            parameters.sessions,
            depths.join(", ")
        );
    };
    let (build, parameters) = (top.build, *parameters);
    let verilog = on_large_stack(move || build(&parameters))?;
    let note = format!(
        "{} sessions, {} kHz",
        parameters.sessions, parameters.clock_khz
    );
    Ok(Design {
        name: size.to_string(),
        verilog: format!("{}{verilog}", header(size, &size.to_string(), &note)),
    })
}

/// Emits the part called `name`. Fails where there is none, saying which there are.
pub fn module(name: &str) -> anyhow::Result<Design> {
    let Some(found) = MODULES.iter().find(|module| module.name == name) else {
        let names = MODULES.iter().map(|module| module.name).collect::<Vec<_>>();
        bail!("there is no module {name}, only: {}", names.join(", "));
    };
    let (build, name) = (found.build, found.name);
    let verilog = on_large_stack(move || build(name))?;
    Ok(Design {
        name: name.to_owned(),
        verilog: format!(
            "{}{verilog}",
            header(found.size, name, "one module by itself")
        ),
    })
}

fn header(size: Size, name: &str, note: &str) -> String {
    format!(
        "// {name}: {note}.\n\
         // Of Fogline's card for PPP Header Scrambling, size {size}, version {version}. Written by\n\
         // fogline-hdl: change the Rust source, not this file.\n\
         // SPDX-License-Identifier: {licence}\n\n",
        version = env!("CARGO_PKG_VERSION"),
        licence = env!("CARGO_PKG_LICENSE"),
    )
}

/// A block is one value with all its parts in it, and moves through `Default` by way of the stack.
fn on_large_stack<T: Send + 'static>(
    build: impl FnOnce() -> T + Send + 'static,
) -> anyhow::Result<T> {
    std::thread::Builder::new()
        .stack_size(1 << 30)
        .spawn(build)
        .context("no thread to build the design in")?
        .join()
        .map_err(|_| anyhow::anyhow!("the design could not be built: see above"))
}
