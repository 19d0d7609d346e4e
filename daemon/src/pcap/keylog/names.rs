//! The words of `scramble::agreement` as a keylog spells them.

use scramble::agreement::{Carrier, End, Transform};
use serde::{Deserialize, Serialize};

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
