//! Clients that do not keep to the protocol.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::LazyLock;
use std::time::Duration;

use fogline::control::{MAX_REPLY, MAX_REQUEST};
use proptest::prelude::*;
use serde_json::Value;

use super::engine::{Daemon, Tables};

/// Longer than the daemon takes to lose patience with half a request.
const LIMIT: Duration = Duration::from_secs(8);

fn connect(daemon: &Daemon) -> UnixStream {
    let stream = UnixStream::connect(&daemon.socket).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

fn frame(json: &[u8]) -> Vec<u8> {
    [&(json.len() as u32).to_be_bytes(), json].concat()
}

fn receive(stream: &mut UnixStream) -> Value {
    let mut header = [0; 4];
    stream.read_exact(&mut header).unwrap();
    let length = u32::from_be_bytes(header) as usize;
    assert!((1..=MAX_REPLY).contains(&length));
    let mut json = vec![0; length];
    stream.read_exact(&mut json).unwrap();
    serde_json::from_slice(&json).unwrap()
}

/// Whether the daemon ends the connection without another word.
fn is_closed(stream: &mut UnixStream) -> bool {
    match stream.read(&mut [0]) {
        Ok(bytes) => bytes == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

#[test]
fn the_bytes_of_an_exchange() {
    let daemon = Daemon::start(Tables::with_sessions(1));
    let mut stream = connect(&daemon);
    stream.write_all(b"\0\0\0\x30").unwrap();
    stream
        .write_all(br#"{"version":1,"request":{"rekey":{"who":"all" }}}"#)
        .unwrap();
    let mut answer = [0; 62];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer[..4], b"\0\0\0\x3A");
    assert_eq!(
        &answer[4..],
        br#"{"version":1,"more":false,"reply":{"done":{"sessions":1}}}"#
    );
}

#[test]
fn another_version_is_told_which_there_are_and_may_go_on() {
    let daemon = Daemon::start(Tables::with_sessions(1));
    let mut stream = connect(&daemon);
    stream
        .write_all(&frame(br#"{"version": 7, "ask": "status"}"#))
        .unwrap();
    let answer = receive(&mut stream);
    let error = &answer["reply"]["error"];
    assert_eq!(error["code"], "bad-version");
    assert_eq!(error["versions"], serde_json::json!([1]));
    stream
        .write_all(&frame(br#"{"version": 1, "request": "fly"}"#))
        .unwrap();
    assert_eq!(
        receive(&mut stream)["reply"]["error"]["code"],
        "bad-request"
    );
    stream
        .write_all(&frame(br#"{"version": 1, "request": "status"}"#))
        .unwrap();
    assert_eq!(receive(&mut stream)["reply"]["status"]["mode"], "lns");
}

#[test]
fn a_length_that_no_request_has_ends_the_connection() {
    let daemon = Daemon::start(Tables::with_sessions(1));
    for length in [0, MAX_REQUEST as u32 + 1, u32::MAX] {
        let mut stream = connect(&daemon);
        stream.write_all(&length.to_be_bytes()).unwrap();
        assert!(is_closed(&mut stream), "{length}");
    }
}

#[test]
fn a_request_of_the_greatest_length_is_read() {
    let daemon = Daemon::start(Tables::with_sessions(1));
    let mut stream = connect(&daemon);
    let mut json = br#"{"version": 1, "request": "status"}"#.to_vec();
    json.resize(MAX_REQUEST, b' ');
    stream.write_all(&frame(&json)).unwrap();
    assert_eq!(receive(&mut stream)["reply"]["status"]["mode"], "lns");
}

#[test]
fn json_nested_without_end_is_refused() {
    let daemon = Daemon::start(Tables::with_sessions(1));
    let mut stream = connect(&daemon);
    let mut json = br#"{"version": 1, "request": "#.to_vec();
    json.resize(MAX_REQUEST, b'[');
    stream.write_all(&frame(&json)).unwrap();
    assert_eq!(
        receive(&mut stream)["reply"]["error"]["code"],
        "bad-request"
    );
}

#[test]
fn half_a_request_is_not_waited_for_long() {
    let daemon = Daemon::start(Tables::with_sessions(1));
    let mut stream = connect(&daemon);
    stream.write_all(&[0, 0, 1]).unwrap();
    assert!(is_closed(&mut stream));
}

#[test]
fn who_never_reads_holds_nobody_up() {
    let daemon = Daemon::start(Tables::with_sessions(1000));
    let mut greedy = connect(&daemon);
    greedy
        .set_write_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let request = frame(br#"{"version": 1, "request": {"sessions": {}}}"#);
    // Until the daemon stops reading, or all that was meant to be asked is.
    for _ in 0..2000 {
        if greedy.write_all(&request).is_err() {
            break;
        }
    }
    daemon.client().status().unwrap();
    // The daemon loses patience, and closes.
    let mut rest = Vec::new();
    std::thread::sleep(Duration::from_secs(6));
    let ended = greedy.read_to_end(&mut rest);
    assert!(ended.is_ok() || ended.is_err_and(|e| e.kind() == ErrorKind::ConnectionReset));
    assert!(rest.len() < 8 * MAX_REPLY);
}

/// One daemon for all cases: what one client does must not matter to the next.
static DAEMON: LazyLock<Daemon> = LazyLock::new(|| Daemon::start(Tables::with_sessions(10)));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn arbitrary_bytes_are_answered_or_closed(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut stream = connect(&DAEMON);
        // A daemon that has seen enough may have closed before all was written.
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let ended = stream.read_to_end(&mut answer);
        prop_assert!(ended.is_ok() || ended.is_err_and(|e| e.kind() == ErrorKind::ConnectionReset));
        prop_assert!(DAEMON.client().status().is_ok());
    }

    #[test]
    fn an_arbitrary_frame_gets_one_answer(json in prop::collection::vec(any::<u8>(), 1..200)) {
        let mut stream = connect(&DAEMON);
        stream.write_all(&frame(&json)).unwrap();
        let answer = receive(&mut stream);
        prop_assert_eq!(&answer["reply"]["error"]["code"], "bad-request");
        stream.write_all(&frame(br#"{"version": 1, "request": "status"}"#)).unwrap();
        prop_assert_eq!(&receive(&mut stream)["reply"]["status"]["mode"], "lns");
    }
}
