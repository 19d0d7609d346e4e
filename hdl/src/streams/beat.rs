//! Lanes of a beat: which bytes of it a range of the frame covers.
//!
//! Beat j of a frame holds its bytes from K j on, the first in lane 0. A set of lanes is K bits, lane 0 lowest. All of
//! these blocks are combinational.
//!
//! ```
//! use fogline_hdl::emit::verilog;
//! use fogline_hdl::streams::beat::Below;
//!
//! // With at = 70 and beat = 1: lanes 0 to 5, the frame's bytes 64 to 69.
//! let text = verilog(Below::<64>::default(), "below");
//! assert!(text.contains("module below("));
//! ```

use rust_hdl::prelude::*;

/// Lanes of a beat that stand before an offset of the frame.
#[derive(LogicBlock)]
pub struct Below<const K: usize> {
    /// The offset.
    pub at: Signal<In, Bits<16>>,
    /// The beat's number.
    pub beat: Signal<In, Bits<16>>,
    /// The lanes.
    pub lanes: Signal<Out, Bits<K>>,
    high: Signal<Local, Bits<16>>,
    low: Signal<Local, Bits<16>>,
    above: Signal<Local, Bits<K>>,
    shift: Constant<Bits<16>>,
    mask: Constant<Bits<16>>,
    all: Constant<Bits<K>>,
}

impl<const K: usize> Default for Below<K> {
    fn default() -> Self {
        Self {
            at: Default::default(),
            beat: Default::default(),
            lanes: Default::default(),
            high: Default::default(),
            low: Default::default(),
            above: Default::default(),
            shift: Constant::new(shift(K)),
            mask: Constant::new((K as u64 - 1).into()),
            all: Constant::new(Bits::<K>::mask()),
        }
    }
}

impl<const K: usize> Logic for Below<K> {
    #[hdl_gen]
    fn update(&mut self) {
        self.high.next = self.at.val() >> self.shift.val();
        self.low.next = self.at.val() & self.mask.val();
        self.above.next = self.all.val() << self.low.val();
        self.lanes.next = 0.into();
        if self.high.val() > self.beat.val() {
            self.lanes.next = self.all.val();
        } else if self.high.val() == self.beat.val() {
            self.lanes.next = !self.above.val();
        }
    }
}

/// The one lane of a beat that stands at an offset of the frame, if any.
#[derive(LogicBlock)]
pub struct Single<const K: usize> {
    /// The offset counts.
    pub valid: Signal<In, Bit>,
    /// The offset.
    pub at: Signal<In, Bits<16>>,
    /// The beat's number.
    pub beat: Signal<In, Bits<16>>,
    /// The lane.
    pub lanes: Signal<Out, Bits<K>>,
    high: Signal<Local, Bits<16>>,
    low: Signal<Local, Bits<16>>,
    shift: Constant<Bits<16>>,
    mask: Constant<Bits<16>>,
    one: Constant<Bits<K>>,
}

impl<const K: usize> Default for Single<K> {
    fn default() -> Self {
        Self {
            valid: Default::default(),
            at: Default::default(),
            beat: Default::default(),
            lanes: Default::default(),
            high: Default::default(),
            low: Default::default(),
            shift: Constant::new(shift(K)),
            mask: Constant::new((K as u64 - 1).into()),
            one: Constant::new(1_u64.into()),
        }
    }
}

impl<const K: usize> Logic for Single<K> {
    #[hdl_gen]
    fn update(&mut self) {
        self.high.next = self.at.val() >> self.shift.val();
        self.low.next = self.at.val() & self.mask.val();
        self.lanes.next = 0.into();
        if self.valid.val() & (self.high.val() == self.beat.val()) {
            self.lanes.next = self.one.val() << self.low.val();
        }
    }
}

/// A set of lanes, bit by bit as wide as the beat. No more than wires: each step moves the upper half of every group of
/// lanes to its place, and what the constants mask is known to be zero.
#[derive(LogicBlock)]
pub struct Spread<const D: usize, const K: usize> {
    /// The lanes.
    pub lanes: Signal<In, Bits<K>>,
    /// Each lane's lowest bit.
    pub ones: Signal<Out, Bits<D>>,
    /// All bits of each lane.
    pub bytes: Signal<Out, Bits<D>>,
    x: [Signal<Local, Bits<D>>; 9],
    groups: [Constant<Bits<D>>; 6],
}

impl<const D: usize, const K: usize> Default for Spread<D, K> {
    fn default() -> Self {
        Self {
            lanes: Default::default(),
            ones: Default::default(),
            bytes: Default::default(),
            x: Default::default(),
            // Groups of 32, 16, 8, 4, 2 lanes and single ones, in their final place.
            groups: array_init::array_init(|step| {
                let lanes = 32 >> step;
                let ones = (0..D).filter(|bit| bit % (8 * lanes) < lanes);
                Constant::new(ones.fold(Bits::<D>::default(), |bits, bit| {
                    bits.replace_bit(bit, true)
                }))
            }),
        }
    }
}

impl<const D: usize, const K: usize> Logic for Spread<D, K> {
    #[hdl_gen]
    fn update(&mut self) {
        self.x[0].next = bit_cast::<D, K>(self.lanes.val());
        self.x[1].next = (self.x[0].val() | (self.x[0].val() << 224)) & self.groups[0].val();
        self.x[2].next = (self.x[1].val() | (self.x[1].val() << 112)) & self.groups[1].val();
        self.x[3].next = (self.x[2].val() | (self.x[2].val() << 56)) & self.groups[2].val();
        self.x[4].next = (self.x[3].val() | (self.x[3].val() << 28)) & self.groups[3].val();
        self.x[5].next = (self.x[4].val() | (self.x[4].val() << 14)) & self.groups[4].val();
        self.x[6].next = (self.x[5].val() | (self.x[5].val() << 7)) & self.groups[5].val();
        self.ones.next = self.x[6].val();
        self.x[7].next = self.x[6].val() | (self.x[6].val() << 1);
        self.x[8].next = self.x[7].val() | (self.x[7].val() << 2);
        self.bytes.next = self.x[8].val() | (self.x[8].val() << 4);
    }
}

/// By how many bits an offset is shifted to give its beat.
pub(super) fn shift(lanes: usize) -> Bits<16> {
    u64::from(lanes.ilog2()).into()
}
