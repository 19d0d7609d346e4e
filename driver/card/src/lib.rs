//! The contract between a Fogline card and its host: register map, and what the card does, in software.

pub mod model;
pub mod registers;

pub use registers::{Drop, EventKind};
