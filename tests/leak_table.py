#!/usr/bin/env python3
"""leak_table.py FOGLINE [CAPTURE...]: the table of leak against coverage and cost in README.md, in Markdown.

For each transform and coverage: the share of true host names and remote addresses that an engine still
records (builtin, tshark or nDPI, whichever sees most), the share that a search of the bytes still
finds, the bytes that a packet grows by, and the time to scramble one, as a multiple of the quickest row
of this run. Needs tshark and ndpiReader."""

import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
COVERAGES = ("1", "2", "4", "9", "all")
ENGINES = ("builtin", "tshark", "ndpi")


def run(fogline, *arguments):
    return subprocess.run([fogline, *arguments], check=True, capture_output=True).stdout


def report(fogline, before, after, engine):
    return json.loads(run(fogline, "report", before, after, "--engine", engine, "--json"))


def measure(fogline, captures, transform, coverage, tmp):
    """-> sums over the captures: {kind: [left, before]}, bytes added, packets, nanoseconds"""
    sums, added, packets, nanoseconds = {}, 0, 0, 0

    def count(kind, left, before):
        have = sums.setdefault(kind, [0, 0])
        have[0] += left
        have[1] += before

    for i, capture in enumerate(captures):
        before, after, keys = (os.path.join(tmp, f"{i}{name}") for name in ("b", "a", "k"))
        run(fogline, "pcap", "wrap", capture, before, "--encap", "l2tp")
        options = ["--transform", transform, "--coverage", coverage]
        run(fogline, "pcap", "scramble", before, after, *options, "--keylog", keys)
        os.remove(keys)
        reports = [report(fogline, before, after, engine) for engine in ENGINES]
        for kind in ("names", "addresses"):
            count(kind, max(len(r["left"][kind]["left"]) for r in reports),
                  reports[0]["left"][kind]["before"])
            count("grep " + kind, len(reports[0]["bytes"][kind]["found"]),
                  reports[0]["left"][kind]["before"])
        demo = json.loads(run(fogline, "demo", "--capture", capture, *options, "--json"))
        added += demo["overhead_bytes_per_packet"] * demo["packets"]
        packets += demo["packets"]
        nanoseconds += demo["nanoseconds_per_packet"]["scramble"] * demo["packets"]
    return sums, added / packets, nanoseconds / packets


def share(pair):
    left, before = pair
    return f"{100 * left / before:.1f} %" if before else "-"


def main():
    fogline = sys.argv[1]
    captures = sys.argv[2:] or [os.path.join(HERE, "capture", "household.pcap")]
    rows = []
    with tempfile.TemporaryDirectory() as tmp:
        for transform in ("decoy", "header", "full"):
            for coverage in ("all",) if transform == "full" else COVERAGES:
                rows.append((transform, coverage, *measure(fogline, captures, transform, coverage, tmp)))
    quickest = min(row[4] for row in rows)
    print("| transform | coverage | names, engines | addresses, engines | names, bytes | addresses, bytes "
          "| bytes added | time |\n|---|---|---|---|---|---|---|---|")
    for transform, coverage, sums, added, nanoseconds in rows:
        kinds = ("names", "addresses", "grep names", "grep addresses")
        leaks = " | ".join(share(sums[kind]) for kind in kinds)
        covered = coverage if coverage == "all" else f"{coverage} ({64 * int(coverage)} B)"
        print(f"| {transform.upper()} | {covered} | {leaks} | {added:.1f} | {nanoseconds / quickest:.1f} |")


if __name__ == "__main__":
    main()
