//! Internet checksums, and how they follow a change without being made right or wrong by it.
//!
//! A transform changes bytes that a checksum covers. The checksum moves by the same amount, modulo
//! 65535 (RFC 1624), by a bijection, so that a valid one stays valid and the receiver gets back
//! exactly what was sent, invalid ones included.

/// The sum of the big-endian 16-bit words of `bytes` modulo 65535, an odd last byte padded with a
/// zero on its right.
pub fn sum(bytes: &[u8]) -> u16 {
    // 65536 is 1 modulo 65535: four words at a time are summed as the halves of a 64-bit number.
    let (chunks, rest) = bytes.as_chunks::<8>();
    let total = chunks.iter().fold(0u64, |sum, chunk| {
        let four = u64::from_be_bytes(*chunk);
        sum + (four >> 32) + (four & 0xFFFF_FFFF)
    });
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let last = u64::from_be_bytes(last) % 0xFFFF;
    ((total + last) % 0xFFFF) as u16
}

/// How much the words under a checksum changed: old sum minus new sum, modulo 65535.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delta(u16);

impl Delta {
    /// Bytes whose 16-bit words stand before the change.
    #[must_use]
    pub fn old(self, bytes: &[u8]) -> Self {
        self.old_word(sum(bytes))
    }

    /// Bytes whose 16-bit words stand after the change.
    #[must_use]
    pub fn new(self, bytes: &[u8]) -> Self {
        self.new_word(sum(bytes))
    }

    /// One word before the change.
    #[must_use]
    pub fn old_word(self, word: u16) -> Self {
        Self(((u32::from(self.0) + u32::from(word)) % 0xFFFF) as u16)
    }

    /// One word after the change.
    #[must_use]
    pub fn new_word(self, word: u16) -> Self {
        Self(((u32::from(self.0) + 0xFFFF - u32::from(word) % 0xFFFF) % 0xFFFF) as u16)
    }

    /// What becomes of an IPv4 header's or TCP checksum: 65535 stays.
    pub fn apply(self, checksum: u16) -> u16 {
        match checksum {
            0xFFFF => 0xFFFF,
            c => ((u32::from(c) + u32::from(self.0)) % 0xFFFF) as u16,
        }
    }

    /// What becomes of a UDP checksum: 0, which means none, stays, and nothing else becomes 0.
    pub fn apply_udp(self, checksum: u16) -> u16 {
        match checksum {
            0 => 0,
            c => ((u32::from(c) - 1 + u32::from(self.0)) % 0xFFFF) as u16 + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn the_example_of_rfc_1071() {
        assert_eq!(
            sum(&[0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7]),
            0xDDF2
        );
        assert_eq!(sum(&[0x01]), 0x0100);
        assert_eq!(sum(&[0xFF, 0xFF]), 0);
    }

    proptest! {
        #[test]
        fn valid_stays_valid_and_every_value_comes_back(
            old in prop::collection::vec(any::<u8>(), 1..64), seed: u8, c: u16,
        ) {
            let new: Vec<u8> = old.iter().map(|b| b.wrapping_mul(3).wrapping_add(seed)).collect();
            let there = Delta::default().old(&old).new(&new);
            let back = Delta::default().old(&new).new(&old);
            prop_assert_eq!(back.apply(there.apply(c)), c);
            prop_assert_eq!(back.apply_udp(there.apply_udp(c)), c);
            prop_assert_eq!(there.apply_udp(c) == 0, c == 0);
            let valid = |sum: u16, c: u16| (u32::from(sum) + u32::from(c)) % 0xFFFF == 0;
            let right = !sum(&old);
            prop_assert!(valid(sum(&old), right) && valid(sum(&new), there.apply(right)));
            let right = if right == 0 { 0xFFFF } else { right };
            prop_assert!(valid(sum(&new), there.apply_udp(right)));
        }
    }
}
