//! A frame's outer headers as the card takes them: whose frame it is, its mark, and what follows its PPP frame.

use crate::registers::{Direction, Kind};
use scramble::checksum::{Delta, sum};
use scramble::encap::{Encapsulation, Flow, Link, NotData};
use scramble::wire::ip::Ipv6;
use scramble::wire::transport::Udp;
use scramble::wire::{ethernet, l2tp, pppoe};
use std::ops::Range;

/// The host link mark in L2TP's flags.
pub const L2TP_MARK: u16 = 0x0080;
/// The host link mark in PPPoE's code.
pub const PPPOE_MARK: u8 = 0x80;
/// More offset padding than this is a fault.
const MAX_OFFSET: u16 = 4;

/// What a frame is, as far as its outer headers tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// No session data.
    Other,
    /// A fragment of an outer IP packet.
    Fragment,
    /// L2TP data that the card cannot take apart.
    Offset {
        /// It has the host link mark.
        marked: bool,
    },
    /// Session data.
    Data(Outer),
}

/// The outer headers of session data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outer {
    /// How it is carried.
    pub kind: Kind,
    /// As in [`Entry`](crate::registers::Entry).
    pub peer: [u8; 16],
    /// Tunnel id in the high half, session id in the low half.
    pub ids: u32,
    /// It has the host link mark.
    pub marked: bool,
    encapsulation: Encapsulation,
    /// The L2TP or PPPoE header.
    message: usize,
    ip: Option<Ip>,
}

/// Where an L2TP message's outer headers lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Ip {
    at: usize,
    v6: bool,
    udp: usize,
}

impl Class {
    /// What `frame` is that travels in `direction`.
    pub fn of(frame: &[u8], direction: Direction) -> Self {
        let Ok(header) = ethernet::Header::parse(frame) else {
            return Self::Other;
        };
        let at = header.payload;
        let mut unmarked = frame.to_vec();
        let mut marked = false;
        if header.ethertype == pppoe::ETHERTYPE
            && let Some(code) = unmarked.get_mut(at + 1)
            && *code == PPPOE_MARK
        {
            *code = 0;
            marked = true;
        }
        let encapsulation = match Encapsulation::parse(Link::Ethernet, &unmarked) {
            Ok(encapsulation) => encapsulation,
            Err(NotData::Fragment) => return Self::Fragment,
            Err(_) => return Self::Other,
        };
        match encapsulation.flow {
            Flow::Pppoe {
                vlans,
                source,
                destination,
                session,
            } => {
                let mut peer = [0; 16];
                peer[..6].copy_from_slice(&towards(direction, source, destination));
                for (place, vlan) in peer[6..10].chunks_exact_mut(2).zip(vlans) {
                    place.copy_from_slice(&vlan.map_or(0, |id| 0x8000 | id).to_be_bytes());
                }
                Self::Data(Outer {
                    kind: Kind::Pppoe,
                    peer,
                    ids: session.into(),
                    marked,
                    encapsulation,
                    message: at,
                    ip: None,
                })
            }
            Flow::L2tp {
                source,
                destination,
                tunnel,
                session,
                ..
            } => {
                let mut peer = [0; 16];
                let (kind, header) = match towards(direction, source, destination).ip() {
                    std::net::IpAddr::V4(address) => {
                        peer[..4].copy_from_slice(&address.octets());
                        (Kind::L2tpIpv4, usize::from(frame[at] & 15) * 4)
                    }
                    std::net::IpAddr::V6(address) => {
                        peer = address.octets();
                        (Kind::L2tpIpv6, Ipv6::HEADER)
                    }
                };
                let udp = at + header;
                let message = udp + Udp::HEADER;
                let marked = word(frame, message) & L2TP_MARK != 0;
                if offset(&frame[message..udp + udp_length(frame, udp)]) > MAX_OFFSET {
                    return Self::Offset { marked };
                }
                Self::Data(Outer {
                    kind,
                    peer,
                    ids: u32::from(tunnel) << 16 | u32::from(session),
                    marked,
                    encapsulation,
                    message,
                    ip: Some(Ip {
                        at,
                        v6: kind == Kind::L2tpIpv6,
                        udp,
                    }),
                })
            }
        }
    }
}

/// The peer's of two addresses.
fn towards<T>(direction: Direction, source: T, destination: T) -> T {
    match direction {
        Direction::Line => destination,
        Direction::Host => source,
    }
}

/// The Offset Size of an L2TP data message that is known to be whole.
fn offset(message: &[u8]) -> u16 {
    match l2tp::Message::parse(message) {
        Ok(l2tp::Message::Data(header)) => header.offset.unwrap_or(0),
        _ => 0,
    }
}

impl Outer {
    /// How the PPP frame is wrapped up.
    pub const fn encapsulation(&self) -> Encapsulation {
        self.encapsulation
    }

    /// Where the PPP frame lies.
    pub const fn ppp(&self) -> Range<usize> {
        self.encapsulation.ppp()
    }

    /// Sets or takes off the host link mark; the UDP checksum follows.
    pub fn set_mark(&self, frame: &mut [u8], marked: bool) {
        let Some(ip) = self.ip else {
            frame[self.message + 1] = if marked { PPPOE_MARK } else { 0 };
            return;
        };
        let old = word(frame, self.message);
        let new = if marked {
            old | L2TP_MARK
        } else {
            old & !L2TP_MARK
        };
        put(frame, self.message, new);
        let at = ip.udp + Udp::CHECKSUM;
        let delta = Delta::default().old_word(old).new_word(new);
        put(frame, at, delta.apply_udp(word(frame, at)));
    }

    /// Leaves out what follows the PPP frame: Ethernet's padding, and what stands behind an L2TP message in its
    /// datagram; the lengths and checksums around that follow. The frame must be parsed again.
    pub fn cut_behind_ppp(&self, frame: &mut Vec<u8>) {
        let end = self.ppp().end;
        if let Some(ip) = self.ip {
            let length = udp_length(frame, ip.udp);
            let kept = end - ip.udp;
            let before = datagram_sum(&frame[ip.udp..ip.udp + length]);
            put(frame, ip.udp + Udp::LENGTH, kept as u16);
            let after = datagram_sum(&frame[ip.udp..end]);
            let delta = Delta::default().old_word(before).new_word(after);
            let at = ip.udp + Udp::CHECKSUM;
            let checksum = delta.apply_udp(word(frame, at));
            put(frame, at, checksum);
            let at = ip.length_at();
            let old = word(frame, at);
            let new = old - (length - kept) as u16;
            put(frame, at, new);
            if !ip.v6 {
                let delta = Delta::default().old_word(old).new_word(new);
                let at = ip.at + 10;
                let checksum = delta.apply(word(frame, at));
                put(frame, at, checksum);
            }
        }
        frame.truncate(end);
    }

    /// Whether the outer IP length of a frame without anything behind its PPP frame has room for `growth`.
    pub fn has_room(&self, frame: &[u8], growth: isize) -> bool {
        self.ip.is_none_or(|ip| {
            usize::from(word(frame, ip.length_at()))
                .checked_add_signed(growth)
                .is_some_and(|length| length <= 0xFFFF)
        })
    }
}

impl Ip {
    const fn length_at(self) -> usize {
        self.at + if self.v6 { 4 } else { 2 }
    }
}

/// The sum under a datagram's checksum; of the pseudo-header, only the length, which alone changes.
fn datagram_sum(datagram: &[u8]) -> u16 {
    let total = [
        sum(&datagram[..Udp::CHECKSUM]),
        sum(&datagram[Udp::HEADER..]),
        datagram.len() as u16,
    ]
    .into_iter()
    .map(u32::from)
    .sum::<u32>();
    (total % 0xFFFF) as u16
}

fn udp_length(frame: &[u8], udp: usize) -> usize {
    word(frame, udp + Udp::LENGTH).into()
}

fn word(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn put(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
}
