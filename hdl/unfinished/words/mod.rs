//! Records as words, fast enough for a million of them, and random numbers that come again.
#![allow(dead_code, reason = "each test uses what it needs")]

use rust_hdl::prelude::{Synth, TypeKind};
use std::collections::HashMap;

/// Where the fields of a record lie.
pub struct Layout {
    fields: HashMap<String, (usize, usize)>,
    bits: usize,
    words: usize,
}

impl Layout {
    /// That of `T`.
    pub fn of<T: Synth>() -> Self {
        let TypeKind::Composite(list) = T::descriptor().kind else {
            panic!("no record");
        };
        let mut fields = HashMap::new();
        let mut at = 0;
        for field in list {
            let (TypeKind::Bits(bits) | TypeKind::Signed(bits)) = field.kind.kind else {
                panic!("{} is no number", field.fieldname);
            };
            fields.insert(field.fieldname, (at, bits));
            at += bits;
        }
        Self {
            fields,
            bits: at,
            words: at.div_ceil(32),
        }
    }

    /// A record of zeros.
    pub fn zero(&self) -> Words<'_> {
        self.with(&vec![0; self.words])
    }

    /// What stands on a port.
    pub fn with(&self, words: &[u32]) -> Words<'_> {
        let mut padded = words.to_vec();
        padded.resize(self.words, 0);
        Words {
            layout: self,
            words: padded,
        }
    }

    /// The names of the fields.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    pub fn bits(&self, name: &str) -> usize {
        self.fields[name].1
    }
}

/// A record's value.
#[derive(Clone)]
pub struct Words<'l> {
    layout: &'l Layout,
    pub words: Vec<u32>,
}

impl Words<'_> {
    /// With random bits in every field.
    pub fn random(mut self, r: &mut Random) -> Self {
        self.words
            .iter_mut()
            .for_each(|word| *word = r.next() as u32);
        if !self.layout.bits.is_multiple_of(32) {
            *self.words.last_mut().expect("a record has bits") &=
                (1 << (self.layout.bits % 32)) - 1;
        }
        self
    }

    pub fn get(&self, name: &str) -> u64 {
        let (at, bits) = self.layout.fields[name];
        assert!(bits <= 64, "{name}");
        let mut value = 0u128;
        for (i, word) in (at / 32..=(at + bits - 1) / 32).enumerate() {
            value |= u128::from(self.words[word]) << (32 * i);
        }
        ((value >> (at % 32)) & ((1u128 << bits) - 1)) as u64
    }

    pub fn set(&mut self, name: &str, value: impl Into<u64>) -> &mut Self {
        let value = value.into();
        let (at, bits) = *self
            .layout
            .fields
            .get(name)
            .unwrap_or_else(|| panic!("{name}"));
        assert!(bits >= 64 || value >> bits == 0, "{name} {value:#x}");
        self.put(at, bits.min(64), value);
        self
    }

    fn put(&mut self, at: usize, bits: usize, value: u64) {
        let mask = ((1u128 << bits) - 1) << (at % 32);
        let value = u128::from(value) << (at % 32);
        for (i, word) in (at / 32..=(at + bits - 1) / 32).enumerate() {
            let (mask, value) = ((mask >> (32 * i)) as u32, (value >> (32 * i)) as u32);
            self.words[word] = self.words[word] & !mask | value & mask;
        }
    }

    pub fn set_bytes(&mut self, name: &str, bytes: &[u8]) -> &mut Self {
        let (at, bits) = self.layout.fields[name];
        assert!(bytes.len() * 8 <= bits, "{name}");
        for i in 0..bits / 8 {
            self.put(at + 8 * i, 8, bytes.get(i).copied().unwrap_or(0).into());
        }
        self
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        let (at, bits) = self.layout.fields[name];
        (0..bits / 8)
            .map(|i| {
                let at = at + 8 * i;
                let low = u64::from(self.words[at / 32]);
                let high = u64::from(self.words.get(at / 32 + 1).copied().unwrap_or(0));
                ((low | high << 32) >> (at % 32)) as u8
            })
            .collect()
    }
}

/// splitmix64
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    pub fn from(&mut self, start: u64, end: u64) -> u64 {
        start + self.below(end - start)
    }

    /// Once in `n`.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next() as u8)
    }

    /// A 16-bit number, the ends often.
    pub fn word(&mut self) -> u64 {
        match self.below(8) {
            0 => 0,
            1 => 65535,
            2 => [1, 65534, 0x80, 0xFF7F][self.below(4) as usize],
            _ => self.below(65536),
        }
    }
}
