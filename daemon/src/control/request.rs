//! What a client may ask.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::model::{Protection, SessionId, SessionState};
use super::{Failure, VERSION};

/// A question for the engine, or a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// The daemon as a whole; answered by [`Reply::Status`](super::Reply::Status).
    Status,
    /// Sessions, by place in the table; answered by [`Reply::Sessions`](super::Reply::Sessions).
    Sessions(SessionQuery),
    /// One session; answered by [`Reply::Session`](super::Reply::Session), or by
    /// [`Code::NoSuchSession`](super::Code::NoSuchSession).
    Session {
        /// Which.
        id: SessionId,
    },
    /// What every session carried, in few words; answered by
    /// [`Reply::Traffic`](super::Reply::Traffic).
    Traffic(SessionQuery),
    /// Tunnels, by the id that this end assigned; answered by
    /// [`Reply::Tunnels`](super::Reply::Tunnels).
    Tunnels(PageQuery),
    /// End sessions; answered by [`Reply::Done`](super::Reply::Done) when that has begun.
    Kick {
        /// Which.
        who: Who,
        /// What the subscribers are told; may be empty.
        #[serde(default)]
        reason: String,
    },
    /// Agree on new keys in sessions that are scrambled; answered by
    /// [`Reply::Done`](super::Reply::Done) when that has begun.
    Rekey {
        /// Which.
        who: Who,
    },
    /// Read the configuration again; answered by [`Reply::Reloaded`](super::Reply::Reloaded).
    Reload,
}

/// Which sessions to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionQuery {
    /// Of this user only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// In this state only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<SessionState>,
    /// Only those whose packets travel in clear.
    pub in_clear: bool,
    /// From this place in the table on: 0, then what the last page's `next` said.
    pub from: u32,
    /// How many at most. A page never holds more than [`Request::MAX_SESSIONS`], or
    /// [`Request::MAX_TRAFFIC`] of [`Request::Traffic`]; 0 means as many as that.
    pub limit: u32,
}

impl SessionQuery {
    /// Whether a session is one of those asked for.
    pub fn matches(&self, user: &str, state: SessionState, protection: Protection) -> bool {
        self.user.as_deref().is_none_or(|wanted| wanted == user)
            && self.state.is_none_or(|wanted| wanted == state)
            && (!self.in_clear || protection == Protection::Clear)
    }
}

/// Which sessions a task is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// One session.
    Id(SessionId),
    /// Every session of a user.
    User(String),
    /// Every session.
    All,
}

/// Which part of a table to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PageQuery {
    /// From this place in the table on: 0, then what the last page's `next` said.
    pub from: u32,
    /// How many at most. A page never holds more than [`Request::MAX_TUNNELS`]; 0 means as many
    /// as that.
    pub limit: u32,
}

impl Request {
    /// Sessions in a page at most.
    pub const MAX_SESSIONS: u32 = 256;
    /// Sessions in a page of [`Self::Traffic`] at most.
    pub const MAX_TRAFFIC: u32 = 4096;
    /// Tunnels in a page at most.
    pub const MAX_TUNNELS: u32 = 512;
    /// Characters of a kick's reason at most.
    pub const MAX_REASON: usize = 200;

    const KINDS: &str =
        "status, sessions, session, traffic, tunnels, kick, rekey, reload and events";

    /// The request as the engine may rely on it: page sizes bounded, texts fit to be sent to a
    /// subscriber.
    fn checked(mut self) -> Result<Self, Failure> {
        let bound = |limit: &mut u32, most: u32| {
            if *limit == 0 || *limit > most {
                *limit = most;
            }
        };
        match &mut self {
            Self::Sessions(query) => bound(&mut query.limit, Self::MAX_SESSIONS),
            Self::Traffic(query) => bound(&mut query.limit, Self::MAX_TRAFFIC),
            Self::Tunnels(query) => bound(&mut query.limit, Self::MAX_TUNNELS),
            Self::Kick { reason, .. } if !is_reason(reason) => {
                return Err(Failure::bad_request(format!(
                    "a reason is at most {} characters, none of them a control character",
                    Self::MAX_REASON
                )));
            }
            _ => {}
        }
        Ok(self)
    }
}

fn is_reason(text: &str) -> bool {
    text.chars().count() <= Request::MAX_REASON && !text.chars().any(char::is_control)
}

/// What arrived in a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// Something for the engine.
    Ask(Request),
    /// From now on the connection is a stream of events.
    Events,
}

impl Incoming {
    const EVENTS: &str = "events";

    /// Checks the JSON of a frame.
    ///
    /// # Errors
    /// The failure to answer with: not JSON, another version, or a request unknown to this one.
    pub fn parse(json: &[u8]) -> Result<Self, Failure> {
        // The version comes before all else: what another one asks is not ours to judge.
        #[derive(Deserialize)]
        struct Head {
            version: u64,
        }
        let Head { version } = serde_json::from_slice(json).map_err(|error| {
            Failure::bad_request(format!(
                "not a request, which is {{\"version\": {VERSION}, \"request\": ...}} ({error})"
            ))
        })?;
        if version != VERSION {
            return Err(Failure::bad_version(version));
        }

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Body {
            #[serde(rename = "version")]
            _version: u64,
            request: Value,
        }
        let unknown = |error: serde_json::Error| {
            Failure::bad_request(format!("{error}; requests are {}", Request::KINDS))
        };
        let Body { request, .. } = serde_json::from_slice(json).map_err(unknown)?;
        if request == Self::EVENTS {
            return Ok(Self::Events);
        }
        let request: Request = serde_json::from_value(request).map_err(unknown)?;
        request.checked().map(Self::Ask)
    }

    /// The JSON of a frame.
    ///
    /// # Errors
    /// A value that JSON has no form for; there is none among requests.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        #[derive(Serialize)]
        struct Frame<'a, T> {
            version: u64,
            request: &'a T,
        }
        let version = VERSION;
        match self {
            Self::Ask(request) => serde_json::to_vec(&Frame { version, request }),
            Self::Events => {
                let request = Self::EVENTS;
                serde_json::to_vec(&Frame {
                    version,
                    request: &request,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Code;
    use super::*;

    fn parse(json: &str) -> Result<Incoming, Failure> {
        Incoming::parse(json.as_bytes())
    }

    fn ask(json: &str) -> Request {
        match parse(json) {
            Ok(Incoming::Ask(request)) => request,
            other => panic!("{json}: {other:?}"),
        }
    }

    #[test]
    fn requests_read_as_the_documentation_says() {
        assert_eq!(
            ask(r#"{"version": 1, "request": "status"}"#),
            Request::Status
        );
        let query = SessionQuery {
            user: Some("alice".into()),
            in_clear: true,
            limit: Request::MAX_SESSIONS,
            ..SessionQuery::default()
        };
        assert_eq!(
            ask(
                r#"{"version":1,"request":{"sessions":{"user":"alice","in_clear":true,"from":0}}}"#
            ),
            Request::Sessions(query)
        );
        let id = SessionId::new(17, 0).unwrap();
        assert_eq!(
            ask(r#"{"version":1,"request":{"kick":{"who":{"id":17},"reason":"unpaid"}}}"#),
            Request::Kick {
                who: Who::Id(id),
                reason: "unpaid".into()
            }
        );
        assert_eq!(
            ask(r#"{"version":1,"request":{"rekey":{"who":"all"}}}"#),
            Request::Rekey { who: Who::All }
        );
        assert_eq!(
            parse(r#"{"version":1,"request":"events"}"#),
            Ok(Incoming::Events)
        );
    }

    #[test]
    fn what_is_written_is_read_again() {
        let requests = [
            Request::Status,
            Request::Sessions(SessionQuery {
                limit: 9,
                ..SessionQuery::default()
            }),
            Request::Traffic(SessionQuery {
                limit: 9,
                ..SessionQuery::default()
            }),
            Request::Tunnels(PageQuery { from: 3, limit: 9 }),
            Request::Kick {
                who: Who::User("bob".into()),
                reason: String::new(),
            },
            Request::Rekey { who: Who::All },
            Request::Reload,
        ];
        for incoming in requests
            .map(Incoming::Ask)
            .into_iter()
            .chain([Incoming::Events])
        {
            let json = incoming.to_json().unwrap();
            assert!(json.starts_with(br#"{"version":1,"#));
            assert_eq!(Incoming::parse(&json), Ok(incoming));
        }
    }

    #[test]
    fn another_version_is_told_which_there_are() {
        let failure = parse(r#"{"version": 2, "request": {"fly": [1, 2]}}"#).unwrap_err();
        assert_eq!(failure.code, Code::BadVersion);
        assert_eq!(failure.versions, [1]);
    }

    #[test]
    fn an_unknown_request_is_told_which_there_are() {
        for json in [
            r#"{"version":1,"request":"fly"}"#,
            r#"{"version":1,"request":{"session":{}}}"#,
            r#"{"version":1,"request":{"sessions":{"usr":"alice"}}}"#,
            r#"{"version":1,"request":"status","user":"alice"}"#,
            r#"{"version":1}"#,
        ] {
            let failure = parse(json).unwrap_err();
            assert_eq!(failure.code, Code::BadRequest, "{json}");
            assert_eq!(failure.versions, [1]);
            assert!(
                failure.message.contains("status, sessions"),
                "{}",
                failure.message
            );
        }
    }

    #[test]
    fn a_reason_fit_for_a_subscriber() {
        let kick = |reason: &str| {
            let who = Who::All;
            let incoming = Incoming::Ask(Request::Kick {
                who,
                reason: reason.into(),
            });
            Incoming::parse(&incoming.to_json().unwrap())
        };
        assert!(kick("unpaid since März").is_ok());
        assert!(kick("clear\u{1b}[2J").is_err());
        assert!(kick(&"x".repeat(201)).is_err());
    }

    #[test]
    fn a_session_is_asked_for_by_user_state_and_clearness() {
        let up = SessionState::Up;
        let query = SessionQuery {
            user: Some("alice".into()),
            in_clear: true,
            ..SessionQuery::default()
        };
        assert!(query.matches("alice", up, Protection::Clear));
        assert!(!query.matches("alice", up, Protection::Header));
        assert!(!query.matches("bob", up, Protection::Clear));
        let closing = SessionQuery {
            state: Some(SessionState::Closing),
            ..SessionQuery::default()
        };
        assert!(!closing.matches("alice", up, Protection::Clear));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_a_request_or_refused(json: Vec<u8>) {
            let _ = Incoming::parse(&json);
        }

        #[test]
        fn arbitrary_json_is_a_request_or_refused(
            json in r#"\{"version":1,"request":[\[\]{}:,"a-z0-9.-]{0,40}\}"#,
        ) {
            if let Ok(Incoming::Ask(Request::Sessions(query))) = parse(&json) {
                prop_assert!((1..=Request::MAX_SESSIONS).contains(&query.limit));
            }
        }
    }
}
