//! Putting the start of a byte stream together from pieces in any order.

use std::ops::Range;

/// How much of a stream is looked at. Names come early: certificates are the last of them.
pub(super) const LIMIT: usize = 16 << 10;

/// How many gaps there may be.
const MAX_PIECES: usize = 64;

/// The first [`LIMIT`] bytes of a stream.
#[derive(Debug, Default, Clone)]
pub(super) struct Collector {
    data: Vec<u8>,
    /// What of `data` is there, in order and with gaps between.
    have: Vec<Range<usize>>,
}

impl Collector {
    /// Puts a piece in its place. What lies past the limit is left out.
    pub fn add(&mut self, at: usize, piece: &[u8]) {
        if at >= LIMIT || piece.is_empty() {
            return;
        }
        let piece = &piece[..piece.len().min(LIMIT - at)];
        let mut range = at..at + piece.len();
        if self.have.len() == MAX_PIECES && range.start > self.contiguous().len() {
            return;
        }
        if self.data.len() < range.end {
            self.data.resize(range.end, 0);
        }
        self.data[range.clone()].copy_from_slice(piece);
        self.have.retain(|old| {
            let apart = old.end < range.start || range.end < old.start;
            if !apart {
                range = range.start.min(old.start)..range.end.max(old.end);
            }
            apart
        });
        let place = self.have.partition_point(|old| old.start < range.start);
        self.have.insert(place, range);
    }

    /// The bytes from the start up to the first gap.
    pub fn contiguous(&self) -> &[u8] {
        match self.have.first() {
            Some(first) if first.start == 0 => &self.data[..first.end],
            _ => &[],
        }
    }

    /// How much memory it takes.
    pub fn size(&self) -> usize {
        self.data.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_in_any_order() {
        let mut c = Collector::default();
        c.add(4, b"ef");
        assert_eq!(c.contiguous(), b"");
        c.add(0, b"ab");
        assert_eq!(c.contiguous(), b"ab");
        c.add(1, b"bcde");
        assert_eq!(c.contiguous(), b"abcdef");
        c.add(LIMIT - 1, b"xyz");
        c.add(usize::MAX, b"xyz");
        assert_eq!(c.size(), LIMIT);
        assert_eq!(c.contiguous(), b"abcdef");
    }
}
