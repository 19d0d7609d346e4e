//! `--keylog FILE`: the keys of every session, for finding faults. Whoever has the file can undo the scrambling.

use std::path::Path;
use std::time::SystemTime;

use anyhow::Context;
use tracing::{error, warn};

use super::port::Sockets;
use crate::calls::KeyRecord;
use crate::lns::Totals;
use crate::pcap::keylog::{Live, LiveKeys};
use crate::service::id;

/// The file.
pub struct KeyLog(Live);

impl KeyLog {
    /// Makes the file, or goes on with one of an earlier run.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let live = Live::create(path).with_context(|| format!("--keylog {}", path.display()))?;
        warn!(path = %path.display(), "keys are logged: whoever has the file can undo the scrambling");
        Ok(Self(live))
    }

    /// Writes down what came and went.
    pub fn write(&mut self, sockets: &Sockets, totals: &mut Totals) {
        while let Some(record) = totals.keys.pop_front() {
            if let Err(error) = self.note(sockets, &record) {
                error!(%error, "keys cannot be logged");
            }
        }
    }

    fn note(&mut self, sockets: &Sockets, record: &KeyRecord) -> anyhow::Result<()> {
        let time = SystemTime::now();
        match record {
            KeyRecord::Erased(key) => self.0.erased(time, id(*key).number())?,
            KeyRecord::Installed {
                key,
                user,
                listener,
                peer,
                local_ids,
                peer_ids,
                own,
                agreement,
                keys,
            } => {
                let socket = sockets.udp.get(*listener).context("no such socket")?;
                self.0.keys(&LiveKeys {
                    time,
                    session: id(*key).number(),
                    user: user.as_deref(),
                    local: socket.local_addr()?,
                    peer: *peer,
                    local_ids: *local_ids,
                    peer_ids: *peer_ids,
                    own: *own,
                    agreement: *agreement,
                    keys,
                })?;
            }
        }
        Ok(())
    }
}
