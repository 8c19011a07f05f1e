"""`GET /v1/products/search` and `/v1/prices/search` (docs.stripe.com/search): newest first, in pages.

Stripe's index is about a minute behind; here the delay is `search_delay`, by default none. Case-insensitive.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stripe_sandbox import query, values
from stripe_sandbox.context import Context
from stripe_sandbox.errors import ApiError, invalid
from stripe_sandbox.listing import MOST, USUAL
from stripe_sandbox.query import Clause, Query
from stripe_sandbox.shapes import Json
from stripe_sandbox.store import Condition, Shelf

TOKEN, TEXT = (":",), (":", "~")  # the operators of each type of field
SHORTEST = 3  # for a substring
COUNTED = 10_000  # `total_count` goes no further: docs.stripe.com/api/pagination/search


@dataclass(frozen=True, slots=True)
class Searchable:
    """docs.stripe.com/search#query-fields-for-products, -prices."""

    name: str
    shelf: Callable[[Context], Shelf]
    fields: Mapping[str, tuple[str, ...]]


PRODUCTS = Searchable(
    "products",
    lambda context: context.store.products,
    {"active": TOKEN, "description": TEXT, "metadata": TOKEN, "name": TEXT, "shippable": TOKEN, "url": TEXT},
)
PRICES = Searchable(
    "prices",
    lambda context: context.store.prices,
    {"active": TOKEN, "currency": TOKEN, "lookup_key": TEXT, "metadata": TOKEN, "product": TEXT, "type": TOKEN},
)


def products(context: Context, params: Json) -> Json:
    return _page(context, PRODUCTS, params)


def prices(context: Context, params: Json) -> Json:
    return _page(context, PRICES, params)


def examine(params: Json) -> None:
    """Unlike a list's, a search's limit is validated: crvouga/mockingbird, compared with test mode (2026-08-26)."""
    values.whole(params.get("limit"), "limit", 1, MOST)


def _page(context: Context, what: Searchable, params: Json) -> Json:
    limit, shelf = params.get("limit", USUAL), what.shelf(context)
    conditions = [_condition(what, query.parse(params["query"]))]
    conditions.append(("created <= ?", (context.clock.now() - int(context.settings.search_delay),)))
    answer: Json = {"object": "search_result", "url": f"/v1/{what.name}/search"}
    if "total_count" in params.get("expand", ()):
        answer["total_count"] = min(shelf.count(context.realm, conditions), COUNTED)
    if "page" in params:
        conditions.append(("seq < ?", (_place(params["page"], what, params["query"]),)))
    found = shelf.find(context.realm, conditions, limit=limit + 1)
    shown, more = found[:limit], len(found) > limit
    last = shelf.position(context.realm, shown[-1]["id"]) if more else None
    following = None if last is None else _token(last, what, params["query"])
    return answer | {"has_more": more, "next_page": following, "data": shown}


def _condition(what: Searchable, asked: Query) -> Condition:
    pieces = [_clause(what, clause) for clause in asked.clauses]
    joined = (" OR " if asked.any else " AND ").join(f"({sql})" for sql, _ in pieces)
    return f"({joined})", [value for _, some in pieces for value in some]


def _clause(what: Searchable, clause: Clause) -> Condition:
    if clause.field not in what.fields or (clause.field == "metadata") != (clause.key is not None):
        raise _unsupported(what, clause)
    if clause.operator not in what.fields[clause.field]:
        raise invalid(f"Field `{clause.field}` does not support the operator `{clause.operator}`.")  # our reading
    place = "(SELECT value FROM json_each(body, '$.metadata') WHERE key = ?)" if clause.key is not None else ""
    column = place or f"json_extract(body, '$.{clause.field}')"
    named = [clause.key] if clause.key is not None else []
    sql, given = _comparison(clause, column)
    # An empty field does not match, so it matches the negation.
    return (f"NOT coalesce({sql}, 0)" if clause.negated else sql), [*named, *given]


def _comparison(clause: Clause, column: str) -> Condition:
    if clause.value is None:
        return f"{column} IS NULL", []
    if clause.operator == "~":
        if len(clause.value) < SHORTEST:
            raise invalid(f"Substring matches need at least {SHORTEST} characters.", "query")  # our reading
        return f"instr(fold({column}), fold(?)) > 0", [clause.value]
    if clause.field in ("active", "shippable"):
        return f"{column} = ?", [{"true": 1, "false": 0}.get(clause.value.lower())]
    return f"fold({column}) = fold(?)", [clause.value]


def _unsupported(what: Searchable, clause: Clause) -> ApiError:
    """The message of stripe-ruby-mock, whose specs run against Stripe itself."""
    return invalid(
        f"Field `{clause.field}` is an unsupported search field for resource `{what.name}`. See "
        f"http://stripe.com/docs/search#query-fields-for-{what.name} for a list of supported fields."
    )


def _token(position: int, what: Searchable, text: str) -> str:
    """A page token, valid for this query only."""
    return base64.urlsafe_b64encode(json.dumps([position, _mark(what, text)]).encode()).decode()


def _place(token: str, what: Searchable, text: str) -> int:
    try:
        position, mark = json.loads(base64.urlsafe_b64decode(token.encode()))
        if type(position) is int and mark == _mark(what, text):
            return position
    except (ValueError, TypeError):
        pass
    shown = token if len(token) <= 1000 else f"{token[:100]}...{token[-100:]}"
    raise invalid(f"{shown} is an invalid page.", token)  # the token as the param: crvouga/mockingbird (2026-08-26)


def _mark(what: Searchable, text: str) -> str:
    return hashlib.sha256(f"{what.name} {text}".encode()).hexdigest()[:12]
