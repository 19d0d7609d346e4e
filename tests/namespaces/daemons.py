"""All that this test knows of the program: its configuration, its commands, and what they print.

Keywords of Lns and Client change the configuration: `lns`, `client`, `listen` (the one listener), `pool` (the one pool),
`process`, `metrics`, `log` and so on are merged into the section of that name; `scrambling` goes where it belongs.
"""

import json
import os
import signal
import subprocess
import time

from rig import ISP, Process

USER, PASSWORD = "sheep@isp.example", "baa, baa"
POOL, POOL6 = "100.64.0.0/24", "2001:db8:64::/48"
GATEWAY = "100.64.0.1"
NAME_SERVERS = ["198.51.100.53", "2001:db8:100::53"]
LNS_TUN, CLIENT_TUN = "fogline0", "fogline1"
METRICS = "127.0.0.1:9475"


def toml(table, path=()):
    """A configuration as TOML."""
    plain, sections = "", ""
    for key, value in table.items():
        name = (*path, key)
        if isinstance(value, dict):
            sections += f"\n[{'.'.join(name)}]\n{toml(value, name)}"
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for item in value:
                sections += f"\n[[{'.'.join(name)}]]\n{toml(item, name)}"
        elif isinstance(value, Inline):
            pairs = ", ".join(f"{k} = {json.dumps(v)}" for k, v in value.pairs.items())
            plain += f"{key} = {{ {pairs} }}\n"
        else:
            plain += f"{key} = {json.dumps(value)}\n"
    return plain + sections


class Inline:
    """A table on one line."""

    def __init__(self, **pairs):
        self.pairs = pairs


def merge(table, changes):
    """Changes a table, and the tables in it."""
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(table.get(key), dict):
            merge(table[key], value)
        else:
            table[key] = value


def write(path, text):
    """Writes a file for its owner only, as the program wants it."""
    path.touch(mode=0o600)
    path.write_text(text)


class Daemon(Process):
    """What `fogline lns` and `fogline client` have in common."""

    def __init__(self, case, kind, namespace, config, arguments=(), env=None):
        self.case, self.kind, self.namespace = case, kind, namespace
        number = sum(daemon.kind == kind for daemon in case.daemons)
        self.folder = case.scratch / kind
        self.run_folder, self.state = self.folder / "run", self.folder / "state"
        for folder in [self.folder, self.run_folder]:
            folder.mkdir(exist_ok=True)
        self.socket = self.run_folder / "control"
        self.config_file = self.folder / "config.toml"
        self.config = config
        merge(self.config, {"control": {"socket": str(self.socket)}, "state": {"directory": str(self.state)}})
        self.configure()
        environment = {**os.environ, "NO_COLOR": "1", **(env or {})}
        log = self.folder / (f"log.{number}" if number else "log")
        with namespace.inside():
            super().__init__(kind, log, case.program, kind, "--config", self.config_file, *arguments, env=environment)

    def configure(self, **changes):
        """Writes its configuration, changed if so."""
        merge(self.config, changes)
        write(self.config_file, toml(self.config))

    def command(self, *words):
        """A command to it over its control socket; what came of it."""
        words = [self.case.program, *map(str, words), "--socket", str(self.socket)]
        return subprocess.run(words, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"})

    def ask(self, *words):
        """What a command prints as JSON."""
        done = self.command(*words, "--json")
        if done.returncode:
            raise RuntimeError(f"fogline {' '.join(map(str, words))}: {done.stderr}")
        return json.loads(done.stdout)

    def status(self):
        return self.ask("status")

    def sessions(self):
        return self.ask("sessions")

    def session(self):
        """The only session."""
        sessions = self.sessions()
        if len(sessions) != 1:
            raise RuntimeError(f"{self.kind} has {len(sessions)} sessions")
        return sessions[0]

    def answers(self):
        """Whether it does, over its control socket."""
        return self.socket.exists() and self.command("status").returncode == 0

    def wait_for(self, seconds, what, condition):
        """Until `condition()`, as long as it runs."""
        end = time.monotonic() + seconds
        while True:
            if not self.running():
                raise RuntimeError(f"{self.kind} ended")
            last = condition()
            if last:
                return last
            if time.monotonic() > end:
                raise RuntimeError(f"{self.kind}: not {what} after {seconds} s")
            time.sleep(0.05)

    def terminate(self, seconds=8):
        """Asks it to end; its exit status."""
        self.signal(signal.SIGTERM)
        return self.wait(seconds)


class Lns(Daemon):
    """`fogline lns` in the isp's namespace."""

    TUN = LNS_TUN

    def __init__(self, case, users=None, scrambling=None, listen=None, pool=None, arguments=(), env=None, **changes):
        listener = {"address": f"{ISP}:1701", "scrambling": dict(scrambling or {})}
        merge(listener, listen or {})
        addresses = {"name": "home", "ipv4": POOL, "ipv6": POOL6, "dns": NAME_SERVERS}
        merge(addresses, pool or {})
        config = {
            "lns": {"name": "lns.test", "tun": self.TUN, "listen": [listener], "pool": [addresses],
                    "users": {"file": "users.toml"}},
            "metrics": {"listen": METRICS, "per-session": True},
        }
        merge(config, changes)
        folder = case.scratch / "lns"
        folder.mkdir(exist_ok=True)
        self.users_file = folder / "users.toml"
        self.users(users or {USER: {"password": PASSWORD}})
        super().__init__(case, "lns", case.network.isp, config, arguments, env)

    def users(self, users):
        """Writes who may call."""
        write(self.users_file, toml({"user": [{"name": name, **user} for name, user in users.items()]}))

    def ready(self):
        """Waits until calls are answered."""
        self.wait_for(10, "ready", lambda: "access server ready" in self.said() and self.answers())
        return self


class Client(Daemon):
    """`fogline client` in the subscriber's namespace."""

    TUN = CLIENT_TUN

    def __init__(self, case, scrambling=None, arguments=(), env=None, **changes):
        config = {
            "client": {"server": f"{ISP}:1701", "user": USER, "password": PASSWORD, "tun": self.TUN,
                       "default-route": True, "redial": {"min": "300ms", "max": "1s"},
                       "scrambling": dict(scrambling or {})},
        }
        merge(config, changes)
        super().__init__(case, "client", case.network.subscriber, config, arguments, env)

    def is_up(self):
        """Whether the call is up, and its addresses and routes are the host's."""
        addresses = self.namespace.addresses(self.TUN)
        if not addresses or not addresses["inet"]:
            return False
        if self.config["client"].get("ipv6", True) and not addresses["inet6"]:
            return False
        return "up" in [session["state"] for session in self.sessions()]

    def up(self, seconds=15):
        """Waits until it is."""
        self.wait_for(seconds, "up", lambda: self.socket.exists() and self.is_up())
        return self

    def address(self, family="inet"):
        """The address that it was given."""
        return self.namespace.addresses(self.TUN)[family][0]
