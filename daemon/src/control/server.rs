//! The daemon's side of the control socket.
//!
//! A client can waste its own connection and nothing else: there are few of them
//! ([`MAX_CONNECTIONS`]), each holds one request and one frame of an answer at a time, and each
//! wait for it ends.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use nix::unistd::geteuid;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use super::frame::{self, HEADER};
use super::{Code, Event, Failure, Handle, Incoming, Listener, MAX_REQUEST, Reply};

/// Clients at a time.
pub const MAX_CONNECTIONS: usize = 16;

/// How long a client may keep its connection without asking anything.
const IDLE: Duration = Duration::from_secs(120);

/// How long a request, once begun, or a frame of an answer may take on its way.
const TRANSFER: Duration = Duration::from_secs(5);

/// How long to wait before accepting again, where the system has no file descriptor left.
const RESPITE: Duration = Duration::from_millis(200);

/// Answers clients until the future is dropped; then connections are closed and the socket's
/// file is removed.
///
/// # Errors
/// Only at the start, when tokio cannot take the socket.
pub async fn serve(listener: Listener, handle: Handle) -> io::Result<()> {
    let (socket, _file) = listener.into_parts();
    let socket = UnixListener::from_std(socket)?;
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut clients = JoinSet::new();
    loop {
        let client = match socket.accept().await {
            Ok((client, _)) => client,
            Err(error) => {
                warn!("the control socket accepts no connection: {error}");
                sleep(RESPITE).await;
                continue;
            }
        };
        while clients.try_join_next().is_some() {}
        if let Err(failure) = admit(&client) {
            refuse(client, failure);
            continue;
        }
        let Ok(place) = places.clone().try_acquire_owned() else {
            refuse(client, busy());
            continue;
        };
        let handle = handle.clone();
        clients.spawn(async move {
            if let Err(error) = converse(client, &handle).await {
                debug!("a control connection ended: {error}");
            }
            drop(place);
        });
    }
}

/// Whether the client is root's or of the daemon's own user.
fn admit(client: &UnixStream) -> Result<(), Failure> {
    let forbidden = || {
        let message = "only root and the daemon's own user may use the control socket";
        Failure::new(Code::Forbidden, message)
    };
    let peer = client.peer_cred().map_err(|_| forbidden())?;
    if peer.uid() == 0 || peer.uid() == geteuid().as_raw() {
        Ok(())
    } else {
        warn!(
            uid = peer.uid(),
            "a user without the right to tried the control socket"
        );
        Err(forbidden())
    }
}

fn busy() -> Failure {
    let message =
        format!("{MAX_CONNECTIONS} clients are connected already; end one, then try again");
    Failure::new(Code::Busy, message)
}

/// Says why, without waiting, and closes.
fn refuse(client: UnixStream, failure: Failure) {
    for json in Reply::Error(failure).into_frames() {
        if let Ok(frame) = frame::frame(&json) {
            // An empty buffer has room for it; if not, closing says enough.
            let _ = client.try_write(&frame);
        }
    }
}

/// One client's requests and their answers, until it closes or breaks the rules.
async fn converse(mut client: UnixStream, handle: &Handle) -> io::Result<()> {
    while let Some(json) = read_request(&mut client).await? {
        let reply = match Incoming::parse(&json) {
            Ok(Incoming::Ask(request)) => handle.ask(request).await,
            Ok(Incoming::Events) => return stream(client, handle).await,
            Err(failure) => Reply::Error(failure),
        };
        send(&mut client, reply).await?;
    }
    Ok(())
}

/// The JSON of the next request; `None` when the client is done.
async fn read_request(client: &mut UnixStream) -> io::Result<Option<Vec<u8>>> {
    let mut header = [0; HEADER];
    if timeout(IDLE, client.read(&mut header[..1])).await?? == 0 {
        return Ok(None);
    }
    let rest = async {
        client.read_exact(&mut header[1..]).await?;
        let length = frame::length(header, MAX_REQUEST).map_err(io::Error::other)?;
        let mut json = vec![0; length];
        client.read_exact(&mut json).await?;
        Ok(Some(json))
    };
    timeout(TRANSFER, rest).await?
}

async fn send(client: &mut UnixStream, reply: Reply) -> io::Result<()> {
    for json in reply.into_frames() {
        let frame = frame::frame(&json).map_err(io::Error::other)?;
        timeout(TRANSFER, client.write_all(&frame)).await??;
    }
    Ok(())
}

/// Events, until the client closes or says anything at all.
async fn stream(mut client: UnixStream, handle: &Handle) -> io::Result<()> {
    let mut events = handle.events();
    send(&mut client, Reply::Listening).await?;
    loop {
        let mut byte = [0];
        let event = tokio::select! {
            event = events.recv() => event,
            said = client.read(&mut byte) => return said.map(drop),
        };
        let event = match event {
            Ok(event) => event,
            Err(RecvError::Lagged(events)) => Event::Lost { events },
            Err(RecvError::Closed) => return Ok(()),
        };
        send(&mut client, Reply::Event(event)).await?;
    }
}
