//! Verilog text as words and what stands between them.

/// A piece of Verilog text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// An identifier or keyword.
    Word(&'a str),
    /// White space.
    Space(&'a str),
    /// A comment, to its line's end or to `*/`.
    Comment(&'a str),
    /// Anything else: a number, a string, a system task, a directive, or one mark.
    Other(&'a str),
}

impl<'a> Token<'a> {
    /// The text itself.
    pub(super) fn text(self) -> &'a str {
        match self {
            Self::Word(text) | Self::Space(text) | Self::Comment(text) | Self::Other(text) => text,
        }
    }

    /// Neither white space nor a comment.
    pub(super) fn matters(self) -> bool {
        matches!(self, Self::Word(_) | Self::Other(_))
    }
}

/// Cuts Verilog into tokens, which joined give the text again.
pub(super) fn tokens<'a>(text: &'a str) -> Vec<Token<'a>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, kind): (usize, fn(&'a str) -> Token<'a>) = if first.is_ascii_whitespace() {
            (run(rest, |c| c.is_ascii_whitespace()), Token::Space)
        } else if rest.starts_with("//") {
            (run(rest, |c| c != '\n'), Token::Comment)
        } else if rest.starts_with("/*") {
            (
                rest.find("*/").map_or(rest.len(), |at| at + 2),
                Token::Comment,
            )
        } else if first.is_ascii_alphabetic() || first == '_' {
            (run(rest, in_word), Token::Word)
        } else if first == '"' {
            (string(rest), Token::Other)
        } else if first == '\\' {
            (run(rest, |c| !c.is_ascii_whitespace()), Token::Other)
        } else if first.is_ascii_digit() || matches!(first, '\'' | '$' | '`') {
            (1 + run(&rest[1..], in_number), Token::Other)
        } else {
            (first.len_utf8(), Token::Other)
        };
        let (token, behind) = rest.split_at(length);
        found.push(kind(token));
        rest = behind;
    }
    found
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$'
}

/// `32'hff`, `$signed` and `` `timescale `` are one token each, so that what stands in them is no word.
fn in_number(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '\''
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn string(text: &str) -> usize {
    let mut escaped = true;
    for (at, c) in text.char_indices() {
        if c == '"' && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_they_are_the_text() {
        let text = "module a$b(x); // c\n  assign x = 8'hab & $signed(y) /* z */ + \"q \\\" r\"; endmodule\n";
        let found = tokens(text);
        assert_eq!(found.iter().map(|t| t.text()).collect::<String>(), text);
        let words = found
            .iter()
            .filter_map(|t| match t {
                Token::Word(word) => Some(*word),
                _ => None,
            })
            .collect::<Vec<_>>();
        assert_eq!(
            words,
            ["module", "a$b", "x", "assign", "x", "y", "endmodule"]
        );
    }
}
