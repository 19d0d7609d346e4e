//! Sums of big-endian 16-bit words over a frame, modulo 65535.
//!
//! A frame is one or more beats; the words start at even lanes. Bytes that do not count are zero in `s_data` (a byte
//! whose partner does not count so counts as half a word, as RFC 1071 has it for odd ends). One beat every cycle, frames
//! back to back; the sum is there [`LATENCY`] cycles after the last beat.
//!
//! ```
//! use fogline_hdl::emit::verilog;
//! use fogline_hdl::streams::sums::Sum;
//!
//! let text = verilog(Sum::<64>::default(), "sum");
//! assert!(text.contains("module sum("));
//! ```

use rust_hdl::prelude::*;
use seq_macro::seq;

/// Cycles from a frame's last beat to its sum.
pub const LATENCY: usize = 6;

/// The sum of beats `D` bits wide, at most 512; words that a narrow beat lacks are constants.
#[derive(LogicBlock, Default)]
pub struct Sum<const D: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// A beat.
    pub s_valid: Signal<In, Bit>,
    /// It is the frame's first.
    pub s_first: Signal<In, Bit>,
    /// It is the frame's last.
    pub s_last: Signal<In, Bit>,
    /// Its bytes, those that do not count zero.
    pub s_data: Signal<In, Bits<D>>,
    /// A frame has ended: one cycle.
    pub m_valid: Signal<Out, Bit>,
    /// Its sum: 0 to 65534.
    pub m_sum: Signal<Out, Bits<16>>,
    wide: Signal<Local, Bits<512>>,
    word: [Signal<Local, Bits<18>>; 32],
    four: [DFF<Bits<18>>; 8],
    sixteen: [DFF<Bits<20>>; 2],
    beat: DFF<Bits<32>>,
    frame: DFF<Bits<32>>,
    folded: DFF<Bits<17>>,
    sum: DFF<Bits<16>>,
    once: Signal<Local, Bits<16>>,
    first: DFF<Bits<3>>,
    valid: DFF<Bits<3>>,
    last: DFF<Bits<6>>,
}

seq!(N in 0..32 {
impl<const D: usize> Logic for Sum<D> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, beat, frame, folded, sum, first, valid, last);
        self.wide.next = bit_cast::<512, D>(self.s_data.val());
        #(
            self.word[N].next = (bit_cast::<18, 8>(self.wide.val().get_bits::<8>(16 * N)) << 8)
                | bit_cast::<18, 8>(self.wide.val().get_bits::<8>((16 * N) + 8));
        )*
        for k in 0..8 {
            self.four[k].clock.next = self.clock.val();
            self.four[k].d.next =
                (self.word[4 * k].val() + self.word[4 * k + 1].val()) + (self.word[4 * k + 2].val() + self.word[4 * k + 3].val());
        }
        for k in 0..2 {
            self.sixteen[k].clock.next = self.clock.val();
        }
        self.sixteen[0].d.next = (bit_cast::<20, 18>(self.four[0].q.val()) + bit_cast::<20, 18>(self.four[1].q.val()))
            + (bit_cast::<20, 18>(self.four[2].q.val()) + bit_cast::<20, 18>(self.four[3].q.val()));
        self.sixteen[1].d.next = (bit_cast::<20, 18>(self.four[4].q.val()) + bit_cast::<20, 18>(self.four[5].q.val()))
            + (bit_cast::<20, 18>(self.four[6].q.val()) + bit_cast::<20, 18>(self.four[7].q.val()));
        self.beat.d.next = bit_cast::<32, 20>(self.sixteen[0].q.val()) + bit_cast::<32, 20>(self.sixteen[1].q.val());
        if self.valid.q.val().get_bit(2) {
            if self.first.q.val().get_bit(2) {
                self.frame.d.next = self.beat.q.val();
            } else {
                self.frame.d.next = self.frame.q.val() + self.beat.q.val();
            }
        }
        // The frame's sum is below 2^29. Its two halves, then the carry: 65535 is 0.
        self.folded.d.next = bit_cast::<17, 16>(self.frame.q.val().get_bits::<16>(0))
            + bit_cast::<17, 16>(self.frame.q.val().get_bits::<16>(16));
        self.once.next = self.folded.q.val().get_bits::<16>(0) + bit_cast::<16, 1>(self.folded.q.val().get_bits::<1>(16));
        self.sum.d.next = self.once.val();
        if self.once.val() == 65535 {
            self.sum.d.next = 0.into();
        }
        self.valid.d.next = (self.valid.q.val() << 1) | bit_cast::<3, 1>(self.s_valid.val().into());
        self.first.d.next = (self.first.q.val() << 1) | bit_cast::<3, 1>(self.s_first.val().into());
        self.last.d.next = (self.last.q.val() << 1) | bit_cast::<6, 1>((self.s_valid.val() & self.s_last.val()).into());
        self.m_valid.next = self.last.q.val().get_bit(5);
        self.m_sum.next = self.sum.q.val();
    }
}
});
