//! One control connection (RFC 2661 sections 5 and 7.2).

mod calls;
mod start;
mod stop;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rand_core::CryptoRng;

pub(crate) use self::start::objection;

use crate::call::Call;
use crate::cause::{StopCause, StopResult};
use crate::channel::{Arrival, Channel, Retransmission};
use crate::config::Config;
use crate::endpoint::{Core, Place};
use crate::event::{Event, TunnelId, TunnelInfo, TunnelState};
use crate::ids::SessionIds;
use crate::wire::message::kind;
use crate::wire::{Header, Hiding, Message};

/// The least silence before Hello, whatever is configured.
const MIN_HELLO_INTERVAL: Duration = Duration::from_secs(1);

/// Messages that may wait for a peer before it gets no new call: beside those that its calls account for.
const BACKLOG: usize = 64;

/// One control connection.
pub(crate) struct Tunnel {
    pub id: TunnelId,
    pub peer: SocketAddr,
    /// 0 as long as the peer did not say.
    pub peer_id: u16,
    pub state: TunnelState,
    pub channel: Channel,
    pub is_dialled: bool,
    /// Who sent the SCCRQ that this end answered, and its tunnel id in it.
    pub requester: Option<(SocketAddr, u16)>,
    /// Where the endpoint has it.
    pub place: Place,
    /// The endpoint has it in the list of those that owe an acknowledgement.
    pub is_owing: bool,
    /// Retransmissions that the endpoint has counted.
    pub retransmissions_counted: u64,
    /// There is nothing left to do: the endpoint may forget it.
    pub is_over: bool,
    config: Arc<Config>,
    was_up: bool,
    since: Duration,
    last_heard: Duration,
    /// When it must be up, or, once it was stopped, when it is over.
    expires: Option<Duration>,
    host_name: String,
    vendor_name: String,
    /// The Challenge in this end's SCCRQ or SCCRP, until it is answered.
    challenge: Option<[u8; 16]>,
    calls: BTreeMap<u16, Call>,
    /// By the peer's session id.
    by_peer: BTreeMap<u16, u16>,
    sessions: SessionIds,
}

impl Tunnel {
    fn new<R: CryptoRng>(
        core: &mut Core<R>,
        now: Duration,
        id: TunnelId,
        peer: SocketAddr,
        state: TunnelState,
    ) -> Self {
        let config = Arc::clone(&core.config);
        let challenge = config.secret.as_ref().map(|_| core.random_bytes());
        Self {
            id,
            peer,
            peer_id: 0,
            state,
            channel: Channel::new(&config),
            is_dialled: state == TunnelState::WaitCtlReply,
            requester: None,
            place: Place::Nowhere,
            is_owing: false,
            retransmissions_counted: 0,
            is_over: false,
            was_up: false,
            since: now,
            last_heard: now,
            expires: Some(now.saturating_add(config.setup_timeout)),
            host_name: String::new(),
            vendor_name: String::new(),
            challenge,
            calls: BTreeMap::new(),
            by_peer: BTreeMap::new(),
            sessions: SessionIds::default(),
            config,
        }
    }

    pub fn info(&self) -> TunnelInfo {
        TunnelInfo {
            id: self.id,
            peer_id: self.peer_id,
            peer: self.peer,
            host_name: self.host_name.clone(),
            vendor_name: self.vendor_name.clone(),
            state: self.state,
            is_dialled: self.is_dialled,
            calls: self.calls.len(),
            since: self.since,
            retransmissions: self.channel.retransmissions(),
            window: self.channel.window(),
        }
    }

    pub fn linger(&self) -> Duration {
        self.config.linger
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn due(&self) -> Option<Duration> {
        let times = [self.channel.due(), self.expires, self.hello_due()];
        times.into_iter().flatten().min()
    }

    /// When Hello is due: never while something else waits for the peer's acknowledgement (section 5.5). Data does not
    /// put it off: it says nothing about the peer's control connection, and anybody can send it.
    fn hello_due(&self) -> Option<Duration> {
        let is_quiet = self.state == TunnelState::Established && self.channel.backlog() == 0;
        let interval = self.config.hello_interval.max(MIN_HELLO_INTERVAL);
        is_quiet.then(|| self.last_heard.saturating_add(interval))
    }

    pub fn handle_timeout<R: CryptoRng>(&mut self, core: &mut Core<R>, now: Duration) {
        if let Retransmission::Exhausted(attempts) = self.channel.handle_timeout(now) {
            self.silent(core, now, attempts);
        } else if self.expires.is_some_and(|at| at <= now) {
            self.expired(core, now);
        } else if self.hello_due().is_some_and(|at| at <= now) {
            self.send(core, now, 0, &Message::Hello);
        }
    }

    /// A message arrived that is addressed to this control connection.
    pub fn handle<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        from: SocketAddr,
        header: &Header,
        avps: &[u8],
    ) {
        if !self.hears(core, from, header, avps) {
            core.counters.wrong_sources += 1;
            return;
        }
        self.last_heard = now;
        self.channel.acknowledged(now, header.nr);
        if avps.is_empty() {
            return;
        }
        if self.is_choked() && matches!(Message::peek(avps), Some(kind::ICRQ | kind::OCRQ)) {
            core.counters.dropped += 1;
            return;
        }
        match self.channel.arrived(header.ns, header.session, avps) {
            Arrival::Next => {
                self.read(core, now, from, header.session, avps);
                while let Some(held) = self.channel.take_held() {
                    self.read(core, now, from, held.session, &held.avps);
                }
            }
            Arrival::Held => core.counters.held += 1,
            Arrival::Duplicate => core.counters.duplicates += 1,
            Arrival::Dropped => core.counters.dropped += 1,
        }
    }

    /// Whether a message may come from there.
    fn hears<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        from: SocketAddr,
        header: &Header,
        avps: &[u8],
    ) -> bool {
        if from == self.peer {
            return true;
        }
        if from.ip() != self.peer.ip() {
            return false;
        }
        match self.state {
            // Whoever answers chooses its port (section 8.1).
            TunnelState::WaitCtlReply => true,
            TunnelState::Established if self.config.follow_peer_port => {
                let follows = !avps.is_empty() && self.channel.expects(header.ns);
                if follows {
                    self.peer = from;
                    core.counters.moves += 1;
                    core.events.push_back(Event::TunnelMoved {
                        tunnel: self.id,
                        peer: from,
                    });
                }
                follows
            }
            _ => false,
        }
    }

    /// Whether the peer leaves so many messages unacknowledged that it gets no more. A peer that made calls and never
    /// took the answers would fill the memory.
    fn is_choked(&self) -> bool {
        self.channel.backlog() > BACKLOG + 2 * self.calls.len()
    }

    /// The next message of the stream.
    fn read<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        from: SocketAddr,
        session: u16,
        avps: &[u8],
    ) {
        if self.state == TunnelState::Stopping {
            return;
        }
        match Message::parse(avps, self.config.secret.as_ref()) {
            Ok(parsed) => {
                core.counters.ignored_avps += parsed.ignored;
                self.act(core, now, from, session, parsed.message);
            }
            Err(refusal) => {
                core.counters.fault(refusal.fault);
                self.refuse(core, now, session, &refusal);
            }
        }
    }

    fn act<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        from: SocketAddr,
        session: u16,
        message: Message,
    ) {
        use TunnelState::{Established, WaitCtlConn, WaitCtlReply};
        match (message, self.state) {
            (Message::StopCcn { tunnel, cause }, _) => self.stopped(core, now, tunnel, cause),
            (Message::Sccrp(reply), WaitCtlReply) => self.replied(core, now, from, *reply),
            (Message::Scccn { challenge_response }, WaitCtlConn) => {
                self.connected(core, now, challenge_response);
            }
            (Message::Hello, _) => {}
            (Message::Unknown | Message::OutgoingAnswer, _) => core.counters.unexpected += 1,
            (Message::Ocrq { session }, Established) => self.outgoing_requested(core, now, session),
            (Message::Icrq(request), Established) => self.call_requested(core, now, *request),
            (Message::Icrp { session: peer }, Established) => {
                self.call_replied(core, now, session, peer)
            }
            (Message::Iccn(connected), Established) => {
                self.call_connected(core, now, session, *connected)
            }
            (
                Message::Cdn {
                    session: peer,
                    cause,
                },
                Established,
            ) => {
                self.call_disconnected(core, now, session, peer, cause);
            }
            (Message::Wen, Established) => core.counters.wan_errors += 1,
            (Message::Sli, Established) => core.counters.link_infos += 1,
            (_, state) => {
                core.counters.unexpected += 1;
                let message = format!("message out of place in state {state:?}");
                self.stop(
                    core,
                    now,
                    StopCause::said(StopResult::STATE_MACHINE, message),
                );
            }
        }
    }

    /// Sends a message for the peer's `session`.
    fn send<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        session: u16,
        message: &Message,
    ) {
        let secret = self
            .config
            .secret
            .as_ref()
            .filter(|_| self.config.hide_avps);
        let hiding = secret.map(|secret| Hiding {
            secret,
            vector: core.random_bytes(),
            padding: core.random_bytes(),
        });
        let message = message.emit(self.peer_id, session, hiding);
        self.channel.send(now, message);
    }

    /// A ZLB, if an acknowledgement is owed.
    pub fn acknowledgement(&mut self) -> Option<Vec<u8>> {
        let (ns, nr) = self.channel.acknowledge()?;
        let header = Header {
            tunnel: self.peer_id,
            session: 0,
            ns,
            nr,
        };
        Some(header.emit(0).to_vec())
    }
}
