//! One thing after the other, so many a second.

use std::time::Duration;

use super::plan::Rate;

/// When the next one is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    interval: Duration,
    next: Duration,
}

impl Pace {
    /// What was missed is made up for, but not more than this: a program that was stopped for a while must not flood.
    const MEMORY: Duration = Duration::from_millis(200);

    /// The first one is due at `start`.
    pub fn new(rate: Rate, start: Duration) -> Self {
        Self {
            interval: rate.interval(),
            next: start,
        }
    }

    /// When [`take`](Self::take) will take one.
    pub fn due(&self) -> Duration {
        self.next
    }

    /// Takes one, if it is due.
    pub fn take(&mut self, now: Duration) -> bool {
        if self.next > now {
            return false;
        }
        self.next = (self.next + self.interval).max(now.saturating_sub(Self::MEMORY));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_pace_is_kept_and_a_long_pause_is_not_made_up_for() {
        let mut pace = Pace::new(Rate::new(100.0).unwrap(), ms(50));
        let mut taken = |at| (0..1000).filter(|_| pace.take(at)).count();
        assert_eq!(taken(ms(49)), 0);
        assert_eq!(taken(ms(50)), 1);
        assert_eq!(taken(ms(100)), 5);
        assert_eq!(taken(ms(10_100)), 21 + 1);
    }
}
