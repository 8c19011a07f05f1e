"""Creates many objects at once, without calls and events."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from stripe_sandbox import prices, products
from stripe_sandbox.context import Context
from stripe_sandbox.control_bodies import BadBody, whole
from stripe_sandbox.dashboard import as_form
from stripe_sandbox.errors import invalid
from stripe_sandbox.schema import shape_of
from stripe_sandbox.shapes import Json
from stripe_sandbox.validation import check

BATCH = 2_000
MOST = 1_000_000


def seed(context: Context, body: Json) -> Json:
    """Either `items`, each with a product's parameters (and `archived_prices`), or a number of `products`."""
    made: Json = {"products": 0, "prices": 0}
    items = iter(_listed(body["items"])) if "items" in body else _numbered(body)
    with context.store.transaction():
        while batch := list(islice(items, BATCH)):
            pairs = [_build(context, item) for item in batch]
            context.store.products.add_all(context.realm, [product for product, _ in pairs])
            context.store.prices.add_all(context.realm, [price for _, some in pairs for price in some])
            made["products"] += len(pairs)
            made["prices"] += sum(len(some) for _, some in pairs)
    return made


def _listed(items: Any) -> list[Json]:
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadBody("items must be a list of products, each an object.")
    return items


def _numbered(body: Json) -> Iterator[Json]:
    """`{n}` in id, name and metadata values is the product's number, starting with `first`."""
    count, first = whole(body, "products", 0, 0, MOST), whole(body, "first", 1, 0, 10**18)
    archived = whole(body, "archived_prices", 0, 0, 1000)
    for number in range(first, first + count):
        item: Json = {
            "id": body.get("id", "seed_{n}"),
            "name": body.get("name", "Course {n}"),
            "active": body.get("active", True),
            "metadata": body.get("metadata", {}),
            "default_price_data": {
                "currency": body.get("currency", "usd"),
                "unit_amount": body.get("unit_amount", 4900),
                "metadata": body.get("price_metadata", {}),
            },
        }
        if body.get("interval"):
            item["default_price_data"]["recurring"] = {"interval": body["interval"]}
        old = {"currency": body.get("currency", "usd"), "metadata": body.get("price_metadata", {})}
        item["archived_prices"] = [old | {"unit_amount": 1000 + 100 * extra} for extra in range(archived)]
        yield _filled(item, str(number))


def _filled(value: Any, number: str) -> Any:
    match value:
        case str():
            return value.replace("{n}", number)
        case dict():
            return {key: _filled(one, number) for key, one in value.items()}
        case list():
            return [_filled(one, number) for one in value]
        case _:
            return value


def _build(context: Context, item: Json) -> tuple[Json, list[Json]]:
    """Validated like a request: a seed cannot hold what Stripe would reject."""
    item = dict(item)
    archived = item.pop("archived_prices", [])
    params = check(shape_of("ProductCreateParams"), as_form(item))
    products.examine(params)
    if "id" in params and context.store.products.position(context.realm, params["id"]) is not None:
        raise invalid(f"Product {params['id']} already exists.", "id")
    product, price = products.build(context, params)
    old = [prices.build(context, _archived(data, product["id"]), product["id"]) for data in archived]
    return product, old + ([price] if price else [])


def _archived(data: Json, product_id: str) -> Json:
    params = check(shape_of("PriceCreateParams"), as_form(data | {"product": product_id, "active": False}))
    prices.examine_create(params)
    return params
