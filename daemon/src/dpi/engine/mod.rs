//! The views of other programs: `tshark` and nDPI's `ndpiReader`.
//!
//! Both get the subscribers' IP packets, which Fogline takes out of the tunnels as a carrier
//! would: nDPI does not look into L2TP, and neither knows IP under LCP's protocol number.

mod ndpi;
mod tshark;

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek};
use std::process::{Command, Stdio};

use tempfile::NamedTempFile;

use super::peel::{Kind, Tunnel, peel};
use super::view::{Builder, View};
use crate::capture::{self, LinkType, Record, Time, Writer};

/// Who looks at the packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Fogline itself.
    Builtin,
    /// Wireshark's `tshark`.
    Tshark,
    /// nDPI's `ndpiReader`.
    Ndpi,
}

/// Why another program could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not installed.
    #[error("{program} is not installed; install the package {package} (Debian's name for it)")]
    Missing {
        /// The program's name.
        program: &'static str,
        /// What to install.
        package: &'static str,
    },
    /// It ran, and failed.
    #[error("{program} failed ({status}): {message}")]
    Failed {
        /// The program's name.
        program: &'static str,
        /// How it ended.
        status: std::process::ExitStatus,
        /// The last that it said.
        message: String,
    },
    /// It could not be run, or not read from.
    #[error("{program}: {error}")]
    Io {
        /// The program's name.
        program: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// The packets for it could not be written.
    #[error(transparent)]
    Capture(#[from] capture::Error),
    /// There is no place for a temporary file.
    #[error("temporary file: {0}")]
    Temporary(io::Error),
}

/// Takes frames and makes the view that an engine has of them.
#[derive(Debug)]
pub struct Looker {
    builtin: Builder,
    outside: Option<Outside>,
}

#[derive(Debug)]
struct Outside {
    engine: Engine,
    packets: Writer<BufWriter<NamedTempFile>>,
    origins: Vec<Origin>,
    frames: usize,
}

/// Where a packet that another program was given comes from.
#[derive(Debug, Clone, Copy)]
struct Origin {
    frame: usize,
    time: Option<Time>,
    tunnel: Option<Tunnel>,
}

impl Looker {
    /// Begins a view.
    pub fn new(engine: Engine) -> Result<Self, Error> {
        let outside = match engine {
            Engine::Builtin => None,
            Engine::Tshark | Engine::Ndpi => {
                let file = NamedTempFile::with_suffix(".pcap").map_err(Error::Temporary)?;
                Some(Outside {
                    engine,
                    packets: Writer::pcap(BufWriter::new(file), LinkType::RAW_IP)?,
                    origins: Vec::new(),
                    frames: 0,
                })
            }
        };
        Ok(Self {
            builtin: Builder::default(),
            outside,
        })
    }

    /// Looks at a frame.
    pub fn frame(&mut self, time: Option<Time>, link: LinkType, frame: &[u8]) -> Result<(), Error> {
        self.builtin.frame(time, link, frame);
        let Some(outside) = &mut self.outside else {
            return Ok(());
        };
        let peeled = peel(link, frame);
        if peeled.kind == Kind::Ip {
            let at = time.unwrap_or_default();
            let record = Record::new(at, LinkType::RAW_IP, peeled.bytes)?;
            outside.packets.write_record(&record)?;
            outside.origins.push(Origin {
                frame: outside.frames,
                time,
                tunnel: peeled.tunnel,
            });
        }
        outside.frames += 1;
        Ok(())
    }

    /// The engine's view of the frames.
    pub fn finish(self) -> Result<View, Error> {
        let builtin = self.builtin.finish();
        let Some(outside) = self.outside else {
            return Ok(builtin);
        };
        if outside.origins.is_empty() {
            // Some programs take a capture without packets for an error.
            return Ok(View {
                counts: builtin.counts,
                ..View::default()
            });
        }
        let file = outside.packets.finish()?.into_inner();
        let file = file.map_err(|e| Error::Temporary(e.into_error()))?;
        match outside.engine {
            Engine::Ndpi => ndpi::view(file.path(), builtin),
            _ => tshark::view(file.path(), &outside.origins, builtin.counts),
        }
    }
}

/// Runs a program and hands each line that it writes to `each`.
fn lines(
    program: &'static str,
    package: &'static str,
    command: &mut Command,
    mut each: impl FnMut(&str),
) -> Result<(), Error> {
    let failed = |error| Error::Io { program, error };
    let mut said: File = tempfile::tempfile().map_err(Error::Temporary)?;
    let stderr = said.try_clone().map_err(Error::Temporary)?;
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Err(Error::Missing { program, package });
        }
        Err(e) => return Err(failed(e)),
    };
    if let Some(stdout) = child.stdout.take() {
        let mut stdout = BufReader::new(stdout);
        let mut line = Vec::new();
        while stdout.read_until(b'\n', &mut line).map_err(failed)? > 0 {
            each(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']));
            line.clear();
        }
    }
    let status = child.wait().map_err(failed)?;
    if status.success() {
        return Ok(());
    }
    let mut message = Vec::new();
    let _ = said
        .rewind()
        .and_then(|()| said.take(1 << 16).read_to_end(&mut message));
    let message = String::from_utf8_lossy(&message);
    let last = message.lines().rfind(|l| !l.trim().is_empty());
    Err(Error::Failed {
        program,
        status,
        message: last.unwrap_or("it said nothing").trim().to_owned(),
    })
}
