//! How lines get on, as calls tell it.

use std::time::Duration;

use fogline_l2tp::CallId;
use rand_core::CryptoRng;
use scramble::negotiator::Reason;

use super::line::{Line, State};
use super::tally::Step;
use super::{Load, Stage};
use crate::calls::{CallEvent, Session, SessionKey};

impl<R: CryptoRng> Load<R> {
    pub(super) fn call_event(&mut self, now: Duration, event: CallEvent<R>) {
        match event {
            CallEvent::TunnelUp { listener, id, .. } => self.tunnel_up(now, listener, id),
            CallEvent::TunnelDown {
                listener,
                id,
                reason,
            } => self.tunnel_down(listener, id, &reason),
            CallEvent::CallFailed {
                listener,
                call,
                reason,
            } => self.call_failed(listener, call, &reason),
            CallEvent::CallUp(key) => self.call_up(now, key),
            CallEvent::Phase { key, phase } => {
                if let Some(line) = self.line_of(key) {
                    line.marks.phase(now, phase);
                }
            }
            CallEvent::Scrambled { key, .. } => self.decided(now, key, true),
            CallEvent::Clear { key, reason } => {
                if reason != Reason::Off {
                    self.tally.in_clear.count(&reason.to_string());
                }
                self.decided(now, key, false);
            }
            CallEvent::Ipv4Up { key, local, .. } => {
                if let Some(line) = self.line_of(key) {
                    line.address = Some(local);
                    self.has_address(now, key);
                }
            }
            CallEvent::Ipv4Down(key) => {
                if let Some(line) = self.place_of(key) {
                    self.leave(line);
                }
            }
            CallEvent::Rekeyed { .. } => self.tally.rekeys += 1,
            CallEvent::Alarm { alarm, .. } => self.tally.alarms.count(&alarm.to_string()),
            CallEvent::Down {
                session, reason, ..
            } => self.down(&session, &reason),
            // IPv6 is asked for so that the server has its work; nobody calls here, nor proves anything.
            CallEvent::Ipv6Up { .. }
            | CallEvent::Ipv6Down(_)
            | CallEvent::Ipv6Prefix { .. }
            | CallEvent::Warning { .. }
            | CallEvent::Keys { .. }
            | CallEvent::CallRefused { .. }
            | CallEvent::Authenticate { .. } => {}
        }
    }

    fn call_failed(&mut self, socket: usize, call: CallId, reason: &str) {
        let Some(line) = self.calling.remove(&(socket, call)) else {
            return;
        };
        self.lines[line].state = State::Idle;
        self.coming -= 1;
        if self.is_ending() {
            self.tally.hung_up += 1;
        } else {
            self.tally
                .failed
                .count(&format!("{}: {reason}", Step::Call.name()));
        }
    }

    fn call_up(&mut self, now: Duration, key: SessionKey) {
        let Some(session) = self.calls.session(key) else {
            return;
        };
        let Some(line) = self.calling.remove(&(session.listener, session.call)) else {
            return;
        };
        let place = key.index as usize;
        if self.sessions.len() <= place {
            self.sessions.resize(place + 1, usize::MAX);
        }
        self.sessions[place] = line;
        self.lines[line].state = State::Linking(key);
        self.lines[line].marks.call_up(now);
        if matches!(self.stage, Stage::HangUp(_)) {
            self.ready.push_back(line);
        }
    }

    fn decided(&mut self, now: Duration, key: SessionKey, scrambled: bool) {
        if let Some(line) = self.line_of(key) {
            line.scrambled = Some(scrambled);
            line.marks.decided(now);
        }
    }

    fn has_address(&mut self, now: Duration, key: SessionKey) {
        let Some(place) = self.place_of(key) else {
            return;
        };
        let line = &mut self.lines[place];
        match line.state {
            State::Linking(_) => {
                line.state = State::Up(key);
                self.coming -= 1;
                for (step, time) in line.marks.steps(now) {
                    self.tally.step(step, time);
                }
                match line.scrambled {
                    Some(true) => self.tally.scrambled += 1,
                    Some(false) | None => self.tally.clear += 1,
                }
                self.join(place);
            }
            State::Up(_) => {
                self.tally.interrupted += 1;
                self.join(place);
            }
            State::Idle | State::Calling | State::Leaving(_) | State::Closing(_) => {}
        }
    }

    fn down(&mut self, session: &Session<R>, reason: &str) {
        // A call may be over before this end heard that it was up.
        let place = self
            .place_of(session.key)
            .or_else(|| self.calling.remove(&(session.listener, session.call)));
        let Some(place) = place else {
            return;
        };
        self.leave(place);
        let ending = self.is_ending();
        let line = &mut self.lines[place];
        match std::mem::replace(&mut line.state, State::Idle) {
            State::Calling | State::Linking(_) => {
                self.coming -= 1;
                match ending {
                    true => self.tally.hung_up += 1,
                    false => self
                        .tally
                        .failed
                        .count(&format!("{}: {reason}", line.marks.step().name())),
                }
            }
            State::Up(_) => self.tally.fallen.count(reason),
            State::Leaving(_) | State::Closing(_) => {
                self.tally.hung_up += 1;
                // Whoever was hung up on purpose calls again.
                if !ending {
                    self.ready.push_back(place);
                }
            }
            State::Idle => {}
        }
    }

    /// Packets go to and come from a line from now on.
    fn join(&mut self, line: usize) {
        if self.lines[line].place.is_none() {
            self.lines[line].place = Some(self.up.len());
            self.up.push(line);
        }
    }

    /// ... and not any more.
    pub(super) fn leave(&mut self, line: usize) {
        if let Some(place) = self.lines[line].place.take() {
            self.up.swap_remove(place);
            if let Some(moved) = self.up.get(place) {
                self.lines[*moved].place = Some(place);
            }
        }
    }

    fn line_of(&mut self, key: SessionKey) -> Option<&mut Line> {
        let place = self.place_of(key)?;
        Some(&mut self.lines[place])
    }

    fn place_of(&self, key: SessionKey) -> Option<usize> {
        let place = *self.sessions.get(key.index as usize)?;
        let line = self.lines.get(place)?;
        (line.session() == Some(key)).then_some(place)
    }
}
