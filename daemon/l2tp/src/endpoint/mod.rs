//! Every control connection of one UDP socket.

mod core;
mod roster;
mod start;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rand_core::CryptoRng;

pub(crate) use self::core::{Core, Due};
pub(crate) use self::roster::Place;

use self::roster::Roster;
use crate::cause::{CallCause, StopCause};
use crate::config::Config;
use crate::counters::Counters;
use crate::event::{
    CallId, CallInfo, CallRequest, DialError, Event, Transmit, TunnelId, TunnelInfo,
};
use crate::ids::TunnelIds;
use crate::tunnel::Tunnel;
use crate::wire::Header;

/// Every control connection of one UDP socket. See the [crate](crate).
pub struct Endpoint<R> {
    core: Core<R>,
    tunnels: BTreeMap<TunnelId, Tunnel>,
    ids: TunnelIds,
    roster: Roster,
    /// Control connections that owe an acknowledgement.
    owing: VecDeque<TunnelId>,
}

impl<R: CryptoRng> Endpoint<R> {
    /// An endpoint without control connections. `random` must be the system's randomness, or a generator that it
    /// seeded.
    pub fn new(config: Config, random: R) -> Self {
        Self {
            core: Core::new(config, random),
            tunnels: BTreeMap::new(),
            ids: TunnelIds::new(),
            roster: Roster::default(),
            owing: VecDeque::new(),
        }
    }

    /// Treats new control connections differently. Those that are there, and their calls, go on as they began.
    pub fn set_config(&mut self, config: Config) {
        self.core.config = Arc::new(config);
    }

    // What the host wants.

    /// Starts a control connection: [`Event::TunnelUp`] or [`Event::TunnelDown`] follows.
    ///
    /// # Errors
    /// Where there are too many already.
    pub fn dial(&mut self, now: Duration, peer: SocketAddr) -> Result<TunnelId, DialError> {
        if self.live() >= self.core.config.max_tunnels {
            return Err(DialError::TooManyTunnels);
        }
        let id = self.free_id(now).ok_or(DialError::TooManyTunnels)?;
        let tunnel = Tunnel::dial(&mut self.core, now, id, peer);
        self.tunnels.insert(id, tunnel);
        self.settle(now, id);
        Ok(id)
    }

    /// Makes a call, once the control connection is up: [`Event::CallUp`] or [`Event::CallDown`] follows.
    ///
    /// # Errors
    /// Where the control connection is gone, or has too many calls.
    pub fn call(
        &mut self,
        now: Duration,
        tunnel: TunnelId,
        request: CallRequest,
    ) -> Result<CallId, DialError> {
        let at = self.tunnels.get_mut(&tunnel).ok_or(DialError::NoTunnel)?;
        let call = at.call(&mut self.core, now, request);
        self.settle(now, tunnel);
        call
    }

    /// Takes the call of an [`Event::Incoming`]: [`Event::CallUp`] or [`Event::CallDown`] follows. Nothing where the
    /// call is gone.
    pub fn accept(&mut self, now: Duration, call: CallId) {
        self.with(now, call.tunnel, |tunnel, core| {
            tunnel.accept(core, now, call.session)
        });
    }

    /// Refuses the call of an [`Event::Incoming`]. Nothing follows.
    pub fn reject(&mut self, now: Duration, call: CallId, cause: CallCause) {
        self.hang_up(now, call, cause);
    }

    /// Ends a call. Nothing follows: the host knows why.
    pub fn hang_up(&mut self, now: Duration, call: CallId, cause: CallCause) {
        self.with(now, call.tunnel, |tunnel, core| {
            tunnel.hang_up(core, now, call.session, cause)
        });
    }

    /// Ends a control connection: [`Event::CallDown`] follows for each of its calls, then [`Event::TunnelDown`].
    pub fn stop(&mut self, now: Duration, tunnel: TunnelId, cause: StopCause) {
        self.with(now, tunnel, |tunnel, core| tunnel.stop(core, now, cause));
    }

    /// Ends every control connection.
    pub fn stop_all(&mut self, now: Duration, cause: StopCause) {
        let ids: Vec<_> = self.tunnels.keys().copied().collect();
        for id in ids {
            self.stop(now, id, cause.clone());
        }
    }

    // What the wire and the clock say.

    /// A control message arrived: a UDP payload with L2TP's T bit set. Any bytes are safe.
    pub fn handle_control(&mut self, now: Duration, from: SocketAddr, message: &[u8]) {
        let Ok((header, avps)) = Header::parse(message) else {
            self.core.counters.bad_headers += 1;
            return;
        };
        self.core.counters.received += 1;
        match header.tunnel {
            0 => self.handle_start(now, from, &header, avps, message.len()),
            tunnel => self.carry(now, TunnelId(tunnel), from, &header, avps),
        }
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Duration) {
        for due in self.core.deadlines.take_due(now) {
            match due {
                Due::Tunnel(tunnel) => {
                    self.with(now, tunnel, |tunnel, core| tunnel.handle_timeout(core, now));
                }
                Due::Call(call) => {
                    self.with(now, call.tunnel, |tunnel, core| {
                        tunnel.call_expired(core, now, call.session)
                    });
                }
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.core.deadlines.next()
    }

    /// The next datagram to send. To be asked after every event was taken: what the host does about events may carry
    /// acknowledgements, which go by themselves else.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        let transmit = self
            .core
            .transmits
            .pop_front()
            .or_else(|| self.acknowledgement());
        self.core.counters.sent += u64::from(transmit.is_some());
        transmit
    }

    /// What happened.
    pub fn poll(&mut self) -> Option<Event> {
        self.core.events.pop_front()
    }

    // What there is to see.

    /// A control connection, as long as it is there; a stopped one is for [`Config::linger`].
    pub fn tunnel(&self, tunnel: TunnelId) -> Option<TunnelInfo> {
        self.tunnels.get(&tunnel).map(Tunnel::info)
    }

    /// A call, as long as it is there.
    pub fn call_info(&self, call: CallId) -> Option<&CallInfo> {
        self.tunnels.get(&call.tunnel)?.call_info(call.session)
    }

    /// Every control connection, by id.
    pub fn tunnels(&self) -> impl Iterator<Item = TunnelInfo> {
        self.tunnels.values().map(Tunnel::info)
    }

    /// What was not as it should be, and how often.
    pub const fn counters(&self) -> &Counters {
        &self.core.counters
    }

    // How it hangs together.

    /// A message for a control connection.
    fn carry(
        &mut self,
        now: Duration,
        id: TunnelId,
        from: SocketAddr,
        header: &Header,
        avps: &[u8],
    ) {
        let is_known = self.with(now, id, |tunnel, core| {
            tunnel.handle(core, now, from, header, avps)
        });
        if !is_known {
            self.core.counters.unknown_tunnels += 1;
        }
    }

    /// Does something with a control connection; `false` where there is none.
    fn with(
        &mut self,
        now: Duration,
        id: TunnelId,
        what: impl FnOnce(&mut Tunnel, &mut Core<R>),
    ) -> bool {
        let Some(tunnel) = self.tunnels.get_mut(&id) else {
            return false;
        };
        what(tunnel, &mut self.core);
        self.settle(now, id);
        true
    }

    /// Takes up what became of a control connection.
    fn settle(&mut self, now: Duration, id: TunnelId) {
        let Some(tunnel) = self.tunnels.get_mut(&id) else {
            return;
        };
        while let Some(payload) = tunnel.channel.poll_transmit() {
            self.core.transmits.push_back(Transmit {
                to: tunnel.peer,
                payload,
            });
        }
        self.core.counters.retransmissions +=
            tunnel.channel.retransmissions() - tunnel.retransmissions_counted;
        tunnel.retransmissions_counted = tunnel.channel.retransmissions();
        if tunnel.channel.owes_acknowledgement() && !tunnel.is_owing {
            tunnel.is_owing = true;
            self.owing.push_back(id);
        }
        if tunnel.is_over {
            self.forget(now, id);
            return;
        }
        let due = tunnel.due();
        self.roster.update(tunnel);
        self.core.deadlines.set(Due::Tunnel(id), due);
        // Stopped ones linger to acknowledge late copies; no more of them than of live ones ever need be kept.
        if self.roster.stopping() > self.core.config.max_tunnels
            && let Some(oldest) = self.roster.oldest_stopping()
        {
            self.forget(now, oldest);
        }
    }

    /// A control connection is no more.
    fn forget(&mut self, now: Duration, id: TunnelId) {
        if let Some(mut tunnel) = self.tunnels.remove(&id) {
            self.roster.leave(&mut tunnel);
            self.core.deadlines.set(Due::Tunnel(id), None);
            self.ids.rest(now.saturating_add(tunnel.linger()), id.0);
        }
    }

    fn free_id(&mut self, now: Duration) -> Option<TunnelId> {
        let random = u32::from_ne_bytes(self.core.random_bytes());
        self.ids.take(now, random).map(TunnelId)
    }

    /// Control connections that are not stopped.
    fn live(&self) -> usize {
        self.tunnels.len() - self.roster.stopping()
    }

    fn acknowledgement(&mut self) -> Option<Transmit> {
        while let Some(id) = self.owing.pop_front() {
            if let Some(tunnel) = self.tunnels.get_mut(&id) {
                tunnel.is_owing = false;
                if let Some(payload) = tunnel.acknowledgement() {
                    return Some(Transmit {
                        to: tunnel.peer,
                        payload,
                    });
                }
            }
        }
        None
    }
}
