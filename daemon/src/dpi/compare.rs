//! What is left of the truth after scrambling, and what is recorded in its place.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::Serialize;

use super::address::is_public;
use super::flow::Endpoint;
use super::search::{Found, Search};
use super::view::{Builder, ConnectionRecord, View};
use crate::capture::{LinkType, Time};

/// A frame, when it was captured, and what it begins with.
pub type Frame<'a> = (Option<Time>, LinkType, &'a [u8]);

/// Two views of the same traffic: before scrambling, and after.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The truth.
    pub before: View,
    /// What is recorded instead.
    pub after: View,
    /// Remote addresses of the truth, and which of them are still recorded.
    pub addresses: Remains<IpAddr>,
    /// Remote addresses with port and protocol.
    pub ports: Remains<(Endpoint, u8)>,
    /// Host names.
    pub names: Remains<String>,
    /// Addresses in DNS answers.
    pub answers: Remains<IpAddr>,
    /// What a search of the bytes finds, whatever is recorded.
    pub bytes: Found,
    /// What is recorded and not true.
    pub bogus: Bogus,
}

/// How much of one kind of truth is left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remains<T> {
    /// How many different ones there are before.
    pub before: usize,
    /// How many different ones there are after, true or not.
    pub after: usize,
    /// The true ones among these, sorted.
    pub left: Vec<T>,
}

/// Records of what never was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Bogus {
    /// Flows whose remote end the subscribers never spoke with.
    pub flows: usize,
    /// Those of them whose remote address is a public one.
    pub public: usize,
    /// Those of them in which both ends sent something.
    pub two_way: usize,
    /// Public ones in which both ends sent something: the credible ones.
    pub public_two_way: usize,
    /// Names that nobody asked for.
    pub names: usize,
}

impl Comparison {
    /// Compares frames of before with frames of after.
    pub fn of<'a, 'b>(
        before: impl IntoIterator<Item = Frame<'a>>,
        after: impl IntoIterator<Item = Frame<'b>>,
    ) -> Self {
        let before = View::of(before);
        let mut builder = Builder::default();
        let mut search = Search::new(&before).ok();
        for (time, link, frame) in after {
            builder.frame(time, link, frame);
            if let Some(search) = &mut search {
                search.frame(link, frame);
            }
        }
        let found = search.map(Search::finish).unwrap_or_default();
        Self::new(before, builder.finish(), found)
    }

    /// Compares two views, whoever made them, given what the bytes of after hold.
    pub fn new(before: View, after: View, bytes: Found) -> Self {
        let seen = after.all_ends();
        let mut seen_addresses: BTreeSet<_> = seen.iter().map(|(end, _)| end.address).collect();
        seen_addresses.extend(after.answers.iter().map(|a| a.address));

        let true_names = before.names();
        let names_after = after.names();
        let addresses = remains(
            before.remote_addresses(),
            after.remote_addresses().len(),
            |a| seen_addresses.contains(a),
        );
        let ports = remains(before.remote_ports(), after.remote_ports().len(), |port| {
            seen.contains(port)
        });
        let answers = remains(
            before.answer_addresses(),
            after.answer_addresses().len(),
            |a| seen_addresses.contains(a),
        );
        let names = Remains {
            before: true_names.len(),
            after: names_after.len(),
            left: true_names
                .intersection(&names_after)
                .map(|&n| n.to_owned())
                .collect(),
        };
        let truth = before.all_ends();
        let mut bogus = Bogus {
            names: names_after.difference(&true_names).count(),
            ..Bogus::default()
        };
        for record in &after.records {
            if truth.contains(&(record.remote, record.protocol)) {
                continue;
            }
            let (public, two_way) = (is_public(record.remote.address), record.two_way());
            bogus.flows += 1;
            bogus.public += usize::from(public);
            bogus.two_way += usize::from(two_way);
            bogus.public_two_way += usize::from(public && two_way);
        }
        Self {
            addresses,
            ports,
            names,
            answers,
            bytes,
            bogus,
            before,
            after,
        }
    }

    /// Records of before beside those of after that began with the same frame (where nothing
    /// was dropped) or at the same time, in the order of time.
    pub fn rows(&self) -> Vec<(Option<&ConnectionRecord>, Option<&ConnectionRecord>)> {
        let aligned = self.before.counts.frames == self.after.counts.frames;
        let key = |r: &ConnectionRecord| match r.time {
            Some(time) if !aligned => (time.as_nanos(), 0),
            _ => (0, r.frame),
        };
        let mut left: BTreeMap<_, Vec<&ConnectionRecord>> = BTreeMap::new();
        for record in self.after.records.iter().rev() {
            left.entry(key(record)).or_default().push(record);
        }
        let mut rows: Vec<_> = self
            .before
            .records
            .iter()
            .map(|b| (Some(b), left.get_mut(&key(b)).and_then(Vec::pop)))
            .collect();
        let rest = left.into_values().flat_map(|r| r.into_iter().rev());
        rows.extend(rest.map(|a| (None, Some(a))));
        rows.sort_by_key(|(b, a)| b.or(*a).map(|r| (r.time, r.frame)));
        rows
    }
}

fn remains<T>(truth: BTreeSet<T>, after: usize, seen: impl Fn(&T) -> bool) -> Remains<T> {
    Remains {
        before: truth.len(),
        after,
        left: truth.into_iter().filter(seen).collect(),
    }
}
