//! The log: to standard error, as text or JSON, with a filter that a reload can change.

use std::io::{self, IsTerminal};

use anyhow::Context;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

use crate::config::model::{Log, LogFormat};

/// The log that was started.
pub struct Logging {
    filter: reload::Handle<EnvFilter, Registry>,
}

impl Logging {
    /// Starts the log.
    ///
    /// # Errors
    /// Where the filter is none, or a log runs already.
    pub fn start(config: &Log) -> anyhow::Result<Self> {
        let (filter, handle) = reload::Layer::new(filter(config)?);
        // systemd's journal has the time; so do people who watch a terminal.
        let in_journal = std::env::var_os("JOURNAL_STREAM").is_some();
        let registry = tracing_subscriber::registry().with(filter);
        let color =
            io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        let layer = fmt::layer()
            .with_writer(io::stderr)
            .with_ansi(color)
            .with_target(false);
        match (config.format, in_journal) {
            (LogFormat::Json, _) => registry.with(layer.json().flatten_event(true)).try_init(),
            (LogFormat::Text, true) => registry.with(layer.without_time()).try_init(),
            (LogFormat::Text, false) => registry.with(layer).try_init(),
        }
        .context("the log cannot start")?;
        Ok(Self { filter: handle })
    }

    /// Changes the filter.
    ///
    /// # Errors
    /// Where it is none.
    pub fn set_filter(&self, config: &Log) -> anyhow::Result<()> {
        self.filter
            .reload(filter(config)?)
            .context("the log's filter cannot be changed")
    }
}

fn filter(config: &Log) -> anyhow::Result<EnvFilter> {
    EnvFilter::try_new(&config.filter)
        .with_context(|| format!("[log] filter = {:?}", config.filter))
}
