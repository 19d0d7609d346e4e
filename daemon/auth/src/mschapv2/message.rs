//! The messages of Success and Failure (RFC 2759 sections 5 and 6).

use crate::text;

/// "S=<auth_string> M=<message>".
pub(crate) fn success_message(authenticator_response: &[u8; 20], message: &str) -> String {
    let auth_string = hex::encode_upper(authenticator_response);
    format!("S={auth_string} M={message}")
}

/// The authenticator response in a Success; `None` if it has none. RADIUS's MS-CHAP2-Success has the same form behind
/// its first byte (RFC 2548 section 2.3.3).
pub fn parse_success(message: &[u8]) -> Option<[u8; 20]> {
    let auth_string = message.strip_prefix(b"S=")?.first_chunk::<40>()?;
    let mut response = [0; 20];
    hex::decode_to_slice(auth_string, &mut response).ok()?;
    Some(response)
}

/// "E=eeeeeeeeee R=r C=cccccccccccccccccccccccccccccccc V=vvvvvvvvvv M=<msg>": wrong name or password, no retry on
/// this link. `challenge` would serve for one; the format wants it.
pub(crate) fn failure_message(challenge: &[u8; 16], message: &str) -> String {
    let challenge = hex::encode_upper(challenge);
    format!("E=691 R=0 C={challenge} V=3 M={message}")
}

/// What a Failure says, for people.
pub(crate) fn explain_failure(message: &[u8]) -> String {
    let message = text::shown(message);
    let (fields, text) = match message.split_once("M=") {
        Some((fields, text)) => (fields, text.trim()),
        None => (message.as_str(), ""),
    };
    let code = fields
        .split(' ')
        .find_map(|field| field.strip_prefix("E=")?.parse().ok());
    match (text, code) {
        ("", None) => message,
        ("", Some(code)) => format!("{} (error {code})", meaning(code)),
        (text, None) => text.to_owned(),
        (text, Some(code)) => format!("{text} (error {code}: {})", meaning(code)),
    }
}

/// The codes of RFC 2759 section 6.
fn meaning(code: u32) -> &'static str {
    match code {
        646 => "not at this hour",
        647 => "the account is disabled",
        648 => "the password has expired; change it with the provider",
        649 => "no permission to dial in",
        691 => "wrong name or password",
        709 => "the password could not be changed",
        _ => "not one of RFC 2759's",
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_success_shows_its_proof() {
        let message = success_message(&[0xAB; 20], "hi");
        assert_eq!(message, format!("S={} M=hi", "AB".repeat(20)));
        assert_eq!(parse_success(message.as_bytes()), Some([0xAB; 20]));
        let bare = format!("S={}", "ab".repeat(20));
        assert_eq!(parse_success(bare.as_bytes()), Some([0xAB; 20]));
    }

    #[test]
    fn a_success_without_forty_digits_proves_nothing() {
        for message in ["", "S=", "M=hi", &"AB".repeat(20), "S=ABAB M=hi"] {
            assert_eq!(parse_success(message.as_bytes()), None);
        }
        let odd = format!("S={}G", "A".repeat(39));
        assert_eq!(parse_success(odd.as_bytes()), None);
    }

    #[test]
    fn a_failure_is_explained() {
        let message = failure_message(&[1; 16], "go away");
        assert_eq!(
            message,
            "E=691 R=0 C=01010101010101010101010101010101 V=3 M=go away"
        );
        assert_eq!(
            explain_failure(message.as_bytes()),
            "go away (error 691: wrong name or password)"
        );
        assert_eq!(
            explain_failure(b"E=648 R=0 V=3"),
            "the password has expired; change it with the provider (error 648)"
        );
        assert_eq!(explain_failure(b"go away"), "go away");
        assert_eq!(explain_failure(b"M=go away"), "go away");
        assert_eq!(explain_failure(b""), "");
    }

    proptest! {
        #[test]
        fn any_message_is_read(bytes in vec(any::<u8>(), 0..300)) {
            let _ = parse_success(&bytes);
            prop_assert!(explain_failure(&bytes).len() <= 400);
        }
    }
}
