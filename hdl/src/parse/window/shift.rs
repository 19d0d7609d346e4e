//! Bringing the information field to byte 0.

use rust_hdl::prelude::*;

/// Shifts by up to 127 bytes, two bits of the distance a cycle, the coarsest first, so that ever fewer bytes remain.
///
/// In: `s_by`, and the frame's 224 bytes from byte 20 on. Out, `Shift::LATENCY` cycles later: the 132 bytes from there on.
#[derive(LogicBlock, Default)]
pub struct Shift {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// How far.
    pub s_by: Signal<In, Bits<7>>,
    /// The bytes.
    pub s_bytes: Signal<In, Bits<1792>>,
    /// The bytes from there on.
    pub m_bytes: Signal<Out, Bits<1056>>,
    by0: DFF<Bits<6>>,
    by1: DFF<Bits<4>>,
    by2: DFF<Bits<2>>,
    bytes0: DFF<Bits<1560>>,
    bytes1: DFF<Bits<1176>>,
    bytes2: DFF<Bits<1080>>,
    bytes3: DFF<Bits<1056>>,
}

impl Shift {
    /// Cycles from `s_bytes` to `m_bytes`.
    pub const LATENCY: usize = 4;
}

impl Logic for Shift {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, by0, by1, by2, bytes0, bytes1, bytes2, bytes3);
        self.by0.d.next = self.s_by.val().get_bits::<6>(0);
        self.by1.d.next = self.by0.q.val().get_bits::<4>(0);
        self.by2.d.next = self.by1.q.val().get_bits::<2>(0);
        if self.s_by.val().get_bit(6) {
            self.bytes0.d.next = bit_cast::<1560, 1280>(self.s_bytes.val().get_bits::<1280>(512));
        } else {
            self.bytes0.d.next = self.s_bytes.val().get_bits::<1560>(0);
        }
        if self.by0.q.val().get_bit(5) {
            if self.by0.q.val().get_bit(4) {
                self.bytes1.d.next = self.bytes0.q.val().get_bits::<1176>(384);
            } else {
                self.bytes1.d.next = self.bytes0.q.val().get_bits::<1176>(256);
            }
        } else if self.by0.q.val().get_bit(4) {
            self.bytes1.d.next = self.bytes0.q.val().get_bits::<1176>(128);
        } else {
            self.bytes1.d.next = self.bytes0.q.val().get_bits::<1176>(0);
        }
        if self.by1.q.val().get_bit(3) {
            if self.by1.q.val().get_bit(2) {
                self.bytes2.d.next = self.bytes1.q.val().get_bits::<1080>(96);
            } else {
                self.bytes2.d.next = self.bytes1.q.val().get_bits::<1080>(64);
            }
        } else if self.by1.q.val().get_bit(2) {
            self.bytes2.d.next = self.bytes1.q.val().get_bits::<1080>(32);
        } else {
            self.bytes2.d.next = self.bytes1.q.val().get_bits::<1080>(0);
        }
        if self.by2.q.val().get_bit(1) {
            if self.by2.q.val().get_bit(0) {
                self.bytes3.d.next = self.bytes2.q.val().get_bits::<1056>(24);
            } else {
                self.bytes3.d.next = self.bytes2.q.val().get_bits::<1056>(16);
            }
        } else if self.by2.q.val().get_bit(0) {
            self.bytes3.d.next = self.bytes2.q.val().get_bits::<1056>(8);
        } else {
            self.bytes3.d.next = self.bytes2.q.val().get_bits::<1056>(0);
        }
        self.m_bytes.next = self.bytes3.q.val();
    }
}
