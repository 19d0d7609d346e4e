//! DECOY: a packet that still looks like IP, but says who did not talk to whom.

use super::hello::{Hello, is_hello};
use super::hostname::{HostName, Tweak};
use super::prf::Prf;
use super::stream::{Nonce, keystream};
use super::tuple::{Endpoint, xor};
use super::{Refused, opaque, tuple};
use crate::agreement::{Coverage, End, EpochKeys};
use crate::checksum::Delta;
use crate::wire::ip::{Ipv4, Ipv6, TCP, UDP};
use crate::wire::transport::{Tcp, Udp};
use crate::wire::{array_at, ppp, put_u16, u16_at};
use core::ops::Range;

/// What a sender does with a ClientHello whose name it can move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HelloForm {
    /// Keep it a ClientHello, for a host that does not exist.
    #[default]
    Move,
    /// Make it opaque like any payload.
    Opaque,
}

/// Which side of the transform a packet is on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Plain,
    Wire,
}

/// The keys and choices that one packet is transformed with.
pub(super) struct Decoy<'k> {
    /// The epoch's keys.
    pub keys: &'k EpochKeys,
    /// The end that sends the packet.
    pub sender: End,
    /// The direction's coverage.
    pub coverage: Coverage,
    /// What to do with a ClientHello; of no matter to the receiver.
    pub hello: HelloForm,
}

/// The IP version that the information field of a PPP packet should hold.
pub(super) const fn version_of(protocol: u16) -> Option<u8> {
    match protocol {
        ppp::protocol::IPV4 => Some(4),
        ppp::protocol::IPV6 => Some(6),
        _ => None,
    }
}

impl Decoy<'_> {
    /// Makes a decoy of the IP packet that `shape` describes.
    ///
    /// # Errors
    /// `Refused::OpaqueLooksLikeHello`, once in 2^40 packets.
    pub(super) fn conceal(&self, shape: &Shape, packet: &mut [u8]) -> Result<(), Refused> {
        let header = shape.header_delta(packet);
        let tuple = shape.tuple_delta(packet);
        shape.with_tuple(packet, self.sender, |context, x, y| {
            context.permute(self.prf(), x, y)
        });
        shape.set_parity(packet, self.keys.parity());
        let tuple = shape.tuple_delta_new(tuple, packet);
        let moved = match self.hello {
            HelloForm::Move => self.hello(shape, packet, HostName::permute),
            HelloForm::Opaque => None,
        };
        let delta = match moved {
            Some(moved) => moved.apply(self, shape, packet, tuple),
            None => {
                let region = shape.opaque(self.coverage, packet.len());
                let delta = tuple.old(&packet[region.clone()]);
                let context = shape.opaque_context(packet, self.sender);
                context.conceal(self.prf(), self.data_key(), &mut packet[region.clone()]);
                if shape.holds_hello(packet) {
                    return Err(Refused::OpaqueLooksLikeHello);
                }
                delta.new(&packet[region])
            }
        };
        shape.finish(packet, header, delta);
        Ok(())
    }

    /// Undoes [`Self::conceal`].
    ///
    /// # Errors
    /// `Refused::BadHello` where a ClientHello holds no name that a sender could have made.
    pub(super) fn reveal(&self, shape: &Shape, packet: &mut [u8]) -> Result<(), Refused> {
        let header = shape.header_delta(packet);
        let tuple = shape.tuple_delta(packet);
        let delta = if shape.holds_hello(packet) {
            let moved = self
                .hello(shape, packet, HostName::restore)
                .ok_or(Refused::BadHello)?;
            moved.apply(self, shape, packet, tuple)
        } else {
            let region = shape.opaque(self.coverage, packet.len());
            let delta = tuple.old(&packet[region.clone()]);
            let context = shape.opaque_context(packet, self.sender);
            context.reveal(self.prf(), self.data_key(), &mut packet[region.clone()]);
            delta.new(&packet[region])
        };
        shape.set_parity(packet, false);
        shape.with_tuple(packet, self.sender, |context, x, y| {
            context.restore(self.prf(), x, y)
        });
        let delta = shape.tuple_delta_new(delta, packet);
        shape.finish(packet, header, delta);
        Ok(())
    }

    /// The hello in a packet whose tuple is the wire's, and where its name moves to.
    fn hello(
        &self,
        shape: &Shape,
        packet: &[u8],
        step: impl Fn(HostName, Prf<'_>, &Tweak) -> Option<HostName>,
    ) -> Option<Moved> {
        if !shape.holds_hello(packet) {
            return None;
        }
        let hello = Hello::walk(&packet[shape.payload..])?;
        let host = step(hello.host, self.prf(), &shape.tweak(packet))?;
        Some(Moved { hello, host })
    }

    fn prf(&self) -> Prf<'_> {
        Prf::new(&self.keys.prp)
    }

    fn data_key(&self) -> &[u8; 32] {
        self.keys.data(self.sender)
    }
}

/// A hello, and the name that it gets.
struct Moved {
    hello: Hello,
    host: HostName,
}

impl Moved {
    /// Changes random, session id and name; returns `delta` with what that changed.
    fn apply(&self, decoy: &Decoy<'_>, shape: &Shape, packet: &mut [u8], delta: Delta) -> Delta {
        let stream: [u8; 64] = keystream(decoy.data_key(), &shape.hello_nonce(packet));
        let payload = &mut packet[shape.payload..];
        let changed = ..self.hello.name.end;
        let delta = delta.old(&payload[changed]);
        let (random, session_id) = stream.split_at(Hello::RANDOM.len());
        xor(&mut payload[Hello::RANDOM], random);
        xor(&mut payload[self.hello.session_id.clone()], session_id);
        self.host.emit(&mut payload[self.hello.name.clone()]);
        delta.new(&payload[changed])
    }
}

/// An eligible IP packet, taken apart: where everything lies that the transform touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    v6: bool,
    /// Length of the packet, its padding left out.
    total: usize,
    /// IPv4's protocol or IPv6's first Next Header.
    protocol: u8,
    /// IPv4: bytes that the header checksum covers.
    summed_header: usize,
    /// Whether the packet is plain TCP or UDP: ports take part and a checksum follows.
    plain: bool,
    /// Where the opaque part starts: after the TCP or UDP header, else after 20 or 40 bytes.
    payload: usize,
}

impl Shape {
    /// The shape of an eligible packet of IP `version`, as its sender has it. A packet that announces
    /// an address in its TCP options would betray it, and has none.
    pub fn of_plain(version: u8, info: &[u8]) -> Option<Self> {
        Self::parse(version, info, Side::Plain).filter(|shape| !shape.announces_address(info))
    }

    /// The shape of a packet that a sender could have made, as it is on the wire.
    pub fn of_wire(version: u8, info: &[u8]) -> Option<Self> {
        Self::parse(version, info, Side::Wire)
    }

    /// The PPP protocol of such packets outside IP over LCP.
    pub const fn protocol(&self) -> u16 {
        if self.v6 {
            ppp::protocol::IPV6
        } else {
            ppp::protocol::IPV4
        }
    }

    /// Length of the packet, its padding left out.
    pub const fn total(&self) -> usize {
        self.total
    }

    fn parse(version: u8, info: &[u8], side: Side) -> Option<Self> {
        match version {
            4 => Self::parse_v4(info, side),
            6 => Self::parse_v6(info, side),
            _ => None,
        }
    }

    fn parse_v4(info: &[u8], side: Side) -> Option<Self> {
        let ip = Ipv4::parse(info).ok()?;
        let unicast = |address: [u8; 4]| (1..224).contains(&address[0]);
        let total = ip.total_len();
        let eligible = (Ipv4::HEADER..=info.len()).contains(&total)
            && unicast(ip.source())
            && unicast(ip.destination())
            && (side == Side::Wire || !ip.reserved_bit());
        if !eligible {
            return None;
        }
        let possible = (Ipv4::HEADER..=total).contains(&ip.header_len());
        let shape = Self {
            v6: false,
            total,
            protocol: ip.protocol(),
            summed_header: if possible {
                ip.header_len()
            } else {
                Ipv4::HEADER
            },
            plain: false,
            payload: Ipv4::HEADER,
        };
        let whole = ip.header_len() == Ipv4::HEADER && !ip.is_fragment();
        Some(if whole {
            shape.with_transport(info)
        } else {
            shape
        })
    }

    fn parse_v6(info: &[u8], side: Side) -> Option<Self> {
        let ip = Ipv6::parse(info).ok()?;
        let total = Ipv6::HEADER + ip.payload_len();
        let source = ip.source()[0] >> 4;
        let eligible = ip.payload_len() != 0
            && total <= info.len()
            && (source == 2 || side == Side::Wire && source == 3)
            && ip.destination()[0] >> 4 == 2;
        let shape = Self {
            v6: true,
            total,
            protocol: ip.next_header(),
            summed_header: 0,
            plain: false,
            payload: Ipv6::HEADER,
        };
        eligible.then(|| shape.with_transport(info))
    }

    /// The shape of a packet that is no fragment and has no options: plain if its TCP or UDP header
    /// is whole.
    fn with_transport(self, info: &[u8]) -> Self {
        let segment = &info[self.payload..self.total];
        let header = match self.protocol {
            TCP => Tcp::parse(segment).map(|tcp| tcp.header_len()),
            UDP => Udp::parse(segment).map(|_| Udp::HEADER),
            _ => return self,
        };
        match header {
            Ok(header) => Self {
                plain: true,
                payload: self.payload + header,
                ..self
            },
            Err(_) => self,
        }
    }

    fn announces_address(&self, info: &[u8]) -> bool {
        let segment = &info[self.network()..self.total];
        self.is_tcp() && Tcp::parse(segment).is_ok_and(|tcp| tcp.announces_address())
    }

    const fn is_tcp(&self) -> bool {
        self.plain && self.protocol == TCP
    }

    /// Whether the payload of a packet, of which `info` may hold more than that, is recognised as a ClientHello.
    pub fn holds_hello(&self, info: &[u8]) -> bool {
        self.is_tcp() && is_hello(&info[self.payload..self.total])
    }

    /// Length of the IP header as ports and checksums see it.
    const fn network(&self) -> usize {
        if self.v6 { Ipv6::HEADER } else { Ipv4::HEADER }
    }

    const fn source(&self) -> Range<usize> {
        if self.v6 { 8..24 } else { 12..16 }
    }

    const fn destination(&self) -> Range<usize> {
        if self.v6 { 24..40 } else { 16..20 }
    }

    fn opaque(&self, coverage: Coverage, len: usize) -> Range<usize> {
        self.payload..self.payload + coverage.of(len - self.payload)
    }

    /// Gives the endpoints to `change`, X that of the lower end, and writes them back.
    fn with_tuple(
        &self,
        packet: &mut [u8],
        sender: End,
        change: impl Fn(tuple::Context, &mut Endpoint, &mut Endpoint),
    ) {
        let mut from = self.endpoint(packet, self.source(), 0);
        let mut to = self.endpoint(packet, self.destination(), 2);
        let (x, y) = match sender {
            End::Lower => (&mut from, &mut to),
            End::Higher => (&mut to, &mut from),
        };
        let context = tuple::Context {
            protocol: self.protocol,
            v6: self.v6,
            ports: self.plain,
        };
        change(context, x, y);
        self.put_endpoint(packet, self.source(), 0, from);
        self.put_endpoint(packet, self.destination(), 2, to);
    }

    fn endpoint(&self, packet: &[u8], at: Range<usize>, port: usize) -> Endpoint {
        let mut address = [0; 16];
        address[..at.len()].copy_from_slice(&packet[at]);
        let port = if self.plain {
            u16_at(packet, self.network() + port)
        } else {
            0
        };
        Endpoint { address, port }
    }

    fn put_endpoint(&self, packet: &mut [u8], at: Range<usize>, port: usize, end: Endpoint) {
        let len = at.len();
        packet[at].copy_from_slice(&end.address[..len]);
        if self.plain {
            put_u16(packet, self.network() + port, end.port);
        }
    }

    /// Sets or clears the parity: IPv4's reserved bit, or IPv6's source in 3000::/4.
    fn set_parity(&self, packet: &mut [u8], parity: bool) {
        let (at, bit) = if self.v6 { (8, 0x10) } else { (6, 0x80) };
        packet[at] = packet[at] & !bit | if parity { bit } else { 0 };
    }

    /// The parity of a packet on the wire.
    pub fn parity(&self, packet: &[u8]) -> bool {
        if self.v6 {
            packet[8] & 0x10 != 0
        } else {
            packet[6] & 0x80 != 0
        }
    }

    /// Source and destination port as they stand in the packet; 0 unless plain.
    fn ports(&self, packet: &[u8]) -> [u8; 4] {
        if self.plain {
            array_at(packet, self.network())
        } else {
            [0; 4]
        }
    }

    fn opaque_context(&self, packet: &[u8], sender: End) -> opaque::Context {
        opaque::Context {
            length: (self.total - self.network()) as u16,
            protocol: self.protocol,
            direction: match sender {
                End::Lower => 0,
                End::Higher => 1,
            },
            wire_ports: self.ports(packet),
            t: self.t(packet),
        }
    }

    /// T: what else tells packets of a flow apart.
    fn t(&self, packet: &[u8]) -> [u8; 4] {
        let mut t: [u8; 4];
        if self.is_tcp() {
            t = array_at(packet, self.network() + 4);
        } else if self.v6 {
            t = array_at(packet, 0);
            t[0] = 0;
            t[1] &= 0x0F;
        } else {
            t = array_at(packet, 4);
            t[2] &= 0x7F;
        }
        t
    }

    /// low 4 bytes of the wire source | of the destination | wire ports | 0^4
    fn tweak(&self, packet: &[u8]) -> Tweak {
        let mut tweak = [0; 16];
        tweak[..4].copy_from_slice(&packet[self.source().end - 4..self.source().end]);
        tweak[4..8].copy_from_slice(&packet[self.destination().end - 4..self.destination().end]);
        tweak[8..12].copy_from_slice(&self.ports(packet));
        Tweak(tweak)
    }

    /// 81 | wire ports | low 24 bits of the wire destination address | TCP sequence number
    fn hello_nonce(&self, packet: &[u8]) -> Nonce {
        let mut nonce = [0x81; 12];
        nonce[1..5].copy_from_slice(&self.ports(packet));
        nonce[5..8].copy_from_slice(&packet[self.destination().end - 3..self.destination().end]);
        nonce[8..].copy_from_slice(&self.t(packet));
        nonce
    }

    /// The words under the IPv4 header checksum before the change.
    fn header_delta(&self, packet: &[u8]) -> Delta {
        if self.v6 {
            return Delta::default();
        }
        Delta::default()
            .old(&packet[..10])
            .old(&packet[12..self.summed_header])
    }

    /// The addresses and ports under the transport checksum before the change.
    fn tuple_delta(&self, packet: &[u8]) -> Delta {
        if self.plain {
            Delta::default().old(self.tuple_words(packet))
        } else {
            Delta::default()
        }
    }

    /// Adds to `delta` the addresses and ports after the change.
    fn tuple_delta_new(&self, delta: Delta, packet: &[u8]) -> Delta {
        if self.plain {
            delta.new(self.tuple_words(packet))
        } else {
            delta
        }
    }

    /// Addresses and ports lie side by side in a plain packet.
    fn tuple_words<'p>(&self, packet: &'p [u8]) -> &'p [u8] {
        &packet[self.source().start..self.network() + 4]
    }

    /// Moves the checksums by what changed under them.
    fn finish(&self, packet: &mut [u8], header: Delta, transport: Delta) {
        if !self.v6 {
            let delta = header
                .new(&packet[..10])
                .new(&packet[12..self.summed_header]);
            put_u16(packet, 10, delta.apply(u16_at(packet, 10)));
        }
        if self.plain {
            let tcp = self.protocol == TCP;
            let at = self.network() + if tcp { Tcp::CHECKSUM } else { Udp::CHECKSUM };
            let old = u16_at(packet, at);
            put_u16(
                packet,
                at,
                if tcp {
                    transport.apply(old)
                } else {
                    transport.apply_udp(old)
                },
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Address, Checksum, Ip};

    /// One payload in 2^40 becomes, opaque, what a receiver takes for a ClientHello. Here it is made
    /// backwards, by revealing such a payload.
    #[test]
    fn an_opaque_payload_that_looks_like_a_hello_is_refused() {
        let keys = EpochKeys {
            epoch: 0,
            data_lower: [1; 32],
            data_higher: [2; 32],
            prp: [3; 16],
        };
        let (a, b) = (Address::V4([10, 0, 0, 1]), Address::V4([192, 0, 2, 1]));
        let ip = Ip::new(a, b, TCP);
        let mut payload = [0x55; 40];
        payload[..10].copy_from_slice(&[0x16, 3, 1, 0, 35, 1, 0, 0, 31, 3]);
        let tcp = |data: &[u8]| ip.tcp((5, 6), 7, (5, &[]), Checksum::Right, data);
        let decoy = |hello| Decoy {
            keys: &keys,
            sender: End::Lower,
            coverage: Coverage::ALL,
            hello,
        };

        // The wire's ports are those of any payload of this length and flow.
        let mut wire = tcp(&[0; 40]);
        let shape = Shape::of_plain(4, &wire).unwrap();
        decoy(HelloForm::Move).conceal(&shape, &mut wire).unwrap();
        let context = shape.opaque_context(&wire, End::Lower);
        context.reveal(decoy(HelloForm::Move).prf(), &keys.data_lower, &mut payload);
        assert!(!is_hello(&payload));

        let mut plain = tcp(&payload);
        let refused = decoy(HelloForm::Move).conceal(&shape, &mut plain);
        assert_eq!(refused, Err(Refused::OpaqueLooksLikeHello));
    }
}
