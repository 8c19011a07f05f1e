"""One write budget to Stripe for all processes: `STRIPE_MAX_WRITES_PER_SECOND`.

Stripe allows 100 requests per second in live mode and 25 in test mode (https://docs.stripe.com/rate-limits). Each send
reserves the next free slot of a shared row and waits for it. A thread reserves one slot at a time, so a person who
saves waits behind at most one slot per thread of each worker, however long the backlog is.
"""

import time
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from billings import clock, horizons
from billings.horizons import PAUSE_SECONDS
from billings.models import WriteBudget


def reserve() -> float:
    """Reserve the next slot; returns the seconds to wait for it. Must run in a transaction, which should be short."""
    rate = float(settings.STRIPE_MAX_WRITES_PER_SECOND)
    if rate <= 0:
        return 0.0
    now = clock.now()
    budget, _ = WriteBudget.objects.select_for_update().get_or_create(pk=WriteBudget.ONLY)
    slot = max(now, budget.next_slot_at or now)
    if not horizons.is_believed(slot, now, horizons.slot()):  # it would block everyone
        slot = now
    budget.next_slot_at = slot + timedelta(seconds=1 / rate)
    budget.save(update_fields=["next_slot_at"])
    return (slot - now).total_seconds()


def pause() -> None:
    """Stripe asked to slow down: no slots for a while."""
    until = clock.now() + timedelta(seconds=PAUSE_SECONDS)
    WriteBudget.objects.filter(pk=WriteBudget.ONLY).update(next_slot_at=Greatest(F("next_slot_at"), until))


def wait_for_turn() -> None:
    """Reserve a slot and wait for it, outside a transaction."""
    with transaction.atomic():
        wait = reserve()
    time.sleep(wait)
