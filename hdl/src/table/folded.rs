//! [`Lookup64`]: one RAM, its eight places read one after the other.

use super::hash::{Seeds, Toeplitz};
use crate::records::Entry;
use rust_hdl::prelude::*;

/// Cycles from the one in which a key is taken to `m_valid`.
pub const LATENCY: usize = 14;

/// Looks a key up in a table of 2^A places within [`LATENCY`] cycles; the next is taken in the cycle after.
///
/// A key is taken in a cycle with `s_valid` and `s_ready`. The eight places are read in 8 cycles: entry writes that move an entry,
/// new place first, must be [`LATENCY`] cycles apart (the command engine sees to that), lest a look-up misses both. Read-back is
/// taken while no look-up is under way and takes 3 cycles.
#[derive(LogicBlock, Default)]
pub struct Lookup64<const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Reset.
    pub reset: Signal<In, Bit>,
    /// A key is there.
    pub s_valid: Signal<In, Bit>,
    /// It is taken.
    pub s_ready: Signal<Out, Bit>,
    /// `Parsed::kind`.
    pub s_kind: Signal<In, Bits<2>>,
    /// `Parsed::peer`.
    pub s_peer: Signal<In, Bits<128>>,
    /// `Parsed::ids`.
    pub s_ids: Signal<In, Bits<32>>,
    /// Seeds of the hash functions. Constant while entries stand.
    pub seeds: Signal<In, Seeds>,
    /// The key's answer is there, for one cycle.
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
    hasher: Toeplitz,
    places: RAM<Entry, A>,
    key: DFF<Bits<162>>,
    /// 0: idle. 1 to 14: the look-up's cycle.
    step: DFF<Bits<4>>,
    first: DFF<Bits<17>>,
    second: DFF<Bits<17>>,
    /// Read-back under way: one bit a cycle, done at the last.
    reading: DFF<Bits<2>>,
    start: Signal<Local, Bit>,
    busy: Signal<Local, Bit>,
    bucket: Signal<Local, Bits<20>>,
    address: Signal<Local, Bits<20>>,
    place: Signal<Local, Bits<3>>,
    entry: DFF<Entry>,
    stored: Signal<Local, Entry>,
    kind: Signal<Local, Bits<2>>,
    peer: Signal<Local, Bits<128>>,
    tail: Signal<Local, Bits<32>>,
    equal: Signal<Local, Bit>,
    hit: DFF<Bit>,
    found: DFF<Bits<16>>,
}

impl<const A: usize> Logic for Lookup64<A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, key, step, first, second, reading, entry, hit, found
        );
        self.hasher.clock.next = self.clock.val();
        self.places.read_clock.next = self.clock.val();
        self.places.write_clock.next = self.clock.val();
        self.places.write_address.next = self.entry_write_address.val().get_bits::<A>(0);
        self.places.write_data.next = self.entry_write.val();
        self.places.write_enable.next = self.entry_write_valid.val();
        // Who has the RAM: a look-up from the cycle on in which its key is taken; read-back before the next.
        self.busy.next = self.step.q.val() != 0;
        self.start.next =
            self.entry_read_valid.val() & !self.busy.val() & !self.reading.q.val().any();
        self.reading.d.next =
            (self.reading.q.val() << 1) | bit_cast::<2, 1>(self.start.val().into());
        self.s_ready.next = !self.busy.val();
        self.m_valid.next = false;
        if self.busy.val() {
            self.step.d.next = self.step.q.val() + 1;
            if self.step.q.val() == 14 {
                self.step.d.next = 0.into();
                self.m_valid.next = true;
            }
        } else if self.s_valid.val() {
            self.key.d.next = bit_cast::<162, 2>(self.s_kind.val())
                | (bit_cast::<162, 128>(self.s_peer.val()) << 2)
                | (bit_cast::<162, 32>(self.s_ids.val()) << 130);
            self.step.d.next = 1.into();
            self.hit.d.next = false;
            self.found.d.next = 0.into();
        }
        // Cycles 1 and 2: into the hash, and 3 and 4 out of it.
        self.hasher.key.next = self.key.q.val();
        self.hasher.seed.next = self.seeds.val().second;
        if self.step.q.val() == 1 {
            self.hasher.seed.next = self.seeds.val().first;
        }
        if self.step.q.val() == 3 {
            self.first.d.next = self.hasher.hash.val();
        }
        if self.step.q.val() == 4 {
            self.second.d.next = self.hasher.hash.val();
        }
        // Cycles 4 to 11: the RAM's addresses.
        self.place.next = (self.step.q.val().get_bits::<3>(0)) ^ 4;
        self.bucket.next = bit_cast::<20, 17>(self.first.q.val());
        if self.place.val().get_bit(2) {
            self.bucket.next = bit_cast::<20, 17>(self.second.q.val());
        }
        self.address.next = (self.bucket.val() << 3) | bit_cast::<20, 3>(self.place.val());
        if self.start.val() {
            self.address.next = self.entry_read_address.val();
        }
        self.places.read_address.next = self.address.val().get_bits::<A>(0);
        self.entry.d.next = self.places.read_data.val();
        // Cycles 6 to 13: compare; the first that fits stays.
        self.kind.next = self.key.q.val().get_bits::<2>(0);
        self.peer.next = self.key.q.val().get_bits::<128>(2);
        self.tail.next = self.key.q.val().get_bits::<32>(130);
        self.stored.next = self.entry.q.val();
        self.equal.next = self.stored.val().valid
            & (self.stored.val().kind == self.kind.val())
            & (self.stored.val().ids == self.tail.val())
            & (self.stored.val().peer == self.peer.val());
        if (self.step.q.val() >= 6)
            & (self.step.q.val() <= 13)
            & self.equal.val()
            & !self.hit.q.val()
        {
            self.hit.d.next = true;
            self.found.d.next = self.stored.val().session;
        }
        self.m_hit.next = self.hit.q.val();
        self.m_session.next = self.found.q.val();
        self.entry_read_done.next = self.reading.q.val().get_bit(1);
        self.entry_read.next = self.entry.q.val();
        if self.reset.val() {
            self.step.d.next = 0.into();
            self.reading.d.next = 0.into();
        }
    }
}
