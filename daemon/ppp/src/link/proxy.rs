//! What a LAC did in an LNS's place (RFC 2661 section 4.4.5).

use fogline_auth::{Credentials, Method, Proof};
use zeroize::Zeroizing;

/// LCP, and perhaps authentication, as a LAC negotiated them with the subscriber. The lists of options are those of
/// Configure-Requests, without the packets' headers.
#[derive(Clone, Debug, Default)]
pub struct Proxy {
    /// What the LAC asked of the subscriber (AVP 27, Last Sent LCP CONFREQ).
    pub last_sent: Vec<u8>,
    /// What the subscriber asked of the LAC (AVP 28, Last Received LCP CONFREQ).
    pub last_received: Vec<u8>,
    /// What the subscriber said about who it is (AVPs 29 to 33).
    pub authentication: Option<ProxyAuthentication>,
}

/// The Proxy Authen AVPs, as they are.
#[derive(Clone)]
pub struct ProxyAuthentication {
    /// Proxy Authen Type: 2 is CHAP, 3 is PAP; the subscriber is asked again for any other.
    pub kind: u16,
    /// Proxy Authen Name.
    pub name: Vec<u8>,
    /// Proxy Authen Challenge.
    pub challenge: Vec<u8>,
    /// Proxy Authen ID.
    pub identifier: u8,
    /// Proxy Authen Response: CHAP's response, or PAP's password.
    pub response: Zeroizing<Vec<u8>>,
}

impl core::fmt::Debug for ProxyAuthentication {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let name = String::from_utf8_lossy(&self.name);
        write!(
            f,
            "ProxyAuthentication {{ kind: {}, name: {name:?}, .. }}",
            self.kind
        )
    }
}

/// The longest name that is looked up, in bytes.
const MAX_NAME: usize = 253;
/// The longest password of PAP (RFC 1334 section 2.2.1).
const MAX_PASSWORD: usize = 255;

impl ProxyAuthentication {
    /// What the subscriber presented, if it did so by `method`.
    pub(super) fn credentials(&self, method: Method) -> Option<Credentials> {
        let proof = match (self.kind, method) {
            (2, Method::ChapMd5) => Proof::ChapMd5 {
                identifier: self.identifier,
                challenge: self.challenge.clone(),
                response: self.response.as_slice().try_into().ok()?,
            },
            (3, Method::Pap) if self.response.len() <= MAX_PASSWORD => Proof::Pap {
                password: self.response.clone(),
            },
            _ => return None,
        };
        let name: String = String::from_utf8_lossy(&self.name)
            .chars()
            .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
            .collect();
        let end = name.floor_char_boundary(MAX_NAME);
        Some(Credentials {
            name: name[..end].to_owned(),
            proof,
        })
    }
}
