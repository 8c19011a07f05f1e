"""What Stripe should sell, but for the price (that is `pricing`), written in the transaction that saves a course."""

import threading
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import BigIntegerField, Case, Exists, F, OuterRef, QuerySet, When
from django.db.models.functions import Coalesce

from billings import clock
from billings.models import BillingProduct, Drift, Rejection, behind
from billings.plan import Desired, Observed, Step, plan
from billings.product_fields import BY_FIELD, Field, Texts
from billings.sync import tasks
from billings.sync.converge import converge_within

# So many saves of a web process wait for Stripe at once; the other threads are for everybody else's pages.
_waiting_saves = threading.BoundedSemaphore(max(settings.WEB_THREADS // 2, 1))


def open_product(course_id: UUID, texts: Texts, *, status: str) -> BillingProduct:
    """The row of a new course, free until a price is set. Nothing is asked of Stripe for a free course."""
    return BillingProduct.objects.create(course_id=course_id, desired_status=status, **_columns(texts))


def set_listing(product: BillingProduct, texts: Texts, *, status: str) -> bool:
    """Copy what the course says of itself; True where that changes what Stripe should hold (`generation` is raised)."""
    return change(product, desired_status=status, **_columns(texts))


def set_text(product: BillingProduct, field: Field, value: str) -> bool:
    """Make one field what it should be, as `set_listing` does for all that are given."""
    return change(product, **_columns({field: value}))


def _columns(texts: Texts) -> dict[str, str]:
    return {BY_FIELD[field].desired_column: value for field, value in texts.items()}


def change(product: BillingProduct, **columns: Any) -> bool:
    """Write desired columns; what is set to something new is no longer drifted or rejected.

    Must run in a transaction; `product` is brought up to date. True where Stripe should see a difference.
    """
    locked = BillingProduct.objects.select_for_update().get(pk=product.pk)
    before = locked.desired
    for column, value in columns.items():
        setattr(locked, column, value)
    changed = changed_fields(before, locked.desired)
    if changed:
        locked.generation += 1
        _include_again(locked, changed)
    locked.save(update_fields=[*columns, "generation"])
    product.refresh_from_db()
    return bool(changed)


def changed_fields(before: Desired, after: Desired) -> frozenset[Field]:
    earlier, later = {**before.texts, **before.terms}, {**after.texts, **after.terms}
    texts = {field for field, value in later.items() if value != earlier.get(field)}
    active = {Field.ACTIVE} if before.active != after.active else set()
    price = {Field.PRICE} if before.price != after.price else set()
    return frozenset(texts | active | price)


def _include_again(product: BillingProduct, fields: frozenset[Field]) -> None:
    product.drifts.filter(closed_at=None, field__in=fields).update(
        closed_at=clock.now(), decision=Drift.Decision.REPLACED
    )
    # One rejected request may keep several fields out of plans; a new value for one of them is reason to ask again.
    rejected = product.rejections.filter(field__in=fields).values_list("request", flat=True)
    Rejection.objects.filter(request__in=list(rejected)).delete()


def preview(product: BillingProduct | None, wanted: Desired) -> tuple[Step, ...]:
    """What a save of `wanted` would do in Stripe."""
    if product is None:
        return plan(wanted, Observed())
    excluded = _excluded_after(product, changed_fields(product.desired, wanted))
    return plan(wanted, product.observed(), excluded=excluded)


def _excluded_after(product: BillingProduct, changed: frozenset[Field]) -> frozenset[Field]:
    """What plans would still leave alone after `_include_again` (no query where these are prefetched)."""
    drifted = {drift.field for drift in product.drifts.all() if drift.closed_at is None} - changed
    rejections = list(product.rejections.all())
    asked_again = {rejection.request_id for rejection in rejections if rejection.field in changed}
    rejected = {rejection.field for rejection in rejections if rejection.request_id not in asked_again}
    return frozenset(Field(name) for name in drifted | rejected)


def converge_after_commit(product: BillingProduct, *, inline: bool = True) -> None:
    """See to it that Stripe is told: at once, when this transaction has committed, and by the worker if that fails.

    With `inline` off, or no time allowed for it (`STRIPE_INLINE_BUDGET_SECONDS` = 0), the worker does it all.
    """
    if not BillingProduct.objects.filter(behind(), pk=product.pk).exists():
        return
    budget = float(settings.STRIPE_INLINE_BUDGET_SECONDS) if inline else 0.0
    now = clock.now()
    due = now + timedelta(seconds=budget)
    BillingProduct.objects.filter(pk=product.pk).update(next_attempt_at=due, behind_since=Coalesce("behind_since", now))
    tasks.converge_product.using(run_after=due).enqueue(str(product.pk))
    if budget:
        # robust: the save has happened and is answered as saved, whatever becomes of this attempt.
        transaction.on_commit(partial(_converge_inline, product.pk, budget), robust=True)


def _converge_inline(product_id: UUID, budget: float) -> None:
    """Make Stripe agree now; where as many saves as may wait for Stripe, the worker does it."""
    if not _waiting_saves.acquire(blocking=False):
        BillingProduct.objects.filter(behind(), pk=product_id).update(next_attempt_at=clock.now())
        return
    try:
        converge_within(product_id, budget=budget)
    finally:
        _waiting_saves.release()


@transaction.atomic
def retry(product: BillingProduct) -> None:
    """Try again now: waiting times are forgotten, and what Stripe rejected is asked once more."""
    locked = BillingProduct.objects.select_for_update().get(pk=product.pk)
    deleted, _ = locked.rejections.all().delete()
    if deleted:
        locked.generation += 1
        locked.save(update_fields=["generation"])
    converge_after_commit(locked)


@transaction.atomic
def retry_all(products: QuerySet[BillingProduct]) -> int:
    """As `retry` for each of `products`, by the workers alone; how many there are. Three queries, however many."""
    now, ids = clock.now(), products.order_by().values("pk")
    rows = BillingProduct.objects.filter(pk__in=ids)
    # In the order in which others lock many, so that two never wait for each other.
    found = len(rows.select_for_update().order_by("pk").values_list("pk"))
    was_rejected = Exists(Rejection.objects.filter(product=OuterRef("pk")))
    rows.update(
        generation=Case(
            When(was_rejected, then=F("generation") + 1), default=F("generation"), output_field=BigIntegerField()
        ),
        next_attempt_at=now,
        behind_since=Coalesce("behind_since", now),
    )
    Rejection.objects.filter(product__in=ids).delete()
    return found
