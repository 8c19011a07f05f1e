"""Actions in the Dashboard: the API's rules, but events without a request.

Bodies are the API's parameters as JSON. Includes what only the Dashboard can do: deleting prices, and products with
them, and editing a price, which creates a new one behind the scenes.
"""

from __future__ import annotations

from typing import Any

from stripe_sandbox import endpoints, ids, lookup, prices, products
from stripe_sandbox.context import Context
from stripe_sandbox.control_bodies import LONGEST, BadBody, whole
from stripe_sandbox.errors import no_such_address
from stripe_sandbox.operations import OPERATIONS
from stripe_sandbox.schema import shape_of
from stripe_sandbox.shapes import Json
from stripe_sandbox.validation import check

KEPT = ("currency", "metadata", "nickname", "tax_behavior", "transform_quantity")  # when a price is edited


def act(context: Context, steps: list[str], body: Json) -> Json:
    """`steps` is the path after `/_sandbox/dashboard/`: products, products/ID, products/ID/archive, …"""
    match steps:
        case ["products" | "prices" as kind]:
            return _create(context, kind, body)
        case ["products" | "prices" as kind, object_id]:
            return _call(context, kind, body, object_id)
        case ["products" | "prices" as kind, object_id, "archive" | "activate" as verb]:
            return _call(context, kind, {"active": verb == "activate"}, object_id)
        case ["products", product_id, "delete"]:
            return _delete_product(context, product_id)
        case ["prices", price_id, "delete"]:
            return _delete_price(context, price_id)
        case ["prices", price_id, "default"]:
            return _make_default(context, price_id)
        case ["products", product_id, "price"]:
            return _edit_price(context, product_id, body)
        case ["webhook_endpoints", endpoint_id, "roll"]:
            return _roll(context, endpoint_id, body)
        case _:
            raise no_such_address("POST", "/_sandbox/dashboard/" + "/".join(steps))


def _call(context: Context, kind: str, body: Json, *names: str) -> Json:
    operation = OPERATIONS["POST", f"{kind}/*" if names else kind]
    params = check(shape_of(operation.params), as_form(body))
    if operation.examine:
        operation.examine(params)
    return operation.run(context, params, *names)


def as_form(value: Any) -> Any:
    """JSON as the equivalent decoded form."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case dict():
            return {key: as_form(one) for key, one in value.items()}
        case list():
            return {str(index): as_form(one) for index, one in enumerate(value)}
        case _:
            return str(value)


def _create(context: Context, kind: str, body: Json) -> Json:
    default = body.pop("default", False) if kind == "prices" else False
    made = _call(context, kind, body)
    if default:
        _make_default(context, made["id"])
    return made


def _make_default(context: Context, price_id: str) -> Json:
    price = lookup.price(context, price_id)
    return _call(context, "products", {"default_price": price_id}, price["product"])


def _edit_price(context: Context, product_id: str, body: Json) -> Json:
    """A new price like the old default with the changes; it becomes the default, the old one is archived."""
    product = lookup.product(context, product_id)
    old = lookup.price(context, product["default_price"]) if product["default_price"] else None
    like: Json = {"product": product_id} | (_kept(old) if old else {})
    made = _call(context, "prices", like | body)
    _make_default(context, made["id"])
    if old and old["active"]:
        _call(context, "prices", {"active": False}, old["id"])
    return made


def _kept(price: Json) -> Json:
    """What a new price takes over from the old one: all but its amounts and its lookup key."""
    kept = {name: price[name] for name in KEPT if price[name] is not None}
    if price["recurring"]:
        kept["recurring"] = {name: value for name, value in price["recurring"].items() if value is not None}
    return kept


def _delete_price(context: Context, price_id: str) -> Json:
    price = lookup.price(context, price_id)
    product = context.store.products.get(context.realm, price["product"])
    if product and product["default_price"] == price_id:
        products.save(context, product, product | {"default_price": None})
    prices.remove(context, price)
    return {"id": price_id, "object": "price", "deleted": True}


def _delete_product(context: Context, product_id: str) -> Json:
    """With its prices, since nobody ever bought here: our reading of products-prices/manage-prices#delete-product."""
    lookup.product(context, product_id)
    for price in context.store.prices.find(context.realm, [("product = ?", (product_id,))]):
        prices.remove(context, price)
    return products.delete(context, {}, product_id)


def _roll(context: Context, endpoint_id: str, body: Json) -> Json:
    endpoint = endpoints.retrieve(context, {}, endpoint_id)
    secret, lasts = body.get("secret") or ids.webhook_secret(), whole(body, "expires_in", 86_400, 0, int(LONGEST))
    if not isinstance(secret, str):
        raise BadBody('Send {"secret": "whsec_…", "expires_in": seconds}, or neither.')
    endpoints.roll(context.store, endpoint_id, secret, context.clock.time(), lasts)
    return endpoint | {"secret": secret}
