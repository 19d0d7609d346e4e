//! Host names as DECOY's hello form moves them: a permutation of all host names of one length.

use super::prf::{Input, Output, Prf};
use super::tuple::xor;

/// Shortest and longest name that is moved.
pub const LENGTHS: core::ops::RangeInclusive<usize> = 4..=64;
/// How often the permutation is repeated at most until it meets a host name.
pub const MAX_STEPS: usize = 4096;

const SYMBOLS: u8 = 38;
const HYPHEN: u8 = 36;
const DOT: u8 = 37;
const ROUNDS: core::ops::Range<u8> = 0..8;

/// A host name of the grammar, 4 to 64 bytes, as symbols: a-z are 0-25, 0-9 are 26-35, '-' is 36
/// and '.' is 37.
///
/// The grammar: labels of 1-63 letters, digits and hyphens, none first or last a hyphen; at least two
/// labels; the last one of 2-6 letters. Lower case only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostName {
    symbols: [u8; 64],
    len: u8,
}

impl HostName {
    /// Reads a name; `None` where it is not of the grammar.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if !LENGTHS.contains(&text.len()) {
            return None;
        }
        let mut name = Self {
            symbols: [0; 64],
            len: text.len() as u8,
        };
        for (symbol, byte) in name.symbols.iter_mut().zip(text) {
            *symbol = match byte {
                b'a'..=b'z' => byte - b'a',
                b'0'..=b'9' => byte - b'0' + 26,
                b'-' => HYPHEN,
                b'.' => DOT,
                _ => return None,
            };
        }
        name.is_host_name().then_some(name)
    }

    /// Writes the name's bytes to `out`, which has its length.
    pub fn emit(&self, out: &mut [u8]) {
        for (byte, symbol) in out.iter_mut().zip(&self.symbols) {
            *byte = match symbol {
                0..26 => b'a' + symbol,
                26..36 => b'0' + symbol - 26,
                &HYPHEN => b'-',
                _ => b'.',
            };
        }
    }

    /// Moves the name; `None` where 4,096 steps meet no host name.
    pub fn permute(mut self, prf: Prf<'_>, tweak: &Tweak) -> Option<Self> {
        for _ in 0..MAX_STEPS {
            ROUNDS.for_each(|round| self.round(prf, tweak, round, |digit| digit));
            if self.is_host_name() {
                return Some(self);
            }
        }
        None
    }

    /// Undoes [`Self::permute`].
    pub fn restore(mut self, prf: Prf<'_>, tweak: &Tweak) -> Option<Self> {
        for _ in 0..MAX_STEPS {
            ROUNDS
                .rev()
                .for_each(|round| self.round(prf, tweak, round, |digit| SYMBOLS - digit));
            if self.is_host_name() {
                return Some(self);
            }
        }
        None
    }

    fn text(&self) -> &[u8] {
        &self.symbols[..self.len.into()]
    }

    fn is_host_name(&self) -> bool {
        let mut labels = 0;
        let mut last: &[u8] = &[];
        for label in self.text().split(|symbol| *symbol == DOT) {
            let hyphen_at_an_end = label.first() == Some(&HYPHEN) || label.last() == Some(&HYPHEN);
            if label.is_empty() || label.len() > 63 || hyphen_at_an_end {
                return false;
            }
            labels += 1;
            last = label;
        }
        labels >= 2 && (2..=6).contains(&last.len()) && last.iter().all(|symbol| *symbol < 26)
    }

    /// Even rounds change the second half by the first, odd ones the first by the second.
    fn round(&mut self, prf: Prf<'_>, tweak: &Tweak, round: u8, signed: impl Fn(u8) -> u8) {
        let len = self.len;
        let (a, b) = self.symbols[..len.into()].split_at_mut(usize::from(len) / 2);
        let (other, changed) = if round.is_multiple_of(2) {
            (a, b)
        } else {
            (b, a)
        };
        let out = tweak.digits(prf, len, round, other);
        for (symbol, number) in changed.iter_mut().zip(out.chunks_exact(2)) {
            let number = u32::from(u16::from_be_bytes([number[0], number[1]]));
            let digit = ((u32::from(SYMBOLS) * number) >> 16) as u8;
            *symbol = (*symbol + signed(digit)) % SYMBOLS;
        }
    }
}

/// What a name's permutation depends on: low 4 bytes of the wire source | of the destination | wire
/// ports | 0^4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tweak(pub [u8; 16]);

impl Tweak {
    /// The PRF output that the digits come from: a chain over the 16-byte chunks of the other half.
    fn digits(&self, prf: Prf<'_>, len: u8, round: u8, other: &[u8]) -> Output {
        let mut t = self.0;
        let mut out = [0; 64];
        for (index, chunk) in other.chunks(16).enumerate() {
            let mut input: Input = [0; 32];
            for (byte, symbol) in input.iter_mut().zip(chunk) {
                *byte = symbol + 1;
            }
            xor(&mut input[..16], &t);
            input[16..21].copy_from_slice(&[len, index as u8, 6, 0, 8 + round]);
            out = prf.apply(&input);
            t.copy_from_slice(&out[..16]);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use proptest::prelude::*;

    #[test]
    fn the_grammar() {
        for good in [
            "t.co",
            "www.example.com",
            "a-b.c0.museum",
            "0.1.2.io",
            "xn--a.de",
        ] {
            assert!(HostName::parse(good.as_bytes()).is_some(), "{good}");
        }
        let long = [&[b'a'; 61][..], b".com"].concat();
        let bad: [&[u8]; 14] = [
            b"a.b",
            b"localhost",
            b"-a.com",
            b"a-.com",
            b"a..com",
            b".a.com",
            b"a.com.",
            b"a.c0m",
            b"a.toolongs",
            b"a.b.c",
            b"Example.com",
            b"a_b.com",
            b"1.2.3.4",
            &long,
        ];
        for bad in bad {
            assert!(
                HostName::parse(bad).is_none(),
                "{}",
                String::from_utf8_lossy(bad)
            );
        }
    }

    proptest! {
        #[test]
        fn names_move_to_names_of_the_same_length_and_come_back(
            text in "[a-z0-9]([a-z0-9-]{0,25}[a-z0-9])?(\\.[a-z0-9]{1,12}){0,2}\\.[a-z]{2,6}",
            secret: [u8; 16], tweak: [u8; 16],
        ) {
            prop_assume!(LENGTHS.contains(&text.len()));
            let name = HostName::parse(text.as_bytes()).unwrap();
            let (prf, tweak) = (Prf::new(&secret), Tweak(tweak));
            let moved = name.permute(prf, &tweak).unwrap();
            let mut bytes = [0; 64];
            moved.emit(&mut bytes[..text.len()]);
            prop_assert_eq!(HostName::parse(&bytes[..text.len()]), Some(moved));
            prop_assert_eq!(moved.restore(prf, &tweak), Some(name));
        }
    }
}
