//! The plan of a frame: what becomes of it, under which keys and sequence number, and where everything lies.
//!
//! ```
//! use fogline_hdl::{emit::verilog, plan::Plan};
//! let verilog = verilog(Plan::<9, 10>::default(), "plan");
//! assert!(verilog.contains("module plan("));
//! ```
//!
//! The parts: [`decide`] says what becomes of the frame, [`measure`] where its bytes lie before and after, [`outer`] what
//! the outer headers get, [`count`] which sequence number; [`compose`] makes the records of all that.

pub mod choice;
pub mod compose;
pub mod count;
pub mod decide;
pub mod delay;
pub mod measure;
pub mod modulo;
pub mod outer;

use crate::records::{Count, Descriptor, Edit, Event, Key, Parsed, Policy, Scramble, Seal};
use choice::Choice;
use choice::Size;
use compose::Compose;
use count::Counter;
use decide::Decide;
use delay::Delay;
use measure::Measure;
use outer::Outer;
use rust_hdl::prelude::*;

/// Plans frames of 2^S sessions with 2^L key slots, one a cycle; `m_*` follows `s_*` by [`Plan::LATENCY`].
///
/// What the host reads and writes of counters, and what it reads of descriptors, goes through in cycles in which no
/// frame comes: two such requests need two such cycles.
#[derive(LogicBlock)]
pub struct Plan<const S: usize, const L: usize> {
    /// Everything moves on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets what is under way; memories stay.
    pub reset: Signal<In, Bit>,
    /// From the line: restore. A constant level.
    pub receive: Signal<In, Bit>,
    /// What is done with frames of no known session.
    pub policy: Signal<In, Policy>,
    /// A frame was looked up.
    pub s_valid: Signal<In, Bit>,
    /// What it is.
    pub s_parsed: Signal<In, Parsed>,
    /// There is an entry for it.
    pub s_hit: Signal<In, Bit>,
    /// The entry's session.
    pub s_session: Signal<In, Bits<16>>,
    /// A frame is planned.
    pub m_valid: Signal<Out, Bit>,
    /// What is done to its bytes; [`crate::finish`] adds the deltas.
    pub m_edit: Signal<Out, Edit>,
    /// What the permutations are to change.
    pub m_scramble: Signal<Out, Scramble>,
    /// Its keystream, but for a decoy's nonce.
    pub m_seal: Signal<Out, Seal>,
    /// Something to tell the host, for one cycle.
    pub m_event_valid: Signal<Out, Bit>,
    /// Kind 1: sequence number 2^28 was used. Kind 2: a frame was refused one.
    pub m_event: Signal<Out, Event>,
    /// Writes a descriptor in this cycle.
    pub descriptor_write_valid: Signal<In, Bit>,
    /// Which session's.
    pub descriptor_write_session: Signal<In, Bits<16>>,
    /// What it says.
    pub descriptor_write: Signal<In, Descriptor>,
    /// Reads a descriptor; held until `descriptor_read_done`.
    pub descriptor_read_valid: Signal<In, Bit>,
    /// Which session's.
    pub descriptor_read_address: Signal<In, Bits<16>>,
    /// Read, for one cycle.
    pub descriptor_read_done: Signal<Out, Bit>,
    /// What was read.
    pub descriptor_read: Signal<Out, Descriptor>,
    /// Writes keys in this cycle. Nothing reads them back.
    pub key_write_valid: Signal<In, Bit>,
    /// Where.
    pub key_write_slot: Signal<In, Bits<17>>,
    /// Which.
    pub key_write: Signal<In, Key>,
    /// Writes a count; held until `count_write_done`.
    pub count_write_valid: Signal<In, Bit>,
    /// Which session's.
    pub count_write_session: Signal<In, Bits<16>>,
    /// What it gets.
    pub count_write: Signal<In, Count>,
    /// Written, for one cycle.
    pub count_write_done: Signal<Out, Bit>,
    /// Reads a count; held until `count_read_done`.
    pub count_read_valid: Signal<In, Bit>,
    /// Which session's.
    pub count_read_address: Signal<In, Bits<16>>,
    /// Read, for one cycle.
    pub count_read_done: Signal<Out, Bit>,
    /// What was read.
    pub count_read: Signal<Out, Count>,
    valid: DFF<Bits<10>>,
    /// The frame so many cycles later; of most of them few fields are used.
    parsed: [DFF<Parsed>; 8],
    /// The whole of it, when the records are made.
    late: Delay<Parsed, 4>,
    hit: DFF<Bit>,
    session: [DFF<Bits<16>>; 6],
    descriptors: RAM<Descriptor, S>,
    descriptor: DFF<Descriptor>,
    descriptor_reads: DFF<Bits<2>>,
    decide: Decide,
    measure: Measure,
    outer: Outer,
    counter: Counter<S>,
    keys: RAM<Key, L>,
    key: DFF<Key>,
    compose: Compose,
    choices: [DFF<Choice>; 5],
    overflow: DFF<Bit>,
    outer_lengths: [DFF<Bits<48>>; 2],
    size: DFF<Size>,
    coverage: Signal<Local, Bits<8>>,
    free: Signal<Local, Bit>,
    descriptor_address: Signal<Local, Bits<S>>,
    lengths: Signal<Local, Bits<48>>,
    choice4: Signal<Local, Choice>,
    choice8: Signal<Local, Choice>,
    live8: Signal<Local, Bit>,
    slot: Signal<Local, Bits<L>>,
    told: Signal<Local, Event>,
    sized: Signal<Local, Size>,
}

impl<const S: usize, const L: usize> Plan<S, L> {
    /// Cycles from `s_valid` to `m_valid`.
    pub const LATENCY: usize = 10;
}

impl<const S: usize, const L: usize> Default for Plan<S, L> {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            receive: Default::default(),
            policy: Default::default(),
            s_valid: Default::default(),
            s_parsed: Default::default(),
            s_hit: Default::default(),
            s_session: Default::default(),
            m_valid: Default::default(),
            m_edit: Default::default(),
            m_scramble: Default::default(),
            m_seal: Default::default(),
            m_event_valid: Default::default(),
            m_event: Default::default(),
            descriptor_write_valid: Default::default(),
            descriptor_write_session: Default::default(),
            descriptor_write: Default::default(),
            descriptor_read_valid: Default::default(),
            descriptor_read_address: Default::default(),
            descriptor_read_done: Default::default(),
            descriptor_read: Default::default(),
            key_write_valid: Default::default(),
            key_write_slot: Default::default(),
            key_write: Default::default(),
            count_write_valid: Default::default(),
            count_write_session: Default::default(),
            count_write: Default::default(),
            count_write_done: Default::default(),
            count_read_valid: Default::default(),
            count_read_address: Default::default(),
            count_read_done: Default::default(),
            count_read: Default::default(),
            valid: Default::default(),
            parsed: Default::default(),
            late: Delay::new(9),
            hit: Default::default(),
            session: Default::default(),
            descriptors: Default::default(),
            descriptor: Default::default(),
            descriptor_reads: Default::default(),
            decide: Default::default(),
            measure: Default::default(),
            outer: Default::default(),
            counter: Default::default(),
            keys: Default::default(),
            key: Default::default(),
            compose: Default::default(),
            choices: Default::default(),
            overflow: Default::default(),
            outer_lengths: Default::default(),
            size: Default::default(),
            coverage: Default::default(),
            free: Default::default(),
            descriptor_address: Default::default(),
            lengths: Default::default(),
            choice4: Default::default(),
            choice8: Default::default(),
            live8: Default::default(),
            slot: Default::default(),
            told: Default::default(),
            sized: Default::default(),
        }
    }
}

impl<const S: usize, const L: usize> Logic for Plan<S, L> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            valid,
            hit,
            descriptor,
            descriptor_reads,
            key,
            overflow,
            size
        );
        self.valid.d.next =
            (self.valid.q.val() << 1) | bit_cast::<10, 1>(self.s_valid.val().into());
        for k in 0..8 {
            self.parsed[k].clock.next = self.clock.val();
        }
        for k in 0..6 {
            self.session[k].clock.next = self.clock.val();
        }
        for k in 0..5 {
            self.choices[k].clock.next = self.clock.val();
        }
        for k in 0..2 {
            self.outer_lengths[k].clock.next = self.clock.val();
        }
        self.late.clock.next = self.clock.val();
        self.decide.clock.next = self.clock.val();
        self.measure.clock.next = self.clock.val();
        self.outer.clock.next = self.clock.val();
        self.counter.clock.next = self.clock.val();
        self.compose.clock.next = self.clock.val();
        self.decide.receive.next = self.receive.val();
        self.measure.receive.next = self.receive.val();
        self.compose.receive.next = self.receive.val();
        self.parsed[0].d.next = self.s_parsed.val();
        for k in 1..8 {
            self.parsed[k].d.next = self.parsed[k - 1].q.val();
        }
        self.session[0].d.next = self.s_session.val();
        for k in 1..6 {
            self.session[k].d.next = self.session[k - 1].q.val();
        }

        // Cycle 0: the descriptor is looked up, or the host reads one.
        self.late.s.next = self.s_parsed.val();
        self.hit.d.next = self.s_hit.val() & self.policy.val().enable;
        self.free.next = !self.s_valid.val() & (self.descriptor_reads.q.val() == 0);
        self.descriptor_reads.d.next = (self.descriptor_reads.q.val() << 1)
            | bit_cast::<2, 1>((self.free.val() & self.descriptor_read_valid.val()).into());
        self.descriptor_address.next = bit_cast::<S, 16>(self.s_session.val());
        if !self.s_valid.val() {
            self.descriptor_address.next = bit_cast::<S, 16>(self.descriptor_read_address.val());
        }
        self.descriptors.read_clock.next = self.clock.val();
        self.descriptors.write_clock.next = self.clock.val();
        self.descriptors.read_address.next = self.descriptor_address.val();
        self.descriptors.write_address.next =
            bit_cast::<S, 16>(self.descriptor_write_session.val());
        self.descriptors.write_data.next = self.descriptor_write.val();
        self.descriptors.write_enable.next = self.descriptor_write_valid.val();
        self.descriptor.d.next = self.descriptors.read_data.val();
        self.descriptor_read.next = self.descriptor.q.val();
        self.descriptor_read_done.next = self.descriptor_reads.q.val().get_bit(1);

        // Cycles 1 to 4.
        self.decide.policy.next = self.policy.val();
        self.decide.s_parsed.next = self.parsed[0].q.val();
        self.decide.s_hit.next = self.hit.q.val();
        self.decide.s_descriptor.next = self.descriptor.q.val();
        self.choice4.next = self.decide.m_choice.val();
        self.choices[0].d.next = self.choice4.val();
        for k in 1..5 {
            self.choices[k].d.next = self.choices[k - 1].q.val();
        }

        // Cycles 1 to 8.
        self.measure.max_frame.next = self.policy.val().max_frame;
        self.measure.s_parsed.next = self.parsed[0].q.val();
        self.coverage.next = self.descriptor.q.val().tx_coverage;
        if self.receive.val() {
            self.coverage.next = self.descriptor.q.val().rx_coverage;
        }
        self.measure.s_coverage.next = self.coverage.val();
        self.measure.s_choice.next = self.choice4.val();

        // Cycles 6 to 10.
        self.outer.s_parsed.next = self.parsed[5].q.val();
        self.outer.s_growth.next = self.measure.m_growth.val();
        self.outer.s_outer_growth.next = self.measure.m_outer_growth.val();
        self.outer.s_mark.next = self.choices[1].q.val().mark
            & (self.choices[1].q.val().frame | self.choices[1].q.val().decoy);
        self.overflow.d.next = self.outer.m_overflow.val() & (self.parsed[6].q.val().kind != 1);
        self.outer_lengths[0].d.next = bit_cast::<48, 16>(self.outer.m_outer_length.val())
            | (bit_cast::<48, 16>(self.outer.m_udp_length.val()) << 16)
            | (bit_cast::<48, 16>(self.outer.m_message_length.val()) << 32);
        self.outer_lengths[1].d.next = self.outer_lengths[0].q.val();

        // Cycle 7: the keys.
        self.slot.next = bit_cast::<L, 17>(self.choices[2].q.val().slot);
        self.keys.read_clock.next = self.clock.val();
        self.keys.write_clock.next = self.clock.val();
        self.keys.read_address.next = self.slot.val();
        self.keys.write_address.next = bit_cast::<L, 17>(self.key_write_slot.val());
        self.keys.write_data.next = self.key_write.val();
        self.keys.write_enable.next = self.key_write_valid.val();
        self.key.d.next = self.keys.read_data.val();

        // Cycles 6 to 9: the counters.
        self.choice8.next = self.choices[3].q.val();
        self.sized.next = self.measure.m_size.val();
        self.sized.next.too_big = self.measure.m_size.val().too_big
            | (self.overflow.q.val() & (self.choice8.val().frame | self.choice8.val().decoy));
        self.size.d.next = self.sized.val();
        self.live8.next = self.valid.q.val().get_bit(7)
            & (self.choice8.val().frame | self.choice8.val().decoy)
            & !self.sized.val().too_big;
        self.counter.reset.next = self.reset.val();
        self.counter.s_valid.next = self.valid.q.val().get_bit(5);
        self.counter.s_session.next = self.session[5].q.val();
        self.counter.s_count.next = self.live8.val();
        self.counter.s_number.next = self.choice8.val().frame & !self.receive.val();
        self.counter.s_epoch.next = self.choice8.val().epoch;
        self.counter.s_length.next = self.parsed[7].q.val().length;
        self.counter.read_valid.next = self.count_read_valid.val();
        self.counter.read_address.next = self.count_read_address.val();
        self.count_read_done.next = self.counter.read_done.val();
        self.count_read.next = self.counter.read.val();
        self.counter.write_valid.next = self.count_write_valid.val();
        self.counter.write_address.next = self.count_write_session.val();
        self.counter.write.next = self.count_write.val();
        self.count_write_done.next = self.counter.write_done.val();

        // Cycle 9: what the host hears, and the records.
        self.m_event_valid.next = self.counter.m_late.val() | self.counter.m_refused.val();
        self.told.next.session = self.counter.m_session.val();
        self.told.next.kind = 1.into();
        if self.counter.m_refused.val() {
            self.told.next.kind = 2.into();
        }
        self.m_event.next = self.told.val();
        self.compose.s_parsed.next = self.late.m.val();
        self.compose.s_choice.next = self.choices[4].q.val();
        self.compose.s_size.next = self.size.q.val();
        self.compose.s_sequence.next = self.counter.m_sequence.val();
        self.compose.s_refused.next = self.counter.m_refused.val();
        self.compose.s_key.next = self.key.q.val();
        self.lengths.next = self.outer_lengths[1].q.val();
        self.compose.s_outer_length.next = self.lengths.val().get_bits::<16>(0);
        self.compose.s_udp_length.next = self.lengths.val().get_bits::<16>(16);
        self.compose.s_message_length.next = self.lengths.val().get_bits::<16>(32);
        self.compose.s_checksum.next = self.outer.m_checksum.val();
        self.compose.s_outer_delta.next = self.outer.m_delta.val();

        // Cycle 10.
        self.m_valid.next = self.valid.q.val().get_bit(9);
        self.m_edit.next = self.compose.m_edit.val();
        self.m_scramble.next = self.compose.m_scramble.val();
        self.m_seal.next = self.compose.m_seal.val();
        if self.reset.val() {
            self.valid.d.next = 0.into();
            self.descriptor_reads.d.next = 0.into();
        }
    }
}
