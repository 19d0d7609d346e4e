//! PPP Header Scrambling (PHS), the reference: keys, negotiation and packet transforms.
//!
//! No I/O, no clock and no allocation per packet. The specification is
//! `spec/draft-fogline-ppp-header-scrambling`; names here are its names.

#![no_std]
extern crate alloc;

pub mod agreement;
pub mod checksum;
pub mod ecp;
pub mod encap;
pub mod keys;
pub mod negotiator;
pub mod option;
pub mod sample;
pub mod transform;
pub mod wire;
