//! The parser of `line100`: the frame's first 256 bytes side by side, one frame a cycle.
//!
//! [`Parse100`] is a pipeline of constant latency; every stage reads one header, and what it needs of the frame's
//! bytes comes to it by shifts of few candidates each:
//!
//! ```text
//! Collect -> Link -> Network -> Datagram -> Ppp -> Shift -> Packet -> Payload, Options -> Parsed
//! ```
//!
//! ```
//! use fogline_hdl::{emit, parse::window::Parse100};
//!
//! let verilog = emit::verilog(Parse100::default(), "parse100");
//! assert!(verilog.contains("module parse100("));
//! ```

pub mod collect;
pub mod datagram;
pub mod delay;
pub mod link;
pub mod network;
pub mod options;
pub mod packet;
pub mod payload;
pub mod ppp;
pub mod shift;

use crate::records::Parsed;
use collect::Collect;
use datagram::{Datagram, Message};
use delay::Delay;
use link::Link;
use network::Network;
use options::Options;
use packet::{Packet, Shaped};
use payload::Payload;
use ppp::{Framed, Ppp};
use rust_hdl::prelude::*;
use shift::Shift;

/// Reads each good frame's headers.
///
/// In: the tap, one beat a cycle at most and no `ready`; cycles without one may come anywhere, and a frame may be one beat.
/// `receive` is constant. Out: `m`, in order, one for each good frame, [`Parse100::LATENCY`] cycles after its last beat.
/// Bytes of `tap_data` past the frame's end have no influence.
#[derive(LogicBlock, Default)]
pub struct Parse100 {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets an unfinished frame and those in flight.
    pub reset: Signal<In, Bit>,
    /// The peer is the source (from the line) instead of the destination.
    pub receive: Signal<In, Bit>,
    /// A beat is there.
    pub tap_valid: Signal<In, Bit>,
    /// Its bytes.
    pub tap_data: Signal<In, Bits<512>>,
    /// It is the frame's last.
    pub tap_last: Signal<In, Bit>,
    /// With the last: the frame is whole.
    pub tap_good: Signal<In, Bit>,
    /// With the last: its bytes.
    pub tap_length: Signal<In, Bits<14>>,
    /// A frame's headers are there.
    pub m_valid: Signal<Out, Bit>,
    /// What they say.
    pub m: Signal<Out, Parsed>,
    collect: Collect,
    window: Signal<Local, Bits<2048>>,
    link: Link,
    network: Network,
    outer: Delay<Bits<624>, 4>,
    datagram: Datagram,
    ppp: Ppp,
    body: Delay<Bits<1792>, 11>,
    shift: Shift,
    info_length: Delay<Bits<14>, 4>,
    packet: Packet,
    inner: Delay<Bits<896>, 3>,
    bytes: Signal<Local, Bits<896>>,
    payload: Payload,
    options: Options,
    // To the end: cycle 32.
    valid: DFF<Bits<31>>,
    length: Delay<Bits<14>, 31>,
    message: Delay<Message, 23>,
    framed: Delay<Framed, 20>,
    shaped: Delay<Shaped, 13>,
    block: Delay<Bits<256>, 9>,
    block_length: Delay<Bits<6>, 9>,
    hello: Delay<Bit, 9>,
    frame: Signal<Local, Framed>,
    shape: Signal<Local, Shaped>,
    told: Signal<Local, Message>,
    frame_told: Signal<Local, Framed>,
    shape_told: Signal<Local, Shaped>,
}

impl Parse100 {
    /// Cycles from a frame's last beat to `m_valid`.
    pub const LATENCY: usize = 32;
}

impl Logic for Parse100 {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, valid);
        self.collect.clock.next = self.clock.val();
        self.link.clock.next = self.clock.val();
        self.network.clock.next = self.clock.val();
        self.outer.clock.next = self.clock.val();
        self.datagram.clock.next = self.clock.val();
        self.ppp.clock.next = self.clock.val();
        self.body.clock.next = self.clock.val();
        self.shift.clock.next = self.clock.val();
        self.info_length.clock.next = self.clock.val();
        self.packet.clock.next = self.clock.val();
        self.inner.clock.next = self.clock.val();
        self.payload.clock.next = self.clock.val();
        self.options.clock.next = self.clock.val();
        self.length.clock.next = self.clock.val();
        self.message.clock.next = self.clock.val();
        self.framed.clock.next = self.clock.val();
        self.shaped.clock.next = self.clock.val();
        self.block.clock.next = self.clock.val();
        self.block_length.clock.next = self.clock.val();
        self.hello.clock.next = self.clock.val();

        // Cycle 1: the window.
        self.collect.reset.next = self.reset.val();
        self.collect.tap_valid.next = self.tap_valid.val();
        self.collect.tap_data.next = self.tap_data.val();
        self.collect.tap_last.next = self.tap_last.val();
        self.collect.tap_good.next = self.tap_good.val();
        self.collect.tap_length.next = self.tap_length.val();
        self.window.next = self.collect.m_window.val();
        self.link.receive.next = self.receive.val();
        self.link.s_head.next = self.window.val().get_bits::<528>(0);
        self.link.s_length.next = self.collect.m_length.val();
        self.outer.s.next = self.window.val().get_bits::<624>(272);
        self.body.s.next = self.window.val().get_bits::<1792>(160);
        self.length.s.next = self.collect.m_length.val();
        // Cycle 3: the network header.
        self.network.receive.next = self.receive.val();
        self.network.s.next = self.link.m.val();
        self.network.s_network.next = self.link.m_network.val();
        // Cycle 5: UDP and L2TP.
        self.datagram.s.next = self.network.m.val();
        self.datagram.s_bytes.next = self.outer.m.val();
        // Cycle 9: PPP.
        self.ppp.s.next = self.datagram.m.val();
        self.message.s.next = self.datagram.m.val();
        // Cycle 12: the information field to byte 0.
        self.frame.next = self.ppp.m.val();
        self.shift.s_by.next = self.frame.val().shift;
        self.shift.s_bytes.next = self.body.m.val();
        self.info_length.s.next = self.frame.val().info_length;
        self.framed.s.next = self.ppp.m.val();
        // Cycle 16: the inner packet.
        self.packet.s_info.next = self.shift.m_bytes.val();
        self.packet.s_length.next = self.info_length.m.val();
        self.inner.s.next = self.shift.m_bytes.val().get_bits::<896>(160);
        // Cycle 19: payload and options.
        self.shape.next = self.packet.m.val();
        self.bytes.next = self.inner.m.val();
        self.payload.s_at.next = self.shape.val().payload_at;
        self.payload.s_total.next = self.shape.val().total;
        self.payload.s_tcp.next = self.shape.val().tcp;
        self.payload.s_bytes.next = self.bytes.val().get_bits::<896>(0);
        self.options.s_words.next = self.shape.val().options;
        self.options.s_bytes.next = self.bytes.val().get_bits::<320>(160);
        if self.shape.val().ipv6 {
            self.options.s_bytes.next = self.bytes.val().get_bits::<320>(320);
        }
        self.shaped.s.next = self.packet.m.val();
        // Cycle 23.
        self.block.s.next = self.payload.m_block.val();
        self.block_length.s.next = self.payload.m_length.val();
        self.hello.s.next = self.payload.m_hello.val();
        // Cycle 32.
        self.valid.d.next =
            (self.valid.q.val() << 1) | bit_cast::<31, 1>(self.collect.m_valid.val().into());
        if self.reset.val() {
            self.valid.d.next = 0.into();
        }
        self.m_valid.next = self.valid.q.val().get_bit(30);
        self.told.next = self.message.m.val();
        self.frame_told.next = self.framed.m.val();
        self.shape_told.next = self.shaped.m.val();
        self.m.next.length = self.length.m.val();
        self.m.next.kind = self.told.val().kind;
        self.m.next.fault = self.told.val().fault;
        self.m.next.marked = self.told.val().marked;
        self.m.next.peer = self.told.val().peer;
        self.m.next.ids = self.told.val().ids;
        self.m.next.outer_at = self.told.val().outer_at;
        self.m.next.udp_at = self.told.val().udp_at;
        self.m.next.message_at = self.told.val().message_at;
        self.m.next.ppp_at = self.told.val().ppp_at;
        self.m.next.outer_length = self.told.val().outer_length;
        self.m.next.outer_checksum = self.told.val().outer_checksum;
        self.m.next.udp_length = self.told.val().udp_length;
        self.m.next.udp_checksum = self.told.val().udp_checksum;
        self.m.next.flags = self.told.val().flags;
        self.m.next.has_message_length = self.told.val().has_message_length;
        self.m.next.message_length = self.told.val().message_length;
        self.m.next.ppp_end = self.frame_told.val().ppp_end;
        self.m.next.not_ppp = self.frame_told.val().not_ppp;
        self.m.next.address_control = self.frame_told.val().address_control;
        self.m.next.compressed = self.frame_told.val().compressed;
        self.m.next.protocol = self.frame_told.val().protocol;
        self.m.next.info_at = self.frame_told.val().info_at;
        self.m.next.head = self.shape_told.val().head;
        self.m.next.ipv4 = self.shape_told.val().ipv4;
        self.m.next.ipv6 = self.shape_told.val().ipv6;
        self.m.next.parity = self.shape_told.val().parity;
        self.m.next.total = self.shape_told.val().total;
        self.m.next.set_value_next(self.shape_told.val().protocol);
        self.m.next.ports = self.shape_told.val().ports;
        self.m.next.tcp = self.shape_told.val().tcp;
        self.m.next.payload_at = self.shape_told.val().payload_at;
        self.m.next.summed = self.shape_told.val().summed;
        self.m.next.source = self.shape_told.val().source;
        self.m.next.destination = self.shape_told.val().destination;
        self.m.next.source_port = self.shape_told.val().source_port;
        self.m.next.destination_port = self.shape_told.val().destination_port;
        self.m.next.t = self.shape_told.val().t;
        self.m.next.ip_checksum = self.shape_told.val().ip_checksum;
        self.m.next.transport_checksum = self.shape_told.val().transport_checksum;
        self.m.next.plain = self.shape_told.val().plain & !self.options.m_found.val();
        self.m.next.block = self.block.m.val();
        self.m.next.block_length = self.block_length.m.val();
        self.m.next.hello = self.hello.m.val();
    }
}
