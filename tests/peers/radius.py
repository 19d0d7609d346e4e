"""A RADIUS server (RFC 2865) for one secret and a handful of users: PAP and CHAP, Access-Request only.

l2tpns cannot authenticate without one.
"""

import hashlib
import hmac
import socket
import struct
import sys

ACCESS_REQUEST, ACCESS_ACCEPT, ACCESS_REJECT, ACCOUNTING_REQUEST, ACCOUNTING_RESPONSE = 1, 2, 3, 4, 5
USER_NAME, USER_PASSWORD, CHAP_PASSWORD, CHAP_CHALLENGE = 1, 2, 3, 60


def attributes(packet):
    """The attributes of a packet, the last of a type; None if they do not fit in it."""
    found, at = {}, 20
    while at < len(packet):
        if at + 2 > len(packet) or not 2 <= packet[at + 1] <= len(packet) - at:
            return None
        found[packet[at]] = packet[at + 2 : at + packet[at + 1]]
        at += packet[at + 1]
    return found


def hidden_password(hidden, authenticator, secret):
    """User-Password in clear (RFC 2865, 5.2)."""
    clear, previous = b"", authenticator
    for at in range(0, len(hidden) - 15, 16):
        block = hidden[at : at + 16]
        pad = hashlib.md5(secret + previous).digest()
        clear += bytes(a ^ b for a, b in zip(block, pad))
        previous = block
    return clear.rstrip(b"\0")


def admits(request, authenticator, secret, users):
    """Whether the request proves that it knows its user's password."""
    password = users.get(request.get(USER_NAME, b"").decode("utf-8", "replace"))
    if password is None:
        return False
    if CHAP_PASSWORD in request and len(request[CHAP_PASSWORD]) == 17:
        identifier, response = request[CHAP_PASSWORD][:1], request[CHAP_PASSWORD][1:]
        challenge = request.get(CHAP_CHALLENGE, authenticator)
        expected = hashlib.md5(identifier + password.encode() + challenge).digest()
        return hmac.compare_digest(expected, response)
    if USER_PASSWORD in request:
        return hmac.compare_digest(
            hidden_password(request[USER_PASSWORD], authenticator, secret), password.encode()
        )
    return False


def answer(packet, secret, users):
    """The reply to a packet, or None where it deserves none."""
    if len(packet) < 20 or struct.unpack("!H", packet[2:4])[0] != len(packet):
        return None
    code, identifier, authenticator = packet[0], packet[1], packet[4:20]
    request = attributes(packet)
    if request is None:
        return None
    if code == ACCESS_REQUEST:
        reply = ACCESS_ACCEPT if admits(request, authenticator, secret, users) else ACCESS_REJECT
    elif code == ACCOUNTING_REQUEST:
        reply = ACCOUNTING_RESPONSE
    else:
        return None
    head = struct.pack("!BBH", reply, identifier, 20)
    return head + hashlib.md5(head + authenticator + secret).digest()


def main():
    """radius.py ADDRESS PORT SECRET USER:PASSWORD..."""
    address, port, secret, *pairs = sys.argv[1:]
    users = dict(pair.split(":", 1) for pair in pairs)
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, int(port)))
    while True:
        packet, peer = server.recvfrom(4096)
        reply = answer(packet, secret.encode(), users)
        name = (attributes(packet) or {}).get(USER_NAME, b"?") if len(packet) >= 20 else b"?"
        print(f"request {packet[:1].hex()} of {name!r}: reply {reply[0] if reply else None}", flush=True)
        if reply:
            server.sendto(reply, peer)


if __name__ == "__main__":
    main()
