//! The register map: where host and card meet. This is its only source; `hdl/registers.md` is rendered from it, and the
//! tests of the Verilog use its constants.
//!
//! 32-bit AXI4-Lite, 16 bits of address, byte strobes honoured. What is not in the map reads 0 and ignores writes.
//!
//! ```
//! use fogline_card::registers::{self, Command, Entry, Kind, Direction};
//! let entry = Entry { kind: Kind::L2tpIpv4, peer: [10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], tunnel: 7, id: 9, session: 3 };
//! let words = Entry::words(Some(&entry));                    // to STAGING
//! let command = Command::WriteEntry(Direction::Line, 40).word().expect("40 is a slot"); // to COMMAND
//! # assert_eq!(Entry::from_words(&words), Ok(Some(entry))); assert_eq!(command, 0x0100_0028);
//! # assert_eq!(registers::COMMAND, 0x100);
//! ```

mod hash;
mod map;
mod staging;

pub use hash::{HASH_BITS, SEED_WORDS, Seed, candidate_slots, toeplitz};
pub use map::{Access, Field, Register, Reset, map, markdown};
pub use staging::{Command, Count, Descriptor, Entry, Invalid, Keys, Kind, Side, Transform, Words};

/// Reads "FOGL".
pub const ID: u16 = 0x000;
/// Version of this map: major in the high half.
pub const VERSION: u16 = 0x004;
/// What the card can do.
pub const CAPABILITIES: u16 = 0x008;
/// How big its memories are.
pub const GEOMETRY: u16 = 0x00C;
/// The clock, in kHz.
pub const CLOCK_KHZ: u16 = 0x010;
/// The longest frame that the card takes.
pub const MAX_FRAME: u16 = 0x014;
/// On, and clear.
pub const CONTROL: u16 = 0x020;
/// What the card is at.
pub const STATUS: u16 = 0x024;
/// Write: the host lives.
pub const HEARTBEAT: u16 = 0x028;
/// How long it may be silent.
pub const HEARTBEAT_LIMIT: u16 = 0x02C;
/// Policy towards the line.
pub const POLICY_TX: u16 = 0x030;
/// Policy from the line.
pub const POLICY_RX: u16 = 0x034;
/// Holds what is written.
pub const SCRATCH: u16 = 0x038;
/// The oldest event.
pub const EVENT: u16 = 0x040;
/// How many events wait.
pub const EVENT_LEVEL: u16 = 0x044;
/// What raises the interrupt.
pub const INTERRUPT_ENABLE: u16 = 0x048;
/// What there is to tell.
pub const INTERRUPT_STATUS: u16 = 0x04C;
/// Seed of the first hash: six words.
pub const SEED_0: u16 = 0x060;
/// Seed of the second.
pub const SEED_1: u16 = 0x080;
/// What the next command takes: 20 words.
pub const STAGING: u16 = 0x0A0;
/// Starts a command.
pub const COMMAND: u16 = 0x100;
/// How it goes.
pub const COMMAND_STATUS: u16 = 0x104;
/// What a reading command found: six words.
pub const RESULT: u16 = 0x120;
/// Counters towards the line.
pub const COUNTERS_TX: u16 = 0x400;
/// Counters from the line.
pub const COUNTERS_RX: u16 = 0x600;

/// What ID reads: "FOGL", first letter highest.
pub const ID_VALUE: u32 = u32::from_be_bytes(*b"FOGL");
/// What VERSION reads. A host takes a card of its own major version, and of its minor version or a later one.
pub const VERSION_VALUE: u32 = 0x0001_0000;
/// What CAPABILITIES reads.
pub const CAPABILITIES_VALUE: u32 = 0x0000_FF03;
/// What MAX_FRAME reads.
pub const MAX_FRAME_VALUE: u32 = 9600;
/// Words of STAGING.
pub const STAGING_WORDS: u16 = 20;
/// Words of RESULT.
pub const RESULT_WORDS: u16 = 6;

/// Where a frame is going.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Towards the line: "tx".
    Line,
    /// Towards the host: "rx".
    Host,
}

/// How big a card is; its registers say so in GEOMETRY and CLOCK_KHZ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Geometry {
    /// Places in a look-up table: log2, 5 to 20.
    pub table: u8,
    /// Sessions: log2, at most 16.
    pub sessions: u8,
    /// Key slots: log2, at most 17.
    pub key_slots: u8,
    /// Bytes in a beat of the streams: 8 or 64.
    pub bus_bytes: u8,
    /// The clock.
    pub clock_khz: u32,
}

impl Geometry {
    /// What GEOMETRY reads.
    pub fn word(&self) -> u32 {
        u32::from(self.table)
            | u32::from(self.sessions) << 5
            | u32::from(self.key_slots) << 10
            | 4 << 16
            | 2 << 20
            | u32::from(self.bus_bytes) << 24
    }

    /// A card's geometry out of its registers GEOMETRY and CLOCK_KHZ.
    pub fn from_words(geometry: u32, clock_khz: u32) -> Self {
        let field = |low: u32| (geometry >> low & 0x1F) as u8;
        Self {
            table: field(0),
            sessions: field(5),
            key_slots: field(10),
            bus_bytes: (geometry >> 24) as u8,
            clock_khz,
        }
    }

    /// What HEARTBEAT_LIMIT holds after reset: 5 seconds.
    pub fn heartbeat_limit(&self) -> u32 {
        u32::try_from(u64::from(self.clock_khz) * 5000 / 1024).unwrap_or(u32::MAX)
    }
}

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($(#[doc = $text:literal])* $variant:ident = $number:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum $name { $($(#[doc = $text])* $variant = $number),* }

        impl $name {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The one of this number.
            pub fn of(number: u8) -> Option<Self> {
                Self::ALL.iter().copied().find(|x| *x as u8 == number)
            }

            /// What it means.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($text),*).trim_ascii()),* }
            }
        }
    };
}

numbered!(
    /// Why a frame is dropped.
    Drop {
        /// An error-flagged or empty frame.
        Errored = 1,
        /// Longer than MAX_FRAME.
        Giant = 2,
        /// Session data without an entry, and the policy drops it.
        Missed = 3,
        /// Marked, but without an entry or a transform.
        MarkedMiss = 4,
        /// A fragment of an outer IP packet, and the policy drops it.
        OuterFragment = 5,
        /// A marked frame that the card cannot parse.
        Exception = 6,
        /// No key of the epoch's parity.
        NoKey = 7,
        /// The epoch's sequence numbers are used up.
        CounterExhausted = 8,
        /// Data that would look like a link control message.
        LcpLooksLikeData = 9,
        /// Data that came in clear.
        InClear = 10,
        /// Too short for its framing.
        Truncated = 11,
        /// A framing word that no sender makes.
        BadWord = 12,
        /// A protocol that may not be framed.
        ForbiddenProtocol = 13,
        /// A decoy that no sender makes.
        BadDecoy = 14,
        /// A payload that would look like a hello.
        OpaqueLooksLikeHello = 15,
        /// Longer on leaving than the policy lets.
        TooBig = 16,
        /// Not a PPP frame.
        NotPpp = 17,
    }
);

numbered!(
    /// What an event says of its session.
    EventKind {
        /// Half of the epoch's sequence numbers are used: time for a new key.
        SequenceHalf = 1,
        /// They are used up, and frames are dropped.
        SequenceUsedUp = 2,
    }
);

numbered!(
    /// What the last write of COMMAND came to.
    CommandError {
        /// Nothing wrong.
        None = 0,
        /// Another command was under way; this one was ignored.
        Busy = 1,
        /// No such command.
        Unknown = 2,
        /// The card has no such slot or session.
        OutOfRange = 3,
        /// The card is clearing its memories.
        Clearing = 4,
        /// A write before the first heartbeat.
        NoHeartbeat = 5,
    }
);

numbered!(
    /// What a direction counts, in the order of the registers from COUNTERS_TX and COUNTERS_RX on; drops follow.
    Counter {
        /// Frames that came, without errored and giant ones.
        FramesIn = 0,
        /// Their bytes.
        BytesIn = 1,
        /// Frames that left.
        FramesOut = 2,
        /// Their bytes, padding counted.
        BytesOut = 3,
        /// Frames scrambled or restored.
        Transformed = 4,
        /// Frames passed as they were, but for their mark.
        Untouched = 5,
        /// Received hellos, passed undecoded.
        HellosLeft = 6,
        /// Frames that the card cannot parse, passed.
        Exceptions = 7,
    }
);

impl Counter {
    /// Its register in a direction: the low word's; the high word follows.
    pub fn offset(self, direction: Direction) -> u16 {
        counters(direction) + 8 * self as u16
    }
}

impl Drop {
    /// Its counter's register in a direction: the low word's; the high word follows.
    pub fn offset(self, direction: Direction) -> u16 {
        counters(direction) + 8 * (7 + self as u16)
    }
}

fn counters(direction: Direction) -> u16 {
    match direction {
        Direction::Line => COUNTERS_TX,
        Direction::Host => COUNTERS_RX,
    }
}
