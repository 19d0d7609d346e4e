//! One frame of a capture, and the items that lie between frames.

use std::ops::Range;

use super::{Error, LinkType, MAX_FRAME, Order, Problem, Time};

/// One piece of a capture, as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A captured frame.
    Frame(Record),
    /// Anything else: the header of a pcap file, a block of a pcapng file.
    Other(Vec<u8>),
}

impl Item {
    /// The item's bytes in the file.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Frame(record) => record.as_bytes(),
            Self::Other(bytes) => bytes,
        }
    }
}

/// A captured frame with what the capture says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The whole record or block, as in the file.
    pub(super) raw: Vec<u8>,
    /// Where in `raw` the frame is.
    pub(super) frame: Range<usize>,
    pub(super) form: Form,
    pub(super) order: Order,
    pub(super) time: Option<Time>,
    pub(super) interface: u32,
    pub(super) link: LinkType,
    pub(super) original_len: u32,
}

/// What surrounds a frame in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A pcap record: captured and original length at 8 and 12.
    Pcap,
    /// A pcapng Enhanced Packet Block, or the Packet Block it replaced: both lengths at 20 and 24.
    Enhanced,
    /// A pcapng Simple Packet Block: the original length at 8; the captured one follows from it
    /// and from the interface's snapshot length (0: no limit).
    Simple { snaplen: u32 },
}

impl Record {
    /// A frame captured whole, in the form that [`Writer::pcap`](super::Writer::pcap) writes.
    pub fn new(time: Time, link: LinkType, frame: &[u8]) -> Result<Self, Error> {
        if frame.len() > MAX_FRAME {
            return Err(Problem::TooLong(frame.len() as u64).into());
        }
        let length = frame.len() as u32;
        // The format's seconds have 32 bits: 2106 is its last year.
        let seconds = (time.as_nanos() / 1_000_000_000).min(u64::from(u32::MAX)) as u32;
        let nanos = (time.as_nanos() % 1_000_000_000) as u32;
        let mut raw = Vec::with_capacity(16 + frame.len());
        for word in [seconds, nanos, length, length] {
            raw.extend(word.to_le_bytes());
        }
        raw.extend(frame);
        Ok(Self {
            frame: 16..raw.len(),
            raw,
            form: Form::Pcap,
            order: Order::Little,
            time: Some(time),
            interface: 0,
            link,
            original_len: length,
        })
    }

    /// The captured bytes of the frame.
    pub fn frame(&self) -> &[u8] {
        &self.raw[self.frame.clone()]
    }

    /// When it was captured. Simple Packet Blocks do not say.
    pub fn time(&self) -> Option<Time> {
        self.time
    }

    /// What the frame begins with.
    pub fn link(&self) -> LinkType {
        self.link
    }

    /// The number of the interface within its pcapng section; 0 in a pcap file.
    pub fn interface(&self) -> u32 {
        self.interface
    }

    /// How long the frame was on the line: more than the captured bytes where it was cut.
    pub fn original_len(&self) -> u32 {
        self.original_len
    }

    /// Whether the capture kept less than the whole frame.
    pub fn is_cut(&self) -> bool {
        (self.original_len as usize) > self.frame.len()
    }

    /// The record's bytes in the file.
    pub fn as_bytes(&self) -> &[u8] {
        &self.raw
    }

    /// Puts other bytes in the frame's place.
    ///
    /// The original length changes by as much as the captured length does, so that undoing the
    /// change later gives the record back as it was. Padding is renewed, with zeros, only where
    /// the length changes. A hash of the frame among a block's options is left as it is.
    pub fn replace(&mut self, frame: &[u8]) -> Result<(), Error> {
        if frame.len() == self.frame.len() {
            self.raw[self.frame.clone()].copy_from_slice(frame);
            return Ok(());
        }
        if frame.len() > MAX_FRAME {
            return Err(Problem::TooLong(frame.len() as u64).into());
        }
        let change = frame.len() as i64 - self.frame.len() as i64;
        let original = (i64::from(self.original_len) + change).clamp(0, i64::from(u32::MAX)) as u32;
        if let Form::Simple { snaplen } = self.form {
            let limit = if snaplen == 0 { u32::MAX } else { snaplen };
            if original.min(limit) as usize != frame.len() {
                return Err(Problem::DoesNotFit(frame.len(), snaplen).into());
            }
        }

        let (mut raw, tail_at) = (Vec::with_capacity(self.raw.len() + frame.len()), {
            let padding = match self.form {
                Form::Pcap => 0,
                Form::Enhanced | Form::Simple { .. } => padding(self.frame.len()),
            };
            self.frame.end + padding
        });
        raw.extend(&self.raw[..self.frame.start]);
        raw.extend(frame);
        if self.form != Form::Pcap {
            raw.resize(raw.len() + padding(frame.len()), 0);
        }
        raw.extend(&self.raw[tail_at..]);

        let (captured, total) = (frame.len() as u32, raw.len() as u32);
        let lengths: &[(usize, u32)] = match self.form {
            Form::Pcap => &[(8, captured), (12, original)],
            Form::Enhanced => &[(4, total), (20, captured), (24, original)],
            Form::Simple { .. } => &[(4, total), (8, original)],
        };
        for &(at, value) in lengths {
            self.order.put_u32(&mut raw, at, value);
        }
        if self.form != Form::Pcap {
            let end = raw.len() - 4;
            self.order.put_u32(&mut raw, end, total);
        }
        self.raw = raw;
        self.frame = self.frame.start..self.frame.start + frame.len();
        self.original_len = original;
        Ok(())
    }
}

/// How many bytes fill `length` up to a multiple of 4.
pub(super) fn padding(length: usize) -> usize {
    length.wrapping_neg() & 3
}
