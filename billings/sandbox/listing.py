"""Lists: newest first, `limit` 1 to 100, cursors in both directions, `has_more` (docs.stripe.com/api/pagination)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from billings.sandbox.accounts import Realm
from billings.sandbox.refusals import exclusive, no_such
from billings.sandbox.shapes import Json
from billings.sandbox.store import Condition, Shelf
from billings.sandbox.values import whole


def examine(params: Json) -> None:
    whole(params.get("limit"), "limit", 1, 100)
    if "starting_after" in params and "ending_before" in params:
        raise exclusive(("starting_after", "ending_before"))


def page(shelf: Shelf, realm: Realm, kind: str, params: Json, conditions: Iterable[Condition], url: str) -> Json:
    limit = params.get("limit", 10)
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
    for name, sign in (("starting_after", "<"), ("ending_before", ">")):
        if name in params:
            position = shelf.position(realm, params[name])
            if position is None:
                raise no_such(kind, params[name], name, status=400)
            return [(f"seq {sign} ?", (position,))]
    return []


def created(params: Json) -> list[Condition]:
    wanted = params.get("created")
    if wanted is None:
        return []
    if isinstance(wanted, int):
        return [("created = ?", (wanted,))]
    signs = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
    return [(f"created {signs[name]} ?", (value,)) for name, value in wanted.items()]


def equals(params: Json, *names: str) -> list[Condition]:
    """A filter for each of these parameters that is there; the columns have the parameters' names."""
    return [(f"{name} = ?", (params[name],)) for name in names if name in params]


def like(*types: str | None) -> list[Condition]:
    """Events of one of these types, `*` standing for anything (docs.stripe.com/api/events/list). None: of any."""
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
