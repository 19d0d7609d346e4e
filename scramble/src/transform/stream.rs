//! ChaCha20 keystreams (RFC 8439 section 2.4), counter 0.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};

/// A nonce; each use of a key has a form of its own, told apart by the first byte.
pub type Nonce = [u8; 12];

/// The nonce of HEADER and FULL: 0^8 | word.
pub const fn framed_nonce(word: u32) -> Nonce {
    let [a, b, c, d] = word.to_be_bytes();
    [0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]
}

/// XORs the keystream of `key` and `nonce`, from its first byte on, into `bytes`.
pub fn xor_keystream(key: &[u8; 32], nonce: &Nonce, bytes: &mut [u8]) {
    if !bytes.is_empty() {
        ChaCha20::new(key.into(), nonce.into()).apply_keystream(bytes);
    }
}

/// The first `N` bytes of the keystream of `key` and `nonce`.
pub fn keystream<const N: usize>(key: &[u8; 32], nonce: &Nonce) -> [u8; N] {
    let mut bytes = [0; N];
    xor_keystream(key, nonce, &mut bytes);
    bytes
}
