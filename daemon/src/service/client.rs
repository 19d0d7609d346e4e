//! `fogline client`: opens what the subscriber needs, and keeps it connected.

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context;
use caps::Capability;
use getrandom::rand_core::UnwrapErr;
use tokio::sync::mpsc;
use tracing::{error, info, warn};

use super::host::{Host, HostOrder};
use super::{
    Desk, Doors, Life, Options, Order, OsRandom, about, attend, begin, reload, report, runtime,
    spawn,
};
use crate::client::{Client, ClientEvent};
use crate::config::model as config;
use crate::control;
use crate::io::keylog::KeyLog;
use crate::io::known::KnownPeers;
use crate::io::machine::Machine;
use crate::io::port::Sockets;
use crate::io::privileges;
use crate::io::tun::{self, Tun};
use crate::io::udp::{self, Udp};

/// The interface's MTU until a call says better.
const FIRST_MTU: u16 = 1280;

/// Runs the subscriber until it is told to stop.
///
/// # Errors
/// Where something cannot be opened; each says what, and what to do.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let (config, logging) = begin(&options.config)?;
    let client = config.client.clone();
    let client = Arc::new(client.with_context(|| {
        format!(
            "{} has no section [client]; `fogline lns` reads [lns]",
            options.config.display()
        )
    })?);
    let main = runtime()?;
    let doors = Doors::open(&config)?;
    let device = tun::open(&client.tun, FIRST_MTU);
    let device = about(
        device,
        format_args!(
            "interface {} (it takes root or CAP_NET_ADMIN, and /dev/net/tun)",
            client.tun
        ),
    )?;
    let index = about(device.if_index(), &client.tun)?;
    let (known_peers, known) = about(
        KnownPeers::open(&config.state.directory),
        "[state] directory",
    )?;
    let keylog = options.keylog.as_deref().map(KeyLog::create).transpose()?;
    // Addresses and routes come and go with every call.
    privileges::drop_to(&config.process, &[Capability::CAP_NET_ADMIN])?;

    let (handle, port) = control::channel();
    let (orders, orders_in) = mpsc::channel(8);
    let (host_orders, host_orders_in) = mpsc::unbounded_channel();
    let reloader = reload::Reloader::new(options.config.clone(), config.clone(), logging);
    let dialled = client.clone();
    let (worker, ended) = spawn("fogline-packets", move || {
        let runtime = runtime()?;
        runtime.block_on(async move {
            let machine = Machine::new(Sockets::new(Vec::new(), Some(Tun::new(device)?)));
            let show_keys = keylog.is_some();
            let randomness = || -> crate::calls::Randomness<OsRandom> {
                Box::new(|| UnwrapErr(getrandom::SysRng))
            };
            let (resolved, resolutions) = mpsc::channel(1);
            let subscriber = Subscriber {
                client: Client::new(
                    dialled.clone(),
                    randomness,
                    is_known(&known, &dialled),
                    show_keys,
                ),
                config: dialled,
                machine,
                desk: Desk {
                    port,
                    orders: orders_in,
                    reloader,
                    clock: report::Clock::start(),
                },
                resolved,
                resolutions,
                host: host_orders,
                known_peers,
                known,
                keylog,
                life: Life::Running,
                address: None,
            };
            subscriber.run().await
        })
    })?;
    info!(version = env!("CARGO_PKG_VERSION"), server = %client.server, "client ready");
    main.block_on(async {
        let host = tokio::spawn(
            Host::new(index, client.clone(), &config.state.directory)?.run(host_orders_in),
        );
        let outcome = attend(&config, doors, handle, orders, worker, ended).await;
        // The worker is gone, and with it the sender of orders: the host undoes what it did, and ends.
        let _ = host.await;
        outcome
    })
}

/// Whether the server was scrambled in an earlier call.
fn is_known(known: &HashSet<Box<str>>, client: &config::Client) -> bool {
    known.contains(client.server.to_string().as_str())
}

/// The thread that moves packets.
struct Subscriber {
    client: Client<OsRandom>,
    config: Arc<config::Client>,
    machine: Machine,
    desk: Desk,
    resolved: mpsc::Sender<Result<SocketAddr, String>>,
    resolutions: mpsc::Receiver<Result<SocketAddr, String>>,
    host: mpsc::UnboundedSender<HostOrder>,
    known_peers: KnownPeers,
    known: HashSet<Box<str>>,
    keylog: Option<KeyLog>,
    life: Life,
    address: Option<Ipv6Addr>,
}

impl Subscriber {
    async fn run(mut self) -> anyhow::Result<()> {
        loop {
            self.tidy();
            if self.is_over() {
                return Ok(());
            }
            let deadline = self
                .client
                .poll_timeout()
                .into_iter()
                .chain(self.life.deadline())
                .min();
            tokio::select! {
                wake = self.machine.wait(deadline) => self.machine.turn(wake?, &mut self.client),
                Some(command) = self.desk.port.next() => self.command(command),
                Some(resolved) = self.resolutions.recv() => self.dial(resolved),
                Some(reread) = self.desk.reloader.next() => self.reloaded(reread),
                Some(order) = self.desk.orders.recv() => self.order(order),
            }
        }
    }

    /// What the engine left for others to do.
    fn tidy(&mut self) {
        while let Some(event) = self.client.poll() {
            self.client_event(event);
        }
        let (calls, totals) = self.client.parts();
        if let Some(keylog) = &mut self.keylog {
            keylog.write(&self.machine.sockets, totals);
        }
        while let Some(notice) = totals.notices.pop_front() {
            self.desk
                .port
                .publish(|| report::event(&notice, calls, &self.desk.clock));
        }
        self.machine.sockets.flush();
    }

    fn client_event(&mut self, event: ClientEvent) {
        let order = match event {
            ClientEvent::Dial => {
                self.resolve();
                return;
            }
            ClientEvent::Scrambled => {
                let server = self.config.server.to_string();
                if self.known.insert(server.as_str().into())
                    && let Err(error) = self.known_peers.add(&server)
                {
                    error!(%error, "the confirmed server cannot be written down; its fallback would raise no alarm after a restart");
                }
                return;
            }
            ClientEvent::Down { .. } => {
                self.address = None;
                return;
            }
            ClientEvent::Ipv4Up {
                local,
                peer,
                dns,
                mtu,
            } => HostOrder::Ipv4Up {
                local,
                peer,
                dns,
                mtu,
            },
            ClientEvent::Ipv4Down => HostOrder::Ipv4Down(self.traffic()),
            ClientEvent::Ipv6Up { local, peer, mtu } => HostOrder::Ipv6Up { local, peer, mtu },
            ClientEvent::Ipv6Prefix {
                address,
                length,
                dns,
            } => {
                self.address = Some(address);
                HostOrder::Ipv6Address {
                    address,
                    length,
                    dns,
                }
            }
            ClientEvent::Ipv6Down => HostOrder::Ipv6Down(self.traffic()),
        };
        let _ = self.host.send(order);
    }

    /// Bytes sent and received by all calls so far.
    fn traffic(&self) -> (u64, u64) {
        let traffic = self.client.calls().all_traffic();
        (traffic.bytes_sent, traffic.bytes_received)
    }

    /// Finds the server's address, beside the packets.
    fn resolve(&self) {
        let (server, resolved) = (self.config.server.clone(), self.resolved.clone());
        let family = self.config.local.map(|local| local.is_ipv6());
        tokio::spawn(async move {
            let found = tokio::net::lookup_host((server.host.as_str(), server.port)).await;
            let found = match found {
                Ok(mut addresses) => {
                    let usable = addresses
                        .find(|address| family.is_none_or(|ipv6| ipv6 == address.is_ipv6()));
                    usable
                        .ok_or_else(|| format!("{server} has no address of the family of `local`"))
                }
                Err(error) => Err(format!("{server} cannot be found: {error}")),
            };
            let _ = resolved.send(found).await;
        });
    }

    fn dial(&mut self, resolved: Result<SocketAddr, String>) {
        let now = self.machine.now();
        let opened = resolved.and_then(|server| {
            self.open_socket(server)
                .map_err(|error| format!("no UDP socket: {error}"))?;
            Ok(server)
        });
        match opened {
            Ok(server) => {
                let _ = self.host.send(HostOrder::Dial(server.ip()));
                self.client.dial(now, server, &mut self.machine.sockets);
            }
            Err(reason) => self.client.cannot_dial(now, reason),
        }
    }

    /// A socket of the server's family, unless there is one.
    fn open_socket(&mut self, server: SocketAddr) -> std::io::Result<()> {
        let sockets = &mut self.machine.sockets.udp;
        if let Some(socket) = sockets.first()
            && socket.local_addr()?.is_ipv6() == server.is_ipv6()
        {
            return Ok(());
        }
        let local = self.config.local.unwrap_or_else(|| match server {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        });
        let socket = Udp::new(udp::bind(local)?)?;
        sockets.clear();
        sockets.push(socket);
        Ok(())
    }

    fn command(&mut self, command: control::Command) {
        use control::{Reply, Request};
        let control::Command { request, reply } = command;
        let now = self.machine.now();
        let answer = match request {
            Request::Reload => {
                self.desk.reloader.start(Some(reply));
                return;
            }
            Request::Status => Reply::Status(Box::new(report::client_status(
                &self.client,
                &self.desk,
                &self.machine,
            ))),
            Request::Kick { who, reason } => {
                let sessions = report::select(self.client.calls(), &who);
                let kicked = sessions.into_iter().filter(|key| {
                    self.client
                        .kick(now, *key, &reason, &mut self.machine.sockets)
                });
                report::done(kicked.count(), &who)
            }
            Request::Rekey { who } => {
                let sessions = report::select(self.client.calls(), &who);
                let started = sessions
                    .into_iter()
                    .filter(|key| self.client.rekey(now, *key, &mut self.machine.sockets));
                report::done(started.count(), &who)
            }
            other => report::answer(
                &other,
                self.client.calls(),
                &self.desk.clock,
                &self.config.tun,
                &|_| self.address,
                &self.machine.sockets,
            ),
        };
        let _ = reply.send(answer);
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::Reload => self.desk.reloader.start(None),
            Order::Stop if self.life == Life::Running => {
                let now = self.machine.now();
                self.client.drain(now, &mut self.machine.sockets);
                self.life = Life::Draining(now + Life::DRAIN);
            }
            Order::Stop => {}
        }
    }

    fn reloaded(&mut self, reread: reload::Reread) {
        let config = self.desk.reloader.finish(reread);
        let Some(config) = config.and_then(|config| config.client).map(Arc::new) else {
            return;
        };
        let _ = self.host.send(HostOrder::Reload(config.clone()));
        let known = is_known(&self.known, &config);
        self.client
            .reload(config.clone(), known, self.keylog.is_some());
        self.config = config;
    }

    /// Moves on from one stage of the end to the next.
    fn is_over(&mut self) -> bool {
        let now = self.machine.now();
        match self.life {
            Life::Running => false,
            Life::Draining(until) => {
                if self.client.calls().is_empty() || now >= until {
                    if !self.client.calls().is_empty() {
                        warn!("hung up without an answer from the server");
                    }
                    self.client.stop(now, &mut self.machine.sockets);
                    self.machine.sockets.flush();
                    self.life = Life::Closing(now + Life::CLOSE);
                }
                false
            }
            Life::Closing(until) => now >= until,
        }
    }
}
