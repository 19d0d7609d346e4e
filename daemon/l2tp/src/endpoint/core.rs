//! What control connections share.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rand_core::CryptoRng;

use crate::config::Config;
use crate::counters::Counters;
use crate::deadlines::Deadlines;
use crate::event::{CallId, Event, Transmit, TunnelId};

/// What has a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    Tunnel(TunnelId),
    /// A call that is not up yet.
    Call(CallId),
}

/// What control connections share.
pub(crate) struct Core<R> {
    /// How new ones are treated.
    pub config: Arc<Config>,
    pub events: VecDeque<Event>,
    pub transmits: VecDeque<Transmit>,
    pub deadlines: Deadlines<Due>,
    pub counters: Counters,
    random: R,
    /// The Call Serial Number last used (RFC 2661 section 4.4.4).
    serial: u32,
}

impl<R: CryptoRng> Core<R> {
    pub fn new(config: Config, mut random: R) -> Self {
        let serial = random.next_u32();
        Self {
            config: Arc::new(config),
            events: VecDeque::new(),
            transmits: VecDeque::new(),
            deadlines: Deadlines::default(),
            counters: Counters::default(),
            random,
            serial,
        }
    }

    pub fn random_bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill_bytes(&mut bytes);
        bytes
    }

    pub fn next_serial(&mut self) -> u32 {
        self.serial = self.serial.wrapping_add(1);
        self.serial
    }

    pub fn set_call_deadline(&mut self, call: CallId, deadline: Option<Duration>) {
        self.deadlines.set(Due::Call(call), deadline);
    }
}
