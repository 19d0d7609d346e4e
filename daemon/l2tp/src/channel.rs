//! Reliable delivery of control messages (RFC 2661 section 5.8 and appendix A): numbers, acknowledgements,
//! retransmission, slow start.
//!
//! An acknowledgement is owed, not sent, when a message arrives: whatever is sent next carries it, and where nothing
//! is, the owner asks for a ZLB once it has dealt with all that arrived. So an answer that is made at once, which most
//! are, saves the ZLB, and no acknowledgement waits for a timer.
//!
//! What is lost is sent again from the oldest message on (go-back-N), since a peer may drop what arrives out of order.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::config::Config;
use crate::wire::Header;

/// The window of a peer that does not state one (section 4.4.3, Receive Window Size).
const DEFAULT_WINDOW: u16 = 4;

/// Half the numbers: what is further ahead is behind (section 5.8).
const HALF: u16 = 0x8000;

/// The longest message kept while earlier ones are missing. Real ones are a tenth of that; longer ones come again.
const MAX_HELD: usize = 2048;

/// The least time between retransmissions, whatever is configured.
const MIN_RESTART: Duration = Duration::from_millis(10);

/// What a message with AVPs that arrived is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The one expected: to be acted upon.
    Next,
    /// Kept until those before it have come.
    Held,
    /// It came before.
    Duplicate,
    /// Too far ahead, or too long to be kept.
    Dropped,
}

/// A message that arrived before its turn.
#[derive(Debug)]
pub(crate) struct Held {
    /// The session id in its header.
    pub session: u16,
    /// Its AVPs.
    pub avps: Box<[u8]>,
}

/// What the retransmission timer came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retransmission {
    /// Not due.
    Wait,
    /// Sent again.
    Again,
    /// The peer did not answer that many transmissions.
    Exhausted(u32),
}

/// One end of a control connection's message stream.
#[derive(Debug)]
pub(crate) struct Channel {
    // Sending. The queue holds every message not acknowledged, the oldest first; its number is `oldest`.
    queue: VecDeque<Vec<u8>>,
    oldest: u16,
    /// Messages of the queue that were sent once, at least.
    sent: usize,
    /// ... and that count as under way.
    under_way: usize,
    peer_window: u16,
    congestion_window: u16,
    slow_start_threshold: u16,
    /// Acknowledgements since the congestion window last grew, above the threshold.
    acknowledged: u16,
    due: Option<Duration>,
    interval: Duration,
    attempts: u32,
    restart: Duration,
    restart_cap: Duration,
    retries: u32,
    retransmissions: u64,
    // Receiving.
    expected: u16,
    held: BTreeMap<u16, Held>,
    window: u16,
    acknowledgement_owed: bool,
    /// Messages to put on the wire.
    outbox: VecDeque<Vec<u8>>,
}

impl Channel {
    pub fn new(config: &Config) -> Self {
        let restart = config.restart.max(MIN_RESTART);
        Self {
            queue: VecDeque::new(),
            oldest: 0,
            sent: 0,
            under_way: 0,
            peer_window: DEFAULT_WINDOW,
            congestion_window: 1,
            slow_start_threshold: DEFAULT_WINDOW,
            acknowledged: 0,
            due: None,
            interval: restart,
            attempts: 0,
            restart,
            restart_cap: config.restart_cap.max(restart),
            retries: config.retries,
            retransmissions: 0,
            expected: 0,
            held: BTreeMap::new(),
            window: config.receive_window.clamp(1, HALF),
            acknowledgement_owed: false,
            outbox: VecDeque::new(),
        }
    }

    /// The peer's Receive Window Size. 0 would never let anything through; the least that makes sense is meant.
    pub fn set_peer_window(&mut self, window: Option<u16>) {
        self.peer_window = window.unwrap_or(DEFAULT_WINDOW).clamp(1, HALF);
        self.slow_start_threshold = self.peer_window;
        self.congestion_window = self.congestion_window.min(self.peer_window);
    }

    /// How often a message is sent again before the peer counts as gone.
    pub fn set_retries(&mut self, retries: u32) {
        self.retries = retries;
    }

    /// Sends a message, as soon as the windows let it. Its numbers are filled in.
    pub fn send(&mut self, now: Duration, message: Vec<u8>) {
        self.queue.push_back(message);
        self.advance(now);
    }

    /// Messages that were never sent are not to be: the control connection ends.
    pub fn forget_unsent(&mut self) {
        self.queue.truncate(self.sent);
    }

    /// The peer takes no message any more.
    pub fn forget_all(&mut self) {
        // Its last acknowledgement may be on its way still: the numbers stay what they are.
        self.oldest = self.oldest.wrapping_add(self.sent as u16);
        self.queue.clear();
        self.sent = 0;
        self.under_way = 0;
        self.due = None;
    }

    /// Messages that are not acknowledged yet.
    pub fn backlog(&self) -> usize {
        self.queue.len()
    }

    /// How often the oldest message was sent in vain so far; 0 where all are acknowledged.
    pub fn unanswered(&self) -> u32 {
        match self.sent {
            0 => 0,
            _ => self.attempts + 1,
        }
    }

    /// Messages that may be under way.
    pub fn window(&self) -> u16 {
        self.congestion_window.min(self.peer_window)
    }

    pub fn retransmissions(&self) -> u64 {
        self.retransmissions
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn due(&self) -> Option<Duration> {
        self.due
    }

    /// The next message to put on the wire.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.outbox.pop_front()
    }

    pub fn owes_acknowledgement(&self) -> bool {
        self.acknowledgement_owed
    }

    /// The numbers of a ZLB, if an acknowledgement is owed.
    pub fn acknowledge(&mut self) -> Option<(u16, u16)> {
        let is_owed = std::mem::take(&mut self.acknowledgement_owed);
        // A ZLB takes no number: it carries the one of the next message (section 5.8).
        is_owed.then(|| (self.oldest.wrapping_add(self.sent as u16), self.expected))
    }

    /// Takes note of what the peer has received, by the Nr of any message of its.
    pub fn acknowledged(&mut self, now: Duration, nr: u16) {
        let count = usize::from(nr.wrapping_sub(self.oldest));
        if count == 0 || count > self.sent {
            return;
        }
        self.queue.drain(..count);
        self.oldest = nr;
        self.sent -= count;
        self.under_way = self.under_way.saturating_sub(count);
        for _ in 0..count {
            self.grow();
        }
        self.attempts = 0;
        self.interval = self.restart;
        self.due = (self.under_way > 0).then(|| now.saturating_add(self.interval));
        self.advance(now);
    }

    /// Slow start below the threshold, congestion avoidance above it (appendix A).
    fn grow(&mut self) {
        if self.congestion_window >= self.peer_window {
            return;
        }
        self.acknowledged += 1;
        let enough = match self.congestion_window < self.slow_start_threshold {
            true => 1,
            false => self.congestion_window,
        };
        if self.acknowledged >= enough {
            self.acknowledged = 0;
            self.congestion_window += 1;
        }
    }

    /// Sends what the windows let through.
    fn advance(&mut self, now: Duration) {
        let window = self.window().into();
        while self.under_way < window
            && let Some(message) = self.queue.get_mut(self.under_way)
        {
            let ns = self.oldest.wrapping_add(self.under_way as u16);
            Header::number(message, ns, self.expected);
            self.outbox.push_back(message.clone());
            self.acknowledgement_owed = false;
            if self.under_way < self.sent {
                self.retransmissions += 1;
            } else {
                self.sent += 1;
            }
            self.under_way += 1;
        }
        if self.under_way > 0 && self.due.is_none() {
            self.due = Some(now.saturating_add(self.interval));
        }
    }

    /// Sends again what is not acknowledged, if that is due.
    pub fn handle_timeout(&mut self, now: Duration) -> Retransmission {
        if self.due.is_none_or(|due| due > now) {
            return Retransmission::Wait;
        }
        self.attempts += 1;
        if self.attempts > self.retries {
            self.due = None;
            return Retransmission::Exhausted(self.attempts);
        }
        self.slow_start_threshold = (self.window() / 2).max(1);
        self.congestion_window = 1;
        self.acknowledged = 0;
        self.under_way = 0;
        self.interval = self.interval.saturating_mul(2).min(self.restart_cap);
        self.due = Some(now.saturating_add(self.interval));
        self.advance(now);
        Retransmission::Again
    }

    /// A message with AVPs arrived. After [`Arrival::Next`], those that waited for it are to be taken too.
    pub fn arrived(&mut self, ns: u16, session: u16, avps: &[u8]) -> Arrival {
        let ahead = ns.wrapping_sub(self.expected);
        if ahead >= HALF {
            self.acknowledgement_owed = true;
            return Arrival::Duplicate;
        }
        if ahead == 0 {
            self.expected = self.expected.wrapping_add(1);
            self.acknowledgement_owed = true;
            return Arrival::Next;
        }
        if ahead >= self.window || avps.len() > MAX_HELD {
            return Arrival::Dropped;
        }
        self.held.entry(ns).or_insert_with(|| Held {
            session,
            avps: avps.into(),
        });
        Arrival::Held
    }

    /// Whether a message of this number would be [`Arrival::Next`].
    pub fn expects(&self, ns: u16) -> bool {
        ns == self.expected
    }

    /// The next message, if it came before its turn.
    pub fn take_held(&mut self) -> Option<Held> {
        let held = self.held.remove(&self.expected)?;
        self.expected = self.expected.wrapping_add(1);
        self.acknowledgement_owed = true;
        Some(held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    fn channel() -> Channel {
        Channel::new(&Config {
            receive_window: 4,
            retries: 3,
            ..Config::default()
        })
    }

    fn message() -> Vec<u8> {
        Header {
            tunnel: 1,
            session: 0,
            ns: 0,
            nr: 0,
        }
        .emit(0)
        .to_vec()
    }

    /// Ns and Nr of what was sent.
    fn sent(channel: &mut Channel) -> Vec<(u16, u16)> {
        std::iter::from_fn(|| channel.poll_transmit())
            .map(|message| Header::parse(&message).unwrap().0)
            .map(|header| (header.ns, header.nr))
            .collect()
    }

    #[test]
    fn the_window_opens_with_acknowledgements() {
        let mut channel = channel();
        for _ in 0..12 {
            channel.send(s(0), message());
        }
        assert_eq!(sent(&mut channel), [(0, 0)]);
        channel.acknowledged(s(0), 1);
        assert_eq!(sent(&mut channel), [(1, 0), (2, 0)]);
        channel.acknowledged(s(0), 3);
        assert_eq!(sent(&mut channel).len(), 4);
        // No further than the peer's window.
        channel.acknowledged(s(0), 7);
        assert_eq!(sent(&mut channel), [(7, 0), (8, 0), (9, 0), (10, 0)]);
        assert_eq!(channel.window(), 4);
    }

    #[test]
    fn what_is_lost_is_sent_again_less_and_less_often() {
        let mut channel = channel();
        channel.set_peer_window(Some(16));
        channel.send(s(0), message());
        channel.acknowledged(s(0), 1);
        channel.send(s(0), message());
        channel.send(s(0), message());
        assert_eq!(sent(&mut channel).len(), 3);
        assert_eq!(channel.due(), Some(s(1)));
        assert_eq!(
            channel.handle_timeout(Duration::from_millis(999)),
            Retransmission::Wait
        );
        for due in [1, 3, 7] {
            assert_eq!(channel.due(), Some(s(due)));
            assert_eq!(channel.handle_timeout(s(due)), Retransmission::Again);
            assert_eq!(sent(&mut channel), [(1, 0)], "one only, the oldest");
        }
        assert_eq!(channel.due(), Some(s(15)), "8 s are the cap");
        assert_eq!(channel.handle_timeout(s(15)), Retransmission::Exhausted(4));
        assert_eq!(channel.retransmissions(), 3);
    }

    #[test]
    fn progress_starts_the_timer_and_the_count_anew() {
        let mut channel = channel();
        channel.set_peer_window(Some(16));
        channel.send(s(0), message());
        channel.acknowledged(s(0), 1);
        channel.send(s(0), message());
        channel.send(s(0), message());
        channel.handle_timeout(s(1));
        channel.handle_timeout(s(3));
        sent(&mut channel);
        // The peer had kept the second one: both are acknowledged, though one only was sent again.
        channel.acknowledged(s(4), 3);
        assert_eq!((channel.backlog(), channel.due()), (0, None));
        channel.send(s(5), message());
        assert_eq!(channel.due(), Some(s(6)));
        // Past half of what it was, the window grows slowly.
        assert_eq!(channel.window(), 2);
    }

    #[test]
    fn an_acknowledgement_of_what_was_never_sent_is_nothing() {
        let mut channel = channel();
        channel.send(s(0), message());
        channel.send(s(0), message());
        channel.acknowledged(s(0), 2);
        channel.acknowledged(s(0), 0xFFFF);
        assert_eq!(channel.backlog(), 2);
    }

    #[test]
    fn messages_are_acted_upon_once_and_in_order() {
        let mut channel = channel();
        assert_eq!(channel.arrived(1, 7, b"second"), Arrival::Held);
        assert_eq!(channel.arrived(1, 7, b"second"), Arrival::Held);
        assert!(channel.take_held().is_none());
        assert!(!channel.owes_acknowledgement(), "nothing in turn yet");
        assert_eq!(channel.arrived(0, 0, b"first"), Arrival::Next);
        let held = channel.take_held().unwrap();
        assert_eq!((held.session, &*held.avps), (7, &b"second"[..]));
        assert!(channel.take_held().is_none());
        assert_eq!(channel.acknowledge(), Some((0, 2)));
        assert_eq!(channel.acknowledge(), None);
        assert_eq!(channel.arrived(0, 0, b"first"), Arrival::Duplicate);
        assert_eq!(channel.acknowledge(), Some((0, 2)));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut channel = channel();
        assert_eq!(
            channel.arrived(4, 0, b"beyond the window"),
            Arrival::Dropped
        );
        assert_eq!(channel.arrived(3, 0, &[0; MAX_HELD + 1]), Arrival::Dropped);
        assert_eq!(channel.arrived(3, 0, b"the last"), Arrival::Held);
        assert_eq!(channel.arrived(0x7FFF, 0, b"ahead"), Arrival::Dropped);
        assert_eq!(channel.arrived(0x8000, 0, b"behind"), Arrival::Duplicate);
    }

    #[test]
    fn an_answer_carries_the_acknowledgement() {
        let mut channel = channel();
        channel.arrived(0, 0, b"request");
        channel.send(s(0), message());
        assert_eq!(sent(&mut channel), [(0, 1)]);
        assert_eq!(channel.acknowledge(), None);
    }

    #[test]
    fn numbers_wrap() {
        let mut channel = channel();
        for number in 0..70_000u32 {
            channel.send(s(0), message());
            assert_eq!(sent(&mut channel), [(number as u16, number as u16)]);
            channel.acknowledged(s(0), (number + 1) as u16);
            assert_eq!(channel.arrived(number as u16, 0, b"x"), Arrival::Next);
        }
    }
}
