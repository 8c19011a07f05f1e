"""Control bodies: read more strictly than Python would, and refused in one sentence."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from stripe_sandbox.shapes import Json

LONGEST = 1e9  # seconds, thirty years: more than anybody waits, and little enough for every clock and socket

_DIGITS = re.compile(r"[0-9]{1,18}")


class BadBody(Exception):
    """Says in one sentence what is wrong with a control body."""


def loads(text: str) -> Any:
    """JSON as its standard has it, or ValueError: no NaN, no number beyond a float, no half a character."""
    try:
        value = json.loads(text, parse_constant=_finite, parse_float=_finite)
    except RecursionError:
        raise ValueError from None
    if "\\ud" in text.lower():
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def whole(body: Json, name: str, default: int, least: int, most: int) -> int:
    """A whole number of a body. Texts of digits are taken too: forms have no numbers."""
    value = body.get(name, default)
    number = int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value
    if type(number) is not int or not least <= number <= most:
        raise BadBody(f"{name} must be a whole number from {least} to {most}.")
    return number


def counted(query: Mapping[str, str], name: str, default: int | None = None) -> int | None:
    """A number in an address."""
    if name not in query:
        return default
    if not _DIGITS.fullmatch(query[name]):
        raise BadBody(f"{name} must be a whole number of at most 18 digits.")
    return int(query[name])
