"""Validates a request's parameters against their `Shape`; the first error is reported in Stripe's words.

The result is typed: integers, booleans, lists; decimals as plain text; `""` where a value is to be unset. The codes are
from docs.stripe.com/error-codes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from stripe_sandbox import values
from stripe_sandbox.errors import ApiError, empty, invalid, missing, unknown
from stripe_sandbox.schema import Kind, Shape
from stripe_sandbox.shapes import Json

# Checked before Python parses them: it accepts digits of every script, underscores, blanks and exponents of any size.
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)")
_NUMBER = re.compile(rf"{_DECIMAL.pattern}([eE][+-]?[0-9]{{1,2}})?")
_INDEX = re.compile(r"[0-9]{1,9}")
LARGEST_INTEGER = 2**63 - 1
# The order in which Stripe names alternatives (crvouga/mockingbird, compared with test mode, 2026-08-26).
ENUM_ORDER: Mapping[str, tuple[str, ...]] = {
    "interval": ("month", "year", "week", "day"),
    "usage_type": ("metered", "licensed"),
    "tax_behavior": ("inclusive", "exclusive", "unspecified"),
    "type": ("one_time", "recurring"),
}


def check(shape: Shape, params: Json, name: str = "") -> Json:
    """The parameters of one object, typed. `name` is its path: "" or "recurring" or "tiers[0]"."""
    strange = [key for key in params if key not in shape.fields]
    if strange:
        raise _unknown(shape, strange, name)
    for key in sorted(shape.required):
        if key not in params:
            raise missing(_inside(name, key))
    return {key: _value(shape.fields[key], value, _inside(name, key)) for key, value in params.items()}


def _unknown(shape: Shape, strange: list[str], name: str) -> ApiError:
    error = unknown(_inside(name, key) for key in strange)
    close = get_close_matches(strange[0], shape.fields, 1, 0.8)
    if len(strange) == 1 and close:
        error.message += f". Did you mean {_inside(name, close[0])}?"
    return error


def _inside(name: str, key: str) -> str:
    return f"{name}[{key}]" if name else key


def _value(shape: Shape, value: Any, name: str) -> Any:
    if value == "":
        return _nothing(shape, name)
    if shape.otherwise and _fits_better(shape.otherwise, shape, value):
        return _value(shape.otherwise, value, name)
    return CHECKS[shape.kind](shape, value, name)


def _nothing(shape: Shape, name: str) -> str:
    if shape.empty:
        return ""
    raise empty(name)


def _fits_better(other: Shape, shape: Shape, value: Any) -> bool:
    if shape.choices:
        return value not in shape.choices
    return isinstance(value, dict) == (other.kind in ("object", "map", "list"))


def _string(shape: Shape, value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise invalid("Invalid string: must be a string, not an object", name)
    if shape.choices and value not in shape.choices:
        raise invalid(f"Invalid {name}: must be one of {_listed(name, shape.choices)}", name)
    return value


def _listed(name: str, choices: tuple[str, ...]) -> str:
    order = ENUM_ORDER.get(_last(name), ())
    *first, last = sorted(choices, key=lambda choice: order.index(choice) if choice in order else len(order))
    return f"{', '.join(first)}{',' if len(first) > 1 else ''} or {last}" if first else last


def _last(name: str) -> str:
    """Of `recurring[interval]`: `interval`."""
    return name.rpartition("[")[2].rstrip("]")


def _integer(shape: Shape, value: Any, name: str) -> int:
    if not isinstance(value, str) or not _INTEGER.fullmatch(value) or abs(int(value)) > LARGEST_INTEGER:
        raise invalid(f"Invalid integer: {value}", name, "parameter_invalid_integer")
    return int(value)


def _decimal(shape: Shape, value: Any, name: str) -> str:
    """Kept as text: amounts are never floats. Twelve decimal places at most (docs.stripe.com/api/prices/create)."""
    text = f"{Decimal(_written(value, name, _DECIMAL)):f}"
    if len(text.partition(".")[2]) > 12:
        raise invalid(f"Invalid decimal: {values.ruby(text)}; must contain at most 12 decimal places.", name)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(shape: Shape, value: Any, name: str) -> float:
    return float(_written(value, name, _NUMBER))


def _written(value: Any, name: str, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or len(value) > 40 or not pattern.fullmatch(value):
        raise invalid(f"Invalid decimal: {value}", name)
    return value


def _boolean(shape: Shape, value: Any, name: str) -> bool:
    if value not in ("true", "false"):
        raise invalid(f"Invalid boolean: {value}", name)
    return bool(value == "true")


def _list(shape: Shape, value: Any, name: str) -> list[Any]:
    if not isinstance(value, dict) or not all(_INDEX.fullmatch(index) for index in value):
        raise invalid("Invalid array", name)
    assert shape.item
    item = shape.item
    return [_value(item, value[index], f"{name}[{index}]") for index in sorted(value, key=int)]


def _map(shape: Shape, value: Any, name: str) -> Json:
    if not isinstance(value, dict):
        raise invalid("Invalid object", name)
    assert shape.item
    item = shape.item
    return {key: _value(item, one, f"{name}[{key}]") for key, one in value.items()}


def _object(shape: Shape, value: Any, name: str) -> Json:
    if not isinstance(value, dict):
        raise invalid("Invalid object", name)
    return check(shape, value, name)


CHECKS: dict[Kind, Callable[[Shape, Any, str], Any]] = {
    "string": _string,
    "integer": _integer,
    "decimal": _decimal,
    "number": _number,
    "boolean": _boolean,
    "list": _list,
    "map": _map,
    "object": _object,
}
