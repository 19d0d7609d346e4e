//! What sessions are sorted by.

use clap::ValueEnum;

use super::rates::Rate;

/// What comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// The highest rate, both directions taken together
    Rate,
    /// The highest rate sent to the peer
    Sent,
    /// The highest rate received from the peer
    Received,
    /// The most bytes since the session began
    Total,
    /// The lowest place in the daemon's table
    Id,
}

impl Order {
    /// The next, in turn.
    pub fn next(self) -> Self {
        match self {
            Self::Rate => Self::Sent,
            Self::Sent => Self::Received,
            Self::Received => Self::Total,
            Self::Total => Self::Id,
            Self::Id => Self::Rate,
        }
    }

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Sent => "sent",
            Self::Received => "received",
            Self::Total => "total",
            Self::Id => "id",
        }
    }

    /// Sorts; among equals, the lowest number is first, so that nothing jumps about.
    pub fn sort(self, rates: &mut [Rate]) {
        let key = |rate: &Rate| match self {
            Self::Rate => rate.sent.unwrap_or(0.0) + rate.received.unwrap_or(0.0),
            Self::Sent => rate.sent.unwrap_or(0.0),
            Self::Received => rate.received.unwrap_or(0.0),
            Self::Total => rate.bytes as f64,
            Self::Id => -f64::from(rate.id.index()),
        };
        rates.sort_by(|a, b| key(b).total_cmp(&key(a)).then(a.id.cmp(&b.id)));
    }
}

#[cfg(test)]
mod tests {
    use fogline::control::model::SessionId;

    use super::*;

    fn rate(index: u32, sent: f64, received: f64, bytes: u64) -> Rate {
        Rate {
            id: SessionId::new(index, 0).unwrap(),
            sent: Some(sent),
            received: Some(received),
            bytes,
        }
    }

    #[test]
    fn every_order_puts_its_own_first() {
        let rates = [
            rate(0, 1.0, 1.0, 1),
            rate(1, 5.0, 2.0, 2),
            rate(2, 1.0, 5.0, 3),
            rate(3, 4.0, 4.0, 4),
            rate(4, 4.0, 4.0, 9),
        ];
        let mut order = Order::Rate;
        for expected in [
            [3, 4, 1, 2, 0],
            [1, 3, 4, 0, 2],
            [2, 3, 4, 1, 0],
            [4, 3, 2, 1, 0],
            [0, 1, 2, 3, 4],
        ] {
            let mut sorted = rates;
            order.sort(&mut sorted);
            assert_eq!(sorted.map(|r| r.id.index()), expected, "{}", order.word());
            order = order.next();
        }
        assert_eq!(order, Order::Rate);
    }
}
