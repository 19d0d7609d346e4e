"""The process as the system sees it: what it may do, and what it tells systemd."""

import os
import pathlib
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import time

import traffic
from case import Skip, case, check, equal, eventually
from daemons import PASSWORD, USER
from internet import WEB

HEADER = {"policy": "require", "transform": "header"}
PACKAGING = pathlib.Path(__file__).parent.parent.parent / "packaging"
CAP_NET_ADMIN = 1 << 12


def threads(daemon):
    """/proc/PID/status of every thread."""
    for status in pathlib.Path(f"/proc/{daemon.pid}/task").glob("*/status"):
        yield dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)


@case
def privileges(context):
    """[process] user: no thread has root's id or a capability that it does not need; the control socket is its owner's"""
    nobody = pwd.getpwnam("nobody")
    process = {"process": {"user": "nobody"}}
    lns, client = context.pair(HEADER, lns=process, client=process)
    traffic.browse(context.network.subscriber)
    for daemon, capabilities in [(lns, 0), (client, CAP_NET_ADMIN)]:
        count = 0
        for thread in threads(daemon):
            count += 1
            equal(thread["Uid"].split(), [str(nobody.pw_uid)] * 4, f"{daemon.kind}'s user ids")
            equal(thread["Gid"].split(), [str(nobody.pw_gid)] * 4, f"{daemon.kind}'s group ids")
            check("0" not in thread["Groups"].split(), f"{daemon.kind} is in root's group")
            for kind in ["CapInh", "CapPrm", "CapEff", "CapAmb"]:
                equal(int(thread[kind], 16), capabilities, f"{daemon.kind}'s {kind} in thread {thread['Name']}")
        check(count >= 2, f"{daemon.kind} has {count} threads")
        mode = daemon.socket.stat().st_mode
        check(stat.S_ISSOCK(mode), "the control socket is none")
        equal(oct(mode & 0o777), "0o600", "permissions of the control socket")
    # A call can end and come back without root.
    lns.command("kick", "--all")
    eventually(5, "gone", lambda: not client.is_up())
    client.up()
    traffic.ping(context.network.subscriber, WEB[0])
    # Files that it may read are read again.
    for file in [lns.config_file, lns.users_file]:
        os.chown(file, nobody.pw_uid, nobody.pw_gid)
    done = lns.command("reload")
    equal(done.returncode, 0, f"reload: {done.stderr}")
    return "lns: none; client: CAP_NET_ADMIN"


@case
def notify(context):
    """systemd is told READY, WATCHDOG often enough, and STOPPING"""
    path = context.scratch / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(5)
        env = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "600000"}
        lns = context.lns(env=env)
        equal(manager.recv(4096).decode().split(), ["READY=1"], "first message")
        for _ in range(3):
            started = time.monotonic()
            equal(manager.recv(4096).decode().split(), ["WATCHDOG=1"], "message")
            check(time.monotonic() - started < 0.5, "the watchdog would have bitten")
        lns.signal(signal.SIGTERM)
        said = []
        while "STOPPING=1" not in said:
            said += manager.recv(4096).decode().split()
        equal(lns.wait(5), 0, "exit status")
        check(set(said) <= {"WATCHDOG=1", "STOPPING=1"}, f"messages {said}")
    return "READY, WATCHDOG, STOPPING"


@case
def units(context):
    """systemd finds nothing wrong with the units (needs systemd-analyze)"""
    analyze = shutil.which("systemd-analyze")
    if not analyze:
        raise Skip("no systemd-analyze: apt-get install systemd")
    names = []
    for unit in sorted(PACKAGING.glob("*.service")):
        # The program is not installed here.
        text = unit.read_text().replace("/usr/bin/fogline", context.program)
        check(context.program in text, f"{unit.name} starts something else")
        copy = context.scratch / unit.name
        copy.write_text(text)
        done = subprocess.run([analyze, "verify", "--man=no", "--recursive-errors=no", copy], capture_output=True, text=True)
        said = "".join(line for line in done.stderr.splitlines(True) if unit.name.split(".")[0].split("@")[0] in line)
        check(done.returncode == 0 and not said, f"{unit.name}: {done.stderr or done.returncode}")
        names.append(unit.name)
    return ", ".join(names)


@case
def passwords(context):
    """A wrong password is refused with words on both sides, and counted"""
    lns = context.lns(users={USER: {"password": PASSWORD + "!"}})
    client = context.client()
    eventually(10, "refused", lambda: "authentication" in client.said().lower())
    check("wrong name or password" in lns.said(), "the access server's log does not say why")
    eventually(5, "counted", lambda: lns.status()["authentication_failures"] >= 1)
    check(PASSWORD not in lns.said() + client.said(), "a password is in a log")
    return client.said().splitlines()[-1].split("  ", 1)[-1].strip()
