//! The way from control socket and metrics to the engine, and back.
//!
//! The engine is a thread that must never wait. It looks for commands between bursts
//! ([`EnginePort::next`]) and answers each at once; whoever asked waits. Both queues are
//! bounded: with a full one the asker waits, then is told so.

use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::timeout;

use super::{Event, Failure, Reply, Request};

/// Commands that may wait for the engine.
const COMMANDS: usize = 32;

/// Events that a slow reader may be behind.
const EVENTS: usize = 256;

/// How long the engine may take for an answer. A reload reads files and may take a while.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request for the engine, and where the answer goes.
#[derive(Debug)]
pub struct Command {
    /// What is asked. Page sizes are within bounds.
    pub request: Request,
    /// Where the answer goes. Dropping it tells the asker that the daemon is stopping.
    pub reply: oneshot::Sender<Reply>,
}

/// Both ends of the way.
pub fn channel() -> (Handle, EnginePort) {
    let (commands, queue) = mpsc::channel(COMMANDS);
    let (events, _) = broadcast::channel(EVENTS);
    let port = EnginePort {
        queue,
        events: events.clone(),
    };
    (Handle { commands, events }, port)
}

/// The askers' end; clone it freely.
#[derive(Clone, Debug)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    events: broadcast::Sender<Event>,
}

impl Handle {
    /// The engine's answer.
    ///
    /// An engine that is gone or takes more than 10 seconds is answered for, with
    /// [`Code::Unavailable`](super::Code::Unavailable).
    pub async fn ask(&self, request: Request) -> Reply {
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.commands.send(Command { request, reply }).await.ok()?;
            answer.await.ok()
        };
        let failure = match timeout(PATIENCE, asked).await {
            Ok(Some(reply)) => return reply,
            Ok(None) => Failure::unavailable("the daemon is stopping"),
            Err(_) => Failure::unavailable(format!(
                "the daemon did not answer within {} s; it is overloaded or stuck, see its log",
                PATIENCE.as_secs()
            )),
        };
        Reply::Error(failure)
    }

    /// Every event from now on.
    pub(super) fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }
}

/// The engine's end.
#[derive(Debug)]
pub struct EnginePort {
    queue: mpsc::Receiver<Command>,
    events: broadcast::Sender<Event>,
}

impl EnginePort {
    /// The next command; `None` when no [`Handle`] is left. May be dropped and called again.
    pub async fn next(&mut self) -> Option<Command> {
        self.queue.recv().await
    }

    /// Tells whoever listens; costs next to nothing where nobody does.
    pub fn publish(&self, event: impl FnOnce() -> Event) {
        if self.events.receiver_count() > 0 {
            // The last listener may have left just now.
            let _ = self.events.send(event());
        }
    }
}
