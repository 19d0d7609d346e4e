"""The servers of one farm: HTTP/1.1, HTTP/2 and HTTP/3 by Hypercorn, a little IMAP, an SNTP server.

Usage: servers.py FARM SITES CERTS

FARM is the farm's letter in the file SITES; CERTS is the folder of NAME.pem and NAME.key.
Prints "ready" when all sockets are open.
"""

import asyncio
import random
import socket
import ssl
import struct
import sys
import time
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config

farm, sites_file, certs = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])

SITES = []
for line in sites_file.read_text().splitlines():
    if line and not line.startswith("#"):
        name, where, v4, v6, services = line.split()
        if where == farm:
            SITES.append((name, [a for a in (v4, v6) if a != "-"], services.split(",")))


def with_service(service):
    return [(n, a) for n, addresses, services in SITES if service in services for a in addresses]


def bind(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def tls_context(name, alpn):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs / f"{name}.pem", certs / f"{name}.key")
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


def tls_by_name(names, alpn):
    """A context that answers with the certificate of the name the client asked for."""
    contexts = {name: tls_context(name, alpn) for name in names}

    def choose(connection, name, _):
        connection.context = contexts.get(name, connection.context)

    first = tls_context(names[0], alpn)
    first.sni_callback = choose
    return first


# --- the web ---------------------------------------------------------------------------------

WORDS = (
    "the household reads this page while its line is being recorded and nobody behind these "
    "addresses is real so every word of it may be seen by anyone who cares to look at it"
).split()


def page(seed, size):
    rng = random.Random(seed)
    out = [f"<!doctype html><html><head><title>{seed}</title></head><body>"]
    while sum(map(len, out)) < size:
        out.append("<p>" + " ".join(rng.choice(WORDS) for _ in range(40)) + ".</p>\n")
    return "".join(out).encode()


# Paths not in this table are HTML pages of some 3 kB.
BODIES = {
    "/app.js": ("text/javascript", 14_000),
    "/style.css": ("text/css", 6_000),
    "/hero.jpg": ("image/jpeg", 30_000),
    "/seg1.m4s": ("video/mp4", 70_000),
    "/seg2.m4s": ("video/mp4", 70_000),
    "/track.ogg": ("audio/ogg", 45_000),
    "/pkg.tar.xz": ("application/x-xz", 90_000),
    "/v1/status": ("application/json", 600),
}


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            event = (await receive())["type"]
            await send({"type": event + ".complete"})
            if event == "lifespan.shutdown":
                return
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return
        more = message.get("more_body", False)
    path = scope["path"]
    if path in BODIES:
        kind, size = BODIES[path]
        body = random.Random(path).randbytes(size)
    else:
        kind, body = "text/html; charset=utf-8", page(path, 3_000)
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for at in range(0, len(body), 16_384):
        last = at + 16_384 >= len(body)
        await send({"type": "http.response.body", "body": body[at : at + 16_384], "more_body": not last})


class Web(Config):
    def create_ssl_context(self):
        return tls_by_name([n for n, _ in with_service("https")], ["h2", "http/1.1"])


def web(stop):
    config = Web()
    config.bind = [bind(a, 443) for _, a in with_service("https")]
    config.insecure_bind = [bind(a, 80) for _, a in with_service("http")]
    h3 = with_service("h3")
    config.quic_bind = [bind(a, 443) for _, a in h3]
    # QUIC has one certificate for all names of the farm, TCP one for each name.
    config.certfile, config.keyfile = str(certs / f"{farm}.all.pem"), str(certs / f"{farm}.all.key")
    config.loglevel = "WARNING"
    return serve(app, config, shutdown_trigger=stop.wait)


# --- mail ------------------------------------------------------------------------------------

MAIL = page("mail", 5_000).replace(b"\n", b"\r\n")


async def imap(reader, writer):
    writer.write(b"* OK IMAP4rev1 ready\r\n")
    while line := await reader.readline():
        tag, _, command = line.strip().partition(b" ")
        verb = command.split(b" ")[0].upper()
        if verb == b"CAPABILITY":
            writer.write(b"* CAPABILITY IMAP4rev1\r\n")
        elif verb == b"SELECT":
            writer.write(b"* 3 EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 1] ok\r\n")
        elif verb == b"FETCH":
            writer.write(b"* 1 FETCH (BODY[] {%d}\r\n%b)\r\n" % (len(MAIL), MAIL))
        elif verb == b"LOGOUT":
            writer.write(b"* BYE\r\n")
        writer.write(tag + b" OK done\r\n")
        await writer.drain()
        if verb == b"LOGOUT":
            break
    writer.close()


# --- time ------------------------------------------------------------------------------------


class Sntp(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, peer):
        if len(data) >= 48:
            at = int((time.time() + 2_208_988_800) * (1 << 32))
            head = struct.pack("!BBbb", 0x24, 2, data[2], -20)
            rest = struct.pack("!II4sQ", 0x100, 0x100, socket.inet_aton("192.0.2.1"), at - (9 << 32))
            self.transport.sendto(head + rest + data[40:48] + struct.pack("!QQ", at, at), peer)


async def main():
    stop = asyncio.Event()
    running = asyncio.create_task(web(stop))
    loop = asyncio.get_running_loop()
    for name, address in with_service("imaps"):
        await asyncio.start_server(imap, address, 993, ssl=tls_context(name, None))
    for _, address in with_service("ntp"):
        await loop.create_datagram_endpoint(Sntp, local_addr=(address, 123))
    _, address = with_service("https")[-1]
    for _ in range(100):
        try:
            _, writer = await asyncio.open_connection(address, 443)
            writer.close()
            break
        except OSError:
            await asyncio.sleep(0.1)
    print("ready", flush=True)
    await running


asyncio.run(main())
