//! What the parts of the plan tell each other of a frame.

#![expect(missing_docs, reason = "LogicStruct derives methods without docs")]

use rust_hdl::prelude::*;

/// What becomes of a frame, before its size and its sequence number have their say.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Choice {
    /// 0: forward. Else the drop reason.
    pub verdict: Bits<5>,
    /// Left to the host: 1 for a received hello, 2 for an exception.
    pub left: Bits<2>,
    /// It passes, its mark taken off.
    pub strip: Bit,
    /// HEADER framing is put on or taken off.
    pub frame: Bit,
    /// A decoy is made or undone.
    pub decoy: Bit,
    /// The parity of the epoch whose keys are used.
    pub parity: Bit,
    /// Their slot.
    pub slot: Bits<17>,
    /// The carrier is LCP.
    pub lcp: Bit,
    /// The sender is the higher end.
    pub from_higher: Bit,
    /// It leaves with the host link mark.
    pub mark: Bit,
    /// The epoch that is sent with.
    pub epoch: Bits<16>,
    /// The queue of decoded frames.
    pub queue: Bits<16>,
}

/// Where everything lies before and after, as [`Edit`](crate::records::Edit) has it.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Size {
    /// The PPP header is replaced from here on.
    pub at: Bits<8>,
    /// Bytes left out there.
    pub cut: Bits<4>,
    /// Bytes put in there.
    pub put: Bits<4>,
    /// Bytes of the frame from here on are left out.
    pub end: Bits<14>,
    /// Length on leaving.
    pub out_end: Bits<14>,
    /// Behind what the outer UDP checksum covered.
    pub outer_end: Bits<14>,
    /// Out offset of the information field.
    pub out_info_at: Bits<8>,
    /// Keystream covers out bytes from here ...
    pub stream_from: Bits<9>,
    /// ... to here.
    pub stream_to: Bits<14>,
    /// Its 64-byte blocks.
    pub blocks: Bits<8>,
    /// The inner sum covers out bytes from here ...
    pub sum_from: Bits<9>,
    /// ... to here.
    pub sum_to: Bits<14>,
    /// It is transformed and too long to leave.
    pub too_big: Bit,
}
