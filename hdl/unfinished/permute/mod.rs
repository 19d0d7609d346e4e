//! DECOY's permutations: the tuple's four half rounds (0 to 3) and the payload block's (4 to 7), each a ChaCha8 block.
//!
//! Towards the line they go from 0 to 7, from there they are undone from 7 to 0. The block's context has the ports as they
//! stand on the wire, and both orders have them there at that time.
//!
//! ```text
//! Scramble -> Split -> Halves -> 8 x (Input -> ChaCha8 -> Change) -> Halves -> Join -> Scramble
//! ```
//!
//! [`Permute100`] has all of it unrolled; [`Engine64`] sends everything through one double round.
//!
//! Of a record from the line the source must be the plain packet's, that is, IPv6's parity bit must be clear: the
//! permutation keeps the first four bits, but its function depends on them. `t` is a byte string.

#![expect(missing_docs, reason = "LogicStruct derives methods without docs")]

mod change;
mod contexts;
mod endpoint;
mod engine;
mod folded;
mod input;
mod pipeline;
mod split;

pub use change::Change;
pub use contexts::{Contexts, Step};
pub use endpoint::EndpointShift;
pub use engine::Engine64;
pub use folded::FoldedCore;
pub use input::Input;
pub use pipeline::{HalfRound, Permute100};
pub use split::{Cut, Join, Keep, Mask, Paste, Split};

use crate::records::Scramble;
use rust_hdl::prelude::*;

/// What half rounds read of a record, and never change.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Fixed {
    /// As in [`Scramble`].
    pub active: Bit,
    /// IPv6.
    pub v6: Bit,
    /// Ports take part.
    pub ports: Bit,
    /// The sender is the higher end: the source is Y.
    pub from_higher: Bit,
    /// IPv4's protocol or IPv6's first Next Header.
    pub protocol: Bits<8>,
    /// IP payload length.
    pub length: Bits<16>,
    /// T.
    pub t: Bits<32>,
    /// Bytes in the block.
    pub n: Bits<6>,
    /// "phs prp".
    pub prp: Bits<128>,
}

/// [`Scramble`] again, bit by bit: a kernel cannot write to a field that is named `next`.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
struct Joined {
    active: Bit,
    v6: Bit,
    ports: Bit,
    from_higher: Bit,
    protocol: Bits<8>,
    length: Bits<16>,
    t: Bits<32>,
    n: Bits<6>,
    prp: Bits<128>,
    source: Bits<128>,
    destination: Bits<128>,
    source_port: Bits<16>,
    destination_port: Bits<16>,
    block: Bits<256>,
}

impl From<Joined> for Scramble {
    fn from(joined: Joined) -> Self {
        Self {
            active: joined.active,
            v6: joined.v6,
            ports: joined.ports,
            from_higher: joined.from_higher,
            next: joined.protocol,
            length: joined.length,
            t: joined.t,
            n: joined.n,
            prp: joined.prp,
            source: joined.source,
            destination: joined.destination,
            source_port: joined.source_port,
            destination_port: joined.destination_port,
            block: joined.block,
        }
    }
}

/// A record taken apart: the endpoints by the end that they are at, the block's two halves apart.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Halves {
    /// What stays.
    pub fixed: Fixed,
    /// The address at the lower end.
    pub x: Bits<128>,
    /// The address at the higher end.
    pub y: Bits<128>,
    /// The block's first floor(n/2) bytes, then zeros.
    pub a: Bits<128>,
    /// The block's other bytes, then zeros.
    pub b: Bits<128>,
    /// The port at the lower end.
    pub x_port: Bits<16>,
    /// The port at the higher end.
    pub y_port: Bits<16>,
}
