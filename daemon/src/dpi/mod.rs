//! What deep packet inspection puts on record, and what is left of it after scrambling.
//!
//! A carrier strips the tunnels ([`peel()`]), joins packets to flows, takes the names that travel
//! in clear, and keeps an internet connection record of each flow: a [`View`]. A [`Comparison`]
//! of two views says what of the first is still true in the second.

mod address;
mod collect;
mod compare;
pub mod engine;
mod flow;
pub mod json;
mod names;
mod packet;
mod peel;
mod render;
mod search;
mod view;

pub use compare::{Bogus, Comparison, Frame, Remains};
pub use flow::Endpoint;
pub use json::to_json;
pub use names::{Name, NameKind};
pub use peel::{Kind, Outer, Peeled, Tunnel, peel};
pub use render::{Style, protocol_name, render, summary, table};
pub use search::{Found, Hits, Search};
pub use view::{Builder, ConnectionRecord, Counts, DnsAnswer, View};
