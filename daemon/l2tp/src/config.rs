//! What the owner of an endpoint configures.

use std::fmt;
use std::time::Duration;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The secret that both ends of a control connection share (RFC 2661 section 5.1.1).
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// A secret of any bytes. An empty one protects nothing: configure none instead.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// How an endpoint treats its control connections and calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The Host Name AVP; at most 255 characters of it are sent.
    pub host_name: String,
    /// The Vendor Name AVP; at most 255 characters of it are sent.
    pub vendor_name: String,
    /// With a secret, each peer is challenged and must answer, and its challenge is answered (section 5.1.1).
    pub secret: Option<Secret>,
    /// Whether AVPs that may be hidden are (section 4.3); only with a secret.
    pub hide_avps: bool,
    /// The Receive Window Size AVP: control messages that a peer may have under way; at least 1.
    pub receive_window: u16,
    /// Before the first retransmission; doubles with each.
    pub restart: Duration,
    /// What the doubling stops at.
    pub restart_cap: Duration,
    /// Retransmissions before the peer counts as gone; of a SCCRP, 3 at most.
    pub retries: u32,
    /// Silence of a control connection after which Hello asks whether the peer is there.
    pub hello_interval: Duration,
    /// How long a control connection or a call may take to come up.
    pub setup_timeout: Duration,
    /// How long a stopped control connection stays to acknowledge copies of StopCCN, and how long the id of a call
    /// that is gone rests before it is used again (section 5.7: a full retransmission period, 31 s).
    pub linger: Duration,
    /// Control connections, half-open ones included and stopped ones not.
    pub max_tunnels: usize,
    /// Control connections that peers started and that are not up yet. Of a flood's, the oldest gives way.
    pub max_half_open: usize,
    /// ... and of these from one IPv4 address or IPv6 /64. The newest is not taken.
    pub max_half_open_per_source: usize,
    /// Calls in one control connection.
    pub max_calls_per_tunnel: usize,
    /// Whether data messages are to be numbered: as a client, by the Sequencing Required AVP (section 4.4.6).
    pub sequencing: bool,
    /// Whether peers may start control connections and calls: what an LNS is for.
    pub accept_incoming: bool,
    /// Whether a control connection follows its peer to another UDP port of the same address, as after a NAT lost its
    /// state. It follows a control message that carries the very number expected. Whoever can send from the peer's
    /// address and guess 16 bits of number and the tunnel id can then divert the connection to itself, if it shares
    /// that address (another host behind the same NAT, say), and cut the peer off; a secret does not help, since
    /// control messages carry no proof of origin.
    pub follow_peer_port: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            host_name: "fogline".into(),
            vendor_name: "Fogline".into(),
            secret: None,
            hide_avps: false,
            receive_window: 16,
            restart: Duration::from_secs(1),
            restart_cap: Duration::from_secs(8),
            retries: 7,
            hello_interval: Duration::from_secs(60),
            setup_timeout: Duration::from_secs(30),
            linger: Duration::from_secs(31),
            max_tunnels: 1024,
            max_half_open: 256,
            max_half_open_per_source: 64,
            max_calls_per_tunnel: 16_384,
            sequencing: false,
            accept_incoming: true,
            follow_peer_port: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", Secret::new("sesame")), "Secret(..)");
        assert_eq!(Secret::new("sesame"), Secret::new(b"sesame".to_vec()));
        assert_ne!(Secret::new("sesame"), Secret::new("sesamE"));
    }
}
