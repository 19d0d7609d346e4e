//! QUIC Initial packets: anyone who sees their connection id can decrypt them
//! (RFC 9001 section 5, RFC 9369, and the drafts that were deployed).

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes128Gcm, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;

use super::tls::{self, Step};
use super::{Found, NameKind};
use crate::dpi::collect::Collector;

/// How many Initial packets of a connection are looked at.
const MAX_PACKETS: u8 = 32;

/// What a version does its own way.
#[derive(Debug, Clone, Copy)]
struct Version {
    salt: [u8; 20],
    /// The two type bits of an Initial packet.
    initial: u8,
    labels: [&'static str; 3],
}

impl Version {
    const LABELS: [&'static str; 3] = ["quic key", "quic iv", "quic hp"];

    fn of(number: u32) -> Option<Self> {
        let salt = match number {
            1 | 0xff00_0021 | 0xff00_0022 => {
                *b"\
                \x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\
                \x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a"
            }
            0xff00_001d..=0xff00_0020 => {
                *b"\
                \xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\
                \x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99"
            }
            0xff00_0017..=0xff00_001c => {
                *b"\
                \xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\
                \xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02"
            }
            0x6b33_43cf => {
                return Some(Self {
                    salt: *b"\
                        \x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\
                        \x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9",
                    initial: 1,
                    labels: ["quicv2 key", "quicv2 iv", "quicv2 hp"],
                });
            }
            _ => return None,
        };
        Some(Self {
            salt,
            initial: 0,
            labels: Self::LABELS,
        })
    }
}

/// A client's keys for Initial packets.
struct Keys {
    packet: Aes128Gcm,
    iv: [u8; 12],
    header: Aes128,
}

impl Keys {
    fn new(version: &Version, connection_id: &[u8]) -> Option<Self> {
        let initial = Hkdf::<Sha256>::new(Some(&version.salt), connection_id);
        let mut secret = [0; 32];
        expand(&initial, "client in", &mut secret)?;
        let client = Hkdf::<Sha256>::from_prk(&secret).ok()?;
        let (mut key, mut iv, mut header) = ([0; 16], [0; 12], [0; 16]);
        expand(&client, version.labels[0], &mut key)?;
        expand(&client, version.labels[1], &mut iv)?;
        expand(&client, version.labels[2], &mut header)?;
        Some(Self {
            packet: Aes128Gcm::new(&key.into()),
            iv,
            header: Aes128::new(&header.into()),
        })
    }

    /// Takes the protection off a packet whose packet number is at `number_at`.
    fn open(&self, packet: &[u8], number_at: usize) -> Option<Vec<u8>> {
        let sample: [u8; 16] = *packet.get(number_at + 4..)?.first_chunk()?;
        let mut mask = sample.into();
        self.header.encrypt_block(&mut mask);
        let first = packet.first()? ^ (mask[0] & 0x0f);
        let length = usize::from(first & 3) + 1;
        let body_at = number_at + length;
        let mut head = packet.get(..body_at)?.to_vec();
        head[0] = first;
        let mut number = 0u64;
        for (byte, mask) in head[number_at..].iter_mut().zip(&mask[1..]) {
            *byte ^= mask;
            number = number << 8 | u64::from(*byte);
        }
        let mut nonce = self.iv;
        for (byte, part) in nonce[4..].iter_mut().zip(number.to_be_bytes()) {
            *byte ^= part;
        }
        let payload = Payload {
            msg: packet.get(body_at..)?,
            aad: &head,
        };
        self.packet.decrypt(&Nonce::from(nonce), payload).ok()
    }
}

/// HKDF-Expand-Label of TLS 1.3.
fn expand(key: &Hkdf<Sha256>, label: &str, out: &mut [u8]) -> Option<()> {
    let mut info = Vec::with_capacity(24);
    info.extend((out.len() as u16).to_be_bytes());
    info.push(6 + label.len() as u8);
    info.extend(b"tls13 ");
    info.extend(label.as_bytes());
    info.push(0);
    key.expand(&info, out).ok()
}

/// A client's Initial packets of one connection, put together.
#[derive(Default)]
pub struct Initials {
    /// The connection id that the keys follow from.
    connection_id: Vec<u8>,
    crypto: Collector,
    packets: u8,
    done: bool,
}

/// Whether a datagram may hold an Initial packet of a version whose keys are known.
pub fn may_be_initial(datagram: &[u8]) -> bool {
    long_header(datagram).is_some()
}

fn long_header(packet: &[u8]) -> Option<Version> {
    let [first, a, b, c, d]: [u8; 5] = *packet.first_chunk()?;
    let version = Version::of(u32::from_be_bytes([a, b, c, d]))?;
    (first & 0xc0 == 0xc0).then_some(version)
}

impl Initials {
    /// Looks at a datagram: it may hold several packets.
    pub fn datagram(&mut self, mut datagram: &[u8], found: &mut Found) {
        while let Some(version) = long_header(datagram) {
            if self.done {
                return;
            }
            let Some(packet) = Header::parse(datagram, &version) else {
                return;
            };
            datagram = &datagram[packet.end..];
            if packet.initial {
                self.initial(&packet, &version, found);
            }
        }
    }

    fn initial(&mut self, packet: &Header<'_>, version: &Version, found: &mut Found) {
        self.packets += 1;
        self.done = self.packets == MAX_PACKETS;
        let known = self.connection_id.clone();
        // The keys follow from the id that the client chose first, or after a Retry.
        for id in [packet.connection_id, &known] {
            let opened = Keys::new(version, id)
                .and_then(|keys| keys.open(&packet.bytes[..packet.end], packet.number_at));
            let Some(plain) = opened else { continue };
            if id != self.connection_id {
                self.connection_id = id.to_vec();
                self.crypto = Collector::default();
            }
            self.frames(&plain);
            let step = tls::messages(self.crypto.contiguous(), NameKind::Quic, found, 0);
            self.done |= step == Step::Done;
            return;
        }
    }

    /// Collects what CRYPTO frames hold.
    fn frames(&mut self, plain: &[u8]) {
        const PADDING: u64 = 0;
        const PING: u64 = 1;
        const ACK: u64 = 2;
        const ACK_ECN: u64 = 3;
        const CRYPTO: u64 = 6;

        let mut rest = plain;
        while !rest.is_empty() {
            let walked = match varint(&mut rest) {
                Some(PADDING | PING) => Some(()),
                Some(kind @ (ACK | ACK_ECN)) => skip_ack(&mut rest, kind == ACK_ECN),
                Some(CRYPTO) => self.crypto_frame(&mut rest),
                _ => None,
            };
            if walked.is_none() {
                return;
            }
        }
    }

    fn crypto_frame(&mut self, rest: &mut &[u8]) -> Option<()> {
        let offset = usize::try_from(varint(rest)?).ok()?;
        let length = usize::try_from(varint(rest)?).ok()?;
        let (data, after) = rest.split_at_checked(length)?;
        self.crypto.add(offset, data);
        *rest = after;
        Some(())
    }

    /// How much memory it takes.
    pub fn size(&self) -> usize {
        self.crypto.size()
    }
}

fn skip_ack(rest: &mut &[u8], ecn: bool) -> Option<()> {
    let (_largest, _delay) = (varint(rest)?, varint(rest)?);
    let ranges = varint(rest)?;
    varint(rest)?;
    for _ in 0..ranges {
        varint(rest)?;
        varint(rest)?;
    }
    for _ in 0..if ecn { 3 } else { 0 } {
        varint(rest)?;
    }
    Some(())
}

/// Where the parts of a long-header packet are.
struct Header<'a> {
    bytes: &'a [u8],
    initial: bool,
    connection_id: &'a [u8],
    number_at: usize,
    end: usize,
}

impl<'a> Header<'a> {
    fn parse(bytes: &'a [u8], version: &Version) -> Option<Self> {
        const LONGEST_ID: usize = 20;
        const RETRY: u8 = 3;

        let kind = bytes.first()? >> 4 & 3;
        let mut rest = bytes.get(5..)?;
        let connection_id = take(&mut rest, LONGEST_ID)?;
        take(&mut rest, LONGEST_ID)?;
        // In version 2 the four types are numbered one further.
        let kind = kind.wrapping_sub(version.initial) & 3;
        if kind == RETRY {
            return None;
        }
        let initial = kind == 0;
        if initial {
            let token = usize::try_from(varint(&mut rest)?).ok()?;
            rest = rest.get(token..)?;
        }
        let length = usize::try_from(varint(&mut rest)?).ok()?;
        let number_at = bytes.len() - rest.len();
        rest.get(..length)?;
        Some(Self {
            bytes,
            initial,
            connection_id,
            number_at,
            end: number_at + length,
        })
    }
}

/// A connection id behind its length.
fn take<'a>(rest: &mut &'a [u8], longest: usize) -> Option<&'a [u8]> {
    let (&length, after) = rest.split_first()?;
    let (id, after) = after.split_at_checked(length.into())?;
    *rest = after;
    (id.len() <= longest).then_some(id)
}

/// QUIC's integers of 1, 2, 4 or 8 bytes.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let length = 1 << (rest.first()? >> 6);
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    let mut value = u64::from(bytes[0] & 0x3f);
    for &byte in &bytes[1..] {
        value = value << 8 | u64::from(byte);
    }
    Some(value)
}
