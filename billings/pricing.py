"""Setting a price, for teachers and staff alike: the only writer of `PriceChange`, and the way to a desired price."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from billings import money
from billings.models import BillingProduct, PriceChange, PriceColumns
from billings.money import PriceSpec
from billings.product_fields import Field, Texts
from billings.sync import desired


def open_product(
    course_id: UUID, texts: Texts, *, owner: User, status: str, price: PriceSpec | None, actor: User | None
) -> BillingProduct:
    """The row of a new course with its price (minor units; None or zero: free). Raises as `update`."""
    wanted = _validated(price)
    with transaction.atomic(savepoint=False):
        product = desired.open_product(course_id, texts, owner=owner, status=status, price=wanted)
        if product.price is not None:
            _remember(product, BillingProduct().price_columns, actor, PriceChange.Source.EDIT, reason="")
    return product


def update(
    product: BillingProduct,
    price: PriceSpec | None,
    *,
    texts: Texts = desired.NO_TEXTS,
    status: str | None = None,
    actor: User | None,
    reason: str = "",
    source: PriceChange.Source = PriceChange.Source.EDIT,
) -> PriceChange | None:
    """As `desired.update`, recording who changed the price and why.

    `price` in minor units; None or zero: free. Raises money.AmountTooSmall, money.AmountTooLarge or money.WrongStep.
    Returns None if the price is unchanged.
    """
    wanted = _validated(price)
    with transaction.atomic(savepoint=False):
        done = desired.update(product, texts=texts, status=status, price=wanted)
        if Field.PRICE not in done.changed:
            return None
        return _remember(product, done.old_price, actor, source, reason)


def set_price(
    product: BillingProduct,
    price: PriceSpec | None,
    *,
    actor: User | None,
    reason: str = "",
    source: PriceChange.Source = PriceChange.Source.EDIT,
) -> PriceChange | None:
    """As `update`, of the price alone."""
    return update(product, price, actor=actor, reason=reason, source=source)


def _validated(price: PriceSpec | None) -> PriceSpec | None:
    """Zero is free. Here, and nowhere else on the way to the database, a price is validated."""
    if price is None or not price.unit_amount:
        return None
    money.check_limits(price.money)
    return price


def _remember(
    product: BillingProduct, old: PriceColumns, actor: User | None, source: PriceChange.Source, reason: str
) -> PriceChange:
    return PriceChange.objects.create(
        product=product,
        old_unit_amount=old.unit_amount,
        old_currency=old.currency,
        old_interval=old.interval,
        new_unit_amount=product.desired_unit_amount,
        new_currency=product.desired_currency,
        new_interval=product.desired_interval,
        actor=actor,
        source=source,
        reason=reason,
        generation=product.generation,
    )


def last_currency(owner: User) -> str | None:
    """The currency of the last price that this teacher set; None if there is none."""
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
    """Every price this course has had, the current one first (two queries)."""
    # Of equal prices the newest counts: a product that was created again has its prices again.
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
