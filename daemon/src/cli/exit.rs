//! The program's exit codes, and which error gets which.

use std::io::ErrorKind;
use std::process::ExitCode;

use fogline::capture::{self, Problem};
use fogline::config;
use fogline::control::{ClientError, Code};
use fogline::dpi::engine;
use fogline::pcap;

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
    /// Another program that is needed is not installed, or the daemon does not answer.
    Unavailable = 69,
    /// An output file cannot be made.
    CannotCreate = 73,
}

impl Exit {
    /// The code for an error.
    pub fn of(error: &anyhow::Error) -> Self {
        for cause in error.chain() {
            if let Some(coded) = cause.downcast_ref::<Coded>() {
                return coded.exit;
            }
            if let Some(engine::Error::Missing { .. }) = cause.downcast_ref() {
                return Self::Unavailable;
            }
            if let Some(errors) = cause.downcast_ref::<config::Errors>() {
                return Self::of_config(errors);
            }
            if let Some(error) = cause.downcast_ref::<ClientError>() {
                return Self::of_client(error);
            }
            if let Some(error) = cause.downcast_ref::<pcap::Error>() {
                return Self::of_pcap(error);
            }
            if let Some(error) = cause.downcast_ref::<capture::Error>() {
                return Self::of_capture(error);
            }
        }
        Self::Failure
    }

    /// The code for a configuration that cannot be used.
    pub fn of_config(errors: &config::Errors) -> Self {
        if errors.unreadable {
            Self::NoInput
        } else {
            Self::BadInput
        }
    }

    fn of_client(error: &ClientError) -> Self {
        match error {
            ClientError::NoDaemon(_) | ClientError::Io { .. } => Self::Unavailable,
            ClientError::Refused(failure) if failure.code == Code::Unavailable => Self::Unavailable,
            _ => Self::Failure,
        }
    }

    fn of_pcap(error: &pcap::Error) -> Self {
        match error {
            pcap::Error::Capture(error) => Self::of_capture(error),
            pcap::Error::Open { source, .. } if source.kind() == ErrorKind::InvalidData => {
                Self::BadInput
            }
            pcap::Error::Open { .. } => Self::NoInput,
            pcap::Error::Create { .. } => Self::CannotCreate,
            pcap::Error::Keylog { .. } | pcap::Error::Secrets { .. } => Self::BadInput,
            pcap::Error::SameFile(..) | pcap::Error::Terminal => Self::Usage,
            _ => Self::Failure,
        }
    }

    fn of_capture(error: &capture::Error) -> Self {
        match error.problem() {
            Problem::Io(io) => match io.kind() {
                ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::IsADirectory => {
                    Self::NoInput
                }
                _ => Self::Failure,
            },
            Problem::Create(_) => Self::CannotCreate,
            Problem::DoesNotFit(..) => Self::Failure,
            _ => Self::BadInput,
        }
    }
}

/// A message that says with which code the program ends.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
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

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
