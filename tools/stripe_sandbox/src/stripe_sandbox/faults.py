"""Faults on demand: which calls fail, and how. README.md documents the bodies of `POST /_sandbox/faults`.

This module only chooses; `fault_injection.py` performs faults of calls, `webhooks.py` those of deliveries.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from stripe_sandbox.control_bodies import LONGEST, BadBody
from stripe_sandbox.shapes import Json

# kind of fault -> when it may happen, the default first
CALL_KINDS = {
    "reset": ("before", "after"),
    "timeout": ("before", "after"),
    "500": ("before", "after"),
    "502": ("before", "after"),
    "503": ("before", "after"),
    "429": ("before",),
    "lock": ("before",),
    "409": ("before",),
    "401": ("before",),
    "403": ("before",),
    "refuse": ("before",),
    "garbage": ("after", "before"),
    "slow": ("before", "after"),
    "block": ("after", "before"),
    "late": ("late",),
}
WEBHOOK_KINDS = ("delay", "double", "shuffle", "drop", "forge", "stale", "vanish")
REASONS = ("global-rate", "endpoint-rate", "global-concurrency", "endpoint-concurrency", "resource-specific")
SECONDS = {"timeout": 100.0, "slow": 2.0, "late": 3.0, "delay": 5.0, "shuffle": 1.0, "stale": 3600.0}
SPENT_KEPT = 200


class BadFault(BadBody):
    """A fault's body is invalid; says why in one sentence."""


@dataclass(slots=True)
class Fault:
    id: int
    target: str  # "call" or "webhook"
    kind: str
    when: str = "before"
    times: int | None = 1
    every: int = 1
    skip: int = 0
    method: str | None = None
    path: str | None = None  # regular expression, searched
    type: str | None = None  # of a webhook's event: regular expression, searched
    probability: float | None = None
    seed: int = 0
    seconds: float = 0.0
    stored: bool = False
    reason: str = "global-rate"
    error: Json = field(default_factory=dict)  # of a rejection: status, message, code, param
    seen: int = 0
    hits: int = 0
    chance: random.Random = field(default_factory=random.Random)

    @property
    def spent(self) -> bool:
        return self.times is not None and self.hits >= self.times

    def picks(self) -> bool:
        """Count one more matching call or delivery; whether the fault applies to it."""
        self.seen += 1
        turn = self.seen > self.skip and (self.seen - self.skip) % self.every == 0
        if turn and self.probability is not None:
            turn = self.chance.random() < self.probability
        self.hits += turn
        return turn

    def as_json(self) -> Json:
        names = (one.name for one in fields(self) if one.name != "chance")
        return {name: getattr(self, name) for name in names} | {"spent": self.spent}


class Faults:
    def __init__(self) -> None:
        self.active: list[Fault] = []
        self.spent: deque[Fault] = deque(maxlen=SPENT_KEPT)
        self.released = asyncio.Event()  # replaced at each release: lets blocked responses go and late work land
        self.epoch = 0  # raised by a reset: waiting calls are cut off then, and late work never lands
        self._last = 0

    def add(self, body: Json) -> Fault:
        fault = _parse(self._last + 1, body)
        self._last = fault.id
        self.active.append(fault)
        return fault

    def pick_for_call(self, method: str, path: str) -> Fault | None:
        """The first fault that applies; those after it do not count this call."""
        return next(self._picked(lambda one: one.target == "call" and _matches_call(one, method, path), most=1), None)

    def pick_for_event(self, name: str) -> list[Fault]:
        """Every fault that applies: a delivery can be both duplicated and late."""
        return list(self._picked(lambda one: one.target == "webhook" and re.search(one.type or "", name) is not None))

    def _picked(self, matches: Callable[[Fault], bool], most: int | None = None) -> Any:
        found = 0
        for fault in list(self.active):
            if matches(fault) and fault.picks():
                if fault.spent:
                    self.active.remove(fault)
                    self.spent.append(fault)
                found += 1
                yield fault
                if found == most:
                    return

    def clear(self, fault_id: int | None = None) -> None:
        self.active = [fault for fault in self.active if fault_id is not None and fault.id != fault_id]

    def release(self) -> None:
        """Let blocked, hanging and slow responses go, and perform late work, now."""
        self.released.set()
        self.released = asyncio.Event()

    def forget(self) -> None:
        """Remove all faults; held calls are cut off, and late work never lands."""
        self.active.clear()
        self.spent.clear()
        self.epoch += 1
        self.release()

    def as_json(self) -> Json:
        return {
            "faults": [fault.as_json() for fault in self.active],
            "spent": [fault.as_json() for fault in self.spent],
        }


def _matches_call(fault: Fault, method: str, path: str) -> bool:
    return fault.method in (None, method) and (fault.path is None or re.search(fault.path, path) is not None)


def _parse(number: int, body: Json) -> Fault:
    target = body.get("target", "call")
    kind = str(body.get("kind", ""))
    if target == "call" and body.get("when") == "late" and kind in ("", "reset", "timeout", "late"):
        kind = "late"
    fault = Fault(number, target, kind)
    _kind_and_time(fault, body)
    for name, value in body.items():
        if name not in ("target", "kind", "when"):
            _set(fault, name, value)
    fault.seconds = float(body.get("seconds", SECONDS.get(kind, 0.0)))
    fault.stored = bool(body.get("stored", kind in ("500", "refuse")))
    fault.chance = random.Random(fault.seed)
    return fault


def _kind_and_time(fault: Fault, body: Json) -> None:
    if fault.target == "webhook":
        if fault.kind not in WEBHOOK_KINDS:
            raise BadFault(f"There is no webhook fault {fault.kind!r}; there are {', '.join(WEBHOOK_KINDS)}.")
        return
    if fault.target != "call":
        raise BadFault(f"target is 'call' or 'webhook', not {fault.target!r}.")
    if fault.kind not in CALL_KINDS:
        raise BadFault(f"There is no fault {fault.kind!r}; there are {', '.join(CALL_KINDS)}.")
    allowed = CALL_KINDS[fault.kind]
    fault.when = body.get("when", allowed[0])
    if fault.when not in allowed:
        raise BadFault(f"A {fault.kind} happens {' or '.join(allowed)} the work, not {fault.when!r}.")


def _set(fault: Fault, name: str, value: Any) -> None:
    try:
        setattr(fault, name, FIELDS[name](value))
    except KeyError:
        raise BadFault(f"A fault has no {name!r}; it has {', '.join(FIELDS)}.") from None
    except (TypeError, ValueError, OverflowError, re.error):
        raise BadFault(f"{name} cannot be {value!r}.") from None


def _count(least: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or int(value) != float(value) or int(value) < least:
            raise ValueError
        return int(value)

    return read


def _times(value: Any) -> int | None:
    return None if value is None else _count(1)(value)


def _pattern(value: Any) -> str | None:
    return None if value is None else re.compile(value).pattern


def _probability(value: Any) -> float | None:
    if value is not None and not 0 <= float(value) <= 1:
        raise ValueError
    return None if value is None else float(value)


def _seconds(value: Any) -> float:
    if not 0 <= float(value) <= LONGEST:
        raise ValueError
    return float(value)


def _reason(value: Any) -> str:
    if value not in REASONS:
        raise ValueError
    return str(value)


def _error(value: Any) -> Json:
    """The error to respond with: its status and texts."""
    given = {name: one for name, one in dict(value).items() if one is not None}
    status = given.get("status", 400)
    texts = [one for name, one in given.items() if name != "status"]
    if given.keys() - {"status", "type", "code", "message", "param"} or not all(isinstance(one, str) for one in texts):
        raise ValueError
    if type(status) is not int or not 400 <= status <= 599:
        raise ValueError
    return given


FIELDS: dict[str, Callable[[Any], Any]] = {
    "times": _times,
    "every": _count(1),
    "skip": _count(0),
    "method": lambda value: None if value is None else str(value).upper(),
    "path": _pattern,
    "type": _pattern,
    "probability": _probability,
    "seed": int,
    "seconds": _seconds,
    "stored": bool,
    "reason": _reason,
    "error": _error,
}
