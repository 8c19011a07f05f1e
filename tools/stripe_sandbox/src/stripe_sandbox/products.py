"""Products (docs.stripe.com/api/products, docs.stripe.com/products-prices/manage-prices)."""

from __future__ import annotations

import re

from stripe_sandbox import ids, listing, lookup, prices, values
from stripe_sandbox.context import Context
from stripe_sandbox.errors import ApiError, exclusive, invalid
from stripe_sandbox.events import differences
from stripe_sandbox.shapes import Json

PLAIN = ("active", "shippable")
CLEARABLE = ("description", "package_dimensions", "unit_label", "url")
LONGEST_URL = 799  # "please limit to 799 characters": crvouga/mockingbird, compared with test mode (2026-08-26)
_FORBIDDEN = re.compile(r"[<>\\\"']")


def examine(params: Json, inside: str = "") -> None:
    """Validate the parameters on their own; errors come before the operation, so they are not stored for the key.

    A name of 5,000 characters: the published schema, and 251 were accepted in crvouga/mockingbird's walks (2026-08-26);
    docs.stripe.com/changelog/2018-05-21 says 250. The order is Stripe's too; URLs are validated last.
    """
    values.client_id(params.get("id"), values.named("id", inside))
    values.not_blank(params, "name", inside)
    for name, most in (("name", 5_000), ("description", 40_000)):
        values.text(params, name, most, inside)
    values.metadata(params.get("metadata"))
    _images(params.get("images") or [])
    _descriptor(params.get("statement_descriptor"), values.named("statement_descriptor", inside))
    values.text(params, "unit_label", 12, inside)
    _features(params.get("marketing_features") or [])
    if "default_price_data" in params:
        prices.examine(params["default_price_data"], inside="default_price_data")
    values.address(params.get("url"), "url", LONGEST_URL)


def _images(images: list[str]) -> None:
    values.few(images, "images", 8)
    for number, image in enumerate(images):
        values.address(image, f"images[{number}]")


def _features(features: list[Json]) -> None:
    values.few(features, "marketing_features", 15)
    for number, feature in enumerate(features):
        values.text(feature, "name", 80, f"marketing_features[{number}]")


def _descriptor(descriptor: str | None, param: str) -> None:
    """The messages, and that an asterisk is accepted: crvouga/mockingbird, compared with test mode (2026-08-26)."""
    if not descriptor:
        return
    if len(descriptor) > 22:
        long = f"{descriptor} is {len(descriptor)} characters long."
        raise invalid(f"The statement descriptor must be at most 22 characters. {long}", param)
    if forbidden := _FORBIDDEN.search(descriptor):
        raise invalid(f"The statement descriptor cannot include {forbidden[0]}.", param)
    if values.stripped(descriptor) and not re.search("[A-Za-z]", descriptor):
        raise invalid("The statement descriptor must contain at least one Latin character.", param)


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
    """A product and its default price, not stored yet."""
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
        raise ApiError(400, "Product already exists.", "resource_already_exists", "id")


def _new(context: Context, product_id: str, params: Json) -> Json:
    now = context.clock.now()
    return {
        "id": product_id,
        "object": "product",
        "active": params.get("active", True),
        "attributes": [],  # Kiln-AI/stripe_world, cassette 07_catalog (2026-08-26); no documentation has it
        "created": now,
        "default_price": None,
        "description": params.get("description"),
        "images": params.get("images", []),
        "livemode": context.realm.livemode,
        "marketing_features": _trimmed(params.get("marketing_features", [])),
        "metadata": values.merged({}, params.get("metadata", {})),
        "name": values.stripped(params["name"]),
        "package_dimensions": params.get("package_dimensions"),
        "shippable": params.get("shippable"),
        "statement_descriptor": values.stripped(params.get("statement_descriptor", "")) or None,
        **_tax(context, {}, params),
        "type": params.get("type", "service"),
        "unit_label": params.get("unit_label"),
        "updated": now,
        "url": params.get("url"),
    }


def _trimmed(features: list[Json] | str) -> list[Json]:
    """Names without surrounding blanks: crvouga/mockingbird, compared with test mode (2026-08-26)."""
    if isinstance(features, str):
        return []
    return [{**feature, "name": values.stripped(feature["name"])} for feature in features]


def _tax(context: Context, before: Json, params: Json) -> Json:
    """`tax_details` is null, or has both of its fields: Kiln-AI/stripe_world, cassette 07_catalog (2026-08-26).

    That its code equals `tax_code` is recorded there too; that setting either sets both is our reading.
    """
    given = params.get("tax_details") or {}
    had = before.get("tax_details") or {}
    if params.get("tax_details") == "":
        had = {}
    code = params.get("tax_code", given.get("tax_code", had.get("tax_code"))) or None
    for param, asked in (("tax_code", params.get("tax_code")), ("tax_details[tax_code]", given.get("tax_code"))):
        if asked:
            lookup.tax_code(context, asked, param)
    place = given.get("performance_location", had.get("performance_location")) or None
    return {
        "tax_code": code,
        "tax_details": {"performance_location": place, "tax_code": code} if code or place else None,
    }


def retrieve(context: Context, params: Json, product_id: str) -> Json:
    return lookup.product(context, product_id)


def update(context: Context, params: Json, product_id: str) -> Json:
    before = lookup.product(context, product_id)
    after = before | {name: params[name] for name in PLAIN if name in params}
    after |= {name: params[name] or None for name in CLEARABLE if name in params}
    for name in ("name", "statement_descriptor"):
        if name in params:
            after[name] = values.stripped(params[name]) or None
    if "images" in params:
        after["images"] = params["images"] or []
    if "marketing_features" in params:
        after["marketing_features"] = _trimmed(params["marketing_features"])
    if "tax_code" in params or "tax_details" in params:
        after |= _tax(context, before, params)
    if "metadata" in params:
        after["metadata"] = values.merged(before["metadata"], params["metadata"])
    if "default_price" in params:
        after["default_price"] = _default_price(context, product_id, params["default_price"])
    return save(context, before, after)


def save(context: Context, before: Json, after: Json) -> Json:
    """Even if nothing changed: crvouga/mockingbird, compared with live webhooks (2026-08-26)."""
    after["updated"] = context.clock.now()
    context.store.products.save(context.realm, after)
    context.emit("product.updated", after, differences(before, after))
    return after


def _default_price(context: Context, product_id: str, price_id: str) -> str | None:
    """An active price of this product, or "" for none (docs.stripe.com/api/products/update)."""
    if not price_id:
        return None
    price = lookup.price(context, price_id, "default_price", status=400)
    if price["product"] != product_id:
        raise invalid(f"The price `{price_id}` does not belong to this product.", "default_price")
    if not price["active"]:
        raise invalid("The price specified is inactive. This field only accepts active prices.", "default_price")
    return price_id


def delete(context: Context, params: Json, product_id: str) -> Json:
    """Only without prices, archived ones included (docs.stripe.com/api/products/delete)."""
    product = lookup.product(context, product_id)
    if context.store.prices.count(context.realm, [("product = ?", (product_id,))]):
        raise invalid("This product cannot be deleted because it has one or more user-created prices.")
    context.store.products.remove(context.realm, product_id)
    where = (context.store.number(context.realm), product_id)
    context.store.db.execute("INSERT OR IGNORE INTO deleted VALUES (?, ?)", where)
    context.emit("product.deleted", product | {"active": False})  # Kiln-AI/stripe_world (2026-08-26)
    return {"id": product_id, "object": "product", "deleted": True}


def examine_list(params: Json) -> None:
    for cursor in ("starting_after", "ending_before"):
        if "ids" in params and cursor in params:
            raise exclusive(("ids", cursor))


def list_all(context: Context, params: Json) -> Json:
    conditions = listing.equals(params, "active", "shippable", "url", "type") + listing.among(params, "ids", "id")
    return listing.page(context.store.products, context.realm, "product", params, conditions, "/v1/products")
