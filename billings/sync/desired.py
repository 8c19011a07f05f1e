"""The desired state, written in the transaction that saves a course; `pricing` records who changed a price."""

import threading
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import BigIntegerField, Case, F, QuerySet, When
from django.db.models.functions import Coalesce

from billings import clock
from billings.models import BillingProduct, Drift, PriceColumns, Rejection, behind
from billings.money import PriceSpec
from billings.plan import Desired, Observed, Step, plan
from billings.product_fields import BY_FIELD, Field, Texts
from billings.sync import excluded, tasks
from billings.sync.converge import converge_within
from web.search import fold

# How many saves of a web process may wait for Stripe at once; the other threads are for pages.
_waiting_saves = threading.BoundedSemaphore(max(settings.WEB_THREADS // 2, 1))


class Unchanged(Enum):
    """Stands for a price that an update leaves as it is; None means free."""

    UNCHANGED = "unchanged"


UNCHANGED = Unchanged.UNCHANGED
NO_TEXTS: Texts = {}


@dataclass(frozen=True, slots=True)
class Update:
    """The result of an update: the price before, and the fields of which Stripe should see a difference."""

    old_price: PriceColumns
    changed: frozenset[Field]


def open_product(
    course_id: UUID, texts: Texts, *, owner: User, status: str, price: PriceSpec | None = None
) -> BillingProduct:
    """The row of a new course. `price` in minor units, validated, None: free; Stripe is not told of free courses."""
    return BillingProduct.objects.create(
        course_id=course_id,
        owner=owner,
        teacher=fold(owner.email),
        generation=0 if price is None else 1,
        **_columns(texts, status, UNCHANGED if price is None else price),
    )


def update(
    product: BillingProduct,
    *,
    texts: Texts = NO_TEXTS,
    status: str | None = None,
    price: PriceSpec | Unchanged | None = UNCHANGED,
) -> Update:
    """Write what is given to the desired state: one lock, one generation and one UPDATE for all of it.

    What is not given stays. `price` in minor units, validated, None: free. Drift and rejections of fields with new
    values are closed. Must run in a transaction; updates `product`. Stripe is not called here: converge finds the
    raised generation.
    """
    locked = BillingProduct.objects.select_for_update().get(pk=product.pk)
    before, old_price = locked.desired, locked.price_columns
    if price == locked.price:
        price = UNCHANGED  # keeps the date of its last change
    columns = _columns(texts, status, price)
    differing = [name for name, value in columns.items() if getattr(locked, name) != value]
    for name in differing:
        setattr(locked, name, columns[name])
    if changed := changed_fields(before, locked.desired):
        locked.generation += 1
        if locked.has_drift or locked.has_rejection:
            _include_again(locked, changed)
        differing.append("generation")
    if differing:
        locked.save(update_fields=differing)
    if locked.has_drift or locked.has_rejection:
        product.refresh_from_db()  # they may be gone
    else:
        for column in BillingProduct._meta.concrete_fields:
            setattr(product, column.attname, getattr(locked, column.attname))
    return Update(old_price, changed)


def _columns(texts: Texts, status: str | None, price: PriceSpec | Unchanged | None) -> dict[str, Any]:
    """The columns for these values."""
    columns: dict[str, Any] = {BY_FIELD[field].desired_column: value for field, value in texts.items()}
    if status is not None:
        columns["desired_status"] = status
    if price is UNCHANGED:
        return columns
    columns["price_changed_at"] = clock.now()
    if price is None:
        # A course that becomes free keeps currency and interval for its next price.
        return columns | {"desired_unit_amount": None}
    amount, currency, interval = price.unit_amount, price.currency, price.interval or ""
    return columns | {"desired_unit_amount": amount, "desired_currency": currency, "desired_interval": interval}


def hand_over(course_id: UUID, owner: User) -> None:
    """The course belongs to another teacher now."""
    BillingProduct.objects.filter(course_id=course_id).update(owner=owner, teacher=fold(owner.email))


def rename_teacher(owner: User) -> None:
    """This person's e-mail address has changed, or may have."""
    address = fold(owner.email)
    BillingProduct.objects.filter(owner=owner).exclude(teacher=address).update(teacher=address)


def changed_fields(before: Desired, after: Desired) -> frozenset[Field]:
    earlier, later = {**before.texts, **before.terms}, {**after.texts, **after.terms}
    texts = {field for field, value in later.items() if value != earlier.get(field)}
    active = {Field.ACTIVE} if before.active != after.active else set()
    price = {Field.PRICE} if before.price != after.price else set()
    return frozenset(texts | active | price)


def _include_again(product: BillingProduct, fields: frozenset[Field]) -> None:
    drifts = product.drifts.filter(closed_at=None, field__in=fields)
    if drifts.update(closed_at=clock.now(), decision=Drift.Decision.REPLACED):
        excluded.look_again([product.pk])
    # One rejected request may exclude several fields; a new value for one of them is reason to send the others again.
    rejected = product.rejections.filter(field__in=fields).values_list("request", flat=True)
    excluded.delete_rejections(Rejection.objects.filter(request__in=list(rejected)), product.pk)


def preview(product: BillingProduct | None, wanted: Desired) -> tuple[Step, ...]:
    """The steps that saving `wanted` would take in Stripe."""
    if product is None:
        return plan(wanted, Observed())
    excluded = _excluded_after(product, changed_fields(product.desired, wanted))
    return plan(wanted, product.observed(), excluded=excluded)


def _excluded_after(product: BillingProduct, changed: frozenset[Field]) -> frozenset[Field]:
    """The fields that would still be excluded after `_include_again` (no query if they are prefetched)."""
    drifted = {drift.field for drift in product.drifts.all() if drift.closed_at is None} - changed
    rejections = list(product.rejections.all())
    asked_again = {rejection.request_id for rejection in rejections if rejection.field in changed}
    rejected = {rejection.field for rejection in rejections if rejection.request_id not in asked_again}
    return frozenset(Field(name) for name in drifted | rejected)


def converge_after_commit(product: BillingProduct, *, inline: bool = True) -> None:
    """Update Stripe after the commit: inline if possible, otherwise in the worker.

    Without `inline`, or with `STRIPE_INLINE_BUDGET_SECONDS` = 0, only in the worker.
    """
    budget = float(settings.STRIPE_INLINE_BUDGET_SECONDS) if inline else 0.0
    now = clock.now()
    due = now + timedelta(seconds=budget)
    is_behind = BillingProduct.objects.filter(behind(), pk=product.pk)
    if not is_behind.update(next_attempt_at=due, behind_since=Coalesce("behind_since", now)):
        return
    tasks.converge_product.using(run_after=due).enqueue(str(product.pk))
    if budget:
        # robust: the save is committed and reported as saved, whatever becomes of this attempt.
        transaction.on_commit(partial(_converge_inline, product.pk, budget), robust=True)


def _converge_inline(product_id: UUID, budget: float) -> None:
    """Converge now; if too many saves wait for Stripe already, leave it to the worker."""
    if not _waiting_saves.acquire(blocking=False):
        BillingProduct.objects.filter(behind(), pk=product_id).update(next_attempt_at=clock.now())
        return
    try:
        converge_within(product_id, budget=budget)
    finally:
        _waiting_saves.release()


@transaction.atomic
def retry(product: BillingProduct) -> None:
    """Try again now: backoff is reset, and rejected values are sent again."""
    locked = BillingProduct.objects.select_for_update().get(pk=product.pk)
    if excluded.delete_rejections(locked.rejections.all(), locked.pk):
        locked.generation += 1
        locked.save(update_fields=["generation"])
    converge_after_commit(locked)


@transaction.atomic
def retry_all(products: QuerySet[BillingProduct]) -> int:
    """As `retry` for each of `products`, in the workers; returns how many. Three queries, however many."""
    now, ids = clock.now(), products.order_by().values("pk")
    rows = BillingProduct.objects.filter(pk__in=ids)
    # The same lock order as everywhere, which avoids deadlocks.
    found = len(rows.select_for_update().order_by("pk").values_list("pk"))
    rows.update(
        generation=Case(
            When(has_rejection=True, then=F("generation") + 1), default=F("generation"), output_field=BigIntegerField()
        ),
        next_attempt_at=now,
        behind_since=Coalesce("behind_since", now),
        has_rejection=False,
    )
    # Those of these rows: which they are, `products` may not know any more.
    Rejection.objects.filter(product__has_rejection=False).delete()
    return found
