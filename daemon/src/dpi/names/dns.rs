//! DNS, mDNS and LLMNR messages.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use simple_dns::rdata::RData;
use simple_dns::{Packet, ResourceRecord};

use super::{Found, NameKind, clean};

/// Whether DNS messages travel over UDP between these ports.
pub fn is_port(port: u16) -> bool {
    const DNS: u16 = 53;
    const MDNS: u16 = 5353;
    const LLMNR: u16 = 5355;
    matches!(port, DNS | MDNS | LLMNR)
}

/// Whether bytes are so plainly a message that the port does not matter: a scrambler that only
/// changes ports hides no names.
pub fn is_message(bytes: &[u8]) -> bool {
    const MOST_RECORDS: u16 = 64;

    let Some(&[_, _, flags, codes, q1, q2, a1, a2, n1, n2, e1, e2]) = bytes.first_chunk::<12>()
    else {
        return false;
    };
    let query_opcode = flags & 0x78 == 0;
    let counts = [[a1, a2], [n1, n2], [e1, e2]].map(u16::from_be_bytes);
    let sane = query_opcode
        && codes & 0x40 == 0
        && [q1, q2] == [0, 1]
        && counts.iter().all(|&n| n < MOST_RECORDS);
    sane && Packet::parse(bytes).is_ok_and(|packet| {
        packet
            .questions
            .iter()
            .all(|q| q.qname.iter().next().is_some())
    })
}

/// The names and addresses in a message. Of a damaged one, the questions.
pub fn message(bytes: &[u8], found: &mut Found) {
    let Ok(packet) = Packet::parse(bytes) else {
        return questions(bytes, found);
    };
    for question in &packet.questions {
        found.name(NameKind::Dns, &dotted(&question.qname));
    }
    for record in packet.answers.iter().chain(&packet.additional_records) {
        resource(record, found);
    }
    for record in &packet.name_servers {
        resource(record, found);
    }
}

fn dotted(name: &simple_dns::Name<'_>) -> Vec<u8> {
    name.as_bytes().collect::<Vec<_>>().join(&b'.')
}

fn resource(record: &ResourceRecord<'_>, found: &mut Found) {
    let owner = dotted(&record.name);
    let mut target = |name: &simple_dns::Name<'_>| found.name(NameKind::DnsAnswer, &dotted(name));
    let address: Option<IpAddr> = match &record.rdata {
        RData::A(a) => Some(Ipv4Addr::from(a.address).into()),
        RData::AAAA(aaaa) => Some(Ipv6Addr::from(aaaa.address).into()),
        RData::CNAME(name) => {
            target(&name.0);
            None
        }
        RData::PTR(name) => {
            target(&name.0);
            None
        }
        RData::NS(name) => {
            target(&name.0);
            None
        }
        RData::MX(mx) => {
            target(&mx.exchange);
            None
        }
        RData::SRV(srv) => {
            target(&srv.target);
            None
        }
        RData::HTTPS(https) => {
            target(&https.0.target);
            None
        }
        _ => None,
    };
    found.name(NameKind::DnsAnswer, &owner);
    if let (Some(owner), Some(address)) = (clean(&owner), address) {
        found.answers.push((owner, address));
    }
}

/// The questions at the start of a message that is cut off or breaks the rules further on.
fn questions(bytes: &[u8], found: &mut Found) {
    const HEADER: usize = 12;
    const TYPE_AND_CLASS: usize = 4;
    const MOST: u16 = 16;

    let Some(&[_, _, _, flags, high, low]) = bytes.first_chunk::<6>() else {
        return;
    };
    let count = u16::from_be_bytes([high, low]);
    // More questions than anyone asks, or reserved bits, and it is not DNS at all.
    if count > MOST || flags & 0x40 != 0 {
        return;
    }
    let mut rest = bytes.get(HEADER..).unwrap_or_default();
    for _ in 0..count {
        let mut name = Vec::new();
        loop {
            let Some((&length, after)) = rest.split_first() else {
                return;
            };
            rest = after;
            if length == 0 {
                break;
            }
            // Compression needs something before it to point at.
            let label = (length < 64).then(|| rest.get(..length.into())).flatten();
            let Some(label) = label else { return };
            rest = &rest[length.into()..];
            name.extend(label);
            name.push(b'.');
        }
        found.name(NameKind::Dns, &name);
        rest = rest.get(TYPE_AND_CLASS..).unwrap_or_default();
    }
}
