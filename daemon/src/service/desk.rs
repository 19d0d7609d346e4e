//! What both daemons do alike on the thread that moves packets: commands, orders, and the end.

use std::net::Ipv6Addr;
use std::time::Duration;

use tokio::sync::mpsc;
use tracing::warn;

use super::{Order, OsRandom, reload, report};
use crate::calls::{Calls, SessionKey};
use crate::client::Client;
use crate::control::model::Status;
use crate::control::{Command, EnginePort, Reply, Request};
use crate::io::machine::{Engine, Machine};
use crate::io::port::Sockets;
use crate::lns::Lns;

/// An engine as operators see it.
pub trait Daemon: Engine {
    /// Its calls.
    fn calls(&self) -> &Calls<OsRandom>;
    /// What a session has of IPv6.
    fn prefix_of(&self, key: SessionKey) -> Option<Ipv6Addr>;
    /// What it is as a whole.
    fn status(&self, desk: &Desk, machine: &Machine) -> Status;
    /// Ends a session; `false` where it is not there.
    fn kick(&mut self, now: Duration, key: SessionKey, reason: &str, sockets: &mut Sockets)
    -> bool;
    /// Starts a rekey; `false` unless the session is there and scrambled.
    fn rekey(&mut self, now: Duration, key: SessionKey, sockets: &mut Sockets) -> bool;
    /// Takes no new calls, and closes those there are.
    fn drain(&mut self, now: Duration, sockets: &mut Sockets);
    /// Hangs up what is left, and ends every control connection.
    fn stop(&mut self, now: Duration, sockets: &mut Sockets);
}

macro_rules! daemon {
    ($engine:ty, $status:path) => {
        impl Daemon for $engine {
            fn calls(&self) -> &Calls<OsRandom> {
                self.calls()
            }

            fn prefix_of(&self, key: SessionKey) -> Option<Ipv6Addr> {
                self.prefix_of(key)
            }

            fn status(&self, desk: &Desk, machine: &Machine) -> Status {
                $status(self, desk, machine)
            }

            fn kick(
                &mut self,
                now: Duration,
                key: SessionKey,
                reason: &str,
                sockets: &mut Sockets,
            ) -> bool {
                self.kick(now, key, reason, sockets)
            }

            fn rekey(&mut self, now: Duration, key: SessionKey, sockets: &mut Sockets) -> bool {
                self.rekey(now, key, sockets)
            }

            fn drain(&mut self, now: Duration, sockets: &mut Sockets) {
                self.drain(now, sockets);
            }

            fn stop(&mut self, now: Duration, sockets: &mut Sockets) {
                self.stop(now, sockets);
            }
        }
    };
}

daemon!(Lns<OsRandom>, report::lns_status);
daemon!(Client<OsRandom>, report::client_status);

/// Where commands and orders come in, and how far the daemon's life has come.
pub struct Desk {
    /// Where commands come in and events go out.
    pub port: EnginePort,
    /// What the main thread wants.
    pub orders: mpsc::Receiver<Order>,
    /// Reads the configuration again.
    pub reloader: reload::Reloader,
    /// What time it is to people.
    pub clock: report::Clock,
    /// The interface of the sessions.
    pub interface: String,
    life: Life,
}

/// Where a daemon's life stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    /// It serves.
    Running,
    /// Calls are being closed, until then at most.
    Draining(Duration),
    /// Control connections are being closed, until then.
    Closing(Duration),
}

/// How long peers have to acknowledge that their calls end.
const DRAIN: Duration = Duration::from_secs(3);
/// How long peers have to acknowledge that control connections end.
const CLOSE: Duration = Duration::from_millis(500);

impl Desk {
    /// A daemon that serves.
    pub fn new(
        port: EnginePort,
        orders: mpsc::Receiver<Order>,
        reloader: reload::Reloader,
        interface: String,
    ) -> Self {
        Self {
            port,
            orders,
            reloader,
            clock: report::Clock::start(),
            interface,
            life: Life::Running,
        }
    }

    /// When [`is_over`](Self::is_over) may find something else.
    pub fn deadline(&self) -> Option<Duration> {
        match self.life {
            Life::Running => None,
            Life::Draining(until) | Life::Closing(until) => Some(until),
        }
    }

    /// An operator asks.
    pub fn command(&mut self, command: Command, daemon: &mut impl Daemon, machine: &mut Machine) {
        let Command { request, reply } = command;
        let now = machine.now();
        let answer = match request {
            Request::Reload => {
                self.reloader.start(Some(reply));
                return;
            }
            Request::Status => Reply::Status(Box::new(daemon.status(self, machine))),
            Request::Kick { who, reason } => {
                let sessions = report::select(daemon.calls(), &who);
                let sessions = sessions.into_iter();
                let kicked =
                    sessions.filter(|key| daemon.kick(now, *key, &reason, &mut machine.sockets));
                report::done(kicked.count(), &who)
            }
            Request::Rekey { who } => {
                let sessions = report::select(daemon.calls(), &who);
                let sessions = sessions.into_iter();
                let started = sessions.filter(|key| daemon.rekey(now, *key, &mut machine.sockets));
                let started = started.count();
                report::rekeyed(started, &who, daemon.calls())
            }
            other => report::answer(
                &other,
                daemon.calls(),
                &self.clock,
                &self.interface,
                &|key| daemon.prefix_of(key),
                &machine.sockets,
            ),
        };
        let _ = reply.send(answer);
    }

    /// The main thread wants something.
    pub fn order(&mut self, order: Order, daemon: &mut impl Daemon, machine: &mut Machine) {
        match order {
            Order::Reload => self.reloader.start(None),
            Order::Stop if self.life == Life::Running => {
                let now = machine.now();
                daemon.drain(now, &mut machine.sockets);
                self.life = Life::Draining(now + DRAIN);
            }
            Order::Stop => {}
        }
    }

    /// Moves on from one stage of the end to the next; whether it is reached.
    pub fn is_over(&mut self, daemon: &mut impl Daemon, machine: &mut Machine) -> bool {
        let now = machine.now();
        match self.life {
            Life::Running => false,
            Life::Draining(until) => {
                let left = daemon.calls().len();
                if left == 0 || now >= until {
                    if left > 0 {
                        warn!(calls = left, "hung up without an answer from the peer");
                    }
                    daemon.stop(now, &mut machine.sockets);
                    machine.sockets.flush();
                    self.life = Life::Closing(now + CLOSE);
                }
                false
            }
            Life::Closing(until) => now >= until,
        }
    }
}
