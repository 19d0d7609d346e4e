//! What two ends have agreed: the words that keys, negotiation and transforms share.

use zeroize::{Zeroize, ZeroizeOnDrop};

/// How packets are changed in one direction (option field *Want*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Transform {
    /// Still looks like IP, but says who did not talk to whom. No bytes of overhead.
    Decoy = 1,
    /// The first bytes of each packet are encrypted. 6 bytes of overhead.
    Header = 2,
    /// ChaCha20-Poly1305 over the whole packet. 22 bytes of overhead.
    Full = 3,
}

/// How much of each packet DECOY and HEADER cover, in units of 64 bytes; never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Coverage(u8);

impl Coverage {
    /// The whole packet, whatever its length.
    pub const ALL: Self = Self(255);

    /// `units` of 64 bytes, 255 meaning everything; `None` for 0.
    pub const fn new(units: u8) -> Option<Self> {
        match units {
            0 => None,
            units => Some(Self(units)),
        }
    }

    /// The number as it stands in an option.
    pub const fn units(self) -> u8 {
        self.0
    }

    /// How many of `len` bytes are covered.
    pub const fn of(self, len: usize) -> usize {
        let limit = self.0 as usize * 64;
        if self.0 == 255 || len < limit {
            len
        } else {
            limit
        }
    }
}

/// The PPP protocol number that scrambled packets travel under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// 0x0053 for HEADER and FULL framing, 0x0021 and 0x0057 for DECOY.
    Natural,
    /// 0xC021, "IP over LCP".
    Lcp,
}

/// The two ends of a session, told apart by their public keys of the first exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The end whose public key is the lower one, bytes compared.
    Lower,
    /// The other end.
    Higher,
}

impl End {
    /// The end opposite.
    pub const fn peer(self) -> Self {
        match self {
            Self::Lower => Self::Higher,
            Self::Higher => Self::Lower,
        }
    }
}

/// What one direction of a session does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Direction {
    /// The transform.
    pub transform: Transform,
    /// How much of each packet it covers. FULL covers everything whatever this says.
    pub coverage: Coverage,
    /// The PPP protocol it travels under.
    pub carrier: Carrier,
}

/// The keys of one epoch that the packet transforms use ("phs data" and "phs prp").
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct EpochKeys {
    /// The epoch, 0 after the first exchange; its lowest bit is the parity that packets carry.
    #[zeroize(skip)]
    pub epoch: u32,
    /// "phs data" of the lower end: what that end sends.
    pub data_lower: [u8; 32],
    /// "phs data" of the higher end.
    pub data_higher: [u8; 32],
    /// "phs prp", one for both directions.
    pub prp: [u8; 16],
}

impl EpochKeys {
    /// The data key of what `sender` sends.
    pub fn data(&self, sender: End) -> &[u8; 32] {
        match sender {
            End::Lower => &self.data_lower,
            End::Higher => &self.data_higher,
        }
    }

    /// The parity that packets of this epoch carry.
    pub fn parity(&self) -> bool {
        self.epoch & 1 == 1
    }
}

impl core::fmt::Debug for EpochKeys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "EpochKeys {{ epoch: {}, .. }}", self.epoch)
    }
}
