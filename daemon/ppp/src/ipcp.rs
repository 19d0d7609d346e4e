//! The IP Control Protocol (RFC 1332), with name servers (RFC 1877).

use core::net::Ipv4Addr;

use rand_core::CryptoRng;

use crate::event::Ipv4Grant;
use crate::negotiation::{Answer, Negotiation};
use crate::option::{List, Options, Raw};

/// Option types. IP-Addresses (1), IP-Compression-Protocol (2) and NetBIOS name servers (130, 132) are rejected.
mod kind {
    pub const IP_ADDRESS: u8 = 3;
    pub const PRIMARY_DNS: u8 = 129;
    pub const SECONDARY_DNS: u8 = 131;
}

/// What IPCP negotiates at one end.
pub(crate) struct Ipcp {
    /// What we assign, as the access server.
    grant: Option<Ipv4Grant>,
    local: Ipv4Addr,
    peer: Ipv4Addr,
    asks_address: bool,
    /// As the subscriber: the name servers that we ask for, as far as we know them.
    dns: [Option<Ipv4Addr>; 2],
}

impl Ipcp {
    /// The end that assigns addresses.
    pub fn access(grant: Ipv4Grant) -> Self {
        Self {
            grant: Some(grant),
            local: grant.local,
            peer: grant.peer,
            asks_address: true,
            dns: [None; 2],
        }
    }

    /// The end that wants some.
    pub fn subscriber(request_dns: bool) -> Self {
        Self {
            grant: None,
            local: Ipv4Addr::UNSPECIFIED,
            peer: Ipv4Addr::UNSPECIFIED,
            asks_address: true,
            dns: [request_dns.then_some(Ipv4Addr::UNSPECIFIED); 2],
        }
    }

    /// This end's address.
    pub fn local(&self) -> Ipv4Addr {
        self.local
    }

    /// The peer's address.
    pub fn peer(&self) -> Ipv4Addr {
        self.peer
    }

    /// The name servers: ours to give, or given to us.
    pub fn dns(&self) -> [Option<Ipv4Addr>; 2] {
        let dns = self.grant.map_or(self.dns, |grant| grant.dns);
        dns.map(|server| server.filter(|server| !server.is_unspecified()))
    }

    fn judge_address(&mut self, option: Raw<'_>, address: Ipv4Addr, answer: &mut Answer) {
        match &self.grant {
            Some(grant) if address != grant.peer => answer.nak(option, &grant.peer.octets()),
            Some(_) => {}
            // The access server wants an address of us, which have none to give.
            None if address.is_unspecified() => answer.reject(option),
            None => self.peer = address,
        }
    }

    fn judge_dns(&self, option: Raw<'_>, address: Ipv4Addr, answer: &mut Answer) {
        let dns = self.grant.map_or([None; 2], |grant| grant.dns);
        match dns[server(option.kind)] {
            Some(given) if given != address => answer.nak(option, &given.octets()),
            Some(_) => {}
            None => answer.reject(option),
        }
    }
}

/// Which of the two name servers an option is about.
fn server(kind: u8) -> usize {
    usize::from(kind == kind::SECONDARY_DNS)
}

impl Negotiation for Ipcp {
    fn request(&mut self, _random: &mut dyn CryptoRng) -> List {
        let mut list = List::default();
        if self.asks_address {
            list.push(kind::IP_ADDRESS, &self.local.octets());
        }
        for (kind, server) in [kind::PRIMARY_DNS, kind::SECONDARY_DNS]
            .into_iter()
            .zip(self.dns)
        {
            if let Some(server) = server {
                list.push(kind, &server.octets());
            }
        }
        list
    }

    fn judge(&mut self, options: Options<'_>, answer: &mut Answer, _random: &mut dyn CryptoRng) {
        let mut seen = [false; 256];
        self.peer = self.grant.map_or(Ipv4Addr::UNSPECIFIED, |grant| grant.peer);
        for option in options.iter() {
            let again = core::mem::replace(&mut seen[usize::from(option.kind)], true);
            match (option.kind, address(&option)) {
                _ if again => answer.reject(option),
                (kind::IP_ADDRESS, Some(address)) => self.judge_address(option, address, answer),
                (kind::PRIMARY_DNS | kind::SECONDARY_DNS, Some(address)) => {
                    self.judge_dns(option, address, answer);
                }
                _ => answer.reject(option),
            }
        }
    }

    fn acknowledged(&mut self) {}

    fn naked(&mut self, options: Options<'_>, _random: &mut dyn CryptoRng) {
        if self.grant.is_some() {
            // The access server's own address is not the subscriber's to choose.
            return;
        }
        for option in options.iter() {
            match (option.kind, address(&option)) {
                (kind::IP_ADDRESS, Some(address)) => self.local = address,
                (kind::PRIMARY_DNS | kind::SECONDARY_DNS, Some(address)) => {
                    if let Some(server) = &mut self.dns[server(option.kind)] {
                        *server = address;
                    }
                }
                _ => {}
            }
        }
    }

    fn rejected(&mut self, options: Options<'_>) {
        for option in options.iter() {
            match option.kind {
                kind::IP_ADDRESS => self.asks_address = false,
                kind::PRIMARY_DNS | kind::SECONDARY_DNS => self.dns[server(option.kind)] = None,
                _ => {}
            }
        }
    }

    fn layer_down(&mut self, _random: &mut dyn CryptoRng) {
        let request_dns = self.dns != [None; 2];
        *self = match self.grant {
            Some(grant) => Self::access(grant),
            None => Self::subscriber(request_dns),
        };
    }
}

fn address(option: &Raw<'_>) -> Option<Ipv4Addr> {
    <[u8; 4]>::try_from(option.value).ok().map(Ipv4Addr::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Code;
    use crate::test::NoRandom;

    const LOCAL: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
    const PEER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);
    const DNS: Ipv4Addr = Ipv4Addr::new(9, 9, 9, 9);

    fn access() -> Ipcp {
        Ipcp::access(Ipv4Grant {
            local: LOCAL,
            peer: PEER,
            dns: [Some(DNS), None],
        })
    }

    fn judge(ipcp: &mut Ipcp, options: &[u8]) -> (Code, Vec<u8>) {
        let mut answer = Answer::new(true);
        ipcp.judge(Options::parse(options).unwrap(), &mut answer, &mut NoRandom);
        answer.conclude()
    }

    #[test]
    fn access_assigns_address_and_name_servers_by_nak() {
        let asked = [3, 6, 0, 0, 0, 0, 129, 6, 0, 0, 0, 0];
        let suggested = [3, 6, 10, 0, 0, 9, 129, 6, 9, 9, 9, 9];
        assert_eq!(
            judge(&mut access(), &asked),
            (Code::ConfigureNak, suggested.to_vec())
        );
        assert_eq!(judge(&mut access(), &suggested).0, Code::ConfigureAck);
    }

    #[test]
    fn what_access_does_not_give_is_rejected_unchanged() {
        let compression = [2, 6, 0, 0x2D, 15, 1];
        let addresses = [1, 10, 0, 0, 0, 0, 0, 0, 0, 0];
        let netbios = [130, 6, 0, 0, 0, 0];
        let second_dns = [131, 6, 0, 0, 0, 0];
        let short = [3, 5, 0, 0, 0];
        for option in [&compression[..], &addresses, &netbios, &second_dns, &short] {
            assert_eq!(
                judge(&mut access(), option),
                (Code::ConfigureReject, option.to_vec())
            );
        }
    }

    #[test]
    fn a_subscriber_adopts_what_is_suggested() {
        let mut ipcp = Ipcp::subscriber(true);
        assert_eq!(
            ipcp.request(&mut NoRandom).into_bytes(),
            [3, 6, 0, 0, 0, 0, 129, 6, 0, 0, 0, 0, 131, 6, 0, 0, 0, 0]
        );
        let nak = [3, 6, 10, 0, 0, 9, 129, 6, 9, 9, 9, 9];
        ipcp.naked(Options::parse(&nak).unwrap(), &mut NoRandom);
        ipcp.rejected(Options::parse(&[131, 6, 0, 0, 0, 0]).unwrap());
        assert_eq!(ipcp.request(&mut NoRandom).into_bytes(), nak);
        assert_eq!((ipcp.local(), ipcp.dns()), (PEER, [Some(DNS), None]));
        assert_eq!(judge(&mut ipcp, &[3, 6, 10, 0, 0, 1]).0, Code::ConfigureAck);
        assert_eq!(ipcp.peer(), LOCAL);
    }

    #[test]
    fn access_keeps_its_own_address() {
        let mut ipcp = access();
        let nak = [3, 6, 1, 2, 3, 4];
        ipcp.naked(Options::parse(&nak).unwrap(), &mut NoRandom);
        assert_eq!(ipcp.local(), LOCAL);
    }
}
