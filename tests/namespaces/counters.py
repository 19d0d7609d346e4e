"""Control socket and metrics agree with each other, with the kernel, and with what was sent."""

import re
import urllib.request

import traffic
from case import case, check, equal, eventually
from daemons import METRICS, USER
from internet import ECHO, WEB

HEADER = {"policy": "require", "transform": "header"}
PINGS, ECHOES = 20, 50


def volumes(daemon):
    """What one end counted, and its interface."""
    counters = daemon.session()["counters"]
    interface = daemon.namespace.counters(daemon.TUN)
    return {
        "sent": counters["sent"], "received": counters["received"], "drops": sum(counters["drops"].values()),
        "interface-sent": {what: interface[f"tx_{what}"] for what in ["packets", "bytes"]},
        "interface-received": {what: interface[f"rx_{what}"] for what in ["packets", "bytes"]},
    }


def grown(before, after):
    """How much each counter grew."""
    if isinstance(before, dict):
        return {key: grown(before[key], after[key]) for key in before}
    return after - before


@case
def counters(context):
    """Both ends and both interfaces count every packet and byte that was sent, and no other"""
    lns, client = context.pair(HEADER)
    # The kernel announces its multicast groups when an address is new.
    eventually(5, "quiet", lambda: quiet(client))
    before = volumes(client), volumes(lns)
    for at in [0, 1]:
        traffic.ping(context.network.subscriber, WEB[at], PINGS, 600, 0.01)
    with context.network.subscriber.inside():
        for address in ECHO:
            equal(traffic.echo(address, ECHOES, 700), 0, "echoes lost")
    at_client, at_lns = map(grown, before, (volumes(client), volumes(lns)))
    packets = 2 * (PINGS + ECHOES)
    size = PINGS * (8 + 600) + ECHOES * (8 + 700)
    wanted = {"packets": packets, "bytes": 2 * size + (PINGS + ECHOES) * (20 + 40)}
    for end in [at_client, at_lns]:
        for counter in ["sent", "received", "interface-sent", "interface-received"]:
            equal(end[counter], wanted, counter)
        equal(end["drops"], 0, "drops")
    # Bulk: what one end sent is what the other received, and what its interface was given.
    before = volumes(client), volumes(lns)
    traffic.bulk(context.network.subscriber, 1 << 20)
    eventually(5, "quiet", lambda: quiet(client))
    at_client, at_lns = map(grown, before, (volumes(client), volumes(lns)))
    equal(at_client["sent"], at_lns["received"], "sent by the subscriber and received")
    equal(at_lns["sent"], at_client["received"], "sent by the access server and received")
    equal(at_lns["received"], at_lns["interface-received"], "received by the access server and its interface")
    equal(at_client["received"], at_client["interface-received"], "received by the subscriber and its interface")
    check(at_client["received"]["bytes"] > 2 << 20, "bulk is missing")
    return f"{packets} packets, {wanted['bytes']} bytes; then {at_client['received']['bytes']} bytes down"


def quiet(daemon):
    """Whether nothing moves for a moment."""
    import time
    first = daemon.session()["counters"]
    time.sleep(0.3)
    return first == daemon.session()["counters"]


@case
def metrics(context):
    """/metrics says what `fogline status --json` says, and /metrics?sessions=1 what `fogline sessions` does"""
    lns, client = context.pair(HEADER)
    traffic.browse(context.network.subscriber)
    lns.command("rekey", "--all")
    eventually(5, "rekeyed", lambda: lns.status()["rekeys"] == 1)
    eventually(5, "quiet", lambda: quiet(client))
    status, (session,) = lns.status(), lns.sessions()
    with context.network.isp.inside():
        with urllib.request.urlopen(f"http://{METRICS}/metrics?sessions=1", timeout=5) as answer:
            text = answer.read().decode()
    equal(lns.status()["sent"], status["sent"], "counters that should rest")
    series = {}
    for name, labels, value in re.findall(r"^(\w+)(?:\{(.*)\})? (\S+)$", text, re.M):
        labels = frozenset(re.findall(r'(\w+)="([^"]*)"', labels))
        series[name, labels] = float(value)

    def one(name, **labels):
        return series.get((name, frozenset(labels.items())))

    wanted = {}
    for way in ["sent", "received"]:
        for what in ["packets", "bytes"]:
            wanted[f"fogline_{what}_total", way] = (status[way][what], one(f"fogline_{what}_total", direction=way))
            number = str(session["id"])
            wanted[f"fogline_session_{what}_total", way] = (
                session["counters"][way][what], one(f"fogline_session_{what}_total", session=number, direction=way),
            )
    calls = status["calls"]
    for result, count in [("offered", calls["offered"]), ("answered", calls["answered"]),
                          ("refused", sum(calls["refused"].values())), ("ended", sum(calls["ended"].values()))]:
        wanted["calls", result] = (count, one("fogline_calls_total", result=result))
    for reason, count in status["drops"].items():
        wanted["drops", reason] = (count, one("fogline_drops_total", reason=reason))
    for pool in status["pools"]:
        labels = {"pool": pool["name"], "family": pool["family"]}
        wanted["used", pool["family"]] = (pool["used"], one("fogline_pool_addresses", state="used", **labels))
        free = pool["size"] - pool["used"]
        wanted["free", pool["family"]] = (free, one("fogline_pool_addresses", state="free", **labels))
    wanted["rekeys"] = (status["rekeys"], one("fogline_rekeys_total"))
    wanted["alarms"] = (status["alarms_raised"], one("fogline_alarms_total"))
    wanted["failures"] = (status["authentication_failures"], one("fogline_authentication_failures_total"))
    wanted["established"] = (status["tunnels"]["established"], one("fogline_tunnels", state="established"))
    wanted["sessions"] = (1, one("fogline_sessions", state="up", scrambling="header"))
    wanted["session"] = (
        1, one("fogline_session_info", session=str(session["id"]), user=USER, state="up", scrambling="header"),
    )
    for what, (said, measured) in wanted.items():
        equal(measured, said, f"metric {what}")
    check(status["sent"]["packets"] > 100 and status["rekeys"] == 1 and calls["answered"] == 1, f"too little: {status}")
    equal([pool["used"] for pool in status["pools"]], [1, 1], "addresses used")
    return f"{len(wanted)} numbers agree, of {len(series)} series"


@case
def session_facts(context):
    """`fogline session ID` shows transform, coverage, epoch, MTU and addresses at both ends"""
    scrambling = {"policy": "require", "transform": "header", "coverage": 4}
    ends = context.pair(scrambling)
    ends[0].command("rekey", "--all")
    for end in ends:
        eventually(5, "epoch 1", lambda: end.session()["scrambling"]["epoch"] == 1)  # noqa: B023 waits at once
        session = end.session()
        said = end.command("session", session["id"]).stdout
        for pattern in [
            r"scrambling +header \(confirmed\)", r"sends +header, coverage 256 bytes", r"receives +header, coverage 256 bytes",
            r"epoch +1, after 1 rekey", rf"mtu +{session['mtu']} bytes", r"state +up", re.escape(USER),
            re.escape(session["ipv4"]["remote"]), re.escape(ends[1].address()),
        ]:
            check(re.search(pattern, said), f"{end.kind}: no {pattern} in {said}")
        equal(session, end.ask("session", session["id"]) | {"echo_rtt_us": session["echo_rtt_us"]}, "session and sessions")
    return "both ends"


def in_clear(context, lns, client, lns_says, client_says):
    """A call in clear, and why at each end."""
    ends = context.pair(lns={"scrambling": lns}, client={"scrambling": client})
    traffic.ping(context.network.subscriber, WEB[0])
    said = []
    for end, wanted in zip(ends, [lns_says, client_says]):
        session = end.session()
        why = session["scrambling"]["why_clear"] or ""
        check(session["scrambling"]["state"] == "clear" and re.search(wanted, why), f"{end.kind}: {session['scrambling']}")
        check(why in end.command("sessions", "--clear").stdout, f"{end.kind}: `sessions --clear` does not say: {why}")
        check(end.status()["fallbacks"], f"{end.kind}: no fallback counted")
        said.append(f"{end.kind}: {why}")
    return "; ".join(said)


OFF, PREFER = {"policy": "off"}, {"policy": "prefer"}


@case
def clear_off(context):
    """Policy off at the subscriber's, prefer at the access server: both say why the call is in clear"""
    return in_clear(context, PREFER, OFF, "(?i)reject", "(?i)off")


@case
def clear_off_at_lns(context):
    """Policy off at the access server, prefer at the subscriber's: the same"""
    return in_clear(context, OFF, PREFER, "(?i)off", "(?i)reject")
