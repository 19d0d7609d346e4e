//! Records to halves and back.

use super::{Fixed, Halves, Joined};
use crate::records::Scramble;
use rust_hdl::prelude::*;

/// The first `n` of 16 bytes: combinational.
#[derive(LogicBlock)]
pub struct Mask {
    /// How many: at most 16.
    pub n: Signal<In, Bits<5>>,
    /// FF in each of them, 0 behind.
    pub mask: Signal<Out, Bits<128>>,
    ones: Constant<Bits<128>>,
    sum: Signal<Local, Bits<128>>,
}

impl Default for Mask {
    fn default() -> Self {
        Self {
            n: Signal::default(),
            mask: Signal::default(),
            ones: Constant::new(0xFFu64.into()),
            sum: Signal::default(),
        }
    }
}

seq_macro::seq!(N in 0..16 {
    impl Logic for Mask {
        #[hdl_gen]
        fn update(&mut self) {
            self.sum.next = bit_cast::<128, 1>(0.into());
            #(
                if self.n.val() > N {
                    self.sum.next = self.sum.val() | (self.ones.val() << (N * 8));
                }
            )*
            self.mask.next = self.sum.val();
        }
    }
});

/// The block to its halves: combinational.
#[derive(LogicBlock, Default)]
pub struct Cut {
    /// Bytes in the block.
    pub n: Signal<In, Bits<6>>,
    /// The block, zeros behind it.
    pub block: Signal<In, Bits<256>>,
    /// Its first floor(n/2) bytes, then zeros.
    pub a: Signal<Out, Bits<128>>,
    /// Its other bytes, then zeros.
    pub b: Signal<Out, Bits<128>>,
    mask: Mask,
    a_length: Signal<Local, Bits<5>>,
    by16: Signal<Local, Bits<256>>,
    by8: Signal<Local, Bits<256>>,
    by4: Signal<Local, Bits<256>>,
    by2: Signal<Local, Bits<256>>,
    by1: Signal<Local, Bits<256>>,
}

impl Logic for Cut {
    #[hdl_gen]
    fn update(&mut self) {
        self.a_length.next = bit_cast::<5, 6>(self.n.val() >> 1);
        self.mask.n.next = self.a_length.val();
        self.a.next = bit_cast::<128, 256>(self.block.val()) & self.mask.mask.val();
        // b: the block without its first `a_length` bytes.
        self.by16.next = self.block.val();
        if self.a_length.val().get_bit(4) {
            self.by16.next = self.block.val() >> 128;
        }
        self.by8.next = self.by16.val();
        if self.a_length.val().get_bit(3) {
            self.by8.next = self.by16.val() >> 64;
        }
        self.by4.next = self.by8.val();
        if self.a_length.val().get_bit(2) {
            self.by4.next = self.by8.val() >> 32;
        }
        self.by2.next = self.by4.val();
        if self.a_length.val().get_bit(1) {
            self.by2.next = self.by4.val() >> 16;
        }
        self.by1.next = self.by2.val();
        if self.a_length.val().get_bit(0) {
            self.by1.next = self.by2.val() >> 8;
        }
        self.b.next = bit_cast::<128, 256>(self.by1.val());
    }
}

/// The second half at its place in the block: combinational.
#[derive(LogicBlock, Default)]
pub struct Paste {
    /// Bytes in the block.
    pub n: Signal<In, Bits<6>>,
    /// The block's bytes from floor(n/2) on, zeros behind.
    pub b: Signal<In, Bits<128>>,
    /// Those bytes at their place, zeros around.
    pub block: Signal<Out, Bits<256>>,
    a_length: Signal<Local, Bits<5>>,
    wide: Signal<Local, Bits<256>>,
    by1: Signal<Local, Bits<256>>,
    by2: Signal<Local, Bits<256>>,
    by4: Signal<Local, Bits<256>>,
    by8: Signal<Local, Bits<256>>,
    by16: Signal<Local, Bits<256>>,
}

impl Logic for Paste {
    #[hdl_gen]
    fn update(&mut self) {
        self.a_length.next = bit_cast::<5, 6>(self.n.val() >> 1);
        self.wide.next = bit_cast::<256, 128>(self.b.val());
        self.by1.next = self.wide.val();
        if self.a_length.val().get_bit(0) {
            self.by1.next = self.wide.val() << 8;
        }
        self.by2.next = self.by1.val();
        if self.a_length.val().get_bit(1) {
            self.by2.next = self.by1.val() << 16;
        }
        self.by4.next = self.by2.val();
        if self.a_length.val().get_bit(2) {
            self.by4.next = self.by2.val() << 32;
        }
        self.by8.next = self.by4.val();
        if self.a_length.val().get_bit(3) {
            self.by8.next = self.by4.val() << 64;
        }
        self.by16.next = self.by8.val();
        if self.a_length.val().get_bit(4) {
            self.by16.next = self.by8.val() << 128;
        }
        self.block.next = self.by16.val();
    }
}

/// What stays of a record: combinational.
#[derive(LogicBlock, Default)]
pub struct Keep {
    /// The record.
    pub s: Signal<In, Scramble>,
    /// What stays.
    pub fixed: Signal<Out, Fixed>,
}

impl Logic for Keep {
    #[hdl_gen]
    fn update(&mut self) {
        self.fixed.next.active = self.s.val().active;
        self.fixed.next.v6 = self.s.val().v6;
        self.fixed.next.ports = self.s.val().ports;
        self.fixed.next.from_higher = self.s.val().from_higher;
        self.fixed.next.protocol = self.s.val().next;
        self.fixed.next.length = self.s.val().length;
        self.fixed.next.t = self.s.val().t;
        self.fixed.next.n = self.s.val().n;
        self.fixed.next.prp = self.s.val().prp;
    }
}

/// A record to halves: source and destination to X and Y, the block to a and b. Combinational.
#[derive(LogicBlock, Default)]
pub struct Split {
    /// The record.
    pub s: Signal<In, Scramble>,
    /// Its halves.
    pub m: Signal<Out, Halves>,
    keep: Keep,
    cut: Cut,
}

impl Logic for Split {
    #[hdl_gen]
    fn update(&mut self) {
        self.keep.s.next = self.s.val();
        self.m.next.fixed = self.keep.fixed.val();
        if self.s.val().from_higher {
            self.m.next.x = self.s.val().destination;
            self.m.next.x_port = self.s.val().destination_port;
            self.m.next.y = self.s.val().source;
            self.m.next.y_port = self.s.val().source_port;
        } else {
            self.m.next.x = self.s.val().source;
            self.m.next.x_port = self.s.val().source_port;
            self.m.next.y = self.s.val().destination;
            self.m.next.y_port = self.s.val().destination_port;
        }
        self.cut.n.next = self.s.val().n;
        self.cut.block.next = self.s.val().block;
        self.m.next.a = self.cut.a.val();
        self.m.next.b = self.cut.b.val();
    }
}

/// Halves to the record that they are of: combinational.
#[derive(LogicBlock, Default)]
pub struct Join {
    /// The halves.
    pub s: Signal<In, Halves>,
    /// The record.
    pub m: Signal<Out, Scramble>,
    paste: Paste,
    joined: Signal<Local, Joined>,
    fixed: Signal<Local, Fixed>,
}

impl Logic for Join {
    #[hdl_gen]
    fn update(&mut self) {
        self.fixed.next = self.s.val().fixed;
        self.joined.next.active = self.fixed.val().active;
        self.joined.next.v6 = self.fixed.val().v6;
        self.joined.next.ports = self.fixed.val().ports;
        self.joined.next.from_higher = self.fixed.val().from_higher;
        self.joined.next.protocol = self.fixed.val().protocol;
        self.joined.next.length = self.fixed.val().length;
        self.joined.next.t = self.fixed.val().t;
        self.joined.next.n = self.fixed.val().n;
        self.joined.next.prp = self.fixed.val().prp;
        if self.fixed.val().from_higher {
            self.joined.next.destination = self.s.val().x;
            self.joined.next.destination_port = self.s.val().x_port;
            self.joined.next.source = self.s.val().y;
            self.joined.next.source_port = self.s.val().y_port;
        } else {
            self.joined.next.source = self.s.val().x;
            self.joined.next.source_port = self.s.val().x_port;
            self.joined.next.destination = self.s.val().y;
            self.joined.next.destination_port = self.s.val().y_port;
        }
        self.paste.n.next = self.fixed.val().n;
        self.paste.b.next = self.s.val().b;
        self.joined.next.block = self.paste.block.val() | bit_cast::<256, 128>(self.s.val().a);
        self.m.next = self.joined.val().into();
    }
}
