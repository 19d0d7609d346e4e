//! A keylog of either kind, read.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::{Map, Value};

use super::live::{Erased, Installed};
use super::{Head, Note, OF_CAPTURE, OF_LIVE, Periods, Session};
use crate::pcap::Error;

/// A keylog that has been read.
#[derive(Debug, Default)]
pub struct Keylog {
    /// The sessions of a capture.
    pub sessions: Vec<Session>,
    /// The notes by the number of the frame.
    pub notes: HashMap<u64, Note>,
    /// The LCP periods of live sessions.
    pub periods: Periods,
    version: u32,
}

/// The longest line: a record of the largest frame in hex, and room for all else.
const MAX_LINE: u64 = 4 << 20;

impl Keylog {
    /// Reads the keylog at `path`.
    ///
    /// # Errors
    /// `Error` where it is not there or is none.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|source| Error::Open {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(BufReader::new(file), path)
    }

    /// Reads a keylog, which errors call `name`.
    ///
    /// The last line of a keylog of live sessions may be unfinished, because it is being written: it
    /// does not count then.
    ///
    /// # Errors
    /// `Error` where it cannot be read or is none.
    pub fn parse(mut lines: impl BufRead, name: &Path) -> Result<Self, Error> {
        let mut keylog = Self::default();
        let mut text = Vec::new();
        for number in 1.. {
            text.clear();
            let line = lines.by_ref().take(MAX_LINE).read_until(b'\n', &mut text);
            let length = line.map_err(|source| Error::Open {
                path: name.to_owned(),
                source,
            })?;
            if length == 0 {
                if number == 1 {
                    return Err(wrong(name, 1, "this is no keylog: it is empty"));
                }
                break;
            }
            let unfinished = text.last() != Some(&b'\n') && (length as u64) < MAX_LINE;
            match keylog.line(number, text.trim_ascii()) {
                Ok(()) => {}
                Err(_) if unfinished && keylog.version == OF_LIVE => break,
                Err(what) => return Err(wrong(name, number, what)),
            }
        }
        keylog.periods.sort();
        Ok(keylog)
    }

    fn line(&mut self, number: usize, text: &[u8]) -> Result<(), String> {
        // serde_json's own words quote no values but numbers and names of fields.
        let object = |_| "no JSON object; is the keylog whole?".to_string();
        let line: Map<String, Value> = serde_json::from_slice(text).map_err(object)?;
        let kind = Kind::of(&line);
        let value = Value::Object(line);
        if number == 1 {
            self.version = version(value)?;
            return Ok(());
        }
        match kind {
            Some(Kind::Head) => {
                return Err("a second keylog begins; restore with one at a time".into());
            }
            Some(Kind::Session) => self.sessions.push(session(value)?),
            Some(Kind::Note) => {
                let note: Note = parse(value)?;
                self.notes.insert(note.frame, note);
            }
            Some(Kind::Installed) => {
                let line: Installed = parse(value)?;
                self.periods.install(line);
            }
            Some(Kind::Erased) => {
                let line: Erased = parse(value)?;
                self.periods.erase(line.erased, line.time);
            }
            // A later version may say more; what it says can be done without, else it would be
            // another version.
            None => {}
        }
        Ok(())
    }
}

/// What a line is about.
enum Kind {
    Head,
    Session,
    Note,
    Installed,
    Erased,
}

impl Kind {
    fn of(line: &Map<String, Value>) -> Option<Self> {
        let kinds = [
            ("fogline_keylog", Self::Head),
            ("session", Self::Session),
            ("frame", Self::Note),
            ("live", Self::Installed),
            ("erased", Self::Erased),
        ];
        let mut found = kinds.into_iter().filter(|(key, _)| line.contains_key(*key));
        found.next().map(|(_, kind)| kind)
    }
}

fn version(line: Value) -> Result<u32, String> {
    match serde_json::from_value::<Head>(line) {
        Ok(Head {
            fogline_keylog: version @ (OF_CAPTURE | OF_LIVE),
        }) => Ok(version),
        Ok(Head { fogline_keylog }) => Err(format!(
            "a keylog of version {fogline_keylog}, where {OF_CAPTURE} and {OF_LIVE} are understood; update fogline"
        )),
        Err(_) => Err("this is no keylog: its first line does not say so".into()),
    }
}

fn session(line: Value) -> Result<Session, String> {
    let session: Session = parse(line)?;
    let flows = session.flows();
    let whole = flows[0].is_some() && flows[1].is_some() == session.b_to_a.is_some();
    if session.a == session.b || !whole || session.direction().is_none() {
        return Err("a session that cannot be".into());
    }
    Ok(session)
}

fn parse<T: DeserializeOwned>(line: Value) -> Result<T, String> {
    serde_json::from_value(line).map_err(|error| match error.classify() {
        Category::Data if error.to_string().starts_with("missing field") => error.to_string(),
        _ => "a field that is not what it should be".into(),
    })
}

fn wrong(path: &Path, line: usize, what: impl Into<String>) -> Error {
    Error::Keylog {
        path: path.to_owned(),
        line,
        what: what.into(),
    }
}
