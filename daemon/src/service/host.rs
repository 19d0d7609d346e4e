//! What a call changes on the subscriber's machine: addresses, routes, name servers, and the programs that hear of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::process::Command;
use tokio::sync::mpsc;
use tracing::{error, info, warn};

use super::resolver::Resolver;
use crate::config::model::Client;
use crate::io::network::{Network, Pinned};

/// How long a hook may take before it goes on alone.
const HOOK: Duration = Duration::from_secs(30);

/// What to do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostOrder {
    /// The server is dialled there.
    Dial(IpAddr),
    /// IPv4 works.
    Ipv4Up {
        local: Ipv4Addr,
        peer: Ipv4Addr,
        dns: [Option<Ipv4Addr>; 2],
        mtu: u16,
    },
    /// IPv4 works no more; bytes sent and received are told to the hook.
    Ipv4Down((u64, u64)),
    /// IPV6CP is up, with these link-local addresses.
    Ipv6Up {
        local: Ipv6Addr,
        peer: Ipv6Addr,
        mtu: u16,
    },
    /// There is an address.
    Ipv6Address {
        address: Ipv6Addr,
        length: u8,
        dns: Vec<Ipv6Addr>,
    },
    /// IPv6 works no more.
    Ipv6Down((u64, u64)),
    /// Hooks are others from now on.
    Reload(Arc<Client>),
}

/// The machine as one call changes it.
pub struct Host {
    network: Network,
    config: Arc<Client>,
    ipv4: Option<(Ipv4Addr, Ipv4Addr, [Option<Ipv4Addr>; 2])>,
    ipv6: Option<(Ipv6Addr, Ipv6Addr)>,
    address: Option<Ipv6Addr>,
    servers: Vec<IpAddr>,
    /// The access server, which must not be looked for behind its own link.
    server: Option<IpAddr>,
    pinned: Option<Pinned>,
    resolver: Option<Resolver>,
    since: Instant,
}

impl Host {
    /// Nothing changed yet; `state` is the state directory. Needs a tokio runtime.
    ///
    /// # Errors
    /// Where the kernel's network cannot be configured.
    pub fn new(index: u32, config: Arc<Client>, state: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            network: Network::new(index)?,
            ipv4: None,
            ipv6: None,
            address: None,
            servers: Vec::new(),
            server: None,
            pinned: None,
            resolver: Resolver::new(&config.dns, state),
            config,
            since: Instant::now(),
        })
    }

    /// Carries out orders until there is nobody left to give one, then undoes what is left of them.
    pub async fn run(mut self, mut orders: mpsc::UnboundedReceiver<HostOrder>) {
        while let Some(order) = orders.recv().await {
            self.carry_out(order).await;
        }
        self.carry_out(HostOrder::Ipv4Down((0, 0))).await;
        self.carry_out(HostOrder::Ipv6Down((0, 0))).await;
    }

    async fn carry_out(&mut self, order: HostOrder) {
        match order {
            HostOrder::Dial(server) => {
                self.server = Some(server);
                if self.config.default_route.is_some() && self.pinned.is_none() {
                    report(self.network.forget(server).await);
                }
            }
            HostOrder::Reload(config) => self.config = config,
            HostOrder::Ipv4Up {
                local,
                peer,
                dns,
                mtu,
            } => {
                self.since = Instant::now();
                self.ipv4 = Some((local, peer, dns));
                report(self.ipv4_up(local, peer, mtu).await);
                self.set_servers();
                self.hook(self.config.hooks.ip_up.as_deref(), false, (0, 0))
                    .await;
            }
            HostOrder::Ipv4Down(traffic) => {
                if self.ipv4.is_some() {
                    report(self.ipv4_down().await);
                    self.hook(self.config.hooks.ip_down.as_deref(), false, traffic)
                        .await;
                    self.ipv4 = None;
                    self.set_servers();
                }
            }
            HostOrder::Ipv6Up { local, peer, mtu } => {
                self.ipv6 = Some((local, peer));
                report(self.network.set_mtu(mtu).await);
                self.hook(self.config.hooks.ipv6_up.as_deref(), true, (0, 0))
                    .await;
            }
            HostOrder::Ipv6Address {
                address,
                length,
                dns,
            } => {
                if self.address != Some(address) {
                    report(self.ipv6_down().await);
                    self.address = Some(address);
                    report(self.ipv6_address(address, length).await);
                }
                self.servers = dns.into_iter().map(IpAddr::from).collect();
                self.set_servers();
            }
            HostOrder::Ipv6Down(traffic) => {
                if self.ipv6.is_some() {
                    report(self.ipv6_down().await);
                    self.hook(self.config.hooks.ipv6_down.as_deref(), true, traffic)
                        .await;
                    self.ipv6 = None;
                    self.address = None;
                    self.servers.clear();
                    self.set_servers();
                }
            }
        }
    }

    async fn ipv4_up(&mut self, local: Ipv4Addr, peer: Ipv4Addr, mtu: u16) -> anyhow::Result<()> {
        self.network.set_mtu(mtu).await?;
        self.network.flush(false).await?;
        self.network.add_peer_address(local, peer).await?;
        if let Some(route) = self.config.default_route {
            self.pin(false).await?;
            self.network
                .add_default_route(Ipv4Addr::UNSPECIFIED.into(), route.metric)
                .await?;
        }
        Ok(())
    }

    async fn ipv4_down(&mut self) -> anyhow::Result<()> {
        self.network.flush(false).await?;
        self.unpin(false).await
    }

    async fn ipv6_address(&mut self, address: Ipv6Addr, length: u8) -> anyhow::Result<()> {
        self.network.add_address(address.into(), length).await?;
        if let Some(route) = self.config.default_route {
            self.pin(true).await?;
            self.network
                .add_default_route(Ipv6Addr::UNSPECIFIED.into(), route.metric)
                .await?;
        }
        Ok(())
    }

    async fn ipv6_down(&mut self) -> anyhow::Result<()> {
        // Without an address a route of IPv6 stays, unlike one of IPv4.
        if let Some(route) = self.config.default_route
            && self.address.is_some()
        {
            self.network
                .remove_default_route(Ipv6Addr::UNSPECIFIED.into(), route.metric)
                .await?;
        }
        self.network.flush(true).await?;
        self.unpin(true).await
    }

    /// Before a default route of a family: an access server of that family stays where it is.
    async fn pin(&mut self, ipv6: bool) -> anyhow::Result<()> {
        let server = self.server.filter(|server| server.is_ipv6() == ipv6);
        if let (Some(server), None) = (server, &self.pinned) {
            self.pinned = self.network.pin(server).await?;
        }
        Ok(())
    }

    async fn unpin(&mut self, ipv6: bool) -> anyhow::Result<()> {
        let is_family = self.server.is_some_and(|server| server.is_ipv6() == ipv6);
        match self.pinned.take_if(|_| is_family) {
            Some(pinned) => self.network.unpin(pinned).await,
            None => Ok(()),
        }
    }

    /// Name servers of both families go where they are configured to go.
    fn set_servers(&mut self) {
        let ipv4 = self
            .ipv4
            .iter()
            .flat_map(|(_, _, dns)| dns.iter().flatten());
        let all: Vec<_> = ipv4
            .map(|address| IpAddr::from(*address))
            .chain(self.servers.iter().copied())
            .collect();
        if let Some(resolver) = &mut self.resolver {
            resolver.set(&all);
        }
    }

    /// Runs a hook with the arguments and the environment that pppd gives it (pppd(8), "SCRIPTS").
    async fn hook(&self, program: Option<&Path>, ipv6: bool, (sent, received): (u64, u64)) {
        let Some(program) = program else {
            return;
        };
        let config = &self.config;
        let mut command = Command::new(program);
        command
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit());
        command.env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        );
        let (local, remote) = match (self.ipv4, self.ipv6, ipv6) {
            (_, Some((local, remote)), true) => {
                command
                    .env("LLLOCAL", local.to_string())
                    .env("LLREMOTE", remote.to_string());
                if let Some(address) = self.address {
                    command.env("IPV6ADDRESS", address.to_string());
                }
                (local.to_string(), remote.to_string())
            }
            (Some((local, remote, dns)), ..) => {
                command
                    .env("IPLOCAL", local.to_string())
                    .env("IPREMOTE", remote.to_string());
                for (name, server) in ["DNS1", "DNS2"].into_iter().zip(dns) {
                    if let Some(server) = server {
                        command.env(name, server.to_string()).env("USEPEERDNS", "1");
                    }
                }
                (local.to_string(), remote.to_string())
            }
            _ => Default::default(),
        };
        let ids = (
            nix::unistd::getuid().to_string(),
            std::process::id().to_string(),
        );
        command
            .env("IFNAME", &config.tun)
            .env("DEVICE", &config.tun)
            .env("LINKNAME", &config.name)
            .env("SPEED", "0")
            .env("PEERNAME", "")
            .env("PPPLOGNAME", &config.user)
            .env("ORIG_UID", ids.0)
            .env("PPPD_PID", ids.1)
            .env("CONNECT_TIME", self.since.elapsed().as_secs().to_string())
            .env("BYTES_SENT", sent.to_string())
            .env("BYTES_RCVD", received.to_string());
        command.args([
            config.tun.as_str(),
            config.tun.as_str(),
            "0",
            &local,
            &remote,
            "",
        ]);
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                error!(hook = %program.display(), %error, "hook cannot run");
                return;
            }
        };
        match tokio::time::timeout(HOOK, child.wait()).await {
            Ok(Ok(status)) if status.success() => info!(hook = %program.display(), "hook done"),
            Ok(Ok(status)) => warn!(hook = %program.display(), %status, "hook failed"),
            Ok(Err(error)) => error!(hook = %program.display(), %error, "hook lost"),
            Err(_) => {
                warn!(hook = %program.display(), seconds = HOOK.as_secs(), "hook still runs; not waited for")
            }
        }
    }
}

fn report(outcome: anyhow::Result<()>) {
    if let Err(error) = outcome {
        error!("{error:#}");
    }
}
