"""Captures as this test needs them: L2TP data messages, and the IP packets in them."""

import struct

ETHERNET, RAW = 1, 101
TCP, UDP = 6, 17
CHECKSUMS = {TCP: 16, UDP: 6}


def frames(file):
    """(link type, frame) of a classic pcap file."""
    data = file.read_bytes()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    (link,) = struct.unpack_from(order + "I", data, 20)
    at = 24
    while at < len(data):
        (length,) = struct.unpack_from(order + "I", data, at + 8)
        yield link & 0xFFFF, data[at + 16:at + 16 + length]
        at += 16 + length


def messages(file):
    """(payload, from port, to port) of L2TP in UDP."""
    for link, frame in frames(file):
        if link != ETHERNET:
            continue
        kind = frame[12:14]
        if kind == b"\x08\x00" and frame[23] == UDP:
            udp = frame[14 + 4 * (frame[14] & 15):]
        elif kind == b"\x86\xdd" and frame[20] == UDP:
            udp = frame[54:]
        else:
            continue
        source, target, length = struct.unpack_from(">HHH", udp)
        if 1701 in (source, target):
            yield udp[8:length], source, target


def data_messages(file):
    """(flags, PPP frame, from port) of the data messages."""
    for message, source, _ in messages(file):
        (flags,) = struct.unpack_from(">H", message)
        if flags & 0x8000:
            continue
        at = 6 + (2 if flags & 0x4000 else 0) + (4 if flags & 0x0800 else 0)
        if flags & 0x0200:
            at += 2 + struct.unpack_from(">H", message, at)[0]
        yield flags, message[at:], source


def packets(file):
    """The IP packets, in PPP or bare; checksums are left out that kernels put in late."""
    for packet in _packets(file):
        protocol, header = (packet[9], 4 * (packet[0] & 15)) if packet[0] >> 4 == 4 else (packet[6], 40)
        checksum = header + CHECKSUMS.get(protocol, len(packet))
        yield packet[:checksum] + bytes(2) + packet[checksum + 2:]


def _packets(file):
    for link, frame in frames(file):
        if link == RAW:
            yield frame
    for _, frame, _ in data_messages(file):
        if frame[:2] == b"\xff\x03":
            frame = frame[2:]
        if frame[:2] in (b"\x00\x21", b"\x00\x57"):
            yield frame[2:]
