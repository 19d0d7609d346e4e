//! The file: for its owner only, added to, whole line by line.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use fogline::pcap::Error;
use fogline::pcap::keylog::{Keylog, Live};

use super::call::{Call, Capture, at};
use super::{calls, comes_back, live};
use crate::Bench;

fn refusal(bench: &Bench) -> String {
    let error = Live::create(&bench.path("keylog")).unwrap_err();
    match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[test]
fn a_line_is_what_the_documentation_says() {
    let bench = Bench::new();
    let mut keylog = live(&bench);
    let mut call = Call {
        logged_local: Some("0.0.0.0:1701".parse().unwrap()),
        logged_peer: Some("[::ffff:198.51.100.7]:1701".parse().unwrap()),
        ..calls()[0].clone()
    };
    call.install(&mut keylog, at(0), 0);
    keylog.erased(at(1).into(), 1).unwrap();
    let text = fs::read_to_string(bench.path("keylog")).unwrap();
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let keys = call.keys(0);
    let expected = serde_json::json!([
        {"fogline_keylog": 2},
        {
            "live": 1, "time": "2026-05-28T20:26:40.000000000Z", "user": "al\"ice\n",
            "local": "0.0.0.0:1701", "peer": "198.51.100.7:1701",
            "local_ids": [10, 11], "peer_ids": [20, 21], "own": "higher",
            "send": {"transform": "decoy", "coverage": 255, "carrier": "natural"},
            "receive": {"transform": "full", "coverage": 255, "carrier": "lcp"},
            "keys": {
                "epoch": 0, "data_lower": hex::encode(keys.data_lower),
                "data_higher": hex::encode(keys.data_higher), "prp": hex::encode(keys.prp),
            },
        },
        {"erased": 1, "time": "2026-05-28T20:26:41.000000000Z"},
    ]);
    assert_eq!(serde_json::Value::from(lines), expected);
    assert!(text.ends_with('\n'));
}

#[test]
fn it_is_private_and_no_symbolic_link_is_followed() {
    let bench = Bench::new();
    drop(live(&bench));
    let mode = |name| fs::metadata(bench.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("keylog"), 0o600);
    fs::set_permissions(bench.path("keylog"), fs::Permissions::from_mode(0o644)).unwrap();
    drop(live(&bench));
    assert_eq!(mode("keylog"), 0o600);

    fs::rename(bench.path("keylog"), bench.path("target")).unwrap();
    symlink(bench.path("target"), bench.path("keylog")).unwrap();
    assert!(refusal(&bench).contains("symbolic link"));
    fs::remove_file(bench.path("target")).unwrap();
    assert!(refusal(&bench).contains("symbolic link"));
    assert!(!bench.path("target").exists());
    fs::remove_file(bench.path("keylog")).unwrap();
    nix::unistd::mkfifo(&bench.path("keylog"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert!(refusal(&bench).contains("no regular file"));
    let device = Live::create("/dev/null".as_ref()).unwrap_err();
    assert!(matches!(device, Error::Create { .. }), "{device}");
}

#[test]
fn one_writes_at_a_time_and_the_next_one_adds() {
    let bench = Bench::new();
    let (mut keylog, mut capture) = (live(&bench), Capture::default());
    let [mut call, mut other, _] = calls();
    call.install(&mut keylog, at(1), 0);
    capture.packets(&mut call, at(2), 0);
    assert!(refusal(&bench).contains("another fogline"));
    drop(keylog);
    let mut keylog = live(&bench);
    other.install(&mut keylog, at(3), 0);
    capture.packets(&mut other, at(4), 0);
    comes_back(&bench, &capture);
    assert_eq!(
        Keylog::read(&bench.path("keylog")).unwrap().periods.len(),
        2
    );
}

#[test]
fn an_unfinished_line_does_not_count_and_is_cut_off() {
    let bench = Bench::new();
    let (mut keylog, mut capture) = (live(&bench), Capture::default());
    let [mut call, mut other, _] = calls();
    call.install(&mut keylog, at(1), 0);
    capture.packets(&mut call, at(2), 0);
    let whole = fs::read(bench.path("keylog")).unwrap();
    other.install(&mut keylog, at(3), 0);
    drop(keylog);
    let more = fs::read(bench.path("keylog")).unwrap();
    for length in whole.len()..more.len() - 1 {
        fs::write(bench.path("keylog"), &more[..length]).unwrap();
        assert_eq!(
            Keylog::read(&bench.path("keylog")).unwrap().periods.len(),
            1
        );
    }
    let mut keylog = live(&bench);
    assert_eq!(fs::read(bench.path("keylog")).unwrap(), whole);
    other.install(&mut keylog, at(3), 1);
    capture.packets(&mut other, at(4), 1);
    comes_back(&bench, &capture);
}

#[test]
fn a_keylog_that_somebody_emptied_begins_anew() {
    let bench = Bench::new();
    let (mut keylog, mut capture) = (live(&bench), Capture::default());
    let [mut call, ..] = calls();
    call.install(&mut keylog, at(1), 0);
    fs::write(bench.path("keylog"), "").unwrap();
    call.install(&mut keylog, at(3), 1);
    capture.packets(&mut call, at(4), 1);
    comes_back(&bench, &capture);
}

#[test]
fn what_is_no_keylog_of_live_sessions_stays_as_it_is() {
    for text in [
        "important",
        "important\n",
        "{\"fogline_keylog\":1}\n{\"session\":0}\n",
        "{\"fogline_keylog\":20}\n",
    ] {
        let bench = Bench::new();
        fs::write(bench.path("keylog"), text).unwrap();
        let created = Live::create(&bench.path("keylog"));
        assert!(matches!(created, Err(Error::Keylog { line: 1, .. })));
        assert_eq!(fs::read_to_string(bench.path("keylog")).unwrap(), text);
    }
}

#[test]
fn a_first_line_that_was_never_finished_is_written_again() {
    let bench = Bench::new();
    fs::write(bench.path("keylog"), "{\"fogline_key").unwrap();
    drop(live(&bench));
    let text = fs::read_to_string(bench.path("keylog")).unwrap();
    assert_eq!(text, "{\"fogline_keylog\":2}\n");
}
