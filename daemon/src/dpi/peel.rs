//! From a captured frame to the subscriber's packet: what a carrier strips before it looks.

use std::net::IpAddr;

use etherparse::{IpNumber, LaxIpSlice, UdpSlice};

use crate::capture::LinkType;

/// What is inside a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peeled<'a> {
    /// What `bytes` are.
    pub kind: Kind,
    /// The IP packet, without link padding; of other frames all that follows the tunnel's or
    /// the link's own headers.
    pub bytes: &'a [u8],
    /// The tunnel it came through, if any.
    pub tunnel: Option<Tunnel>,
}

/// Kinds of contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An IPv4 or IPv6 packet.
    Ip,
    /// A PPP packet that says nothing to whoever has no key: protocol 0x0053, or 0xC021 with
    /// what is neither LCP nor IP.
    Opaque,
    /// A PPP packet of another protocol, which is not IP.
    Ppp(u16),
    /// L2TP control, PPPoE discovery, or a fragment of a tunnel's outer packet.
    Control,
    /// Anything else: ARP, unknown link types, damage.
    Other,
}

/// The two outer ends of a tunnel, in the direction of the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tunnel {
    /// Who sent the frame.
    pub from: Outer,
    /// Who is to get it.
    pub to: Outer,
}

/// An outer end of a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outer {
    /// Of an L2TP tunnel.
    Ip(IpAddr),
    /// Of a PPPoE session.
    Mac([u8; 6]),
}

const L2TP_PORT: u16 = 1701;

/// How deep VLAN tags and MPLS labels may be stacked.
const MAX_STACK: usize = 8;

mod ether_type {
    pub const IPV4: u16 = 0x0800;
    pub const IPV6: u16 = 0x86dd;
    pub const MPLS: u16 = 0x8847;
    pub const MPLS_MULTICAST: u16 = 0x8848;
    pub const PPPOE_DISCOVERY: u16 = 0x8863;
    pub const PPPOE_SESSION: u16 = 0x8864;
    pub const VLANS: [u16; 4] = [0x8100, 0x88a8, 0x9100, 0x9200];
}

/// Strips link and tunnel headers.
pub fn peel(link: LinkType, frame: &[u8]) -> Peeled<'_> {
    let peeled = match link {
        LinkType::Ethernet => ethernet(frame),
        LinkType::Raw(_) | LinkType::Ipv4 | LinkType::Ipv6 => ip(frame),
        LinkType::Ppp | LinkType::PppHdlc => serial(frame),
        LinkType::PppEther => pppoe(frame, None),
        // An address family, whose number depends on the system: the packet tells by itself.
        LinkType::Null | LinkType::Loop => frame.get(4..).and_then(ip),
        LinkType::LinuxSll => {
            ether_type_at(frame, 14).and_then(|kind| ether(kind, &frame[16..], None))
        }
        LinkType::LinuxSll2 => frame
            .get(20..)
            .and_then(|rest| ether(ether_type_at(frame, 0)?, rest, None)),
        LinkType::Other(_) => None,
    };
    peeled.unwrap_or(Peeled {
        kind: Kind::Other,
        bytes: frame,
        tunnel: None,
    })
}

fn ether_type_at(frame: &[u8], at: usize) -> Option<u16> {
    let raw = frame.get(at..)?.first_chunk::<2>()?;
    Some(u16::from_be_bytes(*raw))
}

fn ethernet(frame: &[u8]) -> Option<Peeled<'_>> {
    let to = Outer::Mac(*frame.first_chunk()?);
    let from = Outer::Mac(*frame.get(6..)?.first_chunk()?);
    let kind = ether_type_at(frame, 12)?;
    ether(kind, &frame[14..], Some(Tunnel { from, to }))
}

/// What follows an EtherType. `macs` become the tunnel where it is PPPoE.
fn ether(mut kind: u16, mut rest: &[u8], macs: Option<Tunnel>) -> Option<Peeled<'_>> {
    for _ in 0..MAX_STACK {
        if !ether_type::VLANS.contains(&kind) {
            break;
        }
        kind = ether_type_at(rest, 2)?;
        rest = &rest[4..];
    }
    match kind {
        ether_type::IPV4 | ether_type::IPV6 => ip(rest),
        ether_type::PPPOE_SESSION => pppoe(rest, macs),
        ether_type::PPPOE_DISCOVERY => Some(Peeled {
            kind: Kind::Control,
            bytes: rest,
            tunnel: macs,
        }),
        ether_type::MPLS | ether_type::MPLS_MULTICAST => mpls(rest),
        _ => None,
    }
}

/// IP behind MPLS labels, directly or in an Ethernet pseudowire.
fn mpls(mut rest: &[u8]) -> Option<Peeled<'_>> {
    for _ in 0..MAX_STACK {
        let label: &[u8; 4] = rest.first_chunk()?;
        rest = &rest[4..];
        if label[2] & 1 == 0 {
            continue;
        }
        let inside = match rest.first()? >> 4 {
            4 | 6 => ip(rest),
            0 => rest.get(4..).and_then(ethernet),
            _ => None,
        };
        return inside.or_else(|| ethernet(rest));
    }
    None
}

fn ip(packet: &[u8]) -> Option<Peeled<'_>> {
    through_l2tp(packet).or_else(|| subscriber_ip(packet, None))
}

/// An IP packet cut to its own length. A length of 0 stands for more than its field can say.
fn subscriber_ip(packet: &[u8], tunnel: Option<Tunnel>) -> Option<Peeled<'_>> {
    let length = match packet.first()? >> 4 {
        4 if packet.len() >= 20 => match ether_type_at(packet, 2)? {
            0 => packet.len(),
            length => length.into(),
        },
        6 if packet.len() >= 40 => match ether_type_at(packet, 4)? {
            0 => packet.len(),
            length => 40 + usize::from(length),
        },
        _ => return None,
    };
    Some(Peeled {
        kind: Kind::Ip,
        bytes: &packet[..length.min(packet.len())],
        tunnel,
    })
}

/// The contents of L2TPv2 over UDP, if that is what the packet is.
fn through_l2tp(packet: &[u8]) -> Option<Peeled<'_>> {
    let (outer, _) = LaxIpSlice::from_slice(packet).ok()?;
    let payload = outer.payload();
    if payload.ip_number != IpNumber::UDP {
        return None;
    }
    let ports = [
        ether_type_at(payload.payload, 0)?,
        ether_type_at(payload.payload, 2)?,
    ];
    if !ports.contains(&L2TP_PORT) {
        return None;
    }
    let tunnel = Tunnel {
        from: Outer::Ip(outer.source_addr()),
        to: Outer::Ip(outer.destination_addr()),
    };
    let control = Peeled {
        kind: Kind::Control,
        bytes: payload.payload,
        tunnel: Some(tunnel),
    };
    if payload.fragmented {
        // Of later fragments nothing says that they are L2TP: they count as plain IP.
        return (outer
            .ipv4()
            .is_none_or(|v4| v4.header().fragments_offset().value() == 0))
        .then_some(control);
    }
    l2tp(
        UdpSlice::from_slice_lax(payload.payload).ok()?.payload(),
        tunnel,
    )
}

fn l2tp(message: &[u8], tunnel: Tunnel) -> Option<Peeled<'_>> {
    const CONTROL: u16 = 0x8000;
    const LENGTH: u16 = 0x4000;
    const SEQUENCE: u16 = 0x0800;
    const OFFSET: u16 = 0x0200;
    const VERSION: u16 = 0x000f;

    let flags = ether_type_at(message, 0)?;
    if flags & VERSION != 2 {
        return None;
    }
    let mut message = message;
    let mut at = 2;
    if flags & LENGTH != 0 {
        let length = usize::from(ether_type_at(message, at)?);
        message = &message[..length.min(message.len())];
        at += 2;
    }
    if flags & CONTROL != 0 {
        return Some(Peeled {
            kind: Kind::Control,
            bytes: message,
            tunnel: Some(tunnel),
        });
    }
    at += 4;
    if flags & SEQUENCE != 0 {
        at += 4;
    }
    if flags & OFFSET != 0 {
        at += 2 + usize::from(ether_type_at(message, at)?);
    }
    let frame = message.get(at..)?;
    ppp(frame, Some(tunnel)).or(Some(Peeled {
        kind: Kind::Other,
        bytes: frame,
        tunnel: Some(tunnel),
    }))
}

fn pppoe(packet: &[u8], macs: Option<Tunnel>) -> Option<Peeled<'_>> {
    /// A mark between a card and its host, never on the line.
    const HOST_MARK: u8 = 0x80;

    let head: &[u8; 6] = packet.first_chunk()?;
    let length = usize::from(u16::from_be_bytes([head[4], head[5]]));
    let rest = &packet[6..];
    let rest = &rest[..length.min(rest.len())];
    if head[0] != 0x11 {
        return None;
    }
    if head[1] & !HOST_MARK != 0 {
        return Some(Peeled {
            kind: Kind::Control,
            bytes: rest,
            tunnel: macs,
        });
    }
    ppp(rest, macs)
}

/// PPP, or Cisco's HDLC, as captured on a serial line.
fn serial(frame: &[u8]) -> Option<Peeled<'_>> {
    match frame {
        [0x0f | 0x8f, 0, rest @ ..] => ether(ether_type_at(rest, 0)?, &rest[2..], None),
        _ => ppp(frame, None),
    }
}

fn ppp(frame: &[u8], tunnel: Option<Tunnel>) -> Option<Peeled<'_>> {
    const IPV4: u16 = 0x0021;
    const IPV6: u16 = 0x0057;
    const OPAQUE: u16 = 0x0053;
    const LCP: u16 = 0xc021;

    let frame = frame.strip_prefix(&[0xff, 0x03]).unwrap_or(frame);
    let (protocol, information) = match *frame {
        [short, ref rest @ ..] if short & 1 == 1 => (short.into(), rest),
        [high, low, ref rest @ ..] if low & 1 == 1 => (u16::from_be_bytes([high, low]), rest),
        _ => return None,
    };
    let first = information.first().copied().unwrap_or_default();
    let kind = match (protocol, first >> 4) {
        (IPV4 | IPV6, _) | (LCP, 4 | 6) => return subscriber_ip(information, tunnel),
        (OPAQUE, _) | (LCP, 8..) => Kind::Opaque,
        _ => Kind::Ppp(protocol),
    };
    Some(Peeled {
        kind,
        bytes: frame,
        tunnel,
    })
}
