//! The Network phase (RFC 1661 section 3.6): PHS first, then IPCP, IPV6CP and neighbour discovery.

use core::time::Duration;

use rand_core::CryptoRng;
use scramble::agreement::Transform;
use scramble::negotiator::{self, DataMode};
use scramble::wire::ppp::protocol;

use super::{Link, Phase};
use crate::automaton::{Event as AutomatonEvent, State};
use crate::config::Role;
use crate::control::{Context, Control, Layer};
use crate::event::{Arrival, DownReason, Event, Granted, Ipv6Grant, Network, Warning};
use crate::ipcp::Ipcp;
use crate::ipv6cp::Ipv6cp;
use crate::nd::Discovery;
use crate::negotiation::Negotiation;
use crate::packet::{Code, Packet, control_frame, frame};

/// The least MTU of a link that carries IPv6 (RFC 8200 section 5).
const IPV6_MIN_MTU: u16 = 1280;

/// What there is in the Network phase.
#[derive(Default)]
pub(super) struct Networks {
    ipv4: Option<Ncp<Ipcp>>,
    ipv6: Option<Ncp<Ipv6cp>>,
    /// What an access server advertises.
    grant: Option<Ipv6Grant>,
    pub discovery: Option<Discovery>,
    started: bool,
    /// The data mode for which held packets were released.
    released: Option<DataMode>,
}

struct Ncp<N> {
    control: Control,
    negotiation: N,
    /// The host was told that it is up.
    up: bool,
}

impl<N> Ncp<N> {
    fn new(protocol: u16, negotiation: N) -> Self {
        Self {
            control: Control::new(protocol),
            negotiation,
            up: false,
        }
    }
}

impl Networks {
    pub fn next_timeout(&self) -> Option<Duration> {
        let ncps = self.controls().filter_map(Control::due);
        let discovery = self.discovery.as_ref().and_then(Discovery::due);
        ncps.chain(discovery).min()
    }

    fn controls(&self) -> impl Iterator<Item = &Control> {
        let ipv4 = self.ipv4.as_ref().map(|ncp| &ncp.control);
        let ipv6 = self.ipv6.as_ref().map(|ncp| &ncp.control);
        ipv4.into_iter().chain(ipv6)
    }

    /// Every NCP came to its end, or there is none.
    fn is_over(&self) -> bool {
        let is_over = |control: &Control| matches!(control.state(), State::Closed | State::Stopped);
        self.started && self.controls().all(is_over)
    }
}

impl<R: CryptoRng> Link<R> {
    /// Authentication is over. `granted` is what the host gave, as an access server.
    pub(super) fn begin_network(&mut self, now: Duration, mut granted: Option<Box<Granted>>) {
        self.phase = Phase::Network;
        let (terms, secrets) = granted.as_mut().map_or_else(Default::default, |granted| {
            let secrets = core::mem::take(&mut granted.secrets);
            (granted.scrambling.take(), secrets)
        });
        let config = &self.config.network;
        let (ipv4, ipv6) = match &self.config.role {
            Role::Access(_) => (
                granted
                    .as_ref()
                    .and_then(|granted| granted.ipv4)
                    .map(Ipcp::access),
                granted
                    .as_ref()
                    .is_some_and(|granted| granted.ipv6.is_some()),
            ),
            Role::Subscriber(subscriber) => (
                subscriber
                    .ipv4
                    .then(|| Ipcp::subscriber(subscriber.request_dns)),
                subscriber.ipv6,
            ),
        };
        let ipv4 = ipv4.filter(|_| config.ipv4);
        let ipv6 = (ipv6 && config.ipv6).then(|| Ipv6cp::new(&mut self.random));
        self.networks = Some(Box::new(Networks {
            ipv4: ipv4.map(|ipcp| Ncp::new(protocol::IPCP, ipcp)),
            ipv6: ipv6.map(|ipv6cp| Ncp::new(protocol::IPV6CP, ipv6cp)),
            grant: granted.and_then(|granted| granted.ipv6),
            ..Networks::default()
        }));
        match self.phs.begin(now, terms, secrets) {
            Ok(true) => {}
            Ok(false) => self
                .events
                .push(Event::Warning(Warning::ScramblingAfterOffer)),
            Err(error) => self.terminate(now, DownReason::SecretAfterOffer(error)),
        }
        if let Some(early) = self.hold.take(protocol::ECP) {
            self.receive(now, early.protocol, &early.packet, early.arrival);
        }
    }

    /// The Network phase ends.
    pub(super) fn end_network(&mut self) {
        let Some(networks) = self.networks.take() else {
            return;
        };
        if networks.ipv4.is_some_and(|ncp| ncp.up) {
            self.events.push(Event::Ipv4Down);
        }
        if networks.ipv6.is_some_and(|ncp| ncp.up) {
            self.events.push(Event::Ipv6Down);
        }
    }

    /// Tells the host what the negotiator says, and sends what it has to send.
    pub(super) fn pump_phs(&mut self, now: Duration) {
        while let Some(event) = self.phs.get_mut().and_then(|phs| phs.poll()) {
            let refused = match &event {
                negotiator::Event::Refused(reason) => Some(*reason),
                _ => None,
            };
            self.events.push(Event::Phs(event));
            if let Some(reason) = refused {
                self.pump_ecp();
                self.terminate(now, DownReason::Refused(reason));
            }
        }
        self.pump_ecp();
    }

    fn pump_ecp(&mut self) {
        while let Some(packet) = self.phs.get_mut().and_then(|phs| phs.poll_transmit()) {
            self.frames.push(frame(protocol::ECP, &packet));
        }
    }

    /// Starts the NCPs once PHS is decided, gives them what was held, and ends the link when none is left.
    pub(super) fn follow_phs(&mut self, now: Duration) {
        let decided = match self.data_mode() {
            DataMode::Clear => Arrival::Clear,
            DataMode::Scrambled => Arrival::Scrambled,
            DataMode::Hold | DataMode::Drop => return,
        };
        let mode = Some(self.data_mode());
        if self
            .networks
            .as_ref()
            .is_some_and(|networks| networks.released != mode)
        {
            self.check_ipv6_fits(now);
        }
        let Some(networks) = &mut self.networks else {
            return;
        };
        if !core::mem::replace(&mut networks.started, true) {
            for network in [Network::Ipv4, Network::Ipv6] {
                for event in [AutomatonEvent::Open, AutomatonEvent::Up] {
                    self.with_ncp(now, network, |control, context, negotiation| {
                        control.administer(context, event, negotiation)
                    });
                }
            }
        }
        let released = self
            .networks
            .as_mut()
            .map(|networks| &mut networks.released);
        if released.is_some_and(|released| core::mem::replace(released, mode) != mode) {
            for held in self.hold.release(decided, &mut self.counters) {
                self.handle_ncp(now, held.protocol, &held.packet);
            }
        }
        if self
            .networks
            .as_ref()
            .is_some_and(|networks| networks.is_over())
        {
            self.terminate(now, DownReason::NoNetwork);
        }
    }

    /// How data goes was decided, or changed: IPv6 is no more, or does not begin, where its packets find no room.
    fn check_ipv6_fits(&mut self, now: Duration) {
        let scrambled = self.data_mode() == DataMode::Scrambled;
        let overhead = self
            .agreement()
            .filter(|_| scrambled)
            .map_or(0, |agreed| overhead(agreed.send.transform));
        let mtu = self.lcp_options().peer_mru.saturating_sub(overhead);
        let Some(networks) = &mut self.networks else {
            return;
        };
        if networks.ipv6.is_none() || mtu >= IPV6_MIN_MTU {
            return;
        }
        self.events
            .push(Event::Warning(Warning::TooNarrowForIpv6(mtu)));
        match networks.started {
            false => networks.ipv6 = None,
            true => self.close_ncp(now, Network::Ipv6, "the MTU is below 1280"),
        }
    }

    /// A packet came that is neither of LCP, ECP nor of authentication.
    pub(super) fn handle_network(
        &mut self,
        now: Duration,
        protocol: u16,
        information: &[u8],
        arrival: Arrival,
    ) {
        match (self.data_mode(), arrival) {
            (DataMode::Clear, Arrival::Clear) | (DataMode::Scrambled, Arrival::Scrambled) => {
                self.handle_ncp(now, protocol, information);
            }
            (DataMode::Scrambled, Arrival::Clear) => self.counters.clear_dropped += 1,
            // In clear, what comes scrambled is of an upgrade under way: the peer has not proved its key yet.
            (DataMode::Hold, _) | (DataMode::Clear, Arrival::Scrambled) if is_ncp(protocol) => {
                self.hold
                    .keep(protocol, arrival, information, &mut self.counters);
            }
            _ => self.counters.untimely += 1,
        }
    }

    fn handle_ncp(&mut self, now: Duration, protocol: u16, information: &[u8]) {
        let networks = self.networks.as_ref();
        let served = match protocol {
            protocol::IPCP => networks
                .is_some_and(|networks| networks.ipv4.is_some())
                .then_some(Network::Ipv4),
            protocol::IPV6CP => networks
                .is_some_and(|networks| networks.ipv6.is_some())
                .then_some(Network::Ipv6),
            _ => None,
        };
        let Some(network) = served else {
            self.refuse_protocol(now, protocol, information);
            return;
        };
        match Packet::parse(information) {
            Ok(packet) => self.with_ncp(now, network, |control, context, negotiation| {
                control.handle(context, &packet, negotiation)
            }),
            Err(_) => self.counters.malformed += 1,
        }
    }

    /// A packet of a protocol that is not served came in the form that was agreed.
    fn refuse_protocol(&mut self, now: Duration, protocol: u16, information: &[u8]) {
        if self.data_mode() == DataMode::Clear {
            self.reject_protocol(now, protocol, information);
            return;
        }
        // A Protocol-Reject would quote scrambled data in clear (draft section 8.1). An NCP that is merely not wanted
        // is answered as by one that is Closed, and scrambled.
        let packet = Packet::parse(information).ok();
        let asked = packet.filter(|packet| {
            matches!(
                packet.code(),
                Some(Code::ConfigureRequest | Code::TerminateRequest)
            )
        });
        match asked {
            Some(asked) if matches!(protocol, protocol::IPCP | protocol::IPV6CP) => {
                let answer = control_frame(protocol, Code::TerminateAck, asked.identifier(), &[]);
                self.frames.push(answer);
            }
            _ => self.counters.unknown_scrambled += 1,
        }
    }

    /// The peer sent a Protocol-Reject.
    pub(super) fn protocol_rejected(&mut self, now: Duration, protocol: u16) {
        let network = match protocol {
            protocol::IPCP => Network::Ipv4,
            protocol::IPV6CP => Network::Ipv6,
            protocol::ECP => {
                if let Some(phs) = self.phs.get_mut() {
                    phs.handle_protocol_reject(now);
                }
                return;
            }
            _ => {
                let authentication = self.authentication.as_ref();
                if self.phase == Phase::Authenticate
                    && authentication.is_some_and(|both| both.method().ppp_protocol() == protocol)
                {
                    self.terminate(now, DownReason::AuthenticationRefused);
                }
                return;
            }
        };
        if self.data_mode() == DataMode::Scrambled {
            self.counters.protocol_rejects_forged += 1;
            return;
        }
        self.with_ncp(now, network, |control, context, negotiation| {
            control.protocol_rejected(context, negotiation)
        });
    }

    pub(super) fn network_timeout(&mut self, now: Duration) {
        for network in [Network::Ipv4, Network::Ipv6] {
            self.with_ncp(now, network, |control, context, negotiation| {
                control.handle_timeout(context, negotiation)
            });
        }
        self.discovery_timeout(now);
    }

    /// Has one NCP do something, and does what follows from it.
    fn with_ncp(
        &mut self,
        now: Duration,
        network: Network,
        act: impl FnOnce(&mut Control, &mut Context<'_>, &mut dyn Negotiation) -> Option<Layer>,
    ) {
        let rules = self.config.network.rules();
        let mut context = Context {
            now,
            rules,
            mtu: self.lcp.options(&self.config).peer_mru.into(),
            random: &mut self.random,
            frames: &mut self.frames,
            counters: &mut self.counters,
        };
        let Some(networks) = &mut self.networks else {
            return;
        };
        let (layer, diverged) = match (network, &mut networks.ipv4, &mut networks.ipv6) {
            (Network::Ipv4, Some(ncp), _) => (
                act(&mut ncp.control, &mut context, &mut ncp.negotiation),
                ncp.control.has_diverged(&rules),
            ),
            (Network::Ipv6, _, Some(ncp)) => (
                act(&mut ncp.control, &mut context, &mut ncp.negotiation),
                ncp.control.has_diverged(&rules),
            ),
            _ => return,
        };
        match layer {
            Some(Layer::Up) => self.ncp_up(now, network),
            Some(Layer::Down) => self.ncp_down(network),
            Some(Layer::Finished) => {}
            None if diverged => {
                self.events.push(Event::Warning(Warning::Diverged(network)));
                self.close_ncp(now, network, "the options do not converge");
            }
            None => {}
        }
    }

    fn close_ncp(&mut self, now: Duration, network: Network, why: &str) {
        self.with_ncp(
            now,
            network,
            |control, context, negotiation| match control.state() {
                State::Closing | State::Closed => None,
                _ => control.close(context, why, negotiation),
            },
        );
    }

    fn ncp_up(&mut self, now: Duration, network: Network) {
        self.forget_authentication();
        let Some(networks) = &mut self.networks else {
            return;
        };
        match (network, &mut networks.ipv4, &mut networks.ipv6) {
            (Network::Ipv4, Some(ncp), _) if ncp.negotiation.local().is_unspecified() => {
                self.events.push(Event::Warning(Warning::NoIpv4Address));
                self.close_ncp(now, Network::Ipv4, "no address");
            }
            (Network::Ipv4, Some(ncp), _) => {
                ncp.up = true;
                self.events.push(Event::Ipv4Up {
                    local: ncp.negotiation.local(),
                    peer: ncp.negotiation.peer(),
                    dns: ncp.negotiation.dns(),
                });
            }
            (Network::Ipv6, _, Some(ncp)) => {
                ncp.up = true;
                let local_id = ncp.negotiation.local();
                self.events.push(Event::Ipv6Up {
                    local_id,
                    peer_id: ncp.negotiation.peer(),
                });
                networks.discovery = match (&self.config.role, &networks.grant) {
                    (Role::Access(_), Some(grant)) => {
                        Some(Discovery::router(now, local_id, grant.clone()))
                    }
                    (Role::Access(_), None) => None,
                    (Role::Subscriber(_), _) => Some(Discovery::host(now, local_id)),
                };
                self.discovery_timeout(now);
            }
            _ => {}
        }
    }

    fn ncp_down(&mut self, network: Network) {
        let Some(networks) = &mut self.networks else {
            return;
        };
        let (up, event) = match network {
            Network::Ipv4 => (
                networks.ipv4.as_mut().map(|ncp| &mut ncp.up),
                Event::Ipv4Down,
            ),
            Network::Ipv6 => {
                networks.discovery = None;
                (
                    networks.ipv6.as_mut().map(|ncp| &mut ncp.up),
                    Event::Ipv6Down,
                )
            }
        };
        if up.is_some_and(core::mem::take) {
            self.events.push(event);
        }
    }
}

/// What `transform` adds to a packet at most, in bytes. DECOY frames few packets only, but those may be any.
const fn overhead(transform: Transform) -> u16 {
    match transform {
        Transform::Decoy | Transform::Header => 6,
        Transform::Full => 22,
    }
}

/// Whether `protocol` is a network control protocol's number (RFC 1661 section 2).
pub(super) fn is_ncp(protocol: u16) -> bool {
    (0x8000..=0xBFFF).contains(&protocol)
}
