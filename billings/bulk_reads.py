"""One reading for many rows: what a storm of events asks for, a page of 100 a call instead of three calls a row.

It is taken without their leases, so that nobody's save waits for it, and proves itself afterwards: a row whose lease
nobody held meanwhile has made no call, so what was read is what a reading under the lease would have found. Any other
row is read by itself, as ever.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import batched
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils import timezone

from billings import accounts, gateway
from billings.converge import Reading
from billings.gateway import PAGE, ReadFailed, Snapshot
from billings.models import BillingPrice, BillingProduct, StripeCall, is_due

# Fewer are not worth counting what it would cost.
FEWEST_ROWS = 50
MOST_ROWS = 1000  # so that another worker finds some too
CALLS_A_ROW = 3
# Of the calls that reading each row by itself would make, so many are made at most.
WORTHWHILE = 0.25
# Meanwhile no other worker looks at these rows; should this one die, they come due again.
CLAIMED_FOR = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    stripe_id: str
    token: int
    reads_wanted: int


class _TooDear(Exception):
    """The account holds so many prices of others that reading each row by itself costs less."""


def read() -> list[tuple[UUID, Reading | None]]:
    """The rows that wait for nothing but a read, if they are many, each with what Stripe holds; None: not read."""
    try:
        rows = _claim()
    except ReadFailed:
        return []
    if not rows:
        return []
    try:
        found = _snapshots({row.stripe_id for row in rows}, most_pages=CALLS_A_ROW * len(rows))
    except (ReadFailed, _TooDear):
        found = {}
    return [(row.id, _reading(row, found.get(row.stripe_id))) for row in rows]


def _reading(row: _Row, snapshot: Snapshot | None) -> Reading | None:
    return Reading(snapshot, token=row.token, count=row.reads_wanted) if snapshot else None


def _claim() -> list[_Row]:
    """Rows to read together, kept from other workers for a while; none where it does not pay. Raises ReadFailed."""
    if not _is_worthwhile(_waiting()[:MOST_ROWS].count()):
        return []
    account = accounts.present(seconds=float(settings.STRIPE_TIMEOUT_SECONDS))
    with transaction.atomic():
        rows = [
            _Row(*values)
            for values in _waiting()
            .filter(account=account.id, livemode=account.livemode)
            .select_for_update(skip_locked=True)
            .values_list("pk", "stripe_id", "lease_token", "reads_wanted")[:MOST_ROWS]
        ]
        claimed_until = timezone.now() + CLAIMED_FOR
        BillingProduct.objects.filter(pk__in=[row.id for row in rows]).update(next_attempt_at=claimed_until)
    return rows


def _waiting() -> Any:
    """Rows that wait for a read, and for nothing that has to come before it.

    No lease at all, not merely one that ran out: who held that one may wake up and make a call under the same token.
    """
    unread = StripeCall.objects.filter(product=OuterRef("pk"), read_back=False).exclude(outcome=StripeCall.Outcome.OK)
    return BillingProduct.objects.filter(
        ~Exists(unread), is_due(), Q(reads_wanted__gt=F("reads_done")), lease_expires_at=None, exists=True
    ).order_by("next_attempt_at")


def _is_worthwhile(rows: int) -> bool:
    if rows < FEWEST_ROWS:
        return False
    prices = BillingPrice.objects.filter(gone=False).values_list("active").annotate(Count("pk")).order_by()
    pages = _pages(rows) + sum(_pages(count) for _, count in prices)
    return pages <= WORTHWHILE * CALLS_A_ROW * rows


def _pages(objects: int) -> int:
    return -(-objects // PAGE)


def _snapshots(ids: set[str], *, most_pages: int) -> dict[str, Snapshot]:
    """By product id; a product that is not listed is left out. Raises ReadFailed, and _TooDear beyond `most_pages`."""
    seconds = float(settings.STRIPE_TIMEOUT_SECONDS)
    products: dict[str, dict[str, Any]] = {}
    for chunk in batched(sorted(ids), PAGE):
        products |= {data["id"]: data for data in gateway.products(chunk, seconds=seconds)}
    prices: dict[str, dict[str, dict[str, Any]]] = {key: {} for key in products}
    for number, page in enumerate(gateway.price_pages(seconds=seconds), start=1):
        if number > most_pages:
            raise _TooDear
        _sort_into(prices, page)
    return {key: Snapshot(data, tuple(prices[key].values())) for key, data in products.items()}


def _sort_into(prices: dict[str, dict[str, dict[str, Any]]], page: Iterable[dict[str, Any]]) -> None:
    """A price that was archived between the two passes is in both; the later word is the archived one."""
    for data in page:
        if data["product"] in prices:
            prices[data["product"]][data["id"]] = data
