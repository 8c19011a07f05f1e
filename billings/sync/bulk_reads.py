"""One read for many rows: after a burst of events, 100 objects per request instead of three requests per row.

It is done without leases, so that no save waits for it, and validated afterwards: a row whose lease nobody held in
between has sent no request, so a read under the lease would have found the same. Any other row is read individually.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef

from billings import clock
from billings.models import BillingPrice, BillingProduct, StripeRequest, Trouble, is_due
from billings.stripe_api import accounts, gateway
from billings.stripe_api.gateway import PAGE, ReadFailed, Snapshot
from billings.sync.converge import ReadResult
from billings.sync.mirror import Baseline

# Fewer are not worth estimating the cost.
FEWEST_ROWS = 50
CHUNK = 500
MOST_ROWS = 1000  # leaves some for other workers
CALLS_A_ROW = 3
# The share of the requests of individual reads that a bulk read may cost at most.
WORTHWHILE = 0.25
# Other workers skip these rows for this long, plus a second per page; if this worker dies, they come due then.
CLAIMED_FOR = timedelta(minutes=2)
# After a failed bulk read, rows are read individually for a while.
REST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Row:
    id: UUID
    stripe_id: str
    token: int
    reads_requested: int


class _TooDear(Exception):
    """The account holds so many foreign prices that individual reads cost less."""


class _Ended(Exception):
    """The worker was told to stop."""


class _Rest:
    until = 0.0


@contextmanager
def claim() -> Iterator[list[Row]]:
    """Rows that wait for nothing but a read, if they are enough to be read together; hidden from other workers.

    Those not worked on when the block ends are due again at once.
    """
    try:
        found = _claim() if time.monotonic() >= _Rest.until else None
    except ReadFailed:
        found = None
    if found is None:
        yield []
        return
    rows, until = found
    try:
        yield rows
    finally:
        left = BillingProduct.objects.filter(pk__in=[row.id for row in rows], next_attempt_at=until)
        with transaction.atomic():
            # The same lock order as everywhere, which avoids deadlocks.
            list(left.select_for_update().order_by("pk").values_list("pk"))
            left.update(next_attempt_at=clock.now())


def read(rows: list[Row], *, goes_on: Callable[[], bool]) -> list[tuple[UUID, ReadResult | None]]:
    """What Stripe holds for each, None for a product that is not listed any more; `goes_on` is called after each page.

    Empty if Stripe did not answer, it became too expensive, or the worker should stop.
    """
    began_at, seconds = clock.now(), float(settings.STRIPE_TIMEOUT_SECONDS)
    try:
        account = accounts.present(seconds=seconds)
        found = _snapshots({row.stripe_id for row in rows}, CALLS_A_ROW * len(rows), goes_on)
    except _Ended:
        return []
    except (ReadFailed, _TooDear):
        _Rest.until = time.monotonic() + REST_SECONDS
        return []
    baselines = _baselines(rows)
    return [
        (
            row.id,
            ReadResult(
                found[row.stripe_id],
                baselines[row.id],
                account,
                token=row.token,
                count=row.reads_requested,
                at=began_at,
            )
            if row.stripe_id in found
            else None,
        )
        for row in rows
    ]


def _baselines(rows: list[Row]) -> dict[UUID, Baseline]:
    """The mirror of each row; none has an indeterminate request, or it would not be here."""
    baselines: dict[UUID, Baseline] = {row.id: Baseline({}, []) for row in rows}
    for some in batched(baselines, CHUNK):
        for price in BillingPrice.objects.filter(product__in=some):
            baselines[price.product_id].prices[price.stripe_id] = price
    return baselines


def _claim() -> tuple[list[Row], datetime] | None:
    """The rows, and until when they are claimed; None if a bulk read does not pay. Raises ReadFailed."""
    pages = _pages_for(_waiting()[:MOST_ROWS].count())
    if pages is None:
        return None
    account = accounts.present(seconds=float(settings.STRIPE_TIMEOUT_SECONDS))
    until = clock.now() + CLAIMED_FOR + timedelta(seconds=pages)
    with transaction.atomic():
        rows = [
            Row(*values)
            for values in _waiting()
            .filter(account=account.id, livemode=account.livemode)
            .select_for_update(skip_locked=True)
            .values_list("pk", "stripe_id", "lease_token", "reads_requested")[:MOST_ROWS]
        ]
        BillingProduct.objects.filter(pk__in=[row.id for row in rows]).update(next_attempt_at=until)
    return rows, until


def _waiting() -> Any:
    """Rows that wait for a read only: without a changed desired state, and without a next attempt shown on a page.

    Without any lease, not merely an expired one: its holder may wake up and send a request under the same token.
    """
    unconfirmed = StripeRequest.objects.filter(product=OuterRef("pk"), read_back=False).exclude(
        outcome=StripeRequest.Outcome.SUCCEEDED
    )
    return BillingProduct.objects.filter(
        ~Exists(unconfirmed),
        is_due(),
        reads_requested__gt=F("reads_done"),
        generation=F("observed_generation"),
        trouble=Trouble.NONE,
        lease_expires_at=None,
        exists=True,
    ).order_by("next_attempt_at")


def _pages_for(rows: int) -> int | None:
    """The requests of a bulk read of so many rows; None if it does not pay."""
    if rows < FEWEST_ROWS:
        return None
    prices = BillingPrice.objects.filter(gone=False).values_list("active").annotate(Count("pk")).order_by()
    pages = _pages(rows) + sum(_pages(count) for _, count in prices)
    return pages if pages <= WORTHWHILE * CALLS_A_ROW * rows else None


def _pages(objects: int) -> int:
    return -(-objects // PAGE)


def _snapshots(ids: set[str], most_pages: float, goes_on: Callable[[], bool]) -> dict[str, Snapshot]:
    """By product id, without products that are not listed. Raises ReadFailed, _Ended and _TooDear."""
    seconds = float(settings.STRIPE_TIMEOUT_SECONDS)
    products: dict[str, dict[str, Any]] = {}
    for chunk in batched(sorted(ids), PAGE):
        products |= {data["id"]: data for data in gateway.products(chunk, seconds=seconds)}
        if not goes_on():
            raise _Ended
    prices: dict[str, dict[str, dict[str, Any]]] = {key: {} for key in products}
    for number, page in enumerate(gateway.price_pages(seconds=seconds), start=1):
        if number > most_pages:
            raise _TooDear
        _sort_into(prices, page)
        if not goes_on():
            raise _Ended
    return {key: Snapshot(data, tuple(prices[key].values())) for key, data in products.items()}


def _sort_into(prices: dict[str, dict[str, dict[str, Any]]], page: Iterable[dict[str, Any]]) -> None:
    """A price archived between the two passes is in both; the later state is archived."""
    for data in page:
        if data["product"] in prices:
            prices[data["product"]][data["id"]] = data
