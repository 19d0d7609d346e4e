//! `--keylog FILE`: the keys of every session, for finding faults. Whoever has the file can undo the scrambling.

use std::path::Path;
use std::time::SystemTime;

use anyhow::Context;
use tracing::{error, warn};

use super::port::Sockets;
use crate::calls::Calls;
use crate::lns::Totals;
use crate::pcap::keylog::{Live, LiveKeys};

/// The file.
pub struct KeyLog(Live);

impl KeyLog {
    /// Makes the file, which must not be there.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let live = Live::create(path).with_context(|| format!("--keylog {}", path.display()))?;
        warn!(path = %path.display(), "keys are logged: whoever has the file can undo the scrambling");
        Ok(Self(live))
    }

    /// Writes new keys down.
    pub fn write<R: rand_core::CryptoRng>(
        &mut self,
        sockets: &Sockets,
        calls: &Calls<R>,
        totals: &mut Totals,
    ) {
        while let Some((key, own, agreement, keys)) = totals.keys.pop_front() {
            let Some(session) = calls.session(key) else {
                continue;
            };
            let socket = sockets
                .udp
                .get(session.listener)
                .and_then(|socket| socket.local_addr().ok());
            let Some(local) = socket else {
                continue;
            };
            let written = self.0.keys(&LiveKeys {
                time: SystemTime::now(),
                session: crate::service::id(key).number(),
                local,
                peer: session.peer,
                local_ids: (session.call.tunnel.0, session.call.session),
                peer_ids: session.peer_ids,
                own,
                agreement,
                keys: &keys,
            });
            if let Err(error) = written {
                error!(%error, "keys cannot be logged");
            }
        }
    }
}
