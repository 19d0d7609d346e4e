//! PPP Header Scrambling as an FPGA pipeline.

pub mod emit;
pub mod parse;
pub mod records;
