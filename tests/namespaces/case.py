"""What a case has at hand: the network, its folder, the daemons it starts, and ways to say what must hold."""

import time

from daemons import Client, Lns

ALL = {}


class Unmet(AssertionError):
    """Something does not hold."""


class Skip(Exception):
    """The case cannot be tried on this machine."""


def case(function):
    """Makes a case of a function; its name is the function's, its first line of documentation what it proves."""
    ALL[function.__name__.replace("_", "-")] = function
    return function


def check(holds, what):
    """Fails the case unless `holds`."""
    if not holds:
        raise Unmet(what() if callable(what) else what)


def equal(seen, wanted, what):
    """Fails the case unless both are the same."""
    check(seen == wanted, f"{what}: {seen!r}, not {wanted!r}")


def eventually(seconds, what, condition):
    """Waits until `condition()` is true, and returns what it gave."""
    end = time.monotonic() + seconds
    while True:
        last = condition()
        if last:
            return last
        if time.monotonic() > end:
            raise Unmet(f"not after {seconds} s: {what}")
        time.sleep(0.03)


class Case:
    """One run of one case."""

    def __init__(self, network, scratch, program):
        self.network, self.scratch, self.program = network, scratch, program
        self.daemons, self.captures, self.undo = [], [], []

    def lns(self, **changes):
        """Starts an access server, ready to be called. For `changes` see daemons.py."""
        return self._start(Lns(self, **changes)).ready()

    def client(self, **changes):
        """Starts a subscriber, that dials."""
        return self._start(Client(self, **changes))

    def pair(self, scrambling=None, lns=None, client=None):
        """Both, scrambling alike, with a call that is up for IPv4 and IPv6."""
        lns, client = dict(lns or {}), dict(client or {})
        if scrambling is not None:
            lns.setdefault("scrambling", scrambling)
            client.setdefault("scrambling", scrambling)
        server = self.lns(**lns)
        subscriber = self.client(**client)
        subscriber.up()
        return server, subscriber

    def _start(self, daemon):
        self.daemons.append(daemon)
        return daemon

    def capture(self, namespace, interface, name, *what):
        """Starts to capture at an interface; `what`: a filter."""
        capture = namespace.capture(interface, self.scratch / f"{name}.pcap", *what)
        self.captures.append(capture)
        return capture

    def end(self):
        """The case held so far; daemons that it did not end must be alive, and none may have panicked."""
        for daemon in self.daemons:
            check("panicked" not in daemon.said(), lambda: f"{daemon.name} panicked: {daemon.said()[-500:]}")
            check(daemon.ended or daemon.running(), f"{daemon.name} ended by itself")

    def last_words(self):
        """The ends of the daemons' logs."""
        words = ""
        for daemon in self.daemons:
            lines = "".join(f"\n        {line}" for line in daemon.said().splitlines()[-12:])
            words += f"\n    {daemon.name}:{lines}"
        return words

    def clean_up(self):
        """Nothing is left of the case but its folder."""
        for process in [*self.daemons, *self.captures]:
            process.kill()
        for undo in reversed(self.undo):
            undo()
