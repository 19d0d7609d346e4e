//! A server that does not keep to the protocol, against the library's client.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::thread;

use fogline::control::{Client, ClientError, PageQuery};
use proptest::prelude::*;
use tempfile::TempDir;

/// What `ask` makes of `bytes`, sent in place of an answer.
fn answered_with<T: Send>(
    bytes: &[u8],
    ask: impl FnOnce(&mut Client) -> Result<T, ClientError>,
) -> Result<T, ClientError> {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("control");
    let socket = UnixListener::bind(&path).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let (mut client, _) = socket.accept().unwrap();
            let _ = client.read(&mut [0; 1024]);
            // A client that has seen enough may have closed before all was written.
            let _ = client.write_all(bytes);
        });
        ask(&mut Client::connect(&path).unwrap())
    })
}

fn frame(json: &str) -> Vec<u8> {
    [&(json.len() as u32).to_be_bytes(), json.as_bytes()].concat()
}

fn tunnels(bytes: &[u8]) -> Result<(), ClientError> {
    answered_with(bytes, |client| {
        client.tunnels(PageQuery { from: 7, limit: 0 })
    })
    .map(drop)
}

fn is_protocol(result: Result<(), ClientError>) -> bool {
    matches!(result, Err(ClientError::Protocol { .. }))
}

#[test]
fn pages_that_go_round_are_an_error() {
    let page = |next: &str| {
        frame(&format!(
            r#"{{"version":1,"more":false,"reply":{{"tunnels":{{"items":[],"next":{next}}}}}}}"#
        ))
    };
    assert!(tunnels(&page("8")).is_ok());
    assert!(tunnels(&page("null")).is_ok());
    assert!(is_protocol(tunnels(&page("7"))));
}

#[test]
fn an_answer_without_an_end_is_an_error() {
    let part = r#"{"version":1,"more":true,"reply":{"tunnels":{"items":[],"next":null}}}"#;
    assert!(is_protocol(tunnels(&frame(part).repeat(2000))));
}

#[test]
fn parts_of_different_answers_are_an_error() {
    let part = frame(r#"{"version":1,"more":true,"reply":{"tunnels":{"items":[],"next":null}}}"#);
    let other = frame(r#"{"version":1,"more":false,"reply":{"done":{"sessions":1}}}"#);
    assert!(is_protocol(tunnels(&[part, other.clone()].concat())));
    assert!(is_protocol(tunnels(&other)));
}

#[test]
fn a_length_that_no_answer_has_is_an_error() {
    assert!(is_protocol(tunnels(&[0; 4])));
    assert!(is_protocol(tunnels(&[0xFF; 4])));
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(tunnels(&bytes).is_err());
        let framed = [&(bytes.len() as u32).to_be_bytes(), &bytes[..]].concat();
        prop_assert!(tunnels(&framed).is_err());
    }
}
