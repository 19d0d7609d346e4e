//! One select where rust-hdl writes two.
//!
//! A bit of a record's field comes out as `x[(64'h20)+:(16)][3]`, which Verilator takes, but neither Yosys nor
//! Icarus. As the inner select only moves the outer one, `x[((64'h20) + (3))]` is the same.

/// Rewrites every select of a slice in `text`.
pub(super) fn flatten(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut line = line.to_owned();
        let mut from = 0;
        while let Some(at) = line[from..].find("][").map(|at| from + at) {
            match joined(&line, at) {
                Some((open, close, select)) => {
                    line.replace_range(open..close, &select);
                    from = open;
                }
                None => from = at + 1,
            }
        }
        out.push_str(&line);
    }
    out
}

/// Of the selects that meet at `at`: where the first begins, where the second ends, and what stands for both.
/// None where the first is no slice, such as a memory's word.
fn joined(line: &str, at: usize) -> Option<(usize, usize, String)> {
    let open = opening(&line[..at])?;
    let close = at + 1 + closing(&line[at + 1..])?;
    let (base, _) = slice(&line[open + 1..at])?;
    let inner = &line[at + 2..close];
    let (offset, width) = match slice(inner) {
        Some((offset, width)) => (offset, format!("+:({width})")),
        None => (inner, String::new()),
    };
    // A sum is as wide as its wider part. Literals have 32 bits or more.
    let wide = [base, offset].map(|part| {
        part.trim_start_matches('(')
            .starts_with(|c: char| c.is_ascii_digit())
    });
    let pad = if wide == [false; 2] { " + 32'h0" } else { "" };
    Some((
        open,
        close + 1,
        format!("[(({base}) + ({offset}){pad}){width}]"),
    ))
}

/// `(offset)+:(width)`, as rust-hdl writes it.
fn slice(inner: &str) -> Option<(&str, &str)> {
    let (offset, width) = inner.rsplit_once(")+:(")?;
    Some((offset.strip_prefix('(')?, width.strip_suffix(')')?))
}

/// Where the bracket that would be closed behind `text` was opened.
fn opening(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices().rev() {
        match c {
            ']' => depth += 1,
            '[' if depth == 0 => return Some(at),
            '[' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Where the bracket that opens `text` is closed.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '[' => depth += 1,
            ']' if depth == 1 => return Some(at),
            ']' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_become_one() {
        for (two, one) in [
            ("a = x[(64'h20)+:(16)][3];", "a = x[((64'h20) + (3))];"),
            (
                "x[(64'h8)+:(9)][(32'h1)+:(2)][y[1]] & z",
                "x[(((64'h8) + (32'h1)) + (y[1]))] & z",
            ),
            ("x[(i)+:(9)][(j)+:(2)]", "x[((i) + (j) + 32'h0)+:(2)]"),
            ("mem[a][3] = b[c[1]]", "mem[a][3] = b[c[1]]"),
        ] {
            assert_eq!(flatten(two), one);
        }
    }
}
