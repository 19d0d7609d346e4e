//! What a carrier's DPI would put on record about a capture.

use std::collections::BTreeSet;
use std::net::IpAddr;

use etherparse::{SlicedPacket, defrag::IpDefragPool};
use serde::Serialize;

use super::address::{is_host, is_private};
use super::flow::{Endpoint, Opening, Seen, Table};
use super::names::{Found, Name, dns};
use super::packet::{Body, Packet, Transport};
use super::peel::{Kind, Tunnel, peel};
use crate::capture::{LinkType, Time};

/// One line of an internet connection record: a flow, as the carrier sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionRecord {
    /// The number of the flow's first frame in its capture, from 0.
    pub frame: usize,
    /// When that was.
    pub time: Option<Time>,
    /// The subscriber's end.
    pub subscriber: Endpoint,
    /// The other end.
    pub remote: Endpoint,
    /// The IP protocol's number.
    pub protocol: u8,
    /// Names seen in the flow, in the order in which they came.
    pub names: Vec<Name>,
    /// Packets from the subscriber, and to it.
    pub packets: [u64; 2],
    /// Bytes of these packets, IP headers included.
    pub bytes: [u64; 2],
}

impl ConnectionRecord {
    /// Whether both ends sent something.
    pub fn two_way(&self) -> bool {
        self.packets.iter().all(|&n| n > 0)
    }
}

/// An address that a DNS answer gave for a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct DnsAnswer {
    /// The name.
    pub name: String,
    /// Its address.
    pub address: IpAddr,
}

/// What frames were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All frames.
    pub frames: u64,
    /// IP packets of the subscribers.
    pub ip: u64,
    /// PPP packets that say nothing to whoever has no key.
    pub opaque: u64,
    /// Other PPP packets: LCP, IPCP and the like.
    pub ppp: u64,
    /// L2TP control, PPPoE discovery, fragments of tunnels.
    pub control: u64,
    /// Anything else.
    pub other: u64,
    /// Packets of flows that were not kept, because there were too many.
    pub lost: u64,
}

/// The carrier's view of a capture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// Flows, in the order of their first packets.
    pub records: Vec<ConnectionRecord>,
    /// Addresses in DNS answers, sorted, each pair once.
    pub answers: Vec<DnsAnswer>,
    /// Both ends of packets that ICMP errors quote, sorted.
    pub quoted: Vec<(Endpoint, u8)>,
    /// What the frames were.
    pub counts: Counts,
}

impl View {
    /// The view of frames from anywhere.
    pub fn of<'a>(frames: impl IntoIterator<Item = (Option<Time>, LinkType, &'a [u8])>) -> Self {
        let mut builder = Builder::default();
        for (time, link, frame) in frames {
            builder.frame(time, link, frame);
        }
        builder.finish()
    }

    /// Addresses of hosts that subscribers spoke with. Where both ends are private, the remote
    /// one counts all the same.
    pub fn remote_addresses(&self) -> BTreeSet<IpAddr> {
        let remotes = self.records.iter().map(|r| r.remote.address);
        let quoted = self.quoted.iter().map(|(end, _)| end.address);
        let quoted = quoted.filter(|&a| !is_private(a));
        remotes.chain(quoted).filter(|&a| is_host(a)).collect()
    }

    /// Remote address, port and protocol of TCP and UDP flows.
    pub fn remote_ports(&self) -> BTreeSet<(Endpoint, u8)> {
        let remotes = self.records.iter().map(|r| (r.remote, r.protocol));
        remotes
            .filter(|(end, _)| end.port != 0 && is_host(end.address))
            .collect()
    }

    /// Host names: those with a dot in them.
    pub fn names(&self) -> BTreeSet<&str> {
        let names = self.records.iter().flat_map(|r| &r.names);
        names
            .map(|n| n.text.as_str())
            .filter(|t| t.contains('.'))
            .collect()
    }

    /// Addresses in DNS answers.
    pub fn answer_addresses(&self) -> BTreeSet<IpAddr> {
        let addresses = self.answers.iter().map(|a| a.address);
        addresses.filter(|&a| is_host(a)).collect()
    }

    /// Every end of every flow, and of every quoted packet: wherever a true one may show.
    pub(super) fn all_ends(&self) -> BTreeSet<(Endpoint, u8)> {
        let ends = self.records.iter();
        let ends = ends.flat_map(|r| [(r.subscriber, r.protocol), (r.remote, r.protocol)]);
        ends.chain(self.quoted.iter().copied()).collect()
    }
}

/// Builds a [`View`] frame by frame, in bounded memory.
#[derive(Debug, Default)]
pub struct Builder {
    table: Table,
    fragments: IpDefragPool<u64>,
    fragments_seen: u64,
    quoted: BTreeSet<(Endpoint, u8)>,
    counts: Counts,
}

/// Quoted ends that are remembered.
const MAX_QUOTED: usize = 1 << 16;

impl Builder {
    /// Looks at a frame.
    pub fn frame(&mut self, time: Option<Time>, link: LinkType, frame: &[u8]) {
        let number = self.counts.frames as usize;
        self.counts.frames += 1;
        let peeled = peel(link, frame);
        let count = match peeled.kind {
            Kind::Ip => &mut self.counts.ip,
            Kind::Opaque => &mut self.counts.opaque,
            Kind::Ppp(_) => &mut self.counts.ppp,
            Kind::Control => &mut self.counts.control,
            Kind::Other => &mut self.counts.other,
        };
        *count += 1;
        if peeled.kind == Kind::Ip {
            self.packet(number, time, peeled.tunnel, peeled.bytes);
        }
    }

    fn packet(&mut self, frame: usize, time: Option<Time>, tunnel: Option<Tunnel>, ip: &[u8]) {
        let Some(packet) = Packet::parse(ip) else {
            return;
        };
        let [from, to] = packet.transport.ports;
        let seen = Seen {
            frame,
            time,
            source: Endpoint {
                address: packet.source,
                port: from,
            },
            destination: Endpoint {
                address: packet.destination,
                port: to,
            },
            protocol: packet.protocol,
            length: packet.length,
            tunnel,
            opening: match packet.transport.body {
                Body::Tcp { syn: true, ack, .. } => Some(match ack {
                    false => Opening::Begins,
                    true => Opening::Answers,
                }),
                _ => None,
            },
        };
        let Some(flow) = self.table.count(&seen) else {
            return;
        };
        if packet.fragment {
            if let Some(whole) = self.fragment(ip) {
                let transport = Transport::parse(whole.ip_number, &whole.payload);
                self.look(flow, &transport);
            }
        } else {
            self.look(flow, &packet.transport);
        }
    }

    fn look(&mut self, flow: (usize, usize), transport: &Transport<'_>) {
        match transport.body {
            Body::IcmpError(quote) => self.quote(flow.0, quote),
            body => self.table.look(flow, transport.ports, body),
        }
    }

    /// The packet that an ICMP error is about: its ends, and the names of a DNS message.
    fn quote(&mut self, flow: usize, quote: &[u8]) {
        let Some(packet) = Packet::parse(quote) else {
            return;
        };
        let ports = packet.transport.ports;
        for (address, port) in [(packet.source, ports[0]), (packet.destination, ports[1])] {
            if self.quoted.len() < MAX_QUOTED {
                self.quoted
                    .insert((Endpoint { address, port }, packet.protocol));
            }
        }
        if let Body::Udp(payload) = packet.transport.body
            && ports.iter().any(|&p| dns::is_port(p))
        {
            let mut found = Found::default();
            dns::message(payload, &mut found);
            self.table.keep(flow, found);
        }
    }

    fn fragment(&mut self, ip: &[u8]) -> Option<etherparse::defrag::IpDefragPayloadVec> {
        /// How many fragments later the rest of a packet is given up.
        const PATIENCE: u64 = 512;

        self.fragments_seen += 1;
        let now = self.fragments_seen;
        if now.is_multiple_of(PATIENCE / 2) {
            self.fragments.retain(|&at| now - at < PATIENCE);
        }
        let sliced = SlicedPacket::from_ip(ip).ok()?;
        self.fragments
            .process_sliced_packet(&sliced, now, ())
            .ok()?
    }

    /// The view of all frames so far.
    pub fn finish(mut self) -> View {
        self.counts.lost = self.table.lost;
        let (records, answers) = self.table.finish();
        View {
            records,
            answers,
            quoted: self.quoted.into_iter().collect(),
            counts: self.counts,
        }
    }
}
