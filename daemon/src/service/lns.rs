//! `fogline lns`: opens what the access server needs, and runs it.

use std::net::IpAddr;
use std::sync::Arc;

use anyhow::Context;
use fogline_auth::{Authenticate, CallInfo, Decision, Prefix64, Request as AuthRequest};
use getrandom::rand_core::UnwrapErr;
use tokio::sync::mpsc;
use tracing::{error, info};

use super::desk::Desk;
use super::{Doors, Options, OsRandom, about, attend, begin, reload, report, runtime, spawn};
use crate::calls::SessionKey;
use crate::config::model::{self as config, ScramblingOverride};
use crate::control;
use crate::io::known::KnownPeers;
use crate::io::machine::Machine;
use crate::io::network::Network;
use crate::io::port::Sockets;
use crate::io::tun::{self, Tun};
use crate::io::udp::{self, Udp};
use crate::io::users::UserFile;
use crate::io::{keylog::KeyLog, privileges};
use crate::lns::{AuthenticationRequest, Lns};

/// Runs the access server until it is told to stop.
///
/// # Errors
/// Where something cannot be opened; each says what, and what to do.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let (config, logging) = begin(&options.config)?;
    let lns = config.lns.clone();
    let lns = Arc::new(lns.with_context(|| {
        format!(
            "{} has no section [lns]; `fogline client` reads [client]",
            options.config.display()
        )
    })?);
    let main = runtime()?;
    let doors = Doors::open(&config)?;
    let mut sockets = Vec::new();
    for listener in &lns.listeners {
        let socket = udp::bind(listener.address);
        sockets.push(about(
            socket,
            format_args!("[[lns.listen]] address = \"{}\"", listener.address),
        )?);
    }
    let device = tun::open(&lns.tun, lns.mtu);
    let device = about(
        device,
        format_args!(
            "interface {} (it takes root or CAP_NET_ADMIN, and /dev/net/tun)",
            lns.tun
        ),
    )?;
    let index = about(device.if_index(), &lns.tun)?;
    main.block_on(set_up_network(index, &lns))?;
    let (known_peers, known) = about(
        KnownPeers::open(&config.state.directory),
        "[state] directory",
    )?;
    let keylog = options.keylog.as_deref().map(KeyLog::create).transpose()?;
    privileges::drop_to(&config.process, &[])?;

    let (handle, port) = control::channel();
    let (orders, orders_in) = mpsc::channel(8);
    let reloader = reload::Reloader::new(options.config.clone(), config.clone(), logging);
    let users = Arc::new(UserFile::new(lns.users.clone()));
    let addresses: Vec<_> = lns
        .listeners
        .iter()
        .map(|listener| listener.address)
        .collect();
    let (worker, ended) = spawn("fogline-packets", move || {
        let runtime = runtime()?;
        runtime.block_on(async move {
            let udp = sockets
                .into_iter()
                .map(Udp::new)
                .collect::<Result<Vec<_>, _>>()?;
            let tun = Tun::new(device)?;
            let machine = Machine::new(Sockets::new(udp, Some(tun)));
            let show_keys = keylog.is_some();
            let randomness = Box::new(|| UnwrapErr(getrandom::SysRng));
            let (decided, decisions) = mpsc::channel(1024);
            let server = Server {
                lns: Lns::new(lns.clone(), randomness, known, show_keys),
                machine,
                desk: Desk::new(port, orders_in, reloader, lns.tun.clone()),
                users,
                decided,
                decisions,
                known_peers,
                keylog,
            };
            server.run().await
        })
    })?;
    for address in addresses {
        info!(%address, "listening");
    }
    info!(version = env!("CARGO_PKG_VERSION"), "access server ready");
    main.block_on(attend(&config, doors, handle, orders, worker, ended))
}

/// The subscribers' addresses are behind the interface.
async fn set_up_network(index: u32, lns: &config::Lns) -> anyhow::Result<()> {
    let network = Network::new(index)?;
    network.accept_own_sources().await?;
    for pool in &lns.pools {
        if let Some(side) = pool.ipv4 {
            network.add_address(side.gateway.into(), 32).await?;
            network
                .add_route(side.prefix.network().into(), side.prefix.prefix_len(), None)
                .await?;
        }
        if let Some(prefix) = pool.ipv6 {
            network
                .add_route(prefix.network().into(), prefix.prefix_len(), None)
                .await?;
        }
    }
    if let Some(address) = lns.router_address() {
        network.add_address(address.into(), 128).await?;
    }
    for user in lns.users.by_name.values() {
        add_own_addresses(&network, lns, user).await?;
    }
    Ok(())
}

/// Addresses of users that lie in no pool.
async fn add_own_addresses(
    network: &Network,
    lns: &config::Lns,
    user: &config::User,
) -> anyhow::Result<()> {
    let in_pool = |address: IpAddr| {
        lns.pools.iter().any(|pool| match address {
            IpAddr::V4(address) => pool.ipv4.is_some_and(|side| side.prefix.contains(&address)),
            IpAddr::V6(address) => pool.ipv6.is_some_and(|prefix| prefix.contains(&address)),
        })
    };
    if let Some(address) = user.ipv4.filter(|address| !in_pool((*address).into())) {
        network.add_route(address.into(), 32, None).await?;
    }
    if let Some(prefix) = user
        .ipv6
        .map(Prefix64::network)
        .filter(|prefix| !in_pool((*prefix).into()))
    {
        network.add_route(prefix.into(), 64, None).await?;
    }
    Ok(())
}

/// The thread that moves packets.
struct Server {
    lns: Lns<OsRandom>,
    machine: Machine,
    desk: Desk,
    users: Arc<UserFile>,
    decided: mpsc::Sender<(SessionKey, Decision<ScramblingOverride>)>,
    decisions: mpsc::Receiver<(SessionKey, Decision<ScramblingOverride>)>,
    known_peers: KnownPeers,
    keylog: Option<KeyLog>,
}

impl Server {
    async fn run(mut self) -> anyhow::Result<()> {
        loop {
            let deadline = self
                .lns
                .poll_timeout()
                .into_iter()
                .chain(self.desk.deadline())
                .min();
            tokio::select! {
                wake = self.machine.wait(deadline) => self.machine.turn(wake?, &mut self.lns)?,
                Some(command) = self.desk.port.next() => self.desk.command(command, &mut self.lns, &mut self.machine),
                Some((key, decision)) = self.decisions.recv() => {
                    let now = self.machine.now();
                    self.lns.authenticated(now, key, &decision, &mut self.machine.sockets);
                }
                Some(reread) = self.desk.reloader.next() => self.reloaded(reread),
                Some(order) = self.desk.orders.recv() => self.desk.order(order, &mut self.lns, &mut self.machine),
            }
            self.tidy();
            if self.desk.is_over(&mut self.lns, &mut self.machine) {
                return Ok(());
            }
        }
    }

    /// What the engine left for others to do.
    fn tidy(&mut self) {
        while let Some(request) = self.lns.poll_authentication() {
            self.authenticate(request);
        }
        while let Some(user) = self.lns.poll_newly_known() {
            if let Err(error) = self.known_peers.add(&user) {
                error!(%error, "a confirmed peer cannot be written down; its fallback would raise no alarm after a restart");
            }
        }
        let (calls, totals) = self.lns.parts();
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

    fn authenticate(&self, request: AuthenticationRequest) {
        let AuthenticationRequest {
            key,
            credentials,
            host_name,
            peer,
            is_proxied,
            numbers,
        } = request;
        let (calling_number, called_number) = numbers.unwrap_or_default();
        let deciding = self.users.authenticate(AuthRequest {
            credentials: *credentials,
            call: CallInfo {
                calling_number: Some(calling_number).filter(|number| !number.is_empty()),
                called_number: Some(called_number).filter(|number| !number.is_empty()),
                tunnel_peer: host_name,
                peer_address: peer,
                proxy: is_proxied,
            },
        });
        let decided = self.decided.clone();
        tokio::spawn(async move {
            let decision = deciding.await;
            let _ = decided.send((key, decision)).await;
        });
    }

    fn reloaded(&mut self, reread: reload::Reread) {
        let Some(config) = self.desk.reloader.finish(reread) else {
            return;
        };
        if let Some(lns) = config.lns {
            self.users.replace(lns.users.clone());
            self.lns.reload(Arc::new(lns), self.keylog.is_some());
        }
    }
}
