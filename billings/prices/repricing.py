"""Staff change a price that somebody else may be changing too.

A version is an opaque, signed token of the price as it was when the form was opened. There is no timestamp in it: a
price that was changed and changed back has not moved.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.core.signing import BadSignature, Signer
from django.db import transaction

from billings import pricing
from billings.models import Availability, BillingProduct, PriceChange
from billings.money import PriceSpec
from billings.prices import slips
from billings.sync import desired

MOST_REASONS = 5


@dataclass
class PriceMoved(Exception):
    """Somebody else changed the price meanwhile; nothing was saved."""

    theirs: PriceSpec | None


def token(product: BillingProduct) -> str:
    return _signer().sign_object(_facts(product))


def moved(product: BillingProduct, wanted: PriceSpec | None, *, version: str) -> bool:
    """Whether `wanted` would undo a price that whoever opened the form never saw. No readable version: it would."""
    return product.price != wanted and _read(version) != _facts(product)


def change_price(
    product: BillingProduct, price: PriceSpec | None, *, version: str, actor: User, reason: str, confirm: str = ""
) -> PriceChange | None:
    """Set the price and tell Stripe when that has committed.

    Raises PriceMoved, or price_slips.Unconfirmed where `confirm` is not the yes to what may be a slip; then nothing is
    saved. Returns None when nothing changed.
    """
    with transaction.atomic():
        present = BillingProduct.objects.select_for_update().get(pk=product.pk)
        if moved(present, price, version=version):
            raise PriceMoved(present.price)
        on_sale = present.desired_status == Availability.PUBLISHED
        slips.check(present.price, price, was_on_sale=on_sale, on_sale=on_sale, confirm=confirm)
        change = pricing.set_price(present, price, actor=actor, reason=reason, source=PriceChange.Source.STAFF)
        desired.converge_after_commit(present)
    return change


def last_reasons(actor: User) -> list[str]:
    """The reasons that `actor` gave lately, the newest first and each once, to be offered again."""
    given = PriceChange.objects.filter(actor=actor, source=PriceChange.Source.STAFF).exclude(reason="")
    newest = given.order_by("-pk").values_list("reason", flat=True)[:50]
    return list(dict.fromkeys(newest))[:MOST_REASONS]


def _facts(product: BillingProduct) -> dict[str, Any]:
    price = product.price
    spec = [price.unit_amount, price.currency, price.interval] if price else None
    return {"course": product.course_id.hex, "price": spec}


def _read(version: str) -> Any:
    try:
        return _signer().unsign_object(version)
    except (BadSignature, ValueError):
        return None


def _signer() -> Signer:
    return Signer(salt="billings.prices.repricing")
