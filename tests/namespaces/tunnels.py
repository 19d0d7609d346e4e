"""L2TP in its variants (RFC 2661): over IPv6, with secrets, numbered, with and without FF 03, behind NAT."""

import re

import captures
import traffic
from case import case, check, equal, eventually
from internet import WEB
from rig import ISP6, run

HEADER = {"policy": "require", "transform": "header"}
SECRET = "between the two of us"


@case
def outer_ipv6(context):
    """L2TP over IPv6, to a listener of every address"""
    lns, client = context.pair(
        HEADER, lns={"listen": {"address": "[::]:1701"}}, client={"client": {"server": f"[{ISP6}]:1701"}},
    )
    traffic.browse(context.network.subscriber)
    traffic.bulk(context.network.subscriber, 1 << 20)
    check(lns.session()["peer"].startswith("[fd00:1::2]:"), f"peer {lns.session()['peer']}")
    equal(client.session()["mtu"], 1500 - 40 - 8 - 8 - 2 - 2 - 6, "MTU")
    return lns.session()["peer"]


@case
def outer_both(context):
    """Listeners of every IPv4 and every IPv6 address answer from the one that was called, be it not the first"""
    second = {"172.16.2.3/24": "172.16.2.3:1701", "fd00:2::3/64": "[fd00:2::3]:1701"}
    for address in second:
        context.network.isp.ip("addr", "add", address, "dev", "eth0", *(["nodad"] if ":" in address else []))
        context.undo.append(lambda address=address: context.network.isp.ip("addr", "del", address, "dev", "eth0"))
    listeners = [{"address": any_, "scrambling": HEADER} for any_ in ["0.0.0.0:1701", "[::]:1701"]]
    lns = context.lns(lns={"listen": listeners})
    peers = []
    for server in second.values():
        client = context.client(scrambling=HEADER, client={"server": server}).up()
        traffic.ping(context.network.subscriber, WEB[0])
        peers.append(lns.session()["peer"])
        equal(client.terminate(), 0, "exit status")
        eventually(2, "no session", lambda: not lns.sessions())
    check(peers[0].startswith("172.16.1.2:") and peers[1].startswith("[fd00:1::2]:"), f"peers {peers}")
    return ", ".join(peers)


@case
def tunnel_secret(context):
    """A tunnel secret at both ends, and AVPs hidden with it (RFC 2661 sections 4.3 and 5.1.1)"""
    secret = {"tunnel-secret": SECRET, "hide-avps": True}
    carrier = context.capture(context.network.carrier, "to-isp", "carrier")
    context.pair(HEADER, lns={"listen": secret}, client={"client": secret})
    traffic.ping(context.network.subscriber, WEB[0])
    capture = carrier.stop()
    check(SECRET.encode() not in capture.read_bytes(), "the secret is on the backhaul")
    hidden = run("tshark", "-r", capture, "-Y", "l2tp.avp.hidden == 1").count("\n")
    responses = run("tshark", "-r", capture, "-V").count("Challenge Response AVP")
    check(hidden >= 3 and responses >= 2, f"{hidden} messages with hidden AVPs, {responses} Challenge Responses")
    return f"{hidden} messages with hidden AVPs, {responses} Challenge Responses"


@case
def wrong_secret(context):
    """Secrets that differ: no tunnel, with a reason on both sides"""
    lns = context.lns(scrambling=HEADER, listen={"tunnel-secret": SECRET})
    client = context.client(scrambling=HEADER, client={"tunnel-secret": SECRET + "!"})
    reasons = [eventually(8, f"a reason at the {end.kind}", lambda: told(end)) for end in [lns, client]]  # noqa: B023
    equal(lns.sessions(), [], "sessions")
    check(not client.is_up(), "the call is up")
    check(SECRET not in lns.said() + client.said(), "a secret is in a log")
    return "; ".join(reasons)


def told(daemon):
    """A line of the log about the secret."""
    found = [text for text in daemon.said().splitlines() if re.search("(?i)secret|challenge|authenti", text)]
    return found and found[-1].split("  ", 1)[-1].strip()


@case
def no_secret(context):
    """A peer without a secret, where one is wanted: the same"""
    lns = context.lns(scrambling=HEADER, listen={"tunnel-secret": SECRET})
    client = context.client(scrambling=HEADER)
    reason = eventually(8, "a reason", lambda: told(client))
    equal(lns.sessions(), [], "sessions")
    return reason


@case
def sequencing(context):
    """Data messages numbered both ways (RFC 2661 section 5.4)"""
    carrier = context.capture(context.network.carrier, "to-isp", "carrier")
    context.pair(HEADER, lns={"listen": {"sequencing": True}}, client={"client": {"sequencing": True}})
    traffic.browse(context.network.subscriber)
    numbered = {}
    for flags, _, source in captures.data_messages(carrier.stop()):
        numbered.setdefault(source == 1701, []).append(bool(flags & 0x0800))
    check(len(numbered) == 2, "data one way only")
    check(all(map(all, numbered.values())), "messages without a number")
    return f"{sum(map(len, numbered.values()))} messages, all numbered"


@case
def ff03(context):
    """FF 03 before PPP frames: as configured at each end, and as the peer does with "follow" """
    said = []
    for lns, client, sent_by_lns, sent_by_client in [
        ("always", "always", True, True), ("never", "never", False, False), ("follow", "never", False, False),
        ("always", "follow", True, True),
    ]:
        carrier = context.capture(context.network.carrier, "to-isp", f"{lns}-{client}")
        ends = context.pair(HEADER, lns={"listen": {"ff03": lns}}, client={"client": {"ff03": client}})
        traffic.ping(context.network.subscriber, WEB[0], 5)
        seen = {True: [], False: []}
        for _, frame, source in captures.data_messages(carrier.stop()):
            seen[source == 1701].append(frame[:2] == b"\xff\x03")
        # Negotiation comes before the peer is known.
        for by_lns, wanted in [(True, sent_by_lns), (False, sent_by_client)]:
            last = seen[by_lns][-5:]
            equal(last, [wanted] * 5, f"FF 03 of {'lns' if by_lns else 'client'}, {lns} and {client}")
        for end in reversed(ends):
            end.kill()
        said.append(f"{lns}/{client}")
    return ", ".join(said)


@case
def nat(context):
    """A subscriber behind NAT, that comes from another address and port"""
    network = context.network
    network.carrier.run("nft", "-f", "-", input=(
        "table ip nat { chain out { type nat hook postrouting priority srcnat; "
        'oifname "to-isp" meta l4proto udp masquerade to :40000-40010; }; }'
    ))
    context.undo.append(lambda: network.carrier.run("nft", "delete", "table", "ip", "nat"))
    lns, _ = context.pair(HEADER)
    traffic.browse(network.subscriber)
    peer = lns.session()["peer"]
    check(re.fullmatch(r"172\.16\.2\.1:400(0\d|10)", peer), f"peer {peer}")
    return peer
