//! Counters of sessions, and the sequence numbers that frames get.

use crate::records::Count;
use rust_hdl::prelude::*;

/// Counts frames and gives out sequence numbers: 2^S sessions, one frame a cycle, of any session.
///
/// Read, change and write take three cycles; what younger frames of a session have changed is forwarded, so that each
/// finds what the one before left. What the host reads and writes goes the same way, in cycles in which no frame comes.
///
/// - `s_valid`, `s_session` in cycle 0; `s_count`, `s_number`, `s_epoch`, `s_length` in cycle 2.
/// - `m_sequence`, `m_refused` and the events in cycle 3.
#[derive(LogicBlock, Default)]
pub struct Counter<const S: usize> {
    /// Everything moves on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets what is under way, not what is counted.
    pub reset: Signal<In, Bit>,
    /// A frame comes.
    pub s_valid: Signal<In, Bit>,
    /// Its session.
    pub s_session: Signal<In, Bits<16>>,
    /// It counts.
    pub s_count: Signal<In, Bit>,
    /// And takes a sequence number.
    pub s_number: Signal<In, Bit>,
    /// Of this epoch.
    pub s_epoch: Signal<In, Bits<16>>,
    /// Its length.
    pub s_length: Signal<In, Bits<14>>,
    /// The sequence number.
    pub m_sequence: Signal<Out, Bits<30>>,
    /// There was none left: the frame has not been counted.
    pub m_refused: Signal<Out, Bit>,
    /// The sequence number 2^28 was given out.
    pub m_late: Signal<Out, Bit>,
    /// The session that `m_late` and `m_refused` are of.
    pub m_session: Signal<Out, Bits<16>>,
    /// The host reads; held until `read_done`.
    pub read_valid: Signal<In, Bit>,
    /// Which session's.
    pub read_address: Signal<In, Bits<16>>,
    /// Read, for one cycle.
    pub read_done: Signal<Out, Bit>,
    /// What was read.
    pub read: Signal<Out, Count>,
    /// The host writes; held until `write_done`.
    pub write_valid: Signal<In, Bit>,
    /// Which session's.
    pub write_address: Signal<In, Bits<16>>,
    /// What it writes.
    pub write: Signal<In, Count>,
    /// Written, for one cycle: frames from now on find it.
    pub write_done: Signal<Out, Bit>,
    memory: RAM<Count, S>,
    /// Cycle 1.
    session1: DFF<Bits<S>>,
    read1: DFF<Bit>,
    write1: DFF<Bit>,
    second_before: DFF<Bit>,
    third_before: DFF<Bit>,
    /// Cycle 2.
    session2: DFF<Bits<S>>,
    read2: DFF<Bit>,
    write2: DFF<Bit>,
    found: DFF<Count>,
    first_before: DFF<Bit>,
    /// Cycle 3.
    session3: DFF<Bits<S>>,
    read3: DFF<Bit>,
    write3: DFF<Bit>,
    changed3: DFF<Bit>,
    count3: DFF<Count>,
    number: DFF<Bits<30>>,
    refused: DFF<Bit>,
    late: DFF<Bit>,
    /// Cycle 4.
    changed4: DFF<Bit>,
    count4: DFF<Count>,
    idle: Signal<Local, Bit>,
    session: Signal<Local, Bits<S>>,
    now: Signal<Local, Count>,
    start: Signal<Local, Bits<30>>,
    full: Signal<Local, Bit>,
    change: Signal<Local, Count>,
}

impl<const S: usize> Counter<S> {
    /// Cycles from `s_valid` to `m_sequence`.
    pub const LATENCY: usize = 3;
}

impl<const S: usize> Logic for Counter<S> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            session1,
            read1,
            write1,
            second_before,
            third_before,
            session2,
            read2,
            write2,
            found,
            first_before,
            session3,
            read3,
            write3,
            changed3,
            count3,
            number,
            refused,
            late,
            changed4,
            count4
        );
        // Cycle 0: whose turn is it? The host's requests wait until the one before is done.
        self.idle.next = !self.s_valid.val()
            & !self.read1.q.val()
            & !self.read2.q.val()
            & !self.read3.q.val()
            & !self.write1.q.val()
            & !self.write2.q.val()
            & !self.write3.q.val();
        self.write1.d.next = self.idle.val() & self.write_valid.val();
        self.read1.d.next = self.idle.val() & self.read_valid.val() & !self.write_valid.val();
        self.session.next = bit_cast::<S, 16>(self.s_session.val());
        if !self.s_valid.val() {
            self.session.next = bit_cast::<S, 16>(self.read_address.val());
            if self.write_valid.val() {
                self.session.next = bit_cast::<S, 16>(self.write_address.val());
            }
        }
        self.session1.d.next = self.session.val();
        self.memory.read_clock.next = self.clock.val();
        self.memory.write_clock.next = self.clock.val();
        self.memory.read_address.next = self.session.val();
        self.second_before.d.next = self.session.val() == self.session2.q.val();
        self.third_before.d.next = self.session.val() == self.session3.q.val();

        // Cycle 1: the memory's word, unless one of the last but one or last but two changes it.
        self.session2.d.next = self.session1.q.val();
        self.read2.d.next = self.read1.q.val();
        self.write2.d.next = self.write1.q.val();
        self.first_before.d.next = self.session1.q.val() == self.session2.q.val();
        if self.second_before.q.val() & self.changed3.q.val() {
            self.found.d.next = self.count3.q.val();
        } else if self.third_before.q.val() & self.changed4.q.val() {
            self.found.d.next = self.count4.q.val();
        } else {
            self.found.d.next = self.memory.read_data.val();
        }

        // Cycle 2: the last one may have changed it too.
        self.session3.d.next = self.session2.q.val();
        self.read3.d.next = self.read2.q.val();
        self.write3.d.next = self.write2.q.val();
        self.now.next = self.found.q.val();
        if self.first_before.q.val() & self.changed3.q.val() {
            self.now.next = self.count3.q.val();
        }
        self.start.next = 0.into();
        if self.now.val().epoch == self.s_epoch.val() {
            self.start.next = self.now.val().sequence;
        }
        self.full.next = self.s_count.val() & self.s_number.val() & self.start.val().get_bit(29);
        self.number.d.next = self.start.val();
        self.refused.d.next = self.full.val();
        self.late.d.next =
            self.s_count.val() & self.s_number.val() & (self.start.val() == 0x1000_0000);
        self.change.next = self.now.val();
        self.changed3.d.next = false;
        if self.write2.q.val() {
            self.change.next = self.write.val();
            self.changed3.d.next = true;
        } else if self.s_count.val() & !self.full.val() {
            self.changed3.d.next = true;
            self.change.next.packets = self.now.val().packets + 1;
            self.change.next.bytes = self.now.val().bytes + bit_cast::<64, 14>(self.s_length.val());
            if self.s_number.val() {
                self.change.next.epoch = self.s_epoch.val();
                self.change.next.sequence = self.start.val() + 1;
            }
        }
        self.count3.d.next = self.change.val();

        // Cycle 3: written.
        self.memory.write_address.next = self.session3.q.val();
        self.memory.write_data.next = self.count3.q.val();
        self.memory.write_enable.next = self.changed3.q.val();
        self.count4.d.next = self.count3.q.val();
        self.changed4.d.next = self.changed3.q.val();
        self.m_sequence.next = self.number.q.val();
        self.m_refused.next = self.refused.q.val();
        self.m_late.next = self.late.q.val();
        self.m_session.next = bit_cast::<16, S>(self.session3.q.val());
        self.read_done.next = self.read3.q.val();
        self.read.next = self.count3.q.val();
        self.write_done.next = self.write3.q.val();
        if self.reset.val() {
            self.read1.d.next = false;
            self.read2.d.next = false;
            self.read3.d.next = false;
            self.write1.d.next = false;
            self.write2.d.next = false;
            self.write3.d.next = false;
            self.changed3.d.next = false;
            self.refused.d.next = false;
            self.late.d.next = false;
        }
    }
}
