//! Addresses and routes of the TUN interface, by rtnetlink.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::Context;
use futures_util::TryStreamExt;
use nix::errno::Errno;
use rtnetlink::packet_route::link::{AfSpecInet, AfSpecUnspec, InetDevConf, LinkAttribute};
use rtnetlink::packet_route::route::{
    RouteAttribute, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use rtnetlink::{Handle, LinkUnspec, RouteMessageBuilder};
use tokio::task::JoinHandle;

/// Who made a route (`ip route show proto 76`): these are known again after a crash.
const PINNED: u8 = 76;

/// A route to one address, to be taken back.
#[derive(Debug)]
pub struct Pinned(RouteMessage);

fn is(error: &rtnetlink::Error, errno: Errno) -> bool {
    match error {
        rtnetlink::Error::NetlinkError(message) => message.raw_code() == -(errno as i32),
        _ => false,
    }
}

/// The kernel's network configuration for one interface.
pub struct Network {
    handle: Handle,
    index: u32,
    connection: JoinHandle<()>,
}

impl Drop for Network {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Network {
    /// For the interface of that number. Needs a tokio runtime.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(index: u32) -> anyhow::Result<Self> {
        let (connection, handle, _) = rtnetlink::new_connection().context("no netlink socket")?;
        Ok(Self {
            handle,
            index,
            connection: tokio::spawn(connection),
        })
    }

    /// Changes the interface's MTU.
    ///
    /// # Errors
    /// What the system says.
    pub async fn set_mtu(&self, mtu: u16) -> anyhow::Result<()> {
        let message = LinkUnspec::new_with_index(self.index)
            .mtu(mtu.into())
            .build();
        let request = self.handle.link().set(message);
        request
            .execute()
            .await
            .with_context(|| format!("MTU {mtu} refused"))
    }

    /// Gives the interface an address; one that it has already is no error.
    ///
    /// # Errors
    /// What the system says.
    pub async fn add_address(&self, address: IpAddr, prefix: u8) -> anyhow::Result<()> {
        let request = self
            .handle
            .address()
            .add(self.index, address, prefix)
            .replace();
        request
            .execute()
            .await
            .with_context(|| format!("address {address}/{prefix} refused"))
    }

    /// Gives the interface an IPv4 address with a peer.
    ///
    /// # Errors
    /// What the system says.
    pub async fn add_peer_address(&self, local: Ipv4Addr, peer: Ipv4Addr) -> anyhow::Result<()> {
        use rtnetlink::packet_route::address::AddressAttribute;
        let mut request = self
            .handle
            .address()
            .add(self.index, local.into(), 32)
            .replace();
        let attributes = &mut request.message_mut().attributes;
        attributes.retain(|attribute| {
            !matches!(
                attribute,
                AddressAttribute::Address(_) | AddressAttribute::Broadcast(_)
            )
        });
        attributes.push(AddressAttribute::Address(peer.into()));
        request
            .execute()
            .await
            .with_context(|| format!("address {local} peer {peer} refused"))
    }

    /// Takes every address of a family from the interface; with the last one, routes that need it go.
    ///
    /// # Errors
    /// What the system says.
    pub async fn flush(&self, ipv6: bool) -> anyhow::Result<()> {
        use rtnetlink::packet_route::AddressFamily;
        use rtnetlink::packet_route::address::AddressScope;
        let mut addresses = self
            .handle
            .address()
            .get()
            .set_link_index_filter(self.index)
            .execute();
        while let Some(address) = addresses
            .try_next()
            .await
            .context("addresses cannot be listed")?
        {
            let is_ipv6 = address.header.family == AddressFamily::Inet6;
            if is_ipv6 == ipv6 && address.header.scope != AddressScope::Link {
                let removed = self.handle.address().del(address).execute().await;
                removed.context("address cannot be removed")?;
            }
        }
        Ok(())
    }

    /// Lets packets come in from the interface with this host's own addresses as their source: an access server
    /// answers what is too big by them.
    ///
    /// # Errors
    /// What the system says.
    pub async fn accept_own_sources(&self) -> anyhow::Result<()> {
        let mut settings = InetDevConf::default();
        settings.accept_local = 1;
        let settings = vec![AfSpecInet::DevConfRequest(settings)];
        let attribute = LinkAttribute::AfSpecUnspec(vec![AfSpecUnspec::Inet(settings)]);
        let message = LinkUnspec::new_with_index(self.index).append_extra_attribute(attribute);
        let request = self.handle.link().set(message.build());
        request.execute().await.context("accept_local refused")
    }

    /// Routes a prefix to the interface, in the place of any route that there is; `metric` as the
    /// kernel has it where `None`.
    ///
    /// # Errors
    /// What the system says.
    pub async fn add_route(
        &self,
        prefix: IpAddr,
        length: u8,
        metric: Option<u32>,
    ) -> anyhow::Result<()> {
        let message = self.route(prefix, length, metric);
        let request = self.handle.route().add(message).replace();
        request
            .execute()
            .await
            .with_context(|| format!("route to {prefix}/{length} refused"))
    }

    /// Routes everything of a family to the interface, unless there is a route of that metric already.
    ///
    /// # Errors
    /// What the system says.
    pub async fn add_default_route(&self, any: IpAddr, metric: Option<u32>) -> anyhow::Result<()> {
        let request = self.handle.route().add(self.route(any, 0, metric));
        request.execute().await.context(
            "default route refused; where there is one already, give this one another `metric`",
        )
    }

    /// Takes a default route back.
    ///
    /// # Errors
    /// What the system says.
    pub async fn remove_default_route(
        &self,
        any: IpAddr,
        metric: Option<u32>,
    ) -> anyhow::Result<()> {
        self.remove(self.route(any, 0, metric)).await
    }

    /// Keeps the way to one address what it is now, whatever default route comes. `None` where there is no need to:
    /// it has a route of its own, or is this host's.
    ///
    /// # Errors
    /// What the system says.
    pub async fn pin(&self, to: IpAddr) -> anyhow::Result<Option<Pinned>> {
        let mut route = self.to_one(to);
        let mut ways = self.handle.route().get(route.clone()).execute();
        let way = ways.try_next().await;
        let way = way.with_context(|| format!("no way to {to}"))?;
        let Some(way) = way.filter(|way| way.header.kind == RouteType::Unicast) else {
            return Ok(None);
        };
        let hop = way.attributes.into_iter();
        route.attributes.extend(hop.filter(|attribute| {
            matches!(
                attribute,
                RouteAttribute::Oif(_) | RouteAttribute::Gateway(_)
            )
        }));
        match self.handle.route().add(route.clone()).execute().await {
            Ok(()) => Ok(Some(Pinned(route))),
            Err(error) if is(&error, Errno::EEXIST) => Ok(None),
            Err(error) => Err(error).with_context(|| format!("route to {to} refused")),
        }
    }

    /// Takes back what a [`pin`](Self::pin) of an earlier process did that was killed.
    ///
    /// # Errors
    /// What the system says.
    pub async fn forget(&self, to: IpAddr) -> anyhow::Result<()> {
        let mut route = self.to_one(to);
        // Of any scope.
        route.header.scope = RouteScope::NoWhere;
        self.remove(route).await
    }

    fn to_one(&self, to: IpAddr) -> RouteMessage {
        let mut route = self.route(to, if to.is_ipv4() { 32 } else { 128 }, None);
        route.header.protocol = RouteProtocol::Other(PINNED);
        let is_interface = |attribute: &RouteAttribute| matches!(attribute, RouteAttribute::Oif(_));
        route
            .attributes
            .retain(|attribute| !is_interface(attribute));
        route
    }

    /// Takes back what [`pin`](Self::pin) did.
    ///
    /// # Errors
    /// What the system says.
    pub async fn unpin(&self, pinned: Pinned) -> anyhow::Result<()> {
        self.remove(pinned.0).await
    }

    /// Removes a route; one that went with its interface is no error.
    async fn remove(&self, route: RouteMessage) -> anyhow::Result<()> {
        match self.handle.route().del(route).execute().await {
            Err(error) if !is(&error, Errno::ESRCH) => {
                Err(error).context("route cannot be removed")
            }
            _ => Ok(()),
        }
    }

    fn route(&self, prefix: IpAddr, length: u8, metric: Option<u32>) -> RouteMessage {
        match prefix {
            IpAddr::V4(prefix) => {
                let mut route = RouteMessageBuilder::<Ipv4Addr>::new()
                    .destination_prefix(prefix, length)
                    .output_interface(self.index);
                if let Some(metric) = metric {
                    route = route.priority(metric);
                }
                route.build()
            }
            IpAddr::V6(prefix) => {
                let mut route = RouteMessageBuilder::<Ipv6Addr>::new()
                    .destination_prefix(prefix, length)
                    .output_interface(self.index);
                if let Some(metric) = metric {
                    route = route.priority(metric);
                }
                route.build()
            }
        }
    }
}
