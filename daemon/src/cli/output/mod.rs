//! How the subcommands write: facts, tables, JSON. Names come from peers and never reach the
//! terminal as they are.

mod facts;
mod json;
mod table;
pub mod units;

pub use facts::Facts;
pub use json::{array_item, object};
pub use table::{Align, Cell, Column, Table};

use std::io::{self, IsTerminal, Write};

/// Emphasis for what an operator looks for first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As everything else.
    Plain,
    /// Titles.
    Title,
    /// As it should be.
    Good,
    /// Worth a look.
    Poor,
    /// Wrong.
    Bad,
}

impl Tone {
    /// `text` in this tone, where colours are wanted.
    pub fn paint(self, text: &str, color: bool) -> String {
        let code = match self {
            _ if !color => return text.into(),
            Self::Plain => return text.into(),
            Self::Title => "1",
            Self::Good => "32",
            Self::Poor => "33",
            Self::Bad => "31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// How wide and in which colours to write.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Columns there are; none where output goes to a file or program.
    pub width: Option<usize>,
    /// Whether to use colours.
    pub color: bool,
}

impl Style {
    /// What standard output is fit for.
    pub fn of_stdout() -> Self {
        Self {
            width: io::stdout().is_terminal().then(super::width),
            color: super::use_color(),
        }
    }
}

/// Writes to standard output.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
