"""The internet: an HTTP, a TLS, a DNS and a UDP echo server, each with addresses and a name of its own."""

import hashlib
import http.server
import ipaddress
import os
import socket
import socketserver
import ssl
import struct
import subprocess
import threading

# What must not be seen on the backhaul.
WEB, WEB_NAME = ("198.51.100.80", "2001:db8:100::80"), "www.sheep-and-goats.example"
SAFE, SAFE_NAME = ("198.51.100.44", "2001:db8:100::44"), "letters.sheep-and-goats.example"
DNS = ("198.51.100.53", "2001:db8:100::53")
ECHO = ("198.51.100.7", "2001:db8:100::7")
NAMES = {WEB_NAME: WEB, SAFE_NAME: SAFE}

A, AAAA = 1, 28


class Http(http.server.BaseHTTPRequestHandler):
    """GET /N gives N random bytes with their hash in a header, PUT tells the hash of what came."""

    def do_GET(self):
        body = os.urandom(int(self.path.strip("/") or 0))
        self._answer(body, hashlib.sha256(body).hexdigest())

    def do_PUT(self):
        digest, left = hashlib.sha256(), int(self.headers["Content-Length"])
        while left:
            part = self.rfile.read(min(left, 1 << 16))
            if not part:
                return
            digest.update(part)
            left -= len(part)
        self._answer(b"", digest.hexdigest())

    def _answer(self, body, digest):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Digest", digest)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Dns(socketserver.BaseRequestHandler):
    """Answers A and AAAA of the names above."""

    def handle(self):
        query, sock = self.request
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        (kind,) = struct.unpack_from(">H", query, at + 1)
        question = query[12:at + 5]
        address = NAMES.get(".".join(labels), WEB)[kind == AAAA]
        address = ipaddress.ip_address(address).packed
        answer = struct.pack(">HHHIH", 0xC00C, kind, 1, 60, len(address)) + address
        head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0)
        sock.sendto(head + question + answer, self.client_address)


class Echo(socketserver.BaseRequestHandler):
    """Sends back what comes."""

    def handle(self):
        data, sock = self.request
        sock.sendto(data, self.client_address)


class Internet:
    """The servers, as threads of this process."""

    def __init__(self, namespace, scratch):
        key, certificate = scratch / "key.pem", scratch / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", f"/CN={SAFE_NAME}", "-keyout", key, "-out", certificate],
            check=True, capture_output=True,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # The certificate in clear, as a carrier likes it.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(certificate, key)
        with namespace.inside():
            for addresses in [WEB, SAFE, DNS, ECHO]:
                for address, options in zip(addresses, [["/24"], ["/64", "nodad"]]):
                    command = ["ip", "addr", "add", address + options[0], "dev", "eth0", *options[1:]]
                    subprocess.run(command, check=True)
            for at, family in enumerate([socket.AF_INET, socket.AF_INET6]):
                _serve(socketserver.ThreadingTCPServer, family, (WEB[at], 80), Http)
                _serve(socketserver.ThreadingTCPServer, family, (SAFE[at], 443), Http, context)
                _serve(socketserver.UDPServer, family, (DNS[at], 53), Dns)
                _serve(socketserver.UDPServer, family, (ECHO[at], 7), Echo)


def _serve(kind, family, address, handler, tls=None):
    settings = {"address_family": family, "max_packet_size": 65535, "request_queue_size": 64, "daemon_threads": True}
    server = type("Server", (kind,), settings)(address, handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
