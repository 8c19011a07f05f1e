"""Lists: newest first, `limit` 1 to 100, cursors in both directions, `has_more` (docs.stripe.com/api/pagination)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from stripe_sandbox.accounts import Realm
from stripe_sandbox.errors import invalid, no_such
from stripe_sandbox.shapes import Json
from stripe_sandbox.store import Condition, Shelf

MOST, USUAL = 100, 10


def page(shelf: Shelf, realm: Realm, kind: str, params: Json, conditions: Iterable[Condition], url: str) -> Json:
    """`limit` is clamped silently: Kiln-AI/stripe_world, cassette 08 (2026-08-26)."""
    limit = min(max(params.get("limit", USUAL), 1), MOST)
    backwards = "ending_before" in params
    found = shelf.find(
        realm,
        [*conditions, *_cursor(shelf, realm, kind, params), *created(params)],
        limit=limit + 1,
        oldest_first=backwards,
    )
    has_more, found = len(found) > limit, found[:limit]
    return {"object": "list", "url": url, "has_more": has_more, "data": found[::-1] if backwards else found}


def _cursor(shelf: Shelf, realm: Realm, kind: str, params: Json) -> list[Condition]:
    """Looked up before both are rejected: Kiln-AI/stripe_world, cassettes 08 and 09 (2026-08-26)."""
    found: list[Condition] = []
    for name, sign in (("starting_after", "<"), ("ending_before", ">")):
        if name in params and not found:
            position = shelf.position(realm, params[name])
            if position is None:
                raise no_such(kind, params[name], name, status=400)
            found = [(f"seq {sign} ?", (position,))]
    if "starting_after" in params and "ending_before" in params:
        raise invalid("Received both starting_after and ending_before parameters. Please pass in only one.")
    return found


def created(params: Json) -> list[Condition]:
    wanted = params.get("created")
    if wanted is None:
        return []
    if isinstance(wanted, int):
        return [("created = ?", (wanted,))]
    signs = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
    return [(f"created {signs[name]} ?", (value,)) for name, value in wanted.items()]


def equals(params: Json, *names: str) -> list[Condition]:
    """A filter for each of these parameters that is present; the columns have the parameters' names."""
    return [(f"{name} = ?", (params[name],)) for name in names if name in params]


def like(*types: str | None) -> list[Condition]:
    """Events of one of these types, with `*` as a wildcard (docs.stripe.com/api/events/list). None: any."""
    asked = [name for name in types if name is not None]
    if not asked:
        return []
    patterns = [re.sub(r"[\[?]", r"[\g<0>]", name) for name in asked]
    return [("(" + " OR ".join(["type GLOB ?"] * len(patterns)) + ")", patterns)]


def among(params: Json, name: str, column: str) -> list[Condition]:
    if name not in params:
        return []
    values = params[name]
    return [(f"{column} IN ({', '.join('?' * len(values))})", values)]
