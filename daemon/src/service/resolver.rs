//! The file that names the name servers of a call, and what was in it before.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tracing::error;

use crate::config::model::Dns;

/// How a file begins that is ours.
const MARK: &str = "# by fogline client\n";
/// What the copy is called in the state directory.
const COPY: &str = "name-servers-before";

/// The file.
#[derive(Debug)]
pub struct Resolver {
    path: PathBuf,
    /// What was there before, as long as a call is up: also found after a crash.
    copy: PathBuf,
    is_ours: bool,
}

impl Resolver {
    /// The file that `dns` says, if any; `state` is the state directory.
    pub fn new(dns: &Dns, state: &Path) -> Option<Self> {
        let path = match dns {
            Dns::Ignore => return None,
            Dns::ResolvConf => PathBuf::from("/etc/resolv.conf"),
            Dns::File(path) => path.clone(),
        };
        Some(Self {
            path,
            copy: state.join(COPY),
            is_ours: false,
        })
    }

    /// Names `servers`; without any, puts back what was there before. What goes wrong is logged.
    pub fn set(&mut self, servers: &[IpAddr]) {
        let outcome = match (servers.is_empty(), self.is_ours) {
            (false, _) => self.write(servers),
            (true, true) => self.put_back(),
            (true, false) => Ok(()),
        };
        if let Err(error) = outcome {
            error!(path = %self.path.display(), %error, "name servers cannot be set");
        }
    }

    fn write(&mut self, servers: &[IpAddr]) -> io::Result<()> {
        if !self.is_ours {
            self.keep()?;
            self.is_ours = true;
        }
        let lines = servers
            .iter()
            .map(|server| format!("nameserver {server}\n"));
        let text: String = std::iter::once(MARK.to_owned()).chain(lines).collect();
        fs::write(&self.path, text)
    }

    /// Copies what is there, unless it is ours: of a call that was never hung up, whose copy is there still.
    fn keep(&self) -> io::Result<()> {
        let text = match fs::read(&self.path) {
            Ok(text) if text.starts_with(MARK.as_bytes()) => return Ok(()),
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return remove(&self.copy),
            Err(error) => return Err(error),
        };
        let part = self.copy.with_extension("part");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file: File = options.open(&part)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(part, &self.copy)
    }

    fn put_back(&mut self) -> io::Result<()> {
        self.is_ours = false;
        match fs::read(&self.copy) {
            Ok(text) => {
                fs::write(&self.path, text)?;
                remove(&self.copy)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => remove(&self.path),
            Err(error) => Err(error),
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "nameserver 192.0.2.1\n";

    struct Place(tempfile::TempDir);

    impl Place {
        fn new(before: Option<&str>) -> Self {
            let place = Self(tempfile::tempdir().unwrap());
            if let Some(before) = before {
                fs::write(place.path(), before).unwrap();
            }
            place
        }

        fn path(&self) -> PathBuf {
            self.0.path().join("resolv.conf")
        }

        fn text(&self) -> Option<String> {
            fs::read_to_string(self.path()).ok()
        }

        fn resolver(&self) -> Resolver {
            Resolver::new(&Dns::File(self.path()), self.0.path()).unwrap()
        }
    }

    fn servers() -> [IpAddr; 2] {
        ["192.0.2.53", "2001:db8::53"].map(|server| server.parse().unwrap())
    }

    #[test]
    fn what_was_there_is_put_back() {
        for before in [None, Some(BEFORE)] {
            let place = Place::new(before);
            let mut resolver = place.resolver();
            resolver.set(&servers()[..1]);
            resolver.set(&servers());
            let written = "# by fogline client\nnameserver 192.0.2.53\nnameserver 2001:db8::53\n";
            assert_eq!(place.text().as_deref(), Some(written));
            resolver.set(&[]);
            assert_eq!(place.text().as_deref(), before);
            assert!(!place.0.path().join(COPY).exists());
        }
    }

    #[test]
    fn and_by_the_next_process_after_a_crash() {
        for before in [None, Some(BEFORE)] {
            let place = Place::new(before);
            place.resolver().set(&servers());
            let mut next = place.resolver();
            next.set(&servers()[1..]);
            next.set(&[]);
            assert_eq!(place.text().as_deref(), before);
        }
    }

    #[test]
    fn without_servers_nothing_is_touched() {
        let place = Place::new(Some(BEFORE));
        place.resolver().set(&[]);
        assert_eq!(place.text().as_deref(), Some(BEFORE));
    }
}
