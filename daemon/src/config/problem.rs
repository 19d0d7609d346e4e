//! What is wrong with a configuration, where, and how bad that is.

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};

/// Whether the daemon can work with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, but perhaps not as meant.
    Warning,
}

/// A place in a file, as editors count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

/// One thing that is wrong. Never shows a secret.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The place in it; `None` where it is about the whole file.
    #[serde(flatten)]
    pub position: Option<Position>,
    /// How bad it is.
    pub severity: Severity,
    /// What, and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some(Position { line, column }) = self.position {
            write!(f, "{line}:{column}:")?;
        }
        match self.severity {
            Severity::Error => write!(f, " {}", self.message),
            Severity::Warning => write!(f, " warning: {}", self.message),
        }
    }
}

/// Why there is no configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Errors {
    /// Every error that was found, in the order of the file; at least one.
    pub errors: Vec<Problem>,
    /// What else was found.
    pub warnings: Vec<Problem>,
    /// Whether the file itself could not be read at all.
    pub unreadable: bool,
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.errors.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

/// Collects problems. There may be one for every line of a large file: only so many are kept of each severity.
#[derive(Debug, Default)]
pub(super) struct Problems {
    found: RefCell<Found>,
}

#[derive(Debug, Default)]
struct Found {
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
    more_errors: usize,
    more_warnings: usize,
}

impl Problems {
    const KEPT: usize = 100;

    pub fn add(
        &self,
        severity: Severity,
        file: &Path,
        position: impl FnOnce() -> Option<Position>,
        message: String,
    ) {
        let found = &mut *self.found.borrow_mut();
        let (kept, more) = match severity {
            Severity::Error => (&mut found.errors, &mut found.more_errors),
            Severity::Warning => (&mut found.warnings, &mut found.more_warnings),
        };
        if kept.len() == Self::KEPT {
            *more += 1;
            return;
        }
        kept.push(Problem {
            file: file.to_owned(),
            position: position(),
            severity,
            message,
        });
    }

    /// Errors and warnings, each in the order of the files.
    pub fn into_both(self) -> (Vec<Problem>, Vec<Problem>) {
        let found = self.found.into_inner();
        (
            in_order(found.errors, found.more_errors),
            in_order(found.warnings, found.more_warnings),
        )
    }
}

fn in_order(mut problems: Vec<Problem>, more: usize) -> Vec<Problem> {
    problems.sort_by(|a, b| (&a.file, a.position).cmp(&(&b.file, b.position)));
    if let Some(last) = problems.last().filter(|_| more > 0).cloned() {
        problems.push(Problem {
            position: None,
            message: format!("{more} more like these; mend these first"),
            ..last
        });
    }
    problems
}
