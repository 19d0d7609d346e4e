"""The network of the test. run.sh gives this process namespaces of its own; whatever is made here ends with it.

    subscriber --- carrier --- isp --- internet

The subscriber reaches the isp by its addresses on the backhaul, and nothing else; what it says to the internet goes
through the link. The carrier routes, and captures.
"""

import contextlib
import ctypes
import json
import os
import pathlib
import signal
import subprocess
import time

from internet import Internet

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)

ISP, ISP6 = "172.16.2.2", "fd00:2::2"
CARRIER = "172.16.2.1"


def run(*command, check=True, **options):
    """Runs a command to its end; returns what it wrote. What it complained of is part of the error."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if check and done.returncode:
        complaint = done.stderr.strip() or done.stdout.strip() or done.returncode
        raise RuntimeError(f"{' '.join(map(str, command))}: {complaint}")
    return done.stdout


class Process:
    """A program with its output in a log that can be read while it runs."""

    def __init__(self, name, log, *command, env=None):
        self.name, self.log, self.ended = name, pathlib.Path(log), False
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True, env=env,
            )

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def said(self, since=0):
        """Its output from a byte offset on."""
        return self.log.read_bytes()[since:].decode("utf-8", "replace")

    def mark(self):
        """Where its output ends now."""
        return self.log.stat().st_size

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds):
        """Its exit status; an error where it goes on."""
        self.ended = True
        return self.process.wait(seconds)

    def kill(self):
        self.ended = True
        if self.running():
            self.process.kill()
        self.process.wait()


class Capture(Process):
    """tcpdump at one interface."""

    def __init__(self, interface, file, *what):
        self.file = file
        super().__init__(
            f"tcpdump {interface}", f"{file}.log", "tcpdump", "-i", interface, "-w", file,
            *["-U", "-s", "0", "-B", "65536", "--immediate-mode", "-Z", "root", *what],
        )
        end = time.monotonic() + 5
        while "listening on" not in self.said():
            if time.monotonic() > end or not self.running():
                raise RuntimeError(f"tcpdump: {self.said()}")
            time.sleep(0.02)

    def stop(self):
        """Ends it, and returns the file with everything in it."""
        time.sleep(0.2)
        self.signal(signal.SIGINT)
        self.wait(10)
        if "0 packets dropped by kernel" not in self.said():
            raise RuntimeError(f"the capture has holes: {self.said()}")
        return self.file


class Namespace:
    """A network namespace."""

    def __init__(self, name):
        self.name = name
        run("ip", "netns", "add", name)
        self._file = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
        self.ip("link", "set", "lo", "up")
        for setting in [
            # No packets but those of the test: counters are compared.
            "net.ipv6.conf.default.router_solicitations=0", "net.ipv6.conf.default.accept_dad=0",
            "net.ipv6.conf.default.mldv2_unsolicited_report_interval=1", "net.ipv6.conf.default.dad_transmits=0",
        ]:
            self.run("sysctl", "-qw", setting)

    @contextlib.contextmanager
    def inside(self):
        """Sockets made, programs and threads started here belong to the namespace."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _enter(self._file)
            yield
        finally:
            _enter(home)
            os.close(home)

    def run(self, *command, **options):
        with self.inside():
            return run(*command, **options)

    def start(self, name, log, *command, env=None):
        with self.inside():
            return Process(name, log, *command, env=env)

    def capture(self, interface, file, *what):
        with self.inside():
            return Capture(interface, file, *what)

    def ip(self, *arguments):
        return self.run("ip", *arguments)

    def routers(self):
        self.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")

    def addresses(self, interface):
        """Those of an interface that are no link-local ones: {"inet": [...], "inet6": [...]}; None without it."""
        with self.inside():
            text = run("ip", "-j", "addr", "show", "dev", interface, check=False)
        found = {"inet": [], "inet6": []}
        for link in json.loads(text or "[]"):
            for address in link.get("addr_info", []):
                if address["scope"] != "link":
                    found[address["family"]].append(address["local"])
        return found if text else None

    def counters(self, interface):
        """What the kernel counted at an interface: packets and bytes, received and transmitted."""
        (link,) = json.loads(self.ip("-j", "-s", "link", "show", "dev", interface))
        stats = link["stats64"]
        return {f"{way}_{what}": stats[way][what] for way in ["rx", "tx"] for what in ["packets", "bytes"]}

    def routes(self, family, *selector):
        return json.loads(self.ip(family, "-j", "route", "show", *selector) or "[]")


def _enter(file):
    if _libc.setns(file, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


class Network:
    """The four namespaces, and the servers of the internet."""

    def __init__(self, scratch):
        # Names of namespaces that nobody outside sees, and that need no deletion.
        pathlib.Path("/run/netns").mkdir(exist_ok=True)
        run("mount", "--make-rprivate", "/")
        run("mount", "-t", "tmpfs", "netns", "/run/netns")
        names = ["subscriber", "carrier", "isp", "internet"]
        self.subscriber, self.carrier, self.isp, self.internet = map(Namespace, names)
        for router in [self.carrier, self.isp]:
            router.routers()
        self._link(self.subscriber, "eth0", self.carrier, "to-home", "172.16.1", "fd00:1:")
        self._link(self.isp, "eth0", self.carrier, "to-isp", "172.16.2", "fd00:2:")
        self._link(self.internet, "eth0", self.isp, "net", "198.51.100", "2001:db8:100:")
        # By the backhaul alone: the default route is the link's.
        self.subscriber.ip("route", "add", "172.16.2.0/24", "via", "172.16.1.1")
        self.subscriber.ip("-6", "route", "add", "fd00:2::/64", "via", "fd00:1::1")
        self.isp.ip("route", "add", "172.16.1.0/24", "via", "172.16.2.1")
        self.isp.ip("-6", "route", "add", "fd00:1::/64", "via", "fd00:2::1")
        self.internet.ip("route", "add", "default", "via", "198.51.100.1")
        self.internet.ip("-6", "route", "add", "default", "via", "2001:db8:100::1")
        for end in [self.subscriber, self.isp]:
            # Bursts are cut up before they are captured, as on a wire.
            end.ip("link", "set", "dev", "eth0", "gso_max_segs", "1")
        self.servers = Internet(self.internet, scratch)

    @staticmethod
    def _link(end, interface, router, name, net, net6):
        """A link between two namespaces; the router is .1, the end .2."""
        router.ip("link", "add", name, "type", "veth", "peer", interface, "netns", end.name)
        for side, device, host in [(router, name, 1), (end, interface, 2)]:
            side.ip("addr", "add", f"{net}.{host}/24", "dev", device)
            side.ip("addr", "add", f"{net6}:{host}/64", "dev", device, "nodad")
            side.ip("link", "set", device, "up")

    def backhaul_mtu(self, mtu):
        """What the carrier carries."""
        for namespace, interface in [
            (self.subscriber, "eth0"), (self.carrier, "to-home"), (self.carrier, "to-isp"), (self.isp, "eth0"),
        ]:
            namespace.ip("link", "set", "dev", interface, "mtu", mtu)
