//! Single values: from TOML to the type that they are used as.
//!
//! A message shows the value where it is none of the secrets; those have a reader of their own.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use fogline_auth::Prefix64;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use toml::de::DeValue;
use zeroize::Zeroizing;

use super::document::{Fault, Node};

/// The value's type, in words.
pub(super) fn kind(node: &Node<'_>) -> &'static str {
    match node.get_ref() {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn wrong_kind(node: &Node<'_>, needed: &str) -> Fault {
    format!("{} where {needed} is needed", kind(node)).into()
}

/// Text in quotes.
pub(super) fn text<'n>(node: &'n Node<'_>) -> Result<&'n str, Fault> {
    let text = node.get_ref().as_str();
    text.ok_or_else(|| wrong_kind(node, "text in quotes"))
}

/// Text that nobody is to see. Not empty.
pub(super) fn secret_text(node: &Node<'_>) -> Result<Zeroizing<String>, Fault> {
    match text(node)? {
        "" => Err("is empty".into()),
        text => Ok(Zeroizing::new(text.into())),
    }
}

/// A name of at most `longest` bytes, without control characters.
pub(super) fn name(longest: usize) -> impl Fn(&Node<'_>) -> Result<String, Fault> {
    move |node| match text(node)? {
        "" => Err("is empty".into()),
        text if text.len() > longest => {
            Err(format!("has {} bytes, {longest} are the most", text.len()).into())
        }
        text if text.contains(char::is_control) => {
            Err(format!("{text:?} has control characters").into())
        }
        text => Ok(text.into()),
    }
}

/// The name of a network interface, as Linux allows it.
pub(super) fn interface(node: &Node<'_>) -> Result<String, Fault> {
    const LONGEST: usize = 15;

    let name = name(LONGEST)(node)?;
    let strange = |c: char| c.is_whitespace() || matches!(c, '/' | ':' | '%');
    if name.contains(strange) || name == "." || name == ".." {
        return Err(format!("{name:?} cannot name an interface; take letters and digits").into());
    }
    Ok(name)
}

/// true or false.
pub(super) fn flag(node: &Node<'_>) -> Result<bool, Fault> {
    let flag = node.get_ref().as_bool();
    flag.ok_or_else(|| wrong_kind(node, "true or false (without quotes)"))
}

/// A whole number in `range`.
pub(super) fn number<N>(range: RangeInclusive<N>) -> impl Fn(&Node<'_>) -> Result<N, Fault>
where
    N: TryFrom<i128> + PartialOrd + fmt::Display,
{
    move |node| {
        let integer = node.get_ref().as_integer();
        let integer = integer.ok_or_else(|| wrong_kind(node, "a number (without quotes)"))?;
        // What does not even fit i128 is out of range all the more.
        let number = i128::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.and_then(|number| N::try_from(number).ok());
        number
            .filter(|n| range.contains(n))
            .ok_or_else(|| format!("is not between {} and {}", range.start(), range.end()).into())
    }
}

/// A time such as "30s", in `range`.
pub(super) fn duration(
    range: RangeInclusive<Duration>,
) -> impl Fn(&Node<'_>) -> Result<Duration, Fault> {
    move |node| {
        let text = node.get_ref().as_str();
        let text = text.ok_or_else(|| wrong_kind(node, "a time such as \"30s\" or \"1h\""))?;
        let duration = humantime::parse_duration(text)
            .map_err(|_| format!("{text:?} is not a time such as \"500ms\", \"30s\" or \"1h\""))?;
        if !range.contains(&duration) {
            let (least, most) = (*range.start(), *range.end());
            return Err(format!(
                "{text} is not between {} and {}",
                humantime::format_duration(least),
                humantime::format_duration(most)
            )
            .into());
        }
        Ok(duration)
    }
}

/// What `parse` takes, or "off".
pub(super) fn or_off<T>(
    parse: impl Fn(&Node<'_>) -> Result<T, Fault>,
) -> impl Fn(&Node<'_>) -> Result<Option<T>, Fault> {
    move |node| match node.get_ref().as_str() {
        Some("off") => Ok(None),
        _ => parse(node).map(Some),
    }
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(
    words: &'static [(&'static str, T)],
) -> impl Fn(&Node<'_>) -> Result<T, Fault> {
    move |node| {
        let text = text(node)?;
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            format!("{text:?} is none of {}", words.join(", ")).into()
        })
    }
}

/// A list.
pub(super) fn list<T>(
    parse: impl Fn(&Node<'_>) -> Result<T, Fault>,
) -> impl Fn(&Node<'_>) -> Result<Vec<T>, Fault> {
    move |node| {
        let array = node.get_ref().as_array();
        let array = array.ok_or_else(|| wrong_kind(node, "a list in [ ]"))?;
        let parse = |node: &Node<'_>| {
            parse(node).map_err(|fault| Fault {
                span: fault.span.or_else(|| Some(node.span())),
                ..fault
            })
        };
        array.iter().map(parse).collect()
    }
}

/// A list in which nothing stands twice.
pub(super) fn set<T: PartialEq>(
    parse: impl Fn(&Node<'_>) -> Result<T, Fault>,
) -> impl Fn(&Node<'_>) -> Result<Vec<T>, Fault> {
    let parse = list(parse);
    move |node| {
        let items = parse(node)?;
        let twice = |(at, item): (usize, &T)| items.iter().take(at).any(|other| other == item);
        if items.iter().enumerate().any(twice) {
            return Err("names something twice".into());
        }
        Ok(items)
    }
}

fn parsed<T: FromStr>(node: &Node<'_>, what: &str) -> Result<T, Fault> {
    let text = text(node)?;
    text.parse()
        .map_err(|_| format!("{text:?} is not {what}").into())
}

/// An address with its port.
pub(super) fn socket_address(node: &Node<'_>) -> Result<SocketAddr, Fault> {
    parsed(
        node,
        "an address with a port, such as \"0.0.0.0:1701\" or \"[::]:1701\"",
    )
}

/// An IPv4 or IPv6 address of a host.
pub(super) fn host_address(node: &Node<'_>) -> Result<IpAddr, Fault> {
    let address: IpAddr = parsed(node, "an IPv4 or IPv6 address")?;
    if address.is_unspecified() || address.is_multicast() {
        return Err(format!("{address} is no host's address").into());
    }
    Ok(address)
}

/// An IPv4 address of a host.
pub(super) fn host_ipv4(node: &Node<'_>) -> Result<Ipv4Addr, Fault> {
    match host_address(node)? {
        IpAddr::V4(address) if !address.is_broadcast() && !address.is_loopback() => Ok(address),
        address => Err(format!("{address} is not an IPv4 address of a host").into()),
    }
}

/// An IPv4 prefix for hosts.
pub(super) fn prefix_ipv4(node: &Node<'_>) -> Result<Ipv4Net, Fault> {
    match prefix(node)? {
        IpNet::V4(net) => Ok(net),
        IpNet::V6(net) => Err(format!("{net} is not an IPv4 prefix").into()),
    }
}

/// An IPv6 prefix for hosts.
pub(super) fn prefix_ipv6(node: &Node<'_>) -> Result<Ipv6Net, Fault> {
    match prefix(node)? {
        IpNet::V6(net) => Ok(net),
        IpNet::V4(net) => Err(format!("{net} is not an IPv6 prefix").into()),
    }
}

/// The /64 of a subscriber.
pub(super) fn prefix_64(node: &Node<'_>) -> Result<Prefix64, Fault> {
    let net = prefix_ipv6(node)?;
    let prefix = Prefix64::new(net.network()).filter(|_| net.prefix_len() == 64);
    prefix.ok_or_else(|| format!("{net} is not a /64; a subscriber has exactly one").into())
}

fn prefix(node: &Node<'_>) -> Result<IpNet, Fault> {
    let net: IpNet = parsed(
        node,
        "a prefix, such as \"10.64.0.0/16\" or \"2001:db8:4000::/40\"",
    )?;
    if net.trunc() != net {
        return Err(format!("{net} has bits beyond its length; write {}", net.trunc()).into());
    }
    let is_special = |address: IpAddr| {
        address.is_unspecified()
            || address.is_loopback()
            || address.is_multicast()
            || match address {
                IpAddr::V4(address) => address.is_broadcast(),
                IpAddr::V6(address) => address.is_unicast_link_local(),
            }
    };
    if is_special(net.network()) || is_special(net.broadcast()) {
        return Err(format!("{net} holds addresses that are no host's").into());
    }
    Ok(net)
}

/// A path; a relative one starts from the configuration's folder.
pub(super) fn path(node: &Node<'_>) -> Result<PathBuf, Fault> {
    match text(node)? {
        "" => Err("is empty".into()),
        text if text.contains('\0') => Err("has a NUL character".into()),
        text => Ok(text.into()),
    }
}

/// A path from the root.
pub(super) fn absolute_path(node: &Node<'_>) -> Result<PathBuf, Fault> {
    let path = path(node)?;
    if !path.is_absolute() {
        let message =
            format!("{path:?} does not begin with /; daemons have no folder of their own");
        return Err(message.into());
    }
    Ok(path)
}
