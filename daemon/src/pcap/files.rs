//! The files of a run: captures to read once or twice, captures to write, and that none of them is
//! another.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, IsTerminal, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::Error;
use crate::capture::Reader;

/// Whether `path` stands for standard input or output.
pub fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A capture to read.
#[derive(Debug)]
pub struct Input {
    name: PathBuf,
    standard: bool,
}

impl Input {
    /// The capture at `path`, or on standard input where that is `-`.
    pub fn new(path: &Path) -> Self {
        let standard = is_standard(path);
        let name = if standard {
            PathBuf::from("standard input")
        } else {
            path.to_owned()
        };
        Self { name, standard }
    }

    /// A reader for one pass.
    ///
    /// # Errors
    /// `Error` where it is not there or is no capture.
    pub fn once(&self) -> Result<Reader<Box<dyn Read>>, Error> {
        let bytes: Box<dyn Read> = if self.standard {
            Box::new(io::stdin().lock())
        } else {
            Box::new(BufReader::with_capacity(CHUNK, self.open()?))
        };
        Ok(Reader::named(bytes, self.name.clone())?)
    }

    /// The capture for as many passes as it takes: what cannot be read again is read to its end
    /// first, into a file that has no name and that nobody else can open.
    ///
    /// # Errors
    /// `Error` where it is not there.
    pub fn again(self) -> Result<Again, Error> {
        let mut file = if self.standard {
            return self.spool(io::stdin().lock());
        } else {
            self.open()?
        };
        let regular = file.metadata().is_ok_and(|metadata| metadata.is_file());
        if !regular || file.rewind().is_err() {
            return self.spool(file);
        }
        let name = self.name;
        Ok(Again { name, file })
    }

    fn spool(self, mut from: impl Read) -> Result<Again, Error> {
        let mut file = tempfile::tempfile().map_err(Error::Spool)?;
        let mut chunk = vec![0; CHUNK];
        loop {
            match from.read(&mut chunk) {
                Ok(0) => break,
                Ok(n) => file.write_all(&chunk[..n]).map_err(Error::Spool)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(open_error(&self.name, source)),
            }
        }
        let name = self.name;
        Ok(Again { name, file })
    }

    fn open(&self) -> Result<File, Error> {
        File::open(&self.name).map_err(|source| open_error(&self.name, source))
    }
}

const CHUNK: usize = 256 << 10;

fn open_error(path: &Path, source: io::Error) -> Error {
    let path = path.to_owned();
    Error::Open { path, source }
}

/// A capture that can be read from its start again.
#[derive(Debug)]
pub struct Again {
    name: PathBuf,
    file: File,
}

impl Again {
    /// A reader from the start. One at a time: they share their place in the file.
    pub fn reader(&mut self) -> Result<Reader<BufReader<&File>>, Error> {
        let rewound = self.file.rewind();
        rewound.map_err(|source| open_error(&self.name, source))?;
        let bytes = BufReader::with_capacity(CHUNK, &self.file);
        Ok(Reader::named(bytes, self.name.clone())?)
    }
}

/// A file to write.
pub struct Output {
    name: PathBuf,
    to: BufWriter<Box<dyn Write>>,
}

impl Output {
    /// The file at `path`, emptied if it is there, or standard output where that is `-`.
    ///
    /// # Errors
    /// `Error` where it cannot be made, or is a terminal.
    pub fn create(path: &Path) -> Result<Self, Error> {
        if is_standard(path) {
            if io::stdout().is_terminal() {
                return Err(Error::Terminal);
            }
            return Ok(Self::to("standard output".as_ref(), io::stdout().lock()));
        }
        let file = File::create(path).map_err(|source| create_error(path, source))?;
        Ok(Self::to(path, file))
    }

    /// A file that only its owner can read, whatever its permissions were before.
    ///
    /// # Errors
    /// `Error` where it cannot be made.
    pub fn create_secret(path: &Path) -> Result<Self, Error> {
        let open = || {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o600);
            let file = options.open(path)?;
            if file.metadata()?.is_file() {
                file.set_permissions(PermissionsExt::from_mode(0o600))?;
            }
            Ok(file)
        };
        let file = open().map_err(|source| create_error(path, source))?;
        Ok(Self::to(path, file))
    }

    fn to(name: &Path, to: impl Write + 'static) -> Self {
        Self {
            name: name.to_owned(),
            to: BufWriter::with_capacity(CHUNK, Box::new(to)),
        }
    }

    /// Writes `bytes`.
    ///
    /// # Errors
    /// `Error` where the system refuses.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = self.to.write_all(bytes);
        written.map_err(|source| self.error(source))
    }

    /// Writes out what is buffered.
    ///
    /// # Errors
    /// `Error` where the system refuses.
    pub fn finish(mut self) -> Result<(), Error> {
        let flushed = self.to.flush();
        flushed.map_err(|source| self.error(source))
    }

    fn error(&self, source: io::Error) -> Error {
        let path = self.name.clone();
        Error::Write { path, source }
    }
}

fn create_error(path: &Path, source: io::Error) -> Error {
    let path = path.to_owned();
    Error::Create { path, source }
}

/// Checks that no file to write is one to read, and that all files to write are different.
///
/// # Errors
/// `Error::SameFile` where two are one.
pub fn distinct(read: &[&Path], write: &[&Path]) -> Result<(), Error> {
    for (i, written) in write.iter().enumerate() {
        for other in read.iter().chain(&write[..i]) {
            if same(written, other) {
                return Err(Error::SameFile(other.to_path_buf(), written.to_path_buf()));
            }
        }
    }
    Ok(())
}

/// Whether two paths lead to one regular file. A file that is not there yet is told by its path.
fn same(a: &Path, b: &Path) -> bool {
    if is_standard(a) || is_standard(b) {
        return false;
    }
    match (a.metadata(), b.metadata()) {
        (Ok(a), Ok(b)) => a.is_file() && (a.dev(), a.ino()) == (b.dev(), b.ino()),
        (Err(_), Err(_)) => a == b,
        _ => false,
    }
}
