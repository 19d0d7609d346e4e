//! The control connections of a load.

use std::collections::HashMap;
use std::time::Duration;

use fogline_l2tp::TunnelId;
use rand_core::CryptoRng;

use super::Load;
use super::tally::Step;
use crate::calls::Port;

/// Control connections that come up at the same time: servers limit half-open ones from one address.
const AT_ONCE: usize = 16;

/// One control connection.
#[derive(Clone, Copy, Debug)]
struct Tunnel {
    socket: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not dialled yet.
    Waiting,
    /// Since then.
    Dialling(Duration),
    Up(TunnelId),
    Gone,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Tunnels {
    tunnels: Vec<Tunnel>,
    /// By socket and id.
    places: HashMap<(usize, u16), usize>,
    dialled: usize,
    decided: usize,
    up: usize,
}

impl Tunnels {
    /// `count` of them, over `sockets` in turn.
    pub fn new(count: usize, sockets: usize) -> Self {
        let tunnels = (0..count).map(|tunnel| Tunnel {
            socket: tunnel % sockets,
            state: State::Waiting,
        });
        Self {
            tunnels: tunnels.collect(),
            places: HashMap::new(),
            dialled: 0,
            decided: 0,
            up: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.tunnels.len()
    }

    /// Whether each came up or failed.
    pub fn are_decided(&self) -> bool {
        self.decided == self.tunnels.len()
    }

    /// Whether none is up.
    pub fn are_gone(&self) -> bool {
        self.up == 0
    }

    /// One is up; how long that took.
    fn came_up(&mut self, now: Duration, socket: usize, id: u16) -> Option<Duration> {
        let tunnel = &mut self.tunnels[*self.places.get(&(socket, id))?];
        let State::Dialling(since) = tunnel.state else {
            return None;
        };
        tunnel.state = State::Up(TunnelId(id));
        self.decided += 1;
        self.up += 1;
        Some(now.saturating_sub(since))
    }

    fn went_down(&mut self, socket: usize, id: u16) {
        let Some(place) = self.places.remove(&(socket, id)) else {
            return;
        };
        match std::mem::replace(&mut self.tunnels[place].state, State::Gone) {
            State::Up(_) => self.up -= 1,
            State::Dialling(_) => self.decided += 1,
            State::Waiting | State::Gone => {}
        }
    }
}

impl<R: CryptoRng> Load<R> {
    /// The socket and id of a line's control connection, while it is up.
    pub(super) fn tunnel_of(&self, line: usize) -> Option<(usize, TunnelId)> {
        let tunnel = self.tunnels.tunnels.get(self.lines[line].tunnel)?;
        match tunnel.state {
            State::Up(id) => Some((tunnel.socket, id)),
            State::Waiting | State::Dialling(_) | State::Gone => None,
        }
    }

    /// Dials as many more as may come up at the same time.
    pub(super) fn dial_tunnels<P: Port>(&mut self, now: Duration, port: &mut P) {
        while self.tunnels.dialled < self.tunnels.len()
            && self.tunnels.dialled - self.tunnels.decided < AT_ONCE
        {
            let place = self.tunnels.dialled;
            self.tunnels.dialled += 1;
            let socket = self.tunnels.tunnels[place].socket;
            match self.calls.dial(now, socket, self.plan.server, port) {
                Ok(id) => {
                    self.tunnels.tunnels[place].state = State::Dialling(now);
                    self.tunnels.places.insert((socket, id.0), place);
                }
                Err(error) => {
                    self.tunnels.tunnels[place].state = State::Gone;
                    self.tunnels.decided += 1;
                    self.tally.tunnels_failed.count(&error.to_string());
                }
            }
        }
    }

    pub(super) fn tunnel_up(&mut self, now: Duration, socket: usize, id: u16) {
        if let Some(took) = self.tunnels.came_up(now, socket, id) {
            self.tally.tunnels_up += 1;
            self.tally.step(Step::Tunnel, took);
        }
    }

    pub(super) fn tunnel_down(&mut self, socket: usize, id: u16, reason: &str) {
        if !self.is_ending() {
            self.tally.tunnels_failed.count(reason);
        }
        self.tunnels.went_down(socket, id);
        // Its lines cannot call any more.
        let mut ready = std::mem::take(&mut self.ready);
        ready.retain(|line| self.tunnel_of(*line).is_some());
        self.ready = ready;
    }
}
