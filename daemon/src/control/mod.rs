//! The control socket: how an operator's commands reach a running daemon.
//!
//! A Unix stream socket, mode 0600, for root and the daemon's own user. Both directions carry
//! frames: a length of 4 bytes, big-endian, then so many bytes of JSON. A request is at most
//! [`MAX_REQUEST`] bytes, a frame of a reply at most [`MAX_REPLY`]; a longer or empty one ends
//! the connection.
//!
//! ```text
//! -> {"version": 1, "request": "status"}
//! <- {"version": 1, "more": false, "reply": {"status": {...}}}
//! -> {"version": 1, "request": {"sessions": {"user": "alice", "in_clear": true, "from": 0}}}
//! <- {"version": 1, "more": true,  "reply": {"sessions": {"items": [...], "next": null}}}
//! <- {"version": 1, "more": false, "reply": {"sessions": {"items": [...], "next": 256}}}
//! -> {"version": 1, "request": {"kick": {"who": {"id": 17}, "reason": "unpaid"}}}
//! <- {"version": 1, "more": false, "reply": {"done": {"sessions": 1}}}
//! -> {"version": 2, "request": "fly"}
//! <- {"version": 1, "more": false, "reply": {"error": {"code": "bad-version", "message": "...", "versions": [1]}}}
//! ```
//!
//! A reply may take several frames; `more` says that another follows. Lists come in pages, so
//! that neither end holds 64,000 sessions for the other: `next` is what to put into `from` for
//! the next page. `"events"` turns the connection into a stream: [`Reply::Listening`], then an
//! [`Event`] a frame until the client closes it. [`Request`] and [`Reply`] say the rest.

mod client;
mod frame;
mod handle;
mod reply;
mod request;
mod server;
mod socket;
mod text;

pub mod model;

pub use client::{Client, ClientError};
pub use handle::{Command, EnginePort, Handle, channel};
pub use reply::{Code, Event, Failure, Page, Reply, ReplyFrame};
pub use request::{Incoming, PageQuery, Request, SessionQuery, Who};
pub use server::{MAX_CONNECTIONS, serve};
pub use socket::{BindError, Listener};
pub use text::{is_printable, printable};

/// The version of the protocol that this program speaks.
pub const VERSION: u64 = 1;

/// Bytes of JSON in a request at most.
pub const MAX_REQUEST: usize = 64 << 10;

/// Bytes of JSON in one frame of a reply at most.
pub const MAX_REPLY: usize = 1 << 20;

/// Where a daemon listens, unless its configuration says otherwise.
pub const DEFAULT_SOCKET: &str = "/run/fogline/control";
