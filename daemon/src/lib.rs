//! What the `fogline` program is made of.

pub mod calls;
pub mod capture;
pub mod client;
pub mod config;
pub mod control;
pub mod demo;
pub mod dpi;
pub mod io;
pub mod ip;
pub mod lns;
pub mod load;
pub mod metrics;
pub mod pcap;
pub mod service;
mod settings;
pub mod vectors;
