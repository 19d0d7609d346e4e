//! Reading the configuration again, beside the packets.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tracing::{error, info, warn};

use super::Logging;
use crate::config::model::Config;
use crate::config::{self, Changes, Errors, Loaded};
use crate::control::Reply;
use crate::control::model::{Reload, Timestamp};

/// What was read, and who asked.
pub struct Reread {
    result: Result<Loaded, Errors>,
    asked: Option<oneshot::Sender<Reply>>,
}

/// Reads the file on another thread, and keeps what holds.
pub struct Reloader {
    path: PathBuf,
    config: Config,
    logging: Arc<Logging>,
    done: mpsc::Sender<Reread>,
    reread: mpsc::Receiver<Reread>,
    last: Option<Reload>,
}

impl Reloader {
    /// `config` holds; it was read from `path`.
    pub fn new(path: PathBuf, config: Config, logging: Arc<Logging>) -> Self {
        let (done, reread) = mpsc::channel(4);
        Self {
            path,
            config,
            logging,
            done,
            reread,
            last: None,
        }
    }

    /// Where it is from.
    pub fn path(&self) -> String {
        self.path.display().to_string()
    }

    /// How the last reload went.
    pub fn last(&self) -> Option<&Reload> {
        self.last.as_ref()
    }

    /// Starts to read; [`next`](Self::next) gives the outcome.
    pub fn start(&self, asked: Option<oneshot::Sender<Reply>>) {
        let (path, done) = (self.path.clone(), self.done.clone());
        tokio::task::spawn_blocking(move || {
            let result = config::load(&path);
            let _ = done.blocking_send(Reread { result, asked });
        });
    }

    /// What was read.
    pub async fn next(&mut self) -> Option<Reread> {
        self.reread.recv().await
    }

    /// Takes over what can be, tells the log and who asked; the changes are the caller's to carry out.
    pub fn finish(&mut self, reread: Reread) -> Option<Config> {
        let Reread { result, asked } = reread;
        let (reload, config) = match result {
            Ok(loaded) => {
                let changes = Changes::between(&self.config, &loaded.config);
                for warning in &loaded.warnings {
                    warn!("{warning}");
                }
                for applied in &changes.applied {
                    info!("reload: {applied}");
                }
                for kept in &changes.need_restart {
                    warn!("reload: {kept}");
                }
                if let Err(error) = self.logging.set_filter(&changes.config.log) {
                    warn!("{error:#}");
                }
                self.config = changes.config;
                let messages = [changes.applied, changes.need_restart].concat();
                info!("configuration reloaded");
                (reload(true, messages), Some(self.config.clone()))
            }
            Err(errors) => {
                error!("configuration not reloaded, the old one holds: {errors}");
                let messages = errors.errors.iter().map(ToString::to_string).collect();
                (reload(false, messages), None)
            }
        };
        if let Some(asked) = asked {
            let _ = asked.send(Reply::Reloaded(reload.clone()));
        }
        self.last = Some(reload);
        config
    }
}

fn reload(applied: bool, messages: Vec<String>) -> Reload {
    Reload {
        time: Timestamp::now(),
        applied,
        messages,
    }
}
