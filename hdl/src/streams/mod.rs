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

pub use align64::Align64;
pub use align100::Align100;
pub use fifo::Fifo;

/// Ingress of `line100`: 512 beats of 64 bytes (three of the longest frames), 1024 frames' sideband.
pub type Ingress100 = ingress::Ingress<512, 64, 9, 128, 10>;
/// Ingress of `line64`: 4096 beats of 8 bytes (three of the longest frames), 1024 frames' sideband.
pub type Ingress64 = ingress::Ingress<64, 8, 12, 8, 10>;
/// Apply of `line100`.
pub type Apply100 = apply::Apply<512, 64, 704>;
/// Apply of `line64`.
pub type Apply64 = apply::Apply<64, 8, 256>;
/// Egress of `line100`: holds as much as ingress.
pub type Egress100 = egress::Egress<512, 64, 9, 128>;
/// Egress of `line64`: 2048 beats, more than the longest frame, which is all that it needs.
pub type Egress64 = egress::Egress<64, 8, 11, 8>;
