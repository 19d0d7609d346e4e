//! What modules and signals are called.

use std::collections::{BTreeMap, BTreeSet};

use super::tokens::Token;

/// Words that Verilog or SystemVerilog keep for themselves and that pass as names in Rust: no port, signal or
/// module may be called so, whatever the tool that reads it.
pub const RESERVED: &[&str] = &[
    "accept_on",
    "alias",
    "always",
    "and",
    "assert",
    "assign",
    "assume",
    "automatic",
    "before",
    "begin",
    "bind",
    "bins",
    "bit",
    "buf",
    "byte",
    "case",
    "cell",
    "chandle",
    "checker",
    "class",
    "clocking",
    "config",
    "constraint",
    "context",
    "cover",
    "cross",
    "deassign",
    "default",
    "defparam",
    "design",
    "disable",
    "dist",
    "edge",
    "end",
    "endcase",
    "endmodule",
    "event",
    "eventually",
    "expect",
    "export",
    "extends",
    "final",
    "force",
    "forever",
    "fork",
    "forkjoin",
    "function",
    "generate",
    "genvar",
    "global",
    "iff",
    "ifnone",
    "implies",
    "import",
    "incdir",
    "include",
    "initial",
    "inout",
    "input",
    "inside",
    "instance",
    "int",
    "integer",
    "interconnect",
    "interface",
    "intersect",
    "join",
    "large",
    "let",
    "liblist",
    "library",
    "local",
    "localparam",
    "logic",
    "longint",
    "macromodule",
    "matches",
    "medium",
    "modport",
    "module",
    "nand",
    "negedge",
    "nettype",
    "new",
    "nexttime",
    "nor",
    "not",
    "null",
    "or",
    "output",
    "package",
    "packed",
    "parameter",
    "posedge",
    "primitive",
    "priority",
    "program",
    "property",
    "protected",
    "pull0",
    "pull1",
    "pure",
    "rand",
    "real",
    "realtime",
    "reg",
    "release",
    "repeat",
    "restrict",
    "scalared",
    "sequence",
    "shortint",
    "shortreal",
    "signed",
    "small",
    "soft",
    "solve",
    "specify",
    "specparam",
    "string",
    "strong",
    "strong0",
    "strong1",
    "super",
    "supply0",
    "supply1",
    "table",
    "tagged",
    "task",
    "this",
    "throughout",
    "time",
    "timeprecision",
    "timeunit",
    "tran",
    "tri",
    "tri0",
    "tri1",
    "triand",
    "trior",
    "trireg",
    "typedef",
    "unique",
    "unique0",
    "unsigned",
    "until",
    "untyped",
    "use",
    "uwire",
    "var",
    "vectored",
    "virtual",
    "void",
    "wait",
    "wand",
    "weak",
    "weak0",
    "weak1",
    "wildcard",
    "wire",
    "with",
    "within",
    "wor",
    "xnor",
    "xor",
];

/// The name of the module at `path`, not yet told from others: what it stores and how wide for registers and
/// memories, else the last part of its path that is no index, behind the design's name.
pub(super) fn base_name(path: &str, tokens: &[Token<'_>], design: &str) -> String {
    if path == "top" {
        return design.to_owned();
    }
    if !in_design(path) {
        return path.to_owned();
    }
    let part = storage(tokens).unwrap_or_else(|| {
        let last = path
            .rsplit('$')
            .find(|part| part.starts_with(|c: char| !c.is_ascii_digit()))
            .unwrap_or("part");
        snake(last)
    });
    format!("{design}_{part}")
}

/// It is a module of rust-hdl's making, and no foreign core.
pub(super) fn in_design(path: &str) -> bool {
    path == "top" || path.starts_with("top$")
}

/// `dff_8` or `ram_256x8`, where it is one.
fn storage(tokens: &[Token<'_>]) -> Option<String> {
    let text = tokens
        .iter()
        .filter(|token| token.matters())
        .map(|token| token.text())
        .collect::<Vec<_>>()
        .join(" ");
    let width = |declaration: &str| {
        let behind = &text[text.find(declaration)? + declaration.len()..];
        let bound = behind
            .strip_prefix(" [ ")
            .and_then(|behind| behind.split(' ').next())
            .map_or(Some(0), |bound| bound.parse::<usize>().ok())?;
        Some(bound + 1)
    };
    if text.ends_with("always @ ( posedge clock ) begin q < = d ; end endmodule") {
        return Some(format!("dff_{}", width("output reg")?));
    }
    if text.contains("read_data < = mem [ read_address ] ;") {
        let width = width(" ; reg")?;
        let behind = &text[text.find("] mem [ ")? + "] mem [ ".len()..];
        let last = behind.split(' ').next()?.parse::<usize>().ok()?;
        return Some(format!("ram_{}x{width}", last + 1));
    }
    None
}

/// Lower case, words apart.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        out.push(if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '_'
        });
    }
    out.trim_matches('_').to_owned()
}

/// New names for identifiers with `$`, the same one everywhere, so that ports and what is tied to them agree.
pub(super) struct Names<'a>(BTreeMap<&'a str, String>);

impl<'a> Names<'a> {
    pub(super) fn new(words: &BTreeSet<&'a str>, modules: &[String]) -> Self {
        let mut taken = words
            .iter()
            .map(|&word| word.to_owned())
            .chain(modules.iter().cloned())
            .chain(RESERVED.iter().map(|&word| word.to_owned()))
            .collect::<BTreeSet<_>>();
        let mut names = BTreeMap::new();
        for &word in words {
            if !word.contains('$') {
                continue;
            }
            let mut gap = "_".to_owned();
            let mut name = word.replace('$', &gap);
            while !taken.insert(name.clone()) {
                gap.push('_');
                name = word.replace('$', &gap);
            }
            names.insert(word, name);
        }
        Self(names)
    }

    pub(super) fn of<'b>(&'b self, word: &'b str) -> &'b str {
        self.0.get(word).map_or(word, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_never_meet() {
        let words = BTreeSet::from(["a$b", "a_b", "a$b$c", "always$comb", "b"]);
        let names = Names::new(&words, &["a_b_c".to_owned()]);
        assert_eq!(names.of("a$b"), "a__b");
        assert_eq!(names.of("a$b$c"), "a__b__c");
        assert_eq!(names.of("b"), "b");
    }

    #[test]
    fn case_becomes_snake() {
        assert_eq!(snake("DoubleRound"), "double_round");
        assert_eq!(snake("odata"), "odata");
    }
}
