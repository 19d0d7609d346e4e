//! The `fogline` program.

fn main() {}
