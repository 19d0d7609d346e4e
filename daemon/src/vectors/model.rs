//! The JSON form of test vectors (`spec/vectors/schema.json`).

use scramble::agreement::{Carrier, Coverage, Direction, End, EpochKeys, Transform};
use serde::{Deserialize, Serialize};

/// What `format` says in every file.
pub const FORMAT: &str = "phs-vectors-1";

/// Bytes, in lower-case hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hex(#[serde(with = "hex::serde")] pub Vec<u8>);

impl<T: AsRef<[u8]>> From<T> for Hex {
    fn from(bytes: T) -> Self {
        Self(bytes.as_ref().to_vec())
    }
}

impl Hex {
    /// The bytes as an array.
    ///
    /// # Errors
    /// Says how many bytes there are where `N` are needed.
    pub fn array<const N: usize>(&self) -> Result<[u8; N], String> {
        self.0
            .as_slice()
            .try_into()
            .map_err(|_| format!("{} bytes where {N} are needed", self.0.len()))
    }
}

/// A file of vectors. Every list may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// [`FORMAT`].
    pub format: String,
    /// What the file holds, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// Option bodies, parsable or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<OptionVector>,
    /// Pairs of options, and what both ends compute from them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agreements: Vec<AgreementVector>,
    /// Key schedules from fixed secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedules: Vec<ScheduleVector>,
    /// ECP packets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<MessageVector>,
    /// The key sets that packets refer to by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyVector>,
    /// Packets on the way from one end to the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packets: Vec<PacketVector>,
}

/// An option body, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionVector {
    /// What the vector shows.
    pub name: String,
    /// The option, its Type and Length included.
    pub option: Hex,
    /// Whether it is a PHS option of version 1; if not, it is Configure-Rejected.
    pub valid: bool,
}

/// What both ends compute for one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectionVector {
    /// The transform.
    pub transform: TransformName,
    /// Units of 64 bytes, 255 for everything.
    pub coverage: u8,
    /// The carrier.
    pub carrier: CarrierName,
}

/// Two options, and what follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgreementVector {
    /// What the vector shows.
    pub name: String,
    /// End A's option.
    pub a: Hex,
    /// End B's option.
    pub b: Hex,
    /// What A sends, if PHS does not fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub a_to_b: Option<DirectionVector>,
    /// What B sends, if PHS does not fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b_to_a: Option<DirectionVector>,
}

/// One end of a key exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndVector {
    /// X25519 secret.
    pub secret: Hex,
    /// X25519 public key.
    pub public: Hex,
    /// The option sent.
    pub option: Hex,
}

/// A key schedule: epoch 0, and each rekey after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleVector {
    /// What the vector shows; messages refer to it.
    pub name: String,
    /// End A.
    pub a: EndVector,
    /// End B.
    pub b: EndVector,
    /// Which end is L.
    pub lower: AOrB,
    /// The configured secret, empty for none.
    pub configured: Hex,
    /// The MSK, empty for none.
    pub msk: Hex,
    /// The epochs from 0 on.
    pub epochs: Vec<EpochVector>,
}

/// One epoch of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochVector {
    /// The epoch.
    pub epoch: u32,
    /// L's X25519 secret of this epoch's exchange.
    pub secret_lower: Hex,
    /// H's X25519 secret of this epoch's exchange.
    pub secret_higher: Hex,
    /// The shared secret.
    pub shared: Hex,
    /// prk\[epoch\].
    pub prk: Hex,
    /// "phs data" of L.
    pub data_lower: Hex,
    /// "phs data" of H.
    pub data_higher: Hex,
    /// "phs confirm" of L.
    pub confirm_lower: Hex,
    /// "phs confirm" of H.
    pub confirm_higher: Hex,
    /// "phs prp".
    pub prp: Hex,
}

/// An ECP packet with a tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageVector {
    /// What the vector shows.
    pub name: String,
    /// The schedule whose keys it is made with.
    pub schedule: String,
    /// The end that sends it.
    pub sender: EndName,
    /// The epoch of the keys that its tag is made with.
    pub tag_epoch: u32,
    /// The packet from its Code on.
    pub packet: Hex,
    /// Whether the tag is right.
    pub valid: bool,
}

/// The keys of one epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyVector {
    /// What packets call it.
    pub name: String,
    /// The epoch.
    pub epoch: u32,
    /// "phs data" of L.
    pub data_lower: Hex,
    /// "phs data" of H.
    pub data_higher: Hex,
    /// "phs prp".
    pub prp: Hex,
}

/// A PPP frame as it is sent, as it is on the wire, and as it is restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PacketVector {
    /// What the vector shows.
    pub name: String,
    /// The keys.
    pub keys: String,
    /// The end that sends it.
    pub sender: EndName,
    /// The direction's transform.
    pub transform: TransformName,
    /// The direction's coverage.
    pub coverage: u8,
    /// The direction's carrier.
    pub carrier: CarrierName,
    /// The sequence number that the packet gets if it is framed.
    pub sequence: u32,
    /// What the sender does with a ClientHello under DECOY.
    #[serde(default, skip_serializing_if = "HelloName::is_move")]
    pub hello: HelloName,
    /// The PPP frame to send; absent where the vector is about what arrives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plain: Option<Hex>,
    /// The PPP frame on the wire; absent where the sender refuses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire: Option<Hex>,
    /// The PPP frame restored; absent where it is `plain`, or where an end refuses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<Hex>,
    /// Why the sender (if there is no `wire`) or the receiver refuses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

macro_rules! names {
    ($(#[$doc:meta])* $name:ident for $of:ty { $($variant:ident),* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        #[allow(missing_docs, reason = "named after what they stand for")]
        pub enum $name { $($variant),* }

        impl From<$of> for $name {
            fn from(value: $of) -> Self {
                match value { $(<$of>::$variant => Self::$variant),* }
            }
        }

        impl From<$name> for $of {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => Self::$variant),* }
            }
        }
    };
}

names! {
    /// A transform by name.
    TransformName for Transform { Decoy, Header, Full }
}
names! {
    /// A carrier by name.
    CarrierName for Carrier { Natural, Lcp }
}
names! {
    /// An end by name.
    EndName for End { Lower, Higher }
}

/// End A or end B of a key exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AOrB {
    /// End A.
    A,
    /// End B.
    B,
}

/// What a sender does with a ClientHello.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HelloName {
    /// The hello form, where it can.
    #[default]
    Move,
    /// Opaque, always.
    Opaque,
}

impl HelloName {
    /// Whether it is the default.
    pub fn is_move(&self) -> bool {
        *self == Self::Move
    }
}

impl From<Direction> for DirectionVector {
    fn from(direction: Direction) -> Self {
        Self {
            transform: direction.transform.into(),
            coverage: direction.coverage.units(),
            carrier: direction.carrier.into(),
        }
    }
}

impl PacketVector {
    /// The direction that the packet travels in.
    ///
    /// # Errors
    /// Where the coverage is 0.
    pub fn direction(&self) -> Result<Direction, String> {
        Ok(Direction {
            transform: self.transform.into(),
            coverage: Coverage::new(self.coverage).ok_or("coverage 0")?,
            carrier: self.carrier.into(),
        })
    }
}

impl KeyVector {
    /// The keys.
    ///
    /// # Errors
    /// Where one has another length than it must.
    pub fn keys(&self) -> Result<EpochKeys, String> {
        Ok(EpochKeys {
            epoch: self.epoch,
            data_lower: self.data_lower.array()?,
            data_higher: self.data_higher.array()?,
            prp: self.prp.array()?,
        })
    }
}
