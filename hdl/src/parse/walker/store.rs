//! The first 256 bytes of up to eight frames, and eight of them at any offset a cycle.

use rust_hdl::prelude::*;

/// Header slots.
///
/// Even and odd 8-byte words lie in two banks, so that any eight bytes are fetched at once: `word` is what `at` asked for three
/// cycles before. The Ethernet header is read while it comes: a slot knows its frame's kind and number of VLAN tags. Bytes
/// past a frame's end are old ones: who reads must know the length.
#[derive(LogicBlock, Default)]
pub struct Store {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets all frames.
    pub reset: Signal<In, Bit>,
    /// As in `Parse64`, like all of the tap.
    pub tap_valid: Signal<In, Bit>,
    /// Bytes.
    pub tap_data: Signal<In, Bits<64>>,
    /// The last beat.
    pub tap_last: Signal<In, Bit>,
    /// The frame counts.
    pub tap_good: Signal<In, Bit>,
    /// Bytes in the frame.
    pub tap_length: Signal<In, Bits<14>>,
    /// A frame may start.
    pub tap_ready: Signal<Out, Bit>,
    /// There is an oldest frame.
    pub frame_valid: Signal<Out, Bit>,
    /// What its Ethertype says: 0 nothing of interest, 1 PPPoE, 2 IP.
    pub frame_kind: Signal<Out, Bits<2>>,
    /// VLAN tags that it starts with: 0 to 2.
    pub frame_tags: Signal<Out, Bits<2>>,
    /// Its length.
    pub frame_length: Signal<Out, Bits<14>>,
    /// It is done with: the next one moves up.
    pub release: Signal<In, Bit>,
    /// Offset of eight bytes in it.
    pub at: Signal<In, Bits<8>>,
    /// Those that were asked for three cycles ago.
    pub word: Signal<Out, Bits<64>>,
    even: RAM<Bits<64>, 7>,
    odd: RAM<Bits<64>, 7>,
    facts: RAM<Bits<18>, 3>,
    /// Beat of the frame that comes; 32: no more is stored.
    beat: DFF<Bits<6>>,
    write_slot: DFF<Bits<3>>,
    read_slot: DFF<Bits<3>>,
    /// Whole frames in the store.
    count: DFF<Bits<4>>,
    settled: DFF<Bit>,
    kind: DFF<Bits<2>>,
    tags: DFF<Bits<2>>,
    kind_now: Signal<Local, Bits<2>>,
    tags_now: Signal<Local, Bits<2>>,
    /// Ethertypes at bytes 0 and 4 of a beat, as they lie: low byte first.
    type0: Signal<Local, Bits<16>>,
    type4: Signal<Local, Bits<16>>,
    tagged0: Signal<Local, Bit>,
    tagged4: Signal<Local, Bit>,
    kind0: Signal<Local, Bits<2>>,
    kind4: Signal<Local, Bits<2>>,
    commit: Signal<Local, Bit>,
    stored: Signal<Local, Bit>,
    at1: DFF<Bits<4>>,
    at2: DFF<Bits<4>>,
    raw_even: DFF<Bits<64>>,
    raw_odd: DFF<Bits<64>>,
    out: DFF<Bits<64>>,
    by8: Signal<Local, Bits<128>>,
    by4: Signal<Local, Bits<96>>,
    by2: Signal<Local, Bits<80>>,
    even_row: Signal<Local, Bits<4>>,
    odd_row: Signal<Local, Bits<4>>,
}

impl Logic for Store {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, beat, write_slot, read_slot, count, settled, kind, tags, at1, at2, raw_even, raw_odd,
            out
        );
        self.even.read_clock.next = self.clock.val();
        self.even.write_clock.next = self.clock.val();
        self.odd.read_clock.next = self.clock.val();
        self.odd.write_clock.next = self.clock.val();
        self.facts.read_clock.next = self.clock.val();
        self.facts.write_clock.next = self.clock.val();

        // The Ethertype stands at byte 12, 16 or 20. Beats past a frame's end are not there: the kind is reset by its first.
        self.type0.next = self.tap_data.val().get_bits::<16>(0);
        self.type4.next = self.tap_data.val().get_bits::<16>(32);
        self.tagged0.next =
            (self.type0.val() == 0x0081) | (self.type0.val() == 0xA888) | (self.type0.val() == 0x0091);
        self.tagged4.next =
            (self.type4.val() == 0x0081) | (self.type4.val() == 0xA888) | (self.type4.val() == 0x0091);
        self.kind0.next = 0.into();
        if self.type0.val() == 0x6488 {
            self.kind0.next = 1.into();
        }
        if (self.type0.val() == 0x0008) | (self.type0.val() == 0xDD86) {
            self.kind0.next = 2.into();
        }
        self.kind4.next = 0.into();
        if self.type4.val() == 0x6488 {
            self.kind4.next = 1.into();
        }
        if (self.type4.val() == 0x0008) | (self.type4.val() == 0xDD86) {
            self.kind4.next = 2.into();
        }
        self.kind_now.next = self.kind.q.val();
        self.tags_now.next = self.tags.q.val();
        if self.beat.q.val() == 0 {
            self.kind_now.next = 0.into();
            self.tags_now.next = 0.into();
        }
        if self.beat.q.val() == 1 {
            self.kind_now.next = self.kind4.val();
            if self.tagged4.val() {
                self.tags_now.next = 1.into();
            }
        }
        if (self.beat.q.val() == 2) & (self.tags.q.val() == 1) {
            self.kind_now.next = self.kind0.val();
            if self.tagged0.val() {
                self.kind_now.next = self.kind4.val();
                self.tags_now.next = 2.into();
            }
        }

        self.commit.next = self.tap_valid.val() & self.tap_last.val() & self.tap_good.val();
        if self.tap_valid.val() {
            self.kind.d.next = self.kind_now.val();
            self.tags.d.next = self.tags_now.val();
            if self.tap_last.val() {
                self.beat.d.next = 0.into();
            } else if !self.beat.q.val().get_bit(5) {
                self.beat.d.next = self.beat.q.val() + 1;
            }
        }
        self.stored.next = self.tap_valid.val() & !self.beat.q.val().get_bit(5);
        self.even.write_enable.next = self.stored.val() & !self.beat.q.val().get_bit(0);
        self.odd.write_enable.next = self.stored.val() & self.beat.q.val().get_bit(0);
        self.even.write_data.next = self.tap_data.val();
        self.odd.write_data.next = self.tap_data.val();
        self.even.write_address.next = (bit_cast::<7, 3>(self.write_slot.q.val()) << 4)
            | bit_cast::<7, 4>(self.beat.q.val().get_bits::<4>(1));
        self.odd.write_address.next = (bit_cast::<7, 3>(self.write_slot.q.val()) << 4)
            | bit_cast::<7, 4>(self.beat.q.val().get_bits::<4>(1));
        self.facts.write_enable.next = self.commit.val();
        self.facts.write_address.next = self.write_slot.q.val();
        self.facts.write_data.next = bit_cast::<18, 14>(self.tap_length.val())
            | (bit_cast::<18, 2>(self.kind_now.val()) << 14)
            | (bit_cast::<18, 2>(self.tags_now.val()) << 16);

        if self.commit.val() {
            self.write_slot.d.next = self.write_slot.q.val() + 1;
        }
        if self.release.val() {
            self.read_slot.d.next = self.read_slot.q.val() + 1;
        }
        if self.commit.val() & !self.release.val() {
            self.count.d.next = self.count.q.val() + 1;
        }
        if !self.commit.val() & self.release.val() {
            self.count.d.next = self.count.q.val() - 1;
        }
        // The facts of a frame are there a cycle after it became the oldest.
        self.settled.d.next = (self.count.q.val() != 0) & !self.release.val();
        // Seven whole frames and the one that comes fill the store.
        self.tap_ready.next = self.count.q.val() < 7;
        self.facts.read_address.next = self.read_slot.q.val();
        self.frame_valid.next = self.settled.q.val();
        self.frame_length.next = self.facts.read_data.val().get_bits::<14>(0);
        self.frame_kind.next = self.facts.read_data.val().get_bits::<2>(14);
        self.frame_tags.next = self.facts.read_data.val().get_bits::<2>(16);

        // The word at `at` and the one behind it, then the eight bytes out of both.
        self.odd_row.next = self.at.val().get_bits::<4>(4);
        self.even_row.next = self.odd_row.val();
        if self.at.val().get_bit(3) {
            self.even_row.next = self.odd_row.val() + 1;
        }
        self.even.read_address.next =
            (bit_cast::<7, 3>(self.read_slot.q.val()) << 4) | bit_cast::<7, 4>(self.even_row.val());
        self.odd.read_address.next =
            (bit_cast::<7, 3>(self.read_slot.q.val()) << 4) | bit_cast::<7, 4>(self.odd_row.val());
        self.at1.d.next = self.at.val().get_bits::<4>(0);
        self.at2.d.next = self.at1.q.val();
        self.raw_even.d.next = self.even.read_data.val();
        self.raw_odd.d.next = self.odd.read_data.val();
        self.by8.next = bit_cast::<128, 64>(self.raw_even.q.val())
            | (bit_cast::<128, 64>(self.raw_odd.q.val()) << 64);
        if self.at2.q.val().get_bit(3) {
            self.by8.next = bit_cast::<128, 64>(self.raw_odd.q.val())
                | (bit_cast::<128, 64>(self.raw_even.q.val()) << 64);
        }
        self.by4.next = self.by8.val().get_bits::<96>(0);
        if self.at2.q.val().get_bit(2) {
            self.by4.next = self.by8.val().get_bits::<96>(32);
        }
        self.by2.next = self.by4.val().get_bits::<80>(0);
        if self.at2.q.val().get_bit(1) {
            self.by2.next = self.by4.val().get_bits::<80>(16);
        }
        self.out.d.next = self.by2.val().get_bits::<64>(0);
        if self.at2.q.val().get_bit(0) {
            self.out.d.next = self.by2.val().get_bits::<64>(8);
        }
        self.word.next = self.out.q.val();

        if self.reset.val() {
            self.beat.d.next = 0.into();
            self.write_slot.d.next = 0.into();
            self.read_slot.d.next = 0.into();
            self.count.d.next = 0.into();
            self.settled.d.next = false;
        }
    }
}
