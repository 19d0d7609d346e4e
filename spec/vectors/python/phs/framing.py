"""The framing with the word (Section 8.3), HEADER (9), FULL (10) and the replay window."""

from . import Drop
from .chacha import aead_open, aead_seal, encrypt
from .ppp import CONTROL, FRAMING, LCP

LAST_SEQUENCE = (1 << 29) - 1


def make_word(parity, sequence):
    """The four bytes 1 0 P sequence."""
    if sequence > LAST_SEQUENCE:
        raise Drop("CounterExhausted")
    return (0x80000000 | parity << 29 | sequence).to_bytes(4, "big")


def covered(coverage, length):
    """How many of length bytes are within coverage (Sections 9.1 and 11.5)."""
    return length if coverage == 255 else min(64 * coverage, length)


def _nonce(word):
    return bytes(8) + word


def _outer(frame, carrier_lcp):
    return frame.start + (LCP if carrier_lcp else FRAMING).to_bytes(2, "big")


def _inner(frame):
    return frame.protocol.to_bytes(2, "big") + frame.info


def header_send(frame, key, word, coverage, carrier_lcp):
    """Section 9.1."""
    inner = _inner(frame)
    c = covered(coverage, len(inner))
    return _outer(frame, carrier_lcp) + word + encrypt(key, _nonce(word), inner[:c]) + inner[c:]


def full_send(frame, key, word, carrier_lcp):
    """Section 10.1."""
    return _outer(frame, carrier_lcp) + word + aead_seal(key, _nonce(word), word, _inner(frame))


def open_word(rest, least, keys):
    """The first checks of Sections 9.2 and 10.2: gives (word, parity, sequence, key).

    keys holds the data key of each parity, or None."""
    if len(rest) < least:
        raise Drop("Truncated")
    word = rest[:4]
    if word[0] >> 6 != 2:
        raise Drop("BadWord")
    parity = word[0] >> 5 & 1
    if keys[parity] is None:
        raise Drop("NoKey")
    return word, parity, int.from_bytes(word, "big") & LAST_SEQUENCE, keys[parity]


def _deliver(start, inner):
    if inner[0] & 1 or int.from_bytes(inner[:2], "big") in CONTROL:
        raise Drop("ForbiddenProtocol")
    return start + inner


def header_receive(frame, keys, coverage):
    """Section 9.2; what follows the outer protocol field is the frame's info."""
    word, _, _, key = open_word(frame.info, 6, keys)
    inner = frame.info[4:]
    c = covered(coverage, len(inner))
    return _deliver(frame.start, encrypt(key, _nonce(word), inner[:c]) + inner[c:])


def full_receive(frame, keys, windows):
    """Section 10.2; windows: a ReplayWindow for each parity."""
    word, parity, sequence, key = open_word(frame.info, 22, keys)
    if not windows[parity].acceptable(sequence):
        raise Drop("Replayed")
    inner = aead_open(key, _nonce(word), word, frame.info[4:])
    if inner is None:
        raise Drop("Forged")
    windows[parity].note(sequence)
    return _deliver(frame.start, inner)


class ReplayWindow:
    """1,024 numbers, for one epoch and direction (Section 10.2)."""

    SIZE = 1024

    def __init__(self):
        self._top = -1
        self._seen = set()              # the numbers seen that are not too old

    def acceptable(self, sequence):
        """Neither seen nor too old."""
        return sequence > self._top - self.SIZE and sequence not in self._seen

    def note(self, sequence):
        """Remember a number whose packet was genuine."""
        self._seen.add(sequence)
        if sequence > self._top:
            self._top = sequence
            if len(self._seen) > 2 * self.SIZE:
                self._seen = {n for n in self._seen if n > sequence - self.SIZE}
