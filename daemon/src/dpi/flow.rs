//! Flows: packets of the same two ends and protocol, both directions together.

use std::collections::HashMap;
use std::net::IpAddr;

use serde::Serialize;

use super::address::is_private;
use super::names::quic::{self, Initials};
use super::names::{Found, Name, Stream, dns, http};
use super::packet::Body;
use super::peel::{Outer, Tunnel};
use super::view::{ConnectionRecord, DnsAnswer};
use crate::capture::Time;

/// More flows than these are not kept, and counted.
pub(super) const MAX_FLOWS: usize = 1 << 18;
/// Names kept of one flow: a resolver's flow has many.
const MAX_NAMES: usize = 512;
/// Names and answers kept of all flows.
const MAX_ALL_NAMES: usize = 1 << 19;
/// Memory for streams that are being put together.
const MAX_BUFFERED: usize = 64 << 20;
/// Tunnels whose subscriber's side is worked out.
const MAX_TUNNELS: usize = 4096;

/// An address and a port; 0 where the protocol has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Endpoint {
    /// The address.
    pub address: IpAddr,
    /// The port.
    pub port: u16,
}

/// A packet, as far as flows are concerned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub frame: usize,
    pub time: Option<Time>,
    pub source: Endpoint,
    pub destination: Endpoint,
    pub protocol: u8,
    pub length: usize,
    pub tunnel: Option<Tunnel>,
    /// What TCP says about who began: SYN alone, or its answer.
    pub opening: Option<Opening>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// SYN without ACK: the sender began.
    Begins,
    /// SYN with ACK: the other end began.
    Answers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    ends: [Endpoint; 2],
    protocol: u8,
}

#[derive(Debug)]
struct Flow {
    key: Key,
    frame: usize,
    time: Option<Time>,
    /// Which of the ends began, 0 or 1.
    began: usize,
    /// The tunnel, from end 0's side to end 1's.
    tunnel: Option<Tunnel>,
    packets: [u64; 2],
    bytes: [u64; 2],
    names: Vec<Name>,
    streams: [Stream; 2],
    initials: Option<Box<Initials>>,
}

/// All flows of a capture.
#[derive(Debug, Default)]
pub(super) struct Table {
    flows: Vec<Flow>,
    index: HashMap<Key, usize>,
    answers: Vec<DnsAnswer>,
    /// Flows that found no place.
    pub lost: u64,
    buffered: usize,
    names: usize,
    /// How much speaks for the lower outer end being the subscriber's, less what speaks for
    /// the higher one.
    sides: HashMap<(Outer, Outer), i64>,
}

impl std::fmt::Debug for Initials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Initials").finish_non_exhaustive()
    }
}

impl Table {
    /// Counts a packet, and says which flow it belongs to and which end sent it.
    pub fn count(&mut self, seen: &Seen) -> Option<(usize, usize)> {
        let sender = usize::from(seen.source > seen.destination);
        let ends = match sender {
            0 => [seen.source, seen.destination],
            _ => [seen.destination, seen.source],
        };
        let key = Key {
            ends,
            protocol: seen.protocol,
        };
        let at = match self.index.get(&key) {
            Some(&at) => at,
            None if self.flows.len() == MAX_FLOWS => {
                self.lost += 1;
                return None;
            }
            None => {
                let at = self.flows.len();
                self.index.insert(key, at);
                self.flows.push(Flow::new(key, seen, sender));
                self.vote(seen);
                at
            }
        };
        let flow = &mut self.flows[at];
        flow.packets[sender] += 1;
        flow.bytes[sender] += seen.length as u64;
        if seen.opening == Some(Opening::Begins) {
            flow.began = sender;
        }
        Some((at, sender))
    }

    /// Weighs what a new flow says about which side of its tunnel the subscriber is on.
    fn vote(&mut self, seen: &Seen) {
        let Some(tunnel) = seen.tunnel else { return };
        let from_lower = tunnel.from < tunnel.to;
        let ends = match from_lower {
            true => (tunnel.from, tunnel.to),
            false => (tunnel.to, tunnel.from),
        };
        if self.sides.len() == MAX_TUNNELS && !self.sides.contains_key(&ends) {
            return;
        }
        let private = [seen.source, seen.destination].map(|end| is_private(end.address));
        let weight = match (private, seen.opening) {
            ([true, false], _) => 8,
            ([false, true], _) => -8,
            (_, Some(Opening::Begins)) => 4,
            (_, Some(Opening::Answers)) => -4,
            _ => 1,
        };
        let side = self.sides.entry(ends).or_default();
        *side += if from_lower { weight } else { -weight };
    }

    /// Looks for names in what a packet of a flow carries.
    pub fn look(&mut self, (at, sender): (usize, usize), ports: [u16; 2], body: Body<'_>) {
        let mut found = Found::default();
        let flow = &mut self.flows[at];
        match body {
            Body::Tcp {
                sequence,
                syn,
                payload,
                ..
            } => {
                let stream = &mut flow.streams[sender];
                self.buffered -= stream.size();
                let room = self.buffered < MAX_BUFFERED;
                stream.segment(sequence, syn, payload, ports, room, &mut found);
                self.buffered += stream.size();
            }
            Body::Udp(payload) if ports.iter().any(|&p| dns::is_port(p)) => {
                dns::message(payload, &mut found);
            }
            Body::Udp(payload) if http::is_request(payload) => {
                http::request(payload, &mut found);
            }
            Body::Udp(payload) if quic::may_be_initial(payload) => {
                let initials = flow.initials.get_or_insert_default();
                self.buffered -= initials.size();
                if self.buffered < MAX_BUFFERED {
                    initials.datagram(payload, &mut found);
                }
                self.buffered += initials.size();
            }
            Body::Udp(payload) if dns::is_message(payload) => dns::message(payload, &mut found),
            _ => {}
        }
        self.keep(at, found);
    }

    /// Gives a flow what was found in it.
    pub fn keep(&mut self, at: usize, found: Found) {
        let flow = &mut self.flows[at];
        for name in found.names {
            let room = flow.names.len() < MAX_NAMES && self.names < MAX_ALL_NAMES;
            if room && !flow.names.contains(&name) {
                flow.names.push(name);
                self.names += 1;
            }
        }
        for (name, address) in found.answers {
            let answer = DnsAnswer { name, address };
            if self.answers.len() < MAX_ALL_NAMES {
                self.answers.push(answer);
            }
        }
    }

    /// The records, in the order of the flows' first packets, and the DNS answers, sorted.
    pub fn finish(self) -> (Vec<ConnectionRecord>, Vec<DnsAnswer>) {
        let Self {
            flows,
            mut answers,
            sides,
            ..
        } = self;
        answers.sort();
        answers.dedup();
        (
            flows.into_iter().map(|flow| flow.record(&sides)).collect(),
            answers,
        )
    }
}

impl Flow {
    fn new(key: Key, seen: &Seen, sender: usize) -> Self {
        let swap = |t: Tunnel| Tunnel {
            from: t.to,
            to: t.from,
        };
        Self {
            key,
            frame: seen.frame,
            time: seen.time,
            began: match seen.opening {
                Some(Opening::Answers) => 1 - sender,
                _ => sender,
            },
            tunnel: if sender == 0 {
                seen.tunnel
            } else {
                seen.tunnel.map(swap)
            },
            packets: [0; 2],
            bytes: [0; 2],
            names: Vec::new(),
            streams: Default::default(),
            initials: None,
        }
    }

    fn record(self, sides: &HashMap<(Outer, Outer), i64>) -> ConnectionRecord {
        let subscriber = self.subscriber(sides);
        let remote = 1 - subscriber;
        ConnectionRecord {
            frame: self.frame,
            time: self.time,
            subscriber: self.key.ends[subscriber],
            remote: self.key.ends[remote],
            protocol: self.key.protocol,
            names: self.names,
            packets: [self.packets[subscriber], self.packets[remote]],
            bytes: [self.bytes[subscriber], self.bytes[remote]],
        }
    }

    /// Which end is the subscriber: the one on the subscriber's side of the tunnel, else the
    /// one with a private address, else the one that began.
    fn subscriber(&self, sides: &HashMap<(Outer, Outer), i64>) -> usize {
        if let Some(Tunnel { from, to }) = self.tunnel {
            let (ends, sign) = if from < to {
                ((from, to), 1)
            } else {
                ((to, from), -1)
            };
            match sign * sides.get(&ends).copied().unwrap_or_default() {
                1.. => return 0,
                ..=-1 => return 1,
                0 => {}
            }
        }
        match self.key.ends.map(|end| is_private(end.address)) {
            [true, false] => 0,
            [false, true] => 1,
            _ => self.began,
        }
    }
}
