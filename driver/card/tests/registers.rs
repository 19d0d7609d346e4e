//! The register map holds together, and its rendering is up to date.

use fogline_card::registers::*;

#[test]
fn markdown_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../hdl/registers.md");
    if std::env::var_os("FOGLINE_BLESS").is_some() {
        std::fs::write(path, markdown()).expect("hdl is writable");
    }
    let file = std::fs::read_to_string(path).expect("it is checked in");
    assert!(file == markdown(), "run this test with FOGLINE_BLESS=1");
}

#[test]
fn nothing_overlaps() {
    let mut end = 0;
    for register in map() {
        assert!(
            register.offset >= end && register.offset.is_multiple_of(4),
            "{}",
            register.name
        );
        end = register.offset + 4 * register.words;
        let mut taken = 0u64;
        for field in register.fields {
            let mask = ((1u64 << field.bits) - 1) << field.low;
            assert!(
                taken & mask == 0 && mask < 1 << 32,
                "{} {}",
                register.name,
                field.name
            );
            taken |= mask;
        }
        if let Reset::Value(value) = register.reset {
            assert_eq!(u64::from(value) & !taken, 0, "{}", register.name);
        }
    }
    let last = Drop::NotPpp.offset(Direction::Host);
    assert_eq!(last + 8, end);
    assert_eq!(
        Drop::Errored.offset(Direction::Line),
        Counter::Exceptions.offset(Direction::Line) + 8
    );
}

#[test]
fn records_come_back() {
    let mut peer = [0; 16];
    peer.iter_mut()
        .enumerate()
        .for_each(|(i, byte)| *byte = i as u8 + 1);
    let entry = Entry {
        kind: Kind::L2tpIpv6,
        peer,
        tunnel: 0xABCD,
        id: 0x1234,
        session: 0xFEDC,
    };
    let words = Entry::words(Some(&entry));
    assert_eq!(
        words,
        [
            0xFEDC_0007,
            0xABCD_1234,
            0x0403_0201,
            0x0807_0605,
            0x0C0B_0A09,
            0x100F_0E0D
        ]
    );
    assert_eq!(Entry::from_words(&words), Ok(Some(entry)));
    assert_eq!(Entry::from_words(&[1, 0, 0, 0, 0, 0]), Err(Invalid::Kind));
    let side = |transform, coverage, lcp| Side {
        transform,
        coverage,
        lcp,
    };
    let descriptor = Descriptor {
        host_marks: true,
        higher: false,
        tx: side(Transform::Decoy, 255, false),
        rx: side(Transform::Header, 2, true),
        even: Some(0x1_FFFF),
        odd: None,
        epoch: 0x8001,
        queue: 77,
    };
    let words = Descriptor::words(Some(&descriptor)).expect("it fits");
    assert_eq!(words, [0x94B, 0x8001_02FF, 0x1_FFFF, 0, 77, 0]);
    assert_eq!(Descriptor::from_words(&words), Ok(Some(descriptor)));
    assert_eq!(
        Descriptor::words(Some(&Descriptor {
            odd: Some(0x2_0000),
            ..descriptor
        })),
        Err(Invalid::Index)
    );
    let count = Count {
        epoch: 3,
        sequence: 1 << 29,
        packets: 1 << 40,
        bytes: u64::MAX,
    };
    assert_eq!(Count::from_words(&count.words().expect("it fits")), count);
    assert_eq!(
        Count {
            sequence: (1 << 29) + 1,
            ..count
        }
        .words(),
        Err(Invalid::Sequence)
    );
    let keys = Keys {
        tx: [1; 32],
        rx: [2; 32],
        prp: [3; 16],
    };
    assert_eq!(keys.words()[7..9], [0x0101_0101, 0x0202_0202]);
    assert_eq!(Command::WriteKey(0x2_0000).word(), Err(Invalid::Index));
    assert_eq!(
        Command::ReadCount(Direction::Host, 5).word(),
        Ok(0x8800_0005)
    );
}

#[test]
fn geometry_comes_back() {
    let geometry = Geometry {
        table: 17,
        sessions: 16,
        key_slots: 17,
        bus_bytes: 64,
        clock_khz: 250_000,
    };
    assert_eq!(
        Geometry::from_words(geometry.word(), geometry.clock_khz),
        geometry
    );
    assert_eq!(geometry.heartbeat_limit(), 1_220_703);
}

#[test]
fn toeplitz_is_linear() {
    let seed = [
        0x1357_9BDF,
        0x0246_8ACE,
        0xDEAD_BEEF,
        0xC0FF_EE11,
        0x1234_5678,
        0x9ABC_DEF0,
    ];
    let (a, b) = ([0x5A; 16], [0xC3; 16]);
    let both = a.map(|x| x ^ 0xC3);
    let hash = |kind, peer, ids| toeplitz(kind, peer, ids, &seed);
    let sum = hash(Kind::Pppoe, &a, 0x1111) ^ hash(Kind::L2tpIpv4, &b, 0x7000_0000);
    assert_eq!(sum, hash(Kind::L2tpIpv6, &both, 0x7000_1111));
    assert_eq!(
        toeplitz(Kind::Pppoe, &[0; 16], 0, &seed),
        seed[0] & 0x1_FFFF
    );
}
