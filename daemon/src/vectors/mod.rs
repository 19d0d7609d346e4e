//! Test vectors of the specification: made, recomputed, and multiplied at random.

mod frames;
pub mod generate;
pub mod model;
pub mod random;
pub mod verify;
