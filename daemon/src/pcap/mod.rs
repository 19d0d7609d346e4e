//! Captures wrapped into L2TP or PPPoE, scrambled, and restored: what `fogline pcap` does.
//!
//! [`wrap`] puts the IP packets of any capture into PPP frames of one session. [`scramble`] agrees
//! keys for each PPP session that it finds in a capture and scrambles its data, writing a
//! [`keylog`]; [`restore`] undoes that with nothing but the keylog. What is not PPP data passes as it
//! is, and every frame is counted.

mod control;
mod counts;
mod error;
mod files;
mod frame;
pub mod keylog;
mod link;
mod restore;
mod scramble;
mod secrets;
mod sessions;
mod wrap;

pub use counts::{Done, Forms, Reasons};
pub use error::Error;
pub use files::{Input, Output, distinct, is_standard};
pub use restore::{Restored, restore};
pub use scramble::{Plan, Scrambled, scramble};
pub use secrets::Secrets;
pub use wrap::{Encap, NotWrapped, Wrapped, Wrapper, Wrapping, backhaul_frame, wrap};
