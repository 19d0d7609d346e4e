#!/usr/bin/env python3
"""Checks files of PHS test vectors: verify.py FILE... (- is standard input).

A file holds one or several JSON values, one after the other."""

import json
import re
import sys

from phs.vectors import Mismatch, check

SHOWN = 20
_SPACE = re.compile(r"[ \t\r\n]*")


def whole_values(text):
    """The JSON values in text, one after the other."""
    decoder = json.JSONDecoder()
    at = _SPACE.match(text).end()
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        yield value
        at = _SPACE.match(text, at).end()


def values(file):
    """The JSON values in a file; by line as long as lines are complete values."""
    for line in file:
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError:
            yield from whole_values(line + file.read())
            return
        yield value


def documents(name):
    """The JSON values in the file of that name."""
    if name == "-":
        yield from values(sys.stdin)
    else:
        with open(name, encoding="utf-8") as file:
            yield from values(file)


def results(name):
    """(kind, name, None or Mismatch) for each vector in a file."""
    try:
        for document in documents(name):
            yield from check(document)
    except (OSError, ValueError) as error:
        yield "file", name, Mismatch("file", "JSON", str(error))


def main(names):
    """The exit status."""
    if not names:
        print("usage: verify.py FILE... (- is standard input)", file=sys.stderr)
        return 1
    hold = fail = 0
    for file in names:
        for kind, name, mismatch in results(file):
            if mismatch is None:
                hold += 1
                continue
            fail += 1
            if fail <= SHOWN:
                where, expected, computed = mismatch.args
                print(f"{file}: {kind}: {name}: {where}\n  expected {expected}\n"
                      f"  computed {computed}", file=sys.stderr)
    print(f"{hold} vectors hold, {fail} do not")
    return 0 if hold and not fail else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
