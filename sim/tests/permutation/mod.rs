//! Records of random packets, before and behind the reference's DECOY transform.

use fogline_hdl::records::Scramble;
use fogline_sim::record::Record;
use scramble::agreement::{Carrier, Coverage, Direction, End, EpochKeys, Transform};
use scramble::transform::{HEADROOM, HelloForm, Packet, Sender, Sent, TAILROOM};

/// splitmix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// Whether something of probability 1 in `n` happens.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
        bytes
    }
}

/// A record of 32-bit words, lowest first.
pub type Words = [u32; Case::WORDS];

/// A packet's record before and behind the reference's transform.
pub struct Case {
    pub prp: [u8; 16],
    pub protocol: u8,
    pub t: [u8; 4],
    pub n: usize,
    pub plain: Words,
    pub wire: Words,
}

impl Case {
    /// Of a `Scramble`.
    pub const WORDS: usize = 24;

    pub fn random(random: &mut Random) -> Self {
        let v6 = random.one_in(2);
        let higher = random.one_in(2);
        let protocol = match random.below(4) {
            0 => random.next() as u8,
            1 => 17,
            _ => 6,
        };
        let network = if v6 { 40 } else { 20 };
        let transport = match protocol {
            6 => 20,
            17 => 8,
            _ => 0,
        };
        // Short of the transport header now and then: then ports take no part.
        let payload = match random.below(4) {
            0 => 32 + random.below(20),
            _ => random.below(34),
        };
        let behind = match random.below(8) {
            0 if transport > 0 => 1 + random.below(transport - 1),
            _ => (transport + payload).max(usize::from(v6)),
        };
        let mut ip = vec![0; network + behind];
        for byte in &mut ip {
            *byte = random.next() as u8;
        }
        if v6 {
            ip[0] = 0x60 | ip[0] & 0x0F;
            ip[4..6].copy_from_slice(&(behind as u16).to_be_bytes());
            ip[6] = protocol;
            ip[8] = 0x20 | ip[8] & 0x0F;
            ip[24] = 0x20 | ip[24] & 0x0F;
        } else {
            ip[0] = 0x45;
            let total = ip.len() as u16;
            ip[2..4].copy_from_slice(&total.to_be_bytes());
            // A fragment now and then: no ports.
            ip[6..8].fill(0);
            ip[7] = u8::from(random.one_in(8));
            ip[9] = protocol;
            ip[12] = 1 + random.below(223) as u8;
            ip[16] = 1 + random.below(223) as u8;
        }
        let plain = behind >= transport && transport > 0 && (v6 || ip[7] == 0);
        if plain && protocol == 6 {
            // No options.
            ip[network + 12] = 0x50;
        }
        let keys = EpochKeys {
            epoch: random.next() as u32,
            data_lower: random.bytes(),
            data_higher: random.bytes(),
            prp: random.bytes(),
        };
        let prp = keys.prp;
        let wire = scrambled(keys, if higher { End::Higher } else { End::Lower }, &ip, v6);
        let payload_at = network + if plain { transport } else { 0 };
        let n = (ip.len() - payload_at).min(32);
        let mut t = [0; 4];
        if plain && protocol == 6 {
            t.copy_from_slice(&ip[network + 4..network + 8]);
        } else if v6 {
            t.copy_from_slice(&ip[..4]);
            t[0] = 0;
            t[1] &= 0x0F;
        } else {
            t.copy_from_slice(&ip[4..8]);
        }
        let record = |ip: &[u8]| {
            let (source, destination) = if v6 {
                (8..24, 24..40)
            } else {
                (12..16, 16..20)
            };
            let mut addresses = [[0; 16]; 2];
            addresses[0][..source.len()].copy_from_slice(&ip[source]);
            addresses[1][..destination.len()].copy_from_slice(&ip[destination]);
            if v6 {
                // The parity is no part of it.
                addresses[0][0] &= 0xEF;
            }
            let port = |at: usize| {
                if plain {
                    u64::from(u16::from_be_bytes([ip[network + at], ip[network + at + 1]]))
                } else {
                    0
                }
            };
            let mut packed = Packed::default();
            packed.number(1, 1);
            packed.number(v6.into(), 1);
            packed.number(plain.into(), 1);
            packed.number(higher.into(), 1);
            packed.number(protocol.into(), 8);
            packed.number(behind as u64, 16);
            packed.bytes(&t);
            packed.number(n as u64, 6);
            packed.bytes(&prp);
            packed.bytes(&addresses[0]);
            packed.bytes(&addresses[1]);
            packed.number(port(0), 16);
            packed.number(port(2), 16);
            let mut block = [0; 32];
            block[..n].copy_from_slice(&ip[payload_at..payload_at + n]);
            packed.bytes(&block);
            packed.words
        };
        Self {
            prp,
            protocol,
            t,
            n,
            plain: record(&ip),
            wire: record(&wire),
        }
    }

    /// A record to give and the one to get: this one's, or now and then one that is not active.
    pub fn step(self, receive: bool, random: &mut Random) -> (Words, Words) {
        let (from, into) = if receive {
            (self.wire, self.plain)
        } else {
            (self.plain, self.wire)
        };
        if random.one_in(5) {
            let mut inactive = from;
            inactive[0] &= !1;
            (inactive, inactive)
        } else {
            (from, into)
        }
    }
}

/// The IP packet that the reference makes of `ip`.
fn scrambled(keys: EpochKeys, end: End, ip: &[u8], v6: bool) -> Vec<u8> {
    let direction = Direction {
        transform: Transform::Decoy,
        coverage: Coverage::new(255).unwrap(),
        carrier: Carrier::Natural,
    };
    let mut storage = vec![0; HEADROOM];
    storage.extend([0, if v6 { 0x57 } else { 0x21 }]);
    storage.extend(ip);
    let frame = HEADROOM..storage.len();
    storage.extend([0; TAILROOM]);
    let mut packet = Packet::new(&mut storage, frame);
    let mut sender = Sender::new(end, direction, keys).with_hello_form(HelloForm::Opaque);
    assert_eq!(sender.scramble(&mut packet), Ok(Sent::Scrambled));
    assert_eq!(
        packet.bytes().len(),
        2 + ip.len(),
        "framed, not made a decoy"
    );
    packet.bytes()[2..].to_vec()
}

/// Fields put one behind the other, the first lowest.
#[derive(Default)]
struct Packed {
    words: Words,
    at: usize,
}

impl Packed {
    fn number(&mut self, value: u64, bits: usize) {
        for bit in 0..bits {
            self.words[self.at / 32] |= ((value >> bit) as u32 & 1) << (self.at % 32);
            self.at += 1;
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let wide = u64::from(byte) << (self.at % 32);
            self.words[self.at / 32] |= wide as u32;
            if wide >> 32 != 0 {
                self.words[self.at / 32 + 1] |= (wide >> 32) as u32;
            }
            self.at += 8;
        }
    }
}

/// Panics with the fields' names where `is` is not `expected`.
pub fn same(from: &Words, is: &Words, expected: &Words) {
    assert!(
        is == expected,
        "{:?} became {:#?}",
        Record::<Scramble>::from_words(from),
        Record::<Scramble>::from_words(is).differences(&Record::from_words(expected)),
    );
}
