//! The PPP sessions of a capture, and which flows are their two directions.

use std::collections::{HashMap, HashSet};

use scramble::encap::Flow;

use super::control::{Control, Route, reversed};
use super::frame::Found;
use super::link;
use crate::capture::Record;

/// A session: what the end that sends first in the capture sends, and what the other one sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// What end A sends.
    pub a_to_b: Flow,
    /// What end B sends, if it ever does.
    pub b_to_a: Option<Flow>,
}

/// Looks through a capture for sessions.
#[derive(Debug, Default)]
pub struct Survey {
    order: Vec<Flow>,
    seen: HashSet<Flow>,
    control: Control,
}

impl Survey {
    /// Looks at a frame.
    pub fn frame(&mut self, record: &Record) {
        if let Found::Ppp(place) = Found::of(record) {
            let flow = place.encapsulation.flow;
            if self.seen.insert(flow) {
                self.order.push(flow);
            }
        } else if let Some((link, at)) = link::outer(record.link(), record.frame()) {
            self.control.learn(link, &record.frame()[at..]);
        }
    }

    /// The sessions in the order of their first frames.
    ///
    /// The two directions of a PPPoE session have the same VLANs and session id and swapped MAC
    /// addresses. Those of an L2TP session have the same VLANs, swapped addresses and ports, and ids
    /// that the capture's control messages say belong together, else equal ids, else ids that are the
    /// only ones left over each way.
    pub fn sessions(self) -> Vec<Session> {
        let mut peers = HashMap::new();
        let mut pair = |a: Flow, b: Flow| {
            if a != b
                && self.seen.contains(&b)
                && !peers.contains_key(&a)
                && !peers.contains_key(&b)
            {
                peers.insert(a, b);
                peers.insert(b, a);
            }
        };
        for &flow in &self.order {
            if let Some(peer) = self.control.peer(&flow) {
                pair(flow, peer);
            }
        }
        for &flow in &self.order {
            pair(flow, mirrored(flow));
        }
        for (a, b) in self.left_over(&peers) {
            peers.insert(a, b);
            peers.insert(b, a);
        }
        let mut done = HashSet::new();
        let mut sessions = Vec::new();
        for a_to_b in self.order {
            if done.insert(a_to_b) {
                let b_to_a = peers.get(&a_to_b).copied();
                done.extend(b_to_a);
                sessions.push(Session { a_to_b, b_to_a });
            }
        }
        sessions
    }

    /// Flows without a peer that are the only such ones of their route, both ways.
    fn left_over(&self, peers: &HashMap<Flow, Flow>) -> Vec<(Flow, Flow)> {
        let mut single: HashMap<Route, Vec<Flow>> = HashMap::new();
        for flow in self.order.iter().filter(|flow| !peers.contains_key(flow)) {
            if let Some(route) = route(flow) {
                single.entry(route).or_default().push(*flow);
            }
        }
        let only = |route: &Route| match single.get(route).map(Vec::as_slice) {
            Some(&[flow]) => Some(flow),
            _ => None,
        };
        let routes = single.keys().filter(|route| route.1 < route.2);
        routes
            .filter_map(|route| Some((only(route)?, only(&reversed(*route))?)))
            .collect()
    }
}

fn route(flow: &Flow) -> Option<Route> {
    match *flow {
        Flow::L2tp {
            vlans,
            source,
            destination,
            ..
        } => Some((vlans, source, destination)),
        Flow::Pppoe { .. } => None,
    }
}

/// The same flow with source and destination swapped.
fn mirrored(flow: Flow) -> Flow {
    match flow {
        Flow::L2tp {
            vlans,
            source,
            destination,
            tunnel,
            session,
        } => Flow::L2tp {
            vlans,
            source: destination,
            destination: source,
            tunnel,
            session,
        },
        Flow::Pppoe {
            vlans,
            source,
            destination,
            session,
        } => Flow::Pppoe {
            vlans,
            source: destination,
            destination: source,
            session,
        },
    }
}
