"""Prices in Stripe as text: also those in further currencies, and changes of price.

A price is described by its facts, which drift stores as JSON: `id`; `price`, its own amount (minor units), currency and
interval, or None if a course cannot express it; `also`, its further currencies as Stripe has them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billings.money import CURRENCIES, Money, PriceSpec

type Facts = Mapping[str, Any]
type Options = Mapping[str, Mapping[str, Any]]


def facts_of(price_id: str, spec: PriceSpec | None, also: Options) -> dict[str, Any]:
    own = [spec.unit_amount, spec.currency, spec.interval] if spec else None
    return {"id": price_id, "price": own, "also": dict(also)}


def describe_price(facts: Facts) -> str:
    """ "$49.00", or with its further currencies: "$49.00 (also €1.00)"."""
    own = str(PriceSpec(*facts["price"])) if facts["price"] else _("a price that only Stripe can show")
    if not facts["also"]:
        return own
    return _("%(price)s (also %(others)s)") % {"price": own, "others": describe_options(facts["also"])}


def describe_options(options: Options) -> str:
    """The further currencies of a price (https://docs.stripe.com/api/prices/object): "€1.00 and ¥100"."""
    return get_text_list([_describe_option(code, option) for code, option in options.items()], _("and"))


def _describe_option(code: str, option: Mapping[str, Any]) -> str:
    amount = option.get("unit_amount")
    if isinstance(amount, int) and code in CURRENCIES:
        return str(Money(amount, code))
    if option.get("custom_unit_amount"):
        return _("an amount in %(currency)s that buyers choose") % {"currency": code.upper()}
    return _("an amount in %(currency)s that only Stripe can show") % {"currency": code.upper()}


def describe_prices(prices: Sequence[Facts]) -> str:
    return " + ".join(describe_price(price) for price in prices) or "—"


def describe_change(local: Facts, remote: Facts) -> str:
    """How the price was changed in Stripe, from `local` (before) to `remote` (now)."""
    if not remote["active"]:
        return _("The price was removed in Stripe.")
    if not remote["default"]:
        words = {"price": remote["words"]}
        return _("%(price)s was made a price in Stripe that is not sold by default.") % words
    if "prices" not in remote:  # stored by an earlier version
        return _("The price was changed in Stripe to %(price)s.") % {"price": remote["words"]}
    default, others = _parted(remote)
    also = default["also"] if default["also"] != _options_before(local, default) else {}
    said = [
        _describe_default(local, default, others),
        _("Stripe now also sells it at %(others)s.") % {"others": describe_options(also)} if also else "",
    ]
    return " ".join(filter(None, said)) or (
        _("The price was changed in Stripe to %(price)s.") % {"price": remote["words"]}
    )


def _parted(remote: Facts) -> tuple[Facts, list[Facts]]:
    """The default price, and the other active ones."""
    default = next(price for price in remote["prices"] if price["id"] == remote["default"])
    return default, [price for price in remote["prices"] if price is not default]


def _options_before(local: Facts, price: Facts) -> Options:
    found = next((known for known in local.get("prices", []) if known["id"] == price["id"]), None)
    options: Options = found["also"] if found else {}
    return options


def _describe_default(local: Facts, default: Facts, others: list[Facts]) -> str:
    """Whether the default price was replaced, or another price was added; empty if neither."""
    facts = {
        "price": describe_price({**default, "also": {}}),
        "others": get_text_list([describe_price(other) for other in others], _("and")),
    }
    is_new = default["id"] != local["default"]
    is_same_amount = bool(others) and all(other["price"] == default["price"] for other in others)
    if is_new and is_same_amount:
        return _("Stripe now sells it by a second price of %(price)s; the first one is still active.") % facts
    if is_new and others:
        text = ngettext(
            "Stripe now sells it at %(price)s; %(others)s is still active beside it.",
            "Stripe now sells it at %(price)s; %(others)s are still active beside it.",
            len(others),
        )
        return text % facts
    if is_new:
        return _("The price was changed in Stripe to %(price)s.") % facts
    if is_same_amount:
        return _("A second price of %(price)s was added in Stripe.") % facts
    if others:
        return _("Another price was added in Stripe, beside %(price)s: %(others)s.") % facts
    return ""
