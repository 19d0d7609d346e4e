//! The control socket, the commands that use it, and the metrics, against an engine that has
//! made its sessions up.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests to all but clippy"
)]

mod engine;
mod hostile;
mod metrics;
mod program;
mod rogue;
mod socket;
