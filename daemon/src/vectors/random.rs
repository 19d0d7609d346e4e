//! Random frames of every kind, for comparing implementations beyond the fixed vectors.

use super::frames::{data, kinds};
use super::generate::complete;
use super::model::{CarrierName, EndName, HelloName, KeyVector, PacketVector, TransformName};
use scramble::agreement::EpochKeys;

/// A small generator (SplitMix64) whose numbers are the same everywhere for the same seed.
pub struct Random(u64);

impl Random {
    /// Starts from `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next() as u8)
    }

    /// `count` packets with keys of their own, each a frame of a random kind with some of its bytes
    /// changed and its length cut or stretched at times.
    pub fn packets(&mut self, count: usize) -> impl Iterator<Item = (KeyVector, PacketVector)> {
        let kinds = kinds();
        let longest = data(200);
        (0..count).map(move |i| {
            let mut frame = self.one_of(&kinds);
            self.disturb(&mut frame, &longest);
            let keys = EpochKeys {
                epoch: self.below(4) as u32,
                data_lower: self.bytes(),
                data_higher: self.bytes(),
                prp: self.bytes(),
            };
            let vector = PacketVector {
                name: format!("random {i}"),
                keys: format!("random {i}"),
                sender: self.one(&[EndName::Lower, EndName::Higher]),
                transform: self.one(&[
                    TransformName::Decoy,
                    TransformName::Decoy,
                    TransformName::Header,
                    TransformName::Full,
                ]),
                coverage: self.one(&[1, 2, 3, 9, 255]),
                carrier: self.one(&[CarrierName::Natural, CarrierName::Lcp]),
                sequence: self.below(1 << 29) as u32,
                hello: self.one(&[HelloName::Move, HelloName::Move, HelloName::Opaque]),
                plain: Some(frame.into()),
                wire: None,
                restored: None,
                refused: None,
            };
            let named = KeyVector::from((vector.keys.as_str(), &keys));
            (named, complete(vector, &keys))
        })
    }

    fn one_of(&mut self, kinds: &[super::frames::Kind]) -> Vec<u8> {
        let frame = &kinds[self.below(kinds.len())].frame;
        // Long frames cost a slow implementation much time and show little more than short ones.
        if frame.len() > 300 && self.below(4) != 0 {
            return frame[..300].to_vec();
        }
        frame.clone()
    }

    /// Changes bytes of the headers and the length.
    fn disturb(&mut self, frame: &mut Vec<u8>, tail: &[u8]) {
        for _ in 0..self.below(4) {
            if !frame.is_empty() {
                let at = self.below(frame.len().min(72));
                frame[at] = self.next() as u8;
            }
        }
        match self.below(8) {
            0 => frame.truncate(self.below(frame.len() + 1)),
            1 => frame.extend(&tail[..self.below(tail.len())]),
            _ => {}
        }
    }
}
