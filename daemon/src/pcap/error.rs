//! What goes wrong with the files of `fogline pcap`, and what to do about it.

use std::io;
use std::path::PathBuf;

use crate::capture;

/// Why a capture could not be wrapped, scrambled or restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A capture cannot be read.
    #[error(transparent)]
    Capture(#[from] capture::Error),
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file cannot be made.
    #[error("cannot create {}", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file cannot be written to.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Standard input has to be read twice, and there is no room for it.
    #[error(
        "cannot keep a copy of the input in the directory for temporary files (TMPDIR chooses another)"
    )]
    Spool(#[source] io::Error),
    /// The system has no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
    /// A file to write is also one to read, or two files to write are one.
    #[error("{} and {} are the same file; name another", .0.display(), .1.display())]
    SameFile(PathBuf, PathBuf),
    /// Standard output is a terminal.
    #[error("a capture on a terminal is of no use; redirect standard output or name a file")]
    Terminal,
    /// A keylog is not one.
    #[error("{}: line {line}: {what}", path.display())]
    Keylog {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it, and what to do.
        what: String,
    },
    /// A secrets file is not one.
    #[error("{}: {what}; it needs two lines of 64 hex digits, end A's and end B's", path.display())]
    Secrets {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The two ends' options come to nothing: not with options made here.
    #[error("no agreement between the two ends: {0}")]
    Agreement(String),
}
