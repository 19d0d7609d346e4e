//! ChaCha's rounds and blocks under Verilator, against RFC 8439 and the `chacha20` crate.

#![allow(clippy::unwrap_used)]

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};
use fogline_hdl::chacha::{ChaCha20Block, long, short};
use fogline_hdl::emit::verilog;
use fogline_sim::verilated::Model;
use std::collections::VecDeque;

/// splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn words<const N: usize>(&mut self) -> [u32; N] {
        std::array::from_fn(|_| self.next() as u32)
    }
}

/// RFC 8439 section 2.1.
fn quarter_round([mut a, mut b, mut c, mut d]: [u32; 4]) -> [u32; 4] {
    a = a.wrapping_add(b);
    d = (d ^ a).rotate_left(16);
    c = c.wrapping_add(d);
    b = (b ^ c).rotate_left(12);
    a = a.wrapping_add(b);
    d = (d ^ a).rotate_left(8);
    c = c.wrapping_add(d);
    b = (b ^ c).rotate_left(7);
    [a, b, c, d]
}

/// RFC 8439 section 2.3: a column round and a diagonal round.
fn double_round(mut state: [u32; 16]) -> [u32; 16] {
    for diagonal in [0, 1] {
        for i in 0..4 {
            let at: [usize; 4] = std::array::from_fn(|row| 4 * row + (i + diagonal * row) % 4);
            let turned = quarter_round(at.map(|k| state[k]));
            at.iter().zip(turned).for_each(|(&k, word)| state[k] = word);
        }
    }
    state
}

/// Feeds `x` every cycle; `y` must be `expected` of it `latency` cycles later.
fn same_every_cycle<const N: usize>(
    model: &mut Model,
    vectors: usize,
    latency: usize,
    expected: impl Fn([u32; N]) -> [u32; N],
) {
    let (x, y) = (model.input("x"), model.output("y"));
    let mut random = Random(1);
    let mut waiting = VecDeque::new();
    let mut is = [0; N];
    for _ in 0..vectors {
        let words = random.words();
        waiting.push_back(words);
        model.set_wide_at(x, &words);
        model.tick();
        if waiting.len() == latency {
            model.get_wide_at(y, &mut is);
            assert_eq!(is, expected(waiting.pop_front().unwrap()));
        }
    }
}

/// RFC 8439 section 2.1.1.
const QUARTER: [[u32; 4]; 2] = [
    [0x1111_1111, 0x0102_0304, 0x9B8D_6F43, 0x0123_4567],
    [0xEA2A_92F4, 0xCB1C_F8CE, 0x4581_472E, 0x5881_C4BB],
];

#[test]
fn quarter_rounds_are_the_rfc_s() {
    assert_eq!(quarter_round(QUARTER[0]), QUARTER[1]);
    let two = verilog(short::QuarterRound::default(), "quarter_round_short");
    let four = verilog(long::QuarterRound::default(), "quarter_round_long");
    let mut model = Model::build(&two, "quarter_round_short").unwrap();
    same_every_cycle(&mut model, 1_000_000, short::LATENCY / 2, quarter_round);
    let mut model = Model::build(&four, "quarter_round_long").unwrap();
    same_every_cycle(&mut model, 1_000_000, long::LATENCY / 2, quarter_round);
}

#[test]
fn double_rounds_are_the_rfc_s() {
    let four = verilog(short::DoubleRound::default(), "double_round_short");
    let eight = verilog(long::DoubleRound::default(), "double_round_long");
    let mut model = Model::build(&four, "double_round_short").unwrap();
    same_every_cycle(&mut model, 1_000_000, short::LATENCY, double_round);
    let mut model = Model::build(&eight, "double_round_long").unwrap();
    same_every_cycle(&mut model, 1_000_000, long::LATENCY, double_round);
}

/// RFC 8439 section 2.3.2: the state before and the block.
const BLOCK: [[u32; 16]; 2] = [
    [
        0x6170_7865,
        0x3320_646E,
        0x7962_2D32,
        0x6B20_6574,
        0x0302_0100,
        0x0706_0504,
        0x0B0A_0908,
        0x0F0E_0D0C,
        0x1312_1110,
        0x1716_1514,
        0x1B1A_1918,
        0x1F1E_1D1C,
        0x0000_0001,
        0x0900_0000,
        0x4A00_0000,
        0x0000_0000,
    ],
    [
        0xE4E7_F110,
        0x1559_3BD1,
        0x1FDD_0F50,
        0xC471_20A3,
        0xC7F4_D1C7,
        0x0368_C033,
        0x9AAA_2204,
        0x4E6C_D4C3,
        0x4664_82D2,
        0x09AA_9F07,
        0x05D7_C214,
        0xA202_8BD9,
        0xD19C_12B5,
        0xB94E_16DE,
        0xE883_D0CB,
        0x4E3C_50A2,
    ],
];

/// The block that the `chacha20` crate makes of an initial state.
fn block(state: [u32; 16]) -> [u32; 16] {
    let mut bytes = [0; 48];
    for (chunk, word) in bytes.chunks_exact_mut(4).zip(&state[4..]) {
        chunk.copy_from_slice(&word.to_le_bytes());
    }
    let key: [u8; 32] = bytes[..32].try_into().unwrap();
    let nonce: [u8; 12] = bytes[36..].try_into().unwrap();
    let mut cipher = ChaCha20::new(&key.into(), &nonce.into());
    cipher.seek(u64::from(state[12]) * 64);
    let mut stream = [0; 64];
    cipher.apply_keystream(&mut stream);
    std::array::from_fn(|k| u32::from_le_bytes(stream[4 * k..4 * k + 4].try_into().unwrap()))
}

#[test]
fn blocks_are_the_rfc_s_and_the_crate_s() {
    assert_eq!(block(BLOCK[0]), BLOCK[1]);
    let text = verilog(ChaCha20Block::default(), "chacha20_block");
    let mut model = Model::build(&text, "chacha20_block").unwrap();
    let (s_valid, s_state) = (model.input("s_valid"), model.input("s_state"));
    let (m_valid, m_state) = (model.output("m_valid"), model.output("m_state"));
    let mut random = Random(2);
    // What went in at each of the last cycles, nothing where `s_valid` was low.
    let mut waiting = VecDeque::new();
    let mut is = [0; 16];
    let mut blocks = 0;
    while blocks < 1_000_000 {
        let state = if blocks == 0 {
            BLOCK[0]
        } else {
            let mut words: [u32; 16] = random.words();
            words[..4].copy_from_slice(&BLOCK[0][..4]);
            // The crate's keystream has no block behind the last counter's.
            words[12] &= 0x7FFF_FFFF;
            words
        };
        let valid = blocks > 10_000 || random.next() % 4 != 0;
        waiting.push_back(valid.then_some(state));
        model.set_at(s_valid, u64::from(valid));
        model.set_wide_at(s_state, &state);
        model.tick();
        if waiting.len() == ChaCha20Block::LATENCY {
            let expected = waiting.pop_front().unwrap();
            assert_eq!(model.get_at(m_valid) == 1, expected.is_some());
            if let Some(state) = expected {
                model.get_wide_at(m_state, &mut is);
                assert_eq!(is, block(state));
                blocks += 1;
            }
        }
    }
}
