//! `fogline report` as a program.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests to all but clippy"
)]

mod support;

use std::path::PathBuf;
use std::process::{Command, Output};

use support::*;
use tempfile::TempDir;

struct Files {
    dir: TempDir,
}

impl Files {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let files = Self { dir };
        files.put("before.pcap", &file(&l2tp_session(IPV4)));
        files.put("after.pcap", &file(&opaque_session(0x0053)));
        files
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn report(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fogline"));
        command
            .current_dir(self.dir.path())
            .arg("report")
            .args(args);
        command
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_table_and_a_summary() {
    let output = Files::new().report(&["before.pcap", "after.pcap"]);
    assert_eq!(output.status.code(), Some(0));
    let stdout = text(&output.stdout);
    assert!(stdout.contains("00:16:40  9.9.9.9"), "{stdout}");
    assert!(stdout.contains("  www.example.org"), "{stdout}");
    assert!(stdout.lines().all(|l| l.len() <= 80), "{stdout}");
    assert!(!stdout.contains('\x1b'));
}

#[test]
fn fewer_rows() {
    let output = Files::new().report(&["before.pcap", "after.pcap", "--limit", "1"]);
    assert!(text(&output.stdout).contains("... and 4 more"));
}

#[test]
fn json() {
    let output = Files::new().report(&["before.pcap", "after.pcap", "--json"]);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["engine"], "builtin");
    assert_eq!(value["after"]["counts"]["opaque"], 9);
}

#[test]
fn a_missing_file() {
    let output = Files::new().report(&["before.pcap", "nowhere.pcap"]);
    assert_eq!(output.status.code(), Some(66));
    assert!(text(&output.stderr).starts_with("fogline: nowhere.pcap: "));
    assert!(output.stdout.is_empty());
}

#[test]
fn a_compressed_file() {
    let files = Files::new();
    files.put("after.pcap.gz", b"\x1f\x8b\x08\0\0\0\0\0");
    let output = files.report(&["before.pcap", "after.pcap.gz"]);
    assert_eq!(output.status.code(), Some(65));
    assert!(text(&output.stderr).contains("gunzip"));
}

#[test]
fn of_a_damaged_file_what_can_be_read() {
    let files = Files::new();
    let mut whole = std::fs::read(files.dir.path().join("before.pcap")).unwrap();
    whole.truncate(whole.len() - 5);
    files.put("cut.pcap", &whole);
    let output = files.report(&["before.pcap", "cut.pcap"]);
    assert_eq!(output.status.code(), Some(65));
    assert!(text(&output.stderr).contains("cut.pcap: at byte "));
    assert!(text(&output.stdout).contains("host names                       3         3"));
}

#[test]
fn wrong_usage() {
    let output = Files::new().report(&["before.pcap"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn engines_that_are_not_there() {
    for (engine, package) in [("tshark", "tshark"), ("ndpi", "libndpi-bin")] {
        let files = Files::new();
        let mut command = files.command(&["before.pcap", "after.pcap", "--engine", engine]);
        let output = command.env("PATH", files.dir.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(69), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains(package));
    }
}

#[test]
fn engines_that_are_there_agree() {
    let files = Files::new();
    let view = |engine: &str| {
        let output = files.report(&["before.pcap", "before.pcap", "--json", "--engine", engine]);
        (output.status.code() != Some(69)).then(|| {
            assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
            serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
        })
    };
    let own = view("builtin").unwrap();
    for engine in ["tshark", "ndpi"] {
        let Some(other) = view(engine) else {
            eprintln!("{engine} is not installed: skipped");
            continue;
        };
        for kind in ["addresses", "ports"] {
            assert_eq!(own["left"][kind], other["left"][kind], "{engine} {kind}");
        }
        let records = |v: &serde_json::Value| v["before"]["records"].as_array().unwrap().len();
        assert_eq!(records(&own), records(&other), "{engine}");
    }
}
