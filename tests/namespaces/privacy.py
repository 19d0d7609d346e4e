"""What the carrier's DPI puts on record (draft section 1): nothing true, unless scrambling is off."""

import json
import pathlib

import traffic
from case import case, check
from rig import run

ENGINES = ["builtin", "tshark", "ndpi"]
JUDGE = pathlib.Path(__file__).parent.parent / "nothing_left.py"
BULK = 2 << 20


def observed(context, scrambling):
    """The same traffic as the subscriber has it and as the carrier does: reports of every engine."""
    network = context.network
    context.pair(scrambling)
    # Too much to be searched for addresses: four random bytes are one sooner or later.
    traffic.bulk(network.subscriber, BULK)
    inside = context.capture(network.subscriber, "fogline1", "inside")
    carrier = context.capture(network.carrier, "to-isp", "carrier")
    traffic.browse(network.subscriber)
    before, after = inside.stop(), carrier.stop()
    for engine in ENGINES:
        text = run(context.program, "report", before, after, "--engine", engine, "--json")
        file = context.scratch / f"report-{engine}.json"
        file.write_text(text)
        yield engine, file, json.loads(text)


def hidden(context, transform):
    """Nothing true is left of it, though all of it went by."""
    scrambling = {"policy": "require", "transform": transform, "accept": [transform], "coverage": "all"}
    said = []
    for engine, file, report in observed(context, scrambling):
        frames = {view: report[view]["counts"]["frames"] for view in ["before", "after"]}
        check(frames["after"] >= frames["before"] > 200, f"{engine} saw {frames}")
        check(report["left"]["names"]["before"] >= 2, f"{engine} saw {report['left']['names']} before")
        said.append(run("python3", JUDGE, file, engine).strip())
    for daemon in context.daemons:
        for way in ["send", "receive"]:
            agreed = daemon.session()["scrambling"][way]
            check(agreed["transform"] == transform and agreed["coverage"] == "all", f"{daemon.kind} {way}s {agreed}")
    return "; ".join(said)


@case
def privacy_decoy(context):
    """DECOY: browsing, bulk both ways, IPv4 and IPv6; three engines see nothing true"""
    return hidden(context, "decoy")


@case
def privacy_header(context):
    """HEADER: the same"""
    return hidden(context, "header")


@case
def privacy_full(context):
    """FULL: the same"""
    return hidden(context, "full")


@case
def privacy_off(context):
    """Policy off: every engine sees names and addresses, so that the cases above could fail"""
    said = []
    for engine, _, report in observed(context, {"policy": "off"}):
        left = {kind: report["left"][kind]["left"] for kind in ["names", "addresses"]}
        for kind, found in left.items():
            check(len(found) >= 2, f"{engine} sees no {kind} in clear traffic: {found}")
        said.append(f"{engine}: {len(left['names'])} names, {len(left['addresses'])} addresses")
    return "; ".join(said)
