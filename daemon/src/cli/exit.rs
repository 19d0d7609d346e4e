//! The program's exit codes, and which error gets which.

use std::fmt;
use std::io::ErrorKind;
use std::process::ExitCode;

use fogline::capture::{self, Problem};

/// How the program ended. Numbers from 64 up are those of sysexits.h.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It did what it was asked to do.
    Ok = 0,
    /// Something failed while it ran.
    Failure = 1,
    /// The command line makes no sense. (clap's own code for it.)
    Usage = 2,
    /// An input file is damaged, or of a format that is not understood.
    BadInput = 65,
    /// An input file is not there or cannot be opened.
    NoInput = 66,
    /// Another program that is needed is not installed.
    Unavailable = 69,
}

impl Exit {
    /// The code for an error.
    pub fn of(error: &anyhow::Error) -> Self {
        for cause in error.chain() {
            if let Some(missing) = cause.downcast_ref::<Coded>() {
                return missing.exit;
            }
            if let Some(error) = cause.downcast_ref::<capture::Error>() {
                return Self::of_capture(error);
            }
        }
        Self::Failure
    }

    fn of_capture(error: &capture::Error) -> Self {
        match error.problem() {
            Problem::Io(io) => match io.kind() {
                ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::IsADirectory => {
                    Self::NoInput
                }
                _ => Self::Failure,
            },
            Problem::DoesNotFit(..) => Self::Failure,
            _ => Self::BadInput,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A message with an exit code of its own.
#[derive(Debug)]
pub struct Coded {
    exit: Exit,
    message: String,
}

impl Coded {
    /// An error that ends the program with `exit`.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
        }
    }
}

impl fmt::Display for Coded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Coded {}
