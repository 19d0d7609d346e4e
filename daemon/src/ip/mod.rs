//! What an access server does to IP packets beside scrambling: TCP's MSS is held below the link's MTU, and what
//! is too big is cut up or answered.

pub mod fragment;
pub mod icmp;
pub mod mss;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use scramble::wire::ip::{Ipv4, Ipv6};
use scramble::wire::ppp::protocol;

/// An IP packet's addresses, read once at the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addresses {
    /// Of an IPv4 packet.
    V4 {
        /// Source Address.
        source: Ipv4Addr,
        /// Destination Address.
        destination: Ipv4Addr,
    },
    /// Of an IPv6 packet.
    V6 {
        /// Source Address.
        source: Ipv6Addr,
        /// Destination Address.
        destination: Ipv6Addr,
    },
}

impl Addresses {
    /// The addresses of `packet`; `None` where it is no IP packet with a whole header.
    pub fn of(packet: &[u8]) -> Option<Self> {
        match packet.first()? >> 4 {
            4 => Ipv4::parse(packet).ok().map(|ip| Self::V4 {
                source: ip.source().into(),
                destination: ip.destination().into(),
            }),
            6 => Ipv6::parse(packet).ok().map(|ip| Self::V6 {
                source: ip.source().into(),
                destination: ip.destination().into(),
            }),
            _ => None,
        }
    }

    /// The PPP protocol that carries such a packet.
    pub const fn protocol(&self) -> u16 {
        match self {
            Self::V4 { .. } => protocol::IPV4,
            Self::V6 { .. } => protocol::IPV6,
        }
    }

    /// Where the packet goes.
    pub const fn destination(&self) -> IpAddr {
        match self {
            Self::V4 { destination, .. } => IpAddr::V4(*destination),
            Self::V6 { destination, .. } => IpAddr::V6(*destination),
        }
    }

    /// Whether the packet stays on the link: IPv6 from or to link-local, unspecified or multicast addresses.
    pub const fn is_link_local(&self) -> bool {
        match self {
            Self::V4 { .. } => false,
            Self::V6 {
                source,
                destination,
            } => {
                source.is_unicast_link_local()
                    || source.is_unspecified()
                    || destination.is_unicast_link_local()
                    || destination.is_multicast()
            }
        }
    }
}
