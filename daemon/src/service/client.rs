//! `fogline client`: opens what the subscriber needs, and keeps it connected.

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context;
use caps::Capability;
use getrandom::rand_core::UnwrapErr;
use tokio::sync::mpsc;
use tracing::{error, info};

use super::desk::Desk;
use super::host::{Host, HostOrder};
use super::{Doors, Options, OsRandom, about, attend, begin, reload, report, runtime, spawn};
use crate::calls::Traffic;
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
            let desk = Desk::new(port, orders_in, reloader, dialled.tun.clone());
            let subscriber = Subscriber {
                client: Client::new(
                    dialled.clone(),
                    randomness,
                    is_known(&known, &dialled),
                    show_keys,
                ),
                config: dialled,
                machine,
                desk,
                resolved,
                resolutions,
                host: host_orders,
                known_peers,
                known,
                keylog,
                before: Traffic::default(),
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
    /// What earlier calls carried.
    before: Traffic,
}

impl Subscriber {
    async fn run(mut self) -> anyhow::Result<()> {
        loop {
            self.tidy();
            if self.desk.is_over(&mut self.client, &mut self.machine) {
                return Ok(());
            }
            let deadline = self
                .client
                .poll_timeout()
                .into_iter()
                .chain(self.desk.deadline())
                .min();
            tokio::select! {
                wake = self.machine.wait(deadline) => self.machine.turn(wake?, &mut self.client)?,
                Some(command) = self.desk.port.next() => self.desk.command(command, &mut self.client, &mut self.machine),
                Some(resolved) = self.resolutions.recv() => self.dial(resolved),
                Some(reread) = self.desk.reloader.next() => self.reloaded(reread),
                Some(order) = self.desk.orders.recv() => self.desk.order(order, &mut self.client, &mut self.machine),
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
                self.before = self.client.calls().all_traffic();
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
            ClientEvent::Down { .. } => return,
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
            ClientEvent::Mtu(mtu) => HostOrder::Mtu(mtu),
            ClientEvent::Ipv6Prefix {
                address,
                length,
                dns,
                is_router,
            } => HostOrder::Ipv6Address {
                address,
                length,
                dns,
                is_router,
            },
            ClientEvent::Ipv6Down => HostOrder::Ipv6Down(self.traffic()),
        };
        let _ = self.host.send(order);
    }

    /// Bytes sent and received by this call.
    fn traffic(&self) -> (u64, u64) {
        let traffic = self.client.calls().all_traffic();
        let before = self.before;
        (
            traffic.bytes_sent - before.bytes_sent,
            traffic.bytes_received - before.bytes_received,
        )
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
}
