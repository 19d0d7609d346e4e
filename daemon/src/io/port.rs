//! What calls send, gathered into as few system calls as it fits.

use std::io;
use std::net::SocketAddr;

use super::tun::Tun;
use super::udp::Udp;
use crate::calls::Port;

/// What one `sendmsg` with segmentation carries at most.
const LARGEST: usize = 65000;

/// The sockets and the interface of a thread.
pub struct Sockets {
    /// One for each listener.
    pub udp: Vec<Udp>,
    /// `None` where packets have nowhere to go: a load generator.
    pub tun: Option<Tun>,
    batch: Batch,
    /// What the kernel did not take.
    pub lost: Lost,
}

/// Packets that the kernel did not take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Datagrams, because its buffers were full.
    pub datagrams_full: u64,
    /// Datagrams, for another reason; too big for the path, most likely.
    pub datagrams_refused: u64,
    /// IP packets.
    pub packets: u64,
}

/// Datagrams of one size to one peer.
#[derive(Default)]
struct Batch {
    to: Option<(usize, SocketAddr)>,
    segment: usize,
    count: u64,
    bytes: Vec<u8>,
}

impl Sockets {
    /// Sends through `udp` and `tun`.
    pub fn new(udp: Vec<Udp>, tun: Option<Tun>) -> Self {
        Self {
            udp,
            tun,
            batch: Batch::default(),
            lost: Lost::default(),
        }
    }

    /// Sends what has gathered. Call it after every burst.
    pub fn flush(&mut self) {
        let Some((listener, to)) = self.batch.to.take() else {
            return;
        };
        let sent = self.udp[listener].send(to, &self.batch.bytes, self.batch.segment);
        match sent {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.lost.datagrams_full += self.batch.count;
            }
            Err(_) => self.lost.datagrams_refused += self.batch.count,
        }
        self.batch.bytes.clear();
        self.batch.count = 0;
    }
}

impl Port for Sockets {
    fn to_peer(&mut self, listener: usize, to: SocketAddr, datagram: &[u8]) {
        let batch = &self.batch;
        let fits = batch.to == Some((listener, to))
            && datagram.len() <= batch.segment
            // A shorter one before was the last of its batch.
            && batch.bytes.len() == batch.segment * batch.count as usize
            && batch.bytes.len() + datagram.len() <= LARGEST
            && (batch.count as usize) < self.udp[listener].max_segments();
        if !fits {
            self.flush();
            self.batch.to = Some((listener, to));
            self.batch.segment = datagram.len();
        }
        self.batch.bytes.extend_from_slice(datagram);
        self.batch.count += 1;
    }

    fn to_host(&mut self, packet: &[u8]) {
        if let Some(tun) = &mut self.tun
            && tun.send(packet).is_err()
        {
            self.lost.packets += 1;
        }
    }
}
