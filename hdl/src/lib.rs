//! PPP Header Scrambling as an FPGA pipeline.

pub mod closing;
pub mod emit;
pub mod finish;
pub mod plan;
pub mod records;
