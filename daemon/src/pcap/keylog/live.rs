//! The keylog of live sessions: written line by line as keys are installed and erased.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use nix::fcntl::OFlag;
use scramble::agreement::{Direction, End, EpochKeys};
use scramble::option::Agreement;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Role, direction, keys};
use crate::capture::Time;
use crate::pcap::Error;

/// The first line.
const HEAD: &[u8] = b"{\"fogline_keylog\":2}\n";

/// Keys that a session has installed, and all that it takes to find the frames they are for.
#[derive(Clone, Copy, Debug)]
pub struct LiveKeys<'k> {
    /// When they were installed.
    pub time: SystemTime,
    /// The session's number. It may come back after a restart.
    pub session: u64,
    /// Who authenticated, for whoever reads the keylog.
    pub user: Option<&'k str>,
    /// This end's address. Unspecified, as that of a socket bound to 0.0.0.0 or ::, it stands for any.
    pub local: SocketAddr,
    /// The peer's address.
    pub peer: SocketAddr,
    /// Tunnel id and session id that this end assigned: those in messages to this end.
    pub local_ids: (u16, u16),
    /// Tunnel id and session id that the peer assigned: those in messages to the peer.
    pub peer_ids: (u16, u16),
    /// Which end this one is.
    pub own: End,
    /// What is done in each direction.
    pub agreement: Agreement,
    /// The keys.
    pub keys: &'k EpochKeys,
}

/// Writes a keylog of live sessions.
///
/// Each line is whole in the file before the call returns, though not yet safe from a power failure.
/// One process at a time writes to a keylog.
#[derive(Debug)]
pub struct Live {
    path: PathBuf,
    file: File,
}

impl Live {
    /// The keylog at `path`: a new one, or what is there added to, so that a restart loses no keys of a
    /// capture that goes on. A line that was never finished is cut off.
    ///
    /// The file is for its owner only (0600), and that owner is the effective user. `path` must not be
    /// a symbolic link; the directories that lead to it may be.
    ///
    /// # Errors
    /// `Error::Create` where the file cannot be made, is not safe to write keys to, or is being written
    /// to by another process. `Error::Keylog` where it is there and something else.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Create {
            path: path.to_owned(),
            source,
        };
        let file = open(path).map_err(failed)?;
        if !is_live(&file).map_err(failed)? {
            return Err(Error::Keylog {
                path: path.to_owned(),
                line: 1,
                what: "this is no keylog of live sessions, and stays as it is; name another file"
                    .into(),
            });
        }
        let length = whole_lines(&file).map_err(failed)?;
        file.set_len(length).map_err(failed)?;
        let path = path.to_owned();
        let mut live = Self { path, file };
        if length == 0 {
            live.write(&[]).map_err(failed)?;
        }
        Ok(live)
    }

    /// Logs keys that were just installed.
    ///
    /// # Errors
    /// `Error::Write` where the system refuses; the keylog is then as it was before.
    pub fn keys(&mut self, keys: &LiveKeys<'_>) -> Result<(), Error> {
        self.line(&Installed::from(keys))
    }

    /// Logs that all keys of `session` were erased at `time`: what its ids carry after that is another's.
    ///
    /// # Errors
    /// `Error::Write` where the system refuses; the keylog is then as it was before.
    pub fn erased(&mut self, time: SystemTime, session: u64) -> Result<(), Error> {
        let (erased, time) = (session, time.into());
        self.line(&Erased { erased, time })
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), Error> {
        // Of a size that need not grow where the user's name is a usual one: growing leaves copies.
        let mut text = Zeroizing::new(Vec::with_capacity(4096));
        serde_json::to_writer(&mut *text, line)
            .map_err(io::Error::from)
            .and_then(|()| {
                text.push(b'\n');
                self.write(&text)
            })
            .map_err(|source| Error::Write {
                path: self.path.clone(),
                source,
            })
    }

    /// Writes `text` after what is there, or not at all. A file that somebody has emptied begins anew.
    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        let before = self.file.metadata()?.len();
        let begun = match before {
            0 => self.file.write_all(HEAD),
            _ => Ok(()),
        };
        let written = begun.and_then(|()| self.file.write_all(text));
        written.inspect_err(|_| {
            // Where this fails too, restoring names the line.
            let _ = self.file.set_len(before);
        })
    }
}

fn open(path: &Path) -> io::Result<File> {
    let refused = |kind, what| Err(io::Error::new(kind, what));
    // NONBLOCK: no waiting for whoever holds the other end of a pipe, which is refused below.
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    let file = match options.custom_flags(flags.bits()).open(path) {
        Ok(file) => file,
        Err(error) if error.raw_os_error() == Some(nix::errno::Errno::ELOOP as i32) => {
            let what = "it is a symbolic link, which keys never follow; name the file itself";
            return refused(ErrorKind::InvalidInput, what);
        }
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        let what = "it is no regular file; name one for the keys";
        return refused(ErrorKind::InvalidInput, what);
    }
    if metadata.uid() != nix::unistd::geteuid().as_raw() {
        let what = "it belongs to another user, who could read the keys; remove it or name another";
        return refused(ErrorKind::PermissionDenied, what);
    }
    if metadata.mode() & 0o777 != 0o600 {
        file.set_permissions(PermissionsExt::from_mode(0o600))?;
    }
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::Error(error)) => Err(error),
        Err(TryLockError::WouldBlock) => {
            let what = "another fogline writes to it; give each a keylog of its own";
            refused(ErrorKind::ResourceBusy, what)
        }
    }
}

/// The length of `file` up to the end of its last line.
fn whole_lines(file: &File) -> io::Result<u64> {
    let mut chunk = Zeroizing::new([0; 4096]);
    let mut end = file.metadata()?.len();
    while end > 0 {
        let start = end.saturating_sub(chunk.len() as u64);
        let part = &mut chunk[..(end - start) as usize];
        file.read_exact_at(part, start)?;
        if let Some(at) = part.iter().rposition(|&byte| byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// Whether `file` begins as a keylog of live sessions does, as far as it goes.
fn is_live(file: &File) -> io::Result<bool> {
    let mut start = [0; HEAD.len()];
    let length = file.read_at(&mut start, 0)?;
    Ok(HEAD.starts_with(&start[..length]))
}

/// A line about keys.
#[derive(Serialize, Deserialize)]
pub(super) struct Installed {
    pub live: u64,
    #[serde(with = "rfc3339")]
    pub time: Time,
    pub user: Option<String>,
    pub local: SocketAddr,
    pub peer: SocketAddr,
    pub local_ids: (u16, u16),
    pub peer_ids: (u16, u16),
    pub own: Role,
    #[serde(with = "direction")]
    pub send: Direction,
    #[serde(with = "direction")]
    pub receive: Direction,
    #[serde(with = "keys::Spelt")]
    pub keys: EpochKeys,
}

impl From<&LiveKeys<'_>> for Installed {
    fn from(keys: &LiveKeys<'_>) -> Self {
        Self {
            live: keys.session,
            time: keys.time.into(),
            user: keys.user.map(str::to_owned),
            local: as_on_the_wire(keys.local),
            peer: as_on_the_wire(keys.peer),
            local_ids: keys.local_ids,
            peer_ids: keys.peer_ids,
            own: keys.own.into(),
            send: keys.agreement.send,
            receive: keys.agreement.receive,
            keys: keys.keys.clone(),
        }
    }
}

/// A line about keys that are no more.
#[derive(Serialize, Deserialize)]
pub(super) struct Erased {
    pub erased: u64,
    #[serde(with = "rfc3339")]
    pub time: Time,
}

/// `address` as frames have it: a socket for both IP versions shows IPv4 mapped into IPv6, and the
/// scope of a link-local address is no part of it.
pub(super) fn as_on_the_wire(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Times as RFC 3339 has them.
mod rfc3339 {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::capture::Time;

    pub fn serialize<S: Serializer>(time: &Time, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(time)
    }

    pub fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Time, D::Error> {
        let text = String::deserialize(from)?;
        let time = humantime::parse_rfc3339(&text).map_err(D::Error::custom)?;
        Ok(time.into())
    }
}
