//! The turn of a thread that moves packets: wait for a socket, the interface or a deadline, hand bursts to the engine,
//! send what it made.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use rand_core::CryptoRng;
use tracing::warn;

use super::port::Sockets;
use super::tun::TunBuffers;
use super::udp::Buffers;
use crate::client::Client;
use crate::lns::Lns;
use crate::load::Load;

/// Reads in a row from one socket or the interface, before the others have their turn.
const TURNS: usize = 16;

/// What moves packets, without I/O.
pub trait Engine {
    /// Datagrams arrived at a listener.
    fn datagrams(
        &mut self,
        now: Duration,
        listener: usize,
        buffers: &mut Buffers,
        sockets: &mut Sockets,
    );
    /// This host has packets.
    fn packets(&mut self, now: Duration, buffers: &mut TunBuffers, sockets: &mut Sockets);
    /// When [`handle_timeout`](Self::handle_timeout) is due.
    fn poll_timeout(&mut self) -> Option<Duration>;
    /// Does what is due.
    fn handle_timeout(&mut self, now: Duration, sockets: &mut Sockets);
}

impl<R: CryptoRng> Engine for Lns<R> {
    fn datagrams(
        &mut self,
        now: Duration,
        listener: usize,
        buffers: &mut Buffers,
        sockets: &mut Sockets,
    ) {
        self.datagrams(now, listener, buffers.datagrams(), sockets);
    }

    fn packets(&mut self, now: Duration, buffers: &mut TunBuffers, sockets: &mut Sockets) {
        self.packets(now, buffers.packets(), sockets);
    }

    fn poll_timeout(&mut self) -> Option<Duration> {
        self.poll_timeout()
    }

    fn handle_timeout(&mut self, now: Duration, sockets: &mut Sockets) {
        self.handle_timeout(now, sockets);
    }
}

impl<R: CryptoRng> Engine for Client<R> {
    fn datagrams(&mut self, now: Duration, _: usize, buffers: &mut Buffers, sockets: &mut Sockets) {
        self.datagrams(now, buffers.datagrams(), sockets);
    }

    fn packets(&mut self, now: Duration, buffers: &mut TunBuffers, sockets: &mut Sockets) {
        self.packets(now, buffers.packets(), sockets);
    }

    fn poll_timeout(&mut self) -> Option<Duration> {
        self.poll_timeout()
    }

    fn handle_timeout(&mut self, now: Duration, sockets: &mut Sockets) {
        self.handle_timeout(now, sockets);
    }
}

impl<R: CryptoRng> Engine for Load<R> {
    fn datagrams(
        &mut self,
        now: Duration,
        socket: usize,
        buffers: &mut Buffers,
        sockets: &mut Sockets,
    ) {
        self.datagrams(now, socket, buffers.datagrams(), sockets);
    }

    /// A load has no interface: it makes its packets itself.
    fn packets(&mut self, _: Duration, _: &mut TunBuffers, _: &mut Sockets) {}

    fn poll_timeout(&mut self) -> Option<Duration> {
        self.poll_timeout()
    }

    fn handle_timeout(&mut self, now: Duration, sockets: &mut Sockets) {
        self.handle_timeout(now, sockets);
    }
}

/// What woke the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// A listener's socket has something.
    Socket(usize),
    /// The interface has something.
    Tun,
    /// A deadline has come.
    Timer,
}

/// A thread's sockets, buffers and clock.
pub struct Machine {
    /// Its sockets and interface.
    pub sockets: Sockets,
    buffers: Buffers,
    tun_buffers: TunBuffers,
    start: Instant,
    /// Which socket is asked first: all in turn.
    first: usize,
}

impl Machine {
    /// Time starts now.
    pub fn new(sockets: Sockets) -> Self {
        Self {
            sockets,
            buffers: Buffers::default(),
            tun_buffers: TunBuffers::default(),
            start: Instant::now(),
            first: 0,
        }
    }

    /// The time since the start.
    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Waits for something to do until `deadline`. May be dropped at any time.
    ///
    /// # Errors
    /// What the system says.
    pub async fn wait(&mut self, deadline: Option<Duration>) -> io::Result<Wake> {
        self.first = self.first.wrapping_add(1);
        let first = self.first;
        let ready = poll_fn(|context| self.poll_ready(context, first));
        match deadline {
            None => ready.await,
            Some(deadline) => {
                let deadline = tokio::time::Instant::from_std(self.start + deadline);
                match tokio::time::timeout_at(deadline, ready).await {
                    Ok(wake) => wake,
                    Err(_) => Ok(Wake::Timer),
                }
            }
        }
    }

    fn poll_ready(&self, context: &mut Context<'_>, first: usize) -> Poll<io::Result<Wake>> {
        let sources = self.sockets.udp.len() + 1;
        for source in (0..sources).map(|at| (at + first) % sources) {
            let (ready, wake) = match self.sockets.udp.get(source) {
                Some(socket) => (socket.poll_readable(context), Wake::Socket(source)),
                None => match &self.sockets.tun {
                    Some(tun) => (tun.poll_readable(context), Wake::Tun),
                    None => continue,
                },
            };
            if let Poll::Ready(ready) = ready {
                return Poll::Ready(ready.map(|()| wake));
            }
        }
        Poll::Pending
    }

    /// Does what woke the thread, and sends what comes of it.
    ///
    /// # Errors
    /// Where the interface is gone.
    pub fn turn(&mut self, wake: Wake, engine: &mut impl Engine) -> io::Result<()> {
        match wake {
            Wake::Socket(listener) => {
                for _ in 0..TURNS {
                    match self.sockets.udp[listener].receive(&mut self.buffers) {
                        Ok(true) => {}
                        Ok(false) => break,
                        Err(error) => {
                            // An ICMP error of a peer that is gone, say: the next read goes on.
                            warn!(listener, %error, "receive");
                            continue;
                        }
                    }
                    let now = self.start.elapsed();
                    engine.datagrams(now, listener, &mut self.buffers, &mut self.sockets);
                }
            }
            Wake::Tun => {
                for _ in 0..TURNS {
                    let Some(tun) = &self.sockets.tun else { break };
                    match tun.receive(&mut self.tun_buffers) {
                        Ok(true) => {}
                        Ok(false) => break,
                        Err(error) if error.kind() == io::ErrorKind::Other => {
                            warn!(%error, "a packet of this host's cannot be read");
                            continue;
                        }
                        Err(error) => {
                            let gone = format!("the interface cannot be read, is it gone? {error}");
                            return Err(io::Error::new(error.kind(), gone));
                        }
                    }
                    let now = self.start.elapsed();
                    engine.packets(now, &mut self.tun_buffers, &mut self.sockets);
                }
            }
            Wake::Timer => {}
        }
        let now = self.start.elapsed();
        if engine.poll_timeout().is_some_and(|due| due <= now) {
            engine.handle_timeout(now, &mut self.sockets);
        }
        self.sockets.flush();
        Ok(())
    }
}
