#!/usr/bin/env python3
"""calls.py: what calls cost an access server: processor time of a set-up, latency, memory of an idle session; with and
without PHS, by way of authentication. As root on Linux; it runs in namespaces of its own and leaves nothing behind.

    benches/calls.py                    all of it, as Markdown
    benches/calls.py set-ups idle       some: set-ups, idle, steps, l2tpns

FOGLINE: the program (target/release/fogline). `steps` wants valgrind, and builds a benchmark; `l2tpns` wants Debian's
package of that name. Processor time is read from /proc, so other work on the machine disturbs it little; latencies it does.
"""

import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "soak")]
sys.dont_write_bytecode = True

from server import Load, Server, TICKS, PAGE, network  # noqa: E402 (found by the path above)

PROGRAM = os.environ.get("FOGLINE", str(ROOT / "target" / "release" / "fogline"))
METHODS = ("none", "pap", "chap-md5", "ms-chap-v2")
POLICIES = ("off", "require")
CALLS, FAST = 4000, 5000
GENTLE_CALLS, GENTLE = 1000, 100
IDLE = 10_000


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def load_options(calls, rate, policy, method="none"):
    method = ["--auth", method] if method != "none" else []
    return ["--sessions", str(calls), "--tunnels", str(max(4, calls // 200)), "--rate", str(rate), "--hold",
            "--policy", policy, "--echo-interval", "0s", *method]


class Measured:
    """Calls set up on a server, and what that took of it."""

    def __init__(self, server, directory, name, calls, rate, policy, method="none"):
        cpu, resident = server.cpu_seconds(), server.resident()
        load = Load(PROGRAM, directory, name, *load_options(calls, rate, policy, method))
        if not load.wait_for("holding", 120):
            load.process.kill()
            raise SystemExit(f"calls do not come up: {load.errors.read_text()}")
        self.cpu_us = (server.cpu_seconds() - cpu) / calls * 1e6
        time.sleep(3)
        self.idle_bytes = (server.resident() - resident) / calls
        load.interrupt()
        self.report = load.report(120)
        if self.report["came_up"] != calls:
            raise SystemExit(f"{name}: {json.dumps(self.report)}")
        self.latency = self.report["setup_ms"]["total"]


def measure(calls, rate, policy, method="none"):
    """The same on a fresh `fogline lns`."""
    with tempfile.TemporaryDirectory(prefix="fogline-bench-") as directory:
        methods = () if method == "none" else (method,)
        server = Server(PROGRAM, directory, calls, methods, policy)
        try:
            return Measured(server, directory, f"{method}-{policy}", calls, rate, policy, method)
        finally:
            server.stop()


def set_ups():
    print(f"Set-ups: {CALLS} calls as fast as they go for processor time, {GENTLE_CALLS} at {GENTLE}/s for latency; "
          "generator and server share the machine.\n")
    print(f"| authentication | PHS | server time a call | calls/s/core | server time at {GENTLE}/s | p50 | p99 |")
    print("|---|---|---|---|---|---|---|")
    for method in METHODS:
        for policy in POLICIES:
            fast = min(measure(CALLS, FAST, policy, method).cpu_us for _ in range(3))
            gentle = measure(GENTLE_CALLS, GENTLE, policy, method)
            print(f"| {method} | {policy} | {fast:.0f} us | {1e6 / fast:,.0f} | {gentle.cpu_us:.0f} us "
                  f"| {gentle.latency['p50']:.1f} ms | {gentle.latency['p99']:.1f} ms |", flush=True)


def idle():
    print(f"\nMemory of an idle session: growth of the server's resident memory by {IDLE:,} sessions, for each.\n")
    print("| PHS | memory |")
    print("|---|---|")
    for policy in POLICIES:
        each = measure(IDLE, 1000, policy, "chap-md5").idle_bytes
        print(f"| {policy} | {each / 1024:.1f} KiB |", flush=True)


def instructions(binary, method, policy):
    """Instructions of the server for a call: the growth from few to many calls, so that what is done once cancels out."""
    def run(calls):
        with tempfile.TemporaryDirectory() as directory:
            done = subprocess.run(
                ["valgrind", "--tool=callgrind", "--toggle-collect=*at_the_server*",
                 f"--callgrind-out-file={directory}/out", binary, method, policy, "--calls", str(calls)],
                capture_output=True, text=True, check=True)
            return int(re.search(r"Collected : (\d+)", done.stderr).group(1))
    return (run(150) - run(50)) / 100


def steps():
    built = subprocess.run(
        ["cargo", "bench", "--locked", "--no-run", "-p", "fogline-benches", "--bench", "setups", "--message-format=json"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    binary = next(message["executable"] for message in map(json.loads, built.splitlines())
                  if message.get("executable") and message["target"]["name"] == "setups")
    counts = {(m, p): instructions(binary, m, p) for m in METHODS for p in POLICIES}
    base = counts["none", "off"]
    print("\nSteps, in thousands of the server's instructions a call (callgrind, in one process, no sockets):\n")
    print("| step | instructions |")
    print("|---|---|")
    print(f"| L2TP call, LCP, IPCP | {base / 1000:.0f} |")
    for method in METHODS[1:]:
        print(f"| {method} | + {(counts[method, 'off'] - base) / 1000:.0f} |")
    phs = [counts[method, "require"] - counts[method, "off"] for method in METHODS]
    print(f"| PHS | + {sum(phs) / len(phs) / 1000:.0f} |", flush=True)


L2TPNS = """\
set debug 1
set log_file "/run/l2tpns.log"
set pid_file "/run/l2tpns.pid"
set bind_address 127.0.0.1
set cluster_interface "eth0"
set cluster_hb_interval 1
set cluster_hb_timeout 5
set primary_radius 127.0.0.1
set primary_radius_port 1812
set radius_secret "shared"
set radius_authtypes "{method}"
set peer_address 10.78.0.1
set primary_dns 10.78.0.1
"""


class L2tpns:
    """Debian's l2tpns with a RADIUS server beside it, in mounts that end with this process."""

    def __init__(self, directory, method, calls):
        pathlib.Path("/etc/l2tpns").mkdir(exist_ok=True)
        if subprocess.run(["ip", "link", "show", "eth0"], capture_output=True, check=False).returncode != 0:
            for command in ("ip link add eth0 type veth peer name eth1", "ip addr add 10.79.0.1/24 dev eth0",
                            "ip link set eth0 up", "ip link set eth1 up", "ip route add 239.0.0.0/8 dev eth0",
                            "mount -t tmpfs l2tpns /etc/l2tpns", "mount -t tmpfs l2tpns /run"):
                subprocess.run(command.split(), check=True)
        etc = pathlib.Path("/etc/l2tpns")
        (etc / "startup-config").write_text(L2TPNS.format(method=method))
        (etc / "ip_pool").write_text("10.78.0.0/17\n")
        (etc / "users").write_text("")
        users = [f"user{number}:secret{number}" for number in range(calls)]
        radius = ROOT / "tests" / "peers" / "radius.py"
        self._radius = subprocess.Popen([sys.executable, str(radius), "127.0.0.1", "1812", "shared", *users],
                                        stdout=subprocess.DEVNULL)
        # When it ends it sends SIGTERM to its whole process group.
        self._process = subprocess.Popen(["l2tpns"], start_new_session=True, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL)
        # It takes its time to elect itself the master of its cluster, and takes no calls before.
        for _ in range(30):
            time.sleep(1)
            trial = [PROGRAM, "load", "--server", "127.0.0.1", "--sessions", "1", "--duration", "0s", "--setup-timeout", "2s"]
            if subprocess.run(trial, capture_output=True, check=False).returncode == 0:
                return
        raise SystemExit("l2tpns does not start")

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident(self):
        return int(pathlib.Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]) * PAGE

    def stop(self):
        for process in (self._process, self._radius):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def l2tpns():
    print("\nDebian's l2tpns under the same generator (its RADIUS server's time is not counted):\n")
    print("| authentication | server time a call | calls/s/core | p50 | p99 |")
    print("|---|---|---|---|---|")
    for method, word in (("pap", "pap"), ("chap-md5", "chap")):
        with tempfile.TemporaryDirectory(prefix="fogline-bench-") as directory:
            server = L2tpns(directory, word, GENTLE_CALLS)
            try:
                run = Measured(server, directory, "l2tpns", GENTLE_CALLS, GENTLE, "off", method)
            finally:
                server.stop()
        print(f"| {method} | {run.cpu_us:.0f} us | {1e6 / run.cpu_us:,.0f} | {run.latency['p50']:.1f} ms "
              f"| {run.latency['p99']:.1f} ms |", flush=True)


PARTS = {"set-ups": set_ups, "idle": idle, "steps": steps, "l2tpns": l2tpns}


def main():
    if os.environ.get("FOGLINE_BENCH_INSIDE") != "yes":
        if os.getuid() != 0:
            raise SystemExit("calls.py: must be root: it makes namespaces")
        unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        os.environ["FOGLINE_BENCH_INSIDE"] = "yes"
        os.execvp("unshare", [*unshare, sys.executable, __file__, *sys.argv[1:]])
    wanted = sys.argv[1:] or list(PARTS)
    unknown = [part for part in wanted if part not in PARTS]
    if unknown:
        raise SystemExit(f"calls.py: {', '.join(unknown)}: no such part; there are {', '.join(PARTS)}")
    network()
    print(f"{time.strftime('%Y-%m-%d')}, {processor()}, {os.cpu_count()} cores\n")
    for part in wanted:
        PARTS[part]()


if __name__ == "__main__":
    main()
