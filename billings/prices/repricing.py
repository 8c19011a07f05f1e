"""Price changes by staff, with detection of concurrent changes.

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
from billings.prices import unusual_changes
from billings.sync import desired

MOST_REASONS = 5


@dataclass
class PriceMoved(Exception):
    """The price was changed concurrently; nothing was saved."""

    theirs: PriceSpec | None


def token(product: BillingProduct) -> str:
    return _signer().sign_object(_facts(product))


def moved(product: BillingProduct, wanted: PriceSpec | None, *, version: str) -> bool:
    """Whether `wanted` would overwrite a price that the form's author never saw. Without a valid version: yes."""
    return product.price != wanted and _read(version) != _facts(product)


def change_price(
    product: BillingProduct, price: PriceSpec | None, *, version: str, actor: User, reason: str, confirm: str = ""
) -> PriceChange | None:
    """Set the price, and update Stripe after the commit.

    Raises PriceMoved, or unusual_changes.Unconfirmed if the change is unusual and `confirm` does not confirm it;
    nothing is saved then. Returns None if nothing changed.
    """
    with transaction.atomic():
        present = BillingProduct.objects.select_for_update().get(pk=product.pk)
        if moved(present, price, version=version):
            raise PriceMoved(present.price)
        on_sale = present.desired_status == Availability.PUBLISHED
        unusual_changes.check(present.price, price, was_on_sale=on_sale, on_sale=on_sale, confirm=confirm)
        change = pricing.set_price(present, price, actor=actor, reason=reason, source=PriceChange.Source.STAFF)
        desired.converge_after_commit(present)
    return change


def last_reasons(actor: User) -> list[str]:
    """The reasons `actor` gave recently, newest first, without duplicates, as suggestions."""
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
