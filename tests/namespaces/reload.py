"""The configuration read again while calls are up, and checked before that."""

import re
import signal
import subprocess

import traffic
from case import case, check, equal, eventually
from daemons import PASSWORD, USER

HEADER = {"policy": "require", "transform": "header"}


@case
def reload(context):
    """SIGHUP: users and log filter change, what needs a restart is named, no packet is lost; a removed user is refused"""
    lns, client = context.pair(HEADER)
    stream = traffic.Stream(context.network.subscriber)
    session, mark = lns.session()["id"], lns.mark()
    eventually(5, "packets", lambda: stream.sent > 50)
    lns.users({"goat@isp.example": {"password": PASSWORD}, "cow@isp.example": {"password": PASSWORD}})
    lns.configure(log={"filter": "warn"}, lns={"mtu": 1400})
    lns.signal(signal.SIGHUP)
    eventually(5, "reloaded", lambda: lns.status()["configuration"]["reload"])
    for words in ["2 added, 1 removed", "log.filter: changed", "lns.mtu: changed; needs a restart"]:
        check(words in lns.said(mark), f"the log does not say: {words}")
    # By command as well: nothing is left to change but what waits for a restart.
    mark = lns.mark()
    done = lns.command("reload")
    equal((done.returncode, done.stderr.strip()), (0, "lns.mtu: changed; needs a restart"), "fogline reload")
    check("WARN" in lns.said(mark) and "INFO" not in lns.said(mark), f"the new filter does not hold: {lns.said(mark)}")
    # A broken file changes nothing.
    whole = lns.config_file.read_text()
    lns.config_file.write_text(whole.replace("[lns]", "[lns]\nmtu = 1500"))
    done = lns.command("reload")
    check(done.returncode == 1 and "config.toml:" in done.stderr, f"a broken file was taken: {done}")
    equal(lns.status()["configuration"]["reload"]["applied"], False, "last reload")
    lns.config_file.write_text(whole)
    # Long enough to be sure.
    eventually(5, "packets", lambda: stream.sent > 200)
    lost, sent = stream.stop()
    equal(lost, 0, f"packets lost of {sent}")
    check(stream.gap < 0.5, f"a gap of {stream.gap:.2f} s")
    equal(lns.session()["id"], session, "session")
    # The user is no more.
    mark = client.mark()
    lns.command("kick", "--all")
    eventually(10, "refused", lambda: re.search("(?i)authentication", client.said(mark)))
    equal([s for s in lns.sessions() if s["state"] == "up"], [], "sessions of a user that was removed")
    check(lns.status()["authentication_failures"] >= 1, "no authentication failure counted")
    # And is again.
    lns.users({USER: {"password": PASSWORD}})
    equal(lns.command("reload").returncode, 0, "reload")
    client.up()
    return f"{sent} packets, none lost, longest gap {1000 * stream.gap:.0f} ms"


@case
def reload_client(context):
    """SIGHUP to the subscriber: another user and policy hold from the next time it dials"""
    goat = "goat@isp.example"
    users = {name: {"password": PASSWORD} for name in [USER, goat]}
    lns, client = context.pair({"policy": "prefer", "transform": "header"}, lns={"users": users})
    mark = client.mark()
    client.configure(client={"user": goat, "scrambling": {"transform": "full"}})
    client.signal(signal.SIGHUP)
    eventually(5, "reloaded", lambda: "configuration reloaded" in client.said(mark))
    equal(lns.session()["user"], USER, "user before it dials")
    lns.command("kick", "--all")
    session = eventually(10, "the other user", lambda: [s for s in lns.sessions() if s["user"] == goat and s["state"] == "up"])[0]
    equal(session["scrambling"]["send"]["transform"], "full", "what the subscriber asks to be sent")
    return line_of(client, "holds from the next time")


def line_of(daemon, words):
    return next(text for text in daemon.said().splitlines() if words in text).split("  ", 1)[-1].strip()


@case
def check_config(context):
    """`fogline check-config`: file, line and reason of each mistake; files that others may read are refused"""
    lns = context.lns()

    def verdict():
        done = subprocess.run([context.program, "check-config", lns.config_file], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    equal(verdict()[0], 0, "a good file")
    whole = lns.config_file.read_text()
    broken = whole.replace('ipv4 = "100.64.0.0/24"', 'ipv4 = "100.64.0.0/33"').replace("[lns.users]", "[lns.useres]")
    check(broken != whole, "nothing was broken")
    lns.config_file.write_text(broken)
    status, said = verdict()
    equal(status, 65, "exit status")
    for mistake in ["100.64.0.0/33", "useres"]:
        number = next(at for at, text in enumerate(broken.splitlines(), 1) if mistake in text)
        check(re.search(rf"config\.toml:{number}\b.*", said), f"line {number} is not named: {said}")
    lns.config_file.write_text(whole)
    lns.users_file.chmod(0o644)
    status, said = verdict()
    check(status == 65 and "users.toml" in said and "600" in said, f"a readable user file: {status} {said}")
    return said.splitlines()[0]
