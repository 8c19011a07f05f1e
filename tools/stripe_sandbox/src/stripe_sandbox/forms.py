"""Form encoding as Stripe reads it: `recurring[interval]=month&images[0]=…&expand[]=…` into nested dictionaries.

Lists stay dictionaries with their indices as keys ("0", "1", …; a bare `[]` continues counting): only `validation.py`
knows which parameters are lists.
"""

import re
from urllib.parse import parse_qsl

from stripe_sandbox.errors import invalid
from stripe_sandbox.shapes import Json

MOST_FIELDS = 10_000
DEEPEST = 20  # Stripe's parameters are nowhere near as deep
_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


def decode(text: str) -> Json:
    params: Json = {}
    if text.count("&") >= MOST_FIELDS:
        raise invalid(f"Too many parameters: at most {MOST_FIELDS} are taken.")
    for name, value in parse_qsl(text, keep_blank_values=True):
        if "[" in name:
            _put(params, name, value)
        else:
            params[name] = value
    return params


def _put(params: Json, name: str, value: str) -> None:
    match = _NAME.fullmatch(name)
    if match is None:
        raise invalid(f"Invalid parameter name: {name}", name)
    place, steps = params, [match[1], *match[2][1:-1].split("][")]
    if len(steps) > DEEPEST:
        raise invalid("Invalid object", name[:200])
    for step in steps[:-1]:
        place = place.setdefault(step, {})
        if not isinstance(place, dict):
            raise invalid("Invalid object", name)
    place[steps[-1] or str(len(place))] = value
