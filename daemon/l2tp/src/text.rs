//! Text from peers, made safe to show.

/// Characters of a text that are kept.
const MOST: usize = 255;

/// `bytes` as text: at most 255 characters, no control characters, invalid UTF-8 replaced.
pub(crate) fn printable(bytes: &[u8]) -> String {
    // Four bytes are the most that a character takes; what lies beyond need not be looked at.
    let bytes = bytes.get(..4 * MOST).unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let shown = |c: char| if c.is_control() { '?' } else { c };
    text.chars().take(MOST).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_bounded_and_has_no_control_characters() {
        assert_eq!(printable(b"lac-1\0\x07"), "lac-1??");
        assert_eq!(printable(b"\xFFx"), "\u{FFFD}x");
        assert_eq!(printable(&[b'a'; 60_000]).len(), 255);
        assert_eq!(
            printable("\u{1F600}".repeat(300).as_bytes())
                .chars()
                .count(),
            255
        );
    }
}
