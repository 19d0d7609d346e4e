//! What rust-hdl 0.46 takes and translates into something else.
//!
//! Verilog computes an expression as wide as its widest part, and a bare literal has 32 bits; Rust wraps at each
//! operator. Where a sum, a difference, a shift to the left or a complement meets something wider, they part.

use std::collections::BTreeSet;

use fogline_hdl::emit::RESERVED;
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, Lit, UnOp};

/// Something that is not what it looks like.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Where, from 1 on.
    pub line: usize,
    /// What, and what to write instead.
    pub what: &'static str,
}

pub const MIXED: &str = "a comparison beside &, | or ^: parentheses are dropped and Verilog compares first; put them in";
pub const CAST: &str = "a sum, difference, left shift or complement is cast wider: the carry survives; cast the operands";
pub const COMPARED: &str = "a sum, difference, left shift or complement is compared beside a literal, which has \
                            32 bits: assign it to a Local first";
pub const SHIFTED: &str =
    "a sum beside a literal is shifted right: its carry comes back in; assign it to a Local first";
pub const REDUCED: &str = "all, any or xor of an expression with a literal, which has 32 bits: assign it to a Local first";
pub const INDEXED: &str = "a computed index or shift amount with a literal, which does not wrap: assign it to a Local first";
pub const GENERIC: &str =
    "a const or const generic as a value is written as its bare name: use a Constant field";
pub const NESTED: &str =
    "a field of a field of a record: the name comes out wrong; take it by way of a Local";
pub const TWICE: &str = "two indices in one name: the second stays as it is; use a flat array";
pub const SET_BIT: &str = "set_bit comes out as nothing that was tried: use replace_bit";
pub const PATTERN: &str =
    "a pattern that is no plain decimal is written as Rust has it: use if and else";
pub const GUARD: &str = "an arm's guard is left out: put an if into the arm";
pub const LITERAL: &str = "a literal of 2^31 or more without suffix: write u32 or u64 behind it";
pub const RESERVED_NAME: &str = "Verilog or SystemVerilog keep this name for themselves";
pub const STALE: &str = "read before it is assigned: Verilog's block runs once, from top to bottom";

/// The names of a block's ports, signals and parts.
pub fn names(item: &syn::ItemStruct, findings: &mut Vec<Finding>) {
    for field in &item.fields {
        if let Some(name) = &field.ident
            && RESERVED.contains(&name.to_string().trim_start_matches("r#"))
        {
            found(findings, name.span(), RESERVED_NAME);
        }
    }
}

/// A kernel's statements.
pub fn kernel(block: &syn::Block, findings: &mut Vec<Finding>) {
    let mut assigned = Assigned::default();
    assigned.visit_block(block);
    Kernel {
        findings,
        variables: Vec::new(),
        assigned: assigned.0,
        done: BTreeSet::new(),
    }
    .visit_block(block);
}

/// What no parser takes, such as an unusual macro: looked at token by token, which finds the plain cases.
pub fn tokens(stream: TokenStream, findings: &mut Vec<Finding>) {
    let tokens = stream.into_iter().collect::<Vec<_>>();
    let mark = |at: usize| match tokens.get(at) {
        Some(TokenTree::Punct(punct)) => Some(punct.as_char()),
        _ => None,
    };
    let (mut compares, mut mixes, mut at_span) = (false, false, Span::call_site());
    let mut cast = false;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(ident) => {
                if ident == "set_bit" {
                    found(findings, ident.span(), SET_BIT);
                }
                cast |= ident == "bit_cast";
            }
            TokenTree::Punct(punct) => match punct.as_char() {
                ';' => (compares, mixes, cast) = (false, false, false),
                ',' => (compares, mixes) = (false, false),
                '=' if mark(at + 1) == Some('=') && mark(at.wrapping_sub(1)) != Some('=') => {
                    (compares, at_span) = (true, punct.span());
                }
                '!' if mark(at + 1) == Some('=') => (compares, at_span) = (true, punct.span()),
                '&' | '|' | '^' if mark(at + 1) != Some(punct.as_char()) => {
                    if mark(at.wrapping_sub(1)) == Some(punct.as_char()) {
                        (compares, mixes) = (false, false);
                    } else {
                        mixes |=
                            !matches!(tokens.get(at + 1), Some(TokenTree::Ident(i)) if i == "mut");
                    }
                }
                _ => {}
            },
            TokenTree::Group(group) => {
                let sums = group.stream().into_iter().any(
                    |token| matches!(&token, TokenTree::Punct(p) if "+-!".contains(p.as_char())),
                );
                if cast && group.delimiter() == Delimiter::Parenthesis {
                    if sums {
                        found(findings, group.span_open(), CAST);
                    }
                    cast = false;
                }
                let before = at.checked_sub(1).map(|before| &tokens[before]);
                if group.delimiter() == Delimiter::Bracket
                    && matches!(before, Some(TokenTree::Group(g)) if g.delimiter() == Delimiter::Bracket)
                {
                    found(findings, group.span_open(), TWICE);
                }
                if group.delimiter() == Delimiter::Brace {
                    (compares, mixes) = (false, false);
                }
                self::tokens(group.stream(), findings);
            }
            TokenTree::Literal(_) => {}
        }
        if compares && mixes {
            found(findings, at_span, MIXED);
            (compares, mixes) = (false, false);
        }
    }
}

fn found(findings: &mut Vec<Finding>, span: Span, what: &'static str) {
    findings.push(Finding {
        line: span.start().line,
        what,
    });
}

/// The signals that a kernel assigns.
#[derive(Default)]
struct Assigned(BTreeSet<String>);

impl<'ast> Visit<'ast> for Assigned {
    fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
        self.0.extend(target(&assign.left));
    }
}

/// `x` of `self.x.next`, `self.x[2].next` and `self.x.next.field`.
fn target(left: &Expr) -> Option<String> {
    let Expr::Field(field) = left else {
        return None;
    };
    match &field.member {
        syn::Member::Named(name) if name == "next" => signal(&field.base),
        _ => target(&field.base),
    }
}

/// `x` of `self.x` and `self.x[2]`.
fn signal(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Index(index) => signal(&index.expr),
        Expr::Field(field) => match (&*field.base, &field.member) {
            (Expr::Path(path), syn::Member::Named(name)) if path.path.is_ident("self") => {
                Some(name.to_string())
            }
            _ => None,
        },
        _ => None,
    }
}

struct Kernel<'a> {
    findings: &'a mut Vec<Finding>,
    /// Of the loops that are open.
    variables: Vec<String>,
    assigned: BTreeSet<String>,
    /// Assigned above.
    done: BTreeSet<String>,
}

impl Kernel<'_> {
    fn found(&mut self, spanned: &impl Spanned, what: &'static str) {
        found(self.findings, spanned.span(), what);
    }

    /// An index, an offset or a shift amount.
    fn amount(&mut self, amount: &Expr) {
        if grows(amount) && has_literal(amount) && reads(amount) {
            self.found(amount, INDEXED);
        }
    }
}

impl<'ast> Visit<'ast> for Kernel<'_> {
    fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
        self.visit_expr(&assign.right);
        let mut fields = 0;
        let mut left = &*assign.left;
        while let Expr::Field(field) = left {
            match &field.member {
                syn::Member::Named(name) if name == "next" => break,
                _ => fields += 1,
            }
            left = &field.base;
        }
        if fields > 1 {
            self.found(assign, NESTED);
        }
        self.visit_expr(&assign.left);
        self.done.extend(target(&assign.left));
    }

    fn visit_expr_for_loop(&mut self, each: &'ast syn::ExprForLoop) {
        // The bounds are Rust's.
        if let syn::Pat::Ident(name) = &*each.pat {
            self.variables.push(name.ident.to_string());
        }
        self.visit_block(&each.body);
        self.variables.pop();
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        let (left, right) = (&*binary.left, &*binary.right);
        if compares(&binary.op) {
            if bitwise(left) || bitwise(right) {
                self.found(binary, MIXED);
            }
            if (grows(left) || grows(right)) && (has_literal(left) || has_literal(right)) {
                self.found(binary, COMPARED);
            }
        }
        if let BinOp::Shr(_) | BinOp::Shl(_) = binary.op {
            self.amount(right);
        }
        if matches!(binary.op, BinOp::Shr(_)) && grows(left) && has_literal(left) {
            self.found(binary, SHIFTED);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if cast(call) && call.args.iter().any(grows) && !narrows(call) {
            self.found(call, CAST);
        }
        for argument in &call.args {
            self.visit_expr(argument);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let receiver = &*call.receiver;
        match call.method.to_string().as_str() {
            "set_bit" | "set_bits" => self.found(call, SET_BIT),
            "any" | "xor" if grows(receiver) && has_literal(receiver) => {
                self.found(call, REDUCED);
            }
            "all" if has_literal(receiver) => self.found(call, REDUCED),
            "get_bit" | "get_bits" | "replace_bit" => {
                if let Some(index) = call.args.first() {
                    self.amount(index);
                }
            }
            "val" => {
                if let Some(name) = signal(receiver)
                    && self.assigned.contains(&name)
                    && !self.done.contains(&name)
                {
                    self.found(call, STALE);
                }
            }
            _ => {}
        }
        self.visit_expr(receiver);
        for argument in &call.args {
            self.visit_expr(argument);
        }
    }

    fn visit_expr_field(&mut self, field: &'ast syn::ExprField) {
        if let Expr::Field(inner) = &*field.base
            && let Expr::MethodCall(call) = &*inner.base
            && call.method == "val"
        {
            self.found(field, NESTED);
        }
        visit::visit_expr_field(self, field);
    }

    fn visit_expr_index(&mut self, index: &'ast syn::ExprIndex) {
        let mut base = &*index.expr;
        loop {
            base = match base {
                Expr::Field(field) => &field.base,
                Expr::Index(_) => {
                    self.found(index, TWICE);
                    break;
                }
                _ => break,
            };
        }
        visit::visit_expr_index(self, index);
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        let first = path
            .path
            .segments
            .first()
            .map(|segment| segment.ident.to_string())
            .unwrap_or_default();
        let alone = path.path.segments.len() == 1;
        let known =
            first == "self" || first.starts_with("macro_") || self.variables.contains(&first);
        if (alone && !known) || first == "Self" {
            self.found(path, GENERIC);
        }
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if arm.guard.is_some() {
            self.found(arm, GUARD);
        }
        if let syn::Pat::Ident(_) = &arm.pat {
            self.found(arm, PATTERN);
        }
        if let syn::Pat::Lit(literal) = &arm.pat
            && let Lit::Int(int) = &literal.lit
            && !int.token().to_string().bytes().all(|c| c.is_ascii_digit())
        {
            self.found(int, PATTERN);
        }
        self.visit_expr(&arm.body);
    }

    fn visit_lit_int(&mut self, int: &'ast syn::LitInt) {
        let large = int
            .base10_parse::<u128>()
            .is_ok_and(|value| value >= 1 << 31);
        if int.suffix().is_empty() && large {
            self.found(int, LITERAL);
        }
    }

    fn visit_macro(&mut self, _: &'ast syn::Macro) {
        // `dff_setup!` and comments.
    }
}

fn compares(op: &BinOp) -> bool {
    matches!(
        op,
        BinOp::Eq(_) | BinOp::Ne(_) | BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_)
    )
}

fn bitwise(expression: &Expr) -> bool {
    matches!(
        expression,
        Expr::Binary(binary)
            if matches!(binary.op, BinOp::BitAnd(_) | BinOp::BitOr(_) | BinOp::BitXor(_))
    )
}

/// Verilog could compute it wider than Rust does, and see the difference.
fn grows(expression: &Expr) -> bool {
    match expression {
        Expr::Paren(paren) => grows(&paren.expr),
        Expr::Group(group) => grows(&group.expr),
        Expr::Unary(unary) => matches!(unary.op, UnOp::Not(_) | UnOp::Neg(_)),
        Expr::Binary(binary) => match binary.op {
            BinOp::Add(_) | BinOp::Sub(_) | BinOp::Mul(_) | BinOp::Shl(_) => true,
            BinOp::Shr(_) => grows(&binary.left),
            BinOp::BitAnd(_) | BinOp::BitOr(_) | BinOp::BitXor(_) => {
                grows(&binary.left) || grows(&binary.right)
            }
            _ => false,
        },
        Expr::MethodCall(call) => {
            matches!(
                call.method.to_string().as_str(),
                "into" | "to_bits" | "index"
            ) && grows(&call.receiver)
        }
        _ => false,
    }
}

/// A whole number takes part, at its 32 bits and more. One that counts a shift does not.
fn has_literal(expression: &Expr) -> bool {
    match expression {
        Expr::Lit(literal) => matches!(literal.lit, Lit::Int(_)),
        Expr::Paren(paren) => has_literal(&paren.expr),
        Expr::Group(group) => has_literal(&group.expr),
        Expr::Unary(unary) => has_literal(&unary.expr),
        Expr::Binary(binary) => match binary.op {
            BinOp::Shl(_) | BinOp::Shr(_) => has_literal(&binary.left),
            ref op if compares(op) => false,
            _ => has_literal(&binary.left) || has_literal(&binary.right),
        },
        Expr::MethodCall(call) if call.method == "into" => has_literal(&call.receiver),
        _ => false,
    }
}

/// A signal takes part.
fn reads(expression: &Expr) -> bool {
    struct Reads(bool);
    impl<'ast> Visit<'ast> for Reads {
        fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
            self.0 |= path.path.is_ident("self");
        }
    }
    let mut reads = Reads(false);
    reads.visit_expr(expression);
    reads.0
}

fn function(call: &syn::ExprCall) -> Option<&syn::PathSegment> {
    match &*call.func {
        Expr::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

fn cast(call: &syn::ExprCall) -> bool {
    function(call).is_some_and(|function| function.ident == "bit_cast" || function.ident == "bits")
}

/// `bit_cast::<4, 8>`: what is cut off may well be wrong.
fn narrows(call: &syn::ExprCall) -> bool {
    let Some(syn::PathArguments::AngleBracketed(arguments)) =
        function(call).map(|function| &function.arguments)
    else {
        return false;
    };
    let widths = arguments
        .args
        .iter()
        .map(|argument| match argument {
            syn::GenericArgument::Const(Expr::Lit(literal)) => match &literal.lit {
                Lit::Int(int) => int.base10_parse::<usize>().ok(),
                _ => None,
            },
            _ => None,
        })
        .collect::<Vec<_>>();
    matches!(widths[..], [Some(to), Some(from)] if to <= from)
}
