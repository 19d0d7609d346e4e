//! Messages made by hand, byte by byte, as xl2tpd 1.3 and others send them.

use std::convert::Infallible;
use std::net::SocketAddr;

use fogline_l2tp::wire::{Header, Message};
use fogline_l2tp::{Config, Endpoint, Event, TunnelId};

use crate::pair::s;

pub fn peer() -> SocketAddr {
    ([192, 0, 2, 1], 1701).into()
}

/// A control message: its header, and AVPs in hex.
pub fn message(tunnel: u16, session: u16, ns: u16, nr: u16, avps: &str) -> Vec<u8> {
    let avps = hex::decode(avps.replace([' ', '\n'], "")).expect("hex digits");
    let header = Header {
        tunnel,
        session,
        ns,
        nr,
    };
    [header.emit(avps.len()).as_slice(), &avps].concat()
}

/// xl2tpd's SCCRQ.
pub fn sccrq(tunnel: u16) -> Vec<u8> {
    let avps = format!(
        "8008 0000 0000 0001
        8008 0000 0002 0100
        800a 0000 0003 00000003
        800a 0000 0004 00000000
        0008 0000 0006 0690
        8009 0000 0007 6c6163
        0013 0000 0008 78656c6572616e63652e636f6d
        8008 0000 0009 {tunnel:04x}
        8008 0000 000a 0004"
    );
    message(0, 0, 0, 0, &avps)
}

/// SCCCN without an answer to a challenge.
pub const SCCCN: &str = "8008 0000 0000 0003";
/// Hello.
pub const HELLO: &str = "8008 0000 0000 0006";

/// xl2tpd's ICRQ for session 0x0101.
pub const ICRQ: &str = "8008 0000 0000 000a
    8008 0000 000e 0101
    800a 0000 000f 00000001
    800a 0000 0012 00000000";

/// xl2tpd's ICCN.
pub const ICCN: &str = "8008 0000 0000 000c
    800a 0000 0018 00989680
    800a 0000 0013 00000001
    800a 0000 0026 00989680";

/// A generator of nothing but zeros: the first tunnel id is 1 then, so that messages can be written down.
pub struct Zeros;

impl rand_core::TryRng for Zeros {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0)
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(0)
    }
    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        to.fill(0);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Zeros {}

/// An LNS, and what it sends and says.
pub struct Lns {
    pub endpoint: Endpoint<Zeros>,
}

impl Lns {
    pub fn new(config: Config) -> Self {
        Self {
            endpoint: Endpoint::new(config, Zeros),
        }
    }

    pub fn take(&mut self, bytes: &[u8]) -> Vec<(Header, Option<Message>)> {
        self.endpoint.handle_control(s(0), peer(), bytes);
        self.sent()
    }

    /// What it sends: headers, and messages where there are any.
    pub fn sent(&mut self) -> Vec<(Header, Option<Message>)> {
        std::iter::from_fn(|| self.endpoint.poll_transmit())
            .map(|transmit| {
                let (header, avps) = Header::parse(&transmit.payload).expect("a control message");
                let parsed = (!avps.is_empty())
                    .then(|| Message::parse(avps, None).expect("a message").message);
                (header, parsed)
            })
            .collect()
    }

    /// With a control connection that is up: tunnel 1 here, 0x4e21 there. The peer's next Ns is 2.
    pub fn with_tunnel(config: Config) -> Self {
        let mut lns = Self::new(config);
        lns.take(&sccrq(0x4E21));
        lns.take(&message(1, 0, 1, 1, SCCCN));
        assert_eq!(lns.endpoint.poll(), Some(Event::TunnelUp(TunnelId(1))));
        lns
    }

    /// ... and a call that is up: session 1 here, 0x0101 there. The peer's next Ns is 4.
    pub fn with_call(config: Config) -> Self {
        let mut lns = Self::with_tunnel(config);
        lns.endpoint
            .handle_control(s(0), peer(), &message(1, 0, 2, 1, ICRQ));
        lns.accept();
        lns.sent();
        lns.take(&message(1, 1, 3, 2, ICCN));
        assert!(matches!(lns.endpoint.poll(), Some(Event::CallUp { .. })));
        lns
    }

    pub fn accept(&mut self) {
        let Some(Event::Incoming { call, .. }) = self.endpoint.poll() else {
            panic!("no call")
        };
        self.endpoint.accept(s(0), call);
    }
}
