//! Which protocols may stand inside a framed packet.

use rust_hdl::prelude::*;

/// Uncovers a framed packet's protocol and says whether it may travel scrambled: it is a protocol number (RFC 1661, the
/// first byte even) and none of the link's own (LCP, ECP, PAP, CHAP, EAP). Combinational.
///
/// ```
/// use fogline_hdl::emit::verilog;
/// use fogline_hdl::streams::protocol::Allowed;
///
/// assert!(verilog(Allowed::default(), "allowed").contains("module allowed("));
/// ```
#[derive(LogicBlock, Default)]
pub struct Allowed {
    /// The covered protocol, a number.
    pub sealed: Signal<In, Bits<16>>,
    /// The keystream's first two bytes.
    pub stream: Signal<In, Bits<16>>,
    /// It is allowed.
    pub allowed: Signal<Out, Bit>,
    protocol: Signal<Local, Bits<16>>,
}

impl Logic for Allowed {
    #[hdl_gen]
    fn update(&mut self) {
        self.protocol.next =
            self.sealed.val() ^ ((self.stream.val() << 8) | (self.stream.val() >> 8));
        self.allowed.next = !self.protocol.val().get_bit(8)
            & (self.protocol.val() != 0xC021)
            & (self.protocol.val() != 0x8053)
            & (self.protocol.val() != 0xC023)
            & (self.protocol.val() != 0xC223)
            & (self.protocol.val() != 0xC227);
    }
}
