"""GET over HTTP/3 by aioquic, whose ClientHello fits one QUIC Initial packet.

Usage: quic_get.py CA HOST ADDRESS PATH...
"""

import asyncio
import sys

from aioquic.asyncio import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration

ca, host, address, *paths = sys.argv[1:]


class Client(QuicConnectionProtocol):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.http = H3Connection(self._quic)
        self.answers = {}

    def quic_event_received(self, event):
        for part in self.http.handle_event(event):
            if isinstance(part, (HeadersReceived, DataReceived)):
                size, ended = self.answers[part.stream_id]
                size += len(getattr(part, "data", b""))
                self.answers[part.stream_id] = size, ended
                if part.stream_ended:
                    ended.set_result(size)

    def get(self, path):
        stream = self._quic.get_next_available_stream_id()
        ended = asyncio.get_running_loop().create_future()
        self.answers[stream] = (0, ended)
        head = {":method": "GET", ":scheme": "https", ":authority": host, ":path": path}
        self.http.send_headers(stream, [(k.encode(), v.encode()) for k, v in head.items()], True)
        self.transmit()
        return ended


async def main():
    configuration = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN, server_name=host)
    configuration.load_verify_locations(ca)
    async with connect(address, 443, configuration=configuration, create_protocol=Client) as client:
        for path in paths:
            print(host, path, await asyncio.wait_for(client.get(path), 15))


asyncio.run(main())
