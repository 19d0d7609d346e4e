//! The TUN interface: many packets a read where the kernel has segmentation to leave to us.

use std::io;

use scramble::transform::Packet;
use tun_rs::{AsyncDevice, DeviceBuilder, VIRTIO_NET_HDR_LEN};

use crate::calls::{BURST, HEADROOM, TAILROOM};

/// The largest packet that one read gives, its offload header included.
const LARGEST: usize = VIRTIO_NET_HDR_LEN + 65535;
/// Segments that one read can come to: 64 KiB in the smallest MSS that a sane peer asks for.
const SEGMENTS: usize = 128;
/// The largest packet that the interface's MTU can be set to.
const SLOT: usize = HEADROOM + 9216 + TAILROOM;

/// A TUN interface.
pub struct Tun {
    device: AsyncDevice,
    raw: Vec<u8>,
    slots: Vec<Slot>,
    sizes: Vec<usize>,
    filled: usize,
    outgoing: Vec<u8>,
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

impl Tun {
    /// Makes the interface `name`, up, with `mtu`; it goes when this is dropped.
    ///
    /// # Errors
    /// What the system says: it takes `CAP_NET_ADMIN` and `/dev/net/tun`.
    pub fn open(name: &str, mtu: u16) -> io::Result<Self> {
        let builder = DeviceBuilder::new().name(name).mtu(mtu);
        let device = builder.with(|builder| { builder.offload(true); }).build_async()?;
        Ok(Self {
            device,
            raw: vec![0; LARGEST],
            slots: (0..SEGMENTS).map(|_| Slot(vec![0; SLOT].into())).collect(),
            sizes: vec![0; SEGMENTS],
            filled: 0,
            outgoing: Vec::with_capacity(LARGEST),
        })
    }

    /// The kernel's number of the interface.
    ///
    /// # Errors
    /// What the system says.
    pub fn index(&self) -> io::Result<u32> {
        self.device.if_index()
    }

    /// Changes the MTU.
    ///
    /// # Errors
    /// What the system says.
    pub fn set_mtu(&self, mtu: u16) -> io::Result<()> {
        self.device.set_mtu(mtu)
    }

    /// Waits until something may have arrived.
    ///
    /// # Errors
    /// What the system says.
    pub async fn readable(&self) -> io::Result<()> {
        self.device.readable().await
    }

    /// Reads what the kernel has; `false` if it has nothing.
    ///
    /// # Errors
    /// What the system says. One packet that cannot be understood is an error of kind `Other`.
    pub fn receive(&mut self) -> io::Result<bool> {
        self.filled = 0;
        let read = self.device.try_recv_multiple(&mut self.raw, &mut self.slots, &mut self.sizes, HEADROOM);
        match read {
            Ok(count) => {
                self.filled = count;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The packets of the last [`receive`](Self::receive).
    pub fn packets(&mut self) -> impl Iterator<Item = Packet<'_>> {
        let filled = self.slots.iter_mut().zip(&self.sizes).take(self.filled);
        filled.map(|(slot, size)| {
            let size = (*size).min(SLOT - HEADROOM - TAILROOM);
            Packet::new(&mut slot.0, HEADROOM..HEADROOM + size)
        })
    }

    /// Reads that make a turn at most, so that other work gets its turn.
    pub const TURNS: usize = BURST;

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
