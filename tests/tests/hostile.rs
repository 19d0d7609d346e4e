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
    vec![
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
    ]
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
