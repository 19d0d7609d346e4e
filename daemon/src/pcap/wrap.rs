//! The IP packets of any capture, put into PPP frames of one L2TP or PPPoE session.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use scramble::wire::ip::{Ipv4, Ipv4Header, Ipv6, UDP};
use scramble::wire::transport::Udp;
use scramble::wire::{ethernet, l2tp, ppp, pppoe};
use scramble::{checksum, wire};
use serde::Serialize;

use super::counts::{Done, Reasons, line};
use super::{Error, Input, Output, link};
use crate::capture::{Item, LinkType, MAX_FRAME, Record, Time, Writer};

/// MAC address of the subscriber's side: locally administered.
pub const SUBSCRIBER_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
/// MAC address of the ISP's side.
pub const ISP_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];
/// The LAC's address, which RFC 5737 sets aside for examples.
pub const LAC: [u8; 4] = [192, 0, 2, 1];
/// The LNS's address, of the same range.
pub const LNS: [u8; 4] = [192, 0, 2, 2];
/// Tunnel and session id, the same both ways.
pub const ID: u16 = 1;

/// What the PPP frames travel in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encap {
    /// L2TP over UDP and IPv4, PPP with FF 03.
    L2tp,
    /// PPPoE, PPP without FF 03.
    Pppoe,
}

/// How to wrap.
#[derive(Clone, Debug)]
pub struct Wrapping {
    /// What the PPP frames travel in.
    pub encap: Encap,
    /// VLAN ids from the outside in, at most two.
    pub vlans: Vec<u16>,
}

/// What became of the frames.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Wrapped {
    /// Frames in the capture.
    pub frames: u64,
    /// Frames that were wrapped.
    pub wrapped: u64,
    /// Of these, frames from the subscriber.
    pub from_subscriber: u64,
    /// Of these, frames that the capture had cut short: they are wrapped as they are.
    pub cut_short: u64,
    /// Frames without a time of their own, which got that of the frame before.
    pub without_time: u64,
    /// Frames that have no IP packet in them, by what they are instead; they are left out.
    pub left_out: Reasons,
    /// Frames that could not be wrapped, and why; they are left out.
    pub refused: Reasons,
}

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>10} frames", self.frames)?;
        writeln!(
            f,
            "{:>10} wrapped, {} of them from the subscriber",
            self.wrapped, self.from_subscriber
        )?;
        line(
            f,
            self.cut_short,
            "of them as short as the capture has them",
        )?;
        line(
            f,
            self.without_time,
            "of them with the time of the frame before",
        )?;
        self.left_out.lines(f, "left out")?;
        self.refused.lines(f, "refused")
    }
}

/// Wraps the IP packets of `input` into `output`.
///
/// A classic pcap file gives one of the same byte order and time resolution, pcapng gives a classic
/// pcap file with nanoseconds; frames are Ethernet in both. The subscriber is the end with a private
/// address (RFC 1918, RFC 6598, RFC 4193), or where both or neither have one, the end that sent the
/// first packet between the two.
///
/// # Errors
/// `Error`; damage within the capture is no error but part of what is done.
pub fn wrap(
    input: &Input,
    output: impl FnOnce() -> Result<Output, Error>,
    wrapping: &Wrapping,
) -> Result<Done<Wrapped>, Error> {
    let mut reader = input.once()?;
    let mut output = output()?;
    let mut counts = Wrapped::default();
    let mut wrapper = Wrapper::new(wrapping);
    let mut form = None;
    let mut time = Time::default();
    let damage = loop {
        let record = match reader.next_item() {
            Ok(None) => break None,
            Err(damage) => break Some(damage),
            Ok(Some(Item::Frame(record))) => record,
            Ok(Some(Item::Other(bytes))) => {
                if form.is_none() {
                    let (chosen, header) = Form::like(&bytes)?;
                    output.write(&header)?;
                    form = Some(chosen);
                }
                continue;
            }
        };
        counts.frames += 1;
        counts.without_time += u64::from(record.time().is_none());
        time = record.time().unwrap_or(time);
        let (up, frame) = match wrapper.wrap(record.link(), record.frame()) {
            Ok(wrapped) => wrapped,
            Err(NotWrapped::NotIp(reason)) => {
                counts.left_out.add(reason);
                continue;
            }
            Err(NotWrapped::TooLong) => {
                counts.refused.add(TOO_LONG);
                continue;
            }
        };
        counts.wrapped += 1;
        counts.from_subscriber += u64::from(up);
        counts.cut_short += u64::from(record.is_cut());
        let form = form.unwrap_or(Form::Nanoseconds);
        form.write(&mut output, &record, time, &frame)?;
    };
    output.finish()?;
    Ok(Done { counts, damage })
}

/// The form of the capture to write.
#[derive(Clone, Copy)]
enum Form {
    /// As the one read: the times' bytes are copied.
    Like { big_endian: bool },
    /// Little-endian, nanoseconds.
    Nanoseconds,
}

impl Form {
    /// The form for a capture that starts with `header`, and the header to write.
    fn like(header: &[u8]) -> Result<(Self, Vec<u8>), Error> {
        let big_endian = header.starts_with(&[0xA1, 0xB2]);
        let little_endian = header.get(2..4) == Some(&[0xB2, 0xA1]);
        if header.len() != 24 || !(big_endian || little_endian) {
            let writer = Writer::pcap(Vec::new(), LinkType::Ethernet)?;
            return Ok((Self::Nanoseconds, writer.finish()?));
        }
        let form = Self::Like { big_endian };
        let mut out = header[..16].to_vec();
        out.extend(form.word(MAX_FRAME as u32));
        out.extend(form.word(LinkType::Ethernet.number().into()));
        Ok((form, out))
    }

    fn word(self, value: u32) -> [u8; 4] {
        match self {
            Self::Like { big_endian: true } => value.to_be_bytes(),
            _ => value.to_le_bytes(),
        }
    }

    fn write(
        self,
        output: &mut Output,
        like: &Record,
        time: Time,
        frame: &[u8],
    ) -> Result<(), Error> {
        if let Self::Nanoseconds = self {
            let record = Record::new(time, LinkType::Ethernet, frame)?;
            return output.write(record.as_bytes());
        }
        let length = self.word(frame.len() as u32);
        output.write(&like.as_bytes()[..8])?;
        output.write(&[length, length].concat())?;
        output.write(frame)
    }
}

/// Why a frame was not wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotWrapped {
    /// There is no IP packet in it, but this.
    NotIp(&'static str),
    /// The packet is longer than the length fields around it can say.
    TooLong,
}

const TOO_LONG: &str = "longer than the length fields around it can say";

/// Wraps one frame after the other into one session.
pub struct Wrapper<'w> {
    wrapping: &'w Wrapping,
    sides: Sides,
    identification: u16,
}

impl<'w> Wrapper<'w> {
    /// A wrapper that has seen no frame yet.
    pub fn new(wrapping: &'w Wrapping) -> Self {
        Self {
            wrapping,
            sides: Sides::default(),
            identification: 0,
        }
    }

    /// The IP packet of a captured frame in a frame on the backhaul, and whether the subscriber
    /// sent it.
    ///
    /// # Errors
    /// `NotWrapped`.
    pub fn wrap(&mut self, link: LinkType, frame: &[u8]) -> Result<(bool, Vec<u8>), NotWrapped> {
        let packet = link::ip_packet(link, frame).map_err(NotWrapped::NotIp)?;
        let up = self.sides.is_up(packet);
        let frame = self.frame(packet, up).ok_or(NotWrapped::TooLong)?;
        Ok((up, frame))
    }

    /// The frame with `packet` in it; `None` where a length field cannot say how long it is.
    fn frame(&mut self, packet: &[u8], up: bool) -> Option<Vec<u8>> {
        let protocol = match packet.first()? >> 4 {
            4 => ppp::protocol::IPV4,
            _ => ppp::protocol::IPV6,
        };
        let (ethertype, headers) = match self.wrapping.encap {
            Encap::Pppoe => {
                let length = u16::try_from(2 + packet.len()).ok()?;
                let header = pppoe::SessionHeader::emit(ID, length);
                let headers = [&header[..], &protocol.to_be_bytes()].concat();
                (pppoe::ETHERTYPE, headers)
            }
            Encap::L2tp => (ethernet::IPV4, self.l2tp(protocol, packet, up)?),
        };
        let mut frame = self.ethernet(ethertype, up);
        frame.extend(headers);
        frame.extend(packet);
        Some(frame)
    }

    fn ethernet(&self, ethertype: u16, up: bool) -> Vec<u8> {
        let mut header = match up {
            true => [ISP_MAC, SUBSCRIBER_MAC].concat(),
            false => [SUBSCRIBER_MAC, ISP_MAC].concat(),
        };
        let mut tags_left = self.wrapping.vlans.len();
        for vlan in &self.wrapping.vlans {
            // IEEE 802.1ad outside, 802.1Q inside.
            let tag: u16 = if tags_left > 1 { 0x88A8 } else { 0x8100 };
            header.extend(tag.to_be_bytes());
            header.extend(vlan.to_be_bytes());
            tags_left -= 1;
        }
        header.extend(ethertype.to_be_bytes());
        header
    }

    /// IPv4, UDP, L2TP and PPP headers for `packet`.
    fn l2tp(&mut self, protocol: u16, packet: &[u8], up: bool) -> Option<Vec<u8>> {
        let mut message = l2tp::emit_plain(ID, ID).to_vec();
        message.extend([0xFF, 0x03]);
        message.extend(protocol.to_be_bytes());
        let headers = udp_headers(&message, packet, up, self.identification)?;
        self.identification = self.identification.wrapping_add(1);
        Some([headers, message].concat())
    }
}

/// A frame on the backhaul with `message`, an L2TP message, in it; `None` where a length field cannot say how long it is.
pub fn backhaul_frame(message: &[u8], up: bool) -> Option<Vec<u8>> {
    let wrapping = Wrapping {
        encap: Encap::L2tp,
        vlans: Vec::new(),
    };
    let ethernet = Wrapper::new(&wrapping).ethernet(ethernet::IPV4, up);
    Some([&ethernet, &udp_headers(&[], message, up, 0)?, message].concat())
}

/// IPv4 and UDP headers for `start` and `rest`; `start` is of an even length.
fn udp_headers(start: &[u8], rest: &[u8], up: bool, identification: u16) -> Option<Vec<u8>> {
    let length = u16::try_from(Udp::HEADER + start.len() + rest.len()).ok()?;
    length.checked_add(Ipv4::HEADER as u16)?;
    let (source, destination) = if up { (LAC, LNS) } else { (LNS, LAC) };
    let header = Ipv4Header {
        source,
        destination,
        protocol: UDP,
        identification,
        payload_len: length,
    };
    let pseudo = [
        &source[..],
        &destination,
        &[0, UDP],
        &length.to_be_bytes(),
        &Udp::emit(l2tp::PORT, l2tp::PORT, length, 0),
        start,
    ]
    .concat();
    // All of it has an even length, so that the sum of the rest may simply be added.
    let sum = u32::from(checksum::sum(&pseudo)) + u32::from(checksum::sum(rest));
    let sum = match !((sum % 0xFFFF) as u16) {
        0 => 0xFFFF,
        sum => sum,
    };
    let udp = Udp::emit(l2tp::PORT, l2tp::PORT, length, sum);
    Some([&header.emit()[..], &udp].concat())
}

/// Which end of each conversation is the subscriber.
#[derive(Default)]
struct Sides {
    /// Who sent first, by both addresses, the lower one first.
    first: HashMap<(IpAddr, IpAddr), IpAddr>,
}

impl Sides {
    /// Whether `packet` comes from the subscriber.
    fn is_up(&mut self, packet: &[u8]) -> bool {
        let Some((source, destination)) = addresses(packet) else {
            return true;
        };
        match (is_private(source), is_private(destination)) {
            (true, false) => true,
            (false, true) => false,
            _ => {
                let both = (source.min(destination), source.max(destination));
                *self.first.entry(both).or_insert(source) == source
            }
        }
    }
}

fn addresses(packet: &[u8]) -> Option<(IpAddr, IpAddr)> {
    fn pair<A: Into<IpAddr>>(source: A, destination: A) -> (IpAddr, IpAddr) {
        (source.into(), destination.into())
    }
    let v4 = || -> Result<_, wire::Malformed> {
        let ip = Ipv4::parse(packet)?;
        Ok(pair(ip.source(), ip.destination()))
    };
    let v6 = || -> Result<_, wire::Malformed> {
        let ip = Ipv6::parse(packet)?;
        Ok(pair(ip.source(), ip.destination()))
    };
    v4().or_else(|_| v6()).ok()
}

/// Whether an address is of those that subscribers have: RFC 1918, RFC 6598, RFC 4193.
fn is_private(address: IpAddr) -> bool {
    let shared = |v4: Ipv4Addr| v4.octets()[0] == 100 && v4.octets()[1] & 0xC0 == 64;
    let unique_local = |v6: Ipv6Addr| v6.octets()[0] & 0xFE == 0xFC;
    match address {
        IpAddr::V4(v4) => v4.is_private() || shared(v4),
        IpAddr::V6(v6) => unique_local(v6),
    }
}
