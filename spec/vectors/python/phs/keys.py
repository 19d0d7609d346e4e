"""The key schedule (Section 4.1)."""

import hashlib
import hmac
from collections import namedtuple

from . import H, L

# data and confirm: one key for each end; prp: 16 bytes
EpochKeys = namedtuple("EpochKeys", "epoch data confirm prp")


def hmac_sha256(key, data):
    """HMAC-SHA-256."""
    return hmac.digest(key, data, "sha256")


def hkdf_expand(prk, info, length):
    """HKDF-Expand of RFC 5869 with SHA-256."""
    out, last, i = b"", b"", 1
    while len(out) < length:
        last = hmac_sha256(prk, last + info + bytes([i]))
        out, i = out + last, i + 1
    return out[:length]


def hkdf_extract(salt, ikm):
    """HKDF-Extract of RFC 5869 with SHA-256."""
    return hmac_sha256(salt, ikm)


def lower_first(option_a, option_b):
    """The two options (47 bytes each) as (oL, oH)."""
    return tuple(sorted((option_a, option_b), key=lambda option: option[15:47]))


def first_prk(lower, higher, shared, secret=b"", msk=b""):
    """prk[0], from the options of L and H."""
    salt = hashlib.sha256(b"PHS1" + lower + higher).digest()
    return hkdf_extract(salt, shared + secret + msk)


def next_prk(prk, shared):
    """prk[e+1], from prk[e] and the shared secret of the rekey."""
    return hkdf_extract(prk, shared)


def epoch_keys(prk, epoch):
    """All keys of an epoch (Table 3)."""
    def key(label, end, length=32):
        return hkdf_expand(prk, label + (b"L", b"H")[end], length)

    return EpochKeys(epoch, (key(b"phs data", L), key(b"phs data", H)),
                     (key(b"phs confirm", L), key(b"phs confirm", H)), key(b"phs prp", L, 16))
