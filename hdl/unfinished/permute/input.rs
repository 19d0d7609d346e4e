//! What a half round asks the PRF.

use super::Fixed;
use rust_hdl::prelude::*;

/// The PRF's key and input of the tuple's half rounds.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
struct TupleInput {
    secret: Bits<128>,
    address: Bits<128>,
    port: Bits<16>,
    protocol: Bits<8>,
    version: Bits<8>,
    round: Bits<8>,
    zero: Bits<88>,
}

/// The PRF's key and input of the block's half rounds.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
struct BlockInput {
    secret: Bits<128>,
    half: Bits<128>,
    length: Bits<16>,
    protocol: Bits<8>,
    direction: Bits<8>,
    round: Bits<8>,
    n: Bits<8>,
    source_port: Bits<16>,
    destination_port: Bits<16>,
    t: Bits<32>,
    zero: Bits<16>,
}

/// What half round `round` gives to ChaCha8, combinational.
///
/// Inputs: what stays, `from`: the half that the round reads (X or a in even rounds, else Y or b), both ports as they stand
/// on the wire where the round is of the block. Output: `seed`, the initial state without the constants.
#[derive(LogicBlock, Default)]
pub struct Input {
    /// 0 to 7.
    pub round: Signal<In, Bits<3>>,
    /// What stays.
    pub fixed: Signal<In, Fixed>,
    /// The half that is read.
    pub from: Signal<In, Bits<128>>,
    /// The lower end's port.
    pub x_port: Signal<In, Bits<16>>,
    /// The higher end's.
    pub y_port: Signal<In, Bits<16>>,
    /// The PRF's key and input.
    pub seed: Signal<Out, Bits<384>>,
    tuple: Signal<Local, TupleInput>,
    block: Signal<Local, BlockInput>,
    length: Signal<Local, Bits<16>>,
    x_bytes: Signal<Local, Bits<16>>,
    y_bytes: Signal<Local, Bits<16>>,
}

impl Logic for Input {
    #[hdl_gen]
    fn update(&mut self) {
        // Numbers are big-endian in the input.
        self.length.next = self.fixed.val().length;
        self.x_bytes.next = (self.x_port.val() << 8) | (self.x_port.val() >> 8);
        self.y_bytes.next = (self.y_port.val() << 8) | (self.y_port.val() >> 8);

        self.tuple.next.secret = self.fixed.val().prp;
        self.tuple.next.address = self.from.val();
        if self.round.val().get_bit(0) {
            self.tuple.next.port = self.y_bytes.val();
        } else {
            self.tuple.next.port = self.x_bytes.val();
        }
        self.tuple.next.protocol = self.fixed.val().protocol;
        if self.fixed.val().v6 {
            self.tuple.next.version = 6.into();
        } else {
            self.tuple.next.version = 4.into();
        }
        self.tuple.next.round = bit_cast::<8, 3>(self.round.val());
        self.tuple.next.zero = 0.into();

        self.block.next.secret = self.fixed.val().prp;
        self.block.next.half = self.from.val();
        self.block.next.length = (self.length.val() << 8) | (self.length.val() >> 8);
        self.block.next.protocol = self.fixed.val().protocol;
        self.block.next.direction = bit_cast::<8, 1>(self.fixed.val().from_higher.into());
        self.block.next.round = bit_cast::<8, 3>(self.round.val());
        self.block.next.n = bit_cast::<8, 6>(self.fixed.val().n);
        if self.fixed.val().from_higher {
            self.block.next.source_port = self.y_bytes.val();
            self.block.next.destination_port = self.x_bytes.val();
        } else {
            self.block.next.source_port = self.x_bytes.val();
            self.block.next.destination_port = self.y_bytes.val();
        }
        self.block.next.t = self.fixed.val().t;
        self.block.next.zero = 0.into();

        if self.round.val().get_bit(2) {
            self.seed.next = self.block.val().into();
        } else {
            self.seed.next = self.tuple.val().into();
        }
    }
}
