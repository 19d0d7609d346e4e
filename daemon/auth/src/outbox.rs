//! What a machine wants sent and told, until its host takes it.

use std::collections::VecDeque;

/// Packets and events in order.
pub(crate) struct Outbox<E> {
    pub transmits: VecDeque<Vec<u8>>,
    pub events: VecDeque<E>,
}

impl<E> Outbox<E> {
    pub fn send(&mut self, packet: Vec<u8>) {
        self.transmits.push_back(packet);
    }

    pub fn tell(&mut self, event: E) {
        self.events.push_back(event);
    }
}

impl<E> Default for Outbox<E> {
    fn default() -> Self {
        Self {
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        }
    }
}
