//! Asynchronous HDLC-like framing (RFC 1662), as pppd speaks it over a pty.

use alloc::vec::Vec;

const FLAG: u8 = 0x7E;
const ESCAPE: u8 = 0x7D;
const GOOD_FCS: u16 = 0xF0B8;

/// The 16-bit frame check sequence over `bytes`, continued from `fcs` (RFC 1662 appendix C.2).
fn fcs16(fcs: u16, bytes: &[u8]) -> u16 {
    bytes.iter().fold(fcs, |fcs, byte| {
        (0..8).fold(fcs ^ u16::from(*byte), |fcs, _| {
            if fcs & 1 == 1 {
                (fcs >> 1) ^ 0x8408
            } else {
                fcs >> 1
            }
        })
    })
}

/// Appends `frame` (from its address field or protocol field on) to `out`, escaped, between flags.
///
/// `accm` is the peer's Async-Control-Character-Map: bit n set means that control character n is
/// escaped. Before LCP is Opened it is `u32::MAX`.
pub fn encode(frame: &[u8], accm: u32, out: &mut Vec<u8>) {
    let fcs = !fcs16(0xFFFF, frame);
    out.push(FLAG);
    for &byte in frame.iter().chain(&fcs.to_le_bytes()) {
        let control = byte < 0x20 && accm >> byte & 1 == 1;
        if control || byte == FLAG || byte == ESCAPE {
            out.extend([ESCAPE, byte ^ 0x20]);
        } else {
            out.push(byte);
        }
    }
    out.push(FLAG);
}

/// What became of the bytes between two flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// A whole frame whose FCS was right, the FCS taken off.
    Frame(&'a [u8]),
    /// Bytes that were no frame: aborted, too short, too long, or with a wrong FCS.
    Damaged,
}

/// Takes a byte stream apart into frames, in a buffer that never grows past the limit given.
#[derive(Debug)]
pub struct Decoder {
    buffer: Vec<u8>,
    limit: usize,
    escaped: bool,
    overrun: bool,
    /// A frame was handed out and stays in the buffer until the next byte.
    done: bool,
}

impl Decoder {
    /// A decoder for frames of at most `limit` bytes, FCS not counted.
    pub fn new(limit: usize) -> Self {
        let buffer = Vec::with_capacity(limit + 2);
        Self {
            buffer,
            limit: limit + 2,
            escaped: false,
            overrun: false,
            done: false,
        }
    }

    /// Takes one byte; returns what it completes.
    pub fn push(&mut self, byte: u8) -> Option<Decoded<'_>> {
        if self.done {
            self.buffer.clear();
            self.done = false;
        }
        match byte {
            FLAG => return self.finish(),
            ESCAPE if !self.escaped => self.escaped = true,
            _ if self.buffer.len() == self.limit => self.overrun = true,
            _ => {
                let mask = if core::mem::take(&mut self.escaped) {
                    0x20
                } else {
                    0
                };
                self.buffer.push(byte ^ mask);
            }
        }
        None
    }

    fn finish(&mut self) -> Option<Decoded<'_>> {
        let aborted = core::mem::take(&mut self.escaped);
        let overrun = core::mem::take(&mut self.overrun);
        self.done = true;
        if self.buffer.is_empty() && !aborted && !overrun {
            return None;
        }
        let good = self.buffer.len() > 2 && fcs16(0xFFFF, &self.buffer) == GOOD_FCS;
        Some(if good && !aborted && !overrun {
            Decoded::Frame(&self.buffer[..self.buffer.len() - 2])
        } else {
            Decoded::Damaged
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(bytes: &[u8], limit: usize) -> Vec<Option<Vec<u8>>> {
        let mut decoder = Decoder::new(limit);
        let mut frames = Vec::new();
        for byte in bytes {
            match decoder.push(*byte) {
                Some(Decoded::Frame(frame)) => frames.push(Some(frame.to_vec())),
                Some(Decoded::Damaged) => frames.push(None),
                None => {}
            }
        }
        frames
    }

    #[test]
    fn the_check_value_of_the_crc_catalogue() {
        assert_eq!(!fcs16(0xFFFF, b"123456789"), 0x906E);
    }

    #[test]
    fn flags_escapes_and_control_characters_are_escaped() {
        let mut out = Vec::new();
        encode(&[0x7E, 0x7D, 0x01, 0x11, 0x41], 1 << 0x11, &mut out);
        assert_eq!(out[..8], [0x7E, 0x7D, 0x5E, 0x7D, 0x5D, 0x01, 0x7D, 0x31]);
    }

    #[test]
    fn damage_is_told_and_the_next_frame_still_comes() {
        let mut out = Vec::new();
        encode(b"first", 0, &mut out);
        out[2] ^= 1;
        encode(b"second", 0, &mut out);
        out.extend([0x41, ESCAPE, FLAG]);
        encode(b"third, which is too long", 0, &mut out);
        assert_eq!(
            decode(&out, 10),
            [None, Some(b"second".to_vec()), None, None]
        );
    }

    proptest! {
        #[test]
        fn what_was_encoded_decodes(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..200), 0..5),
            accm: u32,
        ) {
            let mut out = Vec::new();
            frames.iter().for_each(|frame| encode(frame, accm, &mut out));
            prop_assert_eq!(decode(&out, 200), frames.into_iter().map(Some).collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes_are_taken(bytes: Vec<u8>) {
            decode(&bytes, 16);
        }
    }
}
