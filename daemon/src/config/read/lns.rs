//! `[lns]`, and what its sections must have to do with each other.

use std::net::SocketAddr;

use fogline_auth::Method;
use scramble::negotiator::Policy;

use super::super::document::{At, Section, Span};
use super::super::model::{Limits, Listener, Lns, Pool, Proxy, RouterAdvertisement, User, Users};
use super::super::value::{duration, flag, interface, name, number, one_of, set, socket_address};
use super::link::{self, METHODS, NAME_LONGEST, seconds};
use super::scrambling::{self, End};
use super::secret::tunnel_secret;
use super::{Reader, pool, user};

const PROXIES: &[(&str, Proxy)] = &[("accept", Proxy::Accept), ("restart", Proxy::Restart)];

/// A listener, with the places that later checks point to.
struct Read {
    listener: Listener,
    span: Span,
    authentication: Span,
    early_offer: Option<Span>,
    secret_from_user: Option<Span>,
}

pub(super) fn lns(mut section: Section<'_>, reader: &Reader<'_>) -> Lns {
    const SESSIONS_MOST: u32 = 1_000_000;
    const SESSIONS: u32 = 65_000;

    let why = "the host name that peers see, such as \"lns.example.net\"";
    let own = section.required("name", why, name(NAME_LONGEST));
    let max_sessions = section.at("max-sessions", number(1..=SESSIONS_MOST));
    let sections = section.sections("listen");
    if sections.is_empty() {
        section.error(
            section.span.clone(),
            "there is no [[lns.listen]], so nobody can call; write one with address = \"0.0.0.0:1701\"",
        );
    }
    let read = listeners(sections, reader);
    let pools = pool::pools(section.sections("pool"));
    let users = user::users(section.section_or_empty("users"), &pools, reader);
    let (lcp, mru) = link::lcp(section.section_or_empty("lcp"));

    check_pools(&section, &pools, max_sessions.as_ref());
    check_mru(&section, lcp.mru, mru, &read);
    check_users(&section, &users, &read);

    let lns = Lns {
        name: own.map(|at| at.value).unwrap_or_default(),
        tun: section.or("tun", "fogline0".into(), interface),
        mtu: section.or("mtu", 1500, number(1280..=9216)),
        max_sessions: max_sessions.map_or(SESSIONS, |at| at.value),
        mss_clamp: section.or("mss-clamp", true, flag),
        listeners: read.into_iter().map(|read| read.listener).collect(),
        pools,
        users,
        limits: limits(section.section_or_empty("limits")),
        lcp,
        authentication_timing: link::authentication_timing(
            section.section_or_empty("authentication-timing"),
        ),
        l2tp: link::l2tp(section.section_or_empty("l2tp")),
        router_advertisement: router_advertisement(
            section.section_or_empty("router-advertisement"),
        ),
    };
    section.finish();
    lns
}

fn listeners(sections: Vec<Section<'_>>, reader: &Reader<'_>) -> Vec<Read> {
    let mut read: Vec<Read> = Vec::new();
    for mut section in sections {
        let why = "where peers reach this server, such as \"0.0.0.0:1701\"";
        let address = section.required("address", why, socket_address);
        if let Some(At { value, span }) = &address {
            section.call(format!("listener {value}"));
            if read.iter().any(|other| other.listener.address == *value) {
                section.error(span.clone(), "another listener has that address");
            }
            if value.port() == 0 {
                section.error(span.clone(), "address: port 0 is none; L2TP has 1701");
            }
        }
        if let Some(listener) = listener(&mut section, address, reader) {
            read.push(listener);
        }
        section.finish();
    }
    read
}

fn listener(
    section: &mut Section<'_>,
    address: Option<At<SocketAddr>>,
    reader: &Reader<'_>,
) -> Option<Read> {
    let ipv6 = address.as_ref().is_some_and(|at| at.value.is_ipv6());
    let path = link::path(section, ipv6);
    let authentication = section.at("authentication", set(one_of(METHODS)));
    let (authentication, authentication_span) =
        authentication.map(|at| (at.value, at.span)).unzip();
    let (tunnel_secret, hide_avps) = tunnel_secret(section, reader);
    let proxy = section.or("proxy", Proxy::Accept, one_of(PROXIES));
    let nested = section.section_or_empty("scrambling");
    let scrambling = scrambling::scrambling(nested, End::Access, &path, reader);
    let span = section.span.clone();
    Some(Read {
        authentication: authentication_span.unwrap_or_else(|| span.clone()),
        span,
        early_offer: scrambling.early_offer,
        secret_from_user: scrambling.secret_from_user,
        listener: Listener {
            address: address?.value,
            tunnel_secret,
            hide_avps,
            proxy,
            path,
            authentication: authentication
                .unwrap_or_else(|| METHODS.iter().map(|(_, method)| *method).collect()),
            scrambling: scrambling.scrambling,
        },
    })
}

fn limits(mut section: Section<'_>) -> Limits {
    let limits = Limits {
        tunnels: section.or("tunnels", 1024, number(1..=65_535)),
        half_open_tunnels: section.or("half-open-tunnels", 256, number(1..=65_535)),
        half_open_per_source: section.or("half-open-per-source", 32, number(1..=65_535)),
        calls_per_tunnel: section.or("calls-per-tunnel", 65_535, number(1..=65_535)),
        calls_per_second: section.or("calls-per-second", 2000, number(1..=1_000_000)),
        call_setup: section.or(
            "call-setup",
            seconds(120),
            duration(seconds(1)..=seconds(3600)),
        ),
        sessions_per_user: section.or("sessions-per-user", 1, number(1..=65_535)),
    };
    section.finish();
    limits
}

/// The bounds are those of RFC 4861 section 6.2.1.
fn router_advertisement(mut section: Section<'_>) -> RouterAdvertisement {
    let interval = section.or(
        "interval",
        seconds(600),
        duration(seconds(4)..=seconds(1800)),
    );
    let lifetime = section.at("router-lifetime", duration(seconds(4)..=seconds(9000)));
    if let Some(short) = lifetime.as_ref().filter(|at| at.value < interval) {
        section.error(
            short.span.clone(),
            "router-lifetime: shorter than interval: subscribers would lose their route between two advertisements",
        );
    }
    let whole_life = || duration(seconds(4)..=seconds(365 * 24 * 3600));
    let valid = section.or("prefix-valid", seconds(24 * 3600), whole_life());
    let preferred = section.at("prefix-preferred", whole_life());
    if let Some(long) = preferred.as_ref().filter(|at| at.value > valid) {
        section.error(
            long.span.clone(),
            "prefix-preferred: longer than prefix-valid; lower it, or raise prefix-valid",
        );
    }
    section.finish();
    RouterAdvertisement {
        interval,
        router_lifetime: lifetime.map_or(seconds(1800), |at| at.value),
        prefix_valid: valid,
        prefix_preferred: preferred.map_or(seconds(4 * 3600).min(valid), |at| at.value),
    }
}

fn check_pools(section: &Section<'_>, pools: &[Pool], max_sessions: Option<&At<u32>>) {
    if pools.is_empty() {
        section.warning(
            section.span.clone(),
            "there is no [[lns.pool]]: subscribers get no addresses; write one with ipv4, ipv6 or both",
        );
        return;
    }
    let Some(wanted) = max_sessions else { return };
    let ipv4: u64 = pools
        .iter()
        .flat_map(|pool| pool.ipv4)
        .map(|p| p.capacity())
        .sum();
    let has_ipv4 = pools.iter().any(|pool| pool.ipv4.is_some());
    if has_ipv4 && ipv4 < wanted.value.into() {
        let message = format!(
            "max-sessions: the pools have only {ipv4} IPv4 addresses for {} sessions",
            wanted.value
        );
        section.warning(wanted.span.clone(), message);
    }
    let ipv6 = pools.iter().flat_map(|pool| pool.ipv6);
    let has_ipv6 = pools.iter().any(|pool| pool.ipv6.is_some());
    let prefixes = ipv6.fold(0_u64, |sum, net| {
        let of_it = 1_u64.checked_shl((64 - net.prefix_len().min(64)).into());
        sum.saturating_add(of_it.unwrap_or(u64::MAX))
    });
    if has_ipv6 && prefixes < wanted.value.into() {
        let message = format!(
            "max-sessions: the pools have only {prefixes} IPv6 prefixes (/64) for {} sessions",
            wanted.value
        );
        section.warning(wanted.span.clone(), message);
    }
}

fn check_mru(section: &Section<'_>, mru: Option<u16>, span: Option<Span>, read: &[Read]) {
    let (Some(mru), Some(span)) = (mru, span) else {
        return;
    };
    for Read { listener, .. } in read {
        let most = listener.path.max_mru();
        if mru > most {
            let message = format!(
                "lcp.mru: {mru}, but at {} path-mtu = {} leaves room for {most}: full packets will be cut in fragments",
                listener.address, listener.path.mtu
            );
            section.warning(span.clone(), message);
        }
    }
}

fn check_users(section: &Section<'_>, users: &Users, read: &[Read]) {
    let enabled = || users.by_name.values().filter(|user| !user.disabled);
    for read in read {
        check_early_offer(section, read, users);
        check_user_secrets(section, read, enabled());
        if read.listener.authentication.is_empty() {
            section.warning(
                read.authentication.clone(),
                "authentication: nobody is asked who they are; whoever reaches this address is served",
            );
        } else {
            check_methods(section, read, enabled());
        }
    }
    let asks = |read: &Read| !read.listener.authentication.is_empty();
    if let Some(read) = read.iter().find(|read| asks(read))
        && users.by_name.is_empty()
    {
        section.warning(
            read.span.clone(),
            "there are no users, so nobody can log in; write [lns.users] file = \"users.toml\"",
        );
    }
}

/// The offer is made before the user is known, and the link keeps to it.
fn check_early_offer(section: &Section<'_>, read: &Read, users: &Users) {
    let Some(early_offer) = &read.early_offer else {
        return;
    };
    let own = users
        .by_name
        .values()
        .filter(|user| !user.scrambling.is_empty());
    if let Some(names) = names(own) {
        let message = format!(
            "early-offer: it is made before it is known who calls, but these users have a scrambling of their own: \
             {names}; leave out theirs, or early-offer"
        );
        section.error(early_offer.clone(), message);
    }
}

fn check_user_secrets<'u>(
    section: &Section<'_>,
    read: &Read,
    users: impl Iterator<Item = &'u User>,
) {
    let Some(span) = &read.secret_from_user else {
        return;
    };
    let off = read.listener.scrambling.policy() == Policy::Off;
    let without = users.filter(|user| {
        let scrambles = match user.scrambling.policy {
            Some(policy) => policy != Policy::Off,
            None => !off,
        };
        scrambles && user.scrambling.secret.is_none()
    });
    if let Some(names) = names(without) {
        let message = format!(
            "secret-from: users without a secret, whose calls somebody in the middle could take over unnoticed: {names}"
        );
        section.warning(span.clone(), message);
    }
}

fn check_methods<'u>(
    section: &Section<'_>,
    read: &Read,
    users: impl Iterator<Item = &'u User> + Clone,
) {
    let methods = &read.listener.authentication;
    let knows = |user: &User, method| user.credential.serves(method);
    let never = users
        .clone()
        .filter(|user| !methods.iter().any(|&method| knows(user, method)));
    if let Some(names) = names(never) {
        let message = format!(
            "authentication: none of these methods can be checked for some users, who cannot log in: {names}; \
             store a password for them, or ask for what they have"
        );
        section.warning(read.authentication.clone(), message);
    }
    // It is not known who calls when the first method is asked for; most routers take what they are asked for.
    let Some(&first) = methods.first() else {
        return;
    };
    let later = users
        .filter(|user| !knows(user, first) && methods.iter().any(|&method| knows(user, method)));
    if let Some(names) = names(later) {
        let message = format!(
            "authentication: {} is asked for first, and cannot be checked for some users: {names}; they can log in \
             only with routers that refuse it. Store {} for them, or put another method first",
            word(first),
            match first {
                Method::Pap => "a password or password-hash",
                Method::ChapMd5 => "a password",
                Method::MsChapV2 => "a password or nt-hash",
            }
        );
        section.warning(read.authentication.clone(), message);
    }
}

fn word(method: Method) -> &'static str {
    let found = METHODS.iter().find(|(_, other)| *other == method);
    found.map_or("", |(word, _)| word)
}

/// The first few names, and how many more; `None` for nobody.
fn names<'u>(users: impl Iterator<Item = &'u User>) -> Option<String> {
    const SHOWN: usize = 3;

    let mut users = users.map(|user| format!("{:?}", user.name));
    let shown: Vec<_> = users.by_ref().take(SHOWN).collect();
    if shown.is_empty() {
        return None;
    }
    Some(match users.count() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    })
}
