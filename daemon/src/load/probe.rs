//! The packets that are sent inside calls: UDP with the time of sending in it, so that whoever gets one back knows how
//! long it was under way.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use etherparse::{NetSlice, PacketBuilder, SlicedPacket, TransportSlice};

use super::tally::Tally;
use crate::calls::{HEADROOM, Port, TAILROOM};
use scramble::transform::Packet;

/// The port that probes come from, and go to where nothing else is said: "discard" (RFC 863).
const PORT: u16 = 9;
const IP_AND_UDP: usize = 28;
/// A run's tag, and the time in microseconds.
const CONTENT: usize = 16;

/// The shortest probe, in bytes.
pub const LEAST_SIZE: u16 = (IP_AND_UDP + CONTENT) as u16;

/// Makes the probes of a run, and knows them again.
#[derive(Debug)]
pub(super) struct Probes {
    tag: [u8; 8],
    size: usize,
    buffer: Vec<u8>,
}

impl Probes {
    /// Probes of `size` bytes, marked by `tag`.
    pub fn new(tag: [u8; 8], size: u16) -> Self {
        Self {
            tag,
            size: size.max(LEAST_SIZE).into(),
            buffer: Vec::new(),
        }
    }

    /// A probe for each of `ways`, with room around it to be sent.
    pub fn make(
        &mut self,
        now: Duration,
        ways: impl IntoIterator<Item = (u32, Ipv4Addr, SocketAddrV4)>,
    ) -> impl Iterator<Item = (u32, Packet<'_>)> {
        let slot = HEADROOM + self.size + TAILROOM;
        let mut payload = vec![0; self.size - IP_AND_UDP];
        payload[..8].copy_from_slice(&self.tag);
        payload[8..CONTENT].copy_from_slice(&micros(now).to_be_bytes());
        self.buffer.clear();
        let mut sessions = Vec::new();
        for (session, from, to) in ways {
            let at = self.buffer.len();
            self.buffer.resize(at + HEADROOM, 0);
            let builder =
                PacketBuilder::ipv4(from.octets(), to.ip().octets(), 64).udp(PORT, to.port());
            // A vector takes all that is written, and the lengths fit a packet's fields.
            let written = builder.write(&mut self.buffer, &payload);
            self.buffer.resize(at + slot, 0);
            if written.is_ok() {
                sessions.push(session);
            } else {
                self.buffer.truncate(at);
            }
        }
        let range = HEADROOM..HEADROOM + self.size;
        let slots = self.buffer.chunks_exact_mut(slot);
        sessions
            .into_iter()
            .zip(slots)
            .map(move |(session, slot)| (session, Packet::new(slot, range.clone())))
    }

    /// When a packet was sent, if it is a probe of this run, or an echo of one.
    fn sent_at(&self, packet: &[u8]) -> Option<Duration> {
        let sliced = SlicedPacket::from_ip(packet).ok()?;
        let (Some(NetSlice::Ipv4(_)), Some(TransportSlice::Udp(udp))) =
            (sliced.net, sliced.transport)
        else {
            return None;
        };
        let (tag, rest) = udp.payload().split_first_chunk::<8>()?;
        let sent = u64::from_be_bytes(*rest.first_chunk()?);
        (*tag == self.tag).then(|| Duration::from_micros(sent))
    }
}

/// Where probes to a line's address go.
pub(super) fn to_line(address: Ipv4Addr) -> SocketAddrV4 {
    SocketAddrV4::new(address, PORT)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A port that keeps probes which come out of calls, and counts them.
pub(super) struct Catch<'a, P> {
    pub now: Duration,
    pub port: &'a mut P,
    pub probes: &'a Probes,
    pub tally: &'a mut Tally,
}

impl<P: Port> Port for Catch<'_, P> {
    fn to_peer(&mut self, listener: usize, to: SocketAddr, datagram: &[u8]) {
        self.port.to_peer(listener, to, datagram);
    }

    fn to_host(&mut self, packet: &[u8]) {
        match self.probes.sent_at(packet) {
            Some(sent) => {
                self.tally.packets_received += 1;
                self.tally.delay.record(self.now.saturating_sub(sent));
            }
            None => self.port.to_host(packet),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LINE: Ipv4Addr = Ipv4Addr::new(10, 64, 0, 9);

    #[test]
    fn a_probe_says_when_it_was_sent_and_whose_it_is() {
        let mut probes = Probes::new(*b"this run", 64);
        let now = Duration::from_micros(1_234_567);
        let ways = [(7, LINE, to_line(LINE)), (8, LINE, to_line(LINE))];
        let made: Vec<_> = probes
            .make(now, ways)
            .map(|(session, packet)| (session, packet.bytes().to_vec()))
            .collect();
        assert_eq!(
            made.iter().map(|(session, _)| *session).collect::<Vec<_>>(),
            [7, 8]
        );
        for (_, packet) in &made {
            assert_eq!(packet.len(), 64);
            assert_eq!(scramble::checksum::sum(&packet[..20]), 0, "IPv4's checksum");
            assert_eq!(probes.sent_at(packet), Some(now));
            assert_eq!(Probes::new(*b"that run", 64).sent_at(packet), None);
        }
    }

    #[test]
    fn a_probe_is_never_too_short_for_what_is_in_it() {
        let mut probes = Probes::new([0; 8], 0);
        let ways = [(0, LINE, to_line(LINE))];
        let lengths: Vec<_> = probes
            .make(Duration::ZERO, ways)
            .map(|(_, packet)| packet.bytes().len())
            .collect();
        assert_eq!(lengths, [usize::from(LEAST_SIZE)]);
    }

    proptest! {
        #[test]
        fn any_packet_may_come(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = Probes::new([0; 8], 64).sent_at(&bytes);
        }
    }
}
