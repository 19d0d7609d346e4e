//! One PPP session on one L2TP call: its link, its data path's state, its counters.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use fogline_l2tp::CallId;
use fogline_ppp::{Link, Phase};
use rand_core::CryptoRng;
use scramble::agreement::{Carrier, Direction, End, EpochKeys};
use scramble::negotiator::{DataMode, Reason};
use scramble::option::Agreement;
use scramble::transform::Packet;

use super::drops::{Drop, Drops};
use crate::config::model::Path;
use crate::ip::{Addresses, icmp};

/// Names a session for as long as the program runs: an index is used again, with its generation it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey {
    /// The session's place in every table.
    pub index: u32,
    /// How often the place was taken before.
    pub generation: u32,
}

/// One PPP session.
pub struct Session<R> {
    /// Its name.
    pub key: SessionKey,
    /// The listener that its tunnel belongs to.
    pub listener: usize,
    /// The L2TP call.
    pub call: CallId,
    /// The peer's ids for tunnel and call.
    pub peer_ids: (u16, u16),
    /// The peer's address.
    pub peer: SocketAddr,
    /// Its calling and called numbers.
    pub numbers: Option<Box<(String, String)>>,
    /// Whether a LAC authenticated the subscriber in our place.
    pub is_proxied: bool,
    /// Whether the subscriber offered PHS in its first LCP request, which a LAC answered (RFC 2661 section 4.4.5,
    /// Initial Received LCP CONFREQ).
    pub offered_to_lac: bool,
    /// The PPP link.
    pub link: Link<R>,
    /// When the call came up.
    pub since: Duration,
    /// Who it is, once that is known.
    pub user: Option<Box<str>>,
    /// IPCP's outcome while it is up.
    pub ipv4: Option<Ipv4Link>,
    /// IPV6CP's interface identifiers, ours and the peer's, while it is up.
    pub ipv6: Option<([u8; 8], [u8; 8])>,
    /// Which source addresses the peer may use; `None` for all.
    pub source: Option<Source>,
    /// Who answers packets that are too big.
    pub icmp: icmp::Source,
    /// The largest IP packet that may be sent.
    pub mtu: u16,
    /// The largest IP packet that TCP should use, either way.
    pub(super) tcp_mtu: u16,
    /// What was agreed about scrambling, while keys are installed.
    pub agreement: Option<Agreement>,
    /// The newest epoch confirmed.
    pub epoch: u32,
    /// Why it is in clear, if it is.
    pub why_clear: Option<Reason>,
    /// What went through.
    pub traffic: Traffic,
    /// What did not.
    pub drops: Drops,
    /// Whether frames go with FF 03 before them.
    pub(super) address_control: bool,
    /// Ns to send next and Ns expected, and whether data messages are numbered.
    pub(super) sequence: Sequence,
    /// What the link said last.
    pub(super) mode: DataMode,
    /// The phase that was told last.
    pub(super) phase: Phase,
    /// Keys that are installed for receiving and wait to be sent with.
    pub(super) pending: Option<Box<(End, Direction, EpochKeys)>>,
    /// Packets scrambled that the negotiator has not been told of.
    pub(super) unreported: u32,
}

/// What IPCP came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4Link {
    /// This end's address.
    pub local: Ipv4Addr,
    /// The peer's.
    pub peer: Ipv4Addr,
}

/// Source addresses that a subscriber may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Its IPv4 address.
    pub ipv4: Option<Ipv4Addr>,
    /// Its IPv6 /64.
    pub ipv6: Option<Ipv6Addr>,
}

impl Source {
    /// Whether a packet's source is one of these.
    pub fn permits(&self, addresses: &Addresses) -> bool {
        match addresses {
            Addresses::V4 { source, .. } => Some(*source) == self.ipv4,
            // The first address of a /64 belongs to routers (RFC 4291 section 2.6.1), and so to us.
            Addresses::V6 { source, .. } => self.ipv6.is_some_and(|prefix| {
                prefix.octets()[..8] == source.octets()[..8] && source.octets()[8..] != [0; 8]
            }),
        }
    }
}

/// Packets and bytes of IP, each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Packets to the peer.
    pub packets_sent: u64,
    /// Their bytes.
    pub bytes_sent: u64,
    /// Packets from the peer.
    pub packets_received: u64,
    /// Their bytes.
    pub bytes_received: u64,
}

impl Traffic {
    /// Adds what another counter counted.
    pub fn add(&mut self, other: &Self) {
        self.packets_sent += other.packets_sent;
        self.bytes_sent += other.bytes_sent;
        self.packets_received += other.packets_received;
        self.bytes_received += other.bytes_received;
    }
}

/// L2TP sequence numbers of data messages (RFC 2661 section 5.4).
#[derive(Clone, Copy, Debug)]
pub(super) struct Sequence {
    next: u16,
    expected: u16,
    numbering: Numbering,
}

/// Whether messages are numbered, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbering {
    /// Always: either end required it.
    Required,
    /// As in the last message from the peer, which is the LNS.
    Following(bool),
    /// As this end will, which is the LNS: from the first numbered message on.
    Leading(bool),
}

impl Sequence {
    /// Of a call that this end made (`is_lac`) or took.
    pub const fn new(is_required: bool, is_lac: bool) -> Self {
        let numbering = match (is_required, is_lac) {
            (true, _) => Numbering::Required,
            (false, true) => Numbering::Following(false),
            (false, false) => Numbering::Leading(false),
        };
        Self {
            next: 0,
            expected: 0,
            numbering,
        }
    }

    /// Whether messages to the peer are numbered now.
    pub const fn is_on(&self) -> bool {
        match self.numbering {
            Numbering::Required => true,
            Numbering::Following(is_on) | Numbering::Leading(is_on) => is_on,
        }
    }

    /// The Ns of a data message to send, if it is to have one. Numbers that begin again go on where they left off.
    fn take(&mut self) -> Option<u16> {
        if !self.is_on() {
            return None;
        }
        let ns = self.next;
        self.next = ns.wrapping_add(1);
        Some(ns)
    }

    /// Notes the Ns of a data message that came, or that it has none. Only a copy of the very last one is known to be
    /// one; a message that others overtook is as good as they are, since scrambling needs no order.
    pub fn arrived(&mut self, ns: Option<u16>) -> Result<(), Drop> {
        match &mut self.numbering {
            Numbering::Required => {}
            Numbering::Following(is_on) => *is_on = ns.is_some(),
            Numbering::Leading(is_on) => *is_on |= ns.is_some(),
        }
        let Some(ns) = ns else {
            return Ok(());
        };
        let ahead = ns.wrapping_sub(self.expected);
        if ahead < 0x8000 {
            self.expected = ns.wrapping_add(1);
        } else if ahead == 0xFFFF {
            return Err(Drop::OutOfOrder);
        }
        Ok(())
    }
}

/// What a frame from the peer is, before it is looked into.
pub(super) enum Form {
    /// To be restored first.
    Scrambled,
    /// For the link.
    Link,
    /// An IP packet in clear.
    Ip,
    /// To be dropped.
    Drop(Drop),
}

impl<R> Session<R> {
    /// What `frame`, a PPP frame of `protocol` with `info` in it, is to be taken for (draft section 8.6 and 3.5).
    pub(super) fn form(&self, protocol: u16, info: &[u8]) -> Form {
        use scramble::wire::ppp::{is_link_control, protocol as number};
        let carrier_lcp = self
            .agreement
            .is_some_and(|agreed| agreed.receive.carrier == Carrier::Lcp);
        let high = info.first().map_or(0, |byte| byte >> 4);
        let framed = match carrier_lcp {
            true => protocol == number::LCP && (8..=0xB).contains(&high),
            false => protocol == number::SCRAMBLED && self.agreement.is_some(),
        };
        let is_ip = matches!(protocol, number::IPV4 | number::IPV6);
        match self.mode {
            _ if framed => Form::Scrambled,
            DataMode::Scrambled
                if carrier_lcp && protocol == number::LCP && matches!(high, 4 | 6) =>
            {
                Form::Scrambled
            }
            _ if is_link_control(protocol) => Form::Link,
            DataMode::Scrambled => Form::Scrambled,
            DataMode::Drop => Form::Drop(Drop::Unproved),
            DataMode::Hold if is_ip => Form::Drop(Drop::Undecided),
            DataMode::Clear if is_ip => Form::Ip,
            DataMode::Hold | DataMode::Clear => Form::Link,
        }
    }

    /// What scrambling adds to each packet sent, and to each received; DECOY's exceptions are looked at one by one.
    pub(super) fn overheads(&self) -> (u16, u16) {
        let agreed = self.agreement.filter(|_| self.mode == DataMode::Scrambled);
        agreed.map_or((0, 0), |agreed| {
            (
                Path::overhead(agreed.send.transform),
                Path::overhead(agreed.receive.transform),
            )
        })
    }

    /// Works out how large packets may be on `path`.
    pub(super) fn fit(&mut self, path: Path)
    where
        R: CryptoRng,
    {
        // The peer may have numbers where the path is not configured for them: they take room all the same.
        let path = Path {
            sequencing: path.sequencing || self.sequence.is_on(),
            ..path
        };
        let options = self.link.lcp_options();
        let (sent, received) = self.overheads();
        self.mtu = options.peer_mru.min(path.max_mru()).saturating_sub(sent);
        self.tcp_mtu = self.mtu.min(options.mru.saturating_sub(received));
    }

    /// Puts everything before `frame` that goes before a PPP frame in a UDP payload.
    pub(super) fn encapsulate(&mut self, frame: &mut Packet<'_>) -> Result<(), Drop> {
        const VERSION: u16 = 2;
        const SEQUENCE: u16 = 0x0800;
        if self.address_control && !frame.bytes().starts_with(&[0xFF, 0x03]) {
            frame.push_front(&[0xFF, 0x03])?;
        }
        let (tunnel, session) = self.peer_ids;
        let flags = match self.sequence.take() {
            Some(ns) => {
                let [high, low] = ns.to_be_bytes();
                frame.push_front(&[high, low, 0, 0])?;
                VERSION | SEQUENCE
            }
            None => VERSION,
        };
        let mut header = [0; 6];
        header[..2].copy_from_slice(&flags.to_be_bytes());
        header[2..4].copy_from_slice(&tunnel.to_be_bytes());
        header[4..].copy_from_slice(&session.to_be_bytes());
        frame.push_front(&header)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscriber_may_use_its_own_addresses_only() {
        let source = Source {
            ipv4: Some(Ipv4Addr::new(10, 0, 0, 2)),
            ipv6: Some("2001:db8:0:7::".parse().unwrap()),
        };
        let v4 = |last| Addresses::V4 {
            source: Ipv4Addr::new(10, 0, 0, last),
            destination: Ipv4Addr::new(192, 0, 2, 1),
        };
        let v6 = |source: &str| Addresses::V6 {
            source: source.parse().unwrap(),
            destination: Ipv6Addr::LOCALHOST,
        };
        assert!(source.permits(&v4(2)) && !source.permits(&v4(3)));
        assert!(
            source.permits(&v6("2001:db8:0:7:1::1")) && !source.permits(&v6("2001:db8:0:8::1"))
        );
        assert!(!source.permits(&v6("2001:db8:0:7::")), "a router's");
        assert!(!Source::default().permits(&v4(2)) && !Source::default().permits(&v6("::")));
    }

    #[test]
    fn only_the_copy_of_the_last_message_is_known_to_be_one() {
        let mut sequence = Sequence::new(true, false);
        for ns in [0, 1, 3, 2, 4] {
            assert_eq!(sequence.arrived(Some(ns)), Ok(()), "{ns}");
        }
        assert_eq!(sequence.arrived(Some(4)), Err(Drop::OutOfOrder));
        assert_eq!(sequence.arrived(Some(5)), Ok(()));
    }

    #[test]
    fn a_lac_numbers_messages_as_long_as_the_lns_does() {
        let mut sequence = Sequence::new(false, true);
        assert_eq!(sequence.take(), None);
        sequence.arrived(Some(0)).unwrap();
        assert_eq!([sequence.take(), sequence.take()], [Some(0), Some(1)]);
        sequence.arrived(None).unwrap();
        assert_eq!(sequence.take(), None);
        sequence.arrived(Some(1)).unwrap();
        assert_eq!(sequence.take(), Some(2), "where it left off");
    }

    #[test]
    fn an_lns_numbers_messages_once_the_lac_does() {
        let mut sequence = Sequence::new(false, false);
        sequence.arrived(None).unwrap();
        assert_eq!(sequence.take(), None);
        sequence.arrived(Some(0)).unwrap();
        sequence.arrived(None).unwrap();
        assert_eq!(sequence.take(), Some(0));
    }

    #[test]
    fn required_numbers_are_never_left_out() {
        for is_lac in [false, true] {
            let mut sequence = Sequence::new(true, is_lac);
            sequence.arrived(None).unwrap();
            assert_eq!(sequence.take(), Some(0));
        }
    }
}
