//! The keys of an epoch as a keylog of live sessions spells them.

use std::fmt;

use scramble::agreement::EpochKeys;
use serde::{Deserialize, Serialize, Serializer};

/// The fields of [`EpochKeys`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "EpochKeys")]
pub struct Spelt {
    epoch: u32,
    #[serde(serialize_with = "digits", deserialize_with = "hex::deserialize")]
    data_lower: [u8; 32],
    #[serde(serialize_with = "digits", deserialize_with = "hex::deserialize")]
    data_higher: [u8; 32],
    #[serde(serialize_with = "digits", deserialize_with = "hex::deserialize")]
    prp: [u8; 16],
}

/// Hex digits straight into the serializer's buffer: a string made first would be left in memory.
fn digits<const N: usize, S: Serializer>(secret: &[u8; N], to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&Digits(secret))
}

struct Digits<'s>(&'s [u8]);

impl fmt::Display for Digits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
