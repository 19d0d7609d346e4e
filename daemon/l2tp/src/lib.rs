//! L2TPv2 control connections and calls (RFC 2661), without I/O: as LNS, which takes calls, and as the LAC at a
//! subscriber's, which makes them.
//!
//! Sans-I/O: an [`Endpoint`] takes datagrams, the host's wishes and the time, and gives datagrams, a timer and
//! [`Event`]s. Time is a [`Duration`](std::time::Duration) since any start that the host likes, as long as it never runs
//! backwards. After every call, the host takes every [`poll`](Endpoint::poll), then every
//! [`poll_transmit`](Endpoint::poll_transmit), and calls [`handle_timeout`](Endpoint::handle_timeout) at
//! [`poll_timeout`](Endpoint::poll_timeout).
//!
//! Data messages are the host's: [`Established`] says what their headers need. Session ids of this end are
//! dense, so that tables can be indexed by them; tunnel ids are random, so that they have to be guessed.
//!
//! ```
//! use std::net::SocketAddr;
//! use std::time::Duration;
//! use fogline_l2tp::{CallRequest, Config, Endpoint, Event};
//! # struct Os(u64);
//! # impl rand_core::TryRng for Os {
//! #     type Error = core::convert::Infallible;
//! #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { self.0 += 1; Ok(self.0 as u32) }
//! #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { self.0 += 1; Ok(self.0) }
//! #     fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
//! #         self.0 += 1; to.fill(self.0 as u8); Ok(())
//! #     }
//! # }
//! # impl rand_core::TryCryptoRng for Os {}
//! # let (os_a, os_b) = (Os(1), Os(101));
//! let now = Duration::ZERO;
//! let (at_client, at_lns): (SocketAddr, SocketAddr) = ("192.0.2.1:1701".parse()?, "192.0.2.2:1701".parse()?);
//! let mut client = Endpoint::new(Config { accept_incoming: false, ..Config::default() }, os_a);
//! let mut lns = Endpoint::new(Config::default(), os_b);
//! let tunnel = client.dial(now, at_lns)?;
//! client.call(now, tunnel, CallRequest::default())?;
//! let up = loop {
//!     while let Some(datagram) = client.poll_transmit() {
//!         lns.handle_control(now, at_client, &datagram.payload);
//!     }
//!     while let Some(event) = lns.poll() {
//!         if let Event::Incoming { call, .. } = event {
//!             lns.accept(now, call);
//!         }
//!     }
//!     while let Some(datagram) = lns.poll_transmit() {
//!         client.handle_control(now, at_lns, &datagram.payload);
//!     }
//!     if let Some(Event::CallUp { info, .. }) = client.poll() {
//!         break info;
//!     }
//! };
//! assert_eq!((up.peer, up.peer_session), (at_lns, 1));
//! assert!(lns.tunnels().any(|tunnel| tunnel.id.0 == up.peer_tunnel));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod authentication;
mod call;
mod cause;
mod channel;
mod config;
mod counters;
mod deadlines;
mod endpoint;
mod event;
mod ids;
mod text;
mod tunnel;
pub mod wire;

pub use cause::{CallCause, CallResult, Cause, DownReason, ErrorCode, StopCause, StopResult};
pub use config::{Config, Secret};
pub use counters::Counters;
pub use endpoint::Endpoint;
pub use event::{
    CallId, CallInfo, CallRequest, CallState, DialError, Established, Event, IncomingInfo,
    Transmit, TunnelId, TunnelInfo, TunnelState,
};
pub use wire::message::{Proxy, ProxyAuthentication};
