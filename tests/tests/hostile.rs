//! Every fuzz target on stable Rust: random bytes, and good input with a few bytes changed.

use fogline_tests::TARGETS;
use proptest::prelude::*;
use scramble::sample::{Address, Checksum, Ip, PppForm, client_hello, frame};

/// Input that gets deep into the parsers.
fn seeds() -> Vec<Vec<u8>> {
    let (a, b) = (Address::V4([10, 0, 0, 1]), Address::V4([192, 0, 2, 1]));
    let tcp = Ip::new(a, b, 6);
    let hello = client_hello(32, 3, b"www.example.com");
    let tls = tcp.tcp((50_000, 443), 1, (5, &[]), Checksum::Right, &hello);
    let ppp = frame(
        PppForm {
            address_control: true,
            compressed: false,
        },
        0x21,
        &tls,
    );
    let l2tp = [&[0x48, 2, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0][..], &ppp].concat();
    let outer = Ip::new(a, b, 17).udp((1701, 1701), Checksum::Right, &l2tp);
    let ethernet = [&[2; 12][..], &[8, 0], &outer].concat();
    let mut pppoe = [2; 12].to_vec();
    pppoe.extend([0x81, 0, 0, 7, 0x88, 0x64, 0x11, 0, 0, 9, 0, 60]);
    pppoe.extend(&ppp);
    let framed = [&[0, 0x53, 0x80, 0, 0, 0][..], &tls].concat();
    let request = [
        &[
            1, 1, 0, 51, 0, 47, 2, 0x46, 0x4F, 1, 1, 2, 255, 7, 255, 7, 255, 2, 0,
        ][..],
        &[9; 32],
    ]
    .concat();
    let reset = [&[14, 1, 0, 57, 2, 0, 0, 0, 1][..], &[9; 48]].concat();
    // A pcap header and a record; frames and packets after a byte each.
    let record = [
        &[0; 8][..],
        &(ethernet.len() as u32).to_le_bytes().repeat(2),
        &ethernet,
    ]
    .concat();
    let pcap = [
        &[0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0][..],
        &[0; 8],
        &[0, 0, 4, 0, 1, 0, 0, 0],
        &record,
    ]
    .concat();
    let frames = [&[0, 255][..], &ethernet].concat();
    let packets = [&[7, 51][..], &request, &[57], &reset, &[0]].concat();
    let mut seeds = daemon_seeds();
    seeds.extend([
        pcap,
        frames,
        packets,
        tls,
        ppp,
        l2tp,
        outer,
        ethernet,
        pppoe,
        framed,
        request[4..].repeat(2),
        request,
        reset,
    ]);
    seeds
}

/// `packets`, each after a byte with its length.
fn listed(stage: u8, packets: &[&[u8]]) -> Vec<u8> {
    let mut list = vec![stage];
    for packet in packets {
        list.push(packet.len() as u8);
        list.extend(*packet);
    }
    list
}

/// Input that gets deep into the daemon's machines.
fn daemon_seeds() -> Vec<Vec<u8>> {
    let start = |kind: u8| {
        let avps: [&[u8]; 6] = [
            &[0x80, 8, 0, 0, 0, 0, 0, kind],
            &[0x80, 8, 0, 0, 0, 2, 1, 0],
            &[0x80, 10, 0, 0, 0, 3, 0, 0, 0, 3],
            &[0x80, 9, 0, 0, 0, 7, b'l', b'a', b'c'],
            &[0x80, 8, 0, 0, 0, 9, 0, 3],
            &[0x80, 8, 0, 0, 0, 10, 0, 4],
        ];
        avps.concat()
    };
    let message = |kind: u8, avps: &[u8]| [&[0x80, 8, 0, 0, 0, 0, 0, kind][..], avps].concat();
    let session = [0x80, 8, 0, 0, 0, 14, 0, 5];
    let icrq = message(
        10,
        &[&session[..], &[0x80, 10, 0, 0, 0, 15, 0, 0, 0, 1]].concat(),
    );
    let connected = [
        &[0x80, 10, 0, 0, 0, 24, 0, 1, 0, 0][..],
        &[0x80, 10, 0, 0, 0, 19, 0, 0, 0, 1],
    ];
    let iccn = message(12, &connected.concat());
    let cdn = message(14, &[&session[..], &[0x80, 8, 0, 0, 0, 1, 0, 3]].concat());
    let stop = message(
        4,
        &[
            &[0x80, 8, 0, 0, 0, 9, 0, 3][..],
            &[0x80, 8, 0, 0, 0, 1, 0, 6],
        ]
        .concat(),
    );
    // Tunnel id in bits 1 and 2, session id in bits 3 and 4.
    let to = |how: u8, avps: &[u8]| [&[how], avps].concat();
    let calls = listed(
        0,
        &[
            &to(1, &start(1)),
            &to(3, &message(3, &[])),
            &to(3, &icrq),
            &to(0b01011, &iccn),
            &to(0b01011, &cdn),
            &to(3, &stop),
        ],
    );
    let header = [
        0xC8,
        2,
        0,
        12 + start(1).len() as u8,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
    ];
    let sccrq = [&header[..], &start(1)].concat();

    let clear = |frame: &[u8]| [&[2], frame].concat();
    let frames = listed(
        0x3C,
        &[
            &clear(&[0xC0, 0x21, 1, 9, 0, 10, 5, 6, 1, 2, 3, 4]),
            &clear(&[0xC2, 0x23, 3, 1, 0, 4]),
            &clear(&[0x80, 0x21, 1, 1, 0, 10, 3, 6, 0, 0, 0, 0]),
            &clear(&[0x80, 0x53, 5, 1, 0, 4]),
            &clear(&[0xC0, 0x21, 8, 1, 0, 6, 0x80, 0x53]),
            &[
                &[0, 0x80, 0x57][..],
                &[1, 1, 0, 14, 1, 10, 1, 2, 3, 4, 5, 6, 7, 8],
            ]
            .concat(),
        ],
    );
    let pap = listed(
        6,
        &[
            &[1, 1, 0, 13, 5, b'a', b'l', b'i', b'c', b'e', 2, b'n', b'o'],
            &[2, 1, 0, 5, 0],
        ],
    );
    let chap = listed(
        4,
        &[
            &[1, 1, 0, 9, 4, 1, 2, 3, 4],
            &[&[2, 1, 0, 26, 16][..], &[7; 16], b"alice"].concat(),
            &[4, 1, 0, 4],
        ],
    );

    let mut solicitation = vec![0x60, 0, 0, 0, 0, 8, 58, 255, 0xFE, 0x80];
    solicitation.extend([0; 13]);
    solicitation.extend([1, 0xFF, 2]);
    solicitation.extend([0; 13]);
    solicitation.extend([2, 133, 0, 0, 0, 0, 0, 0, 0]);
    let mut advertisement = vec![
        64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 3, 4, 64, 0x40, 0, 0, 14, 16, 0, 0, 7, 8, 0, 0, 0, 0,
    ];
    advertisement.extend([0x20, 1, 0x0D, 0xB8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    advertisement.extend([5, 1, 0, 0, 0, 0, 5, 0xDC, 25, 3, 0, 0, 0, 0, 7, 8]);
    advertisement.extend([9; 16]);

    let configuration = r#"
[lns]
name = "a"
[[lns.listen]]
address = "[::]:1701"
path-mtu = 1500
[lns.listen.scrambling]
policy = "require"
rekey-interval = "1h"
[[lns.pool]]
name = "p"
ipv4 = "10.0.0.0/24"
[lns.users]
file = "u"
---
[[user]]
name = "a"
password = "b"
ipv4 = "10.0.0.9"
"#;
    let logs = [include_str!("capture.keylog"), include_str!("live.keylog")];
    let mut seeds = vec![
        calls,
        sccrq.clone(),
        start(1),
        frames,
        pap,
        chap,
        solicitation,
        advertisement,
    ];
    let kick = r#"{"version": 1, "request": {"kick": {"who": {"id": 17}, "reason": "unpaid"}}}"#;
    let texts = [configuration, kick].into_iter().chain(logs);
    seeds.extend(texts.map(|text| text.as_bytes().to_vec()));
    seeds
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        TARGETS.iter().for_each(|(_, target)| target(&bytes));
    }

    #[test]
    fn good_input_disturbed(
        seed in prop::sample::select(seeds()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(), cutting: bool,
    ) {
        let mut bytes = seed;
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cutting {
            bytes.truncate(cut.index(bytes.len()));
        }
        TARGETS.iter().for_each(|(_, target)| target(&bytes));
    }
}
