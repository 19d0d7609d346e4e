//! Tunnel authentication (RFC 2661 section 5.1.1): CHAP with MD5, the message type in place of the identifier.

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

use crate::config::Secret;
use crate::wire::message::kind;

/// The message that carries an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// The answer to SCCRQ's Challenge.
    Sccrp,
    /// The answer to SCCRP's.
    Scccn,
}

/// The answer to a challenge.
pub(crate) fn response(carrier: Carrier, secret: &Secret, challenge: &[u8]) -> [u8; 16] {
    let identifier = match carrier {
        Carrier::Sccrp => kind::SCCRP,
        Carrier::Scccn => kind::SCCCN,
    };
    Md5::new()
        .chain_update([identifier as u8])
        .chain_update(secret.bytes())
        .chain_update(challenge)
        .finalize()
        .into()
}

/// Whether an answer is the right one.
pub(crate) fn is_right(
    carrier: Carrier,
    secret: &Secret,
    challenge: &[u8],
    answer: &[u8; 16],
) -> bool {
    response(carrier, secret, challenge).ct_eq(answer).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_answer_comes_out() {
        // Computed by another program, in Python.
        let challenge = hex::decode("675e0bb980a575a89661fec08aa83b63").unwrap();
        let answer = response(Carrier::Sccrp, &Secret::new("sesame"), &challenge);
        assert_eq!(hex::encode(answer), "2fb951167203369275d95a638a4e1983");
    }

    #[test]
    fn the_answer_is_md5_of_message_type_secret_and_challenge() {
        let secret = Secret::new("sesame");
        let expected: [u8; 16] = Md5::digest(b"\x02sesamechallenge").into();
        let answer = response(Carrier::Sccrp, &secret, b"challenge");
        assert_eq!(answer, expected);
        assert!(is_right(Carrier::Sccrp, &secret, b"challenge", &answer));
        assert!(!is_right(Carrier::Scccn, &secret, b"challenge", &answer));
        assert!(!is_right(
            Carrier::Sccrp,
            &Secret::new("open"),
            b"challenge",
            &answer
        ));
    }
}
