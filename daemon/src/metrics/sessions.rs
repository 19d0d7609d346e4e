//! The families about each session.

use std::borrow::Cow;
use std::fmt;

use super::{Families, Label, label};
use crate::control::model::{Session, SessionCounters};
use crate::control::{Failure, Handle, Reply, Request, SessionQuery};

/// How many sessions are written one by one at most; more would be too much for a scraper.
pub const MAX_SESSIONS: usize = 4096;

/// The first sessions there are.
pub(super) async fn collect(handle: &Handle) -> Result<Vec<Session>, Failure> {
    let mut sessions = Vec::new();
    let mut from = Some(0);
    while let Some(place) = from {
        let query = SessionQuery {
            from: place,
            limit: Request::MAX_SESSIONS,
            ..SessionQuery::default()
        };
        match handle.ask(Request::Sessions(query)).await {
            Reply::Sessions(page) => {
                sessions.extend(page.items);
                from = page
                    .next
                    .filter(|next| *next > place && sessions.len() < MAX_SESSIONS);
            }
            Reply::Error(failure) => return Err(failure),
            _ => from = None,
        }
    }
    sessions.truncate(MAX_SESSIONS);
    Ok(sessions)
}

pub(super) fn write(families: &mut Families<'_>, sessions: &[Session]) -> fmt::Result {
    let about = sessions.iter().map(|session| {
        let labels = [
            number(session),
            label("user", &session.user),
            label("state", session.state.word()),
            label("scrambling", session.scrambling.protection().word()),
        ];
        (labels, 1)
    });
    families.gauge("fogline_session_info", "A session there is now.", about)?;

    let carried = |value: fn(&SessionCounters) -> [u64; 2]| {
        sessions.iter().flat_map(move |session| {
            let [sent, received] = value(&session.counters);
            [
                ([number(session), label("direction", "sent")], sent),
                ([number(session), label("direction", "received")], received),
            ]
        })
    };
    families.counter(
        "fogline_session_packets",
        "IP packets of a session.",
        carried(|c| [c.sent.packets, c.received.packets]),
    )?;
    families.counter(
        "fogline_session_bytes",
        "Bytes in the IP packets of a session.",
        carried(|c| [c.sent.bytes, c.received.bytes]),
    )
}

fn number(session: &Session) -> Label<'static> {
    ("session", Cow::Owned(session.id.to_string()))
}
