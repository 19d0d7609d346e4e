//! A TOML document, taken apart option by option.
//!
//! Serde would stop at the first mistake. This walks the parser's tree of values with their places instead, so that all
//! mistakes of a file are told at once: values of a wrong type, options that do not exist or that are missing, and what the
//! checks find.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Position, Problems, Severity};

/// A value with its place.
pub(super) type Node<'d> = Spanned<DeValue<'d>>;

/// Bytes of the text.
pub(super) type Span = Range<usize>;

/// What was read from a place.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub value: T,
    pub span: Span,
}

/// Why a value is not what it should be.
pub(super) struct Fault {
    /// Where, if not the whole value is meant.
    pub span: Option<Span>,
    pub message: String,
}

impl<M: Into<String>> From<M> for Fault {
    fn from(message: M) -> Self {
        Self {
            span: None,
            message: message.into(),
        }
    }
}

/// A file's text, and where to tell what is wrong with it.
pub(super) struct Document<'d> {
    file: &'d Path,
    text: &'d str,
    problems: &'d Problems,
    /// Where each line begins.
    lines: Vec<usize>,
    /// The paths of all options that were looked for.
    looked_for: RefCell<BTreeSet<String>>,
}

impl<'d> Document<'d> {
    pub fn new(file: &'d Path, text: &'d str, problems: &'d Problems) -> Self {
        let later = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            file,
            text,
            problems,
            lines: std::iter::once(0).chain(later).collect(),
            looked_for: RefCell::default(),
        }
    }

    /// Parses the text; `None`, with the errors told, where it is no TOML.
    pub fn parse(&self) -> Option<DeTable<'d>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            // Only the message: the parser's own display quotes the line, and with it perhaps a secret.
            let message = error.message().replace('\n', "; ");
            self.error(error.span().unwrap_or(0..0), format!("not TOML: {message}"));
        }
        errors.is_empty().then(|| table.into_inner())
    }

    pub fn file(&self) -> &Path {
        self.file
    }

    pub fn error(&self, span: Span, message: impl Into<String>) {
        self.add(Severity::Error, span, message.into());
    }

    pub fn warning(&self, span: Span, message: impl Into<String>) {
        self.add(Severity::Warning, span, message.into());
    }

    fn add(&self, severity: Severity, span: Span, message: String) {
        let position = || Some(self.position(span.start));
        self.problems.add(severity, self.file, position, message);
    }

    fn position(&self, offset: usize) -> Position {
        let line = self.lines.partition_point(|&start| start <= offset);
        let start = self.lines.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..offset).unwrap_or_default();
        Position {
            line,
            column: before.chars().count() + 1,
        }
    }

    /// The paths of all options that were looked for.
    #[cfg(test)]
    pub fn into_looked_for(self) -> BTreeSet<String> {
        self.looked_for.into_inner()
    }
}

/// A table, from which every known option is taken once; what is left over is unknown.
pub(super) struct Section<'d> {
    pub document: &'d Document<'d>,
    /// Such as `lns.listen`; empty for the file itself.
    path: String,
    /// What messages call it.
    label: String,
    pub span: Span,
    left: Vec<Entry<'d>>,
    known: Vec<&'static str>,
}

struct Entry<'d> {
    key: &'d str,
    key_span: Span,
    node: &'d Node<'d>,
}

impl<'d> Section<'d> {
    /// The file itself.
    pub fn root(document: &'d Document<'d>, table: &'d DeTable<'d>) -> Self {
        Self::new(document, String::new(), 0..0, Some(table))
    }

    fn new(
        document: &'d Document<'d>,
        path: String,
        span: Span,
        table: Option<&'d DeTable<'d>>,
    ) -> Self {
        let entries = table.into_iter().flatten().map(|(key, node)| Entry {
            key: key.get_ref(),
            key_span: key.span(),
            node,
        });
        Self {
            document,
            label: path.clone(),
            path,
            span,
            left: entries.collect(),
            known: Vec::new(),
        }
    }

    /// Gives the section a name that tells it from others of its path.
    pub fn call(&mut self, label: String) {
        self.label = label;
    }

    /// Tells an error of this section.
    pub fn error(&self, span: Span, message: impl AsRef<str>) {
        self.document.error(span, self.message(message.as_ref()));
    }

    /// Tells a warning of this section.
    pub fn warning(&self, span: Span, message: impl AsRef<str>) {
        self.document.warning(span, self.message(message.as_ref()));
    }

    fn message(&self, message: &str) -> String {
        if self.label.is_empty() {
            message.into()
        } else {
            format!("{}: {message}", self.label)
        }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.into()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Entry<'d>> {
        self.known.push(key);
        let path = self.path_of(key);
        self.document.looked_for.borrow_mut().insert(path);
        let at = self.left.iter().position(|entry| entry.key == key)?;
        Some(self.left.swap_remove(at))
    }

    /// An option, with its place; `None` where it is not there, or is not what `parse` takes, which is told.
    pub fn at<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Node<'_>) -> Result<T, Fault>,
    ) -> Option<At<T>> {
        let Entry { node, .. } = self.take(key)?;
        let span = node.span();
        match parse(node) {
            Ok(value) => Some(At { value, span }),
            Err(fault) => {
                let message = format!("{key}: {}", fault.message);
                self.error(fault.span.unwrap_or(span), message);
                None
            }
        }
    }

    /// An option that need not be there.
    pub fn optional<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Node<'_>) -> Result<T, Fault>,
    ) -> Option<T> {
        self.at(key, parse).map(|at| at.value)
    }

    /// An option, or its default.
    pub fn or<T>(
        &mut self,
        key: &'static str,
        default: T,
        parse: impl Fn(&Node<'_>) -> Result<T, Fault>,
    ) -> T {
        self.optional(key, parse).unwrap_or(default)
    }

    /// An option that must be there; that it is not is told, with `why`.
    pub fn required<T>(
        &mut self,
        key: &'static str,
        why: &str,
        parse: impl Fn(&Node<'_>) -> Result<T, Fault>,
    ) -> Option<At<T>> {
        if !self.has_any(&[key]) {
            self.error(self.span.clone(), format!("{key} is missing: {why}"));
        }
        self.at(key, parse)
    }

    /// Whether one of the options is written.
    pub fn has_any(&self, keys: &[&str]) -> bool {
        self.left.iter().any(|entry| keys.contains(&entry.key))
    }

    /// A table in this one; `None` where it is not there or is something else, which is told.
    pub fn section(&mut self, key: &'static str) -> Option<Self> {
        let entry = self.take(key)?;
        let Some(table) = entry.node.get_ref().as_table() else {
            self.not_a_table(key, entry.node);
            return None;
        };
        Some(Self::new(
            self.document,
            self.path_of(key),
            entry.key_span,
            Some(table),
        ))
    }

    /// A table in this one, empty where it is not there.
    pub fn section_or_empty(&mut self, key: &'static str) -> Self {
        let section = self.section(key);
        section.unwrap_or_else(|| {
            let (path, span) = (self.path_of(key), self.span.clone());
            Self::new(self.document, path, span, None)
        })
    }

    /// The tables of `[[key]]`.
    pub fn sections(&mut self, key: &'static str) -> Vec<Self> {
        let Some(Entry { node, key_span, .. }) = self.take(key) else {
            return Vec::new();
        };
        let Some(array) = node.get_ref().as_array() else {
            let path = self.path_of(key);
            self.error(
                key_span,
                format!("{key}: there may be several of these: write [[{path}]]"),
            );
            return Vec::new();
        };
        let mut sections = Vec::new();
        for node in array.iter() {
            match node.get_ref().as_table() {
                Some(table) => sections.push(Self::new(
                    self.document,
                    self.path_of(key),
                    node.span(),
                    Some(table),
                )),
                None => self.not_a_table(key, node),
            }
        }
        sections
    }

    fn not_a_table(&self, key: &str, node: &Node<'_>) {
        let message = format!(
            "{key}: {} where a section [{}] is needed",
            super::value::kind(node),
            self.path_of(key)
        );
        self.error(node.span(), message);
    }

    /// Tells what is left over: options that do not exist.
    pub fn finish(self) {
        for entry in &self.left {
            let slips = |known: &&str| strsim::damerau_levenshtein(known, entry.key);
            let likely = self
                .known
                .iter()
                .map(|known| (slips(known), known))
                .min()
                // More would be another word.
                .filter(|(slips, known)| *slips <= known.len().div_ceil(4));
            let advice = match likely {
                Some((_, known)) => format!("did you mean {known}?"),
                None => format!("there are {}", self.known.join(", ")),
            };
            let message = format!("unknown option {:?}; {advice}", entry.key);
            self.error(entry.key_span.clone(), message);
        }
    }
}
