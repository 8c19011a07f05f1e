"""The queue that counts: rows that are behind and due, found by their own state, whatever became of any task."""

from uuid import UUID

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


def sweep(limit: int = 100) -> int:
    """Judge the events that wait, then converge what is due; returns how much was worked on."""
    events = webhooks.process()
    ids = due(limit)
    for product_id in ids:
        converge(product_id)
    return events + len(ids)
