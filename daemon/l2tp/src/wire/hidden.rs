//! Hiding of AVP values (RFC 2661 section 4.3): a value travels as its length, itself and padding, under a stream made by
//! MD5 from the secret, the attribute type and a random vector.

use md5::{Digest, Md5};
use zeroize::Zeroizing;

use crate::config::Secret;

const BLOCK: usize = 16;
const LENGTH: usize = 2;

/// A hidden value does not hold what it says: its secret is another, or it was altered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a hidden AVP does not come out; the tunnel secrets differ")]
pub struct Unreadable;

/// `value` hidden, with as much of `padding` as fills the last block: its true length cannot be seen then.
pub fn hide(
    secret: &Secret,
    attribute: u16,
    vector: &[u8],
    value: &[u8],
    padding: &[u8; BLOCK],
) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    let mut text = Zeroizing::new(Vec::with_capacity(value.len() + LENGTH + BLOCK));
    text.extend(length.to_be_bytes());
    text.extend(value);
    let fill = text.len().next_multiple_of(BLOCK) - text.len();
    text.extend(&padding[..fill]);
    let mut hidden = Vec::with_capacity(text.len());
    let mut mask = first_mask(secret, attribute, vector);
    for block in text.chunks(BLOCK) {
        let start = hidden.len();
        hidden.extend(
            block
                .iter()
                .zip(mask.as_slice())
                .map(|(text, mask)| text ^ mask),
        );
        mask = next_mask(secret, &hidden[start..]);
    }
    hidden
}

/// The value in `hidden`.
///
/// # Errors
/// `Unreadable` where the length in it does not fit.
pub fn reveal(
    secret: &Secret,
    attribute: u16,
    vector: &[u8],
    hidden: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let mut text = Zeroizing::new(Vec::with_capacity(hidden.len()));
    let mut mask = first_mask(secret, attribute, vector);
    for block in hidden.chunks(BLOCK) {
        text.extend(
            block
                .iter()
                .zip(mask.as_slice())
                .map(|(hidden, mask)| hidden ^ mask),
        );
        mask = next_mask(secret, block);
    }
    let (length, value) = text.split_first_chunk::<LENGTH>().ok_or(Unreadable)?;
    let value = value
        .get(..u16::from_be_bytes(*length).into())
        .ok_or(Unreadable)?;
    Ok(Zeroizing::new(value.to_vec()))
}

type Mask = Zeroizing<[u8; BLOCK]>;

fn first_mask(secret: &Secret, attribute: u16, vector: &[u8]) -> Mask {
    let md5 = Md5::new()
        .chain_update(attribute.to_be_bytes())
        .chain_update(secret.bytes())
        .chain_update(vector);
    Zeroizing::new(md5.finalize().into())
}

fn next_mask(secret: &Secret, hidden: &[u8]) -> Mask {
    let md5 = Md5::new().chain_update(secret.bytes()).chain_update(hidden);
    Zeroizing::new(md5.finalize().into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Section 4.3 once more, by its own letters: p(i) is the plain text's block, c(i) = p(i) xor b(i), b(1) =
    /// MD5(AV + S + RV), b(i) = MD5(S + c(i-1)).
    fn by_the_letter(av: [u8; 2], s: &[u8], rv: &[u8], p: &[u8]) -> Vec<u8> {
        let md5 = |parts: &[&[u8]]| -> [u8; 16] { Md5::digest(parts.concat()).into() };
        let mut c: Vec<u8> = Vec::new();
        for i in 0..p.len() {
            let b = match i / 16 {
                0 => md5(&[&av, s, rv]),
                block => md5(&[s, &c[16 * (block - 1)..16 * block]]),
            };
            c.push(p[i] ^ b[i % 16]);
        }
        c
    }

    #[test]
    fn a_value_is_hidden_as_section_4_3_says() {
        let secret = Secret::new("sesame");
        let value = b"a host name longer than sixteen bytes";
        let hidden = hide(&secret, 7, b"random vector", value, &[0xAA; 16]);
        let mut plain = vec![0, value.len() as u8];
        plain.extend(value);
        plain.resize(48, 0xAA);
        assert_eq!(
            hidden,
            by_the_letter([0, 7], b"sesame", b"random vector", &plain)
        );
        assert_eq!(
            *reveal(&secret, 7, b"random vector", &hidden).unwrap(),
            value
        );
    }

    #[test]
    fn a_known_answer_comes_out() {
        // Computed by another program, in Python.
        let vector: [u8; 16] = std::array::from_fn(|at| at as u8);
        let hidden = hide(
            &Secret::new("sesame"),
            7,
            &vector,
            b"lns.example.net",
            &[0xAA; 16],
        );
        assert_eq!(
            hex::encode(hidden),
            "7438920fbec0738adbb9174112406974bfae409ce1ade1bca70fbad2dfdd7198"
        );
    }

    #[test]
    fn another_secret_does_not_reveal_it() {
        let hidden = hide(&Secret::new("sesame"), 7, b"vector", b"value", &[0; 16]);
        let revealed = reveal(&Secret::new("Sesame"), 7, b"vector", &hidden);
        assert!(revealed.is_err() || *revealed.unwrap() != b"value");
        assert_eq!(
            reveal(&Secret::new("sesame"), 7, b"vector", &[1]),
            Err(Unreadable)
        );
    }

    proptest! {
        #[test]
        fn what_is_hidden_is_revealed(
            value in prop::collection::vec(any::<u8>(), 0..80),
            vector in prop::collection::vec(any::<u8>(), 0..20),
            attribute: u16,
        ) {
            let secret = Secret::new("s");
            let hidden = hide(&secret, attribute, &vector, &value, &[7; 16]);
            prop_assert_eq!(hidden.len() % 16, 0);
            prop_assert_eq!(&*reveal(&secret, attribute, &vector, &hidden).unwrap(), &value);
        }

        #[test]
        fn any_bytes_are_revealed_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = reveal(&Secret::new("s"), 7, &[], &bytes);
        }
    }
}
