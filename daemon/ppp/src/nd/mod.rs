//! Neighbour discovery (RFC 4861) as far as a point-to-point link needs it: an access server advertises itself and the
//! subscriber's prefix, a subscriber solicits that, and both answer for their link-local addresses.

pub mod advertisement;
pub mod icmp;

use core::net::Ipv6Addr;
use core::time::Duration;

use rand_core::CryptoRng;

use crate::config::RouterAdvertisement;
use crate::event::Ipv6Grant;
use advertisement::{Advertisement, Prefix, split_option};
use icmp::{Icmpv6, Invalid, kind};

const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xFF02, 0, 0, 0, 0, 0, 0, 1);
const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xFF02, 0, 0, 0, 0, 0, 0, 2);

/// MAX_INITIAL_RTR_ADVERTISEMENTS and the interval between them (RFC 4861 section 10).
const INITIAL_ADVERTISEMENTS: u8 = 3;
const INITIAL_INTERVAL: Duration = Duration::from_secs(16);
/// MIN_DELAY_BETWEEN_RAS, between those to all nodes.
const LEAST_INTERVAL: Duration = Duration::from_secs(3);
/// MAX_RTR_SOLICITATIONS and RTR_SOLICITATION_INTERVAL.
const SOLICITATIONS: u8 = 3;
const SOLICITATION_INTERVAL: Duration = Duration::from_secs(4);
/// What routers tell hosts to begin with; and what all of this must have to be accepted.
const HOP_LIMIT: u8 = 64;
const FROM_THIS_LINK: u8 = 255;

/// One end's part in neighbour discovery, while IPV6CP is Opened.
pub(crate) struct Discovery {
    own: Ipv6Addr,
    part: Part,
    due: Option<Duration>,
    /// Messages sent to all of the other kind.
    sent: u8,
}

enum Part {
    Router { grant: Ipv6Grant, last: Duration },
    Host,
}

/// What comes of a packet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reaction {
    Nothing,
    /// Send this IPv6 packet.
    Send(Vec<u8>),
    /// The access server advertised itself.
    Advertised(Advertisement),
}

impl Discovery {
    /// The access server's part.
    pub fn router(now: Duration, identifier: [u8; 8], grant: Ipv6Grant) -> Self {
        Self {
            own: link_local(identifier),
            part: Part::Router { grant, last: now },
            due: Some(now),
            sent: 0,
        }
    }

    /// The subscriber's part.
    pub fn host(now: Duration, identifier: [u8; 8]) -> Self {
        Self {
            own: link_local(identifier),
            part: Part::Host,
            due: Some(now),
            sent: 0,
        }
    }

    pub fn due(&self) -> Option<Duration> {
        self.due
    }

    /// The IPv6 packet that is due.
    pub fn handle_timeout(
        &mut self,
        now: Duration,
        config: &RouterAdvertisement,
        random: &mut dyn CryptoRng,
    ) -> Option<Vec<u8>> {
        if self.due.is_none_or(|due| now < due) {
            return None;
        }
        self.sent = self.sent.saturating_add(1);
        match &mut self.part {
            Part::Router { last, .. } => {
                *last = now;
                self.due = Some(now.saturating_add(interval(self.sent, config, random)));
                Some(self.advertise(ALL_NODES, config))
            }
            Part::Host => {
                let again = now.saturating_add(SOLICITATION_INTERVAL);
                self.due = (self.sent < SOLICITATIONS).then_some(again);
                Some(self.message(ALL_ROUTERS, kind::ROUTER_SOLICITATION, &[0; 4]))
            }
        }
    }

    /// An IPv6 packet came that stays on the link.
    pub fn handle(
        &mut self,
        packet: &[u8],
        config: &RouterAdvertisement,
    ) -> Result<Reaction, Invalid> {
        let message = Icmpv6::parse(packet)?;
        if message.kind == kind::ECHO_REQUEST {
            return self.echo(&message);
        }
        if message.hop_limit != FROM_THIS_LINK {
            return Err(Invalid::HopLimit(message.hop_limit));
        }
        if message.code != 0 {
            return Err(Invalid::Message);
        }
        match (message.kind, &self.part) {
            (kind::ROUTER_SOLICITATION, Part::Router { .. }) => self.solicited(&message, config),
            (kind::ROUTER_ADVERTISEMENT, Part::Host) => {
                if !message.source.is_unicast_link_local() {
                    return Err(Invalid::Message);
                }
                let advertisement = Advertisement::parse(message.body)?;
                self.due = None;
                Ok(Reaction::Advertised(advertisement))
            }
            (kind::NEIGHBOR_SOLICITATION, _) => self.neighbour_solicited(&message),
            _ => Err(Invalid::NotForUs),
        }
    }

    fn echo(&self, request: &Icmpv6<'_>) -> Result<Reaction, Invalid> {
        let is_ours = request.destination == self.own && request.source.is_unicast_link_local();
        if !is_ours || request.code != 0 {
            return Err(Invalid::NotForUs);
        }
        Ok(Reaction::Send(self.message(
            request.source,
            kind::ECHO_REPLY,
            request.body,
        )))
    }

    /// RFC 4861 section 6.2.6.
    fn solicited(
        &mut self,
        message: &Icmpv6<'_>,
        config: &RouterAdvertisement,
    ) -> Result<Reaction, Invalid> {
        check_options(message.body, 4)?;
        if message.source.is_unicast_link_local() {
            return Ok(Reaction::Send(self.advertise(message.source, config)));
        }
        // Whoever has no address yet is answered through all nodes, which must not be too often.
        if let Part::Router { last, .. } = self.part {
            let soon = last.saturating_add(LEAST_INTERVAL);
            self.due = self.due.map(|due| due.min(soon));
        }
        Ok(Reaction::Nothing)
    }

    /// RFC 4861 section 7.2.4.
    fn neighbour_solicited(&self, message: &Icmpv6<'_>) -> Result<Reaction, Invalid> {
        check_options(message.body, 20)?;
        let target = message.body.get(4..20).ok_or(Invalid::Message)?;
        if target != self.own.octets() {
            return Err(Invalid::NotForUs);
        }
        let is_router = matches!(self.part, Part::Router { .. });
        let is_known = !message.source.is_unspecified();
        let to = if is_known { message.source } else { ALL_NODES };
        let mut body = [0; 20];
        body[0] = u8::from(is_router) << 7 | u8::from(is_known) << 6 | 1 << 5;
        body[4..].copy_from_slice(&self.own.octets());
        Ok(Reaction::Send(self.message(
            to,
            kind::NEIGHBOR_ADVERTISEMENT,
            &body,
        )))
    }

    fn advertise(&self, to: Ipv6Addr, config: &RouterAdvertisement) -> Vec<u8> {
        let (prefixes, dns) = match &self.part {
            Part::Router { grant, .. } => {
                let prefix = Prefix {
                    prefix: network(grant.prefix),
                    valid: config.valid,
                    preferred: config.preferred.min(config.valid),
                };
                (vec![prefix], grant.dns.clone())
            }
            Part::Host => (Vec::new(), Vec::new()),
        };
        let advertisement = Advertisement {
            router_lifetime: config.router_lifetime,
            prefixes,
            mtu: config.mtu,
            dns,
            // RFC 8106 section 5.1.
            dns_lifetime: config.interval.saturating_mul(3),
        };
        self.message(
            to,
            kind::ROUTER_ADVERTISEMENT,
            &advertisement.emit(HOP_LIMIT),
        )
    }

    fn message(&self, destination: Ipv6Addr, kind: u8, body: &[u8]) -> Vec<u8> {
        let message = Icmpv6 {
            source: self.own,
            destination,
            hop_limit: FROM_THIS_LINK,
            kind,
            code: 0,
            body,
        };
        message.emit()
    }
}

/// Checks that options follow `fixed` bytes of a body, none of length 0.
fn check_options(body: &[u8], fixed: usize) -> Result<(), Invalid> {
    let mut rest = body.get(fixed..).ok_or(Invalid::Message)?;
    while !rest.is_empty() {
        (_, rest) = split_option(rest)?;
    }
    Ok(())
}

/// The time to the next advertisement to all nodes after `sent` of them (RFC 4861 section 6.2.4).
fn interval(sent: u8, config: &RouterAdvertisement, random: &mut dyn CryptoRng) -> Duration {
    let longest = config.interval.max(LEAST_INTERVAL.saturating_mul(4) / 3);
    let part = longest / 4;
    let interval = longest - part + part.saturating_mul(random.next_u32() % 1001) / 1000;
    if sent < INITIAL_ADVERTISEMENTS {
        interval.min(INITIAL_INTERVAL)
    } else {
        interval
    }
}

fn network(prefix: Ipv6Addr) -> Ipv6Addr {
    Ipv6Addr::from(prefix.to_bits() >> 64 << 64)
}

/// fe80::/64 with an interface identifier.
fn link_local(identifier: [u8; 8]) -> Ipv6Addr {
    Ipv6Addr::from(0xFE80 << 112 | u128::from(u64::from_be_bytes(identifier)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test::NoRandom;
    use proptest::prelude::*;

    const T0: Duration = Duration::from_secs(100);

    fn router() -> Discovery {
        let grant = Ipv6Grant {
            prefix: "2001:db8:1:2::".parse().unwrap(),
            dns: vec!["2001:db8::53".parse().unwrap()],
        };
        Discovery::router(T0, [1; 8], grant)
    }

    fn host() -> Discovery {
        Discovery::host(T0, [2; 8])
    }

    fn config() -> RouterAdvertisement {
        RouterAdvertisement::default()
    }

    fn due(discovery: &mut Discovery, now: Duration) -> Option<Vec<u8>> {
        discovery.handle_timeout(now, &config(), &mut NoRandom)
    }

    fn sent(reaction: Result<Reaction, Invalid>) -> Vec<u8> {
        match reaction {
            Ok(Reaction::Send(packet)) => packet,
            other => panic!("nothing sent, but {other:?}"),
        }
    }

    #[test]
    fn a_solicitation_is_answered_with_the_prefix() {
        let (mut router, mut host) = (router(), host());
        let solicitation = due(&mut host, T0).unwrap();
        let answer = sent(router.handle(&solicitation, &config()));
        let Ok(Reaction::Advertised(heard)) = host.handle(&answer, &config()) else {
            panic!("not understood");
        };
        let prefix: Ipv6Addr = "2001:db8:1:2::".parse().unwrap();
        assert_eq!(heard.prefixes[0].prefix, prefix);
        assert_eq!(heard.dns, ["2001:db8::53".parse::<Ipv6Addr>().unwrap()]);
        assert_eq!(host.due(), None, "no more solicitations");
    }

    #[test]
    fn solicitations_are_sent_three_times_4_s_apart() {
        let mut host = host();
        let mut times = Vec::new();
        while let Some(at) = host.due() {
            assert!(due(&mut host, at).is_some());
            times.push((at - T0).as_secs());
        }
        assert_eq!(times, [0, 4, 8]);
    }

    #[test]
    fn advertisements_begin_at_once_and_slow_down() {
        let mut router = router();
        let mut times = Vec::new();
        for _ in 0..5 {
            let at = router.due().unwrap();
            assert!(due(&mut router, at).is_some());
            times.push(at - T0);
        }
        assert_eq!(times[..3], [0, 16, 32].map(Duration::from_secs));
        assert!(times[4] - times[3] > Duration::from_secs(400));
    }

    #[test]
    fn whoever_has_no_address_waits_for_the_next_advertisement_to_all() {
        let mut router = router();
        due(&mut router, T0);
        let solicitation = Icmpv6 {
            source: Ipv6Addr::UNSPECIFIED,
            destination: ALL_ROUTERS,
            hop_limit: 255,
            kind: kind::ROUTER_SOLICITATION,
            code: 0,
            body: &[0; 4],
        };
        let reaction = router.handle(&solicitation.emit(), &config());
        assert_eq!(reaction, Ok(Reaction::Nothing));
        assert_eq!(router.due(), Some(T0 + LEAST_INTERVAL));
    }

    #[test]
    fn what_was_forwarded_is_not_believed() {
        let (router, mut host) = (router(), host());
        let genuine = router.advertise(ALL_NODES, &config());
        let mut forwarded = genuine.clone();
        forwarded[7] = 254;
        let reaction = host.handle(&forwarded, &config());
        assert_eq!(reaction, Err(Invalid::HopLimit(254)));
        let global = Icmpv6 {
            source: "2001:db8::1".parse().unwrap(),
            ..Icmpv6::parse(&genuine).unwrap()
        };
        let reaction = host.handle(&global.emit(), &config());
        assert_eq!(reaction, Err(Invalid::Message));
    }

    #[test]
    fn the_link_local_address_answers_neighbours_and_echoes() {
        let (mut router, host) = (router(), host());
        let solicitation = [&[0; 4][..], &router.own.octets()].concat();
        let asks = host.message(router.own, kind::NEIGHBOR_SOLICITATION, &solicitation);
        let answer = sent(router.handle(&asks, &config()));
        let answer = Icmpv6::parse(&answer).unwrap();
        assert_eq!(
            (answer.kind, answer.destination),
            (kind::NEIGHBOR_ADVERTISEMENT, host.own)
        );
        assert_eq!(answer.body[0], 0xE0, "router, solicited, override");
        let ping = host.message(router.own, kind::ECHO_REQUEST, &[0, 1, 0, 2, 9]);
        let pong = sent(router.handle(&ping, &config()));
        let pong = Icmpv6::parse(&pong).unwrap();
        assert_eq!(
            (pong.kind, pong.body),
            (kind::ECHO_REPLY, &[0, 1, 0, 2, 9][..])
        );
        let elsewhere = host.message(host.own, kind::ECHO_REQUEST, &[0; 4]);
        let reaction = router.handle(&elsewhere, &config());
        assert_eq!(reaction, Err(Invalid::NotForUs));
    }

    proptest! {
        #[test]
        fn any_message_is_safe(kind: u8, code in 0u8..2, body: Vec<u8>, for_router: bool) {
            let mut own = if for_router { router() } else { host() };
            let message = Icmpv6 {
                source: link_local([3; 8]), destination: own.own, hop_limit: 255, kind, code, body: &body,
            };
            let _ = own.handle(&message.emit(), &config());
        }
    }
}
