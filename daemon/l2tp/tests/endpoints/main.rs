//! Endpoints against each other, and against what is made by hand, in virtual time.

mod calls;
mod delivery;
mod hostile;
mod pair;
mod raw;
mod start;
mod stop;
