//! Quarter and double rounds.

use rust_hdl::prelude::*;

/// The four words of a quarter round.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Quad {
    /// The first word, and so on.
    pub a: Bits<32>,
    pub b: Bits<32>,
    pub c: Bits<32>,
    pub d: Bits<32>,
}

/// Eight quarter rounds as a double round: the columns, then the diagonals.
macro_rules! double_round {
    ($($i:literal: $a:ident $b:ident $c:ident $d:ident, $ja:literal $jb:literal $jc:literal $jd:literal, $e:ident $f:ident $g:ident $h:ident;)+) => {
        /// Four quarter rounds over the columns and four over the diagonals.
        ///
        /// Inputs: `clock`, `x`. Output: `y`, [`LATENCY`] cycles later. A new `x` may come every cycle.
        #[derive(LogicBlock, Default)]
        pub struct DoubleRound {
            /// The clock.
            pub clock: Signal<In, Clock>,
            /// The state before.
            pub x: Signal<In, State>,
            /// The state behind.
            pub y: Signal<Out, State>,
            column: [QuarterRound; 4],
            diagonal: [QuarterRound; 4],
        }

        impl Logic for DoubleRound {
            #[hdl_gen]
            fn update(&mut self) {
                for k in 0..4 {
                    self.column[k].clock.next = self.clock.val();
                    self.diagonal[k].clock.next = self.clock.val();
                }
                $(
                    self.column[$i].x.next.a = self.x.val().$a;
                    self.column[$i].x.next.b = self.x.val().$b;
                    self.column[$i].x.next.c = self.x.val().$c;
                    self.column[$i].x.next.d = self.x.val().$d;
                    self.diagonal[$i].x.next.a = self.column[$ja].y.val().a;
                    self.diagonal[$i].x.next.b = self.column[$jb].y.val().b;
                    self.diagonal[$i].x.next.c = self.column[$jc].y.val().c;
                    self.diagonal[$i].x.next.d = self.column[$jd].y.val().d;
                    self.y.next.$e = self.diagonal[$i].y.val().a;
                    self.y.next.$f = self.diagonal[$i].y.val().b;
                    self.y.next.$g = self.diagonal[$i].y.val().c;
                    self.y.next.$h = self.diagonal[$i].y.val().d;
                )+
            }
        }
    };
    () => {
        double_round!(
            0: w0 w4 w8  w12, 0 1 2 3, w0 w5 w10 w15;
            1: w1 w5 w9  w13, 1 2 3 0, w1 w6 w11 w12;
            2: w2 w6 w10 w14, 2 3 0 1, w2 w7 w8  w13;
            3: w3 w7 w11 w15, 3 0 1 2, w3 w4 w9  w14;
        );
    };
}

/// Two registers a quarter round: two adds, XORs and rotates a stage.
pub mod short {
    use super::super::State;
    use super::Quad;
    use rust_hdl::prelude::*;

    /// Cycles that a double round takes.
    pub const LATENCY: usize = 4;

    /// A quarter round (RFC 8439 section 2.1) of two stages.
    ///
    /// Inputs: `clock`, `x`. Output: `y`, two cycles later. A new `x` may come every cycle.
    #[derive(LogicBlock, Default)]
    pub struct QuarterRound {
        /// The clock.
        pub clock: Signal<In, Clock>,
        /// The words before.
        pub x: Signal<In, Quad>,
        /// The words behind.
        pub y: Signal<Out, Quad>,
        first: DFF<Quad>,
        second: DFF<Quad>,
        a1: Signal<Local, Bits<32>>,
        a2: Signal<Local, Bits<32>>,
        b1: Signal<Local, Bits<32>>,
        b2: Signal<Local, Bits<32>>,
        c1: Signal<Local, Bits<32>>,
        c2: Signal<Local, Bits<32>>,
        d1: Signal<Local, Bits<32>>,
        d2: Signal<Local, Bits<32>>,
        turned1: Signal<Local, Bits<32>>,
        turned2: Signal<Local, Bits<32>>,
    }

    impl Logic for QuarterRound {
        #[hdl_gen]
        fn update(&mut self) {
            self.first.clock.next = self.clock.val();
            self.second.clock.next = self.clock.val();
            // a += b; d ^= a; d <<<= 16; c += d; b ^= c; b <<<= 12
            self.a1.next = self.x.val().a + self.x.val().b;
            self.d1.next = self.x.val().d ^ self.a1.val();
            self.turned1.next = (self.d1.val() << 16) | (self.d1.val() >> 16);
            self.c1.next = self.x.val().c + self.turned1.val();
            self.b1.next = self.x.val().b ^ self.c1.val();
            self.first.d.next.a = self.a1.val();
            self.first.d.next.b = (self.b1.val() << 12) | (self.b1.val() >> 20);
            self.first.d.next.c = self.c1.val();
            self.first.d.next.d = self.turned1.val();
            // a += b; d ^= a; d <<<= 8; c += d; b ^= c; b <<<= 7
            self.a2.next = self.first.q.val().a + self.first.q.val().b;
            self.d2.next = self.first.q.val().d ^ self.a2.val();
            self.turned2.next = (self.d2.val() << 8) | (self.d2.val() >> 24);
            self.c2.next = self.first.q.val().c + self.turned2.val();
            self.b2.next = self.first.q.val().b ^ self.c2.val();
            self.second.d.next.a = self.a2.val();
            self.second.d.next.b = (self.b2.val() << 7) | (self.b2.val() >> 25);
            self.second.d.next.c = self.c2.val();
            self.second.d.next.d = self.turned2.val();
            self.y.next = self.second.q.val();
        }
    }

    double_round!();
}

/// Four registers a quarter round: one add, XOR and rotate a stage.
pub mod long {
    use super::super::State;
    use super::Quad;
    use rust_hdl::prelude::*;

    /// Cycles that a double round takes.
    pub const LATENCY: usize = 8;

    /// A quarter round (RFC 8439 section 2.1) of four stages.
    ///
    /// Inputs: `clock`, `x`. Output: `y`, four cycles later. A new `x` may come every cycle.
    #[derive(LogicBlock, Default)]
    pub struct QuarterRound {
        /// The clock.
        pub clock: Signal<In, Clock>,
        /// The words before.
        pub x: Signal<In, Quad>,
        /// The words behind.
        pub y: Signal<Out, Quad>,
        first: DFF<Quad>,
        second: DFF<Quad>,
        third: DFF<Quad>,
        fourth: DFF<Quad>,
        sum1: Signal<Local, Bits<32>>,
        sum2: Signal<Local, Bits<32>>,
        sum3: Signal<Local, Bits<32>>,
        sum4: Signal<Local, Bits<32>>,
        mixed1: Signal<Local, Bits<32>>,
        mixed2: Signal<Local, Bits<32>>,
        mixed3: Signal<Local, Bits<32>>,
        mixed4: Signal<Local, Bits<32>>,
    }

    impl Logic for QuarterRound {
        #[hdl_gen]
        fn update(&mut self) {
            self.first.clock.next = self.clock.val();
            self.second.clock.next = self.clock.val();
            self.third.clock.next = self.clock.val();
            self.fourth.clock.next = self.clock.val();
            // a += b; d ^= a; d <<<= 16
            self.sum1.next = self.x.val().a + self.x.val().b;
            self.mixed1.next = self.x.val().d ^ self.sum1.val();
            self.first.d.next = self.x.val();
            self.first.d.next.a = self.sum1.val();
            self.first.d.next.d = (self.mixed1.val() << 16) | (self.mixed1.val() >> 16);
            // c += d; b ^= c; b <<<= 12
            self.sum2.next = self.first.q.val().c + self.first.q.val().d;
            self.mixed2.next = self.first.q.val().b ^ self.sum2.val();
            self.second.d.next = self.first.q.val();
            self.second.d.next.c = self.sum2.val();
            self.second.d.next.b = (self.mixed2.val() << 12) | (self.mixed2.val() >> 20);
            // a += b; d ^= a; d <<<= 8
            self.sum3.next = self.second.q.val().a + self.second.q.val().b;
            self.mixed3.next = self.second.q.val().d ^ self.sum3.val();
            self.third.d.next = self.second.q.val();
            self.third.d.next.a = self.sum3.val();
            self.third.d.next.d = (self.mixed3.val() << 8) | (self.mixed3.val() >> 24);
            // c += d; b ^= c; b <<<= 7
            self.sum4.next = self.third.q.val().c + self.third.q.val().d;
            self.mixed4.next = self.third.q.val().b ^ self.sum4.val();
            self.fourth.d.next = self.third.q.val();
            self.fourth.d.next.c = self.sum4.val();
            self.fourth.d.next.b = (self.mixed4.val() << 7) | (self.mixed4.val() >> 25);
            self.y.next = self.fourth.q.val();
        }
    }

    double_round!();
}
