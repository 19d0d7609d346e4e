"""Debian's l2tpns as the access server in a namespace, with a RADIUS server beside it.

It runs in the unpacked packages' root, so that nothing is installed and no configuration of the machine's
is touched.
"""

import pathlib
import sys

from rig import Program, run

CONFIG = """\
set debug 3
set log_file "/tmp/l2tpns.log"
set pid_file "/run/l2tpns.pid"
set hostname "l2tpns"
set bind_address {address}
set cluster_interface "eth0"
set cluster_hb_interval 1
set cluster_hb_timeout 5
set primary_radius 127.0.0.1
set primary_radius_port 1812
set radius_secret "shared"
set radius_authtypes "chap, pap"
set peer_address 10.78.0.1
set ipv6_prefix 2001:db8:78::
set primary_dns 10.78.0.1
set echo_timeout 10
"""
POOL = "10.78.0.128/25\n"


class L2tpns:
    """A running l2tpns; what it and its RADIUS server said is one text."""

    def __init__(self, pieces, backhaul, scratch, users):
        (self.address,) = backhaul.namespace("l2tpns")
        backhaul.targets("l2tpns")
        # It elects itself the master of a cluster of one, by multicast.
        run("ip", "-n", "l2tpns", "route", "add", "239.0.0.0/8", "dev", "eth0")
        run("ip", "netns", "exec", "l2tpns", "sysctl", "-qw", "net.ipv4.ip_forward=1",
            "net.ipv6.conf.all.forwarding=1")
        scratch = pathlib.Path(scratch)
        root = scratch / "l2tpns-root"
        root.mkdir()
        run("mount", "--bind", str(pathlib.Path(pieces) / "peers"), str(root))
        for volatile in ["etc/l2tpns", "run", "tmp"]:
            run("mount", "-t", "tmpfs", "l2tpns", str(root / volatile))
        run("mount", "--rbind", "/dev", str(root / "dev"))
        run("mount", "--rbind", "/proc", str(root / "proc"))
        (root / "etc/l2tpns/startup-config").write_text(CONFIG.format(address=self.address))
        (root / "etc/l2tpns/ip_pool").write_text(POOL)
        (root / "etc/l2tpns/users").write_text("")
        self._own_log = root / "tmp" / "l2tpns.log"

        radius = pathlib.Path(__file__).parent / "radius.py"
        pairs = [f"{user}:{password}" for user, password in users.items()]
        self.radius = Program(
            "l2tpns", scratch / "radius.log", sys.executable, str(radius), "127.0.0.1", "1812", "shared", *pairs
        )
        self.program = Program("l2tpns", scratch / "l2tpns.log", "chroot", str(root), "/usr/sbin/l2tpns")
        self.program.wait_for(lambda _: self._is_master(), 30, "master of its cluster")

    def _text(self):
        return self._own_log.read_text(errors="replace") if self._own_log.exists() else ""

    def _is_master(self):
        return "declaring myself the master" in self._text()

    def explain(self):
        """Nothing: a stock peer's log tells all."""
        return ""

    def mark(self):
        """Where its output ends now."""
        return len(self._text()), len(self.radius.said())

    def said(self, since):
        """What it and its RADIUS server said since a mark."""
        return self._text()[since[0] :] + self.radius.said()[since[1] :]

    def stop(self):
        """Ends both."""
        self.program.stop()
        self.radius.stop()
