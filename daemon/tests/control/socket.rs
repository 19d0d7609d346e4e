//! The socket, the server and the library's client.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

use fogline::control::model::{SessionId, SessionState};
use fogline::control::{
    BindError, Client, ClientError, Code, Event, Listener, MAX_CONNECTIONS, PageQuery,
    SessionQuery, Who,
};
use tempfile::TempDir;

use super::engine::{Daemon, Tables, session, status};

fn refused(error: ClientError) -> Code {
    match error {
        ClientError::Refused(failure) => failure.code,
        other => panic!("{other}"),
    }
}

#[test]
fn answers_arrive_as_they_were_given() {
    let daemon = Daemon::start(Tables::with_sessions(20));
    let mut client = daemon.client();
    assert_eq!(client.status().unwrap(), status());
    let id = SessionId::new(9, 0).unwrap();
    assert_eq!(client.session(id).unwrap(), session(9));
    let tunnels = client.tunnels(PageQuery { from: 2, limit: 1 }).unwrap();
    assert_eq!((tunnels.items[0].id, tunnels.next), (2, Some(3)));
}

#[test]
fn a_session_that_is_over_is_not_another() {
    let daemon = Daemon::start(Tables::with_sessions(20));
    let id = SessionId::new(9, 1).unwrap();
    let error = daemon.client().session(id).unwrap_err();
    assert!(
        error.to_string().contains("there is no session 1048585"),
        "{error}"
    );
    assert_eq!(refused(error), Code::NoSuchSession);
}

#[test]
fn ten_thousand_sessions_come_in_pages() {
    let daemon = Daemon::start(Tables::with_sessions(10_000));
    let mut client = daemon.client();
    let mut seen = BTreeSet::new();
    let mut query = SessionQuery::default();
    let mut pages = 0;
    loop {
        let page = client.sessions(query.clone()).unwrap();
        assert!(page.items.len() <= 256);
        pages += 1;
        for session in page.items {
            assert!(seen.insert(session.id), "{} twice", session.id);
        }
        match page.next {
            Some(next) => query.from = next,
            None => break,
        }
    }
    assert_eq!((seen.len(), pages), (10_000, 40));
}

#[test]
fn a_page_is_as_small_as_asked_for() {
    let daemon = Daemon::start(Tables::with_sessions(50));
    let query = SessionQuery {
        from: 10,
        limit: 7,
        ..SessionQuery::default()
    };
    let page = daemon.client().sessions(query).unwrap();
    let places: Vec<_> = page.items.iter().map(|s| s.id.index()).collect();
    assert_eq!((places, page.next), ((10..17).collect(), Some(17)));
}

#[test]
fn sessions_are_found_by_user_state_and_clearness() {
    let daemon = Daemon::start(Tables::with_sessions(50));
    let mut client = daemon.client();
    let mut places = |query| -> Vec<u32> {
        let page = client.sessions(query).unwrap();
        page.items.iter().map(|s| s.id.index()).collect()
    };
    let user = SessionQuery {
        user: Some("user7@example.net".into()),
        ..Default::default()
    };
    assert_eq!(places(user), [7]);
    let clear = SessionQuery {
        in_clear: true,
        ..Default::default()
    };
    assert_eq!(places(clear), [9, 19, 29, 39, 49]);
    let closing = SessionQuery {
        state: Some(SessionState::Closing),
        ..Default::default()
    };
    assert!(places(closing).is_empty());
}

#[test]
fn a_kick_is_done_and_seen_by_who_listens() {
    let daemon = Daemon::start(Tables::with_sessions(5));
    let mut events = daemon.client().events().unwrap();
    let mut client = daemon.client();
    let id = SessionId::new(2, 0).unwrap();
    assert_eq!(client.kick(Who::Id(id), "unpaid".into()).unwrap(), 1);
    match events.next().unwrap().unwrap() {
        Event::Down {
            id: gone,
            user,
            reason,
            ..
        } => {
            assert_eq!(
                (gone, user.as_str(), reason.as_str()),
                (id, "user2@example.net", "unpaid")
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        refused(client.session(id).unwrap_err()),
        Code::NoSuchSession
    );
    assert_eq!(client.rekey(Who::All).unwrap(), 4);
    assert_eq!(client.kick(Who::All, String::new()).unwrap(), 4);
    let error = client.kick(Who::Id(id), String::new()).unwrap_err();
    assert_eq!(refused(error), Code::NoSuchSession);
}

#[test]
fn events_end_when_the_daemon_does() {
    let mut daemon = Daemon::start(Tables::with_sessions(1));
    let mut events = daemon.client().events().unwrap();
    daemon.stop();
    assert!(events.next().is_none());
}

#[test]
fn an_engine_that_is_gone_is_answered_for() {
    let daemon = Daemon::stopping();
    let error = daemon.client().status().unwrap_err();
    assert_eq!(refused(error), Code::Unavailable);
}

#[test]
fn an_engine_that_is_stuck_is_answered_for() {
    let daemon = Daemon::stuck();
    let begun = Instant::now();
    let error = daemon.client().status().unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(12));
    assert!(error.to_string().contains("overloaded or stuck"), "{error}");
    assert_eq!(refused(error), Code::Unavailable);
}

#[test]
fn clients_beyond_the_limit_are_told_so() {
    let daemon = Daemon::start(Tables::with_sessions(1));
    let mut clients: Vec<_> = (0..MAX_CONNECTIONS).map(|_| daemon.client()).collect();
    for client in &mut clients {
        client.status().unwrap();
    }
    assert_eq!(refused(daemon.client().status().unwrap_err()), Code::Busy);
    clients.pop();
    // The daemon sees the other end close when it gets round to it.
    let begun = Instant::now();
    while daemon.client().status().is_err() {
        assert!(begun.elapsed() < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn only_the_owner_may_connect() {
    let daemon = Daemon::start(Tables::with_sessions(1));
    let mode = fs::metadata(&daemon.socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn another_user_is_turned_away_whatever_the_mode() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("needs root, to become somebody else");
        return;
    }
    let daemon = Daemon::start(Tables::with_sessions(1));
    let open = |path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    open(daemon.socket.as_path(), 0o666);
    open(daemon.socket.parent().unwrap(), 0o755);
    // Where nobody may read it.
    let program = daemon.socket.with_file_name("fogline");
    fs::copy(env!("CARGO_BIN_EXE_fogline"), &program).unwrap();
    let output = Command::new(&program)
        .args(["status", "--socket"])
        .arg(&daemon.socket)
        .uid(65534)
        .gid(65534)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("only root and the daemon's own user"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(1));
    daemon.client().status().unwrap();
}

#[test]
fn the_socket_goes_with_the_daemon() {
    let mut daemon = Daemon::start(Tables::with_sessions(1));
    let socket = daemon.socket.clone();
    daemon.stop();
    assert!(!socket.exists());
    assert!(matches!(
        Client::connect(&socket),
        Err(ClientError::NoDaemon(_))
    ));
}

#[test]
fn a_dead_daemons_socket_is_replaced_and_a_living_ones_is_not() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("control");
    // A listener of the standard library leaves its file behind, as kill -9 does.
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let living = Listener::bind(&path).unwrap();
    assert!(matches!(Listener::bind(&path), Err(BindError::Running(_))));
    assert!(path.exists());
    drop(living);
    assert!(!path.exists());
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("control");
    fs::write(&path, "precious").unwrap();
    assert!(matches!(
        Listener::bind(&path),
        Err(BindError::NotASocket(_))
    ));
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    let nowhere = dir.path().join("missing/control");
    assert!(matches!(
        Listener::bind(&nowhere),
        Err(BindError::Io { .. })
    ));
}

#[test]
fn the_next_daemons_socket_is_not_removed_with_this_ones() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("control");
    let old = Listener::bind(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let new = Listener::bind(&path).unwrap();
    drop(old);
    assert!(path.exists());
    drop(new);
}
