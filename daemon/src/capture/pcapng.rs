//! The pcapng format: sections of blocks, of which a few kinds carry frames.

use std::io::Read;

use super::reader::Source;
use super::record::{Form, padding};
use super::{Item, LinkType, MAX_BLOCK, MAX_FRAME, Order, Problem, Record, Time};

mod block {
    pub const SECTION: u32 = 0x0a0d_0d0a;
    pub const INTERFACE: u32 = 1;
    /// Obsolete, but in files of before 2010.
    pub const PACKET: u32 = 2;
    pub const SIMPLE: u32 = 3;
    pub const ENHANCED: u32 = 6;
}

mod option {
    pub const END: u16 = 0;
    pub const TIME_RESOLUTION: u16 = 9;
    pub const TIME_OFFSET: u16 = 14;
}

/// Blocks that carry frames have at most this much besides: options such as comments.
const MAX_AROUND: usize = 256 << 10;

/// More interfaces than any capture has: a bound on what is remembered about them.
const MAX_INTERFACES: usize = 1 << 16;

/// What is known about the current section.
#[derive(Debug)]
pub(super) struct Section {
    order: Order,
    interfaces: Vec<Interface>,
}

#[derive(Debug, Clone, Copy)]
struct Interface {
    link: LinkType,
    snaplen: u32,
    resolution: u8,
    offset: i64,
}

/// Reads the first section header, of which `head` are the first four bytes.
pub(super) fn begin<R: Read>(
    source: &mut Source<R>,
    head: Vec<u8>,
) -> Result<(Section, Vec<u8>), Problem> {
    let mut section = Section {
        order: Order::Little,
        interfaces: Vec::new(),
    };
    let mut raw = head;
    source.need(&mut raw, 4, "the file's header")?;
    section.rest_of_header(source, &mut raw)?;
    Ok((section, raw))
}

impl Section {
    /// The next block, or `None` at the end of the file.
    pub fn next_block<R: Read>(&mut self, source: &mut Source<R>) -> Result<Option<Item>, Problem> {
        let mut raw = Vec::with_capacity(256);
        match source.fill(&mut raw, 8)? {
            0 => return Ok(None),
            8 => {}
            got => {
                return Err(Problem::Truncated {
                    what: "a block's header",
                    missing: 8 - got as u64,
                });
            }
        }
        let kind = self.order.u32(&raw, 0);
        if kind == block::SECTION {
            self.rest_of_header(source, &mut raw)?;
            return Ok(Some(Item::Other(raw)));
        }
        let total = self.order.u32(&raw, 4) as usize;
        let limit = match kind {
            block::ENHANCED | block::PACKET | block::SIMPLE => MAX_FRAME + MAX_AROUND,
            _ => MAX_BLOCK,
        };
        self.rest(source, &mut raw, total, limit)?;
        match kind {
            block::INTERFACE => self.interface(&raw)?,
            block::ENHANCED => {
                let interface = self.order.u32(&raw, 8);
                return self.packet(raw, interface).map(Some);
            }
            block::PACKET => {
                let interface = self.order.u16(&raw, 8).into();
                return self.packet(raw, interface).map(Some);
            }
            block::SIMPLE => return self.simple(raw).map(Some),
            _ => {}
        }
        Ok(Some(Item::Other(raw)))
    }

    /// Reads on from the 8 bytes of a section header: it says its byte order inside.
    fn rest_of_header<R: Read>(
        &mut self,
        source: &mut Source<R>,
        raw: &mut Vec<u8>,
    ) -> Result<(), Problem> {
        source.need(raw, 4, "a section's header")?;
        let order = match raw[8..12] {
            [0x4d, 0x3c, 0x2b, 0x1a] => Order::Little,
            [0x1a, 0x2b, 0x3c, 0x4d] => Order::Big,
            _ => return Err(Problem::Corrupt("a section without a byte order".into())),
        };
        self.order = order;
        self.interfaces.clear();
        let total = order.u32(raw, 4) as usize;
        self.rest(source, raw, total, MAX_BLOCK)?;
        let (major, minor) = (order.u16(raw, 12), order.u16(raw, 14));
        if raw.len() < 28 || major != 1 {
            let what = format!("this is pcapng version {major}.{minor}, where 1 is understood");
            return Err(Problem::Unsupported(what));
        }
        Ok(())
    }

    /// Reads what is missing of a block of `total` bytes, and checks the length at its end.
    fn rest<R: Read>(
        &self,
        source: &mut Source<R>,
        raw: &mut Vec<u8>,
        total: usize,
        limit: usize,
    ) -> Result<(), Problem> {
        if total < raw.len() + 4 || !total.is_multiple_of(4) || total > limit {
            return Err(Problem::Corrupt(format!("a block of {total} bytes")));
        }
        source.need(raw, total - raw.len(), "a block")?;
        let again = self.order.u32(raw, total - 4) as usize;
        if again != total {
            let what = format!("a block of {total} bytes that ends as one of {again}");
            return Err(Problem::Corrupt(what));
        }
        Ok(())
    }

    fn interface(&mut self, raw: &[u8]) -> Result<(), Problem> {
        if raw.len() < 20 {
            return Err(Problem::Corrupt("a short interface block".into()));
        }
        if self.interfaces.len() == MAX_INTERFACES {
            return Err(Problem::Corrupt("far too many interfaces".into()));
        }
        let mut interface = Interface {
            link: LinkType::from(self.order.u16(raw, 8)),
            snaplen: self.order.u32(raw, 12),
            resolution: 6,
            offset: 0,
        };
        let mut options = &raw[16..raw.len() - 4];
        while options.len() >= 4 {
            let (code, length) = (
                self.order.u16(options, 0),
                self.order.u16(options, 2) as usize,
            );
            let Some(value) = options.get(4..4 + length) else {
                break;
            };
            match (code, value) {
                (option::END, _) => break,
                (option::TIME_RESOLUTION, &[resolution]) => interface.resolution = resolution,
                (option::TIME_OFFSET, value) => {
                    if let Some(&bytes) = value.first_chunk::<8>() {
                        interface.offset = match self.order {
                            Order::Little => i64::from_le_bytes(bytes),
                            Order::Big => i64::from_be_bytes(bytes),
                        };
                    }
                }
                _ => {}
            }
            options = options
                .get(4 + length + padding(length)..)
                .unwrap_or_default();
        }
        self.interfaces.push(interface);
        Ok(())
    }

    fn known_interface(&self, number: u32) -> Result<Interface, Problem> {
        let known = self.interfaces.get(number as usize).copied();
        known.ok_or_else(|| {
            Problem::Corrupt(format!(
                "a frame of interface {number}, which is not described"
            ))
        })
    }

    /// An Enhanced Packet Block, or a Packet Block, which differs only in its second word.
    fn packet(&self, raw: Vec<u8>, number: u32) -> Result<Item, Problem> {
        let interface = self.known_interface(number)?;
        let captured = self.order.u32(&raw, 20) as usize;
        let units = u64::from(self.order.u32(&raw, 12)) << 32 | u64::from(self.order.u32(&raw, 16));
        self.frame(&raw, 28, captured)?;
        Ok(Item::Frame(Record {
            frame: 28..28 + captured,
            form: Form::Enhanced,
            order: self.order,
            time: Some(Time::from_units(
                units,
                interface.resolution,
                interface.offset,
            )),
            interface: number,
            link: interface.link,
            original_len: self.order.u32(&raw, 24),
            raw,
        }))
    }

    /// A Simple Packet Block: of interface 0, with its length on the line only.
    fn simple(&self, raw: Vec<u8>) -> Result<Item, Problem> {
        let interface = self.known_interface(0)?;
        let original_len = self.order.u32(&raw, 8);
        let captured = match interface.snaplen {
            0 => original_len,
            snaplen => original_len.min(snaplen),
        } as usize;
        self.frame(&raw, 12, captured)?;
        Ok(Item::Frame(Record {
            frame: 12..12 + captured,
            form: Form::Simple {
                snaplen: interface.snaplen,
            },
            order: self.order,
            time: None,
            interface: 0,
            link: interface.link,
            original_len,
            raw,
        }))
    }

    /// Checks that a frame with its padding lies inside its block.
    fn frame(&self, raw: &[u8], start: usize, captured: usize) -> Result<(), Problem> {
        if captured > MAX_FRAME {
            return Err(Problem::TooLong(captured as u64));
        }
        if start + captured + padding(captured) + 4 > raw.len() {
            return Err(Problem::Corrupt(format!(
                "a block of {} bytes around a frame of {captured}",
                raw.len()
            )));
        }
        Ok(())
    }
}
