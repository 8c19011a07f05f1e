"""Polling of Stripe's events from where the last poll ended, so that changes are found without webhooks.

One poll at a time for all processes: whoever moves the key's `next_look_at` has it. The cursor moves once everything up
to it is stored, so a killed process loses nothing, and the next poll reads that part again.

The interval adapts: short after a change that nobody here made and no webhook delivered, then doubled with each poll
that finds none, up to `EVENTS_POLL_SECONDS`. Stripe allows 10,000 reads in 30 days, plus 500 per transaction
(https://docs.stripe.com/rate-limits). One read per poll is 8,640 in 30 days at the default of 300 seconds; more
frequent polls use up a reserve of spare ones, which refills at the rate of the allowance. Once it is used up, polls are
no more frequent than the allowance permits, whatever the setting says.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError

from billings import clock, horizons
from billings.horizons import SECONDS_A_LOOK
from billings.models import TROUBLE_FOR_PEOPLE, StripeKey
from billings.stripe_api import accounts, gateway
from billings.sync import restored_database
from billings.sync.restored_database import Look

logger = logging.getLogger(__name__)

FASTEST_SECONDS = 5.0
SLOWER_BY = 2.0
SPARE_LOOKS = 1_000.0
RETRY_SECONDS = 15.0


def longest_pause() -> float:
    """The longest interval in seconds; 0: no polling."""
    return float(settings.EVENTS_POLL_SECONDS)


def is_due() -> bool:
    """Whether a poll is due that no other process is doing (one query)."""
    if not longest_pause():
        return False
    key = StripeKey.objects.filter(pk=gateway.key_fingerprint()).only("next_look_at").first()
    return key is None or _has_come(key.next_look_at)


def _has_come(next_look_at: datetime | None) -> bool:
    """A time beyond the longest interval was written by a clock that was ahead, or under another setting."""
    now = clock.now()
    if next_look_at is None or next_look_at <= now:
        return True
    return not horizons.is_believed(next_look_at, now, horizons.look())


def poll(*, seconds: Callable[[], float]) -> set[UUID] | None:
    """Poll once, if it is due and no other process does; otherwise None.

    Returns the products of requests unknown here; see `restored_database`.

    `seconds` is called before each request, as in `restored_database.look`. Raises gateway.ReadFailed.
    """
    accounts.present(seconds=seconds())
    key = StripeKey.objects.get(pk=gateway.key_fingerprint())
    if not _has_come(key.next_look_at):
        return None
    claim = _Claim(key)
    if not claim.take():
        return None
    try:
        look = restored_database.look_closely(seconds=claim.renewing(seconds), patiently=True)
    except gateway.ReadFailed as failed:
        is_for_people = failed.unanswered.trouble in TROUBLE_FOR_PEOPLE
        claim.release(longest_pause() if is_for_people else min(RETRY_SECONDS, longest_pause()))
        raise
    except BaseException:
        with suppress(DatabaseError):
            claim.release(0)
        raise
    pace, spare = next_pause(key, look, longest=longest_pause())
    claim.release(pace, look_pace=pace, spare_looks=spare)
    return look.forgotten


def next_pause(key: StripeKey, look: Look, *, longest: float) -> tuple[float, float]:
    """Seconds until the next poll, and the spare polls left; `key` as it was before this one."""
    earned = look.seconds_since_last / SECONDS_A_LOOK
    spare = max(min(key.spare_looks + earned, SPARE_LOOKS) - look.pages, 0.0)
    pace = FASTEST_SECONDS if look.news else max(key.look_pace, FASTEST_SECONDS) * SLOWER_BY
    pace = min(pace, longest)
    return (pace if spare >= 1 else max(pace, SECONDS_A_LOOK)), spare


class _Claim:
    """The poll in progress: no other one begins before it ends, or has sent no heartbeat for a while."""

    def __init__(self, key: StripeKey) -> None:
        self._row = StripeKey.objects.filter(pk=key.pk)
        self._seen = key.next_look_at

    def take(self) -> bool:
        """Compare and swap: one of those that have seen the same time moves it."""
        return bool(self._row.filter(next_look_at=self._seen).update(next_look_at=_in(horizons.claim_seconds())))

    def renewing(self, seconds: Callable[[], float]) -> Callable[[], float]:
        def asked() -> float:
            found = seconds()
            self._row.update(next_look_at=_in(horizons.claim_seconds()))
            return found

        return asked

    def release(self, pause: float, **columns: float) -> None:
        self._row.update(next_look_at=_in(pause), **columns)


def _in(seconds: float) -> datetime:
    return clock.now() + timedelta(seconds=seconds)
