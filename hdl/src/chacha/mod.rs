//! The ChaCha block function (RFC 8439 section 2.3), from quarter rounds up.
//!
//! [`short`] has two registers a quarter round (line100: low latency, few flip-flops), [`long`] four (line64: high clock on
//! ECP5). All of it is `valid`-only or has no `valid` at all: a new state may come every cycle, and comes out a constant
//! number of cycles later.

#![expect(missing_docs, reason = "LogicStruct derives methods without docs")]

mod block;
mod quarter;

pub use block::{ChaCha20Block, Rounds};
pub use quarter::{long, short};

use rust_hdl::prelude::*;

/// The 16 words of a ChaCha state.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct State {
    /// The constants' first word.
    pub w0: Bits<32>,
    pub w1: Bits<32>,
    pub w2: Bits<32>,
    pub w3: Bits<32>,
    /// The key's first word.
    pub w4: Bits<32>,
    pub w5: Bits<32>,
    pub w6: Bits<32>,
    pub w7: Bits<32>,
    pub w8: Bits<32>,
    pub w9: Bits<32>,
    pub w10: Bits<32>,
    pub w11: Bits<32>,
    /// The block counter.
    pub w12: Bits<32>,
    /// The nonce's first word.
    pub w13: Bits<32>,
    pub w14: Bits<32>,
    pub w15: Bits<32>,
}

/// The state that a block starts from, by its parts: the same 512 bits as [`State`], byte strings in lane order.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Initial {
    /// [`constants`].
    pub constants: Bits<128>,
    /// The key, the counter and the nonce.
    pub seed: Bits<384>,
}

/// What sets one block apart from others, by its parts: the same 384 bits as [`Initial::seed`].
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Seed {
    /// The key.
    pub key: Bits<256>,
    /// The block counter, a number.
    pub counter: Bits<32>,
    /// The nonce.
    pub nonce: Bits<96>,
}

impl From<Initial> for State {
    /// The same bits. In a kernel it costs nothing.
    fn from(initial: Initial) -> Self {
        let bits: Bits<512> = initial.into();
        let word = |k: usize| bits.get_bits::<32>(Bits::<512>::from(32 * k as u64).index());
        Self {
            w0: word(0),
            w1: word(1),
            w2: word(2),
            w3: word(3),
            w4: word(4),
            w5: word(5),
            w6: word(6),
            w7: word(7),
            w8: word(8),
            w9: word(9),
            w10: word(10),
            w11: word(11),
            w12: word(12),
            w13: word(13),
            w14: word(14),
            w15: word(15),
        }
    }
}

/// "expand 32-byte k", the first four words of every state.
pub const CONSTANTS: [u64; 4] = [0x6170_7865, 0x3320_646E, 0x7962_2D32, 0x6B20_6574];

/// [`CONSTANTS`] as they stand in a state.
pub fn constants() -> Constant<Bits<128>> {
    let words = CONSTANTS.iter().rev();
    Constant::new(words.fold(Bits::default(), |bits, &word| {
        (bits << 32) | Bits::<128>::from(word)
    }))
}
