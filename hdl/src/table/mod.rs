//! The look-up table: which session a frame is of.
//!
//! 2^A places in buckets of four, two hash functions: an entry stands in one of eight places, which
//! `fogline_card::registers::candidate_slots` names. Place = 8 x bucket + 4 x function + way. Of several places with the
//! same key, the lowest way of function 0 counts.
//!
//! Both blocks share these ports besides their look-up's: entry writes (`entry_write_valid`, `entry_write_address`,
//! `entry_write`; one cycle) and read-back (`entry_read_valid`, `entry_read_address`, held until the cycle in which
//! `entry_read_done` is set and `entry_read` valid; taken in a cycle without a look-up).

pub mod folded;
pub mod hash;
pub mod pipelined;

pub use folded::Lookup64;
pub use hash::Seeds;
pub use pipelined::Lookup100;
