//! TCP's options, two bytes a cycle: is one of them MPTCP's ADD_ADDR?

use rust_hdl::prelude::*;
use seq_macro::seq;

/// The walk over TCP options, as the reference's `announces_address` has it.
///
/// `begin` with the number of bytes, a multiple of four and not 0; from the next cycle on a `load` with eight of them every fourth cycle
/// until `done`, which rises when all are seen or the answer is known, one cycle after the first load at the earliest.
#[derive(LogicBlock, Default)]
pub struct Options {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Options follow.
    pub begin: Signal<In, Bit>,
    /// How many bytes.
    pub bytes: Signal<In, Bits<6>>,
    /// The next eight are here.
    pub load: Signal<In, Bit>,
    /// Those.
    pub word: Signal<In, Bits<64>>,
    /// Nothing is left to see.
    pub done: Signal<Out, Bit>,
    /// An address is announced: stays until the next `begin`.
    pub found: Signal<Out, Bit>,
    queue: DFF<Bits<64>>,
    loaded: DFF<Bit>,
    left: DFF<Bits<6>>,
    announced: DFF<Bit>,
    /// What the next byte is: 0 a kind, 1 a length, 2 the third byte of an MPTCP option, 3 another.
    place: DFF<Bits<2>>,
    mptcp: DFF<Bit>,
    /// Bytes of the option that are still to come.
    rest: DFF<Bits<8>>,
    ended: DFF<Bit>,
    place_at: [Signal<Local, Bits<2>>; 3],
    mptcp_at: [Signal<Local, Bit>; 3],
    rest_at: [Signal<Local, Bits<8>>; 3],
    ended_at: [Signal<Local, Bit>; 3],
    found_at: [Signal<Local, Bit>; 3],
    byte: [Signal<Local, Bits<8>>; 2],
}

seq!(N in 0..2 {
impl Logic for Options {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, queue, loaded, left, announced, place, mptcp, rest, ended);
        self.place_at[0].next = self.place.q.val();
        self.mptcp_at[0].next = self.mptcp.q.val();
        self.rest_at[0].next = self.rest.q.val();
        self.ended_at[0].next = self.ended.q.val();
        self.found_at[0].next = self.announced.q.val();
        #(
            self.byte[N].next = self.queue.q.val().get_bits::<8>(8 * N);
            self.place_at[N + 1].next = self.place_at[N].val();
            self.mptcp_at[N + 1].next = self.mptcp_at[N].val();
            self.rest_at[N + 1].next = self.rest_at[N].val();
            self.ended_at[N + 1].next = self.ended_at[N].val();
            self.found_at[N + 1].next = self.found_at[N].val();
            if !self.ended_at[N].val() {
                if self.place_at[N].val() == 0 {
                    self.mptcp_at[N + 1].next = self.byte[N].val() == 30;
                    if self.byte[N].val() == 0 {
                        self.ended_at[N + 1].next = true;
                    } else if self.byte[N].val() != 1 {
                        self.place_at[N + 1].next = 1.into();
                    }
                } else if self.place_at[N].val() == 1 {
                    self.rest_at[N + 1].next = self.byte[N].val() - 2;
                    if self.byte[N].val() < 2 {
                        self.ended_at[N + 1].next = true;
                    } else if self.byte[N].val() == 2 {
                        self.place_at[N + 1].next = 0.into();
                    } else if self.mptcp_at[N].val() {
                        self.place_at[N + 1].next = 2.into();
                    } else {
                        self.place_at[N + 1].next = 3.into();
                    }
                } else {
                    self.rest_at[N + 1].next = self.rest_at[N].val() - 1;
                    self.place_at[N + 1].next = 3.into();
                    if self.rest_at[N].val() == 1 {
                        self.place_at[N + 1].next = 0.into();
                    }
                    if (self.place_at[N].val() == 2) & (self.byte[N].val().get_bits::<4>(4) == 3) {
                        self.found_at[N + 1].next = true;
                        self.ended_at[N + 1].next = true;
                    }
                }
            }
        )*
        if self.loaded.q.val() & (self.left.q.val() != 0) {
            self.place.d.next = self.place_at[2].val();
            self.mptcp.d.next = self.mptcp_at[2].val();
            self.rest.d.next = self.rest_at[2].val();
            self.ended.d.next = self.ended_at[2].val();
            self.announced.d.next = self.found_at[2].val();
            self.left.d.next = self.left.q.val() - 2;
        }
        self.queue.d.next = self.queue.q.val() >> 16;
        if self.load.val() {
            self.queue.d.next = self.word.val();
            self.loaded.d.next = true;
        }
        self.done.next = self.loaded.q.val() & ((self.left.q.val() == 0) | self.ended.q.val());
        self.found.next = self.announced.q.val();
        if self.begin.val() {
            self.place.d.next = 0.into();
            self.ended.d.next = false;
            self.announced.d.next = false;
            self.loaded.d.next = false;
            self.left.d.next = self.bytes.val();
        }
    }
}
});
