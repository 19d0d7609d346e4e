//! A comparison as JSON, for other programs. Keys keep their names and meaning; new ones may
//! come. `schema` changes when an old one goes.
//!
//! ```json
//! {
//!   "schema": 1,
//!   "engine": "builtin",
//!   "before": VIEW, "after": VIEW,
//!   "left": {
//!     "addresses": {"before": 3, "after": 3, "left": ["192.0.2.1"]},
//!     "ports":     {"before": 3, "after": 3, "left": ["192.0.2.1:443/6"]},
//!     "names":     {"before": 2, "after": 2, "left": []},
//!     "answers":   {"before": 1, "after": 0, "left": []}
//!   },
//!   "bytes": {
//!     "searched": 4096,
//!     "addresses": {"found": [], "by_chance": 0.1},
//!     "answers":   {"found": [], "by_chance": 0.1},
//!     "names":     {"found": [], "by_chance": 0.0}
//!   },
//!   "bogus": {"flows": 3, "public": 3, "two_way": 2, "public_two_way": 2, "names": 1}
//! }
//! ```
//!
//! where VIEW is
//!
//! ```json
//! {
//!   "counts": {"frames": 9, "ip": 8, "opaque": 0, "ppp": 1, "control": 0, "other": 0, "lost": 0},
//!   "records": [{
//!     "frame": 0, "time": "2026-11-23T10:00:00.000000000Z",
//!     "subscriber": {"address": "10.0.0.2", "port": 40000},
//!     "remote": {"address": "192.0.2.1", "port": 443},
//!     "protocol": 6, "names": [{"kind": "tls", "text": "www.example.com"}],
//!     "packets": {"sent": 4, "received": 3}, "bytes": {"sent": 800, "received": 3000},
//!     "two_way": true
//!   }],
//!   "dns_answers": [{"name": "www.example.com", "address": "192.0.2.1"}]
//! }
//! ```
//!
//! `frame` counts from 0; `time` is null where the capture has none; kinds of names are those of
//! [`NameKind`](super::NameKind).

use serde::Serialize;
use serde_json::{Value, json};

use super::compare::{Comparison, Remains};
use super::flow::Endpoint;
use super::names::Name;
use super::search::Hits;
use super::view::{ConnectionRecord, Counts, DnsAnswer, View};

/// A comparison, and who made its views.
pub fn to_json(comparison: &Comparison, engine: &str) -> Value {
    let c = comparison;
    json!({
        "schema": 1,
        "engine": engine,
        "before": view(&c.before),
        "after": view(&c.after),
        "left": {
            "addresses": remains(&c.addresses, ToString::to_string),
            "ports": remains(&c.ports, port),
            "names": remains(&c.names, Clone::clone),
            "answers": remains(&c.answers, ToString::to_string),
        },
        "bytes": {
            "searched": c.bytes.bytes,
            "addresses": hits(&c.bytes.addresses),
            "answers": hits(&c.bytes.answers),
            "names": hits(&c.bytes.names),
        },
        "bogus": c.bogus,
    })
}

#[derive(Serialize)]
struct ViewJson<'a> {
    counts: Counts,
    records: Vec<RecordJson<'a>>,
    dns_answers: &'a [DnsAnswer],
}

#[derive(Serialize)]
struct RecordJson<'a> {
    frame: usize,
    time: Option<String>,
    subscriber: Endpoint,
    remote: Endpoint,
    protocol: u8,
    names: &'a [Name],
    packets: BothWays,
    bytes: BothWays,
    two_way: bool,
}

#[derive(Serialize)]
struct BothWays {
    sent: u64,
    received: u64,
}

fn view(view: &View) -> ViewJson<'_> {
    ViewJson {
        counts: view.counts,
        records: view.records.iter().map(record).collect(),
        dns_answers: &view.answers,
    }
}

fn record(record: &ConnectionRecord) -> RecordJson<'_> {
    let both = |[sent, received]: [u64; 2]| BothWays { sent, received };
    RecordJson {
        frame: record.frame,
        time: record.time.map(|t| t.to_string()),
        subscriber: record.subscriber,
        remote: record.remote,
        protocol: record.protocol,
        names: &record.names,
        packets: both(record.packets),
        bytes: both(record.bytes),
        two_way: record.two_way(),
    }
}

fn remains<T>(remains: &Remains<T>, text: impl Fn(&T) -> String) -> Value {
    json!({
        "before": remains.before,
        "after": remains.after,
        "left": remains.left.iter().map(text).collect::<Vec<_>>(),
    })
}

fn hits<T: Serialize>(hits: &Hits<T>) -> Value {
    json!({"found": hits.found, "by_chance": hits.by_chance})
}

fn port((end, protocol): &(Endpoint, u8)) -> String {
    format!(
        "{}/{protocol}",
        std::net::SocketAddr::new(end.address, end.port)
    )
}
