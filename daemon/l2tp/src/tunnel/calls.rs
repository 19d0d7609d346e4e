//! The calls of a control connection (RFC 2661 sections 5.2, 5.6 and 7.4).

use std::time::Duration;

use rand_core::CryptoRng;

use super::Tunnel;
use crate::call::{Call, Setup};
use crate::cause::{CallCause, CallResult, DownReason, ErrorCode};
use crate::endpoint::Core;
use crate::event::{
    CallId, CallInfo, CallRequest, CallState, DialError, Established, Event, IncomingInfo,
    TunnelState,
};
use crate::ids::NOBODY;
use crate::text::printable;
use crate::wire::Message;
use crate::wire::message::{CallStart, Connected};

impl Tunnel {
    pub fn call_info(&self, session: u16) -> Option<&CallInfo> {
        self.calls.get(&session).map(|call| &call.info)
    }

    // What the host wants.

    /// Makes a call, once the control connection is up.
    pub fn call<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        request: CallRequest,
    ) -> Result<CallId, DialError> {
        if self.state == TunnelState::Stopping {
            return Err(DialError::NoTunnel);
        }
        let session = self.take_session(now).ok_or(DialError::TooManyCalls)?;
        let call = Call::new(now, CallState::WaitTunnel, 0, Setup::Outward(request));
        self.calls.insert(session, call);
        if self.state == TunnelState::Established {
            self.start_call(core, now, session);
        }
        Ok(self.call_id(session))
    }

    /// Makes the calls that waited for the control connection.
    pub(super) fn start_calls<R: CryptoRng>(&mut self, core: &mut Core<R>, now: Duration) {
        let sessions: Vec<_> = self.calls.keys().copied().collect();
        for session in sessions {
            self.start_call(core, now, session);
        }
    }

    fn start_call<R: CryptoRng>(&mut self, core: &mut Core<R>, now: Duration, session: u16) {
        let Some(call) = self.calls.get_mut(&session) else {
            return;
        };
        let Some(Setup::Outward(request)) = call.setup.as_deref() else {
            return;
        };
        let number =
            |number: &str| Some(printable(number.as_bytes())).filter(|number| !number.is_empty());
        let message = Message::Icrq(Box::new(CallStart {
            session,
            serial: core.next_serial(),
            bearer: Some(request.bearer),
            called_number: number(&request.called_number),
            calling_number: number(&request.calling_number),
            sub_address: number(&request.sub_address),
        }));
        call.info.state = CallState::WaitReply;
        self.send(core, now, 0, &message);
        self.start_setup_timer(core, now, session);
    }

    /// Takes a call that was offered.
    pub fn accept<R: CryptoRng>(&mut self, core: &mut Core<R>, now: Duration, session: u16) {
        let offered = self
            .calls
            .get_mut(&session)
            .filter(|call| call.info.state == CallState::Offered);
        if let Some(call) = offered {
            call.info.state = CallState::WaitConnect;
            let peer_session = call.info.peer_session;
            self.send(core, now, peer_session, &Message::Icrp { session });
        }
    }

    /// Ends a call by CDN, because the host wants it: it is not told.
    pub fn hang_up<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        session: u16,
        cause: CallCause,
    ) {
        let Some(call) = self.remove_call(core, now, session) else {
            return;
        };
        if call.info.state == CallState::Offered {
            core.counters.calls_refused += 1;
        }
        if call.info.state != CallState::WaitTunnel {
            let message = Message::Cdn {
                session: Some(session),
                cause,
            };
            self.send(core, now, call.info.peer_session, &message);
        }
    }

    // What the peer wants.

    /// ICRQ came.
    pub(super) fn call_requested<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        request: CallStart,
    ) {
        if !self.config.accept_incoming {
            let cause = CallCause::said(CallResult::NO_FACILITIES, "no calls are taken here");
            return self.refuse_call(core, now, request.session, cause);
        }
        self.give_up_peer_session(core, now, request.session);
        let Some(session) = self.take_session(now) else {
            let cause = CallCause::busy("too many calls in this control connection");
            return self.refuse_call(core, now, request.session, cause);
        };
        let info = IncomingInfo {
            peer: self.peer,
            serial: request.serial,
            bearer: request.bearer,
            called_number: request.called_number.unwrap_or_default(),
            calling_number: request.calling_number.unwrap_or_default(),
            sub_address: request.sub_address.unwrap_or_default(),
        };
        let setup = Setup::Inward {
            called: info.called_number.clone(),
            calling: info.calling_number.clone(),
        };
        let call = Call::new(now, CallState::Offered, request.session, setup);
        self.calls.insert(session, call);
        self.by_peer.insert(request.session, session);
        self.start_setup_timer(core, now, session);
        core.events.push_back(Event::Incoming {
            call: self.call_id(session),
            info: Box::new(info),
        });
    }

    /// OCRQ came: this end has no lines to dial out on.
    pub(super) fn outgoing_requested<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        peer_session: u16,
    ) {
        core.counters.outgoing_calls_refused += 1;
        let cause = CallCause::said(CallResult::NO_FACILITIES, "no outgoing calls are made here");
        self.send_refusal(core, now, peer_session, cause);
    }

    /// ICRP came.
    pub(super) fn call_replied<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        session: u16,
        peer_session: u16,
    ) {
        let setup = self.take_setup(core, now, session, CallState::WaitReply);
        let Some(Setup::Outward(request)) = setup else {
            return;
        };
        self.give_up_peer_session(core, now, peer_session);
        let connected = Connected {
            tx_speed: request.tx_speed,
            rx_speed: None,
            framing: request.framing,
            sequencing: self.config.sequencing,
            proxy: None,
        };
        self.by_peer.insert(peer_session, session);
        self.send(
            core,
            now,
            peer_session,
            &Message::Iccn(Box::new(connected.clone())),
        );
        self.call_up(
            core,
            session,
            peer_session,
            connected,
            (request.called_number, request.calling_number),
            true,
        );
    }

    /// ICCN came.
    pub(super) fn call_connected<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        session: u16,
        connected: Connected,
    ) {
        let Some(peer_session) = self.call_info(session).map(|info| info.peer_session) else {
            core.counters.unknown_sessions += 1;
            return;
        };
        if let Some(Setup::Inward { called, calling }) =
            self.take_setup(core, now, session, CallState::WaitConnect)
        {
            self.call_up(
                core,
                session,
                peer_session,
                connected,
                (called, calling),
                false,
            );
        }
    }

    /// CDN came: for a session of this end's, or, where the peer did not know it yet, for one of its own.
    pub(super) fn call_disconnected<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        session: u16,
        peer_session: Option<u16>,
        cause: CallCause,
    ) {
        let session = match session {
            0 => peer_session.and_then(|peer_session| self.by_peer.get(&peer_session).copied()),
            session => Some(session),
        };
        let known = session.filter(|session| self.remove_call(core, now, *session).is_some());
        match known {
            Some(session) => self.tell_down(core, session, DownReason::PeerHungUp(cause)),
            None => core.counters.unknown_sessions += 1,
        }
    }

    // What becomes of it.

    fn call_up<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        session: u16,
        peer_session: u16,
        connected: Connected,
        (called_number, calling_number): (String, String),
        is_dialled: bool,
    ) {
        let Some(call) = self.calls.get_mut(&session) else {
            return;
        };
        call.info.state = CallState::Established;
        call.info.peer_session = peer_session;
        call.info.sequencing = connected.sequencing || self.config.sequencing;
        let info = Established {
            peer: self.peer,
            is_dialled,
            peer_tunnel: self.peer_id,
            peer_session,
            sequencing: call.info.sequencing,
            tx_speed: connected.tx_speed,
            rx_speed: connected.rx_speed.unwrap_or(connected.tx_speed),
            framing: connected.framing,
            called_number,
            calling_number,
            proxy: connected.proxy,
        };
        let call = self.call_id(session);
        core.set_call_deadline(call, None);
        core.counters.calls_up += 1;
        core.events.push_back(Event::CallUp {
            call,
            info: Box::new(info),
        });
    }

    /// What a call in `state` was set up with. One in another state ends: the peer is confused about it.
    fn take_setup<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        session: u16,
        state: CallState,
    ) -> Option<Setup> {
        let Some(call) = self.calls.get_mut(&session) else {
            core.counters.unknown_sessions += 1;
            return None;
        };
        if call.info.state == state {
            return call.setup.take().map(|setup| *setup);
        }
        core.counters.unexpected += 1;
        let cause = CallCause::general(
            ErrorCode::VENDOR,
            format!("message out of place in state {:?}", call.info.state),
        );
        self.end_call(core, now, session, cause);
        None
    }

    /// The peer uses a session id for a new call: an old one with that id is over.
    fn give_up_peer_session<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        peer_session: u16,
    ) {
        if let Some(&session) = self.by_peer.get(&peer_session) {
            core.counters.unexpected += 1;
            self.remove_call(core, now, session);
            let cause = CallCause::general(
                ErrorCode::SESSION,
                "the peer used the session id for another call",
            );
            self.tell_down(core, session, DownReason::HungUp(cause));
        }
    }

    /// A call did not come up in time.
    pub fn call_expired<R: CryptoRng>(&mut self, core: &mut Core<R>, now: Duration, session: u16) {
        let late = match self.call_info(session).map(|info| info.state) {
            Some(CallState::WaitReply) => "ICRP did not come in time",
            Some(CallState::WaitConnect) => "ICCN did not come in time",
            _ => "the call was not answered in time",
        };
        self.end_call(
            core,
            now,
            session,
            CallCause::said(CallResult::TIMEOUT, late),
        );
    }

    /// Ends a call by CDN, and tells the host.
    pub(super) fn end_call<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        session: u16,
        cause: CallCause,
    ) {
        let Some(call) = self.remove_call(core, now, session) else {
            core.counters.unknown_sessions += 1;
            return;
        };
        let message = Message::Cdn {
            session: Some(session),
            cause: cause.clone(),
        };
        self.send(core, now, call.info.peer_session, &message);
        self.tell_down(core, session, DownReason::HungUp(cause));
    }

    /// Refuses a call that never was one.
    pub(super) fn refuse_call<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        peer_session: u16,
        cause: CallCause,
    ) {
        core.counters.calls_refused += 1;
        self.send_refusal(core, now, peer_session, cause);
    }

    /// CDN for a session that has no counterpart here.
    fn send_refusal<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        peer_session: u16,
        cause: CallCause,
    ) {
        let message = Message::Cdn {
            session: Some(NOBODY),
            cause,
        };
        self.send(core, now, peer_session, &message);
    }

    fn tell_down<R: CryptoRng>(&self, core: &mut Core<R>, session: u16, reason: DownReason) {
        let call = self.call_id(session);
        core.events.push_back(Event::CallDown { call, reason });
    }

    fn take_session(&mut self, now: Duration) -> Option<u16> {
        let has_room = self.calls.len() < self.config.max_calls_per_tunnel;
        has_room.then(|| self.sessions.take(now)).flatten()
    }

    fn remove_call<R: CryptoRng>(
        &mut self,
        core: &mut Core<R>,
        now: Duration,
        session: u16,
    ) -> Option<Call> {
        let call = self.calls.remove(&session)?;
        self.by_peer.remove(&call.info.peer_session);
        self.sessions
            .rest(now.saturating_add(self.config.linger), session);
        core.set_call_deadline(self.call_id(session), None);
        Some(call)
    }

    fn start_setup_timer<R: CryptoRng>(&self, core: &mut Core<R>, now: Duration, session: u16) {
        let deadline = now.saturating_add(self.config.setup_timeout);
        core.set_call_deadline(self.call_id(session), Some(deadline));
    }

    const fn call_id(&self, session: u16) -> CallId {
        CallId {
            tunnel: self.id,
            session,
        }
    }
}
