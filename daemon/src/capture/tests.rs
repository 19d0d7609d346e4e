use super::*;
use proptest::prelude::*;

fn items(file: &[u8]) -> (Vec<Item>, Option<Error>) {
    let mut items = Vec::new();
    let mut reader = match Reader::new(file) {
        Ok(reader) => reader,
        Err(error) => return (items, Some(error)),
    };
    loop {
        match reader.next_item() {
            Ok(Some(item)) => items.push(item),
            Ok(None) => return (items, None),
            Err(error) => return (items, Some(error)),
        }
    }
}

fn frames(file: &[u8]) -> Vec<Record> {
    let frames: Result<Vec<_>, _> = Reader::new(file).unwrap().frames().collect();
    frames.unwrap()
}

fn bytes(items: &[Item]) -> Vec<u8> {
    let mut writer = Writer::copy(Vec::new());
    for item in items {
        writer.write(item).unwrap();
    }
    writer.finish().unwrap()
}

/// Every frame grows by `n` bytes and shrinks again: the file must be as it was.
fn grow_and_shrink(file: &[u8], n: usize) {
    let (mut items, error) = items(file);
    assert!(error.is_none());
    for item in &mut items {
        let Item::Frame(record) = item else { continue };
        let grown = [vec![0xee; n], record.frame().to_vec()].concat();
        record.replace(&grown).unwrap();
    }
    let (mut items, error) = self::items(&bytes(&items));
    assert!(error.is_none());
    for item in &mut items {
        let Item::Frame(record) = item else { continue };
        assert_eq!(&record.frame()[..n], vec![0xee; n]);
        let shrunk = record.frame()[n..].to_vec();
        record.replace(&shrunk).unwrap();
    }
    assert_eq!(bytes(&items), file);
}

fn pcap(order: Order, magic: u32) -> Vec<u8> {
    let w = |v: u32| match order {
        Order::Little => v.to_le_bytes(),
        Order::Big => v.to_be_bytes(),
    };
    let version = match order {
        Order::Little => [2, 0, 4, 0],
        Order::Big => [0, 2, 0, 4],
    };
    let header = [w(magic), version, w(0), w(0), w(65535), w(1)].concat();
    let whole = [w(1_700_000_000), w(5), w(3), w(3)].concat();
    let cut = [w(1_700_000_001), w(6), w(2), w(60)].concat();
    [header, whole, b"abc".to_vec(), cut, b"de".to_vec()].concat()
}

/// A section with a µs interface, one of 2^-10 s, unknown blocks, options, and frames of
/// each kind of block.
fn pcapng(order: Order) -> Vec<u8> {
    let w = |v: u32| match order {
        Order::Little => v.to_le_bytes().to_vec(),
        Order::Big => v.to_be_bytes().to_vec(),
    };
    let h = |v: u16| match order {
        Order::Little => v.to_le_bytes().to_vec(),
        Order::Big => v.to_be_bytes().to_vec(),
    };
    let block = |kind: u32, body: &[u8]| {
        let body = [body, &[0x5a, 0x5a, 0x5a][..padding_of(body)]].concat();
        let total = w(body.len() as u32 + 12);
        [w(kind), total.clone(), body, total].concat()
    };
    let section = [w(0x1a2b_3c4d), h(1), h(0), vec![0xff; 8]].concat();
    let plain = [h(1), h(0), w(0)].concat();
    // if_name "x" (2), if_tsresol 2^-10, if_tsoffset 100 s
    let offset = match order {
        Order::Little => 100u64.to_le_bytes(),
        Order::Big => 100u64.to_be_bytes(),
    };
    let odd = [
        [h(101), h(0), w(64)].concat(),
        [h(2), h(1), b"x\0\0\0".to_vec()].concat(),
        [h(9), h(1), vec![0x8a, 0, 0, 0]].concat(),
        [h(14), h(8), offset.to_vec(), h(0), h(0)].concat(),
    ];
    // 1_700_000_000 s in microseconds, with a comment after the frame
    let micros = 1_700_000_000_000_007_u64;
    let enhanced = [
        [w(0), w((micros >> 32) as u32), w(micros as u32), w(5), w(9)].concat(),
        b"hello\0\0\0".to_vec(),
        [h(1), h(2), b"hi\0\0".to_vec(), h(0), h(0)].concat(),
    ];
    let obsolete = [h(1), h(3), w(0), w(1536), w(4), w(4), b"late".to_vec()];
    let simple = [w(6), b"simple\0\0".to_vec()];
    [
        block(0x0a0d_0d0a, &section),
        block(1, &plain),
        block(0x0bad_cafe, b"anything at all"),
        block(1, &odd.concat()),
        block(6, &enhanced.concat()),
        block(2, &obsolete.concat()),
        block(3, &simple.concat()),
        block(5, &[0; 12]),
    ]
    .concat()
}

fn padding_of(body: &[u8]) -> usize {
    body.len().wrapping_neg() & 3
}

#[test]
fn pcap_of_each_kind() {
    for (order, magic, nanos) in [
        (Order::Little, 0xa1b2_c3d4, 5000),
        (Order::Big, 0xa1b2_c3d4, 5000),
        (Order::Little, 0xa1b2_3c4d, 5),
        (Order::Big, 0xa1b2_3c4d, 5),
    ] {
        let file = pcap(order, magic);
        let records = frames(&file);
        assert_eq!(records.len(), 2);
        assert_eq!(records[0].frame(), b"abc");
        assert_eq!(records[0].time(), Some(Time::new(1_700_000_000, nanos)));
        assert_eq!(records[0].link(), LinkType::Ethernet);
        assert!(!records[0].is_cut());
        assert_eq!(records[1].original_len(), 60);
        assert!(records[1].is_cut());
        grow_and_shrink(&file, 0);
        grow_and_shrink(&file, 6);
    }
}

#[test]
fn pcapng_of_each_kind() {
    for order in [Order::Little, Order::Big] {
        let other = match order {
            Order::Little => Order::Big,
            Order::Big => Order::Little,
        };
        let one = pcapng(order);
        let records = frames(&one);
        assert_eq!(records.len(), 3);
        assert_eq!(records[0].frame(), b"hello");
        assert_eq!(records[0].time(), Some(Time::new(1_700_000_000, 7000)));
        assert_eq!(records[0].original_len(), 9);
        assert_eq!(records[1].frame(), b"late");
        assert_eq!(records[1].interface(), 1);
        assert_eq!(records[1].link(), LinkType::RAW_IP);
        // 1536 / 1024 s, 100 s later
        assert_eq!(records[1].time(), Some(Time::new(101, 500_000_000)));
        assert_eq!(records[2].frame(), b"simple");
        assert_eq!(records[2].time(), None);

        // Two sections of different byte orders, each with interfaces of its own.
        let both = [one, pcapng(other)].concat();
        assert_eq!(frames(&both).len(), 6);
        for n in [0, 1, 4, 6, 22] {
            grow_and_shrink(&both, n);
        }
    }
}

#[test]
fn new_captures_read_back() {
    let time = Time::new(1_700_000_000, 123_456_789);
    let record = Record::new(time, LinkType::Ppp, b"\xff\x03\x00\x21").unwrap();
    let mut writer = Writer::pcap(Vec::new(), LinkType::Ppp).unwrap();
    writer.write_record(&record).unwrap();
    let file = writer.finish().unwrap();
    assert_eq!(frames(&file), [record]);
    assert_eq!(time.to_string(), "2023-11-14T22:13:20.123456789Z");
    assert_eq!(time.time_of_day(), "22:13:20");
}

#[test]
fn damage_is_named_and_what_precedes_it_is_kept() {
    let file = pcap(Order::Little, 0xa1b2_c3d4);
    let (kept, error) = items(&file[..file.len() - 1]);
    assert_eq!(kept.len(), 2);
    let error = error.unwrap();
    assert_eq!(error.offset(), Some(43));
    assert!(
        error
            .to_string()
            .starts_with("at byte 43: the file ends 1 bytes short")
    );

    let mut huge = file.clone();
    huge[24 + 8..24 + 12].copy_from_slice(&[0xff; 4]);
    let (kept, error) = items(&huge);
    assert_eq!(kept.len(), 1);
    assert!(matches!(
        error.unwrap().problem(),
        Problem::TooLong(0xffff_ffff)
    ));

    let mut ng = pcapng(Order::Little);
    let last = ng.len() - 1;
    ng[last] ^= 1;
    let (kept, error) = items(&ng);
    assert_eq!(kept.len(), 7);
    assert!(matches!(error.unwrap().problem(), Problem::Corrupt(_)));
}

#[test]
fn what_is_no_capture_is_refused_with_advice() {
    for (file, word) in [
        (&b"\x1f\x8b\x08\x00"[..], "gunzip"),
        (b"\x28\xb5\x2f\xfd\x00", "unzstd"),
        (b"", "empty"),
        (b"GET / HTTP/1.1", "47455420"),
        (b"\xd4\xc3\xb2\xa1\x02\x00", "short"),
        (
            b"\xd4\xc3\xb2\xa1\x01\x00\x04\x00____________\x01\0\0\0",
            "editcap",
        ),
        (b"\x0a\x0d\x0d\x0a\x1c\0\0\0\0\0\0\0", "byte order"),
    ] {
        let error = Reader::new(file).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    let missing = Reader::open("no such file".as_ref()).unwrap_err();
    assert!(missing.to_string().starts_with("no such file: "));
}

proptest! {
    #[test]
    fn damage_never_panics(
        order in prop_oneof![Just(Order::Little), Just(Order::Big)],
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        length in any::<prop::sample::Index>(),
        ng in any::<bool>(),
    ) {
        let mut file = if ng { pcapng(order) } else { pcap(order, 0xa1b2_c3d4) };
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        file.truncate(length.index(file.len() + 1));
        let (items, error) = items(&file);
        let copy = bytes(&items);
        prop_assert_eq!(&copy, &file[..copy.len()]);
        prop_assert!(error.is_some() || copy.len() == file.len());
    }
}
