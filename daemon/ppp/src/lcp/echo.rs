//! Echo-Requests that find a dead link (RFC 1661 section 5.8).

use core::time::Duration;

use crate::config::Config;
use crate::event::Counters;

#[derive(Default)]
pub(super) struct Echo {
    due: Option<Duration>,
    /// The request under way, and when it was sent.
    sent: Option<(u8, Duration)>,
    /// Requests in a row without an answer.
    lost: u32,
    round_trip: Option<Duration>,
}

/// What is to be done now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tick {
    Wait,
    Send,
    /// The link is dead.
    Lost,
}

impl Echo {
    pub fn due(&self) -> Option<Duration> {
        self.due
    }

    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    pub fn start(&mut self, now: Duration, config: &Config) {
        *self = Self {
            due: config
                .lcp
                .echo_interval
                .map(|interval| now.saturating_add(interval)),
            round_trip: self.round_trip,
            ..Self::default()
        };
    }

    pub fn stop(&mut self) {
        self.due = None;
        self.sent = None;
    }

    pub fn tick(&mut self, now: Duration, config: &Config, counters: &mut Counters) -> Tick {
        let (Some(due), Some(interval)) = (self.due, config.lcp.echo_interval) else {
            return Tick::Wait;
        };
        if now < due {
            return Tick::Wait;
        }
        if self.sent.take().is_some() {
            counters.echoes_lost += 1;
            self.lost = self.lost.saturating_add(1);
        }
        if self.lost >= config.lcp.echo_failures {
            self.stop();
            return Tick::Lost;
        }
        // An interval of zero must not keep its host busy.
        self.due = Some(now.saturating_add(interval.max(Duration::from_millis(1))));
        Tick::Send
    }

    pub fn sent(&mut self, now: Duration, identifier: u8) {
        self.sent = Some((identifier, now));
    }

    /// Whether a reply with `identifier` was waited for.
    pub fn answered(&mut self, now: Duration, identifier: u8) -> bool {
        let sent = self.sent.take_if(|(waiting, _)| *waiting == identifier);
        if let Some((_, at)) = sent {
            self.round_trip = Some(now.saturating_sub(at));
            self.lost = 0;
        }
        sent.is_some()
    }
}
