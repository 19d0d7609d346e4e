//! Tunnel and session ids. Neither is used again at once, so that late packets of what is gone hit nothing new.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// The highest id given out. The one above names nothing, and stands where an id is needed for something refused.
const MAX: u16 = u16::MAX - 1;

/// An id that is never given out.
pub(crate) const NOBODY: u16 = u16::MAX;

/// Tunnel ids: drawn at random, so that whoever forges a peer's address has to guess them.
#[derive(Debug)]
pub(crate) struct TunnelIds {
    free: Vec<u16>,
    resting: Resting,
}

impl TunnelIds {
    pub fn new() -> Self {
        Self {
            free: (1..=MAX).collect(),
            resting: Resting::default(),
        }
    }

    /// The free id that `random` falls on. Where all others are in use, the one that rested longest; `None` where none
    /// rests either.
    pub fn take(&mut self, now: Duration, random: u32) -> Option<u16> {
        while let Some(id) = self.resting.rested(now) {
            self.free.push(id);
        }
        // Scaled to the number of free ones: the product's upper half.
        let place = (u64::from(random) * self.free.len() as u64) >> u32::BITS;
        match self.free.is_empty() {
            false => Some(self.free.swap_remove(place as usize)),
            true => self.resting.longest(),
        }
    }

    /// An id is out of use, and rests until `until`.
    pub fn rest(&mut self, until: Duration, id: u16) {
        self.resting.enter(until, id);
    }
}

/// Session ids: dense, so that a host can index tables by them.
#[derive(Debug, Default)]
pub(crate) struct SessionIds {
    /// Every id up to this was given out once.
    highest: u16,
    free: BTreeSet<u16>,
    resting: Resting,
}

impl SessionIds {
    /// The lowest free id. Where all others are in use, the one that rested longest; `None` where none rests either.
    pub fn take(&mut self, now: Duration) -> Option<u16> {
        while let Some(id) = self.resting.rested(now) {
            self.free.insert(id);
        }
        if let Some(id) = self.free.pop_first() {
            return Some(id);
        }
        if self.highest < MAX {
            self.highest += 1;
            return Some(self.highest);
        }
        self.resting.longest()
    }

    /// An id is out of use, and rests until `until`.
    pub fn rest(&mut self, until: Duration, id: u16) {
        self.resting.enter(until, id);
    }
}

/// Ids with the time when each is free, in the order in which they were put to rest.
#[derive(Debug, Default)]
struct Resting(VecDeque<(Duration, u16)>);

impl Resting {
    fn enter(&mut self, until: Duration, id: u16) {
        self.0.push_back((until, id));
    }

    /// The next one that has rested enough.
    fn rested(&mut self, now: Duration) -> Option<u16> {
        let (_, id) = self.0.pop_front_if(|(until, _)| *until <= now)?;
        Some(id)
    }

    /// The one that has rested longest.
    fn longest(&mut self) -> Option<u16> {
        self.0.pop_front().map(|(_, id)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn session_ids_are_dense_and_rest_before_they_are_used_again() {
        let mut ids = SessionIds::default();
        assert_eq!([1, 2, 3].map(|_| ids.take(s(0)).unwrap()), [1, 2, 3]);
        ids.rest(s(31), 2);
        ids.rest(s(32), 1);
        assert_eq!(ids.take(s(30)), Some(4));
        assert_eq!(ids.take(s(31)), Some(2));
        assert_eq!(ids.take(s(31)), Some(5));
        assert_eq!(ids.take(s(99)), Some(1));
    }

    #[test]
    fn where_all_are_in_use_the_one_that_rested_longest_is_next() {
        let mut ids = SessionIds::default();
        assert!((1..=MAX).all(|id| ids.take(s(0)) == Some(id)));
        assert_eq!(ids.take(s(0)), None);
        ids.rest(s(31), 7);
        ids.rest(s(31), 3);
        assert_eq!([1, 2, 3].map(|_| ids.take(s(1))), [Some(7), Some(3), None]);
    }

    #[test]
    fn tunnel_ids_are_where_chance_falls_and_each_is_used_once() {
        let mut ids = TunnelIds::new();
        let half = u32::MAX / 2 + 1;
        let drawn = [0, u32::MAX, half].map(|random| ids.take(s(0), random).unwrap());
        assert_eq!(drawn, [1, MAX - 1, MAX / 2]);

        let mut all: BTreeSet<_> = drawn.into();
        // Any step will do that spreads over all of the range.
        let mut random = 0u32;
        while let Some(id) = ids.take(s(0), random) {
            assert!((1..=MAX).contains(&id) && all.insert(id), "{id}");
            random = random.wrapping_add(0x9E37_79B9);
        }
        assert_eq!(all.len(), usize::from(MAX));
    }

    #[test]
    fn tunnel_ids_rest_too() {
        let mut ids = TunnelIds::new();
        while ids.take(s(0), 0).is_some() {}
        ids.rest(s(31), 7);
        ids.rest(s(31), 3);
        ids.rest(s(62), 5);
        assert_eq!(ids.take(s(1), 0), Some(7), "none is free: at once");
        assert_eq!(ids.take(s(31), 0), Some(3));
        ids.rest(s(63), 3);
        assert_eq!(ids.take(s(62), u32::MAX), Some(5));
    }
}
