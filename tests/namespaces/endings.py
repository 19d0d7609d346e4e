"""How calls end, and come back: by command, by signal, and without a word."""

import json
import signal

import traffic
from case import case, check, equal, eventually
from daemons import CLIENT_TUN, USER
from internet import WEB

HEADER = {"policy": "require", "transform": "header"}
# Death is noticed after three seconds by LCP echoes (RFC 1661 section 5.8), and one later believed: there was no
# answer to Terminate-Requests.
QUICK = {"lcp": {"echo-interval": "1s", "echo-failures": 2, "restart": "500ms"}}
REASON = "unpaid since March"


@case
def kick(context):
    """A session ended by command: the subscriber's log has the reason, and it dials again"""
    lns, client = context.pair(HEADER)
    session = lns.session()["id"]
    equal(lns.command("kick", "--user", USER, "--reason", REASON).stdout, "1 session is being ended\n", "kick")
    eventually(5, "reason in the subscriber's log", lambda: REASON in client.said())
    eventually(10, "another session", lambda: [s for s in lns.sessions() if s["id"] != session and s["state"] == "up"])
    client.up()
    traffic.browse(context.network.subscriber)
    check(REASON in lns.said(), "the access server's log lacks the reason")
    return f"told: {line(client, REASON)}"


def line(daemon, words, since=0):
    """The first line of a log that has these words, without the time."""
    found = [text for text in daemon.said(since).splitlines() if words in text]
    return found[0].split(" ", 1)[-1].strip() if found else ""


@case
def stop_lns(context):
    """SIGTERM to the access server: the subscriber is told why, nothing is left behind, and it dials the next one"""
    lns, client = context.pair(HEADER)
    mark = client.mark()
    equal(lns.terminate(), 0, "exit status")
    eventually(2, "the reason in the subscriber's log", lambda: "shutting down" in line(client, "call over", mark))
    check(not lns.socket.exists(), "the control socket is left")
    check(context.network.isp.addresses(lns.TUN) is None, "the interface is left")
    addresses = eventually(3, "addresses gone", lambda: client.namespace.addresses(CLIENT_TUN))
    eventually(3, "addresses gone", lambda: not any(client.namespace.addresses(CLIENT_TUN).values()))
    told = line(client, "call over", mark)
    context.lns(scrambling=HEADER)
    client.up()
    traffic.ping(context.network.subscriber, WEB[0])
    check(addresses is not None, "the subscriber's interface went away")
    return f"told: {told}"


@case
def stop_client(context):
    """SIGTERM to the subscriber: the access server is told why, and addresses, routes and interface are gone"""
    lns, client = context.pair(HEADER)
    equal(client.terminate(), 0, "exit status")
    eventually(2, "no session", lambda: not lns.sessions())
    # What answers late copies for a while (RFC 2661 section 5.7) is none.
    eventually(2, "no tunnel", lambda: all(tunnel["state"] == "stopping" for tunnel in lns.ask("tunnels")))
    over = line(lns, "session over")
    check("shutting down" in over.lower(), f"no reason: {over}")
    check(not client.socket.exists(), "the control socket is left")
    check(client.namespace.addresses(CLIENT_TUN) is None, "the interface is left")
    equal([pool["used"] for pool in lns.status()["pools"]], [0, 0], "addresses used")
    return over


@case
def kill_lns(context):
    """kill -9 of the access server: the subscriber notices by LCP echo and dials the next; no key is on disk"""
    keylog = context.scratch / "keys"
    lns, client = context.pair(
        HEADER, lns={"lns": QUICK, "arguments": ["--keylog", keylog]}, client={"client": QUICK},
    )
    known = lns.state / "confirmed-peers"
    eventually(2, "written down", lambda: known.exists() and known.read_text() == f"{USER}\n")
    keys = secrets(keylog)
    lns.kill()
    keylog.unlink()
    mark = client.mark()
    eventually(6, "the subscriber notices", lambda: "call over" in client.said(mark))
    noticed = line(client, "call over", mark)
    check("echo" in noticed.lower(), f"noticed otherwise: {noticed}")
    equal(known.read_text(), f"{USER}\n", "confirmed peers")
    equal(oct(known.stat().st_mode & 0o777), "0o600", "permissions of confirmed peers")
    for daemon in [lns, client]:
        equal([file.name for file in daemon.state.iterdir()], ["confirmed-peers"], f"the {daemon.kind}'s state directory")
    for file in [path for path in context.scratch.rglob("*") if path.is_file()]:
        content = file.read_bytes()
        for key in keys:
            check(key not in content and key.hex().encode() not in content.lower(), f"{file} holds a key")
    again = context.lns(scrambling=HEADER, lns=QUICK)
    client.up()
    traffic.ping(context.network.subscriber, WEB[0])
    equal(known.read_text(), f"{USER}\n", "confirmed peers after a restart")
    check(again.sessions()[0]["scrambling"]["state"] == "confirmed", "the next call is not scrambled")
    return f"noticed: {noticed}; {len(keys)} keys in no file"


def secrets(keylog):
    """The keys in a key log."""
    found = set()
    for text in keylog.read_text().splitlines():
        record = json.loads(text).get("keys", {})
        for name in ["data_lower", "data_higher", "prp"]:
            if record.get(name):
                found.add(bytes.fromhex(record[name]))
    check(found, f"no keys in {keylog}")
    return found


@case
def kill_client(context):
    """kill -9 of the subscriber: the access server drops the session by LCP echo, and takes the next call"""
    lns, client = context.pair(HEADER, lns={"lns": QUICK}, client={"client": QUICK})
    client.kill()
    eventually(6, "session dropped", lambda: not lns.sessions())
    over = line(lns, "session over")
    check("echo" in over.lower(), f"dropped otherwise: {over}")
    equal([pool["used"] for pool in lns.status()["pools"]], [0, 0], "addresses used")
    context.client(scrambling=HEADER, client=QUICK).up()
    traffic.ping(context.network.subscriber, WEB[0])
    return over


@case
def freeze_client(context):
    """A subscriber that stops answering and comes back: its session is dropped meanwhile, and it dials again"""
    lns, client = context.pair(HEADER, lns={"lns": QUICK}, client={"client": QUICK})
    session = lns.session()["id"]
    client.signal(signal.SIGSTOP)
    eventually(6, "session dropped", lambda: not lns.sessions())
    client.signal(signal.SIGCONT)
    eventually(10, "another session", lambda: [s for s in lns.sessions() if s["id"] != session and s["state"] == "up"])
    client.up()
    traffic.ping(context.network.subscriber, WEB[0])
    return line(lns, "session over")
