//! The program as it is run.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output as Ran, Stdio};

use super::Bench;
use super::build::{mixture, pcap};
use scramble::sample::{Address, Checksum, Ip};

impl Bench {
    /// Runs `fogline pcap` in the bench's directory.
    fn run(&self, arguments: &str, input: &[u8]) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_fogline"))
            .arg("pcap")
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        let writer = std::thread::spawn({
            let input = input.to_vec();
            move || drop(pipe.write_all(&input))
        });
        let ran = child.wait_with_output().unwrap();
        writer.join().unwrap();
        ran
    }
}

fn words(ran: &Ran) -> String {
    String::from_utf8_lossy(&ran.stderr).into_owned()
}

fn plain() -> Vec<u8> {
    let ip = Ip::new(
        Address::V4([10, 0, 0, 1]),
        Address::V4([198, 51, 100, 1]),
        17,
    );
    let packet = ip.udp((4000, 53), Checksum::Right, b"a question");
    pcap(101, false, &vec![packet.into(); 20])
}

#[test]
fn wrap_scramble_and_restore_in_a_pipe() {
    let bench = Bench::new();
    let wrapped = bench.run("wrap - - --encap pppoe --vlan 100 --vlan 7", &plain());
    assert!(wrapped.status.success(), "{}", words(&wrapped));
    let scrambled = bench.run("scramble - - --keylog k --transform decoy", &wrapped.stdout);
    assert!(scrambled.status.success() && scrambled.stdout != wrapped.stdout);
    assert!(words(&scrambled).contains("20 scrambled as decoys"));
    let restored = bench.run("restore - - --keylog k --json", &scrambled.stdout);
    assert!(restored.status.success());
    assert!(restored.stdout == wrapped.stdout);
    assert!(words(&restored).contains(r#""decoy": 20"#));
    let mode = fs::metadata(bench.path("k")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // All at once: the keylog is not there yet when `restore` starts.
    fs::remove_file(bench.path("k")).unwrap();
    fs::write(bench.path("in"), plain()).unwrap();
    let pipe = "$F pcap wrap in - | tee w | $F pcap scramble - - --keylog k | $F pcap restore - r --keylog k";
    let shell = Command::new("sh")
        .args(["-c", pipe])
        .env("F", env!("CARGO_BIN_EXE_fogline"))
        .current_dir(bench.0.path())
        .output()
        .unwrap();
    assert!(shell.status.success(), "{}", words(&shell));
    let read = |name| fs::read(bench.path(name)).unwrap();
    assert!(read("r") == read("w"));
}

#[test]
fn an_old_keylog_becomes_private() {
    let bench = Bench::new();
    let keylog = bench.path("k");
    fs::write(&keylog, "old").unwrap();
    fs::set_permissions(&keylog, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = bench.run("scramble - o --keylog k", &pcap(1, false, &mixture(false)));
    assert!(ran.status.success());
    let mode = fs::metadata(&keylog).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn counts_come_as_text_or_json_with_warnings_beside_them() {
    let bench = Bench::new();
    fs::write(bench.path("in"), pcap(1, false, &mixture(true))).unwrap();
    let text = bench.run("scramble in o --keylog k", &[]);
    assert!(text.stdout.is_empty() && text.status.success());
    let said = words(&text);
    assert!(said.contains("fogline: warning: 7 frames"), "{said}");
    assert!(said.contains("left in clear: fragment of an outer UDP packet"));
    let json = bench.run("scramble in o --keylog k --json", &[]);
    let counts: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(counts["in_clear"]["fragment of an outer UDP packet"], 1);
    assert_eq!(counts["schema"], 1);
    // Keys are in the keylog and nowhere else.
    let keylog = fs::read_to_string(bench.path("k")).unwrap();
    let key = keylog.split(r#""data_lower":""#).nth(1).unwrap();
    assert!(!words(&json).contains(&key[..64]));
}

#[test]
fn bad_files_give_clear_errors_and_their_exit_codes() {
    let bench = Bench::new();
    let file = pcap(1, false, &mixture(false));
    fs::write(bench.path("in"), &file).unwrap();
    fs::write(bench.path("cut"), &file[..file.len() - 7]).unwrap();
    fs::write(bench.path("gz"), b"\x1f\x8b\x08\x00 and so on").unwrap();
    fs::write(bench.path("text"), "certainly no capture").unwrap();
    fs::write(bench.path("empty"), "").unwrap();
    let huge = [&file[..24 + 8], &[0xFF; 60]].concat();
    fs::write(bench.path("corrupt"), huge).unwrap();
    assert!(
        bench
            .run("scramble in wire --keylog k", &[])
            .status
            .success()
    );
    for (input, words_expected, code) in [
        ("cut", "7 bytes short", 65),
        ("gz", "gunzip", 65),
        ("text", "neither a pcap nor a pcapng", 65),
        ("empty", "it is empty", 65),
        ("corrupt", "damaged", 65),
        ("missing", "No such file", 66),
        (".", "directory", 66),
    ] {
        for command in [
            "wrap INPUT o",
            "scramble INPUT o --keylog k2",
            "restore INPUT o --keylog k",
        ] {
            let ran = bench.run(&command.replace("INPUT", input), &[]);
            let said = words(&ran);
            assert!(said.contains(words_expected), "{command} {input}: {said}");
            assert!(said.contains(input), "{command} {input}: {said}");
            assert_eq!(ran.status.code(), Some(code), "{command} {input}: {said}");
        }
    }
    let piped = bench.run("scramble - o --keylog k2", b"certainly no capture");
    assert!(words(&piped).contains("standard input: at byte 0"));
    for (arguments, words_expected, code) in [
        ("scramble in in --keylog k2", "same file", 2),
        ("scramble in o --keylog ./in", "same file", 2),
        ("scramble in o --keylog o", "same file", 2),
        ("restore wire k --keylog k", "same file", 2),
        ("scramble in o", "--keylog", 2),
        ("scramble in o --keylog k2 --coverage 0", "1 to 254", 2),
        ("scramble in o --keylog k2 --coverage 256", "1 to 254", 2),
        (
            "scramble in o --keylog k2 --secrets text",
            "two lines of 64",
            65,
        ),
        (
            "scramble in o --keylog k2 --secrets missing",
            "No such file",
            66,
        ),
        ("scramble in o --keylog no/such/k", "cannot create", 73),
        ("scramble in no/such/o --keylog k2", "cannot create", 73),
        ("wrap in o --vlan 1 --vlan 2 --vlan 3", "at most two", 2),
        ("wrap in o --vlan 4096", "4096", 2),
        ("restore wire o --keylog missing", "No such file", 66),
        ("restore wire o --keylog text", "text: line 1", 65),
        ("restore wire o --keylog empty", "it is empty", 65),
    ] {
        let ran = bench.run(arguments, &[]);
        let said = words(&ran);
        assert!(said.contains(words_expected), "{arguments}: {said}");
        assert_eq!(ran.status.code(), Some(code), "{arguments}: {said}");
    }
    assert_eq!(fs::read(bench.path("in")).unwrap(), file);
}

#[test]
fn keylogs_that_are_none_say_where() {
    let bench = Bench::new();
    fs::write(bench.path("in"), pcap(1, false, &mixture(false))).unwrap();
    assert!(
        bench
            .run("scramble in wire --keylog k", &[])
            .status
            .success()
    );
    let keylog = fs::read_to_string(bench.path("k")).unwrap();
    for (from, to, expected) in [
        (
            r#"{"fogline_keylog":1}"#,
            r#"{"fogline_keylog":3}"#,
            "line 1: a keylog of version 3",
        ),
        (
            r#""coverage":255"#,
            r#""coverage":0"#,
            "line 2: a session that cannot be",
        ),
        (
            r#""carrier":"natural""#,
            r#""carrier":"post""#,
            "line 2: a field that is not",
        ),
        (r#""epoch":0,"#, "", "line 2: missing field `epoch`"),
        (r#""b":"#, r#""c":"#, "line 2: missing field `b`"),
        (
            r#"{"session":1"#,
            r#""session":1"#,
            "line 3: no JSON object",
        ),
        (
            r#"{"session":1"#,
            "{\"fogline_keylog\":1}\n{\"session\":1",
            "line 3: a second keylog",
        ),
    ] {
        assert!(keylog.contains(from), "{from}");
        fs::write(bench.path("bad"), keylog.replacen(from, to, 1)).unwrap();
        let ran = bench.run("restore wire o --keylog bad", &[]);
        assert!(words(&ran).contains(expected), "{}", words(&ran));
        assert_eq!(ran.status.code(), Some(65));
    }
}
