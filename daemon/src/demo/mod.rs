//! The demonstration: two ends negotiate, a capture goes through the scrambled link inside L2TP, and a
//! carrier in between writes its records, once of what there was to see before and once of what is
//! there now.

mod ends;

use std::ops::Range;
use std::time::{Duration, Instant};

use scramble::agreement::Direction;
use scramble::encap::{ApplyError, Encapsulation, Link as Outer};
use scramble::transform::{HEADROOM, Packet, Refused, TAILROOM};

pub use ends::{Link, Message, negotiate, transform_name};

use crate::capture::{LinkType, Time};
use crate::dpi::Comparison;

/// A frame on the backhaul, a packet of the subscriber's in PPP in L2TP in it.
pub struct Data {
    /// When it was captured.
    pub time: Option<Time>,
    /// Whether the subscriber sent it.
    pub up: bool,
    /// The frame, Ethernet.
    pub frame: Vec<u8>,
}

/// What the demonstration came to.
pub struct Outcome {
    /// The ECP packets of the negotiation, in order.
    pub messages: Vec<Message>,
    /// What the carrier records before and after.
    pub comparison: Comparison,
    /// Packets that went through.
    pub packets: usize,
    /// Those that came back byte for byte.
    pub exact: usize,
    /// Packets that an end refused, and the first reason.
    pub refused: (usize, Option<Refusal>),
    /// Bytes of all frames before and after scrambling.
    pub bytes: [u64; 2],
    /// Time that scrambling and restoring took in all.
    pub spent: [Duration; 2],
}

impl Outcome {
    /// Average cost of a packet at the end that sends and the end that receives.
    pub fn per_packet(&self) -> [Duration; 2] {
        let packets = u32::try_from(self.packets.max(1)).unwrap_or(u32::MAX);
        self.spent.map(|spent| spent / packets)
    }

    /// Average bytes that scrambling adds to a packet.
    pub fn overhead(&self) -> f64 {
        let [before, after] = self.bytes;
        (after as f64 - before as f64) / self.packets.max(1) as f64
    }

    /// True records that are left, of every kind, those found in the bytes included.
    pub fn true_left(&self) -> usize {
        let c = &self.comparison;
        c.addresses.left.len()
            + c.ports.left.len()
            + c.names.left.len()
            + c.answers.left.len()
            + beyond_chance(c.bytes.addresses.found.len(), c.bytes.addresses.by_chance)
            // No name is ever found by chance.
            + c.bytes.names.found.len()
    }
}

/// What a search of bytes found beyond what so many random bytes hold.
fn beyond_chance(found: usize, by_chance: f64) -> usize {
    found.saturating_sub(by_chance.ceil() as usize)
}

/// A frame in a buffer with room around it, and where it lies.
struct Slot {
    buffer: Vec<u8>,
    frame: Range<usize>,
    refused: Option<Refusal>,
}

/// Why a frame did not go through.
pub type Refusal = ApplyError<Refused>;

impl Slot {
    /// A slot with room for one end to scramble `frame` and the other to restore it.
    fn new(frame: &[u8]) -> Self {
        const FRONT: usize = 2 * HEADROOM;
        let buffer = [&[0; FRONT][..], frame, &[0; 2 * TAILROOM]].concat();
        Self {
            buffer,
            frame: FRONT..FRONT + frame.len(),
            refused: None,
        }
    }

    /// Applies `change` to the PPP frame inside, unless the frame was refused before.
    fn change<T>(&mut self, change: impl FnOnce(&mut Packet<'_>) -> Result<T, Refused>) {
        if self.refused.is_some() {
            return;
        }
        self.refused = match Encapsulation::parse(Outer::Ethernet, self.bytes()) {
            Ok(found) => {
                let mut frame = Packet::new(&mut self.buffer, self.frame.clone());
                let outcome = found.apply(&mut frame, change);
                self.frame = frame.range();
                outcome.err()
            }
            Err(_) => Some(ApplyError::Refused(Refused::NotPpp)),
        };
    }

    fn bytes(&self) -> &[u8] {
        &self.buffer[self.frame.clone()]
    }
}

/// Sends `data` through a link that does what `direction` says, both ways.
///
/// # Errors
/// Where the two ends do not come to terms.
pub fn run(direction: Direction, data: &[Data]) -> anyhow::Result<Outcome> {
    // The first time through, caches are cold: what it takes is no measure of anything.
    once(direction, data)?;
    once(direction, data)
}

fn once(direction: Direction, data: &[Data]) -> anyhow::Result<Outcome> {
    let Link {
        mut up,
        mut down,
        messages,
    } = negotiate(direction)?;
    let mut slots: Vec<_> = data.iter().map(|data| Slot::new(&data.frame)).collect();

    let start = Instant::now();
    for (slot, data) in slots.iter_mut().zip(data) {
        let sender = if data.up { &mut up.0 } else { &mut down.0 };
        slot.change(|packet| sender.scramble(packet));
    }
    let scrambling = start.elapsed();

    let length = |slot: &Slot| slot.frame.len() as u64;
    let bytes = [
        data.iter().map(|data| data.frame.len() as u64).sum(),
        slots.iter().map(length).sum(),
    ];
    let before = data
        .iter()
        .map(|data| (data.time, LinkType::Ethernet, data.frame.as_slice()));
    let sent = slots
        .iter()
        .zip(data)
        .filter(|(slot, _)| slot.refused.is_none());
    let after = sent.map(|(slot, data)| (data.time, LinkType::Ethernet, slot.bytes()));
    let comparison = Comparison::of(before, after);

    let start = Instant::now();
    for (slot, data) in slots.iter_mut().zip(data) {
        let receiver = if data.up { &mut up.1 } else { &mut down.1 };
        slot.change(|packet| receiver.restore(packet));
    }
    let restoring = start.elapsed();

    let refused = || slots.iter().filter_map(|slot| slot.refused);
    let exact =
        |(slot, data): &(&Slot, &Data)| slot.refused.is_none() && slot.bytes() == data.frame;
    Ok(Outcome {
        messages,
        comparison,
        packets: data.len(),
        exact: slots.iter().zip(data).filter(exact).count(),
        refused: (refused().count(), refused().next()),
        bytes,
        spent: [scrambling, restoring],
    })
}
