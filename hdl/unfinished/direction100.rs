//! One direction of `line100`: 512-bit streams, one frame and one beat a cycle.
//!
//! Between ingress and the keystream everything has a constant latency and only `valid`; queues in front of what can
//! wait, and a count of the frames inside, keep it so. The frame's bytes wait in ingress's buffer meanwhile.

use crate::closing::Closing;
use crate::finish::Finish;
use crate::keystream::Keystream100;
use crate::parse::window::Parse100;
use crate::permute::Permute100;
use crate::plan::Plan;
use crate::records::{
    Count, Descriptor, Edit, Entry, Event, Finished, Head, Key, Parsed, Policy, Scramble, Seal,
};
use crate::streams::{Align100, Apply100, Egress100, Fifo, Ingress100};
use crate::table::{Lookup100, Seeds};
use rust_hdl::prelude::*;

/// See the module. `A` is log2 of the table's slots, `W` = A - 3, `S` log2 of sessions, `L` log2 of key slots.
#[derive(LogicBlock)]
pub struct Direction100<const A: usize, const W: usize, const S: usize, const L: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, Bit>,
    /// What happens to frames of no session.
    pub policy: Signal<In, Policy>,
    /// The table's hash seeds.
    pub seeds: Signal<In, Seeds>,
    /// No frame may start: the host reads something back.
    pub pause: Signal<In, Bit>,
    pub s_axis_tdata: Signal<In, Bits<512>>,
    pub s_axis_tkeep: Signal<In, Bits<64>>,
    pub s_axis_tvalid: Signal<In, Bit>,
    pub s_axis_tready: Signal<Out, Bit>,
    pub s_axis_tlast: Signal<In, Bit>,
    pub s_axis_tuser: Signal<In, Bits<128>>,
    pub m_axis_tdata: Signal<Out, Bits<512>>,
    pub m_axis_tkeep: Signal<Out, Bits<64>>,
    pub m_axis_tvalid: Signal<Out, Bit>,
    pub m_axis_tready: Signal<In, Bit>,
    pub m_axis_tlast: Signal<Out, Bit>,
    pub m_axis_tuser: Signal<Out, Bits<128>>,
    pub m_axis_tdest: Signal<Out, Bits<16>>,
    pub m_axis_tlen: Signal<Out, Bits<16>>,
    pub dropped_valid: Signal<Out, Bit>,
    pub dropped_user: Signal<Out, Bits<128>>,
    pub errored: Signal<Out, Bit>,
    pub giant: Signal<Out, Bit>,
    pub closed: Signal<Out, Bit>,
    pub closed_edit: Signal<Out, Edit>,
    pub closed_finished: Signal<Out, Finished>,
    pub event_valid: Signal<Out, Bit>,
    pub event: Signal<Out, Event>,
    pub entry_write_valid: Signal<In, Bit>,
    pub entry_write_address: Signal<In, Bits<20>>,
    pub entry_write: Signal<In, Entry>,
    pub entry_read_valid: Signal<In, Bit>,
    pub entry_read_address: Signal<In, Bits<20>>,
    pub entry_read_done: Signal<Out, Bit>,
    pub entry_read: Signal<Out, Entry>,
    pub descriptor_write_valid: Signal<In, Bit>,
    pub descriptor_write_session: Signal<In, Bits<16>>,
    pub descriptor_write: Signal<In, Descriptor>,
    pub descriptor_read_valid: Signal<In, Bit>,
    pub descriptor_read_address: Signal<In, Bits<16>>,
    pub descriptor_read_done: Signal<Out, Bit>,
    pub descriptor_read: Signal<Out, Descriptor>,
    pub key_write_valid: Signal<In, Bit>,
    pub key_write_slot: Signal<In, Bits<17>>,
    pub key_write: Signal<In, Key>,
    pub count_write_valid: Signal<In, Bit>,
    pub count_write_session: Signal<In, Bits<16>>,
    pub count_write: Signal<In, Count>,
    pub count_write_done: Signal<Out, Bit>,
    pub count_read_valid: Signal<In, Bit>,
    pub count_read_address: Signal<In, Bits<16>>,
    pub count_read_done: Signal<Out, Bit>,
    pub count_read: Signal<Out, Count>,
    ingress: Ingress100,
    parse: Parse100,
    lookup: Lookup100<A, W>,
    parsed_queue: Fifo<Parsed, 6>,
    plan: Plan<S, L>,
    edit_wait: Fifo<Edit, 9>,
    seal_wait: Fifo<Seal, 9>,
    scramble_wait: Fifo<Scramble, 9>,
    permute: Permute100,
    finish: Finish,
    apply_queue: Fifo<Edit, 9>,
    align_queue: Fifo<Edit, 9>,
    head_queue: Fifo<Head, 9>,
    seal_queue: Fifo<Seal, 9>,
    keystream: Keystream100,
    align: Align100,
    apply: Apply100,
    closing: Closing,
    finished_queue: Fifo<Finished, 7>,
    egress: Egress100,
    receive: Constant<Bit>,
    finished_edit: Signal<Local, Edit>,
    masked: Signal<Local, Bit>,
    apply_takes: Signal<Local, Bit>,
    egress_takes: Signal<Local, Bit>,
    /// Frames between ingress and Apply.
    inside: DFF<Bits<10>>,
    inside_limit: Constant<Bits<10>>,
    comes: DFF<Bit>,
    room: DFF<Bit>,
    /// Frames between Apply and Egress.
    closing_now: DFF<Bits<8>>,
    closing_limit: Constant<Bits<8>>,
    may_apply: Signal<Local, Bit>,
}

impl<const A: usize, const W: usize, const S: usize, const L: usize> Direction100<A, W, S, L> {
    /// The direction from the line (`receive`) or towards it.
    pub fn new(receive: bool) -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            policy: Default::default(),
            seeds: Default::default(),
            pause: Default::default(),
            s_axis_tdata: Default::default(),
            s_axis_tkeep: Default::default(),
            s_axis_tvalid: Default::default(),
            s_axis_tready: Default::default(),
            s_axis_tlast: Default::default(),
            s_axis_tuser: Default::default(),
            m_axis_tdata: Default::default(),
            m_axis_tkeep: Default::default(),
            m_axis_tvalid: Default::default(),
            m_axis_tready: Default::default(),
            m_axis_tlast: Default::default(),
            m_axis_tuser: Default::default(),
            m_axis_tdest: Default::default(),
            m_axis_tlen: Default::default(),
            dropped_valid: Default::default(),
            dropped_user: Default::default(),
            errored: Default::default(),
            giant: Default::default(),
            closed: Default::default(),
            closed_edit: Default::default(),
            closed_finished: Default::default(),
            event_valid: Default::default(),
            event: Default::default(),
            entry_write_valid: Default::default(),
            entry_write_address: Default::default(),
            entry_write: Default::default(),
            entry_read_valid: Default::default(),
            entry_read_address: Default::default(),
            entry_read_done: Default::default(),
            entry_read: Default::default(),
            descriptor_write_valid: Default::default(),
            descriptor_write_session: Default::default(),
            descriptor_write: Default::default(),
            descriptor_read_valid: Default::default(),
            descriptor_read_address: Default::default(),
            descriptor_read_done: Default::default(),
            descriptor_read: Default::default(),
            key_write_valid: Default::default(),
            key_write_slot: Default::default(),
            key_write: Default::default(),
            count_write_valid: Default::default(),
            count_write_session: Default::default(),
            count_write: Default::default(),
            count_write_done: Default::default(),
            count_read_valid: Default::default(),
            count_read_address: Default::default(),
            count_read_done: Default::default(),
            count_read: Default::default(),
            ingress: Default::default(),
            parse: Default::default(),
            lookup: Default::default(),
            parsed_queue: Default::default(),
            plan: Plan::default(),
            edit_wait: Default::default(),
            seal_wait: Default::default(),
            scramble_wait: Default::default(),
            permute: Permute100::new(receive),
            finish: Default::default(),
            apply_queue: Default::default(),
            align_queue: Default::default(),
            head_queue: Default::default(),
            seal_queue: Default::default(),
            keystream: Default::default(),
            align: Default::default(),
            apply: Default::default(),
            closing: Closing::new(64),
            finished_queue: Default::default(),
            egress: Default::default(),
            receive: Constant::new(receive),
            finished_edit: Default::default(),
            masked: Default::default(),
            apply_takes: Default::default(),
            egress_takes: Default::default(),
            inside: Default::default(),
            inside_limit: Constant::new(440.into()),
            comes: Default::default(),
            room: Default::default(),
            closing_now: Default::default(),
            closing_limit: Constant::new(100.into()),
            may_apply: Default::default(),
        }
    }
}

impl<const A: usize, const W: usize, const S: usize, const L: usize> Logic
    for Direction100<A, W, S, L>
{
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, inside, comes, room, closing_now);
        self.ingress.clock.next = self.clock.val();
        self.ingress.reset.next = self.reset.val();
        self.parse.clock.next = self.clock.val();
        self.lookup.clock.next = self.clock.val();
        self.parsed_queue.clock.next = self.clock.val();
        self.parsed_queue.reset.next = self.reset.val();
        self.plan.clock.next = self.clock.val();
        self.plan.reset.next = self.reset.val();
        self.edit_wait.clock.next = self.clock.val();
        self.edit_wait.reset.next = self.reset.val();
        self.seal_wait.clock.next = self.clock.val();
        self.seal_wait.reset.next = self.reset.val();
        self.scramble_wait.clock.next = self.clock.val();
        self.scramble_wait.reset.next = self.reset.val();
        self.permute.clock.next = self.clock.val();
        self.finish.clock.next = self.clock.val();
        self.apply_queue.clock.next = self.clock.val();
        self.apply_queue.reset.next = self.reset.val();
        self.align_queue.clock.next = self.clock.val();
        self.align_queue.reset.next = self.reset.val();
        self.head_queue.clock.next = self.clock.val();
        self.head_queue.reset.next = self.reset.val();
        self.seal_queue.clock.next = self.clock.val();
        self.seal_queue.reset.next = self.reset.val();
        self.keystream.clock.next = self.clock.val();
        self.keystream.reset.next = self.reset.val();
        self.align.clock.next = self.clock.val();
        self.align.reset.next = self.reset.val();
        self.apply.clock.next = self.clock.val();
        self.apply.reset.next = self.reset.val();
        self.closing.clock.next = self.clock.val();
        self.finished_queue.clock.next = self.clock.val();
        self.finished_queue.reset.next = self.reset.val();
        self.egress.clock.next = self.clock.val();
        self.egress.reset.next = self.reset.val();

        // The outer ports of the modules that own them.
        self.lookup.entry_write_valid.next = self.entry_write_valid.val();
        self.lookup.entry_write_address.next = self.entry_write_address.val();
        self.lookup.entry_write.next = self.entry_write.val();
        self.lookup.entry_read_valid.next = self.entry_read_valid.val();
        self.lookup.entry_read_address.next = self.entry_read_address.val();
        self.entry_read_done.next = self.lookup.entry_read_done.val();
        self.entry_read.next = self.lookup.entry_read.val();
        self.plan.descriptor_write_valid.next = self.descriptor_write_valid.val();
        self.plan.descriptor_write_session.next = self.descriptor_write_session.val();
        self.plan.descriptor_write.next = self.descriptor_write.val();
        self.plan.descriptor_read_valid.next = self.descriptor_read_valid.val();
        self.plan.descriptor_read_address.next = self.descriptor_read_address.val();
        self.plan.key_write_valid.next = self.key_write_valid.val();
        self.plan.key_write_slot.next = self.key_write_slot.val();
        self.plan.key_write.next = self.key_write.val();
        self.plan.count_write_valid.next = self.count_write_valid.val();
        self.plan.count_write_session.next = self.count_write_session.val();
        self.plan.count_write.next = self.count_write.val();
        self.plan.count_read_valid.next = self.count_read_valid.val();
        self.plan.count_read_address.next = self.count_read_address.val();
        self.descriptor_read_done.next = self.plan.descriptor_read_done.val();
        self.descriptor_read.next = self.plan.descriptor_read.val();
        self.count_write_done.next = self.plan.count_write_done.val();
        self.count_read_done.next = self.plan.count_read_done.val();
        self.count_read.next = self.plan.count_read.val();
        self.event_valid.next = self.plan.event_valid.val();
        self.event.next = self.plan.event.val();
        self.ingress.s_axis_tdata.next = self.s_axis_tdata.val();
        self.ingress.s_axis_tkeep.next = self.s_axis_tkeep.val();
        self.ingress.s_axis_tvalid.next = self.s_axis_tvalid.val();
        self.ingress.s_axis_tlast.next = self.s_axis_tlast.val();
        self.ingress.s_axis_tuser.next = self.s_axis_tuser.val();
        self.s_axis_tready.next = self.ingress.s_axis_tready.val();
        self.errored.next = self.ingress.errored.val();
        self.giant.next = self.ingress.giant.val();
        self.m_axis_tdata.next = self.egress.m_axis_tdata.val();
        self.m_axis_tkeep.next = self.egress.m_axis_tkeep.val();
        self.m_axis_tvalid.next = self.egress.m_axis_tvalid.val();
        self.m_axis_tlast.next = self.egress.m_axis_tlast.val();
        self.m_axis_tuser.next = self.egress.m_axis_tuser.val();
        self.m_axis_tdest.next = self.egress.m_axis_tdest.val();
        self.m_axis_tlen.next = self.egress.m_axis_tlen.val();
        self.dropped_valid.next = self.egress.dropped_valid.val();
        self.dropped_user.next = self.egress.dropped_user.val();
        self.egress.m_axis_tready.next = self.m_axis_tready.val();

        // Whole frames only go on; the parser takes one a cycle.
        self.ingress.pause.next = self.pause.val();
        self.ingress.tap_ready.next = true;
        self.ingress.room.next = self.room.q.val();
        self.parse.receive.next = self.receive.val();
        self.parse.tap_valid.next = self.ingress.tap_valid.val();
        self.parse.tap_data.next = self.ingress.tap_data.val();
        self.parse.tap_last.next = self.ingress.tap_last.val();
        self.parse.tap_good.next = self.ingress.tap_good.val();
        self.parse.tap_length.next = self.ingress.tap_length.val();

        // Look up, and plan.
        self.lookup.seeds.next = self.seeds.val();
        self.lookup.s_valid.next = self.parse.m_valid.val();
        self.lookup.s_kind.next = self.parse.m.val().kind;
        self.lookup.s_peer.next = self.parse.m.val().peer;
        self.lookup.s_ids.next = self.parse.m.val().ids;
        self.parsed_queue.s_valid.next = self.parse.m_valid.val();
        self.parsed_queue.s_data.next = self.parse.m.val();
        self.parsed_queue.m_ready.next = self.lookup.m_valid.val();
        self.plan.receive.next = self.receive.val();
        self.plan.policy.next = self.policy.val();
        self.plan.s_valid.next = self.lookup.m_valid.val();
        self.plan.s_parsed.next = self.parsed_queue.m_data.val();
        self.plan.s_hit.next = self.lookup.m_hit.val();
        self.plan.s_session.next = self.lookup.m_session.val();

        // Permute, the rest of the plan waiting, and finish.
        self.permute.s_valid.next = self.plan.m_valid.val();
        self.permute.s.next = self.plan.m_scramble.val();
        self.edit_wait.s_valid.next = self.plan.m_valid.val();
        self.edit_wait.s_data.next = self.plan.m_edit.val();
        self.edit_wait.m_ready.next = self.permute.m_valid.val();
        self.seal_wait.s_valid.next = self.plan.m_valid.val();
        self.seal_wait.s_data.next = self.plan.m_seal.val();
        self.seal_wait.m_ready.next = self.permute.m_valid.val();
        self.scramble_wait.s_valid.next = self.plan.m_valid.val();
        self.scramble_wait.s_data.next = self.plan.m_scramble.val();
        self.scramble_wait.m_ready.next = self.permute.m_valid.val();
        self.finish.s_valid.next = self.permute.m_valid.val();
        self.finish.s_edit.next = self.edit_wait.m_data.val();
        self.finish.s_seal.next = self.seal_wait.m_data.val();
        self.finish.s_old.next = self.scramble_wait.m_data.val();
        self.finish.s_new.next = self.permute.m.val();

        // Only a frame that leaves masked needs a mask and keystream.
        self.finished_edit.next = self.finish.m_edit.val();
        self.masked.next = self.finish.m_valid.val()
            & self.finish.m_edit.val().mask
            & (self.finish.m_edit.val().verdict == 0);
        self.finished_edit.next.mask = self.masked.val();
        self.apply_queue.s_valid.next = self.finish.m_valid.val();
        self.apply_queue.s_data.next = self.finished_edit.val();
        self.align_queue.s_valid.next = self.masked.val();
        self.align_queue.s_data.next = self.finished_edit.val();
        self.head_queue.s_valid.next = self.masked.val();
        self.head_queue.s_data.next = self.finish.m_head.val();
        self.seal_queue.s_valid.next = self.masked.val() & (self.finish.m_seal.val().blocks != 0);
        self.seal_queue.s_data.next = self.finish.m_seal.val();
        self.keystream.s_valid.next = self.seal_queue.m_valid.val();
        self.keystream.s.next = self.seal_queue.m_data.val();
        self.seal_queue.m_ready.next = self.keystream.s_ready.val();
        self.align.w_valid.next = self.keystream.m_valid.val();
        self.align.w_block.next = self.keystream.m_block.val();
        self.keystream.m_ready.next = self.align.w_ready.val();
        self.align.e_valid.next = self.align_queue.m_valid.val() & self.head_queue.m_valid.val();
        self.align.e_edit.next = self.align_queue.m_data.val();
        self.align.e_head.next = self.head_queue.m_data.val();
        self.align_queue.m_ready.next = self.align.e_ready.val() & self.head_queue.m_valid.val();
        self.head_queue.m_ready.next = self.align.e_ready.val() & self.align_queue.m_valid.val();

        // Apply, close, and let go.
        self.may_apply.next = self.closing_now.q.val() < self.closing_limit.val();
        self.apply.e_valid.next = self.apply_queue.m_valid.val() & self.may_apply.val();
        self.apply.e_edit.next = self.apply_queue.m_data.val();
        self.apply_queue.m_ready.next = self.apply.e_ready.val() & self.may_apply.val();
        self.apply.b_valid.next = self.ingress.b_valid.val();
        self.apply.b_data.next = self.ingress.b_data.val();
        self.ingress.b_ready.next = self.apply.b_ready.val();
        self.apply.m_valid.next = self.align.m_valid.val();
        self.apply.m_mask.next = self.align.m_mask.val();
        self.apply.m_forbidden.next = self.align.m_forbidden.val();
        self.align.m_ready.next = self.apply.m_ready.val();
        self.egress.h_valid.next = self.apply.h_valid.val();
        self.egress.h_data.next = self.apply.h_data.val();
        self.apply.h_ready.next = self.egress.h_ready.val();
        self.closing.s_valid.next = self.apply.c_valid.val();
        self.closing.s_edit.next = self.apply.c_edit.val();
        self.closing.s_sums.next = self.apply.c_sums.val();
        self.closing.s_dropped.next = self.apply.c_dropped.val();
        self.closed.next = self.closing.m_valid.val();
        self.closed_edit.next = self.closing.m_edit.val();
        self.closed_finished.next = self.closing.m_finished.val();
        self.finished_queue.s_valid.next = self.closing.m_valid.val();
        self.finished_queue.s_data.next = self.closing.m_finished.val();
        self.egress.f_valid.next = self.finished_queue.m_valid.val();
        self.egress.f.next = self.finished_queue.m_data.val();
        self.finished_queue.m_ready.next = self.egress.f_ready.val();
        self.egress.u_valid.next = self.ingress.u_valid.val();
        self.egress.u_user.next = self.ingress.u_user.val();
        self.ingress.u_ready.next = self.egress.u_ready.val();

        // Count the frames inside: what has no ready never meets a full queue.
        self.comes.d.next = self.ingress.tap_valid.val()
            & self.ingress.tap_last.val()
            & self.ingress.tap_good.val();
        self.apply_takes.next = self.apply.e_valid.val() & self.apply.e_ready.val();
        if self.comes.q.val() & !self.apply_takes.val() {
            self.inside.d.next = self.inside.q.val() + 1;
        }
        if self.apply_takes.val() & !self.comes.q.val() {
            self.inside.d.next = self.inside.q.val() - 1;
        }
        self.room.d.next = self.inside.q.val() < self.inside_limit.val();
        self.egress_takes.next = self.egress.f_valid.val() & self.egress.f_ready.val();
        if self.apply_takes.val() & !self.egress_takes.val() {
            self.closing_now.d.next = self.closing_now.q.val() + 1;
        }
        if self.egress_takes.val() & !self.apply_takes.val() {
            self.closing_now.d.next = self.closing_now.q.val() - 1;
        }
        if self.reset.val() {
            self.inside.d.next = 0.into();
            self.comes.d.next = false;
            self.room.d.next = false;
            self.closing_now.d.next = 0.into();
        }
    }
}
