//! PPP inside L2TP and PPPoE frames: where it lies, and how all outer lengths and checksums follow
//! when a transform changes it.

use crate::checksum::{Delta, sum};
use crate::transform::Packet;
use crate::wire::ip::{Ipv4, Ipv6, UDP};
use crate::wire::transport::Udp;
use crate::wire::{Malformed, ethernet, l2tp, pppoe, put_u16, u16_at};
use core::net::{IpAddr, SocketAddr};
use core::ops::Range;

/// What a frame starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Link {
    /// An Ethernet header.
    Ethernet,
    /// An IP header.
    Ip,
}

/// One direction of a session as the carrier sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flow {
    /// L2TP data over UDP.
    L2tp {
        /// VLAN ids of the frame from the outside in.
        vlans: [Option<u16>; ethernet::MAX_TAGS],
        /// Outer source.
        source: SocketAddr,
        /// Outer destination.
        destination: SocketAddr,
        /// Tunnel id, the receiver's.
        tunnel: u16,
        /// Session id, the receiver's.
        session: u16,
    },
    /// PPPoE.
    Pppoe {
        /// VLAN ids of the frame from the outside in.
        vlans: [Option<u16>; ethernet::MAX_TAGS],
        /// Source MAC address.
        source: [u8; 6],
        /// Destination MAC address.
        destination: [u8; 6],
        /// Session id.
        session: u16,
    },
}

/// Why a frame has no PPP data to transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NotData {
    /// It is neither L2TP nor PPPoE session data.
    #[error("neither L2TP nor PPPoE data")]
    Other,
    /// It is a message of an L2TP control connection.
    #[error("L2TP control message")]
    Control,
    /// It is a fragment of an outer IP packet.
    #[error("fragment of an outer IP packet: lower the MRU of the PPP link to avoid them")]
    Fragment,
    /// It is L2TP or PPPoE, but broken or cut short.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// Why a frame in an encapsulation could not be transformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError<E> {
    /// The transform refused the packet.
    #[error("{0}")]
    Refused(E),
    /// A length field would overflow.
    #[error("the frame would become longer than its length fields can say")]
    TooLong,
    /// The buffer has less than HEADROOM before or TAILROOM behind the frame.
    #[error("no room in the buffer around the frame")]
    NoRoom,
}

/// The outer headers of a frame with PPP data in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encapsulation {
    /// The direction of the session that the frame belongs to.
    pub flow: Flow,
    ppp: (usize, usize),
    outer: Outer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outer {
    Pppoe {
        at: usize,
    },
    L2tp {
        ip: usize,
        v6: bool,
        udp: usize,
        udp_end: usize,
        length_at: Option<usize>,
    },
}

impl Encapsulation {
    /// Finds the PPP frame in `frame`.
    ///
    /// # Errors
    /// `NotData` where there is none.
    pub fn parse(link: Link, frame: &[u8]) -> Result<Self, NotData> {
        if link == Link::Ip {
            return Self::parse_ip([None; ethernet::MAX_TAGS], frame, 0);
        }
        let header = ethernet::Header::parse(frame).map_err(|_| NotData::Other)?;
        match header.ethertype {
            ethernet::IPV4 | ethernet::IPV6 => Self::parse_ip(header.vlans, frame, header.payload),
            pppoe::ETHERTYPE => Self::parse_pppoe(&header, frame),
            _ => Err(NotData::Other),
        }
    }

    fn parse_pppoe(header: &ethernet::Header, frame: &[u8]) -> Result<Self, NotData> {
        let at = header.payload;
        let pppoe = pppoe::SessionHeader::parse(&frame[at..])?;
        Ok(Self {
            flow: Flow::Pppoe {
                vlans: header.vlans,
                source: header.source,
                destination: header.destination,
                session: pppoe.session,
            },
            ppp: (at + pppoe::SessionHeader::HEADER, at + pppoe.end),
            outer: Outer::Pppoe { at },
        })
    }

    fn parse_ip(
        vlans: [Option<u16>; ethernet::MAX_TAGS],
        frame: &[u8],
        ip: usize,
    ) -> Result<Self, NotData> {
        let network = Network::parse(&frame[ip..])?;
        let udp_at = ip + network.header;
        let datagram = frame.get(udp_at..).unwrap_or_default();
        let udp = Udp::parse(datagram)?;
        let (source, destination) = udp.ports();
        if source != l2tp::PORT && destination != l2tp::PORT {
            return Err(NotData::Other);
        }
        let length = udp.length();
        if length < Udp::HEADER || length > network.payload {
            return Err(Malformed::Field {
                layer: "UDP",
                field: "length",
            }
            .into());
        }
        let have = datagram.len();
        let truncated = Malformed::Truncated {
            layer: "UDP",
            need: length,
            have,
        };
        let payload = datagram.get(Udp::HEADER..length).ok_or(truncated)?;
        let header = match l2tp::Message::parse(payload)? {
            l2tp::Message::Control => return Err(NotData::Control),
            l2tp::Message::Data(header) => header,
        };
        let message = udp_at + Udp::HEADER;
        Ok(Self {
            flow: Flow::L2tp {
                vlans,
                source: SocketAddr::new(network.source, source),
                destination: SocketAddr::new(network.destination, destination),
                tunnel: header.tunnel,
                session: header.session,
            },
            ppp: (message + header.payload, message + header.end),
            outer: Outer::L2tp {
                ip,
                v6: network.destination.is_ipv6(),
                udp: udp_at,
                udp_end: udp_at + length,
                length_at: header.length_at.map(|at| message + at),
            },
        })
    }

    /// Where the PPP frame lies in the frame that was parsed.
    pub const fn ppp(&self) -> Range<usize> {
        self.ppp.0..self.ppp.1
    }

    /// Applies `transform` to the PPP frame inside `frame`, and makes the outer lengths and checksums
    /// follow. A wrong outer checksum stays as wrong as it was, and a UDP checksum of 0 stays 0.
    ///
    /// `frame` holds what was parsed, with [`HEADROOM`](crate::transform::HEADROOM) before and
    /// [`TAILROOM`](crate::transform::TAILROOM) behind it.
    ///
    /// # Errors
    /// `ApplyError`; the frame's bytes are then worthless.
    pub fn apply<T, E>(
        &self,
        frame: &mut Packet<'_>,
        transform: impl FnOnce(&mut Packet<'_>) -> Result<T, E>,
    ) -> Result<T, ApplyError<E>> {
        let before = self.datagram_sum(frame.bytes(), 0);
        let len = frame.bytes().len();
        let outcome = frame
            .with_middle(self.ppp(), transform)
            .ok_or(ApplyError::NoRoom)?
            .map_err(ApplyError::Refused)?;
        let growth = frame.bytes().len() as isize - len as isize;
        self.set_lengths(frame.bytes_mut(), growth)
            .ok_or(ApplyError::TooLong)?;
        self.set_udp_checksum(frame.bytes_mut(), before, growth);
        Ok(outcome)
    }

    /// Adds `growth` to every length field; `None` where one overflows.
    fn set_lengths(&self, frame: &mut [u8], growth: isize) -> Option<()> {
        let mut add = |at: usize| {
            let old = u16_at(frame, at);
            let new = u16::try_from(isize::try_from(old).ok()? + growth).ok()?;
            put_u16(frame, at, new);
            Some(Delta::default().old_word(old).new_word(new))
        };
        match self.outer {
            Outer::Pppoe { at } => {
                add(at + pppoe::SessionHeader::LENGTH)?;
            }
            Outer::L2tp {
                ip,
                v6,
                udp,
                length_at,
                ..
            } => {
                if let Some(at) = length_at {
                    add(at)?;
                }
                add(udp + Udp::LENGTH)?;
                let delta = add(ip + if v6 { IPV6_LENGTH } else { IPV4_LENGTH })?;
                if !v6 {
                    let at = ip + IPV4_CHECKSUM;
                    put_u16(frame, at, delta.apply(u16_at(frame, at)));
                }
            }
        }
        Some(())
    }

    /// The sum under the UDP checksum of a frame that has grown by `growth`; what stays the same in
    /// the pseudo-header is left out. `None` where there is no checksum.
    fn datagram_sum(&self, frame: &[u8], growth: isize) -> Option<u16> {
        let Outer::L2tp { udp, udp_end, .. } = self.outer else {
            return None;
        };
        let datagram = &frame[udp..udp_end.strict_add_signed(growth)];
        (Udp::parse(datagram).ok()?.checksum() != 0).then(|| {
            let length = datagram.len() as u16;
            let header = u64::from(sum(&datagram[..Udp::CHECKSUM]));
            let payload = u64::from(sum(&datagram[Udp::HEADER..]));
            ((header + payload + u64::from(length)) % 0xFFFF) as u16
        })
    }

    fn set_udp_checksum(&self, frame: &mut [u8], before: Option<u16>, growth: isize) {
        let (Outer::L2tp { udp, .. }, Some(before)) = (self.outer, before) else {
            return;
        };
        let Some(after) = self.datagram_sum(frame, growth) else {
            return;
        };
        let at = udp + Udp::CHECKSUM;
        let delta = Delta::default().old_word(before).new_word(after);
        put_u16(frame, at, delta.apply_udp(u16_at(frame, at)));
    }
}

const IPV4_LENGTH: usize = 2;
const IPV4_CHECKSUM: usize = 10;
const IPV6_LENGTH: usize = 4;

/// An outer IP header whose payload is UDP.
struct Network {
    source: IpAddr,
    destination: IpAddr,
    header: usize,
    payload: usize,
}

impl Network {
    fn parse(packet: &[u8]) -> Result<Self, NotData> {
        match packet.first().map(|byte| byte >> 4) {
            Some(4) => Self::of_v4(Ipv4::parse(packet)?),
            Some(6) => Self::of_v6(Ipv6::parse(packet)?),
            _ => Err(NotData::Other),
        }
    }

    fn of_v4(ip: Ipv4<'_>) -> Result<Self, NotData> {
        if ip.protocol() != UDP {
            return Err(NotData::Other);
        }
        if ip.is_fragment() {
            return Err(NotData::Fragment);
        }
        let (header, total) = (ip.header_len(), ip.total_len());
        if header < Ipv4::HEADER || header > total {
            return Err(Malformed::Field {
                layer: "IPv4",
                field: "header or total length",
            }
            .into());
        }
        Ok(Self {
            source: ip.source().into(),
            destination: ip.destination().into(),
            header,
            payload: total - header,
        })
    }

    fn of_v6(ip: Ipv6<'_>) -> Result<Self, NotData> {
        match ip.next_header() {
            UDP => Ok(Self {
                source: ip.source().into(),
                destination: ip.destination().into(),
                header: Ipv6::HEADER,
                payload: ip.payload_len(),
            }),
            FRAGMENT => Err(NotData::Fragment),
            _ => Err(NotData::Other),
        }
    }
}

/// IPv6's Next Header of a fragment header (RFC 8200 section 4.5).
const FRAGMENT: u8 = 44;
