//! Asks the daemon: what every session carried, and more about those that are shown.

use std::time::{Duration, Instant};

use fogline::control::model::{Session, Status, Volume};
use fogline::control::{Client, ClientError, Code, SessionQuery};

use super::order::Order;
use super::rates::{Rate, Rates, per_second};

/// What the user wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// What comes first.
    pub order: Order,
    /// Whether to leave out what is scrambled.
    pub in_clear: bool,
    /// How many sessions to skip.
    pub offset: usize,
    /// How many to show.
    pub rows: usize,
}

/// What can be shown.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The daemon as a whole.
    pub status: Status,
    /// Bits per second sent to all peers.
    pub sent: Option<f64>,
    /// Bits per second received from all peers.
    pub received: Option<f64>,
    /// How many sessions there are to scroll through.
    pub sessions: usize,
    /// Those that are shown.
    pub rows: Vec<(Session, Rate)>,
    /// What was wished for; the offset is one that exists.
    pub wish: Wish,
}

/// Where pictures come from.
#[derive(Debug)]
pub struct Sampler {
    client: Client,
    start: Instant,
    rates: Rates,
    /// When the latest sample was taken.
    time: Duration,
    status: Status,
    sent: Option<f64>,
    received: Option<f64>,
}

impl Sampler {
    /// Takes a first sample.
    pub fn start(mut client: Client, in_clear: bool) -> Result<Self, ClientError> {
        let status = client.status()?;
        let mut sampler = Self {
            client,
            start: Instant::now(),
            rates: Rates::default(),
            time: Duration::ZERO,
            status,
            sent: None,
            received: None,
        };
        sampler.sample_sessions(in_clear)?;
        Ok(sampler)
    }

    /// Takes another sample.
    pub fn sample(&mut self, in_clear: bool) -> Result<(), ClientError> {
        let time = self.start.elapsed();
        let elapsed = time.saturating_sub(self.time);
        let status = self.client.status()?;
        let rate = |before: Volume, after: Volume| per_second(before.bytes, after.bytes, elapsed);
        self.sent = rate(self.status.sent, status.sent);
        self.received = rate(self.status.received, status.received);
        self.status = status;
        self.time = time;
        self.sample_sessions(in_clear)
    }

    fn sample_sessions(&mut self, in_clear: bool) -> Result<(), ClientError> {
        let mut query = SessionQuery {
            in_clear,
            ..SessionQuery::default()
        };
        let mut traffic = Vec::new();
        loop {
            let page = self.client.traffic(query.clone())?;
            traffic.extend(page.items);
            match page.next {
                Some(next) => query.from = next,
                None => break,
            }
        }
        self.rates.update(self.time, &traffic);
        Ok(())
    }

    /// What the latest sample looks like.
    pub fn picture(&mut self, wish: &Wish) -> Result<Picture, ClientError> {
        let mut rates = self.rates.all().to_vec();
        wish.order.sort(&mut rates);
        let offset = wish.offset.min(rates.len().saturating_sub(wish.rows));
        let mut rows = Vec::new();
        for rate in rates.iter().skip(offset).take(wish.rows) {
            match self.client.session(rate.id) {
                Ok(session) => rows.push((session, *rate)),
                // It ended since.
                Err(ClientError::Refused(failure)) if failure.code == Code::NoSuchSession => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Picture {
            status: self.status.clone(),
            sent: self.sent,
            received: self.received,
            sessions: rates.len(),
            rows,
            wish: Wish { offset, ..*wish },
        })
    }
}
