//! The PPP header.

use super::datagram::Message;
use rust_hdl::prelude::*;

/// What the PPP header says.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Framed {
    /// As in `Parsed`.
    pub not_ppp: Bit,
    /// FF 03 stands first.
    pub address_control: Bit,
    /// The protocol field is one byte.
    pub compressed: Bit,
    /// The protocol.
    pub protocol: Bits<16>,
    /// The information field.
    pub info_at: Bits<8>,
    /// Its length; 0 where `not_ppp`.
    pub info_length: Bits<14>,
    /// Behind the PPP frame.
    pub ppp_end: Bits<14>,
    /// How far the information field lies behind the frame's byte 20.
    pub shift: Bits<7>,
}

/// Reads the PPP header of `s`.
///
/// Out: `m`, `Ppp::LATENCY` cycles later.
#[derive(LogicBlock, Default)]
pub struct Ppp {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// The message that the PPP frame lies in.
    pub s: Signal<In, Message>,
    /// The PPP header.
    pub m: Signal<Out, Framed>,
    bytes: Signal<Local, Bits<32>>,
    stated: Signal<Local, Bits<16>>,
    whole: Signal<Local, Bits<14>>,
    control: DFF<Bit>,
    compressed: DFF<Bit>,
    /// The protocol field is there: one byte, two.
    one: DFF<Bit>,
    two: DFF<Bit>,
    field: DFF<Bits<16>>,
    at: DFF<Bits<8>>,
    length: DFF<Bits<14>>,
    end: DFF<Bits<14>>,
    header: Signal<Local, Bits<3>>,
    whole_header: DFF<Bits<3>>,
    control1: DFF<Bit>,
    compressed1: DFF<Bit>,
    missing: DFF<Bit>,
    protocol: DFF<Bits<16>>,
    at1: DFF<Bits<8>>,
    length1: DFF<Bits<14>>,
    end1: DFF<Bits<14>>,
    info_at: Signal<Local, Bits<8>>,
    shift: Signal<Local, Bits<8>>,
    framed: DFF<Framed>,
}

impl Ppp {
    /// Cycles from `s` to `m`.
    pub const LATENCY: usize = 3;
}

impl Logic for Ppp {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            control,
            compressed,
            one,
            two,
            field,
            at,
            length,
            end,
            whole_header,
            control1,
            compressed1,
            missing,
            protocol,
            at1,
            length1,
            end1,
            framed
        );
        self.bytes.next = self.s.val().ppp;
        self.stated.next = self.s.val().ppp_length;
        // Of a session's data, the PPP frame lies within the frame: 14 bits suffice.
        self.whole.next = self.stated.val().get_bits::<14>(0);
        self.at.d.next = self.s.val().ppp_at;
        self.length.d.next = self.whole.val();
        self.end.d.next = self.whole.val() + bit_cast::<14, 8>(self.s.val().ppp_at);
        if (self.bytes.val().get_bits::<16>(0) == 0x03FF) & (self.whole.val() >= 2) {
            self.control.d.next = true;
            self.compressed.d.next = self.bytes.val().get_bit(16);
            self.one.d.next = self.whole.val() >= 3;
            self.two.d.next = self.whole.val() >= 4;
            self.field.d.next = self.bytes.val().get_bits::<16>(16);
        } else {
            self.control.d.next = false;
            self.compressed.d.next = self.bytes.val().get_bit(0);
            self.one.d.next = self.whole.val() >= 1;
            self.two.d.next = self.whole.val() >= 2;
            self.field.d.next = self.bytes.val().get_bits::<16>(0);
        }

        self.header.next = 2.into();
        if self.compressed.q.val() {
            self.header.next = 1.into();
        }
        self.whole_header.d.next = self.header.val();
        if self.control.q.val() {
            self.whole_header.d.next = self.header.val() + 2;
        }
        self.control1.d.next = self.control.q.val();
        self.compressed1.d.next = self.compressed.q.val();
        self.missing.d.next = !self.one.q.val() | (!self.compressed.q.val() & !self.two.q.val());
        self.at1.d.next = self.at.q.val();
        self.length1.d.next = self.length.q.val();
        self.end1.d.next = self.end.q.val();
        self.protocol.d.next = bit_cast::<16, 8>(self.field.q.val().get_bits::<8>(0));
        if !self.compressed.q.val() {
            self.protocol.d.next = (bit_cast::<16, 8>(self.field.q.val().get_bits::<8>(0)) << 8)
                | bit_cast::<16, 8>(self.field.q.val().get_bits::<8>(8));
        }

        self.info_at.next = self.at1.q.val() + bit_cast::<8, 3>(self.whole_header.q.val());
        self.shift.next = self.info_at.val() - 20;
        self.framed.d.next.not_ppp = self.missing.q.val();
        self.framed.d.next.address_control = self.control1.q.val();
        self.framed.d.next.compressed = self.compressed1.q.val();
        self.framed.d.next.protocol = self.protocol.q.val();
        self.framed.d.next.info_at = self.info_at.val();
        self.framed.d.next.info_length =
            self.length1.q.val() - bit_cast::<14, 3>(self.whole_header.q.val());
        self.framed.d.next.ppp_end = self.end1.q.val();
        self.framed.d.next.shift = self.shift.val().get_bits::<7>(0);
        if self.missing.q.val() {
            self.framed.d.next.address_control = false;
            self.framed.d.next.compressed = false;
            self.framed.d.next.protocol = 0.into();
            self.framed.d.next.info_at = 0.into();
            self.framed.d.next.info_length = 0.into();
        }
        self.m.next = self.framed.q.val();
    }
}
