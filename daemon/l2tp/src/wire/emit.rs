//! Control messages, written. Numbers in the header are filled in when a message is sent.

use super::avp::{self, attribute as a};
use super::header::Header;
use super::hidden;
use super::message::{CallStart, Connected, Message, Proxy, Start, kind};
use crate::cause::Cause;
use crate::config::Secret;

/// The longest value that is hidden: with its length and padding it still fits an AVP.
const MAX_HIDDEN: usize = 990;

/// What hides AVPs: fresh for every message.
#[derive(Clone, Copy, Debug)]
pub struct Hiding<'s> {
    /// The secret.
    pub secret: &'s Secret,
    /// The Random Vector.
    pub vector: [u8; 16],
    /// Fills values up, so that their length is not seen.
    pub padding: [u8; 16],
}

impl Message {
    /// The message for the peer's `tunnel` and `session`, with Ns and Nr 0. What may be hidden is, where there is
    /// `hiding`. Those that are never sent from here (WEN, SLI, OCRP, OCCN) carry their Message Type only.
    pub fn emit(&self, tunnel: u16, session: u16, hiding: Option<Hiding<'_>>) -> Vec<u8> {
        let mut out = Out {
            avps: Vec::with_capacity(128),
            hiding,
            has_vector: false,
        };
        out.message(self);
        let header = Header {
            tunnel,
            session,
            ns: 0,
            nr: 0,
        };
        [header.emit(out.avps.len()).as_slice(), &out.avps].concat()
    }
}

struct Out<'s> {
    avps: Vec<u8>,
    hiding: Option<Hiding<'s>>,
    has_vector: bool,
}

impl Out<'_> {
    fn message(&mut self, message: &Message) {
        match message {
            Message::Sccrq(start) => {
                self.kind(kind::SCCRQ);
                self.start(start);
            }
            Message::Sccrp(start) => {
                self.kind(kind::SCCRP);
                self.start(start);
            }
            Message::Scccn { challenge_response } => {
                self.kind(kind::SCCCN);
                self.optional(a::CHALLENGE_RESPONSE, true, *challenge_response);
            }
            Message::StopCcn { tunnel, cause } => {
                self.kind(kind::STOP_CCN);
                self.optional(a::ASSIGNED_TUNNEL_ID, true, tunnel.map(u16::to_be_bytes));
                self.cause(cause);
            }
            Message::Hello => self.kind(kind::HELLO),
            Message::Ocrq { session } => {
                self.kind(kind::OCRQ);
                self.may_hide(a::ASSIGNED_SESSION_ID, true, &session.to_be_bytes());
            }
            Message::Icrq(call) => {
                self.kind(kind::ICRQ);
                self.call_start(call);
            }
            Message::Icrp { session } => {
                self.kind(kind::ICRP);
                self.may_hide(a::ASSIGNED_SESSION_ID, true, &session.to_be_bytes());
            }
            Message::Iccn(connected) => {
                self.kind(kind::ICCN);
                self.connected(connected);
            }
            Message::Cdn { session, cause } => {
                self.kind(kind::CDN);
                self.cause(cause);
                self.optional(a::ASSIGNED_SESSION_ID, true, session.map(u16::to_be_bytes));
            }
            Message::Wen => self.kind(kind::WEN),
            Message::Sli => self.kind(kind::SLI),
            Message::OutgoingAnswer => self.kind(kind::OCRP),
            Message::Unknown => self.plain(a::MESSAGE_TYPE, false, &u16::MAX.to_be_bytes()),
        }
    }

    fn start(&mut self, start: &Start) {
        self.plain(a::PROTOCOL_VERSION, true, &start.protocol_version);
        self.may_hide(a::FRAMING_CAPABILITIES, true, &start.framing.to_be_bytes());
        self.optional(
            a::BEARER_CAPABILITIES,
            true,
            start.bearer.map(u32::to_be_bytes),
        );
        if let Some(value) = start.tie_breaker {
            self.plain(a::TIE_BREAKER, false, &value);
        }
        self.optional(
            a::FIRMWARE_REVISION,
            false,
            start.firmware.map(u16::to_be_bytes),
        );
        self.plain(a::HOST_NAME, true, start.host_name.as_bytes());
        self.optional(a::VENDOR_NAME, false, start.vendor_name.as_deref());
        self.may_hide(a::ASSIGNED_TUNNEL_ID, true, &start.tunnel.to_be_bytes());
        if let Some(window) = start.receive_window {
            self.plain(a::RECEIVE_WINDOW_SIZE, true, &window.to_be_bytes());
        }
        self.optional(a::CHALLENGE, true, start.challenge.as_ref());
        self.optional(a::CHALLENGE_RESPONSE, true, start.challenge_response);
    }

    fn call_start(&mut self, call: &CallStart) {
        self.may_hide(a::ASSIGNED_SESSION_ID, true, &call.session.to_be_bytes());
        self.may_hide(a::CALL_SERIAL_NUMBER, true, &call.serial.to_be_bytes());
        self.optional(a::BEARER_TYPE, true, call.bearer.map(u32::to_be_bytes));
        self.optional(a::CALLED_NUMBER, true, call.called_number.as_deref());
        self.optional(a::CALLING_NUMBER, true, call.calling_number.as_deref());
        self.optional(a::SUB_ADDRESS, true, call.sub_address.as_deref());
    }

    fn connected(&mut self, connected: &Connected) {
        self.may_hide(a::TX_CONNECT_SPEED, true, &connected.tx_speed.to_be_bytes());
        self.may_hide(a::FRAMING_TYPE, true, &connected.framing.to_be_bytes());
        self.optional(
            a::RX_CONNECT_SPEED,
            false,
            connected.rx_speed.map(u32::to_be_bytes),
        );
        if connected.sequencing {
            self.plain(a::SEQUENCING_REQUIRED, true, &[]);
        }
        if let Some(proxy) = &connected.proxy {
            self.proxy(proxy);
        }
    }

    fn proxy(&mut self, proxy: &Proxy) {
        self.optional(
            a::INITIAL_RECEIVED_LCP_CONFREQ,
            false,
            proxy.initial_received_lcp_confreq.as_ref(),
        );
        self.optional(
            a::LAST_SENT_LCP_CONFREQ,
            false,
            proxy.last_sent_lcp_confreq.as_ref(),
        );
        self.optional(
            a::LAST_RECEIVED_LCP_CONFREQ,
            false,
            proxy.last_received_lcp_confreq.as_ref(),
        );
        if let Some(authentication) = &proxy.authentication {
            self.may_hide(
                a::PROXY_AUTHEN_TYPE,
                false,
                &authentication.kind.to_be_bytes(),
            );
            self.may_hide(a::PROXY_AUTHEN_NAME, false, &authentication.name);
            self.may_hide(a::PROXY_AUTHEN_CHALLENGE, false, &authentication.challenge);
            self.may_hide(a::PROXY_AUTHEN_ID, false, &[0, authentication.id]);
            self.may_hide(a::PROXY_AUTHEN_RESPONSE, false, &authentication.response);
        }
    }

    /// The Result Code AVP. A message needs an error code before it.
    fn cause<C: Copy + Into<u16>>(&mut self, cause: &Cause<C>) {
        let mut value = cause.result.into().to_be_bytes().to_vec();
        let error = cause.error.map(|error| error.0);
        if let Some(error) = error.or(cause.message.as_ref().map(|_| 0)) {
            value.extend(error.to_be_bytes());
        }
        value.extend(cause.message.iter().flat_map(|message| message.bytes()));
        self.plain(a::RESULT_CODE, true, &value);
    }

    fn kind(&mut self, kind: u16) {
        self.plain(a::MESSAGE_TYPE, true, &kind.to_be_bytes());
    }

    fn plain(&mut self, attribute: u16, mandatory: bool, value: &[u8]) {
        avp::emit(&mut self.avps, attribute, mandatory, false, value);
    }

    fn may_hide(&mut self, attribute: u16, mandatory: bool, value: &[u8]) {
        let Some(Hiding {
            secret,
            vector,
            padding,
        }) = self.hiding.filter(|_| value.len() <= MAX_HIDDEN)
        else {
            return self.plain(attribute, mandatory, value);
        };
        if !self.has_vector {
            self.has_vector = true;
            self.plain(a::RANDOM_VECTOR, true, &vector);
        }
        let hidden = hidden::hide(secret, attribute, &vector, value, &padding);
        avp::emit(&mut self.avps, attribute, mandatory, true, &hidden);
    }

    fn optional<V: AsRef<[u8]>>(&mut self, attribute: u16, mandatory: bool, value: Option<V>) {
        if let Some(value) = value {
            self.may_hide(attribute, mandatory, value.as_ref());
        }
    }
}
