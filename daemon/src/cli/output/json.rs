//! JSON for other programs, and for eyes.

use fogline::control::is_printable;
use serde::Serialize;

/// A value over several lines.
pub fn object(value: &impl Serialize) -> serde_json::Result<String> {
    let mut text = harmless(&serde_json::to_string_pretty(value)?);
    text.push('\n');
    Ok(text)
}

/// A value on one line.
pub fn array_item(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(harmless(&serde_json::to_string(value)?))
}

/// serde_json escapes only what JSON asks for (below U+0020); a terminal obeys others, too. All
/// of them are in the basic plane, and in strings.
fn harmless(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii_control() && c != '\x7f' || is_printable(c) {
            text.push(c);
        } else {
            text.push_str(&format!("\\u{:04x}", u32::from(c)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_harmless_and_means_the_same() {
        let name = "a\x1b[31m\x7f\u{9b}31m\u{202e}\n\"ü";
        let json = array_item(&name).unwrap();
        assert!(json.chars().all(is_printable), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), name);
        assert_eq!(object(&[1]).unwrap(), "[\n  1\n]\n");
    }
}
