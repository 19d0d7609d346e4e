//! Router Advertisements (RFC 4861 section 4.2), with name servers (RFC 8106).

use core::net::Ipv6Addr;
use core::time::Duration;

use super::icmp::Invalid;

/// The most prefixes, and the most name servers, that are taken of one advertisement.
const MOST: usize = 8;

/// Option types.
mod option {
    pub const PREFIX_INFORMATION: u8 = 3;
    pub const MTU: u8 = 5;
    pub const RECURSIVE_DNS_SERVER: u8 = 25;
}

/// The A flag of Prefix Information: make addresses of it.
const AUTONOMOUS: u8 = 0x40;

/// What a router says about the link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advertisement {
    /// How long the sender is a default router, in whole seconds up to 65,535; zero for not at all.
    pub router_lifetime: Duration,
    /// The prefixes of 64 bits to make addresses of, 8 at most.
    pub prefixes: Vec<Prefix>,
    /// The MTU option.
    pub mtu: Option<u32>,
    /// Name servers, 8 at most.
    pub dns: Vec<Ipv6Addr>,
    /// How long they may be used, in whole seconds.
    pub dns_lifetime: Duration,
}

/// A prefix of 64 bits to make addresses of (RFC 4862 section 5.5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The prefix; its lower 64 bits are 0.
    pub prefix: Ipv6Addr,
    /// How long addresses are valid, in whole seconds.
    pub valid: Duration,
    /// How long addresses are preferred, in whole seconds.
    pub preferred: Duration,
}

impl Advertisement {
    /// Reads what follows the checksum.
    ///
    /// # Errors
    /// [`Invalid::Message`]: it is too short, or an option's length is 0 or beyond it.
    pub fn parse(body: &[u8]) -> Result<Self, Invalid> {
        let (fixed, mut rest) = body.split_first_chunk::<12>().ok_or(Invalid::Message)?;
        let lifetime = u16::from_be_bytes([fixed[2], fixed[3]]);
        let mut advertisement = Self {
            router_lifetime: Duration::from_secs(lifetime.into()),
            ..Self::default()
        };
        while !rest.is_empty() {
            let (option, after) = split_option(rest)?;
            advertisement.take(option);
            rest = after;
        }
        Ok(advertisement)
    }

    fn take(&mut self, bytes: &[u8]) {
        match *bytes {
            [option::PREFIX_INFORMATION, 4, 64, flags, ref rest @ ..] if flags & AUTONOMOUS != 0 => {
                let prefix = Prefix::parse(rest);
                self.prefixes
                    .extend(prefix.filter(|_| self.prefixes.len() < MOST));
            }
            [option::MTU, 1, _, _, a, b, c, d] => self.mtu = Some(u32::from_be_bytes([a, b, c, d])),
            [option::RECURSIVE_DNS_SERVER, _, _, _, a, b, c, d, ref servers @ ..] => {
                let lifetime = u32::from_be_bytes([a, b, c, d]);
                if lifetime > 0 {
                    self.dns_lifetime = Duration::from_secs(lifetime.into());
                    let room = MOST - self.dns.len();
                    let (servers, _) = servers.as_chunks::<16>();
                    self.dns
                        .extend(servers.iter().take(room).map(|server| Ipv6Addr::from(*server)));
                }
            }
            _ => {}
        }
    }

    /// What follows the checksum. Managed and Other flags are off; the prefixes are not on-link, since nothing but the
    /// subscriber is on this link.
    pub fn emit(&self, hop_limit: u8) -> Vec<u8> {
        let lifetime = u16::try_from(self.router_lifetime.as_secs()).unwrap_or(u16::MAX);
        let mut body = vec![hop_limit, 0];
        body.extend_from_slice(&lifetime.to_be_bytes());
        // Reachable Time and Retrans Timer: unspecified.
        body.extend_from_slice(&[0; 8]);
        for prefix in &self.prefixes {
            body.extend_from_slice(&[option::PREFIX_INFORMATION, 4, 64, AUTONOMOUS]);
            body.extend_from_slice(&seconds(prefix.valid));
            body.extend_from_slice(&seconds(prefix.preferred));
            body.extend_from_slice(&[0; 4]);
            body.extend_from_slice(&prefix.prefix.octets());
        }
        if let Some(mtu) = self.mtu {
            body.extend_from_slice(&[option::MTU, 1, 0, 0]);
            body.extend_from_slice(&mtu.to_be_bytes());
        }
        if !self.dns.is_empty() {
            let servers = &self.dns[..self.dns.len().min(MOST)];
            let length = 1 + 2 * servers.len() as u8;
            body.extend_from_slice(&[option::RECURSIVE_DNS_SERVER, length, 0, 0]);
            body.extend_from_slice(&seconds(self.dns_lifetime));
            for server in servers {
                body.extend_from_slice(&server.octets());
            }
        }
        body
    }
}

impl Prefix {
    /// Reads what follows the flags of Prefix Information; `None` for one that RFC 4862 section 5.5.3 has ignored.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (valid, rest) = bytes.split_first_chunk()?;
        let (preferred, rest) = rest.split_first_chunk()?;
        let network = rest.get(4..12)?.first_chunk::<8>()?;
        let prefix = Ipv6Addr::from(u128::from(u64::from_be_bytes(*network)) << 64);
        let (valid, preferred) = (u32::from_be_bytes(*valid), u32::from_be_bytes(*preferred));
        let usable = !prefix.is_unicast_link_local() && !prefix.is_multicast();
        (usable && preferred <= valid).then(|| Self {
            prefix,
            valid: Duration::from_secs(valid.into()),
            preferred: Duration::from_secs(preferred.into()),
        })
    }
}

/// The first option and what follows it. Lengths count 8 bytes.
///
/// # Errors
/// [`Invalid::Message`]: the length is 0 or beyond the bytes at hand (RFC 4861 section 6.1.2).
pub(super) fn split_option(bytes: &[u8]) -> Result<(&[u8], &[u8]), Invalid> {
    let length = bytes.get(1).map_or(0, |&length| usize::from(length) * 8);
    if length == 0 {
        return Err(Invalid::Message);
    }
    bytes.split_at_checked(length).ok_or(Invalid::Message)
}

fn seconds(duration: Duration) -> [u8; 4] {
    u32::try_from(duration.as_secs())
        .unwrap_or(u32::MAX)
        .to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn advertisement() -> Advertisement {
        Advertisement {
            router_lifetime: Duration::from_secs(1800),
            prefixes: vec![Prefix {
                prefix: "2001:db8:1:2::".parse().unwrap(),
                valid: Duration::from_secs(86_400),
                preferred: Duration::from_secs(14_400),
            }],
            mtu: Some(1494),
            dns: vec!["2001:db8::53".parse().unwrap()],
            dns_lifetime: Duration::from_secs(1800),
        }
    }

    #[rustfmt::skip]
    const BYTES: [u8; 76] = [
        64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0,
        3, 4, 64, 0x40, 0, 1, 0x51, 0x80, 0, 0, 0x38, 0x40, 0, 0, 0, 0,
        0x20, 1, 0x0D, 0xB8, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0,
        5, 1, 0, 0, 0, 0, 0x05, 0xD6,
        25, 3, 0, 0, 0, 0, 0x07, 0x08,
        0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53,
    ];

    #[test]
    fn construct() {
        assert_eq!(advertisement().emit(64), BYTES);
    }

    #[test]
    fn deconstruct() {
        assert_eq!(Advertisement::parse(&BYTES), Ok(advertisement()));
    }

    #[test]
    fn options_of_length_0_or_beyond_the_end_spoil_it() {
        for bad in [&BYTES[..11], &BYTES[..13], &BYTES[..43], &[&BYTES[..], &[9, 0]].concat()] {
            assert_eq!(Advertisement::parse(bad), Err(Invalid::Message));
        }
    }

    #[test]
    fn prefixes_that_make_no_address_are_ignored() {
        let with = |at: usize, to: u8| {
            let mut bytes = BYTES;
            bytes[at] = to;
            Advertisement::parse(&bytes).unwrap().prefixes.len()
        };
        assert_eq!(with(14, 56), 0, "another length");
        assert_eq!(with(15, 0x80), 0, "no A flag");
        assert_eq!(with(20, 0xFF), 0, "preferred for longer than valid");
        assert_eq!(with(28, 0xFF), 0, "multicast");
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(bytes: Vec<u8>) {
            if let Ok(advertisement) = Advertisement::parse(&bytes) {
                let again = Advertisement::parse(&advertisement.emit(0)).unwrap();
                prop_assert_eq!(again.prefixes, advertisement.prefixes);
            }
        }
    }
}
