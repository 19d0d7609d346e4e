//! A daemon whose engine answers from a table made up beforehand.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use fogline::control::model::{
    Reload, Session, SessionId, SessionTraffic, Status, Timestamp, Tunnel,
};
use fogline::control::{
    self, Client, Command, EnginePort, Event, Failure, Listener, Page, Reply, Request, Who,
};
use fogline::metrics;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime;
use tokio::sync::oneshot;

/// What the made-up engine has.
pub struct Tables {
    pub status: Status,
    /// By place; some places are free.
    pub sessions: Vec<Option<Session>>,
    pub tunnels: Vec<Tunnel>,
    pub reload: Reload,
}

impl Tables {
    /// So many sessions, every tenth of them in clear, every 100th place free.
    pub fn with_sessions(count: u32) -> Self {
        let places = (0..).filter(|place| place % 100 != 99).take(count as usize);
        let last = places.clone().last().map_or(0, |last| last + 1);
        let mut sessions = vec![None; last as usize];
        for place in places {
            sessions[place as usize] = Some(session(place));
        }
        Self {
            status: status(),
            sessions,
            tunnels: (1..=3).map(tunnel).collect(),
            reload: Reload {
                time: Timestamp::now(),
                applied: true,
                messages: vec![],
            },
        }
    }
}

/// The session at `place`.
pub fn session(place: u32) -> Session {
    let clear = place % 10 == 9;
    let direction = json!({"transform": "header", "coverage": "all", "carrier": "natural"});
    let scrambling = if clear {
        json!({
            "state": "clear", "why_clear": "the peer Protocol-Rejected ECP", "send": null,
            "receive": null, "epoch": null, "counters": phs_counters(),
        })
    } else {
        json!({
            "state": "confirmed", "why_clear": null, "send": direction, "receive": direction,
            "epoch": 3, "counters": phs_counters(),
        })
    };
    serde_json::from_value(json!({
        "id": SessionId::new(place, 0).unwrap(),
        "user": format!("user{place}@example.net"),
        "state": "up",
        "since": "2026-11-23T10:00:00Z",
        "l2tp": {"tunnel": 1, "session": place as u16, "peer_tunnel": 7, "peer_session": 8},
        "peer": "192.0.2.7:1701",
        "interface": "fogline0",
        "ipv4": {"local": "10.64.0.1", "remote": "10.64.1.2"},
        "ipv6": {"local": "fe80::1", "remote": "fe80::2", "prefix": "2001:db8:4000:1::/64"},
        "scrambling": scrambling,
        "mtu": 1494, "mru": 1500, "echo_rtt_us": 12_345,
        "counters": {
            "sent": {"packets": 10, "bytes": 1000 * u64::from(place)},
            "received": {"packets": 5, "bytes": 500},
            "drops": {"source-address": 2},
        },
        "calling_number": "0123456789", "called_number": null,
        "handled_by": "software",
    }))
    .unwrap()
}

fn phs_counters() -> serde_json::Value {
    json!({
        "malformed": 0, "untimely": 0, "unexpected": 1, "bad_tags": 0, "after_confirmation": 0,
        "protocol_rejects_after_confirmation": 0, "rekeys_ignored": 0, "fallbacks": 0,
        "rekeys": 3,
    })
}

fn tunnel(id: u16) -> Tunnel {
    serde_json::from_value(json!({
        "id": id, "peer_id": 100 + id, "local": "198.51.100.1:1701", "peer": "192.0.2.7:1701",
        "host_name": format!("lac{id}.example.net"), "state": "established", "calls": 40,
        "since": "2026-11-23T10:00:00Z", "retransmissions": 4, "window": 16,
    }))
    .unwrap()
}

/// What the daemon says of itself.
pub fn status() -> Status {
    serde_json::from_value(json!({
        "version": "0.1.0", "mode": "lns", "started": "2026-11-23T10:00:00Z",
        "uptime_seconds": 273_600,
        "sessions": [
            {"state": "up", "scrambling": "header", "sessions": 8},
            {"state": "up", "scrambling": "clear", "sessions": 2},
            {"state": "negotiating", "scrambling": "undecided", "sessions": 1},
        ],
        "fallbacks": {"protocol-rejected": 2},
        "tunnels": {"established": 3, "half_open": 1},
        "calls": {
            "offered": 20, "answered": 15, "refused": {"busy": 5},
            "ended": {"peer-terminated": 3, "echo-lost": 1},
        },
        "sent": {"packets": 1000, "bytes": 1_000_000},
        "received": {"packets": 500, "bytes": 50_000},
        "drops": {"source-address": 2, "clear-after-confirmation": 1},
        "alarms_raised": 7,
        "alarms": [{
            "time": "2026-11-23T11:00:00Z", "session": 4, "user": "mallory\u{1b}[2J",
            "text": "wrong confirmation",
        }],
        "rekeys": 30, "authentication_failures": 6,
        "pools": [
            {"name": "home", "family": "ipv4", "used": 10, "size": 254},
            {"name": "home", "family": "ipv6", "used": 10, "size": 65_536},
        ],
        "configuration": {
            "file": "/etc/fogline/fogline.toml",
            "reload": {"time": "2026-11-23T12:00:00Z", "applied": true, "messages": []},
        },
    }))
    .unwrap()
}

impl Tables {
    fn answer(&mut self, request: Request, port: &EnginePort) -> Reply {
        match request {
            Request::Status => Reply::Status(Box::new(self.status.clone())),
            Request::Session { id } => match self.find(id) {
                Some(session) => Reply::Session(Box::new(session)),
                None => Reply::Error(Failure::no_such_session(id)),
            },
            Request::Sessions(query) => {
                let wanted =
                    |s: &Session| query.matches(&s.user, s.state, s.scrambling.protection());
                Reply::Sessions(self.page(query.from, query.limit, wanted, Session::clone))
            }
            Request::Traffic(query) => {
                let wanted =
                    |s: &Session| query.matches(&s.user, s.state, s.scrambling.protection());
                let traffic = |s: &Session| SessionTraffic {
                    id: s.id,
                    sent: s.counters.sent,
                    received: s.counters.received,
                };
                let page = self.page(query.from, query.limit, wanted, traffic);
                // Time goes by.
                for session in self.sessions.iter_mut().flatten() {
                    session.counters.sent.bytes += 1000 * u64::from(session.id.index());
                }
                Reply::Traffic(page)
            }
            Request::Tunnels(query) => {
                let from = self
                    .tunnels
                    .iter()
                    .filter(|t| u32::from(t.id) >= query.from);
                let items: Vec<_> = from.take(query.limit as usize).cloned().collect();
                let next = items.last().map(|last| u32::from(last.id) + 1);
                let next =
                    next.filter(|next| self.tunnels.iter().any(|t| u32::from(t.id) >= *next));
                Reply::Tunnels(Page { items, next })
            }
            Request::Kick { who, reason } => self.kick(&who, &reason, port),
            Request::Rekey { who } => match self.named(&who) {
                Ok(places) => Reply::Done {
                    sessions: places.len() as u64,
                },
                Err(failure) => Reply::Error(failure),
            },
            Request::Reload => Reply::Reloaded(self.reload.clone()),
        }
    }

    fn find(&self, id: SessionId) -> Option<Session> {
        let session = self.sessions.get(id.index() as usize)?.as_ref()?;
        (session.id == id).then(|| session.clone())
    }

    fn page<T>(
        &self,
        from: u32,
        limit: u32,
        wanted: impl Fn(&Session) -> bool,
        item: impl Fn(&Session) -> T,
    ) -> Page<T> {
        let mut page = Page::default();
        for (place, session) in self.sessions.iter().enumerate().skip(from as usize) {
            if page.items.len() == limit as usize {
                page.next = Some(place as u32);
                break;
            }
            page.items
                .extend(session.iter().filter(|s| wanted(s)).map(&item));
        }
        page
    }

    fn named(&self, who: &Who) -> Result<Vec<usize>, Failure> {
        let named = |session: &Session| match who {
            Who::Id(id) => session.id == *id,
            Who::User(user) => session.user == *user,
            Who::All => true,
        };
        let places = self.sessions.iter().enumerate();
        let named: Vec<_> = places
            .filter(|(_, session)| session.as_ref().is_some_and(named))
            .map(|(place, _)| place)
            .collect();
        match who {
            Who::Id(id) if named.is_empty() => Err(Failure::no_such_session(*id)),
            _ => Ok(named),
        }
    }

    fn kick(&mut self, who: &Who, reason: &str, port: &EnginePort) -> Reply {
        let places = match self.named(who) {
            Ok(places) => places,
            Err(failure) => return Reply::Error(failure),
        };
        for place in &places {
            let Some(session) = self.sessions[*place].take() else {
                continue;
            };
            port.publish(|| Event::Down {
                time: Timestamp::now(),
                id: session.id,
                user: session.user,
                reason: reason.into(),
            });
        }
        Reply::Done {
            sessions: places.len() as u64,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Engine {
    Answers,
    Gone,
    Stuck,
}

/// A daemon that runs until it is dropped.
pub struct Daemon {
    pub socket: PathBuf,
    pub metrics: SocketAddr,
    _dir: TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Daemon {
    pub fn start(tables: Tables) -> Self {
        Self::run(
            tables,
            metrics::Options { per_session: true },
            Engine::Answers,
        )
    }

    /// A daemon that gives no metrics of single sessions.
    pub fn discreet(tables: Tables) -> Self {
        Self::run(tables, metrics::Options::default(), Engine::Answers)
    }

    /// A daemon whose engine has gone.
    pub fn stopping() -> Self {
        Self::run(
            Tables::with_sessions(0),
            metrics::Options::default(),
            Engine::Gone,
        )
    }

    /// A daemon whose engine takes commands and never answers.
    pub fn stuck() -> Self {
        Self::run(
            Tables::with_sessions(0),
            metrics::Options::default(),
            Engine::Stuck,
        )
    }

    fn run(mut tables: Tables, options: metrics::Options, engine: Engine) -> Self {
        let dir = TempDir::new().unwrap();
        let socket = dir.path().join("control");
        let listener = Listener::bind(&socket).unwrap();
        let scrapes = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let metrics = scrapes.local_addr().unwrap();
        let (stop, mut stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let (handle, mut port) = control::channel();
                if engine == Engine::Gone {
                    port = control::channel().1;
                }
                let control = control::serve(listener, handle.clone());
                let scraped = metrics::serve(scrapes, handle, options);
                let answering = async {
                    let mut unanswered = Vec::new();
                    while let Some(Command { request, reply }) = port.next().await {
                        if engine == Engine::Stuck {
                            unanswered.push(reply);
                            continue;
                        }
                        let _ = reply.send(tables.answer(request, &port));
                    }
                    std::future::pending::<()>().await;
                };
                tokio::select! {
                    ended = control => ended.unwrap(),
                    ended = scraped => ended.unwrap(),
                    () = answering => {}
                    _ = &mut stopped => {}
                }
            });
        });
        Self {
            socket,
            metrics,
            _dir: dir,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub fn client(&self) -> Client {
        Client::connect(&self.socket).unwrap()
    }

    pub fn stop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(
            ended.is_none_or(|ended| ended.is_ok()),
            "the daemon panicked"
        );
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.stop();
        }
    }
}
