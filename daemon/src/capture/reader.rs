//! Reading captures of either format, one item at a time.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::pcapng::{self, Section};
use super::record::Form;
use super::{Error, Item, LinkType, MAX_FRAME, Order, Problem, Record, Time};

/// Reads a capture and yields its items in order.
///
/// After an error nothing more is read: [`next_item`](Self::next_item) then yields `None`.
#[derive(Debug)]
pub struct Reader<R> {
    source: Source<R>,
    path: Option<PathBuf>,
    format: Format,
    /// What was read to tell the format, until it has been handed out as an item.
    first: Option<Item>,
    done: bool,
}

#[derive(Debug)]
enum Format {
    Pcap {
        order: Order,
        /// Nanoseconds in one unit of the records' fractions of seconds.
        unit: u64,
        link: LinkType,
    },
    Pcapng(Section),
}

impl Reader<BufReader<File>> {
    /// Opens a capture file. Errors name it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|e| Error::new(e).in_file(Some(path)))?;
        Self::with_path(BufReader::new(file), Some(path.to_owned()))
    }
}

impl<R: Read> Reader<R> {
    /// Reads a capture from anywhere. Wrap what is slow to read in small pieces in a
    /// [`BufReader`].
    pub fn new(inner: R) -> Result<Self, Error> {
        Self::with_path(inner, None)
    }

    /// Reads a capture from anywhere, with a name for it that errors give.
    pub fn named(inner: R, name: PathBuf) -> Result<Self, Error> {
        Self::with_path(inner, Some(name))
    }

    fn with_path(inner: R, path: Option<PathBuf>) -> Result<Self, Error> {
        let mut source = Source { inner, offset: 0 };
        match begin(&mut source) {
            Ok((format, first)) => Ok(Self {
                source,
                path,
                format,
                first: Some(first),
                done: false,
            }),
            Err(problem) => Err(Error::new(problem).at(0).in_file(path.as_deref())),
        }
    }

    /// The next piece of the capture, or `None` at its end.
    pub fn next_item(&mut self) -> Result<Option<Item>, Error> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        if self.done {
            return Ok(None);
        }
        let at = self.source.offset;
        let item = match &mut self.format {
            &mut Format::Pcap { order, unit, link } => {
                pcap_record(&mut self.source, order, unit, link)
            }
            Format::Pcapng(section) => section.next_block(&mut self.source),
        };
        match item {
            Ok(item) => {
                self.done = item.is_none();
                Ok(item)
            }
            Err(problem) => {
                self.done = true;
                Err(Error::new(problem).at(at).in_file(self.path.as_deref()))
            }
        }
    }

    /// The frames alone. They end after the first error.
    pub fn frames(self) -> Frames<R> {
        Frames(self)
    }
}

/// The frames of a capture: see [`Reader::frames`].
#[derive(Debug)]
pub struct Frames<R>(Reader<R>);

impl<R: Read> Iterator for Frames<R> {
    type Item = Result<Record, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.0.next_item().transpose()? {
                Ok(Item::Frame(record)) => return Some(Ok(record)),
                Ok(Item::Other(_)) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// Bytes from a file, counted.
#[derive(Debug)]
pub(super) struct Source<R> {
    inner: R,
    offset: u64,
}

impl<R: Read> Source<R> {
    /// Appends `length` bytes, or as many as there are, to `to` and says how many. Memory grows
    /// with what is there, not with what is asked for.
    pub fn fill(&mut self, to: &mut Vec<u8>, length: usize) -> Result<usize, Problem> {
        let got = (&mut self.inner)
            .take(length as u64)
            .read_to_end(to)
            .map_err(Problem::Io)?;
        self.offset += got as u64;
        Ok(got)
    }

    /// Appends `length` bytes of `what`, which must be there.
    pub fn need(
        &mut self,
        to: &mut Vec<u8>,
        length: usize,
        what: &'static str,
    ) -> Result<(), Problem> {
        let missing = (length - self.fill(to, length)?) as u64;
        if missing > 0 {
            return Err(Problem::Truncated { what, missing });
        }
        Ok(())
    }
}

/// Tells the format by the file's first bytes.
fn begin<R: Read>(source: &mut Source<R>) -> Result<(Format, Item), Problem> {
    let mut head = Vec::with_capacity(256);
    source.fill(&mut head, 4)?;
    let foreign = |head: &[u8]| {
        if head.is_empty() {
            Problem::Foreign("nothing: it is empty".into())
        } else {
            Problem::Foreign(hex::encode(head))
        }
    };
    let (order, unit) = match *head.as_slice() {
        [0xd4, 0xc3, 0xb2, 0xa1] => (Order::Little, 1000),
        [0xa1, 0xb2, 0xc3, 0xd4] => (Order::Big, 1000),
        [0x4d, 0x3c, 0xb2, 0xa1] => (Order::Little, 1),
        [0xa1, 0xb2, 0x3c, 0x4d] => (Order::Big, 1),
        [0x0a, 0x0d, 0x0d, 0x0a] => {
            let (section, block) = pcapng::begin(source, head)?;
            return Ok((Format::Pcapng(section), Item::Other(block)));
        }
        [0x34, 0xcd, 0xb2, 0xa1] | [0xa1, 0xb2, 0xcd, 0x34] => {
            let what = "this is a pcap file in Kuznetzov's modified form";
            return Err(Problem::Unsupported(what.into()));
        }
        [0x1f, 0x8b, ..] => return Err(Problem::Compressed("gzip", "gunzip")),
        [0x28, 0xb5, 0x2f, 0xfd] => return Err(Problem::Compressed("zstd", "unzstd")),
        [0xfd, b'7', b'z', b'X'] => return Err(Problem::Compressed("xz", "unxz")),
        [b'B', b'Z', b'h', _] => return Err(Problem::Compressed("bzip2", "bunzip2")),
        [0x04, 0x22, 0x4d, 0x18] => return Err(Problem::Compressed("lz4", "unlz4")),
        _ => return Err(foreign(&head)),
    };
    source.need(&mut head, 20, "the file's header")?;
    let (major, minor) = (order.u16(&head, 4), order.u16(&head, 6));
    if (major, minor) != (2, 4) {
        let what = format!("this is pcap version {major}.{minor}, where 2.4 is understood");
        return Err(Problem::Unsupported(what));
    }
    // The upper half holds flags about frame check sequences.
    let link = LinkType::from((order.u32(&head, 20) & 0xffff) as u16);
    Ok((Format::Pcap { order, unit, link }, Item::Other(head)))
}

fn pcap_record<R: Read>(
    source: &mut Source<R>,
    order: Order,
    unit: u64,
    link: LinkType,
) -> Result<Option<Item>, Problem> {
    let mut raw = Vec::with_capacity(256);
    match source.fill(&mut raw, 16)? {
        0 => return Ok(None),
        16 => {}
        got => {
            return Err(Problem::Truncated {
                what: "a record's header",
                missing: 16 - got as u64,
            });
        }
    }
    let (seconds, fraction) = (order.u32(&raw, 0), order.u32(&raw, 4));
    let (captured, original_len) = (order.u32(&raw, 8), order.u32(&raw, 12));
    if captured as usize > MAX_FRAME {
        return Err(Problem::TooLong(captured.into()));
    }
    source.need(&mut raw, captured as usize, "a frame")?;
    Ok(Some(Item::Frame(Record {
        frame: 16..raw.len(),
        raw,
        form: Form::Pcap,
        order,
        time: Some(Time::new(seconds.into(), u64::from(fraction) * unit)),
        interface: 0,
        link,
        original_len,
    })))
}
