//! A session of a capture that was scrambled: its two directions, what was agreed, and the keys.

use std::fmt;

use scramble::agreement::{Coverage, Direction, End, EpochKeys};
use scramble::encap::Flow;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::{CarrierName, Role, TransformName, Way};

/// One session.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
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

    /// What each end sends, and which end that is: end A's, then end B's.
    pub fn flows(&self) -> [Option<(Flow, End)>; 2] {
        let half = |way: &Way, end: Role| Some((way.flow()?, end.into()));
        let b = self.b_to_a.as_ref();
        [
            half(&self.a_to_b, self.a),
            b.and_then(|way| half(way, self.b)),
        ]
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

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session {{ session: {}, .. }}", self.session)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.data_lower.zeroize();
        self.data_higher.zeroize();
        self.prp.zeroize();
    }
}
