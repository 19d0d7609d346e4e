//! What a daemon answers.

use serde::{Deserialize, Serialize};

use super::model::{Alarm, Protection, Reload, Session, SessionId, SessionTraffic, Status};
use super::model::{Timestamp, Tunnel};
use super::{MAX_REPLY, VERSION};

/// The answer to a [`Request`](super::Request).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// The daemon as a whole.
    Status(Box<Status>),
    /// A page of sessions.
    Sessions(Page<Session>),
    /// One session.
    Session(Box<Session>),
    /// A page of what sessions carried.
    Traffic(Page<SessionTraffic>),
    /// A page of tunnels.
    Tunnels(Page<Tunnel>),
    /// A task is under way.
    Done {
        /// How many sessions it is about.
        sessions: u64,
    },
    /// The configuration was read again, or could not be.
    Reloaded(Reload),
    /// From now on, what happens is told.
    Listening,
    /// Something happened, and the client asked for events.
    Event(Event),
    /// The request cannot be answered.
    Error(Failure),
}

/// A part of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// What is in it, by place in the table.
    pub items: Vec<T>,
    /// The place to ask for next; none after the last page. A page may have fewer items than
    /// asked for, or none at all, and yet not be the last.
    pub next: Option<u32>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            next: None,
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// Data flows in a session.
    Up {
        /// When that began.
        time: Timestamp,
        /// Which session.
        id: SessionId,
        /// Its user.
        user: String,
        /// What protects it.
        scrambling: Protection,
    },
    /// A session is over.
    Down {
        /// When it ended.
        time: Timestamp,
        /// Which session.
        id: SessionId,
        /// Its user.
        user: String,
        /// Why, as a sentence.
        reason: String,
    },
    /// An operator ought to look.
    Alarm(Alarm),
    /// The client read too slowly, and so many events passed it by.
    Lost {
        /// How many.
        events: u64,
    },
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// For programs.
    pub code: Code,
    /// What happened and what to do, for people.
    pub message: String,
    /// The versions of the protocol that the daemon speaks.
    pub versions: Vec<u64>,
}

/// Why there is no answer, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// The request is of a version that the daemon does not speak.
    BadVersion,
    /// The request is not one.
    BadRequest,
    /// There is no such session (any more).
    NoSuchSession,
    /// The daemon is stopping, or does not answer in time.
    Unavailable,
    /// The client is of a user who must not.
    Forbidden,
    /// Too many clients are connected.
    Busy,
    /// The answer does not fit a frame.
    TooLarge,
}

impl Failure {
    /// A failure of this version of the protocol.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            versions: vec![VERSION],
        }
    }

    /// There is no session `id`.
    pub fn no_such_session(id: SessionId) -> Self {
        let message = format!(
            "there is no session {id}, or it is over; `fogline sessions` lists those there are"
        );
        Self::new(Code::NoSuchSession, message)
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, message)
    }

    pub(super) fn bad_version(version: u64) -> Self {
        let message = format!(
            "version {version} of the control protocol is not known here, only {VERSION} is; \
             use the `fogline` that came with this daemon"
        );
        Self::new(Code::BadVersion, message)
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Code::Unavailable, message)
    }
}

impl Reply {
    /// What it is, in a word.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Status(_) => "status",
            Self::Sessions(_) => "sessions",
            Self::Session(_) => "session",
            Self::Traffic(_) => "traffic",
            Self::Tunnels(_) => "tunnels",
            Self::Done { .. } => "done",
            Self::Reloaded(_) => "reloaded",
            Self::Listening => "listening",
            Self::Event(_) => "event",
            Self::Error(_) => "error",
        }
    }

    /// The reply as JSON, in as many frames as [`MAX_REPLY`] makes necessary.
    pub fn into_frames(self) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        // The part to write next is on top.
        let mut parts = vec![self];
        while let Some(mut part) = parts.pop() {
            if let Some(json) = part.fitting(!parts.is_empty()) {
                frames.push(json);
            } else if let Some(second) = part.halve() {
                parts.push(second);
                parts.push(part);
            } else {
                frames.extend(Self::too_large().fitting(false));
                break;
            }
        }
        frames
    }

    /// The JSON of one frame, if it fits one.
    fn fitting(&self, more: bool) -> Option<Vec<u8>> {
        #[derive(Serialize)]
        struct Frame<'a> {
            version: u64,
            more: bool,
            reply: &'a Reply,
        }
        let frame = Frame {
            version: VERSION,
            more,
            reply: self,
        };
        let json = serde_json::to_vec(&frame).ok()?;
        (json.len() <= MAX_REPLY).then_some(json)
    }

    /// Takes the second half of a page off; `None` where there are no two halves.
    fn halve(&mut self) -> Option<Self> {
        match self {
            Self::Sessions(page) => page.halve().map(Self::Sessions),
            Self::Traffic(page) => page.halve().map(Self::Traffic),
            Self::Tunnels(page) => page.halve().map(Self::Tunnels),
            _ => None,
        }
    }

    fn too_large() -> Self {
        Self::Error(Failure::new(
            Code::TooLarge,
            format!("the answer is larger than {MAX_REPLY} bytes; ask for less at once"),
        ))
    }
}

impl<T> Page<T> {
    fn halve(&mut self) -> Option<Self> {
        if self.items.len() < 2 {
            return None;
        }
        let items = self.items.split_off(self.items.len() / 2);
        let next = self.next;
        Some(Self { items, next })
    }
}

/// One frame of a reply, as a client reads it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ReplyFrame {
    /// [`VERSION`].
    pub version: u64,
    /// Whether another frame of the same reply follows.
    pub more: bool,
    /// The reply, or a part of its items.
    pub reply: Reply,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tunnel(id: u16, host_name: &str) -> Tunnel {
        let address = ([192, 0, 2, 1], 1701).into();
        Tunnel {
            id,
            peer_id: id,
            local: address,
            peer: address,
            host_name: host_name.into(),
            state: super::super::model::TunnelState::Established,
            calls: 1,
            since: Timestamp::now(),
            retransmissions: 0,
            window: 16,
        }
    }

    fn read(frames: &[Vec<u8>]) -> Vec<ReplyFrame> {
        let read = |json: &Vec<u8>| serde_json::from_slice(json).unwrap();
        frames.iter().map(read).collect()
    }

    #[test]
    fn a_reply_is_one_frame() {
        let frames = Reply::Done { sessions: 1 }.into_frames();
        assert_eq!(
            frames,
            [br#"{"version":1,"more":false,"reply":{"done":{"sessions":1}}}"#]
        );
    }

    #[test]
    fn a_page_too_large_for_a_frame_takes_several() {
        // Six bytes each as JSON: 6 KiB a name.
        let name = "\u{1}".repeat(1024);
        let items: Vec<_> = (0..500).map(|id| tunnel(id, &name)).collect();
        let next = Some(500);
        let frames = Reply::Tunnels(Page {
            items: items.clone(),
            next,
        })
        .into_frames();
        assert!(frames.len() >= 3 && frames.iter().all(|f| f.len() <= MAX_REPLY));

        let mut got = Vec::new();
        let frames = read(&frames);
        for (n, frame) in frames.iter().enumerate() {
            assert_eq!(frame.more, n + 1 < frames.len());
            let Reply::Tunnels(page) = &frame.reply else {
                panic!("{frame:?}");
            };
            assert_eq!(page.next, next);
            got.extend(page.items.clone());
        }
        assert_eq!(got, items);
    }

    #[test]
    fn an_item_too_large_for_a_frame_is_an_error() {
        let items = vec![tunnel(1, "one"), tunnel(2, &"x".repeat(MAX_REPLY))];
        let frames = read(&Reply::Tunnels(Page { items, next: None }).into_frames());
        let last = frames.last().unwrap();
        assert!(!last.more);
        assert!(matches!(&last.reply, Reply::Error(f) if f.code == Code::TooLarge));
    }
}
