//! What the host writes to STAGING and reads from RESULT, and the commands that take it from there.

use super::{Direction, RESULT_WORDS, STAGING_WORDS};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Why words are no record, or a record none that the card could hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Invalid {
    /// An index beyond what its field holds.
    #[error("index out of range")]
    Index,
    /// No such kind of session.
    #[error("unknown kind of session")]
    Kind,
    /// No such transform.
    #[error("unknown transform")]
    Transform,
    /// A sequence number above 2^29.
    #[error("sequence number out of range")]
    Sequence,
}

/// Words of RESULT.
pub type Words = [u32; RESULT_WORDS as usize];

/// How a session is carried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// PPPoE.
    Pppoe = 1,
    /// L2TP over IPv4.
    L2tpIpv4 = 2,
    /// L2TP over IPv6.
    L2tpIpv6 = 3,
}

/// What is done with a session's frames one way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Transform {
    /// Nothing.
    None = 0,
    /// DECOY, and HEADER framing for what is not eligible.
    Decoy = 1,
    /// HEADER.
    Header = 2,
}

/// One place in the look-up table, taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// How the session is carried.
    pub kind: Kind,
    /// Outer IP address (IPv4: 4 bytes, then zeros), or MAC address in bytes 0-5 and the VLAN tags, outer first, as
    /// big-endian words 0x8000 | id in bytes 6-9 (0: no tag).
    pub peer: [u8; 16],
    /// Tunnel id (PPPoE: 0).
    pub tunnel: u16,
    /// Session id.
    pub id: u16,
    /// The index of descriptor and counts.
    pub session: u16,
}

impl Entry {
    /// Tunnel id in the high half, session id in the low half.
    pub fn ids(&self) -> u32 {
        u32::from(self.tunnel) << 16 | u32::from(self.id)
    }

    /// As staged; `None` for a free place.
    pub fn words(entry: Option<&Self>) -> Words {
        let Some(entry) = entry else { return [0; 6] };
        let mut words = [0; 6];
        words[0] = 1 | (entry.kind as u32) << 1 | u32::from(entry.session) << 16;
        words[1] = entry.ids();
        lanes(&mut words[2..], &entry.peer);
        words
    }

    /// Out of RESULT.
    ///
    /// # Errors
    /// If the kind is none.
    pub fn from_words(words: &Words) -> Result<Option<Self>, Invalid> {
        if words[0] & 1 == 0 {
            return Ok(None);
        }
        let kind = match words[0] >> 1 & 3 {
            1 => Kind::Pppoe,
            2 => Kind::L2tpIpv4,
            3 => Kind::L2tpIpv6,
            _ => return Err(Invalid::Kind),
        };
        let mut peer = [0; 16];
        for (bytes, word) in peer.chunks_exact_mut(4).zip(&words[2..]) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        let session = (words[0] >> 16) as u16;
        Ok(Some(Self {
            kind,
            peer,
            tunnel: (words[1] >> 16) as u16,
            id: words[1] as u16,
            session,
        }))
    }
}

/// One direction of a descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Side {
    /// What is done.
    pub transform: Transform,
    /// Keystream in units of 64 bytes, 255 for all.
    pub coverage: u8,
    /// The carrier is LCP.
    pub lcp: bool,
}

/// What the card knows of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Descriptor {
    /// The host sets and reads the host link mark.
    pub host_marks: bool,
    /// This end has the higher public key.
    pub higher: bool,
    /// Towards the line.
    pub tx: Side,
    /// From the line.
    pub rx: Side,
    /// The even epoch's key slot.
    pub even: Option<u32>,
    /// The odd epoch's.
    pub odd: Option<u32>,
    /// Low 16 bits of the epoch that is sent with.
    pub epoch: u16,
    /// The queue that decoded frames go to.
    pub queue: u16,
}

impl Descriptor {
    /// As staged; `None` for no session.
    ///
    /// # Errors
    /// If a key slot is beyond 17 bits.
    pub fn words(descriptor: Option<&Self>) -> Result<Words, Invalid> {
        let Some(d) = descriptor else {
            return Ok([0; 6]);
        };
        let slot = |slot: Option<u32>| match slot.unwrap_or(0) {
            slot @ 0..0x2_0000 => Ok(slot),
            _ => Err(Invalid::Index),
        };
        let flags = [
            true,
            d.host_marks,
            d.higher,
            d.even.is_some(),
            d.odd.is_some(),
            d.tx.lcp,
            d.rx.lcp,
        ];
        let flags = flags
            .iter()
            .rev()
            .fold(0, |word, &flag| word << 1 | u32::from(flag));
        Ok([
            flags | (d.tx.transform as u32) << 8 | (d.rx.transform as u32) << 10,
            u32::from(d.tx.coverage) | u32::from(d.rx.coverage) << 8 | u32::from(d.epoch) << 16,
            slot(d.even)?,
            slot(d.odd)?,
            u32::from(d.queue),
            0,
        ])
    }

    /// Out of RESULT.
    ///
    /// # Errors
    /// If a transform is none.
    pub fn from_words(words: &Words) -> Result<Option<Self>, Invalid> {
        let flag = |bit: u32| words[0] >> bit & 1 == 1;
        if !flag(0) {
            return Ok(None);
        }
        let transform = |low: u32| match words[0] >> low & 3 {
            0 => Ok(Transform::None),
            1 => Ok(Transform::Decoy),
            2 => Ok(Transform::Header),
            _ => Err(Invalid::Transform),
        };
        let side = |number: u32| {
            let coverage = (words[1] >> (8 * number)) as u8;
            Ok(Side {
                transform: transform(8 + 2 * number)?,
                coverage,
                lcp: flag(5 + number),
            })
        };
        Ok(Some(Self {
            host_marks: flag(1),
            higher: flag(2),
            tx: side(0)?,
            rx: side(1)?,
            even: flag(3).then_some(words[2]),
            odd: flag(4).then_some(words[3]),
            epoch: (words[1] >> 16) as u16,
            queue: words[4] as u16,
        }))
    }
}

/// What one direction counts of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Count {
    /// Low 16 bits of the epoch that `sequence` is of.
    pub epoch: u16,
    /// The next sequence number, up to 2^29, which means that none is left.
    pub sequence: u32,
    /// Frames transformed.
    pub packets: u64,
    /// Their bytes, as they came.
    pub bytes: u64,
}

impl Count {
    /// As staged.
    ///
    /// # Errors
    /// If the sequence number is above 2^29.
    pub fn words(&self) -> Result<Words, Invalid> {
        if self.sequence > 1 << 29 {
            return Err(Invalid::Sequence);
        }
        let halves = |x: u64| (x as u32, (x >> 32) as u32);
        let ((p0, p1), (b0, b1)) = (halves(self.packets), halves(self.bytes));
        Ok([self.sequence, u32::from(self.epoch), p0, p1, b0, b1])
    }

    /// Out of RESULT.
    pub fn from_words(words: &Words) -> Self {
        let whole = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
        Self {
            sequence: words[0],
            epoch: words[1] as u16,
            packets: whole(words[2], words[3]),
            bytes: whole(words[4], words[5]),
        }
    }
}

/// What a key slot holds. The card never gives it back.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Keys {
    /// "phs data" towards the line.
    pub tx: [u8; 32],
    /// "phs data" from the line.
    pub rx: [u8; 32],
    /// "phs prp".
    pub prp: [u8; 16],
}

impl Keys {
    /// As staged. The caller wipes it.
    pub fn words(&self) -> [u32; STAGING_WORDS as usize] {
        let mut words = [0; 20];
        lanes(&mut words[..8], &self.tx);
        lanes(&mut words[8..16], &self.rx);
        lanes(&mut words[16..], &self.prp);
        words
    }
}

/// Byte i at bits 8i of the words.
fn lanes(words: &mut [u32], bytes: &[u8]) {
    for (i, byte) in bytes.iter().enumerate() {
        words[i / 4] |= u32::from(*byte) << (8 * (i % 4));
    }
}

/// What COMMAND starts. Writing commands take STAGING as it is then; reading ones leave RESULT.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command {
    /// An `Entry` into this place.
    WriteEntry(Direction, u32),
    /// The one in this place.
    ReadEntry(Direction, u32),
    /// A `Descriptor`, for both directions at once.
    WriteDescriptor(u16),
    /// The one of this session.
    ReadDescriptor(u16),
    /// `Keys` into this slot, at least 128 cycles after the last descriptor's change. STAGING is zeroed.
    WriteKey(u32),
    /// Zeros into this slot, likewise.
    EraseKey(u32),
    /// A `Count`.
    WriteCount(Direction, u16),
    /// The one of this session.
    ReadCount(Direction, u16),
}

impl Command {
    /// What is written to COMMAND.
    ///
    /// # Errors
    /// If the index is beyond 20 bits, or 17 for a key slot.
    pub fn word(self) -> Result<u32, Invalid> {
        let line = Direction::Line;
        let (operation, direction, index, bits) = match self {
            Self::WriteEntry(direction, slot) => (1, direction, slot, 20),
            Self::ReadEntry(direction, slot) => (2, direction, slot, 20),
            Self::WriteDescriptor(session) => (3, line, session.into(), 16),
            Self::ReadDescriptor(session) => (4, line, session.into(), 16),
            Self::WriteKey(slot) => (5, line, slot, 17),
            Self::EraseKey(slot) => (6, line, slot, 17),
            Self::WriteCount(direction, session) => (7, direction, session.into(), 16),
            Self::ReadCount(direction, session) => (8, direction, session.into(), 16),
        };
        if index >> bits != 0 {
            return Err(Invalid::Index);
        }
        Ok(index | operation << 24 | u32::from(direction == Direction::Host) << 31)
    }
}
