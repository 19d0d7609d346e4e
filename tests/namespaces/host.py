"""What the subscriber's machine has of a call: addresses, routes, name servers, hooks."""

from case import case, check, equal, eventually
from daemons import CLIENT_TUN, GATEWAY, NAME_SERVERS, USER, Inline
from rig import CARRIER, ISP, run

HEADER = {"policy": "require", "transform": "header"}
FIRST = "100.64.0."

HOOK = """#!/bin/sh
{{ echo "ARGS=$*"; env; }} > {file}.part && mv {file}.part {file}
"""


class Hooks:
    """Programs that write down what they were given."""

    NAMES = ["ip-up", "ip-down", "ipv6-up", "ipv6-down"]

    def __init__(self, folder):
        self._folder = folder
        self.config = {}
        for name in self.NAMES:
            program = folder / name
            program.write_text(HOOK.format(file=folder / f"{name}.said"))
            program.chmod(0o755)
            self.config[name] = str(program)

    def said(self, name):
        """What it was given; waits for it."""
        file = self._folder / f"{name}.said"
        eventually(5, f"{name} ran", file.exists)
        lines = [text.split("=", 1) for text in file.read_text().splitlines() if "=" in text]
        file.unlink()
        return dict(lines)


def has(said, wanted, what):
    for name, value in wanted.items():
        equal(said.get(name), value, f"{what}: {name}")


@case
def host(context):
    """Addresses, a default route with its metric, a file of name servers and pppd's hooks; all undone at hang-up"""
    subscriber = context.network.subscriber
    by_default(context, "metric", "100")
    # What a client leaves that was killed: it must not be in the way of the next one.
    subscriber.ip("route", "replace", ISP, "dev", "lo", "proto", "76")
    context.undo.append(lambda: subscriber.run("ip", "route", "del", ISP, check=False))
    hooks, servers = Hooks(context.scratch), context.scratch / "resolv"
    options = {"default-route": True, "metric": 50, "dns": Inline(file=str(servers)), "hooks": hooks.config}
    # Long enough to see what a hang-up leaves.
    options["redial"] = {"min": "2s", "max": "2s"}
    lns, client = context.pair(HEADER, client={"client": options})
    address, address6 = client.address(), client.address("inet6")
    check(address.startswith(FIRST) and address6.startswith("2001:db8:64:"), f"{address}, {address6}")
    for family in ["-4", "-6"]:
        routes = {(route.get("dev"), route.get("metric")) for route in subscriber.routes(family, "default")}
        equal(routes, {("eth0", 100), (CLIENT_TUN, 50)}, "default routes")
        way = subscriber.ip(family, "route", "get", "198.51.100.80" if family == "-4" else "2001:db8:100::80")
        check(CLIENT_TUN in way, f"the internet is not behind the link: {way}")
    # By the default route that there was before; or L2TP would be within itself.
    check("eth0" in subscriber.ip("route", "get", ISP), "the access server is looked for behind its own link")
    text = eventually(3, "name servers", lambda: all(s in servers.read_text() for s in NAME_SERVERS) and servers.read_text())
    equal([line.split()[1] for line in text.splitlines() if line.startswith("nameserver")], NAME_SERVERS, "name servers")
    up, up6 = hooks.said("ip-up"), hooks.said("ipv6-up")
    common = {"IFNAME": CLIENT_TUN, "PPPLOGNAME": USER, "PPPD_PID": str(client.pid), "ORIG_UID": "0", "DEVICE": CLIENT_TUN}
    has(up, {**common, "IPLOCAL": address, "IPREMOTE": GATEWAY, "DNS1": NAME_SERVERS[0], "USEPEERDNS": "1"}, "ip-up")
    # pppd(8): interface, tty, speed, local and remote address, ipparam.
    equal(up["ARGS"].split(), [CLIENT_TUN, CLIENT_TUN, "0", address, GATEWAY], "ip-up's arguments")
    has(up6, common, "ipv6-up")
    for name in ["LLLOCAL", "LLREMOTE"]:
        check(up6[name].startswith("fe80::"), f"ipv6-up: {name}={up6[name]}")
    equal(up6["ARGS"].split()[3:], [up6["LLLOCAL"], up6["LLREMOTE"]], "ipv6-up's arguments")
    for secret in ["baa"]:
        check(secret not in str(up) + str(up6), "a hook was given the password")
    lns.command("kick", "--all")
    down, down6 = hooks.said("ip-down"), hooks.said("ipv6-down")
    has(down, {**common, "IPLOCAL": address, "IPREMOTE": GATEWAY}, "ip-down")
    check(int(down["CONNECT_TIME"]) >= 0 and int(down["BYTES_SENT"]) >= 0, "ip-down knows nothing of the call")
    has(down6, common, "ipv6-down")
    eventually(1, "addresses gone", lambda: not any(subscriber.addresses(CLIENT_TUN).values()))
    for family in ["-4", "-6"]:
        equal({route.get("dev") for route in subscriber.routes(family, "default")}, {"eth0"}, f"default routes left, {family}")
    equal(subscriber.routes("-4", ISP), [], "the route to the access server")
    check(not servers.exists(), "the file of name servers is left")
    client.up()
    eventually(3, "name servers again", servers.exists)
    equal(hooks.said("ip-up")["IPLOCAL"], client.address(), "ip-up again")
    equal(client.terminate(), 0, "exit status")
    hooks.said("ip-down"), hooks.said("ipv6-down")
    check(not servers.exists(), "the file of name servers is left")
    return f"{address}, {address6}"


def by_default(context, *options):
    """The subscriber reaches the backhaul by default routes alone, while the case runs."""
    subscriber = context.network.subscriber
    for family, backhaul, via in [("-4", "172.16.2.0/24", "172.16.1.1"), ("-6", "fd00:2::/64", "fd00:1::1")]:
        subscriber.ip(family, "route", "del", backhaul)
        subscriber.ip(family, "route", "add", "default", "via", via, *options)

        def undo(family=family, backhaul=backhaul, via=via):
            subscriber.ip(family, "route", "del", "default", "dev", "eth0")
            subscriber.ip(family, "route", "add", backhaul, "via", via)

        context.undo.append(undo)


@case
def taken_route(context):
    """A default route of the same metric is left alone, and the log says what to do"""
    subscriber = context.network.subscriber
    by_default(context)
    _, client = context.pair(HEADER)
    eventually(2, "told", lambda: client.said().count("give this one another `metric`") == 2)
    for family in ["-4", "-6"]:
        equal([route["dev"] for route in subscriber.routes(family, "default")], ["eth0"], "default routes")
    equal(client.terminate(), 0, "exit status")
    for family in ["-4", "-6"]:
        equal([route["dev"] for route in subscriber.routes(family, "default")], ["eth0"], "default routes afterwards")
    return "left alone"


@case
def resolv_conf(context):
    """dns = "resolv-conf": /etc/resolv.conf while the call is up, and what it was before after that, also over a kill -9"""
    mine = context.scratch / "resolv.conf"
    before = f"nameserver {CARRIER}\noptions edns0\n"
    mine.write_text(before)
    # Nobody outside of run.sh's mounts sees this.
    run("mount", "--bind", mine, "/etc/resolv.conf")
    context.undo.append(lambda: run("umount", "/etc/resolv.conf"))
    # Sessions of a client that is killed are noticed at once.
    quick = {"lcp": {"echo-interval": "300ms", "echo-failures": 1, "restart": "300ms"}}
    lns, client = context.pair(HEADER, lns={"lns": quick}, client={"client": {"dns": "resolv-conf"}})

    def named():
        return all(f"nameserver {server}\n" in mine.read_text() for server in NAME_SERVERS)

    eventually(3, "name servers", named)
    client.kill()
    check(named(), "a client that was killed put back /etc/resolv.conf")
    eventually(5, "session dropped", lambda: not lns.sessions())
    client = context.client(scrambling=HEADER, client={"dns": "resolv-conf"}).up()
    eventually(3, "name servers", named)
    equal(client.terminate(), 0, "exit status")
    equal(mine.read_text(), before, "/etc/resolv.conf")
    equal([file.name for file in client.state.iterdir()], ["confirmed-peers"], "the state directory")
    return "put back"
