//! The demonstration: a subscriber calls an ISP, a capture goes through their scrambled link, and a carrier in between
//! writes its records, once of what there would be to see in clear and once of what there is.
//!
//! Both ends are what `fogline client` and `fogline lns` run, over UDP on the loopback interface.

mod ends;
mod message;

use std::time::Duration;

use scramble::agreement::Direction;

pub use ends::{End, Link, connect};
pub use message::{Message, transform_name};

use crate::calls::BURST;
use crate::capture::{LinkType, Time};
use crate::dpi::Comparison;
use crate::pcap::backhaul_frame;

/// A packet of the subscriber's.
pub struct Data {
    /// When it was captured.
    pub time: Option<Time>,
    /// Whether the subscriber sent it.
    pub up: bool,
    /// The IP packet.
    pub packet: Vec<u8>,
    /// A frame on the backhaul with the packet in clear in it: PPP in L2TP in Ethernet.
    pub frame: Vec<u8>,
}

/// What the demonstration came to.
pub struct Outcome {
    /// What the ends said until data flowed, in order.
    pub messages: Vec<Message>,
    /// What the carrier records before and after.
    pub comparison: Comparison,
    /// Packets that were sent.
    pub packets: usize,
    /// Those that came out at the other end byte for byte, in order.
    pub exact: usize,
    /// Packets that an end dropped, and the first reason.
    pub refused: (u64, Option<&'static str>),
    /// Bytes of all frames before and after scrambling.
    pub bytes: [u64; 2],
    /// Time that sending and receiving took in all.
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

/// What went over the backhaul, and what came of it.
#[derive(Default)]
struct Transfer {
    frames: Vec<(Option<Time>, Vec<u8>)>,
    exact: usize,
    spent: [Duration; 2],
}

/// Sends `data` through a call that does what `direction` says, both ways.
///
/// # Errors
/// Where the two ends do not come to terms, or the call ends.
pub fn run(direction: Direction, data: &[Data]) -> anyhow::Result<Outcome> {
    let Link {
        mut subscriber,
        mut isp,
        messages,
    } = connect(direction)?;
    // The first time through, caches are cold: what it takes is no measure of anything.
    transfer(&mut subscriber, &mut isp, data)?;
    let transferred = transfer(&mut subscriber, &mut isp, data)?;

    let before = data
        .iter()
        .map(|data| (data.time, LinkType::Ethernet, data.frame.as_slice()));
    let after = transferred.frames.iter();
    let after = after.map(|(time, frame)| (*time, LinkType::Ethernet, frame.as_slice()));
    let bytes = [
        data.iter().map(|data| data.frame.len() as u64).sum(),
        transferred
            .frames
            .iter()
            .map(|(_, frame)| frame.len() as u64)
            .sum(),
    ];
    let mut drops = subscriber.drops();
    drops.add(&isp.drops());
    Ok(Outcome {
        messages,
        comparison: Comparison::of(before, after),
        packets: data.len(),
        exact: transferred.exact,
        refused: (
            drops.iter().map(|(_, count)| count).sum(),
            drops.iter().next().map(|(reason, _)| reason.name()),
        ),
        bytes,
        spent: transferred.spent,
    })
}

fn transfer(subscriber: &mut End, isp: &mut End, data: &[Data]) -> anyhow::Result<Transfer> {
    let mut transfer = Transfer::default();
    for run in data.chunk_by(|a, b| a.up == b.up) {
        for burst in run.chunks(BURST) {
            let up = burst[0].up;
            let (from, to) = if up {
                (&mut *subscriber, &mut *isp)
            } else {
                (&mut *isp, &mut *subscriber)
            };
            let packets: Vec<_> = burst.iter().map(|data| data.packet.as_slice()).collect();
            transfer.spent[0] += from.send(&packets);
            // What is no data, echoes of the link say, goes over the backhaul as well: the carrier sees it.
            for (at, datagram) in from.take_sent().iter().enumerate() {
                let time = burst.get(at).or(burst.last()).and_then(|data| data.time);
                transfer
                    .frames
                    .extend(backhaul_frame(datagram, up).map(|frame| (time, frame)));
            }
            transfer.spent[1] += to.turn()?;
            let arrived = to.take_arrived();
            transfer.exact += arrived
                .iter()
                .zip(&packets)
                .filter(|(arrived, sent)| arrived == sent)
                .count();
        }
    }
    Ok(transfer)
}
