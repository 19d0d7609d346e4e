"""Runs cases of cases.txt and prints what came of each. Started by run.sh, in namespaces of its own."""

import argparse
import fnmatch
import pathlib
import re
import shutil
import sys
import time

import cases as cases_of
import fogline
import pppd
from cases import Outcome, complaints
from l2tpns import L2tpns
from rig import TARGET, Backhaul, Program, run

USERS = {"subscriber": "correct-horse"}
WRONG_PASSWORD = "battery-staple"
CLIENT_SECONDS = 15

HELD, FAILED, SKIPPED = 0, 1, 77


def show(text):
    print(text, flush=True)


def select(every, patterns):
    """The cases that match, and those that they are compared with."""
    for pattern in patterns:
        if not fnmatch.filter((case.name for case in every), pattern):
            raise SystemExit(f"no case is called {pattern}; run.sh --list names them")
    chosen = {c.name for c in every if not patterns or any(fnmatch.fnmatch(c.name, p) for p in patterns)}
    chosen |= {case.within[1] for case in every if case.name in chosen and case.within}
    return [case for case in every if case.name in chosen]


class Answerers:
    """The access servers, each started when the first case needs it."""

    def __init__(self, arguments, backhaul):
        self._make = {
            "l2tpns": lambda: L2tpns(arguments.pieces, backhaul, arguments.scratch, USERS),
            "pppd": lambda: pppd.StockLns(arguments.pieces, backhaul, arguments.scratch, USERS),
            "fogline": lambda: fogline.Lns(arguments.fogline, backhaul, arguments.scratch, USERS),
        }
        self._running = {}

    def of(self, case):
        """The case's access server and the address to dial."""
        name = case.answerer
        if name not in self._running:
            self._running[name] = self._make[name]()
            show(f"{name} answers calls")
        server = self._running[name]
        return server, server.addresses[case.policy] if name == "fogline" else server.address

    def stop(self):
        """Ends them all."""
        for server in self._running.values():
            server.stop()


def dial_with_client(arguments, case, server, address):
    """`fogline client` dials once."""
    mark, begin = server.mark(), time.monotonic()
    dialler = fogline.Client(arguments.fogline, arguments.scratch, case, address, *credentials(case))
    client, explained = dialler.program, ""
    outcome = Outcome(timed_out=True)
    refusal = re.compile(fogline.WORDS[case.dialler_says], re.IGNORECASE) if case.expect == "refused" else None
    while time.monotonic() < begin + CLIENT_SECONDS and client.running():
        if " inet " in interface_addresses():
            outcome.up_ms = round((time.monotonic() - begin) * 1000)
            outcome.timed_out = False
            explained = dialler.explain()
            ping(arguments, outcome)
            break
        if refusal and refusal.search(client.said()):
            outcome.timed_out = False
            time.sleep(2)  # it may dial again, but must not come up
            if " inet " in interface_addresses():
                outcome.up_ms = round((time.monotonic() - begin) * 1000)
            break
        time.sleep(0.02)
    outcome.timed_out = outcome.timed_out and client.running()
    client.stop()
    outcome.dialler_said, outcome.answerer_said = client.said() + explained, server.said(mark)
    if outcome.up_ms is None:
        outcome.reason = (outcome.dialler_said.strip().splitlines() or [""])[-1]
    return outcome


def interface_addresses():
    """What `ip addr` tells of the client's interface; nothing before there is one."""
    try:
        return run("ip", "-n", fogline.Client.NAMESPACE, "addr", "show", "dev", fogline.CLIENT_INTERFACE)
    except RuntimeError:
        return ""


def ping(arguments, outcome):
    """Pings through the client's link."""
    namespace = fogline.Client.NAMESPACE
    run("ip", "-n", namespace, "route", "replace", TARGET, "dev", fogline.CLIENT_INTERFACE)
    busybox = str(arguments.pieces / "peers" / "bin" / "busybox")
    pinger = Program(namespace, arguments.scratch / "ping.log", busybox, "ping", "-c", "5", "-i", "0.2", "-W", "2", TARGET)
    pinger.process.wait(30)
    said = pinger.said()
    counts = re.search(r"(\d+) packets transmitted, (\d+) packets received", said)
    outcome.ping = f"{counts[2]} of {counts[1]}" if counts else said.strip()
    times = re.search(r"min/avg/max = [\d.]+/([\d.]+)/", said)
    outcome.rtt_ms = times[1] if times else "-"


def credentials(case):
    """The user and password that the case dials with."""
    ((user, password),) = USERS.items()
    return user, WRONG_PASSWORD if case.wrong_password else password


def run_cases(arguments, chosen):
    """Outcomes by name, each shown as it comes."""
    backhaul = Backhaul()
    answerers = Answerers(arguments, backhaul)
    outcomes = {}
    if arguments.keep:
        capture = Program(backhaul.NAME, arguments.scratch / "tcpdump.log", "tcpdump", "-i", "any", "-U",
                          "-w", str(arguments.keep / "backhaul.pcap"), "udp port 1701")

    def ended(case, outcome):
        outcomes[case.name] = outcome
        report(case, outcome, complaints(case, outcome, outcomes))
        if arguments.keep:
            (arguments.keep / f"{case.name}.log").write_text(
                f"--- dialler\n{outcome.dialler_said}\n--- answerer\n{outcome.answerer_said}\n"
            )

    try:
        dials = []
        for case in chosen:
            if case.dialler == "pppd":
                server, address = answerers.of(case)
                dials.append((case, pppd.job_line(case, address, *credentials(case)), server))
        if dials:
            for case, outcome in pppd.dial_all(arguments.pieces, backhaul, arguments.scratch, dials, show):
                ended(case, outcome)
        if any(case.dialler == "fogline" for case in chosen):
            backhaul.namespace(fogline.Client.NAMESPACE)
        for case in chosen:
            if case.dialler == "fogline":
                ended(case, dial_with_client(arguments, case, *answerers.of(case)))
    finally:
        answerers.stop()
        if arguments.keep:
            capture.stop()
            for log in [*arguments.scratch.glob("*.log"), *arguments.scratch.glob("guest-*.[cr]*s*")]:
                shutil.copy(log, arguments.keep)
    return outcomes


def report(case, outcome, wrong):
    """One line a case."""
    up = "no link" if outcome.up_ms is None else f"{outcome.up_ms} ms"
    verdict = "FAILED" if wrong else "ok"
    show(f"{verdict:7} {case.name:30} up {up:>8}  ping {outcome.ping:8} rtt {outcome.rtt_ms:>7} ms"
         + (f"  ping6 {outcome.ping6} {outcome.ipv6}" if case.ipv6 else "")
         + (f"  reason: {outcome.reason}" if outcome.reason else ""))
    for sentence in wrong:
        show(f"        {sentence}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--pieces", type=pathlib.Path)
    parser.add_argument("--scratch", type=pathlib.Path)
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--fogline")
    parser.add_argument("cases", nargs="*")
    arguments = parser.parse_args()
    every = cases_of.load()
    if arguments.list:
        for case in every:
            show(case.name)
        return HELD
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    chosen = select(every, arguments.cases)

    if any(case.needs_fogline() for case in chosen):
        why = fogline.missing(arguments.fogline)
        if why:
            raise SystemExit(f"peers.py: {why}; stock peers alone: run.sh 'stock-*'")
    skipped = []
    if not shutil.which("qemu-system-x86_64"):
        skipped = [case.name for case in chosen if case.needs_guest()]
        chosen = [case for case in chosen if not case.needs_guest()]
        if skipped:
            show(f"SKIPPED, because there is no qemu-system-x86_64: {' '.join(skipped)}")

    outcomes = run_cases(arguments, chosen)
    failed = [case.name for case in chosen if complaints(case, outcomes[case.name], outcomes)]
    show(f"peers: {len(chosen) - len(failed)} held, {len(failed)} failed, {len(skipped)} skipped")
    return FAILED if failed else SKIPPED if skipped else HELD


if __name__ == "__main__":
    sys.exit(main())
