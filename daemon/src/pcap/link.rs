//! What stands before IP in a captured frame.

use scramble::encap::Link;
use scramble::wire::pppoe::SessionHeader;
use scramble::wire::{ethernet, ppp};

use crate::capture::LinkType;

/// Where the carrier's headers begin in `frame`, and what they begin with; `None` where frames of
/// this link type hold neither L2TP nor PPPoE.
pub fn outer(link: LinkType, frame: &[u8]) -> Option<(Link, usize)> {
    let cooked = |at: usize, ethertype: usize| {
        let (_, payload) = through_tags(u16_at(frame, ethertype)?, frame.get(at..)?)?;
        Some((Link::Ip, frame.len() - payload.len()))
    };
    match link {
        LinkType::Ethernet => Some((Link::Ethernet, 0)),
        LinkType::Raw(_) | LinkType::Ipv4 | LinkType::Ipv6 => Some((Link::Ip, 0)),
        LinkType::Null | LinkType::Loop => (frame.len() >= 4).then_some((Link::Ip, 4)),
        LinkType::LinuxSll => cooked(16, 14),
        LinkType::LinuxSll2 => cooked(20, 0),
        _ => None,
    }
}

/// The IP packet in `frame`, cut of what the link layer put behind it.
///
/// # Errors
/// Says what there is instead.
pub fn ip_packet(link: LinkType, frame: &[u8]) -> Result<&[u8], &'static str> {
    const SHORT: &str = "not IP: the frame ends within its link-layer header";
    let cooked = |at: usize, ethertype: usize| {
        let payload = frame.get(at..).ok_or(SHORT)?;
        of_ethertype(u16_at(frame, ethertype).ok_or(SHORT)?, payload)
    };
    match link {
        LinkType::Ethernet => cooked(14, 12),
        LinkType::LinuxSll => cooked(16, 14),
        LinkType::LinuxSll2 => cooked(20, 0),
        LinkType::Raw(_) | LinkType::Ipv4 | LinkType::Ipv6 => of_version(frame, None),
        LinkType::Null | LinkType::Loop => of_version(frame.get(4..).ok_or(SHORT)?, None),
        LinkType::Ppp | LinkType::PppHdlc => of_ppp(frame),
        LinkType::PppEther => {
            let header = SessionHeader::parse(frame).map_err(|_| SHORT)?;
            of_ppp(&frame[SessionHeader::HEADER..header.end])
        }
        _ => Err("a link type that is not looked into"),
    }
}

fn of_ethertype(ethertype: u16, payload: &[u8]) -> Result<&[u8], &'static str> {
    let (ethertype, payload) =
        through_tags(ethertype, payload).ok_or("not IP: the frame ends within a VLAN tag")?;
    match ethertype {
        ethernet::IPV4 => of_version(payload, Some(4)),
        ethernet::IPV6 => of_version(payload, Some(6)),
        0x0806 => Err("not IP: ARP"),
        0x8847 | 0x8848 => Err("not IP: MPLS"),
        0x8863 | 0x8864 => Err("not IP: PPPoE already"),
        0..0x0600 => Err("not IP: IEEE 802.3 with LLC"),
        _ => Err("not IP: another ethertype"),
    }
}

fn of_ppp(frame: &[u8]) -> Result<&[u8], &'static str> {
    let header = ppp::Header::parse(frame).map_err(|_| "not IP: no whole PPP header")?;
    let payload = &frame[header.len()..];
    match header.protocol {
        ppp::protocol::IPV4 => of_version(payload, Some(4)),
        ppp::protocol::IPV6 => of_version(payload, Some(6)),
        _ => Err("not IP: another PPP protocol"),
    }
}

/// Checks the version, and cuts the packet by its own length where that is possible.
fn of_version(packet: &[u8], version: Option<u8>) -> Result<&[u8], &'static str> {
    let found = packet.first().map_or(0, |byte| byte >> 4);
    if !matches!(found, 4 | 6) || version.is_some_and(|version| version != found) {
        return Err("not IP: no such version");
    }
    let stated = match found {
        4 => u16_at(packet, 2).map_or(0, usize::from),
        _ => match u16_at(packet, 4) {
            // A jumbogram, or a packet put together by the network card.
            None | Some(0) => 0,
            Some(payload) => 40 + usize::from(payload),
        },
    };
    let least = if found == 4 { 20 } else { 40 };
    Ok(match stated {
        stated if stated >= least => &packet[..stated.min(packet.len())],
        _ => packet,
    })
}

/// Past VLAN tags, however many: the ethertype of what they hold, and that.
fn through_tags(mut ethertype: u16, mut payload: &[u8]) -> Option<(u16, &[u8])> {
    while matches!(ethertype, 0x8100 | 0x88A8 | 0x9100) {
        ethertype = u16_at(payload, 2)?;
        payload = &payload[4..];
    }
    Some((ethertype, payload))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?;
    Some(u16::from_be_bytes([bytes[0], bytes[1]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: [u8; 20] = *b"\x45\0\0\x14\0\0\0\0\x40\x3b\0\0\x0a\0\0\x01\xc0\0\x02\x01";

    fn with(header: &[u8], trailer: usize) -> Vec<u8> {
        [header, &PACKET, &vec![0; trailer]].concat()
    }

    #[test]
    fn every_link_type_leads_to_ip() {
        let mut ethernet = vec![2; 12];
        let tags = [0x88, 0xA8, 0, 1, 0x81, 0, 0, 2, 0x81, 0, 0, 3];
        ethernet.extend([8, 0]);
        let tagged = [&[2; 12], &tags[..], &[8, 0]].concat();
        let mut sll = vec![0; 16];
        sll[14] = 8;
        let mut sll2 = vec![0; 20];
        sll2[0] = 8;
        for (link, header) in [
            (LinkType::Ethernet, &ethernet[..]),
            (LinkType::Ethernet, &tagged),
            (LinkType::LinuxSll, &sll),
            (LinkType::LinuxSll2, &sll2),
            (LinkType::Null, &[2, 0, 0, 0]),
            (LinkType::Loop, &[0, 0, 0, 2]),
            (LinkType::RAW_IP, &[]),
            (LinkType::Ipv4, &[]),
            (LinkType::Ppp, &[0xFF, 3, 0, 0x21]),
            (LinkType::PppHdlc, &[0x21]),
        ] {
            assert_eq!(ip_packet(link, &with(header, 0)), Ok(&PACKET[..]));
            assert_eq!(ip_packet(link, &with(header, 26)), Ok(&PACKET[..]));
            let whole = with(header, 0);
            for length in 0..whole.len() {
                let _ = ip_packet(link, &whole[..length]);
                let _ = outer(link, &whole[..length]);
            }
        }
    }

    #[test]
    fn what_is_not_ip_says_so() {
        let arp = [&[2; 12][..], &[8, 6], &[0; 28]].concat();
        assert_eq!(ip_packet(LinkType::Ethernet, &arp), Err("not IP: ARP"));
        assert!(ip_packet(LinkType::Ethernet, &arp[..13]).is_err());
        assert!(ip_packet(LinkType::RAW_IP, b"\x50").is_err());
        assert!(ip_packet(LinkType::Other(147), &PACKET).is_err());
        let wrong = [&[2; 12][..], &[0x86, 0xDD], &PACKET].concat();
        assert!(ip_packet(LinkType::Ethernet, &wrong).is_err());
    }

    #[test]
    fn packets_without_a_usable_length_are_kept_as_captured() {
        for stated in [0u8, 19, 21, 255] {
            let mut packet = PACKET;
            packet[3] = stated;
            assert_eq!(ip_packet(LinkType::RAW_IP, &packet), Ok(&packet[..]));
        }
        assert_eq!(ip_packet(LinkType::RAW_IP, b"\x45"), Ok(&b"\x45"[..]));
    }
}
