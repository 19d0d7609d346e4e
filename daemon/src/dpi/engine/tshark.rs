//! What `tshark` sees.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use std::process::Command;

use super::{Error, Origin, lines};
use crate::dpi::flow::{Endpoint, Seen, Table};
use crate::dpi::names::{Found, NameKind, clean};
use crate::dpi::view::{Counts, View};

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP6: u8 = 58;

const FIELDS: [&str; 20] = [
    "frame.number",
    "frame.len",
    "ip.src",
    "ip.dst",
    "ip.proto",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.nxt",
    "tcp.srcport",
    "tcp.dstport",
    "udp.srcport",
    "udp.dstport",
    "dns.qry.name",
    "dns.resp.name",
    "dns.a",
    "dns.aaaa",
    "tls.handshake.extensions_server_name",
    "http.host",
    "x509ce.dNSName",
    "dns.cname",
];

/// A line of tshark's output: the values of each field.
struct Row<'a>(Vec<Vec<&'a str>>);

impl<'a> Row<'a> {
    fn of(line: &'a str) -> Self {
        let values = |column: &'a str| column.split('|').filter(|v| !v.is_empty()).collect();
        Self(line.split('\t').map(values).collect())
    }

    fn all(&self, field: &str) -> &[&'a str] {
        let at = FIELDS.iter().position(|f| *f == field);
        at.and_then(|at| self.0.get(at)).map_or(&[], Vec::as_slice)
    }

    fn number(&self, field: &str) -> Option<usize> {
        self.all(field).first()?.parse().ok()
    }

    /// Source and destination of the packet itself and of those that it quotes.
    fn pairs(&self) -> impl Iterator<Item = [IpAddr; 2]> {
        let of = |source, destination| self.all(source).iter().zip(self.all(destination));
        let pairs = of("ip.src", "ip.dst").chain(of("ipv6.src", "ipv6.dst"));
        pairs.filter_map(|(s, d)| Some([s.parse().ok()?, d.parse().ok()?]))
    }

    fn protocol(&self) -> u8 {
        let v4 = self.number("ip.proto").map(|n| n as u8);
        match v4.or(self.number("ipv6.nxt").map(|n| n as u8)) {
            Some(plain @ (ICMP | ICMP6)) => plain,
            _ if self.number("tcp.srcport").is_some() => TCP,
            _ if self.number("udp.srcport").is_some() => UDP,
            other => other.unwrap_or_default(),
        }
    }

    fn ports(&self, protocol: u8) -> [u16; 2] {
        let fields = match protocol {
            TCP => ["tcp.srcport", "tcp.dstport"],
            UDP => ["udp.srcport", "udp.dstport"],
            _ => return [0; 2],
        };
        fields.map(|f| self.number(f).unwrap_or_default() as u16)
    }

    fn found(&self, protocol: u8) -> Found {
        let mut found = Found::default();
        let hello = if protocol == UDP {
            NameKind::Quic
        } else {
            NameKind::Tls
        };
        for (field, kind) in [
            ("dns.qry.name", NameKind::Dns),
            ("dns.resp.name", NameKind::DnsAnswer),
            ("dns.cname", NameKind::DnsAnswer),
            ("tls.handshake.extensions_server_name", hello),
            ("x509ce.dNSName", NameKind::Certificate),
        ] {
            for name in self.all(field) {
                found.name(kind, name.as_bytes());
            }
        }
        for host in self.all("http.host") {
            let host = host.split(':').next().unwrap_or_default();
            found.name(NameKind::Http, host.as_bytes());
        }
        let asked = self
            .all("dns.qry.name")
            .first()
            .and_then(|n| clean(n.as_bytes()));
        let addresses = self.all("dns.a").iter().chain(self.all("dns.aaaa"));
        for address in addresses.filter_map(|a| a.parse().ok()) {
            found
                .answers
                .push((asked.clone().unwrap_or_default(), address));
        }
        found
    }
}

pub(super) fn view(path: &Path, origins: &[Origin], counts: Counts) -> Result<View, Error> {
    let mut table = Table::default();
    let mut quoted = BTreeSet::new();
    let mut command = Command::new("tshark");
    command.arg("-n").arg("-r").arg(path).args(["-T", "fields"]);
    command.args([
        "-E",
        "separator=/t",
        "-E",
        "occurrence=a",
        "-E",
        "aggregator=|",
    ]);
    for field in FIELDS {
        command.args(["-e", field]);
    }
    lines("tshark", "tshark", &mut command, |line| {
        let row = Row::of(line);
        let number = row.number("frame.number").unwrap_or_default();
        let Some(origin) = number.checked_sub(1).and_then(|at| origins.get(at)) else {
            return;
        };
        let mut pairs = row.pairs();
        let Some([source, destination]) = pairs.next() else {
            return;
        };
        let protocol = row.protocol();
        let [from, to] = row.ports(protocol);
        let seen = Seen {
            frame: origin.frame,
            time: origin.time,
            source: Endpoint {
                address: source,
                port: from,
            },
            destination: Endpoint {
                address: destination,
                port: to,
            },
            protocol,
            length: row.number("frame.len").unwrap_or_default(),
            tunnel: origin.tunnel,
            opening: None,
        };
        if let Some((flow, _)) = table.count(&seen) {
            table.keep(flow, row.found(protocol));
        }
        for address in pairs.flatten() {
            quoted.insert((Endpoint { address, port: 0 }, 0));
        }
    })?;
    let (records, answers) = table.finish();
    Ok(View {
        records,
        answers,
        quoted: quoted.into_iter().collect(),
        counts,
    })
}
