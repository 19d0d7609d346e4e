//! plan
pub mod delay;
pub mod modulo;
