//! What is counted and measured.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// A part of a call's set-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// The control connection, once for all calls in it.
    Tunnel,
    /// The L2TP call.
    Call,
    /// LCP.
    Lcp,
    /// PAP, CHAP or MS-CHAPv2.
    Authentication,
    /// ECP with PHS, until data goes scrambled or it is settled that it goes in clear.
    Scrambling,
    /// IPCP, until there is an address.
    Ipcp,
    /// From the call's start to its address.
    Total,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 7] = [
        Self::Tunnel,
        Self::Call,
        Self::Lcp,
        Self::Authentication,
        Self::Scrambling,
        Self::Ipcp,
        Self::Total,
    ];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tunnel => "tunnel",
            Self::Call => "call",
            Self::Lcp => "LCP",
            Self::Authentication => "authentication",
            Self::Scrambling => "scrambling",
            Self::Ipcp => "IPCP",
            Self::Total => "total",
        }
    }
}

/// Times of one kind.
#[derive(Debug)]
pub(super) struct Times(Histogram<u32>);

impl Times {
    /// Longer ones count as this.
    const LONGEST: u64 = 600_000_000;

    fn new() -> Self {
        // Fails only for bounds and precisions that are not these.
        let histogram = Histogram::new_with_bounds(1, Self::LONGEST, 3);
        Self(
            histogram
                .unwrap_or_else(|_| unreachable!("bounds and precision are constants that fit")),
        )
    }

    pub fn record(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.0.saturating_record(micros.clamp(1, Self::LONGEST));
    }

    fn summary(&self) -> Option<Summary> {
        let ms = |micros: u64| micros as f64 / 1000.0;
        (!self.0.is_empty()).then(|| Summary {
            count: self.0.len(),
            p50: ms(self.0.value_at_quantile(0.50)),
            p90: ms(self.0.value_at_quantile(0.90)),
            p99: ms(self.0.value_at_quantile(0.99)),
            max: ms(self.0.max()),
        })
    }
}

/// Times of one kind, in milliseconds; to three digits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// How many there are.
    pub count: u64,
    /// Half of them took no longer.
    pub p50: f64,
    /// 90 % of them took no longer.
    pub p90: f64,
    /// 99 % of them took no longer.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

/// How often something happened, by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Reasons(BTreeMap<String, u64>);

impl Reasons {
    /// Peers choose the words, so there may be any number of them; so many are told apart.
    const MOST: usize = 32;
    const OTHERS: &str = "other reasons";

    pub(super) fn count(&mut self, reason: &str) {
        let known = self.0.contains_key(reason) || self.0.len() < Self::MOST;
        let reason = if known { reason } else { Self::OTHERS };
        *self.0.entry(reason.to_owned()).or_default() += 1;
    }

    /// How often in all.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Each reason, and how often.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0
            .iter()
            .map(|(reason, count)| (reason.as_str(), *count))
    }
}

/// All that is counted and measured.
#[derive(Debug)]
pub(super) struct Tally {
    pub tunnels_up: u64,
    pub tunnels_failed: Reasons,
    pub calls: u64,
    pub scrambled: u64,
    pub clear: u64,
    pub failed: Reasons,
    pub fallen: Reasons,
    pub interrupted: u64,
    pub hung_up: u64,
    pub in_clear: Reasons,
    pub rekeys: u64,
    pub alarms: Reasons,
    pub steps: [Times; Step::ALL.len()],
    pub packets_sent: u64,
    pub packets_received: u64,
    pub delay: Times,
    /// When the first call started, and when the last one was up or had failed.
    pub ramp: Option<(Duration, Duration)>,
}

impl Tally {
    pub fn new() -> Self {
        Self {
            tunnels_up: 0,
            tunnels_failed: Reasons::default(),
            calls: 0,
            scrambled: 0,
            clear: 0,
            failed: Reasons::default(),
            fallen: Reasons::default(),
            interrupted: 0,
            hung_up: 0,
            in_clear: Reasons::default(),
            rekeys: 0,
            alarms: Reasons::default(),
            steps: std::array::from_fn(|_| Times::new()),
            packets_sent: 0,
            packets_received: 0,
            delay: Times::new(),
            ramp: None,
        }
    }

    pub fn step(&mut self, step: Step, time: Duration) {
        self.steps[step as usize].record(time);
    }

    pub fn came_up(&self) -> u64 {
        self.scrambled + self.clear
    }

    /// The report; `drops` are packets that calls dropped here.
    pub fn report(&self, drops: BTreeMap<&'static str, u64>) -> Report {
        let ramp = self
            .ramp
            .map(|(from, to)| to.saturating_sub(from).as_secs_f64());
        let times = Step::ALL.iter().zip(&self.steps);
        Report {
            tunnels_up: self.tunnels_up,
            tunnels_failed: self.tunnels_failed.clone(),
            calls: self.calls,
            came_up: self.came_up(),
            scrambled: self.scrambled,
            clear: self.clear,
            in_clear: self.in_clear.clone(),
            failed: self.failed.clone(),
            fallen: self.fallen.clone(),
            interrupted: self.interrupted,
            hung_up: self.hung_up,
            rekeys: self.rekeys,
            alarms: self.alarms.clone(),
            setup_ms: times
                .filter_map(|(step, times)| Some((*step, times.summary()?)))
                .collect(),
            ramp_seconds: ramp,
            packets_sent: self.packets_sent,
            packets_received: self.packets_received,
            packets_lost: self.packets_sent.saturating_sub(self.packets_received),
            delay_ms: self.delay.summary(),
            drops,
        }
    }
}

/// What came of a load.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Control connections that came up.
    pub tunnels_up: u64,
    /// Those that did not, or fell.
    pub tunnels_failed: Reasons,
    /// Calls made, those made again included.
    pub calls: u64,
    /// Calls that got an address.
    pub came_up: u64,
    /// ... scrambled.
    pub scrambled: u64,
    /// ... in clear.
    pub clear: u64,
    /// Why calls were in clear.
    pub in_clear: Reasons,
    /// Calls that got no address, by the step that they were in, and why.
    pub failed: Reasons,
    /// Calls that had an address and ended by themselves, and why.
    pub fallen: Reasons,
    /// Times that a call lost its address and got it again.
    pub interrupted: u64,
    /// Calls ended on purpose.
    pub hung_up: u64,
    /// Rekeys completed.
    pub rekeys: u64,
    /// Alarms of the negotiators.
    pub alarms: Reasons,
    /// How long steps of the set-up took, in milliseconds.
    pub setup_ms: BTreeMap<Step, Summary>,
    /// From the first call's start until the last of the first ones was up or had failed.
    pub ramp_seconds: Option<f64>,
    /// Packets sent inside calls.
    pub packets_sent: u64,
    /// Of these, or of what answers them, how many came.
    pub packets_received: u64,
    /// The difference.
    pub packets_lost: u64,
    /// How long packets were under way, in milliseconds.
    pub delay_ms: Option<Summary>,
    /// Packets that were dropped here, by reason.
    pub drops: BTreeMap<&'static str, u64>,
}

impl Report {
    /// Whether everything that was to come up did, and stayed.
    pub fn is_good(&self) -> bool {
        let bad = [&self.tunnels_failed, &self.failed, &self.fallen].map(Reasons::total);
        bad == [0; 3] && self.interrupted == 0 && self.came_up > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_words_do_not_fill_the_memory() {
        let mut reasons = Reasons::default();
        (0..1000).for_each(|n| reasons.count(&n.to_string()));
        assert_eq!(reasons.iter().count(), Reasons::MOST + 1);
        assert_eq!(reasons.total(), 1000);
    }

    #[test]
    fn times_are_told_in_milliseconds() {
        let mut times = Times::new();
        assert_eq!(times.summary(), None);
        (1..=100).for_each(|ms| times.record(Duration::from_millis(ms)));
        times.record(Duration::from_secs(3600));
        let summary = times.summary().unwrap();
        assert_eq!(summary.count, 101);
        assert!((50.0..52.0).contains(&summary.p50) && (99.0..101.0).contains(&summary.p99));
        assert!((599_000.0..=601_000.0).contains(&summary.max));
    }
}
