//! A first-word-fall-through FIFO on block RAM.
//!
//! One in and one out in every cycle, at any level. `m_data` stands with `m_valid` without a request, and stays until it
//! is taken. What goes in at one edge is seen two cycles later.
//!
//! ```
//! use fogline_hdl::emit::verilog;
//! use fogline_hdl::records::Edit;
//! use fogline_hdl::streams::fifo::Fifo;
//!
//! // 16 edits deep.
//! let text = verilog(Fifo::<Edit, 4>::default(), "edits");
//! assert!(text.contains("module edits("));
//! ```

use rust_hdl::prelude::*;

/// Cycles from `s_valid` to `m_valid` of an empty FIFO.
pub const LATENCY: usize = 2;

/// 2^A places for `T`.
#[derive(LogicBlock)]
pub struct Fifo<T: Synth, const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Empties it.
    pub reset: Signal<In, Bit>,
    /// `s_data` is to go in.
    pub s_valid: Signal<In, Bit>,
    /// There is room: it goes in at the next edge.
    pub s_ready: Signal<Out, Bit>,
    /// What goes in.
    pub s_data: Signal<In, T>,
    /// `m_data` is the oldest.
    pub m_valid: Signal<Out, Bit>,
    /// It is taken at the next edge.
    pub m_ready: Signal<In, Bit>,
    /// The oldest.
    pub m_data: Signal<Out, T>,
    /// How many are inside, 0 to 2^A.
    pub level: Signal<Out, Bits<16>>,
    ram: RAM<T, A>,
    write_at: DFF<Bits<A>>,
    read_at: DFF<Bits<A>>,
    count: DFF<Bits<16>>,
    shown: DFF<Bit>,
    push: Signal<Local, Bit>,
    pop: Signal<Local, Bit>,
    next_read: Signal<Local, Bits<A>>,
    behind: Signal<Local, Bits<16>>,
    room: Constant<Bits<16>>,
}

impl<T: Synth, const A: usize> Default for Fifo<T, A> {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            s_valid: Default::default(),
            s_ready: Default::default(),
            s_data: Default::default(),
            m_valid: Default::default(),
            m_ready: Default::default(),
            m_data: Default::default(),
            level: Default::default(),
            ram: Default::default(),
            write_at: Default::default(),
            read_at: Default::default(),
            count: Default::default(),
            shown: Default::default(),
            push: Default::default(),
            pop: Default::default(),
            next_read: Default::default(),
            behind: Default::default(),
            room: Constant::new((1_u64 << A).into()),
        }
    }
}

impl<T: Synth, const A: usize> Logic for Fifo<T, A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, write_at, read_at, count, shown);
        self.ram.read_clock.next = self.clock.val();
        self.ram.write_clock.next = self.clock.val();
        self.s_ready.next = self.count.q.val() != self.room.val();
        self.m_valid.next = self.shown.q.val();
        self.m_data.next = self.ram.read_data.val();
        self.level.next = self.count.q.val();
        self.push.next = self.s_valid.val() & (self.count.q.val() != self.room.val());
        self.pop.next = self.m_ready.val() & self.shown.q.val();
        self.ram.write_address.next = self.write_at.q.val();
        self.ram.write_data.next = self.s_data.val();
        self.ram.write_enable.next = self.push.val();
        // What is left of what was inside before this edge: only that can be read at it.
        self.next_read.next = self.read_at.q.val();
        self.behind.next = self.count.q.val();
        if self.pop.val() {
            self.next_read.next = self.read_at.q.val() + 1;
            self.behind.next = self.count.q.val() - 1;
        }
        self.ram.read_address.next = self.next_read.val();
        self.read_at.d.next = self.next_read.val();
        self.shown.d.next = self.behind.val() != 0;
        self.count.d.next = self.behind.val();
        if self.push.val() {
            self.write_at.d.next = self.write_at.q.val() + 1;
            self.count.d.next = self.behind.val() + 1;
        }
        if self.reset.val() {
            self.write_at.d.next = 0.into();
            self.read_at.d.next = 0.into();
            self.count.d.next = 0.into();
            self.shown.d.next = false;
        }
    }
}
