//! The Point-to-Point Protocol with header scrambling, without I/O.
//!
//! One [`Link`] is one PPP link at one end: LCP (RFC 1661), authentication, ECP carrying PHS, IPCP (RFC 1332), IPV6CP
//! (RFC 5072) and what a point-to-point link needs of neighbour discovery (RFC 4861). It takes frames and the time,
//! and gives frames, a timer and [`Event`]s; sockets, clocks, keys and packets of data are its host's.

pub mod automaton;
mod config;
mod control;
mod event;
mod hold;
mod ipcp;
mod ipv6cp;
mod lcp;
pub mod link;
pub mod nd;
mod negotiation;
pub mod option;
pub mod packet;
mod queue;
#[cfg(test)]
mod test;

pub use config::{
    Access, Config, LcpConfig, NetworkConfig, Role, RouterAdvertisement, Secret, Subscriber,
};
pub use event::{
    Arrival, CloseReason, Counters, Decision, DownReason, Event, Granted, Ipv4Grant, Ipv6Grant,
    Network, Warning,
};
pub use lcp::LcpOptions;
pub use link::{Link, Phase, Proxy, ProxyAuthentication};
