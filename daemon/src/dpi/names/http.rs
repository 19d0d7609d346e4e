//! HTTP/1 requests, also those of SSDP.

use httparse::{EMPTY_HEADER, Request, Status};

use super::{Found, NameKind};

/// How many header lines are looked at.
const MAX_HEADERS: usize = 96;

/// Whether bytes may be the start of a request.
pub fn is_request(bytes: &[u8]) -> bool {
    const METHODS: [&[u8]; 12] = [
        b"GET ",
        b"POST ",
        b"HEAD ",
        b"PUT ",
        b"DELETE ",
        b"OPTIONS ",
        b"CONNECT ",
        b"PATCH ",
        b"TRACE ",
        b"PROPFIND ",
        b"M-SEARCH ",
        b"NOTIFY ",
    ];
    METHODS.iter().any(|m| bytes.starts_with(m))
}

/// Takes the host from a request, and says whether its header was whole (or beyond hope).
pub fn request(bytes: &[u8], found: &mut Found) -> bool {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut request = Request::new(&mut headers);
    if matches!(request.parse(bytes), Ok(Status::Partial)) {
        return false;
    }
    let target = request.path.unwrap_or_default();
    let authority = match request.method {
        Some("CONNECT") => Some(target),
        _ => target.split_once("://").map(|(_, rest)| rest),
    };
    if let Some(authority) = authority {
        host(authority.as_bytes(), found);
    }
    for header in request.headers.iter() {
        if header.name.eq_ignore_ascii_case("host") {
            host(header.value, found);
        }
    }
    true
}

/// The host of `user@host:port/path`.
fn host(authority: &[u8], found: &mut Found) {
    let end = authority.iter().position(|b| matches!(b, b'/' | b'?'));
    let authority = &authority[..end.unwrap_or(authority.len())];
    let start = authority.iter().rposition(|&b| b == b'@');
    let host = &authority[start.map_or(0, |at| at + 1)..];
    let host = match host.iter().position(|&b| b == b':') {
        Some(colon) if host.first() != Some(&b'[') => &host[..colon],
        _ => host,
    };
    found.name(NameKind::Http, host);
}
