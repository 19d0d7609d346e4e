//! Frames to records: where everything lies, and what it says.

pub mod walker;

use crate::records::Parsed;
use rust_hdl::prelude::Bits;

impl Parsed {
    /// Assigns `next` in a kernel, where `self.m.next.next = ..` would mean a signal `self.m.next`.
    pub fn set_value_next(&mut self, next: Bits<8>) {
        self.next = next;
    }
}
