"""A sender and a receiver of one direction (Sections 8.5 and 8.6)."""

from . import DECOY, FULL, Drop
from . import decoy, framing, ppp


class Sender:
    """Turns frames of the host into frames on the wire, with the keys of one epoch."""

    def __init__(self, keys, end, direction, sequence=0, move_names=True):
        """keys: EpochKeys; end: L or H; direction: option.Direction."""
        self._keys, self._end, self._direction = keys, end, direction
        self._sequence, self._move_names = sequence, move_names

    def switch(self, keys):
        """Send with the keys of another epoch, whose numbers begin at 0."""
        self._keys, self._sequence = keys, 0

    def _next_word(self):
        word = framing.make_word(self._keys.epoch & 1, self._sequence)
        self._sequence += 1
        return word

    def send(self, data):
        """The frame on the wire, or Drop."""
        transform, coverage, carrier_lcp = self._direction
        frame = ppp.parse(data)
        if carrier_lcp and frame.protocol == ppp.LCP \
                and ppp.looks_scrambled(frame.info, transform):
            raise Drop("LcpLooksLikeData")
        if frame.protocol in ppp.CONTROL:
            return data
        key = self._keys.data[self._end]
        if transform == FULL:
            return framing.full_send(frame, key, self._next_word(), carrier_lcp)
        if transform == DECOY:
            version = {ppp.IPV4: 4, ppp.IPV6: 6}.get(frame.protocol)
            packet = decoy.eligible(frame.info, version)
            if packet is not None and not decoy.announces_address(packet):
                outer = ppp.LCP if carrier_lcp else frame.protocol
                return frame.start + outer.to_bytes(2, "big") + decoy.scramble(
                    packet, self._end, self._keys, coverage, self._move_names)
        return framing.header_send(frame, key, self._next_word(), coverage, carrier_lcp)


class Receiver:
    """Turns frames from the wire into frames for the host."""

    def __init__(self, peer, direction):
        """peer: the end that sends; direction: option.Direction."""
        self._peer, self._direction = peer, direction
        self._keys = [None, None]               # for each parity
        self._windows = [None, None]

    def install(self, keys):
        """Receive with the EpochKeys of an epoch, in place of those of its parity."""
        self._keys[keys.epoch & 1] = keys
        self._windows[keys.epoch & 1] = framing.ReplayWindow()

    def erase(self, parity):
        """Forget the keys of a parity."""
        self._keys[parity] = self._windows[parity] = None

    def receive(self, data):
        """The frame for the host, or Drop."""
        transform, coverage, carrier_lcp = self._direction
        frame = ppp.parse(data)
        form = ppp.classify(frame, transform, carrier_lcp)
        if form == "control":
            return data
        if form == "decoy":
            if carrier_lcp:
                version = frame.info[0] >> 4
            else:
                version = 4 if frame.protocol == ppp.IPV4 else 6
            protocol, packet = decoy.unscramble(frame.info, version, self._peer, self._keys,
                                                coverage)
            return frame.start + protocol.to_bytes(2, "big") + packet
        keys = [k and k.data[self._peer] for k in self._keys]
        if transform == FULL:
            return framing.full_receive(frame, keys, self._windows)
        return framing.header_receive(frame, keys, coverage)
