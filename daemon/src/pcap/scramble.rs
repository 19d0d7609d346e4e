//! Each PPP session of a capture scrambled as if its two ends had agreed on it.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use scramble::agreement::{Carrier, Coverage, Direction, End, EpochKeys, Transform, Transforms};
use scramble::encap::Flow;
use scramble::keys::{ExchangeSecret, KeySchedule, Secrets as PreShared};
use scramble::option::{PhsOption, Terms, agree};
use scramble::transform::{Packet, Receiver, Sender, Sent};
use serde::Serialize;

use super::counts::{Done, Forms, Reasons, line};
use super::frame::{self, Found, Place};
use super::keylog::{self, Note, fingerprint};
use super::sessions::Survey;
use super::{Error, Input, Output, Secrets};
use crate::capture::{Item, Record};

/// What the two ends of every session ask of each other.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The transform, the same both ways.
    pub transform: Transform,
    /// How much of each packet it covers.
    pub coverage: Coverage,
    /// What scrambled packets travel under.
    pub carrier: Carrier,
    /// Where the ends have their X25519 secrets from.
    pub secrets: Secrets,
}

impl Plan {
    /// What both ends' options say: Want = the transform, WantCoverage = MinCoverage = the coverage,
    /// Accept = CanSend = all transforms, MaxCoverage = 255, both bits of Carrier set for carrier LCP
    /// and clear for the natural one, no pre-shared secret.
    fn terms(&self) -> Terms {
        let lcp = self.carrier == Carrier::Lcp;
        Terms {
            want: self.transform,
            want_coverage: self.coverage,
            accept: Transforms::ALL,
            min_coverage: self.coverage,
            can_send: Transforms::ALL,
            max_coverage: Coverage::ALL,
            want_lcp_carrier: lcp,
            can_send_lcp_carrier: lcp,
        }
    }

    /// The keys of session `number`.
    fn agreement(&self, number: u32) -> Result<Agreed, Error> {
        let failed = |error: &dyn fmt::Display| Error::Agreement(error.to_string());
        let secrets = self.secrets.of(number)?;
        let [a, b] = secrets.map(ExchangeSecret::from_bytes);
        let option = |end: &ExchangeSecret| PhsOption::new(&self.terms(), false, &end.public_key());
        let (option_a, option_b) = (option(&a), option(&b));
        let agreement = agree(&option_a, &option_b).map_err(|error| failed(&error))?;
        let schedule = KeySchedule::agree(&a, &option_a, &option_b, &PreShared::default());
        let schedule = schedule.map_err(|error| failed(&error))?;
        Ok(Agreed {
            end_a: option_a.end(&option_b).unwrap_or(End::Lower),
            option_a,
            option_b,
            direction: agreement.send,
            keys: schedule.epoch_keys(),
        })
    }
}

/// What the two ends of a session have come to.
struct Agreed {
    option_a: PhsOption,
    option_b: PhsOption,
    end_a: End,
    direction: Direction,
    keys: EpochKeys,
}

impl Agreed {
    fn half(&self, end: End) -> Half {
        Half {
            sender: Sender::new(end, self.direction, self.keys.clone()),
            end,
            direction: self.direction,
            keys: self.keys.clone(),
        }
    }

    fn log(&self, number: u32, a_to_b: Flow, b_to_a: Option<Flow>) -> keylog::Session {
        keylog::Session {
            session: number,
            a_to_b: a_to_b.into(),
            b_to_a: b_to_a.map(Into::into),
            option_a: self.option_a.as_bytes().to_vec(),
            option_b: self.option_b.as_bytes().to_vec(),
            a: self.end_a.into(),
            b: self.end_a.peer().into(),
            transform: self.direction.transform.into(),
            coverage: self.direction.coverage.units(),
            carrier: self.direction.carrier.into(),
            epoch: self.keys.epoch,
            data_lower: self.keys.data_lower,
            data_higher: self.keys.data_higher,
            prp: self.keys.prp,
        }
    }
}

/// One direction: its sender, and what shows what will come back.
struct Half {
    sender: Sender,
    end: End,
    direction: Direction,
    keys: EpochKeys,
}

/// What became of the frames.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Scrambled {
    /// Frames in the capture.
    pub frames: u64,
    /// PPP sessions, each with keys of its own.
    pub sessions: u64,
    /// Of these, sessions of which only one direction is there.
    pub one_way: u64,
    /// Frames that were scrambled.
    pub scrambled: Forms,
    /// Frames of PPP's own protocols, which always travel as they are.
    pub link_control: u64,
    /// Frames that have no PPP data in them, by what they are.
    pub untouched: Reasons,
    /// Frames with PPP data that could not be scrambled and are left in clear, and why.
    pub in_clear: Reasons,
    /// Bytes by which the frames have grown, less those by which they have shrunk.
    pub bytes_added: i64,
    /// Frames of which the keylog keeps what the protocol leaves out.
    pub notes: u64,
    /// Frames that the keylog keeps whole, because no less brings their records back.
    pub kept_whole: u64,
}

impl fmt::Display for Scrambled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>10} frames", self.frames)?;
        writeln!(f, "{:>10} sessions", self.sessions)?;
        line(f, self.one_way, "of them with one direction only")?;
        self.scrambled.lines(f, "scrambled")?;
        line(f, self.link_control, "link control, as they were")?;
        self.untouched.lines(f, "untouched")?;
        self.in_clear.lines(f, "left in clear")?;
        line(f, self.notes, "noted in the keylog")?;
        line(f, self.kept_whole, "kept whole in the keylog")?;
        writeln!(f, "{:>10} bytes added", self.bytes_added)
    }
}

/// Scrambles the PPP sessions of `input` into `output`, with a keylog at `keylog`.
///
/// # Errors
/// `Error`; damage within the capture is no error but part of what is done.
pub fn scramble(
    input: Input,
    output: impl FnOnce() -> Result<Output, Error>,
    keylog: &Path,
    plan: &Plan,
) -> Result<Done<Scrambled>, Error> {
    let mut input = input.again()?;
    let mut survey = Survey::default();
    // Damage stops the second pass too, and is reported then.
    for record in input.reader()?.frames().map_while(Result::ok) {
        survey.frame(&record);
    }
    let mut scrambler = Scrambler {
        halves: HashMap::new(),
        keylog: keylog::Writer::create(keylog)?,
        counts: Scrambled::default(),
    };
    scrambler.agree(survey, plan)?;
    let mut output = output()?;
    let mut reader = input.reader()?;
    let damage = loop {
        match reader.next_item() {
            Ok(None) => break None,
            Err(damage) => break Some(damage),
            Ok(Some(mut item)) => {
                if let Item::Frame(record) = &mut item {
                    scrambler.frame(record)?;
                }
                output.write(item.as_bytes())?;
            }
        }
    };
    // Before the output ends, so that whoever reads that from a pipe finds the keylog whole.
    scrambler.keylog.finish()?;
    output.finish()?;
    let counts = scrambler.counts;
    Ok(Done { counts, damage })
}

struct Scrambler {
    halves: HashMap<Flow, Half>,
    keylog: keylog::Writer,
    counts: Scrambled,
}

impl Scrambler {
    fn agree(&mut self, survey: Survey, plan: &Plan) -> Result<(), Error> {
        for (number, session) in (0..).zip(survey.sessions()) {
            let agreed = plan.agreement(number)?;
            let log = agreed.log(number, session.a_to_b, session.b_to_a);
            self.keylog.session(&log)?;
            self.halves
                .insert(session.a_to_b, agreed.half(agreed.end_a));
            self.counts.sessions += 1;
            match session.b_to_a {
                Some(flow) => drop(self.halves.insert(flow, agreed.half(agreed.end_a.peer()))),
                None => self.counts.one_way += 1,
            }
        }
        Ok(())
    }

    fn frame(&mut self, record: &mut Record) -> Result<(), Error> {
        self.counts.frames += 1;
        let place = match Found::of(record) {
            Found::Ppp(place) => place,
            Found::Other(what) => {
                self.counts.untouched.add(what);
                return Ok(());
            }
            Found::Unfit(why) => {
                self.counts.in_clear.add(why);
                return Ok(());
            }
        };
        let Some(half) = self.halves.get_mut(&place.encapsulation.flow) else {
            let why = "a session that was not there a moment ago: the file is still growing";
            self.counts.in_clear.add(why);
            return Ok(());
        };
        let mut note = match half.scramble(&place, record) {
            Outcome::Scrambled(form, growth, note) => {
                match form {
                    Form::Decoy => self.counts.scrambled.decoy += 1,
                    Form::Framed => self.counts.scrambled.framed += 1,
                }
                self.counts.bytes_added += growth;
                note
            }
            Outcome::LinkControl => {
                self.counts.link_control += 1;
                half.untouched(&place, record)
            }
            Outcome::InClear(why) => {
                self.counts.in_clear.add(why);
                half.untouched(&place, record)
            }
        };
        if let Some(note) = &mut note {
            note.frame = self.counts.frames;
            note.sha256 = fingerprint(record.frame());
            match note.record.is_empty() {
                true => self.counts.notes += 1,
                false => self.counts.kept_whole += 1,
            }
            self.keylog.note(note)?;
        }
        Ok(())
    }
}

enum Outcome {
    Scrambled(Form, i64, Option<Note>),
    LinkControl,
    InClear(String),
}

#[derive(Clone, Copy)]
enum Form {
    Decoy,
    Framed,
}

impl Half {
    /// What restores a frame: without a history, as `restore` has none.
    fn receiver(&self) -> Receiver {
        let mut receiver = Receiver::new(self.end, self.direction);
        receiver.install(self.keys.clone());
        receiver
    }

    /// Scrambles the frame of `record`, and notes what it takes to get the record back as it was.
    fn scramble(&mut self, place: &Place, record: &mut Record) -> Outcome {
        let plain = record.clone();
        let scramble = |ppp: &mut Packet<'_>| self.sender.scramble(ppp);
        let wire = match place.apply(plain.frame(), 0, scramble) {
            Ok((_, Sent::Clear)) => return Outcome::LinkControl,
            Ok((wire, Sent::Scrambled)) => wire,
            Err(error) => return Outcome::InClear(frame::reason(error)),
        };
        if let Err(error) = record.replace(&wire) {
            return Outcome::InClear(error.to_string());
        }
        let form = match place.ppp_of(&wire).is_some_and(frame::is_decoy) {
            true => Form::Decoy,
            false => Form::Framed,
        };
        let growth = wire.len() as i64 - plain.frame().len() as i64;
        let note = self.note(place, &plain, record);
        Outcome::Scrambled(form, growth, note)
    }

    /// What `plain` needs beside the keys to come back from `wire`.
    fn note(&self, place: &Place, plain: &Record, wire: &Record) -> Option<Note> {
        let back = || {
            let there = place.again(wire.frame())?;
            let restore = |ppp: &mut Packet<'_>| self.receiver().restore(ppp);
            let (restored, _) = there.apply(wire.frame(), 0, restore).ok()?;
            let omission = place.omission(plain.frame(), &restored)?;
            let whole = place.put_back(&restored, &omission)?;
            let mut again = wire.clone();
            again.replace(&whole).ok()?;
            (again.as_bytes() == plain.as_bytes()).then_some(omission)
        };
        match back() {
            Some(omission) if omission.is_nothing() => None,
            Some(omission) => Some(Note {
                compressed: omission.compressed,
                padding: omission.padding,
                ..Note::default()
            }),
            None => Some(Note {
                record: plain.as_bytes().to_vec(),
                ..Note::default()
            }),
        }
    }

    /// A note where a frame left as it was would be taken for a scrambled one.
    fn untouched(&self, place: &Place, record: &Record) -> Option<Note> {
        place
            .looks_scrambled(record.frame(), &mut self.receiver())
            .then(|| Note {
                untouched: true,
                ..Note::default()
            })
    }
}
