//! Carriers: what happens to datagrams on their way.

use std::time::Duration;

use super::{Dice, Flying, ms};

/// Carries a datagram, or does not, or does something else instead.
pub trait Carrier {
    /// What arrives where, and how much later.
    fn carry(&mut self, now: Duration, flying: Flying) -> Vec<(Duration, Flying)>;
}

/// Everything arrives in order.
pub struct Perfect;

impl Carrier for Perfect {
    fn carry(&mut self, _: Duration, flying: Flying) -> Vec<(Duration, Flying)> {
        vec![(ms(10), flying)]
    }
}

/// Loses, duplicates and, as delays vary, reorders; writes down what it did.
pub struct Lossy {
    pub dice: Dice,
    /// In percent.
    pub loss: u64,
    /// In percent.
    pub duplication: u64,
    pub least: Duration,
    pub most: Duration,
    pub lost: Vec<Flying>,
}

impl Lossy {
    /// `loss` percent are lost, as many come twice, delays are 10 to 40 ms.
    pub fn new(seed: u64, loss: u64) -> Self {
        Self {
            dice: Dice(seed),
            loss,
            duplication: loss,
            least: ms(10),
            most: ms(40),
            lost: Vec::new(),
        }
    }
}

impl Carrier for Lossy {
    fn carry(&mut self, _: Duration, flying: Flying) -> Vec<(Duration, Flying)> {
        if self.dice.percent(self.loss) {
            self.lost.push(flying);
            return Vec::new();
        }
        let copies = 1 + usize::from(self.dice.percent(self.duplication));
        let span = (self.most - self.least).as_micros() as u64 + 1;
        let mut delay = || self.least + Duration::from_micros(self.dice.below(span));
        (0..copies).map(|_| (delay(), flying.clone())).collect()
    }
}

/// Carries all, and keeps a copy.
#[derive(Default)]
pub struct Wiretap {
    pub seen: Vec<Flying>,
}

impl Carrier for Wiretap {
    fn carry(&mut self, _: Duration, flying: Flying) -> Vec<(Duration, Flying)> {
        self.seen.push(flying.clone());
        vec![(ms(10), flying)]
    }
}

impl<F: FnMut(Duration, Flying) -> Vec<(Duration, Flying)>> Carrier for F {
    fn carry(&mut self, now: Duration, flying: Flying) -> Vec<(Duration, Flying)> {
        self(now, flying)
    }
}
