//! What the owner of an end configures.

use core::time::Duration;

use crate::keys::Secret;
use crate::option::Terms;

/// How much an end insists on PHS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Policy {
    /// No PHS: the host Protocol-Rejects ECP and Configure-Rejects the option in LCP.
    Off,
    /// PHS where the peer has it, else in clear, with the reason told. A call that was once confirmed is never in
    /// clear again.
    Prefer,
    /// PHS or no link.
    Require,
}

/// Where the pre-shared secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// There is none. A full man in the middle of the key exchange goes unnoticed.
    None,
    /// The same for whoever calls; known before authentication.
    Configured(Secret),
    /// It depends on who authenticates, and comes with
    /// [`network_phase`](super::Negotiator::network_phase). Such an end makes no offer in LCP.
    Authentication,
}

/// Timers and retry counts. A retry count includes the first transmission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Between retransmissions of Configure-Request and of Reset-Request.
    pub restart: Duration,
    /// Configure-Requests to a peer that shows no PHS option, before it counts as silent under `prefer`.
    pub silent_requests: u32,
    /// Between further Configure-Requests to such a peer under `require` (RFC 1661's restart timer).
    pub patient_restart: Duration,
    /// Configure-Requests to such a peer in all under `require`.
    pub patient_requests: u32,
    /// Configure-Requests to a peer that did show its option.
    pub heard_requests: u32,
    /// CONFIRM requests, counted once while confirming and once after.
    pub confirm_requests: u32,
    /// REKEY, SWITCHED and ASK requests each.
    pub rekey_requests: u32,
    /// How long old receive keys stay after a rekey. Longer than any packet is under way; at most some 30 s longer
    /// than the peer's, or its next REKEY runs out of retries.
    pub overlap: Duration,
    /// Between rekeys, give or take a random tenth.
    pub rekey_interval: Duration,
    /// Packets sent in an epoch after which a rekey is due.
    pub rekey_packets: u64,
    /// How long the higher end waits for a REKEY after its ASK was acknowledged, before it asks again.
    pub ask_again: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            restart: Duration::from_secs(1),
            silent_requests: 3,
            patient_restart: Duration::from_secs(3),
            patient_requests: 10,
            heard_requests: 20,
            confirm_requests: 20,
            rekey_requests: 60,
            overlap: Duration::from_secs(30),
            rekey_interval: Duration::from_secs(3600),
            rekey_packets: 1 << 28,
            ask_again: Duration::from_secs(60),
        }
    }
}

/// Everything that an owner configures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How much this end insists on PHS.
    pub policy: Policy,
    /// What the option says: transforms, coverages, carrier.
    pub terms: Terms,
    /// Whether to offer PHS in LCP already. Saves a round trip where no LAC answers LCP.
    pub early_offer: bool,
    /// Where the pre-shared secret comes from.
    pub secret: SecretSource,
    /// Timers and retry counts.
    pub timing: Timing,
}

impl Config {
    /// `policy` with every default: HEADER over whole packets, no early offer, no secret.
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            terms: Terms::default(),
            early_offer: false,
            secret: SecretSource::None,
            timing: Timing::default(),
        }
    }
}
