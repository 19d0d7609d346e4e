//! What a carrier reads and writes: L2TP and PPP, byte by byte.

use scramble::wire::l2tp::Message;
use scramble::wire::ppp::{self, protocol};

use super::Flying;

/// A PPP frame in an L2TP data message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What stands before the PPP protocol field: the L2TP header, and FF 03.
    pub before: Vec<u8>,
    pub protocol: u16,
    pub information: Vec<u8>,
}

impl Frame {
    /// The frame in `datagram`, if it is a data message.
    pub fn of(datagram: &[u8]) -> Option<Self> {
        let Ok(Message::Data(header)) = Message::parse(datagram) else {
            return None;
        };
        let frame = &datagram[header.payload..header.end];
        let ppp = ppp::Header::parse(frame).ok()?;
        let kept = if ppp.address_control { 2 } else { 0 };
        Some(Self {
            before: datagram[..header.payload + kept].to_vec(),
            protocol: ppp.protocol,
            information: frame[ppp.len()..].to_vec(),
        })
    }

    /// The datagram with this frame in it.
    pub fn datagram(&self) -> Vec<u8> {
        [
            &self.before[..],
            &self.protocol.to_be_bytes(),
            &self.information,
        ]
        .concat()
    }

    /// The datagram of the same session with another frame in it.
    pub fn instead(&self, protocol: u16, information: &[u8]) -> Vec<u8> {
        let frame = Self {
            before: self.before.clone(),
            protocol,
            information: information.to_vec(),
        };
        frame.datagram()
    }

    /// Whether it is data, in clear or scrambled, or of an NCP: anything but the link's own control protocols.
    pub fn is_data(&self) -> bool {
        /// LCP has no such codes: with it as the carrier, that is data (draft section 8.6).
        const FIRST_DATA: u8 = 0x40;
        let under_lcp =
            self.protocol == protocol::LCP && self.information.first() >= Some(&FIRST_DATA);
        under_lcp || !ppp::is_link_control(self.protocol)
    }
}

/// A control packet (RFC 1661 section 5).
pub fn control(code: u8, identifier: u8, data: &[u8]) -> Vec<u8> {
    let length = (4 + data.len()) as u16;
    let [high, low] = length.to_be_bytes();
    [&[code, identifier, high, low], data].concat()
}

/// A control message of L2TP, from the peer's `tunnel` and `session` ids and a list of mandatory AVPs.
pub fn l2tp(tunnel: u16, session: u16, ns: u16, nr: u16, avps: &[(u16, &[u8])]) -> Vec<u8> {
    const TYPE_LENGTH_SEQUENCE_2: u16 = 0xC802;
    const MANDATORY: u16 = 0x8000;
    let mut body = Vec::new();
    for (attribute, value) in avps {
        let length = MANDATORY | (6 + value.len()) as u16;
        body.extend(length.to_be_bytes());
        body.extend([0, 0]);
        body.extend(attribute.to_be_bytes());
        body.extend(*value);
    }
    let length = (12 + body.len()) as u16;
    let words = [TYPE_LENGTH_SEQUENCE_2, length, tunnel, session, ns, nr];
    let header = words.into_iter().flat_map(u16::to_be_bytes);
    header.chain(body).collect()
}

/// Start-Control-Connection-Request (RFC 2661 section 6.1).
pub fn sccrq(own_tunnel: u16) -> Vec<u8> {
    l2tp(
        0,
        0,
        0,
        0,
        &[
            (0, &[0, 1]),
            (2, &[1, 0]),
            (3, &[0, 0, 0, 3]),
            (7, b"attacker"),
            (9, &own_tunnel.to_be_bytes()),
            (10, &[0, 16]),
        ],
    )
}

/// Incoming-Call-Request (section 6.6).
pub fn icrq(tunnel: u16, own_session: u16, ns: u16, nr: u16) -> Vec<u8> {
    l2tp(
        tunnel,
        0,
        ns,
        nr,
        &[
            (0, &[0, 10]),
            (14, &own_session.to_be_bytes()),
            (15, &u32::from(own_session).to_be_bytes()),
        ],
    )
}

/// Stop-Control-Connection-Notification (section 6.4), as if its sender shut down.
pub fn stop_ccn(tunnel: u16, own_tunnel: u16, ns: u16, nr: u16) -> Vec<u8> {
    l2tp(
        tunnel,
        0,
        ns,
        nr,
        &[(0, &[0, 4]), (9, &own_tunnel.to_be_bytes()), (1, &[0, 6])],
    )
}

/// Call-Disconnect-Notify (section 6.12), for administrative reasons.
pub fn cdn(tunnel: u16, session: u16, own_session: u16, ns: u16, nr: u16) -> Vec<u8> {
    l2tp(
        tunnel,
        session,
        ns,
        nr,
        &[
            (0, &[0, 14]),
            (1, &[0, 3]),
            (14, &own_session.to_be_bytes()),
        ],
    )
}

/// The header of a control message: tunnel, session, Ns, Nr, and the message type if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlHeader {
    pub tunnel: u16,
    pub session: u16,
    pub ns: u16,
    pub nr: u16,
    pub kind: Option<u16>,
}

impl ControlHeader {
    /// The header of `datagram`, if it is a control message.
    pub fn of(datagram: &[u8]) -> Option<Self> {
        if Message::parse(datagram) != Ok(Message::Control) {
            return None;
        }
        let word = |at: usize| Some(u16::from_be_bytes(*datagram.get(at..)?.first_chunk()?));
        Some(Self {
            tunnel: word(4)?,
            session: word(6)?,
            ns: word(8)?,
            nr: word(10)?,
            kind: word(18),
        })
    }
}

/// The latest data message from `from` to `to`, to make others like it.
pub fn latest_frame(seen: &[Flying], from: super::Place, to: super::Place) -> Option<Frame> {
    let theirs = seen
        .iter()
        .rev()
        .filter(|flying| (flying.from, flying.to) == (from, to));
    theirs
        .into_iter()
        .find_map(|flying| Frame::of(&flying.payload))
}
