//! The parser of line64: it walks over a frame's headers, eight bytes at any offset a cycle.
//!
//! A frame's first 256 bytes go to a slot of [`Store`]; when the frame is whole and good, [`Steps`] fetches from it, header by
//! header, and [`Outer`] and [`Inner`] pick up what the fetched words say. A word is there three cycles after its address.
//! All checks are the reference's (`scramble::encap`, `Shape`); they run beside the walk and count at its end.
//!
//! A walk takes 24 cycles for PPPoE, 33 for L2TP, and two cycles for every four bytes of TCP options on top, next
//! frame's first included; what is no session's data takes 2 to 15.
//!
//! ```
//! let text = fogline_hdl::emit::verilog(fogline_hdl::parse::walker::Parse64::default(), "parse64");
//! assert!(text.contains("module parse64("));
//! ```

mod inner;
mod options;
mod outer;
mod steps;
mod store;

pub use inner::Inner;
pub use options::Options;
pub use outer::Outer;
pub use steps::{Phase, Steps};
pub use store::Store;

use crate::records::Parsed;
use rust_hdl::prelude::*;

/// The parser. One record for each good frame, in order.
#[derive(LogicBlock, Default)]
pub struct Parse64 {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets all frames.
    pub reset: Signal<In, Bit>,
    /// Frames come from the line: the peer is the source. Constant.
    pub receive: Signal<In, Bit>,
    /// A beat of a frame: taken always.
    pub tap_valid: Signal<In, Bit>,
    /// Its bytes.
    pub tap_data: Signal<In, Bits<64>>,
    /// The frame's last.
    pub tap_last: Signal<In, Bit>,
    /// With the last: the frame counts. Else there is no record of it.
    pub tap_good: Signal<In, Bit>,
    /// With the last: bytes in the frame.
    pub tap_length: Signal<In, Bits<14>>,
    /// A frame may start; a frame that starts one cycle late fits still.
    pub tap_ready: Signal<Out, Bit>,
    /// There is a record.
    pub m_valid: Signal<Out, Bit>,
    /// It is taken.
    pub m_ready: Signal<In, Bit>,
    /// The record.
    pub m: Signal<Out, Parsed>,
    store: Store,
    steps: Steps,
    outer: Outer,
    inner: Inner,
}

impl Logic for Parse64 {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, store, steps, outer, inner);
        self.store.reset.next = self.reset.val();
        self.store.tap_valid.next = self.tap_valid.val();
        self.store.tap_data.next = self.tap_data.val();
        self.store.tap_last.next = self.tap_last.val();
        self.store.tap_good.next = self.tap_good.val();
        self.store.tap_length.next = self.tap_length.val();
        self.tap_ready.next = self.store.tap_ready.val();
        self.store.at.next = self.steps.at.val();
        self.store.release.next = self.steps.release.val();

        self.steps.reset.next = self.reset.val();
        self.steps.receive.next = self.receive.val();
        self.steps.frame_valid.next = self.store.frame_valid.val();
        self.steps.frame_kind.next = self.store.frame_kind.val();
        self.steps.frame_tags.next = self.store.frame_tags.val();
        self.steps.word.next = self.store.word.val();
        self.steps.bad.next = self.outer.bad.val();
        self.steps.outer_v6.next = self.outer.v6.val();
        self.steps.outer_at.next = self.outer.m.val().outer_at;
        self.steps.ppp_next.next = self.outer.ppp_next.val();
        self.steps.info_next.next = self.inner.info_next.val();
        self.steps.info_at.next = self.inner.m.val().info_at;
        self.steps.payload_at.next = self.inner.m.val().payload_at;
        self.steps.v6.next = self.inner.v6.val();
        self.steps.has_options.next = self.inner.has_options.val();
        self.steps.options_done.next = self.inner.options_done.val();
        self.steps.m_ready.next = self.m_ready.val();

        self.outer.receive.next = self.receive.val();
        self.outer.start.next = self.steps.start.val();
        self.outer.frame_kind.next = self.store.frame_kind.val();
        self.outer.frame_tags.next = self.store.frame_tags.val();
        self.outer.frame_length.next = self.store.frame_length.val();
        self.outer.phase.next = self.steps.phase.val();
        self.outer.step.next = self.steps.step.val();
        self.outer.word.next = self.store.word.val();

        self.inner.phase.next = self.steps.phase.val();
        self.inner.step.next = self.steps.step.val();
        self.inner.word.next = self.store.word.val();
        self.inner.s.next = self.outer.m.val();

        self.m_valid.next = self.steps.m_valid.val();
        self.m.next = self.inner.m.val();
    }
}
