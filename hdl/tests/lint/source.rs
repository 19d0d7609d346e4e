//! Finds kernels in Rust source, in what macros write too.

use proc_macro2::{Delimiter, Group, Ident, Literal, Span, TokenStream, TokenTree};
use syn::visit::Visit;

use crate::rules::{self, Finding};

/// Lints one file's text.
pub fn lint(text: &str) -> Vec<Finding> {
    let file = syn::parse_file(text).expect("it compiles, so it parses");
    let mut search = Search::default();
    search.visit_file(&file);
    let lines = text.lines().collect::<Vec<_>>();
    // A finding that is no danger says so where it stands.
    search
        .findings
        .retain(|finding| !lines[finding.line - 1].contains("// lint: "));
    search.findings.sort();
    search.findings.dedup();
    search.findings
}

#[derive(Default)]
struct Search {
    findings: Vec<Finding>,
}

impl<'ast> Visit<'ast> for Search {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        if derives_logic(&item.attrs) {
            rules::names(item, &mut self.findings);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if item.attrs.iter().any(|a| a.path().is_ident("hdl_gen")) {
            rules::kernel(&item.block, &mut self.findings);
        }
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        let name = item
            .path
            .segments
            .last()
            .map(|segment| segment.ident.to_string());
        let bodies = match name.as_deref() {
            Some("seq") => vec![unrolled(item.tokens.clone())],
            Some("macro_rules") => expansions(item.tokens.clone()),
            _ => Vec::new(),
        };
        for body in bodies {
            match syn::parse2::<syn::File>(body.clone()) {
                Ok(file) => self.visit_file(&file),
                Err(_) => rules::tokens(body, &mut self.findings),
            }
        }
    }
}

fn derives_logic(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => {
            let list = list.tokens.to_string();
            list.contains("LogicBlock") || list.contains("LogicInterface")
        }
        _ => false,
    })
}

/// `seq!(N in 0..8 { .. })` once, with a literal in the variable's place.
fn unrolled(tokens: TokenStream) -> TokenStream {
    let mut tokens = tokens.into_iter();
    let variable = match tokens.next() {
        Some(TokenTree::Ident(ident)) => ident.to_string(),
        _ => return TokenStream::new(),
    };
    match tokens.last() {
        Some(TokenTree::Group(body)) => plain(body.stream(), '#', &|ident| {
            (*ident == variable).then(|| Literal::usize_unsuffixed(0).into())
        }),
        _ => TokenStream::new(),
    }
}

/// What the arms of a `macro_rules!` write, with names in its variables' places.
fn expansions(tokens: TokenStream) -> Vec<TokenStream> {
    let mut found = Vec::new();
    let mut behind_arrow = false;
    for token in tokens {
        match token {
            TokenTree::Group(group) if behind_arrow => {
                found.push(plain(group.stream(), '$', &|_| None));
                behind_arrow = false;
            }
            TokenTree::Punct(mark) if mark.as_char() == '>' => behind_arrow = true,
            _ => {}
        }
    }
    found
}

/// The marks of macros taken away: repetitions once, `$name` as `macro_name`, `a~N` as `a`.
fn plain(
    tokens: TokenStream,
    mark: char,
    replace: &impl Fn(&Ident) -> Option<TokenTree>,
) -> TokenStream {
    let is = |token: Option<&TokenTree>, wanted: &[char]| matches!(token, Some(TokenTree::Punct(punct)) if wanted.contains(&punct.as_char()));
    let tokens = tokens.into_iter().collect::<Vec<_>>();
    let mut out = Vec::<TokenTree>::new();
    let mut at = 0;
    while at < tokens.len() {
        let next = tokens.get(at + 1);
        match &tokens[at] {
            TokenTree::Punct(punct) if punct.as_char() == mark => match next {
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
                    out.extend(plain(group.stream(), mark, replace));
                    at += 2;
                    // `*`, `+`, `?`, or a separator and one of them.
                    let end = ['*', '+', '?'];
                    at += if is(tokens.get(at), &end) {
                        1
                    } else {
                        out.extend(tokens.get(at).cloned());
                        2
                    };
                    continue;
                }
                Some(TokenTree::Ident(ident)) if mark == '$' => {
                    let name = if ident == "crate" {
                        "krate".to_owned()
                    } else {
                        format!("macro_{ident}")
                    };
                    out.push(Ident::new(&name, ident.span()).into());
                    at += 2;
                    continue;
                }
                _ => out.push(tokens[at].clone()),
            },
            TokenTree::Punct(punct) if punct.as_char() == '~' => {
                at += 2;
                continue;
            }
            TokenTree::Ident(ident) => {
                out.push(match replace(ident) {
                    Some(mut token) => {
                        token.set_span(ident.span());
                        token
                    }
                    None => ident.clone().into(),
                });
            }
            TokenTree::Group(group) => {
                let span: Span = group.span();
                let mut group = Group::new(group.delimiter(), plain(group.stream(), mark, replace));
                group.set_span(span);
                out.push(group.into());
            }
            other => out.push(other.clone()),
        }
        at += 1;
    }
    out.into_iter().collect()
}
