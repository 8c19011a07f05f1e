"""The queue that counts: rows that are behind and due, found by their own state, whatever became of any task."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.db import close_old_connections
from django.db.models import Q
from django.utils import timezone

from billings import lease, webhooks
from billings.converge import converge
from billings.models import BillingProduct, behind


def due(limit: int) -> list[UUID]:
    """The rows that wait longest, at most `limit`."""
    now_or_never_set = Q(next_attempt_at__lte=timezone.now()) | Q(next_attempt_at=None)
    rows = BillingProduct.objects.filter(behind(), now_or_never_set, lease.is_free())
    return list(rows.order_by("next_attempt_at").values_list("pk", flat=True)[:limit])


def sweep(limit: int = 100, each: Callable[..., Iterable[Any]] = map) -> int:
    """Judge the events that wait, then converge what is due; returns how much was worked on.

    `each` says how: one row after the other, or several at once.
    """
    events = webhooks.process()
    ids = due(limit)
    for _ in each(_converge, ids):
        pass
    return events + len(ids)


def _converge(product_id: UUID) -> None:
    close_old_connections()  # a thread of a pool lives long, and nobody else looks after its connection
    converge(product_id)
