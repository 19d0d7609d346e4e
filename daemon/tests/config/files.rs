//! Files that are not on any disk.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use fogline::config::{Contents, Errors, Files, Loaded, load_from};
use zeroize::Zeroizing;

/// Of a server, with no more than it must have.
pub const LEAST_LNS: &str = "\
[lns]
name = \"lns\"
[[lns.listen]]
address = \"0.0.0.0:1701\"
";

/// The user that the daemon runs as.
pub const OWN_ID: u32 = 1000;

/// Files by path.
#[derive(Clone, Default)]
pub struct Tree(BTreeMap<PathBuf, (String, u32, u32)>);

impl Tree {
    /// A main file that belongs to the daemon's user, for it alone.
    pub fn new(main: &str) -> Self {
        Self::default().with("main.toml", main)
    }

    /// One more such file.
    pub fn with(self, path: &str, text: &str) -> Self {
        self.with_mode(path, text, OWN_ID, 0o600)
    }

    pub fn with_mode(mut self, path: &str, text: &str, owner: u32, mode: u32) -> Self {
        self.0.insert(path.into(), (text.into(), owner, mode));
        self
    }

    pub fn load(&self) -> Result<Loaded, Errors> {
        load_from(Path::new("main.toml"), self)
    }

    /// Every error, as it is shown.
    pub fn errors(&self) -> Vec<String> {
        match self.load() {
            Ok(_) => Vec::new(),
            Err(found) => found.errors.iter().map(ToString::to_string).collect(),
        }
    }

    /// Every warning, as it is shown; there must be no error.
    pub fn warnings(&self) -> Vec<String> {
        let loaded = self.load().unwrap();
        loaded.warnings.iter().map(ToString::to_string).collect()
    }
}

impl Files for Tree {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Contents> {
        let (text, owner, mode) = self.0.get(path).ok_or(io::ErrorKind::NotFound)?;
        if text.len() as u64 > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(Contents {
            text: Zeroizing::new(text.clone()),
            owner: *owner,
            mode: *mode,
        })
    }

    fn user_id(&self, name: &str) -> Option<u32> {
        (name == "fogline").then_some(7)
    }

    fn own_id(&self) -> u32 {
        OWN_ID
    }
}

/// A server's file with `text` behind the least that it must have: at the listener first.
pub fn lns(text: &str) -> Tree {
    Tree::new(&format!("{LEAST_LNS}{text}"))
}

/// The file that the users of `text` are in.
pub fn users(text: &str) -> Tree {
    let pools = "[[lns.pool]]\nname = \"p\"\nipv4 = \"10.0.0.0/24\"\n[[lns.pool]]\nname = \"six\"\nipv6 = \"2001:db8::/40\"\n";
    lns(&format!("{pools}[lns.users]\nfile = \"users.toml\"\n")).with("users.toml", text)
}

/// There is one message, which starts so and holds that.
#[track_caller]
pub fn one(shown: &[String], starts: &str, holds: &str) {
    let [only] = shown else {
        panic!("one expected: {shown:#?}");
    };
    assert!(only.starts_with(starts) && only.contains(holds), "{only}");
}
