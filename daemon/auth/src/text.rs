//! Names and messages: bounded, and safe to show.

/// The longest name or message, in bytes: what one RADIUS attribute holds (RFC 2865 section 5).
pub(crate) const MAX_LEN: usize = 253;

/// `text`, cut to [`MAX_LEN`] bytes at a character's end.
pub(crate) fn bounded(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_LEN)]
}

/// What a peer sent, for people and for look-ups: control characters, which could move an operator's cursor, and what
/// is not UTF-8 become U+FFFD.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let bytes = bytes.get(..MAX_LEN).unwrap_or(bytes);
    let text: String = String::from_utf8_lossy(bytes)
        .chars()
        .map(|c| {
            if c.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect();
    bounded(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn good_text_stays_as_it_is() {
        assert_eq!(shown("café@isp.example".as_bytes()), "café@isp.example");
    }

    #[test]
    fn an_escape_sequence_is_disarmed() {
        assert_eq!(shown(b"\x1B[2Jbob\xFF"), "\u{FFFD}[2Jbob\u{FFFD}");
    }

    proptest! {
        #[test]
        fn anything_becomes_short_and_printable(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let text = shown(&bytes);
            prop_assert!(text.len() <= MAX_LEN);
            prop_assert!(!text.contains(char::is_control));
        }

        #[test]
        fn cutting_keeps_the_beginning(text in "\\PC{0,300}") {
            let cut = bounded(&text);
            prop_assert!(text.starts_with(cut));
            prop_assert!(cut.len() == text.len() || cut.len() > MAX_LEN - 4);
        }
    }
}
