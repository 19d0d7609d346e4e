//! The configuration file of the daemon: one TOML file for `fogline lns` and `fogline client`.

mod hidden;
pub mod model;

pub use hidden::Hidden;
