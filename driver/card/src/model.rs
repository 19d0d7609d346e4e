//! The card in software: what every frame becomes, and what is counted, on the reference's transforms.
//!
//! It is what the Verilog is held against, frame by frame, and a card for a host that has none.
//!
//! ```
//! use fogline_card::model::Card;
//! use fogline_card::registers::{Counter, Direction, Geometry};
//! let geometry = Geometry { table: 5, sessions: 2, key_slots: 3, bus_bytes: 8, clock_khz: 125_000 };
//! let mut card = Card::new(geometry);
//! let outcome = card.pass(Direction::Host, &[0; 60], false); // from the line
//! assert_eq!((outcome.verdict, outcome.frame), (None, vec![0; 60]));
//! assert_eq!(card.counter(Direction::Host, Counter::Untouched), 1);
//! ```
//!
//! A session is programmed as the registers hold it: an [`Entry`] in one of its
//! [`candidate_slots`] for each direction, a [`Descriptor`], [`Keys`] in the slots that this names.

pub mod outer;

use crate::registers::{
    Count, Counter, Descriptor, Direction, Drop, Entry, EventKind, Geometry, Keys, MAX_FRAME_VALUE,
    Seed, Side, Transform, candidate_slots,
};
use outer::{Class, Outer};
use scramble::agreement::{self, Carrier, Coverage, End, EpochKeys};
use scramble::encap::ApplyError;
use scramble::transform::{
    HEADROOM, HelloForm, Packet, Received, Receiver, Refused, Sender, Sent, TAILROOM,
};
use scramble::wire::ppp;
use std::collections::VecDeque;

/// No transformed frame is shorter on leaving.
const MIN_FRAME: usize = 60;
/// Sequence numbers of an epoch.
const SEQUENCES: u32 = 1 << 29;

/// What a direction does with frames that are no known session's: its policy register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    /// Session data without an entry is dropped instead of passed (marked frames always are).
    pub drop_missed: bool,
    /// Fragments of outer IP packets are dropped instead of passed.
    pub drop_fragments: bool,
    /// The longest transformed frame that may leave, in bytes.
    pub max_frame: u16,
}

impl Policy {
    /// As POLICY_TX and POLICY_RX hold it.
    pub fn word(&self) -> u32 {
        u32::from(self.drop_missed)
            | u32::from(self.drop_fragments) << 1
            | u32::from(self.max_frame & 0x3FFF) << 16
    }
}

impl Default for Policy {
    /// What the registers hold after reset.
    fn default() -> Self {
        Self {
            drop_missed: false,
            drop_fragments: false,
            max_frame: MAX_FRAME_VALUE as u16,
        }
    }
}

/// What became of a frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Why it was dropped; `None` where it leaves.
    pub verdict: Option<Drop>,
    /// Scrambled or restored.
    pub transformed: bool,
    /// What leaves; empty where it was dropped.
    pub frame: Vec<u8>,
    /// The queue that it goes to.
    pub queue: u16,
}

/// One thing told to the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    /// What.
    pub kind: EventKind,
    /// Of which session.
    pub session: u16,
}

/// A card, its memories and its registers.
pub struct Card {
    geometry: Geometry,
    /// Sessions are looked up; else every look-up misses.
    pub enable: bool,
    /// Of the table's hashes.
    pub seeds: [Seed; 2],
    /// Events that the host has not fetched. The card keeps 64.
    pub events: VecDeque<Event>,
    descriptors: Vec<Option<Descriptor>>,
    keys: Vec<Keys>,
    line: Way,
    host: Way,
}

/// What there is of everything for each direction.
struct Way {
    policy: Policy,
    entries: Vec<Option<Entry>>,
    counts: Vec<Count>,
    counters: [u64; COUNTERS],
}

/// Drop reasons follow the other counters.
const COUNTERS: usize = Counter::ALL.len() + Drop::ALL.len();

impl Way {
    fn new(geometry: Geometry) -> Self {
        Self {
            policy: Policy::default(),
            entries: vec![None; 1 << geometry.table],
            counts: vec![Count::default(); 1 << geometry.sessions],
            counters: [0; COUNTERS],
        }
    }

    fn add(&mut self, counter: Counter, amount: usize) {
        self.counters[counter as usize] += amount as u64;
    }
}

/// What a frame becomes.
enum Fate {
    Dropped(Drop),
    /// It passes, without its mark if that is to go.
    Passed {
        unmarked: bool,
        left: Left,
    },
    Transformed {
        frame: Vec<u8>,
        queue: u16,
    },
}

/// Whether a frame passes because the card leaves it to the host.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    Not,
    Hello,
    Exception,
}

impl Fate {
    const UNTOUCHED: Self = Self::passed(false);

    const EXCEPTION: Self = Self::Passed {
        unmarked: false,
        left: Left::Exception,
    };

    const fn passed(unmarked: bool) -> Self {
        Self::Passed {
            unmarked,
            left: Left::Not,
        }
    }
}

/// A frame of a session that has a transform in its direction.
struct Known<'f> {
    outer: Outer,
    frame: &'f [u8],
    session: usize,
    descriptor: Descriptor,
    direction: agreement::Direction,
}

impl Card {
    /// A card after reset.
    pub fn new(geometry: Geometry) -> Self {
        Self {
            geometry,
            enable: false,
            seeds: [[0; 6]; 2],
            events: VecDeque::new(),
            descriptors: vec![None; 1 << geometry.sessions],
            keys: vec![no_keys(); 1 << geometry.key_slots],
            line: Way::new(geometry),
            host: Way::new(geometry),
        }
    }

    /// How big it is.
    pub const fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn way(&self, direction: Direction) -> &Way {
        match direction {
            Direction::Line => &self.line,
            Direction::Host => &self.host,
        }
    }

    fn way_mut(&mut self, direction: Direction) -> &mut Way {
        match direction {
            Direction::Line => &mut self.line,
            Direction::Host => &mut self.host,
        }
    }

    /// The policy of `direction`, to change.
    pub fn policy(&mut self, direction: Direction) -> &mut Policy {
        &mut self.way_mut(direction).policy
    }

    /// Forgets entries, descriptors, keys and counts, and looks nothing up until it is enabled again.
    pub fn clear(&mut self) {
        self.enable = false;
        self.descriptors.fill(None);
        self.keys.fill(no_keys());
        for way in [&mut self.line, &mut self.host] {
            way.entries.fill(None);
            way.counts.fill(Count::default());
        }
    }

    /// Place `slot` of the look-up table.
    ///
    /// # Panics
    /// Where the card has no such place.
    pub fn entry(&mut self, direction: Direction, slot: u32) -> &mut Option<Entry> {
        &mut self.way_mut(direction).entries[slot as usize]
    }

    /// The descriptor of `session`.
    ///
    /// # Panics
    /// Where the card has no such session.
    pub fn descriptor(&mut self, session: u16) -> &mut Option<Descriptor> {
        &mut self.descriptors[usize::from(session)]
    }

    /// Key slot `slot`; an erased one is all zeros.
    ///
    /// # Panics
    /// Where the card has no such slot.
    pub fn keys(&mut self, slot: u32) -> &mut Keys {
        &mut self.keys[slot as usize]
    }

    /// What `direction` counts of `session`.
    ///
    /// # Panics
    /// Where the card has no such session.
    pub fn count(&mut self, direction: Direction, session: u16) -> &mut Count {
        &mut self.way_mut(direction).counts[usize::from(session)]
    }

    /// A global counter.
    pub fn counter(&self, direction: Direction, counter: Counter) -> u64 {
        self.way(direction).counters[counter as usize]
    }

    /// How many frames were dropped for `reason`.
    pub fn drops(&self, direction: Direction, reason: Drop) -> u64 {
        self.way(direction).counters[drop_counter(reason)]
    }

    /// The first free place for `entry`, `None` where all eight are taken: the table is full for it.
    pub fn free_slot(&self, direction: Direction, entry: &Entry) -> Option<u32> {
        let entries = &self.way(direction).entries;
        candidate_slots(entry, &self.seeds, self.geometry.table)
            .into_iter()
            .find(|slot| entries[*slot as usize].is_none())
    }

    /// Takes `frame` from the host to the line.
    pub fn host_to_line(&mut self, frame: &[u8], errored: bool) -> Outcome {
        self.pass(Direction::Line, frame, errored)
    }

    /// Takes `frame` from the line to the host.
    pub fn line_to_host(&mut self, frame: &[u8], errored: bool) -> Outcome {
        self.pass(Direction::Host, frame, errored)
    }

    /// Takes a frame that travels in `direction`; `errored` is its receiver's word.
    pub fn pass(&mut self, direction: Direction, frame: &[u8], errored: bool) -> Outcome {
        let early = if frame.len() > MAX_FRAME_VALUE as usize {
            Some(Drop::Giant)
        } else if errored || frame.is_empty() {
            Some(Drop::Errored)
        } else {
            None
        };
        if let Some(reason) = early {
            return self.dropped(direction, reason);
        }
        let way = self.way_mut(direction);
        way.add(Counter::FramesIn, 1);
        way.add(Counter::BytesIn, frame.len());
        let (frame, queue, transformed) = match self.fate(direction, frame) {
            Fate::Dropped(reason) => return self.dropped(direction, reason),
            Fate::Passed { unmarked, left } => {
                let mut frame = frame.to_vec();
                if unmarked && let Class::Data(outer) = Class::of(&frame, direction) {
                    outer.set_mark(&mut frame, false);
                }
                match left {
                    Left::Not => {}
                    Left::Hello => self.way_mut(direction).add(Counter::HellosLeft, 1),
                    Left::Exception => self.way_mut(direction).add(Counter::Exceptions, 1),
                }
                (frame, 0, false)
            }
            Fate::Transformed { frame, queue } => (frame, queue, true),
        };
        let way = self.way_mut(direction);
        way.add(Counter::FramesOut, 1);
        way.add(Counter::BytesOut, frame.len());
        let counter = if transformed {
            Counter::Transformed
        } else {
            Counter::Untouched
        };
        way.add(counter, 1);
        Outcome {
            verdict: None,
            transformed,
            frame,
            queue,
        }
    }

    fn dropped(&mut self, direction: Direction, reason: Drop) -> Outcome {
        self.way_mut(direction).counters[drop_counter(reason)] += 1;
        Outcome {
            verdict: Some(reason),
            transformed: false,
            frame: Vec::new(),
            queue: 0,
        }
    }

    fn fate(&mut self, direction: Direction, frame: &[u8]) -> Fate {
        let policy = self.way(direction).policy;
        let line = direction == Direction::Line;
        let outer = match Class::of(frame, direction) {
            Class::Other => return Fate::UNTOUCHED,
            Class::Fragment if policy.drop_fragments => return Fate::Dropped(Drop::OuterFragment),
            Class::Offset { marked: true } if line => return Fate::Dropped(Drop::Exception),
            Class::Fragment | Class::Offset { .. } => return Fate::EXCEPTION,
            Class::Data(outer) => outer,
        };
        let must = outer.marked && line;
        // Nobody on the line sets a mark that means anything.
        let passed = Fate::passed(outer.marked && !line);
        let Some((session, descriptor)) = self.session(direction, &outer) else {
            return match policy.drop_missed {
                _ if must => Fate::Dropped(Drop::MarkedMiss),
                true => Fate::Dropped(Drop::Missed),
                false => passed,
            };
        };
        let side = if line { descriptor.tx } else { descriptor.rx };
        let Some(way) = transform(side) else {
            return if must {
                Fate::Dropped(Drop::MarkedMiss)
            } else {
                passed
            };
        };
        let known = Known {
            outer,
            frame,
            session,
            descriptor,
            direction: way,
        };
        match direction {
            Direction::Line if descriptor.host_marks && !must => Fate::UNTOUCHED,
            Direction::Line => self.scramble(&known),
            Direction::Host => self.restore(&known),
        }
    }

    /// The session that has an entry for `outer`.
    fn session(&self, direction: Direction, outer: &Outer) -> Option<(usize, Descriptor)> {
        if !self.enable {
            return None;
        }
        let wanted = Entry {
            kind: outer.kind,
            peer: outer.peer,
            tunnel: (outer.ids >> 16) as u16,
            id: outer.ids as u16,
            session: 0,
        };
        let entries = &self.way(direction).entries;
        let session = candidate_slots(&wanted, &self.seeds, self.geometry.table)
            .into_iter()
            .filter_map(|slot| entries[slot as usize])
            .find(|entry| {
                *entry
                    == Entry {
                        session: entry.session,
                        ..wanted
                    }
            })?
            .session;
        let session = usize::from(session) % self.descriptors.len();
        self.descriptors[session].map(|descriptor| (session, descriptor))
    }

    /// The keys of the epoch of this parity.
    fn epoch_keys(&self, descriptor: &Descriptor, parity: bool) -> Option<EpochKeys> {
        let slot = if parity {
            descriptor.odd
        } else {
            descriptor.even
        }?;
        let keys = &self.keys[slot as usize % self.keys.len()];
        let (data_lower, data_higher) = if descriptor.higher {
            (keys.rx, keys.tx)
        } else {
            (keys.tx, keys.rx)
        };
        Some(EpochKeys {
            epoch: parity.into(),
            data_lower,
            data_higher,
            prp: keys.prp,
        })
    }

    fn scramble(&mut self, known: &Known<'_>) -> Fate {
        let Known {
            outer,
            frame,
            session,
            descriptor,
            direction,
        } = known;
        let keys = self.epoch_keys(descriptor, descriptor.epoch & 1 == 1);
        let has_keys = keys.is_some();
        // What needs no keys comes first.
        let mut sender = Sender::new(
            own_end(descriptor),
            *direction,
            keys.unwrap_or_else(|| epoch_without_keys(0)),
        )
        .with_hello_form(HelloForm::Opaque);
        let frame_ppp = &frame[outer.ppp()];
        let (Ok(header), Ok(growth)) = (ppp::Header::parse(frame_ppp), sender.growth(frame_ppp))
        else {
            return Fate::Dropped(Drop::NotPpp);
        };
        if ppp::is_link_control(header.protocol) {
            return match known.change(|packet| sender.scramble(packet)) {
                Ok((_, Sent::Clear)) => Fate::passed(outer.marked),
                _ => Fate::Dropped(Drop::LcpLooksLikeData),
            };
        }
        if !has_keys {
            return Fate::Dropped(Drop::NoKey);
        }
        let max_frame = usize::from(self.line.policy.max_frame);
        let length = outer.ppp().end.saturating_add_signed(growth);
        if length > max_frame || !known.has_room(growth) {
            return Fate::Dropped(Drop::TooBig);
        }
        let count = &mut self.line.counts[*session];
        let first = if count.epoch == descriptor.epoch {
            count.sequence.min(SEQUENCES)
        } else {
            0
        };
        sender
            .skip_to(first)
            .expect("a new sender may leave out any number of sequence numbers");
        let outcome = known.change(|packet| sender.scramble(packet));
        let told = match outcome {
            Err(ApplyError::Refused(Refused::CounterExhausted)) => Some(EventKind::SequenceUsedUp),
            _ if first == 1 << 28 && sender.sequence_numbers_used() != first => {
                Some(EventKind::SequenceHalf)
            }
            _ => None,
        };
        self.events.extend(told.map(|kind| Event {
            kind,
            session: *session as u16,
        }));
        if told == Some(EventKind::SequenceUsedUp) {
            return Fate::Dropped(Drop::CounterExhausted);
        }
        count_frame(count, frame);
        if sender.sequence_numbers_used() != first {
            count.epoch = descriptor.epoch;
            count.sequence = sender.sequence_numbers_used();
        }
        match outcome {
            Ok((frame, _)) => Fate::Transformed {
                frame: padded(frame),
                queue: 0,
            },
            Err(_) => Fate::Dropped(Drop::OpaqueLooksLikeHello),
        }
    }

    fn restore(&mut self, known: &Known<'_>) -> Fate {
        let Known {
            outer,
            frame,
            session,
            descriptor,
            direction,
        } = known;
        let mut receiver = Receiver::new(own_end(descriptor).peer(), *direction);
        for parity in [false, true] {
            if let Some(keys) = self.epoch_keys(descriptor, parity) {
                receiver.install(keys);
            }
        }
        let frame_ppp = &frame[outer.ppp()];
        if receiver.is_hello(frame_ppp) {
            return Fate::Passed {
                unmarked: outer.marked,
                left: Left::Hello,
            };
        }
        let max_frame = usize::from(self.host.policy.max_frame);
        let outcome = match known.change(|packet| receiver.restore(packet)) {
            Ok((_, Received::Control)) => return Fate::passed(outer.marked),
            Ok((frame, Received::Data)) => Ok(frame),
            // It is found late, when the frame has been measured and counted.
            Err(ApplyError::Refused(Refused::ForbiddenProtocol)) => {
                let compressed =
                    ppp::Header::parse(frame_ppp).is_ok_and(|header| header.compressed);
                Err(outer.ppp().end - if compressed { 5 } else { 6 })
            }
            Err(ApplyError::Refused(refused)) => return Fate::Dropped(reason(refused)),
            Err(ApplyError::TooLong | ApplyError::NoRoom) => return Fate::Dropped(Drop::TooBig),
        };
        let length = outcome.as_ref().map_or_else(|length| *length, Vec::len);
        if length > max_frame {
            return Fate::Dropped(Drop::TooBig);
        }
        count_frame(&mut self.host.counts[*session], frame);
        let Ok(mut frame) = outcome else {
            return Fate::Dropped(Drop::ForbiddenProtocol);
        };
        if descriptor.host_marks {
            outer.set_mark(&mut frame, true);
        }
        Fate::Transformed {
            frame: padded(frame),
            queue: descriptor.queue,
        }
    }
}

impl Known<'_> {
    /// The frame without its mark and without what follows the PPP frame, and how it is wrapped up then.
    fn bare(&self) -> (Vec<u8>, Outer) {
        let mut frame = self.frame.to_vec();
        self.outer.set_mark(&mut frame, false);
        self.outer.cut_behind_ppp(&mut frame);
        // Where the peer stands does not matter any more.
        match Class::of(&frame, Direction::Line) {
            Class::Data(outer) => (frame, outer),
            class => unreachable!("less of a frame with data in it is {class:?}"),
        }
    }

    /// Applies a transform to the bare frame.
    fn change<T>(
        &self,
        transform: impl FnOnce(&mut Packet<'_>) -> Result<T, Refused>,
    ) -> Result<(Vec<u8>, T), ApplyError<Refused>> {
        let (frame, outer) = self.bare();
        let mut storage = vec![0; HEADROOM];
        storage.extend(&frame);
        storage.resize(storage.len() + TAILROOM, 0);
        let mut packet = Packet::new(&mut storage, HEADROOM..HEADROOM + frame.len());
        let outcome = outer.encapsulation().apply(&mut packet, transform)?;
        Ok((packet.bytes().to_vec(), outcome))
    }

    fn has_room(&self, growth: isize) -> bool {
        let (frame, outer) = self.bare();
        outer.has_room(&frame, growth)
    }
}

fn drop_counter(reason: Drop) -> usize {
    Counter::ALL.len() - 1 + reason as usize
}

fn count_frame(count: &mut Count, frame: &[u8]) {
    count.packets = count.packets.wrapping_add(1);
    count.bytes = count.bytes.wrapping_add(frame.len() as u64);
}

fn padded(mut frame: Vec<u8>) -> Vec<u8> {
    frame.resize(frame.len().max(MIN_FRAME), 0);
    frame
}

const fn own_end(descriptor: &Descriptor) -> End {
    if descriptor.higher {
        End::Higher
    } else {
        End::Lower
    }
}

/// What one side of a descriptor asks for. Coverage 0, which no two ends agree on, counts as everything.
fn transform(side: Side) -> Option<agreement::Direction> {
    let transform = match side.transform {
        Transform::None => return None,
        Transform::Decoy => agreement::Transform::Decoy,
        Transform::Header => agreement::Transform::Header,
    };
    Some(agreement::Direction {
        transform,
        coverage: Coverage::new(side.coverage).unwrap_or(Coverage::ALL),
        carrier: if side.lcp {
            Carrier::Lcp
        } else {
            Carrier::Natural
        },
    })
}

const fn no_keys() -> Keys {
    Keys {
        tx: [0; 32],
        rx: [0; 32],
        prp: [0; 16],
    }
}

const fn epoch_without_keys(epoch: u32) -> EpochKeys {
    EpochKeys {
        epoch,
        data_lower: [0; 32],
        data_higher: [0; 32],
        prp: [0; 16],
    }
}

/// The reason of the same name, of those that restoring without FULL and hellos knows.
fn reason(refused: Refused) -> Drop {
    match refused {
        Refused::NotPpp => Drop::NotPpp,
        Refused::InClear => Drop::InClear,
        Refused::Truncated => Drop::Truncated,
        Refused::BadWord => Drop::BadWord,
        Refused::NoKey => Drop::NoKey,
        Refused::BadDecoy => Drop::BadDecoy,
        refused => unreachable!("restoring does not end with {refused:?}"),
    }
}
