//! One IP packet: addresses, ports and what the transport carries.

use std::net::IpAddr;

use etherparse::{IpNumber, LaxIpSlice, TcpSlice, UdpSlice};

/// An IP packet, as far as it is there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packet<'a> {
    pub source: IpAddr,
    pub destination: IpAddr,
    pub protocol: u8,
    /// Bytes of the packet, its own header included.
    pub length: usize,
    pub transport: Transport<'a>,
    /// Whether it is a fragment, whose contents are only told from the whole.
    pub fragment: bool,
}

/// What an IP packet carries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Transport<'a> {
    /// Source and destination port; 0 where there are none.
    pub ports: [u16; 2],
    pub body: Body<'a>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Body<'a> {
    Tcp {
        sequence: u32,
        syn: bool,
        ack: bool,
        payload: &'a [u8],
    },
    Udp(&'a [u8]),
    /// The start of the packet that an ICMP error is about.
    IcmpError(&'a [u8]),
    Other,
}

impl<'a> Packet<'a> {
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (ip, _) = LaxIpSlice::from_slice(bytes).ok()?;
        let (payload, protocol) = match &ip {
            LaxIpSlice::Ipv4(v4) => (v4.payload().payload, v4.payload().ip_number),
            LaxIpSlice::Ipv6(v6) => (v6.payload().payload, v6.payload().ip_number),
        };
        let fragment = ip.payload().fragmented;
        let later = match &ip {
            LaxIpSlice::Ipv4(v4) => v4.header().fragments_offset().value() != 0,
            LaxIpSlice::Ipv6(v6) => fragment && !first_ipv6_fragment(v6),
        };
        let transport = if later {
            Transport::NONE
        } else {
            Transport::parse(protocol, payload)
        };
        Some(Self {
            source: ip.source_addr(),
            destination: ip.destination_addr(),
            protocol: protocol.0,
            length: bytes.len(),
            transport,
            fragment,
        })
    }
}

fn first_ipv6_fragment(ip: &etherparse::LaxIpv6Slice<'_>) -> bool {
    ip.extensions()
        .clone()
        .into_iter()
        .all(|extension| match extension {
            etherparse::Ipv6ExtensionSlice::Fragment(f) => f.fragment_offset().value() == 0,
            _ => true,
        })
}

impl<'a> Transport<'a> {
    const NONE: Transport<'static> = Transport {
        ports: [0; 2],
        body: Body::Other,
    };

    pub fn parse(protocol: IpNumber, payload: &'a [u8]) -> Self {
        let ports = match (protocol, payload) {
            (IpNumber::TCP | IpNumber::UDP, &[a, b, c, d, ..]) => {
                [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]
            }
            _ => [0; 2],
        };
        let body = match protocol {
            IpNumber::TCP => TcpSlice::from_slice(payload).map_or(Body::Other, |tcp| Body::Tcp {
                sequence: tcp.sequence_number(),
                syn: tcp.syn(),
                ack: tcp.ack(),
                payload: tcp.payload(),
            }),
            IpNumber::UDP => UdpSlice::from_slice_lax(payload)
                .map_or(Body::Other, |udp| Body::Udp(udp.payload())),
            // Unreachable, source quench, redirect, time exceeded, parameter problem.
            IpNumber::ICMP if matches!(payload.first(), Some(3 | 4 | 5 | 11 | 12)) => {
                payload.get(8..).map_or(Body::Other, Body::IcmpError)
            }
            // Unreachable, too big, time exceeded, parameter problem.
            IpNumber::IPV6_ICMP if matches!(payload.first(), Some(1..=4)) => {
                payload.get(8..).map_or(Body::Other, Body::IcmpError)
            }
            _ => Body::Other,
        };
        Self { ports, body }
    }
}
