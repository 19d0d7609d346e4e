//! A frame's first 256 bytes, side by side.

use rust_hdl::prelude::*;

/// Lays the first four beats of each frame side by side. What lies past the frame's end is whatever came there:
/// the stages behind look at lengths, never at such bytes.
///
/// In: the tap. Out, one cycle after a good frame's last beat, for that cycle only: `m_valid`, `m_window`, `m_length`.
#[derive(LogicBlock, Default)]
pub struct Collect {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets the beats of an unfinished frame.
    pub reset: Signal<In, Bit>,
    /// A beat is there.
    pub tap_valid: Signal<In, Bit>,
    /// Its bytes.
    pub tap_data: Signal<In, Bits<512>>,
    /// It is the frame's last.
    pub tap_last: Signal<In, Bit>,
    /// With the last: the frame is whole.
    pub tap_good: Signal<In, Bit>,
    /// With the last: its bytes.
    pub tap_length: Signal<In, Bits<14>>,
    /// A window is there.
    pub m_valid: Signal<Out, Bit>,
    /// The frame's first bytes.
    pub m_window: Signal<Out, Bits<2048>>,
    /// The frame's length.
    pub m_length: Signal<Out, Bits<14>>,
    valid: DFF<Bit>,
    length: DFF<Bits<14>>,
    beat: DFF<Bits<3>>,
    beat0: DFF<Bits<512>>,
    beat1: DFF<Bits<512>>,
    beat2: DFF<Bits<512>>,
    beat3: DFF<Bits<512>>,
}

impl Logic for Collect {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, valid, length, beat, beat0, beat1, beat2, beat3);
        self.length.d.next = self.tap_length.val();
        self.valid.d.next = self.tap_valid.val() & self.tap_last.val() & self.tap_good.val();
        if self.tap_valid.val() {
            if self.beat.q.val() == 0 {
                self.beat0.d.next = self.tap_data.val();
            }
            if self.beat.q.val() == 1 {
                self.beat1.d.next = self.tap_data.val();
            }
            if self.beat.q.val() == 2 {
                self.beat2.d.next = self.tap_data.val();
            }
            if self.beat.q.val() == 3 {
                self.beat3.d.next = self.tap_data.val();
            }
            if !self.beat.q.val().get_bit(2) {
                self.beat.d.next = self.beat.q.val() + 1;
            }
            if self.tap_last.val() {
                self.beat.d.next = 0.into();
            }
        }
        if self.reset.val() {
            self.valid.d.next = false;
            self.beat.d.next = 0.into();
        }
        self.m_valid.next = self.valid.q.val();
        self.m_length.next = self.length.q.val();
        self.m_window.next = bit_cast::<2048, 512>(self.beat0.q.val())
            | (bit_cast::<2048, 512>(self.beat1.q.val()) << 512)
            | (bit_cast::<2048, 512>(self.beat2.q.val()) << 1024)
            | (bit_cast::<2048, 512>(self.beat3.q.val()) << 1536);
    }
}
