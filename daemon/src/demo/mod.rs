//! The demonstration: two ends negotiate, a capture goes through the scrambled link inside L2TP, and a
//! carrier in between writes its records, once of what there was to see before and once of what is
//! there now.

mod ends;

use std::time::{Duration, Instant};

use anyhow::Context;
use scramble::agreement::Direction;
use scramble::transform::{HEADROOM, Packet, Refused, TAILROOM};

pub use ends::{Link, Message, negotiate, transform_name};

use crate::capture::{LinkType, Time};
use crate::dpi::Comparison;

/// An IP packet of the subscriber's, with what a PPP link puts before it.
pub struct Data {
    /// When it was captured.
    pub time: Option<Time>,
    /// Whether the subscriber sent it.
    pub up: bool,
    /// The PPP frame.
    pub ppp: Vec<u8>,
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
    pub refused: (usize, Option<Refused>),
    /// Bytes of all PPP frames before and after scrambling.
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
        c.addresses.left.len() + c.ports.left.len() + c.names.left.len() + c.answers.left.len()
            + beyond_chance(c.bytes.addresses.found.len(), c.bytes.addresses.by_chance)
            + beyond_chance(c.bytes.names.found.len(), c.bytes.names.by_chance)
    }
}

/// What a search of bytes found beyond what so many random bytes hold.
fn beyond_chance(found: usize, by_chance: f64) -> usize {
    found.saturating_sub(by_chance.round() as usize)
}

/// A PPP frame in a buffer with room around it, and where it lies.
struct Slot {
    buffer: Vec<u8>,
    frame: std::ops::Range<usize>,
    refused: Option<Refused>,
}

impl Slot {
    fn new(ppp: &[u8]) -> Self {
        let buffer = [&[0; HEADROOM][..], ppp, &[0; TAILROOM]].concat();
        Self { buffer, frame: HEADROOM..HEADROOM + ppp.len(), refused: None }
    }

    fn change<T>(&mut self, change: impl FnOnce(&mut Packet<'_>) -> Result<T, Refused>) {
        if self.refused.is_none() {
            let mut packet = Packet::new(&mut self.buffer, self.frame.clone());
            self.refused = change(&mut packet).err();
            self.frame = packet.range();
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.buffer[self.frame.clone()]
    }
}

/// Sends `data` through a link that does what `direction` says, both ways.
///
/// `tunnel` puts a PPP frame into the L2TP frame that the carrier sees, given whether the subscriber
/// sent it.
///
/// # Errors
/// Where the two ends do not come to terms.
pub fn run(
    direction: Direction,
    data: &[Data],
    tunnel: impl Fn(bool, &[u8]) -> Option<Vec<u8>>,
) -> anyhow::Result<Outcome> {
    let Link { mut up, mut down, messages } = negotiate(direction)?;
    let mut slots: Vec<_> = data.iter().map(|data| Slot::new(&data.ppp)).collect();

    let start = Instant::now();
    for (slot, data) in slots.iter_mut().zip(data) {
        let sender = if data.up { &mut up.0 } else { &mut down.0 };
        slot.change(|packet| sender.scramble(packet));
    }
    let scrambling = start.elapsed();

    let frames = |of: &mut dyn Iterator<Item = (&Data, &[u8])>| -> anyhow::Result<Vec<_>> {
        of.map(|(data, ppp)| Ok((data.time, tunnel(data.up, ppp).context("too large for L2TP")?)))
            .collect()
    };
    let before = frames(&mut data.iter().map(|data| (data, data.ppp.as_slice())))?;
    let sent = slots.iter().zip(data).filter(|(slot, _)| slot.refused.is_none());
    let after = frames(&mut sent.map(|(slot, data)| (data, slot.bytes())))?;
    let bytes = [data.iter().map(|data| data.ppp.len()).sum(), slots.iter().map(|slot| slot.frame.len()).sum()];

    let start = Instant::now();
    for (slot, data) in slots.iter_mut().zip(data) {
        let receiver = if data.up { &mut up.1 } else { &mut down.1 };
        slot.change(|packet| receiver.restore(packet));
    }
    let restoring = start.elapsed();

    fn seen(frames: &[(Option<Time>, Vec<u8>)]) -> impl Iterator<Item = crate::dpi::Frame<'_>> {
        frames.iter().map(|(time, frame)| (*time, LinkType::Ethernet, frame.as_slice()))
    }
    let refused: Vec<_> = slots.iter().filter_map(|slot| slot.refused).collect();
    let exact = slots.iter().zip(data).filter(|(slot, data)| slot.bytes() == data.ppp);
    Ok(Outcome {
        messages,
        comparison: Comparison::of(seen(&before), seen(&after)),
        packets: data.len(),
        exact: exact.filter(|(slot, _)| slot.refused.is_none()).count(),
        refused: (refused.len(), refused.first().copied()),
        bytes: bytes.map(|bytes: usize| bytes as u64),
        spent: [scrambling, restoring],
    })
}
