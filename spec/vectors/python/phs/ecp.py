"""The ECP Reset messages CONFIRM, REKEY, SWITCHED and ASK (Section 5)."""

import hmac
from collections import namedtuple

from .keys import hmac_sha256

REQUEST, ACK = 14, 15
CONFIRM, REKEY, SWITCHED, ASK = 1, 2, 3, 4
LENGTHS = {CONFIRM: 21, REKEY: 57, SWITCHED: 25, ASK: 21}

# epoch: the epoch field, e+1, or None; public_key: that of a REKEY, or None
Message = namedtuple("Message", "code identifier kind epoch public_key tag signed")


def _tag(key, signed, tag_epoch):
    return hmac_sha256(key, signed + tag_epoch.to_bytes(4, "big"))[:16]


def build(code, identifier, kind, confirm_key, tag_epoch, epoch=None, public_key=b""):
    """A message with its tag; confirm_key is that of its sender in the tag epoch (Table 5)."""
    fields = bytes([kind]) + (b"" if epoch is None else epoch.to_bytes(4, "big")) + public_key
    length = 4 + len(fields) + 16
    assert length == LENGTHS[kind]
    signed = bytes([code, identifier]) + length.to_bytes(2, "big") + fields
    return signed + _tag(confirm_key, signed, tag_epoch)


def parse(packet):
    """The message in the information field of an ECP packet, or None if it is malformed.

    Padding behind the Length is cut."""
    if len(packet) < 5 or packet[0] not in (REQUEST, ACK):
        return None
    length = int.from_bytes(packet[2:4], "big")
    kind = packet[4]
    if length > len(packet) or LENGTHS.get(kind) != length:
        return None
    packet = packet[:length]
    epoch = int.from_bytes(packet[5:9], "big") if kind in (REKEY, SWITCHED) else None
    public_key = packet[9:41] if kind == REKEY else None
    return Message(packet[0], packet[1], kind, epoch, public_key, packet[-16:], packet[:-16])


def tag_epoch(message):
    """The tag epoch that a message has by Table 5; None for ASK: the current one."""
    if message.kind == CONFIRM:
        return 0
    if message.kind == REKEY and message.code == REQUEST:
        return message.epoch - 1
    return message.epoch


def verify(message, confirm_key, epoch):
    """Whether the tag is right under the sender's confirm key of the tag epoch."""
    return hmac.compare_digest(message.tag, _tag(confirm_key, message.signed, epoch))
