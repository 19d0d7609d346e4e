//! L2TPv2 control connections and calls (RFC 2661), without I/O.

mod cause;
mod config;
mod text;
pub mod wire;

pub use cause::{CallCause, CallResult, Cause, DownReason, ErrorCode, StopCause, StopResult};
pub use config::{Config, Secret};
pub use wire::message::{Proxy, ProxyAuthentication};
