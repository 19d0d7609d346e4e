//! The payload's first bytes.

use rust_hdl::prelude::*;

/// Fetches the payload block, and says whether it starts a ClientHello.
///
/// In: where the payload starts in the inner packet, the packet's length, whether it is plain TCP, and its bytes 20
/// to 131. Out, `Payload::LATENCY` cycles later: `m_block`, `m_length`, `m_hello`.
#[derive(LogicBlock, Default)]
pub struct Payload {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Where the payload starts: 20 to 100, divisible by 4.
    pub s_at: Signal<In, Bits<7>>,
    /// The packet's length.
    pub s_total: Signal<In, Bits<14>>,
    /// Plain TCP.
    pub s_tcp: Signal<In, Bit>,
    /// The packet's bytes 20 to 131.
    pub s_bytes: Signal<In, Bits<896>>,
    /// The payload's first bytes, zeros behind its end.
    pub m_block: Signal<Out, Bits<256>>,
    /// How many there are.
    pub m_length: Signal<Out, Bits<6>>,
    /// A ClientHello.
    pub m_hello: Signal<Out, Bit>,
    word: Signal<Local, Bits<5>>,
    at: Signal<Local, Bits<7>>,
    left: DFF<Bits<14>>,
    tcp0: DFF<Bit>,
    fine: DFF<Bits<2>>,
    coarse: DFF<Bits<352>>,
    length: Signal<Local, Bits<6>>,
    length1: DFF<Bits<6>>,
    tcp1: DFF<Bit>,
    bytes: DFF<Bits<256>>,
    cut: Signal<Local, Bits<256>>,
    block: DFF<Bits<256>>,
    length2: DFF<Bits<6>>,
    tcp2: DFF<Bit>,
    b: Signal<Local, Bits<256>>,
    hello: DFF<Bit>,
    length3: DFF<Bits<6>>,
    block3: DFF<Bits<256>>,
}

impl Payload {
    /// Cycles from `s_at` to `m_block`.
    pub const LATENCY: usize = 4;
}

seq_macro::seq!(N in 0..32 {
impl Logic for Payload {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, left, tcp0, fine, coarse, length1, tcp1, bytes, block, length2, tcp2, hello, length3, block3
        );
        self.left.d.next = self.s_total.val() - bit_cast::<14, 7>(self.s_at.val());
        self.tcp0.d.next = self.s_tcp.val();
        self.at.next = self.s_at.val() - 20;
        self.word.next = self.at.val().get_bits::<5>(2);
        self.fine.d.next = self.word.val().get_bits::<2>(0);
        if self.word.val().get_bit(4) {
            if self.word.val().get_bit(2) {
                // The last, word 20, is all that there is: what would follow is not there.
                self.coarse.d.next = bit_cast::<352, 256>(self.s_bytes.val().get_bits::<256>(640));
            } else {
                self.coarse.d.next = self.s_bytes.val().get_bits::<352>(512);
            }
        } else if self.word.val().get_bit(3) {
            if self.word.val().get_bit(2) {
                self.coarse.d.next = self.s_bytes.val().get_bits::<352>(384);
            } else {
                self.coarse.d.next = self.s_bytes.val().get_bits::<352>(256);
            }
        } else if self.word.val().get_bit(2) {
            self.coarse.d.next = self.s_bytes.val().get_bits::<352>(128);
        } else {
            self.coarse.d.next = self.s_bytes.val().get_bits::<352>(0);
        }

        self.length.next = self.left.q.val().get_bits::<6>(0);
        if self.left.q.val() > 32 {
            self.length.next = 32.into();
        }
        self.length1.d.next = self.length.val();
        self.tcp1.d.next = self.tcp0.q.val();
        if self.fine.q.val().get_bit(1) {
            if self.fine.q.val().get_bit(0) {
                self.bytes.d.next = self.coarse.q.val().get_bits::<256>(96);
            } else {
                self.bytes.d.next = self.coarse.q.val().get_bits::<256>(64);
            }
        } else if self.fine.q.val().get_bit(0) {
            self.bytes.d.next = self.coarse.q.val().get_bits::<256>(32);
        } else {
            self.bytes.d.next = self.coarse.q.val().get_bits::<256>(0);
        }

        self.cut.next = 0.into();
        #(
        if self.length1.q.val() > N {
            self.cut.next = self.cut.val()
                | (bit_cast::<256, 8>(self.bytes.q.val().get_bits::<8>(8 * N)) << (8 * N));
        }
        )*
        self.block.d.next = self.cut.val();
        self.length2.d.next = self.length1.q.val();
        self.tcp2.d.next = self.tcp1.q.val();

        // Zeros behind the end differ from 3 in byte 9, so that the length need not be looked at.
        self.b.next = self.block.q.val();
        self.hello.d.next = self.tcp2.q.val()
            & (self.b.val().get_bits::<16>(0) == 0x0316)
            & (self.b.val().get_bits::<16>(40) == 0x0001)
            & (self.b.val().get_bits::<8>(72) == 3);
        self.block3.d.next = self.block.q.val();
        self.length3.d.next = self.length2.q.val();
        self.m_hello.next = self.hello.q.val();
        self.m_length.next = self.length3.q.val();
        self.m_block.next = self.block3.q.val();
    }
}
});
