//! The configuration as an operator meets it: the examples, mistakes and what is said of them, reloads, and the program.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests to all but clippy"
)]

mod changes;
mod examples;
mod files;
mod mistakes;
mod pools_and_users;
mod program;
mod secrets;
mod units;
