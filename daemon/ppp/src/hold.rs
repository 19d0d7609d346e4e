//! NCP packets that came before PHS was decided (draft section 3.5): the latest of each protocol is kept.

use scramble::wire::ppp::protocol::{IPCP, IPV6CP};

use crate::event::{Arrival, Counters};

/// Protocols held beside IPCP and IPV6CP.
const STRANGERS: usize = 2;
/// The longest packet held. An NCP needs no more.
const LONGEST: usize = 1500;

/// The latest NCP packet of each protocol, as it came. A scrambled one and one in clear do not replace each other:
/// only one of them will be wanted, and anybody can send one in clear.
#[derive(Default)]
pub(crate) struct Hold {
    packets: Vec<Held>,
}

pub(crate) struct Held {
    pub protocol: u16,
    pub arrival: Arrival,
    pub packet: Box<[u8]>,
}

impl Hold {
    /// Keeps `packet`.
    pub fn keep(
        &mut self,
        protocol: u16,
        arrival: Arrival,
        packet: &[u8],
        counters: &mut Counters,
    ) {
        let earlier = self.position(protocol, arrival);
        let strangers = self.packets.iter().filter(|held| !is_known(held.protocol));
        let is_full = !is_known(protocol) && strangers.count() >= STRANGERS;
        if packet.len() > LONGEST || earlier.is_none() && is_full {
            counters.held_dropped += 1;
            return;
        }
        counters.held += 1;
        if let Some(earlier) = earlier {
            counters.held_dropped += 1;
            self.packets.remove(earlier);
        }
        self.packets.push(Held {
            protocol,
            arrival,
            packet: packet.into(),
        });
    }

    /// Takes what came as `wanted`, oldest first, and drops what came otherwise.
    pub fn release(&mut self, wanted: Arrival, counters: &mut Counters) -> Vec<Held> {
        let all = core::mem::take(&mut self.packets);
        let before = all.len();
        let released: Vec<_> = all
            .into_iter()
            .filter(|held| held.arrival == wanted)
            .collect();
        counters.held_dropped += (before - released.len()) as u64;
        released
    }

    /// Takes what came in clear of `protocol`, whatever is wanted of the rest.
    pub fn take(&mut self, protocol: u16) -> Option<Held> {
        let at = self.position(protocol, Arrival::Clear)?;
        Some(self.packets.remove(at))
    }

    fn position(&self, protocol: u16, arrival: Arrival) -> Option<usize> {
        self.packets
            .iter()
            .position(|held| held.protocol == protocol && held.arrival == arrival)
    }
}

fn is_known(protocol: u16) -> bool {
    matches!(protocol, IPCP | IPV6CP)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Arrival::{Clear, Scrambled};

    #[test]
    fn the_latest_of_each_protocol_and_arrival_is_held() {
        let (mut hold, mut counters) = (Hold::default(), Counters::default());
        hold.keep(0x8021, Clear, &[1], &mut counters);
        hold.keep(0x8057, Scrambled, &[2], &mut counters);
        hold.keep(0x8057, Clear, &[3], &mut counters);
        hold.keep(0x8021, Clear, &[4], &mut counters);
        let released = hold.release(Clear, &mut counters);
        let packets: Vec<_> = released
            .iter()
            .map(|held| (held.protocol, &held.packet[..]))
            .collect();
        assert_eq!(packets, [(0x8057, &[3][..]), (0x8021, &[4][..])]);
        assert_eq!((counters.held, counters.held_dropped), (4, 2));
        assert!(hold.release(Scrambled, &mut counters).is_empty());
    }

    #[test]
    fn what_is_held_is_bounded_and_strangers_do_not_displace_ncps() {
        let (mut hold, mut counters) = (Hold::default(), Counters::default());
        for protocol in 0x8080..0x8180 {
            hold.keep(protocol, Clear, &[0], &mut counters);
        }
        hold.keep(0x8021, Clear, &[0; LONGEST], &mut counters);
        hold.keep(0x8057, Clear, &[0; LONGEST + 1], &mut counters);
        assert_eq!(hold.release(Clear, &mut counters).len(), STRANGERS + 1);
    }
}
