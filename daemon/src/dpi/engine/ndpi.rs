//! What nDPI sees, by the text that `ndpiReader -v 2` writes: its CSV leaves out the flows that
//! it does not recognise.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::process::Command;

use super::{Error, lines};
use crate::dpi::flow::Endpoint;
use crate::dpi::names::{Name, NameKind, clean};
use crate::dpi::view::{ConnectionRecord, View};

/// Flows and names as nDPI tells them. Times and who the subscriber is are taken from Fogline's
/// own view of the same packets: nDPI does not print them.
pub(super) fn view(path: &Path, own: View) -> Result<View, Error> {
    let mut known = HashMap::new();
    for record in &own.records {
        known.insert((record.subscriber, record.remote, record.protocol), record);
        known.insert((record.remote, record.subscriber, record.protocol), record);
    }
    let mut records = Vec::new();
    let mut command = Command::new("ndpiReader");
    command.arg("-i").arg(path).args(["-v", "2"]);
    lines("ndpiReader", "libndpi-bin", &mut command, |line| {
        let Some(flow) = Flow::parse(line) else {
            return;
        };
        let own = known.get(&(flow.ends[0], flow.ends[1], flow.protocol));
        let swap = own.is_some_and(|own| own.subscriber != flow.ends[0]);
        let turn = |[a, b]: [u64; 2]| if swap { [b, a] } else { [a, b] };
        let (a, b) = (flow.ends[0], flow.ends[1]);
        records.push(ConnectionRecord {
            frame: own.map_or(usize::MAX, |own| own.frame),
            time: own.and_then(|own| own.time),
            subscriber: if swap { b } else { a },
            remote: if swap { a } else { b },
            protocol: flow.protocol,
            names: flow.names,
            packets: turn(flow.packets),
            bytes: turn(flow.bytes),
        });
    })?;
    records.sort_by_key(|r| (r.frame, r.subscriber, r.remote));
    Ok(View {
        records,
        answers: Vec::new(),
        quoted: Vec::new(),
        counts: own.counts,
    })
}

struct Flow {
    ends: [Endpoint; 2],
    protocol: u8,
    names: Vec<Name>,
    packets: [u64; 2],
    bytes: [u64; 2],
}

impl Flow {
    /// `\t1\tTCP 10.0.0.1:3508 <-> 192.0.2.1:80 [proto: 7/HTTP]...[90 pkts/5059 bytes <-> 89
    /// pkts/129145 bytes]...[Hostname/SNI: example.com]...`
    fn parse(line: &str) -> Option<Self> {
        let (_, flow) = line.strip_prefix('\t')?.split_once('\t')?;
        let (ends, rest) = flow
            .split_once(" [proto: ")
            .or_else(|| flow.split_once("[proto: "))?;
        let mut words = ends.split_ascii_whitespace();
        let protocol = protocol(words.next()?)?;
        let a = endpoint(words.next()?)?;
        words.next().filter(|arrow| ["<->", "->"].contains(arrow))?;
        let b = endpoint(words.next()?)?;

        let mut flow = Self {
            ends: [a, b],
            protocol,
            names: Vec::new(),
            packets: [0; 2],
            bytes: [0; 2],
        };
        for item in rest.split('[').map(|item| item.trim_end_matches(']')) {
            if item.contains(" pkts/") && item.ends_with(" bytes") {
                let halves = item.split(" <-> ").chain(item.split(" -> ")).map(amounts);
                for (at, (packets, bytes)) in halves.flatten().take(2).enumerate() {
                    flow.packets[at] = packets;
                    flow.bytes[at] = bytes;
                }
            } else if let Some(name) = item.strip_prefix("Hostname/SNI: ") {
                flow.name(NameKind::Engine, name);
            } else if let Some(names) = item.strip_prefix("ServerNames: ") {
                for name in names.split(',') {
                    flow.name(NameKind::Certificate, name);
                }
            }
        }
        Some(flow)
    }

    fn name(&mut self, kind: NameKind, name: &str) {
        if let Some(text) = clean(name.as_bytes()) {
            self.names.push(Name { kind, text });
        }
    }
}

/// `90 pkts/5059 bytes`
fn amounts(half: &str) -> Option<(u64, u64)> {
    let (packets, bytes) = half.split_once(" pkts/")?;
    let bytes = bytes.strip_suffix(" bytes")?;
    Some((packets.parse().ok()?, bytes.parse().ok()?))
}

fn protocol(name: &str) -> Option<u8> {
    Some(match name {
        "TCP" => 6,
        "UDP" => 17,
        "ICMP" => 1,
        "ICMPV6" => 58,
        "IGMP" => 2,
        "GRE" => 47,
        "ESP" => 50,
        "SCTP" => 132,
        number => number.parse().ok()?,
    })
}

/// `192.0.2.1:80`, `[2001:db8::1]:80`
fn endpoint(text: &str) -> Option<Endpoint> {
    let (address, port) = text.rsplit_once(':')?;
    let address: IpAddr = address.trim_matches(['[', ']']).parse().ok()?;
    Some(Endpoint {
        address,
        port: port.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_both_directions_and_of_one() {
        let line = "\t1\tTCP 10.0.0.1:3508 <-> 192.0.2.1:80 [proto: 7/HTTP][ClearText]\
            [cat: Web/5][90 pkts/5059 bytes <-> 89 pkts/129145 bytes][Goodput ratio: 4/96]\
            [3.22 sec][Hostname/SNI: Example.com][bytes ratio: -0.925 (Download)]";
        let flow = Flow::parse(line).unwrap();
        assert_eq!(flow.ends[1], endpoint("192.0.2.1:80").unwrap());
        assert_eq!((flow.packets, flow.bytes), ([90, 89], [5059, 129_145]));
        assert_eq!(flow.names[0].text, "example.com");

        let line = "\t2\tUDP [fe80::1]:5353 -> [ff02::fb]:5353 [proto: 8/MDNS]\
            [2 pkts/300 bytes -> 0 pkts/0 bytes]";
        let flow = Flow::parse(line).unwrap();
        assert_eq!((flow.protocol, flow.packets), (17, [2, 0]));
        assert!(Flow::parse("\tUnknown packets: 3").is_none());
    }
}
