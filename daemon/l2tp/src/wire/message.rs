//! Control messages (RFC 2661 section 6), read and checked.

use std::fmt;

use zeroize::Zeroizing;

use super::avp::{Avps, attribute as a};
use super::fields::{Fault, Fields};
use crate::cause::{CallCause, CallResult, Cause, ErrorCode, StopCause, StopResult};
use crate::config::Secret;
use crate::text::printable;

/// Message types (section 3.2).
#[allow(missing_docs, reason = "the RFC's own names")]
pub mod kind {
    pub const SCCRQ: u16 = 1;
    pub const SCCRP: u16 = 2;
    pub const SCCCN: u16 = 3;
    pub const STOP_CCN: u16 = 4;
    pub const HELLO: u16 = 6;
    pub const OCRQ: u16 = 7;
    pub const OCRP: u16 = 8;
    pub const OCCN: u16 = 9;
    pub const ICRQ: u16 = 10;
    pub const ICRP: u16 = 11;
    pub const ICCN: u16 = 12;
    pub const CDN: u16 = 14;
    pub const WEN: u16 = 15;
    pub const SLI: u16 = 16;
}

/// A control message. What nobody here asks for is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Start-Control-Connection-Request.
    Sccrq(Box<Start>),
    /// Start-Control-Connection-Reply.
    Sccrp(Box<Start>),
    /// Start-Control-Connection-Connected.
    Scccn {
        /// The answer to SCCRP's Challenge.
        challenge_response: Option<[u8; 16]>,
    },
    /// Stop-Control-Connection-Notification.
    StopCcn {
        /// The tunnel id that its sender assigned, if it says.
        tunnel: Option<u16>,
        /// Why.
        cause: StopCause,
    },
    /// Hello.
    Hello,
    /// Outgoing-Call-Request.
    Ocrq {
        /// The session id that its sender assigned.
        session: u16,
    },
    /// Incoming-Call-Request.
    Icrq(Box<CallStart>),
    /// Incoming-Call-Reply.
    Icrp {
        /// The session id that its sender assigned.
        session: u16,
    },
    /// Incoming-Call-Connected.
    Iccn(Box<Connected>),
    /// Call-Disconnect-Notify.
    Cdn {
        /// The session id that its sender assigned, if it says.
        session: Option<u16>,
        /// Why.
        cause: CallCause,
    },
    /// WAN-Error-Notify.
    Wen,
    /// Set-Link-Info.
    Sli,
    /// OCRP or OCCN: answers to OCRQ, which is never sent from here.
    OutgoingAnswer,
    /// A message type that is unknown, and may be.
    Unknown,
}

/// What SCCRQ and SCCRP say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Version and revision.
    pub protocol_version: [u8; 2],
    /// Framing Capabilities: bit 0 synchronous, bit 1 asynchronous.
    pub framing: u32,
    /// Bearer Capabilities: bit 0 digital, bit 1 analog.
    pub bearer: Option<u32>,
    /// Tie Breaker; in SCCRQ only.
    pub tie_breaker: Option<[u8; 8]>,
    /// Firmware Revision.
    pub firmware: Option<u16>,
    /// Host Name.
    pub host_name: String,
    /// Vendor Name.
    pub vendor_name: Option<String>,
    /// Assigned Tunnel ID, never 0.
    pub tunnel: u16,
    /// Receive Window Size.
    pub receive_window: Option<u16>,
    /// Challenge, never empty.
    pub challenge: Option<Vec<u8>>,
    /// The answer to SCCRQ's Challenge; in SCCRP only.
    pub challenge_response: Option<[u8; 16]>,
}

/// What ICRQ says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallStart {
    /// Assigned Session ID, never 0.
    pub session: u16,
    /// Call Serial Number.
    pub serial: u32,
    /// Bearer Type: bit 0 digital, bit 1 analog; 0 where there is no such thing.
    pub bearer: Option<u32>,
    /// Called Number.
    pub called_number: Option<String>,
    /// Calling Number.
    pub calling_number: Option<String>,
    /// Sub-Address.
    pub sub_address: Option<String>,
}

/// What ICCN says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// (Tx) Connect Speed, bits per second.
    pub tx_speed: u32,
    /// Rx Connect Speed, bits per second, where it differs.
    pub rx_speed: Option<u32>,
    /// Framing Type: bit 0 synchronous, bit 1 asynchronous.
    pub framing: u32,
    /// Sequencing Required.
    pub sequencing: bool,
    /// What the LAC negotiated with the subscriber, if it says.
    pub proxy: Option<Box<Proxy>>,
}

/// What a LAC negotiated before it passed the call on (section 4.4.5). LCP Configure-Requests are given by their
/// options, without the packet's header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxy {
    /// The first that the LAC received from the subscriber.
    pub initial_received_lcp_confreq: Option<Vec<u8>>,
    /// The last that it sent: acknowledged by the subscriber.
    pub last_sent_lcp_confreq: Option<Vec<u8>>,
    /// The last that it received: acknowledged by the LAC.
    pub last_received_lcp_confreq: Option<Vec<u8>>,
    /// How the subscriber authenticated itself to the LAC.
    pub authentication: Option<ProxyAuthentication>,
}

/// An authentication that a LAC held.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyAuthentication {
    /// Proxy Authen Type: 1 textual exchange, 2 CHAP, 3 PAP, 4 none, 5 MS-CHAPv1.
    pub kind: u16,
    /// Proxy Authen Name.
    pub name: Vec<u8>,
    /// Proxy Authen Challenge.
    pub challenge: Vec<u8>,
    /// Proxy Authen ID: CHAP's identifier.
    pub id: u8,
    /// Proxy Authen Response: CHAP's response, or PAP's password.
    pub response: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for ProxyAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyAuthentication")
            .field("kind", &self.kind)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A message that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// It.
    pub message: Message,
    /// AVPs in it that nobody here knows, and nobody must.
    pub ignored: u64,
}

/// A message that cannot be acted upon, and whom to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong.
    pub fault: Fault,
    /// Its message type, if it has one.
    pub kind: Option<u16>,
    /// Its Assigned Tunnel ID, where one can be read.
    pub tunnel: Option<u16>,
    /// Its Assigned Session ID, where one can be read.
    pub session: Option<u16>,
}

impl Message {
    /// Reads the AVPs of a message.
    ///
    /// # Errors
    /// `Refusal` where it is malformed, lacks something, or has something unknown in it that must not be ignored.
    pub fn parse(avps: &[u8], secret: Option<&Secret>) -> Result<Parsed, Refusal> {
        let fields = Fields::collect(avps, secret);
        let ignored = fields.ignored;
        match Self::read(&fields) {
            Ok(message) => Ok(Parsed { message, ignored }),
            Err(fault) => Err(Refusal {
                fault,
                kind: fields.kind.map(|(kind, _)| kind),
                tunnel: fields.id(a::ASSIGNED_TUNNEL_ID).ok(),
                session: fields.id(a::ASSIGNED_SESSION_ID).ok(),
            }),
        }
    }

    fn read(fields: &Fields<'_>) -> Result<Self, Fault> {
        let (kind, mandatory) = fields.kind.ok_or(Fault::NoMessageType)?;
        match (kind, fields.fault) {
            // Whatever else is in it: the peer is gone.
            (kind::STOP_CCN, _) => return Ok(stop_ccn(fields)),
            (kind::CDN, _) => return Ok(cdn(fields)),
            (_, Some(fault)) if is_known(kind) => return Err(fault),
            _ => {}
        }
        Ok(match kind {
            kind::SCCRQ => Self::Sccrq(Box::new(start(fields)?)),
            kind::SCCRP => Self::Sccrp(Box::new(start(fields)?)),
            kind::SCCCN => Self::Scccn {
                challenge_response: fields.array(a::CHALLENGE_RESPONSE)?,
            },
            kind::HELLO => Self::Hello,
            kind::OCRQ => Self::Ocrq {
                session: fields.id(a::ASSIGNED_SESSION_ID)?,
            },
            kind::OCRP | kind::OCCN => Self::OutgoingAnswer,
            kind::ICRQ => Self::Icrq(Box::new(call_start(fields)?)),
            kind::ICRP => Self::Icrp {
                session: fields.id(a::ASSIGNED_SESSION_ID)?,
            },
            kind::ICCN => Self::Iccn(Box::new(connected(fields)?)),
            kind::WEN => Self::Wen,
            kind::SLI => Self::Sli,
            // The M bit of Message Type is about the message (section 4.4.1).
            unknown if mandatory => return Err(Fault::UnknownMessage(unknown)),
            _ => Self::Unknown,
        })
    }

    /// The message type of `avps`, without a look at anything else.
    pub(crate) fn peek(avps: &[u8]) -> Option<u16> {
        let first = Avps::new(avps).next()?.ok()?;
        let value = <[u8; 2]>::try_from(first.value).ok()?;
        (first.attribute == a::MESSAGE_TYPE).then_some(u16::from_be_bytes(value))
    }
}

const fn is_known(kind: u16) -> bool {
    matches!(kind, kind::SCCRQ..=kind::STOP_CCN | kind::HELLO..=kind::ICCN | kind::CDN..=kind::SLI)
}

fn start(fields: &Fields<'_>) -> Result<Start, Fault> {
    let required = |attribute| Fault::Missing(attribute);
    let challenge = fields.bytes(a::CHALLENGE).map(<[u8]>::to_vec);
    if challenge.as_ref().is_some_and(Vec::is_empty) {
        return Err(Fault::BadValue(a::CHALLENGE));
    }
    Ok(Start {
        protocol_version: fields
            .array(a::PROTOCOL_VERSION)?
            .ok_or(required(a::PROTOCOL_VERSION))?,
        framing: fields
            .u32(a::FRAMING_CAPABILITIES)?
            .ok_or(required(a::FRAMING_CAPABILITIES))?,
        bearer: fields.u32(a::BEARER_CAPABILITIES)?,
        tie_breaker: fields.array(a::TIE_BREAKER)?,
        firmware: fields.u16(a::FIRMWARE_REVISION)?,
        host_name: fields.text(a::HOST_NAME).ok_or(required(a::HOST_NAME))?,
        vendor_name: fields.text(a::VENDOR_NAME),
        tunnel: fields.id(a::ASSIGNED_TUNNEL_ID)?,
        receive_window: fields.u16(a::RECEIVE_WINDOW_SIZE)?,
        challenge,
        challenge_response: fields.array(a::CHALLENGE_RESPONSE)?,
    })
}

fn call_start(fields: &Fields<'_>) -> Result<CallStart, Fault> {
    let serial = fields.u32(a::CALL_SERIAL_NUMBER)?;
    Ok(CallStart {
        session: fields.id(a::ASSIGNED_SESSION_ID)?,
        serial: serial.ok_or(Fault::Missing(a::CALL_SERIAL_NUMBER))?,
        bearer: fields.u32(a::BEARER_TYPE)?,
        called_number: fields.text(a::CALLED_NUMBER),
        calling_number: fields.text(a::CALLING_NUMBER),
        sub_address: fields.text(a::SUB_ADDRESS),
    })
}

fn connected(fields: &Fields<'_>) -> Result<Connected, Fault> {
    let (tx_speed, framing) = (
        fields.u32(a::TX_CONNECT_SPEED)?,
        fields.u32(a::FRAMING_TYPE)?,
    );
    Ok(Connected {
        tx_speed: tx_speed.ok_or(Fault::Missing(a::TX_CONNECT_SPEED))?,
        rx_speed: fields.u32(a::RX_CONNECT_SPEED)?,
        framing: framing.ok_or(Fault::Missing(a::FRAMING_TYPE))?,
        sequencing: fields.has(a::SEQUENCING_REQUIRED),
        proxy: proxy(fields)?,
    })
}

fn proxy(fields: &Fields<'_>) -> Result<Option<Box<Proxy>>, Fault> {
    let bytes = |attribute| fields.bytes(attribute).map(<[u8]>::to_vec);
    let authentication = fields.u16(a::PROXY_AUTHEN_TYPE)?.map(|kind| {
        let id = fields.array(a::PROXY_AUTHEN_ID)?;
        Ok(ProxyAuthentication {
            kind,
            name: bytes(a::PROXY_AUTHEN_NAME).unwrap_or_default(),
            challenge: bytes(a::PROXY_AUTHEN_CHALLENGE).unwrap_or_default(),
            // The upper byte is reserved.
            id: id.map_or(0, |[_, id]: [u8; 2]| id),
            response: Zeroizing::new(bytes(a::PROXY_AUTHEN_RESPONSE).unwrap_or_default()),
        })
    });
    let proxy = Proxy {
        initial_received_lcp_confreq: bytes(a::INITIAL_RECEIVED_LCP_CONFREQ),
        last_sent_lcp_confreq: bytes(a::LAST_SENT_LCP_CONFREQ),
        last_received_lcp_confreq: bytes(a::LAST_RECEIVED_LCP_CONFREQ),
        authentication: authentication.transpose()?,
    };
    Ok(Some(proxy)
        .filter(|proxy| *proxy != Proxy::default())
        .map(Box::new))
}

fn stop_ccn(fields: &Fields<'_>) -> Message {
    Message::StopCcn {
        tunnel: fields.id(a::ASSIGNED_TUNNEL_ID).ok(),
        cause: cause(fields, StopResult(0)),
    }
}

fn cdn(fields: &Fields<'_>) -> Message {
    Message::Cdn {
        session: fields.id(a::ASSIGNED_SESSION_ID).ok(),
        cause: cause(fields, CallResult(0)),
    }
}

/// The Result Code AVP (section 4.4.2); `none` where there is none to read.
fn cause<C: From<u16>>(fields: &Fields<'_>, none: C) -> Cause<C> {
    let mut words = fields.bytes(a::RESULT_CODE).unwrap_or_default();
    let mut word = || {
        let (word, rest) = words.split_first_chunk()?;
        words = rest;
        Some(u16::from_be_bytes(*word))
    };
    let (result, error) = (word(), word());
    Cause {
        result: result.map_or(none, C::from),
        error: error.map(ErrorCode),
        message: Some(printable(words)).filter(|message| error.is_some() && !message.is_empty()),
    }
}
