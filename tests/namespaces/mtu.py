"""Large packets: 1500 bytes whole where the backhaul has room, and usable where it has not (RFC 4638, RFC 1191)."""

import socket

import traffic
from case import case, check, equal
from internet import WEB
from rig import run

HEADER = {"policy": "require", "transform": "header"}
SYN = "tcp[13] & 2 != 0 or (ip6[6] == 6 and ip6[53] & 2 != 0)"
WHOLE, WHOLE6 = 1500 - 20 - 8, 1500 - 40 - 8


@case
def mtu_1548(context):
    """A backhaul of 1548: MRU 1506 is asked with HEADER, and 1500 bytes pass whole both ways, IPv4 and IPv6"""
    network = context.network
    network.backhaul_mtu(1548)
    context.undo.append(lambda: network.backhaul_mtu(1500))
    ends = context.pair(HEADER, lns={"listen": {"path-mtu": 1548}}, client={"client": {"path-mtu": 1548}})
    for end in ends:
        session = end.session()
        equal((session["mru"], session["mtu"]), (1506, 1500), f"{end.kind}'s MRU and MTU")
    for namespace, targets in [(network.subscriber, WEB), (network.internet, [ends[1].address(f) for f in ["inet", "inet6"]])]:
        for target, size in zip(targets, [WHOLE, WHOLE6]):
            traffic.ping(namespace, target, size=size, fragment=False)
    traffic.bulk(network.subscriber, 1 << 20)
    return "MRU 1506, MTU 1500"


@case
def mtu_1500(context):
    """A backhaul of 1500: TCP works, too big is told to who sent it, and IPv4 that may be cut up arrives"""
    network = context.network
    lns, client = context.pair(HEADER)
    mtu = lns.session()["mtu"]
    equal(mtu, 1454, "MTU")
    subscriber, subscriber6 = client.address(), client.address("inet6")
    said = traffic.try_ping(network.internet, subscriber, 1, WHOLE, fragment=False)
    check("100.64.0.1" in said and f"mtu = {mtu}" in said, f"no Fragmentation Needed with the MTU: {said}")
    said = traffic.try_ping(network.internet, subscriber6, 1, WHOLE6, fragment=False)
    check("too big" in said and f"mtu={mtu}" in said, f"no Packet Too Big with the MTU: {said}")
    # The senders know now, and are right.
    for target, size in [(subscriber, mtu - 28), (subscriber6, mtu - 48)]:
        traffic.ping(network.internet, target, size=size, fragment=False)
    # Sent whole by a host that leaves it to routers, cut up by the access server.
    network.internet.ip("route", "flush", "cache")
    received = uncut(network, subscriber)
    equal(len(received), WHOLE, "bytes of a datagram that was cut up")
    # The access server lowers what the server says of its MSS.
    inside = context.capture(network.subscriber, "fogline1", "inside", SYN)
    for family in ["-4", "-6"]:
        network.internet.ip(family, "route", "flush", "cache")
    traffic.bulk(network.subscriber, 1 << 20)
    text = run("tshark", "-r", inside.stop(), "-Y", "tcp.flags.syn == 1 && tcp.flags.ack == 1", "-T", "fields",
               "-e", "tcp.options.mss_val")
    told = {tuple(line.split()) for line in text.splitlines()}
    equal(told, {(str(mtu - 40),), (str(mtu - 60),)}, "MSS that servers seem to have")
    return f"MTU {mtu}; MSS {mtu - 40} and {mtu - 60}"


def uncut(network, subscriber):
    """A datagram of 1500 bytes from the internet to a subscriber, without Don't Fragment, as it arrives."""
    IP_MTU_DISCOVER, DONT = 10, 0
    with network.subscriber.inside():
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with network.internet.inside():
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with receiver, sender:
        receiver.bind((subscriber, 4000))
        receiver.settimeout(3)
        sender.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, DONT)
        sender.sendto(bytes(WHOLE), (subscriber, 4000))
        return receiver.recv(65535)
