//! The IPv6 Control Protocol (RFC 5072).

use rand_core::CryptoRng;

use crate::negotiation::{Answer, Negotiation};
use crate::option::{List, Options};

/// The option type of Interface-Identifier, the only one.
const INTERFACE_IDENTIFIER: u8 = 1;

/// What IPV6CP negotiates: two interface identifiers, neither zero nor equal.
pub(crate) struct Ipv6cp {
    local: [u8; 8],
    peer: [u8; 8],
    asks: bool,
}

impl Ipv6cp {
    /// An end with a random identifier.
    pub fn new(random: &mut dyn CryptoRng) -> Self {
        Self {
            local: identifier(random),
            peer: [0; 8],
            asks: true,
        }
    }

    /// This end's identifier.
    pub fn local(&self) -> [u8; 8] {
        self.local
    }

    /// The peer's; zero until it says.
    pub fn peer(&self) -> [u8; 8] {
        self.peer
    }
}

impl Negotiation for Ipv6cp {
    fn request(&mut self, _random: &mut dyn CryptoRng) -> List {
        let mut list = List::default();
        if self.asks {
            list.push(INTERFACE_IDENTIFIER, &self.local);
        }
        list
    }

    fn judge(&mut self, options: Options<'_>, answer: &mut Answer, random: &mut dyn CryptoRng) {
        let mut seen = false;
        self.peer = [0; 8];
        for option in options.iter() {
            match <[u8; 8]>::try_from(option.value) {
                Ok(asked) if option.kind == INTERFACE_IDENTIFIER && !seen => {
                    seen = true;
                    if asked == [0; 8] || asked == self.local {
                        let mut other = identifier(random);
                        // Never ours, whatever the dice say.
                        other[7] = !self.local[7];
                        answer.nak(option, &other);
                    } else {
                        self.peer = asked;
                    }
                }
                _ => answer.reject(option),
            }
        }
    }

    fn acknowledged(&mut self) {}

    fn naked(&mut self, options: Options<'_>, random: &mut dyn CryptoRng) {
        for option in options.iter() {
            if option.kind == INTERFACE_IDENTIFIER && self.asks {
                self.local = match <[u8; 8]>::try_from(option.value) {
                    Ok(hint) if hint != [0; 8] && hint != self.peer => hint,
                    _ => identifier(random),
                };
            }
        }
    }

    fn rejected(&mut self, options: Options<'_>) {
        if options
            .iter()
            .any(|option| option.kind == INTERFACE_IDENTIFIER)
        {
            self.asks = false;
        }
    }

    fn layer_down(&mut self, _random: &mut dyn CryptoRng) {
        self.peer = [0; 8];
        self.asks = true;
    }
}

/// A random identifier, not zero, with the universal bit cleared (RFC 5072 section 4.1).
fn identifier(random: &mut dyn CryptoRng) -> [u8; 8] {
    let mut identifier = [0; 8];
    random.fill_bytes(&mut identifier);
    identifier[0] &= !0x02;
    identifier[7] |= 1;
    identifier
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Code;
    use crate::test::NoRandom;

    fn judge(ipv6cp: &mut Ipv6cp, options: &[u8]) -> (Code, Vec<u8>) {
        let mut answer = Answer::new(true);
        let options = Options::parse(options).unwrap();
        ipv6cp.judge(options, &mut answer, &mut NoRandom);
        answer.conclude()
    }

    #[test]
    fn zero_and_our_own_identifier_are_answered_with_another() {
        let mut ipv6cp = Ipv6cp::new(&mut NoRandom);
        for asked in [[0; 8], ipv6cp.local()] {
            let (code, suggested) = judge(&mut ipv6cp, &[&[1, 10][..], &asked].concat());
            assert_eq!((code, &suggested[..2]), (Code::ConfigureNak, &[1, 10][..]));
            assert_eq!(judge(&mut ipv6cp, &suggested).0, Code::ConfigureAck);
            assert_eq!(ipv6cp.peer(), suggested[2..]);
        }
    }

    #[test]
    fn other_options_are_rejected() {
        let compression = [2, 4, 0, 0x61];
        let mut ipv6cp = Ipv6cp::new(&mut NoRandom);
        assert_eq!(
            judge(&mut ipv6cp, &compression),
            (Code::ConfigureReject, compression.to_vec())
        );
    }

    #[test]
    fn a_suggestion_is_adopted_but_never_zero_or_the_peers() {
        let mut ipv6cp = Ipv6cp::new(&mut NoRandom);
        judge(&mut ipv6cp, &[1, 10, 1, 1, 1, 1, 1, 1, 1, 1]);
        for bad in [[0; 8], [1; 8]] {
            let nak = [&[1, 10][..], &bad].concat();
            ipv6cp.naked(Options::parse(&nak).unwrap(), &mut NoRandom);
            assert!(ipv6cp.local() != bad);
        }
        let nak = [1, 10, 2, 2, 2, 2, 2, 2, 2, 2];
        ipv6cp.naked(Options::parse(&nak).unwrap(), &mut NoRandom);
        assert_eq!(ipv6cp.local(), [2; 8]);
    }
}
