//! What becomes of a frame: pass, drop, frame or decoy.
//!
//! This is `scramble::transform::session` in three steps: what the bytes say, what they mean in the session, and which
//! of all reasons comes first.

use super::choice::Choice;
use crate::records::{Descriptor, Parsed, Policy};
use rust_hdl::prelude::*;

/// Step 1: what the protocol and the first byte are, whoever sent them.
#[expect(missing_docs, reason = "LogicStruct derives methods without docs")]
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Facts {
    /// The protocol is LCP's.
    pub lcp: Bit,
    /// It is one of the link's own.
    pub link: Bit,
    /// It is that of framed packets.
    pub scrambled: Bit,
    /// It is IP's, and the packet one of that version that a DECOY sender could have made.
    pub ip: Bit,
    /// It is IPv4's or IPv6's.
    pub version: Bit,
    /// The information field starts with bits 10.
    pub word: Bit,
    /// It starts with an IP version.
    pub nibble: Bit,
    /// The word's parity.
    pub word_parity: Bit,
    /// No room for word and protocol.
    pub short: Bit,
}

/// Step 2: what the frame is in its session.
#[expect(missing_docs, reason = "LogicStruct derives methods without docs")]
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Form {
    /// A session whose direction has a transform, and the host does not keep out.
    pub session: Bit,
    /// Without that: the drop reason.
    pub miss: Bits<5>,
    /// Without that: left to the host.
    pub left: Bits<2>,
    /// It travels as it is.
    pub control: Bit,
    /// It comes or goes framed.
    pub framed: Bit,
    /// It comes or goes as a decoy.
    pub decoy: Bit,
    /// As the drop reason that it has by its form alone; 0 for none.
    pub refused: Bits<5>,
    /// A hello that is left to the host.
    pub hello: Bit,
    /// The parity of its keys.
    pub parity: Bit,
    /// The carrier is LCP.
    pub lcp: Bit,
    /// The mark goes where the frame passes.
    pub strip: Bit,
}

/// Decides. One frame a cycle.
///
/// - `s_parsed`, `s_hit` (with the policy's leave): in cycle 0; `s_descriptor`: in cycle 1.
/// - `m_choice`: in cycle 3, [`Decide::LATENCY`] later.
#[derive(LogicBlock, Default)]
pub struct Decide {
    /// Everything moves on its rising edge.
    pub clock: Signal<In, Clock>,
    /// From the line. A constant level.
    pub receive: Signal<In, Bit>,
    /// What is done with strangers.
    pub policy: Signal<In, Policy>,
    /// The frame.
    pub s_parsed: Signal<In, Parsed>,
    /// There is an entry for it.
    pub s_hit: Signal<In, Bit>,
    /// The entry's session, a cycle later.
    pub s_descriptor: Signal<In, Descriptor>,
    /// What becomes of the frame.
    pub m_choice: Signal<Out, Choice>,
    facts: DFF<Facts>,
    hit: DFF<Bit>,
    parsed: DFF<Parsed>,
    form: DFF<Form>,
    descriptor: DFF<Descriptor>,
    choice: DFF<Choice>,
    head: Signal<Local, Bits<48>>,
    first: Signal<Local, Bits<4>>,
    info_length: Signal<Local, Bits<14>>,
    fact: Signal<Local, Facts>,
    f: Signal<Local, Form>,
    transform: Signal<Local, Bits<2>>,
    lcp: Signal<Local, Bit>,
    by_lcp: Signal<Local, Bit>,
    marked: Signal<Local, Bit>,
    epoch: Signal<Local, Bits<16>>,
    found: Signal<Local, Bit>,
    c: Signal<Local, Choice>,
    key: Signal<Local, Bit>,
}

impl Decide {
    /// Cycles from `s_parsed` to `m_choice`.
    pub const LATENCY: usize = 3;
}

impl Logic for Decide {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, facts, hit, parsed, form, descriptor, choice);

        // Cycle 0.
        self.head.next = self.s_parsed.val().head;
        self.first.next = self.head.val().get_bits::<4>(4);
        self.info_length.next =
            self.s_parsed.val().ppp_end - bit_cast::<14, 8>(self.s_parsed.val().info_at);
        self.fact.next = self.facts.q.val();
        self.fact.next.lcp = self.s_parsed.val().protocol == 0xC021;
        self.fact.next.link = (self.s_parsed.val().protocol == 0xC021)
            | (self.s_parsed.val().protocol == 0x8053)
            | (self.s_parsed.val().protocol == 0xC023)
            | (self.s_parsed.val().protocol == 0xC223)
            | (self.s_parsed.val().protocol == 0xC227);
        self.fact.next.scrambled = self.s_parsed.val().protocol == 0x0053;
        self.fact.next.ip = ((self.s_parsed.val().protocol == 0x0021) & self.s_parsed.val().ipv4)
            | ((self.s_parsed.val().protocol == 0x0057) & self.s_parsed.val().ipv6);
        self.fact.next.version =
            (self.s_parsed.val().protocol == 0x0021) | (self.s_parsed.val().protocol == 0x0057);
        self.fact.next.word = self.head.val().get_bits::<2>(6) == 2;
        self.fact.next.nibble = (self.first.val() == 4) | (self.first.val() == 6);
        self.fact.next.word_parity = self.head.val().get_bit(5);
        self.fact.next.short = self.info_length.val() < 6;
        self.facts.d.next = self.fact.val();
        self.hit.d.next = self.s_hit.val();
        self.parsed.d.next = self.s_parsed.val();

        // Cycle 1. The descriptor is there.
        if self.receive.val() {
            self.transform.next = self.s_descriptor.val().rx_transform;
            self.lcp.next = self.s_descriptor.val().rx_lcp;
        } else {
            self.transform.next = self.s_descriptor.val().tx_transform;
            self.lcp.next = self.s_descriptor.val().tx_lcp;
        }
        self.marked.next = self.parsed.q.val().marked & !self.receive.val();
        self.epoch.next = self.s_descriptor.val().epoch;
        // Under carrier LCP, LCP's number stands for data where the first byte says so.
        self.by_lcp.next = self.lcp.val() & self.facts.q.val().lcp;
        self.found.next = self.hit.q.val() & self.s_descriptor.val().valid;
        self.f.next = self.form.q.val();
        self.f.next.lcp = self.lcp.val();
        self.f.next.strip = self.parsed.q.val().marked;
        self.f.next.hello =
            self.receive.val() & self.parsed.q.val().hello & self.parsed.q.val().tcp;
        self.f.next.control = self.facts.q.val().link & !self.by_lcp.val();
        if self.by_lcp.val()
            & !self.facts.q.val().word
            & !(self.facts.q.val().nibble & (self.transform.val() == 1))
        {
            self.f.next.control = true;
        }
        self.f.next.refused = 0.into();
        if self.receive.val() {
            self.f.next.decoy = false;
            self.f.next.framed = false;
            if self.by_lcp.val() {
                self.f.next.framed = self.facts.q.val().word;
                if (self.transform.val() == 1) & self.facts.q.val().nibble {
                    self.f.next.decoy = true;
                    if !(self.parsed.q.val().ipv4 | self.parsed.q.val().ipv6) {
                        self.f.next.refused = 14.into();
                    }
                }
            } else if !self.lcp.val() & self.facts.q.val().scrambled {
                self.f.next.framed = true;
                if self.facts.q.val().short {
                    self.f.next.refused = 11.into();
                } else if !self.facts.q.val().word {
                    self.f.next.refused = 12.into();
                }
            } else if !self.lcp.val() & (self.transform.val() == 1) & self.facts.q.val().version {
                self.f.next.decoy = true;
                if !self.facts.q.val().ip {
                    self.f.next.refused = 14.into();
                }
            } else {
                self.f.next.refused = 10.into();
            }
            if self.by_lcp.val() & self.facts.q.val().word & self.facts.q.val().short {
                self.f.next.refused = 11.into();
            }
            self.f.next.parity = self.facts.q.val().word_parity;
            if self.by_lcp.val() & !self.facts.q.val().word {
                self.f.next.parity = self.parsed.q.val().parity;
            }
            if !self.by_lcp.val() & !self.facts.q.val().scrambled {
                self.f.next.parity = self.parsed.q.val().parity;
            }
        } else {
            self.f.next.decoy =
                (self.transform.val() == 1) & self.facts.q.val().ip & self.parsed.q.val().plain;
            self.f.next.framed =
                !((self.transform.val() == 1) & self.facts.q.val().ip & self.parsed.q.val().plain);
            if self.facts.q.val().link {
                self.f.next.refused = 9.into();
            }
            self.f.next.parity = self.epoch.val().get_bit(0);
        }
        if self.parsed.q.val().not_ppp {
            self.f.next.control = false;
            self.f.next.hello = false;
            self.f.next.refused = 17.into();
        }
        // What is no session's, or not ours to touch.
        self.f.next.session = false;
        self.f.next.miss = 0.into();
        self.f.next.left = 0.into();
        if self.parsed.q.val().kind == 0 {
            self.f.next.strip = false;
            if self.parsed.q.val().fault == 1 {
                if self.policy.val().drop_fragments {
                    self.f.next.miss = 5.into();
                } else {
                    self.f.next.left = 2.into();
                }
            }
            if self.parsed.q.val().fault == 2 {
                if self.marked.val() {
                    self.f.next.miss = 6.into();
                } else {
                    self.f.next.left = 2.into();
                }
            }
        } else if !self.found.val() {
            self.f.next.strip = self.parsed.q.val().marked & self.receive.val();
            if self.marked.val() {
                self.f.next.miss = 4.into();
            } else if self.policy.val().drop_missed {
                self.f.next.miss = 3.into();
            }
        } else if self.transform.val() == 0 {
            self.f.next.strip = self.parsed.q.val().marked & self.receive.val();
            if self.marked.val() {
                self.f.next.miss = 4.into();
            }
        } else {
            self.f.next.session = self.receive.val()
                | self.parsed.q.val().marked
                | !self.s_descriptor.val().host_marks;
        }
        self.form.d.next = self.f.val();
        self.descriptor.d.next = self.s_descriptor.val();

        // Cycle 2: the first reason of all.
        self.c.next = self.choice.q.val();
        self.c.next.verdict = 0.into();
        self.c.next.left = 0.into();
        self.c.next.strip = false;
        self.c.next.frame = false;
        self.c.next.decoy = false;
        self.c.next.parity = self.form.q.val().parity;
        self.c.next.lcp = self.form.q.val().lcp;
        self.c.next.epoch = self.descriptor.q.val().epoch;
        self.c.next.queue = self.descriptor.q.val().queue;
        self.c.next.from_higher = self.descriptor.q.val().higher ^ self.receive.val();
        self.c.next.mark = self.descriptor.q.val().host_marks & self.receive.val();
        if self.form.q.val().parity {
            self.key.next = self.descriptor.q.val().odd;
            self.c.next.slot = self.descriptor.q.val().odd_slot;
        } else {
            self.key.next = self.descriptor.q.val().even;
            self.c.next.slot = self.descriptor.q.val().even_slot;
        }
        if !self.form.q.val().session {
            self.c.next.verdict = self.form.q.val().miss;
            self.c.next.left = self.form.q.val().left;
            if self.form.q.val().miss == 0 {
                self.c.next.strip = self.form.q.val().strip;
            }
        } else if self.form.q.val().control {
            self.c.next.strip = self.form.q.val().strip;
        } else if self.form.q.val().refused != 0 {
            self.c.next.verdict = self.form.q.val().refused;
        } else if self.form.q.val().decoy & self.form.q.val().hello {
            self.c.next.left = 1.into();
            self.c.next.strip = self.form.q.val().strip;
        } else if !self.key.val() {
            self.c.next.verdict = 7.into();
        } else {
            self.c.next.frame = self.form.q.val().framed;
            self.c.next.decoy = self.form.q.val().decoy;
        }
        self.choice.d.next = self.c.val();

        // Cycle 3.
        self.m_choice.next = self.choice.q.val();
    }
}
