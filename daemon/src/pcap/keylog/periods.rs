//! Which keys of live sessions a frame is of.

use std::collections::HashMap;

use scramble::agreement::{Direction, End, EpochKeys};
use scramble::encap::Flow;
use scramble::option::Agreement;
use scramble::transform::Receiver;

use super::live::Installed;
use super::trail::{Sense, Trail};
use crate::capture::Time;

/// By how much the clocks of a keylog and of a capture may differ: 5 s, in nanoseconds.
pub const SLACK: u64 = 5_000_000_000;

/// The LCP periods of a keylog of live sessions: how a frame finds its keys.
///
/// First by the direction of the session it belongs to: the peer's address as its source or its
/// destination, the receiver's tunnel and session id, and the writer's address as the other one, unless
/// the keylog leaves that unspecified. VLAN tags do not count, for the writer knows of none.
///
/// Then by time. Keys are of one LCP period, from when epoch 0 is installed until another period
/// installs its own for the same ids, or the keys are erased. A frame outside all periods belongs to
/// one that is at most [`SLACK`] away, and so does a frame that the nearer period's keys do not open.
/// (DECOY's packets look like any other: there, what came in clear this close to a period of the same ids
/// is taken for scrambled.)
///
/// Within the period by parity, and of the epochs of one parity by time again. No frame of epoch e is
/// sent before one end has installed its keys, and at that moment those of e-2 are already gone (PHS
/// draft, "Rekeying"). So keys count from [`SLACK`] before their time on, but no earlier than halfway
/// from the epoch before.
#[derive(Debug, Default)]
pub struct Periods {
    all: Vec<Period>,
    /// The latest period of each session number.
    open: HashMap<u64, usize>,
    /// Periods in the order of their starts.
    by_trail: HashMap<Trail, Vec<usize>>,
}

impl Periods {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Takes a line about keys; lines come in the order of the keylog.
    pub(super) fn install(&mut self, line: Installed) {
        let latest = self.open.get(&line.live).copied();
        if let Some(period) = latest.and_then(|at| self.all.get_mut(at))
            && period.goes_on_with(&line)
        {
            period.install(line.time, line.keys);
            return;
        }
        let at = self.all.len();
        self.open.insert(line.live, at);
        for trail in Trail::of_session(&line) {
            self.by_trail.entry(trail).or_default().push(at);
        }
        self.all.push(Period::new(line));
    }

    /// Takes a line about keys that were erased.
    pub(super) fn erase(&mut self, session: u64, time: Time) {
        let latest = self.open.remove(&session);
        if let Some(period) = latest.and_then(|at| self.all.get_mut(at)) {
            period.erased = Some(time);
        }
    }

    /// Puts the periods in order, once all lines are taken.
    pub(super) fn sort(&mut self) {
        for list in self.by_trail.values_mut() {
            list.sort_by_key(|&at| self.all.get(at).map(|period| period.start));
        }
    }

    /// Whether there are keys of `flow` at any time.
    pub fn know(&self, flow: &Flow) -> bool {
        let mut trails = Trail::of_flow(flow);
        trails.any(|trail| self.by_trail.contains_key(&trail))
    }

    /// What may restore a frame of `flow` captured at `time`, the likeliest first. A few at most.
    pub fn receivers(&self, flow: &Flow, time: Time) -> Vec<Receiver> {
        let mut near: Vec<_> = Trail::of_flow(flow)
            .filter_map(|trail| Some((trail.sense, self.by_trail.get(&trail)?)))
            .flat_map(|(sense, list)| self.near(list, time).map(move |near| (sense, near)))
            .collect();
        near.sort_by_key(|(_, (distance, _))| *distance);
        near.into_iter()
            .map(|(sense, (_, period))| period.receiver(sense, time))
            .collect()
    }

    /// The period of `list` that `time` falls into, with those before and after it: as far as they are
    /// no more than [`SLACK`] away, each with how far that is.
    fn near(&self, list: &[usize], time: Time) -> impl Iterator<Item = (u64, &Period)> {
        let period = |at: usize| self.all.get(*list.get(at)?);
        let begun = list.partition_point(|&at| self.all.get(at).is_some_and(|p| p.start <= time));
        let before = begun.checked_sub(2).and_then(period).map(|before| {
            let next = begun.checked_sub(1).and_then(period);
            (before, next.map(|next| next.start))
        });
        let around = begun.checked_sub(1).and_then(period).map(|p| (p, None));
        let after = period(begun).map(|p| (p, None));
        let all = [around, after, before].into_iter().flatten();
        all.map(move |(period, next)| (period.distance(time, next), period))
            .filter(|(distance, _)| *distance <= SLACK)
    }
}

/// A session from one exchange of options to the erasure of all keys that came of it.
#[derive(Debug)]
struct Period {
    call: Call,
    start: Time,
    erased: Option<Time>,
    /// The latest epoch, and when its keys were installed.
    latest: (u32, Time),
    /// The epochs of even and of odd number, in the order in which they count.
    epochs: [Vec<Epoch>; 2],
}

/// What does not change within a period.
#[derive(Debug, PartialEq, Eq)]
struct Call {
    trails: [Trail; 2],
    own: End,
    agreement: Agreement,
}

impl From<&Installed> for Call {
    fn from(line: &Installed) -> Self {
        Self {
            trails: Trail::of_session(line),
            own: line.own.into(),
            agreement: Agreement {
                send: line.send,
                receive: line.receive,
            },
        }
    }
}

/// The keys of an epoch, and from when on they count.
#[derive(Debug)]
struct Epoch {
    from: Time,
    keys: EpochKeys,
}

impl Period {
    fn new(line: Installed) -> Self {
        let from = back(line.time, SLACK);
        let mut epochs = [Vec::new(), Vec::new()];
        let (call, latest) = (Call::from(&line), (line.keys.epoch, line.time));
        epochs[usize::from(line.keys.parity())].push(Epoch {
            from,
            keys: line.keys,
        });
        Self {
            call,
            start: line.time,
            erased: None,
            latest,
            epochs,
        }
    }

    /// Whether the keys of `line` follow those of this period, or are its latest once more.
    fn goes_on_with(&self, line: &Installed) -> bool {
        let newer = line.keys.epoch > self.latest.0;
        (newer || self.is_latest(&line.keys)) && self.call == Call::from(line)
    }

    fn is_latest(&self, keys: &EpochKeys) -> bool {
        let same_parity = self.epochs[usize::from(keys.parity())].last();
        keys.epoch == self.latest.0 && same_parity.is_some_and(|latest| latest.keys == *keys)
    }

    fn install(&mut self, time: Time, keys: EpochKeys) {
        if self.is_latest(&keys) {
            return;
        }
        let epochs = &mut self.epochs[usize::from(keys.parity())];
        let halfway = halfway(self.latest.1, time);
        let from = back(time, SLACK).max(halfway);
        // A clock that was set back does not bring back older keys.
        let from = epochs.last().map_or(from, |last| last.from.max(from));
        self.latest = (keys.epoch, time);
        epochs.push(Epoch { from, keys });
    }

    /// How far `time` is from the period, which ends at `next` if it has not ended before.
    fn distance(&self, time: Time, next: Option<Time>) -> u64 {
        let end = self.erased.into_iter().chain(next).min();
        let before = self.start.as_nanos().saturating_sub(time.as_nanos());
        let after = end.map_or(0, |end| time.as_nanos().saturating_sub(end.as_nanos()));
        before.max(after)
    }

    fn receiver(&self, sense: Sense, time: Time) -> Receiver {
        let Call { own, agreement, .. } = self.call;
        let (sender, direction): (End, Direction) = match sense {
            Sense::Sent => (own, agreement.send),
            Sense::Received => (own.peer(), agreement.receive),
        };
        let mut receiver = Receiver::new(sender, direction);
        for epochs in &self.epochs {
            let count = epochs.partition_point(|epoch| epoch.from <= time);
            if let Some(epoch) = count.checked_sub(1).and_then(|at| epochs.get(at)) {
                receiver.install(epoch.keys.clone());
            }
        }
        receiver
    }
}

fn back(time: Time, nanos: u64) -> Time {
    Time::from_nanos(time.as_nanos().saturating_sub(nanos))
}

/// The middle between two times; the later one where that is first, as after a clock was set back.
fn halfway(first: Time, second: Time) -> Time {
    let gap = second.as_nanos().saturating_sub(first.as_nanos());
    back(second, gap / 2)
}
