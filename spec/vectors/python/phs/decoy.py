"""DECOY (Section 11), but for the hello form."""

import struct

from . import Drop, L, hello
from .chacha import block, encrypt, xor
from .framing import covered
from .ppp import IPV4, IPV6


def eligible(info, version, receiving=False):
    """The packet without PPP padding if it is eligible, else None (Section 11.1).

    version: 4 or 6, that of the PPP protocol number; anything else is not eligible."""
    if version == 4:
        if len(info) < 20 or info[0] >> 4 != 4:
            return None
        total = int.from_bytes(info[2:4], "big")
        if not 20 <= total <= len(info):
            return None
        if not (1 <= info[12] <= 223 and 1 <= info[16] <= 223):
            return None
        if info[6] & 0x80 and not receiving:
            return None
    elif version == 6:
        if len(info) < 40 or info[0] >> 4 != 6:
            return None
        total = 40 + int.from_bytes(info[4:6], "big")
        if total == 40 or total > len(info):
            return None
        if info[8] >> 4 != 2 and not (receiving and info[8] >> 4 == 3) or info[24] >> 4 != 2:
            return None
    else:
        return None
    return info[:total]


def announces_address(packet):
    """Whether the TCP options of a plain packet announce an address (Section 11.1)."""
    facts = Facts(packet)
    options = packet[facts.h + 20:facts.start] if facts.tcp else b""
    while options and options[0] != 0:
        if options[0] == 1:
            options = options[1:]
            continue
        if len(options) < 2 or options[1] < 2:
            return False
        mptcp = options[0] == 30 and options[1] >= 3
        if mptcp and len(options) >= 3 and options[2] >> 4 == 3:
            return True
        if options[1] > len(options):
            return False
        options = options[options[1]:]
    return False


class Facts:
    """What sender and receiver find alike in a packet cut to its length (Section 11.2)."""

    def __init__(self, packet):
        total = len(packet)
        self.version = packet[0] >> 4
        if self.version == 4:
            ihl = packet[0] & 15
            self.h, self.source, self.destination, self.end = 20, 12, 16, 20
            self.hl = 4 * ihl if ihl >= 5 and 4 * ihl <= total else 20
            self.proto = packet[9]
            reachable = ihl == 5 and not packet[6] & 0x3f and not packet[7]
            self.t = bytes((packet[4], packet[5], packet[6] & 0x7f, packet[7]))
        else:
            self.h, self.source, self.destination, self.end = 40, 8, 24, 40
            self.hl = None
            self.proto = packet[6]
            reachable = True
            self.t = bytes((0, packet[1] & 0x0f, packet[2], packet[3]))
        self.plen = total - self.h
        self.tcp = reachable and self.proto == 6 and self.plen >= 20
        self.udp = reachable and self.proto == 17 and self.plen >= 8
        self.plain = self.tcp or self.udp
        if self.tcp:
            offset = 4 * (packet[self.h + 12] >> 4)
            if offset < 20 or offset > self.plen:
                offset = 20
            self.start = self.h + offset
            self.t = bytes(packet[self.h + 4:self.h + 8])
        elif self.udp:
            self.start = self.h + 8
        else:
            self.start = self.h


class Tuple:
    """Addresses and ports: as at the ends L and H, which Section 11.4 names X and Y."""

    def __init__(self, packet, facts, sender):
        self._facts, self._sender = facts, sender
        ports = bytes(packet[facts.h:facts.h + 4]) if facts.plain else bytes(4)
        sides = [[bytes(packet[facts.source:facts.destination]), ports[:2]],
                 [bytes(packet[facts.destination:facts.end]), ports[2:]]]
        self.x, self.y = sides if sender == L else sides[::-1]

    def write(self, packet):
        """Put addresses and, if plain, ports into a packet (bytearray)."""
        facts = self._facts
        src, dst = (self.x, self.y) if self._sender == L else (self.y, self.x)
        packet[facts.source:facts.end] = src[0] + dst[0]
        if facts.plain:
            packet[facts.h:facts.h + 4] = src[1] + dst[1]

    def permute(self, prp, inverse=False):
        """Section 11.4; port is 0 and left alone in a packet that is not plain."""
        facts = self._facts
        for i in (3, 2, 1, 0) if inverse else (0, 1, 2, 3):
            fixed, changed = (self.y, self.x) if i & 1 else (self.x, self.y)
            out = function_f(prp, fixed[0].ljust(16, b"\0") + fixed[1]
                             + bytes((facts.proto, facts.version, i)) + bytes(11))
            address = changed[0]
            if facts.version == 4:
                move = 223 * int.from_bytes(out[:2], "big") // 65536
                first = 1 + (address[0] - 1 + (-move if inverse else move)) % 223
                changed[0] = bytes((first,)) + xor(address[1:], out[2:5])
            else:
                changed[0] = xor(address, bytes((out[0] & 0x0f,)) + out[1:16])
            if facts.plain:
                changed[1] = xor(changed[1], out[16:18])


def function_f(prp, data):
    """F: 32 bytes to 64 (Section 11.3)."""
    return block(prp + data[:16], data[16:], 8)


def opaque(region, facts, ports, sender, prp, key, inverse=False):
    """The opaque payload (Section 11.5).  ports: the wire ports, 4 bytes."""
    n = min(32, len(region))
    if n == 0:
        return b""
    half = [region[:n // 2], region[n // 2:n]]          # a and b
    for line in (7, 6, 5, 4) if inverse else (4, 5, 6, 7):
        changed = 1 - (line & 1)                        # b in rounds 4 and 6
        if half[changed]:
            out = function_f(prp, struct.pack(">16sHBBBB4s4s2x", half[1 - changed], facts.plen,
                                              facts.proto, sender, line, n, ports, facts.t))
            half[changed] = xor(half[changed], out)
    result = half[0] + half[1]
    wire = region if inverse else result
    return result + encrypt(key, b"\x80" + wire[:11], region[n:]) if len(region) > n else result


def _sum(data):
    """The sum of the 16-bit words modulo 65535."""
    return int.from_bytes(data + b"\0" if len(data) & 1 else data, "big") % 65535


def map_ip_tcp(checksum, delta):
    """The bijection of IPv4 header and TCP checksums (Section 11.6)."""
    return checksum if checksum == 65535 else (checksum + delta) % 65535


def map_udp(checksum, delta):
    """The bijection of UDP checksums (Section 11.6)."""
    return checksum if checksum == 0 else (checksum - 1 + delta) % 65535 + 1


def correct_checksums(before, after, facts):
    """Section 11.6; after (bytearray) still has the checksums of before.

    As they are the same in both, they need not be left out of the sums.  Addresses and
    transport header are adjacent in a plain packet."""
    udp = after_at = None
    if facts.plain:
        udp, after_at = facts.udp, facts.h + (6 if facts.udp else 16)
        transport = _sum(before[facts.source:]) - _sum(after[facts.source:])
    if facts.version == 4:
        delta = _sum(before[:facts.hl]) - _sum(after[:facts.hl])
        checksum = map_ip_tcp(int.from_bytes(before[10:12], "big"), delta)
        after[10:12] = checksum.to_bytes(2, "big")
    if after_at:
        old = int.from_bytes(before[after_at:after_at + 2], "big")
        new = map_udp(old, transport) if udp else map_ip_tcp(old, transport)
        after[after_at:after_at + 2] = new.to_bytes(2, "big")


def scramble(packet, sender, keys, coverage, move_names=True):
    """An eligible packet without padding becomes that on the wire (Section 11.7).

    keys: EpochKeys of the send epoch."""
    facts = Facts(packet)
    out = bytearray(packet)
    ends = Tuple(packet, facts, sender)
    ends.permute(keys.prp)
    ends.write(out)
    if keys.epoch & 1:
        if facts.version == 4:
            out[6] |= 0x80
        else:
            out[8] |= 0x10
    payload, key = packet[facts.start:], keys.data[sender]
    result = None
    if move_names and facts.tcp and hello.recognised(payload):
        result = hello.change(payload, hello.Place(out, facts), keys.prp, key)
    if result is None:
        ports = bytes(out[facts.h:facts.h + 4]) if facts.plain else bytes(4)
        c = covered(coverage, len(payload))
        result = opaque(payload[:c], facts, ports, sender, keys.prp, key) + payload[c:]
        if facts.tcp and hello.recognised(result):
            raise Drop("OpaqueLooksLikeHello")
    out[facts.start:] = result
    correct_checksums(packet, out, facts)
    return bytes(out)


def unscramble(info, version, sender, keys, coverage):
    """The information field of a packet in the DECOY form becomes (protocol, packet).

    Section 11.8.  keys: EpochKeys for each parity, or None; sender: the peer."""
    packet = eligible(info, version, receiving=True)
    if packet is None:
        raise Drop("BadDecoy")
    parity = packet[6] >> 7 if version == 4 else packet[8] >> 4 & 1
    keys = keys[parity]
    if keys is None:
        raise Drop("NoKey")
    facts = Facts(packet)
    payload, key = packet[facts.start:], keys.data[sender]
    if facts.tcp and hello.recognised(payload):
        result = hello.change(payload, hello.Place(packet, facts), keys.prp, key, inverse=True)
        if result is None:
            raise Drop("BadHello")
    else:
        ports = packet[facts.h:facts.h + 4] if facts.plain else bytes(4)
        c = covered(coverage, len(payload))
        result = opaque(payload[:c], facts, ports, sender, keys.prp, key, inverse=True)
        result += payload[c:]
    out = bytearray(packet)
    out[facts.start:] = result
    if version == 4:
        out[6] &= 0x7f
    else:
        out[8] &= 0xef
    ends = Tuple(out, facts, sender)
    ends.permute(keys.prp, inverse=True)
    ends.write(out)
    correct_checksums(packet, out, facts)
    return (IPV4 if version == 4 else IPV6), bytes(out)
