//! What the carrier's view holds, and what is left of it.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests to all but clippy"
)]

mod support;

use fogline::capture::{LinkType, Record, Time};
use fogline::dpi::{Comparison, Frame, Kind, NameKind, Style, View, json, peel, render};
use proptest::prelude::*;
use support::*;

fn frames(records: &[Record]) -> impl Iterator<Item = Frame<'_>> {
    records.iter().map(|r| (r.time(), r.link(), r.frame()))
}

fn raw(packets: &[Vec<u8>]) -> View {
    View::of(
        packets
            .iter()
            .map(|p| (None, LinkType::RAW_IP, p.as_slice())),
    )
}

#[test]
fn a_session_through_l2tp() {
    let records = l2tp_session(IPV4);
    let view = View::of(frames(&records));
    assert_eq!(view.counts.ip, 9);
    let seen: Vec<_> = view
        .records
        .iter()
        .map(|r| {
            assert_eq!(r.subscriber.address, std::net::IpAddr::from(SUBSCRIBER));
            let name = &r.names[0];
            (
                r.remote.port,
                r.protocol,
                name.kind,
                name.text.as_str(),
                r.two_way(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (53, 17, NameKind::Dns, "www.example.org", true),
            (443, 6, NameKind::Tls, "example.com", true),
            (80, 6, NameKind::Http, "plain.example.net", false),
            (443, 17, NameKind::Quic, "example.com", false),
            (443, 17, NameKind::Quic, "example.com", false),
        ]
    );
    assert_eq!(view.records[1].packets, [3, 1]);
    assert_eq!(view.records[1].time, Some(Time::new(1002, 0)));
    assert_eq!(view.answers.len(), 1);
    assert_eq!(view.answers[0].address, std::net::IpAddr::from(SERVER));
}

#[test]
fn every_encapsulation_peels_to_the_same_packet() {
    let ip = udp((SUBSCRIBER, 1), (SERVER, 2), b"x");
    let mut frames = Vec::new();
    for ppp in [
        ppp(0x0021, &ip),
        [&[0xff, 3, 0, 0x21], &ip[..]].concat(),
        [&[0x21], &ip[..]].concat(),
        [&[0xff, 3, 0x21], &ip[..]].concat(),
        // IP over LCP's protocol number
        ppp(0xc021, &ip),
    ] {
        for bits in 0..16u16 {
            let flags = (bits & 1) << 14 | (bits & 2) << 10 | (bits & 4) << 7 | (bits & 8) << 5;
            frames.push((LinkType::Ethernet, l2tp(true, flags, &ppp)));
        }
        for tags in 0..3 {
            frames.push((LinkType::Ethernet, pppoe(true, tags, &ppp)));
        }
        frames.push((LinkType::Ppp, ppp));
    }
    frames.push((LinkType::RAW_IP, ip.clone()));
    frames.push((LinkType::Null, [&[2, 0, 0, 0], &ip[..]].concat()));
    frames.push((
        LinkType::LinuxSll,
        [&[0; 14][..], &[8, 0], &ip[..]].concat(),
    ));
    frames.push((
        LinkType::LinuxSll2,
        [&[8, 0][..], &[0; 18], &ip[..]].concat(),
    ));
    for (link, frame) in &frames {
        let peeled = peel(*link, frame);
        assert_eq!(
            (peeled.kind, peeled.bytes),
            (Kind::Ip, &ip[..]),
            "{link:?} {frame:02x?}"
        );
    }
}

#[test]
fn what_is_not_ip_is_told_apart() {
    let kind = |ppp: &[u8]| peel(LinkType::Ethernet, &l2tp(true, 0, ppp)).kind;
    assert_eq!(kind(&[0x00, 0x53, 0x80, 0, 0, 1, 9]), Kind::Opaque);
    assert_eq!(kind(&[0xc0, 0x21, 0x80, 0, 0, 1, 9]), Kind::Opaque);
    assert_eq!(kind(&[0xc0, 0x21, 1, 1, 0, 4]), Kind::Ppp(0xc021));
    assert_eq!(kind(&[0x80, 0x21, 1, 1, 0, 4]), Kind::Ppp(0x8021));
    let control = l2tp(true, 0xc800, &[]);
    assert_eq!(peel(LinkType::Ethernet, &control).kind, Kind::Control);
}

#[test]
fn dns_is_known_at_any_port_and_by_tcp() {
    let query = dns("hidden.example.org", None);
    let view = raw(&[udp((SUBSCRIBER, 1000), (SERVER, 2000), &query)]);
    assert_eq!(view.names().len(), 1);

    let stream = [&(query.len() as u16).to_be_bytes(), &query[..]].concat();
    let (one, two) = stream.split_at(1);
    let view = raw(&[
        tcp((SUBSCRIBER, 1000), (RESOLVER, 53), 9, true, b""),
        tcp((SUBSCRIBER, 1000), (RESOLVER, 53), 10, false, one),
        tcp((SUBSCRIBER, 1000), (RESOLVER, 53), 11, false, two),
    ]);
    assert!(view.names().contains("hidden.example.org"));
}

#[test]
fn icmp_errors_quote_what_they_are_about() {
    let quoted = udp(
        (SUBSCRIBER, 1000),
        (SERVER, 53),
        &dns("quoted.example.org", None),
    );
    let mut icmp = Vec::new();
    etherparse::PacketBuilder::ipv4([10, 0, 0, 1], SUBSCRIBER, 64)
        .icmpv4_raw(3, 1, [0; 4])
        .write(&mut icmp, &quoted)
        .unwrap();
    let view = raw(&[icmp]);
    assert!(view.names().contains("quoted.example.org"));
    assert!(view.remote_addresses().contains(&SERVER.into()));
}

#[test]
fn without_scrambling_all_is_left() {
    let records = l2tp_session(IPV4);
    let c = Comparison::of(frames(&records), frames(&records));
    assert_eq!((c.addresses.before, c.addresses.left.len()), (2, 2));
    assert_eq!((c.ports.before, c.ports.left.len()), (4, 4));
    assert_eq!((c.names.before, c.names.left.len()), (3, 3));
    assert_eq!(c.answers.left, [std::net::IpAddr::from(SERVER)]);
    assert_eq!(c.bytes.addresses.found, c.addresses.left);
    assert_eq!(c.bytes.names.found.len(), 3);
    assert_eq!((c.bogus.flows, c.bogus.names), (0, 0));
    assert!(c.rows().iter().all(|(b, a)| b == a));
}

#[test]
fn of_opaque_packets_nothing_is_left() {
    let before = l2tp_session(IPV4);
    for protocol in [0x0053, 0xc021] {
        let after = opaque_session(protocol);
        let c = Comparison::of(frames(&before), frames(&after));
        assert_eq!((c.after.counts.ip, c.after.counts.opaque), (0, 9));
        assert!(c.addresses.left.is_empty() && c.names.left.is_empty());
        assert!(c.bytes.addresses.found.is_empty() && c.bytes.names.found.is_empty());
        assert!(c.bytes.addresses.by_chance > 0.0 && c.bytes.addresses.by_chance < 0.01);
        let text = render(&c, &Style::default());
        assert!(
            text.contains("opaque PPP packets               0         9"),
            "{text}"
        );
    }
}

#[test]
fn names_inside_other_names_do_not_count() {
    let ask = |name: &str| vec![udp((SUBSCRIBER, 1), (RESOLVER, 53), &dns(name, None))];
    let frames = |p: &[Vec<u8>]| -> Vec<Record> {
        let record = |p: &Vec<u8>| Record::new(Time::default(), LinkType::RAW_IP, p).unwrap();
        p.iter().map(record).collect()
    };
    let before = frames(&ask("t.co"));
    let after = frames(&[
        ask("microsoft.com").remove(0),
        tcp(
            (SUBSCRIBER, 1),
            (SERVER, 80),
            1,
            false,
            b"Host: microsoft.com\r\n",
        ),
    ]);
    let c = Comparison::of(self::frames(&before), self::frames(&after));
    assert!(c.bytes.names.found.is_empty());
    let after = frames(&[tcp(
        (SUBSCRIBER, 1),
        (SERVER, 80),
        1,
        false,
        b"see HTTP://T.CO/x",
    )]);
    let c = Comparison::of(self::frames(&before), self::frames(&after));
    assert_eq!(c.bytes.names.found, ["t.co"]);
}

#[test]
fn the_table_fits_the_terminal() {
    let before = l2tp_session(IPV4);
    let c = Comparison::of(frames(&before), frames(&before[..5]));
    for width in [60, 80, 132] {
        let style = Style {
            width,
            ..Style::default()
        };
        let text = render(&c, &style);
        assert!(
            text.lines().all(|l| l.chars().count() <= width.max(80)),
            "{text}"
        );
        assert!(!text.contains('\x1b'));
    }
    let style = Style {
        rows: Some(2),
        color: true,
        ..Style::default()
    };
    let text = render(&c, &style);
    assert!(text.contains("... and 3 more") && text.contains("\x1b[31m"));
}

#[test]
fn json_keeps_its_keys() {
    let before = l2tp_session(IPV4);
    let c = Comparison::of(frames(&before), frames(&opaque_session(0x0053)));
    let value = json::to_json(&c, "builtin");
    assert_eq!(value["schema"], 1);
    assert_eq!(value["before"]["counts"]["frames"], 9);
    let record = &value["before"]["records"][0];
    assert_eq!(record["time"], "1970-01-01T00:16:40.000000000Z");
    assert_eq!(record["remote"]["address"], "9.9.9.9");
    assert_eq!(record["names"][0]["kind"], "dns");
    assert_eq!(record["packets"]["sent"], 1);
    assert_eq!(value["left"]["ports"]["before"], 4);
    assert_eq!(value["bytes"]["names"]["found"], serde_json::json!([]));
    assert_eq!(value["bogus"]["flows"], 0);
    assert_eq!(value["before"]["dns_answers"][0]["name"], "www.example.org");
}

fn link() -> impl Strategy<Value = LinkType> {
    let numbers = [0u16, 1, 9, 12, 50, 51, 101, 108, 113, 228, 229, 276, 147];
    prop::sample::select(numbers.to_vec()).prop_map(LinkType::from)
}

proptest! {
    #[test]
    fn random_frames_never_panic(
        frames in prop::collection::vec((link(), prop::collection::vec(any::<u8>(), 0..200)), 0..20),
    ) {
        let frames = || frames.iter().map(|(link, frame)| (None, *link, frame.as_slice()));
        let c = Comparison::of(frames(), frames());
        prop_assert!(c.addresses.left.len() == c.addresses.before);
        render(&c, &Style::default());
    }

    #[test]
    fn damaged_sessions_never_panic(
        changes in prop::collection::vec((0..9usize, any::<prop::sample::Index>(), any::<u8>()), 0..40),
        cut in prop::collection::vec((0..9usize, any::<prop::sample::Index>()), 0..4),
        order in Just((0..9usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let mut frames: Vec<Vec<u8>> = session()
            .into_iter()
            .map(|(up, packet)| l2tp(up, 0x4a00, &ppp(IPV4, &packet)))
            .collect();
        for (frame, at, value) in changes {
            let at = at.index(frames[frame].len());
            frames[frame][at] = value;
        }
        for (frame, at) in cut {
            let length = at.index(frames[frame].len()).max(1);
            frames[frame].truncate(length);
        }
        let frames = order.iter().map(|&n| (None, LinkType::Ethernet, frames[n].as_slice()));
        let before = l2tp_session(IPV4);
        let c = Comparison::of(self::frames(&before), frames);
        render(&c, &Style::default());
        json::to_json(&c, "builtin");
    }
}
