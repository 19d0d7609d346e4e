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
        let passed = now.saturating_sub(self.refilled);
        let earned = passed.as_micros().saturating_mul(self.per_second.into()) / 1_000_000;
        if earned > 0 {
            let left = u128::from(self.left) + earned;
            self.left = left.min(self.per_second.into()) as u32;
            self.refilled = now;
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
    }
}
