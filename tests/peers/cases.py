"""The cases of cases.txt, and the verdict on what came of each."""

import dataclasses
import pathlib
import re

from fogline import METHODS, POLICIES, WORDS

STOCK = ["pppd", "l2tpns"]


@dataclasses.dataclass(frozen=True)
class Case:
    """A line of cases.txt."""

    name: str
    dialler: str  # pppd, or fogline
    policy: str | None  # of fogline, at whichever end it is
    answerer: str  # pppd, l2tpns or fogline
    auth: str
    mode: str | None  # pppd's: kernel or user
    ipv6: bool
    wrong_password: bool
    expect: str  # clear or refused
    within: tuple[int, str] | None  # milliseconds more than a case of this name took
    dialler_says: str | None  # keys of fogline.WORDS
    answerer_says: str | None

    def needs_fogline(self):
        """Whether the program takes part."""
        return "fogline" in (self.dialler, self.answerer)

    def needs_guest(self):
        """Whether a virtual machine takes part."""
        return "pppd" in (self.dialler, self.answerer)


@dataclasses.dataclass
class Outcome:
    """What was measured of a case."""

    up_ms: int | None = None  # from the dialler's start to its IPv4 address
    timed_out: bool = False  # neither up nor told anything
    ping: str = "-"  # "5 of 5"
    rtt_ms: str = "-"
    ipv6: str = ""  # the global address got
    ping6: str = "-"
    dialler_said: str = ""
    answerer_said: str = ""
    reason: str = ""  # why there is no link, in the dialler's own words


def parse(text):
    """All cases, in order. ValueError with the line's number for what makes no sense."""
    cases = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.partition("#")[0].strip()
        if not line:
            continue
        try:
            case = _case(line)
            if case.name in cases:
                raise ValueError("this name is taken")
            if case.within and case.within[1] not in cases:
                raise ValueError(f"`within` names {case.within[1]}, which is no case before this one")
        except ValueError as error:
            raise ValueError(f"cases.txt:{number}: {error}") from None
        cases[case.name] = case
    return list(cases.values())


def _case(line):
    columns = line.split()
    if len(columns) != 5:
        raise ValueError("a case has five columns: NAME DIALLER ANSWERER HOW EXPECT")
    name, dialler, answerer, how, expect = columns
    dialler, _, dialler_policy = dialler.partition("/")
    answerer, _, answerer_policy = answerer.partition("/")
    how = set(how.split(","))
    expect, *conditions = expect.split(",")
    conditions = dict(condition.split("=", 1) for condition in conditions)
    policy = dialler_policy or answerer_policy or None
    _check(dialler in ["pppd", "fogline"], f"dialler {dialler}: pppd or fogline/POLICY")
    _check(answerer in [*STOCK, "fogline"], f"answerer {answerer}: pppd, l2tpns or fogline/POLICY")
    _check((dialler, answerer) != ("fogline", "fogline"), "one end must be a stock peer")
    _check((policy in POLICIES) == ("fogline" in (dialler, answerer)), f"policy {policy}")
    _check(expect in ["clear", "refused"], f"expect {expect}: clear or refused")
    auth = _one_of(how, list(METHODS))
    mode = _one_of(how, ["kernel", "user"]) if dialler == "pppd" else None
    ipv6, wrong = "ipv6" in how, "wrong" in how
    how -= {"ipv6", "wrong"}
    _check(not how, f"unknown words {how}")
    within = conditions.pop("within", None)
    if within:
        milliseconds, _, reference = within.partition(":")
        within = int(milliseconds), reference
    says = [conditions.pop(side, None) for side in ["dialler", "answerer"]]
    _check(all(word is None or word in WORDS for word in says), f"unknown words of a side: {says}")
    _check(not conditions, f"unknown conditions {conditions}")
    return Case(name, dialler, policy, answerer, auth, mode, ipv6, wrong, expect, within, *says)


def _check(holds, otherwise):
    if not holds:
        raise ValueError(otherwise)


def _one_of(words, choices):
    found = [choice for choice in choices if choice in words]
    _check(len(found) == 1, f"exactly one of {choices} is needed")
    words.remove(found[0])
    return found[0]


def load():
    """The cases beside this file."""
    return parse((pathlib.Path(__file__).parent / "cases.txt").read_text())


def complaints(case, outcome, others):
    """What is wrong with an outcome, as sentences; none if the case holds. `others`: outcomes by name."""
    wrong = []
    if case.expect == "clear":
        if outcome.up_ms is None:
            silent = "left hanging" if outcome.timed_out else "no reason told"
            return [f"never came up ({outcome.reason or silent})"]
        if outcome.ping != "5 of 5":
            wrong.append(f"ping: {outcome.ping}")
        if case.ipv6 and outcome.ping6 != "5 of 5":
            wrong.append(f"IPv6 {outcome.ipv6 or 'without an address'}, ping: {outcome.ping6}")
        if case.within:
            allowance, name = case.within
            reference = others[name].up_ms
            if reference is None:
                wrong.append(f"no time to compare with: {name} never came up")
            elif outcome.up_ms > reference + allowance:
                wrong.append(f"up after {outcome.up_ms} ms; {name} took {reference} ms")
    else:
        if outcome.up_ms is not None:
            wrong.append(f"came up after {outcome.up_ms} ms, but must be refused")
        if outcome.timed_out:
            wrong.append("was left hanging rather than refused")
    for side, key, said in [
        ("dialler", case.dialler_says, outcome.dialler_said),
        ("answerer", case.answerer_says, outcome.answerer_said),
    ]:
        if key and not re.search(WORDS[key], said, re.IGNORECASE):
            wrong.append(f"the {side} did not say {key}")
    return wrong
