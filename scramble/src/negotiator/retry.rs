//! A request that is repeated, byte for byte, until it is answered.

use alloc::vec::Vec;
use core::time::Duration;

/// A request under way. Whoever makes one sends it the first time.
pub(super) struct Retry {
    pub message: Vec<u8>,
    due: Duration,
    every: Duration,
    left: u32,
}

/// What a request wants done.
pub(super) enum Tick {
    /// Nothing yet.
    Wait,
    /// Send the message again.
    Again,
    /// Nobody answered in time.
    Exhausted,
}

impl Retry {
    /// `message`, just sent, to be sent `tries` times in all.
    pub fn new(now: Duration, message: Vec<u8>, every: Duration, tries: u32) -> Self {
        Self {
            message,
            due: now.saturating_add(every),
            every,
            left: tries.saturating_sub(1),
        }
    }

    pub fn identifier(&self) -> u8 {
        self.message.get(1).copied().unwrap_or_default()
    }

    pub fn due(&self) -> Duration {
        self.due
    }

    /// Counts the tries anew.
    pub fn refill(&mut self, tries: u32) {
        self.left = tries;
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
