//! Writing captures.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::{Error, Item, LinkType, MAX_FRAME, Problem, Record};

/// Writes a capture, either as a copy of what a [`Reader`](super::Reader) yields or anew.
#[derive(Debug)]
pub struct Writer<W: Write> {
    inner: W,
    path: Option<std::path::PathBuf>,
}

impl Writer<BufWriter<File>> {
    /// A file that will get a copy of another capture's items, its header first.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let file =
            File::create(path).map_err(|e| Error::new(Problem::Create(e)).in_file(Some(path)))?;
        Ok(Self {
            inner: BufWriter::new(file),
            path: Some(path.to_owned()),
        })
    }
}

impl<W: Write> Writer<W> {
    /// A copy of another capture, whose items are to follow, its header first.
    pub fn copy(inner: W) -> Self {
        Self { inner, path: None }
    }

    /// A new pcap file (little-endian, nanoseconds) for records made by [`Record::new`].
    pub fn pcap(mut inner: W, link: LinkType) -> Result<Self, Error> {
        let mut header = Vec::with_capacity(24);
        header.extend(0xa1b2_3c4d_u32.to_le_bytes());
        header.extend(2u16.to_le_bytes());
        header.extend(4u16.to_le_bytes());
        header.extend([0; 8]);
        header.extend((MAX_FRAME as u32).to_le_bytes());
        header.extend(u32::from(link.number()).to_le_bytes());
        inner.write_all(&header)?;
        Ok(Self { inner, path: None })
    }

    /// Writes an item.
    pub fn write(&mut self, item: &Item) -> Result<(), Error> {
        self.put(item.as_bytes())
    }

    /// Writes a frame.
    pub fn write_record(&mut self, record: &Record) -> Result<(), Error> {
        self.put(record.as_bytes())
    }

    /// Writes out what is buffered and hands back the destination.
    pub fn finish(mut self) -> Result<W, Error> {
        let flushed = self.inner.flush();
        flushed.map_err(|e| Error::new(e).in_file(self.path.as_deref()))?;
        Ok(self.inner)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = self.inner.write_all(bytes);
        written.map_err(|e| Error::new(e).in_file(self.path.as_deref()))
    }
}
