//! [`Lookup100`]: a look-up each cycle.

use super::hash::{Seeds, Toeplitz};
use crate::records::Entry;
use rust_hdl::prelude::*;

/// Cycles from `s_valid` to `m_valid`.
pub const LATENCY: usize = 6;

/// Looks a key up each cycle, in a table of 2^A places: eight RAMs of 2^W, W = A - 3, one a way and function.
///
/// Latency [`LATENCY`]. A look-up reads all eight places in one cycle, 2 cycles after `s_valid`; an entry that is written in that
/// cycle is not yet seen. Read-back takes at least 3 cycles.
#[derive(LogicBlock)]
pub struct Lookup100<const A: usize, const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Reset.
    pub reset: Signal<In, Bit>,
    /// A key is there.
    pub s_valid: Signal<In, Bit>,
    /// `Parsed::kind`.
    pub s_kind: Signal<In, Bits<2>>,
    /// `Parsed::peer`.
    pub s_peer: Signal<In, Bits<128>>,
    /// `Parsed::ids`.
    pub s_ids: Signal<In, Bits<32>>,
    /// Seeds of the hash functions. Constant while entries stand.
    pub seeds: Signal<In, Seeds>,
    /// The key's answer is there.
    pub m_valid: Signal<Out, Bit>,
    /// There is an entry.
    pub m_hit: Signal<Out, Bit>,
    /// Its session; 0 without one.
    pub m_session: Signal<Out, Bits<16>>,
    /// Write an entry.
    pub entry_write_valid: Signal<In, Bit>,
    /// Its place; bits that the table does not have are not looked at.
    pub entry_write_address: Signal<In, Bits<20>>,
    /// The entry.
    pub entry_write: Signal<In, Entry>,
    /// Read an entry back.
    pub entry_read_valid: Signal<In, Bit>,
    /// Its place.
    pub entry_read_address: Signal<In, Bits<20>>,
    /// It is there.
    pub entry_read_done: Signal<Out, Bit>,
    /// The entry.
    pub entry_read: Signal<Out, Entry>,
    first: Toeplitz,
    second: Toeplitz,
    key: Signal<Local, Bits<162>>,
    ways: [RAM<Entry, W>; 8],
    address: [Signal<Local, Bits<W>>; 8],
    /// The keys of look-ups under way, to be compared.
    key1: DFF<Bits<162>>,
    key2: DFF<Bits<162>>,
    key3: DFF<Bits<162>>,
    key4: DFF<Bits<162>>,
    valid: DFF<Bits<6>>,
    /// Read-back under way: one bit a step, done at the last.
    reading: DFF<Bits<3>>,
    start: Signal<Local, Bit>,
    back: DFF<Entry>,
    entry: [DFF<Entry>; 8],
    /// Half of the comparison each.
    low: [DFF<Bit>; 8],
    high: [DFF<Bit>; 8],
    session: [DFF<Bits<16>>; 8],
    stored: [Signal<Local, Entry>; 8],
    tail: Signal<Local, Bits<32>>,
    kind: Signal<Local, Bits<2>>,
    peer: Signal<Local, Bits<128>>,
    taken: Signal<Local, Bit>,
    hit: DFF<Bit>,
    found: DFF<Bits<16>>,
    way: Signal<Local, Bits<3>>,
}

impl<const A: usize, const W: usize> Default for Lookup100<A, W> {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            s_valid: Default::default(),
            s_kind: Default::default(),
            s_peer: Default::default(),
            s_ids: Default::default(),
            seeds: Default::default(),
            m_valid: Default::default(),
            m_hit: Default::default(),
            m_session: Default::default(),
            entry_write_valid: Default::default(),
            entry_write_address: Default::default(),
            entry_write: Default::default(),
            entry_read_valid: Default::default(),
            entry_read_address: Default::default(),
            entry_read_done: Default::default(),
            entry_read: Default::default(),
            first: Default::default(),
            second: Default::default(),
            key: Default::default(),
            ways: array_init::array_init(|_| Default::default()),
            address: Default::default(),
            key1: Default::default(),
            key2: Default::default(),
            key3: Default::default(),
            key4: Default::default(),
            valid: Default::default(),
            reading: Default::default(),
            start: Default::default(),
            back: Default::default(),
            entry: Default::default(),
            low: Default::default(),
            high: Default::default(),
            session: Default::default(),
            stored: Default::default(),
            tail: Default::default(),
            kind: Default::default(),
            peer: Default::default(),
            taken: Default::default(),
            hit: Default::default(),
            found: Default::default(),
            way: Default::default(),
        }
    }
}

seq_macro::seq!(N in 0..8 {
    impl<const A: usize, const W: usize> Logic for Lookup100<A, W> {
        #[hdl_gen]
        fn update(&mut self) {
            dff_setup!(self, clock, key1, key2, key3, key4, valid, reading, back, hit, found);
            self.first.clock.next = self.clock.val();
            self.second.clock.next = self.clock.val();
            // Cycles 0 and 1: hash.
            self.key.next = bit_cast::<162, 2>(self.s_kind.val())
                | (bit_cast::<162, 128>(self.s_peer.val()) << 2)
                | (bit_cast::<162, 32>(self.s_ids.val()) << 130);
            self.first.key.next = self.key.val();
            self.second.key.next = self.key.val();
            self.first.seed.next = self.seeds.val().first;
            self.second.seed.next = self.seeds.val().second;
            self.key1.d.next = self.key.val();
            self.key2.d.next = self.key1.q.val();
            self.key3.d.next = self.key2.q.val();
            self.key4.d.next = self.key3.q.val();
            self.valid.d.next = (self.valid.q.val() << 1) | bit_cast::<6, 1>(self.s_valid.val().into());
            // Cycle 2: the RAMs' addresses. Without a look-up the host may read.
            self.start.next = self.entry_read_valid.val()
                & !self.valid.q.val().get_bit(1)
                & !self.reading.q.val().any();
            self.reading.d.next = (self.reading.q.val() << 1) | bit_cast::<3, 1>(self.start.val().into());
            for k in 0..4 {
                self.address[k].next = self.first.hash.val().get_bits::<W>(0);
            }
            for k in 4..8 {
                self.address[k].next = self.second.hash.val().get_bits::<W>(0);
            }
            for k in 0..8 {
                self.ways[k].read_clock.next = self.clock.val();
                self.ways[k].write_clock.next = self.clock.val();
                if self.start.val() {
                    self.address[k].next = self.entry_read_address.val().get_bits::<W>(3);
                }
                self.ways[k].read_address.next = self.address[k].val();
                self.ways[k].write_address.next = self.entry_write_address.val().get_bits::<W>(3);
                self.ways[k].write_data.next = self.entry_write.val();
            }
            #(
            self.ways[N].write_enable.next =
                self.entry_write_valid.val() & (self.entry_write_address.val().get_bits::<3>(0) == N);
            )*
            // Cycle 3: out of the RAM into a register.
            for k in 0..8 {
                self.entry[k].clock.next = self.clock.val();
                self.low[k].clock.next = self.clock.val();
                self.high[k].clock.next = self.clock.val();
                self.session[k].clock.next = self.clock.val();
                self.entry[k].d.next = self.ways[k].read_data.val();
            }
            // Cycle 4: compare.
            self.kind.next = self.key4.q.val().get_bits::<2>(0);
            self.peer.next = self.key4.q.val().get_bits::<128>(2);
            self.tail.next = self.key4.q.val().get_bits::<32>(130);
            #(
            self.stored[N].next = self.entry[N].q.val();
            self.low[N].d.next = self.stored[N].val().peer == self.peer.val();
            self.high[N].d.next = self.stored[N].val().valid
                & (self.stored[N].val().kind == self.kind.val())
                & (self.stored[N].val().ids == self.tail.val());
            self.session[N].d.next = self.stored[N].val().session;
            )*
            // Cycle 4, read-back.
            self.way.next = self.entry_read_address.val().get_bits::<3>(0);
            #(
            if self.way.val() == N {
                self.back.d.next = self.entry[N].q.val();
            }
            )*
            self.entry_read_done.next = self.reading.q.val().get_bit(2);
            self.entry_read.next = self.back.q.val();
            // Cycle 5: the lowest way that fits.
            self.taken.next = false;
            self.found.d.next = 0.into();
            #(
            if !self.taken.val() & self.low[N].q.val() & self.high[N].q.val() {
                self.taken.next = true;
                self.found.d.next = self.session[N].q.val();
            }
            )*
            self.hit.d.next = self.taken.val();
            self.m_valid.next = self.valid.q.val().get_bit(5);
            self.m_hit.next = self.hit.q.val();
            self.m_session.next = self.found.q.val();
            if self.reset.val() {
                self.valid.d.next = 0.into();
                self.reading.d.next = 0.into();
            }
        }
    }
});
