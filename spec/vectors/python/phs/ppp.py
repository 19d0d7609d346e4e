"""PPP frames: parsing (Section 8.2) and what a receiver takes them for (Section 8.6)."""

from collections import namedtuple

from . import DECOY, Drop

LCP, FRAMING, IPV4, IPV6 = 0xc021, 0x0053, 0x0021, 0x0057
CONTROL = frozenset((LCP, 0x8053, 0xc023, 0xc223, 0xc227))      # Section 8.1

# start: FF 03 or nothing
Frame = namedtuple("Frame", "start protocol info")


def parse(frame):
    """Section 8.2; drop(NotPpp)."""
    start = frame[:2] if frame[:2] == b"\xff\x03" else b""
    rest = frame[len(start):]
    if not rest:
        raise Drop("NotPpp")
    if rest[0] & 1:
        return Frame(start, rest[0], rest[1:])
    if len(rest) < 2:
        raise Drop("NotPpp")
    return Frame(start, rest[0] << 8 | rest[1], rest[2:])


def looks_scrambled(info, transform):
    """Under LCP's number: "framed", "decoy" or None, by the first information byte."""
    if info and 0x80 <= info[0] <= 0xbf:
        return "framed"
    if info and transform == DECOY and (0x40 <= info[0] <= 0x4f or 0x60 <= info[0] <= 0x6f):
        return "decoy"
    return None


def classify(frame, transform, carrier_lcp):
    """"framed", "decoy" or "control", for a receiver (Section 8.6); drop(Clear)."""
    if carrier_lcp:
        form = looks_scrambled(frame.info, transform) if frame.protocol == LCP else None
        if form:
            return form
    elif frame.protocol == FRAMING:
        return "framed"
    elif frame.protocol in (IPV4, IPV6) and transform == DECOY:
        return "decoy"
    if frame.protocol in CONTROL:
        return "control"
    raise Drop("Clear")
