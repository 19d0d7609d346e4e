#!/usr/bin/env python3
"""Runs cases one after the other, each with daemons of its own, and says what came of each."""

import argparse
import fnmatch
import importlib
import pathlib
import sys
import time
import traceback

import case
from rig import Network

MODULES = ["privacy", "counters", "mtu", "keys", "endings", "reload", "host", "process", "tunnels"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--scratch", type=pathlib.Path)
    parser.add_argument("--fogline")
    parser.add_argument("cases", nargs="*")
    arguments = parser.parse_args()
    for module in MODULES:
        importlib.import_module(module)
    if arguments.list:
        for name, function in case.ALL.items():
            print(f"{name:20} {(function.__doc__ or '').splitlines()[0]}")
        return 0
    wanted = [name for name in case.ALL if chosen(name, arguments.cases)]
    if not wanted:
        print(f"no such case: {' '.join(arguments.cases)}", file=sys.stderr)
        return 2
    network = Network(arguments.scratch)
    results = [run(name, network, arguments) for name in wanted]
    count = {result: results.count(result) for result in ["ok", "FAILED", "SKIPPED"]}
    print(", ".join(f"{number} {result}" for result, number in count.items() if number))
    return 1 if count["FAILED"] else 77 if count["SKIPPED"] else 0


def chosen(name, patterns):
    return not patterns or any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def run(name, network, arguments):
    started = time.monotonic()
    scratch = arguments.scratch / name
    scratch.mkdir()
    context = case.Case(network, scratch, arguments.fogline)
    try:
        said = case.ALL[name](context)
        context.end()
        result = "ok"
    except case.Skip as skip:
        result, said = "SKIPPED", str(skip)
    except Exception as failure:  # whatever it is, the case did not hold
        result, said = "FAILED", f"{type(failure).__name__}: {failure}"
        if not isinstance(failure, case.Unmet):
            said += "\n" + "".join(traceback.format_tb(failure.__traceback__)[-2:])
        said += context.last_words()
    finally:
        context.clean_up()
    print(f"{result:8}{name:20}{time.monotonic() - started:6.1f} s  {said or ''}", flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
