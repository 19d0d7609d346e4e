//! sim

pub mod parsed;
