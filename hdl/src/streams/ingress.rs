//! Where frames come in: they are stored whole, and only then known to the pipeline.
//!
//! `Ingress` takes AXI4-Stream frames into a ring of 2^A beats and shows each beat, as it takes it, to the parser (`tap`).
//! A frame's beats leave at `b` once its last beat is in and it is good. What is not is taken back from the ring: frames
//! longer than [`LONGEST`] bytes (`giant`), and those with bit 0 of `tuser` set on the last beat, without a byte in lane 0
//! of any beat, or with a beat that is not full before the last one (`errored`). A `tkeep` with holes counts up to its
//! first 0. Bytes of a giant frame are taken and thrown away, however many come.
//!
//! A frame starts only where `pause` is 0 and `tap_ready` and `room` are 1 in the cycle of its first tap beat; once
//! started it waits for room in the ring alone, which frames before it make as they drain. The ring must hold two of the
//! longest frames: A >= 9 for 64 lanes, A >= 12 for 8.
//!
//! ```
//! use fogline_hdl::emit::verilog;
//! use fogline_hdl::streams::ingress::Ingress;
//!
//! // 512 beats of 64 bytes, 16 bits of tuser, which wait for egress 1024 frames deep.
//! let text = verilog(Ingress::<512, 64, 9, 16, 10>::default(), "ingress");
//! assert!(text.contains("module ingress("));
//! ```

use super::beat::shift;
use super::fifo::Fifo;
use rust_hdl::prelude::*;

/// Bytes in the longest frame that is taken.
pub const LONGEST: u64 = 9600;

/// AXI4-Stream in, `D` bits or `K` lanes wide, a ring of 2^`A` beats, `U` bits of tuser for 2^`V` frames.
#[derive(LogicBlock)]
pub struct Ingress<const D: usize, const K: usize, const A: usize, const U: usize, const V: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// AXI4-Stream.
    pub s_axis_tdata: Signal<In, Bits<D>>,
    /// Contiguous from lane 0, full but on the last beat.
    pub s_axis_tkeep: Signal<In, Bits<K>>,
    /// A beat.
    pub s_axis_tvalid: Signal<In, Bit>,
    /// It is taken.
    pub s_axis_tready: Signal<Out, Bit>,
    /// The frame's last.
    pub s_axis_tlast: Signal<In, Bit>,
    /// Bit 0, on the last beat: the frame is in error. The others, on the first beat: sideband.
    pub s_axis_tuser: Signal<In, Bits<U>>,
    /// No other frame is to start.
    pub pause: Signal<In, Bit>,
    /// The parser takes another frame.
    pub tap_ready: Signal<In, Bit>,
    /// The pipeline takes another frame.
    pub room: Signal<In, Bit>,
    /// A beat for the parser. Of a giant frame's beats past the longest only the last is shown.
    pub tap_valid: Signal<Out, Bit>,
    /// Its bytes; what tkeep leaves out is as it came.
    pub tap_data: Signal<Out, Bits<D>>,
    /// The frame's last.
    pub tap_last: Signal<Out, Bit>,
    /// With the last: the frame goes on.
    pub tap_good: Signal<Out, Bit>,
    /// With the last, where good: its bytes.
    pub tap_length: Signal<Out, Bits<14>>,
    /// A beat of a good frame.
    pub b_valid: Signal<Out, Bit>,
    /// It is taken.
    pub b_ready: Signal<In, Bit>,
    /// Its bytes.
    pub b_data: Signal<Out, Bits<D>>,
    /// A good frame's sideband.
    pub u_valid: Signal<Out, Bit>,
    /// It is taken.
    pub u_ready: Signal<In, Bit>,
    /// Bit 0 is 0.
    pub u_user: Signal<Out, Bits<U>>,
    /// A frame was in error: one cycle.
    pub errored: Signal<Out, Bit>,
    /// A frame was too long: one cycle.
    pub giant: Signal<Out, Bit>,

    // The beat as it came.
    came: DFF<Bit>,
    came_data: DFF<Bits<D>>,
    came_keep: DFF<Bits<K>>,
    came_last: DFF<Bit>,
    came_user: DFF<Bits<U>>,
    // The same, its bytes counted.
    held: DFF<Bit>,
    held_data: DFF<Bits<D>>,
    held_bytes: DFF<Bits<16>>,
    held_last: DFF<Bit>,
    held_user: DFF<Bits<U>>,
    // The frame that the held beat belongs to.
    inside: DFF<Bit>,
    discard: DFF<Bit>,
    hole: DFF<Bit>,
    bytes: DFF<Bits<16>>,
    beats: DFF<Bits<16>>,
    user: DFF<Bits<U>>,
    errored_now: DFF<Bit>,
    giant_now: DFF<Bit>,
    // The ring.
    ring: RAM<Bits<D>, A>,
    write_at: DFF<Bits<A>>,
    start_at: DFF<Bits<A>>,
    read_at: DFF<Bits<A>>,
    stored: DFF<Bits<16>>,
    shown: DFF<Bit>,
    users: Fifo<Bits<U>, V>,

    whole: Signal<Local, Bit>,
    first_gap: Signal<Local, Bits<K>>,
    code_lanes: [Signal<Local, Bits<K>>; 6],
    code: Signal<Local, Bits<16>>,
    held_free: Signal<Local, Bit>,
    came_free: Signal<Local, Bit>,
    used: Signal<Local, Bits<16>>,
    space: Signal<Local, Bit>,
    take: Signal<Local, Bit>,
    total: Signal<Local, Bits<16>>,
    over: Signal<Local, Bit>,
    faulty: Signal<Local, Bit>,
    good: Signal<Local, Bit>,
    pop: Signal<Local, Bit>,
    next_read: Signal<Local, Bits<A>>,
    behind: Signal<Local, Bits<16>>,

    codes: [Constant<Bits<K>>; 6],
    one: Constant<Bits<K>>,
    lanes: Constant<Bits<16>>,
    places: Constant<Bits<16>>,
    sideband: Constant<Bits<U>>,
}

impl<const D: usize, const K: usize, const A: usize, const U: usize, const V: usize> Default
    for Ingress<D, K, A, U, V>
{
    fn default() -> Self {
        assert!(
            1 << A >= 2 * (LONGEST as usize >> shift(K).index()),
            "the ring holds two of the longest frames"
        );
        Self {
            clock: Default::default(),
            reset: Default::default(),
            s_axis_tdata: Default::default(),
            s_axis_tkeep: Default::default(),
            s_axis_tvalid: Default::default(),
            s_axis_tready: Default::default(),
            s_axis_tlast: Default::default(),
            s_axis_tuser: Default::default(),
            pause: Default::default(),
            tap_ready: Default::default(),
            room: Default::default(),
            tap_valid: Default::default(),
            tap_data: Default::default(),
            tap_last: Default::default(),
            tap_good: Default::default(),
            tap_length: Default::default(),
            b_valid: Default::default(),
            b_ready: Default::default(),
            b_data: Default::default(),
            u_valid: Default::default(),
            u_ready: Default::default(),
            u_user: Default::default(),
            errored: Default::default(),
            giant: Default::default(),
            came: Default::default(),
            came_data: Default::default(),
            came_keep: Default::default(),
            came_last: Default::default(),
            came_user: Default::default(),
            held: Default::default(),
            held_data: Default::default(),
            held_bytes: Default::default(),
            held_last: Default::default(),
            held_user: Default::default(),
            inside: Default::default(),
            discard: Default::default(),
            hole: Default::default(),
            bytes: Default::default(),
            beats: Default::default(),
            user: Default::default(),
            errored_now: Default::default(),
            giant_now: Default::default(),
            ring: Default::default(),
            write_at: Default::default(),
            start_at: Default::default(),
            read_at: Default::default(),
            stored: Default::default(),
            shown: Default::default(),
            users: Default::default(),
            whole: Default::default(),
            first_gap: Default::default(),
            code_lanes: Default::default(),
            code: Default::default(),
            held_free: Default::default(),
            came_free: Default::default(),
            used: Default::default(),
            space: Default::default(),
            take: Default::default(),
            total: Default::default(),
            over: Default::default(),
            faulty: Default::default(),
            good: Default::default(),
            pop: Default::default(),
            next_read: Default::default(),
            behind: Default::default(),
            // Lanes whose number has bit `bit` set.
            codes: array_init::array_init(|bit| {
                let lanes = (0..K).filter(|lane| lane >> bit & 1 == 1);
                Constant::new(lanes.fold(Bits::<K>::default(), |bits, lane| {
                    bits.replace_bit(lane, true)
                }))
            }),
            one: Constant::new(1_u64.into()),
            lanes: Constant::new((K as u64).into()),
            places: Constant::new((1_u64 << A).into()),
            sideband: Constant::new(Bits::<U>::mask().replace_bit(0, false)),
        }
    }
}

impl<const D: usize, const K: usize, const A: usize, const U: usize, const V: usize> Logic
    for Ingress<D, K, A, U, V>
{
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, came, came_data, came_keep, came_last, came_user
        );
        dff_setup!(
            self, clock, held, held_data, held_bytes, held_last, held_user
        );
        dff_setup!(
            self,
            clock,
            inside,
            discard,
            hole,
            bytes,
            beats,
            user,
            errored_now,
            giant_now
        );
        dff_setup!(self, clock, write_at, start_at, read_at, stored, shown);
        self.ring.read_clock.next = self.clock.val();
        self.ring.write_clock.next = self.clock.val();
        self.users.clock.next = self.clock.val();
        self.users.reset.next = self.reset.val();

        // How much of the held beat's frame is in, with it.
        self.total.next = self.bytes.q.val() + self.held_bytes.q.val();
        self.over.next = self.discard.q.val() | (self.total.val() > 9600);
        self.faulty.next = self.hole.q.val()
            | (self.held_bytes.q.val() == 0)
            | (self.held_last.q.val() & self.held_user.q.val().get_bit(0))
            | (!self.held_last.q.val() & (self.held_bytes.q.val() != self.lanes.val()));
        self.good.next = self.held_last.q.val() & !self.over.val() & !self.faulty.val();

        // Does it go in?
        self.used.next = self.stored.q.val() + self.beats.q.val();
        self.space.next = self.used.val() != self.places.val();
        self.take.next = self.held.q.val() & (self.discard.q.val() | self.space.val());
        if !self.inside.q.val() {
            self.take.next = self.held.q.val()
                & self.space.val()
                & self.users.s_ready.val()
                & self.tap_ready.val()
                & self.room.val()
                & !self.pause.val();
        }
        self.held_free.next = !self.held.q.val() | self.take.val();
        self.came_free.next = !self.came.q.val() | self.held_free.val();
        self.s_axis_tready.next = self.came_free.val();

        // First stage: the beat as it came.
        if self.came_free.val() {
            self.came.d.next = self.s_axis_tvalid.val();
            self.came_data.d.next = self.s_axis_tdata.val();
            self.came_keep.d.next = self.s_axis_tkeep.val();
            self.came_last.d.next = self.s_axis_tlast.val();
            self.came_user.d.next = self.s_axis_tuser.val();
        }

        // Second stage: its bytes, up to tkeep's first 0, by that lane's number.
        self.whole.next = self.came_keep.q.val().all();
        self.first_gap.next = (self.came_keep.q.val() + self.one.val()) & !self.came_keep.q.val();
        for k in 0..6 {
            self.code_lanes[k].next = self.first_gap.val() & self.codes[k].val();
        }
        self.code.next = 0.into();
        if self.code_lanes[0].val().any() {
            self.code.next = self.code.val() | 1;
        }
        if self.code_lanes[1].val().any() {
            self.code.next = self.code.val() | 2;
        }
        if self.code_lanes[2].val().any() {
            self.code.next = self.code.val() | 4;
        }
        if self.code_lanes[3].val().any() {
            self.code.next = self.code.val() | 8;
        }
        if self.code_lanes[4].val().any() {
            self.code.next = self.code.val() | 16;
        }
        if self.code_lanes[5].val().any() {
            self.code.next = self.code.val() | 32;
        }
        if self.whole.val() {
            self.code.next = self.lanes.val();
        }
        if self.held_free.val() {
            self.held.d.next = self.came.q.val();
            self.held_data.d.next = self.came_data.q.val();
            self.held_bytes.d.next = self.code.val();
            self.held_last.d.next = self.came_last.q.val();
            self.held_user.d.next = self.came_user.q.val();
        }

        // Third: the ring. `beats` of the frame are in it, which count as stored once it is good.
        self.ring.write_address.next = self.write_at.q.val();
        self.ring.write_data.next = self.held_data.q.val();
        self.ring.write_enable.next = self.take.val() & !self.discard.q.val();
        self.users.s_valid.next = self.take.val() & self.good.val();
        self.users.s_data.next = self.user.q.val() & self.sideband.val();
        if !self.inside.q.val() {
            self.users.s_data.next = self.held_user.q.val() & self.sideband.val();
        }
        self.errored_now.d.next = false;
        self.giant_now.d.next = false;
        self.pop.next = self.b_ready.val() & self.shown.q.val();
        self.next_read.next = self.read_at.q.val();
        self.behind.next = self.stored.q.val();
        if self.pop.val() {
            self.next_read.next = self.read_at.q.val() + 1;
            self.behind.next = self.stored.q.val() - 1;
        }
        self.ring.read_address.next = self.next_read.val();
        self.read_at.d.next = self.next_read.val();
        self.shown.d.next = self.behind.val() != 0;
        self.stored.d.next = self.behind.val();
        if self.take.val() {
            if !self.inside.q.val() {
                self.user.d.next = self.held_user.q.val();
            }
            self.inside.d.next = !self.held_last.q.val();
            if self.held_last.q.val() {
                self.discard.d.next = false;
                self.hole.d.next = false;
                self.bytes.d.next = 0.into();
                self.beats.d.next = 0.into();
                if self.good.val() {
                    self.write_at.d.next = self.write_at.q.val() + 1;
                    self.start_at.d.next = self.write_at.q.val() + 1;
                    self.stored.d.next = (self.behind.val() + self.beats.q.val()) + 1;
                } else {
                    self.write_at.d.next = self.start_at.q.val();
                    self.giant_now.d.next = self.over.val();
                    self.errored_now.d.next = !self.over.val();
                }
            } else if self.over.val() {
                self.discard.d.next = true;
                self.write_at.d.next = self.start_at.q.val();
                self.beats.d.next = 0.into();
            } else {
                self.hole.d.next = self.faulty.val();
                self.bytes.d.next = self.total.val();
                self.beats.d.next = self.beats.q.val() + 1;
                self.write_at.d.next = self.write_at.q.val() + 1;
            }
        }

        self.tap_valid.next = self.take.val() & (self.held_last.q.val() | !self.discard.q.val());
        self.tap_data.next = self.held_data.q.val();
        self.tap_last.next = self.held_last.q.val();
        self.tap_good.next = self.good.val();
        self.tap_length.next = self.total.val().get_bits::<14>(0);
        self.b_valid.next = self.shown.q.val();
        self.b_data.next = self.ring.read_data.val();
        self.u_valid.next = self.users.m_valid.val();
        self.u_user.next = self.users.m_data.val();
        self.users.m_ready.next = self.u_ready.val();
        self.errored.next = self.errored_now.q.val();
        self.giant.next = self.giant_now.q.val();

        if self.reset.val() {
            self.came.d.next = false;
            self.held.d.next = false;
            self.inside.d.next = false;
            self.discard.d.next = false;
            self.hole.d.next = false;
            self.bytes.d.next = 0.into();
            self.beats.d.next = 0.into();
            self.errored_now.d.next = false;
            self.giant_now.d.next = false;
            self.write_at.d.next = 0.into();
            self.start_at.d.next = 0.into();
            self.read_at.d.next = 0.into();
            self.stored.d.next = 0.into();
            self.shown.d.next = false;
        }
    }
}
