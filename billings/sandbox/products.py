"""Products (docs.stripe.com/api/products, docs.stripe.com/products-prices/manage-prices)."""

from __future__ import annotations

import re

from billings.sandbox import ids, listing, lookup, prices, values
from billings.sandbox.context import Context
from billings.sandbox.events import differences
from billings.sandbox.refusals import Refusal, invalid
from billings.sandbox.shapes import Json

PLAIN = ("active", "images", "marketing_features", "name", "shippable", "statement_descriptor", "tax_code")
CLEARABLE = ("description", "package_dimensions", "tax_code", "tax_details", "unit_label", "url")
_LETTERS = re.compile(r"[^<>\\\"'*]*[A-Za-z][^<>\\\"'*]*")


def examine(params: Json, inside: str = "") -> None:
    """What is wrong with the parameters themselves: refused before anything begins, so not remembered for the key.

    Name: 250 characters by docs.stripe.com/changelog/2018-05-21; the stricter of the two numbers published.
    """
    values.client_id(params.get("id"), values.named("id", inside))
    for name, most in (("name", 250), ("description", 40_000), ("unit_label", 12), ("url", 2_048)):
        values.text(params, name, most, inside)
    values.address(params.get("url"), "url")
    values.metadata(params.get("metadata"), values.named("metadata", inside))
    _images(params.get("images") or [])
    _features(params.get("marketing_features") or [])
    _descriptor(params.get("statement_descriptor"), values.named("statement_descriptor", inside))
    if "default_price_data" in params:
        prices.examine(params["default_price_data"], inside="default_price_data")


def _images(images: list[str]) -> None:
    if len(images) > 8:
        raise invalid("Invalid array: must have at most 8 elements", "images")
    for number, image in enumerate(images):
        values.text({str(number): image}, str(number), 2_048, "images")


def _features(features: list[Json]) -> None:
    if len(features) > 15:
        raise invalid("Invalid array: must have at most 15 elements", "marketing_features")
    for number, feature in enumerate(features):
        values.text(feature, "name", 80, f"marketing_features[{number}]")


def _descriptor(descriptor: str | None, param: str) -> None:
    if descriptor and (len(descriptor) > 22 or not _LETTERS.fullmatch(descriptor)):
        raise invalid(
            "The statement descriptor must be at most 22 characters, with a letter and none of < > \\ \" ' *.",
            param,
        )


def create(context: Context, params: Json) -> Json:
    if "id" in params:
        _must_be_free(context, params["id"])
    product, price = build(context, params)
    context.store.products.add(context.realm, product)
    context.emit("product.created", product)
    if price:
        prices.keep(context, price)
    return product


def build(context: Context, params: Json) -> tuple[Json, Json | None]:
    """A product and its default price, not yet kept."""
    product = _new(context, params.get("id") or ids.product_id(), params)
    if "default_price_data" not in params:
        return product, None
    price = prices.build(context, params["default_price_data"], product["id"])
    return product | {"default_price": price["id"]}, price


def _must_be_free(context: Context, product_id: str) -> None:
    """docs.stripe.com/error-codes#resource-already-exists. A deleted product's id: not documented, hence a setting."""
    taken = context.store.products.position(context.realm, product_id) is not None
    if not taken and context.settings.deleted_ids == "taken":
        where = (context.store.number(context.realm), product_id)
        taken = bool(context.store.one("SELECT 1 FROM deleted WHERE realm = ? AND id = ?", where))
    if taken:
        raise Refusal(400, "Product already exists.", "resource_already_exists", "id")


def _new(context: Context, product_id: str, params: Json) -> Json:
    now = context.clock.now()
    return {
        "id": product_id,
        "object": "product",
        "active": params.get("active", True),
        "created": now,
        "default_price": None,
        "description": params.get("description"),
        "images": params.get("images", []),
        "livemode": context.realm.livemode,
        "marketing_features": params.get("marketing_features", []),
        "metadata": values.merged({}, params.get("metadata", {})),
        "name": params["name"],
        "package_dimensions": params.get("package_dimensions"),
        "shippable": params.get("shippable"),
        "statement_descriptor": params.get("statement_descriptor"),
        "tax_code": params.get("tax_code") or params.get("tax_details", {}).get("tax_code") or None,
        "type": params.get("type", "service"),
        "unit_label": params.get("unit_label"),
        "updated": now,
        "url": params.get("url"),
    }


def retrieve(context: Context, params: Json, product_id: str) -> Json:
    return lookup.product(context, product_id)


def update(context: Context, params: Json, product_id: str) -> Json:
    before = lookup.product(context, product_id)
    after = before | {name: params[name] for name in PLAIN if name in params}
    after |= {name: params[name] or None for name in CLEARABLE if name in params and name != "tax_details"}
    after |= {name: params[name] or [] for name in ("images", "marketing_features") if name in params}
    if params.get("tax_details"):
        after["tax_code"] = params["tax_details"].get("tax_code", after["tax_code"]) or None
    if "metadata" in params:
        after["metadata"] = values.merged(before["metadata"], params["metadata"])
    if "default_price" in params:
        after["default_price"] = _default_price(context, product_id, params["default_price"])
    return save(context, before, after)


def save(context: Context, before: Json, after: Json) -> Json:
    """Our reading: an update that changes nothing leaves `updated` alone and makes no event."""
    if after == before:
        return before
    after["updated"] = context.clock.now()
    context.store.products.save(context.realm, after)
    context.emit("product.updated", after, differences(before, after))
    return after


def _default_price(context: Context, product_id: str, price_id: str) -> str | None:
    """An active price of this very product, or "" for none (docs.stripe.com/api/products/update)."""
    if not price_id:
        return None
    price = lookup.price(context, price_id, "default_price", status=400)
    if price["product"] != product_id:
        raise invalid(f"The price `{price_id}` does not belong to the product `{product_id}`.", "default_price")
    if not price["active"]:
        raise invalid("The price specified is inactive. This field only accepts active prices.", "default_price")
    return price_id


def delete(context: Context, params: Json, product_id: str) -> Json:
    """Only without prices, archived ones counted (docs.stripe.com/api/products/delete)."""
    product = lookup.product(context, product_id)
    if context.store.prices.count(context.realm, [("product = ?", (product_id,))]):
        raise invalid("This product cannot be deleted because it has one or more user-created prices.")
    context.store.products.remove(context.realm, product_id)
    where = (context.store.number(context.realm), product_id)
    context.store.db.execute("INSERT OR IGNORE INTO deleted VALUES (?, ?)", where)
    context.emit("product.deleted", product)
    return {"id": product_id, "object": "product", "deleted": True}


def examine_list(params: Json) -> None:
    listing.examine(params)
    cursors = {"starting_after", "ending_before"} & params.keys()
    if "ids" in params and cursors:
        raise invalid("You cannot use `ids` together with `starting_after` or `ending_before`.", "ids")


def list_all(context: Context, params: Json) -> Json:
    conditions = listing.equals(params, "active", "shippable", "url", "type") + listing.among(params, "ids", "id")
    return listing.page(context.store.products, context.realm, "product", params, conditions, "/v1/products")
