"""Setting a price, for teachers and staff alike: the only writer of `PriceChange` and of the desired price."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from billings import money
from billings.models import BillingProduct, PriceChange
from billings.money import PriceSpec
from billings.sync import desired


def set_price(
    product: BillingProduct,
    price: PriceSpec | None,
    *,
    actor: User | None,
    reason: str = "",
    source: PriceChange.Source = PriceChange.Source.EDIT,
) -> PriceChange | None:
    """Make `price` (minor units; None or zero: free) what this product should sell, and remember who and why.

    Raises money.AmountTooSmall, money.AmountTooLarge or money.WrongStep. Returns None when nothing changed. Stripe is
    not called here: the raised generation is what converge looks for.
    """
    if price is not None and price.unit_amount == 0:
        price = None
    if price is not None:
        money.check_limits(price.money)
    with transaction.atomic():
        old = BillingProduct.objects.select_for_update().get(pk=product.pk)
        if old.price == price:
            return None
        # A course that becomes free keeps currency and interval, for the day it has a price again.
        columns: dict[str, Any] = {
            "desired_unit_amount": None if price is None else price.unit_amount,
            "price_changed_at": timezone.now(),
        }
        if price is not None:
            columns |= {"desired_currency": price.currency, "desired_interval": price.interval or ""}
        desired.change(product, **columns)
        return PriceChange.objects.create(
            product=product,
            old_unit_amount=old.desired_unit_amount,
            old_currency=old.desired_currency,
            old_interval=old.desired_interval,
            new_unit_amount=product.desired_unit_amount,
            new_currency=product.desired_currency,
            new_interval=product.desired_interval,
            actor=actor,
            source=source,
            reason=reason,
            generation=product.generation,
        )


def last_currency(owner: User) -> str | None:
    """The currency of the price that this teacher set last; None for somebody who never set one."""
    priced = BillingProduct.objects.filter(course__owner=owner, desired_unit_amount__isnull=False)
    return priced.order_by("-price_changed_at").values_list("desired_currency", flat=True).first()


@dataclass(frozen=True, slots=True)
class Period:
    """A time during which a course had one price (None: free)."""

    price: PriceSpec | None
    since: datetime
    until: datetime | None
    who: str
    source: str
    reason: str
    stripe_id: str


def history(product: BillingProduct) -> list[Period]:
    """Every price this course has had, the present one first (two queries)."""
    # The newest of the same terms wins: a product that was made anew has its prices anew.
    stripe_ids = {price.spec: price.stripe_id for price in reversed(product.prices.all()) if price.spec}
    periods: list[Period] = []
    until: datetime | None = None
    for row in product.price_changes.select_related("actor"):
        periods.append(
            Period(
                price=row.new,
                since=row.created_at,
                until=until,
                who=(row.actor.email or str(row.actor)) if row.actor else "",
                source=row.source,
                reason=row.reason,
                stripe_id=stripe_ids.get(row.new, "") if row.new else "",
            )
        )
        until = row.created_at
    return periods
