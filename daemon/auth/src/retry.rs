//! When to say something again, and when to give up.

use core::time::Duration;

/// The timer of something that is repeated until it is answered. Whoever makes one says it the first time.
#[derive(Debug)]
pub(crate) struct Retry {
    due: Duration,
    every: Duration,
    left: u32,
}

/// What the timer wants done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Tick {
    /// Nothing yet.
    Wait,
    /// Say it again.
    Again,
    /// Nobody answered in time.
    Exhausted,
}

impl Retry {
    /// For something just said, to be said `tries` times in all.
    pub fn new(now: Duration, every: Duration, tries: u32) -> Self {
        Self {
            due: now.saturating_add(every),
            every,
            left: tries.saturating_sub(1),
        }
    }

    pub fn due(&self) -> Duration {
        self.due
    }

    pub fn tick(&mut self, now: Duration) -> Tick {
        if now < self.due {
            Tick::Wait
        } else if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            self.due = now.saturating_add(self.every);
            Tick::Again
        } else {
            Tick::Exhausted
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_it_as_often_as_asked_then_gives_up() {
        let second = Duration::from_secs(1);
        let mut retry = Retry::new(Duration::ZERO, second, 3);
        assert_eq!(retry.tick(Duration::ZERO), Tick::Wait);
        assert_eq!(retry.tick(second), Tick::Again);
        assert_eq!(retry.tick(second), Tick::Wait);
        assert_eq!(retry.tick(2 * second), Tick::Again);
        assert_eq!(retry.tick(3 * second), Tick::Exhausted);
    }
}
