//! Searching the bytes of packets for what is true, as a forensic grep would: engines that go
//! blind do not mean that nothing is there.

use std::collections::BTreeSet;
use std::net::IpAddr;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, BuildError};

use super::peel::peel;
use super::view::View;
use crate::capture::LinkType;

/// Looks for a view's addresses and names in the contents of other frames.
#[derive(Debug)]
pub struct Search {
    addresses: Vec<IpAddr>,
    names: Vec<String>,
    raw: AhoCorasick,
    text: AhoCorasick,
    /// What each pattern of `raw` and `text` stands for.
    raw_means: Vec<Meaning>,
    text_means: Vec<Meaning>,
    bytes: u64,
    found: Notes,
    remote: BTreeSet<IpAddr>,
    answers: BTreeSet<IpAddr>,
}

/// What the bytes held.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// How many bytes were searched: contents of tunnels and links, without these' headers.
    pub bytes: u64,
    /// True remote addresses, as 4 or 16 bytes or in writing.
    pub addresses: Hits<IpAddr>,
    /// True addresses of DNS answers, in the same forms.
    pub answers: Hits<IpAddr>,
    /// True names, as text or in DNS's form, in small letters or large.
    pub names: Hits<String>,
}

/// What was found of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Hits<T> {
    /// What is there, sorted.
    pub found: Vec<T>,
    /// How many of those looked for so many random bytes would hold.
    pub by_chance: f64,
}

impl<T> Default for Hits<T> {
    fn default() -> Self {
        Self {
            found: Vec::new(),
            by_chance: 0.0,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Meaning {
    Address(usize),
    WrittenAddress(usize),
    Name(usize),
    DnsName(usize),
}

impl Search {
    /// Prepares to look for what `truth` holds.
    pub fn new(truth: &View) -> Result<Self, BuildError> {
        let mut addresses = truth.remote_addresses();
        addresses.extend(truth.answer_addresses());
        let addresses: Vec<_> = addresses.into_iter().collect();
        let names: Vec<_> = truth.names().into_iter().map(str::to_owned).collect();

        let mut raw = Patterns::default();
        let mut text = Patterns::default();
        for (at, address) in addresses.iter().enumerate() {
            let bytes = match address {
                IpAddr::V4(v4) => v4.octets().to_vec(),
                IpAddr::V6(v6) => v6.octets().to_vec(),
            };
            raw.add(bytes, Meaning::Address(at));
            text.add(address.to_string().into(), Meaning::WrittenAddress(at));
        }
        for (at, name) in names.iter().enumerate() {
            let name = name.strip_prefix("*.").unwrap_or(name);
            text.add(name.into(), Meaning::Name(at));
            if let Some(wire) = dns_form(name) {
                text.add(wire, Meaning::DnsName(at));
            }
        }
        Ok(Self {
            raw: AhoCorasick::new(&raw.bytes)?,
            text: AhoCorasickBuilder::new()
                .ascii_case_insensitive(true)
                .build(&text.bytes)?,
            raw_means: raw.means,
            text_means: text.means,
            addresses,
            names,
            bytes: 0,
            found: Notes::default(),
            remote: truth.remote_addresses(),
            answers: truth.answer_addresses(),
        })
    }

    /// Searches a frame's contents.
    pub fn frame(&mut self, link: LinkType, frame: &[u8]) {
        let bytes = peel(link, frame).bytes;
        self.bytes += bytes.len() as u64;
        for hit in self.raw.find_overlapping_iter(bytes) {
            self.found.note(self.raw_means[hit.pattern().as_usize()]);
        }
        for hit in self.text.find_overlapping_iter(bytes) {
            let meaning = self.text_means[hit.pattern().as_usize()];
            let before = hit.start().checked_sub(1).map(|at| bytes[at]);
            if stands_alone(meaning, before, bytes.get(hit.end()).copied()) {
                self.found.note(meaning);
            }
        }
    }

    /// What was found so far.
    pub fn finish(self) -> Found {
        let addresses = |wanted: &BTreeSet<IpAddr>| {
            let places = self.addresses.iter().enumerate();
            let wanted: Vec<_> = places.filter(|(_, a)| wanted.contains(a)).collect();
            let found = wanted
                .iter()
                .filter(|(at, _)| self.found.addresses.contains(at));
            Hits {
                found: found.map(|&(_, &address)| address).collect(),
                by_chance: self.expected(wanted.iter().map(|(_, a)| address_chance(a))),
            }
        };
        let names = self.found.names.iter().map(|&at| self.names[at].clone());
        let chances = self.names.iter().map(|name| name_chance(name));
        Found {
            bytes: self.bytes,
            addresses: addresses(&self.remote),
            answers: addresses(&self.answers),
            names: Hits {
                found: names.collect(),
                by_chance: self.expected(chances),
            },
        }
    }

    /// How many things are to be expected, given how likely each is to be at any place.
    fn expected(&self, chances: impl IntoIterator<Item = f64>) -> f64 {
        let places = self.bytes as f64;
        let each = chances.into_iter().map(|p| (p * places).min(1.0));
        // Not `sum`, which makes -0 of nothing.
        each.fold(0.0, |sum, chance| sum + chance)
    }
}

/// Which addresses and names were found, by their places in the lists.
#[derive(Debug, Default)]
struct Notes {
    addresses: BTreeSet<usize>,
    names: BTreeSet<usize>,
}

impl Notes {
    fn note(&mut self, meaning: Meaning) {
        match meaning {
            Meaning::Address(at) | Meaning::WrittenAddress(at) => self.addresses.insert(at),
            Meaning::Name(at) | Meaning::DnsName(at) => self.names.insert(at),
        };
    }
}

#[derive(Debug, Default)]
struct Patterns {
    bytes: Vec<Vec<u8>>,
    means: Vec<Meaning>,
}

impl Patterns {
    fn add(&mut self, pattern: Vec<u8>, meaning: Meaning) {
        self.bytes.push(pattern);
        self.means.push(meaning);
    }
}

/// Whether what surrounds a match leaves it what it is: `t.co` is not in `microsoft.co.uk`. What comes
/// behind a name says nothing: in a certificate or a ClientHello it is the next field, which may happen
/// to be a letter. To find too much is better here than to find too little.
fn stands_alone(meaning: Meaning, before: Option<u8>, after: Option<u8>) -> bool {
    let in_name = |b: u8| b.is_ascii_lowercase() || b == b'-';
    let in_address = |b: u8| b.is_ascii_digit() || b == b'.' || b == b':';
    match meaning {
        Meaning::Address(_) | Meaning::DnsName(_) => true,
        Meaning::WrittenAddress(_) => {
            !before.is_some_and(in_address) && !after.is_some_and(|b| b.is_ascii_hexdigit())
        }
        Meaning::Name(_) => !before.is_some_and(in_name),
    }
}

/// A name as DNS writes it, without the empty label at its end.
fn dns_form(name: &str) -> Option<Vec<u8>> {
    let mut wire = Vec::with_capacity(name.len() + 1);
    for label in name.split('.') {
        wire.push(
            u8::try_from(label.len())
                .ok()
                .filter(|n| (1..64).contains(n))?,
        );
        wire.extend(label.as_bytes());
    }
    Some(wire)
}

/// How likely any place in random bytes holds an address, in bytes or in writing.
fn address_chance(address: &IpAddr) -> f64 {
    let bytes = match address {
        IpAddr::V4(_) => 4,
        IpAddr::V6(_) => 16,
    };
    256f64.powi(-bytes) + any_case(address.to_string().as_bytes())
}

/// How likely any place in random bytes holds a name, as text or in DNS's form.
fn name_chance(name: &str) -> f64 {
    let name = name.strip_prefix("*.").unwrap_or(name);
    any_case(name.as_bytes()) * (1.0 + 1.0 / 256.0)
}

/// How likely a pattern is where letters may be small or large.
fn any_case(pattern: &[u8]) -> f64 {
    let letters = pattern.iter().filter(|b| b.is_ascii_alphabetic()).count();
    256f64.powi(-(pattern.len() as i32)) * 2f64.powi(letters as i32)
}
