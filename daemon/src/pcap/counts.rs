//! What became of the frames.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::capture;

/// The outcome of a run over a capture: counts, and the damage that ended it early.
#[derive(Debug)]
pub struct Done<C> {
    /// What became of the frames.
    pub counts: C,
    /// Where and why the capture could not be read on; all before it was dealt with and written.
    pub damage: Option<capture::Error>,
}

/// Numbers of frames by the reason for what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Reasons(BTreeMap<Cow<'static, str>, u64>);

impl Reasons {
    /// Counts one more frame.
    pub fn add(&mut self, reason: impl Into<Cow<'static, str>>) {
        *self.0.entry(reason.into()).or_default() += 1;
    }

    /// How many frames there are for any reason.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// How many frames there are for `reason`.
    pub fn of(&self, reason: &str) -> u64 {
        self.0.get(reason).copied().unwrap_or(0)
    }

    /// Writes a line for each reason.
    pub(super) fn lines(&self, f: &mut fmt::Formatter<'_>, what: &str) -> fmt::Result {
        for (reason, count) in &self.0 {
            writeln!(f, "{count:>10} {what}: {reason}")?;
        }
        Ok(())
    }
}

/// Numbers of frames by the form that they travel in scrambled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Forms {
    /// As IP packets that are not what they were.
    pub decoy: u64,
    /// In HEADER's or FULL's framing.
    pub framed: u64,
}

impl Forms {
    pub(super) fn lines(&self, f: &mut fmt::Formatter<'_>, what: &str) -> fmt::Result {
        line(f, self.decoy, format_args!("{what} as decoys"))?;
        line(f, self.framed, format_args!("{what} in framing"))
    }

    /// Both forms together.
    pub fn total(self) -> u64 {
        self.decoy + self.framed
    }
}

/// A count with its name, unless it is 0.
pub(super) fn line(f: &mut fmt::Formatter<'_>, count: u64, what: impl fmt::Display) -> fmt::Result {
    match count {
        0 => Ok(()),
        count => writeln!(f, "{count:>10} {what}"),
    }
}
