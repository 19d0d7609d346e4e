//! One IP packet: addresses, ports and what the transport carries.

use std::net::IpAddr;

use etherparse::{
    IpAuthHeaderSlice, IpNumber, Ipv6FragmentHeaderSlice, Ipv6RawExtHeaderSlice, LaxIpSlice,
    LaxIpv6Slice, TcpSlice, UdpSlice,
};

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

/// Whether a fragment is its packet's first one.
///
/// etherparse 0.21 has an iterator over extension headers, which must not be used here: after
/// lax parsing that stopped at a damaged header it reads past the end of its slice. Its slices
/// of single headers check theirs.
fn first_ipv6_fragment(ip: &LaxIpv6Slice<'_>) -> bool {
    let mut kind = ip.header().next_header();
    let mut rest = ip.extensions().slice();
    loop {
        let (next, length) = match kind {
            IpNumber::IPV6_FRAGMENTATION_HEADER => {
                let Ok(fragment) = Ipv6FragmentHeaderSlice::from_slice(rest) else {
                    return true;
                };
                if fragment.fragment_offset().value() != 0 {
                    return false;
                }
                (fragment.next_header(), fragment.slice().len())
            }
            IpNumber::IPV6_HEADER_HOP_BY_HOP
            | IpNumber::IPV6_ROUTE_HEADER
            | IpNumber::IPV6_DESTINATION_OPTIONS => {
                let Ok(header) = Ipv6RawExtHeaderSlice::from_slice(rest) else {
                    return true;
                };
                (header.next_header(), header.slice().len())
            }
            IpNumber::AUTHENTICATION_HEADER => {
                let Ok(header) = IpAuthHeaderSlice::from_slice(rest) else {
                    return true;
                };
                (header.next_header(), header.slice().len())
            }
            _ => return true,
        };
        kind = next;
        rest = &rest[length..];
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// IPv6 with the headers given, the first of which is `next`.
    fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x60, 0, 0, 0, 0, payload.len() as u8, next, 64];
        packet.extend([0x20; 32]);
        packet.extend(payload);
        packet
    }

    #[test]
    fn later_fragments_have_no_ports() {
        let ports = |at: u8| {
            let fragment = [17, 0, 0, at << 3 | 1, 0, 0, 0, 1];
            let packet = ipv6(44, &[&fragment[..], &[1, 1, 2, 2, 0, 8, 0, 0]].concat());
            let packet = Packet::parse(&packet).unwrap();
            assert!(packet.fragment);
            packet.transport.ports
        };
        assert_eq!(ports(0), [0x101, 0x202]);
        assert_eq!(ports(1), [0, 0]);
    }

    #[test]
    fn damage_behind_a_fragment_header_is_survived() {
        // Destination options that claim 2 KB, hop-by-hop in the wrong place, nothing at all.
        for (next, rest) in [(60, &[59, 255, 0, 0][..]), (0, &[59, 0, 0, 0]), (51, &[])] {
            let fragment = [next, 0, 0, 1, 0, 0, 0, 1];
            let packet = ipv6(44, &[&fragment[..], rest].concat());
            assert!(Packet::parse(&packet).unwrap().fragment);
        }
    }
}
