//! A line: one subscriber of the load, and how far its call has come.

use std::net::Ipv4Addr;
use std::time::Duration;

use fogline_ppp::Phase;

use super::tally::Step;
use crate::calls::SessionKey;

/// Where a line's call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// There is none: none yet, or no more.
    Idle,
    /// L2TP sets it up.
    Calling,
    /// PPP comes up in it.
    Linking(SessionKey),
    /// It has an address.
    Up(SessionKey),
    /// It is about to be hung up on purpose: no more traffic.
    Leaving(SessionKey),
    /// It is being closed on purpose.
    Closing(SessionKey),
}

/// One subscriber.
#[derive(Debug)]
pub(super) struct Line {
    /// The control connection that its calls are in.
    pub tunnel: usize,
    pub state: State,
    /// Calls made so far: tells one from the next.
    pub calls: u32,
    pub marks: Marks,
    /// The address that it was given.
    pub address: Option<Ipv4Addr>,
    /// Its place among those that packets go to and come from.
    pub place: Option<usize>,
    /// Whether data goes scrambled, once that is decided.
    pub scrambled: Option<bool>,
}

impl Line {
    pub fn new(tunnel: usize) -> Self {
        Self {
            tunnel,
            state: State::Idle,
            calls: 0,
            marks: Marks::default(),
            address: None,
            place: None,
            scrambled: None,
        }
    }

    /// A call starts.
    pub fn start(&mut self, now: Duration) {
        self.state = State::Calling;
        self.calls = self.calls.wrapping_add(1);
        self.marks = Marks {
            start: now,
            ..Marks::default()
        };
        self.address = None;
        self.scrambled = None;
    }

    /// The call's session, where it has one.
    pub fn session(&self) -> Option<SessionKey> {
        match self.state {
            State::Idle | State::Calling => None,
            State::Linking(key) | State::Up(key) | State::Leaving(key) | State::Closing(key) => {
                Some(key)
            }
        }
    }
}

/// When a call reached what; each is noted once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks {
    start: Duration,
    call: Option<Duration>,
    lcp: Option<Duration>,
    authentication: Option<Duration>,
    scrambling: Option<Duration>,
}

impl Marks {
    /// The L2TP call is up.
    pub fn call_up(&mut self, now: Duration) {
        self.call.get_or_insert(now);
    }

    /// The link is in a phase.
    pub fn phase(&mut self, now: Duration, phase: Phase) {
        match phase {
            Phase::Authenticate => {
                self.lcp.get_or_insert(now);
            }
            Phase::Network => {
                self.lcp.get_or_insert(now);
                self.authentication.get_or_insert(now);
            }
            Phase::Dead | Phase::Establish | Phase::Terminate => {}
        }
    }

    /// It is decided whether data goes scrambled.
    pub fn decided(&mut self, now: Duration) {
        self.scrambling.get_or_insert(now);
    }

    /// The step that is under way.
    pub fn step(&self) -> Step {
        match self {
            Self { call: None, .. } => Step::Call,
            Self { lcp: None, .. } => Step::Lcp,
            Self {
                authentication: None,
                ..
            } => Step::Authentication,
            Self {
                scrambling: None, ..
            } => Step::Scrambling,
            _ => Step::Ipcp,
        }
    }

    /// How long each step took of a call that has its address now.
    pub fn steps(&self, now: Duration) -> [(Step, Duration); 6] {
        let reached = [
            self.call,
            self.lcp,
            self.authentication,
            self.scrambling,
            Some(now),
        ];
        let steps = [
            Step::Call,
            Step::Lcp,
            Step::Authentication,
            Step::Scrambling,
            Step::Ipcp,
        ];
        let mut taken = [(Step::Total, now.saturating_sub(self.start)); 6];
        let mut from = self.start;
        for ((step, at), taken) in steps.into_iter().zip(reached).zip(&mut taken) {
            let at = at.unwrap_or(from);
            *taken = (step, at.saturating_sub(from));
            from = at;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_add_up_to_the_whole() {
        let s = Duration::from_secs;
        let mut marks = Marks {
            start: s(10),
            ..Marks::default()
        };
        assert_eq!(marks.step(), Step::Call);
        marks.call_up(s(11));
        assert_eq!(marks.step(), Step::Lcp);
        marks.phase(s(13), Phase::Authenticate);
        assert_eq!(marks.step(), Step::Authentication);
        marks.phase(s(16), Phase::Network);
        assert_eq!(marks.step(), Step::Scrambling);
        marks.decided(s(20));
        assert_eq!(marks.step(), Step::Ipcp);
        let taken = marks.steps(s(25)).map(|(_, time)| time.as_secs());
        assert_eq!(taken, [1, 2, 3, 4, 5, 15]);
    }

    #[test]
    fn a_server_that_asks_nobody_takes_no_time_for_it() {
        let mut marks = Marks::default();
        marks.phase(Duration::from_secs(1), Phase::Network);
        let [_, _, (step, time), ..] = marks.steps(Duration::from_secs(2));
        assert_eq!((step, time), (Step::Authentication, Duration::ZERO));
    }
}
