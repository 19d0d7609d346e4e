//! What the `fogline` program is made of.

pub mod capture;
pub mod control;
pub mod demo;
pub mod dpi;
pub mod metrics;
pub mod pcap;
pub mod vectors;
