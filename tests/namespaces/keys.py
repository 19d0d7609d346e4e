"""New keys while packets flow, and keys that are logged."""

import collections

import captures
import traffic
from case import case, check, equal, eventually
from rig import run

REKEYS = 5


@case
def rekey(context):
    """Rekeys by command of either end, under traffic, one after the other: no packet is lost"""
    scrambling = {"policy": "require", "transform": "full", "rekey-overlap": "500ms"}
    ends = context.pair(scrambling)
    streams = [traffic.Stream(context.network.subscriber, address) for address in traffic.ECHO]
    for epoch in range(1, REKEYS + 1):
        done = ends[epoch % 2].command("rekey", "--all")
        equal(done.stdout, "1 session is being rekeyed\n", "rekey")
        for end in ends:
            eventually(5, f"{end.kind} at epoch {epoch}", lambda: end.session()["scrambling"]["epoch"] == epoch)  # noqa: B023
    sent = 0
    for stream in streams:
        lost, of = stream.stop()
        equal(lost, 0, f"packets lost of {of}")
        sent += of
    for end in ends:
        counters = end.session()["counters"]
        equal(counters["drops"], {}, f"{end.kind}'s drops")
        equal(end.status()["rekeys"], REKEYS, f"rekeys counted by {end.kind}")
    return f"{REKEYS} rekeys, {sent} packets each way, none lost"


@case
def keylog(context):
    """With --keylog of either end, the carrier's capture is restored to what the subscriber sent and received"""
    network, said = context.network, []
    logs = {kind: context.scratch / f"{kind}.keys" for kind in ["lns", "client"]}
    arguments = {kind: {"arguments": ["--keylog", logs[kind]]} for kind in logs}
    carrier = context.capture(network.carrier, "to-isp", "carrier")
    lns, _ = context.pair({"policy": "require", "transform": "decoy"}, **arguments)
    inside = context.capture(network.subscriber, "fogline1", "inside")
    for round_ in range(2):
        for at in [0, 1]:
            traffic.ping(network.subscriber, traffic.WEB[at], 5)
            with network.subscriber.inside():
                traffic.resolve(traffic.DNS[at], traffic.WEB_NAME, traffic.A)
                equal(traffic.echo(traffic.ECHO[at], 20, 300), 0, "echoes lost")
        if round_ == 0:
            # What comes after has other keys.
            lns.command("rekey", "--all")
            eventually(5, "rekeyed", lambda: lns.session()["scrambling"]["epoch"] == 1)
    true, scrambled = collections.Counter(captures.packets(inside.stop())), carrier.stop()
    check(len(true) > 80, f"only {len(true)} packets")
    seen = collections.Counter(captures.packets(scrambled))
    check(not true & seen, "packets were on the backhaul as they are")
    for kind, log in logs.items():
        equal(oct(log.stat().st_mode & 0o777), "0o600", f"permissions of {log.name}")
        restored = context.scratch / f"restored-{kind}.pcap"
        run(context.program, "pcap", "restore", scrambled, restored, "--keylog", log)
        missing = true - collections.Counter(captures.packets(restored))
        check(not missing, lambda: f"{sum(missing.values())} of {sum(true.values())} packets not restored by {kind}'s keys")
        said.append(f"{kind}'s keys give {sum(true.values())} packets back")
    return "; ".join(said)
