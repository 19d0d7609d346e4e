//! TLS handshakes: the server name in a ClientHello, the names in a certificate.

use tls_parser::{
    TlsCertificateContents, TlsExtension, TlsMessage, TlsMessageHandshake, TlsRecordType,
    parse_tls_client_hello_extensions, parse_tls_message_handshake, parse_tls_record_header,
};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{Found, NameKind};
use crate::dpi::collect::LIMIT;

const RECORD_HEADER: usize = 5;
const HANDSHAKE_HEADER: usize = 4;
/// A plain alert: its level and what it is about.
const ALERT: usize = 2;

/// What is to be done about a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing more will be learnt.
    Done,
    /// Wait until there are so many bytes.
    Need(usize),
}

/// Whether bytes may be the start of a handshake, or of the alert that a server may put first.
pub fn is_handshake(bytes: &[u8]) -> bool {
    matches!(bytes, [0x15 | 0x16, 0x03, 0..=4, _, _, ..])
}

/// Looks at a stream that begins with a record.
pub fn records(bytes: &[u8], found: &mut Found) -> Step {
    let mut handshake = Vec::new();
    let mut rest = bytes;
    loop {
        let at = bytes.len() - rest.len();
        let (body, header) = match parse_tls_record_header(rest) {
            Ok(parsed) => parsed,
            Err(_) if rest.len() < RECORD_HEADER => {
                return messages(&handshake, NameKind::Tls, found, at + RECORD_HEADER);
            }
            Err(_) => return Step::Done,
        };
        let length = usize::from(header.len);
        if header.record_type == TlsRecordType::Alert && length == ALERT {
            if body.len() < ALERT {
                return Step::Need(at + RECORD_HEADER + ALERT);
            }
            rest = &body[ALERT..];
            continue;
        }
        if header.record_type != TlsRecordType::Handshake || length > LIMIT + 256 || length == 0 {
            // From here on it is encrypted, or no TLS: what there is must do.
            messages(&handshake, NameKind::Tls, found, 0);
            return Step::Done;
        }
        if body.len() < length {
            // A long record with several messages need not be whole.
            handshake.extend(body);
            let enough = at + RECORD_HEADER + length;
            return messages(&handshake, NameKind::Tls, found, enough.min(LIMIT));
        }
        handshake.extend(&body[..length]);
        rest = &body[length..];
    }
}

/// Looks at handshake messages, of which `kind` is what a ClientHello's name counts as. `more`
/// bytes are needed where they do not suffice.
pub fn messages(handshake: &[u8], kind: NameKind, found: &mut Found, more: usize) -> Step {
    const SERVER_HELLO_DONE: u8 = 14;

    let mut rest = handshake;
    loop {
        let Some(&[message, a, b, c]) = rest.first_chunk::<HANDSHAKE_HEADER>() else {
            return Step::Need(more);
        };
        let length = HANDSHAKE_HEADER + u32::from_be_bytes([0, a, b, c]) as usize;
        if length > LIMIT || message == SERVER_HELLO_DONE {
            return Step::Done;
        }
        let Some(whole) = rest.get(..length) else {
            return Step::Need(more);
        };
        rest = &rest[length..];
        match parse_tls_message_handshake(whole) {
            Ok((_, TlsMessage::Handshake(TlsMessageHandshake::ClientHello(hello)))) => {
                server_names(hello.ext.unwrap_or_default(), kind, found);
                return Step::Done;
            }
            Ok((_, TlsMessage::Handshake(TlsMessageHandshake::Certificate(chain)))) => {
                certificate_names(&chain, found);
                return Step::Done;
            }
            Ok(_) => {}
            Err(_) => return Step::Done,
        }
    }
}

fn server_names(extensions: &[u8], kind: NameKind, found: &mut Found) {
    let Ok((_, extensions)) = parse_tls_client_hello_extensions(extensions) else {
        return;
    };
    for extension in extensions {
        if let TlsExtension::SNI(names) = extension {
            for (_, name) in names {
                found.name(kind, name);
            }
        }
    }
}

/// The names of a server's certificates; of a subject, what looks like a host's name.
fn certificate_names(chain: &TlsCertificateContents<'_>, found: &mut Found) {
    const MAX_NAMES: usize = 128;

    for raw in &chain.cert_chain {
        let Ok((_, certificate)) = X509Certificate::from_der(raw.data) else {
            continue;
        };
        for subject in certificate.subject().iter_common_name() {
            if let Ok(name) = subject.as_str()
                && name.contains('.')
                && !name.contains(' ')
            {
                found.name(NameKind::Certificate, name.as_bytes());
            }
        }
        let Ok(Some(alternatives)) = certificate.subject_alternative_name() else {
            continue;
        };
        for name in alternatives.value.general_names.iter().take(MAX_NAMES) {
            if let GeneralName::DNSName(name) = name {
                found.name(NameKind::Certificate, name.as_bytes());
            }
        }
    }
}
