//! The keylog: all that [`restore`](super::restore) needs, in lines of JSON.
//!
//! The first line is `{"fogline_keylog":1}`. Then there is one line for each session:
//!
//! ```json
//! {"session":0,
//!  "a_to_b":{"encap":"l2tp","vlans":[7],"from":"192.0.2.1:1701","to":"192.0.2.2:1701","tunnel":1,"session":1},
//!  "b_to_a":{"encap":"pppoe","vlans":[],"from":"02:00:00:00:00:02","to":"02:00:00:00:00:01","session":1},
//!  "option_a":"002f...", "option_b":"002f...", "a":"lower", "b":"higher",
//!  "transform":"decoy", "coverage":255, "carrier":"natural",
//!  "epoch":0, "data_lower":"...", "data_higher":"...", "prp":"..."}
//! ```
//!
//! `a` is the end that sends first in the capture; `b_to_a` is null where `b` never sends. `vlans`
//! go from the outside in. Coverage is in units of 64 bytes, 255 being everything. The options are
//! the two PHS option bodies, from which with the shared secret all keys derive; the keys themselves
//! are "phs data" of both ends and "phs prp".
//!
//! Last, one line for each frame that the protocol alone would not bring back byte for byte, in the
//! order of the capture:
//!
//! ```json
//! {"frame":12,"sha256":"0123456789abcdef","compressed":true,"padding":"0000"}
//! ```
//!
//! `frame` is its number from 1, `sha256` the first 8 bytes of the hash of the frame as it was
//! written, without which the line does not count. `compressed`: the PPP protocol field was one byte.
//! `padding`: PPP padding that DECOY cut. `untouched`: a frame that was left as it was, though it
//! looks scrambled. `record`: the whole record or block of the capture file as it was, where nothing
//! less describes it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;

use scramble::agreement::{Carrier, Coverage, Direction, End, EpochKeys, Transform};
use scramble::encap::Flow;
use scramble::transform::Receiver;
use scramble::wire::ethernet::MAX_TAGS;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Error, Output};

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Head {
    fogline_keylog: u32,
}

/// One session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its number, from 0 in the order of the capture.
    pub session: u32,
    /// What end A sends.
    pub a_to_b: Way,
    /// What end B sends, if it ever does.
    pub b_to_a: Option<Way>,
    /// End A's PHS option.
    #[serde(with = "hex")]
    pub option_a: Vec<u8>,
    /// End B's PHS option.
    #[serde(with = "hex")]
    pub option_b: Vec<u8>,
    /// Which end A is.
    pub a: Role,
    /// Which end B is.
    pub b: Role,
    /// What both directions do.
    pub transform: TransformName,
    /// How much of each packet they cover, in units of 64 bytes; 255 is everything.
    pub coverage: u8,
    /// What scrambled packets travel under.
    pub carrier: CarrierName,
    /// The epoch of the keys.
    pub epoch: u32,
    /// "phs data" of the lower end.
    #[serde(with = "hex")]
    pub data_lower: [u8; 32],
    /// "phs data" of the higher end.
    #[serde(with = "hex")]
    pub data_higher: [u8; 32],
    /// "phs prp".
    #[serde(with = "hex")]
    pub prp: [u8; 16],
}

impl Session {
    /// What the transforms need of the keys.
    pub fn keys(&self) -> EpochKeys {
        EpochKeys {
            epoch: self.epoch,
            data_lower: self.data_lower,
            data_higher: self.data_higher,
            prp: self.prp,
        }
    }

    /// What restores each direction.
    pub fn receivers(&self) -> Vec<(Flow, Receiver)> {
        let (Some(direction), keys) = (self.direction(), self.keys()) else {
            return Vec::new();
        };
        let half = |way: &Way, end: Role| {
            let mut receiver = Receiver::new(end.into(), direction);
            receiver.install(keys.clone());
            Some((way.flow()?, receiver))
        };
        let a = half(&self.a_to_b, self.a);
        let b = self.b_to_a.as_ref().and_then(|way| half(way, self.b));
        a.into_iter().chain(b).collect()
    }

    /// What both directions do; `None` where the coverage is 0.
    pub fn direction(&self) -> Option<Direction> {
        Some(Direction {
            transform: self.transform.into(),
            coverage: Coverage::new(self.coverage)?,
            carrier: self.carrier.into(),
        })
    }
}

/// One direction of a session on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "encap", rename_all = "lowercase")]
pub enum Way {
    /// L2TP over UDP.
    L2tp {
        /// VLAN ids from the outside in.
        vlans: Vec<u16>,
        /// Outer source.
        from: SocketAddr,
        /// Outer destination.
        to: SocketAddr,
        /// Tunnel id.
        tunnel: u16,
        /// Session id.
        session: u16,
    },
    /// PPPoE.
    Pppoe {
        /// VLAN ids from the outside in.
        vlans: Vec<u16>,
        /// Source.
        from: Mac,
        /// Destination.
        to: Mac,
        /// Session id.
        session: u16,
    },
}

impl From<Flow> for Way {
    fn from(flow: Flow) -> Self {
        let list = |vlans: [Option<u16>; MAX_TAGS]| vlans.into_iter().flatten().collect();
        match flow {
            Flow::L2tp {
                vlans,
                source,
                destination,
                tunnel,
                session,
            } => Self::L2tp {
                vlans: list(vlans),
                from: source,
                to: destination,
                tunnel,
                session,
            },
            Flow::Pppoe {
                vlans,
                source,
                destination,
                session,
            } => Self::Pppoe {
                vlans: list(vlans),
                from: Mac(source),
                to: Mac(destination),
                session,
            },
        }
    }
}

impl Way {
    /// The flow; `None` where there are more VLAN tags than a flow has.
    pub fn flow(&self) -> Option<Flow> {
        let array = |list: &[u16]| {
            let mut vlans = [None; MAX_TAGS];
            let used = vlans.get_mut(..list.len())?;
            used.copy_from_slice(&list.iter().copied().map(Some).collect::<Vec<_>>());
            Some(vlans)
        };
        Some(match self {
            Self::L2tp {
                vlans,
                from,
                to,
                tunnel,
                session,
            } => Flow::L2tp {
                vlans: array(vlans)?,
                source: *from,
                destination: *to,
                tunnel: *tunnel,
                session: *session,
            },
            Self::Pppoe {
                vlans,
                from,
                to,
                session,
            } => Flow::Pppoe {
                vlans: array(vlans)?,
                source: from.0,
                destination: to.0,
                session: *session,
            },
        })
    }
}

/// A MAC address, written with colons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mac(pub [u8; 6]);

impl From<Mac> for String {
    fn from(mac: Mac) -> Self {
        mac.0.map(|byte| format!("{byte:02x}")).join(":")
    }
}

impl TryFrom<String> for Mac {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bytes: Option<Vec<u8>> = text
            .split(':')
            .map(|byte| u8::from_str_radix(byte, 16).ok())
            .collect();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(Self)
            .ok_or_else(|| format!("`{text}` is no MAC address"))
    }
}

/// An [`End`] by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The end with the lower public key.
    Lower,
    /// The other end.
    Higher,
}

impl From<End> for Role {
    fn from(end: End) -> Self {
        match end {
            End::Lower => Self::Lower,
            End::Higher => Self::Higher,
        }
    }
}

impl From<Role> for End {
    fn from(role: Role) -> Self {
        match role {
            Role::Lower => Self::Lower,
            Role::Higher => Self::Higher,
        }
    }
}

/// A [`Transform`] by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransformName {
    /// DECOY.
    Decoy,
    /// HEADER.
    Header,
    /// FULL.
    Full,
}

impl From<Transform> for TransformName {
    fn from(transform: Transform) -> Self {
        match transform {
            Transform::Decoy => Self::Decoy,
            Transform::Header => Self::Header,
            Transform::Full => Self::Full,
        }
    }
}

impl From<TransformName> for Transform {
    fn from(name: TransformName) -> Self {
        match name {
            TransformName::Decoy => Self::Decoy,
            TransformName::Header => Self::Header,
            TransformName::Full => Self::Full,
        }
    }
}

/// A [`Carrier`] by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CarrierName {
    /// 0x0053, or for decoys 0x0021 and 0x0057.
    Natural,
    /// 0xC021.
    Lcp,
}

impl From<Carrier> for CarrierName {
    fn from(carrier: Carrier) -> Self {
        match carrier {
            Carrier::Natural => Self::Natural,
            Carrier::Lcp => Self::Lcp,
        }
    }
}

impl From<CarrierName> for Carrier {
    fn from(name: CarrierName) -> Self {
        match name {
            CarrierName::Natural => Self::Natural,
            CarrierName::Lcp => Self::Lcp,
        }
    }
}

/// What the protocol alone would not bring back of one frame.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The frame's number in the capture, from 1.
    pub frame: u64,
    /// What the frame looks like on the wire: see [`fingerprint`].
    pub sha256: String,
    /// The protocol field was one byte.
    #[serde(default, skip_serializing_if = "is_false")]
    pub compressed: bool,
    /// Padding that was cut.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "hex")]
    pub padding: Vec<u8>,
    /// The frame is as it always was.
    #[serde(default, skip_serializing_if = "is_false")]
    pub untouched: bool,
    /// The whole record as it was in the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "hex")]
    pub record: Vec<u8>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// The first 8 bytes of SHA-256 over `frame`, in hex.
pub fn fingerprint(frame: &[u8]) -> String {
    hex::encode(&Sha256::digest(frame)[..8])
}

/// Writes a keylog.
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
            fogline_keylog: VERSION,
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
        let mut text = serde_json::to_vec(line).unwrap_or_default();
        text.push(b'\n');
        self.output.write(&text)
    }
}

/// A keylog that has been read.
#[derive(Debug, Default)]
pub struct Keylog {
    /// The sessions.
    pub sessions: Vec<Session>,
    /// The notes by the number of the frame.
    pub notes: HashMap<u64, Note>,
}

/// The longest line: a record of the largest frame in hex, and room for all else.
const MAX_LINE: u64 = 4 << 20;

impl Keylog {
    /// Reads the keylog at `path`.
    ///
    /// # Errors
    /// `Error` where it is not there or is none.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let open = |source| Error::Open {
            path: path.to_owned(),
            source,
        };
        let file = std::fs::File::open(path).map_err(open)?;
        let mut lines = BufReader::new(file);
        let mut keylog = Self::default();
        let mut text = Vec::new();
        for number in 1.. {
            text.clear();
            let line = std::io::Read::take(&mut lines, MAX_LINE).read_until(b'\n', &mut text);
            if line.map_err(open)? == 0 {
                if number == 1 {
                    return Err(wrong(path, 1, "this is no keylog: it is empty"));
                }
                break;
            }
            let parsed = keylog.line(number, text.trim_ascii());
            parsed.map_err(|what| wrong(path, number, what))?;
        }
        Ok(keylog)
    }

    fn line(&mut self, number: usize, text: &[u8]) -> Result<(), String> {
        // serde_json's own words quote no values but numbers and names of fields.
        let object = |_| "no JSON object; is the keylog whole?".to_string();
        let line: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(text).map_err(object)?;
        let has = |key| line.contains_key(key);
        let (head, session, note) = (has("fogline_keylog"), has("session"), has("frame"));
        let value = serde_json::Value::Object(line);
        match () {
            () if number == 1 => match serde_json::from_value::<Head>(value) {
                Ok(head) if head.fogline_keylog == VERSION => Ok(()),
                Ok(head) => Err(format!(
                    "a keylog of version {}, where {VERSION} is understood; update fogline",
                    head.fogline_keylog
                )),
                Err(_) => Err("this is no keylog: its first line does not say so".into()),
            },
            () if head => Err("a second keylog begins; restore with one at a time".into()),
            () if session => {
                let session: Session = parse(value)?;
                let ways = 1 + usize::from(session.b_to_a.is_some());
                if session.a == session.b || session.receivers().len() != ways {
                    return Err("a session that cannot be".into());
                }
                self.sessions.push(session);
                Ok(())
            }
            () if note => {
                let note: Note = parse(value)?;
                self.notes.insert(note.frame, note);
                Ok(())
            }
            // A later version may say more; what it says can be done without, else it would be
            // another version.
            () => Ok(()),
        }
    }
}

fn parse<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| match error.classify() {
        serde_json::error::Category::Data if error.to_string().starts_with("missing field") => {
            error.to_string()
        }
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
#[allow(missing_docs)]
pub struct Live;
#[allow(missing_docs)]
pub struct LiveKeys<'a> {
    pub time: std::time::SystemTime,
    pub session: u64,
    pub local: SocketAddr,
    pub peer: SocketAddr,
    pub local_ids: (u16, u16),
    pub peer_ids: (u16, u16),
    pub own: End,
    pub agreement: scramble::option::Agreement,
    pub keys: &'a EpochKeys,
}
#[allow(missing_docs)]
impl Live {
    pub fn create(_: &Path) -> Result<Self, Error> {
        todo!()
    }
    pub fn keys(&mut self, _: &LiveKeys<'_>) -> Result<(), Error> {
        Ok(())
    }
}
