//! What waits for a later stage.

use rust_hdl::prelude::*;

/// `m` is `s` of N cycles ago; N is at least 1. Synthesis makes shift-register LUTs of it.
#[derive(LogicBlock)]
pub struct Delay<T: Synth, const N: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// In.
    pub s: Signal<In, T>,
    /// Out.
    pub m: Signal<Out, T>,
    line: [DFF<T>; N],
}

impl<T: Synth, const N: usize> Default for Delay<T, N> {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            s: Signal::default(),
            m: Signal::default(),
            line: array_init::array_init(|_| DFF::default()),
        }
    }
}

impl<T: Synth, const N: usize> Logic for Delay<T, N> {
    #[hdl_gen]
    fn update(&mut self) {
        // The last of these assignments holds: each place takes its neighbour's, and `m` the last place's.
        for k in 0..N {
            self.line[k].clock.next = self.clock.val();
            self.line[k].d.next = self.s.val();
            self.m.next = self.line[k].q.val();
        }
        for k in 1..N {
            self.line[k].d.next = self.line[k - 1].q.val();
        }
    }
}
