//! Records that wait in memory while the pipeline works on what is theirs.

use rust_hdl::prelude::*;

/// What comes in leaves a constant number of cycles later, one record a cycle.
///
/// - `s`: the record.
/// - `m`: what `s` was, as many cycles later as [`Delay::new`] was told: 2 to 2^A.
///
/// ```
/// use fogline_hdl::plan::delay::Delay;
/// use rust_hdl::prelude::Bits;
/// let line: Delay<Bits<8>, 4> = Delay::new(9);
/// assert!(fogline_hdl::emit::verilog(line, "line").contains("module line("));
/// ```
#[derive(LogicBlock)]
pub struct Delay<T: Synth, const A: usize> {
    /// Everything moves on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Goes in.
    pub s: Signal<In, T>,
    /// Comes out.
    pub m: Signal<Out, T>,
    memory: RAM<T, A>,
    write: DFF<Bits<A>>,
    behind: Constant<Bits<A>>,
}

impl<T: Synth, const A: usize> Delay<T, A> {
    /// A delay of `cycles`.
    ///
    /// # Panics
    /// Where `cycles` is less than 2 or more than 2^A.
    pub fn new(cycles: usize) -> Self {
        assert!(
            (2..=1 << A).contains(&cycles),
            "no delay of {cycles} cycles"
        );
        Self {
            clock: Default::default(),
            s: Default::default(),
            m: Default::default(),
            memory: Default::default(),
            write: Default::default(),
            behind: Constant::new((cycles as u64 - 1).into()),
        }
    }
}

impl<T: Synth, const A: usize> Logic for Delay<T, A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, write);
        self.memory.read_clock.next = self.clock.val();
        self.memory.write_clock.next = self.clock.val();
        self.write.d.next = self.write.q.val() + 1;
        self.memory.write_address.next = self.write.q.val();
        self.memory.write_data.next = self.s.val();
        self.memory.write_enable.next = true;
        self.memory.read_address.next = self.write.q.val() - self.behind.val();
        self.m.next = self.memory.read_data.val();
    }
}
