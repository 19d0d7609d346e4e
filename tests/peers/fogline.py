"""All that this test knows of the program fogline: its commands, its configuration, its words.

The configuration's text is in fogline/*.toml.
"""

import pathlib
import string
import subprocess

from rig import Program

# "early": with the early offer in LCP.
POLICIES = ["off", "prefer", "require", "prefer-early", "require-early"]

# What an end of the link says when... (searched without regard to case). Those marked * are stock peers'
# words, measured; the others are our program's.
WORDS = {
    # * pppd, at either end. Ours: its log, at either end.
    "authentication": r"authentication.*(failed|refused|rejected)",
    # * radius.py beside l2tpns: code 3 is Access-Reject.
    "radius-reject": r"reply 3\b",
    # * xl2tpd: the call was cleared by CDN. What stands in brackets is the CDN's error message.
    "call-cleared": r"Connection closed to .*, serial \d+ \(",
    # Ours, in its log or in `fogline sessions --json`: the soft reasons of scramble's negotiator.
    "no-phs": r"does not answer ECP with a PHS option|Protocol-Rejected ECP|rejected the PHS option",
    # Ours, in its log, when the policy is require.
    "refused-for-phs": r"(refus|requir).*(PHS|scrambl)|(PHS|scrambl).*(refus|requir)",
    # What a stock subscriber's log then shows: LCP's Terminate-Request or the CDN carries our sentence.
    "told-of-phs": r"(terminated by peer|TermReq|Connection closed to).*(PHS|scrambl)",
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


def sessions_command(program, control):
    """The command that tells of all sessions, with why they are in clear."""
    return [program, "sessions", "--json", "--socket", control]


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


def sessions(program, control):
    """What `fogline sessions` prints, or complains of."""
    done = subprocess.run(sessions_command(program, str(control)), capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


class Lns:
    """A running `fogline lns` with a listener for each policy."""

    NAMESPACE = "lns"

    def __init__(self, program, backhaul, scratch, users):
        addresses = backhaul.namespace(self.NAMESPACE, len(POLICIES))
        backhaul.targets(self.NAMESPACE)
        self.addresses = dict(zip(POLICIES, addresses))
        listeners = {policy.replace("-", "_"): address for policy, address in self.addresses.items()}
        ((user, password),) = users.items()
        users_file = write("users.toml", scratch / "users.toml", user=user, password=password)
        config = write(
            "lns.toml", scratch / "lns.toml", users=users_file, scratch=str(scratch), **listeners
        )
        self._fogline, self._scratch = program, scratch
        self.program = Program(self.NAMESPACE, scratch / "lns.log", *lns_command(program, config))
        self.program.wait_for(lns_ready, 10, "listening")

    def explain(self):
        """What it tells an operator about its sessions now."""
        return sessions(self._fogline, self._scratch / "lns.control")

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
            policy=case.policy.removesuffix("-early"), early=str(case.policy.endswith("-early")).lower(),
            method=METHODS[case.auth],
        )
        self._fogline, self._scratch = program, scratch
        self.program = Program(self.NAMESPACE, scratch / f"{case.name}.log", *client_command(program, config))

    def explain(self):
        """What it tells an operator about its session now."""
        return sessions(self._fogline, self._scratch / "client.control")
