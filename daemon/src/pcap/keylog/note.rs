//! What a keylog says about single frames.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

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
