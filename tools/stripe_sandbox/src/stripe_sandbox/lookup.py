"""Objects by id, or Stripe's error (docs.stripe.com/error-codes#resource-missing)."""

from __future__ import annotations

import re

from stripe_sandbox.accounts import Realm
from stripe_sandbox.context import Context
from stripe_sandbox.errors import no_such
from stripe_sandbox.shapes import Json
from stripe_sandbox.store import Shelf

_TAX_CODE = re.compile(r"txcd_[0-9]{8}")  # as every code of docs.stripe.com/tax/tax-codes is written


def product(context: Context, product_id: str, param: str = "id", *, status: int = 404) -> Json:
    return _existing(context, context.store.products, "product", product_id, param, status)


def price(context: Context, price_id: str, param: str = "price", *, status: int = 404) -> Json:
    return _existing(context, context.store.prices, "price", price_id, param, status)


def tax_code(context: Context, code: str, param: str) -> None:
    """A code that is of the right shape, unless the settings say that Stripe's list has none like it.

    The list itself is not here: Stripe adds to it. The sentence is that of every unknown id; nobody recorded it.
    """
    if not _TAX_CODE.fullmatch(code) or code in context.settings.unknown_tax_codes:
        raise no_such("tax code", code, param, status=400)


def _existing(context: Context, shelf: Shelf, kind: str, object_id: str, param: str, status: int) -> Json:
    found = shelf.get(context.realm, object_id)
    if found is None:
        other = Realm(context.realm.account, not context.realm.livemode)
        elsewhere = other.mode if shelf.position(other, object_id) is not None else None
        raise no_such(kind, object_id, param, status=status, elsewhere=elsewhere)
    return found
