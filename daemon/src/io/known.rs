//! The users that were scrambled once, kept across restarts: in clear they raise an alarm (draft section 3.5).
//!
//! One name a line, appended as they become known; a line cut short by a crash is left out when the file is read.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The file.
pub struct KnownPeers {
    file: File,
}

/// What the file is called in the state directory.
const NAME: &str = "confirmed-peers";

impl KnownPeers {
    /// Opens the file in `directory`, which is made if it is not there, and reads it.
    ///
    /// # Errors
    /// What the system says, with the path.
    pub fn open(directory: &Path) -> io::Result<(Self, HashSet<Box<str>>)> {
        let path = directory.join(NAME);
        let say =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        std::fs::create_dir_all(directory).map_err(say)?;
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600);
        let mut file = options.open(&path).map_err(say)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(say)?;
        if text.last().is_some_and(|last| *last != b'\n') {
            file.write_all(b"\n").map_err(say)?;
        }
        let whole = text
            .rsplitn(2, |byte| *byte == b'\n')
            .last()
            .unwrap_or_default();
        let lines =
            String::from_utf8_lossy(if text.contains(&b'\n') { whole } else { &[] }).into_owned();
        let known = lines
            .lines()
            .filter(|line| !line.is_empty())
            .map(Into::into);
        let known = known.collect();
        Ok((Self { file }, known))
    }

    /// Adds a user.
    ///
    /// # Errors
    /// What the system says.
    pub fn add(&mut self, user: &str) -> io::Result<()> {
        // Names with line breaks cannot be told apart in the file; the session itself keeps its protection.
        if user.contains('\n') {
            return Ok(());
        }
        self.file.write_all(format!("{user}\n").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_known_again_and_a_line_cut_short_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let (mut file, known) = KnownPeers::open(directory.path()).unwrap();
        assert!(known.is_empty());
        file.add("alice@isp.example").unwrap();
        file.add("böb").unwrap();
        file.file.write_all(b"ca").unwrap();
        let (mut file, known) = KnownPeers::open(directory.path()).unwrap();
        assert_eq!(
            known,
            HashSet::from(["alice@isp.example".into(), "böb".into()])
        );
        file.add("carol").unwrap();
        let (_, known) = KnownPeers::open(directory.path()).unwrap();
        assert!(known.contains("carol") && known.contains("böb"));
    }

    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        KnownPeers::open(directory.path()).unwrap();
        let mode = directory
            .path()
            .join(NAME)
            .metadata()
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
