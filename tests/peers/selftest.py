"""The verdicts themselves: what must be complained of is, and what makes no sense in cases.txt is refused."""

import unittest

import cases
import pppd
import radius
from cases import Outcome, complaints, parse

CLEAR = "off pppd fogline/off kernel,pap clear\n"
PREFER = CLEAR + "prefer pppd fogline/prefer kernel,pap clear,within=1000:off,answerer=no-phs\n"
REQUIRE = "require pppd fogline/require user,chap refused,dialler=told-of-phs\n"
UP = {"ping": "5 of 5"}
NO_PHS = "the peer Protocol-Rejected ECP: it has no PHS, or its policy is off"


def verdict(text, outcome, **others):
    return complaints(parse(text)[-1], outcome, others)


class Verdicts(unittest.TestCase):
    def test_up_in_clear_holds(self):
        self.assertEqual(verdict(CLEAR, Outcome(up_ms=90, **UP)), [])

    def test_no_link_lost_pings_and_no_ipv6_are_complained_of(self):
        self.assertTrue(verdict(CLEAR, Outcome(timed_out=True)))
        self.assertTrue(verdict(CLEAR, Outcome(up_ms=90, ping="4 of 5")))
        ipv6 = "off pppd fogline/off kernel,pap,ipv6 clear\n"
        self.assertTrue(verdict(ipv6, Outcome(up_ms=90, **UP)))

    def test_slower_than_allowed_is_complained_of(self):
        off = Outcome(up_ms=90, **UP)
        in_time = Outcome(up_ms=1090, answerer_said=NO_PHS, **UP)
        late = Outcome(up_ms=1091, answerer_said=NO_PHS, **UP)
        self.assertEqual(verdict(PREFER, in_time, off=off), [])
        self.assertTrue(verdict(PREFER, late, off=off))
        self.assertTrue(verdict(PREFER, in_time, off=Outcome()))

    def test_clear_without_the_reason_is_complained_of(self):
        self.assertTrue(verdict(PREFER, Outcome(up_ms=90, **UP), off=Outcome(up_ms=90, **UP)))

    def test_a_refusal_must_be_told(self):
        told = 'rcvd [LCP TermReq id=0x3 "this server requires PHS (header scrambling)"]'
        self.assertEqual(verdict(REQUIRE, Outcome(dialler_said=told)), [])
        self.assertTrue(verdict(REQUIRE, Outcome(dialler_said="Modem hangup")))
        self.assertTrue(verdict(REQUIRE, Outcome(dialler_said=told, timed_out=True)))
        self.assertTrue(verdict(REQUIRE, Outcome(dialler_said=told, up_ms=90)))


class Lines(unittest.TestCase):
    def test_what_makes_no_sense_is_refused(self):
        for line in [
            "four columns are few",
            "x pppd l2tpns kernel,chap maybe",
            "x pppd l2tpns chap clear",  # neither kernel nor user
            "x pppd fogline kernel,chap clear",  # no policy
            "x fogline/off fogline/off chap clear",
            "x pppd l2tpns kernel,chap,fast clear",
            "x pppd l2tpns kernel,chap clear,within=1000:later",
            "x pppd l2tpns kernel,chap refused,dialler=poetry",
        ]:
            with self.assertRaises(ValueError, msg=line):
                parse(line)

    def test_time_runs_from_the_first_line_of_pppd_to_its_address(self):
        record = [("CASE", "x"), ("PPPD", "2.62 using channel 1"), ("UP", "ppp7 10.0.0.2 10.0.0.1"),
                  ("PING", "5 of 5"), ("PPPD", "4.60 local  IP address 10.0.0.2")]
        self.assertEqual(pppd.outcome_of(record, "").up_ms, 1980)

    def test_the_file_of_cases_makes_sense(self):
        self.assertTrue(cases.load())


class Radius(unittest.TestCase):
    def test_the_example_of_rfc_2865_section_7_1(self):
        packet = bytes.fromhex(
            "010000380f403f9473978057bd83d5cb98f4227a01066e656d6f02120dbe708d93d413ce3196e43f782a0aee"
            "0406c0a80110050600000003"
        )
        reply = radius.answer(packet, b"xyzzy5461", {"nemo": "arctangent"})
        self.assertEqual(reply[0], radius.ACCESS_ACCEPT)
        self.assertEqual(radius.answer(packet, b"xyzzy5461", {"nemo": "arctan"})[0], radius.ACCESS_REJECT)

    def test_damaged_packets_get_no_reply(self):
        for packet in [b"", b"\x01" * 20, bytes.fromhex("01000016" + "00" * 16 + "0105"), b"\x02\0\0\x14" + bytes(16)]:
            self.assertIsNone(radius.answer(packet, b"secret", {}))


if __name__ == "__main__":
    unittest.main()
