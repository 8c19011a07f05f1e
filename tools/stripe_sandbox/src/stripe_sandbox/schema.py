"""The parameters Stripe accepts, read from the typed parameter classes of the installed `stripe` package.

Each request has a TypedDict in `stripe.params`. `shape_of("ProductCreateParams")` turns it into a `Shape` for
`validation.py`. Read on first use, so that the sandbox starts quickly.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal, Union, get_args, get_origin

type Kind = Literal["string", "integer", "decimal", "number", "boolean", "list", "map", "object"]

SCALARS: dict[object, Kind] = {str: "string", int: "integer", Decimal: "decimal", float: "number", bool: "boolean"}

# Parameters that accept an empty value though their type does not say so, with the page that does.
ALSO_EMPTY = {
    # docs.stripe.com/products-prices/manage-prices, stripe-python issue 658
    ("ProductUpdateParams", "default_price"),
    # Kiln-AI/stripe_world, cassette 07_catalog (2026-08-26) for the lookup key of an update; crvouga/mockingbird
    *((name, field) for name in ("PriceCreateParams", "PriceUpdateParams") for field in ("lookup_key", "nickname")),
    ("PriceCreateParams", "metadata"),
    ("PriceCreateParams", "recurring"),
    ("ProductCreateParams", "statement_descriptor"),
    ("ProductUpdateParams", "statement_descriptor"),
}


@dataclass(frozen=True, slots=True)
class Shape:
    kind: Kind
    empty: bool = False  # accepts an empty string, which unsets
    choices: tuple[str, ...] = ()
    item: Shape | None = None  # of a list or a map
    fields: Mapping[str, Shape] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    otherwise: Shape | None = None  # an alternative form: `created=…` beside `created[gte]=…`


@functools.cache
def shape_of(name: str) -> Shape:
    """The shape of a request's parameters, by the name of its class in `stripe.params`."""
    import stripe.params

    shape = _object(getattr(stripe.params, name))
    emptied = {key: replace(value, empty=True) for key, value in shape.fields.items() if (name, key) in ALSO_EMPTY}
    return replace(shape, fields={**shape.fields, **emptied})


@functools.cache
def _object(cls: Any) -> Shape:
    from stripe import _request_options
    from stripe._request_options import RequestOptions
    from stripe._stripe_context import StripeContext
    from typing_extensions import get_type_hints

    names = {**vars(_request_options), "StripeContext": StripeContext, **vars(sys.modules[cls.__module__])}
    hints = get_type_hints(cls, globalns=names)
    options = set(RequestOptions.__annotations__)
    return Shape(
        "object",
        fields={key: _shape(hint) for key, hint in hints.items() if key not in options},
        required=frozenset(cls.__required_keys__) - options,
    )


def _shape(hint: Any) -> Shape:
    if hint in SCALARS:
        return Shape(SCALARS[hint])
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _union(args)
    if origin is Literal:
        return Shape("string", empty="" in args, choices=tuple(arg for arg in args if arg))
    if origin is list:
        return Shape("list", item=_shape(args[0]))
    if origin is dict:
        item = _shape(args[1])  # an empty value unsets its key: docs.stripe.com/api/metadata
        return Shape("map", item=replace(item, empty=True) if item.kind == "string" else item)
    return _object(hint)


def _union(args: tuple[Any, ...]) -> Shape:
    """`Literal['']|…` accepts empty, `Literal['a','b']|str` is an enumeration; a StripeObject is its dictionary."""
    shapes = [_shape(arg) for arg in args if not _is_stripe_object(arg)]
    empty = any(shape.empty for shape in shapes)
    choices = tuple(choice for shape in shapes for choice in shape.choices)
    kinds = {shape.kind: shape for shape in shapes if not (shape.kind == "string" and shape.empty)}
    if choices:
        kinds["string"] = Shape("string", choices=choices)
    first, *rest = sorted(kinds.values(), key=lambda shape: not shape.fields) or [Shape("string")]
    return replace(first, empty=empty, otherwise=rest[0] if rest else None)


def _is_stripe_object(hint: Any) -> bool:
    return (get_origin(hint) or hint).__name__ == "UntypedStripeObject" if not isinstance(hint, str) else False
