//! The ChaCha block function with a caller's whole state, and the PRF that DECOY is built from.

/// Input of the PRF: 32 bytes.
pub type Input = [u8; 32];
/// Output of the PRF: 64 bytes.
pub type Output = [u8; 64];

/// The pseudo-random function F: a ChaCha8 block under an epoch's "phs prp" secret.
#[derive(Clone, Copy)]
pub struct Prf<'k>(&'k [u8; 16]);

impl<'k> Prf<'k> {
    /// F under `secret`.
    pub const fn new(secret: &'k [u8; 16]) -> Self {
        Self(secret)
    }

    /// F(input): key = secret | input\[0..16\], counter and nonce = input\[16..32\].
    pub fn apply(self, input: &Input) -> Output {
        let mut state = [0; 16];
        state[..4].copy_from_slice(&CONSTANTS);
        let tail = self.0.chunks_exact(4).chain(input.chunks_exact(4));
        for (word, bytes) in state[4..].iter_mut().zip(tail) {
            *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        block::<4>(&state)
    }
}

/// "expand 32-byte k" (RFC 8439 section 2.3).
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646E, 0x7962_2D32, 0x6B20_6574];

/// The ChaCha block function of `DOUBLE_ROUNDS` double rounds (RFC 8439 section 2.3: 10).
fn block<const DOUBLE_ROUNDS: usize>(initial: &[u32; 16]) -> Output {
    let mut state = *initial;
    for _ in 0..DOUBLE_ROUNDS {
        for column in 0..4 {
            quarter_round(&mut state, column, 4 + column, 8 + column, 12 + column);
        }
        for i in 0..4 {
            quarter_round(
                &mut state,
                i,
                4 + (i + 1) % 4,
                8 + (i + 2) % 4,
                12 + (i + 3) % 4,
            );
        }
    }
    let mut out = [0; 64];
    for ((bytes, word), first) in out.chunks_exact_mut(4).zip(state).zip(initial) {
        bytes.copy_from_slice(&word.wrapping_add(*first).to_le_bytes());
    }
    out
}

#[inline(always)]
fn quarter_round(s: &mut [u32; 16], a: usize, b: usize, c: usize, d: usize) {
    s[a] = s[a].wrapping_add(s[b]);
    s[d] = (s[d] ^ s[a]).rotate_left(16);
    s[c] = s[c].wrapping_add(s[d]);
    s[b] = (s[b] ^ s[c]).rotate_left(12);
    s[a] = s[a].wrapping_add(s[b]);
    s[d] = (s[d] ^ s[a]).rotate_left(8);
    s[c] = s[c].wrapping_add(s[d]);
    s[b] = (s[b] ^ s[c]).rotate_left(7);
}

#[cfg(test)]
mod tests {
    use super::*;
    use chacha20::ChaCha8;
    use chacha20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};
    use proptest::prelude::*;

    proptest! {
        /// The chacha20 crate, sought to the block that the counter names, gives the same bytes.
        #[test]
        fn f_is_a_chacha8_block(secret: [u8; 16], input: Input) {
            let mut key = [0; 32];
            key[..16].copy_from_slice(&secret);
            key[16..].copy_from_slice(&input[..16]);
            let counter = u32::from_le_bytes(input[16..20].try_into().unwrap());
            let nonce: [u8; 12] = input[20..].try_into().unwrap();
            let mut cipher = ChaCha8::new(&key.into(), &nonce.into());
            prop_assume!(counter != u32::MAX);
            cipher.seek(u64::from(counter) * 64);
            let mut expected = [0; 64];
            cipher.apply_keystream(&mut expected);
            prop_assert_eq!(Prf::new(&secret).apply(&input), expected);
        }
    }
}
