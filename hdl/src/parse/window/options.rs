//! TCP options: whether one of them is an MPTCP ADD_ADDR.
//!
//! A walk over options is sequential, so it is laid out in stages. The state between them is one number: how many bytes
//! still belong to the last option, 63 where the walk has ended (at most 40 bytes follow, so it stays above zero).

use rust_hdl::prelude::*;

/// A walk's state.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Landing {
    /// Bytes to skip from here on; from 41 up, the walk has ended.
    pub skip: Bits<6>,
    /// An ADD_ADDR was met.
    pub found: Bit,
}

/// Walks two pairs of bytes: the lowest 28 bits of `s_pairs`.
///
/// A pair is 14 bits: `Landing` on its first byte, counted from the pair's end, then `Landing` on its second byte. One
/// cycle later the walk's state behind them and the other pairs, moved down.
#[derive(LogicBlock, Default)]
pub struct Walk {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// All pairs that are left.
    pub s_pairs: Signal<In, Bits<280>>,
    /// The walk's state.
    pub s: Signal<In, Landing>,
    /// The pairs behind these two.
    pub m_pairs: Signal<Out, Bits<280>>,
    /// The walk's state behind them.
    pub m: Signal<Out, Landing>,
    pairs: DFF<Bits<280>>,
    state: DFF<Landing>,
    skip: Signal<Local, Bits<6>>,
    found: Signal<Local, Bit>,
    skip1: Signal<Local, Bits<6>>,
    found1: Signal<Local, Bit>,
}

impl Logic for Walk {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, pairs, state);
        self.pairs.d.next = self.s_pairs.val() >> 28;
        self.skip.next = self.s.val().skip;
        self.found.next = self.s.val().found;
        if self.skip.val().get_bits::<5>(1).any() {
            self.skip1.next = self.skip.val() - 2;
            self.found1.next = self.found.val();
        } else if self.skip.val().get_bit(0) {
            self.skip1.next = self.s_pairs.val().get_bits::<6>(7);
            self.found1.next = self.found.val() | self.s_pairs.val().get_bit(13);
        } else {
            self.skip1.next = self.s_pairs.val().get_bits::<6>(0);
            self.found1.next = self.found.val() | self.s_pairs.val().get_bit(6);
        }
        if self.skip1.val().get_bits::<5>(1).any() {
            self.state.d.next.skip = self.skip1.val() - 2;
            self.state.d.next.found = self.found1.val();
        } else if self.skip1.val().get_bit(0) {
            self.state.d.next.skip = self.s_pairs.val().get_bits::<6>(21);
            self.state.d.next.found = self.found1.val() | self.s_pairs.val().get_bit(27);
        } else {
            self.state.d.next.skip = self.s_pairs.val().get_bits::<6>(14);
            self.state.d.next.found = self.found1.val() | self.s_pairs.val().get_bit(20);
        }
        self.m_pairs.next = self.pairs.q.val();
        self.m.next = self.state.q.val();
    }
}

/// What byte 0 says to a walk that lands on it; combinational.
///
/// Bytes behind the options' end read as zero: the walk ends there (END_OF_OPTIONS, or a length below 2), and an ADD_ADDR
/// whose third byte lies there is none (its subtype reads 0).
#[derive(LogicBlock, Default)]
pub struct Step {
    /// The byte and the two behind it.
    pub s: Signal<In, Bits<24>>,
    /// Bytes to skip behind byte 0; 63: the walk ends.
    pub skip: Signal<Out, Bits<6>>,
    /// An ADD_ADDR starts here.
    pub found: Signal<Out, Bit>,
    kind: Signal<Local, Bits<8>>,
    length: Signal<Local, Bits<8>>,
}

impl Logic for Step {
    #[hdl_gen]
    fn update(&mut self) {
        self.kind.next = self.s.val().get_bits::<8>(0);
        self.length.next = self.s.val().get_bits::<8>(8);
        self.found.next = (self.kind.val() == 30)
            & (self.length.val() >= 3)
            & (self.s.val().get_bits::<4>(20) == 3);
        self.skip.next = bit_cast::<6, 8>(self.length.val() - 1);
        if (self.kind.val() == 0) | (self.length.val() < 2) | (self.length.val() > 40) {
            self.skip.next = 63.into();
        }
        if self.kind.val() == 1 {
            self.skip.next = 0.into();
        }
    }
}

/// Two bytes' `Step`s, as `Walk` takes them.
///
/// In: the pair and the two bytes behind it. Out, two cycles later: `m`, 14 bits.
#[derive(LogicBlock, Default)]
pub struct Pair {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// The pair and the two bytes behind it.
    pub s: Signal<In, Bits<32>>,
    /// Its landings.
    pub m: Signal<Out, Bits<14>>,
    first: Step,
    second: Step,
    skip0: DFF<Bits<6>>,
    found0: DFF<Bit>,
    skip1: DFF<Bits<6>>,
    found1: DFF<Bit>,
    skip: Signal<Local, Bits<6>>,
    found: Signal<Local, Bits<1>>,
    behind: Signal<Local, Bits<1>>,
    landings: DFF<Bits<14>>,
}

impl Logic for Pair {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, skip0, found0, skip1, found1, landings);
        self.first.s.next = self.s.val().get_bits::<24>(0);
        self.second.s.next = self.s.val().get_bits::<24>(8);
        self.skip0.d.next = self.first.skip.val();
        self.found0.d.next = self.first.found.val();
        self.skip1.d.next = self.second.skip.val();
        self.found1.d.next = self.second.found.val();
        self.skip.next = self.skip0.q.val() - 1;
        self.found.next = self.found0.q.val().into();
        self.behind.next = self.found1.q.val().into();
        if self.skip0.q.val() == 0 {
            self.skip.next = self.skip1.q.val();
            self.found.next = self.found1.q.val().into();
        }
        self.landings.d.next = bit_cast::<14, 6>(self.skip.val())
            | (bit_cast::<14, 1>(self.found.val()) << 6)
            | (bit_cast::<14, 6>(self.skip1.q.val()) << 7)
            | (bit_cast::<14, 1>(self.behind.val()) << 13);
        self.m.next = self.landings.q.val();
    }
}

/// The first `s_words` four-byte words, zeros behind them; combinational.
#[derive(LogicBlock, Default)]
pub struct Mask {
    /// Ten words.
    pub s_bytes: Signal<In, Bits<320>>,
    /// How many count.
    pub s_words: Signal<In, Bits<4>>,
    /// Those that count, and one of zeros.
    pub m: Signal<Out, Bits<352>>,
    kept: Signal<Local, Bits<352>>,
}

seq_macro::seq!(W in 0..10 {
impl Logic for Mask {
    #[hdl_gen]
    fn update(&mut self) {
        self.kept.next = 0.into();
        #(
        if self.s_words.val() > W {
            self.kept.next = self.kept.val()
                | (bit_cast::<352, 32>(self.s_bytes.val().get_bits::<32>(32 * W)) << (32 * W));
        }
        )*
        self.m.next = self.kept.val();
    }
}
});

/// Whether a walk over TCP options meets an ADD_ADDR: `Tcp::announces_address`.
///
/// In: the options' 40 bytes and how many four-byte words of them there are, 0 where it is no plain TCP. Out:
/// `m_found`, `Options::LATENCY` cycles later.
#[derive(LogicBlock)]
pub struct Options {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// The options' bytes and whatever comes behind them.
    pub s_bytes: Signal<In, Bits<320>>,
    /// Four-byte words of options.
    pub s_words: Signal<In, Bits<4>>,
    /// An ADD_ADDR is among them.
    pub m_found: Signal<Out, Bit>,
    mask: Mask,
    bytes: DFF<Bits<352>>,
    pair: [Pair; 20],
    pairs: Signal<Local, Bits<280>>,
    walk: [Walk; 10],
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            s_bytes: Signal::default(),
            s_words: Signal::default(),
            m_found: Signal::default(),
            mask: Mask::default(),
            bytes: DFF::default(),
            pair: array_init::array_init(|_| Pair::default()),
            pairs: Signal::default(),
            walk: array_init::array_init(|_| Walk::default()),
        }
    }
}

impl Options {
    /// Cycles from `s_bytes` to `m_found`.
    pub const LATENCY: usize = 13;
}

seq_macro::seq!(P in 0..20 {
impl Logic for Options {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, bytes);
        self.mask.s_bytes.next = self.s_bytes.val();
        self.mask.s_words.next = self.s_words.val();
        self.bytes.d.next = self.mask.m.val();
        self.pairs.next = 0.into();
        #(
        self.pair[P].clock.next = self.clock.val();
        self.pair[P].s.next = self.bytes.q.val().get_bits::<32>(16 * P);
        self.pairs.next = self.pairs.val() | (bit_cast::<280, 14>(self.pair[P].m.val()) << (14 * P));
        )*
        for k in 0..10 {
            self.walk[k].clock.next = self.clock.val();
        }
        self.walk[0].s_pairs.next = self.pairs.val();
        self.walk[0].s.next.skip = 0.into();
        self.walk[0].s.next.found = false;
        for k in 1..10 {
            self.walk[k].s_pairs.next = self.walk[k - 1].m_pairs.val();
            self.walk[k].s.next = self.walk[k - 1].m.val();
        }
        self.m_found.next = self.walk[9].m.val().found;
    }
}
});
