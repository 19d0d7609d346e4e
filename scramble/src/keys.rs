//! Keys: X25519 (RFC 7748), the HKDF-SHA-256 schedule (RFC 5869) and the tags that prove a key.
//!
//! ```text
//! shared   = X25519(own secret, peer public)
//! prk[0]   = HKDF-Extract(salt = SHA-256("PHS1" | oL | oH), ikm = shared | configured secret | MSK)
//! prk[e+1] = HKDF-Extract(salt = prk[e], ikm = new shared)
//! key(e, label, end) = HKDF-Expand(prk[e], label | "L" or "H", length)
//! ```
//!
//! Test vectors come from fixed X25519 secrets:
//!
//! ```
//! use scramble::{agreement::End, keys::*, option::*};
//! let (a, b) = (ExchangeSecret::from_bytes([1; 32]), ExchangeSecret::from_bytes([2; 32]));
//! let option_a = PhsOption::new(&Terms::default(), false, &a.public_key());
//! let option_b = PhsOption::new(&Terms::default(), false, &b.public_key());
//! let at_a = KeySchedule::agree(&a, &option_a, &option_b, &Secrets::default())?;
//! let at_b = KeySchedule::agree(&b, &option_b, &option_a, &Secrets::default())?;
//! assert_eq!(at_a.prk(), at_b.prk());
//! assert_eq!(at_a.epoch_keys(), at_b.epoch_keys());
//! let _ = (at_a.prk(), at_a.confirm_key(End::Lower), at_a.epoch_keys().prp);
//! # Ok::<(), scramble::keys::WeakKey>(())
//! ```
//!
//! Everything secret is erased when dropped, and shows nothing under `Debug`.

use alloc::vec::Vec;
use core::fmt;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::agreement::{End, EpochKeys};
use crate::ecp::TAG_LEN;
use crate::option::PhsOption;

/// The shared secret is all zeros: the peer's public key is one of the few that force it (RFC 7748 section 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the peer's public key forces an all-zero shared secret; somebody tampers with the exchange or the peer is broken"
)]
pub struct WeakKey;

/// Bytes known to both ends before the exchange: a configured secret, or EAP-TLS's MSK (RFC 5216 section 2.3).
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret {
    bytes: Vec<u8>,
    human: bool,
}

impl Secret {
    /// A secret that was generated, not thought up; at least 16 random bytes, else it counts as weak.
    pub fn generated(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            human: false,
        }
    }

    /// A secret derived from what a human chose (CHAP, MS-CHAPv2's keys). Whoever alters one packet of the exchange
    /// can then try passwords at leisure: used, but reported as weak.
    pub fn human(bytes: Vec<u8>) -> Self {
        Self { bytes, human: true }
    }

    /// Whether the secret can be ground offline from one tag.
    pub fn is_weak(&self) -> bool {
        self.human || self.bytes.len() < 16
    }

    fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What is mixed into prk\[0\] beside the exchange; either may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    /// From configuration.
    pub configured: Option<Secret>,
    /// From EAP-TLS.
    pub msk: Option<Secret>,
}

impl Secrets {
    /// Whether nothing is mixed in: the option's Flags bit 0 is the negation.
    pub fn is_empty(&self) -> bool {
        self.iter().all(Secret::is_empty)
    }

    /// Whether something is mixed in and none of it withstands guessing.
    pub fn is_weak(&self) -> bool {
        !self.is_empty() && self.iter().all(Secret::is_weak)
    }

    fn iter(&self) -> impl Iterator<Item = &Secret> {
        [&self.configured, &self.msk].into_iter().flatten()
    }
}

/// The X25519 secret of one exchange.
#[derive(Clone)]
pub struct ExchangeSecret {
    secret: StaticSecret,
    public: [u8; 32],
}

impl ExchangeSecret {
    /// A fresh secret.
    pub fn random<R: CryptoRng + ?Sized>(random: &mut R) -> Self {
        Self::new(StaticSecret::random_from_rng(random))
    }

    /// A given secret: for test vectors. A secret that is used twice protects nothing.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self::new(StaticSecret::from(bytes))
    }

    fn new(secret: StaticSecret) -> Self {
        let public = PublicKey::from(&secret).to_bytes();
        Self { secret, public }
    }

    /// The public key to send.
    pub fn public_key(&self) -> [u8; 32] {
        self.public
    }

    /// X25519 with the peer's public key.
    ///
    /// # Errors
    /// [`WeakKey`] where the result is all zeros.
    pub fn shared(&self, peer: &[u8; 32]) -> Result<Shared, WeakKey> {
        let shared = self.secret.diffie_hellman(&PublicKey::from(*peer));
        if shared.was_contributory() {
            Ok(Shared(Zeroizing::new(shared.to_bytes())))
        } else {
            Err(WeakKey)
        }
    }
}

impl fmt::Debug for ExchangeSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExchangeSecret(..)")
    }
}

/// The outcome of an exchange; never all zeros.
pub struct Shared(Zeroizing<[u8; 32]>);

impl Shared {
    /// The bytes: for test vectors only.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared(..)")
    }
}

/// prk\[e\] and what derives from it.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct KeySchedule {
    #[zeroize(skip)]
    epoch: u32,
    prk: [u8; 32],
    confirm_lower: [u8; 32],
    confirm_higher: [u8; 32],
}

impl KeySchedule {
    /// Epoch 0, from one end's view: its secret, its option, the peer's option.
    ///
    /// # Errors
    /// [`WeakKey`] where the peer's public key forces an all-zero shared secret.
    pub fn agree(
        secret: &ExchangeSecret,
        own: &PhsOption,
        peer: &PhsOption,
        secrets: &Secrets,
    ) -> Result<Self, WeakKey> {
        let shared = secret.shared(&peer.public_key())?;
        let (lower, higher) = match own.end(peer) {
            Some(End::Higher) => (peer, own),
            _ => (own, peer),
        };
        Ok(Self::derive(&shared, secrets, lower, higher))
    }

    /// Epoch 0 from its parts; `lower` and `higher` are the option bodies oL and oH.
    pub fn derive(
        shared: &Shared,
        secrets: &Secrets,
        lower: &PhsOption,
        higher: &PhsOption,
    ) -> Self {
        let salt = Sha256::new()
            .chain_update(b"PHS1")
            .chain_update(lower.as_bytes())
            .chain_update(higher.as_bytes())
            .finalize();
        let mut ikm = Zeroizing::new(Vec::with_capacity(
            32 + secrets
                .iter()
                .map(|secret| secret.bytes.len())
                .sum::<usize>(),
        ));
        ikm.extend_from_slice(&*shared.0);
        for secret in secrets.iter() {
            ikm.extend_from_slice(&secret.bytes);
        }
        Self::extract(0, &salt, &ikm)
    }

    /// The next epoch, from a new exchange; `None` after epoch 2^32 - 1, which has none.
    pub fn next(&self, shared: &Shared) -> Option<Self> {
        let epoch = self.epoch.checked_add(1)?;
        Some(Self::extract(epoch, &self.prk, &*shared.0))
    }

    fn extract(epoch: u32, salt: &[u8], ikm: &[u8]) -> Self {
        let (mut output, expand) = Hkdf::<Sha256>::extract(Some(salt), ikm);
        let mut schedule = Self {
            epoch,
            prk: [0; 32],
            confirm_lower: expand_key(&expand, b"phs confirm", End::Lower),
            confirm_higher: expand_key(&expand, b"phs confirm", End::Higher),
        };
        schedule.prk.copy_from_slice(&output);
        output.as_mut_slice().zeroize();
        schedule
    }

    /// The epoch.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// prk\[e\]: for test vectors only.
    pub fn prk(&self) -> &[u8; 32] {
        &self.prk
    }

    /// "phs confirm" of `end`: for test vectors only; [`tag`](Self::tag) and [`verify`](Self::verify) use it.
    pub fn confirm_key(&self, end: End) -> &[u8; 32] {
        match end {
            End::Lower => &self.confirm_lower,
            End::Higher => &self.confirm_higher,
        }
    }

    /// The keys that the packet transforms use.
    pub fn epoch_keys(&self) -> EpochKeys {
        let expand = hkdf_of(&self.prk);
        EpochKeys {
            epoch: self.epoch,
            data_lower: expand_key(&expand, b"phs data", End::Lower),
            data_higher: expand_key(&expand, b"phs data", End::Higher),
            prp: expand_key(&expand, b"phs prp", End::Lower),
        }
    }

    /// The tag with which `sender` seals `message`: an ECP Reset packet from Code up to, not including, the tag.
    ///
    /// HMAC-SHA-256(confirm key of the sender, message | epoch), cut to 16 bytes. Code and identifier are inside,
    /// and either end has a key of its own, so that nothing can be reflected.
    pub fn tag(&self, sender: End, message: &[u8]) -> [u8; TAG_LEN] {
        let mut mac = hmac_of(self.confirm_key(sender));
        mac.update(message);
        mac.update(&self.epoch.to_be_bytes());
        let whole = Zeroizing::new(<[u8; 32]>::from(mac.finalize().into_bytes()));
        let mut tag = [0; TAG_LEN];
        tag.copy_from_slice(&whole[..TAG_LEN]);
        tag
    }

    /// Whether `packet`, a whole ECP Reset packet, ends with the tag that `sender` makes. In constant time.
    pub fn verify(&self, sender: End, packet: &[u8]) -> bool {
        packet
            .split_last_chunk::<TAG_LEN>()
            .is_some_and(|(message, tag)| self.tag(sender, message).ct_eq(tag).into())
    }
}

impl fmt::Debug for KeySchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySchedule {{ epoch: {}, .. }}", self.epoch)
    }
}

fn expand_key<const N: usize>(expand: &Hkdf<Sha256>, label: &[u8], end: End) -> [u8; N] {
    let end: &[u8] = match end {
        End::Lower => b"L",
        End::Higher => b"H",
    };
    let mut key = [0; N];
    expand
        .expand_multi_info(&[label, end], &mut key)
        .expect("HKDF gives up to 8,160 bytes, and no key is longer than 32");
    key
}

fn hkdf_of(prk: &[u8; 32]) -> Hkdf<Sha256> {
    Hkdf::from_prk(prk).expect("a prk is as long as SHA-256's output")
}

fn hmac_of(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::option::Terms;
    use alloc::{format, vec};

    fn ends() -> (ExchangeSecret, PhsOption, ExchangeSecret, PhsOption) {
        let (a, b) = (
            ExchangeSecret::from_bytes([1; 32]),
            ExchangeSecret::from_bytes([2; 32]),
        );
        let option = |secret: &ExchangeSecret| {
            PhsOption::new(&Terms::default(), false, &secret.public_key())
        };
        let (option_a, option_b) = (option(&a), option(&b));
        (a, option_a, b, option_b)
    }

    /// RFC 7748 section 5.2: the function once, from the base point.
    #[test]
    fn x25519_as_in_rfc_7748() {
        let mut nine = [0; 32];
        nine[0] = 9;
        let once = ExchangeSecret::from_bytes(nine).shared(&nine).unwrap();
        let expected = [
            0x42, 0x2c, 0x8e, 0x7a, 0x62, 0x27, 0xd7, 0xbc, 0xa1, 0x35, 0x0b, 0x3e, 0x2b, 0xb7,
            0x27, 0x9f, 0x78, 0x97, 0xb8, 0x7b, 0xb6, 0x85, 0x4b, 0x78, 0x3c, 0x60, 0xe8, 0x03,
            0x11, 0xae, 0x30, 0x79,
        ];
        assert_eq!(*once.0, expected);
        assert_eq!(ExchangeSecret::from_bytes(nine).public_key(), expected);
    }

    #[test]
    fn both_ends_derive_the_same_and_rekey_moves_on() {
        let (a, option_a, b, option_b) = ends();
        let secrets = Secrets::default();
        let at_a = KeySchedule::agree(&a, &option_a, &option_b, &secrets).unwrap();
        let at_b = KeySchedule::agree(&b, &option_b, &option_a, &secrets).unwrap();
        assert!(at_a == at_b);
        let fresh = ExchangeSecret::from_bytes([3; 32]);
        let next = at_a.next(&fresh.shared(&b.public_key()).unwrap()).unwrap();
        assert_eq!((next.epoch(), next.epoch_keys().parity()), (1, true));
        assert!(
            next.prk() != at_a.prk()
                && next.epoch_keys().data_lower != at_a.epoch_keys().data_lower
        );
    }

    /// The schedule spelt out with nothing but HMAC, as RFC 5869 defines Extract and Expand.
    #[test]
    fn the_schedule_is_rfc_5869() {
        let hmac = |key: &[u8], parts: &[&[u8]]| -> [u8; 32] {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
            parts.iter().for_each(|part| mac.update(part));
            mac.finalize().into_bytes().into()
        };
        let (a, option_a, b, option_b) = ends();
        let secrets = Secrets {
            configured: Some(Secret::generated(vec![0xC0; 20])),
            msk: Some(Secret::generated(vec![0x3C; 64])),
        };
        let schedule = KeySchedule::agree(&a, &option_a, &option_b, &secrets).unwrap();
        let (lower, higher) = match option_a.end(&option_b) {
            Some(End::Lower) => (option_a, option_b),
            _ => (option_b, option_a),
        };
        let mut transcript = b"PHS1".to_vec();
        transcript.extend_from_slice(lower.as_bytes());
        transcript.extend_from_slice(higher.as_bytes());
        let shared = b.shared(&a.public_key()).unwrap();
        let prk = hmac(
            &Sha256::digest(&transcript),
            &[&shared.0[..], &[0xC0; 20], &[0x3C; 64]],
        );
        assert_eq!(*schedule.prk(), prk);
        assert_eq!(
            schedule.epoch_keys().data_lower,
            hmac(&prk, &[b"phs dataL\x01"])
        );
        assert_eq!(
            schedule.epoch_keys().data_higher,
            hmac(&prk, &[b"phs dataH\x01"])
        );
        assert_eq!(
            schedule.epoch_keys().prp,
            hmac(&prk, &[b"phs prpL\x01"])[..16]
        );
        assert_eq!(
            *schedule.confirm_key(End::Higher),
            hmac(&prk, &[b"phs confirmH\x01"])
        );
        let next = schedule.next(&shared).unwrap();
        assert_eq!(*next.prk(), hmac(&prk, &[&shared.0[..]]));
        let tag = hmac(next.confirm_key(End::Lower), &[b"message", &[0, 0, 0, 1]]);
        assert_eq!(next.tag(End::Lower, b"message"), tag[..16]);
    }

    #[test]
    fn tags_bind_sender_epoch_and_every_byte() {
        let (a, option_a, _, option_b) = ends();
        let schedule = KeySchedule::agree(&a, &option_a, &option_b, &Secrets::default()).unwrap();
        let mut packet = b"some message".to_vec();
        let tag = schedule.tag(End::Lower, &packet);
        packet.extend_from_slice(&tag);
        assert!(schedule.verify(End::Lower, &packet));
        assert!(!schedule.verify(End::Higher, &packet));
        let next = schedule
            .next(&a.shared(&option_b.public_key()).unwrap())
            .unwrap();
        assert!(!next.verify(End::Lower, &packet));
        for at in 0..packet.len() {
            let mut changed = packet.clone();
            changed[at] ^= 1;
            assert!(!schedule.verify(End::Lower, &changed));
        }
        assert!(!schedule.verify(End::Lower, &packet[..15]));
    }

    #[test]
    fn keys_that_force_zero_are_refused() {
        let (a, ..) = ends();
        let mut one = [0; 32];
        one[0] = 1;
        assert_eq!(a.shared(&[0; 32]).unwrap_err(), WeakKey);
        assert_eq!(a.shared(&one).unwrap_err(), WeakKey);
    }

    #[test]
    fn the_epoch_never_wraps() {
        let (a, option_a, _, option_b) = ends();
        let mut schedule =
            KeySchedule::agree(&a, &option_a, &option_b, &Secrets::default()).unwrap();
        schedule.epoch = u32::MAX;
        assert!(
            schedule
                .next(&a.shared(&option_b.public_key()).unwrap())
                .is_none()
        );
    }

    #[test]
    fn debug_shows_no_secret() {
        let (a, option_a, _, option_b) = ends();
        let secret = Secret::human(vec![0xAB; 40]);
        assert!(secret.is_weak() && !Secret::generated(vec![0; 16]).is_weak());
        let secrets = Secrets {
            configured: Some(secret),
            msk: None,
        };
        let schedule = KeySchedule::agree(&a, &option_a, &option_b, &secrets).unwrap();
        let shown = format!("{a:?} {secrets:?} {schedule:?} {:?}", schedule.epoch_keys());
        assert_eq!(
            shown,
            "ExchangeSecret(..) Secrets { configured: Some(Secret(..)), msk: None } \
             KeySchedule { epoch: 0, .. } EpochKeys { epoch: 0, .. }"
        );
    }
}
