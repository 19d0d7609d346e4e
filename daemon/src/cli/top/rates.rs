//! From two samples of what sessions carried to their rates.

use std::collections::HashMap;
use std::time::Duration;

use fogline::control::model::{SessionId, SessionTraffic, Volume};

/// How fast a session is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Which session.
    pub id: SessionId,
    /// Bits per second sent to the peer; none for a session seen once only.
    pub sent: Option<f64>,
    /// Bits per second received from the peer.
    pub received: Option<f64>,
    /// Bytes of both directions since the session began.
    pub bytes: u64,
}

/// The latest sample, and the rates since the one before.
#[derive(Debug, Default)]
pub struct Rates {
    taken: Option<Duration>,
    carried: HashMap<SessionId, (Volume, Volume)>,
    rates: Vec<Rate>,
}

impl Rates {
    /// Takes a sample of time `now` in.
    pub fn update(&mut self, now: Duration, traffic: &[SessionTraffic]) {
        let elapsed = self.taken.map(|taken| now.saturating_sub(taken));
        let rates = traffic.iter().map(|session| {
            let before = self.carried.get(&session.id);
            let rate = |volume: Volume, before: Option<Volume>| {
                per_second(before?.bytes, volume.bytes, elapsed?)
            };
            Rate {
                id: session.id,
                sent: rate(session.sent, before.map(|b| b.0)),
                received: rate(session.received, before.map(|b| b.1)),
                bytes: session.sent.bytes.saturating_add(session.received.bytes),
            }
        });
        self.rates = rates.collect();
        let carried = traffic.iter().map(|s| (s.id, (s.sent, s.received)));
        self.carried = carried.collect();
        self.taken = Some(now);
    }

    /// The rates, in no order.
    pub fn all(&self) -> &[Rate] {
        &self.rates
    }
}

/// Bits per second, where bytes went from `before` to `after`; none where no time passed.
pub fn per_second(before: u64, after: u64, elapsed: Duration) -> Option<f64> {
    let bits = after.saturating_sub(before) as f64 * 8.0;
    (!elapsed.is_zero()).then(|| bits / elapsed.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traffic(index: u32, sent: u64, received: u64) -> SessionTraffic {
        let volume = |bytes| Volume { packets: 1, bytes };
        SessionTraffic {
            id: SessionId::new(index, 0).unwrap(),
            sent: volume(sent),
            received: volume(received),
        }
    }

    #[test]
    fn a_rate_is_the_difference_of_two_samples() {
        let mut rates = Rates::default();
        rates.update(
            Duration::from_secs(1),
            &[traffic(0, 1000, 0), traffic(1, 7, 7)],
        );
        assert!(
            rates
                .all()
                .iter()
                .all(|r| r.sent.is_none() && r.received.is_none())
        );
        rates.update(
            Duration::from_secs(3),
            &[traffic(0, 2000, 500), traffic(2, 9, 9)],
        );
        let [old, new] = rates.all() else {
            panic!("{rates:?}");
        };
        assert_eq!(
            (old.sent, old.received, old.bytes),
            (Some(4000.0), Some(2000.0), 2500)
        );
        assert_eq!((new.sent, new.received, new.bytes), (None, None, 18));
    }

    #[test]
    fn no_time_gives_no_rate() {
        let mut rates = Rates::default();
        let sample = [traffic(0, 1000, 0)];
        rates.update(Duration::ZERO, &sample);
        rates.update(Duration::ZERO, &sample);
        assert_eq!(rates.all()[0].sent, None);
        assert_eq!(per_second(10, 5, Duration::from_secs(1)), Some(0.0));
    }
}
