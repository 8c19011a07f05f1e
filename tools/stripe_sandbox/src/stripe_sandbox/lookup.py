"""Objects by their id, or Stripe's refusal (docs.stripe.com/error-codes#resource-missing)."""

from __future__ import annotations

from stripe_sandbox.accounts import Realm
from stripe_sandbox.context import Context
from stripe_sandbox.refusals import no_such
from stripe_sandbox.shapes import Json
from stripe_sandbox.store import Shelf


def product(context: Context, product_id: str, param: str = "id", *, status: int = 404) -> Json:
    return _existing(context, context.store.products, "product", product_id, param, status)


def price(context: Context, price_id: str, param: str = "price", *, status: int = 404) -> Json:
    return _existing(context, context.store.prices, "price", price_id, param, status)


def _existing(context: Context, shelf: Shelf, kind: str, object_id: str, param: str, status: int) -> Json:
    found = shelf.get(context.realm, object_id)
    if found is None:
        other = Realm(context.realm.account, not context.realm.livemode)
        elsewhere = other.mode if shelf.position(other, object_id) is not None else None
        raise no_such(kind, object_id, param, status=status, elsewhere=elsewhere)
    return found
