//! What the ends say to each other until data flows, in a few words.

use scramble::agreement::Transform;
use scramble::ecp::{Packet as EcpPacket, Reset};
use scramble::wire::l2tp;
use scramble::wire::ppp::{Header, is_link_control, protocol};

/// A datagram that went over the link while the ends connected.
pub struct Message {
    /// Whether the subscriber sent it.
    pub up: bool,
    /// Its L2TP message's length.
    pub length: usize,
    /// What it is.
    pub what: String,
    /// Whether it is a scrambled packet.
    pub is_scrambled: bool,
}

impl Message {
    /// Looks into `datagram`, an L2TP message.
    pub fn new(up: bool, datagram: &[u8]) -> Self {
        Self {
            up,
            length: datagram.len(),
            what: describe(datagram),
            is_scrambled: is_scrambled(datagram),
        }
    }
}

fn is_scrambled(datagram: &[u8]) -> bool {
    let Ok(l2tp::Message::Data(header)) = l2tp::Message::parse(datagram) else {
        return false;
    };
    let frame = datagram.get(header.payload..header.end).unwrap_or_default();
    Header::parse(frame).is_ok_and(|header| match header.protocol {
        // No code of LCP's is that large: it is data (carrier LCP).
        protocol::LCP => frame.get(header.len()).is_some_and(|code| *code >= 0x40),
        protocol => !is_link_control(protocol),
    })
}

fn describe(datagram: &[u8]) -> String {
    match l2tp::Message::parse(datagram) {
        Ok(l2tp::Message::Control) => format!("L2TP {}", control_message(datagram)),
        Ok(l2tp::Message::Data(header)) => datagram
            .get(header.payload..header.end)
            .map_or_else(|| "L2TP data".into(), frame),
        Err(_) => "not L2TP".into(),
    }
}

/// A control message's name by the Message Type AVP, which is the first (RFC 2661 section 4.4.1).
fn control_message(datagram: &[u8]) -> &'static str {
    const AVP: usize = 12;
    const VALUE: usize = AVP + 6;
    match datagram.get(VALUE..VALUE + 2) {
        None => "acknowledgement",
        Some([0, 1]) => "Start-Control-Connection-Request",
        Some([0, 2]) => "Start-Control-Connection-Reply",
        Some([0, 3]) => "Start-Control-Connection-Connected",
        Some([0, 4]) => "Stop-Control-Connection-Notification",
        Some([0, 6]) => "Hello",
        Some([0, 10]) => "Incoming-Call-Request",
        Some([0, 11]) => "Incoming-Call-Reply",
        Some([0, 12]) => "Incoming-Call-Connected",
        Some([0, 14]) => "Call-Disconnect-Notify",
        Some(_) => "other control message",
    }
}

fn frame(frame: &[u8]) -> String {
    let Ok(header) = Header::parse(frame) else {
        return "PPP".into();
    };
    let packet = &frame[header.len()..];
    let code = packet.first().copied().unwrap_or(0);
    match header.protocol {
        protocol::LCP => format!("LCP {}", code_name(code)),
        protocol::CHAP => format!("CHAP {}", chap_name(code)),
        protocol::ECP => format!("ECP {}", ecp(packet)),
        protocol::IPCP => format!("IPCP {} in clear", code_name(code)),
        protocol::IPV6CP => format!("IPV6CP {} in clear", code_name(code)),
        protocol::SCRAMBLED => "scrambled packet".into(),
        protocol::IPV4 => "packet in the form of IPv4".into(),
        protocol::IPV6 => "packet in the form of IPv6".into(),
        other => format!("PPP protocol {other:04X}"),
    }
}

fn ecp(packet: &[u8]) -> String {
    let Ok(packet) = EcpPacket::parse(packet) else {
        return "unknown".into();
    };
    let name = code_name(packet.code_number());
    match packet.reset() {
        Ok(Reset::Confirm { .. }) => format!("{name}, CONFIRM and tag"),
        _ if name.starts_with("Configure") => format!("{name}, PHS option and key"),
        _ => name.into(),
    }
}

/// RFC 1661 section 5, RFC 1570 section 2.1, RFC 1968 section 3.
const fn code_name(code: u8) -> &'static str {
    match code {
        1 => "Configure-Request",
        2 => "Configure-Ack",
        3 => "Configure-Nak",
        4 => "Configure-Reject",
        5 => "Terminate-Request",
        6 => "Terminate-Ack",
        9 => "Echo-Request",
        10 => "Echo-Reply",
        12 => "Identification",
        14 => "Reset-Request",
        15 => "Reset-Ack",
        _ => "other",
    }
}

/// RFC 1994 section 4.
const fn chap_name(code: u8) -> &'static str {
    match code {
        1 => "Challenge",
        2 => "Response",
        3 => "Success",
        4 => "Failure",
        _ => "other",
    }
}

/// The transform's name as the specification writes it.
pub const fn transform_name(transform: Transform) -> &'static str {
    match transform {
        Transform::Decoy => "DECOY",
        Transform::Header => "HEADER",
        Transform::Full => "FULL",
    }
}
