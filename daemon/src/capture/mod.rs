//! Reading and writing packet captures: pcap and pcapng.
//!
//! A capture is a stream of [`Item`]s. An item holds the very bytes it had in the file, so that
//! whatever is read and written again comes out byte for byte: times at their own resolution,
//! interface numbers, options, comments, blocks that this program has never heard of, and the
//! file's header. Only [`Record::replace`] changes anything: the frame's bytes, and with them the
//! lengths and the padding around it.
//!
//! ```no_run
//! use fogline::capture::{Item, Reader, Writer};
//!
//! let mut reader = Reader::open("in.pcap".as_ref())?;
//! let mut writer = Writer::create("out.pcap".as_ref())?;
//! while let Some(mut item) = reader.next_item()? {
//!     if let Item::Frame(record) = &mut item {
//!         let mut frame = record.frame().to_vec();
//!         frame.reverse();
//!         record.replace(&frame)?;
//!     }
//!     writer.write(&item)?;
//! }
//! writer.finish()?;
//! # Ok::<(), fogline::capture::Error>(())
//! ```
//!
//! The codec is Fogline's own: the libraries at hand either parse without keeping what they do
//! not know, or report damage without saying where it is, and the verbatim copy needs both.

mod error;
mod link;
mod pcapng;
mod reader;
mod record;
#[cfg(test)]
mod tests;
mod time;
mod writer;

pub use error::{Error, Problem};
pub use link::LinkType;
pub use reader::{Frames, Reader};
pub use record::{Item, Record};
pub use time::Time;
pub use writer::Writer;

/// The longest frame that is read or written: tcpdump's largest snapshot length, and room for
/// what scrambling adds to such a frame.
pub const MAX_FRAME: usize = 262_144 + 256;

/// The longest pcapng block of a kind that carries no frame (names, secrets, statistics).
pub const MAX_BLOCK: usize = 16 << 20;

/// The byte order of a file or of a pcapng section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Little,
    Big,
}

impl Order {
    /// The 16-bit number at `at`, or 0 past the end.
    fn u16(self, bytes: &[u8], at: usize) -> u16 {
        let raw = bytes.get(at..).and_then(|b| b.first_chunk()).copied();
        match self {
            Self::Little => u16::from_le_bytes(raw.unwrap_or_default()),
            Self::Big => u16::from_be_bytes(raw.unwrap_or_default()),
        }
    }

    /// The 32-bit number at `at`, or 0 past the end.
    fn u32(self, bytes: &[u8], at: usize) -> u32 {
        let raw = bytes.get(at..).and_then(|b| b.first_chunk()).copied();
        match self {
            Self::Little => u32::from_le_bytes(raw.unwrap_or_default()),
            Self::Big => u32::from_be_bytes(raw.unwrap_or_default()),
        }
    }

    /// Writes a 32-bit number at `at`, which must lie inside `bytes`.
    fn put_u32(self, bytes: &mut [u8], at: usize, value: u32) {
        let raw = match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        };
        bytes[at..at + 4].copy_from_slice(&raw);
    }
}
