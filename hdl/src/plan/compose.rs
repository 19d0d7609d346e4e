//! The records that the plan comes to.

use super::choice::{Choice, Size};
use crate::records::{Edit, Key, Parsed, Scramble, Seal};
use rust_hdl::prelude::*;

/// Makes edit, scramble and seal of all that is known. `m_*` follows `s_*` by [`Compose::LATENCY`]; `s_outer_delta`
/// comes a cycle later than the rest.
#[derive(LogicBlock, Default)]
pub struct Compose {
    /// Everything moves on its rising edge.
    pub clock: Signal<In, Clock>,
    /// From the line. A constant level.
    pub receive: Signal<In, Bit>,
    /// The frame.
    pub s_parsed: Signal<In, Parsed>,
    /// What becomes of it.
    pub s_choice: Signal<In, Choice>,
    /// Where everything lies.
    pub s_size: Signal<In, Size>,
    /// The sequence number for it.
    pub s_sequence: Signal<In, Bits<30>>,
    /// There was none.
    pub s_refused: Signal<In, Bit>,
    /// The keys.
    pub s_key: Signal<In, Key>,
    /// The new outer IP, UDP and message lengths.
    pub s_outer_length: Signal<In, Bits<16>>,
    /// The new UDP length.
    pub s_udp_length: Signal<In, Bits<16>>,
    /// The new L2TP or PPPoE Length.
    pub s_message_length: Signal<In, Bits<16>>,
    /// The new outer IPv4 checksum.
    pub s_checksum: Signal<In, Bits<16>>,
    /// What the UDP checksum gets of flags and lengths, a cycle later.
    pub s_outer_delta: Signal<In, Bits<16>>,
    /// What is done to the frame's bytes.
    pub m_edit: Signal<Out, Edit>,
    /// What is permuted.
    pub m_scramble: Signal<Out, Scramble>,
    /// The keystream.
    pub m_seal: Signal<Out, Seal>,
    edit: DFF<Edit>,
    scramble: DFF<Scramble>,
    seal: DFF<Seal>,
    verdict: Signal<Local, Bits<5>>,
    live: Signal<Local, Bit>,
    framed: Signal<Local, Bit>,
    concealed: Signal<Local, Bit>,
    flags: Signal<Local, Bits<16>>,
    head: Signal<Local, Bits<48>>,
    inner: Signal<Local, Bits<16>>,
    number: Signal<Local, Bits<32>>,
    word: Signal<Local, Bits<32>>,
    protocol: Signal<Local, Bits<16>>,
    put: Signal<Local, Bits<80>>,
    body: Signal<Local, Bits<80>>,
    length: Signal<Local, Bits<16>>,
    e: Signal<Local, Edit>,
    p: Signal<Local, Scramble>,
    k: Signal<Local, Seal>,
    out: Signal<Local, Edit>,
    source: Signal<Local, Bits<128>>,
    low: Signal<Local, Bits<128>>,
    without_parity: Signal<Local, Bits<128>>,
}

impl Compose {
    /// Cycles from `s_parsed` to `m_edit`.
    pub const LATENCY: usize = 1;
}

impl Logic for Compose {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, edit, scramble, seal);
        // Too big comes before the counter, which was not asked then.
        self.verdict.next = self.s_choice.val().verdict;
        if self.s_size.val().too_big {
            self.verdict.next = 16.into();
        }
        if self.s_refused.val() {
            self.verdict.next = 8.into();
        }
        self.framed.next = self.s_choice.val().frame & (self.verdict.val() == 0);
        self.concealed.next = self.s_choice.val().decoy & (self.verdict.val() == 0);
        self.live.next = self.framed.val() | self.concealed.val();
        self.head.next = self.s_parsed.val().head;

        // The bytes that are put in, in lane order.
        self.number.next = bit_cast::<32, 30>(self.s_sequence.val()) | 0x8000_0000u64;
        if self.s_choice.val().parity {
            self.number.next = bit_cast::<32, 30>(self.s_sequence.val()) | 0xA000_0000u64;
        }
        if self.receive.val() {
            self.word.next = self.head.val().get_bits::<32>(0);
        } else {
            self.word.next = bit_cast::<32, 8>(self.number.val().get_bits::<8>(24))
                | (bit_cast::<32, 8>(self.number.val().get_bits::<8>(16)) << 8)
                | (bit_cast::<32, 8>(self.number.val().get_bits::<8>(8)) << 16)
                | (bit_cast::<32, 8>(self.number.val().get_bits::<8>(0)) << 24);
        }
        self.protocol.next = 0x2100.into();
        if self.s_parsed.val().ipv6 {
            self.protocol.next = 0x5700.into();
        }
        if self.framed.val() {
            self.protocol.next = 0x5300.into();
        }
        // What comes from the line as LCP leaves as what it is.
        if self.s_choice.val().lcp & !self.receive.val() {
            self.protocol.next = 0x21C0.into();
        }
        self.inner.next = self.s_parsed.val().protocol;
        self.body.next = bit_cast::<80, 16>(self.protocol.val());
        if self.framed.val() {
            self.body.next = bit_cast::<80, 16>(self.protocol.val())
                | (bit_cast::<80, 32>(self.word.val()) << 16)
                | (bit_cast::<80, 8>(self.inner.val().get_bits::<8>(8)) << 48)
                | (bit_cast::<80, 8>(self.inner.val().get_bits::<8>(0)) << 56);
        }
        self.put.next = self.body.val();
        if self.s_parsed.val().address_control {
            self.put.next = (self.body.val() << 16) | 0x03FF;
        }

        self.flags.next = self.s_parsed.val().flags & 0xFF7F;
        if self.live.val() & self.s_choice.val().mark {
            self.flags.next = self.s_parsed.val().flags | 0x0080;
        }

        self.e.next = self.edit.q.val();
        self.e.next.verdict = self.verdict.val();
        self.e.next.transformed = self.live.val();
        self.e.next.left = self.s_choice.val().left;
        self.e.next.length = self.s_parsed.val().length;
        self.e.next.at = self.s_size.val().at;
        self.e.next.cut = self.s_size.val().cut;
        self.e.next.put = self.s_size.val().put;
        self.e.next.put_bytes = self.put.val();
        self.e.next.end = self.s_size.val().end;
        self.e.next.out_end = self.s_size.val().out_end;
        self.e.next.outer_end = self.s_size.val().outer_end;
        if (self.s_size.val().put == 0) | !self.live.val() {
            self.e.next.put_bytes = 0.into();
        }
        if !self.live.val() {
            self.e.next.at = 0.into();
            self.e.next.cut = 0.into();
            self.e.next.put = 0.into();
            self.e.next.end = self.s_parsed.val().length;
            self.e.next.out_end = self.s_parsed.val().length;
            self.e.next.outer_end = self.s_parsed.val().length;
        }
        self.e.next.pad = self.live.val();
        self.e.next.mask = self.live.val();
        self.e.next.out_info_at = self.s_size.val().out_info_at;
        self.e.next.payload_at = self.s_parsed.val().payload_at;
        self.e.next.stream_from = self.s_size.val().stream_from;
        self.e.next.stream_to = self.s_size.val().stream_to;
        self.e.next.check_protocol = self.framed.val() & self.receive.val();
        self.e.next.sealed_protocol = self.head.val().get_bits::<16>(32);
        self.e.next.fix_outer =
            self.live.val() | (self.s_choice.val().strip & (self.verdict.val() == 0));
        self.e.next.kind = self.s_parsed.val().kind;
        self.e.next.outer_at = self.s_parsed.val().outer_at;
        self.e.next.udp_at = self.s_parsed.val().udp_at;
        self.e.next.message_at = self.s_parsed.val().message_at;
        self.e.next.has_message_length = self.s_parsed.val().has_message_length;
        self.e.next.outer_length = self.s_outer_length.val();
        self.e.next.outer_checksum = self.s_checksum.val();
        self.e.next.udp_length = self.s_udp_length.val();
        self.e.next.udp_checksum = self.s_parsed.val().udp_checksum;
        self.e.next.flags = self.flags.val();
        self.e.next.message_length = self.s_message_length.val();
        self.e.next.outer_delta = 0.into();
        self.e.next.fix_ip = self.concealed.val() & self.s_parsed.val().ipv4;
        self.e.next.ip_options =
            self.concealed.val() & self.s_parsed.val().ipv4 & (self.s_parsed.val().summed != 20);
        self.e.next.ip_checksum = self.s_parsed.val().ip_checksum;
        self.e.next.ip_delta = 0.into();
        self.e.next.fix_transport = self.concealed.val() & self.s_parsed.val().ports;
        self.e.next.tcp = self.s_parsed.val().tcp;
        self.e.next.v6 = self.s_parsed.val().ipv6;
        self.e.next.transport_checksum = self.s_parsed.val().transport_checksum;
        self.e.next.transport_delta = 0.into();
        self.e.next.sum_from = self.s_size.val().sum_from;
        self.e.next.sum_to = self.s_size.val().sum_to;
        self.e.next.parity =
            self.concealed.val() & self.s_choice.val().parity & !self.receive.val();
        self.e.next.old_parity = self.s_parsed.val().parity;
        self.e.next.receive = self.receive.val();
        self.e.next.queue = 0.into();
        if self.live.val() & self.receive.val() {
            self.e.next.queue = self.s_choice.val().queue;
        }
        self.edit.d.next = self.e.val();

        self.source.next = self.s_parsed.val().source;
        self.low.next = 0x10.into();
        self.without_parity.next = !self.low.val();
        self.length.next = bit_cast::<16, 14>(self.s_parsed.val().total) - 20;
        self.p.next = self.scramble.q.val();
        self.p.next.active = self.concealed.val();
        self.p.next.v6 = self.s_parsed.val().ipv6;
        self.p.next.ports = self.s_parsed.val().ports;
        self.p.next.from_higher = self.s_choice.val().from_higher;
        self.p.next.set_value_next(self.s_parsed.val().next);
        self.p.next.length = self.length.val();
        self.p.next.t = self.s_parsed.val().t;
        self.p.next.n = self.s_parsed.val().block_length;
        self.p.next.prp = self.s_key.val().prp;
        self.p.next.source = self.s_parsed.val().source;
        if self.s_parsed.val().ipv6 {
            self.p.next.length = self.length.val() - 20;
            // The permutation does not see the parity: bit 0x10 of the first byte.
            self.p.next.source = self.source.val() & self.without_parity.val();
        }
        self.p.next.destination = self.s_parsed.val().destination;
        self.p.next.source_port = self.s_parsed.val().source_port;
        self.p.next.destination_port = self.s_parsed.val().destination_port;
        self.p.next.block = self.s_parsed.val().block;
        self.scramble.d.next = self.p.val();

        self.k.next = self.seal.q.val();
        self.k.next.blocks = 0.into();
        if self.live.val() {
            self.k.next.blocks = self.s_size.val().blocks;
        }
        self.k.next.key = self.s_key.val().data;
        self.k.next.nonce = bit_cast::<96, 32>(self.word.val()) << 64;
        self.seal.d.next = self.k.val();

        self.out.next = self.edit.q.val();
        self.out.next.outer_delta = self.s_outer_delta.val();
        self.m_edit.next = self.out.val();
        self.m_scramble.next = self.scramble.q.val();
        self.m_seal.next = self.seal.q.val();
    }
}
