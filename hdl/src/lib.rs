//! PPP Header Scrambling as an FPGA pipeline.

pub mod emit;
pub mod records;
pub mod streams;
