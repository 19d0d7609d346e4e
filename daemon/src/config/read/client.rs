//! `[client]`.

use std::net::{IpAddr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::time::Duration;

use fogline_auth::Method;
use fogline_auth::verify::Secret;
use zeroize::Zeroizing;

use super::super::Hidden;
use super::super::document::{At, Fault, Node, Section};
use super::super::model::{Client, DefaultRoute, Dns, Hooks, Redial, Server};
use super::super::value::{
    absolute_path, duration, flag, interface, kind, name, number, one_of, or_off, set,
    socket_address, text,
};
use super::Reader;
use super::link::{self, METHODS, NAME_LONGEST, seconds};
use super::scrambling::{self, End};
use super::secret::{PASSWORD, hidden, tunnel_secret};

pub(super) fn client(mut section: Section<'_>, reader: &Reader<'_>) -> Client {
    let why = "whom to dial, such as \"lns.example.net\" or \"192.0.2.1:1701\"";
    let server = section.required("server", why, server);
    let local = section.at("local", socket_address);
    let literal: Option<IpAddr> = server
        .as_ref()
        .and_then(|server| server.value.host.parse().ok());
    if let (Some(local), Some(literal)) = (&local, literal)
        && local.value.is_ipv6() != literal.is_ipv6()
    {
        let message = "local: one of local and server is IPv4 and the other IPv6; take one kind";
        section.error(local.span.clone(), message);
    }
    let local = local.map(|at| at.value);
    let ipv6_path = match (literal, local) {
        (Some(literal), _) => literal.is_ipv6(),
        (None, Some(local)) => local.is_ipv6(),
        (None, None) => true,
    };
    let path = link::path(&mut section, ipv6_path);

    let user = section.required("user", "the name to log in with", name(NAME_LONGEST));
    let is_written = section.has_any(&[PASSWORD.inline, PASSWORD.file]);
    let password = hidden(&mut section, &PASSWORD, reader);
    match &password {
        Some(At { value, span }) => {
            if let Err(error) = Secret::parse(value.as_str()) {
                section.error(span.clone(), format!("password: {error}"));
            }
        }
        None if !is_written => {
            section.error(
                section.span.clone(),
                "password is missing; write password-file, or password",
            );
        }
        None => {}
    }
    let (tunnel_secret, hide_avps) = tunnel_secret(&mut section, reader);
    let ipv4 = section.at("ipv4", flag);
    let ipv6 = section.or("ipv6", true, flag);
    if let Some(neither) = ipv4.as_ref().filter(|at| !at.value && !ipv6) {
        section.error(
            neither.span.clone(),
            "ipv4 and ipv6 are both off, so nothing would be carried; turn one on",
        );
    }
    let (lcp, mru) = link::lcp(section.section_or_empty("lcp"));
    if let (Some(wanted), Some(span)) = (lcp.mru.filter(|&mru| mru > path.max_mru()), mru) {
        let message = format!(
            "lcp.mru: {wanted}, but path-mtu = {} leaves room for {}: full packets will be cut in fragments",
            path.mtu,
            path.max_mru()
        );
        section.warning(span, message);
    }
    let nested = section.section_or_empty("scrambling");
    let scrambling = scrambling::scrambling(nested, End::Subscriber, &path, reader).scrambling;
    let client = Client {
        server: server.map_or_else(nobody, |at| at.value),
        local,
        name: section.or("name", "fogline".into(), name(NAME_LONGEST)),
        tunnel_secret,
        hide_avps,
        user: user.map(|at| at.value).unwrap_or_default(),
        password: password
            .map(|at| at.value)
            .unwrap_or_else(|| Hidden::new(Zeroizing::default())),
        authentication: authentication(&mut section),
        tun: section.or("tun", "fogline1".into(), interface),
        ipv4: ipv4.is_none_or(|at| at.value),
        ipv6,
        default_route: default_route(&mut section),
        dns: section.or("dns", Dns::Ignore, dns),
        mss_clamp: section.or("mss-clamp", true, flag),
        path,
        redial: redial(section.section_or_empty("redial")),
        hooks: hooks(section.section_or_empty("hooks")),
        scrambling,
        lcp,
        authentication_timing: link::authentication_timing(
            section.section_or_empty("authentication-timing"),
        ),
        l2tp: link::l2tp(section.section_or_empty("l2tp")),
    };
    section.finish();
    client
}

/// A host, or a host and a port; an IPv6 address with a port stands in brackets.
fn server(node: &Node<'_>) -> Result<Server, Fault> {
    const L2TP: u16 = 1701;
    const LONGEST: usize = 253;

    let text = text(node)?;
    let wrong = || -> Fault {
        format!("{text:?} is no server such as \"lns.example.net\", \"192.0.2.1:1701\" or \"[2001:db8::1]:1701\"")
            .into()
    };
    let (host, port) = if let Ok(IpAddr::V6(_)) = text.parse() {
        (text, None)
    } else if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or_else(wrong)?;
        host.parse::<Ipv6Addr>().map_err(|_| wrong())?;
        match rest {
            "" => (host, None),
            rest => (host, Some(rest.strip_prefix(':').ok_or_else(wrong)?)),
        }
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    let port = match port {
        None => L2TP,
        Some(port) => port
            .parse()
            .ok()
            .filter(|&port| port != 0)
            .ok_or_else(wrong)?,
    };
    let of_a_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if host.is_empty() || host.len() > LONGEST || !host.chars().all(of_a_host) {
        return Err(wrong());
    }
    Ok(Server {
        host: host.into(),
        port,
    })
}

fn authentication(section: &mut Section<'_>) -> Vec<Method> {
    let accepted = section.at("authentication", set(one_of(METHODS)));
    if let Some(none) = accepted.as_ref().filter(|at| at.value.is_empty()) {
        section.error(
            none.span.clone(),
            "authentication: with no method at all every server that asks is refused; write at least one",
        );
    }
    // Not PAP: whoever answers in the server's place would learn the password.
    accepted.map_or_else(|| vec![Method::MsChapV2, Method::ChapMd5], |at| at.value)
}

fn default_route(section: &mut Section<'_>) -> Option<DefaultRoute> {
    let wanted = section.or("default-route", false, flag);
    let metric = section.at("metric", number(0..=u32::MAX));
    if let Some(metric) = metric.as_ref().filter(|_| !wanted) {
        section.error(
            metric.span.clone(),
            "metric: belongs to default-route = true; write that too, or leave metric out",
        );
    }
    wanted.then(|| DefaultRoute {
        metric: metric.map(|at| at.value),
    })
}

fn dns(node: &Node<'_>) -> Result<Dns, Fault> {
    const WORDS: &[(&str, bool)] = &[("ignore", false), ("resolv-conf", true)];

    let wrong = || -> Fault {
        format!(
            "{} where \"ignore\", \"resolv-conf\" or {{ file = \"/run/...\" }} is needed",
            kind(node)
        )
        .into()
    };
    if node.get_ref().as_str().is_some() {
        return Ok(match one_of(WORDS)(node)? {
            true => Dns::ResolvConf,
            false => Dns::Ignore,
        });
    }
    let table = node.get_ref().as_table().ok_or_else(wrong)?;
    let mut entries = table.iter();
    match (entries.next(), entries.next()) {
        (Some((key, file)), None) if key.get_ref() == "file" => absolute_path(file).map(Dns::File),
        _ => Err(wrong()),
    }
}

fn redial(mut section: Section<'_>) -> Redial {
    const WAIT: RangeInclusive<Duration> =
        Duration::from_millis(100)..=Duration::from_secs(24 * 3600);

    let min = section.or("min", seconds(1), duration(WAIT));
    let max = section.at("max", duration(WAIT));
    if let Some(short) = max.as_ref().filter(|at| at.value < min) {
        section.error(
            short.span.clone(),
            "max: less than min; raise it, or lower min",
        );
    }
    section.finish();
    Redial {
        min,
        max: max.map_or(seconds(300).max(min), |at| at.value),
    }
}

fn hooks(mut section: Section<'_>) -> Hooks {
    let mut hook = |key| section.or(key, None, or_off(absolute_path));
    let hooks = Hooks {
        ip_up: hook("ip-up"),
        ip_down: hook("ip-down"),
        ipv6_up: hook("ipv6-up"),
        ipv6_down: hook("ipv6-down"),
    };
    section.finish();
    hooks
}

/// Stands in for a server that was not understood; the error was told.
fn nobody() -> Server {
    Server {
        host: String::new(),
        port: 0,
    }
}
