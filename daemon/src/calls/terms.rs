//! What all calls of a listener have in common.

use std::sync::Arc;
use std::time::Duration;

use crate::config::model::{AddressControl, Path};

/// How a listener, or a dialler, treats its calls.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What each link starts with.
    pub ppp: Arc<fogline_ppp::Config>,
    /// The way to the peers: its MTU, sequencing, FF 03.
    pub path: Path,
    /// Whether a LAC's negotiations are taken over where they can be (else LCP starts again).
    pub accept_proxy: bool,
    /// Whether TCP's MSS is held below the link's MTU.
    pub mss_clamp: bool,
    /// Whether peers may use addresses of their own choice (a subscriber's uplink), or only what they were given.
    pub any_source: bool,
    /// Whether a LAC is believed what it says of its subscriber's authentication: it must have proved a secret, since a
    /// recorded exchange is all that it takes to say it.
    pub trusts_proxy: bool,
    /// Sessions at most, over all listeners.
    pub max_sessions: usize,
    /// Calls taken in a second at most.
    pub calls_per_second: u32,
    /// Whether keys are shown in [`CallEvent::Keys`](super::CallEvent::Keys), for a key log.
    pub show_keys: bool,
}

impl Terms {
    pub(super) fn follows_address_control(&self) -> bool {
        self.path.ff03 == AddressControl::Follow
    }

    pub(super) fn starts_with_address_control(&self) -> bool {
        self.path.ff03 != AddressControl::Never
    }
}

/// So many a second, and as many at once.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    per_second: u32,
    left: u32,
    refilled: Duration,
}

impl Allowance {
    /// `per_second`, all of them there at the start.
    pub const fn new(per_second: u32) -> Self {
        Self {
            per_second,
            left: per_second,
            refilled: Duration::ZERO,
        }
    }

    /// Takes one, if there is one.
    pub fn take(&mut self, now: Duration) -> bool {
        const SECOND: u128 = 1_000_000_000;
        let rate = u128::from(self.per_second);
        let passed = now.saturating_sub(self.refilled);
        let earned = passed.as_nanos().saturating_mul(rate) / SECOND;
        let left = u128::from(self.left) + earned;
        if left >= rate {
            self.left = self.per_second;
            self.refilled = now;
        } else if earned > 0 {
            self.left = left as u32;
            // What is earned in part stays earned.
            self.refilled += Duration::from_nanos((earned * SECOND / rate) as u64);
        }
        let taken = self.left > 0;
        self.left = self.left.saturating_sub(1);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_is_spent_and_earned() {
        let mut allowance = Allowance::new(10);
        let taken = |allowance: &mut Allowance, at| (0..99).filter(|_| allowance.take(at)).count();
        assert_eq!(taken(&mut allowance, Duration::ZERO), 10);
        assert_eq!(taken(&mut allowance, Duration::from_millis(300)), 3);
        assert_eq!(taken(&mut allowance, Duration::from_secs(60)), 10);
        let mut one_by_one = Allowance::new(2000);
        while one_by_one.take(Duration::ZERO) {}
        let asked = (1..=2500).map(|n| Duration::from_micros(400 * n));
        assert_eq!(asked.filter(|at| one_by_one.take(*at)).count(), 2000);
    }
}
