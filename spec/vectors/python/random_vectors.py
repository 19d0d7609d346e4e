#!/usr/bin/env python3
"""Random PHS test vectors as JSON Lines, each line a whole file with one key set and one packet.

Answers are those of this implementation.  The same seed gives the same lines."""

import argparse
import json
import random
import struct
import sys

from phs import L
from phs import decoy, vectors
from phs.chacha import aead_seal, encrypt
from phs.framing import covered

LENGTHS = (0, 1, 2, 3, 4, 7, 8, 9, 10, 11, 15, 16, 17, 20, 30, 31, 32, 33, 34, 47, 48, 58, 60, 61,
           62, 63, 64, 65, 66, 95, 96, 97, 127, 128, 129, 130, 191, 192, 193, 255, 256, 257, 576,
           577, 640, 1280, 1400, 1452, 1460, 1480)
CONTROL = (0xc021, 0x8053, 0xc023, 0xc223, 0xc227)
OTHERS = (0x8021, 0x8057, 0x80fd, 0x8281, 0x0281, 0x00fd, 0x0053, 0x0055, 0x002d, 0x003d, 0xc025,
          0x8055, 0x80fb, 0x00fb, 0x0031, 0x8031, 0xc0fe, 0xfefe, 0x0000, 0x0002, 0x0020)
LETTERS = b"abcdefghijklmnopqrstuvwxyz"
DIGITS = b"0123456789"


def checksum(data):
    """The Internet checksum, 0..65534 or 65535 only for all zero."""
    total = int.from_bytes(data + bytes(len(data) % 2), "big")
    return 65535 - ((total - 1) % 65535 + 1 if total else 0)


class Maker:
    """Makes frames from one random number generator."""

    def __init__(self, rng):
        self.rng = rng
        self.only_hellos = False

    def chance(self, p):
        """True with probability p."""
        return self.rng.random() < p

    def length(self):
        """A length, often one near a boundary."""
        if self.chance(0.7):
            return self.rng.choice(LENGTHS)
        if self.chance(0.005):              # beyond 64 * 254
            return self.rng.randrange(16200, 16400)
        return self.rng.randrange(self.rng.choice((40, 200, 1500)))

    def data(self, n):
        """n bytes of payload."""
        kind = self.rng.randrange(4)
        if kind == 0:
            return bytes(n)
        if kind == 1:
            text = b"GET /index.html HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
            return (text * (n // len(text) + 1))[:n]
        return self.rng.randbytes(n)

    def port(self):
        """Two bytes."""
        return self.rng.choice((0, 53, 80, 443, 1701, 65535,
                                self.rng.randrange(65536))).to_bytes(2, "big")

    # names and hellos

    def label(self, most=20):
        """A label in the grammar."""
        r = self.rng
        n = r.randint(1, r.choice((1, 3, 8, most)))
        text = bytearray(r.choice(LETTERS + DIGITS + b"--") for _ in range(n))
        for i in (0, -1):
            if text[i] == ord("-"):
                text[i] = r.choice(LETTERS + DIGITS)
        return bytes(text)

    def name(self):
        """A name, nearly always in the grammar."""
        r = self.rng
        last = bytes(r.choice(LETTERS) for _ in range(r.randint(2, 6)))
        labels = [self.label() for _ in range(r.choice((1, 1, 2, 2, 3, 4)))]
        name = b".".join(labels + [last])
        if self.chance(0.12):               # exact length
            size = r.choice((4, 5, 31, 32, 33, 34, 62, 63, 64))
            tail = b"." + last[:2]
            name = (b".".join(labels) * 64)[:size - 3] + tail
            name = name.replace(b".-", b".a").replace(b"-.", b"a.").replace(b"..", b".x")
        if self.chance(0.12):               # out of the grammar, or out of 4..64
            name = r.choice((name.upper(), name + b".", b"." + name, b"-" + name, b"localhost",
                             b"192.0.2.1", b"a.b", name + b"x" * 65, name.replace(b".", b".."),
                             b"xn--80ak6aa92e.com", b"a_b.example", name + b".abcdefg", b"",
                             b"abc", name.replace(b".", b"-."), name[:-1] + b"1", b"\0" * 8))
        return name

    def client_hello(self):
        """A TLS ClientHello, sometimes spoilt."""
        r = self.rng
        session = r.randbytes(r.choice((0, 32, 32, 32, 16, 1, r.randrange(33))))
        name = self.name()
        d = len(name) + 5
        spoil = r.randrange(60)
        server = struct.pack(">HBH", d - 2 + (spoil == 1), int(spoil == 2),
                             max(0, len(name) + (spoil == 3) - (spoil == 4))) + name
        if spoil == 5:
            server = server[:r.randrange(len(server))]
        if spoil == 6:
            server += b"\0\0\1a"
        size = len(server) + (r.choice((-1, 1, 1000)) if spoil == 7 else 0)
        sni = struct.pack(">HH", 0, max(0, size)) + server
        before = r.choice((0, 0, 1, 2, 5, 12, 30, 31, 32, 33))
        after = r.choice((0, 0, 1, 3, 10))
        extensions = []
        for _ in range(before + after):
            body = r.randbytes(r.choice((0, 0, 1, 2, 6, 14)))
            kind = r.choice((10, 11, 13, 16, 23, 35, 43, 45, 51, 65281, r.randint(1, 65535),
                             r.choice(LETTERS) << 8))
            extensions.append(struct.pack(">HH", kind, len(body)) + body)
        if spoil == 8:
            sni = b""
        if self.chance(0.05):
            extensions.append(sni)
        extensions = b"".join(extensions[:before] + [sni] + extensions[before:])
        suites = r.randbytes(2 * r.choice((1, 3, 16, 17)))
        compressions = b"\0" * r.choice((1, 1, 1, 0, 2, 255))
        e = len(extensions)
        if spoil == 9:
            e = r.choice((0, max(0, e - 1), e + 1, e // 2, 65535))
        body = (bytes((3, r.choice((3, 3, 3, 1, 0, 255)))) + r.randbytes(32)
                + bytes((len(session) if spoil != 10 else r.choice((33, 255)),)) + session
                + len(suites).to_bytes(2, "big") + suites
                + bytes((len(compressions),)) + compressions)
        if spoil != 11:
            body += e.to_bytes(2, "big") + extensions
        handshake = b"\1" + (len(body) + 4 * (spoil == 12)).to_bytes(3, "big") + body
        record = bytearray(b"\x16\3" + bytes((r.choice((1, 1, 3, 0, 9)),))
                           + min(65535, len(handshake)).to_bytes(2, "big") + handshake)
        if spoil == 13:
            record = record[:r.choice((9, 10, 11, 43, 44, 45, r.randrange(len(record))))]
        if spoil == 14 and len(record) > 9:
            record[r.choice((0, 1, 5, 6, 9))] ^= 1 << r.randrange(8)
        if self.chance(0.1):
            record += r.randbytes(r.randrange(1, 40))
        return bytes(record)

    # transport

    def segment(self, tls=False):
        """A TCP segment, its checksum 0."""
        r = self.rng
        offset = r.choice((5, 5, 5, 8, 6, 10, 15))
        payload = self.client_hello() if tls else self.data(self.length())
        options = (b"\1\1\x08\x0a" + r.randbytes(36))[:4 * offset - 20]
        if self.chance(0.06):
            offset = r.randrange(16)
        body = (self.port() + self.port() + r.randbytes(8)
                + bytes((offset << 4 | r.choice((0, 0, r.randrange(16))), r.randrange(256)))
                + r.randbytes(2) + bytes(2) + r.choice((bytes(2), r.randbytes(2)))
                + options + payload)
        return body[:r.randrange(24)] if self.chance(0.03) else body

    def datagram(self):
        """A UDP datagram, its checksum 0."""
        r = self.rng
        payload = self.data(self.length())
        size = len(payload) + 8
        if self.chance(0.05):
            size = r.randrange(65536)
        body = self.port() + self.port() + size.to_bytes(2, "big") + bytes(2) + payload
        return body[:r.randrange(12)] if self.chance(0.03) else body

    def transport(self):
        """(protocol, bytes, offset of the checksum or None)."""
        kind = 6 if self.only_hellos else self.rng.randrange(20)
        if kind < 6:
            return 6, self.segment(), 16
        if kind < 10:
            return 6, self.segment(True), 16
        if kind < 15:
            return 17, self.datagram(), 6
        number = self.rng.choice((1, 58, 50, 47, 41, 4, 0, 132, 255, 2, 6, 17))
        return number, self.data(self.length()), None

    def finish(self, body, at, pseudo):
        """The checksum of a transport packet: right, wrong, or an odd value."""
        if at is None or len(body) < at + 2:
            return body
        kind = self.rng.randrange(12)
        if kind == 0:
            value = self.rng.choice((0, 1, 2, 0x7fff, 0xfffd, 0xfffe, 0xffff))
        elif kind == 1:
            value = self.rng.randrange(65536)
        else:
            value = checksum(pseudo + body)
            if at == 6 and value == 0:
                value = 65535
        return body[:at] + value.to_bytes(2, "big") + body[at + 2:]

    # network

    def address4(self):
        """Four bytes, at times not eligible."""
        first = self.rng.choice((1, 10, 192, 223, 127, self.rng.randint(1, 223)))
        if self.chance(0.03):
            first = self.rng.choice((0, 224, 239, 240, 255))
        return bytes((first,)) + self.rng.randbytes(3)

    def address6(self):
        """Sixteen bytes, at times not eligible."""
        first = self.rng.choice((0x20, 0x2a, 0x26, 0x2f))
        if self.chance(0.04):
            first = self.rng.choice((0x00, 0x30, 0x3f, 0x64, 0xfe, 0xff, 0xfd, 0x10))
        return bytes((first,)) + self.rng.randbytes(15)

    def ipv4(self):
        """An IPv4 packet."""
        r = self.rng
        proto, body, at = self.transport()
        source, destination = self.address4(), self.address4()
        body = self.finish(body, at, source + destination + struct.pack(">HH", proto, len(body)))
        options = b""
        if self.chance(0.1):
            options = r.randbytes(4 * r.randint(1, 10))
        ihl = 5 + len(options) // 4
        if self.chance(0.04):
            ihl = r.randrange(16)
        fragment = r.choice((0, 0, 0x4000, 0x4000))
        if self.chance(0.1):
            fragment = r.choice((0x2000, 0x2000 | r.randrange(8192), r.randrange(8192), 1, 0x100))
        if self.chance(0.02):
            fragment |= 0x8000
        total = 20 + len(options) + len(body)
        if self.chance(0.04):
            total = max(0, r.choice((0, 19, 20, total - 1, total + 1, total + 64, 65535,
                                     r.randrange(total + 1))))
        version = 4 if not self.chance(0.02) else r.randrange(16)
        head = struct.pack(">BBHHHBBH", version << 4 | ihl, r.randrange(256), total & 0xffff,
                           r.randrange(65536), fragment, r.randrange(256), proto, 0)
        head += source + destination + options
        kind = r.randrange(12)
        value = checksum(head)
        if kind == 0:
            value = r.choice((0, 1, 0x7fff, 0xfffe, 0xffff))
        elif kind == 1:
            value = r.randrange(65536)
        return head[:10] + value.to_bytes(2, "big") + head[12:] + body

    def ipv6(self):
        """An IPv6 packet."""
        r = self.rng
        proto, body, at = self.transport()
        source, destination = self.address6(), self.address6()
        body = self.finish(body, at,
                           source + destination + struct.pack(">II", len(body), proto))
        if self.chance(0.12):
            kind = r.choice((0, 43, 44, 60))
            more = 0 if kind == 44 else r.choice((0, 0, 1, 3))
            body = bytes((proto, more)) + r.randbytes(6 + 8 * more) + body
            proto = kind
        length = len(body)
        if self.chance(0.04):
            length = r.choice((0, length - 1, length + 1, length + 64, 65535,
                               r.randrange(length + 1))) & 0xffff
        version = 6 if not self.chance(0.02) else r.randrange(16)
        first = version << 28 | r.randrange(256) << 20 | r.choice((0, r.randrange(1 << 20)))
        return struct.pack(">IHBB", first, length, proto, r.randrange(256)) \
            + source + destination + body

    # PPP

    def start(self):
        """FF 03 or nothing."""
        return b"\xff\3" if self.chance(0.4) else b""

    def protocol_field(self, number):
        """Two bytes, or one where that can be and chance wants it."""
        if number < 256 and number & 1 and self.chance(0.25):
            return bytes((number,))
        return number.to_bytes(2, "big")

    def network(self):
        """A PPP frame with an IP packet."""
        r = self.rng
        number, packet = (0x0021, self.ipv4()) if self.chance(0.5) else (0x0057, self.ipv6())
        if self.chance(0.01):
            number ^= 0x0021 ^ 0x0057
        if self.chance(0.08):               # padding
            packet += r.choice((bytes, r.randbytes))(r.choice((1, 2, 6, 26, r.randrange(1, 80))))
        if self.chance(0.03):               # cut short
            packet = packet[:r.randrange(len(packet))]
        return self.start() + self.protocol_field(number) + packet

    def other(self):
        """A PPP frame of another kind."""
        r = self.rng
        kind = r.randrange(10)
        if kind < 3:
            code = r.choice((1, 2, 9, 0, 0x3f, 0x40, 0x45, 0x4f, 0x50, 0x5f, 0x60, 0x66, 0x6f, 0x70,
                             0x7f, 0x80, 0xa0, 0xbf, 0xc0, 0xff, r.randrange(256)))
            body = self.data(r.choice((0, 4, 10, 60)))
            info = bytes((code, r.randrange(256))) + (len(body) + 4).to_bytes(2, "big") + body
            info = info[:r.choice((0, 1, len(info), len(info), len(info), len(info)))]
            return self.start() + r.choice(CONTROL + (0xc021,) * 5).to_bytes(2, "big") + info
        if kind < 4:
            return r.choice((b"", b"\xff\3", b"\0", b"\xff\3\0", b"\xc0", b"\xff", b"\x21",
                             b"\xff\3\x57", b"\0\x21", b"\0\x57", b"\0\x53", b"\x53", b"\xc0\x21",
                             b"\xff\3\xff\3\0\x21", b"\xff\3\x03", b"\xfe", b"\xff\x04"))
        number = r.choice(OTHERS + (r.randrange(65536) & ~0x100,))
        if self.chance(0.2):
            number = r.randrange(128) * 2 + 1
        return self.start() + self.protocol_field(number) + self.data(self.length())

    def frame(self):
        """Any PPP frame."""
        return self.network() if self.chance(0.8) else self.other()


def make_keys(rng):
    """A key set of the vectors."""
    return {"name": "k", "epoch": rng.randrange(4), "data_lower": rng.randbytes(32).hex(),
            "data_higher": rng.randbytes(32).hex(), "prp": rng.randbytes(16).hex()}


def damage(maker, wire):
    """What the network may make of a frame."""
    r = maker.rng
    wire = bytearray(wire)
    kind = r.randrange(9)
    if kind == 0:
        wire = wire[:r.randrange(len(wire) + 1)]
    elif kind == 1:
        wire += r.randbytes(r.randrange(1, 30))
    elif kind == 2 and len(wire) > 8:
        wire[r.randrange(8)] ^= 1 << r.randrange(8)
    elif kind == 3 and wire[:2] in (b"\0\x53", b"\0\x21", b"\0\x57"):
        del wire[0]
    elif kind == 4 and wire[:4] in (b"\xff\3\0\x53", b"\xff\3\0\x21", b"\xff\3\0\x57"):
        del wire[2]
    elif kind == 5 and wire[:2] != b"\xff\3":
        wire = b"\xff\3" + wire
    elif kind == 6:                     # the parity, perhaps
        at = 2 * (wire[:2] == b"\xff\3") + 2
        version = wire[at] >> 4 if at < len(wire) else 0
        at += {4: 6, 6: 8}.get(version, 0)
        if at < len(wire):
            wire[at] ^= {4: 0x80, 6: 0x10}.get(version, 0x20)
    else:
        for _ in range(r.choice((1, 1, 2, 10))):
            if wire:
                wire[r.randrange(len(wire))] ^= 1 << r.randrange(8)
    return bytes(wire)


def forge_framed(maker, packet, keys):
    """A frame of the right framing around whatever, control protocols above all."""
    r = maker.rng
    end = vectors.ENDS[packet["sender"]]
    word = ((2 << 30) | (keys.epoch & 1) << 29 | packet["sequence"]).to_bytes(4, "big")
    number = r.choice(CONTROL + (0xff03, 0x2145, 0x0021, 0x8021, r.randrange(65536)))
    inner = number.to_bytes(2, "big") + maker.data(maker.length())
    nonce = bytes(8) + word
    if packet["transform"] == "full":
        body = aead_seal(keys.data[end], nonce, word, inner)
    else:
        c = covered(packet["coverage"], len(inner))
        body = encrypt(keys.data[end], nonce, inner[:c]) + inner[c:]
    outer = b"\xc0\x21" if packet["carrier"] == "lcp" else maker.protocol_field(0x0053)
    return maker.start() + outer + word + body


def becomes_hello(maker, packet, keys):
    """A frame whose payload, made opaque, would be recognised as a hello."""
    r = maker.rng
    end = vectors.ENDS[packet["sender"]]
    if r.random() < 0.5:
        plain = bytearray(b"\0\x21" + struct.pack(
            ">BBHHHBBH", 0x45, 0, 0, r.randrange(65536), 0x4000, 64, 6, r.randrange(65536))
            + bytes((r.randint(1, 223), 0, 2, 1, r.randint(1, 223), 0, 2, 2)))
    else:
        plain = bytearray(b"\0\x57" + struct.pack(">IHBB", 6 << 28, 0, 6, 64)
                          + b"\x20" + r.randbytes(15) + b"\x2a" + r.randbytes(15))
    tcp = bytearray(r.randbytes(20))
    tcp[12] = 0x50
    wanted = bytearray(r.randbytes(r.choice((10, 11, 31, 32, 33, 64, 65, 300))))
    wanted[:2], wanted[5:7], wanted[9] = b"\x16\3", b"\1\0", 3
    plain += tcp
    size = len(plain) - 2 + len(wanted)
    if plain[1] == 0x21:
        plain[4:6] = size.to_bytes(2, "big")
    else:
        plain[6:8] = (size - 40).to_bytes(2, "big")
    whole = bytes(plain[2:]) + bytes(len(wanted))
    facts = decoy.Facts(whole)
    ends = decoy.Tuple(whole, facts, end)
    ends.permute(keys.prp)
    ports = ends.x[1] + ends.y[1] if end == L else ends.y[1] + ends.x[1]
    c = covered(packet["coverage"], len(wanted))
    return bytes(plain) + decoy.opaque(bytes(wanted[:c]), facts, ports, end, keys.prp,
                                       keys.data[end], inverse=True) + bytes(wanted[c:])


def make_packet(rng):
    """(key set, packet) of one vector."""
    maker = Maker(rng)
    key_set = make_keys(rng)
    keys = vectors.packet_keys(key_set)
    packet = {"name": "", "keys": "k", "sender": rng.choice(("lower", "higher")),
              "transform": rng.choice(("decoy", "decoy", "decoy", "header", "full")),
              "coverage": rng.choice((1, 1, 2, 3, 4, 9, 254, 255, 255, rng.randint(1, 255))),
              "carrier": rng.choice(("natural", "lcp")),
              "sequence": rng.choice((0, 1, (1 << 29) - 1, rng.randrange(1 << 29)))}
    if packet["transform"] == "decoy" and maker.chance(0.3):
        packet["hello"] = rng.choice(("move", "opaque", "opaque"))
    kind = rng.randrange(100)
    if kind < 80:
        packet["name"] = "random frame"
        packet["plain"] = maker.frame().hex()
    elif kind < 82 and packet["transform"] == "decoy":
        packet["name"] = "frame that becomes a hello"
        packet["plain"] = becomes_hello(maker, packet, keys).hex()
    if "plain" in packet:
        wire, refused = vectors.compute_sent(packet, keys)
        if wire is None:
            packet["refused"] = refused
            return key_set, packet
        packet["wire"] = wire.hex()
    elif kind < 94:
        packet["name"] = "damaged frame"
        packet["plain"] = maker.frame().hex()
        wire, _ = vectors.compute_sent(packet, keys)
        wire = damage(maker, wire or bytes.fromhex(packet["plain"]))
        del packet["plain"]
        packet["wire"] = wire.hex()
    elif kind < 96:
        packet["name"] = "frame that nobody scrambled"
        maker.only_hellos = maker.chance(0.6)
        wire = maker.network() if maker.only_hellos else maker.frame()
        if packet["carrier"] == "lcp" and wire[:2] in (b"\0\x21", b"\0\x57"):
            wire = b"\xc0\x21" + wire[2:]
        packet["wire"] = wire.hex()
    elif kind < 98:
        packet["name"] = "forged framing"
        packet["wire"] = forge_framed(maker, packet, keys).hex()
    else:
        packet["name"] = "random bytes"
        body = bytearray(rng.randbytes(rng.randrange(80)))
        outer = rng.choice((b"", b"\0\x53", b"\0\x21", b"\0\x57", b"\x53", b"\xc0\x21", b"\x57"))
        if body:
            body[0] = rng.choice((body[0], 0x80, 0xa0, 0x45, 0x60))
        packet["wire"] = (maker.start() + outer + body).hex()
    restored, refused = vectors.compute_received(packet, keys)
    if restored is None:
        packet["refused"] = refused
    elif restored.hex() != packet.get("plain"):
        packet["restored"] = restored.hex()
    return key_set, packet


def main():
    """Write the lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    for number in range(args.count):
        key_set, packet = make_packet(rng)
        packet["name"] += " %d of seed %d" % (number, args.seed)
        json.dump({"format": vectors.FORMAT, "keys": [key_set], "packets": [packet]}, sys.stdout,
                  separators=(",", ":"))
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
