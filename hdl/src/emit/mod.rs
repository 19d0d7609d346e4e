//! Verilog of a block, and of the designs that are built from them.
//!
//! rust-hdl writes one module for each instance, named by its path with `$` between the parts; of a design with
//! hundreds of the same quarter round, that is hundreds of modules. Here those that are the same become one, names
//! are plain identifiers, and the text depends on nothing but the design.
//!
//! ```
//! use rust_hdl::prelude::*;
//!
//! #[derive(LogicBlock, Default)]
//! struct Late {
//!     pub clock: Signal<In, Clock>,
//!     pub s: Signal<In, Bits<8>>,
//!     pub m: Signal<Out, Bits<8>>,
//!     first: DFF<Bits<8>>,
//!     second: DFF<Bits<8>>,
//! }
//!
//! impl Logic for Late {
//!     #[hdl_gen]
//!     fn update(&mut self) {
//!         dff_setup!(self, clock, first, second);
//!         self.first.d.next = self.s.val();
//!         self.second.d.next = self.first.q.val();
//!         self.m.next = self.second.q.val();
//!     }
//! }
//!
//! let text = fogline_hdl::emit::verilog(Late::default(), "late");
//! assert!(text.starts_with("module late(clock,s,m);"));
//! assert!(text.contains("late_dff_8 first("));
//! assert!(text.contains("late_dff_8 second("));
//! assert_eq!(text.matches("endmodule").count(), 2);
//! ```

mod design;
mod merge;
mod names;
mod selects;
mod tokens;

pub use design::{Design, MODULES, Module, Parameters, Size, TOPS, Top, design, module};
pub use names::RESERVED;

use rust_hdl::prelude::*;

/// Emits `uut` as module `name`, and what it is made of as modules `name_...`.
pub fn verilog<U: Block>(mut uut: U, name: &str) -> String {
    uut.connect_all();
    selects::flatten(&merge::merge(&generate_verilog_unchecked(&uut), name))
}
