//! A [`Direction`] as a keylog of live sessions spells it.

use scramble::agreement::{Coverage, Direction};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{CarrierName, TransformName};

#[derive(Serialize, Deserialize)]
struct Spelt {
    transform: TransformName,
    coverage: u8,
    carrier: CarrierName,
}

pub fn serialize<S: Serializer>(direction: &Direction, to: S) -> Result<S::Ok, S::Error> {
    let spelt = Spelt {
        transform: direction.transform.into(),
        coverage: direction.coverage.units(),
        carrier: direction.carrier.into(),
    };
    spelt.serialize(to)
}

pub fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Direction, D::Error> {
    let spelt = Spelt::deserialize(from)?;
    Ok(Direction {
        transform: spelt.transform.into(),
        coverage: Coverage::new(spelt.coverage).ok_or_else(|| D::Error::custom("coverage 0"))?,
        carrier: spelt.carrier.into(),
    })
}
