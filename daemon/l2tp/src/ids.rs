//! Tunnel and session ids: dense, so that a host can index tables by them, and not used again at once, so that late
//! packets of what is gone hit nothing new.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// The highest id given out. The one above names nothing, and stands where an id is needed for something refused.
const MAX: u16 = u16::MAX - 1;

/// An id that is never given out.
pub(crate) const NOBODY: u16 = u16::MAX;

/// The ids of one kind.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    /// Every id up to this was given out once.
    highest: u16,
    free: BTreeSet<u16>,
    /// With the time when each is free, in the order in which they were put to rest.
    resting: VecDeque<(Duration, u16)>,
}

impl Ids {
    /// The lowest free id. Where all others are in use, the one that rested longest; `None` where none rests either.
    pub fn take(&mut self, now: Duration) -> Option<u16> {
        while let Some((_, id)) = self.resting.pop_front_if(|(until, _)| *until <= now) {
            self.free.insert(id);
        }
        if let Some(id) = self.free.pop_first() {
            return Some(id);
        }
        if self.highest < MAX {
            self.highest += 1;
            return Some(self.highest);
        }
        self.resting.pop_front().map(|(_, id)| id)
    }

    /// An id is out of use, and rests until `until`.
    pub fn rest(&mut self, until: Duration, id: u16) {
        self.resting.push_back((until, id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn ids_are_dense_and_rest_before_they_are_used_again() {
        let mut ids = Ids::default();
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
        let mut ids = Ids::default();
        assert!((1..=MAX).all(|id| ids.take(s(0)) == Some(id)));
        assert_eq!(ids.take(s(0)), None);
        ids.rest(s(31), 7);
        ids.rest(s(31), 3);
        assert_eq!([1, 2, 3].map(|_| ids.take(s(1))), [Some(7), Some(3), None]);
    }
}
