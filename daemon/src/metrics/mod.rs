//! Metrics for Prometheus: what the control socket says of the daemon, over HTTP, as numbers.
//!
//! | family | labels | what |
//! |---|---|---|
//! | `fogline_build_info` | `version`, `mode` | always 1 |
//! | `process_start_time_seconds` | | when the daemon started |
//! | `fogline_sessions` | `state`, `scrambling` | sessions now |
//! | `fogline_tunnels` | `state` | L2TP tunnels now |
//! | `fogline_packets_total`, `fogline_bytes_total` | `direction` | IP packets of subscribers, and the bytes in them |
//! | `fogline_drops_total` | `reason` | packets dropped |
//! | `fogline_calls_total` | `result` | calls offered, answered, refused, ended |
//! | `fogline_calls_refused_total`, `fogline_calls_ended_total` | `reason` | the same, by reason |
//! | `fogline_fallbacks_total` | `reason` | sessions that fell back to clear |
//! | `fogline_alarms_total` | | alarms raised |
//! | `fogline_rekeys_total` | | rekeys completed |
//! | `fogline_authentication_failures_total` | | subscribers and tunnels refused for their secret |
//! | `fogline_pool_addresses` | `pool`, `family`, `state` | addresses used and free |
//! | `fogline_configuration_reload_successful` | | 1 or 0, after a reload |
//!
//! `GET /metrics?sessions=1` adds, where the configuration allows it, for each of the first
//! [`MAX_SESSIONS`] sessions:
//!
//! | family | labels | what |
//! |---|---|---|
//! | `fogline_session_info` | `session`, `user`, `state`, `scrambling` | always 1 |
//! | `fogline_session_packets_total`, `fogline_session_bytes_total` | `session`, `direction` | what it carried |

mod families;
mod http;
mod sessions;

pub use http::{Options, serve};
pub use sessions::MAX_SESSIONS;

use std::borrow::Cow;
use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, prometheus_text, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::control::model::{Session, Status};
use crate::control::printable;

/// How metrics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' text format, version 0.0.4.
    Prometheus,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// The value of the Content-Type header.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => prometheus_text::CONTENT_TYPE,
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// The format for a request whose Accept header says `accept`.
    pub fn accepted(accept: &str) -> Self {
        let open = accept.split(',').any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let named = parts.next() == Some("application/openmetrics-text");
            named && !parts.any(|p| matches!(p, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        });
        if open {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }
}

/// What is known of the daemon at one moment.
#[derive(Debug)]
pub struct Snapshot {
    /// The daemon as a whole.
    pub status: Status,
    /// Its sessions, where they were asked for.
    pub sessions: Vec<Session>,
}

impl Snapshot {
    /// The metrics as text.
    ///
    /// # Errors
    /// None that a string gives.
    pub fn write(self, format: Format) -> Result<String, fmt::Error> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        let mut text = String::new();
        match format {
            Format::Prometheus => prometheus_text::encode(&mut text, &registry)?,
            Format::OpenMetrics => text::encode(&mut text, &registry)?,
        }
        Ok(text)
    }
}

impl Collector for Snapshot {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families(encoder);
        families::write(&mut families, &self.status)?;
        if !self.sessions.is_empty() {
            sessions::write(&mut families, &self.sessions)?;
        }
        Ok(())
    }
}

/// A label: its name, and a value fit for a label.
type Label<'a> = (&'static str, Cow<'a, str>);

/// Characters of a label's value at most.
const LABEL_CHARS: usize = 64;

/// A label whose value may be anything.
fn label<'a>(name: &'static str, value: &'a str) -> Label<'a> {
    let value = printable(value);
    let end = value.char_indices().nth(LABEL_CHARS).map(|(at, _)| at);
    match end {
        Some(at) => (name, Cow::Owned(value[..at].into())),
        None => (name, value),
    }
}

/// Where families are written, one after the other.
struct Families<'a>(DescriptorEncoder<'a>);

impl Families<'_> {
    fn counter<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = ([Label<'l>; N], u64)>,
    ) -> fmt::Result {
        let mut family = self
            .0
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in samples {
            ConstCounter::new(value).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn gauge<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = ([Label<'l>; N], u64)>,
    ) -> fmt::Result {
        let mut family = self
            .0
            .encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, value) in samples {
            ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scraper_gets_the_format_that_it_names() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,\
                          application/openmetrics-text;version=0.0.1;q=0.4,text/plain;q=0.2";
        assert_eq!(Format::accepted(prometheus), Format::OpenMetrics);
        for other in ["", "*/*", "text/plain", "application/openmetrics-text;q=0"] {
            assert_eq!(Format::accepted(other), Format::Prometheus, "{other}");
        }
    }

    #[test]
    fn a_label_is_short_and_fit_to_print() {
        assert_eq!(label("user", "a\x1bb").1, "a\\u{1b}b");
        assert_eq!(label("user", &"ü".repeat(100)).1, "ü".repeat(64));
    }
}
