//! The pipeline's records as words on a port, and back, by the names of their fields.
//!
//! ```
//! use fogline_hdl::records::{Edit, Parsed};
//! use fogline_sim::record::Record;
//! // model.set_wide("s_parsed", &parsed.words());
//! let parsed = Record::<Parsed>::new()
//!     .set("kind", 2)
//!     .set("length", 1514)
//!     .set_bytes("peer", &[192, 0, 2, 1]);
//! assert_eq!(parsed.get("length"), 1514);
//! assert_eq!(parsed.bytes("peer")[..5], [192, 0, 2, 1, 0]);
//! // let edit = Record::<Edit>::from_words(&model.get_wide("m_edit"));
//! let edit = Record::<Edit>::from_words(&Record::<Edit>::new().set("out_end", 60).words());
//! assert_eq!(edit.get("out_end"), 60);
//! assert_eq!(edit.differences(&Record::new()), ["out_end: 60, not 0"]);
//! ```

use rust_hdl::prelude::{Synth, TypeKind};
use std::fmt;
use std::marker::PhantomData;

/// A value of record `T`, as the bits of its port: the first field lowest.
pub struct Record<T> {
    words: Vec<u32>,
    layout: Vec<Field>,
    of: PhantomData<fn() -> T>,
}

#[derive(Clone, Debug)]
struct Field {
    name: String,
    at: usize,
    bits: usize,
}

impl<T: Synth> Record<T> {
    /// All fields 0.
    #[expect(
        clippy::new_without_default,
        reason = "Default is derived nowhere else"
    )]
    pub fn new() -> Self {
        Self::from_words(&[])
    }

    /// What stands on a port.
    ///
    /// # Panics
    /// Where there are more words than the record has.
    pub fn from_words(words: &[u32]) -> Self {
        let TypeKind::Composite(fields) = T::descriptor().kind else {
            panic!("{} is no record", T::descriptor().name);
        };
        let mut at = 0;
        let mut layout = Vec::new();
        for field in fields {
            let (TypeKind::Bits(bits) | TypeKind::Signed(bits)) = field.kind.kind else {
                panic!("{} is no number", field.fieldname);
            };
            layout.push(Field {
                name: field.fieldname.clone(),
                at,
                bits,
            });
            at += bits;
        }
        assert!(words.len() <= at.div_ceil(32), "more words than the record");
        let mut words = words.to_vec();
        words.resize(at.div_ceil(32), 0);
        Self {
            words,
            layout,
            of: PhantomData,
        }
    }

    /// What to put on the port.
    pub fn words(&self) -> Vec<u32> {
        self.words.clone()
    }

    /// Names of the fields, the lowest first.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.layout.iter().map(|field| field.name.as_str())
    }

    fn field(&self, name: &str) -> (usize, usize) {
        self.layout
            .iter()
            .find(|field| field.name == name)
            .map(|field| (field.at, field.bits))
            .unwrap_or_else(|| panic!("{} has no field {name}", T::descriptor().name))
    }

    /// This record with the number `value` in field `name`.
    ///
    /// # Panics
    /// Where there is no such field or the number does not fit.
    #[must_use]
    pub fn set(mut self, name: &str, value: u64) -> Self {
        let (at, bits) = self.field(name);
        assert!(
            bits >= 64 || value >> bits == 0,
            "{value:#x} does not fit the {bits} bits of {name}"
        );
        for bit in 0..bits {
            self.put_bit(at + bit, bit < 64 && value >> bit & 1 == 1);
        }
        self
    }

    /// This record with a byte string in field `name`, the first byte lowest; what is not given is 0.
    ///
    /// # Panics
    /// Where there is no such field or there are more bytes than it has.
    #[must_use]
    pub fn set_bytes(mut self, name: &str, bytes: &[u8]) -> Self {
        let (at, bits) = self.field(name);
        assert!(
            bytes.len() * 8 <= bits,
            "{} bytes in the {bits} bits of {name}",
            bytes.len()
        );
        for bit in 0..bits {
            let byte = bytes.get(bit / 8).copied().unwrap_or(0);
            self.put_bit(at + bit, byte >> (bit % 8) & 1 == 1);
        }
        self
    }

    /// The number in field `name`.
    ///
    /// # Panics
    /// Where there is no such field, or it has more than 64 bits.
    pub fn get(&self, name: &str) -> u64 {
        let (at, bits) = self.field(name);
        assert!(bits <= 64, "{name} is read as bytes");
        (0..bits).fold(0, |value, bit| value | u64::from(self.bit(at + bit)) << bit)
    }

    /// The byte string in field `name`.
    ///
    /// # Panics
    /// Where there is no such field.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        let (at, bits) = self.field(name);
        let mut bytes = vec![0; bits.div_ceil(8)];
        for bit in 0..bits {
            bytes[bit / 8] |= u8::from(self.bit(at + bit)) << (bit % 8);
        }
        bytes
    }

    /// The fields that differ from `expected`, each in words.
    pub fn differences(&self, expected: &Self) -> Vec<String> {
        self.layout
            .iter()
            .map(|field| (field, self.shown(field), expected.shown(field)))
            .filter(|(_, is, should)| is != should)
            .map(|(field, is, should)| format!("{}: {is}, not {should}", field.name))
            .collect()
    }

    fn shown(&self, field: &Field) -> String {
        if field.bits <= 32 {
            self.get(&field.name).to_string()
        } else {
            let hex: Vec<String> = self
                .bytes(&field.name)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            hex.concat()
        }
    }

    fn bit(&self, at: usize) -> bool {
        self.words[at / 32] >> (at % 32) & 1 == 1
    }

    fn put_bit(&mut self, at: usize, value: bool) {
        let (word, mask) = (&mut self.words[at / 32], 1 << (at % 32));
        *word = if value { *word | mask } else { *word & !mask };
    }
}

impl<T> Clone for Record<T> {
    fn clone(&self) -> Self {
        Self {
            words: self.words.clone(),
            layout: self.layout.clone(),
            of: PhantomData,
        }
    }
}

impl<T> PartialEq for Record<T> {
    fn eq(&self, other: &Self) -> bool {
        self.words == other.words
    }
}

impl<T: Synth> fmt::Debug for Record<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct(&T::descriptor().name);
        for field in &self.layout {
            shown.field(&field.name, &format_args!("{}", self.shown(field)));
        }
        shown.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fogline_hdl::records::{Descriptor, Event, Head};

    #[test]
    fn the_layout_is_rust_hdl_s() {
        let descriptor = Descriptor::default();
        let record = Record::<Descriptor>::new()
            .set("odd_slot", 0x1_2345u64)
            .set("queue", 0xBEEFu64);
        let shifted = |value: u128, at: usize| value << at;
        let expected = shifted(0x1_2345, descriptor.get_my_offset_odd_slot())
            | shifted(0xBEEF, descriptor.get_my_offset_queue());
        let words: Vec<u32> = (0..record.words().len())
            .map(|i| (expected >> (32 * i)) as u32)
            .collect();
        assert_eq!(record.words(), words);
        assert_eq!(record.get("odd_slot"), 0x1_2345);
    }

    #[test]
    fn byte_strings_stand_first_byte_lowest() {
        let head = Record::<Head>::new()
            .set_bytes("tuple", &[7; 44])
            .set_bytes("block", &[1, 2, 3]);
        assert_eq!(head.words()[11], 0x0003_0201);
        assert_eq!(head.bytes("block")[..4], [1, 2, 3, 0]);
        assert_eq!(head.bytes("tuple"), [7; 44]);
    }

    #[test]
    #[should_panic(expected = "does not fit the 4 bits of kind")]
    fn numbers_that_do_not_fit_are_refused() {
        let _ = Record::<Event>::new().set("kind", 16u64);
    }
}
