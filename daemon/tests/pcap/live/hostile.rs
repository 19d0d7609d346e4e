//! Keylogs that somebody wrote to do harm.

use std::fs;
use std::path::Path;

use fogline::pcap::keylog::{Keylog, Live};
use fogline::pcap::{Error, Input, Output, restore};
use proptest::prelude::*;

use super::call::{Capture, at};
use super::{calls, live};
use crate::Bench;

fn read(text: &[u8]) -> Result<Keylog, Error> {
    Keylog::parse(text, Path::new("keylog"))
}

/// A keylog of all kinds of lines, and a capture that it restores.
fn sound() -> (String, Capture) {
    let bench = Bench::new();
    let (mut keylog, mut capture) = (live(&bench), Capture::default());
    for mut call in calls() {
        for epoch in 0..3 {
            let time = at(60 * u64::from(epoch));
            call.install(&mut keylog, time, epoch);
            capture.packets(&mut call, time, epoch);
        }
        keylog.erased(at(200).into(), call.session).unwrap();
    }
    (fs::read_to_string(bench.path("keylog")).unwrap(), capture)
}

#[test]
fn what_is_wrong_with_a_line_is_named_with_its_number() {
    let (sound, _) = sound();
    for (from, to, expected) in [
        (r#""coverage":255"#, r#""coverage":0"#, "line 2: a field"),
        (r#""coverage":255"#, r#""coverage":256"#, "line 2: a field"),
        (r#""own":"higher","#, "", "line 2: missing field `own`"),
        (r#""own":"higher""#, r#""own":"both""#, "line 2: a field"),
        (r#""time":"2026"#, r#""time":"1926"#, "line 2: a field"),
        (r#""epoch":0,"#, r#""epoch":-1,"#, "line 2: a field"),
        (r#""data_lower":""#, r#""data_lower":"0"#, "line 2: a field"),
        (
            r#""local_ids":[10,"#,
            r#""local_ids":[10,0,"#,
            "line 2: a field",
        ),
        (
            r#""peer_ids":[20,"#,
            r#""peer_ids":[70000,"#,
            "line 2: a field",
        ),
        (r#""peer":""#, r#""peer":"x"#, "line 2: a field"),
        (r#"{"live":1"#, r#""live":1"#, "line 2: no JSON object"),
        (r#"{"erased":1"#, r#"{"erased":"1""#, "line 5: a field"),
        (
            r#"{"erased":2"#,
            "{\"fogline_keylog\":2}\n{\"erased\":2",
            "line 9: a second keylog",
        ),
    ] {
        assert!(sound.contains(from), "{from}");
        let error = read(sound.replacen(from, to, 1).as_bytes()).unwrap_err();
        let said = error.to_string();
        assert!(said.contains(expected), "{to}: {said}");
        let key = sound.split(r#""data_lower":""#).nth(1).unwrap();
        assert!(!said.contains(&key[..16]), "{said}");
    }
    assert!(read(sound.as_bytes()).is_ok());
    // What a later version says besides can be done without.
    assert!(
        read(
            sound
                .replace(r#"{"live""#, r#"{"more":[],"live""#)
                .as_bytes()
        )
        .is_ok()
    );
}

/// A restore with the keylog `text`: an error or counts of every frame.
fn survives(text: &[u8], capture: &Capture) {
    let bench = Bench::new();
    fs::write(bench.path("keylog"), text).unwrap();
    fs::write(bench.path("wire"), capture.wire()).unwrap();
    let output = bench.path("restored");
    let create = || Output::create(&output);
    if let Ok(done) = restore(
        Input::new(&bench.path("wire")),
        create,
        &bench.path("keylog"),
    ) {
        let counts = done.counts;
        let sum = counts.restored.total() + counts.untouched.total() + counts.refused.total();
        assert_eq!(sum + counts.link_control, capture.data + capture.control);
    }
    drop(Live::create(&bench.path("keylog")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes);
        let _ = read(&[b"{\"fogline_keylog\":2}\n", &bytes[..]].concat());
    }

    /// Lines in any order and number, some with bytes changed.
    #[test]
    fn lines_in_any_order_are_survived(
        picks in prop::collection::vec(any::<prop::sample::Index>(), 0..30),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..2),
    ) {
        let (sound, capture) = sound();
        let lines: Vec<_> = sound.lines().skip(1).collect();
        let mut text = b"{\"fogline_keylog\":2}\n".to_vec();
        for pick in picks {
            text.extend(pick.get(&lines).as_bytes());
            text.push(b'\n');
        }
        for (at, byte) in damage {
            let at = at.index(text.len());
            text[at] = byte;
        }
        survives(&text, &capture);
    }

    /// Fields at their limits: times, epochs, ids, session numbers, addresses.
    #[test]
    fn extreme_fields_are_survived(
        lines in prop::collection::vec((
            prop::sample::select(vec!["1970-01-01T00:00:00Z", "2026-05-28T20:26:41Z", "2554-07-21T23:34:33Z", "9999-12-31T23:59:59Z"]),
            prop::sample::select(vec![0, 1, 2, 3, u32::MAX - 1, u32::MAX]),
            prop::sample::select(vec![0, 1, u64::MAX]),
            prop::sample::select(vec!["192.0.2.2:1701", "0.0.0.0:0", "[::]:65535"]),
        ), 1..20),
    ) {
        let (sound, capture) = sound();
        let line = sound.lines().nth(1).unwrap();
        let mut text = String::from("{\"fogline_keylog\":2}\n");
        for (time, epoch, session, local) in lines {
            let line = line
                .replace("2026-05-28T20:26:40.000000000Z", time)
                .replace("\"epoch\":0", &format!("\"epoch\":{epoch}"))
                .replace("\"live\":1", &format!("\"live\":{session}"))
                .replace("192.0.2.2:1701", local);
            text.push_str(&line);
            text.push('\n');
            prop_assert!(read(text.as_bytes()).is_ok());
        }
        survives(text.as_bytes(), &capture);
    }
}
