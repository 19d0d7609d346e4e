//! UDP sockets with many datagrams a system call: GRO and `recvmmsg` on the way in, GSO on the way out.

use std::collections::HashMap;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, UdpSocket as StdSocket};
use std::task::{Context, Poll};

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use scramble::transform::Packet;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use crate::calls::Datagram;

/// What the kernel may hold for us while we are busy: some milliseconds of 10 Gbit/s.
const KERNEL_BUFFER: usize = 8 << 20;
/// A buffer that GRO can fill.
const LARGEST: usize = 65535;
/// Peers whose choice of our address is remembered.
const MAX_PEERS: usize = 1 << 16;

/// A socket, and what it takes to fill and empty it in bulk.
pub struct Udp {
    socket: UdpSocket,
    state: UdpSocketState,
    /// Which of our addresses each peer talks to, where the socket is bound to all of them: answers come from there.
    ours: Option<HashMap<SocketAddr, IpAddr>>,
}

/// Buffers to receive into, shared by all sockets of a thread.
pub struct Buffers {
    bytes: Vec<u8>,
    meta: [RecvMeta; BATCH_SIZE],
    filled: usize,
}

impl Default for Buffers {
    fn default() -> Self {
        Self {
            bytes: vec![0; BATCH_SIZE * LARGEST],
            meta: [RecvMeta::default(); BATCH_SIZE],
            filled: 0,
        }
    }
}

impl Buffers {
    /// The datagrams of the last [`Udp::receive`].
    pub fn datagrams(&mut self) -> impl Iterator<Item = Datagram<'_>> {
        let filled = self
            .bytes
            .chunks_mut(LARGEST)
            .zip(&self.meta)
            .take(self.filled);
        filled.flat_map(|(buffer, meta)| {
            let from = unmapped(meta.addr);
            let datagrams = buffer[..meta.len].chunks_mut(meta.stride.max(1));
            datagrams.map(move |bytes| {
                let range = 0..bytes.len();
                Datagram {
                    from,
                    payload: Packet::new(bytes, range),
                }
            })
        })
    }
}

impl Udp {
    /// Takes a socket of [`bind`] into the tokio runtime of this thread.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(socket: StdSocket) -> io::Result<Self> {
        let state = UdpSocketState::new((&socket).into())?;
        let ours = socket
            .local_addr()?
            .ip()
            .is_unspecified()
            .then(HashMap::new);
        Ok(Self {
            socket: UdpSocket::from_std(socket)?,
            state,
            ours,
        })
    }

    /// Where the socket is bound.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Whether something may have arrived.
    pub fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_recv_ready(context)
    }

    /// Fills `buffers` with what has arrived; `false` if nothing has.
    ///
    /// # Errors
    /// What the system says.
    pub fn receive(&mut self, buffers: &mut Buffers) -> io::Result<bool> {
        buffers.filled = 0;
        let mut chunks = buffers.bytes.chunks_mut(LARGEST);
        let mut slices: [IoSliceMut<'_>; BATCH_SIZE] =
            std::array::from_fn(|_| IoSliceMut::new(chunks.next().unwrap_or_default()));
        let received = self.socket.try_io(Interest::READABLE, || {
            self.state
                .recv((&self.socket).into(), &mut slices, &mut buffers.meta)
        });
        match received {
            Ok(count) => buffers.filled = count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        }
        if let Some(ours) = &mut self.ours {
            for meta in &buffers.meta[..buffers.filled] {
                let peer = unmapped(meta.addr);
                if let Some(local) = meta.dst_ip {
                    // Whoever fills the table costs the others no more than until their next datagram.
                    if ours.len() >= MAX_PEERS && !ours.contains_key(&peer) {
                        ours.clear();
                    }
                    ours.insert(peer, local);
                }
            }
        }
        Ok(true)
    }

    /// Datagrams of one system call at most.
    pub fn max_segments(&self) -> usize {
        self.state.max_gso_segments()
    }

    /// Sends the datagrams of `segment` bytes each (the last may be shorter) that lie in `contents`.
    ///
    /// # Errors
    /// What the system says; `WouldBlock` where its buffers are full.
    pub fn send(&self, to: SocketAddr, contents: &[u8], segment: usize) -> io::Result<()> {
        let transmit = Transmit {
            destination: to,
            ecn: None,
            contents,
            segment_size: Some(segment),
            src_ip: self.ours.as_ref().and_then(|ours| ours.get(&to)).copied(),
        };
        // Not by `try_io`: nobody waits until there is room, and a new socket would count as full until its first turn.
        self.state.try_send((&self.socket).into(), &transmit)
    }
}

/// A socket on `address`.
///
/// # Errors
/// What the system says.
pub fn bind(address: SocketAddr) -> io::Result<StdSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Larger than net.core.rmem_max allows is cut by the kernel without an error.
    socket.set_recv_buffer_size(KERNEL_BUFFER)?;
    socket.set_send_buffer_size(KERNEL_BUFFER)?;
    socket.bind(&address.into())?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// IPv4 as IPv4, where the kernel gives it in IPv6's form.
fn unmapped(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
