//! Arithmetic modulo 65535, as Internet checksums have it.
//!
//! A *residue* is a 16-bit number whose value modulo 65535 counts: 65535 stands for 0 too. The residue of -x is !x, and
//! that of x with its bytes swapped is 256 x.

use rust_hdl::prelude::*;

/// The sum of two residues. `m` follows `a` and `b` by [`Add::LATENCY`] cycles.
///
/// 65535 comes out only where both are 65535, so that a number below 65535 and a residue give a number below 65535.
///
/// ```
/// assert!(fogline_hdl::emit::verilog(fogline_hdl::plan::modulo::Add::default(), "add").contains("module add("));
/// ```
#[derive(LogicBlock, Default)]
pub struct Add {
    /// Everything moves on its rising edge.
    pub clock: Signal<In, Clock>,
    /// A residue.
    pub a: Signal<In, Bits<16>>,
    /// Another.
    pub b: Signal<In, Bits<16>>,
    /// Their sum.
    pub m: Signal<Out, Bits<16>>,
    sum: DFF<Bits<17>>,
    out: DFF<Bits<16>>,
    one_more: Signal<Local, Bits<17>>,
    low: Signal<Local, Bits<17>>,
}

impl Add {
    /// Cycles from `a` and `b` to `m`.
    pub const LATENCY: usize = 2;
}

impl Logic for Add {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, sum, out);
        self.sum.d.next = bit_cast::<17, 16>(self.a.val()) + bit_cast::<17, 16>(self.b.val());
        // Less 65535 is one more, its carry left out.
        self.low.next = self.sum.q.val();
        self.one_more.next = self.sum.q.val() + 1;
        self.out.d.next = self.low.val().get_bits::<16>(0);
        if self.one_more.val().get_bit(16) {
            self.out.d.next = self.one_more.val().get_bits::<16>(0);
        }
        self.m.next = self.out.q.val();
    }
}

/// What becomes of a checksum whose words changed by `delta` (`scramble::checksum::Delta`). `m` follows by
/// [`Apply::LATENCY`] cycles.
///
/// - `checksum`: the old checksum.
/// - `delta`: old minus new of the words under it, a residue.
/// - `udp`: 0 stays and nothing becomes 0; else 65535 stays, as in IPv4 headers and TCP.
///
/// ```
/// assert!(fogline_hdl::emit::verilog(fogline_hdl::plan::modulo::Apply::default(), "apply").contains("module apply("));
/// ```
#[derive(LogicBlock, Default)]
pub struct Apply {
    /// Everything moves on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The old checksum.
    pub checksum: Signal<In, Bits<16>>,
    /// Old minus new.
    pub delta: Signal<In, Bits<16>>,
    /// UDP's rule.
    pub udp: Signal<In, Bit>,
    /// The new checksum.
    pub m: Signal<Out, Bits<16>>,
    sum: DFF<Bits<17>>,
    by_udp: DFF<Bit>,
    kept: DFF<Bit>,
    out: DFF<Bits<16>>,
    one_more: Signal<Local, Bits<17>>,
    low: Signal<Local, Bits<17>>,
    over: Signal<Local, Bit>,
}

impl Apply {
    /// Cycles from the inputs to `m`.
    pub const LATENCY: usize = 2;
}

impl Logic for Apply {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, sum, by_udp, kept, out);
        self.by_udp.d.next = self.udp.val();
        self.sum.d.next =
            bit_cast::<17, 16>(self.checksum.val()) + bit_cast::<17, 16>(self.delta.val());
        self.kept.d.next = false;
        if (self.udp.val() & (self.checksum.val() == 0))
            | (!self.udp.val() & (self.checksum.val() == 65535))
        {
            self.kept.d.next = true;
            self.sum.d.next = bit_cast::<17, 16>(self.checksum.val());
        }
        // UDP's (c - 1 + delta) mod 65535 + 1 differs from (c + delta) mod 65535 only where the sum is 65535.
        self.low.next = self.sum.q.val();
        self.one_more.next = self.sum.q.val() + 1;
        self.over.next = self.one_more.val().get_bit(16);
        if self.by_udp.q.val() {
            self.over.next = self.low.val().get_bit(16);
        }
        self.out.d.next = self.low.val().get_bits::<16>(0);
        if self.over.val() & !self.kept.q.val() {
            self.out.d.next = self.one_more.val().get_bits::<16>(0);
        }
        self.m.next = self.out.q.val();
    }
}
