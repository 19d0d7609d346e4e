//! The configuration file of the daemon: one TOML file for `fogline lns` and `fogline client`.
//!
//! [`load`] gives a checked [`Config`], or every error of the file with its line; [`Changes`] says what of a
//! new one can hold without a restart. `packaging/fogline.toml` explains every option.

mod changes;
mod document;
mod hidden;
pub mod model;
mod problem;
mod read;
mod source;
mod value;

#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;

pub use changes::Changes;
pub use hidden::Hidden;
pub use problem::{Errors, Position, Problem, Severity};
pub use source::{Contents, Disk, Files};

use document::Document;
use model::Config;
use problem::Problems;

/// A configuration, and what is worth a second look.
#[derive(Debug)]
pub struct Loaded {
    /// What to work with.
    pub config: Config,
    /// What may not be as meant, in the order of the file.
    pub warnings: Vec<Problem>,
}

/// Reads a configuration from disk, with the files it names.
///
/// # Errors
/// [`Errors`]: everything that is wrong.
pub fn load(path: &Path) -> Result<Loaded, Errors> {
    load_from(path, &Disk)
}

/// Reads a configuration from `files`. Any text is safe.
///
/// # Errors
/// [`Errors`]: everything that is wrong.
pub fn load_from(path: &Path, files: &dyn Files) -> Result<Loaded, Errors> {
    const LONGEST: u64 = 4 << 20;

    let contents = files
        .read(path, LONGEST)
        .map_err(|error| unreadable(path, &error))?;
    let problems = Problems::default();
    let document = Document::new(path, &contents.text, &problems);
    let config = read::config(&document, &contents, files, &problems);
    drop(document);
    let (errors, warnings) = problems.into_both();
    match config {
        Some(config) if errors.is_empty() => Ok(Loaded { config, warnings }),
        _ => Err(Errors {
            errors,
            warnings,
            unreadable: false,
        }),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Errors {
    let message = match error.kind() {
        io::ErrorKind::InvalidData => "is not text in UTF-8".into(),
        io::ErrorKind::FileTooLarge => "is too large for a configuration".into(),
        _ => format!("cannot be read: {error}"),
    };
    Errors {
        unreadable: error.kind() != io::ErrorKind::InvalidData,
        errors: vec![Problem {
            file: path.to_owned(),
            position: None,
            severity: Severity::Error,
            message,
        }],
        warnings: Vec::new(),
    }
}
