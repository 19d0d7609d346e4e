//! `fogline pcap`: what is scrambled comes back byte for byte, and no frame is lost or unaccounted.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod build;
mod live;
mod program;
mod wrapping;

use std::fs;
use std::path::PathBuf;

use build::{Flags, MARK, Shot, l2tp, l2tp_frame, mixture, pcap, pcapng, pppoe};
use fogline::capture::Reader;
use fogline::pcap::keylog::{Keylog, Role, Way};
use fogline::pcap::{Done, Input, Output, Plan, Restored, Scrambled, Secrets, restore, scramble};
use proptest::prelude::*;
use scramble::agreement::{Carrier, Coverage, Transform};

/// A directory of its own for the files of a test.
struct Bench(tempfile::TempDir);

impl Bench {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn scramble(&self, plain: &[u8], plan: &Plan) -> (Vec<u8>, Done<Scrambled>) {
        let (input, output) = (self.path("plain"), self.path("wire"));
        fs::write(&input, plain).unwrap();
        let create = || Output::create(&output);
        let done = scramble(Input::new(&input), create, &self.path("keylog"), plan).unwrap();
        (fs::read(output).unwrap(), done)
    }

    fn restore(&self, wire: &[u8]) -> (Vec<u8>, Done<Restored>) {
        let (input, output) = (self.path("wire"), self.path("restored"));
        fs::write(&input, wire).unwrap();
        let create = || Output::create(&output);
        let done = restore(Input::new(&input), create, &self.path("keylog")).unwrap();
        (fs::read(output).unwrap(), done)
    }

    /// Scrambles and restores, and checks that all frames are accounted for and come back.
    fn round(&self, plain: &[u8], plan: &Plan) -> (Vec<u8>, Scrambled) {
        let (wire, there) = self.scramble(plain, plan);
        let (back, again) = self.restore(&wire);
        assert!(
            back == plain,
            "{plan:?} {:?} {:?}",
            there.counts,
            again.counts
        );
        let (s, r) = (there.counts, again.counts);
        assert_eq!(
            s.frames,
            s.scrambled.total() + s.link_control + s.untouched.total() + s.in_clear.total()
        );
        assert_eq!(
            r.frames,
            r.restored.total() + r.link_control + r.untouched.total() + r.refused.total()
        );
        assert_eq!(s.scrambled, r.restored);
        assert_eq!((s.frames, s.sessions), (r.frames, r.sessions));
        assert_eq!(r.notes_unused, 0);
        (wire, s)
    }
}

fn plan(transform: Transform, coverage: u8, carrier: Carrier) -> Plan {
    Plan {
        transform,
        coverage: Coverage::new(coverage).unwrap(),
        carrier,
        secrets: Secrets::Random,
    }
}

fn every_plan() -> Vec<Plan> {
    let mut plans = Vec::new();
    for transform in [Transform::Decoy, Transform::Header, Transform::Full] {
        for coverage in [1, 2, 9, 255] {
            for carrier in [Carrier::Natural, Carrier::Lcp] {
                plans.push(plan(transform, coverage, carrier));
            }
        }
    }
    plans
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

#[test]
fn every_encapsulation_comes_back_and_nothing_shows() {
    let bench = Bench::new();
    let shots = mixture(false);
    for plan in every_plan() {
        for file in [
            pcap(1, false, &shots),
            pcap(1, true, &shots),
            pcapng(1, false, &shots),
        ] {
            let (wire, counts) = bench.round(&file, &plan);
            assert_eq!(counts.frames, shots.len() as u64);
            assert_eq!((counts.link_control, counts.untouched.total()), (2, 4));
            assert_eq!(counts.untouched.of("L2TP control message"), 2);
            assert_eq!(counts.in_clear.total(), 0);
            // L2TP plain, over IPv6 in VLANs 9, 100 and 100 again, by control messages; PPPoE in
            // none, one or two VLANs. VLAN and direction go together in none of them.
            assert_eq!((counts.sessions, counts.one_way), (7, 0));
            assert_eq!((counts.kept_whole, counts.notes > 0), (0, true));
            // The mark lies within the first 128 bytes of each packet, the name within 576.
            let (units, name) = (plan.coverage.units(), b"www.example.com");
            assert!(units < 2 || !contains(&wire, MARK), "{plan:?}");
            assert!(units < 9 || !contains(&wire, name), "{plan:?}");
            if plan.transform == Transform::Decoy {
                assert!(counts.scrambled.decoy > counts.scrambled.framed);
            } else {
                assert_eq!(counts.scrambled.decoy, 0);
            }
        }
    }
}

#[test]
fn frames_that_stay_in_clear_are_counted_and_come_back_too() {
    let bench = Bench::new();
    let shots = mixture(true);
    for plan in every_plan() {
        let (_, counts) = bench.round(&pcap(1, false, &shots), &plan);
        // Of a length on the line that cannot follow there is one, which DECOY would cut.
        assert!(counts.kept_whole <= 1, "{counts:?}");
        let (_, counts) = bench.round(&pcapng(1, false, &shots), &plan);
        for why in [
            "fragment of an outer UDP packet",
            "UDP port 1701, but not L2TP version 2",
            "UDP packet with an impossible length",
            "the frame would become longer than its length fields can say",
            "no PPP frame: it has no whole protocol field",
        ] {
            assert_eq!(counts.in_clear.of(why), 1, "{why}: {counts:?}");
        }
        let cut = "PPP data cut short by the capture's snapshot length";
        assert_eq!(counts.in_clear.of(cut), 2);
        let lcp = counts
            .in_clear
            .of("an LCP packet whose code stands for data under carrier LCP");
        let expected = match (plan.carrier, plan.transform) {
            (Carrier::Natural, _) => 0,
            (Carrier::Lcp, Transform::Decoy) => 3,
            (Carrier::Lcp, _) => 1,
        };
        assert_eq!(lcp, expected);
        assert_eq!(counts.in_clear.total(), 7 + lcp);
    }
}

#[test]
fn padding_that_no_writer_renews_comes_back() {
    let bench = Bench::new();
    let plan = plan(Transform::Header, 255, Carrier::Natural);
    let shots: Vec<Shot> = (0..8)
        .map(|n| l2tp_frame(0, &l2tp(Flags::of(0), (1, 1), &vec![0x20; 9 + n])).into())
        .collect();
    let (_, counts) = bench.round(&pcapng(1, true, &shots), &plan);
    assert_eq!(counts.kept_whole, 6);
}

#[test]
fn raw_and_cooked_captures_come_back() {
    let bench = Bench::new();
    let plan = plan(Transform::Full, 255, Carrier::Natural);
    let raw = |header: &[u8]| -> Vec<Shot> {
        let frames = mixture(false).into_iter();
        let l2tp = frames.filter(|shot| shot.bytes[12..14] == [8, 0]);
        l2tp.map(|shot| [header, &shot.bytes[14..]].concat().into())
            .collect()
    };
    let mut sll = [0; 16];
    sll[14] = 8;
    let mut sll2 = [0; 20];
    sll2[0] = 8;
    for (link, header) in [
        (101, &[][..]),
        (228, &[]),
        (0, &[2, 0, 0, 0]),
        (108, &[0, 0, 0, 2]),
        (113, &sll),
        (276, &sll2),
    ] {
        let shots = raw(header);
        let (_, counts) = bench.round(&pcap(link, false, &shots), &plan);
        assert_eq!(
            (counts.sessions, counts.untouched.total()),
            (2, 2),
            "{link}"
        );
        assert_eq!(counts.in_clear.total(), 0);
    }
    let (_, counts) = bench.round(&pcap(147, false, &raw(&[])), &plan);
    assert_eq!(counts.scrambled.total(), 0);
    let why = "no L2TP or PPPoE in a frame of this link type";
    assert_eq!(counts.untouched.of(why), counts.frames);
}

#[test]
fn directions_are_paired_and_the_first_to_send_is_end_a() {
    let bench = Bench::new();
    let ppp = [0xFF, 3, 0x80, 0x21, 1, 1, 0, 4];
    let data = |side, ids| Shot::from(l2tp_frame(side, &l2tp(Flags::of(0), ids, &ppp)));
    let shots = [
        pppoe(&[5], 1, 3, &ppp).into(),
        pppoe(&[6], 0, 3, &ppp).into(),
        // Only ones left over each way.
        data(1, (20, 21)),
        data(0, (10, 11)),
        // Equal ids.
        data(0, (4, 4)),
        data(1, (4, 4)),
        pppoe(&[5], 0, 3, &ppp).into(),
    ];
    let file = pcap(1, false, &shots);
    bench.round(&file, &plan(Transform::Header, 9, Carrier::Lcp));
    let keylog = Keylog::read(&bench.path("keylog")).unwrap();
    let ids = |way: &Way| match way {
        Way::L2tp {
            tunnel, session, ..
        } => (*tunnel, *session),
        Way::Pppoe { vlans, session, .. } => (vlans[0], *session),
    };
    let found: Vec<_> = keylog
        .sessions
        .iter()
        .map(|s| (ids(&s.a_to_b), s.b_to_a.as_ref().map(ids)))
        .collect();
    let expected = [
        ((5, 3), Some((5, 3))),
        ((6, 3), None),
        ((20, 21), Some((10, 11))),
        ((4, 4), Some((4, 4))),
    ];
    assert_eq!(found, expected);
    let Way::Pppoe { from, .. } = &keylog.sessions[0].a_to_b else {
        panic!()
    };
    assert_eq!(String::from(*from), "02:00:00:00:00:01");
    for session in &keylog.sessions {
        let (a, b) = (&session.option_a[15..], &session.option_b[15..]);
        assert_eq!(session.a == Role::Lower, a < b);
        assert_eq!(session.option_a[7..15], [2, 9, 7, 9, 7, 255, 3, 0]);
    }
    let keys: std::collections::HashSet<_> = keylog
        .sessions
        .iter()
        .flat_map(|s| [s.data_lower, s.data_higher])
        .collect();
    assert_eq!(keys.len(), 8);
}

#[test]
fn fixed_secrets_make_the_same_bytes() {
    let bench = Bench::new();
    let secrets = bench.path("secrets");
    fs::write(
        &secrets,
        format!("{}\n{}\n", "11".repeat(32), "22".repeat(32)),
    )
    .unwrap();
    let file = pcapng(1, false, &mixture(false));
    for transform in [Transform::Decoy, Transform::Header, Transform::Full] {
        let random = plan(transform, 2, Carrier::Natural);
        let fixed = Plan {
            secrets: Secrets::read(&secrets).unwrap(),
            ..random.clone()
        };
        let (first, _) = bench.round(&file, &fixed);
        let keylog = fs::read(bench.path("keylog")).unwrap();
        let (second, _) = bench.round(&file, &fixed);
        assert!(first == second && keylog == fs::read(bench.path("keylog")).unwrap());
        let (other, _) = bench.round(&file, &random);
        assert!(first != other);
    }
    // The first session has the keys that the two secrets come to, as the protocol says.
    let keylog = Keylog::read(&bench.path("keylog")).unwrap();
    let options: std::collections::HashSet<_> = keylog
        .sessions
        .iter()
        .flat_map(|s| [s.option_a.clone(), s.option_b.clone()])
        .collect();
    assert_eq!(options.len(), 14);
}

#[test]
fn first_session_has_the_keys_of_the_two_secrets() {
    use scramble::keys::{ExchangeSecret, KeySchedule, Secrets as PreShared};
    use scramble::option::PhsOption;
    let bench = Bench::new();
    let secrets = [[0x11; 32], [0x22; 32]];
    let fixed = Plan {
        secrets: Secrets::Fixed(secrets),
        ..plan(Transform::Header, 255, Carrier::Natural)
    };
    bench.round(&pcap(1, false, &mixture(false)), &fixed);
    let session = Keylog::read(&bench.path("keylog"))
        .unwrap()
        .sessions
        .remove(0);
    let a = ExchangeSecret::from_bytes(secrets[0]);
    let option_a = PhsOption::parse(&session.option_a).unwrap();
    let option_b = PhsOption::parse(&session.option_b).unwrap();
    assert_eq!(option_a.public_key(), a.public_key());
    let keys = KeySchedule::agree(&a, &option_a, &option_b, &PreShared::default()).unwrap();
    assert!(keys.epoch_keys() == session.keys());
}

#[test]
fn another_captures_keylog_restores_nothing_and_says_so() {
    let bench = Bench::new();
    let file = pcap(1, false, &mixture(false));
    let plan = plan(Transform::Full, 255, Carrier::Natural);
    let (wire, counts) = bench.scramble(&file, &plan);
    // The same flows, other keys.
    bench.scramble(&file, &plan);
    let (back, again) = bench.restore(&wire);
    assert!(back == wire);
    assert_eq!(again.counts.restored.total(), 0);
    assert_eq!(
        again.counts.refused.total(),
        counts.counts.scrambled.total()
    );
    // Other flows.
    let other = pcap(1, false, &[pppoe(&[77], 0, 77, &[0x80, 0x21, 1]).into()]);
    bench.scramble(&other, &plan);
    let (back, again) = bench.restore(&wire);
    assert!(back == wire);
    let why = "a session without keys in the keylog";
    let strange = again.counts.untouched.of(why);
    assert_eq!(strange, counts.counts.scrambled.total() + 2);
}

#[test]
fn what_is_twice_on_the_wire_is_twice_restored() {
    let bench = Bench::new();
    let shots: Vec<Shot> = (0..3)
        .map(|n| l2tp_frame(0, &l2tp(Flags::of(0), (1, 1), &[0xFF, 3, 0x80, 0x21, n])).into())
        .collect();
    let plain = pcap(1, false, &shots);
    let (wire, _) = bench.scramble(&plain, &plan(Transform::Full, 255, Carrier::Natural));
    let (back, again) = bench.restore(&[&wire, &wire[24..]].concat());
    assert!(back == [&plain, &plain[24..]].concat());
    assert_eq!(again.counts.restored.framed, 6);
}

#[test]
fn notes_do_not_count_for_other_frames() {
    let bench = Bench::new();
    let shots = mixture(false);
    let (wire, there) = bench.scramble(
        &pcap(1, false, &shots),
        &plan(Transform::Decoy, 1, Carrier::Natural),
    );
    // The first frame, an ARP request, is filtered out.
    let first = 24 + 16 + shots[0].bytes.len();
    let filtered = [&wire[..24], &wire[first..]].concat();
    let (_, again) = bench.restore(&filtered);
    assert_eq!(again.counts.restored, there.counts.scrambled);
    assert_eq!(again.counts.notes_unused, there.counts.notes);
}

#[test]
fn damage_ends_the_run_with_all_before_it_done() {
    let bench = Bench::new();
    let file = pcap(1, false, &mixture(false));
    let cut = &file[..file.len() - 1];
    let (wire, there) = bench.scramble(cut, &plan(Transform::Header, 255, Carrier::Natural));
    assert!(there.damage.unwrap().to_string().contains("1 bytes short"));
    let (back, again) = bench.restore(&wire);
    assert!(again.damage.is_none());
    assert_eq!(back, cut[..back.len()]);
    let frames = |bytes: &[u8]| Reader::new(bytes).unwrap().frames().count();
    assert_eq!(frames(&back) + 1, frames(&file));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Frames of the mixture with bytes changed, and cut or longer than they say; frames of noise.
    #[test]
    fn whatever_is_in_a_capture_comes_back(
        picks in prop::collection::vec(
            (any::<prop::sample::Index>(), prop::collection::vec((0usize..120, any::<u8>()), 0..4), any::<prop::sample::Index>(), -3i32..4),
            0..40,
        ),
        noise in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..4),
        plan in prop::sample::select(every_plan()),
        form in 0..3,
        link in prop::sample::select(vec![1u16, 1, 1, 101, 113, 0]),
    ) {
        let mixture = mixture(true);
        let mut shots: Vec<Shot> = noise.into_iter().map(Shot::from).collect();
        for (pick, changes, length, original) in picks {
            let mut bytes = pick.get(&mixture).bytes.clone();
            for (at, value) in changes {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = value;
                }
            }
            if original < 0 && !bytes.is_empty() {
                bytes.truncate(length.index(bytes.len()));
            }
            let original = bytes.len().saturating_add_signed(original.max(-2) as isize);
            shots.push(Shot { bytes, original });
        }
        let file = match form {
            0 => pcap(link.into(), false, &shots),
            1 => pcap(link.into(), true, &shots),
            _ => pcapng(link, link == 0, &shots),
        };
        let (_, counts) = Bench::new().round(&file, &plan);
        let renewed = form < 2 || link != 0;
        if renewed && shots.iter().all(|shot| shot.original >= shot.bytes.len()) {
            prop_assert_eq!(counts.kept_whole, 0);
        }
    }

    /// A capture or keylog with damage anywhere gives an error or counts, never a panic.
    #[test]
    fn damage_anywhere_is_survived(
        at in any::<prop::sample::Index>(), value: u8, length in any::<prop::sample::Index>(), cut: bool,
        plan in prop::sample::select(every_plan()),
    ) {
        let bench = Bench::new();
        let mut file = pcapng(1, true, &mixture(true)[..40]);
        let (wire, _) = bench.scramble(&file, &plan);
        let damage = |bytes: &mut Vec<u8>| {
            let at = at.index(bytes.len());
            bytes[at] = value;
            if cut {
                bytes.truncate(length.index(bytes.len()));
            }
        };
        let mut keylog = fs::read(bench.path("keylog")).unwrap();
        damage(&mut keylog);
        fs::write(bench.path("keylog"), keylog).unwrap();
        let output = bench.path("restored");
        let create = || Output::create(&output);
        if let Ok(done) = restore(Input::new(&bench.path("wire")), create, &bench.path("keylog")) {
            prop_assert!(done.damage.is_none());
        }
        drop(wire);
        damage(&mut file);
        let input = bench.path("damaged");
        fs::write(&input, file).unwrap();
        let _ = scramble(Input::new(&input), create, &bench.path("keylog"), &plan);
    }
}
