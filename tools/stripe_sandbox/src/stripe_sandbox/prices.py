"""Prices (docs.stripe.com/api/prices, docs.stripe.com/products-prices/manage-prices).

Immutable fields (amount, currency, interval, product) are not in `stripe.params.PriceUpdateParams`, so they are
rejected as unknown parameters.
"""

from __future__ import annotations

from decimal import Decimal

from stripe_sandbox import ids, listing, lookup, values
from stripe_sandbox.context import Context
from stripe_sandbox.errors import ApiError, exclusive, invalid, missing
from stripe_sandbox.events import differences
from stripe_sandbox.shapes import Json
from stripe_sandbox.values import named
from stripe_sandbox.versions import METERS, is_before

AMOUNTS = ("unit_amount", "unit_amount_decimal", "custom_unit_amount")
CHOSEN = ("maximum", "minimum", "preset")  # of a customer-chosen amount
TIER_AMOUNTS = ("flat_amount", "flat_amount_decimal", "unit_amount", "unit_amount_decimal")
LONGEST = {"day": 1095, "week": 156, "month": 36, "year": 3}  # three years: docs.stripe.com/api/prices/create
ONLY_WHEN_ASKED = ("currency_options", "tiers")  # omitted unless expanded: docs.stripe.com/api/prices/object


def examine(params: Json, inside: str = "") -> None:
    """Validate the parameters of a new price on their own."""
    code = values.currency(params["currency"], named("currency", inside))
    _one_amount(params, inside)
    _amounts_fit(params, code, inside)
    values.metadata(params.get("metadata"))
    values.text(params, "lookup_key", 200, inside)
    values.text(params, "nickname", 5_000, inside)
    _interval(params.get("recurring"), inside)
    if "transform_quantity" in params:
        values.whole(params["transform_quantity"]["divide_by"], named("divide_by", "transform_quantity"), 1)
    _options_fit(params.get("currency_options"), inside, own=code)


def examine_create(params: Json) -> None:
    if "product" in params and "product_data" in params:
        raise exclusive(("product", "product_data"))
    if "product" not in params and "product_data" not in params:
        raise invalid("You must specify either `product` or `product_data` when creating a price.")
    examine(params)


def examine_update(params: Json) -> None:
    values.metadata(params.get("metadata"))
    values.text(params, "lookup_key", 200)
    values.text(params, "nickname", 5_000)
    _options_fit(params.get("currency_options"))


def _amounts_fit(params: Json, code: str, inside: str) -> None:
    """The amounts of a price, or of one of its currency options."""
    for name in ("unit_amount", "unit_amount_decimal"):
        values.amount(params.get(name), code, named(name, inside))
    for name, value in params.get("custom_unit_amount", {}).items():
        if name in CHOSEN:
            values.amount(value, code, named(name, named("custom_unit_amount", inside)))
    for number, tier in enumerate(params.get("tiers", [])):
        place = f"{named('tiers', inside)}[{number}]"
        for name in TIER_AMOUNTS:
            values.amount(tier.get(name), code, named(name, place))
        if tier["up_to"] != "inf":
            values.whole(tier["up_to"], named("up_to", place), 1)


def _options_fit(options: Json | str | None, inside: str = "", own: str | None = None) -> None:
    for written, option in options.items() if isinstance(options, dict) else ():
        place = f"{named('currency_options', inside)}[{written}]"
        code = values.currency(written, place)
        if code == own:
            raise _its_own_currency(place)
        given = [name for name in AMOUNTS if name in option]
        if len(given) > 1:
            raise exclusive([named(name, place) for name in given])
        _amounts_fit(option, code, place)


def _its_own_currency(param: str) -> ApiError:
    return invalid(  # stripe-node issue 1559
        "You are specifying an update to a currency option that matches the top-level currency for this price. "
        "Please remove this currency option and update the top-level params instead.",
        param,
    )


def _one_amount(params: Json, inside: str) -> None:
    """Messages and their params: Kiln-AI/stripe_world, cassette 07_catalog (2026-08-26)."""
    given = [name for name in AMOUNTS if name in params]
    tiered = params.get("billing_scheme") == "tiered"
    if len(given) > 1:
        raise exclusive([named(name, inside) for name in given])
    if tiered and not params.get("recurring"):
        raise invalid("Prices with `type=one_time` are not supported with tiered billing.", "interval")
    if tiered and not ("tiers" in params and "tiers_mode" in params):
        raise missing(named("tiers" if "tiers" not in params else "tiers_mode", inside))
    if not given and not tiered:
        raise invalid("Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set.")


def _interval(recurring: Json | None, inside: str) -> None:
    if not recurring:
        return
    values.whole(recurring.get("trial_period_days"), named("trial_period_days", named("recurring", inside)), 0)
    count, name = recurring.get("interval_count", 1), f"{named('recurring', inside)}[interval_count]"
    values.whole(count, name, 1)
    interval = recurring["interval"]
    if count > LONGEST[interval]:
        every = "daily" if interval == "day" else f"{interval}ly"
        raise invalid(f"The interval_count for {every} prices can't be greater than {LONGEST[interval]}", name)


def create(context: Context, params: Json) -> Json:
    product_id = lookup.product(context, params["product"], "product", status=400)["id"]
    price = build(context, params, product_id)
    keep(context, price)
    return price


def build(context: Context, params: Json, product_id: str) -> Json:
    code = params["currency"].lower()
    if code in context.settings.refused_currencies:
        raise invalid(f"The currency {code} is not supported for your account.", "currency")
    _must_have_a_meter(context, params.get("recurring") or {})
    _free_lookup_key(context, params)
    unit_amount, decimal = _amounts(params)
    recurring = params.get("recurring")
    price: Json = {
        "id": ids.price_id(),
        "object": "price",
        "active": params.get("active", True),
        "billing_scheme": params.get("billing_scheme", "per_unit"),
        "created": context.clock.now(),
        "currency": code,
        "custom_unit_amount": _custom(params.get("custom_unit_amount")),
        "livemode": context.realm.livemode,
        "lookup_key": _lookup_key(params),
        "metadata": values.merged({}, params.get("metadata") or {}),
        "nickname": values.stripped(params.get("nickname", "")) or None,
        "product": product_id,
        "recurring": _recurring(recurring) if recurring else None,
        "tax_behavior": params.get("tax_behavior", "unspecified"),
        "tiers_mode": params.get("tiers_mode"),
        "transform_quantity": params.get("transform_quantity"),
        "type": "recurring" if recurring else "one_time",
        "unit_amount": unit_amount,
        "unit_amount_decimal": decimal,
    }
    if "currency_options" in params:
        price["currency_options"] = _options(params["currency_options"])
    if "tiers" in params:
        price["tiers"] = [_tier(tier) for tier in params["tiers"]]
    return price


def _must_have_a_meter(context: Context, recurring: Json) -> None:
    """Kiln-AI/stripe_world, cassette 07_catalog (2026-08-26)."""
    if recurring.get("usage_type") == "metered" and "meter" not in recurring and not is_before(context.version, METERS):
        raise invalid(f"Starting with Stripe version `{METERS}`, metered prices must be backed by meters.")


def _lookup_key(params: Json) -> str | None:
    """None if it is blank (which clears it in an update: Kiln-AI/stripe_world), otherwise unchanged."""
    key: str = params.get("lookup_key", "")
    return key if values.stripped(key) else None


def _options(given: Json) -> Json:
    """With every field of `stripe.Price.CurrencyOptions`."""
    return {code.lower(): _option(option) for code, option in given.items()}


def _option(given: Json) -> Json:
    unit_amount, decimal = _amounts(given)
    return {
        "custom_unit_amount": _custom(given.get("custom_unit_amount")),
        "tax_behavior": given.get("tax_behavior", "unspecified"),
        "tiers": [_tier(tier) for tier in given["tiers"]] if "tiers" in given else None,
        "unit_amount": unit_amount,
        "unit_amount_decimal": decimal,
    }


def _tier(given: Json) -> Json:
    """With every field of `stripe.Price.Tier`; the last one's `up_to` is null."""
    (flat_amount, flat_decimal), (unit_amount, decimal) = _amounts(given, "flat_amount"), _amounts(given)
    return {
        "flat_amount": flat_amount,
        "flat_amount_decimal": flat_decimal,
        "unit_amount": unit_amount,
        "unit_amount_decimal": decimal,
        "up_to": None if given["up_to"] == "inf" else given["up_to"],
    }


def _amounts(params: Json, name: str = "unit_amount") -> tuple[int | None, str | None]:
    """`unit_amount` is null if the decimal is not an integer (docs.stripe.com/api/prices/object)."""
    given = params.get(name, params.get(f"{name}_decimal"))
    if given is None:
        return None, None
    number = Decimal(given)
    return (int(number) if number == number.to_integral_value() else None), str(given)


def _custom(custom: Json | None) -> Json | None:
    return {name: custom.get(name) for name in CHOSEN} if custom else None


def _recurring(recurring: Json) -> Json:
    return {
        "interval": recurring["interval"],
        "interval_count": recurring.get("interval_count", 1),
        "meter": recurring.get("meter"),
        "trial_period_days": recurring.get("trial_period_days"),
        "usage_type": recurring.get("usage_type", "licensed"),
    }


def _free_lookup_key(context: Context, params: Json, own: str | None = None) -> None:
    """One price holds a lookup key; `transfer_lookup_key` takes it over (docs.stripe.com/api/prices/create)."""
    key = _lookup_key(params)
    holders = context.store.prices.find(context.realm, [("lookup_key = ?", (key,))]) if key else []
    for holder in holders:
        if holder["id"] == own:
            continue
        if not params.get("transfer_lookup_key"):
            raise invalid(f"A price (`{holder['id']}`) already uses that lookup key.", "lookup_key")
        save(context, holder, holder | {"lookup_key": None})


def keep(context: Context, price: Json) -> None:
    context.store.prices.add(context.realm, price)
    context.emit("price.created", shown(price))


def shown(price: Json) -> Json:
    return {name: value for name, value in price.items() if name not in ONLY_WHEN_ASKED}


def retrieve(context: Context, params: Json, price_id: str) -> Json:
    return lookup.price(context, price_id)


def update(context: Context, params: Json, price_id: str) -> Json:
    before = lookup.price(context, price_id)
    if params.get("active") is False:
        _must_not_be_default(context, before)
    _tax_behavior_stays(before, params)
    _free_lookup_key(context, params, own=price_id)
    after = before | {name: params[name] for name in ("active", "tax_behavior") if name in params}
    if "nickname" in params:
        after["nickname"] = values.stripped(params["nickname"]) or None
    if "lookup_key" in params:
        after["lookup_key"] = _lookup_key(params)
    if "metadata" in params:
        after["metadata"] = values.merged(before["metadata"], params["metadata"])
    if "currency_options" in params:
        after["currency_options"] = _other_currencies(before, params["currency_options"])
    return save(context, before, after)


def _must_not_be_default(context: Context, price: Json) -> None:
    """docs.stripe.com/products-prices/manage-prices#archive-price; the sentence is from stripe-python issue 658."""
    product = context.store.products.get(context.realm, price["product"])
    if product and product["default_price"] == price["id"]:
        raise invalid("This price cannot be archived because it is the default price of its product.")


def _tax_behavior_stays(price: Json, params: Json, inside: str = "") -> None:
    wanted = params.get("tax_behavior", price["tax_behavior"])
    if price["tax_behavior"] != "unspecified" and wanted != price["tax_behavior"]:
        raise invalid(
            "You cannot change the `tax_behavior` of a price once it is inclusive or exclusive.",
            named("tax_behavior", inside),
        )


def _other_currencies(price: Json, options: Json | str) -> Json:
    if isinstance(options, str):
        return {}
    others, had = _options(options), price.get("currency_options", {})
    if price["currency"] in others:
        raise _its_own_currency(f"currency_options[{price['currency']}]")
    for code in others.keys() & had.keys():
        place = f"currency_options[{code}]"
        given = next(option for written, option in options.items() if written.lower() == code)
        others[code]["tax_behavior"] = given.get("tax_behavior", had[code]["tax_behavior"])
        _tax_behavior_stays(had[code], others[code], place)
    return {**had, **others}


def save(context: Context, before: Json, after: Json) -> Json:
    """Even if nothing changed: crvouga/mockingbird, compared with live webhooks (2026-08-26)."""
    context.store.prices.save(context.realm, after)
    context.emit("price.updated", shown(after), differences(shown(before), shown(after)))
    return after


def remove(context: Context, price: Json) -> None:
    """Only in the Dashboard (docs.stripe.com/products-prices/manage-prices#delete-price): not in the API."""
    context.store.prices.remove(context.realm, price["id"])
    context.emit("price.deleted", shown(price) | {"active": False})


def examine_list(params: Json) -> None:
    values.few(params.get("lookup_keys"), "lookup_keys", 10)
    if "currency" in params:
        values.currency(params["currency"])


def list_all(context: Context, params: Json) -> Json:
    """Without `active` only active ones (docs.stripe.com/api/prices/list); an unknown product is an error."""
    if "product" in params:
        lookup.product(context, params["product"], "product", status=400)
    asked = {"active": True, **params, **params.get("recurring", {})}
    if "currency" in params:
        asked["currency"] = params["currency"].lower()
    conditions = listing.equals(asked, "active", "currency", "product", "type", "interval", "usage_type")
    conditions += listing.among(params, "lookup_keys", "lookup_key")
    if "meter" in asked:
        conditions.append(("json_extract(body, '$.recurring.meter') = ?", (asked["meter"],)))
    return listing.page(context.store.prices, context.realm, "price", params, conditions, "/v1/prices")
