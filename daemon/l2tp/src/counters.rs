//! What was not as it should be, and how often.

use crate::wire::Fault;

/// Counts of an endpoint, for the operator's statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Control messages received, well-formed by their header.
    pub received: u64,
    /// Control messages sent, ZLBs included.
    pub sent: u64,
    /// ... and those among them that were sent again.
    pub retransmissions: u64,
    /// Datagrams that are no L2TPv2 control message.
    pub bad_headers: u64,
    /// Messages for a tunnel id that is not in use. They are not answered: a forged one would make this end send.
    pub unknown_tunnels: u64,
    /// Messages for a session id that is not in use: late ones, mostly.
    pub unknown_sessions: u64,
    /// Messages for a tunnel from somebody who is not its peer.
    pub wrong_sources: u64,
    /// Messages received again.
    pub duplicates: u64,
    /// Messages that came before their turn and were kept.
    pub held: u64,
    /// Messages that came too far before their turn, or call requests of a peer that does not take its answers.
    pub dropped: u64,
    /// AVPs, or values of AVPs, of a wrong length.
    pub bad_lengths: u64,
    /// Values out of range.
    pub bad_values: u64,
    /// Messages that lack an AVP, or their Message Type.
    pub missing_avps: u64,
    /// Unknown AVPs that are mandatory.
    pub unknown_mandatory_avps: u64,
    /// Unknown AVPs that are not, and were ignored.
    pub ignored_avps: u64,
    /// Hidden AVPs that could not be read.
    pub unreadable_avps: u64,
    /// Unknown messages that are mandatory.
    pub unknown_messages: u64,
    /// Messages that fit no state, and unknown messages that were ignored.
    pub unexpected: u64,
    /// SCCRQs that were refused.
    pub start_requests_refused: u64,
    /// SCCRQs that were not taken because their source has too many half-open control connections.
    pub start_requests_over_source_limit: u64,
    /// Half-open control connections that gave way to newer ones.
    pub half_open_evicted: u64,
    /// Half-open control connections that never came up.
    pub half_open_expired: u64,
    /// Peers that did not prove that they know the secret.
    pub authentication_failures: u64,
    /// Control connections dialled by both ends at the same time.
    pub collisions: u64,
    /// Control connections that followed their peer to another port.
    pub moves: u64,
    /// Control connections that came up.
    pub tunnels_up: u64,
    /// Calls that came up.
    pub calls_up: u64,
    /// Incoming calls refused, by the host or for want of room.
    pub calls_refused: u64,
    /// OCRQs, all of them refused.
    pub outgoing_calls_refused: u64,
    /// WAN-Error-Notify messages.
    pub wan_errors: u64,
    /// Set-Link-Info messages.
    pub link_infos: u64,
}

impl Counters {
    pub(crate) fn fault(&mut self, fault: Fault) {
        let count = match fault {
            Fault::BadLength | Fault::WrongLength(_) => &mut self.bad_lengths,
            Fault::BadValue(_) => &mut self.bad_values,
            Fault::Missing(_) | Fault::NoMessageType => &mut self.missing_avps,
            Fault::UnknownMandatory { .. } => &mut self.unknown_mandatory_avps,
            Fault::Hidden(_) => &mut self.unreadable_avps,
            Fault::UnknownMessage(_) => &mut self.unknown_messages,
        };
        *count += 1;
    }
}
