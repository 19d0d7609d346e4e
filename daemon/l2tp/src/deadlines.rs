//! When what is due: one deadline for each key, the earliest at hand.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Deadlines by key.
#[derive(Debug)]
pub(crate) struct Deadlines<K> {
    by_key: BTreeMap<K, Duration>,
    by_time: BTreeSet<(Duration, K)>,
}

impl<K> Default for Deadlines<K> {
    fn default() -> Self {
        Self {
            by_key: BTreeMap::new(),
            by_time: BTreeSet::new(),
        }
    }
}

impl<K: Copy + Ord> Deadlines<K> {
    /// Sets, moves or clears a deadline.
    pub fn set(&mut self, key: K, deadline: Option<Duration>) {
        let old = match deadline {
            Some(deadline) => self.by_key.insert(key, deadline),
            None => self.by_key.remove(&key),
        };
        if old == deadline {
            return;
        }
        if let Some(old) = old {
            self.by_time.remove(&(old, key));
        }
        if let Some(deadline) = deadline {
            self.by_time.insert((deadline, key));
        }
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Duration> {
        self.by_time.first().map(|(deadline, _)| *deadline)
    }

    /// Takes every key that is due, the earliest first.
    pub fn take_due(&mut self, now: Duration) -> Vec<K> {
        let mut due = Vec::new();
        while let Some(&(deadline, key)) = self.by_time.first() {
            if deadline > now {
                break;
            }
            self.set(key, None);
            due.push(key);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_one_deadline_and_the_earliest_comes_first() {
        let s = Duration::from_secs;
        let mut deadlines = Deadlines::default();
        deadlines.set('a', Some(s(5)));
        deadlines.set('b', Some(s(3)));
        deadlines.set('c', Some(s(4)));
        deadlines.set('b', Some(s(9)));
        deadlines.set('c', None);
        assert_eq!(deadlines.next(), Some(s(5)));
        deadlines.set('d', Some(s(1)));
        assert_eq!(deadlines.take_due(s(5)), ['d', 'a']);
        assert_eq!(deadlines.take_due(s(8)), []);
        assert_eq!(deadlines.next(), Some(s(9)));
    }
}
