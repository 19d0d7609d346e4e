//! "+" and "-" of the tuple permutation.

use rust_hdl::prelude::*;

/// Moves an address and port by the PRF's output: IPv4's first byte among its 223 values, all else by XOR.
///
/// Inputs: `f`, the output's first 18 bytes, in one cycle, and the endpoint and what it is in the next. Outputs: the moved
/// endpoint, in that next cycle, combinational behind one adder and one comparison. One a cycle.
#[derive(LogicBlock, Default)]
pub struct EndpointShift {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// "-" instead of "+": a level.
    pub subtract: Signal<In, Bit>,
    /// The PRF's output's first 18 bytes.
    pub f: Signal<In, Bits<144>>,
    /// IPv6.
    pub v6: Signal<In, Bit>,
    /// Ports take part.
    pub ports: Signal<In, Bit>,
    /// IPv4: 4 bytes, then zeros.
    pub address: Signal<In, Bits<128>>,
    /// The port.
    pub port: Signal<In, Bits<16>>,
    /// The address, moved.
    pub m_address: Signal<Out, Bits<128>>,
    /// The port, moved where ports take part.
    pub m_port: Signal<Out, Bits<16>>,
    number: Signal<Local, Bits<24>>,
    thirty_three: Signal<Local, Bits<24>>,
    product: Signal<Local, Bits<24>>,
    forward: Signal<Local, Bits<8>>,
    stride: DFF<Bits<8>>,
    f1: DFF<Bits<144>>,
    shown: Signal<Local, Bits<144>>,
    sum: Signal<Local, Bits<9>>,
    around: Signal<Local, Bits<9>>,
    first: Signal<Local, Bits<8>>,
    old: Signal<Local, Bits<128>>,
    change: Signal<Local, Bits<128>>,
    port_mask: Signal<Local, Bits<16>>,
}

impl Logic for EndpointShift {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, stride, f1);
        // floor(223 x u16(out[0..2]) / 65536): 223 = 256 - 33.
        self.number.next = bit_cast::<24, 16>(self.f.val().get_bits::<16>(0));
        self.number.next = ((self.number.val() & 0xFF) << 8) | (self.number.val() >> 8);
        self.thirty_three.next = (self.number.val() << 5) + self.number.val();
        self.product.next = (self.number.val() << 8) - self.thirty_three.val();
        self.forward.next = self.product.val().get_bits::<8>(16);
        if self.subtract.val() {
            self.stride.d.next = bits::<8>(223) - self.forward.val();
        } else {
            self.stride.d.next = self.forward.val();
        }
        self.f1.d.next = self.f.val();

        // 1 + (b - 1 + step) mod 223: b + step is at most 446, and above 223 it has gone around.
        self.old.next = self.address.val();
        self.sum.next = bit_cast::<9, 8>(self.old.val().get_bits::<8>(0))
            + bit_cast::<9, 8>(self.stride.q.val());
        self.around.next = self.sum.val() - bits::<9>(223);
        if self.sum.val() > 223 {
            self.first.next = self.around.val().get_bits::<8>(0);
        } else {
            self.first.next = self.sum.val().get_bits::<8>(0);
        }
        self.shown.next = self.f1.q.val();
        // Bits of the address that move by XOR. IPv6: all but the first four.
        self.change.next =
            bit_cast::<128, 144>(self.shown.val()) & !bit_cast::<128, 8>(bits::<8>(0xF0));
        if self.v6.val() {
            self.m_address.next = self.old.val() ^ self.change.val();
        } else {
            // Bytes 1 to 3, by out[2..5].
            self.change.next = bit_cast::<128, 24>(self.shown.val().get_bits::<24>(16)) << 8;
            self.m_address.next = (((self.old.val() >> 8) << 8) ^ self.change.val())
                | bit_cast::<128, 8>(self.first.val());
        }
        self.port_mask.next = self.shown.val().get_bits::<16>(128);
        self.m_port.next = self.port.val();
        if self.ports.val() {
            self.m_port.next =
                self.port.val() ^ ((self.port_mask.val() << 8) | (self.port_mask.val() >> 8));
        }
    }
}
