//! What a control protocol's automaton asks of the protocol: which options to request, and what to say to the peer's.

use rand_core::CryptoRng;

use crate::option::{List, Options, Raw};
use crate::packet::Code;

/// What one control protocol negotiates.
pub(crate) trait Negotiation {
    /// The options of our next Configure-Request.
    fn request(&mut self, random: &mut dyn CryptoRng) -> List;

    /// What to answer to the peer's Configure-Request.
    fn judge(&mut self, options: Options<'_>, answer: &mut Answer, random: &mut dyn CryptoRng);

    /// The peer acknowledged our latest request.
    fn acknowledged(&mut self);

    /// The peer suggests other values in a Configure-Nak.
    fn naked(&mut self, options: Options<'_>, random: &mut dyn CryptoRng);

    /// The peer rejects options.
    fn rejected(&mut self, options: Options<'_>);

    /// The protocol leaves Opened: what was negotiated is void, and negotiation begins anew.
    fn layer_down(&mut self, random: &mut dyn CryptoRng);
}

/// The answer to a Configure-Request in the making: Configure-Ack unless something is said against an option.
pub(crate) struct Answer {
    /// Max-Failure (RFC 1661 section 4.6) is not reached: Configure-Naks are still sent.
    patient: bool,
    naks: List,
    rejects: List,
}

impl Answer {
    pub fn new(patient: bool) -> Self {
        Self {
            patient,
            naks: List::default(),
            rejects: List::default(),
        }
    }

    /// Suggests `value` for `option`, or rejects it after too many suggestions.
    pub fn nak(&mut self, option: Raw<'_>, value: &[u8]) {
        if self.patient {
            self.naks.push(option.kind, value);
        } else {
            self.reject(option);
        }
    }

    /// Rejects `option`, unchanged.
    pub fn reject(&mut self, option: Raw<'_>) {
        self.rejects.push_raw(option.bytes);
    }

    /// The packet to answer with: rejects go before naks (RFC 1661 section 5.4).
    pub fn conclude(self) -> (Code, Vec<u8>) {
        if !self.rejects.is_empty() {
            (Code::ConfigureReject, self.rejects.into_bytes())
        } else if !self.naks.is_empty() {
            (Code::ConfigureNak, self.naks.into_bytes())
        } else {
            (Code::ConfigureAck, Vec::new())
        }
    }
}
