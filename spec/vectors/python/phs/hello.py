"""The hello form of DECOY (Section 11.9)."""

import re
import struct

from .chacha import block, keystream, xor

MOST_STEPS = 4096
MOST_EXTENSIONS = 32

_LABEL = rb"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rb"(?:" + _LABEL + rb"\.)+[a-z]{2,6}")

_ALPHABET = b"abcdefghijklmnopqrstuvwxyz0123456789-."
_TO_SYMBOLS = bytes(max(_ALPHABET.find(c), 0) for c in range(256))
_TO_LETTERS = _ALPHABET + bytes(256 - 38)
_PLUS_ONE = bytes((v + 1) % 256 for v in range(256))


def recognised(payload):
    """Section 11.9.1."""
    return (len(payload) >= 10 and payload[:2] == b"\x16\x03" and payload[5:7] == b"\x01\x00"
            and payload[9] == 3)


def in_grammar(name):
    """Section 11.9.3 (the length of the name is not looked at)."""
    return _NAME.fullmatch(name) is not None


class _Fields:
    """Reads fields one after the other, up to an end."""

    def __init__(self, data, at):
        self.data, self.at, self.end = data, at, len(data)

    def skip(self, n):
        self.at += n
        if self.at > self.end:
            raise EOFError

    def number(self, n):
        self.skip(n)
        return int.from_bytes(self.data[self.at - n:self.at], "big")


def walk(payload):
    """Section 11.9.2: (length of the session id, offset and length of the name), or None."""
    fields = _Fields(payload, 43)
    try:
        s = fields.number(1)
        if s > 32:
            return None
        fields.skip(s)
        fields.skip(fields.number(2))           # cipher suites
        fields.skip(fields.number(1))           # compression methods
        length = fields.number(2)
        fields.end = min(fields.at + length, fields.end)
        for _ in range(MOST_EXTENSIONS):
            kind, d = fields.number(2), fields.number(2)
            if kind == 0:
                break
            fields.skip(d)
        else:
            return None
        if d < 5 or fields.number(2) != d - 2 or fields.number(1) != 0:
            return None
        size, at = fields.number(2), fields.at
        if size != d - 5 or not 4 <= size <= 64:
            return None
        fields.skip(size)
    except EOFError:
        return None
    return (s, at, size) if in_grammar(payload[at:at + size]) else None


def _step(prp, t0, a, b, inverse):
    """One step of 8 rounds (Section 11.9.4) on the halves A and B, symbols as bytes."""
    size = len(a) + len(b)
    for r in (7, 6, 5, 4, 3, 2, 1, 0) if inverse else (0, 1, 2, 3, 4, 5, 6, 7):
        changed, other = (a, b) if r & 1 else (b, a)
        text = other.translate(_PLUS_ONE)
        out = t0
        for index in range((len(text) + 15) // 16):
            mixed = xor(text[16 * index:16 * index + 16].ljust(16, b"\0"), out)
            out = block(prp + mixed, bytes((size, index, 6, 0, 8 + r)) + bytes(11), 8)
        digits = struct.unpack(">32H", out)
        if inverse:
            changed = bytes([(v - (38 * x >> 16)) % 38 for v, x in zip(changed, digits)])
        else:
            changed = bytes([(v + (38 * x >> 16)) % 38 for v, x in zip(changed, digits)])
        if r & 1:
            a = changed
        else:
            b = changed
    return a, b


def permute_name(prp, t0, name, inverse=False):
    """Steps until the name is in the grammar; None if 4,096 do not suffice."""
    symbols = name.translate(_TO_SYMBOLS)
    a, b = symbols[:len(name) // 2], symbols[len(name) // 2:]
    for _ in range(MOST_STEPS):
        a, b = _step(prp, t0, a, b, inverse)
        result = (a + b).translate(_TO_LETTERS)
        if in_grammar(result):
            return result
    return None


class Place:
    """What the hello form takes from the headers of the packet as it is on the wire."""

    def __init__(self, packet, facts):
        ports = bytes(packet[facts.h:facts.h + 4])
        source = bytes(packet[facts.source:facts.destination])
        destination = bytes(packet[facts.destination:facts.end])
        self.t0 = source[-4:] + destination[-4:] + ports + bytes(4)
        self.nonce = b"\x81" + ports + destination[-3:] + facts.t


def change(payload, place, prp, key, inverse=False):
    """A recognised payload in the hello form, or undone; None where that cannot be.

    Sections 11.9.5 and 11.9.6; key: "phs data" of the sender."""
    found = walk(payload)
    if found is None:
        return None
    s, at, size = found
    name = permute_name(prp, place.t0, payload[at:at + size], inverse)
    if name is None:
        return None
    stream = keystream(key, place.nonce, 64)
    out = bytearray(payload)
    out[11:43] = xor(payload[11:43], stream)
    out[44:44 + s] = xor(payload[44:44 + s], stream[32:])
    out[at:at + size] = name
    return bytes(out)
