//! One direction of a TCP connection: what it begins with, and what a later segment begins anew.

use super::tls::Step;
use super::{Found, dns, http, tls};
use crate::dpi::collect::{Collector, LIMIT};

/// One direction of a TCP connection.
#[derive(Debug, Default)]
pub(in crate::dpi) struct Stream {
    collecting: Option<Collecting>,
}

#[derive(Debug)]
struct Collecting {
    /// Sequence number of the first byte.
    start: u32,
    bytes: Collector,
    /// How many bytes there must be before it is worth looking again.
    need: usize,
}

/// Ports of DNS over TCP.
const DNS: u16 = 53;

impl Stream {
    /// Takes a segment. `may_begin` says whether there is memory to begin collecting.
    pub fn segment(
        &mut self,
        sequence: u32,
        syn: bool,
        payload: &[u8],
        ports: [u16; 2],
        may_begin: bool,
        found: &mut Found,
    ) {
        let dns = ports.contains(&DNS);
        let first = sequence.wrapping_add(syn.into());
        if syn && may_begin {
            self.collecting = Some(Collecting::at(first));
        }
        if payload.is_empty() {
            return;
        }
        if let Some(collecting) = &mut self.collecting {
            let at = first.wrapping_sub(collecting.start) as i32;
            if let Ok(at) = usize::try_from(at) {
                if at < LIMIT {
                    if collecting.add(at, payload, dns, found) {
                        self.collecting = None;
                    }
                    return;
                }
                self.collecting = None;
            }
        }
        if self.collecting.is_none() && begins(payload, dns) {
            let mut collecting = Collecting::at(first);
            if !collecting.add(0, payload, dns, found) && may_begin {
                self.collecting = Some(collecting);
            }
        }
    }

    /// How much memory it takes.
    pub fn size(&self) -> usize {
        self.collecting.as_ref().map_or(0, |c| c.bytes.size())
    }
}

impl Collecting {
    fn at(start: u32) -> Self {
        Self {
            start,
            bytes: Collector::default(),
            need: 1,
        }
    }

    /// Adds a piece and says whether that is all there is to learn.
    fn add(&mut self, at: usize, piece: &[u8], dns: bool, found: &mut Found) -> bool {
        self.bytes.add(at, piece);
        let bytes = self.bytes.contiguous();
        if bytes.len() < self.need {
            return false;
        }
        match look(bytes, dns, found) {
            Step::Done => true,
            Step::Need(_) if bytes.len() == LIMIT => true,
            Step::Need(more) => {
                self.need = more.clamp(bytes.len() + 1, LIMIT);
                false
            }
        }
    }
}

/// Whether a segment may begin something that holds names.
fn begins(payload: &[u8], dns: bool) -> bool {
    dns || tls::is_handshake(payload) || http::is_request(payload)
}

fn look(bytes: &[u8], dns: bool, found: &mut Found) -> Step {
    const LONGEST_METHOD: usize = 9;

    if dns {
        return dns_messages(bytes, found);
    }
    match bytes.first() {
        Some(0x15 | 0x16) if bytes.len() < 5 => Step::Need(5),
        Some(0x15 | 0x16) if tls::is_handshake(bytes) => tls::records(bytes, found),
        Some(b'A'..=b'Z') if bytes.len() < LONGEST_METHOD => Step::Need(LONGEST_METHOD),
        Some(b'A'..=b'Z') if http::is_request(bytes) => match http::request(bytes, found) {
            true => Step::Done,
            false => Step::Need(bytes.len() + 1),
        },
        _ => Step::Done,
    }
}

/// DNS messages, each behind its length.
fn dns_messages(bytes: &[u8], found: &mut Found) -> Step {
    let mut rest = bytes;
    while let Some(&[high, low]) = rest.first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes([high, low]));
        let Some(message) = rest.get(2..2 + length) else {
            return Step::Need(bytes.len() - rest.len() + 2 + length);
        };
        dns::message(message, found);
        rest = &rest[2 + length..];
        if rest.is_empty() {
            return Step::Done;
        }
    }
    Step::Need(bytes.len() + 1)
}
