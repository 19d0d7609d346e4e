//! Names that travel in clear: DNS, TLS and QUIC hellos, certificates, HTTP.

pub(super) mod dns;
pub(super) mod http;
pub(super) mod quic;
mod stream;
pub(super) mod tls;

use std::net::IpAddr;

pub(super) use stream::Stream;

/// Where a name was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NameKind {
    /// Asked for, or answered about, in DNS, mDNS or LLMNR.
    Dns,
    /// In the records of a DNS answer: an alias, a mail or name server, a service.
    DnsAnswer,
    /// The server name in a TLS ClientHello.
    Tls,
    /// The server name in the ClientHello of a QUIC Initial packet.
    Quic,
    /// The host of an HTTP request.
    Http,
    /// The subject or an alternative name of a TLS certificate.
    Certificate,
    /// Told by another program, whatever it took it from.
    Engine,
}

/// A name, in small letters and without a dot at its end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Name {
    /// Where it was seen.
    pub kind: NameKind,
    /// The name itself. What is not text is written as `\x7f`.
    pub text: String,
}

/// What was found in a packet or a stream.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub names: Vec<Name>,
    /// Addresses in DNS answers, with the name they belong to.
    pub answers: Vec<(String, IpAddr)>,
}

impl Found {
    /// Adds a name, unless it is empty or the address of a host.
    pub fn name(&mut self, kind: NameKind, bytes: &[u8]) {
        if let Some(text) = clean(bytes) {
            let name = Name { kind, text };
            if !self.names.contains(&name) {
                self.names.push(name);
            }
        }
    }
}

/// A name as it is recorded; `None` for what is none.
pub(super) fn clean(bytes: &[u8]) -> Option<String> {
    const MAX_NAME: usize = 255;

    let bytes = bytes.trim_ascii();
    let bytes = bytes.strip_suffix(b".").unwrap_or(bytes);
    if bytes.is_empty() || bytes.len() > MAX_NAME {
        return None;
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_ascii_lowercase(),
        _ => bytes.to_ascii_lowercase().escape_ascii().to_string(),
    };
    let unbracketed = text.trim_start_matches('[').trim_end_matches(']');
    (unbracketed.parse::<IpAddr>().is_err()).then_some(text)
}
