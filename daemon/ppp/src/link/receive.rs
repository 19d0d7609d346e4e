//! Frames that come, each to its protocol.

use core::time::Duration;

use rand_core::CryptoRng;
use scramble::wire::ppp::{Header, is_link_control, protocol};

use super::network::is_ncp;
use super::{FAREWELL, Link, Phase};
use crate::event::{Arrival, DownReason};
use crate::lcp::Outcome;
use crate::packet::{Code, Packet};

/// From this code on, LCP packets may be data where PHS uses LCP as its carrier (draft section 8.6).
const FIRST_DATA_CODE: u8 = 0x40;

impl<R: CryptoRng> Link<R> {
    /// A PPP frame came, without flags and FCS, with or without FF 03. `arrival` says whether the host unscrambled it.
    /// Any bytes are safe. IPv4 and IPv6 packets are the host's own, but for those of
    /// [`handle_neighbour_discovery`](Self::handle_neighbour_discovery).
    pub fn handle_frame(&mut self, now: Duration, frame: &[u8], arrival: Arrival) {
        if self.phase == Phase::Dead {
            self.counters.untimely += 1;
            return;
        }
        let Ok(header) = Header::parse(frame) else {
            self.counters.malformed += 1;
            return;
        };
        let information = frame.get(header.len()..).unwrap_or_default();
        self.receive(now, header.protocol, information, arrival);
        self.settle(now);
    }

    pub(super) fn receive(
        &mut self,
        now: Duration,
        protocol: u16,
        information: &[u8],
        arrival: Arrival,
    ) {
        if arrival == Arrival::Scrambled && is_link_control(protocol) {
            self.counters.control_scrambled += 1;
            return;
        }
        match protocol {
            protocol::LCP => self.handle_lcp(now, information),
            // RFC 1661 section 3.4: while LCP is not Opened, nothing else is heard.
            _ if !self.lcp.is_opened() => self.counters.untimely += 1,
            protocol::PAP | protocol::CHAP => {
                self.handle_authentication(now, protocol, information);
            }
            // Where nobody is asked who it is, the peer is in the Network phase already, and its packets wait for
            // what the host decides.
            _ if self.awaits_host() && is_ncp(protocol) => {
                self.hold
                    .keep(protocol, arrival, information, &mut self.counters);
            }
            // Section 3.5: nor is anything but authentication before that is over.
            _ if self.phase != Phase::Network => self.counters.untimely += 1,
            protocol::ECP if self.phs.is_off() => self.reject_protocol(now, protocol, information),
            protocol::ECP => {
                if let Some(phs) = self.phs.get_mut() {
                    phs.handle_ecp(now, information);
                }
            }
            protocol::EAP => self.reject_protocol(now, protocol, information),
            protocol::IPV4 | protocol::IPV6 => self.counters.untimely += 1,
            _ => self.handle_network(now, protocol, information, arrival),
        }
    }

    fn handle_lcp(&mut self, now: Duration, information: &[u8]) {
        let Ok(packet) = Packet::parse(information) else {
            self.counters.malformed += 1;
            return;
        };
        if packet.code_number() >= FIRST_DATA_CODE && self.agreement().is_some() {
            // It is data, and nobody may quote it in clear.
            self.counters.unexpected += 1;
            return;
        }
        if packet.code() == Some(Code::TerminateRequest) {
            self.said = Some(legible(packet.data()).into());
        }
        let (lcp, mut env) = self.lcp_env(now);
        let outcome = lcp.handle(&mut env, &packet);
        if matches!(outcome, Outcome::Layer(_)) && self.reason.is_none() {
            let reason = match packet.code() {
                Some(Code::TerminateRequest) => {
                    let said = self.said.take().unwrap_or_default();
                    Some(DownReason::PeerTerminated(said.into()))
                }
                Some(Code::CodeReject | Code::ProtocolReject) => Some(DownReason::LcpRejected),
                _ => None,
            };
            self.reason = reason.map(Box::new);
        }
        self.lcp_outcome(now, outcome);
    }

    /// Answers a protocol that this end does not have (RFC 1661 section 5.7), with LCP Opened.
    pub(super) fn reject_protocol(&mut self, now: Duration, protocol: u16, information: &[u8]) {
        let (lcp, mut env) = self.lcp_env(now);
        lcp.reject_protocol(&mut env, protocol, information);
    }
}

/// Text of the peer's, fit for a log.
fn legible(text: &[u8]) -> String {
    let text = text.get(..FAREWELL).unwrap_or(text);
    String::from_utf8_lossy(text)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>()
        .trim()
        .to_owned()
}
