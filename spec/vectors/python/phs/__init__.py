"""PPP Header Scrambling (PHS), written from draft-fogline-ppp-header-scrambling-00 alone.

chacha, x25519      the primitives (Section 8.4; RFC 8439, RFC 7748)
option, keys, ecp   negotiation: the option, the key schedule, the Reset messages (3, 4, 5)
ppp, framing        PPP frames, the word, HEADER and FULL (8, 9, 10)
decoy, hello        DECOY and its hello form (11)
link                a sender and a receiver of one direction (8.5, 8.6)
vectors             the JSON test vectors (13)
"""

L, H = 0, 1                             # the two ends of a session (Section 1.3)
DECOY, HEADER, FULL = 1, 2, 3           # transform numbers (Section 2, Table 1)


class Drop(Exception):
    """The outcome of a packet that is not sent or not delivered (Section 8.7)."""

    @property
    def outcome(self):
        """The draft's name of the outcome, e.g. BadWord."""
        return self.args[0]
