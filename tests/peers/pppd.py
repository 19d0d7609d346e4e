"""The stock subscriber: dials of a guest's xl2tpd and pppd, all in one boot."""

import re
import time

from cases import Outcome
from rig import Guest

# How long a dial may take before it counts as left hanging, in seconds of the guest.
DIAL_SECONDS = 25
BOOT_SECONDS = 90


def job_line(case, address, user, password):
    """A line of the guest's /job/dials."""
    options = ["+ipv6"] if case.ipv6 else []
    return " ".join([case.name, address, case.mode, case.auth, user, password, str(DIAL_SECONDS), *options])


def dial_all(pieces, backhaul, scratch, dials, show):
    """Boots a guest that dials one case after the other. `dials`: (case, line, answerer);
    yields (case, outcome) as each ends."""
    lines = "".join(f"{line}\n" for _, line, _ in dials)
    guest = Guest(pieces, backhaul, scratch, "dial", {"dials": lines})
    guest.wait_for(lambda said: "READY=" in said, BOOT_SECONDS, "booted")
    show(f"guest ready at {dict(guest.lines())['READY']} s of its uptime")
    for case, _, answerer in dials:
        guest.wait_for(lambda _, case=case: ("NEXT", case.name) in guest.lines(), 30, f"ready for {case.name}")
        mark = answerer.mark()
        guest.go_on()
        guest.wait_for(
            lambda _, case=case: {"UP", "END"} & dict(_record(guest.lines(), case.name)).keys(),
            DIAL_SECONDS * 4, f"up or refused with {case.name}",
        )
        explained = answerer.explain()
        guest.wait_for(
            lambda _, case=case: "END" in dict(_record(guest.lines(), case.name)), 60, f"through with {case.name}"
        )
        time.sleep(0.2)  # what the answerer has to say of the end
        yield case, outcome_of(_record(guest.lines(), case.name), answerer.said(mark) + explained)
    guest.process.wait(30)


def _record(lines, name):
    """The lines between CASE=name and its END."""
    record, inside = [], False
    for key, value in lines:
        inside = value == name if key == "CASE" else inside
        if inside:
            record.append((key, value))
    return record


def outcome_of(record, answerer_said):
    """What a dial's lines mean."""
    values = dict(record)
    stamped = [value.partition(" ")[::2] for key, value in record if key == "PPPD"]
    up_ms = None
    if "UP" in values:
        # pppd's own first line is where the wait of its user begins: xl2tpd's call is up then.
        begin = float(stamped[0][0])
        end = next(float(at) for at, text in stamped if re.match(r"local +IP address", text))
        up_ms = round((end - begin) * 1000)
    said = "\n".join(value for key, value in record if key in ("PPPD", "XL2TPD"))
    return Outcome(
        up_ms=up_ms,
        timed_out="TIMED_OUT" in values,
        ping=values.get("PING", "-"),
        rtt_ms=values.get("RTT_MS", "-"),
        ipv6=values.get("IPV6", ""),
        ping6=values.get("PING6", "-"),
        dialler_said=said,
        answerer_said=answerer_said,
        reason="" if "UP" in values else reason(said),
    )


def reason(said):
    """The lines of pppd and xl2tpd that tell why a link ended."""
    telling = re.compile(
        r"(LCP terminated by peer.*|rcvd \[LCP TermReq.*\]|.*authentication failed.*|CHAP .*failed.*|"
        r".*Connection closed to .*|.*Control connection .* refused.*|.*peer refused.*|.*Peer is not.*)"
    )
    found = [match.group(0).strip() for match in map(telling.search, said.splitlines()) if match]
    return "; ".join(dict.fromkeys(found))


class StockLns:
    """A guest whose xl2tpd and pppd answer calls."""

    def __init__(self, pieces, backhaul, scratch, users):
        text = "".join(f'{user} * {password} *\n' for user, password in users.items())
        self.guest = Guest(pieces, backhaul, scratch, "serve", {"users": text})
        self.address = self.guest.address
        self.guest.wait_for(lambda said: "Listening on" in said, BOOT_SECONDS, "serving")

    def explain(self):
        """Nothing: a stock peer's log tells all."""
        return ""

    def mark(self):
        """Where its output ends now."""
        return len(self.guest.results.read_bytes())

    def said(self, since):
        """What its programs said since a mark."""
        return self.guest.said(since)

    def stop(self):
        """Turns the guest off."""
        self.guest.stop()
