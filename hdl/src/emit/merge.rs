//! One module for all instances that are the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::names::{Names, base_name, in_design};
use super::tokens::{Token, tokens};

/// A module as rust-hdl wrote it: one instance's.
struct Instance<'a> {
    /// Where it stands: `top`, `top$parse`, `top$parse$3$taken`. Foreign cores have a plain name.
    path: &'a str,
    /// From `module` to `endmodule`.
    tokens: Vec<Token<'a>>,
}

/// A module as it is written.
struct Kind {
    /// The instance that it is written from.
    from: usize,
    /// Where its instances stand.
    paths: Vec<usize>,
}

/// Rewrites rust-hdl's text of a design whose root is `top`: modules that are the same become one, named
/// `design` or `design_...`; no identifier keeps a `$`. The same text in gives the same text out.
pub(super) fn merge(text: &str, design: &str) -> String {
    let (instances, foreign) = split(text);
    let places = instances
        .iter()
        .enumerate()
        .map(|(at, instance)| (instance.path, at))
        .collect::<HashMap<_, _>>();
    let mut kinds = Kinds {
        instances: &instances,
        places: &places,
        of: HashMap::new(),
        by_text: HashMap::new(),
        kinds: Vec::new(),
    };
    for at in 0..instances.len() {
        kinds.of(at);
    }
    let (of, mut kinds) = (kinds.of, kinds.kinds);
    for kind in &mut kinds {
        kind.paths
            .sort_by_key(|&at| (depth(instances[at].path), at));
    }

    // Whoever reads the file from its top finds the design first, then by depth.
    let mut order = (0..kinds.len()).collect::<Vec<_>>();
    order.sort_by_key(|&kind| {
        let first = kinds[kind].paths[0];
        (depth(instances[first].path), first)
    });
    let mut bases = BTreeMap::<String, Vec<usize>>::new();
    for &kind in &order {
        let instance = &instances[kinds[kind].from];
        let base = base_name(instance.path, &instance.tokens, design);
        bases.entry(base).or_default().push(kind);
    }
    let mut modules = vec![String::new(); kinds.len()];
    let mut taken = bases.keys().cloned().collect::<BTreeSet<_>>();
    for (base, members) in &bases {
        for (number, &kind) in members.iter().enumerate() {
            let mut name = base.clone();
            if members.len() > 1 {
                name = format!("{base}_{number}");
                while !taken.insert(name.clone()) {
                    name.push('_');
                }
            }
            modules[kind] = name;
        }
    }

    let words = order
        .iter()
        .flat_map(|&kind| &instances[kinds[kind].from].tokens)
        .filter_map(|token| match token {
            Token::Word(word) if !places.contains_key(word) => Some(*word),
            _ => None,
        })
        .collect::<BTreeSet<_>>();
    let names = Names::new(&words, &modules);
    let mut out = String::with_capacity(text.len() / 2);
    for kind in order {
        for token in &instances[kinds[kind].from].tokens {
            match token {
                Token::Word(word) => match places.get(word) {
                    Some(&at) => out.push_str(&modules[of[&at]]),
                    None => out.push_str(names.of(word)),
                },
                Token::Space(space) => tidy(&mut out, space),
                token => out.push_str(token.text()),
            }
        }
        out.push_str("\n\n");
    }
    for token in foreign {
        out.push_str(token.text());
    }
    let mut out = out.trim_end().to_owned();
    out.push('\n');
    out
}

/// Lines and their indentation stay, what is blank beyond goes.
fn tidy(out: &mut String, space: &str) {
    match space.rfind('\n') {
        Some(at) => {
            let blank = space.matches('\n').count() > 1;
            out.push_str(if blank { "\n\n" } else { "\n" });
            out.push_str(&space[at + 1..]);
        }
        None => out.push(' '),
    }
}

fn depth(path: &str) -> usize {
    path.matches('$').count()
}

/// The modules, and what stands outside them.
fn split(text: &str) -> (Vec<Instance<'_>>, Vec<Token<'_>>) {
    let mut instances = Vec::new();
    let mut outside = Vec::new();
    let mut inside = Vec::new();
    let mut behind = false;
    for token in tokens(text) {
        if inside.is_empty() && token != Token::Word("module") {
            // The name behind `endmodule` is an old one.
            let old = matches!(token, Token::Comment(_)) && behind;
            behind &= !token.matters() && !token.text().contains('\n');
            if !old {
                outside.push(token);
            }
            continue;
        }
        inside.push(token);
        if token == Token::Word("endmodule") {
            let tokens = std::mem::take(&mut inside);
            let path = match tokens.iter().filter(|token| token.matters()).nth(1) {
                Some(Token::Word(word)) => word,
                _ => "",
            };
            instances.push(Instance { path, tokens });
            behind = true;
        }
    }
    let blank = outside.iter().all(|token| matches!(token, Token::Space(_)));
    (instances, if blank { Vec::new() } else { outside })
}

/// Finds which instances are the same, children first.
struct Kinds<'a> {
    instances: &'a [Instance<'a>],
    places: &'a HashMap<&'a str, usize>,
    of: HashMap<usize, usize>,
    by_text: HashMap<String, usize>,
    kinds: Vec<Kind>,
}

impl Kinds<'_> {
    fn of(&mut self, at: usize) -> usize {
        if let Some(&kind) = self.of.get(&at) {
            return kind;
        }
        let instance = &self.instances[at];
        let mut text = String::new();
        for token in &instance.tokens {
            if let Token::Word(word) = *token
                && let Some(&place) = self.places.get(word)
            {
                // A foreign core is like none but itself.
                if place == at {
                    text.push_str(if in_design(word) { "$" } else { word });
                } else {
                    let child = self.of(place);
                    text.push_str(&format!("${child}"));
                }
            } else {
                text.push_str(token.text());
            }
        }
        let kinds = &mut self.kinds;
        let kind = *self.by_text.entry(text).or_insert_with(|| {
            kinds.push(Kind {
                from: at,
                paths: Vec::new(),
            });
            kinds.len() - 1
        });
        self.kinds[kind].paths.push(at);
        self.of.insert(at, kind);
        kind
    }
}
