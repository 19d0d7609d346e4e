//! PPP Header Scrambling as an FPGA pipeline.

pub mod chacha;
pub mod emit;
pub mod permute;
pub mod records;
pub mod streams;
