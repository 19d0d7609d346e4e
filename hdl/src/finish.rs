//! What the permutations have changed, as a mask over the frame and as sums under its checksums.
//!
//! ```
//! use fogline_hdl::{emit::verilog, finish::Finish};
//! assert!(verilog(Finish::default(), "finish").contains("module finish("));
//! ```

use crate::plan::delay::Delay;
use crate::plan::modulo::Add;
use crate::records::{Edit, Head, Scramble, Seal};
use rust_hdl::prelude::*;

/// Compares a decoy before and after the permutations. One frame a cycle; `m_*` follows `s_*` by [`Finish::LATENCY`].
///
/// Where `s_old` is not `active`, `m_head` is 0, and edit and seal leave as they came.
#[derive(LogicBlock)]
pub struct Finish {
    /// Everything moves on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets what is under way.
    pub reset: Signal<In, Bit>,
    /// A frame has been permuted.
    pub s_valid: Signal<In, Bit>,
    /// What is to be done to it.
    pub s_edit: Signal<In, Edit>,
    /// Its keystream, without a decoy's nonce.
    pub s_seal: Signal<In, Seal>,
    /// As it went into the permutations.
    pub s_old: Signal<In, Scramble>,
    /// As it came out of them.
    pub s_new: Signal<In, Scramble>,
    /// A frame is ready for keystream and mask.
    pub m_valid: Signal<Out, Bit>,
    /// The edit, with `ip_delta`, `transport_delta` and verdict 15 where an opaque payload looks like a ClientHello.
    pub m_edit: Signal<Out, Edit>,
    /// The keystream, with the nonce: 80 and the wire block's first 11 bytes.
    pub m_seal: Signal<Out, Seal>,
    /// The mask over the inner packet's head and payload block.
    pub m_head: Signal<Out, Head>,
    valid: DFF<Bits<10>>,
    edit: DFF<Edit>,
    seal: DFF<Seal>,
    head: DFF<Head>,
    edit_line: Delay<Edit, 3>,
    seal_line: Delay<Seal, 3>,
    head_line: Delay<Head, 3>,
    v6: DFF<Bits<7>>,
    parity_down: DFF<Bits<7>>,
    parity_up: DFF<Bits<7>>,
    sums17: [DFF<Bits<17>>; 16],
    sums18: [DFF<Bits<18>>; 8],
    sums19: [DFF<Bits<19>>; 4],
    sums20: [DFF<Bits<20>>; 2],
    sum21: DFF<Bits<21>>,
    fold17: DFF<Bits<17>>,
    fold16: DFF<Bits<16>>,
    from_port: Add,
    to_port: Add,
    ports: Add,
    rest: Add,
    rest_waits: DFF<Bits<16>>,
    transport: Add,
    ip: Add,
    out_edit: DFF<Edit>,
    out_seal: DFF<Seal>,
    out_head: DFF<Head>,
    not_source: Signal<Local, Bits<128>>,
    not_destination: Signal<Local, Bits<128>>,
    source: Signal<Local, Bits<128>>,
    destination: Signal<Local, Bits<128>>,
    not_from_port: Signal<Local, Bits<16>>,
    not_to_port: Signal<Local, Bits<16>>,
    from_port_mask: Signal<Local, Bits<16>>,
    to_port_mask: Signal<Local, Bits<16>>,
    port_mask: Signal<Local, Bits<32>>,
    source_mask: Signal<Local, Bits<128>>,
    destination_mask: Signal<Local, Bits<128>>,
    flip: Signal<Local, Bit>,
    tuple: Signal<Local, Bits<352>>,
    block: Signal<Local, Bits<256>>,
    on_wire: Signal<Local, Bits<256>>,
    hello: Signal<Local, Bit>,
    folded: Signal<Local, Bits<17>>,
    swapped: Signal<Local, Bits<16>>,
    change: Signal<Local, Bits<21>>,
}

impl Finish {
    /// Cycles from `s_valid` to `m_valid`.
    pub const LATENCY: usize = 10;
}

impl Default for Finish {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            s_valid: Default::default(),
            s_edit: Default::default(),
            s_seal: Default::default(),
            s_old: Default::default(),
            s_new: Default::default(),
            m_valid: Default::default(),
            m_edit: Default::default(),
            m_seal: Default::default(),
            m_head: Default::default(),
            valid: Default::default(),
            edit: Default::default(),
            seal: Default::default(),
            head: Default::default(),
            edit_line: Delay::new(8),
            seal_line: Delay::new(8),
            head_line: Delay::new(8),
            v6: Default::default(),
            parity_down: Default::default(),
            parity_up: Default::default(),
            sums17: Default::default(),
            sums18: Default::default(),
            sums19: Default::default(),
            sums20: Default::default(),
            sum21: Default::default(),
            fold17: Default::default(),
            fold16: Default::default(),
            from_port: Default::default(),
            to_port: Default::default(),
            ports: Default::default(),
            rest: Default::default(),
            rest_waits: Default::default(),
            transport: Default::default(),
            ip: Default::default(),
            out_edit: Default::default(),
            out_seal: Default::default(),
            out_head: Default::default(),
            not_source: Default::default(),
            not_destination: Default::default(),
            source: Default::default(),
            destination: Default::default(),
            not_from_port: Default::default(),
            not_to_port: Default::default(),
            from_port_mask: Default::default(),
            to_port_mask: Default::default(),
            port_mask: Default::default(),
            source_mask: Default::default(),
            destination_mask: Default::default(),
            flip: Default::default(),
            tuple: Default::default(),
            block: Default::default(),
            on_wire: Default::default(),
            hello: Default::default(),
            folded: Default::default(),
            swapped: Default::default(),
            change: Default::default(),
        }
    }
}

seq_macro::seq!(N in 0..8 {
impl Logic for Finish {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, valid, edit, seal, head, v6, parity_down, parity_up, sum21, fold17, fold16, rest_waits, out_edit,
            out_seal, out_head
        );
        self.valid.d.next = (self.valid.q.val() << 1) | bit_cast::<10, 1>(self.s_valid.val().into());
        self.edit_line.clock.next = self.clock.val();
        self.seal_line.clock.next = self.clock.val();
        self.head_line.clock.next = self.clock.val();
        self.from_port.clock.next = self.clock.val();
        self.to_port.clock.next = self.clock.val();
        self.ports.clock.next = self.clock.val();
        self.rest.clock.next = self.clock.val();
        self.transport.clock.next = self.clock.val();
        self.ip.clock.next = self.clock.val();
        for k in 0..16 {
            self.sums17[k].clock.next = self.clock.val();
        }
        for k in 0..8 {
            self.sums18[k].clock.next = self.clock.val();
        }
        for k in 0..4 {
            self.sums19[k].clock.next = self.clock.val();
        }
        for k in 0..2 {
            self.sums20[k].clock.next = self.clock.val();
        }

        // Cycle 0: the masks.
        self.source_mask.next = self.s_old.val().source ^ self.s_new.val().source;
        self.destination_mask.next = self.s_old.val().destination ^ self.s_new.val().destination;
        self.from_port_mask.next = self.s_old.val().source_port ^ self.s_new.val().source_port;
        self.to_port_mask.next = self.s_old.val().destination_port ^ self.s_new.val().destination_port;
        self.port_mask.next = (bit_cast::<32, 8>(self.from_port_mask.val().get_bits::<8>(8)))
            | (bit_cast::<32, 8>(self.from_port_mask.val().get_bits::<8>(0)) << 8)
            | (bit_cast::<32, 8>(self.to_port_mask.val().get_bits::<8>(8)) << 16)
            | (bit_cast::<32, 8>(self.to_port_mask.val().get_bits::<8>(0)) << 24);
        self.flip.next = self.s_edit.val().parity ^ self.s_edit.val().old_parity;
        if self.s_old.val().v6 {
            self.tuple.next = (bit_cast::<352, 1>(self.flip.val().into()) << 68)
                ^ (bit_cast::<352, 128>(self.source_mask.val()) << 64)
                ^ (bit_cast::<352, 128>(self.destination_mask.val()) << 192)
                ^ (bit_cast::<352, 32>(self.port_mask.val()) << 320);
        } else {
            self.tuple.next = (bit_cast::<352, 1>(self.flip.val().into()) << 55)
                ^ (bit_cast::<352, 32>(self.source_mask.val().get_bits::<32>(0)) << 96)
                ^ (bit_cast::<352, 32>(self.destination_mask.val().get_bits::<32>(0)) << 128)
                ^ (bit_cast::<352, 32>(self.port_mask.val()) << 160);
        }
        self.head.d.next.tuple = self.tuple.val();
        self.head.d.next.block = self.s_old.val().block ^ self.s_new.val().block;
        if !self.s_old.val().active {
            self.head.d.next.tuple = 0.into();
            self.head.d.next.block = 0.into();
        }
        // The nonce is of the block on the wire.
        self.block.next = self.s_new.val().block;
        self.on_wire.next = self.block.val();
        if self.s_edit.val().receive {
            self.on_wire.next = self.s_old.val().block;
        }
        self.seal.d.next = self.s_seal.val();
        if self.s_old.val().active {
            self.seal.d.next.nonce = (bit_cast::<96, 88>(self.on_wire.val().get_bits::<88>(0)) << 8) | 0x80;
        }
        // Payload bytes 0-1 are 16 03, 5-6 are 01 00, and 9 is 03.
        self.hello.next = (self.block.val().get_bits::<16>(0) == 0x0316)
            & (self.block.val().get_bits::<16>(40) == 0x0001)
            & (self.block.val().get_bits::<8>(72) == 0x03)
            & (self.s_old.val().n >= 10);
        self.edit.d.next = self.s_edit.val();
        if self.hello.val()
            & self.s_old.val().active
            & self.s_old.val().ports
            & self.s_edit.val().tcp
            & !self.s_edit.val().receive
            & (self.s_edit.val().verdict == 0)
        {
            self.edit.d.next.verdict = 15.into();
        }

        // Cycles 0 to 6: the addresses' words, old and not new, as little-endian numbers.
        self.source.next = self.s_old.val().source;
        self.destination.next = self.s_old.val().destination;
        self.not_source.next = !self.s_new.val().source;
        self.not_destination.next = !self.s_new.val().destination;
        #(
        self.sums17[N].d.next = bit_cast::<17, 16>(self.source.val().get_bits::<16>(16 * N))
            + bit_cast::<17, 16>(self.not_source.val().get_bits::<16>(16 * N));
        self.sums17[N + 8].d.next = bit_cast::<17, 16>(self.destination.val().get_bits::<16>(16 * N))
            + bit_cast::<17, 16>(self.not_destination.val().get_bits::<16>(16 * N));
        self.sums18[N].d.next =
            bit_cast::<18, 17>(self.sums17[N].q.val()) + bit_cast::<18, 17>(self.sums17[N + 8].q.val());
        )*
        self.sums19[0].d.next =
            bit_cast::<19, 18>(self.sums18[0].q.val()) + bit_cast::<19, 18>(self.sums18[4].q.val());
        self.sums19[1].d.next =
            bit_cast::<19, 18>(self.sums18[1].q.val()) + bit_cast::<19, 18>(self.sums18[5].q.val());
        self.sums19[2].d.next =
            bit_cast::<19, 18>(self.sums18[2].q.val()) + bit_cast::<19, 18>(self.sums18[6].q.val());
        self.sums19[3].d.next =
            bit_cast::<19, 18>(self.sums18[3].q.val()) + bit_cast::<19, 18>(self.sums18[7].q.val());
        self.sums20[0].d.next =
            bit_cast::<20, 19>(self.sums19[0].q.val()) + bit_cast::<20, 19>(self.sums19[2].q.val());
        self.sums20[1].d.next =
            bit_cast::<20, 19>(self.sums19[1].q.val()) + bit_cast::<20, 19>(self.sums19[3].q.val());
        self.sum21.d.next = bit_cast::<21, 20>(self.sums20[0].q.val()) + bit_cast::<21, 20>(self.sums20[1].q.val());
        self.change.next = self.sum21.q.val();
        self.fold17.d.next = bit_cast::<17, 16>(self.change.val().get_bits::<16>(0))
            + bit_cast::<17, 5>(self.change.val().get_bits::<5>(16));
        self.folded.next = self.fold17.q.val();
        self.fold16.d.next = self.folded.val().get_bits::<16>(0)
            + bit_cast::<16, 1>(self.folded.val().get_bits::<1>(16));
        // Cycles 0 to 6: the ports, then IPv6's parity.
        self.not_from_port.next = !self.s_new.val().source_port;
        self.not_to_port.next = !self.s_new.val().destination_port;
        self.from_port.a.next = self.s_old.val().source_port;
        self.from_port.b.next = self.not_from_port.val();
        self.to_port.a.next = self.s_old.val().destination_port;
        self.to_port.b.next = self.not_to_port.val();
        self.ports.a.next = self.from_port.m.val();
        self.ports.b.next = self.to_port.m.val();
        self.v6.d.next = (self.v6.q.val() << 1) | bit_cast::<7, 1>(self.s_old.val().v6.into());
        self.parity_down.d.next = self.parity_down.q.val() << 1;
        if self.s_edit.val().old_parity & !self.s_edit.val().parity {
            self.parity_down.d.next = (self.parity_down.q.val() << 1) | 1;
        }
        self.parity_up.d.next = self.parity_up.q.val() << 1;
        if self.s_edit.val().parity & !self.s_edit.val().old_parity {
            self.parity_up.d.next = (self.parity_up.q.val() << 1) | 1;
        }
        self.rest.a.next = self.ports.m.val();
        self.rest.b.next = 0.into();
        if self.v6.q.val().get_bit(3) {
            if self.parity_down.q.val().get_bit(3) {
                self.rest.b.next = 0x1000.into();
            }
            if self.parity_up.q.val().get_bit(3) {
                self.rest.b.next = 0xEFFF.into();
            }
        }
        self.rest_waits.d.next = self.rest.m.val();

        // Cycles 7 and 8: both sums; IPv4's parity is under its header's.
        self.swapped.next = (self.fold16.q.val() << 8) | (self.fold16.q.val() >> 8);
        self.transport.a.next = self.swapped.val();
        self.transport.b.next = self.rest_waits.q.val();
        self.ip.a.next = self.swapped.val();
        self.ip.b.next = 0.into();
        if self.parity_down.q.val().get_bit(6) {
            self.ip.b.next = 0x8000.into();
        }
        if self.parity_up.q.val().get_bit(6) {
            self.ip.b.next = 0x7FFF.into();
        }

        // Cycle 9.
        self.edit_line.s.next = self.edit.q.val();
        self.seal_line.s.next = self.seal.q.val();
        self.head_line.s.next = self.head.q.val();
        self.out_edit.d.next = self.edit_line.m.val();
        self.out_edit.d.next.ip_delta = self.ip.m.val();
        self.out_edit.d.next.transport_delta = self.transport.m.val();
        self.out_seal.d.next = self.seal_line.m.val();
        self.out_head.d.next = self.head_line.m.val();
        self.m_valid.next = self.valid.q.val().get_bit(9);
        self.m_edit.next = self.out_edit.q.val();
        self.m_seal.next = self.out_seal.q.val();
        self.m_head.next = self.out_head.q.val();
        if self.reset.val() {
            self.valid.d.next = 0.into();
        }
    }
}
});
