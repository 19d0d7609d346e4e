//! Random frames of all encapsulations, whole and broken, for the parser's and the card's tests.
//!
//! ```
//! let mut frames = fogline_sim::parsed::frames::Frames::new(1);
//! assert!(frames.frame().len() <= 9600);
//! ```

use scramble::sample::{Address, Checksum, Ip, PppForm, client_hello, frame};
use scramble::wire::ip::{TCP, UDP};
use std::ops::Range;

/// A generator of frames; equal seeds give equal frames.
#[derive(Clone, Debug)]
pub struct Frames {
    state: u64,
}

impl Frames {
    /// A generator.
    pub const fn new(seed: u64) -> Self {
        Self {
            state: seed.wrapping_mul(2) | 1,
        }
    }

    /// 64 random bits (splitmix64).
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number of `range`.
    pub fn pick(&mut self, range: Range<usize>) -> usize {
        range.start + (self.bits() % range.len() as u64) as usize
    }

    /// True once in `n`.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.pick(0..n) == 0
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.bits() as u8).collect()
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.bits() as u8)
    }

    fn word(&mut self) -> u16 {
        self.bits() as u16
    }

    /// A frame: mostly of session data, often mutated, at least 1 byte long.
    pub fn frame(&mut self) -> Vec<u8> {
        let ppp = self.ppp();
        let mut frame = self.outer(&ppp);
        if self.one_in(3) {
            let pad = self.pick(0..40);
            let padding = self.bytes(pad);
            frame.extend(padding);
        }
        if self.one_in(2) {
            self.mutate(&mut frame);
        }
        if self.one_in(6) {
            let length = self.pick(1..frame.len().max(2));
            frame.truncate(length);
        }
        frame.truncate(9600);
        frame
    }

    /// Changes a few bits or bytes of the headers.
    fn mutate(&mut self, frame: &mut [u8]) {
        for _ in 0..self.pick(1..4) {
            let at = self.pick(0..frame.len().min(180));
            match self.pick(0..4) {
                0 => frame[at] ^= 1 << self.pick(0..8),
                1 => frame[at] = self.bits() as u8,
                2 => frame[at] = [0, 1, 2, 3, 5, 0xFF, 0x45, 0x60][self.pick(0..8)],
                _ => frame[at] = frame[at].wrapping_add([1, 2, 4, 254, 255][self.pick(0..5)]),
            }
        }
    }

    /// A PPP frame of 0 bytes or more.
    pub fn ppp(&mut self) -> Vec<u8> {
        if self.one_in(20) {
            let length = self.pick(0..7);
            let mut bytes = self.bytes(length);
            if self.one_in(2) {
                bytes.splice(0..bytes.len().min(2), [0xFF, 0x03]);
            }
            return bytes;
        }
        let mut info = self.ip();
        if self.one_in(4) {
            let length = self.pick(0..9);
            let tail = self.bytes(length);
            info.extend(tail);
        }
        if self.one_in(12) {
            let length = self.pick(0..info.len() + 1);
            info.truncate(length);
        }
        let named = if info.first().is_some_and(|byte| byte >> 4 == 6) {
            0x57
        } else {
            0x21
        };
        let protocol = [named, named, 0x53, 0xC021, 0x8021, self.word()][self.pick(0..6)];
        let form = PppForm {
            address_control: self.one_in(2),
            compressed: self.one_in(2),
        };
        frame(form, protocol, &info)
    }

    /// An IP packet, mostly eligible.
    pub fn ip(&mut self) -> Vec<u8> {
        let v6 = self.one_in(2);
        let mut address = |first: [u8; 4]| {
            if v6 {
                let mut bytes: [u8; 16] = self.array();
                bytes[0] = bytes[0] & 15 | [0x20, 0x20, 0x20, 0x30, 0xF0][self.pick(0..5)];
                Address::V6(bytes)
            } else {
                let mut bytes: [u8; 4] = self.array();
                if self.one_in(8) {
                    bytes[0] = first[self.pick(0..4)];
                }
                Address::V4(bytes)
            }
        };
        let (source, destination) = (address([0, 223, 224, 1]), address([0, 1, 223, 224]));
        let protocol = [TCP, TCP, TCP, UDP, UDP, 1, 44][self.pick(0..7)];
        let mut ip = Ip::new(source, destination, protocol);
        ip.identification = self.word();
        ip.fragment = if self.one_in(4) {
            1 << self.pick(0..16)
        } else {
            0x4000
        };
        if self.one_in(5) {
            let words = self.pick(1..11);
            ip.options = self.bytes(4 * words);
        }
        let length = match self.pick(0..5) {
            0 => self.pick(0..12),
            1 => self.pick(28..36),
            2 => self.pick(0..1500),
            _ => self.pick(0..70),
        };
        let mut data = self.bytes(length);
        if self.one_in(4) {
            data = client_hello(32, 1, b"www.example.org");
            if self.one_in(2) {
                let length = self.pick(0..20);
                data.truncate(length);
            }
            if self.one_in(3) && !data.is_empty() {
                let at = self.pick(0..data.len().min(12));
                data[at] ^= 1 << self.pick(0..8);
            }
        }
        let ports = (self.word(), self.word());
        let checksum = Checksum::Value(self.word());
        match protocol {
            TCP if !self.one_in(8) => {
                let options = self.options();
                let offset = if self.one_in(8) {
                    self.pick(0..16)
                } else {
                    5 + options.len() / 4
                };
                let sequence = self.bits() as u32;
                ip.tcp(ports, sequence, (offset as u8, &options), checksum, &data)
            }
            UDP if !self.one_in(8) => ip.udp(ports, checksum, &data),
            _ => ip.packet(&data),
        }
    }

    /// TCP options, a multiple of four bytes, up to 40.
    fn options(&mut self) -> Vec<u8> {
        let mut options = Vec::new();
        if self.one_in(3) {
            return options;
        }
        for _ in 0..self.pick(1..12) {
            match self.pick(0..12) {
                0..5 => options.push(1),
                5 => options.push(0),
                6 => options.extend([30, 8, 0x31, 2, 192, 0, 2, 1]),
                7 => options.extend([30, 3 + self.bits() as u8 % 4, self.bits() as u8]),
                8 => options.extend([8, 10, 1, 30, 3, 0x31, 5, 6, 30, 0x30]),
                9 => options.extend([5, 2]),
                10 => {
                    let length = self.pick(0..42) as u8;
                    options.extend([30, length, self.bits() as u8 & 0x3F]);
                }
                _ => {
                    let byte = self.bits() as u8;
                    options.push(byte);
                }
            }
        }
        options.truncate(40);
        let fill = [0, 1, 30, 3][self.pick(0..4)];
        options.resize(options.len().next_multiple_of(4), fill);
        options
    }

    /// The frame around a PPP frame.
    pub fn outer(&mut self, ppp: &[u8]) -> Vec<u8> {
        let mut frame = self.bytes(12);
        for _ in 0..[0, 0, 1, 2, 3][self.pick(0..5)] {
            let tag = [[0x81, 0x00], [0x88, 0xA8], [0x91, 0x00]][self.pick(0..3)];
            frame.extend(tag);
            let id = self.word();
            frame.extend(id.to_be_bytes());
        }
        match self.pick(0..3) {
            0 => self.pppoe(&mut frame, ppp),
            1 => self.l2tp(&mut frame, ppp, false),
            _ => self.l2tp(&mut frame, ppp, true),
        }
        frame
    }

    fn pppoe(&mut self, frame: &mut Vec<u8>, ppp: &[u8]) {
        let code = if self.one_in(3) { 0x80 } else { 0 };
        frame.extend([0x88, 0x64, 0x11, code]);
        let session = self.word();
        frame.extend(session.to_be_bytes());
        frame.extend((ppp.len() as u16).to_be_bytes());
        frame.extend(ppp);
    }

    fn l2tp(&mut self, frame: &mut Vec<u8>, ppp: &[u8], v6: bool) {
        let mut flags = self.word() & 0x4B80 | 2;
        if self.one_in(20) {
            flags |= 0x8000;
        }
        if self.one_in(4) {
            flags |= self.word() & 0x37F0;
        }
        let mut message = flags.to_be_bytes().to_vec();
        if flags & 0x4000 != 0 {
            message.extend([0, 0]);
        }
        let rest = if flags & 0x0800 != 0 { 8 } else { 4 };
        let ids = self.bytes(rest);
        message.extend(ids);
        if flags & 0x0200 != 0 {
            let offset = match self.pick(0..12) {
                0..10 => self.pick(0..5),
                10 => self.pick(0..20),
                _ => usize::from(self.word()),
            };
            message.extend((offset as u16).to_be_bytes());
            let padding = self.bytes(offset.min(64));
            message.extend(padding);
        }
        message.extend(ppp);
        if flags & 0x4000 != 0 {
            let length = message.len() as u16;
            message[2..4].copy_from_slice(&length.to_be_bytes());
        }
        if self.one_in(6) {
            let length = self.pick(0..9);
            let tail = self.bytes(length);
            message.extend(tail);
        }
        let mut datagram = self.bytes(4);
        if !self.one_in(20) {
            let at = [0, 2][self.pick(0..2)];
            datagram[at..at + 2].copy_from_slice(&1701u16.to_be_bytes());
        }
        datagram.extend((message.len() as u16 + 8).to_be_bytes());
        let checksum = self.bytes(2);
        datagram.extend(checksum);
        datagram.extend(message);
        if self.one_in(10) {
            datagram.extend([0; 3]);
        }
        let addresses = if v6 {
            (Address::V6(self.array()), Address::V6(self.array()))
        } else {
            (Address::V4(self.array()), Address::V4(self.array()))
        };
        let protocol = if self.one_in(16) {
            [6, 44][self.pick(0..2)]
        } else {
            UDP
        };
        let mut ip = Ip::new(addresses.0, addresses.1, protocol);
        ip.identification = self.word();
        ip.fragment = if self.one_in(8) {
            1 << self.pick(0..16)
        } else {
            0x4000
        };
        if self.one_in(4) {
            let words = self.pick(1..11);
            ip.options = self.bytes(4 * words);
        }
        frame.extend(if v6 { [0x86, 0xDD] } else { [0x08, 0x00] });
        frame.extend(ip.packet(&datagram));
    }
}
