//! Captures made of frames made of parts.

use scramble::sample::{Address, Checksum, Ip, PppForm, client_hello, frame};

/// A captured frame, and how long it was on the line.
#[derive(Clone)]
pub struct Shot {
    pub bytes: Vec<u8>,
    pub original: usize,
}

impl From<Vec<u8>> for Shot {
    fn from(bytes: Vec<u8>) -> Self {
        let original = bytes.len();
        Self { bytes, original }
    }
}

/// A classic pcap file, little-endian or big-endian, a frame each 1.5 ms.
pub fn pcap(link: u32, big_endian: bool, frames: &[Shot]) -> Vec<u8> {
    let w = |v: usize| match big_endian {
        true => (v as u32).to_be_bytes(),
        false => (v as u32).to_le_bytes(),
    };
    let version = match big_endian {
        true => [0, 2, 0, 4],
        false => [2, 0, 4, 0],
    };
    let mut file = [
        w(0xA1B2_C3D4),
        version,
        w(0),
        w(0),
        w(65535),
        w(link as usize),
    ]
    .concat();
    for (i, shot) in frames.iter().enumerate() {
        let time = [w(1_700_000_000 + i / 600), w(i % 600 * 1500)];
        let lengths = [w(shot.bytes.len()), w(shot.original)];
        file.extend([time.concat(), lengths.concat(), shot.bytes.clone()].concat());
    }
    file
}

/// A pcapng file: two interfaces, comments, a block that nobody knows, and where `dirty`, padding
/// that is not zero.
pub fn pcapng(link: u16, dirty: bool, frames: &[Shot]) -> Vec<u8> {
    let fill = if dirty { 0x5A } else { 0 };
    let block = |kind: u32, body: Vec<u8>| {
        let mut body = body;
        body.resize(body.len().next_multiple_of(4), 0);
        let total = (body.len() as u32 + 12).to_le_bytes();
        [&kind.to_le_bytes()[..], &total, &body, &total].concat()
    };
    let section = [
        &0x1A2B_3C4D_u32.to_le_bytes()[..],
        &[1, 0, 0, 0],
        &[0xFF; 8],
    ]
    .concat();
    let interface = [&link.to_le_bytes()[..], &[0; 6]].concat();
    let mut file = block(0x0A0D_0D0A, section);
    file.extend(block(1, interface.clone()));
    file.extend(block(0x0BAD_CAFE, b"anything at all".to_vec()));
    file.extend(block(1, interface));
    for (i, shot) in frames.iter().enumerate() {
        let mut body = Vec::new();
        let micros = 1_700_000_000_000_000 + i as u64 * 1500;
        let lengths = [shot.bytes.len() as u32, shot.original as u32];
        for word in [i as u32 % 2, (micros >> 32) as u32, micros as u32]
            .iter()
            .chain(&lengths)
        {
            body.extend(word.to_le_bytes());
        }
        body.extend(&shot.bytes);
        body.resize(body.len().next_multiple_of(4), fill);
        body.extend([1, 0, 2, 0, b'h', b'i', 0, 0, 0, 0, 0, 0]);
        file.extend(block(6, body));
    }
    file
}

/// An Ethernet frame; `side` is 0 for the subscriber's side, 1 for the ISP's.
pub fn ethernet(vlans: &[u16], side: u8, ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = [[2, 0, 0, 0, 0, 1 - side], [2, 0, 0, 0, 0, side]].concat();
    for vlan in vlans {
        out.extend([0x81, 0]);
        out.extend(vlan.to_be_bytes());
    }
    out.extend(ethertype.to_be_bytes());
    out.extend(payload);
    out
}

/// Which optional parts an L2TP data message has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flags {
    pub length: bool,
    pub sequence: bool,
    pub offset: bool,
    pub priority: bool,
}

impl Flags {
    pub fn of(bits: u8) -> Self {
        Self {
            length: bits & 1 != 0,
            sequence: bits & 2 != 0,
            offset: bits & 4 != 0,
            priority: bits & 8 != 0,
        }
    }
}

/// An L2TP data message.
pub fn l2tp(flags: Flags, (tunnel, session): (u16, u16), ppp: &[u8]) -> Vec<u8> {
    let flag = |on: bool, bit: u16| if on { bit } else { 0 };
    let word = 2
        | flag(flags.length, 0x4000)
        | flag(flags.sequence, 0x0800)
        | flag(flags.offset, 0x0200)
        | flag(flags.priority, 0x0100);
    let mut tail = [tunnel.to_be_bytes(), session.to_be_bytes()].concat();
    if flags.sequence {
        tail.extend([0, 1, 0, 0]);
    }
    if flags.offset {
        tail.extend([0, 3, 9, 9, 9]);
    }
    tail.extend(ppp);
    let mut out = word.to_be_bytes().to_vec();
    if flags.length {
        out.extend((4 + tail.len() as u16).to_be_bytes());
    }
    out.extend(tail);
    out
}

/// A control message of type `kind` with one 16-bit AVP.
pub fn control(kind: u16, (tunnel, session): (u16, u16), attribute: u16, value: u16) -> Vec<u8> {
    let header = [0xC802, 28, tunnel, session, 0, 0];
    let avps = [0x8008, 0, 0, kind, 0x8008, 0, attribute, value];
    let words = header.iter().chain(&avps);
    words.flat_map(|word: &u16| word.to_be_bytes()).collect()
}

/// The outer packet of an L2TP message; `side` as for [`ethernet`].
pub fn outer(v6: bool, side: u8, checksums: (Checksum, Checksum), message: &[u8]) -> Vec<u8> {
    let node = |side: u8| match v6 {
        true => Address::V6([0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, side]),
        false => Address::V4([192, 0, 2, 1 + side]),
    };
    let mut ip = Ip::new(node(side), node(1 - side), 17);
    ip.checksum = checksums.0;
    ip.udp((1701, 1701), checksums.1, message)
}

/// An L2TP frame in Ethernet with everything right.
pub fn l2tp_frame(side: u8, message: &[u8]) -> Vec<u8> {
    let right = (Checksum::Right, Checksum::Right);
    ethernet(&[], side, 0x0800, &outer(false, side, right, message))
}

/// A PPPoE frame.
pub fn pppoe(vlans: &[u16], side: u8, session: u16, ppp: &[u8]) -> Vec<u8> {
    let [s0, s1] = session.to_be_bytes();
    let [l0, l1] = (ppp.len() as u16).to_be_bytes();
    let packet = [&[0x11, 0, s0, s1, l0, l1], ppp].concat();
    ethernet(vlans, side, 0x8864, &packet)
}

/// What nothing scrambled may show.
pub const MARK: &[u8] = b"what nobody else should read";

/// A few PPP packets of any kind, as protocol and information field.
pub fn packets(side: u8) -> Vec<(u16, Vec<u8>)> {
    let (near, far) = ([100, 64, 0, 1], [203, 0, 113, 9]);
    let (source, destination) = match side {
        0 => (Address::V4(near), Address::V4(far)),
        _ => (Address::V4(far), Address::V4(near)),
    };
    let v4 = |protocol| Ip::new(source, destination, protocol);
    let both = [Address::V6([0x20; 16]), Address::V6([0x2A; 16])];
    let (near, far) = (usize::from(side), usize::from(1 - side));
    let v6 = Ip::new(both[near], both[far], 17);
    let hello = client_hello(32, 2, b"www.example.com");
    let long = [MARK, &[7; 700]].concat();
    let mut impossible = v4(17);
    impossible.fragment = 0x8000;
    vec![
        (0x21, v4(17).udp((40000, 53), Checksum::Right, MARK)),
        (0x21, v4(17).udp((40000, 53), Checksum::Value(0), MARK)),
        (0x21, v4(17).udp((40000, 53), Checksum::Value(7), &long)),
        (
            0x21,
            v4(6).tcp((40001, 443), 1, (5, &[]), Checksum::Right, &hello),
        ),
        (
            0x21,
            v4(6).tcp((40001, 80), 1, (8, &[1; 12]), Checksum::Right, &long),
        ),
        (0x21, v4(1).packet(MARK)),
        (0x21, impossible.udp((40000, 53), Checksum::Right, MARK)),
        (0x57, v6.udp((40002, 53), Checksum::Right, &long)),
        (0x21, b"\x45".to_vec()),
        (0x8021, [&[1, 1, 0, 4][..], MARK].concat()),
        (0x00FD, MARK.to_vec()),
        (0x0053, MARK.to_vec()),
    ]
}

/// The same as PPP frames in every form.
pub fn ppp_frames(side: u8) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for (i, (protocol, info)) in packets(side).into_iter().enumerate() {
        for form in 0..4 {
            let form = PppForm {
                address_control: form & 1 != 0,
                compressed: form & 2 != 0,
            };
            // Some of them with PPP padding.
            let padding = vec![0xA0; [0, 1, 40][(i + usize::from(form.compressed)) % 3]];
            frames.push(frame(form, protocol, &[info.clone(), padding].concat()));
        }
    }
    frames
}

/// Ethernet frames of several sessions, with all that a carrier may put around PPP, and what is
/// no PPP data. `hostile` adds what cannot be scrambled, or looks scrambled in clear.
pub fn mixture(hostile: bool) -> Vec<Shot> {
    let mut shots: Vec<Shot> = vec![
        ethernet(&[], 0, 0x0806, &[0; 46]).into(),
        ethernet(&[], 0, 0x8863, &[0x11, 0x09, 0, 0, 0, 0]).into(),
        l2tp_frame(0, &control(10, (70, 0), 14, 5)).into(),
        l2tp_frame(1, &control(11, (80, 5), 14, 6)).into(),
        l2tp_frame(
            0,
            &l2tp(Flags::of(0), (7, 7), &[0xFF, 3, 0xC0, 0x21, 1, 1, 0, 4]),
        )
        .into(),
        pppoe(&[], 1, 9, &[0xC2, 0x23, 1, 1, 0, 4]).into(),
    ];
    let checksums = [
        (Checksum::Right, Checksum::Right),
        (Checksum::Right, Checksum::Value(0)),
        (Checksum::Value(0xFFFF), Checksum::Value(0xFFFF)),
        (Checksum::Value(0), Checksum::Value(1)),
    ];
    for side in [0, 1] {
        for (i, ppp) in ppp_frames(side).into_iter().enumerate() {
            let (sum, flags) = (checksums[i / 3 % 4], Flags::of(i as u8));
            let message = l2tp(flags, (7, 7), &ppp);
            let vlans = &[100, 7][..i % 3];
            let mut trailed = ethernet(&[], side, 0x0800, &outer(false, side, sum, &message));
            trailed.resize(trailed.len() + i % 5, 0xEE);
            shots.push(trailed.into());
            // The same ids in a VLAN or over IPv6 are another session.
            let v6 = outer(true, side, sum, &message);
            shots.push(ethernet(&[vlans, &[9]].concat()[..1], side, 0x86DD, &v6).into());
            // Ids that only the control messages tie together.
            let ids = [(70, 6), (80, 5)][usize::from(side)];
            shots.push(l2tp_frame(side, &l2tp(flags, ids, &ppp)).into());
            let mut padded = pppoe(vlans, side, 9, &ppp);
            padded.resize(padded.len().max(60), 0);
            shots.push(padded.into());
        }
    }
    if hostile {
        shots.extend(hostility());
    }
    shots
}

/// Frames that stay in clear, and how many.
pub fn hostility() -> Vec<Shot> {
    let clear = |ppp: &[u8]| l2tp_frame(0, &l2tp(Flags::of(0), (7, 7), ppp));
    // LCP codes that carrier LCP gives to framed packets and decoys.
    let lcp = |first: u8| [&[0xFF, 3, 0xC0, 0x21, first, 0, 0, 40][..], &[0x20; 60]].concat();
    let mut fragment = clear(&lcp(1));
    fragment[14 + 6] = 0x20;
    let whole = clear(&ppp_frames(0)[0]);
    let cut = Shot {
        original: whole.len() + 1,
        bytes: whole.clone(),
    };
    let mut short = whole.clone();
    short.truncate(60);
    let mut foreign = whole;
    foreign[14 + 20 + 8 + 1] = 3;
    let no_ppp = l2tp_frame(0, &l2tp(Flags::of(0), (7, 7), &[0xFF, 3]));
    let mut shots: Vec<Shot> = vec![
        clear(&lcp(0x80)).into(),
        clear(&lcp(0x45)).into(),
        clear(&lcp(0x60)).into(),
        fragment.into(),
        cut,
        Shot {
            original: 100,
            bytes: short.clone(),
        },
        short.into(),
        foreign.into(),
        no_ppp.into(),
        Vec::new().into(),
        // As long as a length field can say, under the protocol that framing has.
        clear(&[&[0, 0x53, 0x80, 0, 0, 0][..], &[1; 65535 - 20 - 8 - 6 - 6]].concat()).into(),
    ];
    // Length on the line smaller than what was captured.
    shots.push(Shot {
        original: 3,
        bytes: clear(&ppp_frames(0)[6]),
    });
    shots
}
