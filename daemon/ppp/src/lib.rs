//! The Point-to-Point Protocol with header scrambling, without I/O.
