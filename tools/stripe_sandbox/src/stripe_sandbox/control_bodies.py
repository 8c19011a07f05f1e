"""Bodies of the control API: parsed more strictly than Python would, with one sentence for each error."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from stripe_sandbox.shapes import Json

LONGEST = 1e9  # seconds, thirty years: longer than anyone waits, and in range of every clock and socket

_DIGITS = re.compile(r"[0-9]{1,18}")


class BadBody(Exception):
    """A control body is invalid; says why in one sentence."""


def loads(text: str) -> Any:
    """JSON as the standard defines it, or ValueError: no NaN, no number beyond a float, no lone surrogates."""
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
    """An integer field. Strings of digits are accepted too: forms have no numbers."""
    value = body.get(name, default)
    number = int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value
    if type(number) is not int or not least <= number <= most:
        raise BadBody(f"{name} must be a whole number from {least} to {most}.")
    return number


def counted(query: Mapping[str, str], name: str, default: int | None = None) -> int | None:
    """An integer query parameter."""
    if name not in query:
        return default
    if not _DIGITS.fullmatch(query[name]):
        raise BadBody(f"{name} must be a whole number of at most 18 digits.")
    return int(query[name])
