//! A carrier that is an attacker, between the daemon's own engines in virtual time (draft section 15).
//!
//! A [`Guard`](world::guard::Guard) looks at whatever an engine sends or delivers: no data is in clear after it was
//! scrambled, none is delivered on keys that nobody proved, and nothing that the carrier made comes out where data is
//! scrambled. Another subscriber's packets go by all the while, and none is lost.
//!
//! `FOGLINE_HOSTILE_SEEDS=N` has the random attacks play N times as many games.

#[path = "../world/mod.rs"]
mod world;

mod attacker;
mod flood;
mod forgery;
mod middle;
mod negotiation;
mod random;
mod replay;
mod scene;
mod strangers;
mod teardown;
