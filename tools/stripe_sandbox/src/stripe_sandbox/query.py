"""The search query language (docs.stripe.com/search#search-query-language), parsed into clauses.

`name~"etch" AND -metadata["level"]:"2"`: a field, an operator, a value; `-` negates; AND or OR between clauses, never
both, with AND as the default; ten clauses at most.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from stripe_sandbox.errors import ApiError, invalid

MOST_CLAUSES = 10

_QUOTED = r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'"
_CLAUSE = re.compile(
    rf"(?P<minus>-)?(?P<field>[A-Za-z_][\w.]*)(?:\[(?P<key>{_QUOTED})\])?\s*(?P<operator>:|~|>=|<=|>|<)\s*"
    rf"(?P<value>{_QUOTED}|[^\s\"']+)(?=\s|$)"
)
_BETWEEN = re.compile(r"\s+(?:(AND|OR)\s+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Clause:
    field: str
    operator: str
    value: str | None  # None: `null`, the field is empty
    key: str | None = None  # of metadata
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    clauses: tuple[Clause, ...]
    any: bool = False  # OR between them


def parse(text: str) -> Query:
    """Raises Stripe's error for an invalid query."""
    rest, words, clauses = text.strip(), set[str](), list[Clause]()
    while True:
        match = _CLAUSE.match(rest)
        if match is None:
            raise unreadable()
        clauses.append(_clause(match))
        rest = rest[match.end() :]
        if not rest:
            break
        between = _BETWEEN.match(rest)
        words.add((between[1] or "AND").upper() if between else "")
        rest = rest[between.end() :] if between else rest
    if len(words) > 1 or len(clauses) > MOST_CLAUSES:
        raise unreadable()
    return Query(tuple(clauses), words == {"OR"})


def unreadable() -> ApiError:
    """Of crvouga/mockingbird (compared with test mode, 2026-08-26) and stripe-ruby-mock (specs run against Stripe)."""
    return invalid(
        'We were unable to parse your search query. Try using the format `metadata["key"]:"value"` to query for '
        'metadata or key:"value" to query for other fields.'
    )


def _clause(match: re.Match[str]) -> Clause:
    value: str | None = _unquoted(match["value"])
    if match["value"].lower() == "null":
        value = None
    key = _unquoted(match["key"]) if match["key"] else None
    return Clause(match["field"], match["operator"], value, key, bool(match["minus"]))


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text[:1] in "\"'" else text
