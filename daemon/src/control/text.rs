//! Text that somebody else chose, made fit for an operator's terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// `text` with whatever could move a cursor, change colours or turn the writing around replaced
/// by its escape (`\u{1b}`). Users, host names, telephone numbers and messages come from peers.
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_printable) {
        return Cow::Borrowed(text);
    }
    let mut fit = String::with_capacity(text.len());
    for c in text.chars() {
        if is_printable(c) {
            fit.push(c);
        } else {
            // Writing to a string does not fail.
            let _ = write!(fit, "{}", c.escape_unicode());
        }
    }
    Cow::Owned(fit)
}

/// Whether `c` may go to a terminal. Control characters, line and paragraph separators, and the
/// invisible characters that reorder or hide others (Unicode's Bidi_Control, and zero widths) may
/// not.
pub fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(
            c,
            '\u{061C}'
                | '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{2069}'
                | '\u{FEFF}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_stay_as_they_are() {
        assert!(matches!(
            printable("jürgen@example.net 李"),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn what_would_drive_a_terminal_is_shown_instead() {
        assert_eq!(printable("\x1b[2Jroot"), "\\u{1b}[2Jroot");
        assert_eq!(printable("a\r\nb\u{9b}31m"), "a\\u{d}\\u{a}b\\u{9b}31m");
        assert_eq!(printable("user\u{202e}drow"), "user\\u{202e}drow");
    }

    proptest! {
        #[test]
        fn nothing_unfit_is_left(text: String) {
            prop_assert!(printable(&text).chars().all(is_printable));
        }
    }
}
