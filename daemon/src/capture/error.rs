//! What goes wrong with captures, where, and what to do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::MAX_FRAME;

/// A capture that cannot be read or written, with the file and the place in it.
#[derive(Debug)]
pub struct Error {
    path: Option<PathBuf>,
    offset: Option<u64>,
    problem: Problem,
}

/// What is wrong with a capture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The operating system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The file cannot be made.
    #[error("cannot be created: {0}")]
    Create(io::Error),
    /// The file is compressed.
    #[error("the capture is compressed with {0}; decompress it first ({1})")]
    Compressed(&'static str, &'static str),
    /// The file is no capture.
    #[error("this is neither a pcap nor a pcapng file (it begins with {}); export it as one of these", .0)]
    Foreign(String),
    /// The file is a capture of a kind that is not supported.
    #[error("{0}; convert it, for example with `editcap -F pcap IN OUT`")]
    Unsupported(String),
    /// The file ends inside something.
    #[error(
        "the file ends {missing} bytes short of the end of {what}; \
         the capture was cut off, and all before this place is intact"
    )]
    Truncated {
        /// What the file ends in.
        what: &'static str,
        /// How many bytes are missing.
        missing: u64,
    },
    /// Something in the file contradicts the format.
    #[error("{0}; the capture is damaged from here on, and all before this place is intact")]
    Corrupt(String),
    /// A frame is longer than [`MAX_FRAME`].
    #[error(
        "a frame of {0} bytes, where at most {MAX_FRAME} are possible; \
         the capture is damaged from here on"
    )]
    TooLong(u64),
    /// A pcapng Simple Packet Block has no place for the new length.
    #[error(
        "a frame of {0} bytes does not fit a simple packet block of an interface \
         that keeps {1} bytes; convert the capture with `editcap -F pcap IN OUT`"
    )]
    DoesNotFit(usize, u32),
}

impl Error {
    pub(super) fn new(problem: impl Into<Problem>) -> Self {
        Self {
            path: None,
            offset: None,
            problem: problem.into(),
        }
    }

    pub(super) fn at(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    pub(super) fn in_file(mut self, path: Option<&Path>) -> Self {
        self.path = self.path.or_else(|| path.map(Path::to_owned));
        self
    }

    /// What is wrong.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Where in the file the damaged record or block begins, in bytes.
    pub fn offset(&self) -> Option<u64> {
        self.offset
    }

    /// The file, where its name is known.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}: ", path.display())?;
        }
        if let Some(offset) = self.offset {
            write!(f, "at byte {offset}: ")?;
        }
        self.problem.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The system's own words are in Display already.
        None
    }
}

impl<P: Into<Problem>> From<P> for Error {
    fn from(problem: P) -> Self {
        Self::new(problem)
    }
}
