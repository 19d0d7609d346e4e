//! Calls that log their keys, and captures of what they send.

use std::net::{IpAddr, SocketAddr};

use fogline::capture::{LinkType, Record, Time, Writer};
use fogline::pcap::keylog::{Live, LiveKeys};
use scramble::agreement::{Carrier, Coverage, Direction, End, EpochKeys, Transform};
use scramble::encap::{Encapsulation, Link};
use scramble::option::Agreement;
use scramble::sample::{Address, Checksum, Ip, PppForm, frame};
use scramble::transform::{HEADROOM, Packet, Sender, TAILROOM};

use crate::build::{Flags, ethernet, l2tp, packets};

pub const SECOND: u64 = 1_000_000_000;

/// A time in a year of captures.
pub fn at(second: u64) -> Time {
    Time::new(1_780_000_000 + second, 0)
}

pub fn change(transform: Transform, coverage: u8, carrier: Carrier) -> Direction {
    Direction {
        transform,
        coverage: Coverage::new(coverage).unwrap(),
        carrier,
    }
}

/// A session over L2TP, both of its ends.
#[derive(Clone)]
pub struct Call {
    pub session: u64,
    pub local: SocketAddr,
    pub peer: SocketAddr,
    /// The addresses in the keylog, where they are others.
    pub logged_local: Option<SocketAddr>,
    pub logged_peer: Option<SocketAddr>,
    pub local_ids: (u16, u16),
    pub peer_ids: (u16, u16),
    pub own: End,
    pub agreement: Agreement,
    /// What its keys are made of.
    pub seed: u8,
    /// The epochs that there are keys of, with the sequence numbers used by each end.
    pub epochs: Vec<(u32, [u32; 2])>,
}

impl Call {
    pub fn new(session: u64, local: &str, peer: &str) -> Self {
        let direction = change(Transform::Header, 255, Carrier::Natural);
        Self {
            session,
            local: local.parse().unwrap(),
            peer: peer.parse().unwrap(),
            logged_local: None,
            logged_peer: None,
            local_ids: (10, 11),
            peer_ids: (20, 21),
            own: End::Higher,
            agreement: Agreement {
                send: direction,
                receive: direction,
            },
            seed: session as u8,
            epochs: Vec::new(),
        }
    }

    /// Both ends have keys of `epoch`.
    pub fn epoch(&mut self, epoch: u32) {
        self.epochs.push((epoch, [0; 2]));
    }

    /// Both ends have keys of `epoch`, and the local one logs that.
    pub fn install(&mut self, keylog: &mut Live, time: Time, epoch: u32) {
        self.epoch(epoch);
        keylog.keys(&self.line(time, &self.keys(epoch))).unwrap();
    }

    pub fn line<'k>(&self, time: Time, keys: &'k EpochKeys) -> LiveKeys<'k> {
        LiveKeys {
            time: time.into(),
            session: self.session,
            user: Some("al\"ice\n"),
            local: self.logged_local.unwrap_or(self.local),
            peer: self.logged_peer.unwrap_or(self.peer),
            local_ids: self.local_ids,
            peer_ids: self.peer_ids,
            own: self.own,
            agreement: self.agreement,
            keys,
        }
    }

    pub fn keys(&self, epoch: u32) -> EpochKeys {
        let byte = |n: u8| self.seed.wrapping_mul(31) ^ (epoch as u8).wrapping_mul(7) ^ n;
        EpochKeys {
            epoch,
            data_lower: [byte(0x40); 32],
            data_higher: [byte(0x80); 32],
            prp: [byte(0xC0); 16],
        }
    }

    /// The frame in which one end, the local one where `sent`, sends `ppp`.
    fn frame(&self, sent: bool, ppp: &[u8]) -> Vec<u8> {
        let (source, destination, ids) = match sent {
            true => (self.local, self.peer, self.peer_ids),
            false => (self.peer, self.local, self.local_ids),
        };
        let address = |at: SocketAddr| match at.ip() {
            IpAddr::V4(v4) => Address::V4(v4.octets()),
            IpAddr::V6(v6) => Address::V6(v6.octets()),
        };
        let ports = (source.port(), destination.port());
        let message = l2tp(Flags::of(self.seed), ids, ppp);
        let ip = Ip::new(address(source), address(destination), 17);
        let ethertype = if source.is_ipv4() { 0x0800 } else { 0x86DD };
        // A VLAN that no keylog knows of.
        let vlans = if sent { &[][..] } else { &[100] };
        let packet = ip.udp(ports, Checksum::Right, &message);
        ethernet(vlans, u8::from(sent), ethertype, &packet)
    }

    /// `frame` with its PPP frame scrambled.
    fn scramble(&mut self, sent: bool, epoch: u32, frame: &[u8]) -> Vec<u8> {
        let (end, direction) = match sent {
            true => (self.own, self.agreement.send),
            false => (self.own.peer(), self.agreement.receive),
        };
        let mut sender = Sender::new(end, direction, self.keys(epoch));
        let used = self.epochs.iter_mut().find(|(of, _)| *of == epoch).unwrap();
        let used = &mut used.1[usize::from(sent)];
        sender.skip_to(*used).unwrap();
        let place = Encapsulation::parse(Link::Ethernet, frame).unwrap();
        let mut buffer = [&[0; HEADROOM][..], frame, &[0; TAILROOM]].concat();
        let mut packet = Packet::new(&mut buffer, HEADROOM..HEADROOM + frame.len());
        place
            .apply(&mut packet, |ppp| sender.scramble(ppp))
            .unwrap();
        *used = sender.sequence_numbers_used();
        packet.bytes().to_vec()
    }
}

/// The same frames as they are in clear and as they are on the wire.
#[derive(Default)]
pub struct Capture {
    frames: Vec<(Time, Vec<u8>, Vec<u8>)>,
    /// How many are scrambled.
    pub data: u64,
    /// How many are of the link's own protocols.
    pub control: u64,
}

impl Capture {
    /// Packets of many kinds both ways, scrambled with the keys of `epoch`.
    pub fn packets(&mut self, call: &mut Call, time: Time, epoch: u32) {
        for side in [0, 1] {
            let sent = side == 1;
            for (n, (protocol, info)) in packets(side).into_iter().enumerate() {
                // What is compressed or padded would need a note to come back.
                let form = PppForm {
                    address_control: n % 3 > 0,
                    compressed: false,
                };
                let plain = call.frame(sent, &frame(form, protocol, &info));
                let wire = call.scramble(sent, epoch, &plain);
                self.frames.push((time, plain, wire));
                self.data += 1;
            }
        }
    }

    /// A frame of the link's own protocols, both ways.
    pub fn control(&mut self, call: &Call, time: Time, ppp: &[u8]) {
        for sent in [false, true] {
            let frame = call.frame(sent, &[&[0xFF, 0x03], ppp].concat());
            self.frames.push((time, frame.clone(), frame));
            self.control += 1;
        }
    }

    /// All frames once more.
    pub fn repeat(&mut self) {
        self.frames.extend_from_within(..);
        self.data *= 2;
        self.control *= 2;
    }

    pub fn plain(&self) -> Vec<u8> {
        self.file(|(_, plain, _)| plain)
    }

    pub fn wire(&self) -> Vec<u8> {
        self.file(|(_, _, wire)| wire)
    }

    fn file(&self, side: impl Fn(&(Time, Vec<u8>, Vec<u8>)) -> &[u8]) -> Vec<u8> {
        let mut writer = Writer::pcap(Vec::new(), LinkType::Ethernet).unwrap();
        for frame in &self.frames {
            let record = Record::new(frame.0, LinkType::Ethernet, side(frame)).unwrap();
            writer.write_record(&record).unwrap();
        }
        writer.finish().unwrap()
    }

    /// What is on the wire in Simple Packet Blocks of pcapng, which have no time.
    pub fn untimed(&self) -> Vec<u8> {
        let block = |kind: u32, body: &[u8]| {
            let mut body = body.to_vec();
            body.resize(body.len().next_multiple_of(4), 0);
            let total = (body.len() as u32 + 12).to_le_bytes();
            [&kind.to_le_bytes()[..], &total, &body, &total].concat()
        };
        let magic = 0x1A2B_3C4D_u32.to_le_bytes();
        let section = [&magic[..], &[1, 0, 0, 0], &[0xFF; 8]].concat();
        let mut file = block(0x0A0D_0D0A, &section);
        file.extend(block(1, &[1, 0, 0, 0, 0, 0, 0, 0]));
        for (_, _, wire) in &self.frames {
            let length = (wire.len() as u32).to_le_bytes();
            file.extend(block(3, &[&length[..], wire].concat()));
        }
        file
    }
}
