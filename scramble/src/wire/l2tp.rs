//! The L2TPv2 data message header (RFC 2661 section 3.1).

use super::{Malformed, put_u16, u16_at};

/// The UDP port that L2TP listens on.
pub const PORT: u16 = 1701;

const TYPE: u16 = 0x8000;
const LENGTH: u16 = 0x4000;
const SEQUENCE: u16 = 0x0800;
const OFFSET: u16 = 0x0200;
const PRIORITY: u16 = 0x0100;
/// No flag: a field that is always there.
const ALWAYS: u16 = 0;

/// A data message's header: the tunnel and session it belongs to, and where its PPP frame lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataHeader {
    /// Tunnel id, chosen by the receiver.
    pub tunnel: u16,
    /// Session id, chosen by the receiver.
    pub session: u16,
    /// Where the Length field stands, if the L bit is set.
    pub length_at: Option<usize>,
    /// Ns and Nr, if the S bit is set.
    pub sequence: Option<(u16, u16)>,
    /// The P bit.
    pub priority: bool,
    /// Bytes of offset padding after the Offset Size field, if the O bit is set.
    pub offset: Option<u16>,
    /// Where the PPP frame starts.
    pub payload: usize,
    /// Where the message, and with it the PPP frame, ends: its Length field, else the datagram.
    pub end: usize,
}

/// Whether a message is control or data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// The T bit is set: for the control connection.
    Control,
    /// A PPP frame.
    Data(DataHeader),
}

impl Message {
    /// Reads the header of the L2TP message that fills `datagram`, a UDP payload.
    ///
    /// # Errors
    /// `Malformed` where the version is not 2, or a field or the stated Length does not fit.
    pub fn parse(datagram: &[u8]) -> Result<Self, Malformed> {
        let need = |bytes| Malformed::length("L2TP", bytes, datagram.len());
        need(6)?;
        let flags = u16_at(datagram, 0);
        if flags & 0x000F != 2 {
            return Err(Malformed::Field {
                layer: "L2TP",
                field: "version",
            });
        }
        if flags & TYPE != 0 {
            return Ok(Self::Control);
        }
        let mut at = 2;
        let mut field = |flag: u16, bytes: usize| {
            let present = flags & flag == flag;
            let start = at;
            at += if present { bytes } else { 0 };
            (start, present)
        };
        let optional = |(at, present): (usize, bool)| present.then_some(at);
        let length_at = optional(field(LENGTH, 2));
        let (ids, _) = field(ALWAYS, 4);
        let sequence_at = optional(field(SEQUENCE, 4));
        let offset_at = optional(field(OFFSET, 2));
        need(at)?;
        let offset = offset_at.map(|at| u16_at(datagram, at));
        let payload = at + usize::from(offset.unwrap_or(0));
        let end = length_at.map_or(datagram.len(), |at| u16_at(datagram, at).into());
        need(payload)?;
        need(end)?;
        if end < payload {
            return Err(Malformed::Field {
                layer: "L2TP",
                field: "length",
            });
        }
        Ok(Self::Data(DataHeader {
            tunnel: u16_at(datagram, ids),
            session: u16_at(datagram, ids + 2),
            length_at,
            sequence: sequence_at.map(|at| (u16_at(datagram, at), u16_at(datagram, at + 2))),
            priority: flags & PRIORITY != 0,
            offset,
            payload,
            end,
        }))
    }
}

/// The six bytes of a data message's header with no optional field.
pub fn emit_plain(tunnel: u16, session: u16) -> [u8; 6] {
    let mut header = [0, 2, 0, 0, 0, 0];
    put_u16(&mut header, 2, tunnel);
    put_u16(&mut header, 4, session);
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// A message with any combination of optional fields, and `frame` in it.
    fn message(l: bool, s: bool, o: Option<u16>, p: bool, frame: &[u8]) -> Vec<u8> {
        let flags = 2
            | if l { LENGTH } else { 0 }
            | if s { SEQUENCE } else { 0 }
            | if o.is_some() { OFFSET } else { 0 }
            | if p { PRIORITY } else { 0 };
        let mut out = flags.to_be_bytes().to_vec();
        if l {
            out.extend([0, 0]);
        }
        out.extend([0x12, 0x34, 0x01, 0x00]);
        if s {
            out.extend([0, 9, 0, 3]);
        }
        if let Some(pad) = o {
            out.extend(pad.to_be_bytes());
            out.resize(out.len() + usize::from(pad), 0xEE);
        }
        out.extend(frame);
        if l {
            let len = out.len() as u16;
            put_u16(&mut out, 2, len);
        }
        out
    }

    #[test]
    fn every_combination_of_flags_finds_the_frame() {
        for bits in 0..16 {
            let (l, s, p) = (bits & 1 != 0, bits & 2 != 0, bits & 8 != 0);
            let o = (bits & 4 != 0).then_some(bits as u16);
            let mut bytes = message(l, s, o, p, b"\xFF\x03frame");
            if l {
                bytes.extend(b"trailer that Length leaves out");
            }
            let Ok(Message::Data(header)) = Message::parse(&bytes) else {
                panic!("{bits}")
            };
            assert_eq!((header.tunnel, header.session), (0x1234, 0x0100));
            assert_eq!(&bytes[header.payload..header.end], b"\xFF\x03frame");
            assert_eq!(header.sequence, s.then_some((9, 3)));
            assert_eq!((header.priority, header.offset), (p, o));
        }
    }

    #[test]
    fn control_messages_and_other_versions_are_told_apart() {
        assert_eq!(
            Message::parse(&[0xC8, 2, 0, 12, 0, 0]),
            Ok(Message::Control)
        );
        assert!(Message::parse(&[0, 3, 0, 0, 0, 0]).is_err());
        assert!(Message::parse(&[0, 2, 0, 0, 0]).is_err());
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        let mut long = message(true, false, None, false, b"frame");
        put_u16(&mut long, 2, 100);
        assert!(Message::parse(&long).is_err());
        put_u16(&mut long, 2, 7);
        assert!(Message::parse(&long).is_err());
        let mut padded = message(false, false, Some(3), false, b"");
        put_u16(&mut padded, 6, 4);
        assert!(Message::parse(&padded).is_err());
    }
}
