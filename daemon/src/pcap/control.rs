//! L2TP control messages (RFC 2661 section 4): which tunnel and session ids belong together.

use std::collections::HashMap;
use std::net::SocketAddr;

use scramble::encap::{Flow, Link};
use scramble::wire::ethernet::{self, MAX_TAGS};
use scramble::wire::ip::{Ipv4, Ipv6, UDP};
use scramble::wire::l2tp;
use scramble::wire::transport::Udp;

/// VLAN ids, source and destination: one direction between two L2TP nodes.
pub type Route = ([Option<u16>; MAX_TAGS], SocketAddr, SocketAddr);

/// The route the other way.
pub fn reversed((vlans, source, destination): Route) -> Route {
    (vlans, destination, source)
}

/// What control messages tell.
#[derive(Debug, Default)]
pub struct Control {
    /// The tunnel id of the other direction, by route and tunnel id.
    tunnels: HashMap<(Route, u16), u16>,
    /// The tunnel id that a request for a call went to, by route and the session id that it assigned.
    asked: HashMap<(Route, u16), u16>,
    /// The flow of the other direction.
    pairs: HashMap<Flow, Flow>,
}

mod message {
    pub const SCCRP: u16 = 2;
    pub const OCRQ: u16 = 7;
    pub const OCRP: u16 = 8;
    pub const ICRQ: u16 = 10;
    pub const ICRP: u16 = 11;
}

mod avp {
    pub const MESSAGE_TYPE: u16 = 0;
    pub const ASSIGNED_TUNNEL: u16 = 9;
    pub const ASSIGNED_SESSION: u16 = 14;
}

impl Control {
    /// Learns from the control message in `frame`.
    pub fn learn(&mut self, link: Link, frame: &[u8]) {
        if let Some((route, datagram)) = datagram(link, frame)
            && let Some(message) = Message::parse(datagram)
        {
            self.message(route, &message);
        }
    }

    fn message(&mut self, route: Route, message: &Message) {
        let back = reversed(route);
        match (message.kind, message.tunnel_id, message.session_id) {
            // It goes to the tunnel id that the request assigned, and assigns the one back.
            (message::SCCRP, Some(assigned), _) => {
                self.tunnels.insert((route, message.tunnel), assigned);
                self.tunnels.insert((back, assigned), message.tunnel);
            }
            (message::ICRQ | message::OCRQ, _, Some(assigned)) => {
                self.asked.insert((route, assigned), message.tunnel);
            }
            (message::ICRP | message::OCRP, _, Some(assigned)) => {
                let known = self.tunnels.get(&(route, message.tunnel));
                let Some(&tunnel) = known.or_else(|| self.asked.get(&(back, message.session)))
                else {
                    return;
                };
                let there = flow(route, message.tunnel, message.session);
                let back = flow(back, tunnel, assigned);
                self.pairs.insert(there, back);
                self.pairs.insert(back, there);
            }
            _ => {}
        }
    }

    /// The other direction of `flow`, where a call's setup told.
    pub fn peer(&self, flow: &Flow) -> Option<Flow> {
        self.pairs.get(flow).copied()
    }
}

fn flow((vlans, source, destination): Route, tunnel: u16, session: u16) -> Flow {
    Flow::L2tp {
        vlans,
        source,
        destination,
        tunnel,
        session,
    }
}

/// What is read of a control message.
#[derive(Debug, PartialEq, Eq)]
struct Message {
    kind: u16,
    tunnel: u16,
    session: u16,
    tunnel_id: Option<u16>,
    session_id: Option<u16>,
}

impl Message {
    fn parse(datagram: &[u8]) -> Option<Self> {
        let flags = u16_at(datagram, 0)?;
        // T, L and S, version 2.
        if flags & 0xC80F != 0xC802 {
            return None;
        }
        let mut avps = datagram.get(12..usize::from(u16_at(datagram, 2)?))?;
        let mut message = Self {
            kind: 0,
            tunnel: u16_at(datagram, 4)?,
            session: u16_at(datagram, 6)?,
            tunnel_id: None,
            session_id: None,
        };
        while !avps.is_empty() {
            let head = u16_at(avps, 0)?;
            let (whole, rest) = avps.split_at_checked(usize::from(head & 0x03FF))?;
            let (vendor, attribute) = (u16_at(whole, 2)?, u16_at(whole, 4)?);
            let hidden = head & 0x4000 != 0;
            avps = rest;
            if vendor != 0 || hidden {
                continue;
            }
            let value = u16_at(whole, 6);
            match attribute {
                avp::MESSAGE_TYPE => message.kind = value?,
                avp::ASSIGNED_TUNNEL => message.tunnel_id = value,
                avp::ASSIGNED_SESSION => message.session_id = value,
                _ => {}
            }
        }
        Some(message)
    }
}

/// Whether `frame`, which may be cut short, holds a control message.
pub fn is_control(link: Link, frame: &[u8]) -> bool {
    let flags = datagram(link, frame).and_then(|(_, datagram)| u16_at(datagram, 0));
    flags.is_some_and(|flags| flags & 0x800F == 0x8002)
}

/// The route and the payload of the UDP packet in `frame`.
fn datagram(link: Link, frame: &[u8]) -> Option<(Route, &[u8])> {
    let (vlans, packet) = match link {
        Link::Ip => ([None; MAX_TAGS], frame),
        Link::Ethernet => {
            let header = ethernet::Header::parse(frame).ok()?;
            (header.vlans, frame.get(header.payload..)?)
        }
    };
    let (source, destination, datagram) = if let Ok(ip) = Ipv4::parse(packet) {
        let payload = packet.get(ip.header_len()..)?;
        let udp = ip.protocol() == UDP && !ip.is_fragment() && ip.header_len() >= Ipv4::HEADER;
        let ends = (ip.source().into(), ip.destination().into());
        udp.then_some((ends.0, ends.1, payload))?
    } else {
        let ip = Ipv6::parse(packet).ok()?;
        let ends = (ip.source().into(), ip.destination().into());
        (ip.next_header() == UDP).then_some((ends.0, ends.1, &packet[Ipv6::HEADER..]))?
    };
    let udp = Udp::parse(datagram).ok()?;
    let ports = udp.ports();
    (ports.0 == l2tp::PORT || ports.1 == l2tp::PORT).then_some(())?;
    // As much of it as was captured.
    let payload = datagram.get(Udp::HEADER..udp.length().min(datagram.len()))?;
    let source = SocketAddr::new(source, ports.0);
    let destination = SocketAddr::new(destination, ports.1);
    Some(((vlans, source, destination), payload))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?;
    Some(u16::from_be_bytes([bytes[0], bytes[1]]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A control message to `tunnel` and `session` with one 16-bit AVP after its type.
    fn message(kind: u16, tunnel: u16, session: u16, attribute: u16, value: u16) -> Vec<u8> {
        let mut out = Vec::new();
        for word in [0xC802, 12 + 8 + 8, tunnel, session, 0, 0] {
            out.extend(u16::to_be_bytes(word));
        }
        for word in [
            0x8008,
            0,
            avp::MESSAGE_TYPE,
            kind,
            0x8008,
            0,
            attribute,
            value,
        ] {
            out.extend(u16::to_be_bytes(word));
        }
        out
    }

    #[test]
    fn a_call_is_learned_from_its_setup() {
        let lac: SocketAddr = "192.0.2.1:50000".parse().unwrap();
        let lns: SocketAddr = "192.0.2.2:1701".parse().unwrap();
        let (up, down) = (([None; 2], lac, lns), ([None; 2], lns, lac));
        let mut control = Control::default();
        let mut hear = |route, bytes: Vec<u8>| {
            control.message(route, &Message::parse(&bytes).unwrap());
        };
        hear(up, message(1, 0, 0, avp::ASSIGNED_TUNNEL, 11));
        hear(
            down,
            message(message::SCCRP, 11, 0, avp::ASSIGNED_TUNNEL, 22),
        );
        hear(
            up,
            message(message::ICRQ, 22, 0, avp::ASSIGNED_SESSION, 111),
        );
        hear(
            down,
            message(message::ICRP, 11, 111, avp::ASSIGNED_SESSION, 222),
        );
        let (there, back) = (flow(up, 22, 222), flow(down, 11, 111));
        assert_eq!(control.peer(&there), Some(back));
        assert_eq!(control.peer(&back), Some(there));
        assert_eq!(control.peer(&flow(up, 11, 111)), None);

        // A call whose tunnel was set up before the capture began.
        let mut late = Control::default();
        late.message(up, &Message::parse(&message(10, 22, 0, 14, 112)).unwrap());
        late.message(
            down,
            &Message::parse(&message(11, 11, 112, 14, 223)).unwrap(),
        );
        assert_eq!(late.peer(&flow(up, 22, 223)), Some(flow(down, 11, 112)));
    }

    #[test]
    fn hidden_and_foreign_attributes_are_passed_over() {
        let mut hidden = message(11, 1, 2, 14, 3);
        hidden[20] |= 0x40;
        assert_eq!(Message::parse(&hidden).unwrap().session_id, None);
        let mut foreign = message(11, 1, 2, 14, 3);
        foreign[23] = 9;
        assert_eq!(Message::parse(&foreign).unwrap().session_id, None);
        let mut endless = message(11, 1, 2, 14, 3);
        endless[21] = 0;
        assert_eq!(Message::parse(&endless), None);
    }

    proptest! {
        #[test]
        fn anything_may_be_parsed(mut bytes: Vec<u8>, at in 0usize..28, value: u8) {
            Control::default().learn(Link::Ip, &bytes);
            Control::default().learn(Link::Ethernet, &bytes);
            bytes.splice(0..0, [0xC8, 2, 0, 40]);
            let _ = Message::parse(&bytes);
            let mut damaged = message(10, 1, 2, 14, 3);
            damaged[at] = value;
            let _ = Message::parse(&damaged);
        }
    }
}
