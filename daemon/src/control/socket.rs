//! The socket in the file system.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Only the owner may connect.
const MODE: u32 = 0o600;

/// A control socket that clients can connect to; [`serve`](super::serve) answers them.
///
/// The file is removed when this is dropped, unless another daemon has put its own there.
#[derive(Debug)]
pub struct Listener {
    pub(super) socket: UnixListener,
    file: File,
}

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another daemon answers there.
    #[error(
        "{}: another fogline is running there; stop it, or give this one another control socket",
        .0.display()
    )]
    Running(PathBuf),
    /// Something else has the name.
    #[error(
        "{}: there is something that is no socket; move it away, or choose another control socket",
        .0.display()
    )]
    NotASocket(PathBuf),
    /// The system refuses.
    #[error(
        "{}: cannot make the control socket: {source}; its directory must exist and be writable",
        path.display()
    )]
    Io {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Listener {
    /// Makes a socket at `path`, in place of a dead daemon's.
    ///
    /// # Errors
    /// Another daemon lives there, something that is no socket does, or the system refuses.
    pub fn bind(path: &Path) -> Result<Self, BindError> {
        clear_the_way(path)?;
        let io = |source| BindError::Io {
            path: path.into(),
            source,
        };
        let socket = UnixListener::bind(path).map_err(io)?;
        let file = File::at(path).map_err(io)?;
        // Until here the mode is what the umask made it; who connects in between is asked for
        // credentials like everyone.
        fs::set_permissions(path, fs::Permissions::from_mode(MODE)).map_err(io)?;
        socket.set_nonblocking(true).map_err(io)?;
        Ok(Self { socket, file })
    }

    /// Where the socket is.
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// The socket, and the file that goes when it is dropped.
    pub(super) fn into_parts(self) -> (UnixListener, impl Drop + Send) {
        (self.socket, self.file)
    }
}

/// Removes a socket that nobody listens at.
fn clear_the_way(path: &Path) -> Result<(), BindError> {
    let io = |source| BindError::Io {
        path: path.into(),
        source,
    };
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(BindError::NotASocket(path.into()));
        }
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io(error)),
    }
    match UnixStream::connect(path) {
        // A full queue is a living daemon's, too.
        Ok(_) => Err(BindError::Running(path.into())),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err(BindError::Running(path.into())),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(io)
        }
        Err(error) => Err(io(error)),
    }
}

/// The file, told from others that may get its name.
#[derive(Debug)]
struct File {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl File {
    fn at(path: &Path) -> io::Result<Self> {
        let found = fs::symlink_metadata(path)?;
        Ok(Self {
            path: path.into(),
            device: found.dev(),
            inode: found.ino(),
        })
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let same = |f: fs::Metadata| (f.dev(), f.ino()) == (self.device, self.inode);
        if fs::symlink_metadata(&self.path).is_ok_and(same) {
            // Without the right to remove it, the next daemon finds it dead and does.
            let _ = fs::remove_file(&self.path);
        }
    }
}
