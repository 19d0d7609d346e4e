//! The card's Verilog under Verilator, held against the reference packet by packet.

pub mod parsed;
pub mod record;
pub mod verilated;
