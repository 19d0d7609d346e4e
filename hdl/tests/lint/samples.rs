//! Each rule catches what it is there for, and lets the way round it pass.

use crate::rules::{self, Finding};
use crate::source::lint;

/// A kernel with one line.
fn kernel(line: &str) -> String {
    format!("impl Logic for X {{\n#[hdl_gen]\nfn update(&mut self) {{\n{line}\n}}\n}}\n")
}

fn caught(line: &str, what: &'static str) {
    assert_eq!(lint(&kernel(line)), [Finding { line: 4, what }], "{line}");
}

fn passes(line: &str) {
    assert_eq!(lint(&kernel(line)), [], "{line}");
}

#[test]
fn comparison_beside_bitwise() {
    caught(
        "self.m.next = self.a.val() & self.b.val() == self.c.val();",
        rules::MIXED,
    );
    caught(
        "if self.c.val() != self.a.val() | self.b.val() { self.m.next = true; }",
        rules::MIXED,
    );
    passes("self.m.next = (self.a.val() & self.b.val()) == self.c.val();");
    passes("self.m.next = self.a.val() & (self.b.val() == self.c.val());");
    passes("self.m.next = self.a.val() == 1 && self.b.val() == 2;");
}

#[test]
fn cast_of_a_sum() {
    for sum in [
        "self.a.val() + self.b.val()",
        "self.a.val() - 1",
        "(self.a.val() << 1) & self.b.val()",
        "!self.a.val()",
    ] {
        caught(
            &format!("self.m.next = bit_cast::<9, 8>({sum});"),
            rules::CAST,
        );
        caught(
            &format!("self.m.next = bit_cast::<W, N>({sum});"),
            rules::CAST,
        );
    }
    passes("self.m.next = bit_cast::<9, 8>(self.a.val()) + bit_cast::<9, 8>(self.b.val());");
    passes("self.m.next = bit_cast::<9, 8>(self.a.val() ^ self.b.val());");
    passes("self.m.next = bit_cast::<4, 8>(self.a.val() - self.b.val());");
}

#[test]
fn sum_beside_a_literal() {
    caught(
        "self.m.next = (self.a.val() + self.b.val()) == 0;",
        rules::COMPARED,
    );
    caught(
        "self.m.next = self.a.val() + 1 == self.b.val();",
        rules::COMPARED,
    );
    caught("self.m.next = !self.a.val() == 0;", rules::COMPARED);
    caught(
        "self.m.next = self.c.val() > bit_cast::<8, 8>(self.a.val()) - 4;",
        rules::COMPARED,
    );
    passes("self.m.next = (self.a.val() + self.b.val()) == self.c.val();");
    passes("self.m.next = !self.a.val() & (self.b.val() == 0);");
    passes("self.m.next = (self.a.val() >> 3) == 5;");
    caught("self.m.next = (self.a.val() + 1) >> 1;", rules::SHIFTED);
    passes("self.m.next = (self.a.val() + self.b.val()) >> 1;");
    caught("self.m.next = (self.a.val() | 1).all();", rules::REDUCED);
    caught("self.m.next = (self.a.val() - 1).any();", rules::REDUCED);
    passes("self.m.next = (self.a.val() & self.b.val()).any();");
    caught(
        "self.m.next = self.a.val().get_bit(self.b.val() + 1);",
        rules::INDEXED,
    );
    caught(
        "self.m.next = self.a.val() >> (self.b.val() - 1);",
        rules::INDEXED,
    );
    passes("for k in 0..4 { self.m[k].next = self.a.val().get_bits::<8>(8 * k + 3); }");
}

#[test]
fn names_that_come_out_wrong() {
    caught("self.m.next = self.a.val() + N;", rules::GENERIC);
    caught("self.m.next = self.a.val() + Self::STEP;", rules::GENERIC);
    passes("for k in 0..N { self.m[k].next = bit_cast::<N, M>(self.a[k].val()); }");
    passes("self.m.next = Phase::Idle;");
    caught("self.m.next.p.d = self.a.val();", rules::NESTED);
    caught("self.m.next = self.a.val().p.d;", rules::NESTED);
    passes("self.m.next.d = self.a.val().d;");
    passes("self.m.d.next.field = self.a.val();");
    caught(
        "for k in 0..4 { self.m[0][k].next = self.a.val(); }",
        rules::TWICE,
    );
    caught("self.m.next = self.a[0].b[1].val();", rules::TWICE);
    caught(
        "self.m.next = self.a.val().set_bit(0, true);",
        rules::SET_BIT,
    );
}

#[test]
fn literals_and_patterns() {
    caught(
        "match self.a.val() { 0x0F => { self.m.next = true; } _ => {} }",
        rules::PATTERN,
    );
    caught(
        "match self.a.val() { 3u64 => { self.m.next = true; } _ => {} }",
        rules::PATTERN,
    );
    passes("match self.a.val() { Phase::Busy => { self.m.next = true; } _ => {} }");
    caught("self.m.next = self.a.val() ^ 0x8000_0000;", rules::LITERAL);
    passes("self.m.next = self.a.val() ^ 0x8000_0000u32;");
}

#[test]
fn arms() {
    for (arm, what) in [
        ("Phase::Idle if self.b.val()", rules::GUARD),
        ("IDLE", rules::PATTERN),
    ] {
        let line = format!("match self.a.val() {{ {arm} => {{ self.m.next = true; }} _ => {{}} }}");
        caught(&line, what);
    }
}

#[test]
fn order_of_assignments() {
    caught(
        "self.m.next = self.x.val(); self.x.next = self.a.val();",
        rules::STALE,
    );
    passes("self.x.next = self.a.val(); self.m.next = self.x.val();");
    passes("self.x.d.next = self.x.q.val(); self.m.next = self.x.q.val();");
}

#[test]
fn reserved_names() {
    let text = "#[derive(LogicBlock, Default)]\nstruct X {\n    pub input: Signal<In, Bit>,\n    pub clock: Signal<In, Clock>,\n}\n";
    assert_eq!(
        lint(text),
        [Finding {
            line: 3,
            what: rules::RESERVED_NAME
        }]
    );
}

#[test]
fn inside_macros() {
    let seq = "seq_macro::seq!(N in 0..8 {\nimpl Logic for X {\n#[hdl_gen]\nfn update(&mut self) {\n#(\n\
               self.m.next = self.m.val() | (bit_cast::<64, 8>(self.lane[N].val() + self.a~N.val()) << (N * 8));\n)*\n}\n}\n});";
    assert_eq!(
        lint(seq),
        [
            Finding {
                line: 6,
                what: rules::CAST
            },
            Finding {
                line: 6,
                what: rules::STALE
            },
        ]
    );
    let rules = "macro_rules! block {\n($name:ident, $width:expr, $($part:ident),*) => {\nimpl Logic for $name {\n#[hdl_gen]\n\
                 fn update(&mut self) {\n$(self.$part.d.next = self.a.val() & self.b.val() == self.c.val();)*\n\
                 self.w.next = bits::<$width>(1);\n}\n}\n};\n}";
    assert_eq!(
        lint(rules),
        [Finding {
            line: 6,
            what: rules::MIXED
        }]
    );
}

#[test]
fn what_does_not_parse() {
    let text = "macro_rules! odd {\n($op:tt) => {\nfn update(&mut self) {\nself.m.next = self.a.val() $op 1;\n\
                self.m.next = self.a.val() & self.b.val() == self.c.val();\nself.m.next = bit_cast::<9, 8>(self.a.val() + 1);\n\
                self.m.next = self.w[0][1].val();\nself.a.next = self.m.val().set_bit(1, true);\n\
                self.m.next = self.a.val() & (self.b.val() == 1) && x == y;\n}\n};\n}";
    let whats = lint(text)
        .into_iter()
        .map(|finding| (finding.line, finding.what))
        .collect::<Vec<_>>();
    assert_eq!(
        whats,
        [
            (5, rules::MIXED),
            (6, rules::CAST),
            (7, rules::TWICE),
            (8, rules::SET_BIT)
        ]
    );
}

#[test]
fn a_line_may_say_why_not() {
    passes("self.m.next = bit_cast::<W, N>(self.a.val() + 1); // lint: W is below N");
}
