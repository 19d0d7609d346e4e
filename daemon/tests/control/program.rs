//! The commands, as programs.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::engine::{Daemon, Tables};

fn fogline(socket: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fogline"))
        .args(args)
        .env("FOGLINE_SOCKET", socket)
        .output()
        .unwrap()
}

fn stdout(daemon: &Daemon, args: &[&str]) -> String {
    let output = fogline(&daemon.socket, args);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

fn json(daemon: &Daemon, args: &[&str]) -> Value {
    serde_json::from_str(&stdout(daemon, args)).unwrap()
}

/// The exit status and what is said about it.
fn failure(socket: &Path, args: &[&str]) -> (i32, String) {
    let output = fogline(socket, args);
    assert!(output.stdout.is_empty(), "{args:?}");
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn status_says_how_the_daemon_is() {
    let daemon = Daemon::start(Tables::with_sessions(11));
    let text = stdout(&daemon, &["status"]);
    for line in [
        "daemon          fogline 0.1.0, lns, up 3d 4h, since 2026-11-23T10:00:00Z",
        "sessions        11: 1 negotiating, 10 up",
        "scrambling      8 header, 2 clear",
        "fell back       2: 2 protocol-rejected",
        "tunnels         3 up, 1 half-open",
        "calls           20 offered, 15 answered",
        "refused         5: 5 busy",
        "sent            1.00 MB in 1,000 packets",
        "pool            home (ipv4): 10 of 254 used",
        "alarms          7 raised",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
}

#[test]
fn no_name_reaches_the_terminal_as_it_is() {
    let mut tables = Tables::with_sessions(2);
    let evil = "mallory\x1b[2J\u{202e}\u{9b}31m";
    let session = tables.sessions[0].as_mut().unwrap();
    session.user = evil.into();
    session.calling_number = Some(evil.into());
    tables.tunnels[0].host_name = evil.into();
    let daemon = Daemon::start(tables);
    for args in [
        &["status"][..],
        &["status", "--json"],
        &["sessions"],
        &["sessions", "--json"],
        &["session", "0"],
        &["session", "0", "--json"],
        &["tunnels"],
        &["tunnels", "--json"],
        &["top", "--once", "--interval", "1"],
    ] {
        let text = stdout(&daemon, args);
        assert!(text.contains("mallory"), "{args:?}");
        let printable = |c: char| !c.is_control() && c != '\u{202e}';
        assert!(
            text.lines().all(|l| l.chars().all(printable)),
            "{args:?}: {text:?}"
        );
    }
    assert_eq!(json(&daemon, &["session", "0", "--json"])["user"], evil);
}

#[test]
fn sessions_as_a_table_and_as_json() {
    let daemon = Daemon::start(Tables::with_sessions(600));
    let text = stdout(&daemon, &["sessions"]);
    let mut lines = text.lines();
    let titles: Vec<_> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(titles[..5], ["ID", "USER", "STATE", "AGE", "SCRAMBLING"]);
    assert_eq!(lines.count(), 600);
    assert!(
        text.contains("header      10.64.1.2  2001:db8:4000:1::/64  192.0.2.7:1701"),
        "{text}"
    );

    let all = json(&daemon, &["sessions", "--json"]);
    assert_eq!(all.as_array().unwrap().len(), 600);
    assert_eq!(
        all[9]["scrambling"]["why_clear"],
        "the peer Protocol-Rejected ECP"
    );
    assert_eq!(
        json(&daemon, &["sessions", "--json", "--user", "nobody"]),
        serde_json::json!([])
    );
}

#[test]
fn sessions_in_clear_and_why() {
    let daemon = Daemon::start(Tables::with_sessions(20));
    let text = stdout(&daemon, &["sessions", "--clear"]);
    assert_eq!(text.lines().count(), 1 + 2);
    assert!(
        text.lines()
            .skip(1)
            .all(|l| l.ends_with("the peer Protocol-Rejected ECP")),
        "{text}"
    );
    let one = stdout(
        &daemon,
        &["sessions", "--user", "user3@example.net", "--state", "up"],
    );
    assert_eq!(one.lines().count(), 1 + 1);
}

#[test]
fn a_session_from_all_sides() {
    let daemon = Daemon::start(Tables::with_sessions(20));
    let text = stdout(&daemon, &["session", "3"]);
    for line in [
        "session         3",
        "tunnel          1, the peer's 7",
        "call            3, the peer's 8",
        "calling number  0123456789",
        "ipv4            10.64.0.1, the peer's 10.64.1.2",
        "ipv6 prefix     2001:db8:4000:1::/64",
        "lcp echo        12.3 ms",
        "scrambling      header (confirmed)",
        "sends           header, coverage all, carrier natural",
        "epoch           3, after 3 rekeys",
        "negotiation     1 unexpected",
        "handled by      software",
        "sent            3.00 kB in 10 packets",
        "dropped         2: source-address",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    let clear = stdout(&daemon, &["session", "9"]);
    assert!(
        clear.contains("why             the peer Protocol-Rejected ECP"),
        "{clear}"
    );
}

#[test]
fn tunnels_as_a_table() {
    let daemon = Daemon::start(Tables::with_sessions(1));
    let text = stdout(&daemon, &["tunnels"]);
    assert_eq!(text.lines().count(), 1 + 3);
    assert!(
        text.contains("102  lac2.example.net  established  192.0.2.7:1701"),
        "{text}"
    );
}

#[test]
fn tasks_say_how_many_sessions_they_are_about() {
    let daemon = Daemon::start(Tables::with_sessions(5));
    assert_eq!(
        stdout(&daemon, &["rekey", "--all"]),
        "5 sessions are being rekeyed\n"
    );
    assert_eq!(
        stdout(&daemon, &["rekey", "2"]),
        "1 session is being rekeyed\n"
    );
    let kick = ["kick", "--user", "user2@example.net", "--reason", "unpaid"];
    assert_eq!(stdout(&daemon, &kick), "1 session is being ended\n");
    assert_eq!(
        stdout(&daemon, &["kick", "--all"]),
        "4 sessions are being ended\n"
    );
    let (code, said) = failure(&daemon.socket, &["kick", "2"]);
    assert_eq!(code, 1);
    assert!(said.contains("there is no session 2"), "{said}");
}

#[test]
fn a_task_needs_to_know_about_whom() {
    let daemon = Daemon::start(Tables::with_sessions(5));
    for args in [
        &["kick"][..],
        &["kick", "2", "--all"],
        &["kick", "two"],
        &["kick", "--user", ""],
        &["rekey", "--user", "a", "--all"],
        &["session"],
        &["sessions", "--state", "asleep"],
    ] {
        assert_eq!(failure(&daemon.socket, args).0, 2, "{args:?}");
    }
    assert_eq!(
        stdout(&daemon, &["rekey", "--all"]),
        "5 sessions are being rekeyed\n"
    );
}

#[test]
fn a_reload_says_what_waits_for_a_restart_or_is_wrong() {
    let mut tables = Tables::with_sessions(1);
    tables.reload.messages = vec!["[lns] tun: changes with a restart only".into()];
    let daemon = Daemon::start(tables);
    let output = fogline(&daemon.socket, &["reload"]);
    assert!(output.status.success());
    assert_eq!(output.stderr, b"[lns] tun: changes with a restart only\n");

    let mut tables = Tables::with_sessions(1);
    tables.reload.applied = false;
    tables.reload.messages = vec!["fogline.toml:3:1: no such option".into()];
    let daemon = Daemon::start(tables);
    let (code, said) = failure(&daemon.socket, &["reload"]);
    assert_eq!(code, 1);
    assert!(
        said.starts_with("fogline.toml:3:1: no such option\nfogline: the conf"),
        "{said}"
    );
}

#[test]
fn without_a_daemon_there_is_advice() {
    let mut daemon = Daemon::start(Tables::with_sessions(1));
    daemon.stop();
    for args in [
        &["status"][..],
        &["sessions"],
        &["session", "1"],
        &["tunnels"],
        &["kick", "1"],
        &["rekey", "1"],
        &["reload"],
        &["top", "--once"],
    ] {
        let (code, said) = failure(&daemon.socket, args);
        assert_eq!(code, 69, "{args:?}: {said}");
        assert!(
            said.contains("no daemon answers at") && said.contains("--socket"),
            "{said}"
        );
    }
}

#[test]
fn an_option_names_the_socket() {
    let daemon = Daemon::start(Tables::with_sessions(1));
    let socket = daemon.socket.to_str().unwrap();
    let output = fogline(Path::new("/nonexistent"), &["status", "--socket", socket]);
    assert!(output.status.success());
}

#[test]
fn a_picture_of_top_as_text() {
    let daemon = Daemon::start(Tables::with_sessions(50));
    let text = stdout(&daemon, &["top", "--once", "--interval", "1"]);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 4 + 1 + 20, "{text}");
    assert_eq!(
        lines[0],
        "fogline 0.1.0 lns, up 3d 4h  sessions 11, 10 up  tunnels 3"
    );
    assert_eq!(lines[2], "scrambling  header 8 (80.0 %)  clear 2 (20.0 %)");
    assert!(lines[3].starts_with("alarms 7, the last 2026-11-23T11:00:00Z session 4 (mallory"));
    // The one in the last place carries most.
    assert!(
        lines[5].starts_with("49 ") && lines[6].starts_with("48 "),
        "{text}"
    );
    let clear = stdout(&daemon, &["top", "--once", "--interval", "1", "--clear"]);
    assert_eq!(clear.lines().count(), 4 + 1 + 5, "{clear}");
}

#[test]
fn top_needs_a_terminal() {
    let daemon = Daemon::start(Tables::with_sessions(1));
    let (code, said) = failure(&daemon.socket, &["top"]);
    assert_eq!(code, 2);
    assert!(said.contains("--once"), "{said}");
}
