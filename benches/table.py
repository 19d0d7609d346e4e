#!/usr/bin/env python3
"""table.py: the figures of the last `cargo bench -p fogline-benches` in Markdown, as multiples of what ring's
ChaCha20-Poly1305 takes to seal a packet of the same size. Times of different runs do not compare."""

import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(HERE, "..", "target"))
SIZES = (64, 512, 1420, 1500)
RING = ("seal", "ring ChaCha20-Poly1305")
ROWS = (
    [("scramble", f"{t} coverage {c}") for t in ("HEADER", "DECOY") for c in ("1", "2", "9", "all")]
    + [("scramble", "FULL"), ("encapsulate", "boringtun WireGuard"), RING]
)


def nanoseconds(size, row):
    folder = (f"{size} bytes", *row)
    path = os.path.join(TARGET, "criterion", *folder, "new", "estimates.json")
    with open(path) as f:
        return json.load(f)["median"]["point_estimate"]


def main():
    print("| | " + " | ".join(f"{size} B" for size in SIZES) + " |")
    print("|---|" + "---|" * len(SIZES))
    ring = {size: nanoseconds(size, RING) for size in SIZES}
    for row in ROWS:
        cells = (f"{nanoseconds(size, row) / ring[size]:.2f}" for size in SIZES)
        print(f"| {row[1]} | " + " | ".join(cells) + " |")
    print("\nring: " + ", ".join(f"{ring[size]:.0f} ns at {size} B" for size in SIZES) + ", on the machine of this run")


if __name__ == "__main__":
    main()
