"""`fogline lns` for loads: its configuration, and what the kernel says of its process."""

import json
import os
import pathlib
import subprocess
import time

ADDRESS = "127.0.0.1"
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")

CONFIG = """\
[lns]
name = "lns.test"
[[lns.listen]]
address = "{address}:1701"
authentication = [{methods}]
[lns.listen.scrambling]
policy = "{policy}"
rekey-interval = "{rekey_interval}"
rekey-overlap = "{rekey_overlap}"
[[lns.pool]]
name = "home"
ipv4 = "10.64.0.0/16"
ipv6 = "2001:db8:4000::/40"
[lns.users]
file = "users.toml"
[lns.limits]
calls-per-second = 100000
[control]
socket = "{directory}/control"
[log]
filter = "warn"
[state]
directory = "{directory}/state"
"""


def network():
    """Makes the namespace's loopback usable, and lets it forward between subscribers."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    settings = ["net.ipv4.ip_forward=1", "net.ipv4.conf.all.send_redirects=0", "net.ipv4.conf.default.send_redirects=0"]
    subprocess.run(["sysctl", "-qw", *settings], check=True)


class Server:
    """A running access server with a user for each session."""

    def __init__(self, program, directory, sessions, methods=("ms-chap-v2", "chap-md5", "pap"), policy="prefer",
                 rekey_interval="1h", rekey_overlap="30s"):
        self._program = program
        self._control = str(pathlib.Path(directory) / "control")
        config, users = (self._private(directory, name) for name in ("lns.toml", "users.toml"))
        quoted = ", ".join(f'"{method}"' for method in methods)
        config.write_text(CONFIG.format(
            address=ADDRESS, methods=quoted, policy=policy, directory=directory,
            rekey_interval=rekey_interval, rekey_overlap=rekey_overlap,
        ))
        users.write_text("".join(
            f'[[user]]\nname = "user{number}"\npassword = "secret{number}"\n' for number in range(sessions)
        ))
        self.log = pathlib.Path(directory) / "lns.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([program, "lns", "--config", str(config)], stderr=log)
        self._wait_until_it_answers()

    @staticmethod
    def _private(directory, name):
        path = pathlib.Path(directory) / name
        path.touch(mode=0o600)
        return path

    def _wait_until_it_answers(self):
        for _ in range(300):
            if self.process.poll() is not None:
                break
            if self.ask("status") is not None:
                return
            time.sleep(0.1)
        raise SystemExit(f"the access server does not answer; its log:\n{self.log.read_text()}")

    def ask(self, command):
        """What a command of the control socket prints as JSON; None where there is no answer."""
        asked = subprocess.run([self._program, command, "--json", "--socket", self._control],
                               capture_output=True, text=True, check=False)
        return asked.stdout if asked.returncode == 0 else None

    def drops(self):
        """Packets that it dropped, by reason, as far as there are any."""
        dropped = json.loads(self.ask("status") or "{}").get("drops", {})
        return {reason: count for reason, count in dropped.items() if count}

    def cpu_seconds(self):
        """User and system time that it has spent."""
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident(self):
        """Its memory, in bytes."""
        return int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE

    def descriptors(self):
        """Files and sockets that it has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self):
        """Ends it; its exit status."""
        self.process.terminate()
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None


class Load:
    """A running `fogline load`."""

    def __init__(self, program, directory, name, *options):
        self.errors = pathlib.Path(directory) / f"{name}.log"
        self._output = pathlib.Path(directory) / f"{name}.json"
        command = [program, "load", "--server", ADDRESS, "--json", *options]
        with open(self.errors, "wb") as errors, open(self._output, "wb") as output:
            self.process = subprocess.Popen(command, stderr=errors, stdout=output)

    def wait_for(self, stage, seconds):
        """Until it says that it has come to a stage; whether it did."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            if f"  {stage}: " in self.errors.read_text():
                return True
            time.sleep(0.05)
        return f"  {stage}: " in self.errors.read_text()

    def interrupt(self):
        """Tells it to hang up and to report."""
        self.process.send_signal(2)

    def report(self, seconds):
        """Its report, once it is over."""
        self.process.wait(seconds)
        text = self._output.read_text()
        if not text:
            raise SystemExit(f"no report of the load; it said:\n{self.errors.read_text()}")
        return json.loads(text)
