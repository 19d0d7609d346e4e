//! The daemons: configuration, sockets, privileges and threads around the engines.
//!
//! The main thread holds what is slow or rare: signals, the control socket, metrics, addresses and routes. A second one
//! moves packets and owns all sessions; it never waits for the first.

mod client;
mod desk;
mod host;
mod lns;
mod load;
mod log;
mod reload;
mod report;
mod resolver;

use std::fmt::Display;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tracing::{info, warn};

pub use client::run as run_client;
pub use lns::run as run_lns;
pub use load::run_load;
pub use log::Logging;
pub use report::id;

use crate::config::model::Config;
use crate::control::{self, Handle, Reply, Request};
use crate::metrics;

/// What the operating system calls random.
pub type OsRandom = UnwrapErr<SysRng>;

/// What the command line says.
#[derive(Clone, Debug)]
pub struct Options {
    /// The configuration file.
    pub config: PathBuf,
    /// Where keys are logged, if at all.
    pub keylog: Option<PathBuf>,
}

/// What the main thread tells the one that moves packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// Read the configuration again.
    Reload,
    /// Close every call and end.
    Stop,
}

/// What is opened before privileges go.
struct Doors {
    control: control::Listener,
    metrics: Option<TcpListener>,
}

impl Doors {
    fn open(config: &Config) -> anyhow::Result<Self> {
        let control = control::Listener::bind(&config.control.socket)?;
        let metrics = match &config.metrics {
            None => None,
            Some(metrics) => {
                let listener = TcpListener::bind(metrics.listen);
                Some(listener.with_context(|| {
                    format!("[metrics] listen = \"{}\" cannot be used", metrics.listen)
                })?)
            }
        };
        Ok(Self { control, metrics })
    }
}

/// The main thread from here on: answers control and metrics, passes signals on, until the other thread ends.
async fn attend(
    config: &Config,
    doors: Doors,
    handle: Handle,
    orders: mpsc::Sender<Order>,
    worker: JoinHandle<anyhow::Result<()>>,
    mut ended: mpsc::Receiver<()>,
) -> anyhow::Result<()> {
    let control = tokio::spawn(control::serve(doors.control, handle.clone()));
    let metrics = doors.metrics.map(|listener| {
        let per_session = config
            .metrics
            .as_ref()
            .is_some_and(|metrics| metrics.per_session);
        tokio::spawn(metrics::serve(
            listener,
            handle.clone(),
            metrics::Options { per_session },
        ))
    });
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let watchdog = sd_notify::watchdog_enabled();
    let mut pulse =
        tokio::time::interval(watchdog.map_or(Duration::from_secs(3600), |every| every / 3));
    notify(&[NotifyState::Ready]);
    let mut stopping = false;
    let has_ended = loop {
        let order = tokio::select! {
            _ = ended.recv() => break true,
            _ = terminate.recv() => Order::Stop,
            _ = interrupt.recv() => Order::Stop,
            _ = hang_up.recv() => Order::Reload,
            _ = pulse.tick() => {
                // Alive means that the thread that moves packets answers.
                if watchdog.is_some() && matches!(handle.ask(Request::Status).await, Reply::Status(_)) {
                    notify(&[NotifyState::Watchdog]);
                }
                continue;
            }
        };
        if order == Order::Stop {
            if stopping {
                warn!("told twice to stop: calls are left as they are");
                break false;
            }
            stopping = true;
            info!("stopping");
            notify(&[NotifyState::Stopping]);
        }
        let _ = orders.send(order).await;
    };
    // The control socket's file goes with its server.
    control.abort();
    let _ = control.await;
    if let Some(metrics) = metrics {
        metrics.abort();
    }
    if !has_ended {
        return Ok(());
    }
    let outcome = worker.join();
    outcome.unwrap_or_else(|_| anyhow::bail!("the thread that moves packets died; see the log"))
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        warn!(%error, "systemd cannot be told");
    }
}

/// Starts the thread that moves packets. `ended` hears when it is over.
fn spawn<F>(
    name: &str,
    work: F,
) -> anyhow::Result<(JoinHandle<anyhow::Result<()>>, mpsc::Receiver<()>)>
where
    F: FnOnce() -> anyhow::Result<()> + Send + 'static,
{
    let (end, ended) = mpsc::channel(1);
    let thread = std::thread::Builder::new()
        .name(name.into())
        .spawn(move || {
            // Dropped at the end, also of a panic: the main thread then goes on.
            let _end = end;
            work()
        });
    Ok((thread?, ended))
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    // What blocks is the check of passwords, slow on purpose: it must not take the machine from who moves packets.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads((cores / 2).max(1))
        .build();
    runtime.context("no tokio runtime")
}

/// Says what `what` was about, in the way of `context`.
fn about<T, E: Display>(result: Result<T, E>, what: impl Display) -> anyhow::Result<T> {
    result.map_err(|error| anyhow::anyhow!("{what}: {error}"))
}

/// Reads the configuration, and starts the log as it says.
fn begin(path: &Path) -> anyhow::Result<(Config, Arc<Logging>)> {
    let loaded = crate::config::load(path)?;
    let logging = Logging::start(&loaded.config.log)?;
    for warning in &loaded.warnings {
        warn!("{warning}");
    }
    Ok((loaded.config, Arc::new(logging)))
}
