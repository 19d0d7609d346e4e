//! Endpoints against each other, and against what is made by hand, in virtual time.

mod broken;
mod calls;
mod delivery;
mod dial;
mod hostile;
mod pair;
mod raw;
mod start;
mod stop;
mod xl2tpd;
