//! The computations of RFC 2759 section 8, under its names.

use core::fmt;

use des::Des;
use des::cipher::{BlockCipherEncrypt, KeyInit};
use md4::{Digest, Md4};
use sha1::Sha1;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The MD4 hash of a password: as good as the password itself. Erased when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct NtHash([u8; 16]);

impl NtHash {
    /// A hash that was computed before.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The hash itself.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for NtHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NtHash(..)")
    }
}

/// NtPasswordHash (RFC 2759 section 8.3): MD4 over the password in UTF-16, low byte first.
pub fn nt_hash(password: &str) -> NtHash {
    let mut hash = Md4::new();
    for unit in password.encode_utf16() {
        hash.update(unit.to_le_bytes());
    }
    NtHash(hash.finalize().into())
}

/// The user name that is hashed: "without any associated Windows NT domain name" (RFC 2759 section 4), which stands
/// before a backslash.
pub fn without_domain(user_name: &[u8]) -> &[u8] {
    user_name
        .rsplit(|&byte| byte == b'\\')
        .next()
        .unwrap_or(user_name)
}

/// What goes into both proofs of one exchange, beside the password.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The Challenge's value.
    pub authenticator_challenge: [u8; 16],
    /// What the peer added.
    pub peer_challenge: [u8; 16],
    /// The peer's name as it is sent; its domain is left out.
    pub user_name: &'a [u8],
}

impl Exchange<'_> {
    /// ChallengeHash (RFC 2759 section 8.2).
    pub fn challenge_hash(&self) -> [u8; 8] {
        let hash = Sha1::new_with_prefix(self.peer_challenge)
            .chain_update(self.authenticator_challenge)
            .chain_update(without_domain(self.user_name))
            .finalize();
        let mut challenge = [0; 8];
        challenge.copy_from_slice(&hash[..8]);
        challenge
    }

    /// GenerateNTResponse (RFC 2759 section 8.1): the peer's proof.
    pub fn nt_response(&self, nt_hash: &NtHash) -> [u8; 24] {
        challenge_response(&self.challenge_hash(), nt_hash)
    }

    /// GenerateAuthenticatorResponse (RFC 2759 section 8.7): the authenticator's proof.
    pub fn authenticator_response(&self, nt_hash: &NtHash, nt_response: &[u8; 24]) -> [u8; 20] {
        const MAGIC1: &[u8; 39] = b"Magic server to client signing constant";
        const MAGIC2: &[u8; 41] = b"Pad to make it do more than one iteration";
        let nt_hash_hash: Zeroizing<[u8; 16]> = Zeroizing::new(Md4::digest(nt_hash.0).into());
        let digest = Sha1::new_with_prefix(*nt_hash_hash)
            .chain_update(nt_response)
            .chain_update(MAGIC1)
            .finalize();
        Sha1::new_with_prefix(digest)
            .chain_update(self.challenge_hash())
            .chain_update(MAGIC2)
            .finalize()
            .into()
    }
}

/// ChallengeResponse (RFC 2759 section 8.5): the challenge under three DES keys, which are the hash and five zeros.
fn challenge_response(challenge: &[u8; 8], nt_hash: &NtHash) -> [u8; 24] {
    let mut z_hash = Zeroizing::new([0; 21]);
    z_hash[..16].copy_from_slice(&nt_hash.0);
    let mut response = [0; 24];
    let (keys, _) = z_hash.as_chunks();
    let (blocks, _) = response.as_chunks_mut();
    for (key, block) in keys.iter().zip(blocks) {
        *block = des_encrypt(challenge, key);
    }
    response
}

/// DesEncrypt (RFC 2759 section 8.6).
fn des_encrypt(clear: &[u8; 8], key: &[u8; 7]) -> [u8; 8] {
    let mut block = (*clear).into();
    Des::new((&*des_key(key)).into()).encrypt_block(&mut block);
    block.into()
}

/// A key's 56 bits spread over eight bytes. The lowest bit of each is for parity, which DES leaves alone.
fn des_key(raw: &[u8; 7]) -> Zeroizing<[u8; 8]> {
    let mut bits = Zeroizing::new([0; 8]);
    bits[1..].copy_from_slice(raw);
    let bits = Zeroizing::new(u64::from_be_bytes(*bits));
    let mut key = Zeroizing::new([0; 8]);
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = (*bits >> (49 - 7 * index) << 1) as u8;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(digits: &str) -> [u8; N] {
        let mut bytes = [0; N];
        hex::decode_to_slice(digits, &mut bytes).unwrap();
        bytes
    }

    /// RFC 2759 section 9.2.
    fn exchange(user_name: &[u8]) -> Exchange<'_> {
        Exchange {
            authenticator_challenge: bytes("5B5D7C7D7B3F2F3E3C2C602132262628"),
            peer_challenge: bytes("21402324255E262A28295F2B3A337C7E"),
            user_name,
        }
    }

    #[test]
    fn rfc_2759_section_9_2() {
        let nt_hash = nt_hash("clientPass");
        assert_eq!(
            nt_hash.as_bytes(),
            &bytes("44EBBA8D5312B8D611474411F56989AE")
        );
        let exchange = exchange(b"User");
        assert_eq!(exchange.challenge_hash(), bytes("D02E4386BCE91226"));
        let nt_response = exchange.nt_response(&nt_hash);
        assert_eq!(
            nt_response,
            bytes("82309ECD8D708B5EA08FAA3981CD83544233114A3D85D6DF")
        );
        assert_eq!(
            exchange.authenticator_response(&nt_hash, &nt_response),
            bytes("407A5589115FD0D6209F510FE9C04566932CDA56")
        );
    }

    /// RFC 2759 section 9.3, whose keys have their parity bits set.
    #[test]
    fn rfc_2759_section_9_3() {
        for (raw, key) in [
            ("FC156AF7EDCD6C", "FD0B5B5E7F6E34D9"),
            ("0EDDE3337D427F", "0E6E796737EA08FE"),
        ] {
            let without_parity = bytes::<8>(key).map(|byte| byte & 0xFE);
            assert_eq!(*des_key(&bytes(raw)), without_parity);
        }
    }

    #[test]
    fn the_domain_is_not_hashed() {
        for name in [&b"DOM\\User"[..], b"A\\B\\User", b"\\User"] {
            assert_eq!(without_domain(name), b"User");
            assert_eq!(
                exchange(name).challenge_hash(),
                exchange(b"User").challenge_hash()
            );
        }
        assert_eq!(without_domain(b""), b"");
        assert_eq!(without_domain(b"User@realm"), b"User@realm");
    }

    /// MD4 of 61 00 3D D8 00 DE, by another implementation.
    #[test]
    fn passwords_are_hashed_as_utf_16() {
        assert_eq!(
            nt_hash("a😀").as_bytes(),
            &bytes("D7A8818D09EEC184F85B7C9941485A12")
        );
    }
}
