//! From L2TP peers to this host: bursts of datagrams.

use std::time::Duration;

use arrayvec::ArrayVec;
use fogline_ppp::Arrival;
use rand_core::CryptoRng;
use scramble::negotiator::DataMode;
use scramble::transform::Received;
use scramble::transform::burst::{DataPath, Job, SessionIndex};
use scramble::wire::l2tp::{DataHeader, Message};
use scramble::wire::ppp::{Header, protocol};

use super::drops::Drop;
use super::port::{Datagram, Port};
use super::session::Form;
use super::{BURST, Calls};
use crate::ip::{Addresses, mss};

type Jobs<'b> = ArrayVec<Job<'b, Received>, BURST>;

impl<R: CryptoRng> Calls<R> {
    /// Datagrams arrived at `listener`. Any bytes are safe. Data is restored a burst at a time; what can change a
    /// session's keys waits until all data before it is through.
    pub fn datagrams<'b, P: Port>(
        &mut self,
        now: Duration,
        listener: usize,
        burst: impl IntoIterator<Item = Datagram<'b>>,
        port: &mut P,
    ) {
        let mut jobs = Jobs::new();
        for datagram in burst {
            match Message::parse(datagram.payload.bytes()) {
                Err(_) => self.drops.count(Drop::Malformed),
                Ok(Message::Control) => {
                    self.restore(now, &mut jobs, port);
                    let endpoint = &mut self.listeners[listener].endpoint;
                    endpoint.handle_control(now, datagram.from, datagram.payload.bytes());
                    self.pump(now, listener, port);
                }
                Ok(Message::Data(header)) => {
                    self.data(now, listener, datagram, &header, &mut jobs, port);
                }
            }
        }
        self.restore(now, &mut jobs, port);
    }

    fn data<'b, P: Port>(
        &mut self,
        now: Duration,
        listener: usize,
        datagram: Datagram<'b>,
        header: &DataHeader,
        jobs: &mut Jobs<'b>,
        port: &mut P,
    ) {
        let Datagram {
            from,
            payload: mut frame,
        } = datagram;
        let route = self.listeners[listener]
            .routes
            .find(header.tunnel, header.session);
        let Some(index) = route else {
            self.drops.count(Drop::NoCall);
            return;
        };
        let Some(session) = self.sessions.get_mut(index) else {
            return;
        };
        if session.peer != from {
            self.drops.count(Drop::WrongPeer);
            return;
        }
        let was_numbering = session.sequence.is_on();
        if let Err(reason) = session.sequence.arrived(header.sequence.map(|(ns, _)| ns)) {
            session.drops.count(reason);
            return;
        }
        if session.sequence.is_on() != was_numbering {
            session.fit(self.listeners[listener].terms.path);
        }
        frame.truncate(header.end);
        frame.pull_front(header.payload);
        let Ok(ppp) = Header::parse(frame.bytes()) else {
            session.drops.count(Drop::Malformed);
            return;
        };
        if self.listeners[listener].terms.follows_address_control() {
            session.address_control = ppp.address_control;
        }
        match session.form(ppp.protocol, &frame.bytes()[ppp.len()..]) {
            Form::Scrambled => {
                if jobs.is_full() {
                    self.restore(now, jobs, port);
                }
                jobs.push(Job::new(SessionIndex(index), frame));
            }
            Form::Ip => {
                frame.pull_front(ppp.len());
                self.deliver(now, index, ppp.protocol, frame.bytes_mut(), port);
            }
            Form::Link => {
                self.restore(now, jobs, port);
                self.frame(now, index, frame.bytes(), Arrival::Clear, port);
            }
            Form::Drop(reason) => session.drops.count(reason),
        }
    }

    /// Restores what has gathered, and hands it on.
    fn restore<P: Port>(&mut self, now: Duration, jobs: &mut Jobs<'_>, port: &mut P) {
        if jobs.is_empty() {
            return;
        }
        self.scrambler.restore(jobs);
        for mut job in jobs.drain(..) {
            let SessionIndex(index) = job.session;
            let Some(session) = self.sessions.get_mut(index) else {
                continue;
            };
            match job.outcome {
                Ok(Received::Control) => {
                    self.frame(now, index, job.packet.bytes(), Arrival::Clear, port)
                }
                Ok(Received::Data) => {
                    let Ok(ppp) = Header::parse(job.packet.bytes()) else {
                        session.drops.count(Drop::BadScrambled);
                        continue;
                    };
                    if !matches!(ppp.protocol, protocol::IPV4 | protocol::IPV6) {
                        self.frame(now, index, job.packet.bytes(), Arrival::Scrambled, port);
                    } else if session.mode != DataMode::Scrambled {
                        session.drops.count(Drop::Unproved);
                    } else {
                        job.packet.pull_front(ppp.len());
                        self.deliver(now, index, ppp.protocol, job.packet.bytes_mut(), port);
                    }
                }
                Err(refused) => session.drops.count(refused.into()),
            }
        }
    }

    /// A frame for the session's link.
    fn frame<P: Port>(
        &mut self,
        now: Duration,
        index: u32,
        frame: &[u8],
        arrival: Arrival,
        port: &mut P,
    ) {
        let Some(session) = self.sessions.get_mut(index) else {
            return;
        };
        session.link.handle_frame(now, frame, arrival);
        self.drive(now, index, port);
    }

    /// An IP packet from the session's peer.
    fn deliver<P: Port>(
        &mut self,
        now: Duration,
        index: u32,
        protocol: u16,
        packet: &mut [u8],
        port: &mut P,
    ) {
        let Some(session) = self.sessions.get_mut(index) else {
            return;
        };
        let addresses = Addresses::of(packet).filter(|addresses| addresses.protocol() == protocol);
        let Some(addresses) = addresses else {
            session.drops.count(Drop::NotIp);
            return;
        };
        let is_up = match addresses {
            Addresses::V4 { .. } => session.ipv4.is_some(),
            Addresses::V6 { .. } => session.ipv6.is_some(),
        };
        if !is_up {
            session.drops.count(Drop::NotUp);
            return;
        }
        if addresses.is_link_local() {
            session.link.handle_neighbour_discovery(now, packet);
            self.drive(now, index, port);
            return;
        }
        if session
            .source
            .is_some_and(|source| !source.permits(&addresses))
        {
            session.drops.count(Drop::WrongSource);
            return;
        }
        if self.listeners[session.listener].terms.mss_clamp {
            mss::clamp(packet, session.tcp_mtu.into());
        }
        session.traffic.packets_received += 1;
        session.traffic.bytes_received += packet.len() as u64;
        port.to_host(packet);
    }
}
