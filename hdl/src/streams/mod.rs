//! Frames as streams of beats: from AXI4-Stream through the pipeline and back to AXI4-Stream.
//!
//! Both sizes from one source: `D` is the width of a beat in bits (512 or 64), `K` in bytes (64 or 8).

pub mod align100;
pub mod align64;
pub mod apply;
pub mod beat;
pub mod egress;
pub mod fifo;
pub mod ingress;
pub mod protocol;
pub mod sums;
