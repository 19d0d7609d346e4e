//! PPP Header Scrambling as an FPGA pipeline.

pub mod chacha;
pub mod closing;
pub mod emit;
pub mod finish;
pub mod keystream;
pub mod parse;
pub mod permute;
pub mod plan;
pub mod records;
pub mod streams;
pub mod table;
