"""Recomputes the JSON test vectors (Section 13)."""

import re

from . import DECOY, FULL, HEADER, H, L, Drop
from . import ecp, keys as schedule
from .link import Receiver, Sender
from .option import Direction, Option, evaluate
from .x25519 import public_key, x25519

FORMAT = "phs-vectors-1"
ENDS = {"lower": L, "higher": H}
TRANSFORMS = {"decoy": DECOY, "header": HEADER, "full": FULL}
CARRIERS = {"natural": False, "lcp": True}


class Mismatch(Exception):
    """What does not hold: where, expected, computed."""


def reason(drop):
    """The name that vectors give to an outcome."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", drop.outcome).lower()


def _same(where, expected, computed):
    if expected != computed:
        raise Mismatch(where, expected, computed)


def _named(direction):
    if direction is None:
        return None
    transform = next(k for k, v in TRANSFORMS.items() if v == direction.transform)
    return {"transform": transform, "coverage": direction.coverage,
            "carrier": "lcp" if direction.carrier_lcp else "natural"}


def _check_option(v, _):
    _same("valid", v["valid"], Option.parse(bytes.fromhex(v["option"])) is not None)


def _check_agreement(v, _):
    a, b = (Option.parse(bytes.fromhex(v[end])) for end in "ab")
    there = back = None
    if a is not None and b is not None:
        _, there, back = evaluate(a, b)
    _same("a_to_b", v.get("a_to_b"), _named(there))
    _same("b_to_a", v.get("b_to_a"), _named(back))


def _compute_schedule(v):
    """The keys of all epochs, by number; checks what can be checked on the way."""
    a, b = (bytes.fromhex(v[end]["option"]) for end in "ab")
    configured, msk = bytes.fromhex(v["configured"]), bytes.fromhex(v["msk"])
    for name, data in (("a", a), ("b", b)):
        option = Option.parse(data)
        if option is None:
            raise Mismatch(name + ".option", "can be parsed", "cannot be parsed")
        _same(name + ".public", v[name]["public"],
              public_key(bytes.fromhex(v[name]["secret"])).hex())
        _same(name + ".option's key", v[name]["public"], option.public_key.hex())
        _same(name + ".option's flag", int(bool(configured or msk)), option.flags & 1)
    lower, higher = schedule.lower_first(a, b)
    _same("lower", v["lower"], "a" if lower == a else "b")
    result, prk = {}, None
    for number, epoch in enumerate(v["epochs"]):
        where = "epochs[%d]." % number
        _same(where + "epoch", epoch["epoch"], number)
        secrets = [bytes.fromhex(epoch["secret_" + end]) for end in ENDS]
        shared = x25519(secrets[L], public_key(secrets[H]))
        _same(where + "shared at H", shared, x25519(secrets[H], public_key(secrets[L])))
        if number == 0:
            for end, secret in zip((v["lower"], "ba"[v["lower"] == "b"]), secrets):
                _same(where + "secret of " + end, v[end]["secret"], secret.hex())
            prk = schedule.first_prk(lower, higher, shared, configured, msk)
        else:
            prk = schedule.next_prk(prk, shared)
        keys = schedule.epoch_keys(prk, number)
        computed = {"shared": shared, "prk": prk, "prp": keys.prp}
        for name, end in ENDS.items():
            computed["data_" + name] = keys.data[end]
            computed["confirm_" + name] = keys.confirm[end]
        for name, value in computed.items():
            _same(where + name, epoch[name], value.hex())
        result[number] = keys
    return result


def _check_schedule(v, named):
    named[v["name"]] = _compute_schedule(v)


def _check_message(v, schedules):
    keys = schedules.get(v["schedule"], {}).get(v["tag_epoch"])
    if keys is None:
        raise Mismatch("schedule", v["schedule"], "no such schedule or epoch")
    message = ecp.parse(bytes.fromhex(v["packet"]))
    valid = message is not None and ecp.verify(message, keys.confirm[ENDS[v["sender"]]],
                                               v["tag_epoch"])
    _same("valid", v["valid"], valid)


def packet_keys(v):
    """EpochKeys from a key set of the vectors."""
    return schedule.EpochKeys(
        v["epoch"], (bytes.fromhex(v["data_lower"]), bytes.fromhex(v["data_higher"])), None,
        bytes.fromhex(v["prp"]))


def _result(function, data):
    """(bytes, None) or (None, reason)."""
    try:
        return function(data), None
    except Drop as drop:
        return None, reason(drop)


def packet_direction(v):
    """The option.Direction of a packet vector."""
    return Direction(TRANSFORMS[v["transform"]], v["coverage"], CARRIERS[v["carrier"]])


def compute_sent(v, keys):
    """(wire, None) or (None, reason) from the plain frame of a packet vector."""
    sender = Sender(keys, ENDS[v["sender"]], packet_direction(v), v["sequence"],
                    v.get("hello", "move") == "move")
    return _result(sender.send, bytes.fromhex(v["plain"]))


def compute_received(v, keys):
    """(restored, None) or (None, reason) from the wire frame of a packet vector."""
    receiver = Receiver(ENDS[v["sender"]], packet_direction(v))
    receiver.install(keys)
    return _result(receiver.receive, bytes.fromhex(v["wire"]))


def _show(result):
    data, why = result
    return "refused: " + str(why) if data is None else data.hex()


def _check_packet(v, key_sets):
    if v["keys"] not in key_sets:
        raise Mismatch("keys", v["keys"], "no such key set")
    keys = key_sets[v["keys"]]
    refused = v.get("refused")
    if "plain" in v:
        expected = v["wire"] if "wire" in v else "refused: " + str(refused)
        _same("sent", expected, _show(compute_sent(v, keys)))
    elif "wire" not in v:
        raise Mismatch("vector", "plain or wire", "neither")
    if "wire" in v:
        if refused is not None:
            expected = "refused: " + refused
        else:
            expected = v.get("restored", v.get("plain", "plain or restored"))
        _same("received", expected, _show(compute_received(v, keys)))


def _take_keys(v, key_sets):
    key_sets[v["name"]] = packet_keys(v)


_CHECKS = {"options": _check_option, "agreements": _check_agreement,
           "schedules": _check_schedule, "messages": _check_message, "packets": _check_packet}


def check(document):
    """Checks one file: yields (kind, name, None or Mismatch) for each of its vectors."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        yield "file", "?", Mismatch("format", FORMAT, "something else")
        return
    key_sets, schedules = {}, {}
    for v in document.get("keys", ()):
        _take_keys(v, key_sets)
    for kind, function in _CHECKS.items():
        named = key_sets if kind == "packets" else schedules
        for v in document.get(kind, ()):
            try:
                function(v, named)
            except Mismatch as mismatch:
                yield kind, v.get("name", "?"), mismatch
            except (KeyError, ValueError, TypeError) as error:
                yield kind, v.get("name", "?"), Mismatch("vector", "as in the schema",
                                                         repr(error))
            else:
                yield kind, v.get("name", "?"), None
