//! The kinds of PPP frames that vectors are made of, each with a name.

use scramble::sample::{Address, Checksum, Ip, PppForm, client_hello, frame};
use scramble::wire::ppp::protocol;

const SUBSCRIBER4: Address = Address::V4([100, 64, 7, 23]);
const REMOTE4: Address = Address::V4([192, 0, 2, 80]);
const SUBSCRIBER6: Address = Address::V6([
    0x20, 0x01, 0x0D, 0xB8, 0, 7, 0, 0x17, 0, 0, 0, 0, 0, 0, 0, 0x23,
]);
const REMOTE6: Address = Address::V6([
    0x2A, 0x00, 0x10, 0x98, 0, 0, 0x2C, 0, 0, 0, 0, 0, 0, 5, 0x67, 0x16,
]);

const TCP: u8 = 6;
const UDP: u8 = 17;

/// A kind of frame.
pub struct Kind {
    /// What is special about it.
    pub name: String,
    /// The frame.
    pub frame: Vec<u8>,
}

/// Every kind of frame; the named packets go from the lower end's address to the higher's.
pub fn kinds() -> Vec<Kind> {
    let mut kinds = Kinds::default();
    kinds.udp_lengths();
    kinds.tcp();
    kinds.other_ip();
    kinds.fragments_and_options();
    kinds.checksums();
    kinds.hellos();
    kinds.ineligible();
    kinds.ppp_forms();
    kinds.0
}

/// `len` bytes, no two neighbours the same.
pub fn data(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 7 + i / 256 + 3) as u8).collect()
}

fn v4(protocol: u8) -> Ip {
    Ip::new(SUBSCRIBER4, REMOTE4, protocol)
}

fn v6(protocol: u8) -> Ip {
    Ip {
        identification: 0xBEEF,
        ..Ip::new(SUBSCRIBER6, REMOTE6, protocol)
    }
}

fn both(protocol: u8) -> [(&'static str, Ip); 2] {
    [("IPv4", v4(protocol)), ("IPv6", v6(protocol))]
}

#[derive(Default)]
struct Kinds(Vec<Kind>);

impl Kinds {
    fn frame(&mut self, name: impl Into<String>, frame: Vec<u8>) {
        self.0.push(Kind {
            name: name.into(),
            frame,
        });
    }

    fn packet(&mut self, name: impl Into<String>, ip: &Ip, packet: &[u8]) {
        let form = PppForm {
            address_control: true,
            compressed: false,
        };
        self.frame(name, frame(form, ip.ppp_protocol(), packet));
    }

    fn udp_lengths(&mut self) {
        let lengths = [
            0, 1, 2, 3, 4, 15, 16, 17, 30, 31, 32, 33, 34, 35, 63, 64, 65, 66, 127, 128, 129, 130,
            575, 576, 577, 1000,
        ];
        for len in lengths {
            let ip = if len % 3 == 2 { v6(UDP) } else { v4(UDP) };
            let packet = ip.udp((40_000, 53), Checksum::Right, &data(len));
            self.packet(format!("UDP with {len} bytes of data"), &ip, &packet);
        }
    }

    fn tcp(&mut self) {
        for (version, ip) in both(TCP) {
            for len in [0, 1, 33, 200, 701] {
                let packet = ip.tcp(
                    (50_123, 443),
                    0xFEDC_BA98,
                    (5, &[]),
                    Checksum::Right,
                    &data(len),
                );
                self.packet(
                    format!("{version} TCP with {len} bytes of data"),
                    &ip,
                    &packet,
                );
            }
            let options = [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8];
            for (what, offset) in [
                ("options", 8),
                ("a data offset of 4", 4),
                ("a data offset of 0", 0),
                ("a data offset past the end", 15),
            ] {
                let tail: &[u8] = if offset == 15 { &[] } else { &options };
                let data = if offset == 15 { data(19) } else { data(90) };
                let packet = ip.tcp((80, 50_000), 7, (offset, tail), Checksum::Right, &data);
                self.packet(format!("{version} TCP with {what}"), &ip, &packet);
            }
            let exact = ip.tcp((80, 50_000), 7, (15, &[]), Checksum::Right, &data(40));
            self.packet(
                format!("{version} TCP all header, data offset 15"),
                &ip,
                &exact,
            );
            let add_addr = [1, 1, 1, 1, 30, 8, 0x31, 2, 192, 0, 2, 9];
            for (what, options) in [
                ("MPTCP ADD_ADDR", &add_addr[..]),
                (
                    "MPTCP ADD_ADDR behind the end of options",
                    &[&[0, 0, 0, 0], &add_addr[4..]].concat(),
                ),
                ("MPTCP MP_JOIN", &[30, 12, 0x10, 2, 1, 2, 3, 4, 5, 6, 7, 8]),
                ("an option that is too long", &[8, 10, 1, 2, 3, 4, 5, 6]),
                (
                    "an option of length 1",
                    &[&[8, 1, 1, 1], &add_addr[4..]].concat(),
                ),
            ] {
                let offset = 5 + (options.len() / 4) as u8;
                let packet = ip.tcp(
                    (80, 50_000),
                    7,
                    (offset, options),
                    Checksum::Right,
                    &data(5),
                );
                self.packet(format!("{version} TCP with {what}"), &ip, &packet);
            }
            let short = ip.packet(&data(19));
            self.packet(format!("{version} TCP header cut to 19 bytes"), &ip, &short);
        }
        for (version, ip) in both(UDP) {
            self.packet(
                format!("{version} UDP header cut to 7 bytes"),
                &ip,
                &ip.packet(&data(7)),
            );
        }
    }

    fn other_ip(&mut self) {
        let protocols = [
            ("ICMP", 1),
            ("ICMPv6", 58),
            ("GRE", 47),
            ("ESP", 50),
            ("protocol 255", 255),
        ];
        for (name, protocol) in protocols {
            for (version, ip) in both(protocol) {
                for len in [1, 8, 64, 131] {
                    let packet = ip.packet(&data(len));
                    self.packet(format!("{version} {name} with {len} bytes"), &ip, &packet);
                }
            }
        }
        self.packet("IPv4 with no payload", &v4(1), &v4(1).packet(&[]));
        let destination_unreachable = [
            &[3, 3, 0, 0, 0, 0, 0, 0][..],
            &v4(UDP).udp((1, 53), Checksum::Right, &[]),
        ]
        .concat();
        self.packet(
            "ICMP error with a header inside",
            &v4(1),
            &v4(1).packet(&destination_unreachable),
        );
        for (name, next) in [
            ("hop-by-hop", 0u8),
            ("routing", 43),
            ("fragment", 44),
            ("destination options", 60),
        ] {
            let ip = v6(next);
            let udp = v6(UDP).udp((9, 10), Checksum::Right, &data(60));
            let packet = ip.packet(&[&[UDP, 0, 0, 1, 0, 0, 0, 7][..], &udp[40..]].concat());
            self.packet(format!("IPv6 with a {name} header"), &ip, &packet);
        }
        let flow = Ip {
            identification: 0xFFFF,
            ..v6(58)
        };
        self.packet(
            "IPv6 with another flow label",
            &flow,
            &flow.packet(&data(40)),
        );
    }

    fn fragments_and_options(&mut self) {
        for (what, fragment) in [
            ("first fragment", 0x2000),
            ("middle fragment", 0x20B9),
            ("last fragment", 0x0172),
            ("DF", 0x4000),
        ] {
            let ip = Ip {
                fragment,
                identification: 0xABCD,
                ..v4(UDP)
            };
            let packet = ip.udp((5, 6), Checksum::Right, &data(100));
            self.packet(format!("IPv4 UDP, {what}"), &ip, &packet);
        }
        for words in [1, 10] {
            let ip = Ip {
                options: vec![1; words * 4],
                ..v4(TCP)
            };
            let packet = ip.tcp((5, 6), 7, (5, &[]), Checksum::Right, &data(50));
            self.packet(
                format!("IPv4 with {} bytes of options", words * 4),
                &ip,
                &packet,
            );
            let packet = ip.packet(&[]);
            self.packet(
                format!("IPv4 with {} bytes of options and no payload", words * 4),
                &ip,
                &packet,
            );
        }
        let mut short = v4(UDP).udp((5, 6), Checksum::Right, &data(50));
        short[0] = 0x44;
        self.packet("IPv4 with an IHL of 4", &v4(UDP), &short);
        short[0] = 0x40;
        self.packet("IPv4 with an IHL of 0", &v4(UDP), &short);
        let mut long = v4(1).packet(&data(20));
        long[0] = 0x4F;
        self.packet("IPv4 with an IHL past its end", &v4(1), &long);
    }

    fn checksums(&mut self) {
        for value in [0, 1, 0x7FFF, 0xFFFE, 0xFFFF] {
            for (version, ip) in both(UDP) {
                let packet = ip.udp((7, 8), Checksum::Value(value), &data(21));
                self.packet(
                    format!("{version} UDP with checksum {value:#06x}"),
                    &ip,
                    &packet,
                );
            }
            for (version, ip) in both(TCP) {
                let packet = ip.tcp((7, 8), 9, (5, &[]), Checksum::Value(value), &data(21));
                self.packet(
                    format!("{version} TCP with checksum {value:#06x}"),
                    &ip,
                    &packet,
                );
            }
            let ip = Ip {
                checksum: Checksum::Value(value),
                ..v4(1)
            };
            self.packet(
                format!("IPv4 with header checksum {value:#06x}"),
                &ip,
                &ip.packet(&data(9)),
            );
        }
        let ip = v4(UDP);
        let mut packet = ip.udp((7, 8), Checksum::Right, &data(21));
        packet[24..26].copy_from_slice(&[0xFF, 0xFF]);
        self.packet("UDP with a length field that is wrong", &ip, &packet);
    }

    fn hellos(&mut self) {
        for (version, ip) in both(TCP) {
            let mut add = |name: &str, payload: &[u8]| {
                let packet = ip.tcp(
                    (50_001, 443),
                    0x0102_0304,
                    (5, &[]),
                    Checksum::Right,
                    payload,
                );
                self.packet(format!("{version} ClientHello, {name}"), &ip, &packet);
            };
            let hello =
                |session_id, before, name: &str| client_hello(session_id, before, name.as_bytes());
            add("session id of 32 bytes", &hello(32, 5, "www.example.com"));
            add("no session id", &hello(0, 0, "t.co"));
            add(
                "a name of 64 bytes",
                &hello(32, 2, &format!("{}.example.org", "a".repeat(52))),
            );
            add(
                "name in the 32nd extension",
                &hello(8, 31, "a-b.c0.example.org"),
            );
            add(
                "name in the 33rd extension",
                &hello(8, 32, "www.example.com"),
            );
            add("session id too long", &hello(33, 2, "www.example.com"));
            add("name with capitals", &hello(32, 2, "www.Example.com"));
            add("name of one label", &hello(32, 2, "localhost"));
            add(
                "last label of seven letters",
                &hello(32, 2, "www.example.comcoms"),
            );
            add("name that is an address", &hello(32, 2, "192.0.2.1"));
            add(
                "name of 65 bytes",
                &hello(32, 2, &format!("{}.example.org", "a".repeat(53))),
            );
            let whole = hello(32, 2, "www.example.com");
            let end = whole
                .windows(3)
                .position(|window| window == b"com")
                .unwrap_or(0)
                + 3;
            add("segment cut after the name", &whole[..end]);
            add("segment cut within the name", &whole[..end - 1]);
            add("segment cut after ten bytes", &whole[..10]);
            add("segment cut after nine bytes", &whole[..9]);
            add("more after the record", &[&whole[..], &data(300)].concat());
            let with = |at: usize, byte: u8| {
                let mut changed = whole.clone();
                changed[at] = byte;
                changed
            };
            add("record version 3.4", &with(2, 4));
            add("client version 4", &with(9, 4));
            let name_type = end - "www.example.com".len() - 3;
            add("name type 1", &with(name_type, 1));
            add("name list length too long", &with(name_type - 1, 19));
            add("extension length too long", &with(name_type - 3, 21));
        }
    }

    fn ineligible(&mut self) {
        let v4_with = |first: u8, second: u8| {
            Ip::new(
                Address::V4([first, 2, 3, 4]),
                Address::V4([second, 6, 7, 8]),
                UDP,
            )
        };
        for (name, ip) in [
            ("source 0.2.3.4", v4_with(0, 9)),
            ("destination 224.6.7.8", v4_with(9, 224)),
            ("source 224.2.3.4", v4_with(224, 9)),
            ("source 240.2.3.4", v4_with(240, 9)),
            ("first bytes 1 and 223, eligible", v4_with(1, 223)),
            (
                "reserved bit set",
                Ip {
                    fragment: 0x8000,
                    ..v4(UDP)
                },
            ),
        ] {
            let packet = ip.udp((1, 2), Checksum::Right, &data(30));
            self.packet(format!("IPv4, {name}"), &ip, &packet);
        }
        let v6_with = |first: u8, second: u8| {
            let mut ends = [[0x11; 16], [0x22; 16]];
            (ends[0][0], ends[1][0]) = (first, second);
            Ip::new(Address::V6(ends[0]), Address::V6(ends[1]), UDP)
        };
        for (name, ip) in [
            ("source in 3000::/4", v6_with(0x3F, 0x20)),
            ("destination in 3000::/4", v6_with(0x20, 0x30)),
            ("link-local", v6_with(0xFE, 0xFE)),
            ("to multicast", v6_with(0x20, 0xFF)),
            ("to the NAT64 prefix", v6_with(0x20, 0x00)),
            ("2000::/4 to 2fff::, eligible", v6_with(0x20, 0x2F)),
        ] {
            let packet = ip.udp((1, 2), Checksum::Right, &data(30));
            self.packet(format!("IPv6, {name}"), &ip, &packet);
        }
        let jumbo = v6(0).packet(&[]);
        self.packet(
            "IPv6 with payload length 0",
            &v6(0),
            &[&jumbo[..], &data(20)].concat(),
        );
        for (version, ip) in both(UDP) {
            let packet = ip.udp((1, 2), Checksum::Right, &data(30));
            self.packet(
                format!("{version} cut short of its length"),
                &ip,
                &packet[..packet.len() - 1],
            );
            self.packet(format!("{version} header cut short"), &ip, &packet[..19]);
            self.packet(format!("{version} with nothing at all"), &ip, &[]);
            self.packet(
                format!("{version} with padding"),
                &ip,
                &[&packet[..], &[0xEE; 7]].concat(),
            );
        }
        let mut tiny = v4(1).packet(&data(4));
        tiny[2..4].copy_from_slice(&[0, 19]);
        self.packet("IPv4 with a total length of 19", &v4(1), &tiny);
        let multicast = v4_with(9, 239).udp((1, 2), Checksum::Right, &data(9));
        self.packet(
            "IPv4 multicast with padding",
            &v4(UDP),
            &[&multicast[..], &[0; 5]].concat(),
        );
        self.packet(
            "IPv6 under IPv4's protocol number",
            &v4(UDP),
            &v6(UDP).packet(&data(9)),
        );
    }

    fn ppp_forms(&mut self) {
        let udp = v4(UDP).udp((1, 2), Checksum::Right, &data(100));
        let udp6 = v6(UDP).udp((1, 2), Checksum::Right, &data(100));
        for address_control in [false, true] {
            for compressed in [false, true] {
                let form = PppForm {
                    address_control,
                    compressed,
                };
                let name = format!("FF 03 {address_control}, compressed protocol {compressed}");
                self.frame(format!("IPv4, {name}"), frame(form, protocol::IPV4, &udp));
                self.frame(format!("IPv6, {name}"), frame(form, protocol::IPV6, &udp6));
                self.frame(
                    format!("protocol 0x0053 inside, {name}"),
                    frame(form, 0x53, &data(20)),
                );
            }
        }
        let form = PppForm::default();
        for (name, number) in [
            ("IPCP", protocol::IPCP),
            ("IPV6CP", protocol::IPV6CP),
            ("CCP", 0x80FD),
            ("MPLS", 0x0281),
            ("an even protocol number", 0x1234),
        ] {
            for len in [0, 1, 10, 61, 62, 63] {
                self.frame(
                    format!("{name} with {len} bytes"),
                    frame(form, number, &data(len)),
                );
            }
        }
        for (name, number) in [
            ("LCP", protocol::LCP),
            ("ECP", protocol::ECP),
            ("PAP", protocol::PAP),
            ("CHAP", protocol::CHAP),
            ("EAP", protocol::EAP),
        ] {
            self.frame(
                format!("{name} echo-like"),
                frame(form, number, &[9, 1, 0, 8, 1, 2, 3, 4]),
            );
        }
        for code in [
            0x3Fu8, 0x40, 0x4F, 0x50, 0x5F, 0x60, 0x6F, 0x70, 0x80, 0xBF, 0xC0,
        ] {
            let name = format!("LCP of code {code:#04x}");
            self.frame(
                name,
                frame(form, protocol::LCP, &[code, 1, 0, 8, 1, 2, 3, 4]),
            );
        }
        for bytes in [&[][..], &[0xFF, 0x03], &[0x00], &[0xFF, 0x03, 0xC0]] {
            self.frame(
                format!("no whole protocol field: {}", hex::encode(bytes)),
                bytes.to_vec(),
            );
        }
    }
}
