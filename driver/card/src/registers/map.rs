//! The map as a table, and as Markdown.

use super::*;
use std::fmt::Write;

/// What may be done with a register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Reads; ignores writes.
    Read,
    /// Reads back what was written.
    ReadWrite,
    /// Reads 0.
    Write,
    /// Reads; a one that is written clears its bit.
    ReadClear,
    /// Reading it changes it.
    ReadPop,
}

/// What a register reads after reset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reset {
    /// This.
    Value(u32),
    /// What the card was built with.
    Card,
}

/// Some bits of a register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field {
    /// The lowest bit.
    pub low: u8,
    /// How many bits.
    pub bits: u8,
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// A register, or a run of like ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Register {
    /// The first one's address.
    pub offset: u16,
    /// How many 32-bit words.
    pub words: u16,
    /// Its name.
    pub name: &'static str,
    /// What may be done with it.
    pub access: Access,
    /// What it reads after reset.
    pub reset: Reset,
    /// What it is for.
    pub meaning: &'static str,
    /// Its parts; bits in none of them read 0 and ignore writes.
    pub fields: &'static [Field],
}

const fn field(low: u8, bits: u8, name: &'static str, meaning: &'static str) -> Field {
    Field {
        low,
        bits,
        name,
        meaning,
    }
}

const fn whole(meaning: &'static str) -> [Field; 1] {
    [field(0, 32, "", meaning)]
}

macro_rules! register {
    ($offset:ident, $words:expr, $access:ident, $reset:expr, $meaning:literal, $fields:expr) => {
        Register {
            offset: $offset,
            words: $words,
            name: stringify!($offset),
            access: Access::$access,
            reset: $reset,
            meaning: $meaning,
            fields: $fields,
        }
    };
}

const POLICY: &[Field] = &[
    field(
        0,
        1,
        "drop_missed",
        "session data without an entry is dropped instead of passed (marked frames always are)",
    ),
    field(
        1,
        1,
        "drop_fragments",
        "fragments of outer IP packets are dropped instead of passed",
    ),
    field(
        16,
        14,
        "max_frame",
        "the longest transformed frame that may leave, in bytes",
    ),
];

const INTERRUPTS: &[Field] = &[
    field(
        0,
        1,
        "event",
        "events wait; goes when they are read, not by writing",
    ),
    field(
        1,
        1,
        "event_lost",
        "an event came while 64 waited, and is lost",
    ),
    field(
        2,
        1,
        "heartbeat_lost",
        "the host was silent for too long; everything is cleared",
    ),
    field(3, 1, "cleared", "the card has cleared its memories"),
];

/// The registers, in order of their addresses. The counters are `Counter` and `Drop`.
pub fn map() -> &'static [Register] {
    const ZERO: Reset = Reset::Value(0);
    const MAP: &[Register] = &[
        register!(
            ID,
            1,
            Read,
            Reset::Value(ID_VALUE),
            "\"FOGL\".",
            &whole("first letter highest")
        ),
        register!(
            VERSION,
            1,
            Read,
            Reset::Value(VERSION_VALUE),
            "Version of this map. A host takes a card of its own major version and a minor version not below its own.",
            &[
                field(0, 16, "minor", "what was added"),
                field(16, 16, "major", "what was changed")
            ]
        ),
        register!(
            CAPABILITIES,
            1,
            Read,
            Reset::Value(CAPABILITIES_VALUE),
            "What the card can do.",
            &[
                field(0, 1, "decoy", "DECOY with opaque payload"),
                field(1, 1, "header", "HEADER"),
                field(
                    8,
                    8,
                    "coverage",
                    "the largest coverage; 255 is the whole frame"
                ),
            ]
        ),
        register!(
            GEOMETRY,
            1,
            Read,
            Reset::Card,
            "How big the card's memories are.",
            &[
                field(
                    0,
                    5,
                    "table",
                    "log2 of the places in each direction's look-up table"
                ),
                field(5, 5, "sessions", "log2 of the sessions"),
                field(10, 5, "key_slots", "log2 of the key slots"),
                field(16, 4, "ways", "places in a bucket of the table"),
                field(20, 4, "functions", "hash functions"),
                field(24, 8, "bus_bytes", "bytes in a beat of the streams"),
            ]
        ),
        register!(CLOCK_KHZ, 1, Read, Reset::Card, "The clock.", &whole("kHz")),
        register!(
            MAX_FRAME,
            1,
            Read,
            Reset::Value(MAX_FRAME_VALUE),
            "The longest frame that the card takes.",
            &whole("bytes")
        ),
        register!(
            CONTROL,
            1,
            ReadWrite,
            ZERO,
            "On, and clear.",
            &[
                field(
                    0,
                    1,
                    "enable",
                    "sessions are looked up; cannot be set before the first heartbeat, and clearing unsets it"
                ),
                field(
                    1,
                    1,
                    "clear",
                    "write 1: clears entries, descriptors, keys, counts and STAGING; reads 0"
                ),
            ]
        ),
        register!(
            STATUS,
            1,
            Read,
            Reset::Value(3),
            "What the card is at.",
            &[
                field(
                    0,
                    1,
                    "clearing",
                    "memories are being cleared, as after reset"
                ),
                field(
                    1,
                    1,
                    "no_heartbeat",
                    "no heartbeat since reset, or since one was missed"
                ),
                field(2, 1, "busy", "a command is under way"),
                field(3, 1, "event", "events wait"),
            ]
        ),
        register!(
            HEARTBEAT,
            1,
            ReadWrite,
            ZERO,
            "Any write: the host lives. When none comes for HEARTBEAT_LIMIT, the card clears its memories and takes no writing command until there is one.",
            &whole("units of 1024 cycles since the last one")
        ),
        register!(
            HEARTBEAT_LIMIT,
            1,
            ReadWrite,
            Reset::Card,
            "How long the host may be silent: 5 s after reset.",
            &whole("units of 1024 cycles")
        ),
        register!(
            POLICY_TX,
            1,
            ReadWrite,
            Reset::Value(MAX_FRAME_VALUE << 16),
            "Policy towards the line.",
            POLICY
        ),
        register!(
            POLICY_RX,
            1,
            ReadWrite,
            Reset::Value(MAX_FRAME_VALUE << 16),
            "Policy from the line.",
            POLICY
        ),
        register!(
            SCRATCH,
            1,
            ReadWrite,
            ZERO,
            "Holds what is written.",
            &whole("anything")
        ),
        register!(
            EVENT,
            1,
            ReadPop,
            ZERO,
            "The oldest event, which reading takes away.",
            &[
                field(0, 16, "session", "whose it is"),
                field(16, 4, "kind", "see below"),
                field(31, 1, "valid", "there was one"),
            ]
        ),
        register!(
            EVENT_LEVEL,
            1,
            Read,
            ZERO,
            "How many events wait.",
            &[field(0, 7, "level", "0 to 64")]
        ),
        register!(
            INTERRUPT_ENABLE,
            1,
            ReadWrite,
            ZERO,
            "What raises the interrupt: bits as in INTERRUPT_STATUS.",
            INTERRUPTS
        ),
        register!(
            INTERRUPT_STATUS,
            1,
            ReadClear,
            ZERO,
            "What there is to tell. The interrupt line is up while a bit stands here and in INTERRUPT_ENABLE.",
            INTERRUPTS
        ),
        register!(
            SEED_0,
            6,
            ReadWrite,
            ZERO,
            "Seed of the table's hash function 0. Random, and set before the first entry.",
            &whole("32 bits, lowest first")
        ),
        register!(
            SEED_1,
            6,
            ReadWrite,
            ZERO,
            "Seed of the table's hash function 1.",
            &whole("32 bits, lowest first")
        ),
        register!(
            STAGING,
            STAGING_WORDS,
            Write,
            ZERO,
            "What the next command takes. Not changed while a command is under way.",
            &whole("see below")
        ),
        register!(
            COMMAND,
            1,
            Write,
            ZERO,
            "Starts a command. Must be written whole.",
            &[
                field(0, 24, "index", "the slot or session"),
                field(24, 7, "operation", "see below"),
                field(
                    31,
                    1,
                    "direction",
                    "0 towards the line, 1 from the line, where it matters"
                ),
            ]
        ),
        register!(
            COMMAND_STATUS,
            1,
            Read,
            ZERO,
            "How it goes.",
            &[
                field(0, 1, "busy", "it is under way"),
                field(4, 4, "error", "what the last write of COMMAND came to"),
                field(16, 16, "done", "commands completed, modulo 65536"),
            ]
        ),
        register!(
            RESULT,
            RESULT_WORDS,
            Read,
            ZERO,
            "What the last reading command found, laid out as in STAGING.",
            &whole("see below")
        ),
        register!(
            COUNTERS_TX,
            50,
            Read,
            ZERO,
            "Counters towards the line: 64 bits each (48 count). Reading a low word latches the high one.",
            &whole("see below")
        ),
        register!(
            COUNTERS_RX,
            50,
            Read,
            ZERO,
            "Counters from the line.",
            &whole("see below")
        ),
    ];
    MAP
}

/// The whole map for people.
pub fn markdown() -> String {
    render().expect("a string takes everything")
}

fn render() -> Result<String, std::fmt::Error> {
    let mut out = String::from(HEAD);
    for r in map() {
        let run = if r.words > 1 {
            format!(" to {:#05x}", r.offset + 4 * (r.words - 1))
        } else {
            String::new()
        };
        let access = match r.access {
            Access::Read => "read",
            Access::ReadWrite => "read, write",
            Access::Write => "write",
            Access::ReadClear => "read, write 1 to clear",
            Access::ReadPop => "read once",
        };
        let reset = match r.reset {
            Reset::Value(value) => format!("{value:#010x}"),
            Reset::Card => "the card's".into(),
        };
        write!(
            out,
            "\n### {:#05x}{run} {}\n{access}; reset: {reset}. {}\n\n",
            r.offset, r.name, r.meaning
        )?;
        out += "| Bits | Field | Meaning |\n|---|---|---|\n";
        for f in r.fields {
            let bits = if f.bits == 1 {
                f.low.to_string()
            } else {
                format!("{} to {}", f.low, f.low + f.bits - 1)
            };
            writeln!(out, "| {bits} | {} | {} |", f.name, f.meaning)?;
        }
    }
    out += COMMANDS;
    out += "\n## Errors of commands\n| Number | Meaning |\n|---|---|\n";
    for x in CommandError::ALL {
        writeln!(out, "| {} | {:?}. {} |", *x as u8, x, x.meaning())?;
    }
    out += "\n## Kinds of events\n| Number | Meaning |\n|---|---|\n";
    for x in EventKind::ALL {
        writeln!(out, "| {} | {:?}. {} |", *x as u8, x, x.meaning())?;
    }
    out += "\n## Counters\nOf a direction, from 0x400 (towards the line) or 0x600 (from the line) on. They run on when the card is cleared.\n\n";
    out += "| Offset | Counts |\n|---|---|\n";
    for x in Counter::ALL {
        writeln!(
            out,
            "| {:#04x} | {:?}. {} |",
            x.offset(Direction::Line) - COUNTERS_TX,
            x,
            x.meaning()
        )?;
    }
    for x in Drop::ALL {
        let offset = x.offset(Direction::Line) - COUNTERS_TX;
        writeln!(
            out,
            "| {offset:#04x} | Dropped, reason {}: {:?}. {} |",
            *x as u8,
            x,
            x.meaning()
        )?;
    }
    Ok(out)
}

const HEAD: &str = "# Registers of the Fogline card
Rendered from `driver/card/src/registers`; a test holds it to that.

32-bit AXI4-Lite, 16 bits of address, byte strobes honoured. What is not here reads 0 and ignores writes; every answer is OKAY.

## Start
1. Check ID and VERSION. Wait until STATUS.clearing is 0.
2. Write HEARTBEAT, and from then on more often than HEARTBEAT_LIMIT.
3. Write both seeds, at random; then policies, entries, descriptors and keys, by commands.
4. Set CONTROL.enable.

A host that falls silent loses everything that it wrote by commands, and CONTROL.enable: the card forgets its keys.

## Where an entry goes
The key is a string of 162 bits: kind (2), peer (128: byte 0 first), session id (16), tunnel id (16), each lowest bit first.
Bit j of a function's hash is the XOR of all key bits i that meet a one at bit i + j of its seed (Toeplitz). The bucket is
the hash's low GEOMETRY.table - 3 bits, and the entry may stand in places 8 x bucket + 4 x function + way, way 0 to 3. It is found
in any of them; of several, the one in the lowest way of function 0 counts. To move an entry, write the new place, then clear the old one:
it is never missed. What fits nowhere falls to software.

## Registers
";

const COMMANDS: &str = "
## Commands
| Operation | Index | STAGING or RESULT |
|---|---|---|
| 1 write entry, 2 read entry | place | 0: valid (bit 0), kind (1 to 2), session (16 to 31). 1: session id (0 to 15), tunnel id (16 to 31). 2 to 5: peer |
| 3 write descriptor, 4 read descriptor | session | 0: valid (0), host_marks (1), higher (2), even (3), odd (4), tx_lcp (5), rx_lcp (6), tx_transform (8 to 9), rx_transform (10 to 11). 1: tx_coverage (0 to 7), rx_coverage (8 to 15), epoch (16 to 31). 2: even_slot (0 to 16). 3: odd_slot (0 to 16). 4: queue (0 to 15) |
| 5 write key, 6 erase key | key slot | 0 to 7: data key towards the line. 8 to 15: data key from the line. 16 to 19: prp |
| 7 write count, 8 read count | session | 0: sequence (0 to 29). 1: epoch (0 to 15). 2 to 3: packets. 4 to 5: bytes |

Kinds: 1 PPPoE, 2 L2TP over IPv4, 3 L2TP over IPv6. Transforms: 0 none, 1 DECOY, 2 HEADER. Bytes are in lane order: byte i of a string at bits
8 (i mod 4) of word i / 4. Peer: the outer IP address (IPv4: 4 bytes, then zeros), or the MAC address and two VLAN tags, outer first, as
big-endian words 0x8000 | id (0: no tag).

One descriptor write is a commit: each frame sees the old one or the new one whole. Write key and erase key wait until 128 cycles have passed since the last
descriptor write, so that no frame under way still has the slot: first unlink, then erase. Write key zeroes STAGING. A key cannot be read.
An entry write takes 32 cycles, so that a look-up under way sees at most one of them.
";
