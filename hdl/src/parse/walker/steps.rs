//! The walk itself: where it is, and what is fetched next.

use rust_hdl::prelude::*;

/// The part of the frame that is walked over.
#[derive(LogicState, Debug, Copy, Clone, PartialEq)]
pub enum Phase {
    /// Nothing is under way. The VLAN tags of a frame that may start are fetched.
    Idle,
    /// PPPoE.
    Pppoe,
    /// Outer IP, UDP and L2TP.
    Ip,
    /// Inside of the PPP frame.
    Inner,
    /// TCP options.
    Options,
    /// The record waits to be taken. The next frame's VLAN tags are fetched.
    Done,
}

/// Phase, step and fetch address, by this table. A step's word is there three steps later:
///
/// | step | `Pppoe` | `Ip` | `Inner` |
/// |---|---|---|---|
/// | 0 | PPPoE header | IP header | information field |
/// | 1 | MAC address | its byte 8 | its byte 8 |
/// | 2 | PPP frame; *VLAN tags* | | its byte 12 |
/// | 3 | *PPPoE* | *IP* | its byte 16; *byte 0* |
/// | 4 | *MAC* | UDP header; *byte 8* | transport header's byte 8; *byte 8* |
/// | 5 | *PPP* | L2TP header | transport header; *byte 12* |
/// | 6 | | its byte 8 | transport header's byte 16; *byte 16* |
/// | 7 | | peer; *UDP* | IPv6's byte 24; *byte 8 of transport* |
/// | 8 | | its byte 8; *L2TP* | IPv6's byte 32; *transport* |
/// | 9 | | *its byte 8* | *byte 16 of transport* |
/// | 10 | | *peer* | payload; *IPv6's byte 24* |
/// | 11 | | PPP frame; *its byte 8* | its byte 8; *IPv6's byte 32* |
/// | 12 | | | its byte 16 |
/// | 13 | | | its byte 24; *byte 0* |
/// | 14 | | *PPP* | TCP options, then every fourth step eight more; *byte 8* |
/// | 15, 16 | | | *bytes 16, 24* |
#[derive(LogicBlock, Default)]
pub struct Steps {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Back to the start.
    pub reset: Signal<In, Bit>,
    /// As in `Parse64`.
    pub receive: Signal<In, Bit>,
    /// There is a frame in the store.
    pub frame_valid: Signal<In, Bit>,
    /// Its kind, as in `Store`.
    pub frame_kind: Signal<In, Bits<2>>,
    /// Its VLAN tags.
    pub frame_tags: Signal<In, Bits<2>>,
    /// What was fetched.
    pub word: Signal<In, Bits<64>>,
    /// The outer headers are not those of data.
    pub bad: Signal<In, Bit>,
    /// The outer IP header's version is 6. From `Ip` step 4 on.
    pub outer_v6: Signal<In, Bit>,
    /// The outer header. From step 0 on.
    pub outer_at: Signal<In, Bits<5>>,
    /// Where the PPP frame starts, at `Ip` step 10.
    pub ppp_next: Signal<In, Bits<8>>,
    /// Where the information field starts, in the step before `Inner`.
    pub info_next: Signal<In, Bits<8>>,
    /// The same, in `Inner`.
    pub info_at: Signal<In, Bits<8>>,
    /// As in `Parsed`, from `Inner` step 9 on.
    pub payload_at: Signal<In, Bits<7>>,
    /// The inner packet is IPv6, from `Inner` step 4 on.
    pub v6: Signal<In, Bit>,
    /// TCP options are to be looked at, from `Inner` step 9 on.
    pub has_options: Signal<In, Bit>,
    /// They are.
    pub options_done: Signal<In, Bit>,
    /// A frame starts: step 0 is next.
    pub start: Signal<Out, Bit>,
    /// The phase.
    pub phase: Signal<Out, Phase>,
    /// The step.
    pub step: Signal<Out, Bits<5>>,
    /// What is fetched.
    pub at: Signal<Out, Bits<8>>,
    /// The frame's bytes are needed no more.
    pub release: Signal<Out, Bit>,
    /// The record is complete.
    pub m_valid: Signal<Out, Bit>,
    /// It is taken.
    pub m_ready: Signal<In, Bit>,
    state: DFF<Phase>,
    count: DFF<Bits<5>>,
    address: DFF<Bits<8>>,
    version: Signal<Local, Bits<4>>,
    words: Signal<Local, Bits<4>>,
    first_outer: Signal<Local, Bits<8>>,
    outer: Signal<Local, Bits<8>>,
    start_now: Signal<Local, Bit>,
}

impl Logic for Steps {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, state, count, address);
        self.phase.next = self.state.q.val();
        self.step.next = self.count.q.val();
        self.at.next = self.address.q.val();
        self.version.next = self.word.val().get_bits::<4>(4);
        self.words.next = self.word.val().get_bits::<4>(0);
        self.outer.next = bit_cast::<8, 5>(self.outer_at.val());
        self.first_outer.next = 14.into();
        if self.frame_tags.val() == 1 {
            self.first_outer.next = 18.into();
        }
        if self.frame_tags.val() == 2 {
            self.first_outer.next = 22.into();
        }
        self.release.next = false;
        self.start_now.next = false;
        self.m_valid.next = false;
        self.count.d.next = self.count.q.val() + 1;

        match self.state.q.val() {
            Phase::Idle => {
                self.start_now.next = self.frame_valid.val();
                self.address.d.next = 14.into();
            }
            Phase::Pppoe => {
                self.address.d.next = self.outer.val() + 6;
                if self.count.q.val() == 0 {
                    self.address.d.next = 0.into();
                    if self.receive.val() {
                        self.address.d.next = 6.into();
                    }
                }
                if self.count.q.val() == 5 {
                    self.address.d.next = self.info_next.val();
                    self.state.d.next = Phase::Inner;
                    self.count.d.next = 0.into();
                }
            }
            Phase::Ip => {
                self.address.d.next = self.address.q.val() + 8;
                if self.count.q.val() == 3 {
                    // The length in words of 4 bytes, or IPv6's 40 bytes.
                    self.address.d.next =
                        self.outer.val() + (bit_cast::<8, 4>(self.words.val()) << 2);
                    if self.version.val() == 6 {
                        self.address.d.next = self.outer.val() + 40;
                    }
                }
                if self.count.q.val() == 6 {
                    self.address.d.next = self.outer.val() + 16;
                    if self.outer_v6.val() {
                        self.address.d.next = self.outer.val() + 24;
                    }
                    if self.receive.val() {
                        self.address.d.next = self.outer.val() + 12;
                        if self.outer_v6.val() {
                            self.address.d.next = self.outer.val() + 8;
                        }
                    }
                }
                if self.count.q.val() == 10 {
                    self.address.d.next = self.ppp_next.val();
                }
                if self.count.q.val() == 14 {
                    self.address.d.next = self.info_next.val();
                    self.state.d.next = Phase::Inner;
                    self.count.d.next = 0.into();
                }
                if ((self.count.q.val() == 6) | (self.count.q.val() == 12)) & self.bad.val() {
                    self.state.d.next = Phase::Done;
                    self.address.d.next = 14.into();
                    self.release.next = true;
                }
            }
            Phase::Inner => {
                self.address.d.next = self.address.q.val() + 8;
                if (self.count.q.val() == 1) | (self.count.q.val() == 2) {
                    self.address.d.next = self.address.q.val() + 4;
                }
                if self.count.q.val() == 3 {
                    self.address.d.next = self.info_at.val() + 28;
                    if self.version.val() == 6 {
                        self.address.d.next = self.info_at.val() + 48;
                    }
                }
                if self.count.q.val() == 4 {
                    self.address.d.next = self.address.q.val() + 248;
                }
                if self.count.q.val() == 5 {
                    self.address.d.next = self.address.q.val() + 16;
                }
                if self.count.q.val() == 6 {
                    self.address.d.next = self.address.q.val() + 224;
                }
                if self.count.q.val() == 9 {
                    self.address.d.next =
                        self.info_at.val() + bit_cast::<8, 7>(self.payload_at.val());
                }
                if self.count.q.val() == 13 {
                    self.address.d.next = self.info_at.val() + 40;
                    if self.v6.val() {
                        self.address.d.next = self.info_at.val() + 60;
                    }
                }
                if self.count.q.val() > 13 {
                    self.address.d.next = self.address.q.val();
                }
                if self.count.q.val() == 14 {
                    self.release.next = !self.has_options.val();
                }
                if self.count.q.val() == 16 {
                    self.count.d.next = 0.into();
                    if self.has_options.val() {
                        self.state.d.next = Phase::Options;
                    } else {
                        self.state.d.next = Phase::Done;
                        self.address.d.next = 14.into();
                    }
                }
                if (self.count.q.val() == 1) & self.bad.val() {
                    self.state.d.next = Phase::Done;
                    self.address.d.next = 14.into();
                    self.release.next = true;
                }
            }
            Phase::Options => {
                if self.count.q.val().get_bits::<2>(0) == 0 {
                    self.address.d.next = self.address.q.val() + 8;
                }
                if self.options_done.val() {
                    self.state.d.next = Phase::Done;
                    self.address.d.next = 14.into();
                    self.release.next = true;
                }
            }
            Phase::Done => {
                self.m_valid.next = true;
                self.address.d.next = 14.into();
                if self.m_ready.val() {
                    self.state.d.next = Phase::Idle;
                    self.start_now.next = self.frame_valid.val();
                }
            }
            _ => {
                self.state.d.next = Phase::Idle;
            }
        }
        if self.start_now.val() {
            self.count.d.next = 0.into();
            self.address.d.next = self.first_outer.val();
            if self.frame_kind.val() == 1 {
                self.state.d.next = Phase::Pppoe;
            } else if self.frame_kind.val() == 2 {
                self.state.d.next = Phase::Ip;
            } else {
                self.state.d.next = Phase::Done;
                self.address.d.next = 14.into();
                self.release.next = true;
            }
        }
        self.start.next = self.start_now.val();
        if self.reset.val() {
            self.state.d.next = Phase::Idle;
        }
    }
}
