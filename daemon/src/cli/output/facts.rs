//! Facts: a name and what is to be said of it, one below the other.

use fogline::control::printable;
use unicode_width::UnicodeWidthStr;

use super::{Style, Tone};

/// Columns of text at least, however narrow the terminal.
const NARROWEST: usize = 20;

/// A list of facts.
#[derive(Debug, Default)]
pub struct Facts {
    facts: Vec<(&'static str, String, Tone)>,
}

impl Facts {
    /// Adds a fact. Under a name that is empty, it belongs to the one before.
    pub fn add(&mut self, name: &'static str, text: impl AsRef<str>) {
        self.toned(name, text, Tone::Plain);
    }

    /// Adds a fact to be looked at.
    pub fn toned(&mut self, name: &'static str, text: impl AsRef<str>, tone: Tone) {
        let text = printable(text.as_ref()).into_owned();
        self.facts.push((name, text, tone));
    }

    /// The facts as text; lines that are too long are broken between words.
    pub fn render(&self, style: &Style) -> String {
        let names = self.facts.iter().map(|(name, ..)| name.len());
        let margin = names.max().unwrap_or(0) + 2;
        let room = style.width.map(|w| w.saturating_sub(margin).max(NARROWEST));
        let mut text = String::new();
        for (name, fact, tone) in &self.facts {
            let padded = format!("{name:<margin$}");
            let mut before = Tone::Title.paint(&padded, style.color);
            for line in lines(fact, room.unwrap_or(usize::MAX)) {
                text.push_str(&before);
                text.push_str(&tone.paint(&line, style.color));
                text.push('\n');
                before = " ".repeat(margin);
            }
        }
        text
    }
}

/// `text` in lines of at most `room` columns, unless a word is longer.
fn lines(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.width().saturating_add(word.width()) < room {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.into());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_aligned_and_long_ones_broken_between_words() {
        let mut facts = Facts::default();
        facts.add("user", "alice\x1b[2J");
        facts.add("why", "the peer does not answer ECP");
        let style = Style {
            width: Some(26),
            color: false,
        };
        let expected = "user  alice\\u{1b}[2J\nwhy   the peer does not\n      answer ECP\n";
        assert_eq!(facts.render(&style), expected);
    }
}
