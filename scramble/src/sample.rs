//! PPP frames of every kind that a transform must handle, built from their parts: what the test
//! vectors, the benches and the tests are made of.

use crate::checksum;
use crate::wire::ip::{TCP, UDP};
use crate::wire::{ppp::protocol, put_u16};
use alloc::vec;
use alloc::vec::Vec;

/// What a checksum field gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// What the RFCs ask for.
    Right,
    /// This, right or wrong.
    Value(u16),
}

/// An address of either version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// IPv4.
    V4([u8; 4]),
    /// IPv6.
    V6([u8; 16]),
}

impl Address {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::V4(bytes) => bytes,
            Self::V6(bytes) => bytes,
        }
    }
}

/// An IP packet to be.
#[derive(Clone, Debug)]
pub struct Ip {
    /// Source address, whose version is the packet's.
    pub source: Address,
    /// Destination address, of the same version.
    pub destination: Address,
    /// IPv4's protocol or IPv6's first Next Header.
    pub protocol: u8,
    /// IPv4: identification. IPv6: the flow label's low bits.
    pub identification: u16,
    /// IPv4: flags and fragment offset.
    pub fragment: u16,
    /// IPv4 options, a multiple of 4 and at most 40 bytes.
    pub options: Vec<u8>,
    /// IPv4's header checksum.
    pub checksum: Checksum,
}

impl Ip {
    /// A packet without options that is no fragment.
    pub const fn new(source: Address, destination: Address, protocol: u8) -> Self {
        Self {
            source,
            destination,
            protocol,
            identification: 0x1D00,
            fragment: 0,
            options: Vec::new(),
            checksum: Checksum::Right,
        }
    }

    /// The packet with `payload` after its header.
    pub fn packet(&self, payload: &[u8]) -> Vec<u8> {
        match (self.source, self.destination) {
            (Address::V4(source), Address::V4(destination)) => {
                self.v4(&source, &destination, payload)
            }
            _ => self.v6(payload),
        }
    }

    fn v4(&self, source: &[u8; 4], destination: &[u8; 4], payload: &[u8]) -> Vec<u8> {
        let mut header = vec![0; 20 + self.options.len()];
        let words = (header.len() / 4) as u8;
        header[0] = 0x40 | words;
        let total = (header.len() + payload.len()) as u16;
        put_u16(&mut header, 2, total);
        put_u16(&mut header, 4, self.identification);
        put_u16(&mut header, 6, self.fragment);
        header[8] = 64;
        header[9] = self.protocol;
        header[12..16].copy_from_slice(source);
        header[16..20].copy_from_slice(destination);
        header[20..].copy_from_slice(&self.options);
        put_checksum(&mut header, 10, 0, self.checksum);
        [&header, payload].concat()
    }

    fn v6(&self, payload: &[u8]) -> Vec<u8> {
        let mut header = vec![0; 40];
        // Traffic class 0xB9, and a flow label that starts with 5.
        header[0] = 0x6B;
        header[1] = 0x95;
        put_u16(&mut header, 2, self.identification);
        put_u16(&mut header, 4, payload.len() as u16);
        header[6] = self.protocol;
        header[7] = 64;
        header[8..24].copy_from_slice(self.source.bytes());
        header[24..40].copy_from_slice(self.destination.bytes());
        [&header, payload].concat()
    }

    /// The sum of the pseudo-header for `length` bytes of `protocol`.
    fn pseudo_header(&self, protocol: u8, length: usize) -> u16 {
        let mut pseudo = [self.source.bytes(), self.destination.bytes()].concat();
        pseudo.extend((length as u32).to_be_bytes());
        pseudo.extend([0, 0, 0, protocol]);
        checksum::sum(&pseudo)
    }

    /// A UDP datagram in this packet.
    pub fn udp(&self, ports: (u16, u16), checksum: Checksum, data: &[u8]) -> Vec<u8> {
        let length = 8 + data.len();
        let mut datagram = Vec::with_capacity(length);
        for word in [ports.0, ports.1, length as u16, 0] {
            datagram.extend(word.to_be_bytes());
        }
        datagram.extend(data);
        put_checksum(&mut datagram, 6, self.pseudo_header(UDP, length), checksum);
        if checksum == Checksum::Right && datagram[6..8] == [0, 0] {
            put_u16(&mut datagram, 6, 0xFFFF);
        }
        self.packet(&datagram)
    }

    /// A TCP segment in this packet. `data_offset` is written as it is; `options` follow the header.
    pub fn tcp(
        &self,
        ports: (u16, u16),
        sequence: u32,
        (data_offset, options): (u8, &[u8]),
        checksum: Checksum,
        data: &[u8],
    ) -> Vec<u8> {
        let mut segment = vec![0; 20];
        put_u16(&mut segment, 0, ports.0);
        put_u16(&mut segment, 2, ports.1);
        segment[4..8].copy_from_slice(&sequence.to_be_bytes());
        segment[12] = data_offset << 4;
        segment[13] = 0x18;
        put_u16(&mut segment, 14, 0xFA00);
        segment.extend(options);
        segment.extend(data);
        let pseudo = self.pseudo_header(TCP, segment.len());
        put_checksum(&mut segment, 16, pseudo, checksum);
        self.packet(&segment)
    }

    /// The PPP protocol of the packet.
    pub const fn ppp_protocol(&self) -> u16 {
        match self.source {
            Address::V4(_) => protocol::IPV4,
            Address::V6(_) => protocol::IPV6,
        }
    }
}

fn put_checksum(bytes: &mut [u8], at: usize, before: u16, checksum: Checksum) {
    let value = match checksum {
        Checksum::Value(value) => value,
        Checksum::Right => {
            let total = u32::from(before) + u32::from(checksum::sum(bytes));
            !((total % 0xFFFF) as u16)
        }
    };
    put_u16(bytes, at, value);
}

/// How a PPP frame's header is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PppForm {
    /// FF 03 first.
    pub address_control: bool,
    /// The protocol field in one byte where that can be.
    pub compressed: bool,
}

/// A PPP frame.
pub fn frame(form: PppForm, protocol: u16, info: &[u8]) -> Vec<u8> {
    let mut frame = if form.address_control {
        vec![0xFF, 0x03]
    } else {
        Vec::new()
    };
    match u8::try_from(protocol) {
        Ok(byte) if form.compressed && byte & 1 == 1 => frame.push(byte),
        _ => frame.extend(protocol.to_be_bytes()),
    }
    frame.extend(info);
    frame
}

/// A TLS ClientHello in one record with `name` in its server_name extension.
///
/// `session_id` is the session id's length, and `before` how many other extensions come first.
pub fn client_hello(session_id: u8, before: u8, name: &[u8]) -> Vec<u8> {
    let mut extensions = Vec::new();
    for i in 0..before {
        extensions.extend([0x1A, i, 0, 1, 0]);
    }
    let n = name.len() as u16;
    extensions.extend([0, 0]);
    for length in [n + 5, n + 3] {
        extensions.extend(length.to_be_bytes());
    }
    extensions.push(0);
    extensions.extend(n.to_be_bytes());
    extensions.extend(name);
    extensions.extend([0, 43, 0, 3, 2, 3, 4]);
    let mut body = [&[3, 3][..], &[0xAA; 32], &[session_id]].concat();
    body.resize(body.len() + usize::from(session_id), 0xBB);
    body.extend([0, 2, 0x13, 0x01, 1, 0]);
    body.extend((extensions.len() as u16).to_be_bytes());
    body.extend(extensions);
    let mut hello = vec![0x16, 3, 1];
    hello.extend((body.len() as u16 + 4).to_be_bytes());
    hello.extend([1, 0]);
    hello.extend((body.len() as u16).to_be_bytes());
    hello.extend(body);
    hello
}
