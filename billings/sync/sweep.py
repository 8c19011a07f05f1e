"""The queue: rows that are behind and due, found by their own state, whatever became of any task."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from uuid import UUID

from django.db import close_old_connections

from billings.models import BillingProduct, behind, is_due
from billings.sync import bulk_reads, events, lease
from billings.sync.bulk_reads import Row
from billings.sync.converge import ReadResult, converge

# Events first, since one read answers all events of a product; but a flood of them must not block everything.
BATCHES_OF_EVENTS = 20

type Work = tuple[UUID, ReadResult | None]
type Each = Callable[[Callable[[Work], object], Iterable[Work]], Iterable[Any]]


def due(limit: int) -> list[UUID]:
    """The rows that wait longest, at most `limit`."""
    rows = BillingProduct.objects.filter(behind(), is_due(), lease.is_free())
    return list(rows.order_by("next_attempt_at").values_list("pk", flat=True)[:limit])


def sweep(
    limit: int = 100, each: Each = map, *, together: bool = True, goes_on: Callable[[], bool] = lambda: True
) -> int:
    """Handle waiting events, then converge what is due; returns how much was done.

    `each` runs the work, serially or concurrently. `together`: rows that wait only for a read are read in one bulk
    read, and converged in addition to `limit`; what becomes due meanwhile does not wait for that. `goes_on` is called
    after each of its requests.
    """
    classified = _classify_events()

    def between_pages() -> bool:
        _converge_due(limit, each)
        return goes_on()

    claim: AbstractContextManager[list[Row]] = bulk_reads.claim() if together else nullcontext([])
    with claim as rows:
        converged = _converge_due(limit, each)
        work = bulk_reads.read(rows, goes_on=between_pages) if rows else []
        _converge_all(work, each)
    return classified + converged + len(work)


def _converge_due(limit: int, each: Each) -> int:
    ids = due(limit)
    _converge_all([(product_id, None) for product_id in ids], each)
    return len(ids)


def _converge_all(work: Iterable[Work], each: Each) -> None:
    for _ in each(_converge, work):
        pass


def _classify_events() -> int:
    classified = 0
    for _ in range(BATCHES_OF_EVENTS):
        classified += (batch := events.process())
        if batch < events.BATCH:
            break
    return classified


def _converge(work: Work) -> None:
    close_old_connections()  # a pool's threads live long, and nothing else closes their connections
    product_id, prefetched = work
    converge(product_id, prefetched=prefetched)
