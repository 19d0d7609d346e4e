//! Metrics over HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::engine::{Daemon, Tables};

struct Response {
    status: u16,
    head: String,
    body: String,
}

fn send(daemon: &Daemon, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(daemon.metrics).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let _ = stream.write_all(request);
    let mut response = Vec::new();
    let _ = stream.read_to_end(&mut response);
    response
}

fn request(daemon: &Daemon, line: &str, accept: &str) -> Response {
    let request = format!("{line} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\n\r\n");
    let response = String::from_utf8(send(daemon, request.as_bytes())).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    Response {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_ascii_lowercase(),
        body: body.into(),
    }
}

fn scrape(daemon: &Daemon) -> String {
    let response = request(daemon, "GET /metrics", "*/*");
    assert_eq!(response.status, 200);
    let content_type = "content-type: text/plain; version=0.0.4; charset=utf-8";
    assert!(response.head.contains(content_type), "{}", response.head);
    response.body
}

/// Checks each line against the text format, and gives the samples.
///
/// <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>; in
/// OpenMetrics a counter's samples have `_total` behind the family's name.
fn samples(text: &str, open_metrics: bool) -> BTreeMap<String, f64> {
    let mut samples = BTreeMap::new();
    let mut families = BTreeSet::new();
    let mut family: Option<(String, String)> = None;
    let mut ended = false;
    for line in text.lines() {
        assert!(!ended, "a line after the end: {line}");
        if line == "# EOF" {
            ended = true;
        } else if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').unwrap();
            assert!(is_name(name) && !help.is_empty(), "{line}");
            assert!(families.insert(name.to_owned()), "a family twice: {line}");
            family = Some((name.into(), String::new()));
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert!(matches!(kind, "counter" | "gauge"), "{line}");
            let family = family.as_mut().unwrap();
            assert_eq!(family.0, name, "TYPE follows its HELP");
            family.1 = kind.into();
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = match series.split_once('{') {
                Some((name, labels)) => (name, labels.strip_suffix('}').unwrap()),
                None => (series, ""),
            };
            check_labels(labels);
            let (of, kind) = family.as_ref().unwrap();
            let total = open_metrics && kind == "counter";
            let expected = if total {
                format!("{of}_total")
            } else {
                of.clone()
            };
            assert_eq!(name, expected, "{line}");
            let value: f64 = value.parse().unwrap();
            assert!(
                samples.insert(series.to_owned(), value).is_none(),
                "twice: {line}"
            );
        }
    }
    assert_eq!(ended, open_metrics);
    samples
}

fn is_name(name: &str) -> bool {
    let first = name.chars().next().unwrap();
    let rest = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    !first.is_ascii_digit() && name.chars().all(rest)
}

fn check_labels(labels: &str) {
    let mut rest = labels;
    while !rest.is_empty() {
        let (name, value) = rest.split_once("=\"").unwrap();
        assert!(is_name(name), "{labels}");
        let mut chars = value.char_indices();
        let end = loop {
            match chars.next().unwrap() {
                (_, '\\') => assert!(matches!(chars.next().unwrap().1, '\\' | '"' | 'n')),
                (at, '"') => break at,
                (_, c) => assert!(!c.is_control()),
            }
        };
        rest = &value[end + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
}

#[test]
fn every_number_of_the_status_is_there() {
    let daemon = Daemon::start(Tables::with_sessions(10));
    let samples = samples(&scrape(&daemon), false);
    for (series, value) in [
        (r#"fogline_build_info{version="0.1.0",mode="lns"}"#, 1.0),
        ("process_start_time_seconds", 1_795_428_000.0),
        ("fogline_configuration_reload_successful", 1.0),
        (r#"fogline_sessions{state="up",scrambling="header"}"#, 8.0),
        (r#"fogline_sessions{state="up",scrambling="clear"}"#, 2.0),
        (
            r#"fogline_sessions{state="negotiating",scrambling="undecided"}"#,
            1.0,
        ),
        (
            r#"fogline_sessions{state="closing",scrambling="full"}"#,
            0.0,
        ),
        (r#"fogline_tunnels{state="established"}"#, 3.0),
        (r#"fogline_tunnels{state="half-open"}"#, 1.0),
        (r#"fogline_packets_total{direction="sent"}"#, 1000.0),
        (r#"fogline_bytes_total{direction="received"}"#, 50_000.0),
        (r#"fogline_drops_total{reason="source-address"}"#, 2.0),
        (r#"fogline_calls_total{result="offered"}"#, 20.0),
        (r#"fogline_calls_total{result="ended"}"#, 4.0),
        (r#"fogline_calls_refused_total{reason="busy"}"#, 5.0),
        (r#"fogline_calls_ended_total{reason="echo-lost"}"#, 1.0),
        (
            r#"fogline_fallbacks_total{reason="protocol-rejected"}"#,
            2.0,
        ),
        ("fogline_alarms_total", 7.0),
        ("fogline_rekeys_total", 30.0),
        ("fogline_authentication_failures_total", 6.0),
        (
            r#"fogline_pool_addresses{pool="home",family="ipv4",state="used"}"#,
            10.0,
        ),
        (
            r#"fogline_pool_addresses{pool="home",family="ipv4",state="free"}"#,
            244.0,
        ),
    ] {
        assert_eq!(samples.get(series), Some(&value), "{series}");
    }
    assert!(
        samples
            .keys()
            .all(|series| !series.starts_with("fogline_session_"))
    );
}

#[test]
fn open_metrics_for_who_asks_for_it() {
    let daemon = Daemon::start(Tables::with_sessions(10));
    let accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
    let response = request(&daemon, "GET /metrics", accept);
    let content_type = "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert!(response.head.contains(content_type), "{}", response.head);
    let samples = samples(&response.body, true);
    assert_eq!(samples.get("fogline_rekeys_total"), Some(&30.0));
}

#[test]
fn single_sessions_for_who_asks_for_them() {
    let mut tables = Tables::with_sessions(300);
    let odd = tables.sessions[0].as_mut().unwrap();
    odd.user = "eve\"\n\\\x1b[31m".into();
    let daemon = Daemon::start(tables);
    let response = request(&daemon, "GET /metrics?sessions=1", "*/*");
    let samples = samples(&response.body, false);
    let about = samples
        .keys()
        .filter(|s| s.starts_with("fogline_session_info{"));
    assert_eq!(about.count(), 300);
    for (series, value) in [
        (
            r#"fogline_session_info{session="9",user="user9@example.net",state="up",scrambling="clear"}"#,
            1.0,
        ),
        (
            r#"fogline_session_bytes_total{session="9",direction="sent"}"#,
            9000.0,
        ),
        (
            r#"fogline_session_packets_total{session="9",direction="received"}"#,
            5.0,
        ),
        (
            "fogline_session_info{session=\"0\",user=\"eve\\\"\\\\u{a}\\\\\\\\u{1b}[31m\",\
             state=\"up\",scrambling=\"header\"}",
            1.0,
        ),
    ] {
        assert_eq!(
            samples.get(series),
            Some(&value),
            "{series}\n{}",
            response.body
        );
    }
}

#[test]
fn single_sessions_are_bounded() {
    let daemon = Daemon::start(Tables::with_sessions(5000));
    let response = request(&daemon, "GET /metrics?sessions=1", "*/*");
    let samples = samples(&response.body, false);
    let about = samples
        .keys()
        .filter(|s| s.starts_with("fogline_session_info{"));
    assert_eq!(about.count(), fogline::metrics::MAX_SESSIONS);
}

#[test]
fn single_sessions_only_where_the_configuration_says_so() {
    let daemon = Daemon::discreet(Tables::with_sessions(1));
    let response = request(&daemon, "GET /metrics?sessions=1", "*/*");
    assert_eq!(response.status, 403);
    assert!(response.body.contains("per-session"), "{}", response.body);
    assert_eq!(request(&daemon, "GET /metrics", "*/*").status, 200);
}

#[test]
fn nothing_else_is_served() {
    let daemon = Daemon::start(Tables::with_sessions(1));
    assert_eq!(request(&daemon, "GET /", "*/*").status, 404);
    assert_eq!(request(&daemon, "GET /metrics/..", "*/*").status, 404);
    let post = request(&daemon, "POST /metrics", "*/*");
    assert_eq!(post.status, 405);
    assert!(post.head.contains("allow: get"), "{}", post.head);
}

#[test]
fn without_an_engine_there_are_no_metrics() {
    let daemon = Daemon::stopping();
    let response = request(&daemon, "GET /metrics", "*/*");
    assert_eq!(response.status, 503);
}

#[test]
fn no_http_is_no_harm() {
    let daemon = Daemon::start(Tables::with_sessions(1));
    send(&daemon, b"\0\x01\x02 nonsense\r\n\r\n");
    let long = format!(
        "GET /metrics HTTP/1.1\r\nX: {}\r\n\r\n",
        "x".repeat(100_000)
    );
    send(&daemon, long.as_bytes());
    let silent = TcpStream::connect(daemon.metrics).unwrap();
    scrape(&daemon);
    drop(silent);
}
