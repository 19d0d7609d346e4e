//! The table's hash function: Toeplitz, one key a cycle. Its twin is `fogline_card::registers::toeplitz`.

#![expect(missing_docs, reason = "LogicStruct derives methods without docs")]

use rust_hdl::prelude::*;

/// Cycles from key to hash.
pub const LATENCY: usize = 2;

/// Seeds of the two hash functions, the first word lowest.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Seeds {
    /// Function 0's.
    pub first: Bits<192>,
    /// Function 1's.
    pub second: Bits<192>,
}

/// Nine bits of the key against nine windows of the seed. Latency 1.
#[derive(LogicBlock, Default)]
pub struct Chunk {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Nine bits of the key.
    pub key: Signal<In, Bits<9>>,
    /// The seed from the first one's place on.
    pub seed: Signal<In, Bits<25>>,
    /// XOR of the windows that meet a one.
    pub hash: Signal<Out, Bits<17>>,
    sum: DFF<Bits<17>>,
    partial: Signal<Local, Bits<17>>,
}

seq_macro::seq!(N in 0..9 {
    impl Logic for Chunk {
        #[hdl_gen]
        fn update(&mut self) {
            dff_setup!(self, clock, sum);
            self.partial.next = 0.into();
            #(
            if self.key.val().get_bit(N) {
                self.partial.next = self.partial.val() ^ self.seed.val().get_bits::<17>(N);
            }
            )*
            self.sum.d.next = self.partial.val();
            self.hash.next = self.sum.q.val();
        }
    }
});

/// Bit j of the hash is the XOR of all key bits i that meet a one at bit i + j of the seed. Latency [`LATENCY`]; a key and
/// a seed each cycle.
#[derive(LogicBlock)]
pub struct Toeplitz {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// kind, peer, ids: the first lowest.
    pub key: Signal<In, Bits<162>>,
    /// The seed.
    pub seed: Signal<In, Bits<192>>,
    /// The hash.
    pub hash: Signal<Out, Bits<17>>,
    chunks: [Chunk; 18],
    sum: DFF<Bits<17>>,
    partial: Signal<Local, Bits<17>>,
}

impl Default for Toeplitz {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            key: Default::default(),
            seed: Default::default(),
            hash: Default::default(),
            chunks: array_init::array_init(|_| Default::default()),
            sum: Default::default(),
            partial: Default::default(),
        }
    }
}

impl Logic for Toeplitz {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, sum);
        self.partial.next = 0.into();
        for k in 0..18 {
            self.chunks[k].clock.next = self.clock.val();
            self.chunks[k].key.next = self.key.val().get_bits::<9>(9 * k);
            self.chunks[k].seed.next = self.seed.val().get_bits::<25>(9 * k);
            self.partial.next = self.partial.val() ^ self.chunks[k].hash.val();
        }
        self.sum.d.next = self.partial.val();
        self.hash.next = self.sum.q.val();
    }
}
