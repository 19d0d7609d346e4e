//! Nothing in the kernels is of a kind that rust-hdl translates into something else, and what it writes has no
//! latch, no loop, and no signal that nobody drives.
//!
//! A line that a rule is wrong about says why in a comment that begins with `// lint: `.

mod rules;
mod samples;
mod source;
mod verilator;

use std::path::Path;

/// Every kernel of this crate.
#[test]
fn kernels_mean_what_they_say() {
    let mut told = String::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut directories = vec![root.join("src")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(root).unwrap();
                for finding in source::lint(&text) {
                    told += &format!("{}:{}: {}\n", path.display(), finding.line, finding.what);
                }
            }
        }
    }
    assert!(told.is_empty(), "\n{told}");
}
