"""X25519 (RFC 7748, Section 5)."""

_P = (1 << 255) - 19
BASE = b"\x09" + bytes(31)


def x25519(secret, public):
    """The shared secret (all zero for a public key of small order)."""
    k = int.from_bytes(secret, "little")
    k = k & ~7 & ((1 << 255) - 1) | 1 << 254
    x1 = int.from_bytes(public, "little") & ((1 << 255) - 1)
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in range(254, -1, -1):
        bit = k >> t & 1
        if swap != bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b = x2 + z2, x2 - z2
        c, d = x3 + z3, x3 - z3
        aa, bb = a * a % _P, b * b % _P
        da, cb = d * a % _P, c * b % _P
        e = aa - bb
        x3 = (da + cb) ** 2 % _P
        z3 = x1 * (da - cb) ** 2 % _P
        x2 = aa * bb % _P
        z2 = e * (aa + 121665 * e) % _P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, _P - 2, _P) % _P).to_bytes(32, "little")


def public_key(secret):
    """The public key that belongs to a secret key."""
    return x25519(secret, BASE)
