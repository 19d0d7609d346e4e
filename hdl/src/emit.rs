//! Verilog of a block.

use rust_hdl::prelude::*;

/// Emits `uut` as module `name`, its sub-modules as `name$...`.
pub fn verilog<U: Block>(mut uut: U, name: &str) -> String {
    uut.connect_all();
    generate_verilog_unchecked(&uut)
        .replace("top$", &format!("{name}$"))
        .replace("module top(", &format!("module {name}("))
        .replace("endmodule // top\n", &format!("endmodule // {name}\n"))
}
