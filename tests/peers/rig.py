"""The rig: network namespaces around a backhaul, programs in them, and guests with a kernel that has PPP.

run.sh gives this process namespaces of its own (network, mounts, processes): whatever is made here
ends with it.

    guest dial --- tap -.                .- veth --- netns lns      (fogline lns)
                         netns backhaul -+- veth --- netns l2tpns   (l2tpns and its RADIUS)
    guest serve -- tap -'                '- veth --- netns client   (fogline client)
"""

import gzip
import pathlib
import signal
import subprocess
import time

# What lies behind every access server, for pings through the link.
TARGET, TARGET6 = "198.51.100.1", "2001:db8:ffff::1"


def run(*command):
    """Runs a command to its end; what it complained of is part of the error."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


class Backhaul:
    """The network between subscribers and access servers; each side has a /24 of its own."""

    NAME = "backhaul"

    def __init__(self):
        # Names of namespaces that nobody outside sees, and that need no deletion.
        pathlib.Path("/run/netns").mkdir(exist_ok=True)
        run("mount", "-t", "tmpfs", "netns", "/run/netns")
        self._sides = 0
        self._namespace(self.NAME)
        run("ip", "netns", "exec", self.NAME, "sysctl", "-qw", "net.ipv4.ip_forward=1")

    def _namespace(self, name):
        run("ip", "netns", "add", name)
        run("ip", "-n", name, "link", "set", "lo", "up")

    def _side(self, interface):
        """The network of a new side, without its last byte; the backhaul's own address in it is .1."""
        self._sides += 1
        net = f"10.77.{self._sides}"
        run("ip", "-n", self.NAME, "addr", "add", f"{net}.1/24", "dev", interface)
        run("ip", "-n", self.NAME, "link", "set", interface, "up")
        return net

    def namespace(self, name, addresses=1):
        """A namespace with eth0 on the backhaul; its addresses."""
        self._namespace(name)
        run("ip", "-n", self.NAME, "link", "add", name, "type", "veth", "peer", "eth0", "netns", name)
        net = self._side(name)
        ours = [f"{net}.{host}" for host in range(2, 2 + addresses)]
        for address in ours:
            run("ip", "-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
        run("ip", "-n", name, "link", "set", "eth0", "up")
        run("ip", "-n", name, "route", "add", "default", "via", f"{net}.1")
        return ours

    def targets(self, name):
        """Gives a namespace what the pings go to."""
        run("ip", "-n", name, "addr", "add", f"{TARGET}/32", "dev", "lo")
        run("ip", "-n", name, "addr", "add", f"{TARGET6}/128", "dev", "lo")

    def tap(self, name):
        """A TAP device on the backhaul for a guest; the guest's address and its gateway."""
        run("ip", "-n", self.NAME, "tuntap", "add", name, "mode", "tap")
        net = self._side(name)
        return f"{net}.2", f"{net}.1"


class Program:
    """A program in a namespace, with its output in a log that can be read while it runs."""

    def __init__(self, namespace, log, *command, stdin=subprocess.DEVNULL):
        self.log = pathlib.Path(log)
        self.name = self.log.stem
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", namespace, *command],
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                # l2tpns, when it ends, sends SIGTERM to its whole process group.
                start_new_session=True,
            )

    def running(self):
        return self.process.poll() is None

    def said(self, since=0):
        """Its output from a byte offset on."""
        return self.log.read_bytes()[since:].decode("utf-8", "replace")

    def wait_for(self, ready, seconds, what):
        """Until ready(output) holds; an error with the end of its output otherwise."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if ready(self.said()):
                return
            if not self.running():
                break
            time.sleep(0.05)
        state = f"not {what} after {seconds} s" if self.running() else "ended"
        raise RuntimeError(f"{self.name} {state}; its last words:\n{self.said()[-2000:]}")

    def stop(self, seconds=10):
        """Asks it to end, and makes it end."""
        if self.running():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Guest(Program):
    """A virtual machine with Debian's kernel, pppd and xl2tpd; its results arrive as KEY=value lines."""

    def __init__(self, pieces, backhaul, scratch, role, files):
        address, gateway = backhaul.tap(f"tap-{role}")
        self.address = address
        self.results = pathlib.Path(scratch) / f"guest-{role}.results"
        self.results.touch()
        job = {
            "network": f"address={address}/24 gateway={gateway} target={TARGET} target6={TARGET6}\n",
            "role": (pathlib.Path(__file__).parent / "guest" / role).read_text(),
            **files,
        }
        initramfs = self._initramfs(pathlib.Path(pieces), pathlib.Path(scratch) / f"guest-{role}", job)
        super().__init__(
            backhaul.NAME,
            pathlib.Path(scratch) / f"guest-{role}.console",
            "qemu-system-x86_64",
            *["-machine", "pc,accel=tcg", "-cpu", "max", "-smp", "1", "-m", "192"],
            *["-nodefaults", "-no-reboot", "-display", "none"],
            *["-serial", "stdio", "-serial", f"file:{self.results}"],
            *["-kernel", str(pathlib.Path(pieces) / "vmlinux"), "-initrd", str(initramfs)],
            *["-append", "console=ttyS0 quiet panic=-1 mitigations=off tsc=unstable"],
            *["-netdev", f"tap,id=net,ifname=tap-{role},script=no,downscript=no"],
            *["-device", "virtio-net-pci,netdev=net,romfile="],
            stdin=subprocess.PIPE,
        )

    @staticmethod
    def _initramfs(pieces, directory, job):
        """The stock image followed by an archive of the job: the kernel unpacks one after the other."""
        (directory / "job").mkdir(parents=True)
        for name, text in job.items():
            (directory / "job" / name).write_text(text)
        init = directory / "init"
        init.write_text((pathlib.Path(__file__).parent / "guest" / "init").read_text())
        init.chmod(0o755)
        names = "\n".join(["init", "job", *(f"job/{name}" for name in job)])
        busybox = pieces / "peers" / "bin" / "busybox"
        archive = subprocess.run(
            [busybox, "cpio", "-o", "-H", "newc"],
            cwd=directory, input=names.encode(), check=True, capture_output=True,
        ).stdout
        whole = directory.with_suffix(".initramfs")
        whole.write_bytes((pieces / "initramfs.gz").read_bytes() + gzip.compress(archive, 1))
        return whole

    def go_on(self):
        """Gives the guest the line on its console that it waits for."""
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def lines(self):
        """The results so far as (key, value), whole lines only."""
        text = self.results.read_bytes().decode("utf-8", "replace")
        for line in text.split("\n")[:-1]:
            key, separator, value = line.rstrip("\r").partition("=")
            if separator:
                yield key, value

    def said(self, since=0):
        """Results from a byte offset on; before any, the console tells what went wrong."""
        results = self.results.read_bytes()
        return results[since:].decode("utf-8", "replace") if results else super().said(since)
