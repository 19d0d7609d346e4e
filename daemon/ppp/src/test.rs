//! What the unit tests share.

use core::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

/// Always the same bytes.
pub(crate) struct NoRandom;

impl TryRng for NoRandom {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0x0A0B_0C0D)
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(0x0A0B_0C0D_0E0F_1011)
    }
    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        to.fill(0x0A);
        Ok(())
    }
}

impl TryCryptoRng for NoRandom {}
