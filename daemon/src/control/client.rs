//! The operator's side of the control socket. It waits for answers: it is for commands, which
//! have nothing else to do.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::frame::{self, BadLength, HEADER};
use super::model::{Reload, Session, SessionId, SessionTraffic, Status, Tunnel};
use super::reply::ReplyFrame;
use super::{Event, Failure, Incoming, MAX_REPLY, Page, PageQuery, Reply, Request};
use super::{SessionQuery, Who};

/// How long a daemon may take for an answer: longer than it takes to say that its engine is
/// stuck.
const PATIENCE: Duration = Duration::from_secs(15);

/// Frames that one answer may take. A page has fewer.
const MAX_FRAMES: usize = 1024;

/// A connection to a daemon.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    path: PathBuf,
}

/// Why a daemon did not do as it was told.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error(
        "no daemon answers at {}; start one (fogline lns, fogline client), or name its control \
         socket with --socket",
        .0.display()
    )]
    NoDaemon(PathBuf),
    /// The socket is not for this user.
    #[error(
        "{}: permission denied; use the control socket as root or as the daemon's own user",
        .0.display()
    )]
    Denied(PathBuf),
    /// The connection broke, or took too long.
    #[error("{}: {}", path.display(), explain(source))]
    Io {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The daemon said no.
    #[error("{0}")]
    Refused(#[from] Failure),
    /// What answered is no daemon of this version.
    #[error("{}: {what}; is the daemon of the same version as this program?", path.display())]
    Protocol {
        /// The socket.
        path: PathBuf,
        /// What is wrong with the answer.
        what: String,
    },
}

fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
    )
}

fn explain(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            let seconds = PATIENCE.as_secs();
            format!(
                "the daemon did not answer within {seconds} s; it is overloaded or stuck, see its log"
            )
        }
        ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => {
            "the daemon closed the connection; it may be stopping, see its log".into()
        }
        _ => error.to_string(),
    }
}

impl Client {
    /// Connects to the daemon whose socket is at `path`.
    ///
    /// # Errors
    /// There is none, or this user must not.
    pub fn connect(path: &Path) -> Result<Self, ClientError> {
        let stream = UnixStream::connect(path).map_err(|source| match source.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                ClientError::NoDaemon(path.into())
            }
            ErrorKind::PermissionDenied => ClientError::Denied(path.into()),
            _ => ClientError::Io {
                path: path.into(),
                source,
            },
        })?;
        let client = Self {
            stream,
            path: path.into(),
        };
        let limited = client.stream.set_read_timeout(Some(PATIENCE));
        let limited = limited.and_then(|()| client.stream.set_write_timeout(Some(PATIENCE)));
        limited.map_err(|source| client.io(source))?;
        Ok(client)
    }

    /// The answer to `request`, all its frames taken together.
    ///
    /// # Errors
    /// The daemon says no ([`ClientError::Refused`]), or the connection breaks.
    pub fn ask(&mut self, request: Request) -> Result<Reply, ClientError> {
        self.send(&Incoming::Ask(request))?;
        let ReplyFrame {
            mut more,
            mut reply,
            ..
        } = self.receive()?;
        for _ in 0..MAX_FRAMES {
            if !more {
                return Ok(reply);
            }
            let next = self.receive()?;
            more = next.more;
            if !append(&mut reply, next.reply) {
                return Err(self.protocol("the parts of the answer do not go together"));
            }
        }
        Err(self.protocol("the answer has no end"))
    }

    /// The daemon as a whole.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub fn status(&mut self) -> Result<Status, ClientError> {
        match self.ask(Request::Status)? {
            Reply::Status(status) => Ok(*status),
            other => Err(self.unexpected(&other)),
        }
    }

    /// One session.
    ///
    /// # Errors
    /// As [`Self::ask`]; [`Code::NoSuchSession`](super::Code::NoSuchSession) is among them.
    pub fn session(&mut self, id: SessionId) -> Result<Session, ClientError> {
        match self.ask(Request::Session { id })? {
            Reply::Session(session) => Ok(*session),
            other => Err(self.unexpected(&other)),
        }
    }

    /// A page of sessions.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub fn sessions(&mut self, query: SessionQuery) -> Result<Page<Session>, ClientError> {
        let from = query.from;
        match self.ask(Request::Sessions(query))? {
            Reply::Sessions(page) => self.onward(from, page),
            other => Err(self.unexpected(&other)),
        }
    }

    /// A page of what sessions carried.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub fn traffic(&mut self, query: SessionQuery) -> Result<Page<SessionTraffic>, ClientError> {
        let from = query.from;
        match self.ask(Request::Traffic(query))? {
            Reply::Traffic(page) => self.onward(from, page),
            other => Err(self.unexpected(&other)),
        }
    }

    /// A page of tunnels.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub fn tunnels(&mut self, query: PageQuery) -> Result<Page<Tunnel>, ClientError> {
        match self.ask(Request::Tunnels(query))? {
            Reply::Tunnels(page) => self.onward(query.from, page),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Ends sessions; says how many.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub fn kick(&mut self, who: Who, reason: String) -> Result<u64, ClientError> {
        self.task(Request::Kick { who, reason })
    }

    /// Has sessions agree on new keys; says how many.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub fn rekey(&mut self, who: Who) -> Result<u64, ClientError> {
        self.task(Request::Rekey { who })
    }

    /// Has the daemon read its configuration again.
    ///
    /// # Errors
    /// As [`Self::ask`]. A configuration that is wrong is no error here, but
    /// [`Reload::applied`] is false.
    pub fn reload(&mut self) -> Result<Reload, ClientError> {
        match self.ask(Request::Reload)? {
            Reply::Reloaded(reload) => Ok(reload),
            other => Err(self.unexpected(&other)),
        }
    }

    /// What happens from now on.
    ///
    /// # Errors
    /// The daemon says no, or the connection breaks. The iterator ends when the daemon does.
    pub fn events(
        mut self,
    ) -> Result<impl Iterator<Item = Result<Event, ClientError>>, ClientError> {
        self.send(&Incoming::Events)?;
        match self.receive()?.reply {
            Reply::Listening => {}
            other => return Err(self.unexpected(&other)),
        }
        let unlimited = self.stream.set_read_timeout(None);
        unlimited.map_err(|source| self.io(source))?;
        Ok(std::iter::from_fn(move || match self.receive() {
            Ok(ReplyFrame {
                reply: Reply::Event(event),
                ..
            }) => Some(Ok(event)),
            Ok(frame) => Some(Err(self.unexpected(&frame.reply))),
            Err(ClientError::Io { source, .. }) if is_end(&source) => None,
            Err(error) => Some(Err(error)),
        }))
    }

    fn task(&mut self, request: Request) -> Result<u64, ClientError> {
        match self.ask(request)? {
            Reply::Done { sessions } => Ok(sessions),
            other => Err(self.unexpected(&other)),
        }
    }

    /// A page that leads onward: who follows `next` comes to an end.
    fn onward<T>(&self, from: u32, page: Page<T>) -> Result<Page<T>, ClientError> {
        match page.next {
            Some(next) if next <= from => Err(self.protocol("the pages of the answer go round")),
            _ => Ok(page),
        }
    }

    fn send(&mut self, request: &Incoming) -> Result<(), ClientError> {
        let json = request.to_json().map_err(|error| self.protocol(error))?;
        let frame = frame::frame(&json).map_err(|error| self.protocol(error))?;
        match self.stream.write_all(&frame) {
            // Who was refused at the door still finds the reason.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(|source| self.io(source)),
        }
    }

    fn receive(&mut self) -> Result<ReplyFrame, ClientError> {
        let mut header = [0; HEADER];
        self.read(&mut header)?;
        let length = frame::length(header, MAX_REPLY);
        let length = length.map_err(|error: BadLength| self.protocol(error))?;
        let mut json = vec![0; length];
        self.read(&mut json)?;
        let frame: ReplyFrame =
            serde_json::from_slice(&json).map_err(|error| self.protocol(error))?;
        match frame.reply {
            Reply::Error(failure) => Err(failure.into()),
            _ => Ok(frame),
        }
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), ClientError> {
        let read = self.stream.read_exact(bytes);
        read.map_err(|source| self.io(source))
    }

    fn io(&self, source: io::Error) -> ClientError {
        ClientError::Io {
            path: self.path.clone(),
            source,
        }
    }

    fn protocol(&self, what: impl ToString) -> ClientError {
        ClientError::Protocol {
            path: self.path.clone(),
            what: what.to_string(),
        }
    }

    fn unexpected(&self, reply: &Reply) -> ClientError {
        self.protocol(format!(
            "the answer is one to another question ({})",
            reply.kind()
        ))
    }
}

/// Takes the items of the next frame in; `false` where it is no part of the same reply.
fn append(reply: &mut Reply, next: Reply) -> bool {
    fn join<T>(page: &mut Page<T>, next: Page<T>) -> bool {
        page.items.extend(next.items);
        page.next == next.next
    }
    match (reply, next) {
        (Reply::Sessions(page), Reply::Sessions(next)) => join(page, next),
        (Reply::Traffic(page), Reply::Traffic(next)) => join(page, next),
        (Reply::Tunnels(page), Reply::Tunnels(next)) => join(page, next),
        _ => false,
    }
}
