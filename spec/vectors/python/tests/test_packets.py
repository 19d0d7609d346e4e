"""Round trips, refusals and the small rules of the draft."""

import random
import struct
import unittest

from phs import DECOY, FULL, HEADER, H, L, Drop
from phs import ecp, hello
from phs.decoy import Facts, map_ip_tcp, map_udp
from phs.framing import ReplayWindow
from phs.keys import EpochKeys, epoch_keys
from phs.link import Receiver, Sender
from phs.option import Direction, Option, direction, evaluate
from phs.ppp import parse


def some_keys(epoch=0):
    r = random.Random(epoch + 1)
    return EpochKeys(epoch, (r.randbytes(32), r.randbytes(32)), None, r.randbytes(16))


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ipv4(proto, body, src=b"\xc0\x00\x02\x01", dst=b"\xc6\x33\x64\x05"):
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 7, 0x4000, 64, proto, 0) + src + dst
    return head[:10] + checksum(head).to_bytes(2, "big") + head[12:] + body


def tcp(payload, src=b"\xc0\x00\x02\x01", dst=b"\xc6\x33\x64\x05"):
    segment = struct.pack(">HHIIBBHHH", 40000, 443, 1000, 0, 0x50, 0x18, 500, 0, 0) + payload
    pseudo = src + dst + struct.pack(">HH", 6, len(segment))
    return segment[:16] + checksum(pseudo + segment).to_bytes(2, "big") + segment[18:]


def client_hello(name, session=bytes(range(32))):
    sni = struct.pack(">HHHBH", 0, len(name) + 5, len(name) + 3, 0, len(name)) + name
    body = (b"\3\3" + bytes(range(32)) + bytes((len(session),)) + session
            + b"\0\2\x13\1\1\0" + len(sni).to_bytes(2, "big") + sni)
    return (b"\x16\3\1" + (len(body) + 4).to_bytes(2, "big") + b"\1"
            + len(body).to_bytes(3, "big") + body)


class Links(unittest.TestCase):
    def pair(self, *args, end=L, epoch=0):
        keys = some_keys(epoch)
        receiver = Receiver(end, Direction(*args))
        receiver.install(keys)
        return Sender(keys, end, Direction(*args)), receiver

    def test_round_trips(self):
        frames = [b"\xff\x03\x00\x21" + ipv4(6, tcp(b"hello" * n)) for n in range(0, 60, 3)]
        frames += [b"\0\x21" + ipv4(17, struct.pack(">HHHH", 1, 2, 3, 0) + bytes(n))
                   for n in range(50)]
        frames += [b"\0\x21" + ipv4(1, bytes(n)) for n in range(40)]
        frames += [b"\0\x57\x60\0\0\0\0\x04\x11\x40\x20" + bytes(15) + b"\x2a" + bytes(19)]
        frames += [b"\0\x57", b"\x80\x21\1\1\0\4", b"\xc0\x21\1\1\0\4", b"\0\x21E"]
        for transform in (DECOY, HEADER, FULL):
            for coverage in (1, 2, 255):
                for lcp in (False, True):
                    for end in (L, H):
                        sender, receiver = self.pair(transform, coverage, lcp, end=end, epoch=3)
                        for frame in frames:
                            wire = sender.send(frame)
                            self.assertEqual(receiver.receive(wire), frame)

    def test_decoy_has_valid_checksums(self):
        sender, _ = self.pair(DECOY, 255, False)
        wire = sender.send(b"\0\x21" + ipv4(6, tcp(b"GET / HTTP/1.0")))[2:]
        self.assertEqual(checksum(wire[:20]), 0)
        pseudo = wire[12:20] + struct.pack(">HH", 6, len(wire) - 20)
        self.assertEqual(checksum(pseudo + wire[20:]), 0)

    def test_hello_form(self):
        for name in (b"a.bc", b"www.example.com", b"a" * 58 + b".museum"[:6]):
            sender, receiver = self.pair(DECOY, 1, False, end=H, epoch=1)
            frame = b"\0\x21" + ipv4(6, tcp(client_hello(name)))
            wire = sender.send(frame)
            self.assertTrue(hello.recognised(wire[42:]))
            self.assertTrue(hello.in_grammar(wire[-len(name):]))
            self.assertEqual(receiver.receive(wire), frame)

    def test_refusals(self):
        sender, receiver = self.pair(FULL, 255, False)
        wire = sender.send(b"\0\x21abc")
        for outcome, frame in (("NotPpp", b"\xff\3"), ("NotPpp", b"\0"), ("Clear", b"\x21E"),
                               ("Truncated", wire[:20]), ("BadWord", b"\0\x53" + bytes(30)),
                               ("NoKey", b"\x53\xa0" + bytes(30)),
                               ("Forged", wire[:-1] + bytes([wire[-1] ^ 1]))):
            with self.assertRaises(Drop) as caught:
                receiver.receive(frame)
            self.assertEqual(caught.exception.outcome, outcome)
        self.assertEqual(receiver.receive(wire), b"\0\x21abc")
        with self.assertRaisesRegex(Drop, "Replayed"):
            receiver.receive(wire)

    def test_counter(self):
        sender = Sender(some_keys(), L, Direction(HEADER, 255, False), (1 << 29) - 1)
        sender.send(b"\0\x21")
        with self.assertRaisesRegex(Drop, "CounterExhausted"):
            sender.send(b"\0\x21")
        self.assertEqual(sender.send(b"\xc0\x21"), b"\xc0\x21")


class Rules(unittest.TestCase):
    def test_window(self):
        window = ReplayWindow()
        for n in (0, 5, 2000, 977, 100000):
            self.assertTrue(window.acceptable(n), n)
            window.note(n)
            self.assertFalse(window.acceptable(n))
        self.assertTrue(window.acceptable(100000 - 1023))
        self.assertFalse(window.acceptable(100000 - 1024))

    def test_checksum_maps(self):
        for delta in (0, 1, -1, 65534, 40000, -70000):
            for c in (0, 1, 2, 65533, 65534, 65535):
                for function in (map_ip_tcp, map_udp):
                    there = function(c, delta)
                    self.assertEqual(function(there, -delta), c)

    def test_facts(self):
        packet = bytearray(ipv4(6, tcp(b"")))
        self.assertEqual(Facts(bytes(packet)).start, 40)
        packet[32] = 0xf0
        self.assertEqual(Facts(bytes(packet)).start, 40)
        packet[6] = 0x20
        self.assertFalse(Facts(bytes(packet)).plain)

    def test_grammar(self):
        for name in (b"a.bc", b"a-b.c--d.abcdef", b"0.1.zz"):
            self.assertTrue(hello.in_grammar(name), name)
        for name in (b"abc", b"a.b", b"-a.bc", b"a-.bc", b"a..bc", b".a.bc", b"a.bc.", b"a.b1",
                     b"a.abcdefg", b"A.bc", b"a" * 64 + b".bc", b"a.bc\n"):
            self.assertFalse(hello.in_grammar(name), name)

    def test_parse(self):
        self.assertEqual(parse(b"\xff\3\x21E"), (b"\xff\3", 0x21, b"E"))
        self.assertEqual(parse(b"\xc0\x21"), (b"", 0xc021, b""))

    def test_options(self):
        a = Option(1, 255, 0, 255, 7, 255, 1, 0, bytes(32))
        b = Option(3, 10, 4, 1, 2, 255, 2, 0, b"\1" + bytes(31))
        self.assertEqual(Option.parse(a.build()), a)
        self.assertIsNone(direction(b, a))
        self.assertEqual(direction(a, b), (FULL, 10, False))
        self.assertEqual(evaluate(a, a)[0], "Loop")
        self.assertEqual(evaluate(a, b)[0], "Incompatible")

    def test_messages(self):
        keys = epoch_keys(bytes(32), 5)
        packet = ecp.build(ecp.REQUEST, 9, ecp.REKEY, keys.confirm[L], 5, 6, bytes(32))
        message = ecp.parse(packet + b"padding")
        self.assertEqual(ecp.tag_epoch(message), 5)
        self.assertTrue(ecp.verify(message, keys.confirm[L], 5))
        self.assertFalse(ecp.verify(message, keys.confirm[H], 5))
        self.assertIsNone(ecp.parse(packet[:-1]))


if __name__ == "__main__":
    unittest.main()
