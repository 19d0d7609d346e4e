//! Neighbour discovery on a link whose IPV6CP is Opened.

use core::time::Duration;

use rand_core::CryptoRng;
use scramble::wire::ppp::protocol;

use super::Link;
use crate::event::Event;
use crate::nd::Reaction;
use crate::nd::advertisement::Advertisement;
use crate::packet::frame;

impl<R: CryptoRng> Link<R> {
    pub(super) fn discovery_timeout(&mut self, now: Duration) {
        let config = &self.config.network.router_advertisement;
        let networks = self.networks.as_mut();
        let Some(discovery) = networks.and_then(|networks| networks.discovery.as_mut()) else {
            return;
        };
        if let Some(packet) = discovery.handle_timeout(now, config, &mut self.random) {
            self.frames.push(frame(protocol::IPV6, &packet));
        }
    }

    /// An IPv6 packet came that stays on the link (from or to an address of its own, or for a multicast group), in the
    /// form that data must have by now ([`data_mode`](Self::data_mode)). Any bytes are safe.
    pub fn handle_neighbour_discovery(&mut self, now: Duration, packet: &[u8]) {
        let config = &self.config.network.router_advertisement;
        let networks = self.networks.as_mut();
        let Some(discovery) = networks.and_then(|networks| networks.discovery.as_mut()) else {
            self.counters.untimely += 1;
            return;
        };
        match discovery.handle(packet, config) {
            Ok(Reaction::Nothing) => {}
            Ok(Reaction::Send(answer)) => self.frames.push(frame(protocol::IPV6, &answer)),
            Ok(Reaction::Advertised(advertisement)) => self.advertised(&advertisement),
            Err(_) => self.counters.discovery_ignored += 1,
        }
        self.settle(now);
    }

    fn advertised(&mut self, advertisement: &Advertisement) {
        for prefix in &advertisement.prefixes {
            self.events.push(Event::Ipv6Prefix {
                prefix: prefix.prefix,
                length: 64,
                valid: prefix.valid,
                preferred: prefix.preferred,
                dns: advertisement.dns.clone(),
                mtu: advertisement.mtu,
                router_lifetime: advertisement.router_lifetime,
            });
        }
    }
}
