//! card

pub mod registers;

pub use registers::{Drop, EventKind};
