"""ChaCha8, ChaCha20 (Section 8.4) and ChaCha20-Poly1305 (RFC 8439, Section 2.8).

Several blocks are computed at once.  Each of the four rows of the ChaCha state is one Python
integer, made of lanes of 64 bits; a lane holds one 32-bit word.  With n blocks, the lanes
w * n to w * n + n - 1 of a row hold its word w, for each of the n blocks.  So a quarter round on
the rows works on all columns of all blocks, and rotating a row by n lanes turns columns into
diagonals.
"""

import functools
import hmac
import struct

_CONSTANTS = struct.unpack("<4I", b"expand 32-byte k")
_MOST_BLOCKS = 256                      # in one go; longer keystreams are made in parts


@functools.lru_cache(maxsize=_MOST_BLOCKS)
def _lanes(n):
    """Constants for n blocks: mask, lane shifts, low lanes, ones, 0..n-1, constant row."""
    ones = sum(1 << 64 * i for i in range(n))
    ramp = sum(i << 64 * i for i in range(n))
    shift = 64 * n
    mask = 0xffffffff * sum(1 << 64 * i for i in range(4 * n))
    return mask, shift, (1 << shift) - 1, ones, ramp, _row(_CONSTANTS, shift) * ones


def _row(words, shift):
    return words[0] | words[1] << shift | words[2] << 2 * shift | words[3] << 3 * shift


def _permute(a0, b0, c0, d0, n, rounds):
    """The rounds and the final addition; gives the 16 n output words, row by row."""
    mask, s, low = _lanes(n)[:3]
    s2, s3 = 2 * s, 3 * s
    low2, low3 = (1 << s2) - 1, (1 << s3) - 1
    a, b, c, d = a0, b0, c0, d0
    for _ in range(rounds // 2):
        a = (a + b) & mask
        d ^= a
        d = (d << 16 | d >> 16) & mask
        c = (c + d) & mask
        b ^= c
        b = (b << 12 | b >> 20) & mask
        a = (a + b) & mask
        d ^= a
        d = (d << 8 | d >> 24) & mask
        c = (c + d) & mask
        b ^= c
        b = (b << 7 | b >> 25) & mask
        # columns to diagonals
        b = b >> s | (b & low) << s3
        c = c >> s2 | (c & low2) << s2
        d = d >> s3 | (d & low3) << s
        a = (a + b) & mask
        d ^= a
        d = (d << 16 | d >> 16) & mask
        c = (c + d) & mask
        b ^= c
        b = (b << 12 | b >> 20) & mask
        a = (a + b) & mask
        d ^= a
        d = (d << 8 | d >> 24) & mask
        c = (c + d) & mask
        b ^= c
        b = (b << 7 | b >> 25) & mask
        # and back
        b = b >> s3 | (b & low3) << s
        c = c >> s2 | (c & low2) << s2
        d = d >> s | (d & low) << s3
    size = 32 * n
    data = ((a + a0) & mask).to_bytes(size, "little") \
        + ((b + b0) & mask).to_bytes(size, "little") \
        + ((c + c0) & mask).to_bytes(size, "little") \
        + ((d + d0) & mask).to_bytes(size, "little")
    return struct.unpack("<%dI" % (32 * n), data)[::2]


def block(key, last, rounds):
    """The ChaCha block function: key, 32 bytes; last, the 16 bytes of words 12 to 15."""
    words = struct.unpack("<12I", key + last)
    out = _permute(_lanes(1)[5], _row(words, 64), _row(words[4:8], 64), _row(words[8:], 64),
                   1, rounds)
    return struct.pack("<16I", *out)


def keystream(key, nonce, length, counter=0):
    """The first length bytes (or some more) of the ChaCha20 keystream."""
    words = struct.unpack("<11I", key + nonce)
    parts = []
    while length > 0:
        n = min((length + 63) // 64, _MOST_BLOCKS)
        _, s, _, ones, ramp, constants = _lanes(n)
        out = _permute(constants, _row(words, s) * ones, _row(words[4:8], s) * ones,
                       _row((counter,) + words[8:], s) * ones + ramp, n, 20)
        result = [0] * (16 * n)
        for w in range(16):
            result[w::16] = out[w * n:w * n + n]
        parts.append(struct.pack("<%dI" % (16 * n), *result))
        counter += n
        length -= 64 * n
    return b"".join(parts)


def xor(data, stream):
    """XOR of data with as many bytes from the beginning of stream."""
    n = len(data)
    return (int.from_bytes(data, "big") ^ int.from_bytes(stream[:n], "big")).to_bytes(n, "big")


def encrypt(key, nonce, data, counter=0):
    """data XOR the ChaCha20 keystream; its own inverse."""
    return xor(data, keystream(key, nonce, len(data), counter)) if data else b""


def poly1305(key, message):
    """RFC 8439, Section 2.5."""
    r = int.from_bytes(key[:16], "little") & 0x0ffffffc0ffffffc0ffffffc0fffffff
    prime = (1 << 130) - 5
    acc = 0
    for i in range(0, len(message), 16):
        acc = (acc + int.from_bytes(message[i:i + 16] + b"\1", "little")) * r % prime
    acc += int.from_bytes(key[16:32], "little")
    return (acc & (1 << 128) - 1).to_bytes(16, "little")


def _tag(key, nonce, aad, ciphertext):
    text = b"".join((aad, bytes(-len(aad) % 16), ciphertext, bytes(-len(ciphertext) % 16),
                     struct.pack("<QQ", len(aad), len(ciphertext))))
    return poly1305(keystream(key, nonce, 32), text)


def aead_seal(key, nonce, aad, plaintext):
    """Ciphertext and tag in one string."""
    ciphertext = encrypt(key, nonce, plaintext, 1)
    return ciphertext + _tag(key, nonce, aad, ciphertext)


def aead_open(key, nonce, aad, sealed):
    """The plaintext, or None where the tag does not verify."""
    ciphertext, tag = sealed[:-16], sealed[-16:]
    if len(sealed) < 16 or not hmac.compare_digest(tag, _tag(key, nonce, aad, ciphertext)):
        return None
    return encrypt(key, nonce, ciphertext, 1)
