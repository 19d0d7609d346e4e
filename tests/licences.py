#!/usr/bin/env python3
"""Fails where a dependency has a licence that MIT OR Apache-2.0 software cannot carry along."""

import json
import re
import subprocess
import sys

ALLOWED = {
    "MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "ISC",
    "Unicode-3.0", "Zlib", "0BSD", "CC0-1.0", "Unlicense", "BSL-1.0", "MIT-0",
}


def satisfied(expression):
    """Whether an SPDX expression of ANDs and ORs can be met with allowed licences."""
    expression = expression.replace("/", " OR ")
    tokens = re.findall(r"\(|\)|AND|OR|[\w.+-]+(?: WITH [\w.+-]+)?", expression)

    def either(i):
        value, i = both(i)
        while i < len(tokens) and tokens[i] == "OR":
            other, i = both(i + 1)
            value = value or other
        return value, i

    def both(i):
        value, i = one(i)
        while i < len(tokens) and tokens[i] == "AND":
            other, i = one(i + 1)
            value = value and other
        return value, i

    def one(i):
        if tokens[i] == "(":
            value, i = either(i + 1)
            return value, i + 1
        return tokens[i] in ALLOWED, i + 1

    return either(0)[0]


def main():
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    packages = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    bad = [
        f"{p['name']} {p['version']}: {p['license'] or 'no licence stated'}"
        for p in packages["packages"]
        if not p["license"] or not satisfied(p["license"])
    ]
    for line in bad:
        print(f"licence not allowed: {line}", file=sys.stderr)
    print(f"licences of {len(packages['packages'])} packages looked at")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
