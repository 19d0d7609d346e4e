//! A sliding window that tells sequence numbers that were seen from those that were not.

/// How far behind the newest a packet may arrive.
pub const WINDOW: u32 = 1024;

/// A word more than the window, so that clearing the word that the newest number enters never clears
/// a number that may still arrive.
const WORDS: usize = WINDOW as usize / 64 + 1;

/// The window of one epoch in one direction.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// One more than the newest sequence number seen, so that 0 means none.
    next: u32,
    seen: [u64; WORDS],
}

impl Window {
    /// Whether `sequence` may still be accepted.
    pub fn admits(&self, sequence: u32) -> bool {
        if sequence >= self.next {
            return true;
        }
        self.next - sequence <= WINDOW && self.seen[Self::word(sequence)] & Self::bit(sequence) == 0
    }

    /// Remembers `sequence`, which was authentic and which [`Self::admits`].
    pub fn insert(&mut self, sequence: u32) {
        if sequence >= self.next {
            // Words that the window enters hold the marks of numbers that it has left behind.
            let first = self.next.div_ceil(64) as usize;
            let last = (sequence / 64) as usize;
            for word in (first..=last).take(WORDS) {
                self.seen[word % WORDS] = 0;
            }
            self.next = sequence + 1;
        }
        self.seen[Self::word(sequence)] |= Self::bit(sequence);
    }

    const fn word(sequence: u32) -> usize {
        (sequence / 64) as usize % WORDS
    }

    const fn bit(sequence: u32) -> u64 {
        1 << (sequence % 64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    proptest! {
        /// The window says what a set of every number ever seen would say.
        #[test]
        fn the_window_agrees_with_a_set(
            start in 0u32..1 << 28,
            steps in prop::collection::vec(-1200i64..1200, 0..400),
        ) {
            let (mut window, mut seen) = (Window::default(), BTreeSet::new());
            let mut at = i64::from(start);
            for step in steps {
                at = (at + step).clamp(0, (1 << 29) - 1);
                let number = at as u32;
                let newest = seen.last().copied();
                let in_window = newest.is_none_or(|newest: u32| number + WINDOW > newest);
                let fresh = in_window && !seen.contains(&number);
                prop_assert_eq!(window.admits(number), fresh, "{} after {:?}", number, newest);
                if fresh {
                    window.insert(number);
                    seen.insert(number);
                }
            }
        }
    }
}
