//! Bytes on the wire as checked types: parsed once at the edge, trusted afterwards.
//!
//! Each module has a view or header type whose `parse` checks every length that its accessors rely
//! on, and what is needed to build the same bytes.

pub mod ethernet;
pub mod hdlc;
pub mod ip;
pub mod l2tp;
pub mod ppp;
pub mod pppoe;
pub mod transport;

/// Why bytes are not what they were taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Malformed {
    /// The bytes end before the header does.
    #[error("{layer}: {have} bytes where at least {need} are needed")]
    Truncated {
        /// The protocol whose header it is.
        layer: &'static str,
        /// Bytes that the header, or the length it states, asks for.
        need: usize,
        /// Bytes there are.
        have: usize,
    },
    /// A field says that this is something else.
    #[error("{layer}: unexpected {field}")]
    Field {
        /// The protocol whose header it is.
        layer: &'static str,
        /// The field.
        field: &'static str,
    },
}

impl Malformed {
    /// `Ok` when `have` reaches `need`.
    fn length(layer: &'static str, need: usize, have: usize) -> Result<(), Self> {
        if have < need {
            Err(Self::Truncated { layer, need, have })
        } else {
            Ok(())
        }
    }
}

/// The big-endian 16-bit number at `at`; the caller has checked that it is there.
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

/// Writes a big-endian 16-bit number at `at`; the caller has checked that there is room.
pub(crate) fn put_u16(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

/// The `N` bytes at `at`; the caller has checked that they are there.
pub(crate) fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}
