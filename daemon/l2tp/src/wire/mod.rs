//! Control messages as they travel (RFC 2661 sections 3.1, 3.2 and 4).

pub mod avp;
mod emit;
mod fields;
mod header;
pub mod hidden;
pub mod message;

pub use avp::Avps;
pub use emit::Hiding;
pub use fields::Fault;
pub use header::{Header, NotControl};
pub use message::{Message, Parsed, Refusal};
