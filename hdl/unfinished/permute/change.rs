//! What a half round does with the PRF's output.

use super::{EndpointShift, Mask};
use rust_hdl::prelude::*;

/// Changes one half by the PRF's output: X or a in odd rounds, Y or b in even ones.
///
/// Inputs: `f` in one cycle, the half and what it is in the next. Outputs: the changed half, in that next cycle. One a
/// cycle.
#[derive(LogicBlock, Default)]
pub struct Change {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Undo: a level.
    pub receive: Signal<In, Bit>,
    /// The PRF's output's first 18 bytes.
    pub f: Signal<In, Bits<144>>,
    /// 0 to 7.
    pub round: Signal<In, Bits<3>>,
    /// IPv6.
    pub v6: Signal<In, Bit>,
    /// Ports take part.
    pub ports: Signal<In, Bit>,
    /// Bytes in the block.
    pub n: Signal<In, Bits<6>>,
    /// The half.
    pub into: Signal<In, Bits<128>>,
    /// Its port.
    pub port: Signal<In, Bits<16>>,
    /// The half, changed.
    pub m_into: Signal<Out, Bits<128>>,
    /// Its port.
    pub m_port: Signal<Out, Bits<16>>,
    shift: EndpointShift,
    mask: Mask,
    f1: DFF<Bits<128>>,
    length: Signal<Local, Bits<6>>,
}

impl Logic for Change {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, f1);
        self.shift.clock.next = self.clock.val();
        self.shift.subtract.next = self.receive.val();
        self.shift.f.next = self.f.val();
        self.shift.v6.next = self.v6.val();
        self.shift.ports.next = self.ports.val();
        self.shift.address.next = self.into.val();
        self.shift.port.next = self.port.val();
        self.f1.d.next = bit_cast::<128, 144>(self.f.val());

        // a has floor(n/2) bytes, b the rest.
        self.length.next = self.n.val();
        if !self.round.val().get_bit(0) {
            self.length.next = self.n.val() + bits::<6>(1);
        }
        self.mask.n.next = bit_cast::<5, 6>(self.length.val() >> 1);
        if self.round.val().get_bit(2) {
            self.m_into.next = self.into.val() ^ (self.f1.q.val() & self.mask.mask.val());
            self.m_port.next = self.port.val();
        } else {
            self.m_into.next = self.shift.m_address.val();
            self.m_port.next = self.shift.m_port.val();
        }
    }
}
