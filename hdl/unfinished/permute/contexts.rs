//! Records on their way through eight half rounds, one ChaCha8 block after the other.

use super::{Change, Cut, Fixed, Input, Joined, Keep, Paste};
use crate::records::Scramble;
use crate::streams::Fifo;
use rust_hdl::prelude::*;

/// What a block in the folded core is for.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Step {
    /// A half round; else it is keystream, and the rest is nothing.
    pub chain: Bit,
    /// The record's place.
    pub id: Bits<4>,
    /// Its half round.
    pub round: Bits<3>,
}

/// What a change must know of its record.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
struct Kind {
    v6: Bit,
    ports: Bit,
    n: Bits<6>,
}

/// A half that is to be written, and what follows.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
struct Write {
    valid: Bit,
    /// The record is ready for half round `round`.
    go_on: Bit,
    /// The record is done.
    done: Bit,
    id: Bits<4>,
    round: Bits<3>,
    half: Bits<128>,
}

/// Up to 16 records between their half rounds.
///
/// A record's halves are cells of 128 bits: X, Y, a, b. Each comes in a cycle of its own, is read and written a half round at
/// a time, and leaves in a cycle of its own; of a change and a record that comes, the change goes first. Records without a
/// block (n = 0) skip its half rounds.
///
/// Inputs: records `s`, in order; `f_valid`, `f_step`, `f`: the PRF's output's first 18 bytes, in any order. Outputs: `q_step`
/// and `q_seed`: what to ask the PRF next, where `q_valid`, taken where `q_ready`; records `m`, in order.
///
/// After a record was taken, `s_ready` comes back within 14 cycles as long as there are places.
#[derive(LogicBlock)]
pub struct Contexts {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Forgets the records inside.
    pub reset: Signal<In, Bit>,
    /// There is a record.
    pub s_valid: Signal<In, Bit>,
    /// It is taken at the next edge.
    pub s_ready: Signal<Out, Bit>,
    /// The record.
    pub s: Signal<In, Scramble>,
    /// There is a block to make.
    pub q_valid: Signal<Out, Bit>,
    /// It is taken at the next edge.
    pub q_ready: Signal<In, Bit>,
    /// What it is for.
    pub q_step: Signal<Out, Step>,
    /// Its key, counter and nonce.
    pub q_seed: Signal<Out, Bits<384>>,
    /// There is a block.
    pub f_valid: Signal<In, Bit>,
    /// What it is for.
    pub f_step: Signal<In, Step>,
    /// Its first 18 bytes.
    pub f: Signal<In, Bits<144>>,
    /// There is a record, done.
    pub m_valid: Signal<Out, Bit>,
    /// It is taken at the next edge.
    pub m_ready: Signal<In, Bit>,
    /// The record.
    pub m: Signal<Out, Scramble>,
    receive: Constant<Bit>,
    // Records that come.
    came: DFF<Scramble>,
    came_valid: DFF<Bit>,
    came_half: DFF<Bits<2>>,
    keep: Keep,
    cut: Cut,
    came_kind: Signal<Local, Kind>,
    came_x_port: Signal<Local, Bits<16>>,
    came_y_port: Signal<Local, Bits<16>>,
    came_second: Signal<Local, Bit>,
    came_cell: Signal<Local, Bits<128>>,
    enters: Signal<Local, Bit>,
    first_round: Signal<Local, Bits<3>>,
    enter_at: DFF<Bits<4>>,
    count: DFF<Bits<5>>,
    count_left: Signal<Local, Bits<5>>,
    // What is stored of them. What two read stands twice.
    fixed: RAM<Fixed, 4>,
    kinds: RAM<Kind, 4>,
    cells_to_change: RAM<Bits<128>, 6>,
    cells: RAM<Bits<128>, 6>,
    x_ports_to_change: RAM<Bits<16>, 4>,
    y_ports_to_change: RAM<Bits<16>, 4>,
    x_ports: RAM<Bits<16>, 4>,
    y_ports: RAM<Bits<16>, 4>,
    // Changes.
    change: Change,
    changing_valid: DFF<Bit>,
    changing: DFF<Step>,
    kind: Signal<Local, Kind>,
    last_round: Signal<Local, Bit>,
    x_port_write: Signal<Local, Bit>,
    y_port_write: Signal<Local, Bit>,
    x_port: Signal<Local, Bits<16>>,
    y_port: Signal<Local, Bits<16>>,
    port_at: Signal<Local, Bits<4>>,
    write: DFF<Write>,
    write_at: DFF<Bits<6>>,
    // Questions.
    ready: Fifo<Bits<7>, 4>,
    query: Input,
    pop: Signal<Local, Bit>,
    popped: Signal<Local, Bits<7>>,
    fetching: DFF<Bit>,
    fetched: DFF<Bits<7>>,
    question_valid: DFF<Bit>,
    question: DFF<Bits<384>>,
    question_of: DFF<Bits<7>>,
    read_id: Signal<Local, Bits<4>>,
    read_half: Signal<Local, Bits<2>>,
    // Records that leave.
    done: DFF<Bits<16>>,
    written_bit: Signal<Local, Bits<16>>,
    leaving_bit: Signal<Local, Bits<16>>,
    leave_done: Signal<Local, Bit>,
    leave_at: DFF<Bits<4>>,
    leave_half: DFF<Bits<3>>,
    leave_reads: Signal<Local, Bit>,
    left_valid: DFF<Bit>,
    left_half: DFF<Bits<2>>,
    leaves: Signal<Local, Bit>,
    paste: Paste,
    left_fixed: Signal<Local, Fixed>,
    left_second: Signal<Local, Bit>,
    gone: DFF<Joined>,
    gone_valid: DFF<Bit>,
}

impl Contexts {
    /// Towards the line, or from there (`receive`).
    pub fn new(receive: bool) -> Self {
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            s_valid: Signal::default(),
            s_ready: Signal::default(),
            s: Signal::default(),
            q_valid: Signal::default(),
            q_ready: Signal::default(),
            q_step: Signal::default(),
            q_seed: Signal::default(),
            f_valid: Signal::default(),
            f_step: Signal::default(),
            f: Signal::default(),
            m_valid: Signal::default(),
            m_ready: Signal::default(),
            m: Signal::default(),
            receive: Constant::new(receive),
            came: DFF::default(),
            came_valid: DFF::default(),
            came_half: DFF::default(),
            keep: Keep::default(),
            cut: Cut::default(),
            came_kind: Signal::default(),
            came_x_port: Signal::default(),
            came_y_port: Signal::default(),
            came_second: Signal::default(),
            came_cell: Signal::default(),
            enters: Signal::default(),
            first_round: Signal::default(),
            enter_at: DFF::default(),
            count: DFF::default(),
            count_left: Signal::default(),
            fixed: RAM::default(),
            kinds: RAM::default(),
            cells_to_change: RAM::default(),
            cells: RAM::default(),
            x_ports_to_change: RAM::default(),
            y_ports_to_change: RAM::default(),
            x_ports: RAM::default(),
            y_ports: RAM::default(),
            change: Change::default(),
            changing_valid: DFF::default(),
            changing: DFF::default(),
            kind: Signal::default(),
            last_round: Signal::default(),
            x_port_write: Signal::default(),
            y_port_write: Signal::default(),
            x_port: Signal::default(),
            y_port: Signal::default(),
            port_at: Signal::default(),
            write: DFF::default(),
            write_at: DFF::default(),
            ready: Fifo::default(),
            query: Input::default(),
            pop: Signal::default(),
            popped: Signal::default(),
            fetching: DFF::default(),
            fetched: DFF::default(),
            question_valid: DFF::default(),
            question: DFF::default(),
            question_of: DFF::default(),
            read_id: Signal::default(),
            read_half: Signal::default(),
            done: DFF::default(),
            written_bit: Signal::default(),
            leaving_bit: Signal::default(),
            leave_done: Signal::default(),
            leave_at: DFF::default(),
            leave_half: DFF::default(),
            leave_reads: Signal::default(),
            left_valid: DFF::default(),
            left_half: DFF::default(),
            leaves: Signal::default(),
            paste: Paste::default(),
            left_fixed: Signal::default(),
            left_second: Signal::default(),
            gone: DFF::default(),
            gone_valid: DFF::default(),
        }
    }
}

seq_macro::seq!(N in 0..16 {
    impl Logic for Contexts {
        #[hdl_gen]
        fn update(&mut self) {
            dff_setup!(
                self, clock, came, came_valid, came_half, enter_at, count, changing_valid, changing, write, write_at,
                fetching, fetched, question_valid, question, question_of, done, leave_at, leave_half, left_valid, left_half,
                gone, gone_valid
            );
            self.fixed.read_clock.next = self.clock.val();
            self.fixed.write_clock.next = self.clock.val();
            self.kinds.read_clock.next = self.clock.val();
            self.kinds.write_clock.next = self.clock.val();
            self.cells_to_change.read_clock.next = self.clock.val();
            self.cells_to_change.write_clock.next = self.clock.val();
            self.cells.read_clock.next = self.clock.val();
            self.cells.write_clock.next = self.clock.val();
            self.x_ports_to_change.read_clock.next = self.clock.val();
            self.x_ports_to_change.write_clock.next = self.clock.val();
            self.y_ports_to_change.read_clock.next = self.clock.val();
            self.y_ports_to_change.write_clock.next = self.clock.val();
            self.x_ports.read_clock.next = self.clock.val();
            self.x_ports.write_clock.next = self.clock.val();
            self.y_ports.read_clock.next = self.clock.val();
            self.y_ports.write_clock.next = self.clock.val();
            self.ready.clock.next = self.clock.val();
            self.ready.reset.next = self.reset.val();
            self.change.clock.next = self.clock.val();

            // A block is there: what it changes is read.
            self.change.receive.next = self.receive.val();
            self.change.f.next = self.f.val();
            self.changing_valid.d.next = self.f_valid.val();
            self.changing.d.next = self.f_step.val();
            self.cells_to_change.read_address.next = (bit_cast::<6, 4>(self.f_step.val().id) << 2)
                | (bit_cast::<6, 1>(self.f_step.val().round.get_bit(2).into()) << 1)
                | bit_cast::<6, 1>((!self.f_step.val().round.get_bit(0)).into());
            self.kinds.read_address.next = self.f_step.val().id;
            self.x_ports_to_change.read_address.next = self.f_step.val().id;
            self.y_ports_to_change.read_address.next = self.f_step.val().id;

            // A cycle later it is changed, and then written.
            self.kind.next = self.kinds.read_data.val();
            self.change.round.next = self.changing.q.val().round;
            self.change.v6.next = self.kind.val().v6;
            self.change.ports.next = self.kind.val().ports;
            self.change.n.next = self.kind.val().n;
            self.change.into.next = self.cells_to_change.read_data.val();
            if self.changing.q.val().round.get_bit(0) {
                self.change.port.next = self.x_ports_to_change.read_data.val();
            } else {
                self.change.port.next = self.y_ports_to_change.read_data.val();
            }
            if self.receive.val() {
                self.last_round.next = self.changing.q.val().round == 0;
            } else {
                self.last_round.next = (self.changing.q.val().round == 7)
                    | ((self.changing.q.val().round == 3) & (self.kind.val().n == 0));
            }

            // A record that comes is written a half a cycle, where no change is.
            self.s_ready.next = !self.came_valid.q.val();
            if self.s_valid.val() & !self.came_valid.q.val() {
                self.came.d.next = self.s.val();
                self.came_valid.d.next = true;
                self.came_half.d.next = 0.into();
            }
            self.keep.s.next = self.came.q.val();
            self.cut.n.next = self.came.q.val().n;
            self.cut.block.next = self.came.q.val().block;
            self.came_kind.next.v6 = self.came.q.val().v6;
            self.came_kind.next.ports = self.came.q.val().ports;
            self.came_kind.next.n = self.came.q.val().n;
            if self.came.q.val().from_higher {
                self.came_x_port.next = self.came.q.val().destination_port;
                self.came_y_port.next = self.came.q.val().source_port;
            } else {
                self.came_x_port.next = self.came.q.val().source_port;
                self.came_y_port.next = self.came.q.val().destination_port;
            }
            // X of a record from the higher end is its destination.
            self.came_second.next = self.came_half.q.val().get_bit(0) ^ self.came.q.val().from_higher;
            if self.came_half.q.val().get_bit(1) {
                if self.came_half.q.val().get_bit(0) {
                    self.came_cell.next = self.cut.b.val();
                } else {
                    self.came_cell.next = self.cut.a.val();
                }
            } else {
                if self.came_second.val() {
                    self.came_cell.next = self.came.q.val().destination;
                } else {
                    self.came_cell.next = self.came.q.val().source;
                }
            }
            self.first_round.next = 0.into();
            if self.receive.val() {
                self.first_round.next = 7.into();
                if self.came.q.val().n == 0 {
                    self.first_round.next = 3.into();
                }
            }
            self.enters.next = self.came_valid.q.val() & !self.changing_valid.q.val() & (self.count.q.val() != 16);

            self.write.d.next.valid = self.changing_valid.q.val() | self.enters.val();
            if self.changing_valid.q.val() {
                self.write.d.next.go_on = !self.last_round.val();
                self.write.d.next.done = self.last_round.val();
                self.write.d.next.id = self.changing.q.val().id;
                if self.receive.val() {
                    self.write.d.next.round = self.changing.q.val().round - 1;
                } else {
                    self.write.d.next.round = self.changing.q.val().round + 1;
                }
                self.write.d.next.half = self.change.m_into.val();
                self.write_at.d.next = (bit_cast::<6, 4>(self.changing.q.val().id) << 2)
                    | (bit_cast::<6, 1>(self.changing.q.val().round.get_bit(2).into()) << 1)
                    | bit_cast::<6, 1>((!self.changing.q.val().round.get_bit(0)).into());
            } else {
                self.write.d.next.go_on = self.enters.val() & (self.came_half.q.val() == 3) & self.came.q.val().active;
                self.write.d.next.done = self.enters.val() & (self.came_half.q.val() == 3) & !self.came.q.val().active;
                self.write.d.next.id = self.enter_at.q.val();
                self.write.d.next.round = self.first_round.val();
                self.write.d.next.half = self.came_cell.val();
                self.write_at.d.next =
                    (bit_cast::<6, 4>(self.enter_at.q.val()) << 2) | bit_cast::<6, 2>(self.came_half.q.val());
            }
            self.count_left.next = self.count.q.val();
            if self.leaves.val() {
                self.count_left.next = self.count.q.val() - 1;
            }
            self.count.d.next = self.count_left.val();
            if self.enters.val() {
                self.came_half.d.next = self.came_half.q.val() + 1;
                if self.came_half.q.val() == 3 {
                    self.came_valid.d.next = false;
                    self.enter_at.d.next = self.enter_at.q.val() + 1;
                    self.count.d.next = self.count_left.val() + 1;
                }
            }

            // What goes with the first half, and ports as they change.
            self.fixed.write_enable.next = self.enters.val();
            self.fixed.write_address.next = self.enter_at.q.val();
            self.fixed.write_data.next = self.keep.fixed.val();
            self.kinds.write_enable.next = self.enters.val();
            self.kinds.write_address.next = self.enter_at.q.val();
            self.kinds.write_data.next = self.came_kind.val();
            self.x_port_write.next = self.enters.val();
            self.y_port_write.next = self.enters.val();
            self.x_port.next = self.came_x_port.val();
            self.y_port.next = self.came_y_port.val();
            self.port_at.next = self.enter_at.q.val();
            if self.changing_valid.q.val() {
                self.x_port_write.next = !self.changing.q.val().round.get_bit(2) & self.changing.q.val().round.get_bit(0);
                self.y_port_write.next = !self.changing.q.val().round.get_bit(2) & !self.changing.q.val().round.get_bit(0);
                self.x_port.next = self.change.m_port.val();
                self.y_port.next = self.change.m_port.val();
                self.port_at.next = self.changing.q.val().id;
            }
            self.x_ports_to_change.write_enable.next = self.x_port_write.val();
            self.x_ports_to_change.write_address.next = self.port_at.val();
            self.x_ports_to_change.write_data.next = self.x_port.val();
            self.x_ports.write_enable.next = self.x_port_write.val();
            self.x_ports.write_address.next = self.port_at.val();
            self.x_ports.write_data.next = self.x_port.val();
            self.y_ports_to_change.write_enable.next = self.y_port_write.val();
            self.y_ports_to_change.write_address.next = self.port_at.val();
            self.y_ports_to_change.write_data.next = self.y_port.val();
            self.y_ports.write_enable.next = self.y_port_write.val();
            self.y_ports.write_address.next = self.port_at.val();
            self.y_ports.write_data.next = self.y_port.val();
            self.cells_to_change.write_enable.next = self.write.q.val().valid;
            self.cells_to_change.write_address.next = self.write_at.q.val();
            self.cells_to_change.write_data.next = self.write.q.val().half;
            self.cells.write_enable.next = self.write.q.val().valid;
            self.cells.write_address.next = self.write_at.q.val();
            self.cells.write_data.next = self.write.q.val().half;

            // Then it waits for its turn: its place and round, low and high.
            self.ready.s_valid.next = self.write.q.val().valid & self.write.q.val().go_on;
            self.ready.s_data.next =
                bit_cast::<7, 4>(self.write.q.val().id) | (bit_cast::<7, 3>(self.write.q.val().round) << 4);
            self.pop.next = self.ready.m_valid.val()
                & !self.fetching.q.val()
                & (!self.question_valid.q.val() | self.q_ready.val());
            self.ready.m_ready.next = self.pop.val();
            self.popped.next = self.ready.m_data.val();
            self.fetching.d.next = self.pop.val();
            self.fetched.d.next = self.popped.val();

            // A question is read, else a half of a record that leaves.
            self.leave_reads.next = self.leave_done.val()
                & !self.pop.val()
                & !self.gone_valid.q.val()
                & !self.leave_half.q.val().get_bit(2);
            self.read_id.next = self.leave_at.q.val();
            self.read_half.next = bit_cast::<2, 3>(self.leave_half.q.val());
            if self.pop.val() {
                self.read_id.next = self.popped.val().get_bits::<4>(0);
                self.read_half.next = (bit_cast::<2, 1>(self.popped.val().get_bit(6).into()) << 1)
                    | bit_cast::<2, 1>(self.popped.val().get_bit(4).into());
            }
            self.fixed.read_address.next = self.read_id.val();
            self.x_ports.read_address.next = self.read_id.val();
            self.y_ports.read_address.next = self.read_id.val();
            self.cells.read_address.next =
                (bit_cast::<6, 4>(self.read_id.val()) << 2) | bit_cast::<6, 2>(self.read_half.val());

            self.query.round.next = self.fetched.q.val().get_bits::<3>(4);
            self.query.fixed.next = self.fixed.read_data.val();
            self.query.from.next = self.cells.read_data.val();
            self.query.x_port.next = self.x_ports.read_data.val();
            self.query.y_port.next = self.y_ports.read_data.val();
            if self.q_ready.val() {
                self.question_valid.d.next = false;
            }
            if self.fetching.q.val() {
                self.question_valid.d.next = true;
                self.question.d.next = self.query.seed.val();
                self.question_of.d.next = self.fetched.q.val();
            }
            self.q_valid.next = self.question_valid.q.val();
            self.q_seed.next = self.question.q.val();
            self.q_step.next.chain = true;
            self.q_step.next.id = self.question_of.q.val().get_bits::<4>(0);
            self.q_step.next.round = self.question_of.q.val().get_bits::<3>(4);

            // Records leave in order, each when it is done.
            self.written_bit.next = 0.into();
            self.leaving_bit.next = 0.into();
            self.leave_done.next = false;
            #(
                if self.write.q.val().id == N {
                    self.written_bit.next = bits::<16>(1 << N);
                }
                if self.leave_at.q.val() == N {
                    self.leaving_bit.next = bits::<16>(1 << N);
                    self.leave_done.next = self.done.q.val().get_bit(N);
                }
            )*
            if self.leave_reads.val() {
                self.leave_half.d.next = self.leave_half.q.val() + 1;
            }
            self.left_valid.d.next = self.leave_reads.val();
            self.left_half.d.next = bit_cast::<2, 3>(self.leave_half.q.val());
            self.left_fixed.next = self.fixed.read_data.val();
            self.left_second.next = self.left_half.q.val().get_bit(0) ^ self.left_fixed.val().from_higher;
            self.paste.n.next = self.left_fixed.val().n;
            self.paste.b.next = self.cells.read_data.val();
            self.leaves.next = self.left_valid.q.val() & (self.left_half.q.val() == 3);
            if self.left_valid.q.val() {
                self.gone.d.next.active = self.left_fixed.val().active;
                self.gone.d.next.v6 = self.left_fixed.val().v6;
                self.gone.d.next.ports = self.left_fixed.val().ports;
                self.gone.d.next.from_higher = self.left_fixed.val().from_higher;
                self.gone.d.next.protocol = self.left_fixed.val().protocol;
                self.gone.d.next.length = self.left_fixed.val().length;
                self.gone.d.next.t = self.left_fixed.val().t;
                self.gone.d.next.n = self.left_fixed.val().n;
                self.gone.d.next.prp = self.left_fixed.val().prp;
                if self.left_half.q.val().get_bit(1) {
                    if self.left_half.q.val().get_bit(0) {
                        self.gone.d.next.block = self.gone.q.val().block | self.paste.block.val();
                    } else {
                        self.gone.d.next.block = bit_cast::<256, 128>(self.cells.read_data.val());
                    }
                } else {
                    if self.left_second.val() {
                        self.gone.d.next.destination = self.cells.read_data.val();
                    } else {
                        self.gone.d.next.source = self.cells.read_data.val();
                    }
                    if self.left_fixed.val().from_higher {
                        self.gone.d.next.source_port = self.y_ports.read_data.val();
                        self.gone.d.next.destination_port = self.x_ports.read_data.val();
                    } else {
                        self.gone.d.next.source_port = self.x_ports.read_data.val();
                        self.gone.d.next.destination_port = self.y_ports.read_data.val();
                    }
                }
            }
            if self.m_ready.val() {
                self.gone_valid.d.next = false;
            }
            self.done.d.next = self.done.q.val();
            if self.leaves.val() {
                self.gone_valid.d.next = true;
                self.leave_at.d.next = self.leave_at.q.val() + 1;
                self.leave_half.d.next = 0.into();
                self.done.d.next = self.done.q.val() & !self.leaving_bit.val();
            }
            if self.write.q.val().valid & self.write.q.val().done {
                self.done.d.next = self.done.d.val() | self.written_bit.val();
            }
            self.m_valid.next = self.gone_valid.q.val();
            self.m.next = self.gone.q.val().into();

            if self.reset.val() {
                self.came_valid.d.next = false;
                self.enter_at.d.next = 0.into();
                self.count.d.next = 0.into();
                self.changing_valid.d.next = false;
                self.write.d.next.valid = false;
                self.fetching.d.next = false;
                self.question_valid.d.next = false;
                self.done.d.next = 0.into();
                self.leave_at.d.next = 0.into();
                self.leave_half.d.next = 0.into();
                self.left_valid.d.next = false;
                self.gone_valid.d.next = false;
            }
        }
    }
});
