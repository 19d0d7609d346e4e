//! Which session is due when. A session has one entry at most that counts; outdated ones are skipped when they come up.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// Deadlines of sessions by their index.
#[derive(Debug, Default)]
pub struct Timers {
    heap: BinaryHeap<Reverse<(Duration, u32)>>,
    /// The entry that counts for each session.
    armed: Vec<Option<Duration>>,
}

impl Timers {
    /// The session wants to be woken at `due`, or not at all. A later deadline than the armed one is noticed when the
    /// armed one comes up: [`due`](Self::due) then says so early, which does no harm.
    pub fn set(&mut self, session: u32, due: Option<Duration>) {
        let at = session as usize;
        if self.armed.len() <= at {
            self.armed.resize(at + 1, None);
        }
        match (due, self.armed[at]) {
            (Some(due), armed) if armed.is_none_or(|armed| due < armed) => {
                self.armed[at] = Some(due);
                self.heap.push(Reverse((due, session)));
            }
            _ => {}
        }
    }

    /// Forgets a session.
    pub fn clear(&mut self, session: u32) {
        if let Some(armed) = self.armed.get_mut(session as usize) {
            *armed = None;
        }
    }

    /// The earliest deadline.
    pub fn next(&mut self) -> Option<Duration> {
        while let Some(&Reverse((due, session))) = self.heap.peek() {
            if self.armed[session as usize] == Some(due) {
                return Some(due);
            }
            self.heap.pop();
        }
        None
    }

    /// A session whose deadline is not after `now`; the caller sets its next one.
    pub fn due(&mut self, now: Duration) -> Option<u32> {
        let due = self.next().filter(|due| *due <= now)?;
        let Reverse((_, session)) = self.heap.pop()?;
        debug_assert_eq!(self.armed[session as usize], Some(due));
        self.armed[session as usize] = None;
        Some(session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn sessions_come_up_in_order_and_once() {
        let mut timers = Timers::default();
        timers.set(4, Some(s(5)));
        timers.set(2, Some(s(3)));
        timers.set(4, Some(s(1)));
        assert_eq!(timers.next(), Some(s(1)));
        assert_eq!(timers.due(s(0)), None);
        assert_eq!(timers.due(s(9)), Some(4));
        assert_eq!(timers.due(s(9)), Some(2));
        assert_eq!(
            timers.due(s(9)),
            None,
            "the first entry of session 4 is outdated"
        );
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn a_later_deadline_keeps_the_early_wake_up() {
        let mut timers = Timers::default();
        timers.set(1, Some(s(1)));
        timers.set(1, Some(s(8)));
        assert_eq!(timers.due(s(1)), Some(1));
        timers.set(1, Some(s(8)));
        assert_eq!(timers.next(), Some(s(8)));
    }

    #[test]
    fn a_session_that_is_gone_does_not_come_up() {
        let mut timers = Timers::default();
        timers.set(1, Some(s(1)));
        timers.clear(1);
        assert_eq!(timers.due(s(9)), None);
    }
}
