"""What a subscriber does on the internet, checked at both ends; and that for counting what gets lost."""

import contextlib
import hashlib
import http.client
import ipaddress
import os
import select
import socket
import ssl
import struct
import threading
import time

from case import check, equal
from internet import A, AAAA, DNS, ECHO, NAMES, SAFE, SAFE_NAME, WEB, WEB_NAME

PATIENCE = 10


def ping(namespace, address, count=3, size=56, interval=0.02, fragment=True):
    """Pings; what ping says. All must be answered."""
    said = try_ping(namespace, address, count, size, interval, fragment)
    check(f"{count} received" in said, f"ping {address} of {size}: {said.strip()}")
    return said


def try_ping(namespace, address, count=3, size=56, interval=0.02, fragment=True):
    """Pings; what ping says, be it what it may. `fragment`: whether routers may."""
    options = [] if fragment else ["-M", "do"]
    return namespace.run("sh", "-c", 'exec ping "$@" 2>&1', "ping", "-n", "-c", count, "-s", size, "-i", interval, "-W", 1,
                         *options, address, check=False)


def browse(namespace):
    """Names looked up, pages, a handshake with its server's name, echoes, pings: over IPv4 and IPv6."""
    for at in [0, 1]:
        ping(namespace, WEB[at])
    with namespace.inside():
        for at in [0, 1]:
            for name in NAMES:
                for kind in [A, AAAA]:
                    equal(resolve(DNS[at], name, kind), NAMES[name][kind == AAAA], f"{name} by DNS")
            fetch(WEB[at], WEB_NAME, 20_000)
            put(WEB[at], WEB_NAME, 20_000)
            fetch(SAFE[at], SAFE_NAME, 20_000, port=443, tls=True)
            equal(echo(ECHO[at], 30, 400), 0, f"echoes lost of {ECHO[at]}")


def bulk(namespace, size):
    """A file each way over IPv4 and IPv6, with its checksum."""
    with namespace.inside():
        for address in WEB:
            fetch(address, WEB_NAME, size)
            put(address, WEB_NAME, size)


def _connection(address, name, port, tls):
    connection = http.client.HTTPConnection(address, port, timeout=PATIENCE)
    connection.connect()
    if tls:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection.sock = context.wrap_socket(connection.sock, server_hostname=name)
    return connection, socket.socket(fileno=os.dup(connection.sock.fileno()))


def _close(sock):
    """Waits until both ends know of the end: nothing is sent again in the middle of what comes next."""
    TIME_WAIT, CLOSE = 6, 7
    with sock:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        end = time.monotonic() + PATIENCE
        while sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] not in (TIME_WAIT, CLOSE):
            check(time.monotonic() < end, "a connection does not close")
            time.sleep(0.005)


def fetch(address, name, size, port=80, tls=False):
    """Downloads `size` bytes."""
    connection, sock = _connection(address, name, port, tls)
    connection.request("GET", f"/{size}", headers={"Host": name})
    response = connection.getresponse()
    body = response.read()
    equal(len(body), size, f"bytes from {address}")
    equal(hashlib.sha256(body).hexdigest(), response.headers["X-Digest"], f"digest of a download from {address}")
    connection.close()
    _close(sock)


def put(address, name, size):
    """Uploads `size` bytes."""
    body = os.urandom(size)
    connection, sock = _connection(address, name, 80, False)
    connection.request("PUT", "/", body=body, headers={"Host": name})
    response = connection.getresponse()
    response.read()
    equal(response.headers["X-Digest"], hashlib.sha256(body).hexdigest(), f"digest of an upload to {address}")
    connection.close()
    _close(sock)


def resolve(server, name, kind):
    """The address that a name server gives."""
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    query = struct.pack(">HHHHHH", 0x1234, 0x0100, 1, 0, 0, 0) + question + struct.pack(">BHH", 0, kind, 1)
    with _udp(server) as sock:
        sock.connect((server, 53))
        sock.send(query)
        answer = sock.recv(1500)
    return str(ipaddress.ip_address(answer[-4:] if kind == A else answer[-16:]))


def _udp(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.settimeout(PATIENCE)
    return sock


def echo(address, count, size):
    """Datagrams, one after the other; how many did not come back as they went."""
    lost = 0
    with _udp(address) as sock:
        sock.settimeout(1)
        sock.connect((address, 7))
        for _ in range(count):
            data = os.urandom(size)
            sock.send(data)
            try:
                lost += sock.recv(65535) != data
            except TimeoutError:
                lost += 1
    return lost


class Stream:
    """Numbered datagrams to the echo server, many a second, until told to stop."""

    def __init__(self, namespace, address=ECHO[0], every=0.004, size=200):
        self.sent, self.received, self.gap = 0, set(), 0.0
        self._stop, self._every, self._size = threading.Event(), every, size
        with namespace.inside():
            self._socket = _udp(address)
            self._socket.connect((address, 7))
        self._socket.setblocking(False)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        last = time.monotonic()
        due = last
        while not self._stop.is_set() or (len(self.received) < self.sent and time.monotonic() < due + 1):
            now = time.monotonic()
            if now >= due and not self._stop.is_set():
                try:
                    self._socket.send(self.sent.to_bytes(8, "big").ljust(self._size, b"."))
                except OSError:
                    # No route while the call is down: as lost as any other.
                    pass
                self.sent += 1
                due = now + self._every
            readable, _, _ = select.select([self._socket], [], [], max(0.0, min(0.05, due - time.monotonic())))
            if readable:
                try:
                    self.received.add(int.from_bytes(self._socket.recv(65535)[:8], "big"))
                except OSError:
                    continue
                self.gap = max(self.gap, time.monotonic() - last)
                last = time.monotonic()

    def stop(self):
        """Ends it; how many were lost, of how many."""
        self._stop.set()
        self._thread.join()
        self._socket.close()
        return self.sent - len(self.received), self.sent

