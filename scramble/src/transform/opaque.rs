//! The opaque form of DECOY's payload: a keyed permutation of the first 32 bytes, whose result seeds
//! the keystream for the rest, so that no packet field need be unique.

use super::prf::{Input, Prf};
use super::stream::{Nonce, xor_keystream};
use super::tuple::xor;

/// Bytes of the payload that the block permutation takes.
pub const BLOCK: usize = 32;

/// The packet's fields that the block depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// IP payload length: total length - 20, or IPv6's field.
    pub length: u16,
    /// IPv4's protocol or IPv6's first Next Header.
    pub protocol: u8,
    /// 0 for a packet from the lower end, 1 from the higher.
    pub direction: u8,
    /// Source and destination port as on the wire; 0 unless plain.
    pub wire_ports: [u8; 4],
    /// TCP's sequence number, IPv4 bytes 4-7 without the reserved bit, or the flow label.
    pub t: [u8; 4],
}

impl Context {
    /// Makes `region` opaque under the PRF and the sender's data key.
    pub fn conceal(&self, prf: Prf<'_>, data_key: &[u8; 32], region: &mut [u8]) {
        let (block, rest) = region.split_at_mut(region.len().min(BLOCK));
        self.feistel(prf, block, [4, 5, 6, 7]);
        if !rest.is_empty() {
            xor_keystream(data_key, &nonce(block), rest);
        }
    }

    /// Undoes [`Self::conceal`].
    pub fn reveal(&self, prf: Prf<'_>, data_key: &[u8; 32], region: &mut [u8]) {
        let (block, rest) = region.split_at_mut(region.len().min(BLOCK));
        if !rest.is_empty() {
            xor_keystream(data_key, &nonce(block), rest);
        }
        self.feistel(prf, block, [7, 6, 5, 4]);
    }

    /// b ^= F(4, a), a ^= F(5, b), b ^= F(6, a), a ^= F(7, b), in the order of `rounds`.
    fn feistel(&self, prf: Prf<'_>, block: &mut [u8], rounds: [u8; 4]) {
        if block.is_empty() {
            return;
        }
        let n = block.len() as u8;
        let (a, b) = block.split_at_mut(block.len() / 2);
        for round in rounds {
            let (from, into) = if round % 2 == 0 {
                (&*a, &mut *b)
            } else {
                (&*b, &mut *a)
            };
            xor(into, &prf.apply(&self.input(from, round, n)));
        }
    }

    /// half (16) | length (2) | protocol (1) | direction (1) | round (1) | n (1) | wire ports (4) |
    /// T (4) | 0^2
    fn input(&self, half: &[u8], round: u8, n: u8) -> Input {
        let mut input = [0; 32];
        input[..half.len()].copy_from_slice(half);
        input[16..18].copy_from_slice(&self.length.to_be_bytes());
        input[18..22].copy_from_slice(&[self.protocol, self.direction, round, n]);
        input[22..26].copy_from_slice(&self.wire_ports);
        input[26..30].copy_from_slice(&self.t);
        input
    }
}

/// 80 | the first 11 bytes of the block as it stands on the wire.
fn nonce(block: &[u8]) -> Nonce {
    let mut nonce = [0x80; 12];
    nonce[1..].copy_from_slice(&block[..11]);
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    const CONTEXT: Context = Context {
        length: 40,
        protocol: 17,
        direction: 0,
        wire_ports: [1, 2, 3, 4],
        t: [5, 6, 7, 8],
    };

    fn concealed(context: Context, plain: &[u8]) -> Vec<u8> {
        let mut bytes = plain.to_vec();
        context.conceal(Prf::new(&[7; 16]), &[9; 32], &mut bytes);
        bytes
    }

    proptest! {
        #[test]
        fn every_length_comes_back(
            plain in prop::collection::vec(any::<u8>(), 0..200), secret: [u8; 16], key: [u8; 32],
        ) {
            let mut bytes = plain.clone();
            CONTEXT.conceal(Prf::new(&secret), &key, &mut bytes);
            CONTEXT.reveal(Prf::new(&secret), &key, &mut bytes);
            prop_assert_eq!(bytes, plain);
        }

        #[test]
        fn a_change_in_the_first_32_bytes_changes_all_that_follows(at in 0usize..32, bit in 0u8..8) {
            let plain = [0; 128];
            let mut other = plain;
            other[at] ^= 1 << bit;
            let (one, two) = (concealed(CONTEXT, &plain), concealed(CONTEXT, &other));
            let same = one.iter().zip(&two).filter(|(a, b)| a == b).count();
            prop_assert!(same < 16, "{} of 128 bytes are the same", same);
        }
    }

    #[test]
    fn every_field_of_the_context_matters() {
        let base = concealed(CONTEXT, &[0; 32]);
        for context in [
            Context {
                length: 41,
                ..CONTEXT
            },
            Context {
                protocol: 6,
                ..CONTEXT
            },
            Context {
                direction: 1,
                ..CONTEXT
            },
            Context {
                wire_ports: [1, 2, 3, 5],
                ..CONTEXT
            },
            Context {
                t: [5, 6, 7, 9],
                ..CONTEXT
            },
        ] {
            assert_ne!(concealed(context, &[0; 32]), base, "{context:?}");
        }
    }
}
