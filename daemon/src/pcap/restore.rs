//! A scrambled capture brought back, byte for byte, by its keylog.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use scramble::encap::ApplyError;
use scramble::transform::{Received, Receiver, Refused};
use serde::Serialize;

use super::counts::{Done, Forms, Reasons, line};
use super::frame::{self, Found, Omission, Place};
use super::keylog::{Keylog, Keyring, NoKeys, Note, fingerprint};
use super::{Error, Input, Output};
use crate::capture::{Item, Record};

/// What became of the frames.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Restored {
    /// Frames in the capture.
    pub frames: u64,
    /// Sessions that the keylog has keys of; of live ones, their LCP periods.
    pub sessions: u64,
    /// Frames that were restored.
    pub restored: Forms,
    /// Frames of PPP's own protocols, which always travel as they are.
    pub link_control: u64,
    /// Frames that were never scrambled, by what they are.
    pub untouched: Reasons,
    /// Frames of the keylog's sessions that could not be restored, and why. They are as they came.
    pub refused: Reasons,
    /// Bytes by which the frames have grown, less those by which they have shrunk.
    pub bytes_added: i64,
    /// Notes in the keylog that fit no frame: the capture has changed since it was scrambled.
    pub notes_unused: u64,
}

impl fmt::Display for Restored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>10} frames", self.frames)?;
        writeln!(f, "{:>10} sessions in the keylog", self.sessions)?;
        self.restored.lines(f, "restored that travelled")?;
        line(f, self.link_control, "link control, as they were")?;
        self.untouched.lines(f, "untouched")?;
        self.refused.lines(f, "refused, and untouched")?;
        line(
            f,
            self.notes_unused,
            "notes in the keylog that fit no frame",
        )?;
        writeln!(f, "{:>10} bytes added", self.bytes_added)
    }
}

/// Restores `input` into `output` with the keylog at `keylog`.
///
/// What cannot be read twice, a pipe say, is read to its end before the keylog is, because whoever
/// writes the one may still be writing the other.
///
/// # Errors
/// `Error`; damage within the capture is no error but part of what is done.
pub fn restore(
    input: Input,
    output: impl FnOnce() -> Result<Output, Error>,
    keylog: &Path,
) -> Result<Done<Restored>, Error> {
    let mut input = input.again()?;
    let mut reader = input.reader()?;
    let keylog = Keylog::read(keylog)?;
    let known = keylog.sessions.len() + keylog.periods.len();
    let mut restorer = Restorer {
        keyring: Keyring::new(&keylog.sessions, keylog.periods),
        notes: keylog.notes,
        counts: Restored {
            sessions: known as u64,
            ..Restored::default()
        },
    };
    let mut output = output()?;
    let damage = loop {
        match reader.next_item() {
            Ok(None) => break None,
            Err(damage) => break Some(damage),
            Ok(Some(Item::Other(bytes))) => output.write(&bytes)?,
            Ok(Some(Item::Frame(mut record))) => match restorer.frame(&mut record) {
                Some(whole) => output.write(&whole)?,
                None => output.write(record.as_bytes())?,
            },
        }
    };
    output.finish()?;
    let mut counts = restorer.counts;
    counts.notes_unused = restorer.notes.len() as u64;
    Ok(Done { counts, damage })
}

struct Restorer {
    keyring: Keyring,
    notes: HashMap<u64, Note>,
    counts: Restored,
}

impl Restorer {
    /// Restores the frame of `record`, or gives the whole record where the keylog has it.
    fn frame(&mut self, record: &mut Record) -> Option<Vec<u8>> {
        self.counts.frames += 1;
        let place = match Found::of(record) {
            Found::Ppp(place) => place,
            Found::Other(what) | Found::Unfit(what) => {
                self.counts.untouched.add(what);
                return None;
            }
        };
        let flow = &place.encapsulation.flow;
        let receivers = match self.keyring.receivers(flow, record.time()) {
            Ok(receivers) => receivers,
            Err(why) => {
                let counts = match why {
                    NoKeys::Session | NoKeys::Time => &mut self.counts.untouched,
                    NoKeys::Undated => &mut self.counts.refused,
                };
                counts.add(why.to_string());
                return None;
            }
        };
        let note = match self.notes.get(&self.counts.frames) {
            Some(note) if note.sha256 == fingerprint(record.frame()) => {
                self.notes.remove(&self.counts.frames).unwrap_or_default()
            }
            _ => Note::default(),
        };
        if note.untouched {
            self.counts
                .untouched
                .add("never scrambled, says the keylog");
            return None;
        }
        let forms = &mut self.counts.restored;
        let form = match frame::is_decoy(place.ppp(record.frame())) {
            true => &mut forms.decoy,
            false => &mut forms.framed,
        };
        if !note.record.is_empty() {
            *form += 1;
            self.counts.bytes_added += note.record.len() as i64 - record.as_bytes().len() as i64;
            return Some(note.record);
        }
        let restored = match open(&place, record.frame(), receivers) {
            Ok((_, Received::Control)) => {
                self.counts.link_control += 1;
                return None;
            }
            Ok((restored, Received::Data)) => restored,
            Err(error) => {
                self.counts.refused.add(frame::reason(error));
                return None;
            }
        };
        match finish(&place, &restored, record, note) {
            Ok(growth) => {
                *form += 1;
                self.counts.bytes_added += growth;
            }
            Err(why) => self.counts.refused.add(why),
        }
        None
    }
}

/// Restores `frame` with the first of `receivers` that can; where none can, says why the first cannot.
fn open(place: &Place, frame: &[u8], receivers: Vec<Receiver>) -> Result<Opened, Refusal> {
    let mut refusal = None;
    for mut receiver in receivers {
        match place.apply(frame, 0, |ppp| receiver.restore(ppp)) {
            Ok(opened) => return Ok(opened),
            Err(why) => refusal.get_or_insert(why),
        };
    }
    Err(refusal.unwrap_or(ApplyError::Refused(Refused::NoSession)))
}

type Opened = (Vec<u8>, Received);
type Refusal = ApplyError<Refused>;

/// Puts the restored frame into its record, with what the keylog adds to it.
fn finish(place: &Place, restored: &[u8], record: &mut Record, note: Note) -> Result<i64, String> {
    let before = record.frame().len() as i64;
    let omission = Omission {
        compressed: note.compressed,
        padding: note.padding,
    };
    let whole = place.put_back(restored, &omission);
    let whole = whole.ok_or("the keylog's note does not fit the frame")?;
    record.replace(&whole).map_err(|error| error.to_string())?;
    Ok(whole.len() as i64 - before)
}
