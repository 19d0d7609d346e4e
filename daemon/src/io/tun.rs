//! The TUN interface: many packets a read where the kernel has segmentation to leave to us.

use std::io;
use std::task::{Context, Poll};

use scramble::transform::Packet;
use tun_rs::{AsyncDevice, DeviceBuilder, SyncDevice, VIRTIO_NET_HDR_LEN};

use crate::calls::{HEADROOM, TAILROOM};

/// The largest packet that one read gives, its offload header included.
const LARGEST: usize = VIRTIO_NET_HDR_LEN + 65535;
/// Segments that one read can come to: 64 KiB in the smallest MSS that a sane peer asks for.
const SEGMENTS: usize = 128;
/// The largest packet that the interface's MTU can be set to.
const SLOT: usize = HEADROOM + 9216 + TAILROOM;

/// Makes the interface `name`, up, with `mtu`; it goes when this is dropped.
///
/// # Errors
/// What the system says: it takes `CAP_NET_ADMIN` and `/dev/net/tun`.
pub fn open(name: &str, mtu: u16) -> io::Result<SyncDevice> {
    let builder = DeviceBuilder::new().name(name).mtu(mtu);
    let device = builder.with(|builder| {
        builder.offload(true);
    });
    device.build_sync()
}

/// A TUN interface.
pub struct Tun {
    device: AsyncDevice,
    outgoing: Vec<u8>,
}

/// Buffers to read packets into.
pub struct TunBuffers {
    raw: Vec<u8>,
    slots: Vec<Slot>,
    sizes: Vec<usize>,
    filled: usize,
}

/// A packet's buffer, with room around it.
struct Slot(Box<[u8]>);

impl AsRef<[u8]> for Slot {
    fn as_ref(&self) -> &[u8] {
        &self.0[..SLOT - TAILROOM]
    }
}

impl AsMut<[u8]> for Slot {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0[..SLOT - TAILROOM]
    }
}

impl Default for TunBuffers {
    fn default() -> Self {
        Self {
            raw: vec![0; LARGEST],
            slots: (0..SEGMENTS).map(|_| Slot(vec![0; SLOT].into())).collect(),
            sizes: vec![0; SEGMENTS],
            filled: 0,
        }
    }
}

impl TunBuffers {
    /// The packets of the last [`Tun::receive`].
    pub fn packets(&mut self) -> impl Iterator<Item = Packet<'_>> {
        let filled = self.slots.iter_mut().zip(&self.sizes).take(self.filled);
        filled.map(|(slot, size)| {
            let size = (*size).min(SLOT - HEADROOM - TAILROOM);
            Packet::new(&mut slot.0, HEADROOM..HEADROOM + size)
        })
    }
}

impl Tun {
    /// Takes an interface of [`open`] into the tokio runtime of this thread.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(device: SyncDevice) -> io::Result<Self> {
        Ok(Self {
            device: AsyncDevice::new(device)?,
            outgoing: Vec::with_capacity(LARGEST),
        })
    }

    /// Whether something may have arrived.
    pub fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.device.poll_readable(context)
    }

    /// Fills `buffers` with what one read gives; `false` if the kernel has nothing.
    ///
    /// # Errors
    /// What the system says. One packet that cannot be understood is an error of kind `Other`.
    pub fn receive(&self, buffers: &mut TunBuffers) -> io::Result<bool> {
        buffers.filled = 0;
        let TunBuffers {
            raw, slots, sizes, ..
        } = buffers;
        match self.device.try_recv_multiple(raw, slots, sizes, HEADROOM) {
            Ok(count) => {
                buffers.filled = count;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Gives the kernel an IP packet.
    ///
    /// # Errors
    /// What the system says; the packet is lost then.
    pub fn send(&mut self, packet: &[u8]) -> io::Result<()> {
        self.outgoing.clear();
        // An offload header of zeros: a whole packet with its checksums done.
        self.outgoing.resize(VIRTIO_NET_HDR_LEN, 0);
        self.outgoing.extend_from_slice(packet);
        self.device.try_send(&self.outgoing).map(drop)
    }
}
