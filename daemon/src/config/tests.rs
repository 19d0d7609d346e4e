//! The examples name every option, and any text is safe.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use toml::{Table, Value};
use zeroize::Zeroizing;

use super::*;

const LNS: &str = include_str!("../../../packaging/fogline.toml");
const CLIENT: &str = include_str!("../../../packaging/client.toml");
const USERS: &str = include_str!("../../../packaging/users.toml");

/// Files that are as private as they must be.
struct Private(BTreeMap<PathBuf, String>);

impl Private {
    fn new<const N: usize>(files: [(&str, &str); N]) -> Self {
        let file = |(path, text): (&str, &str)| (path.into(), text.into());
        Self(files.into_iter().map(file).collect())
    }
}

impl Files for Private {
    fn read(&self, path: &Path, _limit: u64) -> io::Result<Contents> {
        let text = self.0.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Contents {
            text: Zeroizing::new(text.clone()),
            owner: 0,
            mode: 0o600,
        })
    }

    fn user_id(&self, _name: &str) -> Option<u32> {
        Some(7)
    }

    fn own_id(&self) -> u32 {
        0
    }
}

/// Options in comments become options.
fn uncommented(text: &str) -> String {
    let option = |line: &str| {
        let rest = line.strip_prefix('#')?;
        rest.starts_with(|c: char| c.is_ascii_lowercase())
            .then(|| rest.to_owned())
    };
    let lines = text
        .lines()
        .map(|line| option(line).unwrap_or_else(|| line.to_owned()));
    lines.collect::<Vec<_>>().join("\n")
}

/// The paths of everything that stands in a file.
fn written(text: &str) -> BTreeSet<String> {
    fn walk(value: &Value, path: &str, into: &mut BTreeSet<String>) {
        match value {
            Value::Table(table) => {
                for (key, value) in table {
                    let path = match path {
                        "" => key.clone(),
                        path => format!("{path}.{key}"),
                    };
                    walk(value, &path, into);
                    into.insert(path);
                }
            }
            Value::Array(array) => array.iter().for_each(|value| walk(value, path, into)),
            _ => {}
        }
    }
    let mut paths = BTreeSet::new();
    walk(
        &Value::Table(text.parse::<Table>().unwrap()),
        "",
        &mut paths,
    );
    paths
}

/// The paths of everything that is looked for in a file.
fn looked_for(text: &str) -> BTreeSet<String> {
    let files = Private::new([]);
    let problems = Problems::default();
    let document = Document::new(Path::new("main.toml"), text, &problems);
    let contents = Contents {
        text: Zeroizing::default(),
        owner: 0,
        mode: 0o600,
    };
    read::config(&document, &contents, &files, &problems);
    document.into_looked_for()
}

#[test]
fn the_examples_name_every_option_and_no_other() {
    let texts = [uncommented(LNS), uncommented(CLIENT)];
    let looked_for: BTreeSet<_> = texts.iter().flat_map(|text| looked_for(text)).collect();
    let written: BTreeSet<_> = texts.iter().flat_map(|text| written(text)).collect();
    assert!(looked_for.len() > 150, "{}", looked_for.len());
    assert_eq!(looked_for, written);
}

#[test]
fn the_example_of_users_names_every_option_and_no_other() {
    let text = uncommented(USERS);
    let files = Private::new([]);
    let problems = Problems::default();
    let reader = read::Reader {
        files: &files,
        problems: &problems,
        folder: PathBuf::new(),
        trusted: Vec::new(),
        exposed: None,
    };
    let document = Document::new(Path::new("users.toml"), &text, &problems);
    assert!(read::user::by_name(&document, &[], &reader).is_some());
    assert_eq!(document.into_looked_for(), written(&text));
}

#[test]
fn positions_count_lines_and_characters() {
    let text = "[lns]\nname = \"\u{e9}\u{1f600}\"   \n\n  x";
    let problems = Problems::default();
    let document = Document::new(Path::new("f"), text, &problems);
    for needle in ["[lns]", "name", "   \n", "x"] {
        let at = text.find(needle).unwrap();
        document.error(at..at, needle);
    }
    document.error(text.len()..text.len(), "the end");
    document.error(usize::MAX..usize::MAX, "beyond");
    let (errors, _) = problems.into_both();
    let shown: Vec<_> = errors.iter().map(ToString::to_string).collect();
    let expected = [
        "f:1:1: [lns]",
        "f:2:1: name",
        "f:2:12:    \n",
        "f:4:1: beyond",
        "f:4:3: x",
        "f:4:4: the end",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn of_very_many_problems_the_first_are_told() {
    let users: String = (0..100_000).map(|_| "[[user]]\nnmae = 1\n").collect();
    let main = "[lns]\nname = \"x\"\nusers.file = \"u\"\n[[lns.listen]]\naddress = \"[::]:1701\"\n";
    let files = Private::new([("f", main), ("u", &users)]);
    let found = load_from(Path::new("f"), &files).unwrap_err();
    assert_eq!(found.errors.len(), 101);
    let last = found.errors.last().unwrap().to_string();
    assert!(last.contains("more like these"), "{last}");
}

/// Lines that come close to a configuration, and break off anywhere.
fn nearly_toml() -> impl Strategy<Value = String> {
    let lines: Vec<String> = [LNS, CLIENT, USERS]
        .iter()
        .flat_map(|text| {
            uncommented(text)
                .lines()
                .map(ToOwned::to_owned)
                .collect::<Vec<_>>()
        })
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let keys: Vec<String> = lines
        .iter()
        .filter_map(|line| line.split_once(" = ").map(|(key, _)| key.to_owned()))
        .collect();
    let value = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        Just("340282366920938463463374607431768211456".to_owned()),
        Just("1e400".to_owned()),
        Just("1979-05-27".to_owned()),
        "\\PC{0,12}".prop_map(|text| format!("{text:?}")),
        "[0-9]{1,30}(ns|us|s|h|years)".prop_map(|text| format!("{text:?}")),
        "[0-9a-f:.]{0,20}/[0-9]{0,3}".prop_map(|text| format!("{text:?}")),
        Just("[[[]]]".to_owned()),
        Just("{ file = { file = 1 } }".to_owned()),
    ];
    let line = prop_oneof![
        4 => proptest::sample::select(lines),
        2 => (proptest::sample::select(keys), value).prop_map(|(key, value)| format!("{key} = {value}")),
        1 => "\\PC{0,20}",
    ];
    (
        proptest::collection::vec(line, 0..60),
        any::<proptest::sample::Index>(),
    )
        .prop_map(|(lines, cut)| {
            let mut text = lines.join("\n");
            if !text.is_empty() && cut.index(4) == 0 {
                let end = (0..=cut.index(text.len()))
                    .rev()
                    .find(|&at| text.is_char_boundary(at));
                text.truncate(end.unwrap_or_default());
            }
            text
        })
}

proptest! {
    #[test]
    fn any_text_is_a_configuration_or_refused(main in nearly_toml(), users in nearly_toml(), wild in any::<String>()) {
        let with_users = format!("{main}\n[lns.users]\nfile = \"users\"\n");
        let files = Private::new([
            ("main", &main),
            ("with-users", &with_users),
            ("users", &users),
            ("wild", &wild),
        ]);
        for name in ["main", "with-users", "users", "wild"] {
            match load_from(Path::new(name), &files) {
                Ok(loaded) => prop_assert!(loaded.config.lns.is_some() || loaded.config.client.is_some()),
                Err(errors) => {
                    prop_assert!(!errors.errors.is_empty());
                    prop_assert!(!errors.to_string().is_empty());
                }
            }
        }
    }
}
