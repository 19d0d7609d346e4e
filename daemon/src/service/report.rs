//! What the control socket and the metrics are told.

use std::collections::BTreeMap;
use std::net::{Ipv6Addr, SocketAddr};
use std::time::{Duration, SystemTime};

use fogline_l2tp::TunnelState as L2tpState;
use fogline_ppp::Phase;
use ipnet::Ipv6Net;
use rand_core::CryptoRng;
use scramble::negotiator::DataMode;

use super::desk::Desk;
use crate::calls::{Calls, Drops, Session, SessionKey, Traffic};
use crate::client::{Client, link_local};
use crate::control::model::{self, Protection, SessionId, SessionState, Tally, Timestamp, Volume};
use crate::control::{Code, Event, Failure, Page, PageQuery, Reply, Request, SessionQuery, Who};
use crate::io::machine::Machine;
use crate::io::port::Sockets;
use crate::lns::{AlarmRecord, Lns, Notice, Totals};

/// When the program started; engines count from there.
#[derive(Clone, Copy, Debug)]
pub struct Clock(SystemTime);

impl Clock {
    /// Now.
    pub fn start() -> Self {
        Self(SystemTime::now())
    }

    /// A point in an engine's time.
    pub fn at(&self, since: Duration) -> SystemTime {
        self.0 + since
    }
}

/// A session's name on the control socket. Sessions whose index is beyond its range have none; a table never grows
/// that far.
pub fn id(key: SessionKey) -> SessionId {
    SessionId::new(key.index % SessionId::PLACES, key.generation)
        .unwrap_or_else(|| unreachable!("the index was brought into range"))
}

fn key(id: SessionId) -> SessionKey {
    SessionKey {
        index: id.index(),
        generation: id.generation(),
    }
}

/// The sessions that `who` means.
pub fn select<R: CryptoRng>(calls: &Calls<R>, who: &Who) -> Vec<SessionKey> {
    match who {
        Who::Id(id) => calls
            .session(key(*id))
            .map(|session| session.key)
            .into_iter()
            .collect(),
        Who::User(user) => {
            let theirs = calls
                .sessions()
                .filter(|session| session.user.as_deref() == Some(user));
            theirs.map(|session| session.key).collect()
        }
        Who::All => calls.sessions().map(|session| session.key).collect(),
    }
}

/// So many sessions did it.
pub fn done(count: usize, who: &Who) -> Reply {
    match who {
        Who::Id(id) if count == 0 => Reply::Error(Failure::no_such_session(*id)),
        _ => Reply::Done {
            sessions: count as u64,
        },
    }
}

/// So many rekeys began.
pub fn rekeyed<R: CryptoRng>(count: usize, who: &Who, calls: &Calls<R>) -> Reply {
    match who {
        Who::Id(id) if count == 0 && calls.session(key(*id)).is_some() => {
            let message = format!("session {id} is not scrambled, so it has no keys to change");
            Reply::Error(Failure::new(Code::BadRequest, message))
        }
        _ => done(count, who),
    }
}

/// What both daemons answer alike. `prefix` is what a session has of IPv6.
pub fn answer<R: CryptoRng>(
    request: &Request,
    calls: &Calls<R>,
    clock: &Clock,
    interface: &str,
    prefix: &dyn Fn(SessionKey) -> Option<Ipv6Addr>,
    sockets: &Sockets,
) -> Reply {
    let full = |session: &Session<R>| full_session(session, clock, interface, prefix(session.key));
    match request {
        Request::Session { id } => match calls.session(key(*id)) {
            Some(session) => Reply::Session(Box::new(full(session))),
            None => Reply::Error(Failure::no_such_session(*id)),
        },
        Request::Sessions(query) => Reply::Sessions(page(calls, query, full)),
        Request::Traffic(query) => Reply::Traffic(page(calls, query, |session| {
            let (sent, received) = volumes(&session.traffic);
            model::SessionTraffic {
                id: id(session.key),
                sent,
                received,
            }
        })),
        Request::Tunnels(query) => Reply::Tunnels(tunnels(calls, query, clock, sockets)),
        _ => Reply::Error(Failure::unavailable("this daemon does not do that")),
    }
}

fn page<R: CryptoRng, T>(
    calls: &Calls<R>,
    query: &SessionQuery,
    make: impl Fn(&Session<R>) -> T,
) -> Page<T> {
    let limit = query.limit as usize;
    let mut page = Page::default();
    for session in calls.sessions_from(query.from) {
        if !query.matches(
            session.user.as_deref().unwrap_or(""),
            state(session),
            protection(session),
        ) {
            continue;
        }
        if page.items.len() == limit {
            page.next = Some(session.key.index);
            break;
        }
        page.items.push(make(session));
    }
    page
}

fn state<R: CryptoRng>(session: &Session<R>) -> SessionState {
    match session.link.phase() {
        Phase::Dead => SessionState::Dialing,
        Phase::Establish => SessionState::Lcp,
        Phase::Authenticate => SessionState::Authenticating,
        Phase::Network if session.ipv4.is_some() || session.ipv6.is_some() => SessionState::Up,
        Phase::Network => SessionState::Negotiating,
        Phase::Terminate => SessionState::Closing,
    }
}

fn scrambling<R: CryptoRng>(session: &Session<R>) -> model::Scrambling {
    let state = session.link.negotiator_state();
    let agreement = session.agreement;
    model::Scrambling {
        state: state.into(),
        why_clear: session.why_clear.map(|reason| reason.to_string()),
        send: agreement.map(|agreed| agreed.send.into()),
        receive: agreement.map(|agreed| agreed.receive.into()),
        epoch: agreement.map(|_| session.epoch),
        counters: session.link.phs_counters().into(),
    }
}

fn protection<R: CryptoRng>(session: &Session<R>) -> Protection {
    match (session.link.data_mode(), session.agreement) {
        (DataMode::Scrambled, Some(agreed)) => {
            let ways = [agreed.send.transform, agreed.receive.transform];
            ways.map(model::Transform::from)
                .into_iter()
                .min()
                .map_or(Protection::Undecided, Into::into)
        }
        (DataMode::Clear, _) if session.why_clear.is_some() => Protection::Clear,
        _ => Protection::Undecided,
    }
}

fn volumes(traffic: &Traffic) -> (Volume, Volume) {
    let sent = Volume {
        packets: traffic.packets_sent,
        bytes: traffic.bytes_sent,
    };
    let received = Volume {
        packets: traffic.packets_received,
        bytes: traffic.bytes_received,
    };
    (sent, received)
}

fn tally_drops(drops: &Drops) -> Tally {
    drops
        .iter()
        .map(|(reason, count)| (reason.name().to_owned(), count))
        .collect()
}

/// Those counters that are not zero.
fn tally<const N: usize>(counters: [(&str, u64); N]) -> Tally {
    let some = counters.into_iter().filter(|(_, count)| *count > 0);
    some.map(|(name, count)| (name.to_owned(), count)).collect()
}

fn ppp_faults(counters: &fogline_ppp::Counters) -> Tally {
    tally([
        ("malformed", counters.malformed),
        ("untimely", counters.untimely),
        ("unexpected", counters.unexpected),
        ("repeated-requests", counters.repeated_requests),
        ("code-rejects-sent", counters.code_rejects_sent),
        ("code-rejects-received", counters.code_rejects_received),
        ("protocol-rejects-sent", counters.protocol_rejects_sent),
        (
            "protocol-rejects-received",
            counters.protocol_rejects_received,
        ),
        ("protocol-rejects-forged", counters.protocol_rejects_forged),
        ("held-dropped", counters.held_dropped),
        ("clear-dropped", counters.clear_dropped),
        ("unknown-scrambled", counters.unknown_scrambled),
        ("control-scrambled", counters.control_scrambled),
        ("discovery-ignored", counters.discovery_ignored),
        ("echoes-lost", counters.echoes_lost),
    ])
}

fn l2tp_faults(counters: &fogline_l2tp::Counters) -> Tally {
    tally([
        ("retransmissions", counters.retransmissions),
        ("bad-headers", counters.bad_headers),
        ("unknown-tunnels", counters.unknown_tunnels),
        ("unknown-sessions", counters.unknown_sessions),
        ("wrong-sources", counters.wrong_sources),
        ("duplicates", counters.duplicates),
        ("dropped", counters.dropped),
        ("bad-lengths", counters.bad_lengths),
        ("bad-values", counters.bad_values),
        ("missing-avps", counters.missing_avps),
        ("unknown-mandatory-avps", counters.unknown_mandatory_avps),
        ("ignored-avps", counters.ignored_avps),
        ("unreadable-avps", counters.unreadable_avps),
        ("unknown-messages", counters.unknown_messages),
        ("unexpected", counters.unexpected),
        ("start-requests-refused", counters.start_requests_refused),
        (
            "start-requests-over-source-limit",
            counters.start_requests_over_source_limit,
        ),
        ("half-open-evicted", counters.half_open_evicted),
        ("half-open-expired", counters.half_open_expired),
        ("authentication-failures", counters.authentication_failures),
        ("calls-refused", counters.calls_refused),
        ("outgoing-calls-refused", counters.outgoing_calls_refused),
        ("wan-errors", counters.wan_errors),
    ])
}

fn full_session<R: CryptoRng>(
    session: &Session<R>,
    clock: &Clock,
    interface: &str,
    prefix: Option<Ipv6Addr>,
) -> model::Session {
    let (sent, received) = volumes(&session.traffic);
    let options = session.link.lcp_options();
    let (calling, called) = session.numbers.as_deref().cloned().unwrap_or_default();
    let given = |number: String| Some(number).filter(|number| !number.is_empty());
    model::Session {
        id: id(session.key),
        user: session.user.as_deref().unwrap_or("").to_owned(),
        state: state(session),
        since: clock.at(session.since).into(),
        l2tp: Some(model::L2tpCall {
            tunnel: session.call.tunnel.0,
            session: session.call.session,
            peer_tunnel: session.peer_ids.0,
            peer_session: session.peer_ids.1,
        }),
        peer: session.peer,
        interface: interface.to_owned(),
        ipv4: session.ipv4.map(|ipv4| model::Ipv4 {
            local: ipv4.local,
            remote: ipv4.peer,
        }),
        ipv6: session.ipv6.map(|(local, peer)| model::Ipv6 {
            local: link_local(local),
            remote: link_local(peer),
            prefix: prefix.and_then(|prefix| Ipv6Net::new(prefix, 64).ok()),
        }),
        scrambling: scrambling(session),
        mtu: session.mtu,
        mru: options.mru,
        echo_rtt_us: session
            .link
            .round_trip()
            .map(|time| time.as_micros() as u64),
        counters: model::SessionCounters {
            sent,
            received,
            drops: tally_drops(&session.drops),
            ppp_faults: ppp_faults(&session.link.counters()),
        },
        calling_number: given(calling),
        called_number: given(called),
        handled_by: "software".to_owned(),
    }
}

fn tunnels<R: CryptoRng>(
    calls: &Calls<R>,
    query: &PageQuery,
    clock: &Clock,
    sockets: &Sockets,
) -> Page<model::Tunnel> {
    let mut page = Page::default();
    let listeners = (0..calls.listeners()).flat_map(|listener| {
        let local = sockets
            .udp
            .get(listener)
            .and_then(|socket| socket.local_addr().ok());
        let tunnels = calls.endpoint(listener).tunnels();
        tunnels.map(move |tunnel| (local.unwrap_or_else(unspecified), tunnel))
    });
    for (number, (local, tunnel)) in listeners.enumerate().skip(query.from as usize) {
        if page.items.len() == query.limit as usize {
            page.next = u32::try_from(number).ok();
            break;
        }
        page.items.push(model::Tunnel {
            id: tunnel.id.0,
            peer_id: tunnel.peer_id,
            local,
            peer: tunnel.peer,
            host_name: tunnel.host_name.clone(),
            state: match tunnel.state {
                L2tpState::WaitCtlReply => model::TunnelState::WaitCtlReply,
                L2tpState::WaitCtlConn => model::TunnelState::WaitCtlConn,
                L2tpState::Established => model::TunnelState::Established,
                L2tpState::Stopping => model::TunnelState::Stopping,
            },
            calls: tunnel.calls as u32,
            since: clock.at(tunnel.since).into(),
            retransmissions: tunnel.retransmissions,
            window: tunnel.window,
        });
    }
    page
}

fn unspecified() -> SocketAddr {
    (Ipv6Addr::UNSPECIFIED, 0).into()
}

/// The access server as a whole.
pub fn lns_status<R: CryptoRng>(lns: &Lns<R>, desk: &Desk, machine: &Machine) -> model::Status {
    let mut status = status(
        model::Mode::Lns,
        lns.calls(),
        lns.totals(),
        &lns.all_drops(),
        desk,
        machine,
    );
    status.pools = lns
        .pool_usage()
        .map(|usage| model::Pool {
            name: usage.pool,
            family: match usage.family {
                "ipv6" => model::Family::Ipv6,
                _ => model::Family::Ipv4,
            },
            used: usage.used,
            size: usage.size,
        })
        .collect();
    status
}

/// The client as a whole.
pub fn client_status<R: CryptoRng>(
    client: &Client<R>,
    desk: &Desk,
    machine: &Machine,
) -> model::Status {
    let drops = client.calls().all_drops();
    status(
        model::Mode::Client,
        client.calls(),
        client.totals(),
        &drops,
        desk,
        machine,
    )
}

fn status<R: CryptoRng>(
    mode: model::Mode,
    calls: &Calls<R>,
    totals: &Totals,
    drops: &Drops,
    desk: &Desk,
    machine: &Machine,
) -> model::Status {
    let mut kinds = BTreeMap::<_, u64>::new();
    for session in calls.sessions() {
        *kinds
            .entry((state(session), protection(session)))
            .or_default() += 1;
    }
    let sessions = kinds
        .into_iter()
        .map(|((state, scrambling), sessions)| model::SessionCount {
            state,
            scrambling,
            sessions,
        });
    let mut tunnels = model::TunnelCount::default();
    let mut faults = Tally::default();
    for listener in 0..calls.listeners() {
        for (fault, count) in l2tp_faults(calls.endpoint(listener).counters()) {
            *faults.entry(fault).or_default() += count;
        }
        for tunnel in calls.endpoint(listener).tunnels() {
            match tunnel.state {
                L2tpState::Established => tunnels.established += 1,
                L2tpState::WaitCtlReply | L2tpState::WaitCtlConn => tunnels.half_open += 1,
                L2tpState::Stopping => {}
            }
        }
    }
    let (sent, received) = volumes(&calls.all_traffic());
    let mut drops = tally_drops(drops);
    let lost = machine.sockets.lost;
    let kernel = [
        ("kernel-buffer-full", lost.datagrams_full),
        ("kernel-refused-datagram", lost.datagrams_refused),
        ("kernel-refused-packet", lost.packets),
    ];
    drops.extend(
        kernel
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| (name.to_owned(), count)),
    );
    let owned = |tally: &BTreeMap<&'static str, u64>| -> Tally {
        tally
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect()
    };
    let refused: u64 = totals.refused.values().sum();
    let older = totals
        .recent_alarms
        .len()
        .saturating_sub(model::Status::MAX_ALARMS);
    let recent = totals.recent_alarms.iter().skip(older);
    model::Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        mode,
        started: desk.clock.at(Duration::ZERO).into(),
        uptime_seconds: machine.now().as_secs(),
        sessions: sessions.collect(),
        fallbacks: owned(&totals.fallbacks),
        tunnels,
        calls: model::Calls {
            offered: totals.calls + refused,
            answered: totals.calls,
            refused: owned(&totals.refused),
            ended: owned(&totals.ended),
        },
        sent,
        received,
        drops,
        l2tp_faults: faults,
        alarms_raised: totals.alarms,
        alarms: recent.map(|record| alarm(record, &desk.clock)).collect(),
        rekeys: totals.rekeys,
        authentication_failures: totals.rejected,
        pools: Vec::new(),
        configuration: model::Configuration {
            file: desk.reloader.path(),
            reload: desk.reloader.last().cloned(),
        },
    }
}

fn alarm(record: &AlarmRecord, clock: &Clock) -> model::Alarm {
    model::Alarm {
        time: clock.at(record.at).into(),
        session: Some(id(record.session)),
        user: record.user.clone(),
        text: record.text.clone(),
    }
}

/// Something that happened, for whoever listens.
pub fn event<R: CryptoRng>(notice: &Notice, calls: &Calls<R>, clock: &Clock) -> Event {
    match notice {
        Notice::Up { at, key, user } => Event::Up {
            time: clock.at(*at).into(),
            id: id(*key),
            user: user.clone(),
            scrambling: calls
                .session(*key)
                .map_or(Protection::Undecided, protection),
        },
        Notice::Down {
            at,
            key,
            user,
            reason,
        } => Event::Down {
            time: Timestamp::from(clock.at(*at)),
            id: id(*key),
            user: user.clone(),
            reason: reason.clone(),
        },
        Notice::Alarm(record) => Event::Alarm(alarm(record, clock)),
    }
}
