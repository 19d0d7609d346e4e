//! Makes the vectors that stand in `spec/vectors`.

use super::frames::{Kind, data, kinds};
use super::model::{
    AOrB, AgreementVector, CarrierName, EndName, EndVector, EpochVector, FORMAT, File, HelloName,
    Hex, KeyVector, MessageVector, OptionVector, PacketVector, ScheduleVector,
};
use super::verify::{refusal_name, restore, scramble};
use scramble::agreement::{Coverage, End, EpochKeys, Transform, Transforms};
use scramble::ecp::{self, Code, ResetBody};
use scramble::keys::{ExchangeSecret, KeySchedule, Secret, Secrets};
use scramble::option::{PhsOption, Terms, agree};

/// Every file of vectors with its name.
pub fn files() -> Vec<(&'static str, File)> {
    let schedules = schedules();
    let epochs: Vec<_> = schedules[0].epochs.iter().take(2).map(epoch_keys).collect();
    vec![
        ("negotiation.json", negotiation(schedules)),
        ("decoy.json", packets(Transform::Decoy, &epochs)),
        ("header.json", packets(Transform::Header, &epochs)),
        ("full.json", packets(Transform::Full, &epochs)),
    ]
}

fn file(about: &str) -> File {
    File {
        format: FORMAT.into(),
        about: about.into(),
        ..File::default()
    }
}

fn negotiation(schedules: Vec<ScheduleVector>) -> File {
    File {
        options: options(),
        agreements: agreements(),
        messages: messages(&schedules),
        schedules,
        ..file(
            "Option bodies, what both ends compute from them, key schedules and tagged ECP packets.",
        )
    }
}

fn public(secret: u8) -> [u8; 32] {
    ExchangeSecret::from_bytes([secret; 32]).public_key()
}

fn options() -> Vec<OptionVector> {
    let good = *PhsOption::new(&Terms::default(), false, &public(1)).as_bytes();
    let vector = |name: &str, option: &[u8]| OptionVector {
        name: name.into(),
        option: option.into(),
        valid: PhsOption::parse(option).is_ok(),
    };
    let with = |name: &str, at: usize, byte: u8| {
        let mut option = good;
        option[at] = byte;
        vector(name, &option)
    };
    vec![
        vector("the defaults", &good),
        with("another type", 0, 1),
        with("length 46", 1, 46),
        with("length 48", 1, 48),
        vector("cut short", &good[..46]),
        vector("a byte too many", &[&good[..], &[0]].concat()),
        vector("type and length only", &[0, 2]),
        vector("nothing", &[]),
        with("another OUI", 4, 0x50),
        with("another kind", 5, 2),
        with("version 0", 6, 0),
        with("version 2", 6, 2),
        with("Want 0", 7, 0),
        with("Want 3", 7, 3),
        with("Want 4, reserved", 7, 4),
        with("Want 255, beyond the bitmaps", 7, 255),
        with("WantCoverage 0", 8, 0),
        with("WantCoverage 254", 8, 254),
        with("Accept nothing", 9, 0),
        with("Accept with reserved bits", 9, 0xFF),
        with("MinCoverage 0", 10, 0),
        with("MinCoverage above WantCoverage", 10, 255),
        with("CanSend nothing", 11, 0),
        with("MaxCoverage 0", 12, 0),
        with("Carrier with reserved bits", 13, 0xFF),
        with("Flags with reserved bits", 14, 0xFF),
    ]
}

fn coverage(units: u8) -> Coverage {
    Coverage::new(units).unwrap_or(Coverage::ALL)
}

fn agreements() -> Vec<AgreementVector> {
    let base = Terms::default();
    let decoy_only = Transforms::NONE.with(Transform::Decoy);
    let header_only = Transforms::NONE.with(Transform::Header);
    let pair = |name: &str, a: Terms, b: Terms| {
        let a = PhsOption::new(&a, false, &public(1));
        let b = PhsOption::new(&b, false, &public(2));
        agreement(name, &a, &b)
    };
    let raw = |name: &str, changes: &[(usize, u8)], peer: Terms| {
        let mut bytes = *PhsOption::new(&base, false, &public(1)).as_bytes();
        changes.iter().for_each(|(at, byte)| bytes[*at] = *byte);
        let peer = PhsOption::new(&peer, false, &public(2));
        PhsOption::parse(&bytes)
            .ok()
            .map(|option| agreement(name, &option, &peer))
    };
    let lcp = Terms {
        want_lcp_carrier: true,
        ..base
    };
    let no_lcp = Terms {
        can_send_lcp_carrier: false,
        ..base
    };
    let mut vectors = vec![
        pair("defaults", base, base),
        pair(
            "each wants another",
            Terms {
                want: Transform::Decoy,
                ..base
            },
            Terms {
                want: Transform::Full,
                ..base
            },
        ),
        pair(
            "A wants FULL, B sends up to HEADER",
            Terms {
                want: Transform::Full,
                ..base
            },
            Terms {
                can_send: header_only.with(Transform::Decoy),
                ..base
            },
        ),
        pair(
            "A wants FULL and accepts DECOY only, B sends DECOY",
            Terms {
                want: Transform::Full,
                accept: decoy_only,
                ..base
            },
            Terms {
                can_send: decoy_only,
                ..base
            },
        ),
        pair(
            "nothing in common one way",
            Terms {
                want: Transform::Full,
                accept: Transforms::NONE,
                ..base
            },
            Terms {
                can_send: decoy_only,
                ..base
            },
        ),
        pair(
            "Want is sent though Accept leaves it out",
            Terms {
                accept: Transforms::NONE,
                ..base
            },
            base,
        ),
        pair(
            "coverage limited by the sender",
            Terms {
                want_coverage: coverage(9),
                min_coverage: coverage(1),
                ..base
            },
            Terms {
                max_coverage: coverage(2),
                ..base
            },
        ),
        pair(
            "coverage below the least",
            Terms {
                min_coverage: coverage(3),
                ..base
            },
            Terms {
                max_coverage: coverage(2),
                ..base
            },
        ),
        pair(
            "everything wanted, 254 units sent",
            Terms {
                min_coverage: coverage(1),
                ..base
            },
            Terms {
                max_coverage: coverage(254),
                ..base
            },
        ),
        pair(
            "coverage counts for FULL too",
            Terms {
                want: Transform::Full,
                ..base
            },
            Terms {
                max_coverage: coverage(2),
                ..base
            },
        ),
        pair("A wants carrier LCP", lcp, base),
        pair("both want carrier LCP", lcp, lcp),
        pair("B cannot send under carrier LCP", lcp, no_lcp),
    ];
    let secret = PhsOption::new(&base, true, &public(1));
    let none = PhsOption::new(&base, false, &public(2));
    vectors.push(agreement("secret flags differ", &secret, &none));
    vectors.push(agreement(
        "both mix in a secret",
        &secret,
        &PhsOption::new(&base, true, &public(2)),
    ));
    vectors.extend(raw(
        "a Want that is reserved falls to Accept",
        &[(7, 8), (9, 0b101)],
        base,
    ));
    vectors.extend(raw(
        "reserved bits in Accept and CanSend",
        &[(9, 0xF8), (11, 0xF8)],
        base,
    ));
    vectors
}

fn agreement(name: &str, a: &PhsOption, b: &PhsOption) -> AgreementVector {
    let agreed = agree(a, b).ok();
    AgreementVector {
        name: name.into(),
        a: a.as_bytes().into(),
        b: b.as_bytes().into(),
        a_to_b: agreed.map(|agreed| agreed.send.into()),
        b_to_a: agreed.map(|agreed| agreed.receive.into()),
    }
}

fn schedules() -> Vec<ScheduleVector> {
    vec![
        schedule("no secret", [1, 2], &[], &[]),
        schedule("the ends exchanged", [2, 1], &[], &[]),
        schedule("a configured secret", [3, 4], b"0123456789abcdef", &[]),
        schedule("an MSK", [5, 6], &[], &data(64)),
        schedule(
            "a configured secret and an MSK",
            [7, 8],
            &data(32),
            &data(64),
        ),
    ]
}

fn schedule(name: &str, ends: [u8; 2], configured: &[u8], msk: &[u8]) -> ScheduleVector {
    let secret = |bytes: &[u8]| (!bytes.is_empty()).then(|| Secret::generated(bytes.to_vec()));
    let secrets = Secrets {
        configured: secret(configured),
        msk: secret(msk),
    };
    let exchange = ends.map(|byte| ExchangeSecret::from_bytes([byte; 32]));
    let option = |end: &ExchangeSecret| {
        PhsOption::new(&Terms::default(), !secrets.is_empty(), &end.public_key())
    };
    let [a, b] = exchange.each_ref().map(option);
    let a_is_lower = a.end(&b) == Some(End::Lower);
    let end = |byte: u8, own: &ExchangeSecret, option: &PhsOption| EndVector {
        secret: [byte; 32].into(),
        public: own.public_key().into(),
        option: option.as_bytes().into(),
    };
    let [first, second] = ends;
    let (lower, higher) = if a_is_lower {
        (first, second)
    } else {
        (second, first)
    };
    let mut epochs = Vec::new();
    let mut current: Option<KeySchedule> = None;
    for step in 0..3u8 {
        let secrets_now = [lower + 16 * step, higher + 16 * step].map(|byte| [byte; 32]);
        let [low, high] = secrets_now.map(ExchangeSecret::from_bytes);
        let Ok(shared) = low.shared(&high.public_key()) else {
            break;
        };
        let next = match current {
            None => KeySchedule::agree(&exchange[0], &a, &b, &secrets).ok(),
            Some(before) => before.next(&shared),
        };
        let Some(epoch) = next else { break };
        let keys = epoch.epoch_keys();
        epochs.push(EpochVector {
            epoch: epoch.epoch(),
            secret_lower: secrets_now[0].into(),
            secret_higher: secrets_now[1].into(),
            shared: shared.as_bytes().into(),
            prk: epoch.prk().into(),
            data_lower: keys.data_lower.into(),
            data_higher: keys.data_higher.into(),
            confirm_lower: epoch.confirm_key(End::Lower).into(),
            confirm_higher: epoch.confirm_key(End::Higher).into(),
            prp: keys.prp.into(),
        });
        current = Some(epoch);
    }
    ScheduleVector {
        name: name.into(),
        a: end(first, &exchange[0], &a),
        b: end(second, &exchange[1], &b),
        lower: if a_is_lower { AOrB::A } else { AOrB::B },
        configured: configured.into(),
        msk: msk.into(),
        epochs,
    }
}

fn epoch_keys(epoch: &EpochVector) -> EpochKeys {
    let array = |hex: &Hex| hex.array().unwrap_or_default();
    EpochKeys {
        epoch: epoch.epoch,
        data_lower: array(&epoch.data_lower),
        data_higher: array(&epoch.data_higher),
        prp: epoch.prp.array().unwrap_or_default(),
    }
}

/// Recomputes the epochs of the first schedule to seal messages with.
fn sealers(schedules: &[ScheduleVector]) -> Vec<KeySchedule> {
    let mut sealers: Vec<KeySchedule> = Vec::new();
    let Some(first) = schedules.first() else {
        return sealers;
    };
    for epoch in &first.epochs {
        let [low, high] = [&epoch.secret_lower, &epoch.secret_higher]
            .map(|secret| ExchangeSecret::from_bytes(secret.array().unwrap_or_default()));
        let Ok(shared) = low.shared(&high.public_key()) else {
            break;
        };
        let next = match sealers.last() {
            Some(before) => before.next(&shared),
            None => match (
                PhsOption::parse(&first.a.option.0),
                PhsOption::parse(&first.b.option.0),
            ) {
                (Ok(a), Ok(b)) if first.lower == AOrB::A => {
                    Some(KeySchedule::derive(&shared, &Secrets::default(), &a, &b))
                }
                (Ok(a), Ok(b)) => Some(KeySchedule::derive(&shared, &Secrets::default(), &b, &a)),
                _ => None,
            },
        };
        sealers.extend(next);
    }
    sealers
}

fn messages(schedules: &[ScheduleVector]) -> Vec<MessageVector> {
    let sealers = sealers(schedules);
    let [zero, one, ..] = sealers.as_slice() else {
        return Vec::new();
    };
    let [low, high] = [17, 18].map(public);
    let (request, ack) = (Code::ResetRequest, Code::ResetAck);
    let rekey = |public_key| ResetBody::Rekey {
        epoch: 1,
        public_key,
    };
    let switched = ResetBody::Switched { epoch: 1 };
    let all = [
        (
            "CONFIRM request of L",
            request,
            1,
            ResetBody::Confirm,
            End::Lower,
            zero,
        ),
        (
            "CONFIRM acknowledgement of H",
            ack,
            1,
            ResetBody::Confirm,
            End::Higher,
            zero,
        ),
        (
            "CONFIRM request of H",
            request,
            200,
            ResetBody::Confirm,
            End::Higher,
            zero,
        ),
        (
            "CONFIRM acknowledgement of L",
            ack,
            200,
            ResetBody::Confirm,
            End::Lower,
            zero,
        ),
        ("ASK of H", request, 201, ResetBody::Ask, End::Higher, zero),
        (
            "ASK acknowledgement of L",
            ack,
            201,
            ResetBody::Ask,
            End::Lower,
            zero,
        ),
        ("REKEY of L", request, 2, rekey(low), End::Lower, zero),
        (
            "REKEY acknowledgement of H",
            ack,
            2,
            rekey(high),
            End::Higher,
            one,
        ),
        ("SWITCHED of L", request, 3, switched, End::Lower, one),
        (
            "SWITCHED acknowledgement of H",
            ack,
            3,
            switched,
            End::Higher,
            one,
        ),
    ];
    let mut vectors = Vec::new();
    for (name, code, identifier, body, sender, keys) in all {
        let packet = ecp::reset(code, identifier, body, |message| keys.tag(sender, message));
        let vector = |what: &str, sender: End, packet: Vec<u8>, valid| MessageVector {
            name: format!("{name}{what}"),
            schedule: schedules[0].name.clone(),
            sender: EndName::from(sender),
            tag_epoch: keys.epoch(),
            packet: packet.into(),
            valid,
        };
        let flipped = |at: usize| {
            let mut packet = packet.clone();
            packet[at] ^= 1;
            packet
        };
        vectors.push(vector("", sender, packet.clone(), true));
        let sealed = |data: &[u8]| {
            let mut message = ecp::packet(code, identifier, &[data, &[0; 16]].concat());
            let end = message.len() - 16;
            let tag = keys.tag(sender, &message[..end]);
            message[end..].copy_from_slice(&tag);
            message
        };
        let body = &packet[4..packet.len() - 16];
        let longer = sealed(&[body, &[0]].concat());
        vectors.push(vector(", a byte too long", sender, longer, false));
        let unknown = sealed(&[&[5], &body[1..]].concat());
        vectors.push(vector(", of an unknown kind", sender, unknown, false));
        vectors.push(vector(", reflected", sender.peer(), packet.clone(), false));
        vectors.push(vector(", code exchanged", sender, flipped(0), false));
        vectors.push(vector(", another identifier", sender, flipped(1), false));
        vectors.push(vector(
            ", last byte changed",
            sender,
            flipped(packet.len() - 1),
            false,
        ));
    }
    vectors
}

/// What a vector is sent with besides its transform: coverage, epoch, end and carrier.
type Setting = (u8, usize, EndName, CarrierName);

const COVERAGES: [u8; 4] = [1, 2, 9, 255];
const SETTINGS: usize = 32;

/// Setting `i` of the 32 there are.
fn setting(i: usize) -> Setting {
    let end = if (i / 4).is_multiple_of(2) {
        EndName::Lower
    } else {
        EndName::Higher
    };
    let carrier = if i / 16 % 2 == 1 {
        CarrierName::Lcp
    } else {
        CarrierName::Natural
    };
    (COVERAGES[i % 4], i / 8 % 2, end, carrier)
}

/// Frames that are sent in every setting there is; the others in one or two, in turn.
const IN_EVERY_SETTING: [&str; 10] = [
    "UDP with 33 bytes of data",
    "UDP with 1000 bytes of data",
    "IPv6 TCP with 701 bytes of data",
    "IPv4 ICMP with 131 bytes",
    "IPCP with 63 bytes",
    "LCP of code 0x4f",
    "LCP of code 0x5f",
    "LCP of code 0x60",
    "LCP of code 0x70",
    "LCP of code 0x80",
];

/// The names of the key sets of epoch 0 and 1.
const EPOCHS: [&str; 2] = ["epoch 0", "epoch 1"];

fn packets(transform: Transform, epochs: &[EpochKeys]) -> File {
    let mut packets = Vec::new();
    let mut turn = 0;
    for Kind { name, frame } in kinds() {
        let decoy = transform == Transform::Decoy;
        let hellos: &[_] = match decoy && name.contains("ClientHello") {
            true => &[HelloName::Move, HelloName::Opaque],
            false => &[HelloName::Move],
        };
        let rounds = match IN_EVERY_SETTING.contains(&name.as_str()) {
            true => SETTINGS,
            false => 1 + usize::from(decoy),
        };
        for (hello, _) in hellos
            .iter()
            .flat_map(|hello| (0..rounds).map(move |i| (hello, i)))
        {
            // 5 has no factor in common with 32, so that neighbours differ in everything.
            turn += 5;
            let vector = sent(&name, transform, setting(turn % SETTINGS), *hello, &frame);
            packets.push(complete(vector, &epochs[setting(turn % SETTINGS).1]));
        }
    }
    for name in ["UDP with 33 bytes of data", "IPCP with 63 bytes"] {
        for sequence in [(1 << 29) - 1, 1 << 29] {
            for kind in kinds().into_iter().filter(|kind| kind.name == name) {
                let name = format!("{name}, next sequence number {sequence:#x}");
                let mut vector = sent(&name, transform, setting(3), HelloName::Move, &kind.frame);
                vector.sequence = sequence;
                packets.push(complete(vector, &epochs[0]));
            }
        }
    }
    packets.extend(arrivals(transform, epochs));
    let keys = EPOCHS
        .iter()
        .zip(epochs)
        .map(|(name, keys)| KeyVector::from((*name, keys)));
    File {
        keys: keys.collect(),
        packets,
        ..file("PPP frames as they are sent and as they are on the wire.")
    }
}

fn sent(
    name: &str,
    transform: Transform,
    (coverage, epoch, sender, carrier): Setting,
    hello: HelloName,
    plain: &[u8],
) -> PacketVector {
    PacketVector {
        name: name.into(),
        keys: EPOCHS[epoch].into(),
        sender,
        transform: transform.into(),
        coverage,
        carrier,
        sequence: (plain.len() as u32 + u32::from(coverage)) * 77_777 % (1 << 29),
        hello,
        plain: Some(plain.into()),
        wire: None,
        restored: None,
        refused: None,
    }
}

/// Frames that arrive though no sender sent them so.
fn arrivals(transform: Transform, epochs: &[EpochKeys]) -> Vec<PacketVector> {
    let udp: Vec<_> = kinds()
        .into_iter()
        .filter(|kind| kind.name == "UDP with 33 bytes of data")
        .collect();
    let hello: Vec<_> = kinds()
        .into_iter()
        .filter(|kind| kind.name.contains("IPv4 ClientHello"))
        .collect();
    let mut vectors = Vec::new();
    for carrier in [CarrierName::Natural, CarrierName::Lcp] {
        let mut arrive = |name: &str, wire: &[u8]| {
            let setting = (255, 0, EndName::Lower, carrier);
            let mut vector = sent(name, transform, setting, HelloName::Move, &[]);
            vector.plain = None;
            vector.sequence = 0;
            match restore(&vector, &epochs[0], wire) {
                Ok(restored) => vector.restored = Some(restored.into()),
                Err(refused) => vector.refused = Some(refusal_name(refused).into()),
            }
            vector.wire = Some(wire.into());
            vectors.push(vector);
        };
        let outer: [u8; 2] = match carrier {
            CarrierName::Natural => [0x00, 0x53],
            CarrierName::Lcp => [0xC0, 0x21],
        };
        let framed = |rest: &[u8]| [&outer[..], rest].concat();
        arrive("nothing after the protocol field", &framed(&[]));
        arrive("a word and nothing else", &framed(&[0x80, 0, 0, 0]));
        arrive("a word and one byte", &framed(&[0x80, 0, 0, 0, 1]));
        arrive("a word and a protocol", &framed(&[0x80, 0, 0, 0, 1, 2]));
        arrive(
            "a word and 17 bytes",
            &framed(&[&[0x80, 0, 0, 0][..], &data(17)].concat()),
        );
        arrive(
            "a word and 18 bytes",
            &framed(&[&[0x80, 0, 0, 0][..], &data(18)].concat()),
        );
        for word in [0x00, 0x3F, 0x40, 0x7F, 0xC0, 0xFF] {
            let rest = [&[word, 0, 0, 0][..], &data(40)].concat();
            arrive(
                &format!("a word that starts with {word:#04x}"),
                &framed(&rest),
            );
        }
        arrive(
            "the other parity",
            &framed(&[&[0xA0, 0, 0, 0][..], &data(40)].concat()),
        );
        arrive("IPCP in clear", &[0x80, 0x21, 1, 1, 0, 4]);
        arrive("an LCP echo request", &[0xC0, 0x21, 9, 1, 0, 8, 1, 2, 3, 4]);
        arrive(
            "a compressed outer protocol",
            &[&[0x53, 0x80, 0, 0, 0][..], &data(40)].concat(),
        );
        for kind in udp.iter().chain(&hello) {
            let mut wire = kind.frame.clone();
            wire[2..4].copy_from_slice(match (carrier, transform) {
                (CarrierName::Lcp, Transform::Decoy) => &[0xC0, 0x21],
                _ => &[0x00, 0x21],
            });
            arrive(&format!("{} that nobody scrambled", kind.name), &wire);
        }
        for kind in &udp {
            let other = (255, 1, EndName::Lower, carrier);
            let vector = sent("", transform, other, HelloName::Move, &kind.frame);
            if let Ok(wire) = scramble(&vector, &epochs[1], &kind.frame) {
                arrive(&format!("{} of the other epoch", kind.name), &wire);
            }
        }
        // HEADER is malleable: a known protocol turned into one that must not come from inside.
        let ipcp = sent(
            "",
            transform,
            (255, 0, EndName::Lower, carrier),
            HelloName::Move,
            &[0x80, 0x21, 1, 1, 0, 4],
        );
        if let Ok(mut wire) = scramble(&ipcp, &epochs[0], &[0x80, 0x21, 1, 1, 0, 4]) {
            let header = (wire[6], wire[7]);
            wire[6] ^= 0x80 ^ 0xC0;
            arrive("IPCP turned into LCP on the way", &wire);
            (wire[6], wire[7]) = (header.0 ^ 0x80 ^ 0xFF, header.1 ^ 0x21 ^ 0x03);
            arrive("IPCP turned into FF 03 on the way", &wire);
            (wire[6], wire[7]) = (header.0 ^ 0x80 ^ 0x21, header.1 ^ 0x21 ^ 0x45);
            arrive("IPCP turned into 0x2145 on the way", &wire);
        }
    }
    vectors
}

/// Fills in what becomes of the vector's plain frame.
pub fn complete(mut vector: PacketVector, keys: &EpochKeys) -> PacketVector {
    let plain = vector.plain.clone().unwrap_or_default();
    match scramble(&vector, keys, &plain.0) {
        Ok(wire) => {
            match restore(&vector, keys, &wire) {
                Ok(restored) if restored == plain.0 => {}
                Ok(restored) => vector.restored = Some(restored.into()),
                Err(refused) => vector.refused = Some(refusal_name(refused).into()),
            }
            vector.wire = Some(wire.into());
        }
        Err(refused) => vector.refused = Some(refusal_name(refused).into()),
    }
    vector
}
