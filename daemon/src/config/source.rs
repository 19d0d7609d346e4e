//! Files, and who else can read them.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::OFlag;
use nix::unistd::{self, User};
use zeroize::Zeroizing;

/// Where the configuration comes from: the disk, or what a test makes up.
pub trait Files {
    /// A file of at most `limit` bytes.
    ///
    /// # Errors
    /// What the system says; `InvalidData` where it is no text, `FileTooLarge` where it is longer.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Contents>;

    /// The numeric id of a user of this machine.
    fn user_id(&self, name: &str) -> Option<u32>;

    /// The numeric id of whom this process runs as.
    fn own_id(&self) -> u32;
}

/// A file's text, and who can read it.
pub struct Contents {
    /// The text; it may hold secrets.
    pub text: Zeroizing<String>,
    /// The numeric id of the owner.
    pub owner: u32,
    /// The mode's permission bits.
    pub mode: u32,
}

impl Contents {
    const OTHERS_MAY_WRITE: u32 = 0o002;
    const NOT_THE_OWNER: u32 = 0o077;

    /// Why a secret in this file is none, and what to do; `None` where all is well. `trusted` may own it, and root.
    pub fn exposed(&self, trusted: &[u32]) -> Option<String> {
        if self.owner != 0 && !trusted.contains(&self.owner) {
            return Some(format!(
                "it belongs to user {}, not to root nor to whom the daemon runs as; use chown",
                self.owner
            ));
        }
        (self.mode & Self::NOT_THE_OWNER != 0).then(|| {
            format!(
                "others than its owner may use it (mode {:04o}); use chmod 600",
                self.mode
            )
        })
    }

    /// Whether anybody on the machine may change the file.
    pub fn world_writable(&self) -> bool {
        self.mode & Self::OTHERS_MAY_WRITE != 0
    }
}

/// The machine's own files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Contents> {
        // Without O_NONBLOCK a FIFO would hold us up until somebody writes to it.
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(OFlag::O_NONBLOCK.bits())
            .open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !metadata.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            ));
        }
        if metadata.len() > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        // Room for all of it at once: a buffer that grows leaves copies of its secrets behind.
        let mut text = Zeroizing::new(String::with_capacity(metadata.len() as usize + 1));
        file.take(limit).read_to_string(&mut text)?;
        Ok(Contents {
            text,
            owner: metadata.uid(),
            mode: metadata.mode() & 0o7777,
        })
    }

    fn user_id(&self, name: &str) -> Option<u32> {
        let user = User::from_name(name).ok().flatten()?;
        Some(user.uid.as_raw())
    }

    fn own_id(&self) -> u32 {
        unistd::geteuid().as_raw()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(owner: u32, mode: u32) -> Contents {
        Contents {
            text: Zeroizing::default(),
            owner,
            mode,
        }
    }

    #[test]
    fn secrets_are_the_owners_alone() {
        for mode in [0o600, 0o400] {
            assert_eq!(contents(0, mode).exposed(&[7]), None);
            assert_eq!(contents(7, mode).exposed(&[7]), None);
        }
        for mode in [0o640, 0o604, 0o610, 0o666] {
            assert!(
                contents(0, mode)
                    .exposed(&[7])
                    .is_some_and(|why| why.contains("chmod"))
            );
        }
        assert!(
            contents(8, 0o600)
                .exposed(&[7])
                .is_some_and(|why| why.contains("chown"))
        );
    }

    #[test]
    fn only_a_regular_file_of_reasonable_size_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let kind = |limit| Disk.read(&path, limit).map(|_| ()).map_err(|e| e.kind());
        assert_eq!(kind(9), Err(io::ErrorKind::NotFound));
        std::fs::write(&path, "0123456789").unwrap();
        assert_eq!(kind(9), Err(io::ErrorKind::FileTooLarge));
        assert_eq!(kind(10), Ok(()));
        std::fs::write(&path, [0xFF]).unwrap();
        assert_eq!(kind(9), Err(io::ErrorKind::InvalidData));
        std::fs::remove_file(&path).unwrap();
        unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(kind(9), Err(io::ErrorKind::InvalidInput));
        let folder = Disk.read(folder.path(), 9).map(|_| ());
        assert_eq!(folder.unwrap_err().kind(), io::ErrorKind::IsADirectory);
    }
}
