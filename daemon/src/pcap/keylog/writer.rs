//! The keylog that `fogline pcap scramble` writes.

use std::path::Path;

use serde::Serialize;
use zeroize::Zeroizing;

use super::{Head, Note, OF_CAPTURE, Session};
use crate::pcap::{Error, Output};

/// Writes a keylog of a capture.
pub struct Writer {
    output: Output,
}

impl Writer {
    /// A keylog at `path` that only its owner can read.
    ///
    /// # Errors
    /// `Error` where it cannot be made.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let output = Output::create_secret(path)?;
        let mut writer = Self { output };
        writer.line(&Head {
            fogline_keylog: OF_CAPTURE,
        })?;
        Ok(writer)
    }

    /// Writes a session.
    ///
    /// # Errors
    /// `Error` where the system refuses.
    pub fn session(&mut self, session: &Session) -> Result<(), Error> {
        self.line(session)
    }

    /// Writes a note.
    ///
    /// # Errors
    /// `Error` where the system refuses.
    pub fn note(&mut self, note: &Note) -> Result<(), Error> {
        self.line(note)
    }

    /// Writes out what is buffered.
    ///
    /// # Errors
    /// `Error` where the system refuses.
    pub fn finish(self) -> Result<(), Error> {
        self.output.finish()
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), Error> {
        let mut text = Zeroizing::new(serde_json::to_vec(line).unwrap_or_default());
        text.push(b'\n');
        self.output.write(&text)
    }
}
