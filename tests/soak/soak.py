"""Runs a load on an access server, watches the server, and judges it. See soak.sh."""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time

from server import Load, Server, network

MIB = 1 << 20
# What memory may grow by after the ramp: allocators are not exact.
GROWTH, SLACK = 1.05, 2 * MIB
# Packets that a busy machine may lose.
LOSS = 0.01


def options():
    parser = argparse.ArgumentParser(prog="soak.sh", description=__doc__)
    parser.add_argument("--fogline", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--short", action="store_true", help="500 sessions for 20 seconds")
    parser.add_argument("--sessions", type=int, help="sessions at the same time (10000)")
    parser.add_argument("--duration", type=int, help="seconds after the ramp (600)")
    parser.add_argument("--rate", type=int, default=250, help="calls a second while ramping (250)")
    parser.add_argument("--churn", type=float, help="calls hung up and made again each second (20)")
    parser.add_argument("--traffic", type=float, help="packets each second in each call (1)")
    parser.add_argument("--rekey-interval", help="time between rekeys (1m)")
    parser.add_argument("--rekey-overlap", default="2s", help="how long old keys stay (2s)")
    parser.add_argument("--transform", default="header", help="decoy, header or full (header)")
    parser.add_argument("--every", type=int, help="seconds between samples (10)")
    given = parser.parse_args()
    usual = {"sessions": 10_000, "duration": 600, "churn": 20, "traffic": 1, "rekey_interval": "1m", "every": 10}
    short = {"sessions": 500, "duration": 20, "churn": 10, "traffic": 2, "rekey_interval": "5s", "every": 1}
    for name, value in (short if given.short else usual).items():
        if getattr(given, name) is None:
            setattr(given, name, value)
    return given


class Samples:
    """What the server's process was like, again and again."""

    def __init__(self, server):
        self._server = server
        self._cpu, self._at = server.cpu_seconds(), time.monotonic()
        self.resident, self.descriptors = [], []

    def take(self, what):
        cpu, at = self._server.cpu_seconds(), time.monotonic()
        busy = 100 * (cpu - self._cpu) / (at - self._at)
        self._cpu, self._at = cpu, at
        self.resident.append(self._server.resident())
        self.descriptors.append(self._server.descriptors())
        print(f"{what:>10}: {self.resident[-1] / MIB:8.1f} MiB  {busy:5.1f} % of a core  "
              f"{self.descriptors[-1]:3} descriptors", flush=True)


def grows(resident):
    """Whether the end needs more memory than the time after the ramp, in words."""
    quarter = max(1, len(resident) // 4)
    before, after = statistics.median(resident[quarter:2 * quarter] or resident), statistics.median(resident[-quarter:])
    if after > before * GROWTH + SLACK:
        return f"memory grew from {before / MIB:.1f} to {after / MIB:.1f} MiB"
    return None


def soak(given, directory):
    """What was wrong, in words."""
    server = Server(given.fogline, directory, given.sessions, rekey_interval=given.rekey_interval, rekey_overlap=given.rekey_overlap)
    empty, descriptors = server.resident(), server.descriptors()
    load = Load(
        given.fogline, directory, "load",
        "--sessions", str(given.sessions), "--tunnels", str(max(8, given.sessions // 200)), "--rate", str(given.rate),
        "--hold", "--churn", str(given.churn), "--traffic", str(given.traffic),
        "--policy", "require", "--transform", given.transform,
        "--rekey-interval", given.rekey_interval, "--rekey-overlap", given.rekey_overlap,
        "--source", ",".join(f"127.0.0.{host}" for host in range(2, 10)),
    )
    if not load.wait_for("holding", 60 + 4 * given.sessions / given.rate):
        load.process.kill()
        return [f"the ramp came to no end; the load said:\n{load.errors.read_text()}\nthe server:\n{tail(server.log)}"]
    samples = Samples(server)
    start = time.monotonic()
    while (passed := time.monotonic() - start) < given.duration and load.process.poll() is None:
        time.sleep(min(given.every, given.duration - passed))
        samples.take(f"{time.monotonic() - start:.0f} s")
    load.interrupt()
    report = load.report(120 + 2 * given.sessions / given.rate)
    time.sleep(1)
    samples_end = Samples(server)
    samples_end.take("hung up")
    print(f"server without sessions before: {empty / MIB:.1f} MiB, {descriptors} descriptors")
    print(json.dumps({key: value for key, value in report.items() if value not in ({}, 0, None)}, indent=1))
    print(f"dropped before the server's interface: {dropped_at_interface()}; the server itself: {server.drops()}")
    wrong = judge(report, samples, given)
    if samples_end.descriptors[-1] > descriptors + 1:
        wrong.append(f"{samples_end.descriptors[-1]} descriptors after the load, {descriptors} before")
    if json.loads(server.ask("sessions") or "null") != []:
        wrong.append("the server still has sessions after they were hung up")
    status = server.stop()
    if status != 0:
        wrong.append(f"the server ended with {status}")
    for line in server.log.read_text().splitlines():
        if "ERROR" in line or "panicked" in line or "ALARM" in line:
            wrong.append(f"the server's log: {line}")
            break
    return wrong


def judge(report, samples, given):
    """What the report and the samples complain of."""
    wrong = []
    for what in ("tunnels_failed", "failed", "fallen", "alarms"):
        if report[what]:
            wrong.append(f"{what}: {report[what]}")
    if report["interrupted"]:
        wrong.append(f"{report['interrupted']} calls lost their address for a while")
    if report["scrambled"] < given.sessions or report["clear"]:
        wrong.append(f"{report['scrambled']} calls scrambled, {report['clear']} in clear")
    if given.duration > 15 and not report["rekeys"]:
        wrong.append("no rekey in all the time")
    if report["packets_lost"] > LOSS * report["packets_sent"]:
        wrong.append(f"{report['packets_lost']} of {report['packets_sent']} packets lost")
    growth = grows(samples.resident)
    if growth:
        wrong.append(growth)
    if samples.descriptors[-1] > samples.descriptors[0]:
        wrong.append(f"descriptors: {samples.descriptors[0]} after the ramp, {samples.descriptors[-1]} at the end")
    return wrong


def dropped_at_interface():
    """Packets that the kernel had for the server, and that did not fit the interface's queue."""
    shown = subprocess.run(["ip", "-s", "-j", "link", "show", "fogline0"], capture_output=True, text=True, check=True)
    return json.loads(shown.stdout)[0]["stats64"]["tx"]["dropped"]


def tail(path):
    return "\n".join(path.read_text(errors="replace").splitlines()[-20:])


def main():
    given = options()
    network()
    with tempfile.TemporaryDirectory(prefix="fogline-soak-") as directory:
        wrong = soak(given, directory)
    for what in wrong:
        print(f"soak: {what}", file=sys.stderr)
    print(f"soak: {'FAILED' if wrong else 'held'}: {given.sessions} sessions, {given.duration} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
