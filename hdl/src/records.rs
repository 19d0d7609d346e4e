//! What the pipeline's stages hand each other, one record a frame.
//!
//! Two conventions hold everywhere. *Byte strings* (addresses, blocks, keys, streams) are in lane order, as
//! AXI4-Stream has it: byte i stands at bits 8i to 8i+7, the first byte lowest, and what is not used is zero.
//! *Numbers* (lengths, ports, checksums, protocol numbers, ids) are numbers, whatever their order on the wire.
//! Offsets count bytes from the frame's first byte, unless said otherwise.

#![expect(missing_docs, reason = "LogicStruct derives methods without docs")]

use rust_hdl::prelude::*;

/// What a frame and its headers are, as far as bytes alone tell. The parser's output.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Parsed {
    /// Bytes in the frame.
    pub length: Bits<14>,
    /// 0: no session data, passes. 1: PPPoE. 2: L2TP over IPv4. 3: L2TP over IPv6.
    pub kind: Bits<2>,
    /// 1: fragment of an outer IP packet; 2: L2TP offset padding over 4 bytes. `kind` is then 0.
    pub fault: Bits<2>,
    /// The host link mark: L2TP flag 0x0080, or PPPoE code bit 0x80.
    pub marked: Bit,
    /// The peer: outer IP address (IPv4: 4 bytes, then zeros), or MAC address in bytes 0-5 and the VLAN tags, outer first,
    /// as big-endian words 0x8000 | id in bytes 6-9 (0: no tag). The destination towards the line, the source from there.
    pub peer: Bits<128>,
    /// Tunnel id in the high half (PPPoE: 0), session id in the low half.
    pub ids: Bits<32>,
    /// The outer IP header, or the PPPoE header.
    pub outer_at: Bits<5>,
    /// The UDP header (L2TP only).
    pub udp_at: Bits<7>,
    /// The L2TP or PPPoE header.
    pub message_at: Bits<7>,
    /// The PPP frame's first byte.
    pub ppp_at: Bits<8>,
    /// Behind the PPP frame's last byte.
    pub ppp_end: Bits<14>,
    /// IPv4's total length or IPv6's payload length.
    pub outer_length: Bits<16>,
    /// The outer IPv4 header's checksum.
    pub outer_checksum: Bits<16>,
    /// The outer UDP length.
    pub udp_length: Bits<16>,
    /// The outer UDP checksum.
    pub udp_checksum: Bits<16>,
    /// The first two bytes of the L2TP or PPPoE header.
    pub flags: Bits<16>,
    /// L2TP's Length field stands at `message_at` + 2. (PPPoE's, at `message_at` + 4, always does; the bit is then 0.)
    pub has_message_length: Bit,
    /// L2TP's or PPPoE's Length.
    pub message_length: Bits<16>,
    /// The PPP frame ends before its protocol field does; what follows here is then 0.
    pub not_ppp: Bit,
    /// FF 03 stands first.
    pub address_control: Bit,
    /// The protocol field is one byte.
    pub compressed: Bit,
    /// The protocol number.
    pub protocol: Bits<16>,
    /// The information field's first byte.
    pub info_at: Bits<8>,
    /// The information field's first six bytes, zero past its end.
    pub head: Bits<48>,
    /// The information field is an IPv4 packet that a DECOY sender could have made (`Shape::of_wire`).
    pub ipv4: Bit,
    /// The same of IPv6.
    pub ipv6: Bit,
    /// It is one that a DECOY sender takes (`Shape::of_plain`): reserved bit clear or source in 2000::/4, and no ADD_ADDR.
    pub plain: Bit,
    /// IPv4's reserved flag bit, or the source's 3000::/4 bit.
    pub parity: Bit,
    /// The inner packet's length.
    pub total: Bits<14>,
    /// IPv4's protocol or IPv6's first Next Header.
    pub next: Bits<8>,
    /// Plain TCP or UDP: ports take part.
    pub ports: Bit,
    /// Plain TCP.
    pub tcp: Bit,
    /// Where the opaque payload starts, from the inner packet's first byte: 20 to 100.
    pub payload_at: Bits<7>,
    /// Bytes that the inner IPv4 header checksum covers: 4 x IHL, 20 where that is impossible.
    pub summed: Bits<6>,
    /// The inner source address.
    pub source: Bits<128>,
    /// The inner destination address.
    pub destination: Bits<128>,
    /// Source port, 0 without ports.
    pub source_port: Bits<16>,
    /// Destination port, 0 without ports.
    pub destination_port: Bits<16>,
    /// T: TCP's sequence number, IPv4 bytes 4-7 without the reserved bit, or the flow label's four bytes.
    pub t: Bits<32>,
    /// The inner IPv4 header's checksum.
    pub ip_checksum: Bits<16>,
    /// The TCP or UDP checksum, 0 without ports.
    pub transport_checksum: Bits<16>,
    /// The payload's first bytes.
    pub block: Bits<256>,
    /// How many there are: at most 32.
    pub block_length: Bits<6>,
    /// The payload is recognised as a ClientHello.
    pub hello: Bit,
}

/// What the host has said of a session: written whole, in one cycle.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Descriptor {
    /// There is one.
    pub valid: Bit,
    /// The host sets and reads the host link mark.
    pub host_marks: Bit,
    /// This end has the higher public key.
    pub higher: Bit,
    /// Towards the line: 0 none, 1 DECOY, 2 HEADER.
    pub tx_transform: Bits<2>,
    /// Its coverage in units of 64 bytes, 255 for all.
    pub tx_coverage: Bits<8>,
    /// Its carrier is LCP.
    pub tx_lcp: Bit,
    /// From the line: 0 none, 1 DECOY, 2 HEADER.
    pub rx_transform: Bits<2>,
    /// Its coverage.
    pub rx_coverage: Bits<8>,
    /// Its carrier is LCP.
    pub rx_lcp: Bit,
    /// Slot 0, the even epoch's, holds keys.
    pub even: Bit,
    /// Slot 1, the odd epoch's, holds keys.
    pub odd: Bit,
    /// The even epoch's key slot.
    pub even_slot: Bits<17>,
    /// The odd epoch's key slot.
    pub odd_slot: Bits<17>,
    /// Low 16 bits of the epoch that is sent with.
    pub epoch: Bits<16>,
    /// The queue that decoded frames go to.
    pub queue: Bits<16>,
}

/// One place in the look-up table.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Entry {
    /// It is taken.
    pub valid: Bit,
    /// As `Parsed::kind`, `peer` and `ids`: the key.
    pub kind: Bits<2>,
    /// The peer.
    pub peer: Bits<128>,
    /// Tunnel and session id.
    pub ids: Bits<32>,
    /// Whose it is: the index of descriptor and counters.
    pub session: Bits<16>,
}

/// What one direction counts of a session.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Count {
    /// Low 16 bits of the epoch that `sequence` is of. A frame of another epoch starts again at 0.
    pub epoch: Bits<16>,
    /// The next sequence number, up to 2^29, which means that none is left. Of the sender's side only.
    pub sequence: Bits<30>,
    /// Frames transformed.
    pub packets: Bits<64>,
    /// Their bytes, as they came.
    pub bytes: Bits<64>,
}

/// What the host is told without asking.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Event {
    /// `fogline_card::EventKind`.
    pub kind: Bits<4>,
    /// The session.
    pub session: Bits<16>,
}

/// What a direction does with frames that are no known session's.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Policy {
    /// Sessions are looked up; else every look-up misses.
    pub enable: Bit,
    /// Session data without an entry is dropped instead of passed (marked frames always are).
    pub drop_missed: Bit,
    /// Fragments of outer IP packets are dropped instead of passed.
    pub drop_fragments: Bit,
    /// The longest frame that may leave, in bytes; a transformed frame above it is dropped.
    pub max_frame: Bits<14>,
}

/// One direction's half of a key slot.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Key {
    /// "phs data" of the sender.
    pub data: Bits<256>,
    /// "phs prp".
    pub prp: Bits<128>,
}

/// What DECOY's permutations take and give: the tuple and the payload block.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Scramble {
    /// The frame is a decoy: without it nothing here matters.
    pub active: Bit,
    /// IPv6.
    pub v6: Bit,
    /// Ports take part.
    pub ports: Bit,
    /// The sender is the higher end: the source is Y.
    pub from_higher: Bit,
    /// IPv4's protocol or IPv6's first Next Header.
    pub next: Bits<8>,
    /// IP payload length, as the block's context has it.
    pub length: Bits<16>,
    /// T.
    pub t: Bits<32>,
    /// Bytes in the block.
    pub n: Bits<6>,
    /// "phs prp".
    pub prp: Bits<128>,
    /// Source address.
    pub source: Bits<128>,
    /// Destination address.
    pub destination: Bits<128>,
    /// Source port.
    pub source_port: Bits<16>,
    /// Destination port.
    pub destination_port: Bits<16>,
    /// The payload block: a in its first floor(n/2) bytes, b behind.
    pub block: Bits<256>,
}

impl Scramble {
    /// Assigns `next`: to rust-hdl, `self.x.next.next = ..` in a kernel is a signal `self.x.next`.
    pub fn set_value_next(&mut self, next: Bits<8>) {
        self.next = next;
    }
}

/// The keystream that a frame needs.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Seal {
    /// 64-byte blocks, with counters from 0 on; 0 for none.
    pub blocks: Bits<8>,
    /// "phs data" of the sender.
    pub key: Bits<256>,
    /// The nonce.
    pub nonce: Bits<96>,
}

/// What to do with a frame's bytes. Offsets named `out` count in the frame as it leaves.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Edit {
    /// 0: forward. Else the drop reason (`fogline_card::Drop`).
    pub verdict: Bits<5>,
    /// Scrambled or restored, for the counters.
    pub transformed: Bit,
    /// Left to the host: 1 for a received hello, 2 for an exception (`Parsed::fault`).
    pub left: Bits<2>,
    /// Bytes in the frame as it came.
    pub length: Bits<14>,
    /// From here `cut` bytes are left out and `put` come in their place: the PPP header.
    pub at: Bits<8>,
    /// Bytes left out: 0 to 8.
    pub cut: Bits<4>,
    /// Bytes put in: 0 to 10.
    pub put: Bits<4>,
    /// Those bytes.
    pub put_bytes: Bits<80>,
    /// Bytes of the frame from here on are left out: `length` where nothing is.
    pub end: Bits<14>,
    /// Length on leaving, padding to 60 not counted.
    pub out_end: Bits<14>,
    /// Behind the last byte that the outer UDP checksum covered in the frame as it came. PPP padding and what stands
    /// behind an L2TP message in its datagram lie between `end` and here. `length` where nothing is left out.
    pub outer_end: Bits<14>,
    /// Add zeros up to 60 bytes.
    pub pad: Bit,
    /// A mask is XORed over the frame: one beat of it comes for each beat out, padding left out.
    pub mask: Bit,
    /// Out offset of the information field.
    pub out_info_at: Bits<8>,
    /// Where the block lies, from there.
    pub payload_at: Bits<7>,
    /// Keystream covers out bytes from here ...
    pub stream_from: Bits<9>,
    /// ... to here.
    pub stream_to: Bits<14>,
    /// Framed, from the line: the first two keystream bytes uncover a protocol that must be allowed.
    pub check_protocol: Bit,
    /// Those two bytes, still covered, in lane order.
    pub sealed_protocol: Bits<16>,
    /// The outer lengths and checksums follow: everything from here to `queue` counts only then.
    pub fix_outer: Bit,
    /// As in `Parsed`.
    pub kind: Bits<2>,
    /// The outer IP or PPPoE header.
    pub outer_at: Bits<5>,
    /// The UDP header.
    pub udp_at: Bits<7>,
    /// The L2TP or PPPoE header.
    pub message_at: Bits<7>,
    /// L2TP has a Length field.
    pub has_message_length: Bit,
    /// New outer IP length.
    pub outer_length: Bits<16>,
    /// New outer IPv4 checksum.
    pub outer_checksum: Bits<16>,
    /// New UDP length.
    pub udp_length: Bits<16>,
    /// Old UDP checksum.
    pub udp_checksum: Bits<16>,
    /// New first two bytes of the L2TP or PPPoE header, the mark taken off or put on.
    pub flags: Bits<16>,
    /// New L2TP or PPPoE Length.
    pub message_length: Bits<16>,
    /// Old minus new, modulo 65535, of the flags and lengths that the UDP checksum covers.
    pub outer_delta: Bits<16>,
    /// The inner IPv4 header's checksum follows.
    pub fix_ip: Bit,
    /// It covers bytes of the payload block (IPv4 options): the inner sum is its.
    pub ip_options: Bit,
    /// Old inner IPv4 checksum.
    pub ip_checksum: Bits<16>,
    /// Old minus new of addresses and parity under it.
    pub ip_delta: Bits<16>,
    /// The TCP or UDP checksum follows.
    pub fix_transport: Bit,
    /// It is TCP's.
    pub tcp: Bit,
    /// IPv6 inside.
    pub v6: Bit,
    /// Old TCP or UDP checksum.
    pub transport_checksum: Bits<16>,
    /// Old minus new of addresses and ports under it.
    pub transport_delta: Bits<16>,
    /// The inner sum covers out bytes from here ...
    pub sum_from: Bits<9>,
    /// ... to here.
    pub sum_to: Bits<14>,
    /// The parity that a decoy's packet gets: what `finish` writes.
    pub parity: Bit,
    /// The parity that it has.
    pub old_parity: Bit,
    /// Receiving.
    pub receive: Bit,
    /// The queue that the frame goes to.
    pub queue: Bits<16>,
}

/// DECOY's change of addresses, ports and first payload bytes, to be XORed over the frame.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Head {
    /// Over the inner packet's first 44 bytes.
    pub tuple: Bits<352>,
    /// Over the payload's first bytes.
    pub block: Bits<256>,
}

/// A frame's sums under the checksums, modulo 65535 (where 65535 may stand for 0), of big-endian words that start at even offsets of the frame.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Sums {
    /// The frame as it came, from `at` to `outer_end`.
    pub outer_old: Bits<16>,
    /// The frame as it leaves, from `at` to `out_end`, inner checksums not yet changed.
    pub outer_new: Bits<16>,
    /// Bytes from `sum_from` to `sum_to` before the mask.
    pub inner_old: Bits<16>,
    /// The same behind it.
    pub inner_new: Bits<16>,
}

/// What is known of a frame when its last byte is: egress waits for it.
#[derive(LogicStruct, Default, Copy, Clone, PartialEq, Debug)]
pub struct Finished {
    /// 0: forward. Else the drop reason.
    pub verdict: Bits<5>,
    /// Scrambled or restored.
    pub transformed: Bit,
    /// Bytes that leave, padding counted.
    pub length: Bits<14>,
    /// Beats that wait in the hold buffer for it.
    pub beats: Bits<11>,
    /// The queue that the frame goes to.
    pub queue: Bits<16>,
    /// Which of the words below are written; bit i for word i.
    pub patches: Bits<8>,
    /// Where each word goes: its first byte.
    pub at0: Bits<9>,
    /// The L2TP or PPPoE flags.
    pub word0: Bits<16>,
    /// As `at0`.
    pub at1: Bits<9>,
    /// The outer IP length.
    pub word1: Bits<16>,
    /// As `at0`.
    pub at2: Bits<9>,
    /// The outer IPv4 checksum.
    pub word2: Bits<16>,
    /// As `at0`.
    pub at3: Bits<9>,
    /// The outer UDP length.
    pub word3: Bits<16>,
    /// As `at0`.
    pub at4: Bits<9>,
    /// The outer UDP checksum.
    pub word4: Bits<16>,
    /// As `at0`.
    pub at5: Bits<9>,
    /// The L2TP or PPPoE Length.
    pub word5: Bits<16>,
    /// As `at0`.
    pub at6: Bits<9>,
    /// The inner IPv4 checksum.
    pub word6: Bits<16>,
    /// As `at0`.
    pub at7: Bits<9>,
    /// The TCP or UDP checksum.
    pub word7: Bits<16>,
}
