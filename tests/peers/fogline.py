"""All that this test knows of the program fogline: its commands, its configuration, its words.

The configuration's text is in fogline/*.toml.
"""

import pathlib
import string
import subprocess

from rig import Program

POLICIES = ["off", "prefer", "require"]

# What our program, or a stock peer that it talked to, says when... (searched without regard to case).
WORDS = {
    "authentication": r"authentication failed|failed to authenticate|authentication .*fail|CHAP Failure|AuthNak",
    "radius-reject": r"reply 3\b",
    "scrambling-required": r"scrambling (is )?required|require[sd]? scrambling",
    "silent-or-rejected": r"in clear.*(silent|reject)|(silent|reject).*in clear",
}

# The names of authentication methods in the configuration.
METHODS = {"pap": "pap", "chap": "chap-md5", "mschap-v2": "ms-chap-v2"}

CLIENT_INTERFACE = "fogline1"


def lns_command(program, config):
    """The command that serves."""
    return [program, "lns", "--config", config]


def client_command(program, config):
    """The command that dials."""
    return [program, "client", "--config", config]


def lns_ready(said):
    """Whether its output says that calls are answered now."""
    return "listening" in said.lower()


def missing(program):
    """Why the program cannot be tested, or None."""
    if not pathlib.Path(program).is_file():
        return f"{program} does not exist: cargo build --release -p fogline, or set FOGLINE"
    for command in ["lns", "client"]:
        done = subprocess.run([program, command, "--help"], capture_output=True, check=False)
        if done.returncode:
            return f"{program} has no command `{command}`"
    return None


def write(name, path, **values):
    """Writes a configuration for its owner only, as the program wants it."""
    template = pathlib.Path(__file__).parent / "fogline" / name
    path.touch(mode=0o600)
    path.write_text(string.Template(template.read_text()).substitute(values))
    return str(path)


class Lns:
    """A running `fogline lns` with a listener for each policy."""

    NAMESPACE = "lns"

    def __init__(self, program, backhaul, scratch, users):
        addresses = backhaul.namespace(self.NAMESPACE, len(POLICIES))
        backhaul.targets(self.NAMESPACE)
        self.addresses = dict(zip(POLICIES, addresses))
        ((user, password),) = users.items()
        users_file = write("users.toml", scratch / "users.toml", user=user, password=password)
        config = write(
            "lns.toml", scratch / "lns.toml", users=users_file, scratch=str(scratch), **self.addresses
        )
        self.program = Program(self.NAMESPACE, scratch / "lns.log", *lns_command(program, config))
        self.program.wait_for(lns_ready, 10, "listening")

    def mark(self):
        """Where its output ends now."""
        return len(self.program.log.read_bytes())

    def said(self, since):
        """Its output since a mark."""
        return self.program.said(since)

    def stop(self):
        """Ends it."""
        self.program.stop()


class Client:
    """`fogline client`, dialling one access server for one case."""

    NAMESPACE = "client"

    def __init__(self, program, scratch, case, server, user, password):
        config = write(
            "client.toml", scratch / f"{case.name}.toml",
            server=server, user=user, password=password, scratch=str(scratch),
            policy=case.policy, method=METHODS[case.auth],
        )
        self.program = Program(self.NAMESPACE, scratch / f"{case.name}.log", *client_command(program, config))
