//! A packet in a caller's buffer, with room before and after it.

use super::Refused;
use core::ops::Range;

/// Bytes that scrambling may add before a packet: HEADER's word and protocol, and a compressed
/// protocol field that becomes two bytes.
pub const HEADROOM: usize = 7;
/// Bytes that scrambling may add after a packet: FULL's tag.
pub const TAILROOM: usize = 16;

/// A PPP frame in a caller's buffer. Its front and back move; the buffer never does.
#[derive(Debug)]
pub struct Packet<'b> {
    storage: &'b mut [u8],
    start: usize,
    end: usize,
}

impl<'b> Packet<'b> {
    /// The frame that lies at `frame` in `storage`; [`HEADROOM`] and [`TAILROOM`] around it let every
    /// transform succeed. The rest of `storage` is the packet's to write to.
    ///
    /// # Panics
    /// Where `frame` is no range of `storage`.
    pub fn new(storage: &'b mut [u8], frame: Range<usize>) -> Self {
        assert!(frame.start <= frame.end && frame.end <= storage.len());
        Self {
            storage,
            start: frame.start,
            end: frame.end,
        }
    }

    /// Where the frame lies in the buffer now.
    pub const fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// The frame's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.storage[self.start..self.end]
    }

    /// The frame's bytes, to change.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.storage[self.start..self.end]
    }

    /// Puts `header` before the frame.
    ///
    /// # Errors
    /// `Refused::NoRoom` where the buffer has less room than that before the frame.
    pub fn push_front(&mut self, header: &[u8]) -> Result<(), Refused> {
        let start = self
            .start
            .checked_sub(header.len())
            .ok_or(Refused::NoRoom)?;
        self.storage[start..self.start].copy_from_slice(header);
        self.start = start;
        Ok(())
    }

    /// Puts `trailer` behind the frame.
    ///
    /// # Errors
    /// `Refused::NoRoom` where the buffer has less room than that behind the frame.
    pub fn push_back(&mut self, trailer: &[u8]) -> Result<(), Refused> {
        let end = self.end + trailer.len();
        self.storage
            .get_mut(self.end..end)
            .ok_or(Refused::NoRoom)?
            .copy_from_slice(trailer);
        self.end = end;
        Ok(())
    }

    /// Takes `bytes` off the front.
    ///
    /// # Panics
    /// Where the frame has fewer.
    pub fn pull_front(&mut self, bytes: usize) {
        assert!(bytes <= self.end - self.start);
        self.start += bytes;
    }

    /// Keeps the first `len` bytes.
    ///
    /// # Panics
    /// Where the frame has fewer.
    pub fn truncate(&mut self, len: usize) {
        assert!(len <= self.end - self.start);
        self.end = self.start + len;
    }

    /// Gives the `middle` of the frame to `change` as a packet of its own, with [`HEADROOM`] before it
    /// and all of the buffer's room behind it, and closes what is around it up again. `None` where
    /// the buffer has not [`HEADROOM`] and [`TAILROOM`] around the frame.
    pub(crate) fn with_middle<R>(
        &mut self,
        middle: Range<usize>,
        change: impl FnOnce(&mut Packet<'_>) -> R,
    ) -> Option<R> {
        let front = self.start.checked_sub(HEADROOM)?;
        let back = self.storage.len();
        if back - self.end < TAILROOM {
            return None;
        }
        let inner = self.start + middle.start..self.start + middle.end;
        let (header, trailer) = (middle.start, self.end - inner.end);
        self.storage.copy_within(self.start..inner.start, front);
        self.storage
            .copy_within(inner.end..self.end, back - trailer);
        let room = front + header..back - trailer;
        let frame = inner.start - room.start..inner.end - room.start;
        let mut packet = Packet::new(&mut self.storage[room.clone()], frame);
        let outcome = change(&mut packet);
        let changed = room.start + packet.start..room.start + packet.end;
        self.start = changed.start - header;
        self.end = changed.end + trailer;
        self.storage.copy_within(front..front + header, self.start);
        self.storage.copy_within(back - trailer..back, changed.end);
        Some(outcome)
    }
}
