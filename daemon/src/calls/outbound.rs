//! From this host to L2TP peers: bursts of IP packets, and the frames of the links themselves.

use std::time::Duration;

use arrayvec::ArrayVec;
use rand_core::CryptoRng;
use scramble::agreement::Transform;
use scramble::negotiator::DataMode;
use scramble::transform::burst::{DataPath, Job, SessionIndex};
use scramble::transform::{Packet, Sent};
use scramble::wire::ppp;

use super::drops::Drop;
use super::port::{HEADROOM, Port, TAILROOM};
use super::session::Session;
use super::{BURST, Calls};
use crate::ip::fragment::{Fragments, fragments};
use crate::ip::{Addresses, icmp, mss};

/// Packets that a session scrambles before its negotiator is told: a rekey is due after 2^28.
const REPORT: u32 = 4096;

impl<R: CryptoRng> Calls<R> {
    /// IP packets for sessions, with [`HEADROOM`] and [`TAILROOM`] around each.
    pub fn packets<'b, P: Port>(
        &mut self,
        now: Duration,
        burst: impl IntoIterator<Item = (u32, Packet<'b>)>,
        port: &mut P,
    ) {
        let mut jobs: ArrayVec<Job<'b, Sent>, BURST> = ArrayVec::new();
        for (index, packet) in burst {
            if jobs.is_full() {
                self.scramble(now, &mut jobs, port);
            }
            if let Some(job) = self.prepare(now, index, packet, port) {
                jobs.push(job);
            }
        }
        self.scramble(now, &mut jobs, port);
    }

    /// Sends a packet in clear, drops it, answers it, or makes a job of it.
    fn prepare<'b, P: Port>(
        &mut self,
        now: Duration,
        index: u32,
        mut packet: Packet<'b>,
        port: &mut P,
    ) -> Option<Job<'b, Sent>> {
        let session = self.sessions.get_mut(index)?;
        let addresses = match session.may_send(packet.bytes()) {
            Ok(addresses) => addresses,
            Err(reason) => {
                session.drops.count(reason);
                return None;
            }
        };
        if packet.bytes().len() > session.mtu.into() {
            let mtu = session.mtu;
            self.too_big(now, index, packet.bytes(), mtu, port);
            return None;
        }
        if self.listeners[session.listener].terms.mss_clamp {
            mss::clamp(packet.bytes_mut(), session.tcp_mtu.into());
        }
        let length = packet.bytes().len();
        if let Err(refused) = packet.push_front(&addresses.protocol().to_be_bytes()) {
            session.drops.count(refused.into());
            return None;
        }
        if session.mode != DataMode::Scrambled {
            session.count_sent(length);
            self.emit(index, packet, port);
            return None;
        }
        if session.is_too_big_for_decoy(length) {
            let growth = self.growth(index, packet.bytes());
            if growth > 0 {
                let mtu = self.sessions.get_mut(index)?.mtu - growth as u16;
                packet.pull_front(2);
                self.too_big(now, index, packet.bytes(), mtu, port);
                return None;
            }
        }
        self.sessions.get_mut(index)?.count_sent(length);
        Some(Job::new(SessionIndex(index), packet))
    }

    fn growth(&mut self, index: u32, frame: &[u8]) -> isize {
        let session = self.scrambler.get_mut(SessionIndex(index));
        let sender = session.and_then(|session| session.sender.as_ref());
        sender
            .and_then(|sender| sender.growth(frame).ok())
            .unwrap_or(0)
    }

    fn scramble<P: Port>(
        &mut self,
        now: Duration,
        jobs: &mut ArrayVec<Job<'_, Sent>, BURST>,
        port: &mut P,
    ) {
        if jobs.is_empty() {
            return;
        }
        self.scrambler.scramble(jobs);
        for job in jobs.drain(..) {
            let SessionIndex(index) = job.session;
            match job.outcome {
                Ok(_) => self.emit(index, job.packet, port),
                Err(refused) => self.refuse(index, refused.into()),
            }
            self.report(now, index, port);
        }
    }

    fn refuse(&mut self, index: u32, reason: Drop) {
        if let Some(session) = self.sessions.get_mut(index) {
            session.drops.count(reason);
        }
    }

    /// Tells the negotiator now and then how much was sent.
    fn report<P: Port>(&mut self, now: Duration, index: u32, port: &mut P) {
        let Some(session) = self.sessions.get_mut(index) else {
            return;
        };
        session.unreported += 1;
        if session.unreported >= REPORT {
            let count = std::mem::take(&mut session.unreported);
            session.link.packets_sent(now, count.into());
            self.drive(now, index, port);
        }
    }

    /// Sends the PPP frame in `packet` as it is.
    fn emit<P: Port>(&mut self, index: u32, mut packet: Packet<'_>, port: &mut P) {
        let Some(session) = self.sessions.get_mut(index) else {
            return;
        };
        match session.encapsulate(&mut packet) {
            Ok(()) => port.to_peer(session.listener, session.peer, packet.bytes()),
            Err(reason) => session.drops.count(reason),
        }
    }

    /// Sends a frame of the link's: scrambled where the protocol says so.
    pub(super) fn link_frame<P: Port>(&mut self, index: u32, frame: &[u8], port: &mut P) {
        let mut buffer = vec![0; HEADROOM + frame.len() + TAILROOM];
        let range = HEADROOM..HEADROOM + frame.len();
        buffer[range.clone()].copy_from_slice(frame);
        let mut packet = Packet::new(&mut buffer, range);
        let Some(session) = self.sessions.get_mut(index) else {
            return;
        };
        let is_control =
            ppp::Header::parse(frame).is_ok_and(|header| ppp::is_link_control(header.protocol));
        let scrambles = match session.link.data_mode() {
            DataMode::Scrambled => true,
            DataMode::Clear => false,
            // The link itself keeps NCPs back then; control goes as it is.
            DataMode::Hold | DataMode::Drop if is_control => false,
            DataMode::Hold | DataMode::Drop => return,
        };
        if scrambles {
            let keys = self.scrambler.get_mut(SessionIndex(index));
            let outcome = match keys.and_then(|keys| keys.sender.as_mut()) {
                Some(sender) => sender.scramble(&mut packet).map_err(Drop::from),
                None => Err(Drop::NoKey),
            };
            match outcome {
                Ok(Sent::Scrambled) => session.unreported += 1,
                Ok(Sent::Clear) => {}
                Err(reason) => {
                    session.drops.count(reason);
                    return;
                }
            }
        }
        self.emit(index, packet, port);
    }

    /// A packet is larger than `mtu`: it is cut up where it allows that, else its sender is told.
    fn too_big<P: Port>(
        &mut self,
        now: Duration,
        index: u32,
        packet: &[u8],
        mtu: u16,
        port: &mut P,
    ) {
        if packet.first().is_some_and(|byte| byte >> 4 == 4)
            && let Fragments::Cut(parts) = fragments(packet, mtu.into())
        {
            for part in parts {
                let mut buffer = vec![0; HEADROOM + part.len() + TAILROOM];
                let range = HEADROOM..HEADROOM + part.len();
                buffer[range.clone()].copy_from_slice(&part);
                let part = Packet::new(&mut buffer, range);
                if let Some(job) = self.prepare(now, index, part, port) {
                    self.scramble(now, &mut ArrayVec::from_iter([job]), port);
                }
            }
            return;
        }
        let Some(session) = self.sessions.get_mut(index) else {
            return;
        };
        session.drops.count(Drop::TooBig);
        if self.icmp_allowance.take(now)
            && let Some(answer) = icmp::too_big(packet, mtu, session.icmp)
        {
            port.to_host(&answer);
        }
    }
}

impl<R: CryptoRng> Session<R> {
    /// Whether an IP packet can go to the peer now.
    fn may_send(&self, packet: &[u8]) -> Result<Addresses, Drop> {
        let addresses = Addresses::of(packet).ok_or(Drop::NotIp)?;
        let is_up = match addresses {
            Addresses::V4 { .. } => self.ipv4.is_some(),
            Addresses::V6 { .. } => self.ipv6.is_some(),
        };
        match self.mode {
            DataMode::Hold => Err(Drop::Undecided),
            DataMode::Drop => Err(Drop::Unproved),
            DataMode::Clear | DataMode::Scrambled if !is_up => Err(Drop::NotUp),
            DataMode::Clear | DataMode::Scrambled => Ok(addresses),
        }
    }

    /// Whether a packet of DECOY would be too big if it is one of those that are framed.
    fn is_too_big_for_decoy(&self, length: usize) -> bool {
        const FRAMING: usize = 6;
        self.agreement
            .is_some_and(|agreed| agreed.send.transform == Transform::Decoy)
            && length + FRAMING > self.mtu.into()
    }

    fn count_sent(&mut self, length: usize) {
        self.traffic.packets_sent += 1;
        self.traffic.bytes_sent += length as u64;
    }
}
