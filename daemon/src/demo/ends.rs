//! The two ends of the demonstration: the daemon's own calls at an ISP and at a subscriber, over UDP on the loopback
//! interface.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use fogline_auth::{Method, Timing, Verdict};
use fogline_l2tp::CallRequest;
use fogline_ppp::{
    Access, Decision, Granted, Ipv4Grant, Ipv6Grant, LcpConfig, NetworkConfig, Role, Secret,
    Subscriber,
};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use scramble::agreement::{Carrier, Direction, Transforms};
use scramble::keys::Secrets;
use scramble::negotiator::{Config, DataMode, Policy};
use scramble::option::Terms;
use scramble::transform::Packet;

use super::message::Message;
use crate::calls::{
    BURST, CallEvent, Calls, Datagram, Drops, HEADROOM, Port, SessionKey, TAILROOM,
};
use crate::config::model::{AddressControl, Path};

/// What the operating system calls random.
type OsRandom = UnwrapErr<SysRng>;

/// The user that calls, and its password.
const USER: (&str, &str) = ("household", "demonstration");
/// How long the ends may take to come to terms; on one machine they need milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a loopback interface carries in one packet.
const PATH_MTU: u16 = u16::MAX;

/// An end: its calls, its socket, and what went through.
pub struct End {
    calls: Calls<OsRandom>,
    wire: Wire,
    /// The session, once its call is up.
    key: Option<SessionKey>,
    start: Instant,
    buffer: Vec<u8>,
}

/// Where an end's packets go.
struct Wire {
    socket: UdpSocket,
    /// Datagrams to send, and those sent since somebody took them.
    outgoing: Vec<(SocketAddr, Vec<u8>)>,
    sent: Vec<Vec<u8>>,
    /// IP packets that came out.
    arrived: Vec<Vec<u8>>,
}

impl Port for Wire {
    fn to_peer(&mut self, _: usize, to: SocketAddr, datagram: &[u8]) {
        self.outgoing.push((to, datagram.to_vec()));
    }

    fn to_host(&mut self, packet: &[u8]) {
        self.arrived.push(packet.to_vec());
    }
}

impl Wire {
    fn flush(&mut self) {
        for (to, datagram) in self.outgoing.drain(..) {
            // What the kernel does not take is lost, as on any network: the other end then misses it, and says so.
            let _ = self.socket.send_to(&datagram, to);
            self.sent.push(datagram);
        }
    }
}

/// Both ends, connected.
pub struct Link {
    /// The subscriber's.
    pub subscriber: End,
    /// The ISP's.
    pub isp: End,
    /// What went over the link until then.
    pub messages: Vec<Message>,
}

/// Brings a call up that does what `direction` says, both ways.
///
/// # Errors
/// Where there is no loopback interface, or the ends do not come to terms, which two ends of the same terms always do.
pub fn connect(direction: Direction) -> anyhow::Result<Link> {
    let mut subscriber = End::new(
        Role::Subscriber(Subscriber {
            name: USER.0.into(),
            password: Secret::new(USER.1.into()),
            accept: vec![Method::MsChapV2],
            ipv4: true,
            ipv6: true,
            request_dns: false,
            timing: Timing::default(),
        }),
        direction,
    )?;
    let mut isp = End::new(
        Role::Access(Access {
            methods: vec![Method::MsChapV2],
            name: "isp".into(),
            timing: Timing::default(),
        }),
        direction,
    )?;
    let server = isp.wire.socket.local_addr()?;
    let now = subscriber.now();
    let tunnel = subscriber
        .calls
        .dial(now, 0, server, &mut subscriber.wire)?;
    subscriber
        .calls
        .call(now, 0, tunnel, CallRequest::default(), &mut subscriber.wire)?;
    let mut messages = Vec::new();
    let start = Instant::now();
    while !(subscriber.is_up() && isp.is_up()) {
        if start.elapsed() > PATIENCE {
            bail!(
                "the two ends of the demonstration did not connect in {} s",
                PATIENCE.as_secs()
            );
        }
        subscriber.turn()?;
        isp.turn()?;
        messages.extend(
            subscriber
                .take_sent()
                .into_iter()
                .map(|datagram| Message::new(true, &datagram)),
        );
        messages.extend(
            isp.take_sent()
                .into_iter()
                .map(|datagram| Message::new(false, &datagram)),
        );
    }
    Ok(Link {
        subscriber,
        isp,
        messages,
    })
}

impl End {
    fn new(role: Role, direction: Direction) -> anyhow::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .context("no UDP socket on the loopback interface")?;
        socket.set_nonblocking(true)?;
        let path = Path {
            mtu: PATH_MTU,
            sequencing: false,
            ff03: AddressControl::Follow,
            ipv6: false,
        };
        let l2tp = fogline_l2tp::Config {
            accept_incoming: matches!(role, Role::Access(_)),
            ..fogline_l2tp::Config::default()
        };
        let ppp = fogline_ppp::Config {
            lcp: LcpConfig {
                mru: path.max_mru(),
                max_peer_mru: path.max_mru(),
                ..LcpConfig::default()
            },
            role,
            network: NetworkConfig::default(),
            scrambling: scrambling(direction),
        };
        let mut calls = Calls::new(Box::new(|| UnwrapErr(SysRng)));
        calls.listen(
            l2tp,
            crate::calls::Terms {
                ppp: Arc::new(ppp),
                path,
                accept_proxy: false,
                // What went in must come out byte for byte.
                mss_clamp: false,
                // The household's addresses are its own, not of a pool.
                any_source: true,
                trusts_proxy: false,
                max_sessions: 1,
                calls_per_second: u32::MAX,
                show_keys: false,
            },
        );
        Ok(Self {
            calls,
            wire: Wire {
                socket,
                outgoing: Vec::new(),
                sent: Vec::new(),
                arrived: Vec::new(),
            },
            key: None,
            start: Instant::now(),
            buffer: vec![0; usize::from(u16::MAX)],
        })
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn is_up(&self) -> bool {
        let session = self.key.and_then(|key| self.calls.session(key));
        session.is_some_and(|session| {
            session.link.data_mode() == DataMode::Scrambled
                && session.ipv4.is_some()
                && session.ipv6.is_some()
        })
    }

    /// Takes in what has arrived, does what is due; gives the time that took.
    ///
    /// # Errors
    /// Where the call ends.
    pub fn turn(&mut self) -> anyhow::Result<Duration> {
        let mut spent = Duration::ZERO;
        while let Ok((length, from)) = self.wire.socket.recv_from(&mut self.buffer) {
            let (now, begin) = (self.start.elapsed(), Instant::now());
            let datagram = Datagram {
                from,
                payload: Packet::new(&mut self.buffer, 0..length),
            };
            self.calls.datagrams(now, 0, [datagram], &mut self.wire);
            spent += begin.elapsed();
            self.take_events()?;
            self.wire.flush();
        }
        let now = self.now();
        self.calls.handle_timeout(now, &mut self.wire);
        self.take_events()?;
        self.wire.flush();
        Ok(spent)
    }

    fn take_events(&mut self) -> anyhow::Result<()> {
        while let Some(event) = self.calls.poll() {
            match event {
                CallEvent::CallUp(key) => self.key = Some(key),
                CallEvent::Authenticate { key, credentials } => {
                    let decision = admit(credentials.as_deref());
                    let now = self.now();
                    self.calls
                        .authenticated(now, key, decision, false, &mut self.wire);
                }
                CallEvent::Down { reason, .. } | CallEvent::CallFailed { reason, .. } => {
                    bail!("the call of the demonstration is over: {reason}")
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Sends IP packets, at most [`BURST`], to the other end; gives the time it took.
    pub fn send(&mut self, packets: &[&[u8]]) -> Duration {
        let Some(key) = self.key else {
            return Duration::ZERO;
        };
        let mut buffers: Vec<_> = packets
            .iter()
            .take(BURST)
            .map(|packet| [&[0; HEADROOM][..], packet, &[0; TAILROOM]].concat())
            .collect();
        let now = self.now();
        let begin = Instant::now();
        let burst = buffers.iter_mut().map(|buffer| {
            let range = HEADROOM..buffer.len() - TAILROOM;
            (key.index, Packet::new(buffer, range))
        });
        self.calls.packets(now, burst, &mut self.wire);
        let spent = begin.elapsed();
        self.wire.flush();
        spent
    }

    /// Datagrams sent since the last time.
    pub fn take_sent(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.wire.sent)
    }

    /// IP packets that came out since the last time.
    pub fn take_arrived(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.wire.arrived)
    }

    /// What was dropped, and why.
    pub fn drops(&self) -> Drops {
        self.calls.all_drops()
    }
}

fn scrambling(direction: Direction) -> Config {
    let lcp = direction.carrier == Carrier::Lcp;
    let terms = Terms {
        want: direction.transform,
        want_coverage: direction.coverage,
        accept: Transforms::NONE.with(direction.transform),
        min_coverage: direction.coverage,
        want_lcp_carrier: lcp,
        can_send_lcp_carrier: lcp,
        ..Terms::default()
    };
    Config {
        terms,
        ..Config::new(Policy::Require)
    }
}

/// The ISP's decision about who calls.
fn admit(credentials: Option<&fogline_auth::Credentials>) -> Decision {
    let stored = fogline_auth::verify::Stored {
        nt_hash: Some(fogline_auth::mschapv2::nt_hash(USER.1)),
        ..Default::default()
    };
    let verified = credentials
        .filter(|credentials| credentials.name == USER.0)
        .and_then(|credentials| stored.verify(&credentials.proof).ok());
    let Some(verified) = verified else {
        return Decision::Reject(Verdict::Reject {
            message: "wrong name or password".into(),
        });
    };
    Decision::Accept(Box::new(Granted {
        verdict: Verdict::Accept {
            message: String::new(),
            mschapv2_response: verified.mschapv2_response,
        },
        ipv4: Some(Ipv4Grant {
            local: Ipv4Addr::new(192, 0, 2, 1),
            peer: Ipv4Addr::new(192, 0, 2, 2),
            dns: [None; 2],
        }),
        ipv6: Some(Ipv6Grant {
            prefix: std::net::Ipv6Addr::new(0x2001, 0xDB8, 0, 1, 0, 0, 0, 0),
            dns: Vec::new(),
        }),
        scrambling: None,
        secrets: Secrets::default(),
    }))
}
