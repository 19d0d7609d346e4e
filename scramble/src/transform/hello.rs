//! A TLS ClientHello as DECOY's hello form sees it: where its random, session id and name lie.

use super::hostname::{HostName, LENGTHS};
use crate::wire::u16_at;
use core::ops::Range;

/// At most this many extensions are looked at.
pub const MAX_EXTENSIONS: usize = 32;

const RANDOM: Range<usize> = 11..43;
const MAX_SESSION_ID: usize = 32;
const SERVER_NAME: u16 = 0;

/// Whether a TCP payload is recognised as a ClientHello, before and after the transform alike:
/// bytes 0-1 are 16 03, 5-6 are 01 00, and 9 is 03.
pub fn is_hello(payload: &[u8]) -> bool {
    payload.len() >= 10
        && payload[..2] == [0x16, 0x03]
        && payload[5..7] == [0x01, 0x00]
        && payload[9] == 0x03
}

/// Where the parts of a hello that move lie in the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The session id, up to 32 bytes.
    pub session_id: Range<usize>,
    /// The host name in the server_name extension.
    pub name: Range<usize>,
    /// The name itself.
    pub host: HostName,
}

impl Hello {
    /// Where the random lies.
    pub const RANDOM: Range<usize> = RANDOM;

    /// Walks a payload that [`is_hello`] recognises to its host name. `None` where a length does not
    /// fit or there is no single host name, whole and of the grammar.
    pub fn walk(payload: &[u8]) -> Option<Self> {
        let mut walk = Walk {
            payload,
            at: RANDOM.end,
        };
        let session_id = walk.vector8()?;
        if session_id.len() > MAX_SESSION_ID {
            return None;
        }
        walk.vector16()?; // cipher suites
        walk.vector8()?; // compression methods
        let extensions = walk.number()?;
        let end = walk.payload.len().min(walk.at + extensions);
        walk.payload = &payload[..end];
        for _ in 0..MAX_EXTENSIONS {
            let kind = walk.number()?;
            let length = walk.number()?;
            if kind == usize::from(SERVER_NAME) {
                let name = walk.host_name(length)?;
                let host = HostName::parse(&payload[name.clone()])?;
                return Some(Self {
                    session_id,
                    name,
                    host,
                });
            }
            walk.skip(length)?;
        }
        None
    }
}

/// A position in a payload; every step says whether it stayed inside.
struct Walk<'a> {
    payload: &'a [u8],
    at: usize,
}

impl Walk<'_> {
    fn skip(&mut self, bytes: usize) -> Option<Range<usize>> {
        let end = self.at + bytes;
        (end <= self.payload.len()).then(|| core::mem::replace(&mut self.at, end)..end)
    }

    fn number(&mut self) -> Option<usize> {
        self.skip(2).map(|at| u16_at(self.payload, at.start).into())
    }

    fn vector8(&mut self) -> Option<Range<usize>> {
        let at = self.skip(1)?.start;
        self.skip(self.payload[at].into())
    }

    fn vector16(&mut self) -> Option<Range<usize>> {
        let length = self.number()?;
        self.skip(length)
    }

    /// The one host_name of a server name list that fills an extension of `length` bytes
    /// (RFC 6066 section 3).
    fn host_name(&mut self, length: usize) -> Option<Range<usize>> {
        let list = self.number()?;
        let kind = self.skip(1)?.start;
        let name = self.number()?;
        let consistent =
            length >= 5 && list == length - 2 && self.payload[kind] == 0 && name == list - 3;
        (consistent && LENGTHS.contains(&name))
            .then(|| self.skip(name))
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::client_hello;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn the_name_is_found_behind_any_extensions_up_to_the_32nd() {
        for (session_id, before) in [(0, 0), (32, 0), (8, 12), (32, 31)] {
            let payload = client_hello(session_id, before, b"www.example.com");
            assert!(is_hello(&payload));
            let hello = Hello::walk(&payload).unwrap();
            assert_eq!(&payload[hello.name], b"www.example.com");
            assert_eq!(hello.session_id, 44..44 + usize::from(session_id));
        }
        assert_eq!(Hello::walk(&client_hello(32, 32, b"www.example.com")), None);
        assert_eq!(Hello::walk(&client_hello(33, 0, b"www.example.com")), None);
        assert_eq!(Hello::walk(&client_hello(32, 0, b"localhost")), None);
    }

    #[test]
    fn a_hello_cut_after_its_name_is_walked_and_one_cut_within_is_not() {
        let payload = client_hello(32, 3, b"www.example.com");
        let name = Hello::walk(&payload).unwrap().name;
        assert!(Hello::walk(&payload[..name.end]).is_some());
        for cut in 0..name.end {
            assert_eq!(Hello::walk(&payload[..cut]), None, "{cut}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_may_be_walked(mut bytes: Vec<u8>, at in 0usize..120, byte: u8) {
            Hello::walk(&bytes);
            bytes = client_hello(32, 2, b"www.example.com");
            let at = at % bytes.len();
            bytes[at] = byte;
            Hello::walk(&bytes);
        }
    }
}
