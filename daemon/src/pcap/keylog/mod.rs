//! The keylog: all that [`restore`](super::restore) needs, in lines of JSON.
//!
//! There are two kinds. `fogline pcap scramble` writes one about a capture, from its start to its end.
//! `fogline lns` and `fogline client` write one about live sessions, a line whenever keys are installed.
//!
//! # Of a capture
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
//!
//! # Of live sessions
//!
//! The first line is `{"fogline_keylog":2}`. Then there is one line for each epoch of each session:
//!
//! ```json
//! {"live":17, "time":"2026-11-24T16:29:14.012345678Z", "user":"alice",
//!  "local":"0.0.0.0:1701", "peer":"198.51.100.7:1701", "local_ids":[10,11], "peer_ids":[20,21],
//!  "own":"higher",
//!  "send":{"transform":"decoy","coverage":255,"carrier":"natural"},
//!  "receive":{"transform":"full","coverage":255,"carrier":"natural"},
//!  "keys":{"epoch":0,"data_lower":"...","data_higher":"...","prp":"..."}}
//! ```
//!
//! `live` is the session's number, `time` when the writer installed the keys, `user` null where nobody
//! authenticated. The ids are tunnel id and session id, each assigned by the end that it is named
//! after: an L2TP data message carries those of its receiver (RFC 2661 section 3.1). `own` is the
//! writer's end, `send` what it does to what it sends, `receive` what its peer does.
//!
//! Once the keys of a session are erased, its end is one more line:
//!
//! ```json
//! {"erased":17, "time":"2026-11-24T17:02:30Z"}
//! ```
//!
//! How frames find their keys, by addresses, ids, direction, time and parity, says [`Periods`].

mod direction;
mod keyring;
mod keys;
mod live;
mod names;
mod note;
mod periods;
mod reader;
mod session;
mod trail;
mod way;
mod writer;

use serde::{Deserialize, Serialize};

pub use keyring::{Keyring, NoKeys};
pub use live::{Live, LiveKeys};
pub use names::{CarrierName, Role, TransformName};
pub use note::{Note, fingerprint};
pub use periods::{Periods, SLACK};
pub use reader::Keylog;
pub use session::Session;
pub use way::{Mac, Way};
pub use writer::Writer;

/// The first line: which kind of keylog it is.
#[derive(Serialize, Deserialize)]
struct Head {
    fogline_keylog: u32,
}

/// A keylog of a capture.
const OF_CAPTURE: u32 = 1;

/// A keylog of live sessions.
const OF_LIVE: u32 = 2;
