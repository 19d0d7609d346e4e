#!/usr/bin/env python3
"""nothing_left.py REPORT LABEL: fails where `fogline report --json` shows anything true after scrambling,
or saw nothing to begin with."""

import json
import sys


def main():
    report, label = json.load(open(sys.argv[1])), sys.argv[2]
    bad = []
    for kind, remains in report["left"].items():
        if remains["left"]:
            bad.append(f"{kind} still recorded: {', '.join(map(str, remains['left'][:5]))}")
    for kind, hits in report["bytes"].items():
        # Short patterns occur in random bytes; what chance brings is told, and no more is accepted.
        if kind != "searched" and len(hits["found"]) > max(0, round(hits["by_chance"])):
            bad.append(f"{kind} in the bytes: {', '.join(hits['found'][:5])}")
    if not report["before"]["records"]:
        bad.append("the engine saw no flow before scrambling")
    bogus = report["bogus"]
    print(f"{label}: {'; '.join(bad) or 'nothing true left'}; "
          f"{bogus['flows']} bogus flows, {bogus['names']} bogus names")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
