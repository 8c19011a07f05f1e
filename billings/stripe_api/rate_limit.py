"""One write budget to Stripe for all processes: `STRIPE_MAX_WRITES_PER_SECOND`.

Stripe allows 100 requests per second in live mode and 25 in test mode (https://docs.stripe.com/rate-limits). Each send
reserves the next free slot of a shared row and waits for it. A thread reserves one slot at a time, so a person who
saves waits behind at most one slot per thread of each worker, however long the backlog is.
"""

import time
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, DateTimeField, F, Q, Value, When
from django.db.models.functions import Greatest

from billings import clock, horizons
from billings.horizons import PAUSE_SECONDS
from billings.models import WriteBudget


def reserve() -> float:
    """Reserve the next slot; returns the seconds to wait for it.

    Must run in a transaction, near its end: until it commits, nobody else gets a slot.
    """
    rate = float(settings.STRIPE_MAX_WRITES_PER_SECOND)
    if rate <= 0:
        return 0.0
    now, length = clock.now(), timedelta(seconds=1 / rate)
    # A slot further ahead was written by a wrong clock, and would block everyone.
    is_ahead = Q(next_slot_at__gt=now, next_slot_at__lte=now + horizons.slot())
    slot = Case(When(is_ahead, then=F("next_slot_at")), default=Value(now), output_field=DateTimeField())
    budget = WriteBudget(pk=WriteBudget.ONLY, next_slot_at=slot + length)
    try:
        budget.save(update_fields=["next_slot_at"])  # one statement, which also tells what it wrote
    except WriteBudget.NotUpdated:  # the very first slot of all
        transaction.set_rollback(False)  # nothing went wrong in the database
        WriteBudget.objects.get_or_create(pk=WriteBudget.ONLY, defaults={"next_slot_at": now + length})
        return 0.0
    assert budget.next_slot_at
    return max((budget.next_slot_at - length - now).total_seconds(), 0.0)


def pause() -> None:
    """Stripe asked to slow down: no slots for a while."""
    until = clock.now() + timedelta(seconds=PAUSE_SECONDS)
    WriteBudget.objects.filter(pk=WriteBudget.ONLY).update(next_slot_at=Greatest(F("next_slot_at"), until))


def wait_for_turn() -> None:
    """Reserve a slot and wait for it, outside a transaction."""
    with transaction.atomic():
        wait = reserve()
    time.sleep(wait)
