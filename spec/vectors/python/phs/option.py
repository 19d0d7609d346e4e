"""The PHS option and what both ends compute from two of them (Section 3)."""

from collections import namedtuple

Direction = namedtuple("Direction", "transform coverage carrier_lcp")

_FIELDS = ("want want_coverage accept min_coverage can_send max_coverage carrier flags "
           "public_key")


class Option(namedtuple("Option", _FIELDS)):
    """The fields of an option that can be parsed (Section 3.1)."""

    @classmethod
    def parse(cls, data):
        """The option in data, or None if it cannot be parsed."""
        # Type 0, Length 47, OUI, Kind 1, Version 1
        if len(data) != 47 or data[:7] != b"\x00\x2f\x02\x46\x4f\x01\x01":
            return None
        option = cls(*data[7:15], data[15:47])
        if 0 in (option.want, option.want_coverage, option.min_coverage, option.max_coverage):
            return None
        return option

    def build(self):
        """The 47 bytes."""
        return b"\x00\x2f\x02\x46\x4f\x01\x01" + bytes(self[:8]) + self.public_key


def direction(sender, receiver):
    """What the direction from sender to receiver does, or None (Section 3.2)."""
    def can(transform):
        return sender.can_send >> (transform - 1) & 1

    if receiver.want in (1, 2, 3) and can(receiver.want):
        transform = receiver.want
    else:
        both = [t for t in (1, 2, 3) if can(t) and receiver.accept >> (t - 1) & 1]
        if not both:
            return None
        transform = max(both)
    coverage = min(receiver.want_coverage, sender.max_coverage)
    if coverage < receiver.min_coverage:
        return None
    return Direction(transform, coverage, bool(receiver.carrier & 1 and sender.carrier & 2))


def evaluate(own, peer, shared=None):
    """Evaluate the peer's option (Section 3.3).

    Gives (None, direction to the peer, direction from it) or (reason of failure, None, None).
    shared is the X25519 secret, if it is known."""
    reason = None
    there, back = direction(own, peer), direction(peer, own)
    if own.public_key == peer.public_key:
        reason = "Loop"
    elif (own.flags ^ peer.flags) & 1:
        reason = "SecretFlags"
    elif there is None or back is None:
        reason = "Incompatible"
    elif shared == bytes(32):
        reason = "WeakKey"
    return (reason, None, None) if reason else (None, there, back)
