//! How a control connection ends (RFC 2661 section 5.7), and what follows from broken messages.

use std::time::Duration;

use rand_core::CryptoRng;

use super::Tunnel;
use crate::cause::{CallCause, DownReason, StopCause};
use crate::endpoint::Core;
use crate::event::{CallId, Event, TunnelState};
use crate::wire::message::kind;
use crate::wire::{Fault, Message, Refusal};

impl Tunnel {
    /// Ends the control connection by StopCCN.
    pub fn stop<R: CryptoRng>(&mut self, core: &mut Core<R>, now: Duration, cause: StopCause) {
        let reason = DownReason::Stopped(cause.clone());
        self.stop_for(core, now, cause, reason);
    }

    fn stop_for<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        cause: StopCause,
        reason: DownReason,
    ) {
        if self.state == TunnelState::Stopping {
            return;
        }
        // StopCCN ends every call in it (section 5.7): no CDN has to go before.
        self.channel.forget_unsent();
        let message = Message::StopCcn {
            tunnel: Some(self.id.0),
            cause,
        };
        self.send(core, now, 0, &message);
        self.down(core, now, reason);
    }

    /// StopCCN came.
    pub(super) fn stopped<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        peer_id: Option<u16>,
        cause: StopCause,
    ) {
        if self.peer_id == 0 {
            self.peer_id = peer_id.unwrap_or(0);
        }
        // The peer takes nothing any more.
        self.channel.forget_all();
        self.down(core, now, DownReason::PeerStopped(cause));
    }

    /// The peer dialled too, and its control connection is the one that stays.
    pub fn lose_tie<R: CryptoRng>(&mut self, core: &mut Core<R>, now: Duration) {
        self.channel.forget_all();
        self.down(core, now, DownReason::TieLost);
        self.is_over = true;
    }

    /// Nobody acknowledged that many transmissions.
    pub(super) fn silent<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        transmissions: u32,
    ) {
        if self.state == TunnelState::WaitCtlConn {
            core.counters.half_open_expired += 1;
        }
        self.down(core, now, DownReason::Silent(transmissions));
        self.is_over = true;
    }

    /// The time to come up is over, or that to linger.
    pub(super) fn expired<R: CryptoRng>(&mut self, core: &mut Core<R>, now: Duration) {
        match self.state {
            TunnelState::WaitCtlReply => {
                let reason = match self.channel.unanswered() {
                    0 => DownReason::SetupTimeout,
                    transmissions => DownReason::Silent(transmissions),
                };
                let cause = StopCause::request("SCCRP did not come in time");
                self.stop_for(core, now, cause, reason);
            }
            // Nothing is sent: the peer may not be there at all.
            TunnelState::WaitCtlConn => {
                core.counters.half_open_expired += 1;
                self.down(core, now, DownReason::SetupTimeout);
                self.is_over = true;
            }
            TunnelState::Established | TunnelState::Stopping => self.is_over = true,
        }
    }

    fn down<R: CryptoRng>(&mut self, core: &mut Core<R>, now: Duration, reason: DownReason) {
        if self.state == TunnelState::Stopping {
            return;
        }
        self.state = TunnelState::Stopping;
        self.expires = Some(now.saturating_add(self.config.linger));
        for session in std::mem::take(&mut self.calls).into_keys() {
            let call = CallId {
                tunnel: self.id,
                session,
            };
            core.set_call_deadline(call, None);
            core.events.push_back(Event::CallDown {
                call,
                reason: reason.clone(),
            });
        }
        self.by_peer.clear();
        let nobody_said = matches!(reason, DownReason::Silent(_) | DownReason::SetupTimeout);
        if self.is_dialled || self.was_up || !nobody_said {
            core.events.push_back(Event::TunnelDown {
                tunnel: self.id,
                reason,
            });
        }
    }

    /// A message is broken: ends the call that it is about, else the control connection (sections 4.1 and 4.4.1).
    pub(super) fn refuse<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        session: u16,
        refusal: &Refusal,
    ) {
        let Refusal {
            fault,
            kind,
            session: peer_session,
            ..
        } = *refusal;
        let code = fault.error_code();
        let is_about_call = kind.is_some_and(|kind| kind >= kind::OCRQ)
            && !matches!(fault, Fault::UnknownMessage(_));
        let cause = || CallCause::general(code, fault.to_string());
        match (
            is_about_call && self.state == TunnelState::Established,
            peer_session,
        ) {
            (true, _) if session != 0 => self.end_call(core, now, session, cause()),
            (true, Some(peer_session)) => self.refuse_call(core, now, peer_session, cause()),
            _ => self.stop(core, now, StopCause::general(code, fault.to_string())),
        }
    }
}
