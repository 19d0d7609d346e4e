//! Ethernet and VLAN tags.

use rust_hdl::prelude::*;

/// What stands before the network header.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Linked {
    /// An IP ethertype, whichever: the version nibble decides.
    pub ip: Bit,
    /// The ethertype of PPPoE's session stage.
    pub pppoe: Bit,
    /// VLAN tags: 0 to 2.
    pub tags: Bits<2>,
    /// The network header's first byte: 14, 18 or 22.
    pub at: Bits<5>,
    /// Bytes from there to the frame's end; counts only with `ip` or `pppoe`.
    pub rest: Bits<14>,
    /// The peer's MAC address and the VLAN tags, as `Parsed::peer` has them.
    pub mac: Bits<80>,
}

/// Reads the Ethernet header and up to two VLAN tags, and moves the network header to byte 0.
///
/// In: the frame's first 66 bytes and its length; `receive` is constant. Out, `Link::LATENCY` cycles later: `m`, and the
/// 40 bytes from the network header on.
#[derive(LogicBlock, Default)]
pub struct Link {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// The peer is the source.
    pub receive: Signal<In, Bit>,
    /// The frame's first 66 bytes.
    pub s_head: Signal<In, Bits<528>>,
    /// The frame's length.
    pub s_length: Signal<In, Bits<14>>,
    /// The link header.
    pub m: Signal<Out, Linked>,
    /// The network header.
    pub m_network: Signal<Out, Bits<320>>,
    type0: Signal<Local, Bits<16>>,
    type1: Signal<Local, Bits<16>>,
    type2: Signal<Local, Bits<16>>,
    head: DFF<Bits<528>>,
    length: DFF<Bits<14>>,
    tag0: DFF<Bit>,
    tag1: DFF<Bit>,
    /// Bit k: of an IP ethertype behind k tags.
    ip: DFF<Bits<3>>,
    pppoe: DFF<Bits<3>>,
    fits: DFF<Bits<3>>,
    linked: DFF<Linked>,
    network: DFF<Bits<320>>,
    word0: Signal<Local, Bits<16>>,
    word1: Signal<Local, Bits<16>>,
    address: Signal<Local, Bits<48>>,
}

impl Link {
    /// Cycles from `s_head` to `m`.
    pub const LATENCY: usize = 2;
}

impl Logic for Link {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, head, length, tag0, tag1, ip, pppoe, fits, linked, network
        );
        // Ethertypes stay in wire order: 0x8100 reads 0x0081.
        self.type0.next = self.s_head.val().get_bits::<16>(96);
        self.type1.next = self.s_head.val().get_bits::<16>(128);
        self.type2.next = self.s_head.val().get_bits::<16>(160);
        self.head.d.next = self.s_head.val();
        self.length.d.next = self.s_length.val();
        self.tag0.d.next = (self.type0.val() == 0x0081)
            | (self.type0.val() == 0xA888)
            | (self.type0.val() == 0x0091);
        self.tag1.d.next = (self.type1.val() == 0x0081)
            | (self.type1.val() == 0xA888)
            | (self.type1.val() == 0x0091);
        self.ip.d.next = 0.into();
        if (self.type0.val() == 0x0008) | (self.type0.val() == 0xDD86) {
            self.ip.d.next = 1.into();
        }
        if (self.type1.val() == 0x0008) | (self.type1.val() == 0xDD86) {
            self.ip.d.next = self.ip.d.val() | 2;
        }
        if (self.type2.val() == 0x0008) | (self.type2.val() == 0xDD86) {
            self.ip.d.next = self.ip.d.val() | 4;
        }
        self.pppoe.d.next = 0.into();
        if self.type0.val() == 0x6488 {
            self.pppoe.d.next = 1.into();
        }
        if self.type1.val() == 0x6488 {
            self.pppoe.d.next = self.pppoe.d.val() | 2;
        }
        if self.type2.val() == 0x6488 {
            self.pppoe.d.next = self.pppoe.d.val() | 4;
        }
        self.fits.d.next = 0.into();
        if self.s_length.val() >= 14 {
            self.fits.d.next = 1.into();
        }
        if self.s_length.val() >= 18 {
            self.fits.d.next = self.fits.d.val() | 2;
        }
        if self.s_length.val() >= 22 {
            self.fits.d.next = self.fits.d.val() | 4;
        }

        self.address.next = self.head.q.val().get_bits::<48>(0);
        if self.receive.val() {
            self.address.next = self.head.q.val().get_bits::<48>(48);
        }
        // 0x8000 | id, in wire order: the first byte's upper nibble is 8.
        self.word0.next = (self.head.q.val().get_bits::<16>(112) & 0xFF0F) | 0x0080;
        self.word1.next = (self.head.q.val().get_bits::<16>(144) & 0xFF0F) | 0x0080;
        if self.tag0.q.val() & self.tag1.q.val() {
            self.linked.d.next.ip = self.ip.q.val().get_bit(2) & self.fits.q.val().get_bit(2);
            self.linked.d.next.pppoe = self.pppoe.q.val().get_bit(2) & self.fits.q.val().get_bit(2);
            self.linked.d.next.tags = 2.into();
            self.linked.d.next.at = 22.into();
            self.linked.d.next.rest = self.length.q.val() - 22;
            self.linked.d.next.mac = bit_cast::<80, 48>(self.address.val())
                | (bit_cast::<80, 16>(self.word0.val()) << 48)
                | (bit_cast::<80, 16>(self.word1.val()) << 64);
            self.network.d.next = self.head.q.val().get_bits::<320>(176);
        } else if self.tag0.q.val() {
            self.linked.d.next.ip = self.ip.q.val().get_bit(1) & self.fits.q.val().get_bit(1);
            self.linked.d.next.pppoe = self.pppoe.q.val().get_bit(1) & self.fits.q.val().get_bit(1);
            self.linked.d.next.tags = 1.into();
            self.linked.d.next.at = 18.into();
            self.linked.d.next.rest = self.length.q.val() - 18;
            self.linked.d.next.mac = bit_cast::<80, 48>(self.address.val())
                | (bit_cast::<80, 16>(self.word0.val()) << 48);
            self.network.d.next = self.head.q.val().get_bits::<320>(144);
        } else {
            self.linked.d.next.ip = self.ip.q.val().get_bit(0) & self.fits.q.val().get_bit(0);
            self.linked.d.next.pppoe = self.pppoe.q.val().get_bit(0) & self.fits.q.val().get_bit(0);
            self.linked.d.next.tags = 0.into();
            self.linked.d.next.at = 14.into();
            self.linked.d.next.rest = self.length.q.val() - 14;
            self.linked.d.next.mac = bit_cast::<80, 48>(self.address.val());
            self.network.d.next = self.head.q.val().get_bits::<320>(112);
        }
        self.m.next = self.linked.q.val();
        self.m_network.next = self.network.q.val();
    }
}
