//! The edge between calls and the world.

use std::net::SocketAddr;

use scramble::transform::Packet;

/// Where packets go. What carries them decides on bursts and system calls.
pub trait Port {
    /// A UDP payload for an L2TP peer, from the socket of `listener`.
    fn to_peer(&mut self, listener: usize, to: SocketAddr, datagram: &[u8]);
    /// An IP packet for this host's network.
    fn to_host(&mut self, packet: &[u8]);
}

/// A UDP payload that arrived, with room before it.
#[derive(Debug)]
pub struct Datagram<'b> {
    /// Who sent it.
    pub from: SocketAddr,
    /// The payload.
    pub payload: Packet<'b>,
}

/// Room that [`Calls`](super::Calls) needs before an IP packet that is to be sent: an L2TP header with sequence
/// numbers, FF 03, and what scrambling adds.
pub const HEADROOM: usize = 10 + 2 + 2 + scramble::transform::HEADROOM;
/// Room needed behind it.
pub const TAILROOM: usize = scramble::transform::TAILROOM;
